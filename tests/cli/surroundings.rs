//! Locks, directories and files that do not do as they should.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    binary::{self, Said, Sandbox},
    tenant::{apply, configuration, people},
};

/// Root may write everywhere: the same, for the moment, as somebody who may not.
fn unprivileged(sandbox: &Sandbox, args: &[&str]) -> Option<Said> {
    let setpriv = Path::new("/usr/bin/setpriv");
    if !setpriv.exists() {
        return None;
    }
    // The binary may lie where only root looks.
    let binary = sandbox.path("mfaplan");
    if !binary.exists() {
        // By another process: a file that this one has open for writing cannot be run, nor while a fork still has it.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_mfaplan")).arg(&binary).status().unwrap();
        assert!(copied.success());
    }
    let own = fs::metadata(sandbox.path(".")).unwrap();
    let root = std::os::unix::fs::MetadataExt::uid(&own) == 0;
    let program = binary.to_str().unwrap();
    let mut command = if root {
        let drop = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--", program];
        sandbox.through(setpriv, &[&drop[..], args].concat())
    } else {
        sandbox.through(&binary, args)
    };
    Some(command.output().unwrap().into())
}

fn mode(sandbox: &Sandbox, name: &str, mode: u32) {
    fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_snapshot_keeps_its_mode_and_what_nobody_knows() {
    let sandbox = people(3);
    let before = sandbox.read("tenant.json");
    mode(&sandbox, "tenant.json", 0o640);
    sandbox.run(&apply(&["--auto-approve"])).exits(0);
    let kept = fs::metadata(sandbox.path("tenant.json")).unwrap().permissions().mode() & 0o777;
    assert_eq!(kept, 0o640);
    let wanted = before.replace("\"perUserMfaState\": \"disabled\"", "\"perUserMfaState\": \"enforced\"");
    assert_eq!(sandbox.read("tenant.json"), wanted, "only states have changed, byte by byte");
}

#[test]
fn a_symbolic_link_to_the_snapshot_stays_one() {
    let sandbox = people(2);
    fs::rename(sandbox.path("tenant.json"), sandbox.path("real.json")).unwrap();
    std::os::unix::fs::symlink("real.json", sandbox.path("tenant.json")).unwrap();
    sandbox.run(&apply(&["--auto-approve"])).exits(0);
    assert!(fs::symlink_metadata(sandbox.path("tenant.json")).unwrap().is_symlink());
    assert!(sandbox.states().values().all(|state| state == "enforced"));
}

#[test]
fn a_snapshot_that_may_not_be_written_fails_users_and_says_so() {
    let sandbox = people(2);
    // Its directory may not be written either: a snapshot is replaced whole.
    fs::create_dir(sandbox.path("facts")).unwrap();
    fs::rename(sandbox.path("tenant.json"), sandbox.path("facts/tenant.json")).unwrap();
    sandbox.write("main.mfa.hcl", &configuration("snapshot = \"facts/tenant.json\""));
    mode(&sandbox, "facts/tenant.json", 0o444);
    mode(&sandbox, "facts", 0o555);
    mode(&sandbox, ".", 0o777);
    let original = sandbox.read("facts/tenant.json");
    sandbox.append("main.mfa.hcl", "\nvariable \"token\" {\n  sensitive = true\n}\n\nvariable \"wave\" {}\n");
    let variables = ["--auto-approve", "--var", "token=hunter2", "--var", "wave=first"];
    let Some(said) = unprivileged(&sandbox, &apply(&variables)) else { return };
    said.exits(4).says("cannot write");
    // The hint goes where logs go: a secret is left to be filled in.
    said.says("--var token=… --var wave=first");
    assert!(!said.stdout.contains("hunter2") && !said.stderr.contains("hunter2"), "{}", said.stderr);
    assert_eq!(sandbox.read("facts/tenant.json"), original);
    mode(&sandbox, "facts", 0o755);
}

#[test]
fn no_journal_no_write() {
    for directory in [".", ".mfaplan", ".mfaplan/runs"] {
        let sandbox = people(2);
        fs::create_dir_all(sandbox.path(".mfaplan/runs")).unwrap();
        if directory == "." {
            fs::remove_dir_all(sandbox.path(".mfaplan")).unwrap();
        } else {
            mode(&sandbox, ".", 0o777);
            mode(&sandbox, "tenant.json", 0o666);
            mode(&sandbox, ".mfaplan", 0o777);
        }
        // The binary goes there before the directory is closed.
        if unprivileged(&sandbox, &["--version"]).is_none() {
            return;
        }
        mode(&sandbox, directory, 0o555);
        let original = sandbox.read("tenant.json");
        let said = unprivileged(&sandbox, &apply(&["--auto-approve"])).unwrap();
        said.exits(1).says(".mfaplan");
        assert_eq!(sandbox.read("tenant.json"), original, "{directory}");
        mode(&sandbox, directory, 0o755);
    }
}

#[test]
fn two_applies_at_once_one_runs_the_other_says_who_holds_the_lock() {
    let sandbox = people(100);
    let mut command = sandbox.command(&apply(&["--auto-approve"]));
    let mut first = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !fs::read_to_string(sandbox.path(".mfaplan/lock")).is_ok_and(|text| text.contains("pid")) {
        assert!(first.try_wait().unwrap().is_none());
    }
    // Held where it is, so that it holds the lock for as long as the second one looks.
    binary::signal(&first, "STOP");
    let second = sandbox.run(&apply(&["--auto-approve"]));
    binary::signal(&first, "CONT");
    second.exits(1).says(&format!("process {}", first.id())).says("`apply`").says("since");
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert!(sandbox.states().values().all(|state| state == "enforced"));
    assert_eq!(sandbox.runs().len(), 1);
}

#[test]
fn a_lock_left_by_a_killed_apply_is_no_obstacle() {
    let sandbox = people(400);
    let mut first = sandbox.spawn(&mut sandbox.command(&apply(&["--auto-approve", "--quiet"])));
    while sandbox.runs().is_empty() {
        assert!(first.try_wait().unwrap().is_none());
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let digest = sandbox.digest(&crate::tenant::AS_OF);
    assert_eq!(digest.len(), 64);
    sandbox.run(&apply(&["--auto-approve"])).exits(0);
    assert!(sandbox.states().values().all(|state| state == "enforced"));
}

#[test]
fn printed_commands_work_from_where_they_are_printed() {
    let sandbox = people(6);
    let outside = Sandbox::new();
    let dir = sandbox.path("").display().to_string();
    let said = outside.run(&["apply", "--chdir", &dir, "--auto-approve", "--as-of", "2026-11-24"]);
    said.exits(0);
    let run = sandbox.run_id();
    by_resume(&outside, &run, &dir);
}

fn by_resume(outside: &Sandbox, run: &str, dir: &str) {
    let back = outside.run(&["rollback", run, "--chdir", dir, "--auto-approve", "--json"]).exits(0).json();
    for hint in back["hints"].as_array().unwrap().iter().filter_map(|hint| hint.as_str()) {
        assert!(!hint.contains("mfaplan ") || hint.contains("--chdir"), "{hint}");
    }
}
