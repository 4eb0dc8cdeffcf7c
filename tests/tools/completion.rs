//! What the shells themselves complete, with the scripts that the program writes for them. A shell that is not installed is
//! named; the program's own answers are tested beside its table of values, for every argument.
#![cfg(unix)]

use std::{
    path::Path,
    process::{Command, Stdio},
};

use super::program::Place;

/// What is typed, and what stands behind it once the key for completion was pressed.
const LINES: [(&str, &str); 5] = [
    ("mfaplan man roll", "rollback"),
    ("mfaplan plan --format ma", "markdown"),
    ("mfaplan plan --fail-on cr", "critical"),
    ("mfaplan explain MFA00", "MFA006"),
    ("mfaplan readiness --by ma", "manager"),
];

/// A shell in this directory, with the program in its `PATH`. `None` where there is no such shell.
#[expect(clippy::print_stderr, reason = "a shell that is missing is named, so that nobody believes it was tested")]
fn shell(name: &str, place: &Place) -> Option<Command> {
    let found = std::env::split_paths(&std::env::var_os("PATH")?).any(|dir| dir.join(name).is_file());
    if !found {
        eprintln!("not tested: there is no {name}");
        return None;
    }
    let program = Path::new(env!("CARGO_BIN_EXE_mfaplan")).parent()?.display().to_string();
    let mut command = Command::new("timeout");
    command.arg("60").arg(name).current_dir(place.path()).stdin(Stdio::null());
    command.env("PATH", format!("{program}:{}", std::env::var("PATH").ok()?)).env("HOME", place.path());
    Some(command)
}

fn scripted(name: &str) -> Place {
    let place = Place::copy_of("examples/minimal");
    let said = place.run(&["completions", name]);
    assert_eq!(said.code, 0, "{}", said.err);
    place.write("script", &said.out);
    place
}

fn output(mut command: Command) -> String {
    let said = command.output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr))
}

#[test]
fn bash_completes_values() {
    let place = scripted("bash");
    let ask = "source ./script; COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE=$1; COMP_POINT=${#1}; \
               COMP_TYPE=9; function=$(complete -p mfaplan | sed 's/.*-F //; s/ .*//'); \
               $function mfaplan \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"; echo \"${COMPREPLY[*]}\"";
    for (typed, wanted) in LINES {
        let Some(mut bash) = shell("bash", &place) else { return };
        bash.args(["--norc", "-c", ask, "-", typed]);
        let said = output(bash);
        assert!(said.contains(wanted), "{typed}: {said}");
    }
}

#[test]
fn fish_completes_values() {
    let place = scripted("fish");
    for (typed, wanted) in LINES {
        let Some(mut fish) = shell("fish", &place) else { return };
        fish.args(["--no-config", "-c", "source script; complete -C $argv[1]", typed]);
        let said = output(fish);
        assert!(said.contains(wanted), "{typed}: {said}");
    }
}

#[test]
fn zsh_completes_values() {
    let place = scripted("zsh");
    let Some(mut zsh) = shell("zsh", &place) else { return };
    zsh.arg("-f").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/complete.zsh")).arg("./script");
    let lines: Vec<String> = LINES.iter().map(|(typed, wanted)| format!("{typed}:{wanted}")).collect();
    let said = output({
        zsh.args(&lines);
        zsh
    });
    assert!(lines.iter().all(|line| said.contains(line.as_str())), "{said}");
}

#[test]
fn powershell_completes_values() {
    let place = scripted("powershell");
    for (typed, wanted) in LINES {
        let Some(mut pwsh) = shell("pwsh", &place) else { return };
        let ask = format!(
            ". ([scriptblock]::Create((Get-Content -Raw ./script))); (TabExpansion2 '{typed}' {}).CompletionMatches.CompletionText",
            typed.len()
        );
        pwsh.args(["-NoProfile", "-NonInteractive", "-Command", &ask]);
        let said = output(pwsh);
        assert!(said.contains(wanted), "{typed}: {said}");
    }
}
