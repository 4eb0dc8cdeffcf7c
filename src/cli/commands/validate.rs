//! `mfaplan validate`

use std::io;

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        load::{self, ConfigArgs},
    },
    diag::{
        Diagnostic, Level, SourceMap,
        json::to_json,
        render::{self, RenderOptions},
    },
    escape,
};

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan validate             every error and warning, with its place
  mfaplan validate --json      the same in the format of `terraform validate -json`

Names of users, groups and roles are checked by `plan`, which reads the tenant.")]
pub(crate) struct Args {
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
    /// Write JSON, in Terraform's diagnostic format
    #[arg(long)]
    json: bool,
}

/// Checks the configuration without a tenant.
///
/// # Errors
/// The diagnostics of the configuration; with `--json` they are the result, and the exit code alone says so.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let loaded = load::config(&args.config, context);
    if args.json {
        let (json, exit) = match &loaded {
            Ok(config) => (to_json(&config.warnings, &config.sources), Exit::Done),
            Err(Failure::Diagnostics { diagnostics, sources }) => (to_json(diagnostics, sources), Exit::Error),
            Err(_) => return Err(loaded.err().unwrap_or(Failure::BrokenPipe)),
        };
        writeln!(context.out.data()?, "{json}")?;
        return Ok(exit);
    }
    let config = loaded?;
    show(&config.warnings, &config.sources, context)?;
    let blocks = config.mfa.len();
    writeln!(
        context.out,
        "The configuration is valid: {blocks} `mfa` block{} in {} file{}.",
        if blocks == 1 { "" } else { "s" },
        config.origin.files.len(),
        if config.origin.files.len() == 1 { "" } else { "s" },
    )?;
    Ok(Exit::Done)
}

/// Shows diagnostics on standard error.
///
/// # Errors
/// Those of standard error.
pub(crate) fn show(diagnostics: &[Diagnostic], sources: &SourceMap, context: &mut Context) -> io::Result<()> {
    if context.discretion.is_asked_for() {
        return without_source(diagnostics, sources, context);
    }
    let options = RenderOptions {
        color: context.err_color,
        unicode: context.env.stderr_is_terminal,
        width: context.width(),
        ..RenderOptions::default()
    };
    render::write(&mut context.err, diagnostics, sources, options)
}

/// With `--redact`: places and what is wrong there, but no line of the configuration and no value, for these may hold a
/// name in any form.
fn without_source(diagnostics: &[Diagnostic], sources: &SourceMap, context: &mut Context) -> io::Result<()> {
    for diagnostic in diagnostics {
        let Diagnostic { level, summary, detail, primary, secondary: _, hints, fix: _ } = diagnostic;
        let word = match level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        writeln!(context.err, "{word}: {}", escape::text(&withheld(summary)))?;
        if let Some(label) = primary {
            let (place, file) = (sources.start(label.span), sources.file(label.span.file));
            writeln!(context.err, "  at {}:{}:{}", escape::text(&file.name), place.line, place.column)?;
        }
        for line in detail.lines() {
            writeln!(context.err, "  {}", escape::text(&withheld(line)))?;
        }
        for hint in hints {
            writeln!(context.err, "  hint: {}", escape::text(&withheld(hint)))?;
        }
    }
    Ok(())
}

/// The text without what it quotes.
fn withheld(text: &str) -> String {
    let parts: Vec<&str> = text.split('"').collect();
    let shown = parts.iter().enumerate().map(|(at, part)| if at % 2 == 1 { "(withheld)" } else { part });
    shown.collect::<Vec<_>>().join("\"")
}
