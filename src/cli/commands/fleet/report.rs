//! `mfaplan fleet report`

use std::path::PathBuf;

use crate::{
    cli::{Context, Exit, Failure, Outcome, args::not_a, save},
    fleet::{PlannedStatus, Report, Row, Set},
    plan::{digest, file},
    render::fleet::{FleetFormat, write},
};

/// Arguments of `fleet report`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The plans, as `fleet plan --out` left them
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// How to show them: text, json, markdown, html, csv
    #[arg(long, value_name = "FORMAT", value_parser = parse_format, default_value = "text")]
    format: FleetFormat,
    /// Write JSON (as --format json)
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write it to this file; CSV begins with a byte order mark there, as spreadsheets want it
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn parse_format(text: &str) -> Result<FleetFormat, String> {
    text.parse().map_err(|()| not_a("format", text, &FleetFormat::ALL.map(FleetFormat::as_str)))
}

/// Shows a set. Files are read, nothing else.
pub(super) fn run(args: &Args, context: &mut Context) -> Outcome {
    let set = Set::read(&args.dir).map_err(|error| Failure::new(error.to_string()))?;
    let mut damaged = false;
    let mut rows = Vec::with_capacity(set.tenants.len());
    for one in &set.tenants {
        let PlannedStatus::Planned = one.status else {
            rows.push(Row::broken(one, one.error.clone().unwrap_or_default()));
            continue;
        };
        // One at a time: however many tenants there are, one plan is in memory.
        let row = match file::read_path(&one.file(&args.dir), digest::compute) {
            Ok(plan) if Some(plan.digest.to_string()) == one.digest => Row::planned(one, &plan),
            Ok(plan) => Row::broken(one, format!("the plan has another digest than the set says: {}", plan.digest)),
            Err(error) => Row::broken(one, error.to_string()),
        };
        damaged |= row.error.is_some();
        rows.push(row);
    }
    let report = Report::new(set.fleet, set.digest, rows);
    let format = if args.json { FleetFormat::Json } else { args.format };
    match &args.out {
        Some(path) => save::atomically(path, context, |out| {
            if format == FleetFormat::Csv {
                out.write_all(save::BYTE_ORDER_MARK)?;
            }
            write(&report, format, out)
        })?,
        None => {
            let out: &mut dyn std::io::Write =
                if format == FleetFormat::Text { &mut context.out } else { context.out.data()? };
            write(&report, format, out)?;
            context.out.flush().map_err(Failure::from)?;
        }
    }
    Ok(if damaged { Exit::Error } else { Exit::Done })
}
