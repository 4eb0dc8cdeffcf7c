//! `apply --approve DIGEST --reviewed PLAN`: what differs from the plan that was reviewed, and, where asked for, the part
//! of it that is still the same.

use std::path::Path;

use crate::{
    apply::Approval,
    plan::{
        Plan, compare, digest, file,
        reviewed::{Holds, holds, part},
    },
    render::{
        Options,
        plan_diff::{self, DiffFormat},
        words,
    },
};

use super::{Context, Exit, Failure, applying, planning::PlanArgs};

/// What may be applied.
pub(super) enum Reviewed {
    /// The whole plan: it is the reviewed one.
    Whole(Plan),
    /// A part of it.
    Part {
        /// The plan of the users whose change is the reviewed one.
        plan: Plan,
        /// Its approval, which follows from that of the reviewed plan.
        approval: Approval,
        /// How many users are left for another review.
        left: u64,
    },
}

/// Reads the plan that was reviewed. The file says what that was, and the approved digest that it was this: one without
/// the other is worth nothing. Without a digest it is what the signatures have to be of.
pub(super) fn open(path: &Path, given: Option<&str>, context: &Context) -> Result<Plan, Failure> {
    let fail = |message: String| Failure::new(format!("{}: {message}", path.display()));
    let reviewed = file::read_path(path, digest::compute).map_err(|error| fail(error.to_string()))?;
    match given.map(|given| Approval::by_digest(given, &reviewed.digest, context.env.now)) {
        None | Some(Ok(_)) => Ok(reviewed),
        Some(Err(error)) => Err(fail(format!("this is not the plan that was approved: {error}"))),
    }
}

/// The flags of this apply, with what was waived in the reviewed plan where the command line waives nothing: its digest,
/// which was approved, covers that, and whoever merges a pull request cannot type it again.
pub(super) fn with_waivers(args: &PlanArgs, reviewed: &Plan) -> PlanArgs {
    let mut args = args.clone();
    if args.waivers.is_empty() {
        args.waivers = reviewed.waivers.iter().map(|one| format!("{}={}", one.guardrail.as_str(), one.bound)).collect();
        args.reason = reviewed.waivers.first().map(|one| one.reason.to_string());
    }
    args
}

/// Compares a plan with the reviewed one. With the approved digest, `part_of`, what is still the same may go on where
/// something else is not.
pub(super) fn compare_with(
    reviewed: &Plan,
    part_of: Option<&str>,
    plan: Plan,
    json: bool,
    context: &mut Context,
) -> Result<Reviewed, Failure> {
    if reviewed.tenant.id != plan.tenant.id {
        return Err(Failure::new(format!(
            "the reviewed plan is of tenant {}, this one of {}",
            reviewed.tenant.id, plan.tenant.id
        )));
    }
    let holds = holds(reviewed, &plan).map_err(|name| {
        Failure::new(format!("the state of {} is unknown, so nothing can be compared", crate::escape::text(&name)))
    })?;
    if matches!(holds, Holds::All) {
        return Ok(Reviewed::Whole(plan));
    }
    show(reviewed, &plan, json, context)?;
    let exit = if plan.refused.is_empty() { Exit::Error } else { Exit::Refused };
    let differs = |why: String| {
        Failure::new(format!("the plan is not the one that was reviewed: {why}; nothing was written"))
            .hint("plan again, and have that plan reviewed: the difference is shown above")
            .exit(exit)
    };
    match holds {
        Holds::All => Ok(Reviewed::Whole(plan)),
        Holds::Nothing(terms) => Err(differs(format!("{} differ", terms.join(", ")))),
        Holds::Part { same, left } => {
            let (kept, other) = (same.len() as u64, words::count(left, "user"));
            if kept == 0 {
                return Err(differs("no change is still the reviewed one".to_owned()));
            }
            let Some(given) = part_of else {
                let differ = if left == 1 { "differs" } else { "differ" };
                return Err(differs(format!("{other} {differ}, {} are the same", words::number(kept)))
                    .hint("or go on with the users whose change is the reviewed one: --unchanged-only"));
            };
            let plan = part(plan, &same);
            let approval = Approval::of_part(given, &reviewed.digest, &plan.digest, context.env.now)
                .map_err(|error| applying::refused(&error))?;
            context.note(&format!(
                "Going on with {} as reviewed; {other} left alone for another review.",
                words::count(kept, "user")
            ))?;
            Ok(Reviewed::Part { plan, approval, left })
        }
    }
}

/// The difference of what is written, user by user. Who waits or is withheld in both was not approved in either.
fn show(reviewed: &Plan, plan: &Plan, json: bool, context: &mut Context) -> Result<(), Failure> {
    let difference = compare(reviewed, plan).of_writes();
    let options = Options {
        width: context.width(),
        color: context.out_color && !json,
        verbose: context.global.verbose > 0,
        ..Options::default()
    };
    let mut text = Vec::new();
    plan_diff::write(&difference, DiffFormat::Text, &options, &mut text)?;
    let text = String::from_utf8_lossy(&text);
    let title = "\nChanged since the review:\n\n";
    // Standard output is the result's, where that is a document.
    if json {
        writeln!(context.err, "{title}{text}")?;
    } else {
        writeln!(context.out, "{title}{text}")?;
    }
    Ok(())
}
