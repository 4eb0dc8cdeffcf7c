//! `accept "<RULE-ID>" { … }`: a waiver.

use super::{
    super::{
        Accept,
        args::{Block, Env},
        selector::{self, Empty},
    },
    KnownRules, declared,
};
use crate::diag::{Diagnostic, Diagnostics};

/// Rules that no waiver lifts: in both cases what would be written is not known to be what is wanted.
const NOT_ACCEPTABLE: [&str; 2] = ["MFA044", "MFA045"];

/// Reads an `accept` block. `own` are the ids of the organisation's own rules.
pub(crate) fn accept(
    block: &Block<'_>,
    env: &Env<'_>,
    rules: KnownRules<'_>,
    own: &[&str],
    diags: &mut Diagnostics,
) -> Option<Accept> {
    let rule = block.raw.name();
    if NOT_ACCEPTABLE.contains(&rule.as_str()) {
        let span = block.raw.label.as_ref().map_or(block.raw.header, |(_, span)| *span);
        diags.push(
            Diagnostic::error(
                "Not acceptable",
                format!("{rule} cannot be accepted: it says that a user's state is not what it seems."),
            )
            .at(span, "")
            .hint(format!("`mfaplan explain {rule}` tells what to do instead")),
        );
    } else if !rules.has(&rule) && !own.contains(&rule.as_str()) {
        rules.unknown(block.raw, own, diags);
    }
    let reader = block.reader(env, None);
    let selector = selector::read(block, env, None, Empty::Everybody, diags);
    let reason = reader.words("reason", diags);
    let expires = reader.when("expires", diags);
    let approved_by = reader.words("approved_by", diags);
    let (when, written, _) = expires?;
    Some(Accept {
        declared: declared(block.raw),
        rule,
        selector,
        reason: reason?,
        expires: written,
        expired_from: when.ends()?,
        approved_by,
    })
}
