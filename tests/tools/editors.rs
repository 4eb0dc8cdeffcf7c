//! What the editor extension and the hooks for other programs say of the program is true.

use super::program::{Place, repository};

/// A snippet's text as it stands once nobody has typed anything: `${1:default}`, `${1|first,second|}`.
fn filled(body: &str) -> String {
    let (mut text, mut rest) = (String::new(), body);
    while let Some(at) = rest.find("${") {
        let (before, placeholder) = rest.split_at(at);
        let inner = &placeholder[2..placeholder.find('}').unwrap()];
        let inner = inner.trim_start_matches(|character: char| character.is_ascii_digit());
        let value = inner.strip_prefix(':').unwrap_or_else(|| inner.trim_matches('|').split(',').next().unwrap());
        text += before;
        text += value;
        rest = &placeholder[placeholder.find('}').unwrap() + 1..];
    }
    text + rest
}

#[test]
fn every_snippet_is_valid_and_formatted() {
    let snippets = std::fs::read_to_string(repository("editors/vscode/snippets/mfaplan.json")).unwrap();
    let snippets: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&snippets).unwrap();
    assert!(!snippets.is_empty());
    for (name, snippet) in snippets {
        let lines: Vec<_> =
            snippet["body"].as_array().unwrap().iter().map(|line| filled(line.as_str().unwrap())).collect();
        let tenant = "tenant \"contoso\" {\n  id = \"6f1c2d3e-4a5b-4c6d-8e7f-901234567890\"\n}\n\n";
        let staff = "\nmfa \"everybody\" {\n  state = \"enforced\"\n  where = user.account_enabled\n}\n";
        let place = Place::with(&[("main.mfa.hcl", &format!("{tenant}{}\n{staff}", lines.join("\n")))]);
        let said = place.run(&["validate"]);
        assert_eq!(said.code, 0, "{name}: {}{}", said.out, said.err);
        assert_eq!(place.run(&["fmt", "--check"]).code, 0, "{name} is not formatted");
    }
}

#[test]
fn the_hooks_name_commands_that_exist() {
    let hooks = std::fs::read_to_string(repository(".pre-commit-hooks.yaml")).unwrap();
    let entries: Vec<_> = hooks.lines().filter_map(|line| line.trim().strip_prefix("entry: mfaplan ")).collect();
    assert!(!entries.is_empty());
    let place =
        Place::with(&[("main.mfa.hcl", "tenant \"contoso\" {\n  id = \"6f1c2d3e-4a5b-4c6d-8e7f-901234567890\"\n}\n")]);
    for entry in entries {
        let said = place.run(&entry.split(' ').collect::<Vec<_>>());
        assert_eq!(said.code, 0, "{entry}: {}{}", said.out, said.err);
    }
}
