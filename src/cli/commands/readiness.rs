//! `mfaplan readiness`

use std::path::PathBuf;

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        planning::{self, PlanArgs},
        save,
        tenant::Contacts,
    },
    plan::{digest, file},
    readiness::{self, By, Input},
    render::readiness::{Format, Options},
};

/// Arguments of `readiness`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan readiness                              who can answer when MFA is asked for
  mfaplan readiness staff.mfaplan --by wave      of a saved plan, wave by wave
  mfaplan readiness --by manager --format csv    a list for every manager

Everybody whom the plan raises is listed, those to be called first in front. Nothing is written to the tenant.")]
pub(crate) struct Args {
    /// A saved plan: its users; without one, plans as `plan` does
    file: Option<PathBuf>,
    /// Divide the users: department, manager, wave, country
    #[arg(long, value_name = "WHAT", value_parser = parse_by)]
    by: Option<By>,
    /// How to show them: text, csv, html, json
    #[arg(long, value_name = "FORMAT", value_parser = parse_format, default_value = "text", hide_default_value = true)]
    format: Format,
    /// Write to this file, readable by its owner alone
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Planning.
    #[command(flatten)]
    plan: PlanArgs,
}

fn parse_by(text: &str) -> Result<By, String> {
    one_of(text, &By::ALL, By::as_str)
}

fn parse_format(text: &str) -> Result<Format, String> {
    one_of(text, &Format::ALL, Format::as_str)
}

/// A word of a list, or the nearest one.
pub(super) fn one_of<T: Copy>(text: &str, all: &[T], word: impl Fn(T) -> &'static str) -> Result<T, String> {
    all.iter().copied().find(|one| word(*one) == text).ok_or_else(|| {
        let words: Vec<_> = all.iter().map(|one| word(*one)).collect();
        let hint = crate::diag::did_you_mean(text, words.iter().copied()).map(|hint| format!("; {hint}"));
        format!("not one of {}{}", words.join(", "), hint.unwrap_or_default())
    })
}

/// Shows who is ready.
///
/// # Errors
/// When there is no plan, or the tenant cannot be read.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let saved = match &args.file {
        Some(path) => {
            let saved = file::read_path(path, digest::compute)
                .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
            // Waves and retirements are judged at the instant for which the plan was made.
            context.global.as_of = context.global.as_of.or(Some(saved.as_of));
            Some(saved)
        }
        None => None,
    };
    let manager = args.by == Some(By::Manager) || args.format == Format::Csv;
    let planned = planning::resolved(&args.plan, Contacts { manager, phones: args.format != Format::Csv }, context)?;
    if let (Some(saved), Some(path)) = (&saved, &args.file)
        && saved.tenant.id != planned.plan.tenant.id
    {
        return Err(Failure::new(format!(
            "{} is of tenant {}, the configuration of {}",
            path.display(),
            saved.tenant.id,
            planned.plan.tenant.id
        )));
    }
    let report = readiness::report(Input {
        plan: saved.as_ref().unwrap_or(&planned.plan),
        desired: &planned.desired,
        tenant: &planned.observed,
        by: args.by,
    });
    let options = Options { color: context.out_color && args.out.is_none(), verbose: context.global.verbose > 0 };
    match &args.out {
        Some(path) => save::atomically(path, context, |out| {
            // A spreadsheet takes a file without this mark for one in its own legacy encoding.
            if args.format == Format::Csv {
                out.write_all("\u{feff}".as_bytes())?;
            }
            args.format.write(&report, options, out)
        })?,
        None => {
            let out: &mut dyn std::io::Write =
                if args.format == Format::Text { &mut context.out } else { context.out.data()? };
            args.format.write(&report, options, out)?;
        }
    }
    Ok(Exit::Done)
}
