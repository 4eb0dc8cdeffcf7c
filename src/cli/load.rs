//! Loading: the configuration with its variables, and the tenant it names.

use std::{
    future::Future,
    path::{Path, PathBuf},
};

use crate::config::Config;

use super::{Context, Failure};

/// Flags of every command that reads the configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ConfigArgs {
    /// Set a variable
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub vars: Vec<String>,
    /// Read variables from a file
    #[arg(long = "var-file", value_name = "FILE")]
    pub var_files: Vec<PathBuf>,
}

/// Flags of every command that reads the tenant.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct TenantArgs {
    /// Read this offline copy instead of the tenant
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// How many requests may be under way at once [default: 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallelism: Option<u16>,
}

/// The configuration directory: the current one, after `--chdir`.
pub(super) const DIRECTORY: &str = ".";

/// Loads the configuration.
///
/// # Errors
/// All its diagnostics at once.
pub(super) fn config(args: &ConfigArgs, context: &Context) -> Result<Config, Failure> {
    config_in(Path::new(DIRECTORY), args, context)
}
