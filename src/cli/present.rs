//! Showing a plan in the format asked for.

use std::{io::Write, path::Path};

use crate::{
    plan::Plan,
    render::{Format, NextStep, Options},
    risk,
    severity::Severity,
};

use super::{Context, Failure, args::not_a, save};

/// Flags of every command that shows a plan.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PresentArgs {
    /// Write the plan as JSON (as --format json)
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// How to show the plan: text, json, markdown, summary, html, sarif, github, gitlab, junit, csv
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    pub format: Option<Format>,
    /// Replace names and ids of users by stable pseudonyms, for public places
    #[arg(long)]
    pub redact: bool,
}

fn parse_format(text: &str) -> Result<Format, String> {
    let names: Vec<_> = Format::ALL.iter().map(|format| format.as_str()).collect();
    text.parse().map_err(|()| not_a("format", text, &names))
}

impl PresentArgs {
    /// With `--redact`, errors and notes name nobody either. To be asked before anything else.
    pub(super) fn be_discreet(&self, context: &Context) {
        if self.redact {
            context.discretion.begin();
        }
    }

    /// The format asked for.
    pub(super) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format.unwrap_or(Format::Text) }
    }
}

/// Shows a plan on standard output, and what comes next. What is to be redacted has been.
pub(super) fn write(
    plan: &Plan,
    args: &PresentArgs,
    fail_on: Option<Severity>,
    next: NextStep,
    context: &mut Context,
) -> Result<(), Failure> {
    write_to(None, plan, args, fail_on, next, context)
}

/// As [`write`], into a file where one is named.
pub(super) fn write_to(
    file: Option<&Path>,
    plan: &Plan,
    args: &PresentArgs,
    fail_on: Option<Severity>,
    next: NextStep,
    context: &mut Context,
) -> Result<(), Failure> {
    let options = Options {
        width: context.width(),
        color: context.out_color && file.is_none(),
        verbose: context.global.verbose > 0,
        next,
        fail_on,
        rules: risk::registry().iter().map(|rule| (rule.id.to_owned(), rule.name.to_owned())).collect(),
        ..Options::default()
    };
    let format = args.format();
    if let Some(file) = file {
        return save::atomically(file, context, |out| format.write(plan, &options, out));
    }
    let out: &mut dyn Write = if format == Format::Text { &mut context.out } else { context.out.data()? };
    format.write(plan, &options, out)?;
    context.out.flush()?;
    Ok(())
}
