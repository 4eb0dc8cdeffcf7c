//! `mfaplan evidence`

mod export;
mod import;
mod prune;
mod pull;
mod status;

use crate::cli::{Context, Outcome};

pub(crate) use pull::duration;

/// Arguments of `evidence`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan evidence pull                       read what is new in the sign-in log
  mfaplan evidence import downloads/          count the records of files, each once
  mfaplan evidence status                     what is covered, and what is not
  mfaplan evidence prune --older-than 90d

The store is .mfaplan/evidence. It holds counts by user, day, application and client, and no record.
Plans use it; see docs/evidence.md.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Read what is new in the tenant's sign-in log into the store
    Pull(pull::Args),
    /// Count the records of downloaded files in the store, each once
    Import(import::Args),
    /// Show what the store covers, and what it does not
    Status(status::Args),
    /// Forget old days
    Prune(prune::Args),
    /// Write the store as a snapshot without names, to be shared
    Export(export::Args),
}

/// Runs one of them.
///
/// # Errors
/// Theirs.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    match &args.what {
        What::Pull(args) => pull::run(args, context),
        What::Import(args) => import::run(args, context),
        What::Status(args) => status::run(args, context),
        What::Prune(args) => prune::run(args, context),
        What::Export(args) => export::run(args, context),
    }
}
