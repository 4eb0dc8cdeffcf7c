//! `accept "<RULE-ID>" { … }`: a waiver.

use super::{
    super::{
        Accept,
        args::{Block, Env},
        selector::{self, Empty},
    },
    Instance, KnownRules, instances,
};
use crate::{
    diag::{Diagnostic, Diagnostics},
    tenant::Text,
};

/// Rules that no waiver lifts: in both cases what would be written is not known to be what is wanted.
const NOT_ACCEPTABLE: [&str; 2] = ["MFA044", "MFA045"];

/// Reads an `accept` block into its instances. `own` are the ids of the organisation's own rules.
pub(crate) fn accept(
    block: &Block<'_>,
    env: &Env<'_>,
    rules: KnownRules<'_>,
    own: &[&str],
    diags: &mut Diagnostics,
) -> Vec<Accept> {
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
    instances(block, env, diags).into_iter().filter_map(|one| instance(block, env, &rule, one, diags)).collect()
}

fn instance(
    block: &Block<'_>,
    env: &Env<'_>,
    rule: &Text,
    Instance { declared, each }: Instance,
    diags: &mut Diagnostics,
) -> Option<Accept> {
    let reader = block.reader(env, each.as_ref());
    let selector = selector::read(block, env, each.as_ref(), Empty::Everybody, diags);
    let reason = reader.prose("reason", diags);
    let expires = reader.when("expires", diags);
    let approved_by = reader.prose("approved_by", diags).value();
    let (when, written, _) = expires.value()?;
    Some(Accept {
        declared,
        rule: rule.clone(),
        selector,
        reason: reason.value()?,
        expires: written,
        expired_from: when.ends()?,
        approved_by,
    })
}
