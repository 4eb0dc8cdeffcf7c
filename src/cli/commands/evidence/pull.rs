//! `mfaplan evidence pull`

use serde::Serialize;

use crate::{
    cli::{
        Context, Exit, Failure, Outcome, connect, evidence,
        load::{self, ConfigArgs, TenantArgs},
        progress::Progress,
        runtime,
    },
    evidence::Dates,
};

/// Arguments of `evidence pull`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan evidence pull           read what is new since the last time
  mfaplan evidence pull --json    the same in a nightly job

The log gives 500 records a second. What was read stays when the command is stopped, and the next
one goes on there; the last hour is read again, since records come late. Dates of last sign-ins come
after the log: the service gives ten pages of 500 users a minute.")]
pub(crate) struct Args {
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
    /// The tenant.
    #[command(flatten)]
    tenant: TenantArgs,
}

#[derive(Serialize)]
struct Out {
    counted: u64,
    duplicates: u64,
    slices: usize,
    records: u64,
    /// Users whose last sign-in the service has told.
    last_sign_ins: Option<usize>,
}

/// Reads the log into the store.
///
/// # Errors
/// When the tenant cannot be reached, the log is refused, or the store cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Outcome {
    let config = load::config(&args.config, context)?;
    if args.tenant.snapshot.is_some() || config.tenant.snapshot.is_some() {
        return Err(
            Failure::new("a snapshot has no log to pull").hint("`mfaplan evidence import FILE` reads downloaded files")
        );
    }
    let (lock, mut store) = evidence::open_to_write(&config, "evidence pull", context)?;
    if let Some(note) = &lock.note {
        context.note(note)?;
    }
    let graph = runtime::online()?.block_on(connect::connect(&config, &args.tenant, context))?;
    let progress = Progress::new(context);
    let pulled = evidence::pull(&mut store, &graph, context.env.now, config.tenant.sign_in_window, &progress)?;
    let dates = runtime::online()?.block_on(graph.sign_in_dates(&progress));
    drop(progress);
    let dates = dates.map(|users| Dates { read_at: context.env.now, users });
    let last_sign_ins = dates.as_ref().ok().map(|dates| dates.users.len());
    match dates {
        Ok(dates) => store.keep_dates(dates)?,
        Err(error) => context.note(&format!("dates of last sign-ins were not read: {}", error.message))?,
    }
    drop(lock);
    let out = Out {
        counted: pulled.taken.counted,
        duplicates: pulled.taken.duplicates,
        slices: pulled.slices,
        records: store.records(),
        last_sign_ins,
    };
    if args.json {
        let text = serde_json::to_string_pretty(&out).map_err(std::io::Error::from)?;
        writeln!(context.out.data()?, "{text}")?;
    } else {
        writeln!(
            context.out,
            "{} new records counted, {} were counted before; the store has {}.",
            out.counted, out.duplicates, out.records
        )?;
        if let Some(users) = out.last_sign_ins {
            writeln!(context.out, "Dates of last sign-ins: of {users} users.")?;
        }
    }
    context.out.flush()?;
    Ok(Exit::Done)
}

/// Seconds as people say them.
pub(crate) fn duration(seconds: u64) -> String {
    match seconds {
        0..=90 => format!("about {seconds} s"),
        91..=5_400 => format!("about {} min", seconds.div_ceil(60)),
        _ => format!("about {} h", (seconds as f64 / 360.0).round() / 10.0),
    }
}
