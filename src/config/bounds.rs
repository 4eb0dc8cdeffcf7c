//! The bounds of `guardrails`, in one table: name, what it takes, default, help, how it is read, and which of two is the
//! tighter.
//!
//! Everything that must know every bound is made from the table: the arguments of the block, with the reference page and the
//! editor's help; reading them; and joining what a configuration, its modules and the policy directory say. A bound that is
//! added here does not compile until [`super::policy`] says where it goes.

use super::{
    Bound, Confirm, Layer,
    args::Reader,
    schema::{AttributeSchema, Kind, SEVERITIES},
};
use crate::{
    diag::{Diagnostics, Span},
    severity::Severity,
};

/// The blocks whose arguments bounds are; none where a block is not written.
#[derive(Clone, Copy)]
pub(crate) struct Readers<'b> {
    pub(crate) guardrails: Option<Reader<'b>>,
    pub(crate) service_account_signal: Option<Reader<'b>>,
}

/// A value that does not hold, as another of the same bound is tighter.
pub(crate) struct Looser {
    pub(crate) name: &'static str,
    /// Where the looser stands, and on which side.
    pub(crate) at: Span,
    pub(crate) side: Side,
    /// Where the tighter stands.
    pub(crate) tighter: Span,
}

/// Whose value it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The one that is joined to.
    Own,
    /// The one that is joined.
    Other,
}

macro_rules! bounds {
    ($($block:ident {
        $($name:ident: $type:ty {
            takes: $kind:expr, default: $default:expr, read: $read:path, tighter: $tighter:expr,
            $doc:literal
        })*
    })*) => {
        /// What one directory says of each bound.
        #[derive(Clone, Copy, Debug, Default)]
        pub(crate) struct Bounds {
            $($(#[doc = $doc] pub(crate) $name: Option<Bound<$type>>,)*)*
        }

        impl Bounds {
            /// Reads them.
            pub(crate) fn read(readers: Readers<'_>, layer: Layer, diags: &mut Diagnostics) -> Self {
                Self {
                    $($($name: readers
                        .$block
                        .and_then(|reader| $read(&reader, stringify!($name), $kind, diags))
                        .map(|(value, span)| Bound { value, layer, span }),)*)*
                }
            }

            /// The tighter of each; of two that are equal the own one. What does not hold is told.
            pub(crate) fn joined(self, other: Self, mut looser: impl FnMut(Looser)) -> Self {
                Self {
                    $($($name: tighter(self.$name, other.$name, $tighter, |at, side, tighter| {
                        looser(Looser { name: stringify!($name), at, side, tighter });
                    }),)*)*
                }
            }

            /// Their names.
            #[cfg(test)]
            pub(crate) const NAMES: &'static [&'static str] = &[$($(stringify!($name),)*)*];
        }

        $(
            #[doc = concat!("The bounds among the arguments of `", stringify!($block), "`.")]
            pub(super) mod $block {
                use super::*;

                pub(in crate::config) const ATTRIBUTES: &[AttributeSchema] = &[$(AttributeSchema {
                    name: stringify!($name),
                    kind: $kind,
                    required: false,
                    doc: $doc,
                    default: $default,
                },)*];
            }
        )*
    };
}

bounds! {
    guardrails {
        max_changes: u64 {
            takes: Kind::Number, default: None, read: large, tighter: |a, b| a < b,
            "How many users one plan may change."
        }
        max_change_percent: f64 {
            takes: Kind::Number, default: None, read: percent, tighter: |a, b| a < b,
            "The same, in percent of the tenant's enabled users."
        }
        max_downgrades: u64 {
            takes: Kind::Number, default: None, read: large, tighter: |a, b| a < b,
            "How many users one plan may lower."
        }
        block_at: Severity {
            takes: SEVERITIES, default: Some("\"critical\""), read: severity, tighter: |a, b| a < b,
            "A user whose change carries an unaccepted finding of this severity or worse is withheld."
        }
        canary: u32 {
            takes: Kind::Number, default: Some("5"), read: count,
            // Fewer users before the first verification is tighter; none at all is the loosest.
            tighter: |a, b| a != 0 && (b == 0 || a < b),
            "How many users are changed and verified before the others; 0 = none."
        }
        stop_after_failures: u32 {
            takes: Kind::Number, default: Some("3"), read: count, tighter: |a, b| a < b,
            "More failures than this stop the run."
        }
        hold_unknown_workloads: bool {
            takes: Kind::Bool, default: Some("true"), read: flag, tighter: |a, b| a && !b,
            "An account that looks like a workload by its name and directory data waits while nobody knows how it signs in. Sign-in records, a `service_account` block or `accept \"MFA009\"` lift the hold; `false` switches it off."
        }
        confirm: Confirm {
            takes: Kind::OneOf(&["yes", "tenant"]), default: Some("\"yes\""), read: confirm,
            tighter: |a, b| a == Confirm::Tenant && b == Confirm::Yes,
            "What has to be typed to approve: `yes`, or the tenant's name."
        }
    }
    service_account_signal {
        certain: u8 {
            takes: Kind::Number, default: Some("70"), read: score, tighter: |a, b| a < b,
            "From this score on (0–100) an account is taken for one."
        }
        possible: u8 {
            takes: Kind::Number, default: Some("40"), read: score, tighter: |a, b| a < b,
            "From this score on it is a possible one."
        }
    }
}

fn tighter<T: Copy>(
    own: Option<Bound<T>>,
    other: Option<Bound<T>>,
    is_tighter: fn(T, T) -> bool,
    mut looser: impl FnMut(Span, Side, Span),
) -> Option<Bound<T>> {
    let (Some(a), Some(b)) = (own, other) else { return own.or(other) };
    if is_tighter(b.value, a.value) {
        looser(a.span, Side::Own, b.span);
        return other;
    }
    if is_tighter(a.value, b.value) {
        looser(b.span, Side::Other, a.span);
    }
    own
}

type Read<T> = Option<(T, Span)>;

fn count(reader: &Reader<'_>, name: &str, _: Kind, diags: &mut Diagnostics) -> Read<u32> {
    reader.count(name, 0, u32::MAX, diags).value()
}

fn large(reader: &Reader<'_>, name: &str, kind: Kind, diags: &mut Diagnostics) -> Read<u64> {
    count(reader, name, kind, diags).map(|(value, span)| (u64::from(value), span))
}

fn percent(reader: &Reader<'_>, name: &str, _: Kind, diags: &mut Diagnostics) -> Read<f64> {
    reader.number(name, 0.0, 100.0, diags).value()
}

fn score(reader: &Reader<'_>, name: &str, _: Kind, diags: &mut Diagnostics) -> Read<u8> {
    reader.count(name, 0, 100, diags).value().map(|(value, span)| (value as u8, span))
}

fn flag(reader: &Reader<'_>, name: &str, _: Kind, diags: &mut Diagnostics) -> Read<bool> {
    reader.flag(name, diags).value()
}

fn word(reader: &Reader<'_>, name: &str, kind: Kind, diags: &mut Diagnostics) -> Read<&'static str> {
    let Kind::OneOf(words) = kind else { return None };
    reader.one_of(name, words, diags).value()
}

fn severity(reader: &Reader<'_>, name: &str, kind: Kind, diags: &mut Diagnostics) -> Read<Severity> {
    word(reader, name, kind, diags).and_then(|(word, span)| Some((word.parse().ok()?, span)))
}

fn confirm(reader: &Reader<'_>, name: &str, kind: Kind, diags: &mut Diagnostics) -> Read<Confirm> {
    let (word, span) = word(reader, name, kind, diags)?;
    Some((if word == "tenant" { Confirm::Tenant } else { Confirm::Yes }, span))
}
