//! Loading: the configuration with its variables, and the tenant it names.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, FromArgMatches};

use crate::{
    config::{self, Assignment, CloudName, Config, ENVIRONMENT_PREFIX, FOREIGN_PREFIX, LoadInput, Overlay},
    diag::Diagnostic,
    risk,
    tenant::SignInMode,
};

use super::{Context, Failure, args::not_a};

/// Flags of every command that reads the configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ConfigArgs {
    /// Values of variables.
    #[command(flatten)]
    pub assignments: Assignments,
    /// Let expressions read files of this directory too, besides those of the git work tree
    #[arg(long = "allow-files", value_name = "DIR")]
    pub allow_files: Vec<PathBuf>,
}

/// `--var` and `--var-file` as they stand on the command line: the later one wins, so their order is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assignments(pub(crate) Vec<Assignment>);

/// The two flags for themselves.
#[derive(clap::Args)]
struct Flags {
    /// Set a variable
    #[arg(long = "var", value_name = "NAME=VALUE")]
    vars: Vec<String>,
    /// Read variables from a file, in HCL or (*.json) in JSON
    #[arg(long = "var-file", value_name = "FILE")]
    var_files: Vec<PathBuf>,
}

impl clap::Args for Assignments {
    fn augment_args(command: clap::Command) -> clap::Command {
        Flags::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Flags::augment_args_for_update(command)
    }
}

impl FromArgMatches for Assignments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let Flags { vars, var_files } = Flags::from_arg_matches(matches)?;
        let places = |flag: &str| matches.indices_of(flag).into_iter().flatten();
        let vars = places("vars").zip(vars.into_iter().map(Assignment::Value));
        let files = places("var_files").zip(var_files.into_iter().map(Assignment::File));
        let mut found: Vec<(usize, Assignment)> = vars.chain(files).collect();
        found.sort_by_key(|(place, _)| *place);
        Ok(Self(found.into_iter().map(|(_, one)| one).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
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
    /// How the sign-in log is looked at: stored (.mfaplan/evidence alone), decisive (a few filtered pages), full (pulls
    /// what is missing first), none [default: stored where that is fresh, else decisive]
    #[arg(long = "sign-ins", value_name = "MODE", value_parser = parse_mode)]
    pub sign_ins: Option<SignInMode>,
}

fn parse_mode(text: &str) -> Result<SignInMode, String> {
    text.parse().map_err(|()| not_a("way", text, &SignInMode::ALL.map(SignInMode::as_str)))
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
    config_with(dir, &Overlay::default(), args, context)
}

/// Loads the configuration with these texts in place of files, or beside them.
///
/// # Errors
/// All its diagnostics at once.
pub(super) fn config_over(overlay: &Overlay, args: &ConfigArgs, context: &Context) -> Result<Config, Failure> {
    config_with(Path::new(DIRECTORY), overlay, args, context)
}

fn config_with(dir: &Path, overlay: &Overlay, args: &ConfigArgs, context: &Context) -> Result<Config, Failure> {
    let environment = variables(context);
    let policy = context.policy();
    let known_rules = risk::known_rules();
    let input = input(dir, policy.as_deref(), args, &environment, &known_rules, context);
    match config::load_over(input, overlay) {
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

/// The environment's `MFAPLAN_VAR_<name>`, and Terraform's `TF_VAR_<name>`.
pub(super) fn variables(context: &Context) -> Vec<(String, String)> {
    let ours = |name: &str| [ENVIRONMENT_PREFIX, FOREIGN_PREFIX].iter().any(|prefix| name.starts_with(prefix));
    context.env.prefixed("").filter(|(name, _)| ours(name)).map(owned).collect()
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
        assignments: &args.assignments.0,
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
