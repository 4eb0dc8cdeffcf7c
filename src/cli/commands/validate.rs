//! `mfaplan validate`

use std::io;

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        load::{self, ConfigArgs},
    },
    diag::{
        Diagnostic, SourceMap,
        json::to_json,
        render::{self, RenderOptions},
    },
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
    let options = RenderOptions {
        color: context.err_color,
        unicode: context.env.stderr_is_terminal,
        width: context.width(),
        ..RenderOptions::default()
    };
    render::write(&mut context.err, diagnostics, sources, options)
}
