//! `rule "<id>" { … }`: the organisation's own rule.

use super::{
    super::{
        OwnRule, Predicate,
        args::{Block, Env},
    },
    KnownRules, allowed, declared,
};
use crate::diag::{Diagnostic, Diagnostics};

/// Reads a `rule` block.
pub(crate) fn rule(
    block: &Block<'_>,
    env: &Env<'_>,
    rules: KnownRules<'_>,
    diags: &mut Diagnostics,
) -> Option<OwnRule> {
    let id = block.raw.name();
    let taken = rules.builtin.iter().find(|(known, name, _)| known.eq_ignore_ascii_case(&id) || *name == id.as_str());
    if let (Some((known, name, _)), Some((_, span))) = (taken, &block.raw.label) {
        diags.push(
            Diagnostic::error("Rule id taken", format!("`{id}` is a built-in rule: {known} ({name})."))
                .at(*span, "")
                .hint("choose another id; to re-grade the built-in rule use a `risk` block"),
        );
    }
    let reader = block.reader(env, None);
    let severity = reader.one_of("severity", allowed(block.raw, "severity"), diags);
    let remediation = reader.prose("remediation", diags).value();
    let (when, message) = (reader.kept("when", diags), reader.kept("message", diags));
    Some(OwnRule {
        declared: declared(block.raw, env),
        id,
        when: Predicate { expr: when.value()?, each: None, layer: block.raw.layer },
        severity: severity.value()?.0.parse().ok()?,
        message: message.value()?,
        remediation,
    })
}
