//! `mfaplan plan`

use std::path::PathBuf;

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        args::not_a,
        assuming::AssumeArgs,
        events::Log,
        planning::{self, PlanArgs, Planned},
        present::{self, PresentArgs},
        save, timeline,
    },
    plan::Plan,
    render::{NextStep, redact::redact_observed},
    severity::Severity,
};

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan plan                                   what would change, and what it risks
  mfaplan plan --out staff.mfaplan               the same, saved for `apply`
  mfaplan plan --target jdoe@contoso.com         one user
  mfaplan plan --as-of 2026-12-01                what it would be on that day
  mfaplan plan --timeline                        what each wave of the rollouts brings
  mfaplan plan --assume-policies ca.json         as if these Conditional Access policies stood
  mfaplan plan --format markdown > comment.md    for a pull request
  mfaplan plan --detailed-exitcode               exit code 2 when there are changes

Nothing is ever written to the tenant by `plan`.")]
pub(crate) struct Args {
    /// Planning.
    #[command(flatten)]
    plan: PlanArgs,
    /// Assumptions.
    #[command(flatten)]
    assume: AssumeArgs,
    /// Showing.
    #[command(flatten)]
    present: PresentArgs,
    /// Save the plan to this file, for `apply`
    #[arg(long, short, value_name = "FILE", conflicts_with = "redact")]
    out: Option<PathBuf>,
    /// Exit with 0 when there is nothing to change, 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    /// Exit with 3 when an unaccepted finding has this severity or a worse one
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    fail_on: Option<Severity>,
    /// Show what each date of the rollouts and stages brings, instead of today's plan
    #[arg(long, conflicts_with_all = ["out", "json", "format"])]
    timeline: bool,
    /// Write events, one JSON object a line, to this file (- for standard output)
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

fn parse_severity(text: &str) -> Result<Severity, String> {
    text.parse().map_err(|()| not_a("severity", text, &Severity::WORST_FIRST.map(Severity::as_str)))
}

/// Builds and shows the plan.
///
/// # Errors
/// When there is no plan: diagnostics, a tenant that cannot be read, a file that cannot be written.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    args.present.be_discreet(context);
    let events = Log::open(args.events.as_deref(), context)?;
    let outcome = planned(args, &events, context).map(|planned| {
        let exit = exit(args, &planned.plan);
        // The process ends here. Giving back a million users' strings one by one would take as long as reading them.
        std::mem::forget(planned);
        exit
    });
    events.close(&outcome)?;
    outcome
}

fn planned(args: &Args, events: &Log, context: &mut Context) -> Result<Planned, Failure> {
    let assumed = args.assume.files()?;
    let undeclared = if args.detailed_exitcode { Exit::Refused } else { Exit::Error };
    let mut planned = planning::plan_assuming(&args.plan, &assumed, undeclared, context)?;
    events.planned(&planned.plan)?;
    if args.timeline {
        timeline::show(&mut planned, &args.plan, context)?;
        return Ok(planned);
    }
    if let Some(path) = &args.out {
        save::plan(&planned.plan, path, context)?;
    }
    let next = match &args.out {
        Some(path) => NextStep::Saved(path.display().to_string()),
        None => NextStep::Unsaved,
    };
    if args.present.redact {
        // Every name of the tenant is known here, planned for or not.
        redact_observed(&mut planned.plan, &planned.observed);
    }
    present::write(&planned.plan, &args.present, args.fail_on, next, context)?;
    Ok(planned)
}

/// A refused plan and a reached `--fail-on` weigh more than the fact that there are changes.
fn exit(args: &Args, plan: &Plan) -> Exit {
    let failed = args.fail_on.is_some_and(|bound| plan.worst().is_some_and(|worst| worst >= bound));
    if plan.is_refused() || failed {
        Exit::Refused
    } else if args.detailed_exitcode && plan.summary.has_changes() {
        Exit::Changes
    } else {
        Exit::Done
    }
}
