//! `mfaplan exceptions`

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        args::not_a,
        load::{self, ConfigArgs, TenantArgs},
        planning, save, tenant,
    },
    plan::exceptions::{Exception, exceptions},
    render::{
        exceptions::{ExceptionFormat, write},
        redact::redact_observed,
    },
};

use std::path::PathBuf;

/// Arguments of `exceptions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan exceptions                              who is exempt, why, and until when
  mfaplan exceptions --format csv --out exceptions.csv
  mfaplan exceptions --detailed-exitcode          2 where one has expired: for a nightly job

Protected users (break_glass, service_account), accepted risks (accept), changes that wait (hold) or
are withheld (block); what ends first comes first.")]
pub(crate) struct Args {
    /// How to show the list: text, csv, html, json
    #[arg(long, value_name = "FORMAT", value_parser = parse_format, default_value = "text")]
    format: ExceptionFormat,
    /// Write the list as JSON (as --format json)
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write it to this file; CSV begins with a byte order mark there, as spreadsheets want it
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// List users whom no block claims, too
    #[arg(long)]
    unmanaged: bool,
    /// Replace names and ids of users by stable pseudonyms, for public places
    #[arg(long)]
    redact: bool,
    /// Exit with 2 when an exception has expired
    #[arg(long)]
    detailed_exitcode: bool,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
    /// The tenant.
    #[command(flatten)]
    tenant: TenantArgs,
}

fn parse_format(text: &str) -> Result<ExceptionFormat, String> {
    text.parse().map_err(|()| not_a("format", text, &ExceptionFormat::ALL.map(ExceptionFormat::as_str)))
}

/// Lists who is exempt.
///
/// # Errors
/// When the configuration or the tenant cannot be read.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    if args.redact {
        context.discretion.begin();
    }
    let format = if args.json { ExceptionFormat::Json } else { args.format };
    let config = load::config(&args.config, context)?;
    let source = tenant::open(&config, &args.tenant, context)?;
    let observed = tenant::observe(&source, &config, context)?;
    let mut plan = planning::build(&config, &observed, planning::Targets::NONE, &[], context)?;
    if args.redact {
        redact_observed(&mut plan, &observed);
    }
    // A waiver's reason in the configuration may name people, and only the plan is redacted.
    let of_config = (!args.redact).then_some(&config);
    let list = exceptions(&plan, of_config, args.unmanaged);
    match &args.out {
        Some(path) => save::atomically(path, context, |out| {
            if format == ExceptionFormat::Csv {
                out.write_all(save::BYTE_ORDER_MARK)?;
            }
            write(&plan, &list, format, out)
        })?,
        None => {
            let out: &mut dyn std::io::Write =
                if format == ExceptionFormat::Text { &mut context.out } else { context.out.data()? };
            write(&plan, &list, format, out)?;
            context.out.flush().map_err(Failure::from)?;
        }
    }
    let expired = list.iter().any(Exception::expired);
    Ok(if expired && args.detailed_exitcode { Exit::Changes } else { Exit::Done })
}
