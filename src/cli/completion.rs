//! What a shell offers behind a flag: the script that `mfaplan completions` writes asks the program itself, which knows the
//! formats, the rules and the runs of this directory.
//!
//! Which values an argument takes follows from its value name, by one table; a test walks every argument of every command,
//! so that a new kind of value is thought about.

use std::{ffi::OsString, io, path::Path};

use clap::{Arg, Command, CommandFactory, ValueHint, builder::ValueParser};
use clap_complete::{
    engine::{ArgValueCandidates, CompletionCandidate},
    env::Shells,
};

use super::{Cli, Environment, load::DIRECTORY, terminal::Guarded};
use crate::{
    apply::journal::Store,
    config::{
        CloudName, Waivable,
        fleet::{self, Fleet},
    },
    readiness::{By, TeamBy},
    render::{
        Format, exceptions::ExceptionFormat, fleet::FleetFormat, readiness::Format as ReadinessFormat,
        replay::ReplayFormat, users::Column,
    },
    risk,
    severity::Severity,
    tenant::{MfaState, SignInFileKind, SignInMode, Text},
};

/// The environment variable in which a completion script names its shell.
pub(super) const VARIABLE: &str = "MFAPLAN_COMPLETE";

/// Answers a shell that asks what could stand at the cursor. `None` where nobody asks.
pub(super) fn answer(env: &Environment, mut words: Vec<OsString>) -> Option<io::Result<()>> {
    let asked = env.get(VARIABLE).filter(|name| !name.is_empty())?;
    let shells = Shells::builtins();
    let shell = shells.completer(&asked)?;
    // The script puts the words typed behind `--`.
    let typed = words.iter().position(|word| word == "--").map_or(words.len(), |at| at + 1);
    words.drain(..typed);
    let mut answer = Vec::new();
    let written = shell.write_complete(&mut command(), words, Some(Path::new(DIRECTORY)), &mut answer);
    let mut out = Guarded::stdout(false);
    Some(written.and_then(|()| out.write_all(&answer)).and_then(|()| out.flush()))
}

/// The script for a shell.
///
/// # Errors
/// When it cannot be written.
pub(super) fn script(shell: &str, out: &mut dyn io::Write) -> io::Result<()> {
    let shells = Shells::builtins();
    let found = shells.completer(shell).ok_or_else(|| io::Error::other(format!("no completions for {shell}")))?;
    found.write_registration(VARIABLE, "mfaplan", "mfaplan", "mfaplan", out)
}

/// The command line with the values of its arguments.
fn command() -> Command {
    completed(Cli::command(), "")
}

/// The arguments of a command, and of those below it, each by the words that lead there.
fn completed(command: Command, path: &str) -> Command {
    let mut command = command.mut_args(|arg| with_values(arg, path));
    let names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    for name in names {
        let path = format!("{path} {name}");
        command = command.mut_subcommand(&name, |one| completed(one, path.trim_start()));
    }
    command
}

/// What an argument takes.
#[derive(Clone, Copy)]
enum Takes {
    /// One of the program's own values, or of this directory's.
    One(fn() -> Vec<CompletionCandidate>),
    /// A file.
    File,
    /// A directory.
    Directory,
    /// Anything: nothing is offered, file names least of all.
    Text,
}

/// The value names of all arguments.
const VALUES: &[(&str, Takes)] = &[
    ("FORMAT", Takes::One(formats)),
    ("SEVERITY", Takes::One(severities)),
    ("RUN", Takes::One(runs)),
    ("COMMAND", Takes::One(commands)),
    ("WHAT", Takes::One(rules)),
    ("CLOUD", Takes::One(clouds)),
    ("NAME,…", Takes::One(columns)),
    ("FILE", Takes::File),
    ("PLAN", Takes::File),
    ("PLAN_FILE", Takes::File),
    ("FILES", Takes::File),
    ("PATHS", Takes::File),
    ("KEY", Takes::File),
    ("OLD", Takes::File),
    ("NEW", Takes::File),
    ("DIR", Takes::Directory),
    ("NAME=VALUE", Takes::Text),
    ("TIME", Takes::Text),
    ("DATE", Takes::Text),
    ("P", Takes::Text),
    ("TEXT", Takes::Text),
    ("DIGEST", Takes::Text),
    ("DOMAIN|ID", Takes::Text),
    ("STATE", Takes::One(raised)),
    ("USER,…", Takes::Text),
    ("USER=yes|no", Takes::Text),
    ("USER", Takes::Text),
    ("USER|ADDRESS", Takes::Text),
    ("N", Takes::Text),
    ("DAYS", Takes::Text),
    ("KIND", Takes::One(kinds)),
    ("MODE", Takes::One(sign_in_modes)),
    ("REV", Takes::Text),
    ("FLEET", Takes::One(fleets)),
    ("TENANT", Takes::One(tenants)),
    ("RING", Takes::One(rings)),
];

fn takes(arg: &Arg, command: &str) -> Option<Takes> {
    let name = arg.get_value_names()?.first()?.as_str();
    match (command, arg.get_id().as_str(), name) {
        (_, "waivers", _) => Some(Takes::One(waivers)),
        ("readiness", _, "FORMAT") => Some(Takes::One(readiness_formats)),
        ("replay", _, "FORMAT") => Some(Takes::One(replay_formats)),
        ("exceptions", _, "FORMAT") => Some(Takes::One(exception_formats)),
        ("fleet report", _, "FORMAT") => Some(Takes::One(fleet_formats)),
        ("readiness", "by", _) => Some(Takes::One(groupings)),
        ("propose-waves", "team", _) => Some(Takes::One(teams)),
        // A difference has four views only.
        ("diff", _, "FORMAT") => Some(Takes::One(difference_formats)),
        _ => VALUES.iter().find(|(one, _)| *one == name).map(|(_, takes)| *takes),
    }
}

fn with_values(arg: Arg, command: &str) -> Arg {
    // What the parser itself names (the shells) it also offers.
    let closed = !arg.get_possible_values().is_empty() || !arg.get_action().takes_values();
    match takes(&arg, command).filter(|_| !closed) {
        Some(Takes::One(values)) => arg.add(ArgValueCandidates::new(values)),
        Some(Takes::File) => arg.value_hint(ValueHint::AnyPath),
        Some(Takes::Directory) => arg.value_hint(ValueHint::DirPath),
        // A path's parser would offer files whatever the hint says.
        Some(Takes::Text) => arg.value_parser(ValueParser::os_string()).value_hint(ValueHint::Other),
        None => arg,
    }
}

fn candidate(value: impl Into<OsString>) -> CompletionCandidate {
    CompletionCandidate::new(value)
}

fn formats() -> Vec<CompletionCandidate> {
    Format::ALL.iter().map(|format| candidate(format.as_str())).collect()
}

fn difference_formats() -> Vec<CompletionCandidate> {
    [Format::Text, Format::Markdown, Format::Html, Format::Json].map(|format| candidate(format.as_str())).into()
}

fn readiness_formats() -> Vec<CompletionCandidate> {
    ReadinessFormat::ALL.iter().map(|format| candidate(format.as_str())).collect()
}

fn replay_formats() -> Vec<CompletionCandidate> {
    ReplayFormat::ALL.iter().map(|format| candidate(format.as_str())).collect()
}

fn exception_formats() -> Vec<CompletionCandidate> {
    ExceptionFormat::ALL.iter().map(|format| candidate(format.as_str())).collect()
}

fn fleet_formats() -> Vec<CompletionCandidate> {
    FleetFormat::ALL.iter().map(|format| candidate(format.as_str())).collect()
}

/// Names of the fleets of this directory.
fn of_fleets(names: impl Fn(&Fleet) -> Vec<Text>) -> Vec<CompletionCandidate> {
    let found = fleet::load(Path::new(DIRECTORY), &[], jiff::Timestamp::UNIX_EPOCH);
    let fleets = found.map(|found| found.fleets).unwrap_or_default();
    fleets.iter().flat_map(names).map(|name| candidate(name.to_string())).collect()
}

fn fleets() -> Vec<CompletionCandidate> {
    of_fleets(|fleet| vec![fleet.name.clone()])
}

fn tenants() -> Vec<CompletionCandidate> {
    of_fleets(|fleet| fleet.tenants.iter().map(|one| one.name.clone()).collect())
}

fn rings() -> Vec<CompletionCandidate> {
    of_fleets(|fleet| fleet.rings.keys().cloned().collect())
}

fn clouds() -> Vec<CompletionCandidate> {
    CloudName::ALL.iter().map(|cloud| candidate(cloud.as_str())).collect()
}

fn columns() -> Vec<CompletionCandidate> {
    Column::ALL.iter().map(|column| candidate(column.as_str())).collect()
}

fn groupings() -> Vec<CompletionCandidate> {
    By::ALL.iter().map(|by| candidate(by.as_str())).collect()
}

fn teams() -> Vec<CompletionCandidate> {
    TeamBy::ALL.iter().map(|by| candidate(by.as_str())).collect()
}

fn kinds() -> Vec<CompletionCandidate> {
    SignInFileKind::WORDS.map(candidate).into()
}

fn sign_in_modes() -> Vec<CompletionCandidate> {
    SignInMode::ALL.map(|mode| candidate(mode.as_str())).into()
}

/// The states that an emergency may set.
fn raised() -> Vec<CompletionCandidate> {
    [MfaState::Enforced, MfaState::Enabled].map(|state| candidate(state.as_str())).into()
}

fn severities() -> Vec<CompletionCandidate> {
    Severity::WORST_FIRST.iter().map(|severity| candidate(severity.as_str())).collect()
}

/// The runs of the current directory, the latest first.
fn runs() -> Vec<CompletionCandidate> {
    let runs = Store::of(Path::new(DIRECTORY)).runs().unwrap_or_default();
    runs.iter().rev().map(|run| candidate(run.to_string())).collect()
}

fn commands() -> Vec<CompletionCandidate> {
    let all = Cli::command();
    all.get_subcommands().map(|one| candidate(one.get_name()).help(one.get_about().cloned())).collect()
}

fn rules() -> Vec<CompletionCandidate> {
    risk::registry().iter().map(|rule| candidate(rule.id).help(Some(rule.title.into()))).collect()
}

fn waivers() -> Vec<CompletionCandidate> {
    Waivable::NAMES.iter().map(|name| candidate(format!("{name}=")).help(None)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the program offers behind these words.
    fn offered(words: &[&str]) -> Vec<String> {
        let words: Vec<OsString> =
            std::iter::once("mfaplan").chain(words.iter().copied()).map(OsString::from).collect();
        let last = words.len() - 1;
        let found = clap_complete::engine::complete(&mut command(), words, last, None).unwrap();
        found.iter().map(|one| one.get_value().to_string_lossy().into_owned()).collect()
    }

    /// Every command with the words that lead to it.
    fn every<'c>(command: &'c Command, path: &str) -> Vec<(String, &'c Command)> {
        let below = command.get_subcommands().flat_map(|one| {
            let path = format!("{path} {}", one.get_name()).trim_start().to_owned();
            let inner = every(one, &path);
            std::iter::once((path, one)).chain(inner)
        });
        below.collect()
    }

    #[test]
    fn every_argument_says_what_it_takes() {
        let all = Cli::command();
        let mut unknown = Vec::new();
        for (path, one) in every(&all, "") {
            for arg in one.get_arguments().chain(all.get_arguments()).filter(|arg| arg.get_action().takes_values()) {
                if arg.get_possible_values().is_empty() && takes(arg, &path).is_none() {
                    unknown.push(format!("{path} {}: {:?}", arg.get_id(), arg.get_value_names()));
                }
            }
        }
        assert!(unknown.is_empty(), "{unknown:#?}");
    }

    /// Two arguments may share the name of their value and take different ones.
    #[test]
    fn what_is_offered_is_accepted_where_it_is_offered() {
        use clap::error::ErrorKind::{InvalidValue, ValueValidation};
        let all = Cli::command();
        let mut seen = 0;
        for (path, one) in every(&all, "") {
            for arg in one.get_arguments() {
                let Some(Takes::One(values)) = takes(arg, &path) else { continue };
                for value in values() {
                    let value = value.get_value().to_string_lossy().into_owned();
                    let word = arg.get_long().map_or_else(|| value.clone(), |long| format!("--{long}={value}"));
                    let words = std::iter::once("mfaplan").chain(path.split(' ')).chain([word.as_str()]);
                    let parsed = Cli::command().try_get_matches_from(words);
                    let refused = parsed.is_err_and(|error| matches!(error.kind(), InvalidValue | ValueValidation));
                    assert!(!refused, "{path} {word}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 100, "{seen}");
    }

    #[test]
    fn closed_sets_are_offered_and_nothing_else_is() {
        assert_eq!(offered(&["plan", "--format", "ma"]), ["markdown"]);
        assert_eq!(offered(&["diff", "--format", ""]), ["text", "markdown", "html", "json"]);
        assert_eq!(offered(&["exceptions", "--format", "h"]), ["html"]);
        assert_eq!(offered(&["login", "--cloud", "us"]), ["usgov", "usgov_dod"]);
        assert_eq!(offered(&["show", "--columns", "state,reg"]), ["state,registered"]);
        assert_eq!(offered(&["plan", "--fail-on", ""]), ["critical", "high", "medium", "low", "info"]);
        assert_eq!(offered(&["apply", "--waive", "max_change"]), ["max_changes=", "max_change_percent="]);
        assert_eq!(offered(&["man", "roll"]), ["rollback"]);
        assert!(offered(&["explain", "MFA00"]).contains(&"MFA006".to_owned()));
        assert_eq!(offered(&["completions", "po"]), ["powershell"]);
        assert_eq!(offered(&["plan", "--reason", ""]), [""; 0]);
        assert_eq!(offered(&["plan", "--as-of", ""]), [""; 0]);
    }
}
