//! Plans made by hand, for the tests of everything that reads a plan.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    desired::{Hold, HoldKind},
    diff::{Action, Decision, DecisionKind},
    facts::UserKind,
    plan::{
        Change, ChangeUser, CheckResult, Digest, Execution, Impact, LegacyAuth, ModernAuth, OutputValue, Plan,
        PlanObserved, PlanOrigin, PlanTenant, Refusal, Summary, Waiver,
    },
    risk::{Accepted, Evidence, Finding, FindingUser, NotEvaluated, Place, PlanFinding},
    severity::Severity,
    tenant::{Fact, MfaState, ObservedState, Source, TenantId, Text, UserId},
};

mod claims;

use MfaState::{Disabled, Enabled, Enforced};
use claims::{blocks, others};

pub(crate) const TENANT: &str = "5d1f3c1e-8b1a-4c43-9c2d-6a0a3b7e9f10";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn user_id(n: usize) -> UserId {
    let spread = (n as u128 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    UserId::new(uuid::Builder::from_random_bytes(spread.to_be_bytes()).into_uuid())
}

pub(crate) use crate::plan::digest::compute as digest_of;

pub(crate) fn finding(
    rule: &'static str,
    name: &'static str,
    severity: Severity,
    message: &'static str,
    evidence: &[(&'static str, Value)],
    remediation: &'static str,
) -> Finding {
    Finding {
        rule: Cow::Borrowed(rule),
        name: Cow::Borrowed(name),
        severity,
        message: Cow::Borrowed(message),
        evidence: evidence
            .iter()
            .map(|(fact, value)| Evidence { fact: Cow::Borrowed(*fact), value: value.clone() })
            .collect(),
        remediation: Cow::Borrowed(remediation),
        accepted: None,
    }
}

pub(crate) fn place(address: &str, line: u32) -> Place {
    let file = if address.starts_with("service_account") { "protected.mfa.hcl" } else { "staff.mfa.hcl" };
    Place { address: address.into(), file: file.into(), line }
}

fn impact(before: &ObservedState, after: MfaState, registered: Option<bool>) -> Impact {
    let modern = |state| match state {
        None => ModernAuth::Unknown,
        Some(Disabled) => ModernAuth::PasswordOnly,
        Some(_) => ModernAuth::MfaRequired,
    };
    let legacy = |state| match state {
        None => LegacyAuth::Unknown,
        Some(Disabled) => LegacyAuth::PasswordOnly,
        Some(Enabled) if registered != Some(true) => LegacyAuth::PasswordOnlyUntilRegistered,
        Some(_) => LegacyAuth::Blocked,
    };
    Impact {
        modern_auth: (modern(before.known()), modern(Some(after))),
        legacy_auth: (legacy(before.known()), legacy(Some(after))),
        ..Impact::default()
    }
}

pub(crate) struct Someone {
    pub upn: String,
    pub name: &'static str,
    pub registered: Option<bool>,
    pub kind: UserKind,
}

pub(crate) fn person(upn: &str, name: &'static str, registered: bool) -> Someone {
    Someone { upn: upn.to_owned(), name, registered: Some(registered), kind: UserKind::Person }
}

pub(crate) fn change(n: usize, who: Someone, block: &str, before: MfaState, after: MfaState) -> Change {
    let effective = after.effective(who.registered);
    let before = ObservedState::from(before);
    Change {
        impact: impact(&before, effective, who.registered),
        user: ChangeUser {
            id: user_id(n),
            user_principal_name: who.upn.into(),
            display_name: Some(who.name.into()),
            kind: who.kind,
            registered: who.registered,
        },
        declared_by: Some(place(block, if block == "mfa.staff" { 3 } else { 21 })),
        action: before.known().and_then(|state| Action::between(state, after)).unwrap(),
        before,
        after,
        effective,
        decision: Decision::Apply { then: None },
        wave: None,
        findings: Vec::new(),
    }
}

fn with(mut change: Change, findings: Vec<Finding>) -> Change {
    change.findings = findings;
    change
}

fn blocked(mut change: Change) -> Change {
    let blocks =
        |one: &&Finding| one.accepted.is_none() && (one.severity == Severity::Critical || one.rule == "MFA045");
    let by = change.findings.iter().filter(blocks);
    change.decision = Decision::Block { by: by.map(|one| one.rule.clone()).collect(), hold: None };
    change
}

fn held(mut change: Change, until: Option<&str>, reason: &str) -> Change {
    let kind = if until.is_some() { HoldKind::Wave } else { HoldKind::NoWave };
    change.decision = Decision::Hold(Hold { kind, until: until.map(at), reason: reason.into(), gate: None });
    change
}

fn no_findings_but_single_method() -> Vec<Finding> {
    vec![finding(
        "MFA023",
        "single-method",
        Severity::Low,
        "Only one method is registered: losing the phone locks them out.",
        &[("methods", json!(["microsoftAuthenticatorPush"]))],
        "Register a second method.",
    )]
}

fn smtp() -> Finding {
    finding(
        "MFA006",
        "smtp-auth-sender",
        Severity::Critical,
        "Sends mail by SMTP AUTH, which stops working when MFA is enforced.",
        &[
            ("legacy_sign_ins", json!({"Authenticated SMTP": 412})),
            ("last", json!("2026-11-23T21:04:00Z")),
            ("distinct_ips", json!(1)),
        ],
        "Move the sender to OAuth for SMTP, a relay connector or High Volume Email, or declare a service_account.",
    )
}

fn takeover() -> Finding {
    finding(
        "MFA019",
        "registration-takeover-window",
        Severity::Medium,
        "Has not registered: whoever holds the password registers first.",
        &[("registered", json!(false)), ("last_password_change", json!("2024-02-11"))],
        "Hand out a Temporary Access Pass, or register under supervision.",
    )
}

fn staff() -> Vec<Change> {
    let accepted = Arc::new(Accepted {
        address: "accept.MFA007".into(),
        reason: "kim.smith@contoso.com moves to Outlook mobile, CHG-1188".into(),
        expires: "2026-12-31".into(),
        approved_by: Some("security@contoso.com".into()),
    });
    let mut eas = finding(
        "MFA007",
        "legacy-client-in-use",
        Severity::High,
        "Signs in by Exchange ActiveSync with a password.",
        &[("legacy_sign_ins", json!({"Exchange ActiveSync": 41}))],
        "Move to a modern client.",
    );
    eas.accepted = Some(accepted);
    let mut guest = person("b.osei_fabrikam.com#EXT#@contoso.onmicrosoft.com", "Ben Osei \u{1b}[31m\u{202e}", true);
    guest.kind = UserKind::Guest;
    let service = |upn: &str, name| Someone { kind: UserKind::ServiceAccount, ..person(upn, name, false) };
    let mut staged =
        with(change(5, person("m.rossi@contoso.com", "Mia Rossi", false), "mfa.staff", Disabled, Enabled), {
            vec![takeover()]
        });
    let until = Some(at("2026-12-15T00:00:00Z"));
    staged.decision = Decision::Apply {
        then: Some(Hold { kind: HoldKind::Staged, until, reason: "staged: not registered yet".into(), gate: None }),
    };
    let mut unknown = change(10, person("x.unknown@contoso.com", "Xen Unknown", true), "mfa.staff", Disabled, Enforced);
    unknown.before = ObservedState::Unknown(Some("paused".into()));
    unknown.impact = impact(&unknown.before, Enforced, Some(true));
    unknown.findings = vec![finding(
        "MFA045",
        "unknown-state",
        Severity::High,
        "The tenant reports a state this version does not know.",
        &[("per_user_mfa_state", json!("paused"))],
        "Look at the user in the portal, and update mfaplan.",
    )];
    let unknown = blocked(unknown);
    vec![
        with(change(0, person("jdoe@contoso.com", "Jane Doe", true), "mfa.staff", Disabled, Enforced), {
            no_findings_but_single_method()
        }),
        change(1, person("anna.keller@contoso.com", "Anna Keller", true), "mfa.staff", Enabled, Enforced),
        blocked(with(
            change(2, service("scan-hq@contoso.com", "HQ Scanner"), "mfa.staff", Disabled, Enforced),
            vec![smtp()],
        )),
        blocked(with(
            change(3, service("svc-backup@contoso.com", "Backup Agent"), "mfa.staff", Disabled, Enforced),
            vec![
                finding(
                    "MFA005",
                    "ropc-sign-ins",
                    Severity::Critical,
                    "Signs in by ROPC (user name and password in a script): every run fails once MFA is required.",
                    &[("ropc", json!(1_240)), ("distinct_ips", json!(1))],
                    "Move the workload to a managed identity or an app registration with a certificate.",
                ),
                finding(
                    "MFA008",
                    "likely-service-account",
                    Severity::Critical,
                    "Looks like a service account: signal 93 of 100.",
                    &[
                        ("service_account_score", json!(93)),
                        (
                            "signal",
                            json!([{"points": 60, "why": "1,240 ROPC sign-ins"}, {"points": 25, "why": "name: svc"}]),
                        ),
                    ],
                    "Declare it as service_account \"backup\", or move it to a managed identity.",
                ),
            ],
        )),
        with(
            change(4, guest, "mfa.staff", Disabled, Enforced),
            vec![finding(
                "MFA024",
                "guest",
                Severity::Medium,
                "Is a guest: their home tenant may ask them for MFA as well.",
                &[("user_type", json!("Guest"))],
                "Use Conditional Access with inbound trust for guests.",
            )],
        ),
        staged,
        held(
            change(6, person("p.novak@contoso.com", "Petra Novak", true), "mfa.staff", Disabled, Enforced),
            Some("2026-12-01T00:00:00Z"),
            "wave \"second\" of rollout.staff",
        ),
        held(
            change(7, person("q.li@contoso.com", "Qiang Li", true), "mfa.staff", Disabled, Enforced),
            None,
            "in no wave",
        ),
        with(
            change(8, person("d.torres@contoso.com", "Diego Torres", true), "mfa.leavers", Enforced, Disabled),
            vec![
                finding(
                    "MFA061",
                    "user-loses-only-mfa",
                    Severity::High,
                    "Loses the only MFA there is: no Conditional Access policy covers them.",
                    &[("covering_policies", json!([]))],
                    "Cover them by Conditional Access first.",
                ),
                finding(
                    "MFA064",
                    "methods-stay",
                    Severity::Info,
                    "The registered methods stay.",
                    &[("methods", json!(["microsoftAuthenticatorPush", "mobilePhone"]))],
                    "Remove the methods if this user should not sign in with them any more.",
                ),
            ],
        ),
        with(
            change(9, person("e.former@contoso.com", "Eve Former", false), "mfa.leavers", Enforced, Enabled),
            vec![finding(
                "MFA063",
                "relax-is-ineffective",
                Severity::Medium,
                "Password-only legacy sign-in returns.",
                &[("registered", json!(false))],
                "Leave the user enforced.",
            )],
        ),
        unknown,
        with(change(11, person("kim.smith@contoso.com", "Kim Smith", true), "mfa.staff", Enabled, Enforced), vec![eas]),
        with(
            change(12, person("r.garcia@contoso.com", "Rosa García", true), "mfa.staff", Disabled, Enabled),
            vec![finding(
                "MFA040",
                "enabled-becomes-enforced",
                Severity::Medium,
                "Has registered: the service enforces them at once.",
                &[("registered", json!(true))],
                "Declare \"enforced\".",
            )],
        ),
    ]
}

fn of_plan(finding: Finding) -> PlanFinding {
    PlanFinding { finding, user: None, declared_by: None }
}

fn plan_findings() -> Vec<PlanFinding> {
    let mut migration = finding(
        "MFA086",
        "methods-migration-incomplete",
        Severity::Medium,
        "The migration of the authentication methods policy is not complete.",
        &[("policy_migration_state", json!("migrationInProgress"))],
        "Complete it in the portal.",
    );
    migration.accepted = Some(Arc::new(Accepted {
        address: "accept.MFA086".into(),
        reason: "planned for January".into(),
        expires: "2027-01-31".into(),
        approved_by: None,
    }));
    vec![
        of_plan(finding(
            "MFA082",
            "conditional-access-licensed",
            Severity::Medium,
            "The tenant has Microsoft Entra ID P1: Conditional Access is the recommended way.",
            &[("service_plans", json!(["AAD_PREMIUM"]))],
            "Prefer Conditional Access policies.",
        )),
        of_plan(migration),
        of_plan(finding(
            "MFA091",
            "evidence-missing",
            Severity::Medium,
            "Mailbox purposes could not be read: 2 rules are blind.",
            &[("unavailable", json!({"mailbox_purpose": "MailboxSettings.Read was not granted"}))],
            "Grant MailboxSettings.Read.",
        )),
        PlanFinding {
            finding: finding(
                "MFA042",
                "stopping-at-enabled",
                Severity::Medium,
                "The block stops at \"enabled\", which leaves legacy sign-in open for 1 user.",
                &[("users", json!(1)), ("first", json!(["e.former@contoso.com"]))],
                "Declare \"enforced\".",
            ),
            user: None,
            declared_by: Some(place("mfa.leavers", 21)),
        },
        PlanFinding {
            finding: finding(
                "MFA043",
                "promoted-since",
                Severity::Info,
                "Declared enabled, found enforced: satisfied.",
                &[],
                "Declare \"enforced\".",
            ),
            user: Some(FindingUser {
                id: user_id(900),
                user_principal_name: "t.brandt@contoso.com".into(),
                display_name: Some("Tom Brandt".into()),
            }),
            declared_by: Some(place("mfa.leavers", 21)),
        },
    ]
}

fn seal(mut plan: Plan, unmanaged: u64, protected: u64, unchanged: u64) -> Plan {
    plan.changes.sort_by_cached_key(|c| (c.user.user_principal_name.to_lowercase(), c.user.id));
    let mut s = Summary { unmanaged, protected, unchanged, ..Summary::default() };
    for change in &plan.changes {
        match (change.decision.kind(), change.action) {
            (DecisionKind::Hold, _) => s.hold += 1,
            (DecisionKind::Block, _) => s.block += 1,
            (_, Action::Enable) => s.enable += 1,
            (_, Action::Enforce) => s.enforce += 1,
            (_, Action::Relax) => s.relax += 1,
            (_, Action::Disable) => s.disable += 1,
        }
        let effective = change.decision.is_apply().then_some(change.effective);
        for (counts, state) in
            [(&mut s.before, change.before.known()), (&mut s.after, effective.or(change.before.known()))]
        {
            match state {
                Some(Disabled) => counts.disabled += 1,
                Some(Enabled) => counts.enabled += 1,
                Some(Enforced) => counts.enforced += 1,
                None => counts.unknown += 1,
            }
        }
    }
    s.before.disabled += unmanaged + protected;
    s.after.disabled += unmanaged + protected;
    s.before.enforced += unchanged;
    s.after.enforced += unchanged;
    let all = plan.changes.iter().flat_map(|c| &c.findings).chain(plan.findings.iter().map(|f| &f.finding));
    for finding in all {
        if finding.accepted.is_some() { s.accepted += 1 } else { s.findings.add(finding.severity) }
    }
    s.managed = s.unchanged + s.applied() + s.hold + s.block;
    s.users = s.managed + unmanaged + protected;
    plan.blocks = blocks(&plan.changes);
    plan.others = others(unmanaged, protected, unchanged);
    plan.observed.users = s.users;
    plan.summary = s;
    plan.digest = digest_of(&plan);
    plan
}

fn frame(changes: Vec<Change>) -> Plan {
    Plan {
        targets: Vec::new(),
        rolls_back: None,
        blocks: Vec::new(),
        others: Vec::new(),
        replay: None,
        mfaplan_version: "0.1.0".into(),
        created_at: at("2026-11-24T09:30:00Z"),
        as_of: at("2026-11-24T09:30:00Z"),
        tenant: PlanTenant { id: TENANT.parse::<TenantId>().unwrap(), name: "Contoso".into(), cloud: "global".into() },
        config: PlanOrigin {
            digest: Text::from(format!("sha256:{}", "ab".repeat(32))),
            files: vec!["main.mfa.hcl".into(), "protected.mfa.hcl".into(), "staff.mfa.hcl".into()],
            parts: [("main.mfa.hcl", "cd"), ("protected.mfa.hcl", "ef"), ("staff.mfa.hcl", "01"), ("var.wave", "23")]
                .map(|(name, pair)| (name.into(), pair.repeat(32).into()))
                .into(),
        },
        assumed: None,
        policy: Some(PlanOrigin {
            digest: Text::from(format!("sha256:{}", "45".repeat(32))),
            files: vec!["policy.mfa.hcl".into()],
            parts: [("policy.mfa.hcl".into(), "67".repeat(32).into())].into(),
        }),
        observed: PlanObserved {
            source: Source::Snapshot,
            captured_at: at("2026-11-24T08:00:00Z"),
            users: 0,
            unavailable: vec![(Fact::MailboxPurpose, "MailboxSettings.Read was not granted".into())],
            evidence: None,
        },
        summary: Summary::default(),
        waivers: Vec::new(),
        refused: Vec::new(),
        changes,
        findings: plan_findings(),
        not_evaluated: vec![
            NotEvaluated { rule: "MFA014".into(), users: 13, fact: "mailbox_purpose".into() },
            NotEvaluated { rule: "MFA015".into(), users: 13, fact: "mailbox_purpose".into() },
        ],
        checks: vec![
            CheckResult {
                name: "no-guests".into(),
                passed: false,
                message: "1 guest is raised: b.osei_fabrikam.com#EXT#@contoso.onmicrosoft.com".into(),
            },
            CheckResult { name: "enough-admins".into(), passed: true, message: Text::default() },
        ],
        outputs: [
            (
                "raised".into(),
                OutputValue { value: Some(json!(["jdoe@contoso.com", 3])), sensitive: false, description: None },
            ),
            ("nothing".into(), OutputValue { value: Some(Value::Null), sensitive: false, description: None }),
            ("secret".into(), OutputValue { value: None, sensitive: true, description: None }),
        ]
        .into(),
        execution: Execution {
            block_at: Severity::Critical,
            canary: 5,
            stop_after_failures: 3,
            confirm: crate::config::Confirm::Yes,
            approvals_required: 0,
            auto_approve: None,
            estimated_seconds: 0,
        },
        notes: vec!["The apply window opens Mon 20:00 Europe/Zurich.".to_owned()],
        digest: Digest::default(),
    }
}

/// Thirteen users with every action, decision and severity, accepted risks, holds and a missing fact.
pub(crate) fn sample() -> Plan {
    seal(frame(staff()), 14, 4, 29)
}

/// The same, refused by a guardrail and by a tenant-level risk, with one guardrail waived.
pub(crate) fn refused() -> Plan {
    let mut plan = frame(staff());
    plan.findings.insert(
        0,
        of_plan(finding(
            "MFA003",
            "last-usable-global-administrator",
            Severity::Critical,
            "After this plan no Global Administrator can sign in.",
            &[("global_administrators", json!(["admin@contoso.com"]))],
            "Register another administrator first.",
        )),
    );
    plan.waivers = vec![Waiver {
        guardrail: crate::config::Waivable::MaxChanges,
        bound: "800".into(),
        reason: "CHG-1234, agreed with jdoe@contoso.com".into(),
    }];
    plan.refused = vec![
        Refusal {
            rule: "max_downgrades".into(),
            reason: "2 users are lowered, and at most 0 may be.".into(),
            remedy: "--waive max_downgrades=2 --reason \"…\", or guardrails { max_downgrades = 2 }".into(),
        },
        Refusal {
            rule: "MFA003".into(),
            reason: "After this plan no Global Administrator can sign in.".into(),
            remedy: "accept \"MFA003\" { reason = … expires = … }".into(),
        },
    ];
    seal(plan, 14, 4, 29)
}

/// Nothing to do.
pub(crate) fn empty() -> Plan {
    let mut plan = frame(Vec::new());
    (plan.findings, plan.not_evaluated, plan.checks, plan.notes) = Default::default();
    (plan.outputs, plan.observed.unavailable) = Default::default();
    seal(plan, 2, 2, 40)
}

/// `n` changes: the sample's mix in a large tenant, one in a hundred critical, one in ten high.
pub(crate) fn many(n: usize) -> Plan {
    let changes = (0..n)
        .map(|i| {
            let who = person(&format!("user{i:06}@contoso.com"), "Somebody Else", i % 3 != 0);
            let block = if i % 5 == 0 { "mfa.finance" } else { "mfa.staff" };
            match i {
                _ if i % 100 == 7 => blocked(with(change(i, who, block, Disabled, Enforced), vec![smtp()])),
                _ if i % 10 == 3 => with(
                    change(i, who, block, Disabled, Enforced),
                    vec![
                        finding(
                            "MFA018",
                            "enforced-without-registration",
                            Severity::High,
                            "Is enforced without having registered.",
                            &[("registered", json!(false))],
                            "Use staged, or register first.",
                        ),
                        takeover(),
                    ],
                ),
                _ if i % 10 == 4 => held(
                    change(i, who, block, Disabled, Enforced),
                    Some(["2026-12-01T00:00:00Z", "2026-12-08T00:00:00Z", "2027-01-11T00:00:00Z"][i / 10 % 3]),
                    "wave of rollout.staff",
                ),
                _ if i % 10 == 5 => change(i, who, block, Enabled, Enforced),
                _ if i % 1000 == 26 => with(change(i, who, "mfa.leavers", Enforced, Disabled), vec![]),
                _ if i % 2 == 0 => with(change(i, who, block, Disabled, Enforced), no_findings_but_single_method()),
                _ => change(i, who, block, Disabled, Enforced),
            }
        })
        .collect();
    seal(frame(changes), n as u64 / 10, 4, n as u64 / 20)
}

/// Compares a generated file of the repository with what would be generated now. `UPDATE_DOCS=1` rewrites it.
pub(crate) fn check_generated(path: &str, content: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == content, "{} is not what the code says: run the tests with UPDATE_DOCS=1", path.display());
}

/// The plan with pseudonyms.
pub(crate) fn redacted(mut plan: Plan) -> Plan {
    super::redact(&mut plan);
    plan
}
