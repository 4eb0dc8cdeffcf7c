//! `mfaplan snapshot`

use std::path::PathBuf;

use crate::{
    cli::{
        Context, Exit, Outcome,
        load::{self, ConfigArgs, TenantArgs},
        save,
        tenant::{self, Contacts},
    },
    snapshot,
};

/// Arguments of `snapshot`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan snapshot --out tenant.json
  mfaplan plan --snapshot tenant.json      the same plan, offline

A snapshot holds names, sign-in counts and roles of real people: keep it as you keep the directory itself.")]
pub(crate) struct Args {
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// Copy each user's manager and telephone numbers too: `readiness` and `propose-waves` use them
    #[arg(long)]
    contacts: bool,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
    /// The tenant.
    #[command(flatten)]
    tenant: TenantArgs,
}

/// Takes an offline copy of everything a plan of this configuration reads.
///
/// # Errors
/// When the tenant cannot be read or the file cannot be written.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let config = load::config(&args.config, context)?;
    let source = tenant::open(&config, &args.tenant, context)?.for_copying();
    let observed =
        tenant::observe_with(&source, &config, Contacts { manager: args.contacts, phones: args.contacts }, context)?;
    for note in &observed.notes {
        context.note(note)?;
    }
    save::atomically(&args.out, context, |out| snapshot::write(&observed, out))?;
    context.note(&format!("{} users written to {}", observed.users().len(), args.out.display()))?;
    Ok(Exit::Done)
}
