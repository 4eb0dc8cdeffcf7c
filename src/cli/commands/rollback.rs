//! `mfaplan rollback`

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
};

use crate::{
    apply::{
        self,
        journal::{Journal, v1::PlannedUser},
        rollback::Inverse,
    },
    cli::{
        Context, Exit, Failure, Outcome, again,
        applying::{self, ApprovalArgs, Asking, How, Surroundings},
        events::Log,
        load::{self, ConfigArgs, TenantArgs},
        planning,
        present::{self, PresentArgs},
        save, tenant,
    },
    plan::{self, RollbackInput},
    render::NextStep,
    tenant::{Fact, ObservedState, ObservedTenant, User},
};

/// Arguments of `rollback`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan rollback 20261124T213000Z-3f9c2a7b                   show the way back, then ask
  mfaplan rollback 20261124T213000Z-3f9c2a7b --out back.mfaplan
  mfaplan rollback 20261124T213000Z-3f9c2a7b --target jdoe@contoso.com

Only users who still have the state the run left are brought back; the others are named and left alone.")]
pub(crate) struct Args {
    /// The run to undo, as `mfaplan history` lists it
    run: String,
    /// Limit the rollback to a user (name or id)
    #[arg(long = "target", value_name = "USER", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    targets: Vec<String>,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
    /// The tenant.
    #[command(flatten)]
    tenant: TenantArgs,
    /// Waive one guardrail: max_changes=800, max_change_percent=60, window=now
    #[arg(long = "waive", value_name = "NAME=VALUE", requires = "reason")]
    waivers: Vec<String>,
    /// Why the guardrail is waived
    #[arg(long, value_name = "TEXT", requires = "waivers")]
    reason: Option<String>,
    /// Approval.
    #[command(flatten)]
    approval: ApprovalArgs,
    /// Save the rollback plan to this file instead of applying it
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["approve", "auto_approve", "signatures"])]
    out: Option<PathBuf>,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
    /// Write events, one JSON object a line, to this file (- for standard output)
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

/// Builds the plan that restores the states before a run, and performs it after approval.
///
/// # Errors
/// Whatever keeps it from being performed.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let events = Log::open_rollback(args.events.as_deref(), context)?;
    let outcome = perform(args, &events, context).map_err(applying::unheard);
    events.close(&outcome)?;
    outcome
}

fn perform(args: &Args, events: &Log, context: &mut Context) -> Outcome {
    let lock = applying::lock("rollback", context)?;
    let (run, journal) = applying::journal(&args.run)?;
    let config = load::config(&args.config, context)?;
    let waivers = planning::waivers(&config, &args.waivers, args.reason.as_deref())?;
    let source = tenant::open(&config, &args.tenant, context)?;
    let ids = journal.run.changes.iter().map(|one| one.user.id).collect();
    let mut observed = tenant::observe_users(&source, &config, ids, TOLD, context)?;
    let inverse = apply::rollback::rollback(&journal, &observed, &args.targets)
        .map_err(|error| Failure::new(error.to_string()))?;
    complete(&mut observed, &journal, &inverse);
    let back = inverse.changes.iter().map(|one| (one.user.id, ObservedState::Known(one.before), one.after));
    let unread = inverse.unread.iter().map(|one| (one.user.id, ObservedState::Unknown(None), one.after));
    let changes: Vec<_> = back.chain(unread).collect();
    let protection = planning::Protected::now(&config, &observed);
    let protected: HashSet<_> = changes
        .iter()
        // From an unknown state nothing is written anyway; who is untouchable is told so.
        .filter(|(id, before, after)| protection.forbids(*id, before.known().unwrap_or(*after), *after))
        .map(|(id, _, _)| *id)
        .collect();
    let plan = plan::build_rollback(&RollbackInput {
        config: &config,
        tenant: &observed,
        changes: &changes,
        protected: &protected,
        waivers: &waivers,
        run: run.as_str(),
        created_at: context.env.now,
    });
    events.planned(&plan)?;
    let next = match &args.out {
        Some(path) => {
            NextStep::Saved { file: path.display().to_string(), flags: again::of(&args.config, &args.tenant, context) }
        }
        None => NextStep::Nothing,
    };
    if !args.json {
        present::write(&plan, &PresentArgs::default(), None, next, context)?;
    }
    for stale in &inverse.stale {
        context.note(&format!(
            "stale: {} is {} now, not {} as the run left them: left alone",
            crate::escape::text(&stale.user.user_principal_name),
            crate::cli::report::seen(stale.observed),
            stale.left
        ))?;
    }
    let unread: Vec<_> = inverse.unread.iter().filter(|one| !protected.contains(&one.user.id)).collect();
    for one in &unread {
        context.note(&format!(
            "unread: {} is left alone, not brought back to {}: {}",
            crate::escape::text(&one.user.user_principal_name),
            one.after,
            crate::escape::text(&one.reason)
        ))?;
    }
    for id in changes.iter().map(|(id, _, _)| id).filter(|id| protected.contains(id)) {
        context.note(&format!("protected: {id} is protected now: left alone"))?;
    }
    if let Some(path) = &args.out {
        save::plan(&plan, path, context)?;
        return Ok(if plan.is_refused() { Exit::Refused } else { Exit::Done });
    }
    if !unread.is_empty() && !plan.is_refused() && plan.applicable().next().is_none() {
        return Err(Failure::new(
            "nobody can be brought back now: the states of the users who are left cannot be read",
        )
        .hint(format!("once they can be read: `mfaplan rollback {run}`"))
        .exit(Exit::Incomplete));
    }
    if let Some(exit) = super::apply::nothing_to_do(&plan, args.json, context)? {
        return Ok(exit);
    }
    let approval = Asking::of(&plan, &args.approval, &config.guardrails).approval(context)?;
    super::apply::unchanged_since(&config, &args.config, context)?;
    let surroundings = Surroundings::now(&config, &observed, HashMap::new(), &source, &lock, context)?;
    let how = How {
        parallelism: args.tenant.parallelism,
        json: args.json,
        events,
        again: again::flags(&config, &args.config, &args.tenant, context),
        comment: args.approval.comment(config.tenant.id, context),
    };
    applying::perform(plan, approval, Some(run), &source, &surroundings, &how, context)
}

/// Facts of the tenant that say what lowering somebody risks, at a few requests each. Reports of everybody's sign-ins and
/// registrations, which take minutes, are not waited for: who rolls back is in a hurry, and nothing is withheld for them.
const TOLD: &[Fact] = &[
    Fact::ConditionalAccess,
    Fact::SecurityDefaults,
    Fact::Roles,
    Fact::RoleEligibility,
    Fact::Domains,
    Fact::MfaServicePolicy,
];

/// What the run knew of its users stands in for what was not read again: registration, and those who cannot be read at all.
fn complete(observed: &mut ObservedTenant, journal: &Journal, inverse: &Inverse) {
    let known = |user: &PlannedUser, state| {
        let mut one = User::new(user.id, user.user_principal_name.clone(), state);
        one.display_name.clone_from(&user.display_name);
        one
    };
    let unread = inverse.unread.iter().filter(|one| observed.by_id(one.user.id).is_none());
    let unread: Vec<User> = unread.map(|one| known(&one.user, ObservedState::Unknown(None))).collect();
    let registered: HashMap<_, _> = journal.run.changes.iter().map(|one| (one.user.id, one.user.registered)).collect();
    observed.add_users(unread);
    observed.update_users(|users| {
        for user in users.iter_mut().filter(|user| user.registered.is_none()) {
            user.registered = registered.get(&user.id).copied().flatten();
        }
    });
}
