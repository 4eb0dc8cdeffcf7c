//! Guardrails and `risk` blocks of modules: whoever calls a module gets its bounds, and no module loosens anybody's.

use super::{
    Approvals, RiskOverride,
    blocks::{KnownRules, Limits},
    bounds::Side,
};
use crate::diag::{Diagnostic, Diagnostics, Span};

/// The guardrails of a configuration and of the modules it calls as one: the tightest of each. Of two in one directory the
/// first counts; the second has been reported.
pub(super) fn limits(all: Vec<Limits>, diags: &mut Diagnostics) -> Option<Limits> {
    let mut own: Option<Limits> = None;
    let mut modules: Vec<Limits> = Vec::new();
    for one in all {
        if one.module.is_empty() {
            own = own.or(Some(one));
        } else if modules.last().is_none_or(|last| last.module != one.module) {
            modules.push(one);
        }
    }
    modules.into_iter().fold(own, |merged, module| Some(joined(merged, module, diags)))
}

fn joined(merged: Option<Limits>, module: Limits, diags: &mut Diagnostics) -> Limits {
    if let Some(auto) = &module.auto_approve {
        diags.push(
            Diagnostic::error(
                "Module may not approve",
                "`auto_approve` lets plans through; a module may only tighten what its caller says.",
            )
            .at(auto.span, "")
            .hint("write it into the configuration itself"),
        );
    }
    let Some(own) = merged else { return Limits { auto_approve: None, ..module } };
    // Two modules may differ; what the configuration says itself and is not so, it should know.
    let of_configuration = own.module.is_empty();
    let bounds = own.bounds.joined(module.bounds, |one| {
        if of_configuration && one.side == Side::Own {
            diags.push(looser(one.name, one.at, one.tighter));
        }
    });
    Limits {
        header: own.header,
        bounds,
        windows: own.windows.into_iter().chain(module.windows).collect(),
        approvals: approvals(own.approvals, module.approvals),
        auto_approve: own.auto_approve,
        waivable: own.waivable,
        not_acceptable: own.not_acceptable,
        tags: own.tags.into_iter().chain(module.tags).collect(),
        patterns: own.patterns.into_iter().chain(module.patterns).collect(),
        module: own.module,
    }
}

/// More signers, and fresher signatures. Who may sign is the caller's word where it has one.
pub(super) fn approvals(own: Option<Approvals>, module: Option<Approvals>) -> Option<Approvals> {
    match (own, module) {
        (Some(own), Some(module)) => Some(Approvals {
            required: own.required.max(module.required),
            max_age_seconds: match (own.max_age_seconds, module.max_age_seconds) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
            ..own
        }),
        (own, module) => own.or(module),
    }
}

fn looser(name: &str, own: Span, module: Span) -> Diagnostic {
    Diagnostic::warning("Looser than a module", format!("A module sets a tighter `{name}`; that one holds."))
        .at(own, "does not hold")
        .and(module, "the module's")
}

/// The `risk` blocks of a configuration and of the modules it calls: at most one a rule and layer. A module's makes a rule
/// stricter or is refused; of several the strictest counts.
pub(super) fn risks(all: Vec<RiskOverride>, known: &KnownRules<'_>, diags: &mut Diagnostics) -> Vec<RiskOverride> {
    let (modules, mut own): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.declared.in_module());
    for one in modules {
        let usual = known.severity(&one.rule);
        let milder = one.severity.zip(usual).is_some_and(|(severity, usual)| severity < usual);
        if !one.enabled || milder {
            let detail = match (one.enabled, one.severity, usual) {
                (true, Some(severity), Some(usual)) => {
                    format!("{} is `{usual}`; a module may not make it `{severity}`.", one.rule)
                }
                _ => format!("A module may not switch {} off.", one.rule),
            };
            diags.push(
                Diagnostic::error("Module may not loosen", detail)
                    .at(one.declared.span, "")
                    .hint("what is milder than usual stands in the configuration itself, which answers for it"),
            );
            continue;
        }
        let ours = |it: &&mut RiskOverride| it.rule == one.rule && it.declared.layer == one.declared.layer;
        match own.iter_mut().find(ours) {
            None => own.push(one),
            Some(ours) => {
                let stricter = one.severity.is_some_and(|severity| ours.severity.is_none_or(|own| own < severity));
                if !ours.declared.in_module() && (!ours.enabled || stricter && ours.severity.is_some()) {
                    diags.push(looser(&format!("risk \"{}\"", one.rule), ours.declared.span, one.declared.span));
                }
                if stricter || !ours.enabled {
                    *ours = one;
                }
            }
        }
    }
    own
}
