//! `plan --timeline`: one line per date on which something opens.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{Timestamp, civil::Date};

use crate::{
    assumed::AssumedPolicies,
    config::Config,
    desired::Desired,
    facts::deadlines::{self, Deadline},
    plan::Plan,
    readiness,
    render::words,
    severity::Severity,
    tenant::{MfaState, ObservedTenant, UserId},
};

use super::{
    Context, Failure, load,
    planning::{self, PlanArgs, Planned},
};

/// Plans anew as of every date of the rollouts and stages that is still to come, from the same facts. Each date is judged
/// by what it brings itself: whatever was due before counts as applied, as it will be by then.
pub(super) fn show(planned: &mut Planned, args: &PlanArgs, context: &mut Context) -> Result<(), Failure> {
    let now = planned.config.instant;
    let mut dates: BTreeSet<Timestamp> = BTreeSet::new();
    for wave in planned.config.rollouts.values().flat_map(|rollout| &rollout.waves) {
        dates.insert(wave.from);
    }
    dates.extend(planned.config.mfa.iter().filter_map(|block| block.staged_until));
    dates.retain(|date| *date > now);
    let mut coming = deadlines::all().iter().copied().filter(|one| !one.is_past(now)).peekable();
    let ending = readiness::ending(&planned.observed);

    if let Some(assumed) = planned.plan.assumed.as_ref().and_then(AssumedPolicies::sentence) {
        writeln!(context.out, "This timeline {assumed}.")?;
    }
    writeln!(
        context.out,
        "{:<12} {:>7} {:>7} {:>7}  {:<22} opens",
        "as of", "apply", "hold", "block", "worst findings"
    )?;
    line("now", &planned.plan, "", context)?;
    let mut unknown = behaviour_unknown(&planned.plan);
    applied(&planned.plan, &mut planned.observed);
    let as_of = context.global.as_of;
    for date in dates {
        while let Some(deadline) = coming.next_if(|one| one.instant() < date) {
            retires(deadline, &ending, context)?;
        }
        context.global.as_of = Some(date);
        let quiet = std::mem::replace(&mut context.global.quiet, true);
        let plan = load::config(&args.config, context).and_then(|config| {
            let waivers = planning::waivers(&config, &args.waivers, args.reason.as_deref())?;
            let built = planning::built_on(
                planned.assumed.as_ref(),
                &config,
                &planned.observed,
                planning::Targets { names: &args.targets, undeclared: crate::cli::Exit::Error },
                &waivers,
                context,
            )?;
            let closed = closed(&built.desired, date);
            Ok((built.plan, opens(&config, date), closed))
        });
        context.global.quiet = quiet;
        context.global.as_of = as_of;
        let (plan, opens, closed) = plan?;
        line(&date.strftime("%Y-%m-%d").to_string(), &plan, &opens, context)?;
        for wave in closed {
            writeln!(context.out, "{:<12} {wave}", "")?;
        }
        unknown = behaviour_unknown(&plan);
        applied(&plan, &mut planned.observed);
    }
    for deadline in coming {
        retires(deadline, &ending, context)?;
    }
    if unknown > 0 {
        writeln!(
            context.out,
            "{} on hold without a date: behaviour unknown. What lifts it:\n  {}",
            words::count(unknown, "user"),
            words::KNOWN_BEHAVIOUR.join("\n  ")
        )?;
    }
    Ok(())
}

/// How many wait until it is known how they sign in: no date opens these.
fn behaviour_unknown(plan: &Plan) -> u64 {
    plan.changes.iter().filter(|change| words::waits_for_behaviour(change)).count() as u64
}

/// Brings the tenant to where an apply of this plan leaves it.
fn applied(plan: &Plan, observed: &mut ObservedTenant) {
    let after: HashMap<UserId, MfaState> = plan.applicable().map(|change| (change.user.id, change.effective)).collect();
    observed.update_users(|users| {
        for user in users {
            if let Some(state) = after.get(&user.id) {
                user.mfa_state = (*state).into();
            }
        }
    });
}

fn opens(config: &Config, date: Timestamp) -> String {
    let mut names = Vec::new();
    for (rollout, wave) in config.rollouts.values().flat_map(|one| one.waves.iter().map(move |wave| (one, wave))) {
        if wave.from == date {
            names.push(format!("{}.{}", rollout.name, wave.name));
        }
    }
    let staged = config.mfa.iter().filter(|block| block.staged_until == Some(date));
    names.extend(staged.map(|block| format!("{} (staged)", block.declared.address)));
    names.join(", ")
}

/// The waves of this date that their gates keep closed by the facts of today. When they will open cannot be known.
fn closed(desired: &Desired, date: Timestamp) -> Vec<String> {
    let due = desired.waves.iter().filter(|wave| wave.from == date);
    due.filter_map(|wave| {
        let figure = wave.closed.as_ref()?;
        Some(format!("{}.{} stays closed: gate {figure}", wave.rollout, wave.name))
    })
    .collect()
}

/// A date of the service, with how many users it leaves without a method.
fn retires(deadline: &Deadline, ending: &BTreeMap<Date, u64>, context: &mut Context) -> Result<(), Failure> {
    let users = ending.get(&deadline.from).copied().filter(|_| deadline.ends_phones());
    let users = match users {
        None => String::new(),
        Some(1) => ": 1 user has no other method".to_owned(),
        Some(users) => format!(": {users} users have no other method"),
    };
    writeln!(context.out, "{:<12} deadline {}{users}", deadline.from.to_string(), deadline.id)?;
    Ok(())
}

fn line(label: &str, plan: &Plan, opens: &str, context: &mut Context) -> Result<(), Failure> {
    let summary = &plan.summary;
    let findings = &summary.findings;
    let worst: Vec<String> =
        [(Severity::Critical, findings.critical), (Severity::High, findings.high), (Severity::Medium, findings.medium)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .take(2)
            .map(|(severity, count)| format!("{count} {severity}"))
            .collect();
    let refused = if plan.is_refused() { " (refused)" } else { "" };
    let text = format!(
        "{label:<12} {:>7} {:>7} {:>7}  {:<22} {opens}{refused}",
        summary.applied(),
        summary.hold,
        summary.block,
        worst.join(", ")
    );
    writeln!(context.out, "{}", text.trim_end())?;
    Ok(())
}
