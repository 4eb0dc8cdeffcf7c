//! Which flags of a fleet's command line reach the processes of its tenants. The list is held against the command line
//! itself: a flag that is new stands in neither table, and fails here until somebody has decided.

use std::{collections::BTreeSet, ffi::OsString, path::Path};

use clap::{CommandFactory, Parser};

use super::{Command, apply, permissions, plan, verify};
use crate::cli::{Cli, Context, Environment, fleet::handed::Handed, inputs::Inputs};

/// Flags that mean the same for each tenant, with what a tenant's process is given.
const HANDED: [(&str, &str, &str); 4] = [
    ("--policy", "/policy", "/policy"),
    ("--as-of", "2026-11-24", "2026-11-24T00:00:00Z"),
    ("--allow-files", "/tables", "/tables"),
    ("--strict", "", ""),
];

/// Flags that the fleet's process heeds itself, and why.
const OWN: [(&str, &str); 16] = [
    ("--chdir", "each tenant has a directory"),
    ("--no-color", "a program listens"),
    ("--quiet", "a program listens"),
    ("--verbose", "a program listens"),
    ("--fleet", "chooses tenants"),
    ("--tenant", "chooses tenants"),
    ("--ring", "chooses tenants"),
    ("--parallel", "how many processes"),
    ("--tenant-timeout", "how long a process may live"),
    ("--out", "each plan has a file"),
    ("--detailed-exitcode", "judged over all"),
    ("--json", "one document over all"),
    ("--events", "one stream over all"),
    ("--approve-set", "each plan is approved by its own digest"),
    ("--resume", "each run has a name"),
    ("--help", "a person asks"),
];

/// The command lines of a tenant's processes, for this command line of the fleet.
fn children(line: &[&str]) -> Vec<Vec<OsString>> {
    let cli = Cli::try_parse_from([&["mfaplan", "fleet"], line].concat()).unwrap();
    let env = Environment::invented(&[], jiff::Timestamp::UNIX_EPOCH);
    let context = Context::of_process(env, cli.global.clone(), Inputs::default());
    let crate::cli::Command::Fleet(args) = cli.command else { panic!("{line:?}") };
    let in_directory = |handed: Handed, commands: &[&[&str]]| {
        commands.iter().map(|command| handed.arguments(Path::new("t"), command)).collect::<Vec<_>>()
    };
    match &args.command {
        Command::Plan(args) => {
            let handed = Handed::of(&args.chosen.allow_files, &context);
            vec![plan::arguments(&handed, Path::new("t"), Path::new("/p/t.mfaplan"))]
        }
        Command::Verify(args) => {
            in_directory(Handed::of(&args.chosen.allow_files, &context), &[&verify::command(args)])
        }
        Command::Permissions(args) => {
            in_directory(Handed::of(&args.chosen.allow_files, &context), &[&permissions::COMMAND])
        }
        Command::Apply(args) => {
            in_directory(Handed::of(&args.allow_files, &context), &[&apply::applied("d"), &apply::HISTORY])
        }
        Command::List(_) | Command::Report(_) => Vec::new(),
    }
}

#[test]
fn every_flag_of_a_fleet_is_handed_on_or_heeded_by_itself() {
    let mut cli = Cli::command();
    cli.build();
    let fleet = cli.find_subcommand("fleet").unwrap();
    let mut met = BTreeSet::new();
    for (name, needed) in
        [("plan", &["--out", "p"][..]), ("verify", &[]), ("permissions", &[]), ("apply", &["p", "--approve-set", "d"])]
    {
        let base = [&[name], needed].concat();
        for child in children(&base) {
            let line = [OsString::from("mfaplan")].into_iter().chain(child);
            assert!(Cli::try_parse_from(line).is_ok(), "{name}");
        }
        let flags = fleet.find_subcommand(name).unwrap().get_arguments().filter_map(|one| one.get_long());
        for flag in flags.map(|long| format!("--{long}")) {
            let handed = HANDED.iter().find(|(known, ..)| *known == flag);
            let own = OWN.iter().any(|(known, _)| *known == flag);
            assert!(handed.is_some() != own, "fleet {name} {flag}: does it reach the tenants' processes, or not?");
            met.insert(flag.clone());
            let Some((_, given, reaches)) = handed else { continue };
            let typed: Vec<&str> = [&*flag, given].into_iter().filter(|word| !word.is_empty()).collect();
            for child in children(&[&base[..], &typed].concat()) {
                let at = child.iter().position(|word| word == flag.as_str());
                let at = at.unwrap_or_else(|| panic!("fleet {name} {flag} is not handed on: {child:?}"));
                assert!(reaches.is_empty() || child[at + 1] == *reaches, "fleet {name} {flag}: {child:?}");
                let line = [OsString::from("mfaplan")].into_iter().chain(child);
                let parsed = Cli::try_parse_from(line);
                assert!(parsed.is_ok(), "fleet {name} {flag}: {}", parsed.unwrap_err());
            }
        }
    }
    let known: BTreeSet<String> =
        HANDED.iter().map(|(flag, ..)| *flag).chain(OWN.iter().map(|(flag, _)| *flag)).map(str::to_owned).collect();
    assert_eq!(met, known, "a flag that is there no more");
}
