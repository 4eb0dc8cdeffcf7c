//! What a terminal and the log of a CI job get to see: no name of the tenant, of a file or of an argument is obeyed by
//! either, whatever it is.

use serde_json::Value;

use crate::support::{AS_OF, Place, Run};

/// Names as an attacker would choose them. What follows a name decides where wrapping breaks a line, so `::` comes
/// behind a word of every length.
fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "\u{1b}[2J\u{1b}[31mred",
        "bell\u{7}",
        "csi\u{9b}31m",
        "bidi\u{202e}\u{2066}",
        "break\n::error::x",
        "return\r::add-mask::x",
        "line\u{2028}::error::x",
        "::error::x",
        "##vso[task.complete result=Succeeded;]",
        "##[add-mask]x",
        "##teamcity[buildStop]",
    ]
    .map(str::to_owned)
    .into();
    names.extend((0..80).step_by(8).map(|n| format!("{} ::add-mask::e ##vso[x]", "p".repeat(n + 1))));
    names
}

/// The commands of GitHub's own format are its lines; those of all others are danger.
fn dangers(run: &Run, commands: bool) -> Vec<String> {
    let dangerous = |line: &&str, commands: bool| {
        let hostile = line.chars().any(|c| {
            (c.is_control() && c != '\t') || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        });
        let after = line.trim_start();
        let command = after.starts_with("::")
            && !(commands && ["::error ", "::warning ", "::notice "].iter().any(|own| line.starts_with(own)));
        let anywhere = ["##[", "##vso[", "##teamcity["].iter().any(|one| line.contains(one));
        hostile || command || anywhere
    };
    let out = run.out.lines().filter(|line| dangerous(line, commands));
    out.chain(run.err.lines().filter(|line| dangerous(line, false))).map(str::to_owned).collect()
}

/// A tenant in which everything that has a name has this one, and a configuration that quotes them.
fn hostile(name: &str) -> Place {
    let place = Place::with("minimal");
    let mut tenant: Value = serde_json::from_str(&place.read("mfa/tenant.json")).unwrap();
    tenant["tenant"]["displayName"] = name.into();
    for user in tenant["users"].as_array_mut().unwrap() {
        for key in ["displayName", "department", "jobTitle"] {
            user[key] = name.into();
        }
    }
    tenant["groups"] =
        serde_json::json!([{"id": "a0000000-0000-4000-8000-000000000001", "displayName": format!("SG-{name}")}]);
    tenant["conditionalAccessPolicies"] = serde_json::json!([{
        "id": "c0000000-0000-4000-8000-000000000001", "displayName": name, "state": "enabled",
        "conditions": {"clientAppTypes": ["browser"], "applications": {"includeApplications": ["All"]}, "users": {"includeUsers": ["All"]}},
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }]);
    place.write("mfa/tenant.json", &tenant.to_string());
    place.write(
        "mfa/rule.mfa.hcl",
        "rule \"OWN-1\" {\n  when     = true\n  severity = \"low\"\n  message  = \"${user.display_name} of ${user.department}\"\n}\n\noutput \"tenant\" {\n  value = tenant.name\n}\n",
    );
    place
}

#[test]
fn no_name_is_obeyed_by_a_terminal_or_a_ci_runner() {
    for name in names() {
        let place = hostile(&name);
        let at = ["--chdir", "mfa", "--as-of", AS_OF];
        let run = |args: &[&str]| place.run(&[args, &at[..]].concat());
        let look = |what: &str, run: &Run, commands: bool| {
            let found = dangers(run, commands);
            assert!(found.is_empty(), "{what} with {name:?}: {found:#?}");
        };
        let planned = run(&["plan", "-v", "--out", "../plan.mfaplan"]);
        assert_eq!(planned.code, 0, "{}{}", planned.out, planned.err);
        look("plan", &planned, false);
        look("plan --format github", &run(&["plan", "--format", "github"]), true);
        look("explain", &run(&["explain", "jdoe@contoso.com"]), false);
        look("an argument", &run(&["explain", &name.replace('\0', "")]), false);
        look("a flag", &run(&["plan", &format!("--{name}")]), false);
        look("a file's name", &run(&["show", &name]), false);
        look("show of the snapshot", &run(&["show", "tenant.json"]), false);
        look("verify", &run(&["verify"]), false);
        place.write("mfa/group.mfa.hcl", "mfa \"group\" {\n  state  = \"enabled\"\n  groups = [\"SG-\"]\n}\n");
        look("a diagnostic's hint", &run(&["plan"]), false);
        let check = "check \"name\" {\n  severity = \"error\"\n\n  assert {\n    condition     = false\n    error_message = \"not in ${tenant.name}\"\n  }\n}\n";
        place.write("mfa/group.mfa.hcl", check);
        look("a refused plan", &run(&["plan"]), false);
        look("a refused apply", &run(&["apply", "--auto-approve"]), false);
        place.write("mfa/group.mfa.hcl", "");
        look("apply", &run(&["apply", "--auto-approve"]), false);
        look("history", &run(&["history"]), false);
    }
}

#[cfg(unix)]
#[test]
fn whatever_names_people_is_made_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with("minimal");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let at = ["--chdir", "mfa", "--as-of", AS_OF];
    let run = |args: &[&str]| place.run(&[args, &at[..]].concat()).ends(0);
    std::fs::write(place.path("loose.jsonl"), "old").unwrap();
    std::fs::set_permissions(place.path("loose.jsonl"), std::fs::Permissions::from_mode(0o644)).unwrap();
    run(&["plan", "--out", "../plan.mfaplan", "--events", "../loose.jsonl"]);
    run(&["snapshot", "--out", "../copy.json"]);
    run(&["apply", "--auto-approve", "--events", "../events.jsonl"]);
    let journal = std::fs::read_dir(place.path("mfa/.mfaplan/runs")).unwrap().next().unwrap().unwrap().path();
    let name = journal.file_stem().unwrap().to_str().unwrap().to_owned();
    run(&["rollback", &name, "--out", "../back.mfaplan"]);
    for file in ["plan.mfaplan", "loose.jsonl", "copy.json", "events.jsonl", "back.mfaplan"] {
        assert_eq!(mode(&place.path(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&journal), 0o600, "the journal");
}
