//! Lists of everybody: `show --format csv`, and who is exempt.

use crate::{
    binary::Sandbox,
    tenant::{AS_OF, TENANT, people},
};

/// User 0 is managed, 1 an emergency account, 2 a scanner until March, 3 waits for a wave, 4 is nobody's.
fn mixed() -> Sandbox {
    let sandbox = people(5);
    sandbox.write(
        "main.mfa.hcl",
        &format!(
            r#"tenant "contoso" {{
  id       = "{TENANT}"
  snapshot = "tenant.json"
}}

mfa "staff" {{
  state = "enforced"
  users = ["user000@contoso.com"]
}}

mfa "later" {{
  state   = "enforced"
  users   = ["user003@contoso.com"]
  rollout = "later"
}}

rollout "later" {{
  wave "all" {{
    from    = "2027-06-01"
    percent = 100
  }}
}}

break_glass "emergency" {{
  users  = ["user001@contoso.com"]
  reason = "Emergency access"
}}

service_account "scanners" {{
  users       = ["user002@contoso.com"]
  owner       = "facilities@contoso.com"
  reason      = "=Scan to mail"
  replacement = "certificate_auth"
  until       = "2026-12-03"
}}

output "managed" {{
  value       = plan.summary.managed
  description = "How many users the blocks claim"
}}
"#
        ),
    );
    sandbox
}

fn table(text: &str) -> Vec<Vec<String>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let split = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().map(split).collect()
}

#[test]
fn a_plan_lists_everybody_with_why() {
    let sandbox = mixed();
    sandbox.run(&[&["plan", "--out", "p.mfaplan"], &AS_OF[..]].concat()).exits(0);
    let all = sandbox.run(&["show", "p.mfaplan", "--format", "csv"]);
    let rows = table(&all.exits(0).stdout);
    assert_eq!(rows.len(), 6, "{}", all.stdout);
    assert_eq!(
        rows[0].join(","),
        "user_principal_name,display_name,id,state,desired,decision,registered,methods,kind,department,manager,protected_by,owner,reason,until,worst_finding"
    );
    let decisions: Vec<_> = rows[1..].iter().map(|row| row[5].as_str()).collect();
    assert_eq!(decisions, ["apply", "protected", "protected", "hold", "unmanaged"]);
    assert_eq!(rows[3][11..15].join(","), "service_account.scanners,facilities@contoso.com,'=Scan to mail,2026-12-03");
    assert_eq!(rows[4][14], "2027-06-01");

    let two = sandbox.run(&["show", "p.mfaplan", "--format", "csv", "--columns", "id,state", "--out", "two.csv"]);
    two.exits(0);
    let written = sandbox.read("two.csv");
    assert!(written.starts_with("\u{feff}id,state\n"), "{written}");
    assert_eq!(table(&written).len(), 6);
}

#[test]
fn columns_and_files_that_cannot_be_meant_are_refused() {
    let sandbox = mixed();
    sandbox.run(&[&["plan", "--out", "p.mfaplan"], &AS_OF[..]].concat()).exits(0);
    sandbox.run(&["show", "p.mfaplan", "--format", "csv", "--columns", "stat"]).exits(1).says("state");
    sandbox.run(&["show", "p.mfaplan", "--columns", "state"]).exits(1).says("--format csv");
    let before = sandbox.read("p.mfaplan");
    sandbox
        .run(&["show", "p.mfaplan", "--format", "csv", "--out", "p.mfaplan"])
        .exits(1)
        .says("this command reads that file");
    assert_eq!(sandbox.read("p.mfaplan"), before);
    sandbox.run(&["show", "p.mfaplan", "--format", "html", "--out", "p.html"]).exits(0);
    assert!(sandbox.read("p.html").starts_with("<!DOCTYPE html>"));
}

#[test]
fn a_snapshot_lists_everybody_too() {
    let sandbox = mixed();
    let said = sandbox.run(&[&["show", "tenant.json", "--format", "csv"], &AS_OF[..]].concat());
    let rows = table(&said.exits(0).stdout);
    assert_eq!(rows.len(), 6);
    assert_eq!(rows[1][3..8].join(","), "disabled,,,yes,microsoftAuthenticatorPush; windowsHelloForBusiness");
    sandbox.run(&["show", "tenant.json", "--json"]).exits(1);
}

#[test]
fn exceptions_say_who_why_and_until_when_those_that_end_first_first() {
    let sandbox = mixed();
    let said = sandbox.run(&[&["exceptions", "--json"], &AS_OF[..]].concat());
    let document = said.exits(0).json();
    let list = document["exceptions"].as_array().unwrap();
    let kinds: Vec<_> = list.iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["service_account", "hold", "break_glass"], "{document}");
    let scanner = &list[0];
    assert_eq!(scanner["user"]["user_principal_name"], "user002@contoso.com");
    for (member, value) in [
        ("address", "service_account.scanners"),
        ("owner", "facilities@contoso.com"),
        ("reason", "=Scan to mail"),
        ("replacement", "certificate_auth"),
        ("until", "2026-12-03"),
    ] {
        assert_eq!(scanner[member], value);
    }
    assert_eq!((&scanner["days_left"], &scanner["expired"]), (&9.into(), &false.into()));

    let text = sandbox.run(&[&["exceptions"], &AS_OF[..]].concat());
    text.exits(0).says("3 exceptions: 0 expired, 1 ends within 30 days").says("ends soon, in 9 days (2026-12-03)");
    let all = sandbox.run(&[&["exceptions", "--unmanaged"], &AS_OF[..]].concat());
    all.exits(0).says("user004@contoso.com  unmanaged");
    let csv = sandbox.run(&[&["exceptions", "--format", "csv", "--out", "e.csv"], &AS_OF[..]].concat());
    csv.exits(0);
    assert!(
        sandbox.read("e.csv").starts_with("\u{feff}user_principal_name,") && sandbox.read("e.csv").contains("'=Scan")
    );
    let page = sandbox.run(&[&["exceptions", "--format", "html"], &AS_OF[..]].concat());
    page.exits(0).says("certificate_auth");
}

#[test]
fn an_exception_that_is_over_is_told_and_ends_a_nightly_job() {
    let sandbox = mixed();
    let late = ["--as-of", "2026-12-24"];
    sandbox.run(&[&["exceptions", "--detailed-exitcode"], &late[..]].concat()).exits(2).says("EXPIRED on 2026-12-03");
    sandbox.run(&[&["exceptions", "--detailed-exitcode"], &AS_OF[..]].concat()).exits(0);
}

/// What a block says of itself, and an output's description, reach the reviewer in every view.
#[test]
fn what_blocks_say_is_shown_to_reviewers() {
    let sandbox = mixed();
    for args in
        [&["plan", "-v"][..], &["plan", "--format", "markdown"], &["plan", "--format", "html"], &["plan", "--json"]]
    {
        let said = sandbox.run(&[args, &AS_OF[..]].concat());
        for part in [
            "Emergency access",
            "facilities",
            "Scan to mail",
            "2026-12-03",
            "certificate",
            "How many users the blocks claim",
        ] {
            assert!(said.stdout.contains(part), "{args:?}: {part} is not in {}", said.stdout);
        }
    }
    let said = sandbox.run(&[&["explain", "user002@contoso.com"], &AS_OF[..]].concat());
    said.exits(0).says("owner: facilities@contoso.com").says("replacement: certificate_auth");
}

/// A wave that opened this morning is no drift: it is told by its name.
#[test]
fn an_open_wave_is_named_and_not_called_drift() {
    let sandbox = mixed();
    sandbox.run(&["apply", "--auto-approve", "--as-of", "2026-11-24"]).exits(0);
    let said = sandbox.run(&["verify", "--as-of", "2027-06-01"]);
    said.exits(2).says("Wave later.all is open and not applied: 1 user.").says("Due: their wave is open");
    assert!(!said.stdout.contains("Not as they should be"), "{}", said.stdout);
    let document = sandbox.run(&["verify", "--json", "--as-of", "2027-06-01"]).json();
    let user = document["users"].as_array().unwrap().iter().find(|user| user["wave"].is_string()).unwrap();
    assert_eq!(user["wave"], "later.all");
    sandbox.run(&["verify", "--as-of", "2026-11-24"]).exits(0).says("Waiting (different only with --strict)");
}

#[test]
fn a_command_of_terraform_gets_a_pointer() {
    let sandbox = mixed();
    for command in ["state", "output", "destroy", "graph", "import", "workspace"] {
        let said = sandbox.run(&[command]);
        said.exits(1);
        assert!(said.stderr.contains("hint:") && said.stderr.contains("Terraform's"), "{}", said.stderr);
    }
}
