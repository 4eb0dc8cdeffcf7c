//! `mfaplan fleet …`: many tenants as one set.

mod apply;
#[cfg(test)]
mod handed_tests;
mod list;
mod permissions;
mod plan;
mod report;
mod verify;

use crate::cli::{Context, Outcome};

/// Arguments of `fleet`.
#[derive(Debug, clap::Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  mfaplan fleet list --json                          the tenants, for the matrix of a pipeline
  mfaplan fleet list --changed-since origin/main     those whose configuration a branch touches
  mfaplan fleet plan --out plans                     plan every tenant
  mfaplan fleet report plans --format markdown       one comment for all
  mfaplan fleet apply plans --approve-set DIGEST     ring by ring, exactly these plans
  mfaplan fleet verify                               is everybody as declared?
  mfaplan fleet permissions                          who has consented to what?

Tenants stand in *.mfafleet.hcl files; each has a directory, a plan and a journal of its own."
)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

/// The commands.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the tenants
    List(list::Args),
    /// Plan every tenant
    Plan(plan::Args),
    /// Show a set of plans as one table
    Report(report::Args),
    /// Apply a set of plans, ring by ring
    Apply(apply::Args),
    /// Read every tenant again: is everybody as declared?
    Verify(verify::Args),
    /// Say which permissions each tenant's application lacks
    Permissions(permissions::Args),
}

/// Runs a command over a fleet.
///
/// # Errors
/// When the fleet cannot be read, or the set is not the one approved.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    match &args.command {
        Command::List(args) => list::run(args, context),
        Command::Plan(args) => plan::run(args, context),
        Command::Report(args) => report::run(args, context),
        Command::Apply(args) => apply::run(args, context),
        Command::Verify(args) => verify::run(args, context),
        Command::Permissions(args) => permissions::run(args, context),
    }
}

/// Does a command write to tenants?
pub(crate) const fn writes(args: &Args) -> bool {
    matches!(args.command, Command::Apply(_))
}

/// `30m`, `45s`, `2h`.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    let wrong = || "a length of time such as 30m, 45s or 2h".to_owned();
    let digits = text.find(|one: char| !one.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err(wrong()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    seconds.filter(|seconds| *seconds > 0).map(std::time::Duration::from_secs).ok_or_else(wrong)
}
