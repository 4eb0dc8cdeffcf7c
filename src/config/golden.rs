//! Every case under `fixtures/diagnostics`: a configuration, and beside it what is said about it (`expected.txt`).
//! `UPDATE=1 cargo test --lib config::golden` writes the expectations anew; read the difference before committing it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{KnownRule, LoadInput, load};
use crate::{
    diag::{json, render},
    severity::Severity,
};

/// A few rules to name, as the real registry is beyond this module's reach.
pub(super) const RULES: [KnownRule<'static>; 6] = [
    ("MFA001", "directory-synchronisation-account", Severity::Critical),
    ("MFA003", "last-usable-administrator", Severity::Critical),
    ("MFA006", "legacy-mail-client", Severity::Critical),
    ("MFA044", "state-changed-meanwhile", Severity::Critical),
    ("MFA045", "unknown-state", Severity::Critical),
    ("MFA201", "legacy-protocol-in-use", Severity::Critical),
];

/// Text and JSON of what loading this directory reports; the text ends with the verdict.
fn reported(dir: &Path) -> (String, String) {
    let args = fs::read_to_string(dir.join("args")).unwrap_or_default();
    let of = |key: &str| args.lines().filter_map(|line| line.strip_prefix(key)).map(str::to_owned).collect::<Vec<_>>();
    let environment: Vec<(String, String)> =
        of("env=").iter().filter_map(|line| line.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
    let files: Vec<PathBuf> = of("var_file=").iter().map(|name| dir.join(name)).collect();
    let policy = dir.join("policy");
    let input = LoadInput {
        dir,
        policy_dir: policy.is_dir().then_some(&policy),
        vars: &of("var="),
        var_files: &files,
        environment: &environment,
        instant: "2026-11-24T12:00:00Z".parse().unwrap(),
        allow_files: &[],
        known_rules: &RULES,
    };
    let options = render::RenderOptions::default();
    let (sources, diagnostics, verdict) = match load(input) {
        Ok(config) => (config.sources, config.warnings, "loaded"),
        Err(failure) => (failure.sources, failure.diagnostics, "refused"),
    };
    let text = format!("{}{verdict}\n", render::to_string(&diagnostics, &sources, options));
    (text, json::to_json(&diagnostics, &sources))
}

#[test]
fn every_case_says_what_is_written_beside_it() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut cases: Vec<PathBuf> =
        fs::read_dir("fixtures/diagnostics").unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 40, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let (text, json) = reported(&case);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let errors = json["error_count"].as_u64().unwrap();
        assert_eq!(json["valid"], errors == 0);
        assert_eq!(text.ends_with("refused\n"), errors > 0, "{}", case.display());
        assert!(!text.contains("hunter2") && !text.contains("s3cret"), "a secret in {}", case.display());
        let expected = case.join("expected.txt");
        if update {
            fs::write(&expected, &text).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != text {
            wrong.push(format!("{}:\n{text}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "not as expected (UPDATE=1 rewrites):\n{}", wrong.join("\n"));
}
