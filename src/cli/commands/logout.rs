//! `mfaplan logout`

use super::login::Which;
use crate::cli::{Context, Exit, Outcome, connect};

/// Arguments of `logout`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan logout                         forget the sign-in to the configuration's tenant
  mfaplan logout --tenant contoso.com    the same without a configuration

The sign-in is taken out of the operating system's store of credentials. Whoever had a copy of it could go on: where that is
feared, an administrator revokes the operator's sessions in the Entra portal.")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

/// Forgets what `login` has kept.
///
/// # Errors
/// When the tenant cannot be told, or there is no store.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let (id, cloud) = args.which.tenant(context, "logout")?;
    let said = match connect::forget(id, cloud, context)? {
        true => format!("The sign-in to tenant {id} is forgotten."),
        false => format!("No sign-in to tenant {id} was kept."),
    };
    context.note(&said)?;
    Ok(Exit::Done)
}
