//! `mfaplan evidence status`

use std::io::Write;

use crate::{
    cli::{
        Context, Exit, Failure, Outcome, evidence,
        load::{self, ConfigArgs},
    },
    evidence::{LastSignIns, Status, Stretch, status},
    render::words,
};

/// Arguments of `evidence status`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan evidence status
  mfaplan evidence status --json | jq .gaps

Needs no credentials. The window is `sign_in_window` of the configuration, and ends now (--as-of).")]
pub(crate) struct Args {
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
}

/// Shows what the store covers.
///
/// # Errors
/// When it is damaged, or another tenant's.
pub(super) fn run(args: &Args, context: &mut Context) -> Outcome {
    let config = load::config(&args.config, context)?;
    let store = evidence::open(&config)?;
    let status = status(&store, context.instant(), config.tenant.sign_in_window)?;
    if args.json {
        let text = serde_json::to_string_pretty(&status).map_err(std::io::Error::from)?;
        writeln!(context.out.data()?, "{text}")?;
    } else {
        text(&status, config.tenant.sign_in_window, context)?;
    }
    context.out.flush()?;
    Ok(Exit::Done)
}

fn text(status: &Status, days: u16, context: &mut Context) -> Result<(), Failure> {
    let Status { tenant: _, store, coverage, gaps, sources, fresh, full_pull, last_sign_ins } = status;
    let mut out = Vec::new();
    if store.records == 0 && coverage.interactive.is_empty() && coverage.non_interactive.is_empty() {
        writeln!(out, "The store is empty: {}", store.path)?;
        writeln!(out, "`mfaplan evidence pull` reads the log, `mfaplan evidence import FILE` downloaded files.")?;
    } else {
        writeln!(
            out,
            "{} sign-ins of {} users in {} ({} kB){}",
            store.records,
            store.users,
            store.path,
            store.bytes.div_ceil(1024),
            if *fresh { "" } else { ", not up to the last 24 hours" }
        )?;
        for (name, covered, missing) in [
            ("interactive", &coverage.interactive, &gaps.interactive),
            ("non-interactive", &coverage.non_interactive, &gaps.non_interactive),
        ] {
            writeln!(out, "  {name}")?;
            list(&mut out, "covered", covered)?;
            list(&mut out, "missing", missing)?;
        }
        let by: Vec<_> = sources.iter().map(|one| format!("{} {}", one.source, one.records)).collect();
        if !by.is_empty() {
            writeln!(out, "  from: {}", by.join(", "))?;
        }
        if store.without_id > 0 {
            writeln!(out, "  {} records without id: cannot be recognised if they come again", store.without_id)?;
        }
        if let Some(day) = store.pruned_before {
            writeln!(out, "  pruned: nothing before {day} is taken")?;
        }
        match (full_pull.records, full_pull.seconds) {
            (Some(0), _) => writeln!(out, "The last {days} days are covered.")?,
            (Some(records), Some(seconds)) => writeln!(
                out,
                "What is missing of the last {days} days is about {records} records: {} to pull.",
                super::pull::duration(seconds)
            )?,
            _ => writeln!(out, "How long a full pull takes is not known: no day is covered whole.")?,
        }
    }
    if let Some(LastSignIns { read_at, users }) = last_sign_ins {
        writeln!(out, "Dates of last sign-ins: of {users} users, read at {}.", words::instant(*read_at))?;
    }
    context.out.write_all(&out)?;
    Ok(())
}

fn list(out: &mut Vec<u8>, what: &str, all: &[Stretch]) -> std::io::Result<()> {
    if all.is_empty() {
        return writeln!(out, "    {what}: nothing");
    }
    for Stretch { from, to } in all {
        let minute = |at: &jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M").to_string();
        writeln!(out, "    {what}: {} to {} UTC", minute(from), minute(to))?;
    }
    Ok(())
}
