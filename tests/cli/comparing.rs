//! `diff`: protection and coverage that go are told, whether or not a state changes with them.

use std::fs;

use crate::{
    binary::Sandbox,
    tenant::{AS_OF, TENANT, people},
};

/// User 0 is a person, 1 a scanner, 2 an emergency account, 3 a person of the second block.
fn configuration(staff: &str, protecting: &str) -> String {
    format!(
        "tenant \"contoso\" {{\n  id = \"{TENANT}\"\n}}\n\nmfa \"staff\" {{\n  state = \"enforced\"\n  {staff}\n}}\n\n{protecting}"
    )
}

const USERS: &str = "users = [\"user000@contoso.com\", \"user003@contoso.com\"]";
const PROTECTION: &str = r#"service_account "scanners" {
  users  = ["user001@contoso.com"]
  owner  = "facilities@contoso.com"
  reason = "Scan to mail"
}

break_glass "emergency" {
  users = ["user002@contoso.com"]
}
"#;

/// A pull request: what main has, and what the branch has.
fn pull_request(new: &str) -> Sandbox {
    let sandbox = people(4);
    fs::remove_file(sandbox.path("main.mfa.hcl")).unwrap();
    fs::create_dir(sandbox.path("old")).unwrap();
    fs::create_dir(sandbox.path("new")).unwrap();
    sandbox.write("old/main.mfa.hcl", &configuration(USERS, PROTECTION));
    sandbox.write("new/main.mfa.hcl", new);
    sandbox
}

fn diff(sandbox: &Sandbox, args: &[&str]) -> crate::binary::Said {
    sandbox.run(&[&["diff", "old", "new", "--snapshot", "tenant.json"], args, &AS_OF].concat())
}

/// Each way a pull request takes protection or coverage away, with the user and what is said. The digest is the same
/// wherever nobody's state changes: without these lines the comment would be empty.
#[test]
fn every_way_to_lose_protection_or_coverage_is_named_in_every_format() {
    let scanners = PROTECTION.split_once("\n\n").unwrap().0.to_owned() + "\n";
    let emergency = PROTECTION.split_once("\n\n").unwrap().1.to_owned();
    let narrowed = PROTECTION.replace(
        "[\"user001@contoso.com\"]",
        "[\"user001@contoso.com\"]\n  except { users = [\"user001@contoso.com\"] }",
    );
    let renamed = PROTECTION.replace("\"scanners\"", "\"printers\"");
    let staff_less = "users = [\"user000@contoso.com\"]";
    let excepted =
        "users = [\"user000@contoso.com\", \"user003@contoso.com\"]\n  except { users = [\"user003@contoso.com\"] }";
    let stolen = format!(
        "{PROTECTION}\nmfa \"others\" {{\n  state = \"enforced\"\n  priority = 5\n  users = [\"user003@contoso.com\"]\n}}\n"
    );
    let caught =
        format!("{emergency}\nmfa \"scanners\" {{\n  state = \"enforced\"\n  users = [\"user001@contoso.com\"]\n}}\n");
    for (what, staff, protecting, user, kind) in [
        ("a protecting block deleted", USERS, emergency.as_str(), "user001@contoso.com", "unprotected"),
        ("an emergency block deleted", USERS, scanners.as_str(), "user002@contoso.com", "unprotected"),
        ("a protecting block narrowed by except", USERS, narrowed.as_str(), "user001@contoso.com", "unprotected"),
        (
            "a protecting block deleted and the user caught",
            USERS,
            caught.as_str(),
            "user001@contoso.com",
            "unprotected",
        ),
        ("a protecting block renamed", USERS, renamed.as_str(), "user001@contoso.com", "other_block"),
        ("a user taken out of a list", staff_less, PROTECTION, "user003@contoso.com", "unmanaged"),
        ("a user taken out by except", excepted, PROTECTION, "user003@contoso.com", "unmanaged"),
        ("a block of higher priority", USERS, stolen.as_str(), "user003@contoso.com", "other_block"),
    ] {
        let sandbox = pull_request(&configuration(staff, protecting));
        for format in ["text", "markdown", "html"] {
            let said = diff(&sandbox, &["--format", format]);
            said.exits(0);
            assert!(said.stdout.contains(user), "{what}, {format}: {}", said.stdout);
        }
        let said = diff(&sandbox, &["--json", "--detailed-exitcode"]);
        said.exits(2);
        let document = said.json();
        assert_eq!(document["claims"][0]["kind"], kind, "{what}: {document}");
        assert_eq!(document["claims"][0]["users"][0]["user"]["user_principal_name"], user, "{what}");
    }
}

#[test]
fn two_equal_configurations_differ_in_nothing() {
    let sandbox = pull_request(&configuration(USERS, PROTECTION));
    let said = diff(&sandbox, &["--detailed-exitcode"]);
    said.exits(0).says("No difference");
    assert_eq!(diff(&sandbox, &["--json"]).json()["claims"], serde_json::json!([]));
}

/// With the block the finding goes that watched its users: that is no improvement.
#[test]
fn a_finding_that_goes_with_its_block_is_not_told_as_gone() {
    let sandbox = pull_request(&configuration(USERS, PROTECTION.split_once("\n\n").unwrap().1));
    let mut tenant: serde_json::Value = serde_json::from_str(&sandbox.read("tenant.json")).unwrap();
    tenant["users"][1]["directoryRoles"] = serde_json::json!([
        {"templateId": "62e90394-69f5-4237-9190-012177145e10", "displayName": "Global Administrator", "permanent": true}
    ]);
    sandbox.write("tenant.json", &tenant.to_string());
    let said = diff(&sandbox, &[]);
    let text = said.exits(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("MFA099 of service_account.scanners of user001@contoso.com (high) is no longer judged"),
        "{text}"
    );
    assert!(!text.contains("(high) is gone"), "{text}");
}
