//! `mfaplan show`

use std::{fs, path::PathBuf};

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        present::{self, PresentArgs},
    },
    plan::{
        digest,
        file::{self, PlanFileError},
    },
    render::{NextStep, redact::redact},
    snapshot,
    tenant::{LastSignIn, MfaState, ObservedTenant, ReadError},
};

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan show staff.mfaplan                      a saved plan
  mfaplan show staff.mfaplan --format html > plan.html
  mfaplan show tenant.json                        a snapshot")]
pub(crate) struct Args {
    /// A saved plan or a snapshot
    file: PathBuf,
    /// Showing.
    #[command(flatten)]
    present: PresentArgs,
}

/// Shows a saved plan, or what a snapshot holds.
///
/// # Errors
/// When the file is neither, is damaged, or of a version this program does not know: then nothing is shown.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    args.present.be_discreet(context);
    let path = args.file.display();
    // What a pipe holds can be read once only; of a file only what is needed is in memory.
    let piped = match fs::metadata(&args.file) {
        Ok(metadata) if metadata.is_file() => None,
        _ => Some(fs::read(&args.file).map_err(|error| Failure::new(format!("{path}: cannot be read: {error}")))?),
    };
    let plan = match &piped {
        Some(bytes) => file::read(bytes, digest::compute),
        None => file::read_path(&args.file, digest::compute),
    };
    match plan {
        Ok(mut plan) => {
            drop(piped);
            let next = NextStep::Saved(path.to_string());
            if args.present.redact {
                redact(&mut plan);
            }
            present::write(&plan, &args.present, None, next, context)?;
            // The process ends now, which frees the plan in one piece rather than change by change.
            std::mem::forget(plan);
        }
        Err(PlanFileError::Snapshot) => {
            if args.present.json || args.present.format.is_some() || args.present.redact {
                return Err(Failure::new(format!("{path} is a snapshot, which has one view only"))
                    .hint("leave --json, --format and --redact out; the file itself is JSON"));
            }
            let tenant = match piped {
                Some(bytes) => snapshot::from_slice(&args.file, &bytes),
                None => snapshot::read(&args.file),
            };
            overview(&tenant.map_err(ReadError::from)?, context)?;
        }
        Err(error) => return Err(Failure::new(format!("{path}: {error}"))),
    }
    Ok(Exit::Done)
}

/// What a snapshot holds, and what it lacks.
fn overview(tenant: &ObservedTenant, context: &mut Context) -> Result<(), Failure> {
    let out = &mut context.out;
    let users = tenant.users();
    writeln!(out, "Snapshot of {} ({})", crate::escape::text(&tenant.name), tenant.id)?;
    writeln!(out, "Captured at {}", tenant.captured_at)?;
    writeln!(out)?;
    writeln!(out, "{} users, {} groups", users.len(), tenant.groups.len())?;
    for state in MfaState::ALL {
        let count = users.iter().filter(|user| user.mfa_state.known() == Some(state)).count();
        writeln!(out, "  {:<10} {count}", state.as_str())?;
    }
    let unknown = users.iter().filter(|user| user.mfa_state.known().is_none()).count();
    if unknown > 0 {
        writeln!(out, "  {:<10} {unknown}", "unknown")?;
    }
    writeln!(out, "\nFacts known of how many users")?;
    let known: [(&str, usize); 6] = [
        ("registration", users.iter().filter(|user| user.registered.is_some()).count()),
        ("sign-in log", users.iter().filter(|user| user.sign_ins.is_some()).count()),
        ("last sign-in", users.iter().filter(|user| user.last_sign_in != LastSignIn::Unknown).count()),
        ("licences", users.iter().filter(|user| user.licenses.is_some()).count()),
        ("directory roles", users.iter().filter(|user| user.directory_roles.is_some()).count()),
        ("memberships", users.iter().filter(|user| user.member_of.is_some()).count()),
    ];
    for (fact, count) in known {
        writeln!(out, "  {fact:<16} {count}")?;
    }
    let policies = tenant.conditional_access.as_ref().map_or("unknown".to_owned(), |all| all.len().to_string());
    writeln!(out, "\nConditional Access policies: {policies}")?;
    for one in &tenant.unavailable {
        writeln!(out, "Not available: {}: {}", one.fact, crate::escape::text(&one.reason))?;
    }
    Ok(())
}
