//! `mfaplan console`

#[cfg(target_os = "linux")]
use std::{
    io::{Read, Write},
    process::{Command, Stdio},
};

use super::program::Place;

#[test]
fn without_a_configuration_there_are_the_functions_one_answer_a_line() {
    let said =
        Place::empty().pipe(&["console"], "upper(\"a\")\n[1, 2]\n\nformatdate(\"YYYY\", \"2026-11-24T00:00:00Z\")\n");
    assert_eq!((said.out.as_str(), said.code), ("\"A\"\n[\n  1,\n  2,\n]\n\"2026\"\n", 0), "{}", said.err);
}

#[test]
fn files_are_read_as_far_as_the_command_line_allows() {
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("list.txt");
    std::fs::write(&file, "jdoe").unwrap();
    let line = format!("file({file:?})\n");
    let dir = elsewhere.path().to_str().unwrap();
    for place in [Place::empty(), Place::copy_of("examples/minimal")] {
        assert_eq!(place.pipe(&["console"], &line).code, 1);
        let said = place.pipe(&["console", "--allow-files", dir], &line);
        assert_eq!((said.out.as_str(), said.code), ("\"jdoe\"\n", 0), "{}", said.err);
    }
}

#[test]
fn a_wrong_line_is_told_on_standard_error_and_the_next_ones_still_run() {
    let said = Place::empty().pipe(&["console"], "1 +\nupperr(\"a\")\nuser(\"a\")\n1 + 1\n");
    assert_eq!((said.out.as_str(), said.code), ("2\n", 1));
    assert_eq!(said.err.matches("did you mean `upper`?").count(), 1, "{}", said.err);
    assert!(said.err.contains("there is no tenant in this session"), "{}", said.err);
}

#[test]
fn the_tenant_the_plan_and_people_can_be_asked_about() {
    let place = Place::copy_of("examples/minimal");
    let lines = "user(\"JDOE@contoso.com\").mfa_state\nlength(users)\nplan.summary.enforce\ntenant.name\n\
                 user(\"emergency1@contoso.onmicrosoft.com\").kind\n";
    let said = place.pipe(&["console"], lines);
    assert_eq!(
        (said.out.as_str(), said.code),
        ("\"disabled\"\n3\n1\n\"Contoso\"\n\"break_glass\"\n", 0),
        "{}",
        said.err
    );
}

/// Types at a terminal, each text when the prompt has come back, with `script` of util-linux holding the other end. What
/// the screen showed after each, and the exit code; none where that program is missing.
#[cfg(target_os = "linux")]
fn at_a_terminal(place: &Place, line: &str, typed: &[&str]) -> Option<(Vec<String>, i32)> {
    let tools = ["/usr/bin/script", "/usr/bin/timeout"];
    if !tools.iter().all(|tool| std::path::Path::new(tool).exists()) {
        return None;
    }
    let program = format!("{} {line}", super::program::MFAPLAN);
    let mut command = Command::new("/usr/bin/timeout");
    command.args(["60", "/usr/bin/script", "--quiet", "--return", "--command", &program, "/dev/null"]);
    let environment = [("PATH", "/usr/bin:/bin"), ("TERM", "xterm"), ("SHELL", "/bin/sh")];
    command.current_dir(place.path()).env_clear().envs(environment);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    // The line editor says that it reads (bracketed paste on) and when it has drawn its prompt (synchronised output off).
    let mut wait = || {
        let mut shown = Vec::new();
        let mut byte = [0];
        while screen.read(&mut byte).unwrap_or(0) == 1 {
            shown.push(byte[0]);
            let text = String::from_utf8_lossy(&shown);
            if text.rsplit_once("\u{1b}[?2004h").is_some_and(|(_, after)| after.contains("\u{1b}[?2026l")) {
                break;
            }
        }
        String::from_utf8_lossy(&shown).into_owned()
    };
    wait();
    let mut screens = Vec::new();
    for one in typed {
        keys.write_all(one.as_bytes()).unwrap();
        screens.push(wait());
    }
    drop(keys);
    Some((screens, child.wait().unwrap().code().unwrap()))
}

#[test]
#[cfg(target_os = "linux")]
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn at_a_terminal_words_are_completed_brackets_go_on_and_errors_do_not_end_it() {
    let place = Place::copy_of("examples/minimal");
    let steps = [
        ("1 + 41\r", "\n42\r"),
        // A function is completed with its bracket, a fact behind the user.
        ("upp\t\"typed\")\r", "\n\"TYPED\"\r"),
        ("user(\"jdoe@contoso.com\").mfa_st\t\r", "\n\"disabled\"\r"),
        ("[\r7001,\r7002\r]\r", "\n  7002,\r"),
        // An empty line gives up an open bracket.
        ("upper(\r\r", "Unclosed bracket"),
        // Ctrl-A and Ctrl-K empty the line, Ctrl-C drops it.
        ("rubbish\u{1}\u{b}\"ed\" == \"ed\"\r", "\ntrue\r"),
        ("rubbish\u{3}", "\u{1b}[?2004h"),
        // The line before, from the history.
        ("\u{1b}[A\r", "\ntrue\r"),
        ("help\r", "Ctrl-D ends the console"),
        ("\u{4}", ""),
    ];
    let typed: Vec<&str> = steps.iter().map(|(typed, _)| *typed).collect();
    let Some((screens, code)) = at_a_terminal(&place, "console", &typed) else {
        eprintln!("skipped: `script` or `timeout` is not installed");
        return;
    };
    for ((typed, expected), screen) in steps.iter().zip(&screens) {
        assert!(screen.contains(expected), "{typed:?}: {screen:?}");
    }
    assert_eq!(code, 0, "{screens:?}");
    let Some((screens, code)) = at_a_terminal(&place, "--no-color console", &["1 +\r", "exit\r"]) else { return };
    assert!(screens[0].contains("error: Invalid expression") && code == 0, "{screens:?}");
}

#[test]
fn sensitive_values_are_not_printed() {
    let place = Place::with(&[(
        "main.mfa.hcl",
        "tenant \"t\" {\n  id = \"00000000-0000-0000-0000-000000000007\"\n}\n\nvariable \"key\" {\n  sensitive = true\n}\n",
    )]);
    let said = place.pipe(&["console", "--var", "key=hunter2"], "var.key\n\"a${var.key}\"\n[var.key]\n");
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(!said.out.contains("hunter2") && said.out.starts_with("(sensitive value)\n"), "{}", said.out);
}
