//! Guardrails: bounds that refuse a plan as a whole, each with its own way out.

use std::str::FromStr;

use crate::{
    config::{Bound, Guardrails, Layer, Waivable},
    tenant::Text,
};

use super::{CheckResult, Refusal, Summary, Waiver};
use crate::risk::PlanFinding;

/// A waiver that is well formed and allowed.
///
/// # Errors
/// One sentence that says why it is not: an unknown name, a bound that is not a number, a bound of the policy directory
/// that the policy does not list as waivable.
pub fn waiver(guardrails: &Guardrails, guardrail: &str, bound: &str, reason: &str) -> Result<Waiver, String> {
    let Some(kind) = Waivable::named(guardrail) else {
        let names = Waivable::NAMES;
        let hint = crate::diag::did_you_mean(guardrail, names.iter().copied());
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        return Err(format!("--waive {guardrail}: not a guardrail that can be waived ({}){hint}", names.join(", ")));
    };
    if reason.trim().is_empty() {
        return Err(format!("--waive {guardrail}: a waiver needs a reason: add --reason \"…\""));
    }
    let (well_formed, example) = match kind {
        Waivable::Window => (bound == "now", "window=now"),
        Waivable::MaxChangePercent => {
            (bound.parse::<f64>().is_ok_and(|percent| (0.0..=100.0).contains(&percent)), "max_change_percent=60")
        }
        Waivable::MaxChanges => (bound.parse::<u64>().is_ok(), "max_changes=800"),
        Waivable::MaxDowngrades => (bound.parse::<u64>().is_ok(), "max_downgrades=10"),
    };
    if !well_formed {
        return Err(format!("--waive {guardrail}={bound}: not a bound, write it like {example}"));
    }
    let of_policy = match kind {
        Waivable::MaxChanges => layer(guardrails.max_changes),
        Waivable::MaxChangePercent => layer(guardrails.max_change_percent),
        Waivable::MaxDowngrades => layer(guardrails.max_downgrades),
        // It lifts the configuration's windows; the policy's hold all the same when something is written. Only where
        // there are no others does it ask for what it cannot have.
        Waivable::Window => {
            guardrails.windows.iter().map(|window| window.layer).max_by_key(|layer| *layer == Layer::Configuration)
        }
    };
    if of_policy == Some(Layer::Policy) && !guardrails.waivable.contains(&kind) {
        return Err(format!(
            "--waive {guardrail}: set by the policy directory, which does not list it in `waivable`; \
             ask the owners of the policy"
        ));
    }
    Ok(Waiver { guardrail: kind, bound: bound.into(), reason: reason.into() })
}

fn layer<T>(bound: Option<Bound<T>>) -> Option<Layer> {
    bound.map(|bound| bound.layer)
}

/// What a plan is judged by.
pub(super) struct Judged<'a> {
    pub(super) guardrails: &'a Guardrails,
    pub(super) waivers: &'a [Waiver],
    pub(super) summary: &'a Summary,
    pub(super) enabled_users: u64,
    pub(super) findings: &'a [PlanFinding],
    pub(super) checks: &'a [(CheckResult, bool)],
    /// A rollback lowers by nature: `max_downgrades` does not count, and findings refuse nothing.
    pub(super) rollback: bool,
}

/// Why the plan is refused; empty when it is not.
pub(super) fn refusals(judged: &Judged<'_>) -> Vec<Refusal> {
    let Judged { guardrails, waivers, summary, enabled_users, findings, checks, rollback } = judged;
    // Without `..`: a new guardrail is judged here, or it is said who judges it.
    let Guardrails {
        max_changes,
        max_change_percent,
        max_downgrades,
        policy,
        block_at,
        waivable,
        // Judged by apply, which goes by its own clock and the approval at hand.
        canary: _,
        stop_after_failures: _,
        windows: _,
        confirm: _,
        approvals: _,
        auto_approve: _,
        // Decided where the changes are.
        hold_unknown_workloads: _,
        // Judged where the configuration is loaded, and where the facts are derived.
        not_acceptable: _,
        signal: _,
    } = guardrails;
    let mut refusals = Vec::new();

    let changes = summary.applied();
    if let Some(Allowed { bound, fixed }) =
        allowed(Waivable::MaxChanges, *max_changes, policy.max_changes, waivable, waivers)
        && changes > bound
    {
        refusals.push(refusal(
            Waivable::MaxChanges.as_str(),
            format!("{changes} changes, and the guardrail `max_changes` allows {bound}"),
            remedy(
                fixed,
                format!("--waive max_changes={changes} --reason \"…\", or raise `max_changes` in `guardrails`"),
            ),
        ));
    }
    let percent = if *enabled_users == 0 { 0.0 } else { changes as f64 * 100.0 / *enabled_users as f64 };
    if let Some(Allowed { bound, fixed }) =
        allowed(Waivable::MaxChangePercent, *max_change_percent, policy.max_change_percent, waivable, waivers)
        && percent > bound
    {
        refusals.push(refusal(
            Waivable::MaxChangePercent.as_str(),
            format!(
                "{changes} of the {enabled_users} enabled users change, {percent:.1} %, and the guardrail \
                 `max_change_percent` allows {bound} % (in a small tenant few users are many percent)"
            ),
            remedy(
                fixed,
                format!(
                    "--waive max_change_percent={} --reason \"…\", or spread the change over a `rollout`",
                    percent.ceil()
                ),
            ),
        ));
    }
    let downgrades = summary.relax + summary.disable;
    if let Some(Allowed { bound, fixed }) =
        allowed(Waivable::MaxDowngrades, *max_downgrades, policy.max_downgrades, waivable, waivers)
        && downgrades > bound
        && !rollback
    {
        refusals.push(refusal(
            Waivable::MaxDowngrades.as_str(),
            format!("{downgrades} users are lowered, and the guardrail `max_downgrades` allows {bound}"),
            remedy(fixed, format!("--waive max_downgrades={downgrades} --reason \"…\", or raise `max_downgrades`")),
        ));
    }
    for (check, refuses) in *checks {
        if *refuses && !check.passed {
            refusals.push(refusal(
                &format!("check.{}", check.name),
                format!("check \"{}\" failed: {}", check.name, check.message),
                format!("meet the check, or change `check \"{}\"` in the configuration", check.name),
            ));
        }
    }
    for one in findings.iter().filter(|_| !rollback) {
        let finding = &one.finding;
        if finding.severity >= *block_at && finding.accepted.is_none() {
            refusals.push(refusal(
                &finding.rule,
                format!("{} {}: {}", finding.rule, finding.name, finding.message),
                format!("{}; or accept it with `accept \"{}\" {{ … }}`", finding.remediation, finding.rule),
            ));
        }
    }
    refusals
}

/// What a guardrail allows, waivers counted.
struct Allowed<T> {
    bound: T,
    /// It is the policy directory's word and no waiver may lift it.
    fixed: bool,
}

/// A waiver replaces the merged bound. The policy's own bound stays beside it: where the configuration is the tighter
/// of the two, waiving the configuration's bound must not carry away the policy's.
fn allowed<T: Copy + PartialOrd + FromStr>(
    guardrail: Waivable,
    merged: Option<Bound<T>>,
    policy: Option<Bound<T>>,
    waivable: &[Waivable],
    waivers: &[Waiver],
) -> Option<Allowed<T>> {
    let merged = merged?;
    let fixed = policy.filter(|_| !waivable.contains(&guardrail));
    let waived =
        waivers.iter().find(|waiver| waiver.guardrail == guardrail).and_then(|waiver| waiver.bound.parse().ok());
    let bound = waived.unwrap_or(merged.value);
    Some(match fixed {
        Some(policy) if policy.value <= bound => Allowed { bound: policy.value, fixed: true },
        _ => Allowed { bound, fixed: false },
    })
}

/// The way out; of a bound that only the owners of the policy can move, their name and a smaller plan.
fn remedy(fixed: bool, otherwise: String) -> String {
    if fixed {
        "set by the policy directory and not in its `waivable`: spread the change over a `rollout` or use --target, \
         or ask the owners of the policy"
            .to_owned()
    } else {
        otherwise
    }
}

pub(super) fn refusal(rule: &str, reason: String, remedy: String) -> Refusal {
    Refusal { reason: Text::from(reason), rule: Text::from(rule), remedy: Text::from(remedy) }
}
