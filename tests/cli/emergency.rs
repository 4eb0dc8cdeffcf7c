//! `set`: one user, now, by a block that stays.

use crate::{
    binary::Sandbox,
    tenant::{AS_OF, id, people},
};

fn set<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [&["set"], args, &AS_OF].concat()
}

const REASON: [&str; 2] = ["--reason", "phished, \"INC-4711\" ${x}"];

/// Nobody is declared but by what `set` writes.
fn sandbox() -> Sandbox {
    let sandbox = people(6);
    sandbox.replace("main.mfa.hcl", "user.user_type == \"Member\"", "user.department == \"Nobody\"");
    sandbox
}

#[test]
fn one_user_is_raised_and_the_file_says_why() {
    let sandbox = sandbox();
    let arguments = set(&["user003@contoso.com", "enforced", REASON[0], REASON[1], "--auto-approve"]);
    sandbox.run(&arguments).exits(0).says("emergency.mfa.hcl says so now");
    let states = sandbox.states();
    assert_eq!(states[&id(3)], "enforced");
    assert_eq!(states.values().filter(|state| *state == "enforced").count(), 1);
    let file = sandbox.read("emergency.mfa.hcl");
    assert!(file.contains("mfa \"emergency_2026_11_24_00000000\""), "{file}");
    assert!(file.contains(r#"reason   = "phished, \"INC-4711\" $${x}""#), "{file}");
    sandbox.run(&["fmt", "--check", "emergency.mfa.hcl"]).exits(0);
    sandbox.run(&[&["plan", "--detailed-exitcode"], AS_OF.as_slice()].concat()).exits(0);

    // The same again changes nothing, another user gets a block of their own.
    sandbox.run(&arguments).exits(0).says("Nothing to do");
    assert_eq!(sandbox.read("emergency.mfa.hcl"), file);
    sandbox.run(&set(&["user004@contoso.com", "enabled", "--reason", "x", "--auto-approve"])).exits(0);
    let more = sandbox.read("emergency.mfa.hcl");
    assert!(more.starts_with(&file), "blocks are added, never rewritten");
    assert!(more.contains("priority = 10000") && more.contains("priority = 10001"), "{more}");
    sandbox.run(&["fmt", "--check", "emergency.mfa.hcl"]).exits(0);
    sandbox.run(&[&["plan", "--detailed-exitcode"], AS_OF.as_slice()].concat()).exits(0);
    let run = sandbox.runs()[0].clone();
    assert_eq!(sandbox.journal(&run)[0]["changes"].as_array().unwrap().len(), 1);
}

#[test]
fn where_anything_refuses_neither_the_tenant_nor_the_file_is_written() {
    let sandbox = sandbox();
    sandbox.append(
        "main.mfa.hcl",
        "\nbreak_glass \"emergency\" {\n  users = [\"user000@contoso.com\"]\n  reason = \"Emergency\"\n}\n\
         guardrails {\n  max_changes = 0\n}\n",
    );
    let states = sandbox.states();
    let enforced = |user: &'static str, more: &[&'static str]| {
        let all = [&[user, "enforced", "--reason", "x"], more].concat();
        sandbox.run(&set(&all))
    };
    enforced("user000@contoso.com", &["--auto-approve"]).exits(3);
    enforced("nobody@contoso.com", &["--auto-approve"]).exits(1).says("no user nobody@contoso.com");
    // A guardrail refuses it.
    enforced("user001@contoso.com", &["--auto-approve"]).exits(3);
    sandbox.replace("main.mfa.hcl", "max_changes = 0", "max_changes = 1");
    enforced("user001@contoso.com", &[]).exits(1).says("no terminal to ask at");
    enforced("user001@contoso.com", &["--approve", &"0123456789abcdef".repeat(4).leak()[..]]).exits(1);
    sandbox.run(&set(&["user001@contoso.com", "disabled", "--reason", "x"])).exits(1).says("an emergency raises");
    sandbox.run(&set(&["user001@contoso.com", "enforce", "--reason", "x"])).exits(1).says("enforced");
    sandbox.run(&set(&["user001@contoso.com", "enforced"])).exits(1).says("--reason");
    assert_eq!(sandbox.states(), states);
    assert!(!sandbox.path("emergency.mfa.hcl").exists());
    assert!(sandbox.runs().is_empty());
}

#[test]
fn it_is_approved_by_its_digest_as_any_plan() {
    let sandbox = sandbox();
    let said = sandbox.run(&set(&["user001@contoso.com", "enforced", "--reason", "x"]));
    said.exits(1);
    let digest = said.stdout.split("sha256:").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    sandbox.run(&set(&["user001@contoso.com", "enforced", "--reason", "x", "--approve", &digest])).exits(0);
    assert_eq!(sandbox.states()[&id(1)], "enforced");
}
