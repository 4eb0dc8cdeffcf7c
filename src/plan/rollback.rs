//! The plan that restores the states before a run: the same document, with the same review and approval.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::{
    config::Config,
    desired::{Claim, Desired, Timing},
    diff::{Action, Cause, Decision, Transition},
    facts::Facts,
    risk::{self, Finding},
    tenant::{MfaState, ObservedState, ObservedTenant, Text, UserId, UserIndex},
};

use super::{
    Digest, Plan, PlanOrigin, PlanTenant, Summary, Waiver,
    build::{bucket, change, count_changes, count_findings, enabled_users, execution, observed, replayed, withheld_by},
    digest,
    guardrails::{self, Judged},
};

/// What a rollback is built from.
pub(crate) struct RollbackInput<'a> {
    /// The configuration: its guardrails hold, its blocks do not claim anybody.
    pub config: &'a Config,
    /// The tenant as it is now.
    pub tenant: &'a ObservedTenant,
    /// Who, from which state, back to which. A user whose state is unknown is withheld.
    pub changes: &'a [(UserId, ObservedState, MfaState)],
    /// Users whom a `break_glass` block protects now: left out.
    pub protected: &'a HashSet<UserId>,
    /// Waived guardrails, already validated.
    pub waivers: &'a [Waiver],
    /// Which run is undone, for the notes.
    pub run: &'a str,
    /// The program's clock.
    pub created_at: Timestamp,
}

/// Builds the plan that undoes a run. Findings are shown but withhold nobody whose state is known: half a rollback is
/// worse than one that carries a risk.
#[must_use]
pub(crate) fn build_rollback(input: &RollbackInput<'_>) -> Plan {
    let RollbackInput { config, tenant, changes, protected, waivers, run, created_at } = *input;
    let mut transitions: Vec<Transition> = changes
        .iter()
        .filter(|(id, _, _)| !protected.contains(id))
        .filter_map(|(id, before, after)| {
            let index = tenant.by_id(*id)?;
            Some(Transition {
                user: index,
                cause: Cause::Rollback,
                before: before.clone(),
                after: *after,
                effective: after.effective(tenant.user(index).registered),
                action: Action::from_observed(before, *after)?,
                timing: Timing::Now,
            })
        })
        .collect();
    transitions.sort_by_key(|transition| transition.user);
    let mut desired = Desired { claims: vec![Claim::Unmanaged; tenant.users().len()], ..Desired::default() };
    desired.accepted_users =
        config.accepts.iter().map(|accept| (!accept.selector.is_everybody()).then(Vec::new)).collect();

    let facts = Facts::of(tenant, &config.guardrails.signal, config.instant);
    let context = risk::Context::new(&facts, config, &desired);
    let assessed = risk::assess_changes(&context, &transitions);
    let withheld = |before: &ObservedState, findings: &[Finding]| match before {
        ObservedState::Known(_) => Vec::new(),
        ObservedState::Unknown(_) => withheld_by(before, findings, config.guardrails.block_at),
    };
    let decisions: Vec<Decision> = transitions
        .iter()
        .zip(&assessed.findings)
        .map(|(transition, findings)| Decision::new(Timing::Now, withheld(&transition.before, findings)))
        .collect();
    let (findings, not_evaluated) = risk::assess_plan(&context, &transitions, &decisions, &assessed);
    let users: Vec<UserIndex> = transitions.iter().map(|one| one.user).collect();
    let changes: Vec<_> = transitions
        .into_iter()
        .zip(decisions)
        .zip(assessed.findings)
        .map(|((transition, decision), findings)| change(&context, transition, decision, findings))
        .collect();

    let replay = replayed(&context, &users, &changes);
    let users = tenant.users().len() as u64;
    let mut summary =
        Summary { users, managed: changes.len() as u64, unmanaged: users - changes.len() as u64, ..Summary::default() };
    for user in tenant.users() {
        *bucket(&mut summary.before, &user.mfa_state) += 1;
    }
    summary.after = summary.before;
    count_changes(&mut summary, &changes);
    count_findings(
        &mut summary,
        changes.iter().flat_map(|one| &one.findings).chain(findings.iter().map(|f| &f.finding)),
    );
    let refused = guardrails::refusals(&Judged {
        guardrails: &config.guardrails,
        waivers,
        summary: &summary,
        enabled_users: enabled_users(tenant),
        findings: &findings,
        checks: &[],
        rollback: true,
    });
    let mut plan = Plan {
        targets: Vec::new(),
        rolls_back: Some(run.into()),
        blocks: Vec::new(),
        others: Vec::new(),
        mfaplan_version: Text::from(env!("CARGO_PKG_VERSION")),
        created_at,
        as_of: config.instant,
        tenant: PlanTenant {
            id: tenant.id,
            name: tenant.name.clone(),
            cloud: Text::from(config.tenant.cloud.as_str()),
        },
        // No file of the configuration declares the way back.
        config: PlanOrigin { files: Vec::new(), ..PlanOrigin::of(&config.origin) },
        policy: config.policy.as_ref().map(PlanOrigin::of),
        assumed: None,
        observed: observed(tenant),
        waivers: waivers.to_vec(),
        refused,
        findings,
        not_evaluated,
        replay,
        checks: Vec::new(),
        outputs: std::collections::BTreeMap::new(),
        execution: execution(config, &summary, None),
        notes: vec![format!("rollback of run {run}")],
        summary,
        changes,
        digest: Digest::default(),
    };
    plan.digest = digest::compute(&plan);
    plan
}
