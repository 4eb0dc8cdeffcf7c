//! What changed since the review: whose change is another one, and how an apply goes on with the others.

use crate::{
    binary::{Said, Sandbox},
    tenant::{apply, by_hand, people},
};

/// A plan that was reviewed, kept beside the configuration, and its digest.
fn reviewed(sandbox: &Sandbox) -> String {
    sandbox.run(&["plan", "--out", "reviewed.mfaplan", "--as-of", "2026-11-24"]).exits(0);
    sandbox.digest(&["--as-of", "2026-11-24"])
}

fn apply_reviewed(sandbox: &Sandbox, digest: &str, more: &[&str]) -> Said {
    sandbox.run(&apply(&[&["--approve", digest, "--reviewed", "reviewed.mfaplan"], more].concat()))
}

fn enforced(sandbox: &Sandbox) -> usize {
    sandbox.states().values().filter(|state| *state == "enforced").count()
}

/// Four people who are to be enforced.
fn inside() -> Sandbox {
    people(4)
}

#[test]
fn the_same_plan_goes_on_as_ever() {
    let sandbox = inside();
    let digest = reviewed(&sandbox);
    apply_reviewed(&sandbox, &digest, &[]).exits(0);
    assert_eq!(enforced(&sandbox), 4);
}

#[test]
fn a_state_that_moved_stops_the_apply_and_its_user_is_named() {
    let sandbox = inside();
    let digest = reviewed(&sandbox);
    by_hand(&sandbox, 2, "enabled");
    let said = apply_reviewed(&sandbox, &digest, &[]);
    said.exits(1).says("Changed since the review").says("1 user differs, 3 are the same").says("--unchanged-only");
    let shown = said.stdout.split_once("Changed since the review").unwrap().1;
    assert!(shown.contains("user002@contoso.com") && !shown.contains("user001@contoso.com"), "{shown}");
    assert_eq!(enforced(&sandbox), 0, "nothing was written");
}

#[test]
fn the_unchanged_go_on_and_the_others_are_left_for_another_review() {
    let sandbox = inside();
    let digest = reviewed(&sandbox);
    by_hand(&sandbox, 2, "enabled");
    let said = apply_reviewed(&sandbox, &digest, &["--unchanged-only"]);
    said.exits(4).says("Going on with 3 users as reviewed; 1 user left alone");
    let states = sandbox.states();
    assert_eq!(states[&crate::tenant::id(2)], "enabled");
    assert_eq!(enforced(&sandbox), 3);
    // The journal says what was approved, and of which plan it was a part.
    let run = sandbox.run_id();
    sandbox.run(&["history", &run]).exits(0).says("as the unchanged part of plan").says(&digest);
    // The rest is planned and approved anew.
    let rest = sandbox.digest(&["--as-of", "2026-11-24"]);
    assert_ne!(rest, digest);
    sandbox.run(&apply(&["--approve", &rest])).exits(0);
    assert_eq!(enforced(&sandbox), 4);
}

/// Somebody who has come where the plan wanted them needs no second review; nor is the run incomplete for them.
#[test]
fn whoever_is_there_already_is_not_left_over() {
    let sandbox = inside();
    let digest = reviewed(&sandbox);
    by_hand(&sandbox, 1, "enforced");
    apply_reviewed(&sandbox, &digest, &["--unchanged-only"]).exits(0);
    assert_eq!(enforced(&sandbox), 4);
}

#[test]
fn what_else_was_approved_has_to_be_the_same() {
    let sandbox = inside();
    let digest = reviewed(&sandbox);
    sandbox.append("main.mfa.hcl", "\nguardrails {\n  canary = 1\n}\n");
    by_hand(&sandbox, 2, "enabled");
    apply_reviewed(&sandbox, &digest, &["--unchanged-only"]).exits(1).says("the bounds of the execution differ");
    assert_eq!(enforced(&sandbox), 0);
}

/// A waiver is part of what was reviewed. Whoever merges a pull request cannot type it again.
#[test]
fn what_was_waived_in_the_review_is_waived_in_the_apply() {
    let sandbox = inside();
    sandbox.append("main.mfa.hcl", "\nguardrails {\n  max_changes = 2\n}\n");
    let waived = ["--waive", "max_changes=4", "--reason", "CHG-1, agreed by the CISO", "--as-of", "2026-11-24"];
    sandbox.run(&[&["plan", "--out", "reviewed.mfaplan"], &waived[..]].concat()).exits(0);
    let digest = sandbox.digest(&waived);
    sandbox.run(&apply(&["--approve", &digest])).exits(3).says("max_changes");
    apply_reviewed(&sandbox, &digest, &[]).exits(0).says("CHG-1, agreed by the CISO");
    assert_eq!(enforced(&sandbox), 4);
}

#[test]
fn a_plan_that_was_not_approved_is_no_reviewed_plan() {
    let sandbox = inside();
    reviewed(&sandbox);
    let other = "sha256:".to_owned() + &"0".repeat(64);
    apply_reviewed(&sandbox, &other, &[]).exits(1).says("this is not the plan that was approved");
    for args in [&["--reviewed", "x"][..], &["--approve", &other, "--unchanged-only"]] {
        sandbox.run(&apply(args)).exits(1);
    }
    assert_eq!(enforced(&sandbox), 0);
}

/// Where signatures are asked for, a digest approves nothing, and no part of a plan either.
#[test]
fn signatures_are_not_got_around() {
    let sandbox = inside();
    sandbox.write(
        "signers",
        "anna@contoso.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdE6yB1LoSzlwMZ8tCqQdg8v2Zx0y1q7yQm9fWk3n5X\n",
    );
    sandbox.append(
        "main.mfa.hcl",
        "\nguardrails {\n  approvals {\n    required        = 1\n    allowed_signers = \"signers\"\n    max_age         = \"24h\"\n  }\n}\n",
    );
    let digest = reviewed(&sandbox);
    by_hand(&sandbox, 2, "enabled");
    let said = apply_reviewed(&sandbox, &digest, &["--unchanged-only"]);
    assert_ne!(said.code, Some(0), "{}", said.stdout);
    assert_eq!(enforced(&sandbox), 0);
}

/// The comment of the pull request after the apply: what was done, who is left, who must register.
#[test]
fn the_report_says_what_was_done_and_who_must_register() {
    let sandbox = inside();
    let mut tenant: serde_json::Value = serde_json::from_str(&sandbox.read("tenant.json")).unwrap();
    tenant["users"][3]["isMfaRegistered"] = false.into();
    sandbox.write("tenant.json", &tenant.to_string());
    let digest = sandbox.digest(&["--as-of", "2026-11-24"]);
    sandbox.run(&apply(&["--approve", &digest, "--report", "report.md"])).exits(0);
    let report = sandbox.read("report.md");
    let plan = sandbox.run(&["plan", "--format", "markdown", "--as-of", "2026-11-24"]).stdout;
    assert_eq!(report.lines().next(), plan.lines().next(), "the same mark: the workflow finds its earlier comment");
    for part in [
        "MFA apply: complete",
        "Done: 4 users",
        "Must register at the next sign-in: 1 user",
        "mfaplan rollback",
        &digest,
    ] {
        assert!(report.contains(part), "{part} is not in {report}");
    }
    assert!(report.split_once("Must register").unwrap().1.contains("`user003@contoso.com`"));
}
