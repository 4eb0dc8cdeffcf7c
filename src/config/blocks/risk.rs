//! `risk "<RULE-ID>" { … }`: re-grades a built-in rule or switches it off.

use super::{
    super::{
        RiskOverride,
        args::{Block, Env},
    },
    KnownRules, allowed, declared,
};
use crate::diag::{Diagnostic, Diagnostics};

/// Reads a `risk` block.
pub(crate) fn risk(block: &Block<'_>, env: &Env<'_>, rules: KnownRules<'_>, diags: &mut Diagnostics) -> RiskOverride {
    let rule = block.raw.name();
    if !rules.has(&rule) {
        rules.unknown(block.raw, &[], diags);
    }
    let reader = block.reader(env, None);
    if !block.has("severity") && !block.has("enabled") {
        diags.push(
            Diagnostic::warning("No effect", "This `risk` block changes nothing.")
                .at(block.raw.header, "")
                .hint("set `severity` or `enabled`"),
        );
    }
    RiskOverride {
        declared: declared(block.raw, env),
        rule,
        severity: reader
            .one_of("severity", allowed(block.raw, "severity"), diags)
            .value()
            .and_then(|(name, _)| name.parse().ok()),
        enabled: reader.bool("enabled", diags).value().unwrap_or(true),
    }
}
