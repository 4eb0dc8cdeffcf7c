//! `mfaplan evidence prune`

use jiff::SignedDuration;

use crate::{
    cli::{
        Context, Exit, Outcome, evidence,
        load::{self, ConfigArgs},
    },
    evidence::day_of,
};

/// Arguments of `evidence prune`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan evidence prune --older-than 90d
  mfaplan evidence prune --older-than 0d     empties the store

Days that are pruned forget which records they had, so files that old are not imported again;
an emptied store takes everything.")]
pub(crate) struct Args {
    /// Forget days that ended longer ago than this
    #[arg(long, value_name = "DAYS", value_parser = parse_days)]
    older_than: u16,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
}

fn parse_days(text: &str) -> Result<u16, String> {
    text.strip_suffix('d')
        .and_then(|days| days.parse().ok())
        .ok_or_else(|| "a number of days is expected: 90d".to_owned())
}

/// Forgets old days.
///
/// # Errors
/// When the store cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Outcome {
    let config = load::config(&args.config, context)?;
    if !evidence::open(&config)?.exists() {
        writeln!(context.out, "The store is empty.")?;
        return Ok(Exit::Done);
    }
    let (lock, mut store) = evidence::open_to_write(&config, "evidence prune", context)?;
    if let Some(note) = &lock.note {
        context.note(note)?;
    }
    let gone = if args.older_than == 0 {
        store.empty()?
    } else {
        let before = day_of(context.instant() - SignedDuration::from_hours(24 * i64::from(args.older_than)));
        store.prune(before)?
    };
    drop(lock);
    writeln!(context.out, "{gone} records forgotten, {} kept.", store.records())?;
    Ok(Exit::Done)
}
