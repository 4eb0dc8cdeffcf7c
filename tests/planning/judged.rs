//! Waivers, re-grading, the organisation's own rules, checks and outputs.

use mfaplan::testing::severity::Severity;
use serde_json::json;

use crate::world::*;

const ALL: &str = "mfa \"all\" {\n state = \"enforced\"\n where = true\n}\n";

/// Enforcing somebody whose account sends mail by a script.
fn script(name: &str) -> serde_json::Value {
    let mut user = person(name);
    user["signIns"]["ropc"] = json!(40);
    user
}

#[test]
fn an_acceptance_is_as_narrow_as_it_says_and_ends_with_its_day() {
    let accept = |extra: &str| {
        format!("{ALL}accept \"MFA005\" {{\n {extra}\n reason = \"CHG-7\"\n expires = \"2026-11-30\"\n}}")
    };
    let users = [script("anna"), script("bo")];
    let world = World::new(users, &accept("users = [\"anna@contoso.com\"]"));
    let plan = world.plan();
    let anna = change(&plan, "anna").findings.iter().find(|one| one.rule == "MFA005").unwrap();
    assert_eq!(anna.accepted.as_ref().unwrap().address, "accept.MFA005");
    assert!(change(&plan, "bo").findings.iter().all(|one| one.accepted.is_none()));
    assert_eq!(change(&plan, "bo").decision.as_str(), "block");
    assert_eq!(plan.summary.accepted, 1);

    let world = world.at("2026-11-30T23:59:59Z");
    assert_eq!(world.plan().summary.accepted, 1, "valid through its day");
    let plan = world.at("2026-12-01T00:00:00Z").plan();
    assert_eq!(plan.summary.accepted, 0);
    let expired = plan.findings.iter().find(|one| one.finding.rule == "MFA094").unwrap();
    assert_eq!(expired.finding.severity, Severity::High);
    assert_eq!(expired.declared_by.as_ref().unwrap().address.as_str(), "accept.MFA005");
}

#[test]
fn a_waiver_that_accepts_nothing_is_a_finding() {
    let hcl = format!("{ALL}accept \"MFA006\" {{\n reason = \"old\"\n expires = \"2027-01-01\"\n}}");
    let plan = World::new([person("anna")], &hcl).plan();
    let idle = plan.findings.iter().find(|one| one.finding.rule == "MFA094").unwrap();
    assert_eq!(idle.finding.severity, Severity::Low);
}

#[test]
fn a_rule_can_be_regraded_and_switched_off() {
    let grade = |body: &str| World::new([script("anna")], &format!("{ALL}risk \"MFA005\" {{\n {body}\n}}")).plan();
    let severity = |plan: &mfaplan::testing::plan::Plan| {
        change(plan, "anna").findings.iter().find(|one| one.rule == "MFA005").map(|one| one.severity)
    };
    let plan = World::new([script("anna")], ALL).plan();
    assert_eq!(severity(&plan), Some(Severity::Critical));
    assert_eq!(severity(&grade("severity = \"low\"")), Some(Severity::Low));
    assert_eq!(severity(&grade("enabled = false")), None);
}

const OWN: &str = r#"
rule "ORG-VIP" {
  when        = user.job_title == "Director" && change.after == "enforced"
  severity    = "critical"
  message     = "${user.display_name} goes from ${change.before} to ${change.after}"
  remediation = "Call the assistant first."
}"#;

#[test]
fn an_own_rule_fires_with_its_message_and_blocks() {
    let director = with(person("anna"), json!({"jobTitle": "Director"}));
    let world = World::new([director, person("bo")], &format!("{ALL}{OWN}"));
    let plan = world.plan();
    let own = change(&plan, "anna").findings.iter().find(|one| one.rule == "ORG-VIP").unwrap();
    assert_eq!(own.message, "anna Example goes from disabled to enforced");
    assert_eq!((&*own.remediation, own.severity), ("Call the assistant first.", Severity::Critical));
    assert_eq!(change(&plan, "anna").decision.as_str(), "block");
    assert!(!rules(change(&plan, "bo")).contains(&"ORG-VIP"));

    let accept = "\naccept \"ORG-VIP\" {\n reason = \"called\"\n expires = \"2027-01-01\"\n}";
    let plan =
        World::new([with(person("anna"), json!({"jobTitle": "Director"}))], &format!("{ALL}{OWN}{accept}")).plan();
    assert_eq!(change(&plan, "anna").decision.as_str(), "apply");
}

#[test]
fn an_own_rule_without_its_fact_is_blind_and_counted() {
    let missing = with(person("anna"), json!({"jobTitle": null}));
    let plan = World::new([missing], &format!("{ALL}{OWN}")).plan();
    let blind = plan.not_evaluated.iter().find(|one| one.rule == "ORG-VIP").unwrap();
    assert_eq!((blind.users, &*blind.fact), (1, "when"));
}

#[test]
fn an_own_rule_that_fails_is_a_warning_at_its_place() {
    let rule = "rule \"ORG-1\" {\n when = tonumber(user.employee_id) > 5\n severity = \"low\"\n message = \"x\"\n}";
    let world = World::new([person("anna")], &format!("{ALL}{rule}"));
    let warnings = world.warnings();
    let failed =
        warnings.iter().find(|one| one.summary == "Rule failed").unwrap_or_else(|| panic!("{}", told(&warnings)));
    assert!(failed.detail.contains("ORG-1"), "{failed:?}");
    assert!(failed.primary.is_some());
    let plan = world.plan();
    assert!(plan.not_evaluated.iter().any(|one| one.rule == "ORG-1"), "and the plan counts it as unjudged");
}

#[test]
fn a_message_over_a_missing_fact_does_not_hide_the_finding() {
    let rule = "rule \"ORG-2\" {\n when = change.action == \"enforce\"\n severity = \"low\"\n message = \"of ${user.office_location}\"\n}";
    let plan = World::new([with(person("anna"), json!({"officeLocation": null}))], &format!("{ALL}{rule}")).plan();
    assert!(rules(change(&plan, "anna")).contains(&"ORG-2"));
}

#[test]
fn a_failed_check_warns_or_refuses() {
    let check = |severity: &str| {
        format!(
            "{ALL}check \"few\" {{\n {severity}\n assert {{\n condition = plan.summary.enforce <= 1 && tenant.users == 2\n \
             error_message = \"${{plan.summary.enforce}} at once\"\n }}\n}}"
        )
    };
    let users = || [person("anna"), person("bo")];
    let plan = World::new(users(), &check("")).plan();
    assert_eq!((plan.checks[0].passed, plan.checks[0].message.as_str()), (false, "2 at once"));
    assert!(!plan.is_refused());
    let plan = World::new(users(), &check("severity = \"error\"")).plan();
    assert_eq!(plan.refused[0].rule.as_str(), "check.few");
}

#[test]
fn outputs_are_in_the_plan_and_sensitive_ones_without_their_value() {
    let outputs = "variable \"ticket\" {\n default = \"CHG-secret\"\n sensitive = true\n}\n\
                   output \"raised\" {\n value = plan.summary.enforce\n}\n\
                   output \"ticket\" {\n value = var.ticket\n sensitive = true\n}";
    let mut world = World::new([person("anna")], &format!("{ALL}{outputs}"));
    let plan = world.plan();
    assert_eq!(plan.outputs["raised"].value, Some(json!(1)));
    assert_eq!(plan.outputs["ticket"].value, None);
    assert!(!String::from_utf8(json_of(&plan)).unwrap().contains("CHG-secret"));
    world.hcl = world.hcl.replace("value = var.ticket\n sensitive = true", "value = var.ticket");
    assert!(told(&world.refusal()).contains("sensitive"));
}
