//! Variables get the values that Terraform gives them, whatever their type: against `tests/terraform/types.expected.txt`.

use std::path::Path;

use regex::Regex;

use super::{LoadInput, Overlay, load_over};
use crate::eval::format_console;

/// What the console would print for `var.v`, or `error`.
fn ours(kind: &str, default: &str) -> String {
    let mut overlay = Overlay::alone();
    let text = format!(
        "tenant \"t\" {{\n  id = \"00000000-0000-0000-0000-000000000007\"\n}}\n\nmfa \"a\" {{\n  state = \"enforced\"\n  \
         where = true\n}}\n\nvariable \"v\" {{\n  type    = {kind}\n  default = {default}\n}}\n"
    );
    overlay.insert("dir/main.mfa.hcl", text);
    let input = LoadInput {
        dir: Path::new("dir"),
        policy_dir: None,
        assignments: &[],
        environment: &[],
        instant: jiff::Timestamp::UNIX_EPOCH,
        allow_files: &[],
        known_rules: &[],
    };
    let loaded = load_over(input, &overlay);
    loaded.map_or_else(|_| "error".into(), |config| config.var.get("v").map(format_console).unwrap_or_default())
}

#[test]
#[expect(clippy::print_stdout, reason = "compare.sh shows the rate")]
fn types_convert_as_terraform_converts_them() {
    let path = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform").join(name);
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    let recorded = read("types.expected.txt");
    let cases: Vec<(&str, &str)> = recorded.split("> ").skip(1).map(|case| case.split_once('\n').unwrap()).collect();
    let list = read("types.txt");
    assert!(list.lines().filter(|line| !line.starts_with('#')).eq(cases.iter().map(|(line, _)| *line)));
    // Terraform knows of which type a `null` is: docs/language/differences.md.
    let null = Regex::new(r"to[a-z]+\(null\)( /\* of [a-z]+ \*/)?|null /\* [a-z]+ \*/").unwrap();
    let mut different = Vec::new();
    for (line, theirs) in &cases {
        let (kind, default) = line.split_once(" | ").unwrap();
        let (ours, theirs) = (ours(kind, default), null.replace_all(theirs.trim_end(), "null"));
        if ours != theirs {
            different.push(format!("{line}\nterraform: {theirs}\nmfaplan: {ours}"));
        }
    }
    println!("{} of {} types convert as Terraform's", cases.len() - different.len(), cases.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
}
