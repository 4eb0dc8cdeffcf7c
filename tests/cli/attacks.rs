//! What somebody tries who has the files in hand: plans that say something else, journals that do, copies, links, other
//! days, other tenants.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::{
    binary::{Said, Sandbox, Terminal},
    tenant::{AS_OF, TENANT, apply, id, people},
};

/// Edits a saved plan and makes its checksum fit again, as anybody can. The digest stays as it is.
fn forge(sandbox: &Sandbox, from: &str, to: &str, edit: &dyn Fn(&mut Value)) {
    let mut plan: Value = serde_json::from_str(&sandbox.read(from)).unwrap();
    plan.as_object_mut().unwrap().remove("checksum").unwrap();
    edit(&mut plan);
    let mut text = plan.to_string();
    text.pop();
    let checksum = sha256(sandbox, &text);
    sandbox.write(to, &format!("{text},\"checksum\":\"sha256:{checksum}\"}}\n"));
}

/// By a program that everybody has.
fn sha256(sandbox: &Sandbox, text: &str) -> String {
    sandbox.write("hashed", text);
    let said = Command::new("sha256sum").arg(sandbox.path("hashed")).output().unwrap();
    String::from_utf8(said.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
}

fn saved(sandbox: &Sandbox, file: &str) {
    sandbox.run(&[&["plan", "--out", file], &AS_OF[..]].concat()).exits(0);
}

const AUTOMATIC: &str =
    "guardrails {\n  auto_approve {\n    condition = plan.summary.enforce < 9\n    reason    = \"small\"\n  }\n}\n";

/// Neither a member of the file nor a block that is gone by now approves it.
#[test]
fn a_saved_plan_does_not_approve_itself() {
    let sandbox = people(2);
    let original = sandbox.read("tenant.json");
    saved(&sandbox, "p.mfaplan");
    forge(&sandbox, "p.mfaplan", "forged.mfaplan", &|plan| plan["execution"]["auto_approve"] = json!("small"));
    sandbox.run(&["apply", "forged.mfaplan"]).exits(1).says("no approval");
    sandbox.write("auto.mfa.hcl", AUTOMATIC);
    saved(&sandbox, "then.mfaplan");
    fs::remove_file(sandbox.path("auto.mfa.hcl")).unwrap();
    sandbox.run(&["apply", "then.mfaplan"]).exits(3).says("auto.mfa.hcl (is gone)");
    assert_eq!(sandbox.read("tenant.json"), original);
    assert!(sandbox.runs().is_empty());
    sandbox.write("auto.mfa.hcl", AUTOMATIC);
    sandbox.run(&["apply", "then.mfaplan"]).exits(0).says("Approved by `auto_approve`");
}

/// Every edit that would tell something else under the digest that was approved; and how a plan is performed is the word of
/// the configuration at hand.
#[test]
fn a_plan_file_says_nothing_else_than_its_digest() {
    let sandbox = people(2);
    let original = sandbox.read("tenant.json");
    saved(&sandbox, "p.mfaplan");
    let digest = sandbox.digest(&AS_OF);
    type Edit<'a> = &'a dyn Fn(&mut Value);
    let edits: [(&str, Edit<'_>); 12] = [
        ("name", &|plan| plan["changes"][0]["user"]["user_principal_name"] = json!("test@contoso.com")),
        ("summary", &|plan| (plan["summary"]["enforce"], plan["summary"]["managed"]) = (json!(0), json!(0))),
        ("action", &|plan| plan["changes"][0]["action"] = json!("disable")),
        ("effective", &|plan| plan["changes"][0]["effective"] = json!("disabled")),
        ("impact", &|plan| plan["changes"][0]["impact"]["legacy_auth"]["after"] = json!("password_only")),
        ("cloud", &|plan| plan["tenant"]["cloud"] = json!("china")),
        ("canary", &|plan| plan["execution"]["canary"] = json!(0)),
        ("failures", &|plan| plan["execution"]["stop_after_failures"] = json!(4_294_967_295_u32)),
        ("confirm", &|plan| plan["execution"]["confirm"] = json!("tenant")),
        ("steps", &|plan| plan["changes"][0]["steps"] = json!([])),
        ("twice", &|plan| {
            let one = plan["changes"][0].clone();
            plan["changes"].as_array_mut().unwrap().push(one);
        }),
        ("others", &|plan| plan["summary"]["protected"] = json!(7)),
    ];
    for (name, edit) in edits {
        forge(&sandbox, "p.mfaplan", "q.mfaplan", edit);
        for command in [&["show", "q.mfaplan"][..], &["diff", "p.mfaplan", "q.mfaplan"]] {
            sandbox.run(command).exits(1);
        }
        let said = sandbox.run(&["apply", "q.mfaplan", "--approve", &digest]);
        assert!(matches!(said.code, Some(1 | 3)), "{name}: {said:?}");
        assert_eq!(sandbox.read("tenant.json"), original, "{name}");
    }
    forge(&sandbox, "p.mfaplan", "q.mfaplan", &|_| ());
    sandbox.run(&["apply", "q.mfaplan", "--approve", &digest]).exits(0);
}

/// Each policy came after the plan: whatever it says, the plan is not applied past it.
#[test]
fn a_saved_plan_is_held_to_the_policy_at_hand() {
    let sandbox = people(2);
    let original = sandbox.read("tenant.json");
    saved(&sandbox, "p.mfaplan");
    let digest = sandbox.digest(&AS_OF);
    fs::create_dir(sandbox.path("policy")).unwrap();
    for policy in [
        "service_account \"mail\" {\n  users  = [\"user001@contoso.com\"]\n  owner  = \"it\"\n  reason = \"mails\"\n}\n",
        "break_glass \"keys\" {\n  users  = [\"user001@contoso.com\"]\n  reason = \"keys\"\n}\n",
        "guardrails {\n  max_changes = 0\n}\n",
        "guardrails {\n  max_change_percent = 0\n}\n",
        "guardrails {\n  not_acceptable = [\"MFA023\"]\n}\n",
        "guardrails {\n  approvals {\n    required = 1\n    allowed_signers = \"signers\"\n    max_age = \"1h\"\n  }\n}\n",
        "rule \"ORG-1\" {\n  when     = true\n  severity = \"critical\"\n  message  = \"not yet\"\n}\n",
    ] {
        sandbox.write("policy/policy.mfa.hcl", policy);
        let said = sandbox.run(&["apply", "p.mfaplan", "--approve", &digest, "--policy", "policy"]);
        said.exits(3).says("policy.mfa.hcl");
        assert_eq!(sandbox.read("tenant.json"), original, "{policy}");
    }
    assert!(sandbox.runs().is_empty());
}

/// What the policy lets nobody accept, the configuration does not take the weight from either.
#[test]
fn a_risk_block_is_no_way_round_not_acceptable() {
    let sandbox = people(2);
    fs::create_dir(sandbox.path("policy")).unwrap();
    sandbox.write("policy/policy.mfa.hcl", "guardrails {\n  not_acceptable = [\"MFA023\"]\n}\n");
    for body in ["enabled = false", "severity = \"info\""] {
        sandbox.write("risk.mfa.hcl", &format!("risk \"MFA023\" {{\n  {body}\n}}\n"));
        let said = sandbox.run(&[&["plan", "--policy", "policy"], &AS_OF[..]].concat());
        said.exits(1).says("MFA023").says("risk.mfa.hcl");
    }
}

/// The policy declares the account as it is; the configuration would lower it.
#[test]
fn an_account_that_the_policy_declares_as_it_is_is_not_lowered() {
    let sandbox = people(2);
    crate::tenant::by_hand(&sandbox, 1, "enforced");
    fs::create_dir(sandbox.path("policy")).unwrap();
    let account = |state: &str| {
        format!(
            "service_account \"mail\" {{\n  users  = [\"user001@contoso.com\"]\n  owner  = \"it\"\n  reason = \"mails\"\n{state}}}\n"
        )
    };
    sandbox.write("policy/policy.mfa.hcl", &account(""));
    sandbox.write("account.mfa.hcl", &account("  state  = \"disabled\"\n"));
    sandbox.run(&[&apply(&["--auto-approve"])[..], &["--policy", "policy"]].concat());
    assert_eq!(sandbox.states()[&id(1)], "enforced");
}

/// The tenant is looked at again when the answer is given.
#[test]
fn a_snapshot_of_another_tenant_by_the_time_of_the_answer_is_not_written() {
    let sandbox = people(2);
    let Some(mut terminal) = Terminal::start(&sandbox, &apply(&[]), "") else { return };
    terminal.until("Enter a value:");
    let other = sandbox.read("tenant.json").replace(TENANT, "11111111-2222-4333-8444-555555555555");
    sandbox.write("tenant.json", &other);
    terminal.types("yes\n");
    terminal.ends().exits(1).says("it is a copy of tenant");
    assert_eq!(sandbox.read("tenant.json"), other);
}

/// A tenant without a name that could be typed is named by its id.
#[test]
fn an_empty_name_is_not_what_has_to_be_typed() {
    for name in ["\"\"", "null", "\"  \"", "\"\\u001b[2K\""] {
        let sandbox = people(2);
        sandbox.append("main.mfa.hcl", "guardrails {\n  confirm = \"tenant\"\n}\n");
        sandbox.replace("tenant.json", "\"displayName\": \"Contoso\"", &format!("\"displayName\": {name}"));
        let original = sandbox.read("tenant.json");
        let Some(said) = answered(&sandbox, "\n") else { return };
        said.exits(1);
        assert_eq!(sandbox.read("tenant.json"), original, "{name}");
        answered(&sandbox, &format!("{TENANT}\n")).unwrap().exits(0);
    }
}

fn answered(sandbox: &Sandbox, answer: &str) -> Option<Said> {
    let mut terminal = Terminal::start(sandbox, &apply(&[]), "")?;
    terminal.until("Enter a value:").types(answer);
    Some(terminal.ends())
}

/// Two directories whose runs change different halves of one snapshot at once.
#[test]
fn two_directories_on_one_snapshot_lose_no_write() {
    let sandbox = people(200);
    for (name, half) in [("a", "0"), ("b", "1")] {
        fs::create_dir(sandbox.path(name)).unwrap();
        sandbox.write(
            &format!("{name}/main.mfa.hcl"),
            &format!(
                "tenant \"contoso\" {{\n  id = \"{TENANT}\"\n  snapshot = \"../tenant.json\"\n}}\n\nmfa \"half\" {{\n  state \
                 = \"enforced\"\n  where = startswith(user.user_principal_name, \"user{half}\")\n}}\nguardrails {{\n  \
                 max_change_percent = 100\n}}\n"
            ),
        );
    }
    let start = |name: &str| {
        let args = ["--chdir", name, "apply", "--auto-approve", "--parallelism", "16", AS_OF[0], AS_OF[1]];
        sandbox.spawn(&mut sandbox.command(&args))
    };
    let (first, second) = (start("a"), start("b"));
    for child in [first, second] {
        Said::from(child.wait_with_output().unwrap()).exits(0);
    }
    assert!(sandbox.states().values().all(|state| state == "enforced"));
}

fn journal_path(sandbox: &Sandbox) -> String {
    format!(".mfaplan/runs/{}.jsonl", sandbox.run_id())
}

/// Lines taken out, doubled or moved: nothing goes on by such a journal, and `history` names the line.
#[test]
fn a_journal_with_other_lines_is_noticed_by_every_command() {
    let sandbox = people(2);
    sandbox.run(&apply(&["--auto-approve"])).exits(0);
    let (run, path) = (sandbox.run_id(), journal_path(&sandbox));
    let (original, written) = (sandbox.read(&path), sandbox.read("tenant.json"));
    let lines: Vec<&str> = original.lines().collect();
    let without = [&lines[..1], &lines[2..]].concat();
    let doubled = [&lines[..2], &lines[1..]].concat();
    let moved = [&lines[..1], &[lines[2], lines[1]], &lines[3..]].concat();
    let renamed: Vec<String> = lines.iter().map(|line| line.replace("user001@", "eve@")).collect();
    let renamed: Vec<&str> = renamed.iter().map(String::as_str).collect();
    for (name, lines) in [("without", without), ("doubled", doubled), ("moved", moved), ("renamed", renamed)] {
        sandbox.write(&path, &(lines.join("\n") + "\n"));
        for command in [&["rollback", &run, "--auto-approve"][..], &["apply", "--resume", &run, "--auto-approve"]] {
            sandbox.run(command).exits(1).says("the journal is damaged");
        }
        sandbox.run(&["verify", &run]).exits(1).says("damaged");
        sandbox.run(&["history", "--verify"]).exits(1).says("not intact").says(".jsonl:");
        sandbox.run(&["history"]).exits(0).says("damaged");
        assert_eq!(sandbox.read("tenant.json"), written, "{name}");
    }
    sandbox.write(&path, &original);
    sandbox.run(&["history", "--verify"]).exits(0).says("intact");
}

/// A copy of a journal under another name, in another directory too.
#[test]
fn a_copied_journal_is_nobodys() {
    let sandbox = people(2);
    sandbox.run(&apply(&["--auto-approve"])).exits(0);
    let (path, written) = (journal_path(&sandbox), sandbox.read("tenant.json"));
    let original = sandbox.read(&path);
    sandbox.write(".mfaplan/runs/backup.jsonl", &(original.lines().next().unwrap().to_owned() + "\n"));
    for command in [&["apply", "--resume", "backup", "--auto-approve"][..], &["rollback", "backup", "--auto-approve"]] {
        sandbox.run(command).exits(1).says("it is a copy or was renamed");
    }
    sandbox.run(&["history", "backup"]).exits(1);
    assert_eq!((sandbox.read(&path), sandbox.read("tenant.json")), (original, written));
}

fn key(sandbox: &Sandbox, name: &str) -> bool {
    let path = sandbox.path(name);
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(&path).status();
    made.is_ok_and(|status| status.success())
}

/// Who applied, from where, by whose signature and to what end stands in the journal, and is proved again.
#[test]
fn a_journal_says_who_applied_and_proves_who_signed() {
    let mut sandbox = people(2);
    if !key(&sandbox, "ana") {
        return;
    }
    let public = sandbox.read("ana.pub");
    sandbox.write("signers", &format!("ana@contoso.com {public}"));
    sandbox.append(
        "main.mfa.hcl",
        "guardrails {\n  approvals {\n    required = 1\n    allowed_signers = \"signers\"\n  }\n}\n",
    );
    let planned = sandbox.run(&[&["plan", "--out", "p.mfaplan"], &AS_OF[..]].concat());
    planned.exits(0).says("Signatures of any age");
    sandbox.run(&["approve", "p.mfaplan", "--key", "ana", "--out", "ana.sig"]).exits(0);
    for (name, value) in [
        ("CI", "true"),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_REPOSITORY", "contoso/mfa"),
        ("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567"),
        ("GITHUB_RUN_ID", "77"),
        ("GITHUB_SERVER_URL", "https://github.example.com"),
    ] {
        sandbox.set(name, value);
    }
    let original = sandbox.read("tenant.json");
    let said = sandbox.run(&["apply", "p.mfaplan", "--signature", "ana.sig"]);
    said.exits(0).says("no journal of an earlier run lies below .mfaplan");
    let (run, path) = (sandbox.run_id(), journal_path(&sandbox));
    let first = &sandbox.journal(&run)[0];
    assert_eq!(first["by"]["ci"]["repository"], "contoso/mfa", "{first}");
    assert!(first["by"]["user"].is_string() && first["by"]["host"].is_string(), "{first}");
    let told = sandbox.run(&["history", &run]);
    told.exits(0).says("contoso/mfa").says("ana@contoso.com").says("user001@contoso.com").says("read back");
    let details = sandbox.run(&["history", &run, "--json"]).exits(0).json();
    assert_eq!(details["users"].as_array().unwrap().len(), 2, "{details}");
    sandbox.run(&["history", "--verify"]).exits(0).says("1 signature(s) verified");
    // A spent signature does not count again; where no journal is kept, that is said.
    sandbox.write("tenant.json", &original);
    sandbox.run(&["apply", "p.mfaplan", "--signature", "ana.sig"]).exits(1);
    let journal = sandbox.read(&path);
    sandbox.write(&path, &journal.replace("ana@contoso.com", "eve@contoso.com"));
    sandbox.run(&["history", "--verify"]).exits(1).says("not intact");
    // Another signer than the one whose key it is, with every hash made to fit: only the signature tells.
    sandbox.write(&path, &journal);
    sandbox.write("signers", &format!("eve@contoso.com {public}"));
    sandbox.run(&["history", "--verify"]).exits(1).says("does not count");
    fs::remove_dir_all(sandbox.path(".mfaplan")).unwrap();
    assert!(!Path::new(&sandbox.path(&path)).exists());
}

/// A saved way back: interrupted and resumed it is one still, of which nothing is withheld for its risks.
#[test]
fn a_saved_way_back_that_is_interrupted_stays_one() {
    let sandbox = people(2);
    let original = sandbox.states();
    sandbox.append("main.mfa.hcl", "guardrails {\n  max_downgrades = 0\n}\n");
    sandbox.run(&apply(&["--auto-approve"])).exits(0);
    let (run, raised) = (sandbox.run_id(), sandbox.read("tenant.json"));
    sandbox.run(&["rollback", &run, "--out", "back.mfaplan", AS_OF[0], AS_OF[1]]).exits(0);
    sandbox.run(&["show", "back.mfaplan"]).exits(0).says(&format!("rollback of run {run}"));
    sandbox.run(&["apply", "back.mfaplan", "--auto-approve"]).exits(0);
    assert_eq!(sandbox.states(), original);
    let back = sandbox.runs().into_iter().find(|one| *one != run).unwrap();
    let first = &sandbox.journal(&back)[0];
    assert_eq!((&first["command"], &first["rolls_back"]), (&json!("rollback"), &json!(run)), "{first}");
    // As a kill right after its first line leaves it.
    let path = format!(".mfaplan/runs/{back}.jsonl");
    let whole = sandbox.read(&path);
    sandbox.write(&path, &(whole.lines().next().unwrap().to_owned() + "\n"));
    sandbox.write("tenant.json", &raised);
    sandbox.run(&apply(&["--resume", &back, "--auto-approve"])).exits(0);
    assert_eq!(sandbox.states(), original);
}

/// That nothing is withheld of a way back is no way past the guardrails: which run it undoes, that run's journal proves.
#[test]
fn a_plan_that_only_calls_itself_a_way_back_is_refused() {
    let sandbox = people(2);
    sandbox.run(&apply(&["--auto-approve"])).exits(0);
    let forth = sandbox.run_id();
    sandbox.run(&["rollback", &forth, "--auto-approve", AS_OF[0], AS_OF[1]]).exits(0);
    let back = sandbox.runs().into_iter().find(|one| *one != forth).unwrap();
    sandbox.run(&apply(&["--auto-approve"])).exits(0);
    let written = sandbox.read("tenant.json");
    let last = sandbox.runs().into_iter().max().unwrap();
    sandbox.run(&["rollback", &last, "--out", "back.mfaplan", AS_OF[0], AS_OF[1]]).exits(0);
    let nowhere = "20200101T000000000Z-00000000";
    for (run, code, says) in [
        (json!(back), 3, "not where its changes lead"),
        (json!(nowhere), 1, "there is no run"),
        (json!("../back"), 1, "not the id of a run"),
        (json!(""), 1, "not the id of a run"),
    ] {
        forge(&sandbox, "back.mfaplan", "forged.mfaplan", &|plan| plan["rolls_back"] = run.clone());
        sandbox.run(&["apply", "forged.mfaplan", "--auto-approve"]).exits(code).says(says);
    }
    forge(&sandbox, "back.mfaplan", "forged.mfaplan", &|plan| _ = plan.as_object_mut().unwrap().remove("rolls_back"));
    sandbox.run(&["apply", "forged.mfaplan", "--auto-approve"]).exits(1).says("config.files");
    assert_eq!(sandbox.read("tenant.json"), written);
    // Where the journals are not kept, nobody can say.
    fs::rename(sandbox.path(".mfaplan"), sandbox.path("kept")).unwrap();
    sandbox.run(&["apply", "back.mfaplan", "--auto-approve"]).exits(1).says("the way back of a run");
    assert_eq!(sandbox.read("tenant.json"), written);
}

/// Paths in a policy start in its own directory: a file of the same name beside the configuration is not its word.
#[test]
fn a_policy_reads_its_own_files() {
    let sandbox = people(3);
    fs::create_dir(sandbox.path("policy")).unwrap();
    sandbox.write("policy/glass.txt", "user001@contoso.com");
    sandbox.write("glass.txt", "nobody@contoso.com");
    sandbox.write(
        "policy/policy.mfa.hcl",
        "break_glass \"keys\" {\n  where  = strcontains(file(\"glass.txt\"), user.user_principal_name)\n  reason = \
         \"keys\"\n}\nrule \"ORG-1\" {\n  when     = fileexists(\"marker.txt\")\n  severity = \"low\"\n  message  = \
         \"the policy's\"\n}\n",
    );
    sandbox.write("marker.txt", "not the policy's");
    let planned = sandbox.run(&[&["plan", "--policy", "policy", "--json"], &AS_OF[..]].concat()).exits(0).json();
    let changed: Vec<_> = planned["changes"].as_array().unwrap().iter().map(|one| &one["user"]["id"]).collect();
    assert_eq!(changed, [&json!(id(0)), &json!(id(2))]);
    assert!(!planned.to_string().contains("ORG-1"), "{planned}");
    sandbox.run(&[&["plan", "--policy", "policy", "--out", "p.mfaplan"], &AS_OF[..]].concat()).exits(0);
    sandbox.write("glass.txt", "somebody else");
    sandbox.write("policy/glass.txt", "user001@contoso.com user002@contoso.com");
    let said = sandbox.run(&["apply", "p.mfaplan", "--policy", "policy", "--auto-approve"]);
    said.exits(3).says("file(\"glass.txt\") of the policy");
}
