//! No result replaces what the command read: every output of every command against every input.

use std::{fs, os::unix::fs::symlink, process::Command};

use crate::{
    binary::Sandbox,
    tenant::{configuration, people},
};

/// A directory in which everything that can be read is there, with a run to go back from.
fn full() -> Sandbox {
    let sandbox = people(6);
    fs::create_dir(sandbox.path("policy")).unwrap();
    sandbox.write("policy/base.mfa.hcl", "guardrails {\n  max_changes = 100\n}\n");
    sandbox.write("people.csv", "user\nuser001@contoso.com\n");
    sandbox.write("more.mfavars.hcl", "who = \"user002@contoso.com\"\n");
    sandbox.write("later.csv", "user\nuser003@contoso.com\n");
    sandbox.write(
        "records.json",
        &serde_json::json!([{"id": "r1", "createdDateTime": "2026-11-19T08:00:00Z", "userId": crate::tenant::id(4),
            "userPrincipalName": "user004@contoso.com", "clientAppUsed": "Browser", "isInteractive": true,
            "status": {"errorCode": 0}}])
        .to_string(),
    );
    let tenant = "snapshot = \"tenant.json\"\n  sign_ins = [\"records.json\"]";
    sandbox.write("main.mfa.hcl", &configuration(tenant));
    sandbox.write(
        "more.mfa.hcl",
        r#"
variable "who" {
  type = string
}

mfa "people" {
  state = "enforced"
  users = concat([for row in csvdecode(file("people.csv")) : row.user], [var.who])
}

mfa "later" {
  state = "enforced"
  where = contains([for row in csvdecode(file("later.csv")) : row.user], user.user_principal_name)
}
"#,
    );
    sandbox.replace("main.mfa.hcl", "  where = user.user_type == \"Member\"", "  users = [\"user005@contoso.com\"]");
    let key = sandbox.path("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status().unwrap();
    assert!(made.success());
    sandbox.write("one.mfatest.hcl", "run \"nothing\" {\n}\n");
    let line = [&["plan", "--out", "staff.mfaplan"], ALL].concat();
    sandbox.run(&line).exits(0);
    sandbox.run(&[&["apply", "--auto-approve"], ALL].concat()).exits(0);
    // The rest of the time there is something to change again.
    let states = sandbox.read("tenant.json").replacen("\"enforced\"", "\"disabled\"", 1);
    sandbox.write("tenant.json", &states);
    symlink("tenant.json", sandbox.path("link.json")).unwrap();
    fs::hard_link(sandbox.path("tenant.json"), sandbox.path("hard.json")).unwrap();
    sandbox
}

const ALL: &[&str] = &["--policy", "policy", "--var-file", "more.mfavars.hcl", "--as-of", "2026-11-24"];

/// What every command reads that plans.
const PLANNING: &[&str] = &[
    "main.mfa.hcl",
    "more.mfa.hcl",
    "policy/base.mfa.hcl",
    "more.mfavars.hcl",
    "people.csv",
    "later.csv",
    "records.json",
    "tenant.json",
    "link.json",
    "hard.json",
    "policy/../tenant.json",
];

#[test]
fn a_result_never_replaces_what_the_command_read() {
    let sandbox = full();
    let run = sandbox.run_id();
    let journal = format!(".mfaplan/runs/{run}.jsonl");
    let cases: &[(&[&str], &str, &[&str])] = &[
        (&["plan"], "--out", &[]),
        (&["plan"], "--events", &[]),
        (&["apply", "--auto-approve"], "--events", &[]),
        (&["apply", "--auto-approve", "staff.mfaplan"], "--events", &["staff.mfaplan"]),
        (&["rollback", &run], "--out", &[&journal]),
        (&["rollback", &run, "--auto-approve"], "--events", &[&journal]),
        (&["verify"], "--events", &[]),
        (&["verify", &run], "--events", &[&journal]),
        (&["snapshot"], "--out", &[]),
    ];
    for (command, flag, more) in cases {
        for input in PLANNING.iter().chain(*more).copied() {
            let before = fs::read(sandbox.path(input)).unwrap();
            let said = sandbox.run(&[command, &[flag, input][..], ALL].concat());
            assert_eq!(fs::read(sandbox.path(input)).unwrap(), before, "{command:?} {flag} {input}");
            said.exits(1).says(input).says("give the result another");
        }
    }
    let alone: &[(&[&str], &str, &[&str])] = &[
        (&["approve", "staff.mfaplan", "--key", "key"], "--out", &["staff.mfaplan", "key"]),
        (&["test", "one.mfatest.hcl"], "--junit", &["one.mfatest.hcl", "main.mfa.hcl"]),
        (&["plan", "--snapshot", "tenant.json"], "--out", &["tenant.json"]),
    ];
    for (command, flag, inputs) in alone {
        for input in inputs.iter().copied() {
            let before = fs::read(sandbox.path(input)).unwrap();
            let said = sandbox.run(&[command, &[flag, input][..]].concat());
            assert_eq!(fs::read(sandbox.path(input)).unwrap(), before, "{command:?} {flag} {input}");
            said.exits(1);
        }
    }
}

#[test]
fn an_earlier_result_is_replaced() {
    let sandbox = full();
    for (command, flag, name) in
        [("plan", "--out", "plan.mfaplan"), ("plan", "--events", "events.jsonl"), ("snapshot", "--out", "copy.json")]
    {
        sandbox.write(name, "something of an earlier day, longer than nothing");
        sandbox.run(&[&[command, flag, name], ALL].concat()).exits(0);
        assert!(!sandbox.read(name).contains("earlier day"), "{command} {flag}");
    }
}
