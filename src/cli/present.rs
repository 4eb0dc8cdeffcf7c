//! Showing a plan in the format asked for.

use std::{io::Write, path::Path};

use crate::{
    plan::Plan,
    render::{Format, NextStep, Options, redact::redact_observed},
    risk,
    severity::Severity,
    tenant::ObservedTenant,
};

use super::{Context, Failure};

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
    text.parse().map_err(|()| {
        let names = || Format::ALL.iter().map(|format| format.as_str());
        let hint = crate::diag::did_you_mean(text, names()).map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("not a format ({}){hint}", names().collect::<Vec<_>>().join(", "))
    })
}

impl PresentArgs {
    /// The format asked for.
    pub(super) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format.unwrap_or(Format::Text) }
    }
}

/// Shows a plan on standard output. `observed` is the tenant it was made from, whose every name is redacted where asked
/// for, planned or not; `saved` is where it was saved, for the closing line.
pub(super) fn plan(
    plan: &Plan,
    args: &PresentArgs,
    fail_on: Option<Severity>,
    saved: Option<&Path>,
    observed: &ObservedTenant,
    context: &mut Context,
) -> Result<(), Failure> {
    let next = match saved {
        Some(path) => NextStep::Saved(path.display().to_string()),
        None => NextStep::Unsaved,
    };
    write(plan, args, fail_on, next, |plan| redact_observed(plan, observed), context)
}

/// As [`plan`], saying what comes next.
pub(super) fn write(
    plan: &Plan,
    args: &PresentArgs,
    fail_on: Option<Severity>,
    next: NextStep,
    redact: impl FnOnce(&Plan) -> Plan,
    context: &mut Context,
) -> Result<(), Failure> {
    let options = Options {
        width: context.width(),
        color: context.out_color,
        verbose: context.global.verbose > 0,
        next,
        fail_on,
        rules: risk::registry().iter().map(|rule| (rule.id.to_owned(), rule.name.to_owned())).collect(),
        ..Options::default()
    };
    let format = args.format();
    let out: &mut dyn Write = if format == Format::Text { &mut context.out } else { context.out.data()? };
    if args.redact {
        format.write(&redact(plan), &options, out)?;
    } else {
        format.write(plan, &options, out)?;
    }
    context.out.flush()?;
    Ok(())
}
