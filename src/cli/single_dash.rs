//! Terraform writes long flags with one dash. Here `-out=plan` would read as `-o ut=plan`, and write a file of that name:
//! such a flag is an error before anything is parsed.

use std::{cell::LazyCell, ffi::OsString};

use clap::CommandFactory;

use super::Cli;

/// A long flag with one dash.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SingleDash {
    /// As it was typed.
    pub(super) typed: String,
    /// As it is spelt here.
    pub(super) spelling: String,
}

/// The first argument that is a known long flag with one dash. `arguments` are those after the program's name.
pub(super) fn find(arguments: impl IntoIterator<Item = OsString>) -> Option<SingleDash> {
    // Describing all commands takes longer than parsing the line, and nearly every line needs it once only.
    let command = LazyCell::new(|| {
        let mut command = Cli::command();
        command.build();
        command
    });
    let known = |name: &str| {
        let all = command.get_arguments().chain(command.get_subcommands().flat_map(clap::Command::get_arguments));
        all.filter_map(clap::Arg::get_long).any(|long| long == name)
    };
    // What follows `--` is no flag, whatever it looks like.
    let flags = arguments.into_iter().map(|one| one.to_string_lossy().into_owned()).take_while(|one| one != "--");
    for typed in flags.filter(|one| one.starts_with('-') && !one.starts_with("--")) {
        let body = &typed[1..];
        let (name, value) = body.split_once('=').map_or((body, None), |(name, value)| (name, Some(value)));
        // One letter is a short flag, and rightly has one dash.
        if name.chars().count() > 1 && known(name) {
            let spelling = match value {
                Some(value) => format!("--{name}={value}"),
                None => format!("--{name}"),
            };
            return Some(SingleDash { typed, spelling });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelling(line: &str) -> Option<String> {
        find(line.split(' ').map(OsString::from)).map(|one| one.spelling)
    }

    #[test]
    fn flags_of_terraform_are_told_their_spelling_here() {
        assert_eq!(spelling("plan -out=x.mfaplan").as_deref(), Some("--out=x.mfaplan"));
        assert_eq!(spelling("plan -out x.mfaplan").as_deref(), Some("--out"));
        assert_eq!(spelling("-chdir=dir plan").as_deref(), Some("--chdir=dir"));
        assert_eq!(spelling("plan -var a=b").as_deref(), Some("--var"));
        assert_eq!(spelling("show -json x").as_deref(), Some("--json"));
        assert_eq!(spelling("-help").as_deref(), Some("--help"));
    }

    #[test]
    fn short_flags_clusters_values_and_what_follows_two_dashes_are_left_alone() {
        for line in ["plan -o out", "plan -vv --out x", "fmt -r -", "plan -ofile", "fmt -- -json", "plan -unknown=1"] {
            assert_eq!(spelling(line), None, "{line}");
        }
    }
}
