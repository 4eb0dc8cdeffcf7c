//! `mfaplan approve`

use std::{fs, path::PathBuf};

use crate::{
    apply::approval,
    cli::{Context, Exit, Failure, Outcome, save},
    plan::{Digest, digest, file},
    tenant::Text,
};

/// Arguments of `approve`.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["file", "digest"]),
    after_help = "\
Examples:
  mfaplan approve staff.mfaplan --key ~/.ssh/id_ed25519 --out anna.sig
  mfaplan approve --digest sha256:3f9c… --key ~/.ssh/id_ed25519

The signature is SSHSIG: `ssh-keygen -Y verify -n mfaplan` checks it too.
Hand it to `mfaplan apply --signature FILE`."
)]
pub(crate) struct Args {
    /// A saved plan
    file: Option<PathBuf>,
    /// The digest of a plan, all 64 digits, as shown with every view of it
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// Your private SSH key
    #[arg(long, value_name = "KEY")]
    key: PathBuf,
    /// Write the signature to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Signs a plan's digest.
///
/// # Errors
/// When the plan or the key cannot be read, or the plan is refused.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let digest = match (&args.file, &args.digest) {
        (Some(path), _) => {
            let plan = file::read_path(path, digest::compute)
                .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
            if let Some(refusal) = plan.refused.first() {
                return Err(Failure::new(format!("the plan is refused, it cannot be approved: {}", refusal.reason))
                    .hint(refusal.remedy.to_string())
                    .exit(Exit::Refused));
            }
            plan.digest
        }
        (None, Some(text)) => {
            let lower = text.trim().to_ascii_lowercase();
            let hex = lower.strip_prefix("sha256:").unwrap_or(&lower);
            if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(Failure::new("--digest needs all 64 hexadecimal digits of the digest"));
            }
            Digest(Text::from(hex))
        }
        (None, None) => return Err(Failure::new("name a saved plan, or its digest by --digest")),
    };
    let key = fs::read_to_string(&args.key)
        .map_err(|error| Failure::new(format!("{}: cannot be read: {error}", args.key.display())))?;
    let now = context.env.now;
    let signature = approval::sign(&key, &digest, now).map_err(|error| {
        let failure = Failure::new(format!("{}: {error}", args.key.display()));
        error.hints(&digest, now).into_iter().fold(failure, Failure::hint)
    })?;
    match &args.out {
        Some(path) => {
            save::atomically(path, context, |out| out.write_all(signature.as_bytes()))?;
            context.note(&format!("Signed {digest}: {}", path.display()))?;
        }
        None => context.out.data()?.write_all(signature.as_bytes())?,
    }
    Ok(Exit::Done)
}
