//! `plan --timeline` and `explain USER`, as they stand at a terminal of 80 columns.

use std::{path::Path, process::Command};

fn run(arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/migrate-to-conditional-access");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mfaplan"));
    command.env_clear().args(arguments).arg("--chdir").arg(root).args(["--as-of", "2026-11-21", "--no-color"]);
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let wide: Vec<_> = out.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "wider than 80 columns: {wide:#?}");
    format!("exit {}\n{out}{err}", output.status.code().unwrap())
}

#[test]
fn timeline() {
    insta::assert_snapshot!(run(&["plan", "--timeline"]));
}

#[test]
fn explain_a_blocked_user() {
    insta::assert_snapshot!(run(&["explain", "lars.holm@contoso.com"]));
}

#[test]
fn explain_a_protected_user() {
    insta::assert_snapshot!(run(&["explain", "emergency1@contoso.onmicrosoft.com"]));
}
