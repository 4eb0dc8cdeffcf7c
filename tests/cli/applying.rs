//! Approval, apply, resume, rollback, verify, history.

use crate::{
    binary::{self, Sandbox, Terminal},
    tenant::{AS_OF, apply, by_hand, id, people},
};

#[test]
fn the_readme_story_there_and_back() {
    for example in ["minimal", "contoso"] {
        let sandbox = Sandbox::example(example);
        let original = sandbox.read("tenant.json");
        let before = sandbox.states();
        let plan = sandbox.plan(&AS_OF);
        let digest = binary::digits(&plan);
        sandbox.run(&apply(&["--approve", &digest[..32]])).exits(0).says("complete");
        assert_eq!(sandbox.states(), binary::planned(&before, &binary::writes(&plan)), "{example}");
        let again = sandbox.plan(&AS_OF);
        assert!(binary::writes(&again).is_empty(), "{example}: apply then plan is empty");
        let run = sandbox.run_id();
        sandbox.run(&["verify", &run]).exits(0);
        sandbox.run(&["history"]).exits(0).says(&run).says("by digest").says(&digest);
        sandbox.run(&["rollback", &run, "--auto-approve"]).exits(0);
        // The service promotes who has registered from enabled to enforced at once: no write can bring that back.
        let moved = original.replace("\"perUserMfaState\": \"enabled\"", "\"perUserMfaState\": \"enforced\"");
        assert_eq!(sandbox.read("tenant.json"), moved, "{example}: rollback after apply is the identity");
        sandbox.run(&["history"]).exits(0).says(&format!("rolls back {run}"));
        sandbox.run(&["verify", &run]).exits(2).says("drifted");
    }
}

#[test]
fn a_piped_yes_applies_nothing() {
    let sandbox = people(3);
    let original = sandbox.read("tenant.json");
    for args in [apply(&[]), apply(&["--json"])] {
        sandbox.run_with_input(&args, "yes\n").exits(1).says("no approval").says("nothing was written");
    }
    sandbox.run(&["plan", "--out", "staff.mfaplan", "--as-of", "2026-11-24"]).exits(0);
    sandbox.run_with_input(&["apply", "staff.mfaplan"], "yes\n").exits(1).says("no approval");
    assert_eq!(sandbox.read("tenant.json"), original);
    assert!(sandbox.runs().is_empty(), "there is no run without an approval");
}

#[test]
fn a_digest_approves_exactly_its_plan() {
    let sandbox = people(3);
    let original = sandbox.read("tenant.json");
    let digest = sandbox.digest(&AS_OF);
    let wrong = if digest.starts_with('0') { "111111111111" } else { "000000000000" };
    sandbox.run(&apply(&["--approve", wrong])).exits(1);
    sandbox.run(&apply(&["--approve", &digest[..31]])).exits(1).says("at least 32");
    sandbox.run(&apply(&["--approve", "staff"])).exits(1).says("not a plan digest");
    sandbox.run(&apply(&["--approve", ""])).exits(1);
    assert_eq!(sandbox.read("tenant.json"), original);
    let spelt = format!("SHA256:{}", digest.to_uppercase());
    sandbox.run(&apply(&["--approve", &spelt])).exits(0);

    let other = people(4);
    other.run(&["plan", "--out", "approved.mfaplan", "--as-of", "2026-11-24"]).exits(0);
    let approved = other.digest(&AS_OF);
    by_hand(&other, 2, "enforced");
    other.run(&apply(&["--approve", &approved])).exits(1).says("Changed since the approved plan").says("user002");
}

#[test]
fn a_saved_plan_is_applied_only_as_it_was_saved() {
    let sandbox = people(3);
    let original = sandbox.read("tenant.json");
    sandbox.run(&["plan", "--out", "p.mfaplan", "--as-of", "2026-11-24"]).exits(0);
    let plan = sandbox.read("p.mfaplan");
    for (at, name) in [(plan.len() / 3, "a third"), (plan.len() / 2, "half"), (plan.len() - 40, "the end")] {
        let mut bytes = plan.clone().into_bytes();
        bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
        std::fs::write(sandbox.path("changed.mfaplan"), bytes).unwrap();
        sandbox.run(&["apply", "changed.mfaplan", "--auto-approve"]).exits(1);
        let shown = sandbox.run(&["show", "changed.mfaplan"]);
        shown.exits(1);
        assert_eq!(shown.stdout, "", "{name}: nothing of a changed plan is shown");
    }
    let future = plan.replacen("\"format_version\":\"1.0\"", "\"format_version\":\"2.0\"", 1);
    assert_ne!(future, plan);
    sandbox.write("future.mfaplan", &future);
    sandbox.run(&["apply", "future.mfaplan", "--auto-approve"]).exits(1).says("2.0");
    assert_eq!(sandbox.read("tenant.json"), original);
    assert!(sandbox.runs().is_empty());

    // The way of review: the same file under another configuration, of another tenant.
    let other = "11111111-2222-4333-8444-555555555555";
    sandbox.replace("main.mfa.hcl", crate::tenant::TENANT, other);
    sandbox.write("tenant.json", &original.replace(crate::tenant::TENANT, other));
    sandbox.run(&["apply", "p.mfaplan", "--auto-approve"]).exits(1).says("the plan is for tenant").says(other);
    assert!(sandbox.runs().is_empty());
}

#[test]
fn a_redacted_plan_is_for_reading_only() {
    let sandbox = people(2);
    sandbox.run(&["plan", "--redact", "--out", "p.mfaplan"]).exits(1);
    let redacted = sandbox.run(&["plan", "--redact", "--json", "--as-of", "2026-11-24"]);
    redacted.exits(0);
    assert!(!redacted.stdout.contains("user000@contoso.com"));
    sandbox.write("redacted.mfaplan", &redacted.stdout);
    sandbox.run(&["apply", "redacted.mfaplan", "--auto-approve"]).exits(1);
    assert!(sandbox.runs().is_empty());
}

#[test]
fn five_of_fifty_changed_by_hand_are_left_alone() {
    let sandbox = people(50);
    sandbox.run(&["plan", "--out", "p.mfaplan", "--as-of", "2026-11-24"]).exits(0);
    let digest = sandbox.digest(&AS_OF);
    for number in [3, 14, 15, 26, 49] {
        by_hand(&sandbox, number, "enabled");
    }
    let said = sandbox.run(&["apply", "p.mfaplan", "--approve", &digest, "--json"]);
    said.exits(4);
    let counts = &said.json()["counts"];
    assert_eq!((&counts["done"], &counts["stale"], &counts["changes"]), (&45.into(), &5.into(), &50.into()));
    let states = sandbox.states();
    assert_eq!(states.values().filter(|state| *state == "enabled").count(), 5, "nothing is overwritten");
    assert_eq!(states[&id(26)], "enabled");
    let next = binary::writes(&sandbox.plan(&AS_OF));
    assert_eq!(next.keys().cloned().collect::<Vec<_>>(), [3, 14, 15, 26, 49].map(id));
}

#[test]
fn a_finished_run_is_not_run_again() {
    let sandbox = people(4);
    sandbox.run(&apply(&["--auto-approve"])).exits(0);
    let run = sandbox.run_id();
    let (tenant, journal) = (sandbox.read("tenant.json"), sandbox.journal(&run));
    let modified = std::fs::metadata(sandbox.path("tenant.json")).unwrap().modified().unwrap();
    for _ in 0..2 {
        sandbox.run(&["apply", "--resume", &run]).exits(0).says("nothing left to do");
    }
    assert_eq!((sandbox.read("tenant.json"), sandbox.journal(&run)), (tenant, journal));
    assert_eq!(std::fs::metadata(sandbox.path("tenant.json")).unwrap().modified().unwrap(), modified);
    sandbox.run(&apply(&["--auto-approve"])).exits(0).says("Nothing to apply");
    sandbox.run(&["apply", "--resume", "nonsense"]).exits(1);
    sandbox.run(&["apply", "--resume", "20261124T213000000Z-3fa9c1d2"]).exits(1);
}

#[test]
fn a_rollback_leaves_alone_who_was_changed_since() {
    let sandbox = people(5);
    sandbox.run(&apply(&["--auto-approve"])).exits(0);
    let run = sandbox.run_id();
    by_hand(&sandbox, 1, "enabled");
    sandbox.run(&["verify", &run]).exits(2).says("user001@contoso.com").says("drifted");
    sandbox.run(&["rollback", &run]).exits(1).says("no approval").says("user001@contoso.com is enabled now");
    sandbox.run(&["rollback", &run, "--auto-approve", "--target", "user003@contoso.com"]).exits(0);
    assert_eq!((&*sandbox.states()[&id(3)], &*sandbox.states()[&id(4)]), ("disabled", "enforced"));
    sandbox.run(&["rollback", &run, "--out", "back.mfaplan"]).exits(0);
    sandbox.run(&["apply", "back.mfaplan", "--auto-approve"]).exits(0);
    let states = sandbox.states();
    assert_eq!((&*states[&id(0)], &*states[&id(1)], &*states[&id(4)]), ("disabled", "enabled", "disabled"));
}

#[test]
fn a_target_limits_the_plan_and_its_digest() {
    let sandbox = people(4);
    let target = ["--target", "user002@contoso.com", "--as-of", "2026-11-24"];
    let digest = sandbox.digest(&target);
    assert_ne!(digest, sandbox.digest(&AS_OF));
    sandbox.run(&[&["apply", "--approve", &digest], &target[..]].concat()).exits(0);
    assert_eq!(sandbox.states().values().filter(|state| *state == "enforced").count(), 1);
    assert_eq!(sandbox.states()[&id(2)], "enforced");
    sandbox.run(&["plan", "--target", "user0022@contoso.com"]).exits(1).says("user002@contoso.com");
    sandbox.run(&["plan", "--target", ""]).exits(1);
}

/// `None` where there is no way to make a terminal.
fn answered(sandbox: &Sandbox, args: &[&str], early: &str, answer: &str) -> Option<binary::Said> {
    let mut terminal = Terminal::start(sandbox, args, early)?;
    terminal.until("Enter a value:").types(answer);
    Some(terminal.ends())
}

#[test]
fn only_yes_at_a_terminal_approves() {
    let sandbox = people(2);
    let original = sandbox.read("tenant.json");
    for answer in ["no\n", "y\n", "\n"] {
        let Some(said) = answered(&sandbox, &apply(&[]), "", answer) else { return };
        said.exits(1).says("Only \"yes\" is accepted");
        assert_eq!(sandbox.read("tenant.json"), original);
    }
    answered(&sandbox, &apply(&[]), "", "yes\n").unwrap().exits(0).says("complete");
    assert_ne!(sandbox.read("tenant.json"), original);
}

/// A `yes` that lay in the terminal before the plan was shown is none; what the tenant is called may be no name at all.
#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let sandbox = people(2);
    let original = sandbox.read("tenant.json");
    let Some(said) = answered(&sandbox, &apply(&[]), "yes\n", "no\n") else { return };
    said.exits(1).says("nothing was written");
    assert_eq!(sandbox.read("tenant.json"), original);
    sandbox.run(&apply(&["--auto-approve"])).exits(0);
    let (run, written) = (sandbox.run_id(), sandbox.read("tenant.json"));
    answered(&sandbox, &["rollback", &run], "yes\n", "\n").unwrap().exits(1);
    assert_eq!(sandbox.read("tenant.json"), written);
}
