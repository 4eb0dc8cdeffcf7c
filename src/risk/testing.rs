//! A small world for the tests of rules: everything is known and harmless, until a test changes one thing.

use std::{collections::HashMap, fmt::Write, path::PathBuf};

use indexmap::IndexMap;
use jiff::{Timestamp, ToSpan};
use uuid::Uuid;

pub(super) use super::{
    testing_policies::{excluding, policy, strength},
    testing_sign_ins::{asked_by, cell},
};
pub(super) use crate::{
    severity::Severity::{self, Critical, High, Info, Low, Medium},
    tenant::MfaState::{self, Disabled, Enabled, Enforced},
};

use super::{ChangeFindings, Context, Evidence, Finding, NotEvaluated, PlanFinding, Rule, assess_changes, assess_plan};
use crate::{
    config::{
        Accept, BreakGlass, CloudName, Config, Declared, Guardrails, Layer, Mfa, Origin, Selector, ServiceAccount,
        TenantSettings,
    },
    desired::{Claim, Desired, Managed, Protection, ProtectionKind, Timing},
    diag::{FileId, SourceMap, Span},
    diff::{Action, Cause, Decision, Transition},
    eval::Value,
    facts::Facts,
    tenant::{
        AppSignIns, Domain, Group, LastSignIn, LegacySignIns, MailboxPurpose, MfaServicePolicy, ObservedState,
        ObservedTenant, PoliciesRead, Policy, RoleAssignment, RoleTemplateId, SignIns, Source, TenantId, Text,
        Unavailable, Unread, User, UserId, UserType, role as roles,
    },
};

/// What a row expects of the rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Expect {
    /// A finding of this severity.
    Fires(Severity),
    /// No finding, and nothing missing.
    Silent,
    /// No finding, and the rule says that it could not look.
    Blind,
}
pub(super) use Expect::{Blind, Fires, Silent};

/// The instant of every test.
pub(super) fn now() -> Timestamp {
    "2026-11-20T08:00:00Z".parse().unwrap()
}

pub(super) fn days_ago(days: i64) -> Timestamp {
    now().checked_sub((days * 24).hours()).unwrap()
}

/// What is told, what is changed in the world, what is expected.
pub(super) type Row = (&'static str, fn(&mut World), Expect);

/// Checks a rule against its table.
pub(super) fn rows(rule: &Rule, rows: &[Row]) {
    assert!(rows.iter().any(|(_, _, expect)| matches!(expect, Fires(_))), "{} never fires", rule.id);
    assert!(rows.iter().any(|(_, _, expect)| !matches!(expect, Fires(_))), "{} has no near miss", rule.id);
    let mut golden = String::new();
    for (story, change, expect) in rows {
        let mut world = World::new();
        change(&mut world);
        let outcome = world.run();
        assert_eq!(outcome.of(rule.id), *expect, "{}: {story}", rule.id);
        outcome.tell(rule, story, &mut golden);
    }
    insta::assert_snapshot!(rule.id, golden);
}

/// A tenant, a configuration and some changes. `users[0]` is Jo, who goes from disabled to enforced.
pub(super) struct World {
    pub(super) users: Vec<User>,
    pub(super) claims: HashMap<UserId, Claim>,
    pub(super) changes: Vec<(UserId, ObservedState, MfaState, Decision)>,
    pub(super) promoted: Vec<UserId>,
    pub(super) accepted: Vec<Option<Vec<UserId>>>,
    pub(super) config: Config,
    pub(super) policies: Option<Vec<Policy>>,
    pub(super) policies_read: Option<PoliciesRead>,
    pub(super) groups: Vec<Group>,
    pub(super) security_defaults: Option<bool>,
    pub(super) domains: Option<Vec<Domain>>,
    pub(super) service: Option<MfaServicePolicy>,
    pub(super) service_plans: Option<Vec<Text>>,
    pub(super) migration: Option<Text>,
    pub(super) operator: Option<UserId>,
    pub(super) unavailable: Vec<Unavailable>,
    pub(super) unread: Vec<Unread>,
    pub(super) captured_at: Timestamp,
    pub(super) registration_captured_at: Option<Timestamp>,
}

/// What the rules said.
pub(super) struct Outcome {
    pub(super) changes: ChangeFindings,
    pub(super) plan: Vec<PlanFinding>,
    pub(super) not_evaluated: Vec<NotEvaluated>,
}

impl Outcome {
    /// What the rule says in this story, word for word: a person reads it.
    fn tell(&self, rule: &Rule, story: &str, out: &mut String) {
        let of_plan = self.plan.iter().map(|one| {
            let place = one.declared_by.as_ref().map(|place| place.address.as_str());
            (
                one.user.as_ref().map(|user| user.user_principal_name.as_str()).or(place).unwrap_or("the tenant"),
                &one.finding,
            )
        });
        let of_changes = self.changes.findings.iter().flatten().map(|finding| ("a change", finding));
        let _ = writeln!(out, "# {story}");
        for (whose, finding) in of_changes.chain(of_plan).filter(|(_, one)| one.rule == rule.id) {
            let Finding { rule: _, name, severity, message, evidence, remediation, accepted: _ } = finding;
            assert_eq!(*name, rule.name, "{}: {story}", rule.id);
            assert!(rule.grades.contains(severity), "{}: {story}: {severity} is not among its grades", rule.id);
            let _ = writeln!(out, "{severity}, {whose}: {message}");
            for Evidence { fact, value } in evidence {
                let _ = writeln!(out, "  {fact} = {value}");
            }
            if *remediation != rule.remediation {
                let _ = writeln!(out, "  -> {remediation}");
            }
        }
    }

    pub(super) fn of(&self, rule: &str) -> Expect {
        let of_changes = self.changes.findings.iter().flatten();
        let all = of_changes.chain(self.plan.iter().map(|one| &one.finding));
        match all.filter(|one| one.rule == rule).map(|one| one.severity).max() {
            Some(severity) => Fires(severity),
            None if self.not_evaluated.iter().any(|one| one.rule == rule) => Blind,
            None => Silent,
        }
    }
}

impl Outcome {
    /// The finding of a rule that fired.
    pub(super) fn finding(&self, rule: &str) -> &super::Finding {
        let of_changes = self.changes.findings.iter().flatten();
        let mut all = of_changes.chain(self.plan.iter().map(|one| &one.finding));
        all.find(|one| one.rule == rule).unwrap_or_else(|| panic!("{rule} is silent"))
    }
}

impl World {
    pub(super) fn new() -> Self {
        let jo = person(1, "jo");
        let mut ada = person(2, "ada");
        ada.directory_roles = Some([global_admin()].into());
        let glass = [person(3, "bg1"), person(4, "bg2")];
        let mut claims = HashMap::from([(jo.id, managed(Enforced)), (ada.id, managed(Disabled))]);
        claims.extend(glass.iter().map(|user| (user.id, protected(ProtectionKind::BreakGlass))));
        let changes = vec![(jo.id, Disabled.into(), Enforced, Decision::new(Timing::Now, Vec::new()))];
        Self {
            users: [jo, ada].into_iter().chain(glass).collect(),
            claims,
            changes,
            promoted: Vec::new(),
            accepted: Vec::new(),
            config: config(),
            policies: Some(Vec::new()),
            policies_read: Some(PoliciesRead { beta: true, read: 0, listed: Some(0), plans: Some(0) }),
            groups: Vec::new(),
            security_defaults: Some(false),
            domains: Some(vec![domain("contoso.com"), domain("contoso.onmicrosoft.com")]),
            service: Some(MfaServicePolicy {
                allow_app_passwords: Some(false),
                trusted_ips: Some(Vec::new()),
                skip_mfa_for_federated_users: Some(false),
                remember_mfa_days: None,
            }),
            service_plans: Some(Vec::new()),
            migration: Some("migrationComplete".into()),
            operator: None,
            unavailable: Vec::new(),
            unread: Vec::new(),
            captured_at: now(),
            registration_captured_at: None,
        }
    }

    /// Jo.
    pub(super) fn user(&mut self) -> &mut User {
        &mut self.users[0]
    }

    pub(super) fn sign_ins(&mut self) -> &mut SignIns {
        self.user().sign_ins.get_or_insert_default()
    }

    /// Jo's change.
    pub(super) fn change(&mut self, before: MfaState, after: MfaState) {
        self.user().mfa_state = before.into();
        let change = &mut self.changes[0];
        (change.1, change.2) = (before.into(), after);
    }

    pub(super) fn unknown_state(&mut self, raw: Option<&str>) {
        self.user().mfa_state = ObservedState::from_wire(raw);
        self.changes[0].1 = ObservedState::from_wire(raw);
    }

    pub(super) fn decide(&mut self, decision: Decision) {
        self.changes[0].3 = decision;
    }

    pub(super) fn legacy(&mut self, protocol: &str, count: u32) {
        let one = LegacySignIns { protocol: protocol.into(), count, last: Some(days_ago(1)), distinct_ips: Some(1) };
        self.sign_ins().legacy = Some([one].into());
    }

    pub(super) fn app(&mut self, id: &str, count: u32) {
        let other = AppSignIns { id: "00000002-0000-0ff1-ce00-000000000001".into(), display_name: None, count: 1 };
        self.sign_ins().apps = Some([AppSignIns { id: id.into(), display_name: None, count }, other].into());
    }

    /// No sign-in of any kind.
    pub(super) fn asleep(&mut self) {
        let sign_ins = self.sign_ins();
        (sign_ins.interactive, sign_ins.interactive_mfa, sign_ins.non_interactive) = (Some(0), Some(0), Some(0));
        self.user().last_sign_in = LastSignIn::At(days_ago(200));
    }

    /// A person's name, a program's behaviour.
    pub(super) fn workload(&mut self) {
        let user = self.user();
        user.methods = Some([].into());
        user.registered = Some(false);
        user.mfa_capable = Some(false);
        user.device_count = Some(0);
        let sign_ins = self.sign_ins();
        (sign_ins.interactive, sign_ins.interactive_mfa, sign_ins.non_interactive) = (Some(0), Some(0), Some(40));
        sign_ins.ropc = Some(40);
        sign_ins.distinct_ips = Some(2);
    }

    /// Everything in the directory says service account, nothing in its behaviour.
    pub(super) fn static_signs(&mut self) {
        self.staff(20);
        let user = self.user();
        user.display_name = Some("Backup service".into());
        user.methods = Some([].into());
        user.registered = Some(false);
        user.device_count = Some(0);
        user.password_never_expires = Some(true);
        user.last_password_change = Some(days_ago(900));
        user.licenses = Some([].into());
        for attribute in [
            crate::tenant::Attribute::EmployeeId,
            crate::tenant::Attribute::JobTitle,
            crate::tenant::Attribute::Department,
        ] {
            user.empty.set(attribute);
        }
        (user.employee_id, user.job_title, user.department) = (None, None, None);
        let sign_ins = self.sign_ins();
        (sign_ins.interactive, sign_ins.interactive_mfa) = (Some(3), Some(0));
        sign_ins.apps = Some([].into());
    }

    /// More people, managed and unchanged.
    pub(super) fn staff(&mut self, count: u32) {
        for number in 0..count {
            let user = person(100 + number, &format!("staff{number}"));
            self.claims.insert(user.id, managed(Enforced));
            self.users.push(user);
        }
    }

    /// The same change for so many of the staff, instead of Jo's.
    pub(super) fn change_all(&mut self, count: u32, before: MfaState, after: MfaState) {
        self.changes.clear();
        for number in 0..count {
            self.changes.push((
                person(100 + number, "").id,
                before.into(),
                after,
                Decision::new(Timing::Now, Vec::new()),
            ));
        }
    }

    /// An account nobody claims.
    pub(super) fn stranger(&mut self, change: fn(&mut User)) {
        let mut user = person(50, "stranger");
        change(&mut user);
        self.users.push(user);
    }

    pub(super) fn only_admin(&mut self) {
        self.users.truncate(1);
        self.user().directory_roles = Some([global_admin()].into());
    }

    pub(super) fn promote(&mut self) {
        self.changes.clear();
        self.promoted =
            self.users.iter().filter(|user| self.claims.contains_key(&user.id)).map(|user| user.id).collect();
    }

    pub(super) fn undeclare_break_glass(&mut self) {
        let id = self.users[3].id;
        self.claims.insert(id, managed(Enforced));
    }

    /// Jo is a declared service account instead.
    pub(super) fn service_account(&mut self, expires: Option<Timestamp>) {
        self.changes.clear();
        let id = self.user().id;
        self.claims.insert(id, protected(ProtectionKind::ServiceAccount));
        self.config.service_accounts[0].expires = expires;
    }

    /// A waiver for the whole tenant.
    pub(super) fn accept(&mut self, rule: &str, expired_from: Timestamp) {
        self.config.accepts.push(Accept {
            declared: declared("accept"),
            rule: rule.into(),
            selector: Selector::default(),
            reason: "agreed".into(),
            expires: "2026-12-31".into(),
            expired_from,
            approved_by: None,
        });
        self.accepted.push(None);
    }

    pub(super) fn federate(&mut self, name: &str, behavior: Option<&str>) {
        let domains = self.domains.get_or_insert_default();
        domains.retain(|one| one.id != name);
        domains.push(Domain { federated: true, federated_idp_mfa_behavior: behavior.map(Into::into), ..domain(name) });
    }

    pub(super) fn service_policy(&mut self) -> &mut MfaServicePolicy {
        self.service.get_or_insert_default()
    }

    /// Runs all rules.
    pub(super) fn run(self) -> Outcome {
        let Self { users, claims, changes, promoted, accepted, config, .. } = &self;
        let mut tenant =
            ObservedTenant::new(config.tenant.id, "Contoso".into(), Source::Snapshot, self.captured_at, users.clone());
        tenant.registration_captured_at = self.registration_captured_at;
        tenant.service_plans.clone_from(&self.service_plans);
        tenant.security_defaults_enabled = self.security_defaults;
        tenant.domains.clone_from(&self.domains);
        tenant.mfa_service_policy.clone_from(&self.service);
        tenant.policy_migration_state.clone_from(&self.migration);
        tenant.operator_id = self.operator;
        tenant.groups.clone_from(&self.groups);
        tenant.conditional_access.clone_from(&self.policies);
        tenant.conditional_access_read = self.policies_read;
        tenant.unavailable.clone_from(&self.unavailable);
        tenant.unread.clone_from(&self.unread);
        let index = |id: &UserId| tenant.by_id(*id).unwrap();
        let desired = Desired {
            claims: tenant
                .users()
                .iter()
                .map(|user| claims.get(&user.id).cloned().unwrap_or(Claim::Unmanaged))
                .collect(),
            accepted_users: accepted
                .iter()
                .map(|ids| ids.as_ref().map(|ids| ids.iter().map(index).collect()))
                .collect(),
            promoted: promoted.iter().map(|id| (index(id), 0)).collect(),
            waves: Vec::new(),
        };
        let transitions: Vec<Transition> =
            changes.iter().map(|(id, before, after, _)| transition(&tenant, index(id), before, *after)).collect();
        let decisions: Vec<Decision> = changes.iter().map(|one| one.3.clone()).collect();
        let facts = Facts::of(&tenant, &config.guardrails.signal, config.instant);
        let context = Context::new(&facts, config, &desired);
        let of_changes = assess_changes(&context, &transitions);
        let (plan, not_evaluated) = assess_plan(&context, &transitions, &decisions, &of_changes);
        Outcome { changes: of_changes, plan, not_evaluated }
    }
}

fn transition(
    tenant: &ObservedTenant,
    user: crate::tenant::UserIndex,
    before: &ObservedState,
    after: MfaState,
) -> Transition {
    let assumed = before.known().unwrap_or(if after == Disabled { Enforced } else { Disabled });
    Transition {
        user,
        cause: Cause::Mfa(0),
        before: before.clone(),
        after,
        effective: after.effective(tenant.user(user).registered),
        action: Action::between(assumed, after).unwrap(),
        timing: Timing::Now,
    }
}

/// A person of whom everything is known, and nothing is remarkable.
pub(super) fn person(number: u32, name: &str) -> User {
    let mut user = User::new(
        UserId::new(Uuid::from_u128(u128::from(number))),
        format!("{name}@contoso.com").into(),
        Disabled.into(),
    );
    user.display_name = Some(format!("{name} Fields").into());
    user.given_name = Some(name.into());
    user.surname = Some("Fields".into());
    user.department = Some("Sales".into());
    user.job_title = Some("Clerk".into());
    user.employee_id = Some(number.to_string().into());
    user.user_type = Some(UserType::Member);
    user.account_enabled = Some(true);
    user.created = Some(days_ago(2000));
    user.password_never_expires = Some(false);
    user.last_password_change = Some(days_ago(100));
    user.licenses = Some(["SPE_E3".into()].into());
    user.extension_attributes = Some(Box::default());
    user.mailbox_purpose = Some(MailboxPurpose::User);
    user.registered = Some(true);
    user.mfa_capable = Some(true);
    user.methods = Some(["microsoftAuthenticatorPush".into(), "windowsHelloForBusiness".into()].into());
    user.device_count = Some(1);
    user.member_of = Some([].into());
    user.directory_roles = Some([].into());
    user.last_sign_in = LastSignIn::At(days_ago(1));
    user.last_interactive_sign_in = LastSignIn::At(days_ago(1));
    user.sign_ins = Some(Box::new(SignIns {
        window_days: Some(30),
        interactive: Some(12),
        mfa_skipped: Some([].into()),
        cells: None,
        interactive_mfa: Some(9),
        non_interactive: Some(30),
        failed: Some(0),
        failed_mfa: Some(0),
        ropc: Some(0),
        app_password: Some(0),
        distinct_ips: Some(3),
        active_hours: Some(9),
        weekend_share: Some(0.05),
        legacy: Some([].into()),
        apps: Some([].into()),
        clients: Some(["Outlook".into()].into()),
    }));
    user
}

pub(super) fn role(id: &str, name: &str) -> RoleAssignment {
    RoleAssignment { template_id: id.parse().unwrap(), display_name: name.into(), permanent: true, scope: None }
}

pub(super) fn global_admin() -> RoleAssignment {
    RoleAssignment {
        template_id: roles::GLOBAL_ADMINISTRATOR,
        display_name: "Global Administrator".into(),
        permanent: true,
        scope: None,
    }
}

/// A privileged role without terms of its own.
pub(super) fn user_admin() -> RoleAssignment {
    RoleAssignment {
        template_id: RoleTemplateId::new(uuid::uuid!("fe930be7-5e62-47db-91af-98c3a49a38b1")),
        display_name: "User Administrator".into(),
        permanent: true,
        scope: None,
    }
}

/// The same role, to be activated first.
pub(super) fn eligible(role: RoleAssignment) -> RoleAssignment {
    RoleAssignment { permanent: false, ..role }
}

fn managed(state: MfaState) -> Claim {
    Claim::Managed(Managed { block: 0, state, timing: Timing::Now, wave: None })
}

fn protected(kind: ProtectionKind) -> Claim {
    Claim::Protected(Protection { kind, block: 0, caught: false, lower: false })
}

fn domain(name: &str) -> Domain {
    Domain { id: name.into(), federated: false, federated_idp_mfa_behavior: None }
}

pub(super) fn declared(address: &str) -> Declared {
    Declared { address: address.into(), span: Span::new(FileId(0), 0..1), layer: Layer::Configuration }
}

fn config() -> Config {
    let mut sources = SourceMap::default();
    sources.add("main.mfa.hcl", "mfa \"staff\" {}\n");
    let selector = Selector::default;
    Config {
        allow_files: Vec::new(),
        notices: Vec::new(),
        dir: PathBuf::new(),
        origin: Origin::default(),
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
            id_span: Span::new(FileId(0), 0..1),
            cloud: CloudName::Global,
            snapshot: None,
            sign_in_window: 30,
            sign_ins: Vec::new(),
        },
        mfa: vec![Mfa {
            declared: declared("mfa.staff"),
            state: Enforced,
            state_span: Span::new(FileId(0), 0..1),
            selector: selector(),
            priority: 0.0,
            allow_downgrade: false,
            rollout: None,
            staged_until: None,
            reason: None,
        }],
        service_accounts: vec![ServiceAccount {
            declared: declared("service_account.crm"),
            selector: selector(),
            owner: "ada".into(),
            reason: "legacy".into(),
            replacement: None,
            expires: None,
            until: Some("2026-11-18".into()),
            lower: false,
        }],
        break_glass: vec![BreakGlass { declared: declared("break_glass.two"), selector: selector(), reason: None }],
        accepts: Vec::new(),
        risks: Vec::new(),
        rules: Vec::new(),
        rollouts: IndexMap::new(),
        guardrails: Guardrails::default(),
        checks: Vec::new(),
        outputs: Vec::new(),
        warnings: Vec::new(),
    }
}
