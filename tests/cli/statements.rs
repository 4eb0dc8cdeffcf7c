//! What is said about whom: no sentence about everybody where not everybody was judged.

use crate::{
    binary::Sandbox,
    tenant::{AS_OF, TENANT, people},
};

/// User 0 is declared, 1 is withheld (ROPC), 2 waits for a wave, 3 is an emergency account, 4 and a policy are nobody's.
fn mixed() -> Sandbox {
    let sandbox = people(5);
    let mut tenant: serde_json::Value = serde_json::from_str(&sandbox.read("tenant.json")).unwrap();
    tenant["users"][1]["signIns"] = serde_json::json!({"windowDays": 30, "interactive": 0, "ropc": 40});
    sandbox.write("tenant.json", &tenant.to_string());
    sandbox.write(
        "main.mfa.hcl",
        &format!(
            r#"tenant "contoso" {{
  id       = "{TENANT}"
  snapshot = "tenant.json"
}}

mfa "staff" {{
  state = "enforced"
  users = ["user000@contoso.com", "user001@contoso.com"]
}}

mfa "later" {{
  state   = "enforced"
  users   = ["user002@contoso.com"]
  rollout = "later"
}}

rollout "later" {{
  wave "all" {{
    from    = "2027-06-01"
    percent = 100
  }}
}}

break_glass "emergency" {{
  users = ["user003@contoso.com"]
}}
"#
        ),
    );
    sandbox
}

fn at<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &AS_OF].concat()
}

#[test]
fn a_target_that_nothing_is_declared_for_is_an_error_in_every_spelling() {
    let sandbox = mixed();
    let id = crate::tenant::id(4);
    for (target, says) in [
        ("user004@contoso.com", "no block claims user004@contoso.com"),
        (id.as_str(), "no block claims user004@contoso.com"),
        ("USER003@contoso.com", "protected by break_glass.emergency (main.mfa.hcl:"),
        ("break_glass.emergency", "protects its users"),
        ("rollout.later", "declares no state"),
    ] {
        let plan = ["plan", "--target", target];
        sandbox.run(&at(&plan)).exits(1).says(says);
        sandbox.run(&at(&[&plan[..], &["--detailed-exitcode"]].concat())).exits(3).says(says);
        sandbox.run(&at(&["apply", "--auto-approve", "--target", target])).exits(1).says(says);
    }
    let slip = sandbox.run(&at(&["plan", "--target", "mfa.staf", "--detailed-exitcode"]));
    slip.exits(1).says("mfa.staff");
    let both = sandbox.run(&at(&["plan", "--target", "user003@contoso.com", "--target", "user004@contoso.com"]));
    both.exits(1).says("user003@contoso.com").says("mfa \"user004\"");
}

#[test]
fn under_a_target_nothing_is_said_about_everybody() {
    let sandbox = mixed();
    let target = ["plan", "--target", "user000@contoso.com"];
    sandbox.run(&at(&target)).exits(0).says("partial plan: limited to --target user000@contoso.com");
    sandbox.run(&at(&["apply", "--auto-approve"])).exits(0);
    for format in ["text", "markdown", "html"] {
        let said = sandbox.run(&at(&[&target[..], &["--format", format]].concat()));
        assert!(!said.exits(0).stdout.contains("very managed user"), "{format}: {}", said.stdout);
    }
    let again = sandbox.run(&at(&["apply", "--auto-approve", "--target", "user000@contoso.com"]));
    again.exits(0).says("What --target names (user000@contoso.com) is in the declared state");
}

#[test]
fn verify_judges_every_managed_user() {
    let sandbox = mixed();
    sandbox.run(&at(&["apply", "--auto-approve"])).exits(0);
    let summary = |args: &[&str], code| sandbox.run(&at(args)).exits(code).json()["summary"].clone();
    let withheld = summary(&["verify", "--json"], 2);
    let counts = |summary: &serde_json::Value| {
        ["users", "as_expected", "withheld", "held", "drifted", "unknown", "promoted"]
            .map(|one| summary[one].as_u64().unwrap())
    };
    assert_eq!(counts(&withheld), [3, 1, 1, 1, 0, 0, 0]);
    let said = sandbox.run(&at(&["verify"]));
    said.exits(2).says("Not as declared: 1 of 3").says("withheld by MFA005").says("waits until 2027-06-01");

    sandbox.append(
        "main.mfa.hcl",
        "service_account \"app\" {\n  users  = [\"user001@contoso.com\"]\n  owner  = \"Ana\"\n  reason = \"a program\"\n}\n",
    );
    sandbox.replace("main.mfa.hcl", ", \"user001@contoso.com\"]", "]");
    assert_eq!(counts(&summary(&["verify", "--json"], 0)), [2, 1, 0, 1, 0, 0, 0]);
    sandbox.run(&at(&["verify", "--strict"])).exits(2).says("waits until 2027-06-01");
    crate::tenant::by_hand(&sandbox, 0, "disabled");
    assert_eq!(counts(&summary(&["verify", "--json"], 2)), [2, 0, 0, 1, 1, 0, 0]);
}

#[test]
fn what_is_offered_for_a_blocked_user_parses_as_printed_and_lifts_exactly_that() {
    let sandbox = mixed();
    let shown = sandbox.run(&at(&["plan"])).exits(0).stdout.clone();
    let block = |opening: &str| {
        let start = shown.find(opening).unwrap_or_else(|| panic!("{opening} is not offered:\n{shown}"));
        let end = start + shown[start..].find('}').unwrap() + 1;
        shown[start..end].to_owned()
    };
    let (accept, account) = (block("accept \"MFA005\""), block("service_account \"user001\""));
    assert!(shown.find("service_account") < shown.find("accept \"MFA005\""), "the workload's block comes first");
    for (offered, enforced, protected) in [(&accept, 2, 1), (&account, 1, 2)] {
        let sandbox = mixed();
        sandbox.append("main.mfa.hcl", &format!("{offered}\n"));
        if offered.starts_with("service_account") {
            sandbox.replace("main.mfa.hcl", ", \"user001@contoso.com\"]\n}\n\nmfa \"later\"", "]\n}\n\nmfa \"later\"");
        }
        let plan = sandbox.run(&at(&["plan", "--json"])).exits(0).json();
        let summary = &plan["summary"];
        assert_eq!((&summary["enforce"], &summary["block"]), (&enforced.into(), &0.into()), "{offered}");
        assert_eq!(summary["protected"], protected, "{offered}");
    }
}
