//! What the rules cost over 100,000 users: all of them, each by itself (the others switched off by `risk` blocks; the
//! line `none` is what remains), the plan rules, the service account signal and Conditional Access coverage.
#![allow(missing_docs, clippy::unwrap_used)]

use std::{path::PathBuf, sync::LazyLock};

use divan::{Bencher, counter::ItemsCount};
use jiff::Timestamp;
use mfaplan::testing::{
    config::{CloudName, Config, Declared, Guardrails, Layer, Mfa, RiskOverride, Selector, TenantSettings},
    desired::{Claim, Desired, Managed, Timing},
    diag::{FileId, SourceMap, Span},
    diff::{Action, Cause, Decision, Transition},
    eval::Value,
    facts::{CompiledPolicies, Facts},
    risk::{self, Context},
    tenant::{
        AppSignIns, ApplicationConditions, Conditions, Domain, GrantControls, GroupId, LastSignIn, LegacySignIns,
        MailboxPurpose, MfaState, ObservedTenant, Policy, PolicyState, SignIns, Source, TenantId, Text, User,
        UserConditions, UserId, UserType,
    },
};
use uuid::Uuid;

const USERS: u32 = 100_000;
const POLICIES: u32 = 50;

fn main() {
    divan::main();
}

static TENANT: LazyLock<ObservedTenant> = LazyLock::new(tenant);
static DESIRED: LazyLock<Desired> = LazyLock::new(|| Desired {
    waves: Vec::new(),
    claims: (0..USERS)
        .map(|_| Claim::Managed(Managed { block: 0, state: MfaState::Enforced, timing: Timing::Now, wave: None }))
        .collect(),
    accepted_users: Vec::new(),
    promoted: Vec::new(),
});
static RAISE: LazyLock<Vec<Transition>> = LazyLock::new(|| transitions(MfaState::Disabled, MfaState::Enforced));
static LOWER: LazyLock<Vec<Transition>> = LazyLock::new(|| transitions(MfaState::Enforced, MfaState::Disabled));

#[divan::bench(sample_count = 10)]
fn all_rules_raising(bencher: Bencher<'_, '_>) {
    assess(bencher, &config(&[]), &RAISE);
}

#[divan::bench(sample_count = 10)]
fn all_rules_lowering(bencher: Bencher<'_, '_>) {
    assess(bencher, &config(&[]), &LOWER);
}

/// One rule by itself; `none` is the frame around it.
#[divan::bench(sample_count = 5, args = change_rules())]
fn rule(bencher: Bencher<'_, '_>, id: &str) {
    let others: Vec<&str> = risk::known_rules().into_iter().map(|(rule, ..)| rule).filter(|rule| *rule != id).collect();
    let config = config(&others);
    let lowers = matches!(id, "MFA060" | "MFA061" | "MFA062" | "MFA063" | "MFA064");
    assess(bencher, &config, if lowers { &LOWER } else { &RAISE });
}

/// Facts remember scores, so each sample has its own.
fn assess(bencher: Bencher<'_, '_>, config: &Config, transitions: &[Transition]) {
    bencher
        .counter(ItemsCount::new(USERS))
        .with_inputs(facts)
        .bench_refs(|facts| risk::assess_changes(&Context::new(facts, config, &DESIRED), transitions));
}

fn facts() -> Facts<'static> {
    Facts::of(&TENANT, &Guardrails::default().signal, now())
}

#[divan::bench(sample_count = 10)]
fn plan_rules(bencher: Bencher<'_, '_>) {
    let config = config(&[]);
    let facts = facts();
    let context = Context::new(&facts, &config, &DESIRED);
    let changes = risk::assess_changes(&context, &RAISE);
    let decisions = vec![Decision::Apply { then: None }; RAISE.len()];
    bencher.counter(ItemsCount::new(USERS)).bench(|| risk::assess_plan(&context, &RAISE, &decisions, &changes));
}

#[divan::bench(sample_count = 10)]
fn context(bencher: Bencher<'_, '_>) {
    let config = config(&[]);
    let users = || Context::new(&facts(), &config, &DESIRED).tenant.users().len();
    bencher.counter(ItemsCount::new(USERS)).bench(users);
}

#[divan::bench(sample_count = 10)]
fn signal_score(bencher: Bencher<'_, '_>) {
    let sum = |facts: &mut Facts<'_>| TENANT.indexed().map(|(index, _)| u64::from(facts.score(index))).sum::<u64>();
    bencher.counter(ItemsCount::new(USERS)).with_inputs(facts).bench_refs(sum);
}

#[divan::bench(sample_count = 10)]
fn coverage_yes_or_no(bencher: Bencher<'_, '_>) {
    let policies = CompiledPolicies::new(&TENANT);
    let count = || TENANT.users().iter().filter(|user| policies.covers(user) == Some(true)).count();
    bencher.counter(ItemsCount::new(USERS)).bench(count);
}

#[divan::bench(sample_count = 5)]
fn coverage_with_reasons(bencher: Bencher<'_, '_>) {
    let policies = CompiledPolicies::new(&TENANT);
    let count = || TENANT.users().iter().filter(|user| policies.coverage(user).is_full()).count();
    bencher.counter(ItemsCount::new(USERS)).bench(count);
}

fn change_rules() -> impl Iterator<Item = &'static str> {
    let rules = risk::registry().iter().filter(|rule| rule.kind() == risk::RuleKind::Change).map(|rule| rule.id);
    std::iter::once("none").chain(rules)
}

fn now() -> Timestamp {
    "2026-11-20T08:00:00Z".parse().unwrap()
}

fn transitions(before: MfaState, after: MfaState) -> Vec<Transition> {
    let action = Action::between(before, after).unwrap();
    let one = |user| Transition {
        user,
        cause: Cause::Mfa(0),
        before: before.into(),
        after,
        effective: after,
        action,
        timing: Timing::Now,
    };
    TENANT.indexed().map(|(index, _)| one(index)).collect()
}

/// Nine in ten are staff; the rest are workloads, legacy clients, guests and dormant accounts.
fn tenant() -> ObservedTenant {
    let users = (0..USERS).map(user).collect();
    let mut tenant = ObservedTenant::new(TenantId::new(Uuid::nil()), "Contoso".into(), Source::Snapshot, now(), users);
    tenant.conditional_access = Some((0..POLICIES).map(policy).collect());
    tenant.security_defaults_enabled = Some(false);
    tenant.service_plans = Some(vec!["AAD_PREMIUM".into()]);
    tenant.domains =
        Some(vec![Domain { id: "contoso.com".into(), federated: false, federated_idp_mfa_behavior: None }]);
    tenant
}

fn group(number: u32) -> GroupId {
    GroupId::new(Uuid::from_u128(0xA000_0000 + u128::from(number)))
}

fn policy(number: u32) -> Policy {
    let all = || vec![Text::from("All")];
    let (include_users, include_groups) = if number.is_multiple_of(2) {
        (all(), Vec::new())
    } else {
        (Vec::new(), vec![group(number).to_string().into()])
    };
    Policy {
        id: number.to_string().into(),
        display_name: format!("Policy {number}").into(),
        state: if number.is_multiple_of(3) {
            PolicyState::EnabledForReportingButNotEnforced
        } else {
            PolicyState::Enabled
        },
        conditions: Conditions {
            users: UserConditions {
                include_users,
                include_groups,
                exclude_groups: vec![group(100 + number % 5).to_string().into()],
                ..UserConditions::default()
            },
            applications: ApplicationConditions { include_applications: all(), ..ApplicationConditions::default() },
            client_app_types: vec!["all".into()],
            sign_in_risk_levels: if number % 7 == 2 { Vec::new() } else { vec!["high".into()] },
            ..Conditions::default()
        },
        grant_controls: Some(GrantControls { built_in_controls: vec!["mfa".into()], ..GrantControls::default() }),
    }
}

fn user(number: u32) -> User {
    let id = UserId::new(Uuid::from_u128(u128::from(number) + 1));
    let mut user = User::new(id, format!("user{number:06}@contoso.com").into(), MfaState::Disabled.into());
    let registered = !number.is_multiple_of(4);
    user.display_name = Some(format!("Jo Fields {number}").into());
    user.given_name = Some("Jo".into());
    user.surname = Some("Fields".into());
    user.department = Some("Sales".into());
    user.job_title = Some("Clerk".into());
    user.employee_id = Some(number.to_string().into());
    user.user_type = Some(if number % 50 == 7 { UserType::Guest } else { UserType::Member });
    user.account_enabled = Some(number % 100 != 3);
    user.password_never_expires = Some(number % 20 == 5);
    user.last_password_change = now().checked_sub(jiff::SignedDuration::from_hours(24 * i64::from(number % 500))).ok();
    user.licenses = Some([Text::from(if number % 10 == 1 { "SPE_F3" } else { "SPE_E3" })].into());
    user.extension_attributes = Some(Box::default());
    user.mailbox_purpose = Some(MailboxPurpose::User);
    user.registered = Some(registered);
    user.mfa_capable = Some(registered);
    user.methods =
        Some(if registered { ["microsoftAuthenticatorPush".into(), "mobilePhone".into()].into() } else { [].into() });
    user.device_count = Some(number % 3);
    user.member_of = Some((0..20).map(|at| group((number * 7 + at * 13) % 2000)).collect());
    user.directory_roles = Some([].into());
    user.last_sign_in = LastSignIn::At(now());
    let works = number % 20 == 5;
    let legacy = if number % 25 == 2 {
        [LegacySignIns { protocol: "IMAP4".into(), count: 9, last: Some(now()), distinct_ips: Some(1) }].into()
    } else {
        [].into()
    };
    user.sign_ins = Some(Box::new(SignIns {
        window_days: Some(30),
        interactive: Some(if works { 0 } else { 12 }),
        interactive_mfa: Some(0),
        non_interactive: Some(40),
        failed: Some(0),
        failed_mfa: Some(0),
        ropc: Some(if works { 40 } else { 0 }),
        app_password: Some(0),
        distinct_ips: Some(if works { 1 } else { 3 }),
        active_hours: Some(9),
        weekend_share: Some(0.05),
        legacy: Some(legacy),
        apps: Some(
            [AppSignIns { id: "00000002-0000-0ff1-ce00-000000000000".into(), display_name: None, count: 9 }].into(),
        ),
        clients: Some(["Outlook".into()].into()),
        cells: None,
        mfa_skipped: None,
    }));
    user
}

fn config(switched_off: &[&str]) -> Config {
    let mut sources = SourceMap::default();
    sources.add("main.mfa.hcl", "mfa \"staff\" {}\n");
    let span = Span::new(FileId(0), 0..1);
    let declared = |address: &str| Declared { address: address.into(), span, layer: Layer::Configuration };
    Config {
        notices: Vec::new(),
        dir: PathBuf::new(),
        allow_files: Vec::new(),
        origin: mfaplan::testing::config::Origin::default(),
        policy: None,
        sources,
        instant: now(),
        var: Value::Null,
        local: Value::Null,
        modules: Value::Null,
        calls: Default::default(),
        tenant: TenantSettings {
            declared: declared("tenant.contoso"),
            name: "contoso".into(),
            id: TenantId::new(Uuid::nil()),
            id_span: span,
            cloud: CloudName::Global,
            snapshot: None,
            sign_in_window: 30,
            sign_ins: Vec::new(),
        },
        mfa: vec![Mfa {
            declared: declared("mfa.staff"),
            state: MfaState::Enforced,
            state_span: span,
            selector: Selector::default(),
            priority: 0.0,
            allow_downgrade: false,
            rollout: None,
            staged_until: None,
            reason: None,
        }],
        service_accounts: Vec::new(),
        break_glass: Vec::new(),
        accepts: Vec::new(),
        risks: switched_off
            .iter()
            .map(|rule| RiskOverride {
                declared: declared("risk"),
                rule: (*rule).into(),
                severity: None,
                enabled: false,
            })
            .collect(),
        rules: Vec::new(),
        rollouts: Default::default(),
        guardrails: Guardrails::default(),
        checks: Vec::new(),
        outputs: Vec::new(),
        warnings: Vec::new(),
    }
}
