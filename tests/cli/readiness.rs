//! Readiness from the command line: of a plan made now, and of a saved one.

use serde_json::Value;

use crate::binary::Sandbox;

const AS_OF: [&str; 2] = ["--as-of", "2026-11-20T09:00:00Z"];

#[test]
fn a_saved_plan_is_judged_at_its_own_instant() {
    let sandbox = Sandbox::example("contoso");
    let run = |args: &[&str]| sandbox.run(args);
    run(&[&["plan", "--out", "saved.mfaplan"][..], &AS_OF].concat());
    let now = run(&[&["readiness", "--format", "json"][..], &AS_OF].concat()).exits(0).json();
    let saved = run(&["readiness", "saved.mfaplan", "--format", "json"]).exits(0).json();
    assert_eq!(now, saved);
    assert!(now["totals"]["users"].as_u64().unwrap() > 0, "{now}");
    let by_wave = run(&["readiness", "saved.mfaplan", "--by", "wave", "--format", "json"]).exits(0).json();
    let users = |document: &Value| -> usize {
        document["cohorts"].as_array().unwrap().iter().map(|one| one["users"].as_array().unwrap().len()).sum()
    };
    assert_eq!(users(&by_wave), users(&now));
}

#[test]
fn a_misspelt_word_is_an_error_that_offers_the_nearest() {
    let sandbox = Sandbox::example("minimal");
    sandbox.run(&["readiness", "--by", "departement"]).exits(1).says("department");
    sandbox.run(&["readiness", "--format", "cvs"]).exits(1).says("csv");
}

#[test]
fn nobody_to_raise_is_a_report_too() {
    let sandbox = Sandbox::example("minimal");
    let tenant = sandbox.read("tenant.json");
    for state in ["\"disabled\"", "\"enabled\""] {
        sandbox.write(
            "tenant.json",
            &tenant.replace(&format!("\"perUserMfaState\": {state}"), "\"perUserMfaState\": \"enforced\""),
        );
    }
    sandbox.run(&[&["readiness"][..], &AS_OF].concat()).exits(0);
}

#[test]
fn a_file_is_for_its_owner_and_a_spreadsheet_finds_its_encoding() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::example("contoso");
    sandbox.run(&[&["readiness", "--format", "csv", "--out", "people.csv"][..], &AS_OF].concat()).exits(0);
    assert!(sandbox.read("people.csv").starts_with("\u{feff}cohort,"));
    let mode = std::fs::metadata(sandbox.path("people.csv")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
