//! What was decided earlier, judged again by the guardrails and the policy at hand: a saved plan before it is applied, a
//! run before it is gone on with. A policy that was tightened since must not be passed by.

use std::collections::BTreeSet;

use crate::{
    config::{Config, Layer},
    diff::Action,
    severity::Severity,
    tenant::Text,
};

use super::{
    Refusal, Summary, Waiver,
    digest::{Document, Weight},
    guardrails::{self, Judged, refusal, waiver},
};

/// Why these writes would be refused now; empty where they would not.
///
/// `enabled_users` are those of the tenant, of which `max_change_percent` speaks. Of a way back nothing is withheld for
/// its risks, as when it was planned.
#[must_use]
pub(crate) fn refused_now(document: &Document, config: &Config, enabled_users: u64, way_back: bool) -> Vec<Refusal> {
    let guardrails = &config.guardrails;
    let mut refused = Vec::new();
    let mut waivers: Vec<Waiver> = Vec::new();
    for (guardrail, bound) in &document.waivers {
        let bound = bound.as_str().map_or_else(|| bound.to_string(), str::to_owned);
        match waiver(guardrails, guardrail, &bound, "given when the plan was made") {
            Ok(waiver) => waivers.push(waiver),
            Err(why) => refused.push(refusal(guardrail, why, "plan again, without the waiver".to_owned())),
        }
    }
    let mut summary = Summary::default();
    for change in &document.changes {
        match Action::between(change.before, change.after) {
            Some(Action::Enable) => summary.enable += 1,
            Some(Action::Enforce) => summary.enforce += 1,
            Some(Action::Relax) => summary.relax += 1,
            Some(Action::Disable) => summary.disable += 1,
            None => {}
        }
    }
    refused.extend(guardrails::refusals(&Judged {
        guardrails,
        waivers: &waivers,
        summary: &summary,
        enabled_users,
        findings: &[],
        checks: &[],
        rollback: way_back,
    }));
    if !way_back {
        let all = || document.findings.iter().chain(document.changes.iter().flat_map(|one| &one.findings));
        for rule in all().filter(|one| one.accepted).map(|one| &one.rule).collect::<BTreeSet<_>>() {
            let Some(why) = not_accepted_now(config, rule) else { continue };
            let why = format!("{rule} was accepted, and {why}");
            refused.push(refusal(rule, why, "plan again: the change is withheld while nobody accepts it".to_owned()));
        }
        let weighty = all().filter(|one| !one.accepted && severity_now(config, one) >= Some(guardrails.block_at));
        for rule in weighty.map(|one| &one.rule).collect::<BTreeSet<_>>() {
            let why = format!("{rule} withholds changes now that it did not withhold when the plan was made");
            refused.push(refusal(rule, why, "plan again".to_owned()));
        }
    }
    refused
}

/// Why no `accept` block at hand may accept a rule; none where one may. The policy's own is its word; the configuration's
/// does not count for a rule that the policy lets nobody accept, and neither does past its last day.
fn not_accepted_now(config: &Config, rule: &Text) -> Option<String> {
    let forbidden = config.guardrails.not_acceptable.contains(rule);
    let mut blocks = config.accepts.iter().filter(|one| one.rule == *rule).peekable();
    if blocks.peek().is_none() {
        return Some("no `accept` block does so any more".to_owned());
    }
    let mut counting = blocks.filter(|one| !forbidden || one.declared.layer == Layer::Policy).peekable();
    if counting.peek().is_none() {
        return Some("the policy lists it in `not_acceptable`".to_owned());
    }
    let alive = counting.any(|one| one.expired_from > config.instant);
    (!alive).then(|| "its `accept` block has expired since".to_owned())
}

/// How bad a finding is by the `risk` blocks at hand; none where its rule is switched off.
fn severity_now(config: &Config, finding: &Weight) -> Option<Severity> {
    match config.risks.iter().find(|one| one.rule == finding.rule) {
        Some(set) if !set.enabled => None,
        Some(set) => Some(set.severity.unwrap_or(finding.severity)),
        None => Some(finding.severity),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;
    use crate::{
        config::{LoadInput, Overlay, load_over},
        plan::digest::ApprovedChange,
        tenant::MfaState,
    };

    /// The configuration at hand, and the policy if there is one.
    fn config(hcl: &str, policy: Option<&str>, today: &str) -> Config {
        let mut overlay = Overlay::alone();
        let tenant = "tenant \"t\" {\n  id = \"00000000-0000-0000-0000-000000000007\"\n}\n";
        overlay.insert("dir/main.mfa.hcl", format!("{tenant}{hcl}"));
        if let Some(policy) = policy {
            overlay.insert("policy/p.mfa.hcl", policy.to_owned());
        }
        let input = LoadInput {
            dir: Path::new("dir"),
            policy_dir: policy.map(|_| Path::new("policy")),
            assignments: &[],
            environment: &[],
            instant: today.parse().unwrap(),
            allow_files: &[],
            known_rules: &crate::risk::known_rules(),
        };
        load_over(input, &overlay).unwrap_or_else(|failure| panic!("{:?}", failure.diagnostics))
    }

    /// What was approved: two users are raised, one of them lowered, with these findings and waivers.
    fn approved(finding: &Value, waivers: &Value) -> Document {
        let change = |user: u8, before: &str, after: &str, findings: &[&Value]| {
            json!({
                "after": after, "before": before, "effective": after, "findings": findings,
                "user": format!("00000000-0000-4000-8000-0000000000{user:02}"),
                "user_principal_name": format!("user{user}@contoso.com"),
            })
        };
        let changes = [
            change(1, "disabled", "enforced", &[finding]),
            change(2, "disabled", "enabled", &[]),
            change(3, "enforced", "disabled", &[]),
        ];
        serde_json::from_value(json!({
            "changes": changes, "cloud": "global",
            "execution": {"block_at": "critical", "canary": 5, "confirm": "yes", "stop_after_failures": 3},
            "findings": [], "refused": [], "tenant": "00000000-0000-0000-0000-000000000007", "waivers": waivers,
        }))
        .unwrap()
    }

    /// What of the guardrails and the policy at hand refuses what was approved under others, and what does not.
    #[test]
    fn what_was_approved_is_judged_by_what_holds_now() {
        let open = json!({"accepted": false, "rule": "MFA007", "severity": "high"});
        let accepted = json!({"accepted": true, "rule": "MFA007", "severity": "high"});
        let (none, nine) = (json!({}), json!({"max_changes": 9}));
        let accept = "accept \"MFA007\" {\n reason = \"x\"\n expires = \"2026-12-31\"\n}\n";
        let (today, later) = ("2026-11-24T12:00:00Z", "2027-01-01T00:00:00Z");
        type Row<'a> =
            (&'a str, &'a str, Option<&'a str>, &'a str, &'a Value, &'a Value, bool, &'a [(&'a str, &'a str)]);
        let rows: [Row<'_>; 18] = [
            ("nothing was tightened", "", None, today, &open, &none, false, &[]),
            ("as many as may", "guardrails {\n max_changes = 3\n}", None, today, &open, &none, false, &[]),
            (
                "fewer",
                "guardrails {\n max_changes = 2\n}",
                None,
                today,
                &open,
                &none,
                false,
                &[("max_changes", "allows 2")],
            ),
            ("waived", "guardrails {\n max_changes = 2\n}", None, today, &open, &nine, false, &[]),
            ("waived, a way back", "guardrails {\n max_changes = 2\n}", None, today, &open, &nine, true, &[]),
            (
                "a waiver that the policy forbids by now",
                "",
                Some("guardrails {\n max_changes = 2\n}"),
                today,
                &open,
                &nine,
                false,
                &[("max_changes", "does not list it in `waivable`"), ("max_changes", "allows 2")],
            ),
            (
                "a share",
                "guardrails {\n max_change_percent = 29\n}",
                None,
                today,
                &open,
                &none,
                false,
                &[("max_change_percent", "30.0 %")],
            ),
            ("the share that may", "guardrails {\n max_change_percent = 30\n}", None, today, &open, &none, false, &[]),
            (
                "lowered",
                "guardrails {\n max_downgrades = 0\n}",
                None,
                today,
                &open,
                &none,
                false,
                &[("max_downgrades", "1 users are lowered")],
            ),
            ("lowered on a way back", "guardrails {\n max_downgrades = 0\n}", None, today, &open, &none, true, &[]),
            (
                "what withholds by now",
                "guardrails {\n block_at = \"high\"\n}",
                None,
                today,
                &open,
                &none,
                false,
                &[("MFA007", "withholds changes now")],
            ),
            (
                "of a way back nothing is withheld",
                "guardrails {\n block_at = \"high\"\n}",
                None,
                today,
                &open,
                &none,
                true,
                &[],
            ),
            (
                "graded higher",
                "risk \"MFA007\" {\n severity = \"critical\"\n}",
                None,
                today,
                &open,
                &none,
                false,
                &[("MFA007", "withholds changes now")],
            ),
            (
                "switched off",
                "guardrails {\n block_at = \"high\"\n}\nrisk \"MFA007\" {\n enabled = false\n}",
                None,
                today,
                &open,
                &none,
                false,
                &[],
            ),
            ("still accepted", accept, None, today, &accepted, &none, false, &[]),
            (
                "accepted by nobody",
                "",
                None,
                today,
                &accepted,
                &none,
                false,
                &[("MFA007", "no `accept` block does so any more")],
            ),
            ("accepted until then", accept, None, later, &accepted, &none, false, &[("MFA007", "has expired since")]),
            ("accepted by nobody, a way back", "", None, today, &accepted, &none, true, &[]),
        ];
        for (story, hcl, policy, day, finding, waivers, way_back, expected) in rows {
            let refused = refused_now(&approved(finding, waivers), &config(hcl, policy, day), 10, way_back);
            let said: Vec<_> = refused.iter().map(|one| (one.rule.as_str(), one.reason.as_str())).collect();
            assert_eq!(said.len(), expected.len(), "{story}: {said:?}");
            for ((rule, reason), (expected, words)) in said.iter().zip(expected) {
                assert!(rule == expected && reason.contains(words), "{story}: {said:?}");
            }
            assert!(refused.iter().all(|one| !one.remedy.is_empty()), "{story}");
        }
    }

    /// Every kind of change counts with its own kind: two are relaxed, one is disabled, and one is where it shall be.
    #[test]
    fn relaxed_and_disabled_users_are_lowered() {
        let mut document = approved(&json!({"accepted": false, "rule": "MFA023", "severity": "low"}), &json!({}));
        let lowered = document.changes.pop().unwrap();
        for (before, after) in [
            (MfaState::Enforced, MfaState::Enabled),
            (MfaState::Enforced, MfaState::Enabled),
            (MfaState::Enabled, MfaState::Disabled),
            (MfaState::Enabled, MfaState::Enabled),
        ] {
            document.changes.push(ApprovedChange { before, after, ..lowered.clone() });
        }
        let now = |bound: &str| config(&format!("guardrails {{\n {bound}\n}}"), None, "2026-11-24T12:00:00Z");
        let said = |bound: &str| -> Vec<String> {
            refused_now(&document, &now(bound), 10, false).into_iter().map(|one| one.reason.to_string()).collect()
        };
        assert_eq!(said("max_downgrades = 3"), [""; 0]);
        assert!(said("max_downgrades = 2")[0].starts_with("3 users are lowered"));
        assert_eq!(said("max_changes = 5"), [""; 0]);
        assert!(said("max_changes = 4")[0].starts_with("5 changes"));
    }

    #[test]
    fn the_policy_may_accept_what_it_lets_nobody_else_accept() {
        let accepted = json!({"accepted": true, "rule": "MFA007", "severity": "high"});
        let approved = approved(&accepted, &json!({}));
        let guardrails = "guardrails {\n not_acceptable = [\"MFA007\"]\n}\n";
        let accept = "accept \"MFA007\" {\n reason = \"x\"\n expires = \"2026-12-31\"\n}\n";
        let today = "2026-11-24T12:00:00Z";
        let now = config("", Some(&format!("{guardrails}{accept}")), today);
        assert_eq!(refused_now(&approved, &now, 10, false), []);
        let now = config("", Some(guardrails), today);
        assert!(refused_now(&approved, &now, 10, false)[0].reason.contains("no `accept` block"));
    }
}
