//! `mfaplan verify`

mod standings;

use std::path::PathBuf;

use crate::{
    apply::{
        calibration,
        verify::{self, Expected},
    },
    cli::{
        Context, Exit, Outcome, applying,
        events::Log,
        load::{self, ConfigArgs, TenantArgs},
        planning, tenant,
    },
};

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan verify                               are the users as the configuration declares?
  mfaplan verify 20261124T213000Z-3f9c2a7b     are they as that run left them?

Without a run every managed user is judged. Exit code 2 when somebody is not as declared, or not as the run left
them; users whose change waits for a date or for registration are listed apart, and count with --strict.")]
pub(crate) struct Args {
    /// A run, as `mfaplan history` lists it; without one, compares with the configuration
    run: Option<String>,
    /// Count users whose change waits for a date or for registration as different
    #[arg(long, conflicts_with = "run")]
    strict: bool,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
    /// The tenant.
    #[command(flatten)]
    tenant: TenantArgs,
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// Write events, one JSON object a line, to this file (- for standard output)
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

/// Reads the tenant again and compares.
///
/// # Errors
/// When the journal, the configuration or the tenant cannot be read.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let events = Log::open_verify(args.events.as_deref(), context)?;
    let outcome = compare(args, &events, context);
    events.close(&outcome)?;
    outcome
}

fn compare(args: &Args, events: &Log, context: &mut Context) -> Outcome {
    let config = load::config(&args.config, context)?;
    let journal = args.run.as_deref().map(applying::journal).transpose()?;
    let source = tenant::open(&config, &args.tenant, context)?;
    let observed = tenant::observe(&source, &config, context)?;
    let (run, expected) = match &journal {
        Some((run, journal)) => (Some(run.clone()), Expected::of_run(journal)),
        None => {
            let plan = planning::build(&config, &observed, planning::Targets::NONE, &[], context)?;
            (None, Expected::declared(&plan))
        }
    };
    let states = verify::observed_states(&expected, &observed);
    let mut report = verify::verify(run, &expected, &states, Some(&observed), context.env.now);
    report.calibration =
        journal.as_ref().and_then(|(_, journal)| calibration::calibrate(journal, &observed, context.instant()));
    events.verified(&report)?;
    if args.json {
        let out = context.out.data()?;
        serde_json::to_writer(&mut *out, &report).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        standings::show(&report, context)?;
    }
    Ok(if report.differs(args.strict) { Exit::Changes } else { Exit::Done })
}
