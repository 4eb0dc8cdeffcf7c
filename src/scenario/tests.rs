//! Scenario files that hold, that fail and that are wrong.

use std::{fs, path::Path};

use super::{Report, Status, TestInput, report, run};
use crate::{config::LoadInput, diag::render::RenderOptions, risk};

fn run_in(dir: &Path) -> Report {
    let known_rules = risk::known_rules();
    let load = LoadInput {
        dir,
        policy_dir: None,
        assignments: &[],
        environment: &[],
        instant: "2026-11-24T08:00:00Z".parse().unwrap(),
        allow_files: &[],
        known_rules: &known_rules,
    };
    run(TestInput { load, files: &[], filter: None }).unwrap()
}

#[test]
fn an_undeclared_variable_that_is_to_fail_is_told() {
    let (report, said) =
        run_text("run \"a\" {\n  tenant {\n    file = \"tenant.json\"\n  }\n  expect_failures = [var.nope]\n}\n");
    assert!(!report.passed() && said.contains("The configuration declares no variable `nope`"), "{said}");
}

fn human(report: &Report) -> String {
    let mut out = Vec::new();
    report::human::write(report, RenderOptions::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The configuration of the fixtures with this scenario beside it.
fn run_text(text: &str) -> (Report, String) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios");
    let dir = tempfile::tempdir().unwrap();
    fs::copy(fixtures.join("main.mfa.hcl"), dir.path().join("main.mfa.hcl")).unwrap();
    fs::copy(fixtures.join("tests/tenant.json"), dir.path().join("tenant.json")).unwrap();
    fs::write(dir.path().join("case.mfatest.hcl"), text).unwrap();
    let report = run_in(dir.path());
    let shown = human(&report);
    (report, shown)
}

#[test]
fn the_example_passes() {
    let report = run_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios"));
    let expected = r#"staff.mfatest.hcl
  run "the first wave enforces IT alone"... pass
  run "an old scanner is withheld"... pass
  run "three waves at once are too many"... pass
  run "there is no fourth wave"... pass
tests/inline.mfatest.hcl
  run "inline users need nothing but a name"... pass

Success! 5 passed, 0 failed.
"#;
    assert_eq!(human(&report), expected);
    assert!(report.passed());
}

#[test]
fn a_failed_assertion_says_where_and_with_which_values() {
    let (report, shown) = run_text(
        r#"
        run "nobody" {
          tenant { file = "tenant.json" }
          assert {
            condition     = plan.summary.enforce == 0
            error_message = "${plan.summary.enforce} too many."
          }
        }
        "#,
    );
    assert_eq!(report.status(), Status::Fail);
    for part in [
        "error: Assertion failed",
        "1 too many.",
        "case.mfatest.hcl:5:29",
        "plan.summary.enforce is 1",
        "0 passed, 1 failed.",
    ] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    let mut json = Vec::new();
    report::json::write(&report, &mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["summary"]["failed"], 1);
    assert_eq!(json["files"][0]["runs"][0]["diagnostics"][0]["range"]["start"]["line"], 5);
    let mut junit = Vec::new();
    report::junit::write(&report, &mut junit).unwrap();
    let junit = String::from_utf8(junit).unwrap();
    assert!(junit.contains("tests=\"1\" failures=\"1\" errors=\"0\""), "{junit}");
    assert!(junit.contains("<failure message=\"Assertion failed: 1 too many.\">"), "{junit}");
}

#[test]
fn failures_must_be_expected_and_expected_failures_must_happen() {
    let (report, shown) = run_text(
        r#"
        run "refused and nobody said so" {
          variables { wave = 3 }
          tenant { file = "tenant.json" }
        }
        run "nothing fails" {
          tenant { file = "tenant.json" }
          expect_failures = [check.nobody_is_lowered, MFA006, "max_changes", var.wave, check.nobody_is_lowred]
        }
        run "lowered" {
          tenant {
            users = [
              { user_principal_name = "emergency@contoso.com" },
              { user_principal_name = "ada@contoso.com", department = "IT", mfa_state = "enforced" },
            ]
          }
        }
        "#,
    );
    assert_eq!((report.count(Status::Pass), report.count(Status::Fail)), (1, 2), "{shown}");
    for part in [
        "Plan refused",
        "expect_failures = [\"max_changes\"]",
        "`check.nobody_is_lowered` holds",
        "MFA006 (smtp-auth-sender) finds nothing",
        "not refused by `max_changes`",
        "The value of `var.wave` is accepted",
        "did you mean `nobody_is_lowered`?",
    ] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
}

#[test]
fn what_is_wrong_in_a_scenario_is_said_at_its_place_and_other_runs_still_run() {
    let (report, shown) = run_text(
        r#"
        run "broken" {
          tenant { file = "nowhere.json" }
          asser {}
        }
        run "unknown variable" {
          variables { wav = 2 }
          tenant { file = "tenant.json" }
        }
        run "unknown attribute" {
          tenant {
            users = [{ user_principal_name = "a@contoso.com", departmen = "IT", kind = "person" }]
          }
        }
        run "no such file" {
          tenant { file = "nowhere.json" }
        }
        run "wrong name" {
          tenant { file = "tenant.json" }
          assert {
            condition     = plan.sumary.enforce == 1
            error_message = "no"
          }
        }
        run "fine" {
          tenant { file = "tenant.json" }
        }
        "#,
    );
    assert_eq!(
        (report.count(Status::Pass), report.count(Status::Error), report.status()),
        (1, 4, Status::Error),
        "{shown}"
    );
    for part in [
        "did you mean `assert`?",
        "declares no variable `wav`",
        "a user has no attribute `departmen`; did you mean",
        "`kind` follows from other facts",
        "`nowhere.json` cannot be read",
        "sumary",
    ] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    let mut junit = Vec::new();
    report::junit::write(&report, &mut junit).unwrap();
    assert!(String::from_utf8(junit).unwrap().contains("name=\"the file itself\"><error"));
}

/// The page shows the scenarios that are run above, and they are in canonical style.
#[test]
fn the_page_and_the_example_are_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let example = fs::read_to_string(root.join("fixtures/scenarios/staff.mfatest.hcl")).unwrap();
    let page = fs::read_to_string(root.join("docs/language/testing.md")).unwrap();
    assert!(page.contains(&format!("```hcl\n{example}```")));
    for name in ["staff.mfatest.hcl", "main.mfa.hcl", "tests/inline.mfatest.hcl"] {
        let text = fs::read_to_string(root.join("fixtures/scenarios").join(name)).unwrap();
        assert_eq!(crate::fmt::format(&text).unwrap(), text, "{name}");
    }
}

/// Two interactive sign-ins by IMAP, as the portal downloads them.
const IMAP: &str = r#"[
 {"createdDateTime": "2026-11-13T10:00:00Z", "userPrincipalName": "NAME", "clientAppUsed": "IMAP4", "status": {"errorCode": 0}},
 {"createdDateTime": "2026-11-12T10:00:00Z", "userPrincipalName": "NAME", "clientAppUsed": "IMAP4", "status": {"errorCode": 0}}
]"#;

/// The fixtures' configuration, some files and this scenario.
fn run_with(files: &[(&str, String)], text: &str) -> (Report, String) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios");
    let dir = tempfile::tempdir().unwrap();
    fs::copy(fixtures.join("main.mfa.hcl"), dir.path().join("main.mfa.hcl")).unwrap();
    fs::create_dir(dir.path().join("tests")).unwrap();
    fs::copy(fixtures.join("tests/tenant.json"), dir.path().join("tests/tenant.json")).unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    fs::write(dir.path().join("tests/case.mfatest.hcl"), text).unwrap();
    let report = run_in(dir.path());
    let shown = human(&report);
    (report, shown)
}

#[test]
fn sign_in_files_of_a_scenario_are_read_and_its_own_words_win() {
    let files = [("tests/InteractiveSignIns.json", IMAP.replace("NAME", "ada@contoso.com"))];
    let (report, shown) = run_with(
        &files,
        r#"
        run "ada reads mail by IMAP" {
          tenant {
            file     = "tenant.json"
            sign_ins = ["InteractiveSignIns.json"]
          }
          assert {
            condition     = user("ada@contoso.com").legacy_sign_ins["IMAP4"] == 2
            error_message = "${jsonencode(user("ada@contoso.com").legacy_sign_ins)}"
          }
        }
        run "what is written here wins" {
          as_of = "2026-11-24"
          tenant {
            sign_ins = ["InteractiveSignIns.json"]
            users = [
              { user_principal_name = "ada@contoso.com", department = "IT", legacy_sign_ins = { POP3 = 7 } },
              { user_principal_name = "emergency@contoso.com" },
            ]
          }
          assert {
            condition     = user("ada@contoso.com").legacy_sign_ins == { POP3 = 7 }
            error_message = "${jsonencode(user("ada@contoso.com").legacy_sign_ins)}"
          }
        }
        "#,
    );
    assert!(report.passed(), "{shown}");
}

#[test]
fn the_configurations_sign_in_files_hold_for_runs_without_a_tenant() {
    let main = "tenant \"Contoso\" {\n  id       = \"6f1c0c0e-3f0a-4b52-9f4e-0d2f5a1b7c11\"\n  snapshot = \
                \"tests/tenant.json\"\n  sign_ins = [\"InteractiveSignIns.json\"]\n}\n\nmfa \"it\" {\n  state = \
                \"enforced\"\n  users = [\"ada@contoso.com\"]\n}\n";
    let text = |tenant: &str, is: &str| {
        format!(
            "run \"x\" {{\n{tenant}\n  assert {{\n    condition     = user(\"ada@contoso.com\").legacy_sign_ins {is}\n    \
             error_message = \"no\"\n  }}\n}}\n"
        )
    };
    let log = IMAP.replace("NAME", "Ada@Contoso.com");
    let files = [("main.mfa.hcl", main.to_owned()), ("InteractiveSignIns.json", log)];
    let (report, shown) = run_with(&files, &text("", "== { IMAP4 = 2 }"));
    assert!(report.passed(), "{shown}");
    let (report, shown) = run_with(&files, &text("  tenant {\n    file = \"tenant.json\"\n  }", "== null"));
    assert!(report.passed(), "{shown}");
}

#[test]
fn a_sign_in_file_that_is_none_is_told_where_it_is_named() {
    let scenario = |file: &str| {
        format!(
            "run \"x\" {{\n  tenant {{\n    file = \"tenant.json\"\n    sign_ins = {file}\n  }}\n  expect_failures = []\n}}\n"
        )
    };
    let files = [("tests/log.json", "[{]".to_owned())];
    for (named, parts) in [
        ("[\"nowhere.csv\"]", ["Sign-ins cannot be read", "nowhere.csv: cannot be read"]),
        ("[\"log.json\"]", ["Sign-ins cannot be read", "log.json:1"]),
        ("\"log.json\"", ["Incorrect value type", "a list of files is required"]),
    ] {
        let (report, shown) = run_with(&files, &scenario(named));
        assert!(!report.passed(), "{named}");
        for part in parts.iter().chain(&["tests/case.mfatest.hcl:4"]) {
            assert!(shown.contains(part), "{part} in\n{shown}");
        }
    }
}
