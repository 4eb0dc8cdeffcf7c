//! `mfaplan apply`

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    apply::{
        Approval, Left, Outcome as UserResult, Requirements, UserOutcome,
        approval::{ApprovalError, DIGITS},
        journal::RunId,
        lock::Lock,
    },
    cli::{
        Context, Exit, Failure, Outcome, again,
        applying::{self, ApprovalArgs, Asking, How, Surroundings},
        assuming,
        events::Log,
        load::{self, ConfigArgs},
        planning::{self, PlanArgs},
        present::{self, PresentArgs},
        reviewed::{self, Reviewed},
        tenant::{self, Port, Tenant},
    },
    config::Config,
    plan::{self, Digest, Plan, PlanTenant, Refusal, digest, file},
    render::{NextStep, words},
    tenant::{ObservedTenant, Source, UserId},
};

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan apply staff.mfaplan                         the saved plan, after a yes
  mfaplan apply                                       plan first, then ask
  mfaplan apply --approve DIGEST                      plan afresh; go on only if that is its digest
  mfaplan apply --approve DIGEST --reviewed staff.mfaplan   and show what changed since the review
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
    /// The plan that was reviewed, which has the approved digest: shows what differs from it, user by user; what it waives
    /// is waived
    #[arg(long, value_name = "PLAN", conflicts_with_all = ["file", "resume", "targets", "auto_approve"])]
    reviewed: Option<PathBuf>,
    /// With --reviewed: go on with the users whose change is still the reviewed one; exit code 4 where any are left
    #[arg(long, requires_all = ["reviewed", "approve"])]
    unchanged_only: bool,
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
    let lock = applying::lock("apply", context)?;
    if let Some(run) = &args.resume {
        return resume(run, args, &lock, events, context);
    }
    let given = args.approval.approve.as_deref();
    let reviewed = args.reviewed.as_ref().map(|path| reviewed::open(path, given, context)).transpose()?;
    let Subject { config, source, observed, plan, way_back } = match &args.file {
        Some(path) => saved(path, args, context)?,
        None => {
            let as_reviewed = reviewed.as_ref().map(|reviewed| reviewed::with_waivers(&args.plan, reviewed));
            let planning::Planned { config, tenant, observed, plan, assumed: _ } =
                planning::plan(as_reviewed.as_ref().unwrap_or(&args.plan), Exit::Error, context)?;
            Subject { config, source: tenant, observed, plan, way_back: None }
        }
    };
    events.planned(&plan)?;
    let shown = PresentArgs::default();
    if args.json {
        // The result is the one document on standard output; the plan itself can be had from `plan --json`.
        context.note(&format!("Plan {}", plan.digest))?;
    } else {
        present::write(&plan, &shown, None, NextStep::Nothing, context)?;
    }
    let may_go_on = match &reviewed {
        Some(reviewed) => {
            reviewed::compare_with(reviewed, given.filter(|_| args.unchanged_only), plan, args.json, context)?
        }
        None => Reviewed::Whole(plan),
    };
    let (plan, approved_part, left) = match may_go_on {
        Reviewed::Whole(plan) => (plan, None, 0),
        Reviewed::Part { plan, approval, left } => (plan, Some(approval), left),
    };
    if let Some(exit) = nothing_to_do(&plan, args.json, context)? {
        return Ok(exit);
    }
    let approval = match approved_part {
        Some(approval) => unsigned(approval, &plan, &config)?,
        None => approved(&plan, &config, args, context)?,
    };
    unchanged_since(&config, &args.plan.config, context)?;
    let alone = planning::left_alone(&config, &observed, planning::writes(&plan));
    let surroundings = Surroundings::now(&config, &observed, alone, &source, &lock, context)?;
    let how = How {
        parallelism: args.plan.tenant.parallelism,
        json: args.json,
        events,
        again: again::flags(&config, &args.plan.config, &args.plan.tenant, context),
        comment: args.approval.comment(config.tenant.id, context),
    };
    let done = applying::perform(plan, approval, way_back, &source, &surroundings, &how, context)?;
    Ok(if done == Exit::Done && left > 0 { Exit::Incomplete } else { done })
}

/// The approval of a whole plan: by its digest, by signatures, or by a typed answer.
fn approved(plan: &Plan, config: &Config, args: &Args, context: &mut Context) -> Result<Approval, Failure> {
    match Asking::of(plan, &args.approval, &config.guardrails).approval(context) {
        Ok(approval) => Ok(approval),
        Err(failure) => {
            if let Some(given) = &args.approval.approve {
                since_approval(given, plan, context)?;
            }
            Err(failure)
        }
    }
}

/// Where signatures are asked for, a digest approves nothing: not a part of a plan either.
fn unsigned(approval: Approval, part: &Plan, config: &Config) -> Result<Approval, Failure> {
    match Requirements::of(part, Some(&config.guardrails)).signatures {
        0 => Ok(approval),
        required => Err(applying::refused(&ApprovalError::TooFewSignatures { required, given: 0 })),
    }
}

/// Ends here where something refuses it.
fn refuse(refused: &[Refusal], what: &str) -> Result<(), Failure> {
    if refused.is_empty() {
        return Ok(());
    }
    let reasons: Vec<_> = refused.iter().map(|one| format!("{}: {}", one.rule, one.reason)).collect();
    let failure = Failure::new(format!("{what}, nothing was written: {}", reasons.join("; ")));
    Err(refused.iter().fold(failure, |failure, one| failure.hint(one.remedy.to_string())).exit(Exit::Refused))
}

/// A plan that is refused, or of which nothing can be applied, ends here.
pub(super) fn nothing_to_do(plan: &Plan, json: bool, context: &mut Context) -> Result<Option<Exit>, Failure> {
    refuse(&plan.refused, "the plan is refused")?;
    if plan.applicable().next().is_some() {
        return Ok(None);
    }
    let blocked = plan.changes.iter().filter(|change| change.decision.is_block()).count();
    let held = plan.changes.len() - blocked;
    if blocked > 0 && held == 0 {
        let all = match blocked {
            1 => "the only change is blocked".to_owned(),
            n => format!("all {} changes are blocked", words::number(n as u64)),
        };
        return Err(Failure::new(format!("nothing can be applied: {all}"))
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

/// A saved plan says what was reviewed. How it is approved and performed is the word of the configuration and the policy
/// at hand, and they must be those it was made from.
fn saved(path: &Path, args: &Args, context: &mut Context) -> Result<Subject, Failure> {
    let fail = |message: String| Failure::new(format!("{}: {message}", path.display()));
    let mut plan = file::read_path(path, digest::compute).map_err(|error| fail(error.to_string()))?;
    let config = load::config(&args.plan.config, context)?;
    if plan.tenant.id != config.tenant.id {
        return Err(fail(format!(
            "the plan is for tenant {} ({}), but the configuration is for tenant {}",
            plan.tenant.id,
            crate::escape::text(&plan.tenant.name),
            config.tenant.id
        )));
    }
    let different = differences(&plan, &config);
    if !different.is_empty() {
        return Err(fail(format!("the plan was made from another configuration: {}", different.join(", ")))
            .hint("plan again: `mfaplan plan --out FILE`, and review that plan")
            .exit(Exit::Refused));
    }
    if plan.tenant.cloud != config.tenant.cloud.as_str() {
        return Err(fail(format!(
            "the plan is for cloud {}, the configuration for {}",
            plan.tenant.cloud,
            config.tenant.cloud.as_str()
        )));
    }
    let source = tenant::open(&config, &args.plan.tenant, context)?;
    same_kind(&plan, &source, context.env.now).map_err(fail)?;
    let observed = if plan.assumed.is_some() {
        let observed = tenant::observe(&source, &config, context)?;
        assuming::judge_again(&plan, &config, &observed, context)?;
        observed
    } else {
        let ids = plan.applicable().map(|change| change.user.id).collect();
        tenant::observe_users(&source, &config, ids, &[], context)?
    };
    let now = plan::execution_now(&config, &plan.summary, &observed)
        .map_err(|diagnostics| Failure::Diagnostics { diagnostics, sources: config.sources.clone() })?;
    let said = &plan.execution;
    for (member, same) in [
        ("block_at", said.block_at == now.block_at),
        ("canary", said.canary == now.canary),
        ("stop_after_failures", said.stop_after_failures == now.stop_after_failures),
        ("confirm", said.confirm == now.confirm),
        ("approvals_required", said.approvals_required == now.approvals_required),
    ] {
        if !same {
            let what = format!("`execution.{member}` is not what the configuration says; plan again");
            return Err(fail(what).exit(Exit::Refused));
        }
    }
    plan.execution = now;
    // The name that is shown, and may have to be typed, is the tenant's own.
    plan.tenant.name = observed.name.clone();
    let document =
        digest::approved(&plan).map_err(|name| fail(format!("the state of {} is unknown", name.escape_debug())))?;
    let way_back = plan.rolls_back.as_deref().map(|run| applying::undone(run, &plan)).transpose()?;
    let refused = plan::refused_now(&document, &config, plan::enabled_users(&observed), way_back.is_some());
    if plan.refused.is_empty() {
        plan.refused = refused;
    }
    Ok(Subject { config, source, observed, plan, way_back })
}

/// What is applied, and what it was made from.
struct Subject {
    config: Config,
    source: Tenant,
    observed: ObservedTenant,
    plan: Plan,
    /// The run that is undone, where the plan is a saved way back.
    way_back: Option<RunId>,
}

/// What differs between the configuration and policy of a plan and those at hand.
fn differences(plan: &Plan, config: &Config) -> Vec<String> {
    let mut different = config.origin.differences(&plan.config.digest, &plan.config.parts, &config.allow_files);
    let policy = |name: String| format!("{name} of the policy");
    different.extend(match (&plan.policy, &config.policy) {
        (Some(then), Some(now)) => {
            now.differences(&then.digest, &then.parts, &config.allow_files).into_iter().map(policy).collect()
        }
        (None, Some(now)) => {
            let files = now.files.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            vec![format!("the policy directory ({files}), which the plan did not know")]
        }
        (Some(then), None) => {
            let files = then.files.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            vec![format!("the policy directory of the plan ({files}), which is not given here: `--policy DIR`")]
        }
        (None, None) => Vec::new(),
    });
    different
}

/// Facts that anybody could have written into a copy must not decide what is written to the tenant; nor the other way.
fn same_kind(plan: &Plan, source: &Tenant, now: Timestamp) -> Result<(), String> {
    match (plan.observed.source, &source.port) {
        (Source::Snapshot, Port::Snapshot(_)) => Ok(()),
        (Source::Graph, Port::Graph(_)) => {
            let distance = plan.as_of.duration_since(plan.created_at).abs();
            if distance > SignedDuration::from_hours(24) {
                return Err(format!(
                    "the plan is for {}, but was made on {}: on the live tenant only a plan for the day it is made on \
                     is applied. Plan again without --as-of",
                    plan.as_of.strftime("%Y-%m-%d"),
                    plan.created_at.strftime("%Y-%m-%d")
                ));
            }
            if plan.created_at.duration_since(now) > SignedDuration::from_hours(24) {
                return Err(format!(
                    "the plan says that it was made on {}, a day that has not come. Plan again",
                    plan.created_at.strftime("%Y-%m-%d")
                ));
            }
            Ok(())
        }
        (Source::Snapshot, Port::Graph(_)) => Err(
            "the plan was made from a snapshot; it is not applied to the live tenant. Plan again from the tenant itself, \
             or apply it to the snapshot with --snapshot FILE"
                .to_owned(),
        ),
        (Source::Graph, Port::Snapshot(_)) => {
            Err("the plan was made from the live tenant; it is not applied to a snapshot. Plan again from the snapshot".to_owned())
        }
    }
}

/// While the question stood, files may have changed: what they say now must be what was shown.
pub(super) fn unchanged_since(config: &Config, args: &ConfigArgs, context: &Context) -> Result<(), Failure> {
    let now = load::config(args, context)?;
    let parts = config.origin.parts();
    let mut different = now.origin.differences(&config.origin.digest(&parts), &parts, &now.allow_files);
    match (&config.policy, &now.policy) {
        (Some(then), Some(policy)) => {
            let parts = then.parts();
            different.extend(policy.differences(&then.digest(&parts), &parts, &now.allow_files));
        }
        (None, None) => {}
        (Some(_), None) | (None, Some(_)) => different.push("the policy directory".to_owned()),
    }
    if different.is_empty() {
        return Ok(());
    }
    let what = format!("changed while the plan waited for approval, nothing was written: {}", different.join(", "));
    Err(Failure::new(what).hint("plan again, and review that plan").exit(Exit::Refused))
}

fn resume(run: &str, args: &Args, lock: &Lock, events: &Log, context: &mut Context) -> Outcome {
    let (run, journal) = applying::journal(run)?;
    let config = load::config(&args.plan.config, context)?;
    let approved = &journal.run.approved;
    if approved.cloud != config.tenant.cloud.as_str() {
        return Err(Failure::new(format!(
            "run {run} is of cloud {}, the configuration of {}",
            crate::escape::text(&approved.cloud),
            config.tenant.cloud.as_str()
        )));
    }
    let source = tenant::open(&config, &args.plan.tenant, context)?;
    let ids = journal.run.changes.iter().map(|one| one.user.id).collect();
    let observed = tenant::observe_users(&source, &config, ids, &[], context)?;
    events.begin()?;
    let digest = journal.run.digest_of_document();
    let how = How {
        parallelism: args.plan.tenant.parallelism,
        json: args.json,
        events,
        again: again::flags(&config, &args.plan.config, &args.plan.tenant, context),
        comment: args.approval.comment(config.tenant.id, context),
    };
    let writes = journal.run.changes.iter();
    let writes = writes.map(|one| (one.user.id, &one.user.user_principal_name, one.before, one.after));
    let left = planning::left_alone(&config, &observed, writes);
    let approval = if journal.is_finished() {
        // Nothing will be written: only the report is shown again.
        journal.run.approval.clone()
    } else {
        assuming::refuse_to_resume(approved)?;
        let undone = journal.run.rolls_back.as_ref().map(|run| applying::store().read(run));
        let way_back = matches!(undone, Some(Ok(undone)) if journal.run.undoes(&undone.run));
        let refused = plan::refused_now(approved, &config, plan::enabled_users(&observed), way_back);
        refuse(&refused, "going on with the run is refused")?;
        let open: Vec<_> = journal.outcomes().into_iter().filter(|user| user.outcome != UserResult::Done).collect();
        let wanted = PlanTenant { id: observed.id, name: observed.name.clone(), cloud: approved.cloud.clone() };
        let wanted = wanted.answer(config.guardrails.confirm);
        let asking = Asking {
            args: &args.approval,
            digest: &digest,
            guardrails: &config.guardrails,
            required: 0,
            resuming: Some(&run),
            plan: None,
            wanted: &wanted,
            question: question_again(&run, &open, &left, &wanted, &digest),
        };
        let approval = asking.approval(context)?;
        unchanged_since(&config, &args.plan.config, context)?;
        approval
    };
    let surroundings = Surroundings::now(&config, &observed, left, &source, lock, context)?;
    applying::resume(journal, approval, &source, &surroundings, &how, context)
}

/// How many users a question lists before it only counts them.
const LISTED: usize = 20;

/// Everybody who may still be written is named: nobody should say yes to a run of which only the id is shown.
fn question_again(
    run: &RunId,
    open: &[UserOutcome],
    left: &HashMap<UserId, Left>,
    wanted: &str,
    digest: &Digest,
) -> String {
    let (alone, write): (Vec<_>, Vec<_>) = open.iter().partition(|user| left.contains_key(&user.planned.user.id));
    let mut text = format!("Do you want to finish run {run}? These users may still be written:\n");
    for user in write.iter().take(LISTED) {
        let planned = &user.planned;
        let name = crate::escape::text(&planned.user.user_principal_name);
        text.push_str(&format!("    {name}  {} → {}\n", planned.before, planned.after));
    }
    if write.len() > LISTED {
        text.push_str(&format!("    … and {} more (`mfaplan history {run}` lists all)\n", write.len() - LISTED));
    }
    if write.is_empty() {
        text.push_str("    nobody\n");
    }
    if !alone.is_empty() {
        text.push_str(&format!("  {} more are left alone: protected, or under another name now\n", alone.len()));
    }
    let wanted = crate::escape::text(wanted);
    format!("{text}  Plan {digest}\n  Only \"{wanted}\" is accepted to approve.")
}

/// What differs from the approved plan, where its file lies in this directory.
fn since_approval(given: &str, plan: &Plan, context: &mut Context) -> Result<(), Failure> {
    let wanted = given.trim().to_ascii_lowercase();
    let wanted = wanted.strip_prefix("sha256:").unwrap_or(&wanted);
    if wanted.len() < DIGITS || plan.digest.0.starts_with(wanted) {
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
