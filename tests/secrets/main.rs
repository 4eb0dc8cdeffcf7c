//! A sensitive value is in no output: every argument of every block is given one, and everything the program writes is
//! looked through, its files too.
//!
//! Arguments come from the table of the language, commands from the help page: what is added to either is held to this
//! without anybody thinking of it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod world;

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use mfaplan::testing::{
    cli,
    config::schema::{AttributeSchema, BlockSchema, Kind, TOP_LEVEL},
};

use world::{World, leaks};

/// An argument: the block at the top, the names of the blocks down to it, and itself.
struct Place {
    top: &'static BlockSchema,
    path: Vec<&'static str>,
    argument: &'static AttributeSchema,
}

fn places() -> Vec<Place> {
    fn into(top: &'static BlockSchema, path: &[&'static str], block: &'static BlockSchema, out: &mut Vec<Place>) {
        out.extend(block.attributes.iter().map(|argument| Place { top, path: path.to_vec(), argument }));
        for inner in block.blocks {
            into(top, &[path, &[inner.schema.name]].concat(), inner.schema, out);
        }
    }
    let mut out = Vec::new();
    for block in TOP_LEVEL {
        into(block, &[], block, &mut out);
    }
    out
}

/// Expressions of a secret that may stand in an argument of this kind, or are a mistake there.
fn secrets(place: &Place) -> Vec<&'static str> {
    let mut forms = match place.argument.kind {
        Kind::Text | Kind::OneOf(_) => vec!["var.word", "\"a ${var.word} b\"", "[var.word]"],
        Kind::Date => vec!["var.word", "var.date"],
        Kind::Bool => vec!["var.word", "var.flag"],
        Kind::Number => vec!["var.word", "var.number"],
        Kind::Texts | Kind::AnyOf(_) => vec!["[var.word]", "[\"x${var.word}\"]", "split(\"-\", var.word)", "var.word"],
        Kind::Any => vec!["var.word", "[var.word]", "{ a = var.word }", "{ (var.word) = 1 }", "[{ file = var.word }]"],
        Kind::Expression(_) => vec!["\"said: ${var.word}\"", "var.word == \"x\"", "tonumber(var.word) > 1", "var.word"],
        Kind::Type => vec![],
    };
    if place.top.attribute("for_each").is_some() && place.argument.name != "for_each" {
        forms.push(world::EACH);
    }
    forms
}

/// The only test here that moves the process to another directory.
#[test]
fn no_command_shows_a_sensitive_value_wherever_it_stands() {
    let mut shown = Vec::new();
    let (mut refused, mut performed, mut hidden) = (0, 0, 0);
    for place in places() {
        let mut walked = false;
        for form in secrets(&place) {
            let world = World::new(place.top, &place.path, place.argument.name, form);
            let here = format!("{} {:?} {} = {form}", place.top.name, place.path, place.argument.name);
            let mut check = |what: &str, text: &str| {
                if leaks(text) {
                    shown.push(format!("{here}: {what}\n{text}"));
                }
            };
            if !world.valid(&mut check) {
                refused += 1;
                continue;
            }
            // One form goes through every command, the others through the plan alone: what may be shown they decide alike.
            let said = if walked { world.plan(&mut check) } else { world.perform(&mut check) };
            walked = true;
            performed += 1;
            hidden += usize::from(said.contains("(sensitive value)"));
        }
    }
    assert!(shown.is_empty(), "{} times:\n{}", shown.len(), shown.join("\n"));
    // Else the walk is one over mistakes.
    let counts = format!("{performed} performed, {refused} refused, {hidden} hidden");
    assert!(performed > 40 && refused > 100 && hidden > 10, "{counts}");
}

#[test]
fn every_command_is_walked_or_has_nothing_of_the_configuration_to_show() {
    let help = Command::new(env!("CARGO_BIN_EXE_mfaplan")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let commands: BTreeSet<&str> = commands.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let known: BTreeSet<&str> = world::WALKED.iter().copied().chain(NOTHING.iter().map(|(name, _)| *name)).collect();
    let missing: Vec<_> = commands.symmetric_difference(&known).collect();
    assert!(missing.is_empty(), "{missing:?}: perform them in `World::perform`, or say here why not");
}

/// Commands that evaluate no configuration, and why nothing of one can be in what they say.
const NOTHING: [(&str, &str); 13] = [
    ("approve", "signs the digest of a plan file, which is looked through"),
    ("completions", "scripts of shells"),
    ("evidence", "counts sign-ins of the tenant"),
    ("fleet", "starts this program for each tenant, and shows numbers of its plans and its first error"),
    ("fmt", "writes the text of a file, in which a secret is the author's"),
    ("init", "writes a first configuration"),
    ("login", "shows the operator's account"),
    ("logout", "removes what the system's store holds"),
    ("lsp", "walked by a client of its own, beside the server"),
    ("man", "the manual"),
    ("rules", "built-in rules"),
    ("snapshot", "copies the tenant"),
    ("start", "writes a first configuration"),
];

#[test]
fn the_console_hides_what_is_sensitive() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!(
        "{}locals {{\n  made = \"a-${{var.word}}\"\n  map = {{ k = var.word, n = 1 }}\n}}\n",
        world::rest("locals")
    );
    fs::write(dir.path().join("main.mfa.hcl"), text).unwrap();
    fs::write(dir.path().join("tenant.json"), world::TENANT).unwrap();
    let asked = "var.word\nvar\nlocal\n[var.word]\n{ (var.word) = 1 }\nupper(var.word)\ntonumber(var.word)\nlocal.map\n\
                 local.map[var.word]\nfile(var.word)\nvar.word.x\ntype(var.word)\njsonencode(local.map)\nuser.department\n";
    for line in asked.lines() {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mfaplan"))
            .arg("console")
            .current_dir(dir.path())
            .envs(world::variables())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
        let said = child.wait_with_output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
        assert!(!leaks(&text) && !text.is_empty(), "{line}: {text}");
    }
}

/// The texts of all files below a directory. Those that people wrote name the secret, and do not hold it.
fn written(dir: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            written(&path, found);
        } else {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            found.push((path.display().to_string(), text));
        }
    }
}

fn said(line: &[&str]) -> cli::Said {
    cli::run(line, &world::variables(), world::NOW.parse().unwrap())
}
