//! Building: from a valid configuration and an observed tenant to the plan. Synchronous and deterministic: the same
//! input gives the same bytes.

use std::borrow::Cow;

use jiff::Timestamp;
use rayon::prelude::*;

use crate::{
    assumed::Assumption,
    config::{Config, Declared, Waivable, window::Openness},
    desired::{self, Claim, Desired, GateFacts, Hold, HoldKind, Managed, ProtectionKind},
    diag::Diagnostic,
    diff::{self, Action, Cause, Decision, DecisionKind, Transition},
    eval::Scope,
    facts::{CompiledPolicies, Facts, UserKind, UserView},
    replay::{self, Forecast, Replay, Subject},
    risk::{self, Finding, Place, PlanFinding},
    severity::Severity,
    tenant::{MfaState, ObservedState, ObservedTenant, Text, UserIndex},
};

use super::{
    Change, ChangeUser, Digest, Execution, Plan, PlanObserved, PlanOrigin, PlanTenant, SeverityCounts, StateCounts,
    Summary, Waiver, digest, expressions,
    guardrails::{self, Judged},
    impact, roster, target,
};

/// The published write quota of one application in one tenant: a bucket of 3,000 writes, filled with 3,000 per 150 s
/// (Microsoft Graph, "Microsoft Graph service-specific throttling limits", identity and access).
const WRITE_BUCKET: u64 = 3_000;
const WRITES_PER_SECOND: u64 = 20;

/// What a plan is built from.
pub struct BuildInput<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The tenant.
    pub tenant: &'a ObservedTenant,
    /// Users (name or id) and block addresses to limit the plan to; empty = everything.
    pub targets: &'a [String],
    /// Waived guardrails, already validated.
    pub waivers: &'a [Waiver],
    /// The program's clock.
    pub created_at: Timestamp,
    /// The policies that [`BuildInput::tenant`] was given for this plan, if any.
    pub assumed: Option<&'a Assumption>,
}

/// A plan, with what the configuration said on the way.
pub struct Built {
    /// The plan.
    pub plan: Plan,
    /// Warnings about the configuration.
    pub warnings: Vec<Diagnostic>,
    /// What the configuration declares of everybody.
    pub desired: Desired,
}

/// Why there is no plan.
#[derive(Debug)]
pub enum BuildError {
    /// The configuration does not fit the tenant.
    Diagnostics(Vec<Diagnostic>),
    /// A `--target` names nothing that can be planned.
    Target(Vec<TargetProblem>),
}

/// A `--target` of which nothing can be planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetProblem {
    /// One sentence.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The target exists, but the configuration declares no state for it: that is an answer, not a slip.
    pub undeclared: bool,
}

/// Builds the plan.
///
/// # Errors
/// All diagnostics at once, when a name does not exist, blocks conflict, an expression fails, or nobody is claimed.
pub fn build(input: &BuildInput<'_>) -> Result<Built, BuildError> {
    let BuildInput { config, tenant, targets, waivers, created_at, assumed } = *input;
    let facts = Facts::of(tenant, &config.guardrails.signal, config.instant);
    let tenant_value = crate::facts::tenant_value(config, tenant);
    let view = |index: UserIndex, protection: Option<ProtectionKind>| {
        UserView::new(&facts, index, protection.map(UserKind::from))
    };
    let (mut desired, mut warnings) =
        desired::resolve(config, tenant, tenant_value.clone(), view).map_err(BuildError::Diagnostics)?;
    gates(config, &facts, assumed, &mut desired);
    let all = diff::transitions(config, tenant, &desired);
    let claims = ClaimCounts::of(&desired, &all);
    let others = roster::others(config, &facts, &desired, &all, targets);
    let transitions = target::limit(config, tenant, &desired, all, targets)?;

    let context = risk::Context::new(&facts, config, &desired);
    let mut assessed = risk::assess_changes(&context, &transitions);
    let unknown = behaviour_unknown();
    let decisions: Vec<Decision> = transitions
        .iter()
        .zip(&assessed.findings)
        .zip(&assessed.behaviour_unknown)
        .map(|((transition, findings), waits)| {
            decide(transition, findings, waits.then_some(&unknown), config.guardrails.block_at)
        })
        .collect();
    let (findings, not_evaluated) = risk::assess_plan(&context, &transitions, &decisions, &assessed);
    let users: Vec<UserIndex> = transitions.iter().map(|one| one.user).collect();
    let changes: Vec<Change> = transitions
        .into_par_iter()
        .zip(decisions)
        .zip(std::mem::take(&mut assessed.findings))
        .map(|((transition, decision), findings)| change(&context, transition, decision, findings))
        .collect();

    let replay = replayed(&context, &users, &changes);

    let mut summary = summarise(tenant, &claims, &changes);
    count_findings(
        &mut summary,
        changes.iter().flat_map(|one| &one.findings).chain(findings.iter().map(|f| &f.finding)),
    );
    let plan_value = expressions::plan(&summary);
    let scope = Scope {
        var: &config.var,
        local: &config.local,
        modules: &config.modules,
        module_dir: ".",
        each: None,
        user: None,
        change: None,
        wave: None,
        plan: Some(&plan_value),
        tenant: Some(&tenant_value),
        base_dir: &config.dir,
        reads: Some(&config.origin.reads),
        allow_files: &config.allow_files,
        instant: config.instant,
        extra: None,
    };
    let mut failed = Vec::new();
    let checks = expressions::checks(config, &scope, &mut failed);
    let outputs = expressions::outputs(config, &scope, &mut failed);
    let auto_approve = expressions::auto_approve(config, &scope, &mut failed);
    if !failed.is_empty() {
        let failed = failed.into_iter().map(|one| config.told(one)).collect();
        return Err(BuildError::Diagnostics(failed));
    }
    let refused = guardrails::refusals(&Judged {
        guardrails: &config.guardrails,
        waivers,
        summary: &summary,
        enabled_users: enabled_users(tenant),
        findings: &findings,
        checks: &checks,
        rollback: false,
    });
    warnings.extend(assessed.errors.iter().map(|(rule, message)| failed_rule(config, rule, message)));
    warnings.extend(config.warnings.iter().cloned());
    let mut plan = Plan {
        mfaplan_version: Text::from(env!("CARGO_PKG_VERSION")),
        created_at,
        as_of: config.instant,
        tenant: PlanTenant {
            id: tenant.id,
            name: tenant.name.clone(),
            cloud: Text::from(config.tenant.cloud.as_str()),
        },
        config: PlanOrigin::of(&config.origin),
        policy: config.policy.as_ref().map(PlanOrigin::of),
        assumed: assumed.map(|one| one.record.clone()),
        observed: observed(tenant),
        targets: targets.iter().map(|one| Text::from(one.as_str())).collect(),
        rolls_back: None,
        blocks: roster::blocks(config),
        others,
        waivers: waivers.to_vec(),
        refused,
        findings,
        not_evaluated,
        replay,
        checks: checks.into_iter().map(|(check, _)| check).collect(),
        outputs,
        execution: execution(config, &summary, auto_approve),
        notes: partial_note(targets)
            .into_iter()
            .chain(assumed.iter().flat_map(|one| assumed_notes(one)))
            .chain(tenant.notes.iter().map(ToString::to_string))
            .chain(window_note(config, waivers, created_at))
            .collect(),
        summary,
        changes,
        digest: Digest::default(),
    };
    plan.digest = digest::compute(&plan);
    Ok(Built { plan, warnings, desired })
}

/// Gates are judged from the policies the tenant has, whatever the plan assumes: a gate is about what can be done now.
fn gates(config: &Config, facts: &Facts<'_>, assumed: Option<&Assumption>, desired: &mut Desired) {
    if desired.waves.iter().all(|wave| wave.gate.is_none()) {
        return;
    }
    let real = assumed.map_or(facts.tenant.conditional_access.as_deref(), |one| Some(&one.real));
    let policies = CompiledPolicies::of(facts.tenant, real);
    let forecast = Forecast::of(facts.tenant, &policies, config.instant);
    let breaks = |index: UserIndex, managed: &Managed| {
        let user = facts.tenant.user(index);
        let (before, after) = (&user.mfa_state, managed.state);
        let effective = after.effective(user.registered);
        if before.known().is_some_and(|state| state == after || state == effective) {
            return Some(0);
        }
        forecast.breaks(Subject { user, decision: DecisionKind::Hold, before, after, effective })
    };
    let given = GateFacts { facts, policies: &policies, breaks };
    desired::judge_gates(config.instant, &given, desired);
}

/// An own rule whose expression failed for somebody: it judged nothing there, which must not look like "no finding".
fn failed_rule(config: &Config, rule: &str, message: &str) -> Diagnostic {
    let warning = Diagnostic::warning(
        "Rule failed",
        format!("`rule \"{rule}\"` could not be evaluated for every change: {message}"),
    )
    .hint("wrap the expression in `try(…, true)` if an error shall count as a finding");
    match config.rules.iter().find(|one| one.id.as_str() == rule) {
        Some(own) => warning.at(own.when.expr.span(), "fails"),
        None => warning,
    }
}

/// A plan with targets says nothing of anybody else.
fn partial_note(targets: &[String]) -> Option<String> {
    let list = targets.join(", ");
    (!targets.is_empty())
        .then(|| format!("partial plan: limited to --target {list}; nobody else was planned or judged"))
}

/// A plan that rests on policies which do not stand says so before anything else.
fn assumed_notes(assumed: &Assumption) -> Vec<String> {
    assumed.record.sentence().into_iter().chain(assumed.notes.iter().cloned()).collect()
}

/// A closed maintenance window refuses no plan: `apply` judges it again, by its own clock.
fn window_note(config: &Config, waivers: &[Waiver], now: Timestamp) -> Option<String> {
    let waived = waivers.iter().any(|waiver| waiver.guardrail == Waivable::Window);
    match config.guardrails.openness(waived, now) {
        Openness::Open => None,
        Openness::Closed { opens_at: Some(at) } => Some(format!(
            "the maintenance window is closed: apply will refuse until {}",
            at.strftime("%Y-%m-%d %H:%M UTC")
        )),
        Openness::Closed { opens_at: None } => {
            Some("the maintenance windows are closed, and never open together in the next 60 days".to_owned())
        }
    }
}

/// The facts of a plan.
pub(super) fn observed(tenant: &ObservedTenant) -> PlanObserved {
    PlanObserved {
        source: tenant.source,
        captured_at: tenant.captured_at,
        users: tenant.users().len() as u64,
        unavailable: tenant.unavailable.iter().map(|one| (one.fact, one.reason.clone())).collect(),
        evidence: tenant.evidence.clone(),
    }
}

/// How a plan with these numbers is to be applied.
pub(super) fn execution(config: &Config, summary: &Summary, auto_approve: Option<Text>) -> Execution {
    let guardrails = &config.guardrails;
    Execution {
        block_at: guardrails.block_at,
        canary: guardrails.canary,
        stop_after_failures: guardrails.stop_after_failures,
        confirm: guardrails.confirm,
        approvals_required: guardrails.approvals.as_ref().map_or(0, |approvals| approvals.required),
        auto_approve,
        estimated_seconds: estimated_seconds(summary),
    }
}

/// How a saved plan is to be applied, as the configuration at hand says. `tenant` gives `auto_approve` its names.
///
/// # Errors
/// When the condition of `auto_approve` fails.
pub(crate) fn execution_now(
    config: &Config,
    summary: &Summary,
    tenant: &ObservedTenant,
) -> Result<Execution, Vec<Diagnostic>> {
    let (plan_value, tenant_value) = (expressions::plan(summary), crate::facts::tenant_value(config, tenant));
    let scope = Scope {
        plan: Some(&plan_value),
        tenant: Some(&tenant_value),
        allow_files: &config.allow_files,
        ..Scope::new(&config.var, &config.local, &config.dir, config.instant).noting(&config.origin.reads)
    };
    let mut failed = Vec::new();
    let auto_approve = expressions::auto_approve(config, &scope, &mut failed);
    if failed.is_empty() { Ok(execution(config, summary, auto_approve)) } else { Err(failed) }
}

/// The earliest seconds the service's write quota allows for the changes that will be performed.
#[must_use]
pub(crate) const fn estimated_seconds(summary: &Summary) -> u64 {
    summary.applied().saturating_sub(WRITE_BUCKET).div_ceil(WRITES_PER_SECOND)
}

/// The summary that these changes and findings add up to, where the tenant's own numbers are as this one says.
#[must_use]
pub(crate) fn recounted(said: &Summary, changes: &[Change], findings: &[PlanFinding]) -> Summary {
    // Without `..`: a new counter is counted anew here, or it is the tenant's own.
    let Summary {
        users,
        managed,
        unmanaged,
        protected,
        unchanged,
        before,
        enable: _,
        enforce: _,
        relax: _,
        disable: _,
        hold: _,
        block: _,
        after: _,
        findings: _,
        accepted: _,
    } = *said;
    let tenant = Summary { users, managed, unmanaged, protected, unchanged, before, ..Summary::default() };
    let mut counted = Summary { after: before, ..tenant };
    count_changes(&mut counted, changes);
    count_findings(
        &mut counted,
        changes.iter().flat_map(|one| &one.findings).chain(findings.iter().map(|one| &one.finding)),
    );
    counted
}

fn decide(transition: &Transition, findings: &[Finding], waits: Option<&Hold>, block_at: Severity) -> Decision {
    let timing = match waits {
        Some(hold) => transition.timing.clone().held(hold.clone()),
        None => transition.timing.clone(),
    };
    Decision::new(timing, withheld_by(&transition.before, findings, block_at))
}

/// Why an account waits that looks like a workload while nobody knows how it signs in. One text for all of them; the
/// signal stands in the finding.
fn behaviour_unknown() -> Hold {
    let reason =
        "behaviour unknown: looks like a workload by its name and directory data, and how it signs in is not known";
    Hold { kind: HoldKind::BehaviourUnknown, until: None, reason: reason.into(), gate: None }
}

/// The rules that withhold a change of a user in this state: an unaccepted risk at or above `block_at` does, whether the
/// change would be applied now or waits; a rule that nobody may accept (the state is unknown) does so whatever `block_at`
/// says.
pub(crate) fn withheld_by(before: &ObservedState, findings: &[Finding], block_at: Severity) -> Vec<Cow<'static, str>> {
    let blocks = |finding: &&Finding| {
        finding.accepted.is_none() && (finding.severity >= block_at || !risk::waivable(&finding.rule))
    };
    let mut by: Vec<_> = findings.iter().filter(blocks).map(|one| one.rule.clone()).collect();
    if by.is_empty() && before.known().is_none() {
        by.push("MFA045".into());
    }
    by
}

pub(super) fn change(
    context: &risk::Context<'_>,
    transition: Transition,
    decision: Decision,
    findings: Vec<Finding>,
) -> Change {
    let Transition { user: index, cause, before, after, effective, action, timing: _ } = transition;
    let &risk::Context { config, tenant, facts, .. } = context;
    let user = tenant.user(index);
    Change {
        user: ChangeUser {
            id: user.id,
            user_principal_name: user.user_principal_name.clone(),
            display_name: user.display_name.clone(),
            kind: facts.kind(index, context.declared_kind(index)),
            registered: user.registered,
        },
        declared_by: cause_declared(config, cause).map(|declared| place(config, declared)),
        before,
        after,
        effective,
        action,
        decision,
        wave: context.desired.wave(index).map(|wave| format!("{}.{}", wave.rollout, wave.name).into()),
        impact: impact::impact(tenant, &context.policies, user, effective),
        findings,
    }
}

/// Runs the known sign-ins through the changes, which are those of these users in this order.
pub(super) fn replayed(context: &risk::Context<'_>, users: &[UserIndex], changes: &[Change]) -> Option<Replay> {
    let subjects: Vec<_> = users
        .iter()
        .zip(changes)
        .map(|(index, change)| Subject {
            user: context.tenant.user(*index),
            decision: change.decision.kind(),
            before: &change.before,
            after: change.after,
            effective: change.effective,
        })
        .collect();
    replay::replay(context.tenant, &context.policies, context.instant, &subjects)
}

fn cause_declared(config: &Config, cause: Cause) -> Option<&Declared> {
    match cause {
        Cause::Mfa(block) => config.mfa.get(block as usize).map(|block| &block.declared),
        Cause::ServiceAccount(block) => config.service_accounts.get(block as usize).map(|block| &block.declared),
        Cause::Rollback => None,
    }
}

/// Address, file and line of a block.
#[must_use]
pub(crate) fn place(config: &Config, declared: &Declared) -> Place {
    let file = config.sources.file(declared.span.file);
    Place {
        address: declared.address.clone(),
        file: Text::from(&*file.name),
        line: config.sources.start(declared.span).line,
    }
}

/// The numbers that do not depend on targets.
struct ClaimCounts {
    managed: u64,
    unmanaged: u64,
    protected: u64,
    unchanged: u64,
}

impl ClaimCounts {
    fn of(desired: &Desired, transitions: &[Transition]) -> Self {
        let mut counts = Self { managed: 0, unmanaged: 0, protected: 0, unchanged: 0 };
        for claim in &desired.claims {
            match claim {
                Claim::Unmanaged => counts.unmanaged += 1,
                Claim::Protected(_) => counts.protected += 1,
                Claim::Managed(_) => counts.managed += 1,
            }
        }
        let moving = transitions.iter().filter(|one| matches!(one.cause, Cause::Mfa(_))).count() as u64;
        counts.unchanged = counts.managed - moving;
        counts
    }
}

fn summarise(tenant: &ObservedTenant, claims: &ClaimCounts, changes: &[Change]) -> Summary {
    let ClaimCounts { managed, unmanaged, protected, unchanged } = *claims;
    // Written out: a new counter is counted somewhere, or this does not compile.
    let mut summary = Summary {
        users: tenant.users().len() as u64,
        managed,
        unmanaged,
        protected,
        unchanged,
        enable: 0, // From here on by `count_changes`,
        enforce: 0,
        relax: 0,
        disable: 0,
        hold: 0,
        block: 0,
        before: StateCounts::default(),
        after: StateCounts::default(),
        findings: SeverityCounts::default(), // and by `count_findings`.
        accepted: 0,
    };
    for user in tenant.users() {
        *bucket(&mut summary.before, &user.mfa_state) += 1;
    }
    summary.after = summary.before;
    count_changes(&mut summary, changes);
    summary
}

/// Counts changes into a summary whose `before` and `after` stand at the tenant's present states.
pub(super) fn count_changes(summary: &mut Summary, changes: &[Change]) {
    for change in changes {
        match change.decision.kind() {
            DecisionKind::Hold => summary.hold += 1,
            DecisionKind::Block => summary.block += 1,
            DecisionKind::Apply => {
                match change.action {
                    Action::Enable => summary.enable += 1,
                    Action::Enforce => summary.enforce += 1,
                    Action::Relax => summary.relax += 1,
                    Action::Disable => summary.disable += 1,
                }
                // A file that was made up may count fewer than it changes; reading one must not be the end of the program.
                let from = bucket(&mut summary.after, &change.before);
                *from = from.saturating_sub(1);
                *bucket(&mut summary.after, &ObservedState::Known(change.effective)) += 1;
            }
        }
    }
}

/// The users that percentages are of: unknown counts as enabled, as it could sign in.
pub(crate) fn enabled_users(tenant: &ObservedTenant) -> u64 {
    let counted = || tenant.users().iter().filter(|user| user.account_enabled != Some(false)).count() as u64;
    tenant.enabled_users.unwrap_or_else(counted)
}

/// Counts findings into a summary.
pub(super) fn count_findings<'a>(summary: &mut Summary, findings: impl Iterator<Item = &'a Finding>) {
    for finding in findings {
        if finding.accepted.is_some() {
            summary.accepted += 1;
        } else {
            summary.findings.add(finding.severity);
        }
    }
}

pub(crate) const fn bucket<'a>(counts: &'a mut StateCounts, state: &ObservedState) -> &'a mut u64 {
    match state.known() {
        Some(MfaState::Disabled) => &mut counts.disabled,
        Some(MfaState::Enabled) => &mut counts.enabled,
        Some(MfaState::Enforced) => &mut counts.enforced,
        None => &mut counts.unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_apply_takes_as_long_as_the_write_quota_says() {
        // 3,000 at once, then 20 a second; what waits or is withheld takes no time.
        for (writes, seconds) in
            [(0, 0), (3_000, 0), (3_001, 1), (3_020, 1), (3_021, 2), (10_141, 358), (100_000, 4_850)]
        {
            let summary = Summary { enforce: writes, hold: 9_999, block: 9_999, ..Summary::default() };
            assert_eq!(estimated_seconds(&summary), seconds, "{writes}");
            let mixed = Summary { enable: 1, relax: 1, disable: 1, enforce: writes.saturating_sub(3), ..summary };
            assert_eq!(estimated_seconds(&mixed), seconds, "{writes} of all kinds");
        }
    }
}
