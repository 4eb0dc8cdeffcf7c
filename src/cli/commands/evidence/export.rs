//! `mfaplan evidence export`

use std::path::PathBuf;

use uuid::Uuid;

use crate::{
    cli::{
        Context, Exit, Outcome, evidence,
        load::{self, ConfigArgs},
        save,
    },
    evidence::pseudonymous,
    snapshot,
};

/// Arguments of `evidence export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan evidence export --redact sign-ins.json

Users have stable pseudonyms, addresses are hashed with a secret that is thrown away. Names of
applications and ids of policies stay.")]
pub(crate) struct Args {
    /// The file to write
    #[arg(value_name = "FILE")]
    out: PathBuf,
    /// Replace names and ids of users by stable pseudonyms; nothing else can be exported
    #[arg(long, required = true)]
    redact: bool,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
}

/// Writes the store for others.
///
/// # Errors
/// When the store cannot be read or the file cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Outcome {
    let config = load::config(&args.config, context)?;
    let store = evidence::open(&config)?;
    let everybody = pseudonymous(&store, context.instant(), config.tenant.sign_in_window, Uuid::new_v4())?;
    save::atomically(&args.out, context, |out| snapshot::write(&everybody, out))?;
    context.note(&format!("{} users written to {}", everybody.users().len(), args.out.display()))?;
    Ok(Exit::Done)
}
