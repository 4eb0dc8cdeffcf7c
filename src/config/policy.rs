//! The policy directory over the configuration: the tighter of each guardrail, and what may not be loosened.

use super::{
    Accept, Bound, Guardrails, Layer, PolicyBounds, RiskOverride, SignalSettings,
    blocks::{KnownRules, Limits},
    bounds::{Bounds, Side},
};
use crate::{
    diag::{Diagnostic, Diagnostics, Span},
    tenant::Text,
};

/// Merges what configuration and policy set. A looser value of the configuration is not an error (the policy may be
/// newer than it), but it is said that it does not hold.
pub(crate) fn merge(config: Option<Limits>, policy: Option<Limits>, diags: &mut Diagnostics) -> Guardrails {
    let defaults = Guardrails::default();
    let (c, p) = (config.as_ref(), policy.as_ref());
    let of = |one: Option<&Limits>| one.map(|one| one.bounds).unwrap_or_default();
    let policys = of(p);
    let bounds = policys.joined(of(c), |one| {
        if one.side == Side::Other {
            diags.push(looser(one.name, one.at, one.tighter));
        }
    });
    // Without `..`: a new bound has its place in what is merged, or it is no bound.
    let Bounds {
        max_changes,
        max_change_percent,
        max_downgrades,
        block_at,
        canary,
        stop_after_failures,
        hold_unknown_workloads,
        confirm,
        certain,
        possible,
    } = bounds;
    macro_rules! both {
        ($field:ident) => {
            (c.and_then(|one| one.$field.clone()), p.and_then(|one| one.$field.clone()))
        };
    }
    let (config_auto, policy_auto) = both!(auto_approve);
    let (config_approvals, policy_approvals) = both!(approvals);
    let auto_approve = match (config_auto, policy_auto) {
        (Some(config), policy) if policy.is_some() || policy_approvals.is_some() => {
            let place = policy.as_ref().map(|one| one.span).or(policy_approvals.as_ref().map(|one| one.span));
            diags.push(loosens(
                "`auto_approve` would let plans through that the policy directory wants approved.",
                Some(config.span),
                place,
            ));
            policy
        }
        (config, policy) => policy.or(config),
    };
    let approvals = super::tighten::approvals(policy_approvals, config_approvals);
    if let Some(ageless) = approvals.as_ref().filter(|one| one.max_age_seconds.is_none()) {
        diags.push(
            Diagnostic::warning(
                "Signatures of any age",
                "A signature counts for one run, and only the journals below `.mfaplan` remember it: where they are not \
                 kept, it counts again, however old it is.",
            )
            .at(ageless.span, "has no `max_age`")
            .hint("say how old a signature may be, for example `max_age = \"24h\"`"),
        );
    }
    let union = |field: fn(&Limits) -> &Vec<Text>| {
        let mut all: Vec<Text> = Vec::new();
        for one in p.into_iter().chain(c).flat_map(field) {
            if !all.contains(one) {
                all.push(one.clone());
            }
        }
        all
    };
    let signal = SignalSettings::default();
    let not_acceptable = p.map(|one| one.not_acceptable.clone()).unwrap_or_default();
    // A score that nobody reaches would switch these rules off without a word about them.
    if not_acceptable.iter().any(|rule| matches!(rule.as_str(), "MFA008" | "MFA009")) {
        for (name, set, usual) in [("certain", certain, signal.certain), ("possible", possible, signal.possible)] {
            if let Some(Bound { value, layer: Layer::Configuration, span }) = set
                && value > usual
            {
                let detail = format!(
                    "The policy directory lets MFA008 and MFA009 not be accepted; `{name}` may not be raised above {usual}."
                );
                diags.push(loosens(&detail, Some(span), None));
            }
        }
    }
    Guardrails {
        max_changes,
        max_change_percent,
        max_downgrades,
        policy: PolicyBounds {
            max_changes: policys.max_changes,
            max_change_percent: policys.max_change_percent,
            max_downgrades: policys.max_downgrades,
        },
        block_at: block_at.map_or(defaults.block_at, |bound| bound.value),
        canary: canary.map_or(defaults.canary, |bound| bound.value),
        stop_after_failures: stop_after_failures.map_or(defaults.stop_after_failures, |bound| bound.value),
        hold_unknown_workloads: hold_unknown_workloads.map_or(defaults.hold_unknown_workloads, |bound| bound.value),
        windows: p.into_iter().chain(c).flat_map(|one| one.windows.iter().cloned()).collect(),
        confirm: confirm.map_or(defaults.confirm, |bound| bound.value),
        approvals,
        auto_approve,
        waivable: p.map(|one| one.waivable.clone()).unwrap_or_default(),
        not_acceptable,
        signal: SignalSettings {
            tags: union(|one| &one.tags),
            patterns: union(|one| &one.patterns),
            certain: certain.map_or(signal.certain, |bound| bound.value),
            possible: possible.map_or(signal.possible, |bound| bound.value),
        },
    }
}

fn looser(name: &str, config: Span, policy: Span) -> Diagnostic {
    Diagnostic::warning(
        "Looser than the policy",
        format!("The policy directory sets a tighter `{name}`; that one holds."),
    )
    .at(config, "does not hold")
    .and(policy, "the policy's")
}

fn loosens(detail: &str, config: Option<Span>, policy: Option<Span>) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("The policy directory forbids this", detail)
        .hint("the configuration may tighten what the policy directory says, never loosen it");
    if let Some(span) = config {
        diagnostic = diagnostic.at(span, "");
    }
    if let Some(span) = policy {
        diagnostic = diagnostic.and(span, "the policy's");
    }
    diagnostic
}

/// Merges `risk` blocks, of which there is at most one per rule and directory: what the configuration says replaces
/// the policy's word where it is not milder, and is refused where it is.
pub(crate) fn merge_risks(all: Vec<RiskOverride>, diags: &mut Diagnostics) -> Vec<RiskOverride> {
    let (policy, config): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.declared.layer == Layer::Policy);
    let mut merged = policy;
    for mut one in config {
        let Some(theirs) = merged.iter_mut().find(|theirs| theirs.rule == one.rule) else {
            merged.push(one);
            continue;
        };
        let (ours, places) = (one.declared.span, Some(theirs.declared.span));
        if theirs.enabled && !one.enabled {
            diags.push(loosens(&format!("{} may not be switched off here.", one.rule), Some(ours), places));
        }
        if let Some(set) = theirs.severity {
            match one.severity {
                Some(severity) if severity < set => diags.push(loosens(
                    &format!("The severity of {} is `{set}`; it may not be lowered to `{severity}`.", one.rule),
                    Some(ours),
                    places,
                )),
                Some(_) => {}
                None => one.severity = Some(set),
            }
        }
        *theirs = one;
    }
    merged
}

/// Refuses `accept` blocks of the configuration for rules the policy says are not acceptable.
pub(crate) fn check_accepts(
    accepts: &[Accept],
    guardrails: &Guardrails,
    policy: Option<Span>,
    diags: &mut Diagnostics,
) {
    let refused = accepts
        .iter()
        .filter(|one| one.declared.layer == Layer::Configuration && guardrails.not_acceptable.contains(&one.rule));
    for one in refused {
        diags.push(loosens(
            &format!("{} is among the rules that may not be accepted.", one.rule),
            Some(one.declared.span),
            policy,
        ));
    }
}

/// Refuses `risk` blocks of the configuration that take weight from a rule which may not be accepted: otherwise they would
/// be the way round it.
pub(crate) fn check_risks(
    risks: &[RiskOverride],
    guardrails: &Guardrails,
    known: &KnownRules<'_>,
    policy: Option<Span>,
    diags: &mut Diagnostics,
) {
    let of_configuration = risks.iter().filter(|one| one.declared.layer == Layer::Configuration);
    for one in of_configuration.filter(|one| guardrails.not_acceptable.contains(&one.rule)) {
        let policys = risks.iter().find(|it| it.rule == one.rule && it.declared.layer == Layer::Policy);
        let usual = policys.and_then(|one| one.severity).or_else(|| known.severity(&one.rule));
        let detail = if !one.enabled {
            format!("{} is among the rules that may not be accepted, so it may not be switched off either.", one.rule)
        } else if one.severity.zip(usual).is_some_and(|(severity, usual)| severity < usual) {
            format!("{} is among the rules that may not be accepted, so it may not be made milder either.", one.rule)
        } else {
            continue;
        };
        diags.push(loosens(&detail, Some(one.declared.span), policy));
    }
}
