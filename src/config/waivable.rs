//! The guardrails that `--waive` can lift: one list for the configuration's `waivable`, the command line and the plan.

macro_rules! waivable {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// A guardrail that `--waive` can lift. Everything that differs between them is a `match` without `_`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        pub enum Waivable {
            $($(#[doc = $doc])* #[serde(rename = $text)] $name,)*
        }

        impl Waivable {
            /// Their names, in the order of messages.
            pub(crate) const NAMES: &'static [&'static str] = &[$($text,)*];

            /// The guardrail of this name.
            pub(crate) fn named(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Its name, in configurations, on the command line and in files.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

waivable! {
    /// How many users change.
    MaxChanges = "max_changes",
    /// Which share of the enabled users changes.
    MaxChangePercent = "max_change_percent",
    /// How many users are lowered.
    MaxDowngrades = "max_downgrades",
    /// When apply may write.
    Window = "window",
}
