//! What is refused, and what it takes to be let through.

use crate::{
    binary::{self, Sandbox},
    tenant::{AS_OF, apply, people},
};

#[test]
fn a_bound_refuses_and_one_named_waiver_with_a_reason_lifts_it() {
    let sandbox = people(6);
    sandbox.append("main.mfa.hcl", "guardrails {\n  max_changes = 3\n}\n");
    sandbox.run(&["plan", "--as-of", "2026-11-24"]).exits(3).says("max_changes");
    let original = sandbox.read("tenant.json");
    sandbox.run(&apply(&["--auto-approve"])).exits(3).says("refused").says("--waive max_changes=6");
    assert_eq!(sandbox.read("tenant.json"), original);
    sandbox.run(&apply(&["--auto-approve", "--waive", "max_changes=6"])).exits(1).says("--reason");
    sandbox.run(&apply(&["--auto-approve", "--waive", "max_changes=5", "--reason", "CHG-1"])).exits(3);
    sandbox.run(&apply(&["--auto-approve", "--waive", "force=yes", "--reason", "CHG-1"])).exits(1);
    let twice = ["--auto-approve", "--waive", "max_changes=6", "--waive", "max_changes=7", "--reason", "CHG-1"];
    sandbox.run(&apply(&twice)).exits(1).says("--waive max_changes: given twice");
    let waived = ["--waive", "max_changes=6", "--reason", "CHG-1234", "--as-of", "2026-11-24"];
    let other = ["--waive", "max_changes=7", "--reason", "CHG-1234", "--as-of", "2026-11-24"];
    let (one, two) = (sandbox.digest(&waived), sandbox.digest(&other));
    assert_ne!(one, two, "the digest covers the waiver");
    sandbox.run(&[&["apply", "--approve", &one], &waived[..]].concat()).exits(0);
}

#[test]
fn a_saved_plan_of_a_refused_plan_stays_refused() {
    let sandbox = people(6);
    sandbox.append("main.mfa.hcl", "guardrails {\n  max_changes = 3\n}\n");
    sandbox.run(&["plan", "--out", "p.mfaplan", "--as-of", "2026-11-24"]).exits(3);
    sandbox.run(&["apply", "p.mfaplan", "--auto-approve"]).exits(3);
    assert!(sandbox.runs().is_empty());
}

#[test]
fn a_failed_check_of_severity_error_refuses() {
    let sandbox = people(2);
    sandbox.append(
        "main.mfa.hcl",
        "check \"few\" {\n  severity = \"error\"\n  assert {\n    condition = plan.summary.enforce < 2\n    \
         error_message = \"too many at once\"\n  }\n}\n",
    );
    sandbox.run(&apply(&["--auto-approve"])).exits(3).says("too many at once");
}

#[test]
fn a_closed_window_is_a_note_in_the_plan_and_a_refusal_of_the_apply() {
    let sandbox = people(2);
    let open = sandbox.digest(&AS_OF);
    // Two days away from now, whenever the test runs.
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let today = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).weekday().to_monday_zero_offset() as usize;
    let later = days[(today + 3) % 7];
    sandbox.append("main.mfa.hcl", &format!("guardrails {{\n  window {{\n    days = [\"{later}\"]\n  }}\n}}\n"));
    let said = sandbox.run(&["plan", "--as-of", "2026-11-24"]);
    said.exits(0).says("the maintenance window is closed");
    assert_eq!(sandbox.digest(&AS_OF), open, "the digest is not about the time of day");
    sandbox.run(&apply(&["--auto-approve"])).exits(3).says("window");
    assert!(sandbox.runs().is_empty());
    sandbox.run(&apply(&["--auto-approve", "--waive", "window=now", "--reason", "CHG-7"])).exits(0);
}

#[test]
fn a_plan_of_which_all_is_blocked_is_refused() {
    let sandbox = Sandbox::example("contoso");
    let target = ["--target", "emil.larsen@contoso.com", "--as-of", "2026-11-24"];
    sandbox.run(&[&["apply", "--auto-approve"], &target[..]].concat()).exits(3).says("the only change is blocked");
    assert!(sandbox.runs().is_empty());
    for rule in ["MFA060", "MFA066"] {
        let accept = format!(
            "accept \"{rule}\" {{\n  users   = [\"emil.larsen@contoso.com\"]\n  reason  = \"Leaves\"\n  \
             expires = \"2026-12-31\"\n}}\n"
        );
        sandbox.append("exceptions.mfa.hcl", &accept);
    }
    sandbox.run(&[&["apply", "--auto-approve"], &target[..]].concat()).exits(0);
    assert_eq!(sandbox.states().values().filter(|state| *state == "enforced").count(), 6);
}

#[test]
fn exit_codes_of_plan_tell_changes_and_risks() {
    let sandbox = Sandbox::example("contoso");
    sandbox.run(&[&["plan"], &AS_OF[..]].concat()).exits(0);
    sandbox.run(&[&["plan", "--detailed-exitcode"], &AS_OF[..]].concat()).exits(2);
    sandbox.run(&[&["plan", "--fail-on", "critical"], &AS_OF[..]].concat()).exits(3);
    sandbox.run(&[&["plan", "--fail-on", "criticl"], &AS_OF[..]].concat()).exits(1).says("critical");
    let quiet = people(2);
    quiet.run(&[&["plan", "--fail-on", "critical", "--detailed-exitcode"], &AS_OF[..]].concat()).exits(2);
    quiet.run(&apply(&["--auto-approve"])).exits(0);
    quiet.run(&[&["plan", "--detailed-exitcode"], &AS_OF[..]].concat()).exits(0);
}

#[test]
fn an_emergency_account_of_a_newer_policy_is_protected_from_older_plans_and_runs() {
    let sandbox = people(3);
    sandbox.run(&["plan", "--out", "p.mfaplan", "--as-of", "2026-11-24"]).exits(0);
    let original = sandbox.read("tenant.json");
    std::fs::create_dir(sandbox.path("policy")).unwrap();
    let text = "break_glass \"keys\" {\n  users  = [\"user001@contoso.com\"]\n  reason = \"Emergency access\"\n}\n";
    sandbox.write("policy/own.mfa.hcl", text);
    let said = sandbox.run(&["apply", "p.mfaplan", "--auto-approve", "--policy", "policy"]);
    said.exits(3).says("the policy directory (own.mfa.hcl), which the plan did not know");
    assert_eq!(sandbox.read("tenant.json"), original);
    let writes = binary::writes(&sandbox.plan(&["--policy", "policy", "--as-of", "2026-11-24"]));
    assert!(writes.len() == 2 && !writes.contains_key(&crate::tenant::id(1)), "{writes:?}");
    // A run that was begun or ended before the policy came is resumed and rolled back around the account.
    sandbox.run(&["apply", "p.mfaplan", "--auto-approve"]).exits(0);
    let run = sandbox.run_id();
    sandbox.run(&["rollback", &run, "--auto-approve", "--policy", "policy"]).says("protected");
    assert_eq!(sandbox.states()[&crate::tenant::id(1)], "enforced");
    assert_eq!(sandbox.states()[&crate::tenant::id(2)], "disabled");
}
