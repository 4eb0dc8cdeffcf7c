//! `mfaplan fmt`

use std::{
    fs, io,
    io::{Read, Write},
    path::{Path, PathBuf},
};

use similar::TextDiff;

use crate::{
    cli::{Context, Exit, Failure, Outcome, save},
    diag::SourceMap,
    escape, fmt,
};

/// Arguments of `fmt`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan fmt                  format the files of this directory, and name those that changed
  mfaplan fmt --check          change nothing; exit code 3 when a file is not formatted
  mfaplan fmt --diff -r        show what would change, subdirectories included
  mfaplan fmt - < in.mfa.hcl   format standard input

Formats *.mfa.hcl, *.mfavars.hcl, *.mfatest.hcl and *.mfafleet.hcl in Terraform's canonical style.
Comments are kept.")]
pub(crate) struct Args {
    /// Files or directories; - for standard input [default: the current directory]
    paths: Vec<PathBuf>,
    /// Change nothing; exit with 3 when a file is not formatted
    #[arg(long)]
    check: bool,
    /// Show what changes
    #[arg(long)]
    diff: bool,
    /// Look into subdirectories as well
    #[arg(long, short)]
    recursive: bool,
}

/// What is formatted in a directory.
const SUFFIXES: [&str; 4] = [".mfa.hcl", ".mfavars.hcl", ".mfatest.hcl", ".mfafleet.hcl"];

/// Formats files.
///
/// # Errors
/// When a file cannot be read or written. A file with syntax errors is left alone and ends in exit code 2, as with
/// Terraform.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let here = [PathBuf::from(".")];
    let paths = if args.paths.is_empty() { &here[..] } else { &args.paths[..] };
    let mut files = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            return standard_input(args, context);
        }
        collect(path, args.recursive, true, &mut files)?;
    }
    files.sort();
    files.dedup();
    let mut unformatted = false;
    let mut broken = false;
    for path in files {
        let name = path.strip_prefix(".").unwrap_or(&path).display().to_string();
        let text =
            fs::read_to_string(&path).map_err(|error| Failure::new(format!("{name}: cannot be read: {error}")))?;
        let Some(formatted) = format(&name, &text, context)? else {
            broken = true;
            continue;
        };
        if formatted == text {
            continue;
        }
        unformatted = true;
        writeln!(context.out, "{}", escape::text(&name))?;
        if args.diff {
            difference(&name, &text, &formatted, &mut context.out)?;
        }
        if !args.check {
            save::source(&path, &formatted)?;
        }
    }
    Ok(if broken {
        Exit::Changes
    } else if args.check && unformatted {
        Exit::Refused
    } else {
        Exit::Done
    })
}

fn standard_input(args: &Args, context: &mut Context) -> Outcome {
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(format!("standard input cannot be read: {error}")))?;
    let Some(formatted) = format("<stdin>", &text, context)? else { return Ok(Exit::Changes) };
    if args.diff {
        difference("<stdin>", &text, &formatted, &mut context.out)?;
    } else if !args.check {
        context.out.data()?.write_all(formatted.as_bytes())?;
    }
    Ok(if args.check && formatted != text { Exit::Refused } else { Exit::Done })
}

/// The formatted text; nothing, and the reasons on standard error, when it is not HCL.
fn format(name: &str, text: &str, context: &mut Context) -> Result<Option<String>, Failure> {
    match fmt::format(text) {
        Ok(formatted) => Ok(Some(formatted)),
        Err(diagnostics) => {
            let mut sources = SourceMap::default();
            sources.add(name, text.strip_prefix('\u{feff}').unwrap_or(text));
            super::validate::show(&diagnostics, &sources, context)?;
            Ok(None)
        }
    }
}

fn collect(path: &Path, recursive: bool, named: bool, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::new(format!("{}: {error}", path.display()));
    if !path.is_dir() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if named || SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
            fs::metadata(path).map_err(failed)?;
            files.push(path.to_owned());
        }
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden || (kind.is_dir() && !recursive) {
            continue;
        }
        collect(&entry.path(), recursive, false, files)?;
    }
    Ok(())
}

fn difference(name: &str, old: &str, new: &str, out: &mut dyn Write) -> io::Result<()> {
    let diff = TextDiff::from_lines(old, new);
    write!(out, "{}", diff.unified_diff().header(&format!("old/{name}"), &format!("new/{name}")))
}
