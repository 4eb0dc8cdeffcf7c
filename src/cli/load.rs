//! Loading: the configuration with its variables, and the tenant it names.

use std::path::{Path, PathBuf};

use crate::{
    config::{self, CloudName, Config, ENVIRONMENT_PREFIX, LoadInput},
    diag::Diagnostic,
    risk,
};

use super::{Context, Failure};

/// Flags of every command that reads the configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ConfigArgs {
    /// Set a variable
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub vars: Vec<String>,
    /// Read variables from a file
    #[arg(long = "var-file", value_name = "FILE")]
    pub var_files: Vec<PathBuf>,
    /// Let expressions read files of this directory too, besides those of the git work tree
    #[arg(long = "allow-files", value_name = "DIR")]
    pub allow_files: Vec<PathBuf>,
}

/// Flags of every command that reads the tenant.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct TenantArgs {
    /// Read this offline copy instead of the tenant
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// How many requests may be under way at once [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallelism: Option<u16>,
}

/// The configuration directory: the current one, after `--chdir`.
pub(super) const DIRECTORY: &str = ".";

/// A cloud by its name on the command line.
pub(super) fn cloud(text: &str) -> Result<CloudName, String> {
    CloudName::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| {
        let names: Vec<_> = CloudName::ALL.into_iter().map(CloudName::as_str).collect();
        format!("one of {} is expected", names.join(", "))
    })
}

/// Is there any configuration file in the directory?
pub(super) fn is_configured() -> bool {
    std::fs::read_dir(DIRECTORY).is_ok_and(|entries| {
        entries.filter_map(Result::ok).any(|entry| entry.file_name().to_string_lossy().ends_with(".mfa.hcl"))
    })
}

/// Loads the configuration.
///
/// # Errors
/// All its diagnostics at once.
pub(super) fn config(args: &ConfigArgs, context: &Context) -> Result<Config, Failure> {
    config_in(Path::new(DIRECTORY), args, context)
}

/// Loads the configuration of a directory.
///
/// # Errors
/// All its diagnostics at once.
pub(super) fn config_in(dir: &Path, args: &ConfigArgs, context: &Context) -> Result<Config, Failure> {
    let environment = variables(context);
    let policy = context.policy();
    let known_rules = risk::known_rules();
    let input = input(dir, policy.as_deref(), args, &environment, &known_rules, context);
    match config::load(input) {
        Ok(config) => {
            context.inputs.add_configuration(&config);
            Ok(config)
        }
        Err(failure) => {
            let config::LoadFailure { sources, diagnostics } = *failure;
            context.inputs.add_sources(dir, &sources);
            Err(Failure::Diagnostics { diagnostics, sources })
        }
    }
}

/// The environment's `MFAPLAN_VAR_<name>`.
pub(super) fn variables(context: &Context) -> Vec<(String, String)> {
    context.env.prefixed("").filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX)).map(owned).collect()
}

/// What a configuration is loaded from.
pub(super) fn input<'a>(
    dir: &'a Path,
    policy_dir: Option<&'a Path>,
    args: &'a ConfigArgs,
    environment: &'a [(String, String)],
    known_rules: &'a [(&'a str, &'a str, crate::severity::Severity)],
    context: &Context,
) -> LoadInput<'a> {
    LoadInput {
        dir,
        policy_dir,
        vars: &args.vars,
        var_files: &args.var_files,
        allow_files: &args.allow_files,
        environment,
        instant: context.instant(),
        known_rules,
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Shows warnings, unless asked to be quiet.
///
/// # Errors
/// Those of standard error.
pub(super) fn show_warnings(warnings: &[Diagnostic], config: &Config, context: &mut Context) -> Result<(), Failure> {
    if warnings.is_empty() || context.global.quiet {
        return Ok(());
    }
    super::commands::validate::show(warnings, &config.sources, context)?;
    Ok(())
}
