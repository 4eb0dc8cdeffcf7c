//! `mfaplan show`

use std::{fs, io, path::PathBuf};

use crate::{
    cli::{
        Context, Exit, Failure, Outcome, again,
        args::not_a,
        load::{ConfigArgs, TenantArgs},
        present::{self, PresentArgs},
        save,
    },
    config::SignalSettings,
    facts::Facts,
    plan::{
        digest,
        file::{self, PlanFileError},
    },
    render::{
        Format, NextStep,
        redact::redact,
        users::{self, Column},
    },
    snapshot,
    tenant::{LastSignIn, MfaState, ObservedTenant, ReadError},
};

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan show staff.mfaplan                      a saved plan
  mfaplan show staff.mfaplan --format html --out plan.html
  mfaplan show staff.mfaplan --format csv --out everybody.csv
  mfaplan show tenant.json                        a snapshot
  mfaplan show tenant.json --format csv --columns user_principal_name,state,registered

Format csv has one line for every user the file knows, those without a change too. Its columns:
user_principal_name, display_name, id, state, desired, decision, registered, methods, kind, department,
manager, protected_by, owner, reason, until, worst_finding. What a file does not hold stays empty.")]
pub(crate) struct Args {
    /// A saved plan or a snapshot
    file: PathBuf,
    /// The columns of --format csv, in this order
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = parse_column)]
    columns: Vec<Column>,
    /// Write to this file, for its owner alone; CSV begins with a byte order mark there, as spreadsheets want it
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Showing.
    #[command(flatten)]
    present: PresentArgs,
}

fn parse_column(text: &str) -> Result<Column, String> {
    let names: Vec<_> = Column::ALL.iter().map(|column| column.as_str()).collect();
    text.trim().parse().map_err(|()| not_a("column", text, &names))
}

/// Shows a saved plan, or what a snapshot holds.
///
/// # Errors
/// When the file is neither, is damaged, or of a version this program does not know: then nothing is shown.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    args.present.be_discreet(context);
    let path = args.file.display();
    let list = args.present.format == Some(Format::Csv);
    if !list && !args.columns.is_empty() {
        return Err(Failure::new("--columns goes with --format csv"));
    }
    let columns = if args.columns.is_empty() { Column::ALL } else { &args.columns };
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
            if args.present.redact {
                redact(&mut plan);
            }
            if list {
                everybody(args, context, |out| users::write_plan(&plan, columns, out))?;
                return Ok(Exit::Done);
            }
            let flags = again::of(&ConfigArgs::default(), &TenantArgs::default(), context);
            let next = NextStep::Saved { file: path.to_string(), flags };
            present::write_to(args.out.as_deref(), &plan, &args.present, None, next, context)?;
            // The process ends now, which frees the plan in one piece rather than change by change.
            std::mem::forget(plan);
        }
        Err(PlanFileError::Snapshot) => {
            let other = args.present.format.is_some() && !list;
            if args.present.json || other || args.present.redact || (args.out.is_some() && !list) {
                return Err(Failure::new(format!("{path} is a snapshot, which is shown as it is or as --format csv"))
                    .hint("the file itself is JSON; --redact is for plans"));
            }
            let tenant = match piped {
                Some(bytes) => snapshot::from_slice(&args.file, &bytes),
                None => snapshot::read(&args.file),
            };
            let tenant = tenant.map_err(ReadError::from)?;
            if list {
                let facts = Facts::of(&tenant, &SignalSettings::default(), context.instant());
                everybody(args, context, |out| users::write_tenant(&tenant, &facts, columns, out))?;
            } else {
                overview(&tenant, context)?;
            }
        }
        Err(error) => return Err(Failure::new(format!("{path}: {error}"))),
    }
    Ok(Exit::Done)
}

/// The list of users, to standard output or to a file.
fn everybody(
    args: &Args,
    context: &mut Context,
    write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> Result<(), Failure> {
    match &args.out {
        Some(path) => save::atomically(path, context, |out| {
            out.write_all(save::BYTE_ORDER_MARK)?;
            write(out)
        }),
        None => {
            write(context.out.data()?)?;
            Ok(context.out.flush()?)
        }
    }
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
