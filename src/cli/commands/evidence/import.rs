//! `mfaplan evidence import`

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        args::not_a,
        evidence,
        load::{self, ConfigArgs},
    },
    evidence::{EvidenceError, ImportedFile, collect, import_file},
    tenant::{SignInFile, SignInFileKind},
};

/// Arguments of `evidence import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan evidence import InteractiveSignIns_2026-11-21_2026-11-28.csv
  mfaplan evidence import insights-logs-signinlogs/       hours of diagnostic settings, .gz too
  mfaplan evidence import week47.csv --kind non_interactive
  mfaplan evidence import smtp.csv --from 2026-10-29 --to 2026-11-28

What a file is follows from its content: the portal's JSON and CSV, lines of diagnostic settings,
exports of Log Analytics, Exchange's report of SMTP AUTH clients. A record is counted once.")]
pub(crate) struct Args {
    /// Files; of a directory all *.json, *.jsonl and *.csv below it, compressed (.gz) or not
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// The kind of sign-ins, where the files do not say it: interactive, non_interactive; or smtp_report
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    kind: Option<SignInFileKind>,
    /// The first instant the files cover, where that is known better than by their records
    #[arg(long, value_name = "DATE", value_parser = crate::cli::args::parse_instant, requires = "to")]
    from: Option<Timestamp>,
    /// The last instant or day they cover
    #[arg(long, value_name = "DATE", value_parser = parse_end, requires = "from")]
    to: Option<Timestamp>,
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
}

fn parse_kind(text: &str) -> Result<SignInFileKind, String> {
    SignInFileKind::parse(text).ok_or_else(|| not_a("kind", text, &SignInFileKind::WORDS))
}

/// A day is meant with its last second.
fn parse_end(text: &str) -> Result<Timestamp, String> {
    let at = crate::cli::args::parse_instant(text)?;
    Ok(if text.len() == 10 { at + jiff::SignedDuration::from_secs(24 * 3600 - 1) } else { at })
}

#[derive(Serialize)]
struct FileOut<'a> {
    path: &'a str,
    format: &'static str,
    records: u64,
    counted: u64,
    duplicates: u64,
    other_tenant: u64,
    pruned: u64,
    skipped: u64,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    kind: Option<&'static str>,
}

#[derive(Serialize)]
struct Broken {
    path: String,
    error: String,
}

#[derive(Serialize)]
struct Out<'a> {
    files: Vec<FileOut<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    broken: Vec<Broken>,
    counted: u64,
    duplicates: u64,
}

/// Reads files into the store.
///
/// # Errors
/// When there is none to read, or the store cannot be written. A broken file ends with 1 after the others.
pub(super) fn run(args: &Args, context: &mut Context) -> Outcome {
    let config = load::config(&args.config, context)?;
    let paths = collect(&args.files)?;
    if paths.is_empty() {
        return Err(Failure::new("there is no *.json, *.jsonl or *.csv in what was named"));
    }
    let span = args.from.zip(args.to);
    if let Some((from, to)) = span
        && from > to
    {
        return Err(Failure::new("--from lies after --to"));
    }
    let (lock, mut store) = evidence::open_to_write(&config, "evidence import", context)?;
    if let Some(note) = &lock.note {
        context.note(note)?;
    }
    let (mut read, mut broken) = (Vec::new(), Vec::new());
    for path in paths {
        let file = SignInFile { path: path.clone(), kind: args.kind, span };
        match import_file(&mut store, &file) {
            Ok(one) => {
                if !args.json {
                    tell(&one, context)?;
                }
                read.push(one);
            }
            Err(error @ EvidenceError::File(_)) => {
                let hint = error.hint();
                let message = crate::escape::text(&error.to_string()).into_owned();
                writeln!(context.err, "error: {message}: nothing of this file is counted")?;
                if let Some(hint) = hint {
                    writeln!(context.err, "  hint: {}", crate::escape::text(&hint))?;
                }
                broken.push(Broken { path: path.display().to_string(), error: error.to_string() });
            }
            Err(error) => return Err(error.into()),
        }
    }
    drop(lock);
    let sum = |of: fn(&ImportedFile) -> u64| read.iter().map(of).sum::<u64>();
    let (counted, duplicates) = (sum(|one| one.taken.counted), sum(|one| one.taken.duplicates));
    let failed = !broken.is_empty();
    if args.json {
        let out = Out { files: read.iter().map(shown).collect(), broken, counted, duplicates };
        let out_text = serde_json::to_string_pretty(&out).map_err(std::io::Error::from)?;
        writeln!(context.out.data()?, "{out_text}")?;
    } else {
        writeln!(context.out, "{counted} records counted, {duplicates} were counted before.")?;
    }
    context.out.flush()?;
    Ok(if failed { Exit::Error } else { Exit::Done })
}

fn shown(one: &ImportedFile) -> FileOut<'_> {
    FileOut {
        path: &one.path,
        format: one.format.as_str(),
        records: one.records,
        counted: one.taken.counted,
        duplicates: one.taken.duplicates,
        other_tenant: one.taken.other_tenant,
        pruned: one.taken.pruned,
        skipped: one.skipped,
        from: one.span.map(|span| span.0),
        to: one.span.map(|span| span.1),
        kind: match one.kinds[..] {
            [kind] => Some(kind.snake()),
            _ => None,
        },
    }
}

fn tell(one: &ImportedFile, context: &mut Context) -> Result<(), Failure> {
    let mut told = vec![format!("{} counted", one.taken.counted)];
    for (count, what) in [
        (one.taken.duplicates, "counted before"),
        (one.taken.other_tenant, "of another tenant"),
        (one.taken.pruned, "older than what was pruned"),
        (one.taken.nobody, "of nobody"),
        (one.skipped, "no sign-ins of users"),
        (one.taken.without_id, "without id: cannot be recognised if they come again"),
    ] {
        if count > 0 {
            told.push(format!("{count} {what}"));
        }
    }
    let (senders, by_oauth) = one.senders;
    if senders + by_oauth > 0 {
        told = vec![format!("{senders} senders by SMTP AUTH")];
        if by_oauth > 0 {
            told.push(format!("{by_oauth} left out, which sign in by OAuth"));
        }
    }
    context.note(&format!("{}: {}", one.path, told.join(", ")))?;
    if one.cut {
        context.note(&format!(
            "{}: holds exactly {} records, so the portal has cut it: nothing before its first record is covered",
            one.path, one.records
        ))?;
    }
    Ok(())
}
