//! Advice works: what is proposed is run as it is printed, in the state in which it is proposed.

use std::fs;

use crate::{
    binary::{Said, Sandbox},
    tenant::{AS_OF, apply, configuration, people},
};

/// Three people, from the directory above their configuration.
fn below() -> Sandbox {
    let sandbox = people(3);
    fs::create_dir(sandbox.path("mfa")).unwrap();
    for name in ["main.mfa.hcl", "tenant.json"] {
        fs::rename(sandbox.path(name), sandbox.path("mfa").join(name)).unwrap();
    }
    sandbox
}

/// The words of a line, as a shell reads them.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, false);
    for c in line.chars() {
        match c {
            '\'' => {
                quote = !quote;
                word.get_or_insert_default();
            }
            ' ' if !quote => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The commands below `Next`, each on one line.
fn proposed(shown: &str) -> Vec<String> {
    let (_, next) = shown.split_once("\nNext ").unwrap_or_else(|| panic!("nothing is proposed:\n{shown}"));
    let joined = next.replace("\\\n", " ");
    let commands = joined.lines().filter_map(|line| line.find("mfaplan ").map(|at| line[at..].to_owned()));
    commands.map(|line| line.split(" saves this plan").next().unwrap().to_owned()).collect()
}

/// Runs a proposal with these words for its placeholders.
fn run(sandbox: &Sandbox, command: &str, placeholders: &[(&str, &str)]) -> Said {
    let words: Vec<String> = words(command)
        .iter()
        .map(|word| placeholders.iter().fold(word.clone(), |word, (from, to)| word.replace(from, to)))
        .collect();
    sandbox.run(&words[1..].iter().map(String::as_str).collect::<Vec<_>>())
}

fn enforced(sandbox: &Sandbox) -> usize {
    fs::read_to_string(sandbox.path("mfa/tenant.json")).unwrap().matches("\"enforced\"").count()
}

/// However a plan was made, the commands behind it find the same configuration and write the same users. A variable's
/// value is left to be filled in, for it may be secret.
#[test]
fn the_next_commands_run_as_they_are_printed() {
    let variable = "\nvariable \"who\" {\n  type = string\n}\n\ncheck \"who\" {\n  assert {\n    condition     = var.who == \"all of them\"\n    error_message = \"another\"\n  }\n}\n";
    let bounded = "\nguardrails {\n  max_changes = 1\n}\n";
    let cases: [(&str, &[&str], usize); 6] = [
        ("", &[], 3),
        (variable, &["--var", "who=all of them"], 3),
        (bounded, &["--waive", "max_changes=3", "--reason", "CHG-1, agreed"], 3),
        ("", &["--target", "user001@contoso.com"], 1),
        ("", &["--snapshot", "copy.json"], 0),
        ("", &["--sign-ins", "none"], 3),
    ];
    for (more, args, expected) in cases {
        for saved in [false, true] {
            let sandbox = below();
            sandbox.append("mfa/main.mfa.hcl", more);
            fs::copy(sandbox.path("mfa/tenant.json"), sandbox.path("mfa/copy.json")).unwrap();
            let out: &[&str] = if saved { &["--out", "p.mfaplan"] } else { &[] };
            let shown = sandbox.run(&[&["plan", "--chdir", "mfa"], args, out, &AS_OF].concat()).exits(0).stdout.clone();
            assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
            let commands = proposed(&shown);
            assert_eq!(commands[1].contains("--sign-ins none"), args.contains(&"--sign-ins"), "{}", commands[1]);
            assert!(commands.len() == 2 && !shown.contains("all of them"), "{shown}");
            run(&sandbox, &commands[1], &[("who=…", "who=all of them")]).exits(0);
            assert_eq!(enforced(&sandbox), expected, "{args:?}: {}", commands[1]);
        }
    }
}

/// Where signatures are required a digest approves nothing, so that no view proposes it; what is proposed works.
#[test]
fn where_signatures_are_required_signing_is_proposed() {
    for saved in [false, true] {
        let sandbox = below();
        let keygen = |args: &[&str]| std::process::Command::new("ssh-keygen").args(args).output().unwrap();
        let key = sandbox.path("mfa/anna");
        keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "anna@contoso.com", "-f", key.to_str().unwrap()]);
        let public = sandbox.read("mfa/anna.pub");
        sandbox.write("mfa/signers", &format!("anna@contoso.com {public}"));
        let approvals = "\nguardrails {\n  approvals {\n    required        = 1\n    allowed_signers = \"signers\"\n    max_age         = \"24h\"\n  }\n}\n";
        sandbox.append("mfa/main.mfa.hcl", approvals);
        let plan =
            |more: &[&str]| sandbox.run(&[&["plan", "--chdir", "mfa"], more, &AS_OF].concat()).exits(0).stdout.clone();
        for format in ["text", "markdown", "summary", "html"] {
            assert!(!plan(&["--format", format]).contains("--approve"), "{format} proposes what is refused");
        }
        let commands = proposed(&if saved { plan(&["--out", "p.mfaplan"]) } else { plan(&[]) });
        let words = [("FILE", "p.mfaplan"), ("KEY", "anna"), ("SIGNATURE", "anna.sig")];
        assert_eq!(commands.len(), if saved { 2 } else { 3 }, "{commands:?}");
        for command in &commands {
            // What stands behind the first signature is "and so on"; the file that signing writes has a name.
            let command = command.replace(" …", "").replace(" KEY", " KEY --out anna.sig");
            run(&sandbox, &command, &words).exits(0);
        }
        assert_eq!(enforced(&sandbox), 3, "{commands:?}");
    }
}

/// A file that may not be written is no permission of Microsoft Graph.
#[test]
fn the_hint_of_a_read_only_snapshot_is_about_the_file() {
    let sandbox = people(2);
    fs::create_dir(sandbox.path("facts")).unwrap();
    fs::rename(sandbox.path("tenant.json"), sandbox.path("facts/tenant.json")).unwrap();
    sandbox.write("main.mfa.hcl", &configuration("snapshot = \"facts/tenant.json\""));
    let path = sandbox.path("facts/tenant.json");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions.clone()).unwrap();
    let said = sandbox.run(&apply(&["--auto-approve"]));
    said.exits(4).says("the file is read-only").says("make the snapshot and its directory writable");
    assert!(!format!("{}{}", said.stdout, said.stderr).contains("Policy.ReadWrite"), "{}", said.stderr);
    // Made writable, the run goes on by the command that was printed.
    #[expect(clippy::permissions_set_readonly_false, reason = "a test's own file in a directory of its own")]
    permissions.set_readonly(false);
    fs::set_permissions(&path, permissions).unwrap();
    let hint = said.stderr.lines().find_map(|line| line.split_once("to go on: ")).unwrap().1.to_owned();
    run(&sandbox, &format!("{hint} --auto-approve"), &[]).exits(0);
    assert!(sandbox.read("facts/tenant.json").matches("\"enforced\"").count() == 2);
}
