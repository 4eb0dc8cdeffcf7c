//! Commands that are printed to be run: with the flags that made this one find its configuration and its tenant, so
//! that they work as printed.

use std::path::Path;

use crate::config::Assignment;

use super::{
    Context,
    load::{ConfigArgs, TenantArgs},
};

/// The flags to repeat, each with a space in front.
pub(super) fn flags(config: &ConfigArgs, tenant: &TenantArgs, context: &Context) -> String {
    let mut flags = String::new();
    let mut add = |name: &str, value: &str| {
        flags.push_str(&format!(" {name} {}", quoted(value)));
    };
    let path = |path: &Path| path.display().to_string();
    if let Some(dir) = &context.global.chdir {
        add("--chdir", &path(dir));
    }
    if let Some(dir) = &context.global.policy {
        add("--policy", &path(dir));
    }
    for dir in &config.allow_files {
        add("--allow-files", &path(dir));
    }
    for one in &config.assignments.0 {
        match one {
            Assignment::Value(var) => add("--var", var),
            Assignment::File(file) => add("--var-file", &path(file)),
        }
    }
    if let Some(file) = &tenant.snapshot {
        add("--snapshot", &path(file));
    }
    flags
}

/// Adds the flags to a command in a hint.
pub(super) fn with_flags(hint: &str, run: &str, flags: &str) -> String {
    let at = ["mfaplan apply --resume ", "mfaplan rollback "].iter().find_map(|command| {
        let end = hint.find(command)? + command.len() + run.len();
        (hint.get(..end)?.ends_with(run)).then_some(end)
    });
    match at {
        Some(end) => format!("{}{flags}{}", &hint[..end], &hint[end..]),
        None => hint.to_owned(),
    }
}

/// A word of a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_follow_the_run() {
        let hint = with_flags("to go on: mfaplan apply --resume R1", "R1", " --chdir here");
        assert_eq!(hint, "to go on: mfaplan apply --resume R1 --chdir here");
        let back = with_flags("to go back: mfaplan rollback R1", "R1", " --chdir here");
        assert_eq!(back, "to go back: mfaplan rollback R1 --chdir here");
        assert_eq!(with_flags("make room for the journal", "R1", " --chdir here"), "make room for the journal");
    }

    #[test]
    fn what_a_shell_would_read_otherwise_is_quoted() {
        assert_eq!(quoted("a/b.json"), "a/b.json");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
