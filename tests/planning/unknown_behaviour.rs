//! What looks like a workload waits while nobody knows how it signs in.

use serde_json::{Value, json};

use crate::world::*;

/// A name, no method, no licence: 43 points, all of them of the directory.
fn archive(sign_ins: Option<Value>) -> Value {
    let mut user = with(unregistered("svc-archive"), json!({"licenses": []}));
    match sign_ins {
        Some(sign_ins) => user["signIns"] = sign_ins,
        None => drop(user.as_object_mut().unwrap().remove("signIns")),
    }
    user
}

fn enforce(options: &str, more: &str) -> String {
    format!("mfa \"all\" {{\n state = \"enforced\"\n where = true\n {options}\n}}\n{more}\n")
}

const ACCEPT: &str = "accept \"MFA009\" {\n users = [\"svc-archive@contoso.com\"]\n reason = \"Ada signs in\"\n expires = \"2027-01-01\"\n}";
const WORKLOAD: &str = "service_account \"archive\" {\n users = [\"svc-archive@contoso.com\"]\n owner = \"ops@contoso.com\"\n reason = \"Archive\"\n until = \"2027-01-01\"\n}";

fn decision(world: &World) -> String {
    let plan = world.plan();
    let Some(change) = plan.changes.iter().find(|one| one.user.user_principal_name == "svc-archive@contoso.com") else {
        return "no change".to_owned();
    };
    let hold = change.decision.hold().map_or("", |hold| hold.kind.as_str());
    format!("{} {hold}", change.decision.as_str()).trim_end().to_owned()
}

#[test]
fn every_raise_waits_and_three_ways_lift_it() {
    let silent = json!({"windowDays": 30, "interactive": 0, "nonInteractive": 0});
    let half = json!({"windowDays": 30, "interactive": 0});
    let staged = "staged {\n until = \"2026-12-31\"\n}";
    let rows: Vec<(&str, Value, String, &str)> = vec![
        ("nothing is known", archive(None), enforce("", ""), "hold behaviour_unknown"),
        ("half of the log", archive(Some(half)), enforce("", ""), "hold behaviour_unknown"),
        ("to enabled", archive(None), enforce("", "").replace("enforced", "enabled"), "hold behaviour_unknown"),
        ("staged", archive(None), enforce(staged, ""), "hold behaviour_unknown"),
        (
            "from enabled",
            with(archive(None), json!({"perUserMfaState": "enabled"})),
            enforce("", ""),
            "hold behaviour_unknown",
        ),
        (
            "lowered",
            with(archive(None), json!({"perUserMfaState": "enforced"})),
            enforce("", "").replace("enforced", "disabled"),
            "apply",
        ),
        ("the log has nothing", archive(Some(silent)), enforce("", ""), "apply"),
        ("accepted", archive(None), enforce("", ACCEPT), "apply"),
        ("a workload", archive(None), enforce("", WORKLOAD), "no change"),
        ("switched off", archive(None), enforce("", "guardrails {\n hold_unknown_workloads = false\n}"), "apply"),
        (
            "the rule switched off",
            archive(None),
            enforce("", "risk \"MFA009\" {\n enabled = false\n}"),
            "hold behaviour_unknown",
        ),
        (
            "the rule switched off, and accepted",
            archive(None),
            enforce("", &format!("risk \"MFA009\" {{\n enabled = false\n}}\n{ACCEPT}")),
            "apply",
        ),
    ];
    for (story, user, hcl, expected) in rows {
        assert_eq!(decision(&World::new([user, person("anna")], &hcl)), expected, "{story}");
    }
}

#[test]
fn a_room_known_by_its_name_only_waits_and_is_not_blocked() {
    let mut room = with(person("mtr-berlin"), json!({"methodsRegistered": ["fido2SecurityKey"]}));
    let plan = World::new([room.clone()], &enforce("", "")).plan();
    assert!(change(&plan, "mtr-berlin").findings.iter().any(|one| one.rule == "MFA012"), "it signs in");
    for key in ["signIns", "lastSignInDateTime", "lastInteractiveSignInDateTime"] {
        room.as_object_mut().unwrap().remove(key);
    }
    let plan = World::new([room], &enforce("", "")).plan();
    let change = change(&plan, "mtr-berlin");
    assert_eq!(change.decision.hold().map(|hold| hold.kind.as_str()), Some("behaviour_unknown"));
    assert!(change.decision.is_hold() && change.findings.iter().all(|one| one.rule != "MFA012"));
}

#[test]
fn what_waits_for_its_wave_waits_for_that_first() {
    let rollout = "rollout \"spring\" {\n wave \"one\" {\n from = \"2026-12-01\"\n percent = 100\n }\n}";
    let hcl = enforce("rollout = \"spring\"", rollout);
    let world = World::new([archive(None)], &hcl);
    assert_eq!(decision(&world), "hold wave");
    assert_eq!(decision(&world.at("2026-12-02T00:00:00Z")), "hold behaviour_unknown");
}

#[test]
fn the_acceptance_counts_as_used() {
    let plan =
        World::new([archive(None)], &enforce("", &format!("risk \"MFA009\" {{\n enabled = false\n}}\n{ACCEPT}")))
            .plan();
    assert!(plan.findings.iter().all(|one| one.finding.rule != "MFA094"), "it lifts the hold");
}

#[test]
fn a_policy_pins_the_hold() {
    let guardrails = |holds: &str| format!("guardrails {{\n hold_unknown_workloads = {holds}\n}}");
    for (ours, policys, expected) in [
        ("false", "true", "hold behaviour_unknown"),
        ("true", "false", "hold behaviour_unknown"),
        ("false", "false", "apply"),
    ] {
        let world = World::new([archive(None)], &enforce("", &guardrails(ours))).policy(&guardrails(policys));
        assert_eq!(decision(&world), expected, "{ours} under {policys}");
        let told = world.warnings().iter().any(|one| one.summary == "Looser than the policy");
        assert_eq!(told, (ours, policys) == ("false", "true"));
    }
}

#[test]
fn a_program_is_not_told_to_register() {
    let plan = World::new([archive(None), unregistered("anna")], &enforce("", "")).plan();
    let remedy = |user: &str, rule: &str| {
        change(&plan, user).findings.iter().find(|one| one.rule == rule).unwrap().remediation.to_string()
    };
    for rule in ["MFA018", "MFA019"] {
        assert!(remedy("svc-archive", rule).contains("cannot register"), "{rule}");
        assert!(remedy("anna", rule).contains("Temporary Access Pass"), "{rule}");
    }
}
