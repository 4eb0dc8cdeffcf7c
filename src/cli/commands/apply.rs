//! `mfaplan apply`

use std::path::{Path, PathBuf};

use crate::{
    apply::Requirements,
    cli::{
        Context, Exit, Failure, Outcome, again,
        applying::{self, ApprovalArgs, Asking, How, Surroundings},
        events::Log,
        load,
        planning::{self, PlanArgs},
        present::{self, PresentArgs},
        tenant::{self, Tenant},
    },
    config::Config,
    plan::{Digest, Plan, digest, file},
    render::{NextStep, words},
    tenant::ObservedTenant,
};

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan apply staff.mfaplan                         the saved plan, after a yes
  mfaplan apply                                       plan first, then ask
  mfaplan apply --approve 3f9c2a7b10de                plan afresh; go on only if the digest is that
  mfaplan apply staff.mfaplan --signature anna.sig --signature bo.sig
  mfaplan apply --resume 20261124T213000Z-3f9c2a7b    finish an interrupted run

Handing over a saved plan is not an approval, nor is a \"yes\" from a pipe.")]
pub(crate) struct Args {
    /// A plan saved by `plan --out`
    #[arg(conflicts_with_all = ["resume", "targets", "waivers"])]
    file: Option<PathBuf>,
    /// Planning.
    #[command(flatten)]
    plan: PlanArgs,
    /// Approval.
    #[command(flatten)]
    approval: ApprovalArgs,
    /// Finish this run
    #[arg(long, value_name = "RUN")]
    resume: Option<String>,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
    /// Write events, one JSON object a line, to this file (- for standard output)
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

/// Performs a plan.
///
/// # Errors
/// Whatever keeps it from being performed; then nothing was written, or the journal says what was.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let events = Log::open_apply(args.events.as_deref(), args.resume.is_some(), context)?;
    let outcome = perform(args, &events, context).map_err(applying::unheard);
    events.close(&outcome)?;
    outcome
}

fn perform(args: &Args, events: &Log, context: &mut Context) -> Outcome {
    let _lock = applying::lock("apply", context)?;
    if let Some(run) = &args.resume {
        return resume(run, args, events, context);
    }
    let (config, source, observed, plan) = match &args.file {
        Some(path) => saved(path, args, context)?,
        None => {
            let planning::Planned { config, tenant, observed, plan } =
                planning::plan(&args.plan, Exit::Error, context)?;
            (config, tenant, observed, plan)
        }
    };
    events.planned(&plan);
    let shown = PresentArgs::default();
    if args.json {
        // The result is the one document on standard output; the plan itself can be had from `plan --json`.
        context.note(&format!("Plan {}", plan.digest))?;
    } else {
        present::write(&plan, &shown, None, NextStep::Nothing, context)?;
    }
    if let Some(exit) = nothing_to_do(&plan, args.json, context)? {
        return Ok(exit);
    }
    let required = Requirements::of(&plan, Some(&config.guardrails)).signatures;
    let asking = Asking {
        args: &args.approval,
        digest: &plan.digest,
        guardrails: &config.guardrails,
        required,
        resuming: None,
        plan: Some(&plan),
        question: question(&plan),
    };
    let approval = match asking.approval(context) {
        Ok(approval) => approval,
        Err(failure) => {
            if let Some(given) = &args.approval.approve {
                since_approval(given, &plan, context)?;
            }
            return Err(failure);
        }
    };
    let protected = planning::protected_by_policy(&config, &observed);
    let surroundings = Surroundings { config: &config, observed: &observed, protected };
    let how = How {
        parallelism: args.plan.tenant.parallelism,
        json: args.json,
        events,
        again: again::flags(&args.plan.config, &args.plan.tenant, context),
    };
    applying::perform(plan, approval, None, &source, &surroundings, &how, context)
}

pub(super) fn question(plan: &Plan) -> String {
    let count = plan.summary.applied();
    let users = if count == 1 { "1 user".to_owned() } else { format!("{count} users") };
    let answer = match plan.execution.confirm.as_str() {
        "tenant" => {
            format!("Type the tenant's name, \"{}\", to approve.", crate::escape::text(&plan.tenant.name))
        }
        _ => "Only \"yes\" is accepted to approve.".to_owned(),
    };
    format!(
        "Do you want to change {users} of {} as shown?\n  Plan {}\n  {answer}",
        crate::escape::text(&plan.tenant.name),
        plan.digest
    )
}

/// A plan that is refused, or of which nothing can be applied, ends here.
pub(super) fn nothing_to_do(plan: &Plan, json: bool, context: &mut Context) -> Result<Option<Exit>, Failure> {
    if plan.is_refused() {
        let reasons: Vec<_> = plan.refused.iter().map(|one| format!("{}: {}", one.rule, one.reason)).collect();
        let failure = Failure::new(format!("the plan is refused, nothing was written: {}", reasons.join("; ")));
        return Err(plan
            .refused
            .iter()
            .fold(failure, |failure, one| failure.hint(one.remedy.to_string()))
            .exit(Exit::Refused));
    }
    if plan.applicable().next().is_some() {
        return Ok(None);
    }
    let blocked = plan.changes.iter().filter(|change| change.decision.is_block()).count();
    let held = plan.changes.len() - blocked;
    if blocked > 0 && held == 0 {
        return Err(Failure::new(format!("nothing can be applied: all {blocked} changes are blocked"))
            .hint("`mfaplan explain USER` says what would let a change through")
            .exit(Exit::Refused));
    }
    if json {
        writeln!(context.out.data()?, "{{\"digest\":\"{}\",\"changes\":0}}", plan.digest)?;
    } else if held == 0 {
        context.note(&format!("Nothing to apply. {}", words::nothing_to_change(plan)))?;
    } else {
        context.note(&format!("Nothing to apply now: {held} changes wait, {blocked} are blocked."))?;
    }
    Ok(Some(Exit::Done))
}

/// A saved plan stands on its own: the configuration only says where the tenant is and which guardrails hold now.
fn saved(path: &Path, args: &Args, context: &mut Context) -> Result<(Config, Tenant, ObservedTenant, Plan), Failure> {
    let plan =
        file::read_path(path, digest::compute).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    let config = load::config(&args.plan.config, context)?;
    if config.digest != plan.config.digest {
        context.note(
            "note: the configuration has changed since the plan was made; the plan is applied as it was approved",
        )?;
    }
    if plan.tenant.id != config.tenant.id {
        return Err(Failure::new(format!(
            "{}: the plan is for tenant {} ({}), but the configuration is for tenant {}",
            path.display(),
            plan.tenant.id,
            crate::escape::text(&plan.tenant.name),
            config.tenant.id
        )));
    }
    let source = tenant::open(&config, &args.plan.tenant, context)?;
    let observed = tenant::observe_protected(&source, &config, context)?;
    Ok((config, source, observed, plan))
}

fn resume(run: &str, args: &Args, events: &Log, context: &mut Context) -> Outcome {
    let (run, journal) = applying::journal(run)?;
    let config = load::config(&args.plan.config, context)?;
    let source = tenant::open(&config, &args.plan.tenant, context)?;
    let observed = tenant::observe_protected(&source, &config, context)?;
    let digest =
        Digest(crate::tenant::Text::from(journal.run.digest.strip_prefix("sha256:").unwrap_or(&journal.run.digest)));
    let how = How {
        parallelism: args.plan.tenant.parallelism,
        json: args.json,
        events,
        again: again::flags(&args.plan.config, &args.plan.tenant, context),
    };
    let protected = planning::protected_by_policy(&config, &observed);
    let surroundings = Surroundings { config: &config, observed: &observed, protected };
    let approval = if journal.is_finished() {
        // Nothing will be written: only the report is shown again.
        journal.run.approval.clone()
    } else {
        let open = journal.entries.len();
        let asking = Asking {
            args: &args.approval,
            digest: &digest,
            guardrails: &config.guardrails,
            required: 0,
            resuming: Some(&run),
            plan: None,
            question: format!(
                "Do you want to finish run {run} ({open} users planned)?\n  Plan {digest}\n  Only \"yes\" is accepted to approve."
            ),
        };
        asking.approval(context)?
    };
    applying::resume(journal, approval, &source, &surroundings, &how, context)
}

/// What differs from the approved plan, where its file lies in this directory.
fn since_approval(given: &str, plan: &Plan, context: &mut Context) -> Result<(), Failure> {
    let wanted = given.trim().to_ascii_lowercase();
    let wanted = wanted.strip_prefix("sha256:").unwrap_or(&wanted);
    if wanted.len() < 12 || plan.digest.0.starts_with(wanted) {
        return Ok(());
    }
    let Ok(entries) = std::fs::read_dir(load::DIRECTORY) else { return Ok(()) };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|one| one == "mfaplan" || one == "json")) {
        let Ok(approved) = file::read_path(path, digest::compute) else { continue };
        if approved.digest.0.starts_with(wanted) {
            writeln!(
                context.out,
                "\nChanged since the approved plan ({}):\n",
                crate::escape::text(&path.display().to_string())
            )?;
            super::diff::show_plans(&approved, plan, context)?;
            return Ok(());
        }
    }
    Ok(())
}
