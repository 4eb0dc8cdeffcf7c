use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Subject, Verdict,
    Verdict::{AskedOnce, Blocked, Breaks, Challenged, FailedAlready, LosesMfa, MfaAlready, MustRegister, Unchanged},
    replay,
    verdict::{Passage, Person, judge},
};
use crate::{
    diff::DecisionKind,
    facts::CompiledPolicies,
    tenant::{
        Cell, CellPolicy, Mfa,
        MfaState::{self, Disabled, Enabled, Enforced},
        ObservedState, ObservedTenant, Outcome, Protocol, Requirement, SignInKind, SignInShape, SignIns, Source,
        TenantId, User, UserId,
    },
};

/// A browser sign-in of a person with the password alone.
fn browser() -> SignInShape {
    SignInShape {
        app: "4765445b-32c6-49b0-83e6-1d93765276ca".into(),
        app_name: Some("OfficeHome".into()),
        resource: None,
        client: "Browser".into(),
        kind: SignInKind::Interactive,
        protocol: Protocol::Other,
        requirement: Some(Requirement::Single),
        mfa: Mfa::None,
        outcome: Outcome::Success,
        error_code: None,
        asked_by: None,
        policies: None,
        app_password: false,
        product: Some("Mozilla".into()),
    }
}

const PERSON: Person = Person { usable: Some(true), interactive: true, asked_anyway: false };

fn verdict(before: MfaState, after: MfaState, person: Person, change: impl FnOnce(&mut SignInShape)) -> Verdict {
    let mut shape = browser();
    change(&mut shape);
    judge(Passage { before, after, may_be_promoted: false }, person, &shape, || false).verdict
}

type Change = fn(&mut SignInShape);

const LEGACY: Change = |one| one.client = "IMAP4".into();
const SMTP: Change = |one| one.client = "Authenticated SMTP".into();
const ROPC: Change = |one| one.protocol = Protocol::Ropc;
const DONE: Change = |one| {
    one.requirement = Some(Requirement::Multi);
    one.mfa = Mfa::Done;
};
const CLAIM: Change = |one| {
    one.requirement = Some(Requirement::Multi);
    one.mfa = Mfa::Claim;
};
const TRUSTED: Change = |one| one.mfa = Mfa::Skipped("IP address".into());
const SESSION: Change = |one| {
    one.kind = SignInKind::NonInteractive;
    one.client = "Mobile Apps and Desktop clients".into();
    one.product = Some("Outlook".into());
};
const SCRIPT: Change = |one| {
    SESSION(one);
    one.product = Some("python-requests".into());
};

#[test]
fn every_kind_of_sign_in_meets_every_kind_of_change() {
    let rows: &[(&str, MfaState, MfaState, Change, Verdict)] = &[
        (
            "a wrong password was no success before",
            Disabled,
            Enforced,
            |one| one.outcome = Outcome::Failure,
            FailedAlready,
        ),
        ("an interruption is none either", Enforced, Disabled, |one| one.outcome = Outcome::Interrupted, FailedAlready),
        ("nothing changes, nothing changes", Enabled, Enabled, |_| (), Unchanged),
        ("relaxing lets nobody off", Enforced, Enabled, DONE, Unchanged),
        ("an app password goes on working", Disabled, Enforced, |one| one.app_password = true, Unchanged),
        (
            "so does one that only the reason of the skip shows",
            Enabled,
            Enforced,
            |one| {
                LEGACY(one);
                one.mfa = Mfa::Skipped("App Password".into());
            },
            Unchanged,
        ),
        ("enabled leaves legacy clients alone", Disabled, Enabled, LEGACY, Unchanged),
        ("a scanner stops mailing", Disabled, Enforced, SMTP, Breaks),
        ("under its other name too", Enabled, Enforced, |one| one.client = "SMTP".into(), Breaks),
        ("an IMAP client is kept out", Disabled, Enforced, LEGACY, Blocked),
        ("a promotion keeps it out as well", Enabled, Enforced, LEGACY, Blocked),
        (
            "the password grant of Exchange is a legacy client",
            Disabled,
            Enforced,
            |one| {
                LEGACY(one);
                ROPC(one);
            },
            Blocked,
        ),
        ("enabled asked modern clients already", Enabled, Enforced, |_| (), Unchanged),
        ("even with the password grant", Enabled, Enforced, ROPC, Unchanged),
        ("enabled is enough to break a script", Disabled, Enabled, ROPC, Breaks),
        (
            "whatever the record says of MFA",
            Disabled,
            Enforced,
            |one| {
                CLAIM(one);
                ROPC(one);
            },
            Breaks,
        ),
        ("a policy asked already", Disabled, Enforced, DONE, MfaAlready),
        ("a claim satisfied it", Disabled, Enabled, CLAIM, MfaAlready),
        ("a trusted address lets off again", Disabled, Enforced, TRUSTED, Unchanged),
        ("a person answers", Disabled, Enforced, |_| (), Challenged),
        ("a session is asked once", Disabled, Enforced, SESSION, AskedOnce),
        ("a script of a person is asked with them", Disabled, Enforced, SCRIPT, AskedOnce),
        ("legacy clients gain nothing by lowering", Enforced, Disabled, LEGACY, Unchanged),
        (
            "nor do app passwords",
            Enforced,
            Disabled,
            |one| {
                DONE(one);
                one.app_password = true;
            },
            Unchanged,
        ),
        ("one factor was enough before", Enforced, Disabled, |_| (), Unchanged),
        ("also where it was a passkey", Enforced, Disabled, |one| one.mfa = Mfa::Done, Unchanged),
        ("MFA goes", Enforced, Disabled, DONE, LosesMfa),
        ("MFA goes for sessions", Enabled, Disabled, CLAIM, LosesMfa),
        (
            "where the requirement is unknown, MFA done decides",
            Enforced,
            Disabled,
            |one| {
                DONE(one);
                one.requirement = None;
            },
            LosesMfa,
        ),
        ("and MFA not done", Enforced, Disabled, |one| one.requirement = None, Unchanged),
        (
            "required is required, done or not",
            Enforced,
            Disabled,
            |one| one.requirement = Some(Requirement::Multi),
            LosesMfa,
        ),
    ];
    for (story, before, after, change, expected) in rows {
        assert_eq!(verdict(*before, *after, PERSON, *change), *expected, "{story}");
    }
    for expected in Verdict::ALL {
        let seen = rows.iter().any(|row| row.4 == expected);
        assert!(seen || expected == MustRegister, "no row ends in {expected}");
    }
}

#[test]
fn nobody_is_asked_for_what_they_do_not_have() {
    let none = Person { usable: Some(false), ..PERSON };
    assert_eq!(verdict(Disabled, Enforced, none, |_| ()), MustRegister);
    let unknown = Person { usable: None, ..PERSON };
    let passage = Passage { before: Disabled, after: Enforced, may_be_promoted: false };
    let judged = judge(passage, unknown, &browser(), || false);
    assert_eq!((judged.verdict, judged.assumed), (MustRegister, true), "the worse is assumed, and said");
}

#[test]
fn a_script_without_a_person_breaks() {
    let machine = Person { interactive: false, ..PERSON };
    assert_eq!(verdict(Disabled, Enabled, machine, SCRIPT), Breaks);
    assert_eq!(verdict(Disabled, Enabled, machine, SESSION), AskedOnce);
}

#[test]
fn who_may_be_promoted_is_judged_as_promoted() {
    let mut shape = browser();
    LEGACY(&mut shape);
    let passage = Passage { before: Disabled, after: Enabled, may_be_promoted: true };
    let judged = judge(passage, PERSON, &shape, || false);
    assert_eq!((judged.verdict, judged.assumed), (Blocked, true));
}

#[test]
fn lowering_loses_nothing_where_something_else_asks() {
    let mut shape = browser();
    DONE(&mut shape);
    let passage = Passage { before: Enforced, after: Disabled, may_be_promoted: false };
    assert_eq!(judge(passage, PERSON, &shape, || true).verdict, MfaAlready, "asked at these sign-ins");
    let covered = Person { asked_anyway: true, ..PERSON };
    assert_eq!(judge(passage, covered, &shape, || false).verdict, MfaAlready, "would be asked now");
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn cell(day: &str, count: u32, shape: SignInShape) -> Cell {
    Cell {
        day: day.parse().unwrap(),
        shape: Arc::new(shape),
        hours: 1 << 8,
        addresses: [7].into(),
        addresses_cut: false,
        count,
        first: at(&format!("{day}T08:00:00Z")),
        last: at(&format!("{day}T08:30:00Z")),
    }
}

fn user(number: u128, state: MfaState, cells: Option<Vec<Cell>>) -> User {
    let mut user = User::new(
        UserId::new(Uuid::from_u128(number)),
        format!("user{number}@contoso.com").into(),
        ObservedState::Known(state),
    );
    user.registered = Some(true);
    user.methods = Some(["microsoftAuthenticatorPush".into()].into());
    user.sign_ins = cells.map(|cells| Box::new(SignIns::from_cells(cells.into(), Some(30))));
    user
}

fn tenant(users: Vec<User>) -> ObservedTenant {
    ObservedTenant::new(
        TenantId::new(Uuid::from_u128(1)),
        "Contoso".into(),
        Source::Snapshot,
        at("2026-11-20T08:00:00Z"),
        users,
    )
}

fn replayed(tenant: &ObservedTenant, after: MfaState) -> super::Replay {
    let subjects: Vec<Subject<'_>> = tenant
        .users()
        .iter()
        .map(|user| Subject {
            user,
            decision: if user.account_enabled == Some(false) { DecisionKind::Hold } else { DecisionKind::Apply },
            before: &user.mfa_state,
            after,
            effective: after.effective(user.registered),
        })
        .collect();
    replay(tenant, &CompiledPolicies::new(tenant), at("2026-11-20T08:00:00Z"), &subjects).unwrap()
}

#[test]
fn a_scanner_and_a_person_are_counted_apart() {
    let mut smtp = browser();
    SMTP(&mut smtp);
    let scanner = vec![cell("2026-11-01", 40, smtp.clone()), cell("2026-11-19", 2, smtp)];
    let mut absent = user(3, Disabled, Some(Vec::new()));
    absent.account_enabled = Some(false);
    let unknown = user(4, Disabled, None);
    let mut lost = user(5, Disabled, Some(Vec::new()));
    lost.mfa_state = ObservedState::Unknown(None);
    let person = user(2, Disabled, Some(vec![cell("2026-11-10", 5, browser())]));
    let tenant = tenant(vec![user(1, Disabled, Some(scanner)), person, absent, unknown, lost]);
    let replay = replayed(&tenant, Enforced);

    assert_eq!((replay.users, replay.sign_ins), (3, 47));
    assert_eq!(replay.not_replayed.users, 2);
    let reason = replay.not_replayed.reason.unwrap();
    assert_eq!(reason, "of 1 no single sign-ins are known of them, or not all; of 1 their state is unknown");
    assert_eq!((replay.verdicts.of(Breaks), replay.verdicts.of(Challenged), replay.verdicts.total()), (42, 5, 47));
    assert_eq!((replay.users_by_verdict.of(Breaks), replay.users_by_verdict.total()), (1, 2));
    let row = &replay.changes[0].rows[0];
    assert_eq!((row.verdict, row.count, row.client.as_str()), (Breaks, 42, "Authenticated SMTP"));
    assert_eq!((row.first, row.last), (at("2026-11-01T08:00:00Z"), at("2026-11-19T08:30:00Z")));
    let window = replay.window.unwrap();
    assert_eq!((window.days, window.from), (30, at("2026-10-21T08:00:00Z")));
}

#[test]
fn a_policy_that_asked_counts_while_it_is_in_force() {
    let mut asked = browser();
    DONE(&mut asked);
    asked.policies = Some([CellPolicy { id: "ca1".into(), result: "success".into() }].into());
    asked.asked_by = Some(["multiConditionalAccess".into()].into());
    let with = |state: &str| {
        let mut tenant = tenant(vec![user(1, Enforced, Some(vec![cell("2026-11-10", 3, asked.clone())]))]);
        let policy = serde_json::json!({
            "id": "ca1", "displayName": "MFA for admins", "state": state,
            "conditions": {"users": {"includeUsers": ["None"]}, "applications": {"includeApplications": ["All"]},
                           "clientAppTypes": ["all"]},
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        });
        tenant.conditional_access = Some(vec![serde_json::from_value(policy).unwrap()]);
        replayed(&tenant, Disabled).verdicts
    };
    assert_eq!(with("enabled").of(MfaAlready), 3);
    assert_eq!(with("disabled").of(LosesMfa), 3, "it asked then, and would not now");
    assert_eq!(with("enabledForReportingButNotEnforced").of(LosesMfa), 3);
}

#[test]
fn security_defaults_count_while_they_are_on_and_risk_never() {
    let by = |word: &str, defaults: bool| {
        let mut asked = browser();
        DONE(&mut asked);
        asked.asked_by = Some([word.into()].into());
        let mut tenant = tenant(vec![user(1, Enforced, Some(vec![cell("2026-11-10", 1, asked)]))]);
        tenant.security_defaults_enabled = Some(defaults);
        let verdicts = replayed(&tenant, Disabled).verdicts;
        verdicts.iter().find(|(_, count)| *count == 1).unwrap().0
    };
    assert_eq!(by("securityDefaults", true), MfaAlready);
    assert_eq!(by("securityDefaults", false), LosesMfa);
    assert_eq!(by("request", false), MfaAlready, "the application asks whatever the switch says");
    for word in ["user", "riskBasedPolicy", "tenantSessionRiskPolicy", "unknownFutureValue", "multiConditionalAccess"] {
        assert_eq!(by(word, false), LosesMfa, "{word}");
    }
}

#[test]
fn a_saved_replay_reads_back() {
    let tenant = tenant(vec![user(1, Disabled, Some(vec![cell("2026-11-10", 5, browser())]))]);
    let replay = replayed(&tenant, Enforced);
    let json = serde_json::to_value(&replay).unwrap();
    let words: Vec<&str> = json["verdicts"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(words.len(), 9, "all nine, always");
    assert_eq!(json["changes"][0]["rows"][0]["kind"], "interactive");
    assert_eq!(serde_json::from_value::<super::Replay>(json).unwrap(), replay);
}

fn any_shape() -> impl Strategy<Value = SignInShape> {
    let clients =
        ["Browser", "Mobile Apps and Desktop clients", "IMAP4", "Authenticated SMTP", "Exchange ActiveSync", ""];
    let mfa =
        [Mfa::None, Mfa::Done, Mfa::Claim, Mfa::Skipped("IP address".into()), Mfa::Skipped("app password".into())];
    (
        prop::sample::select(clients.to_vec()),
        prop::sample::select(mfa.to_vec()),
        prop::sample::select(vec![SignInKind::Interactive, SignInKind::NonInteractive]),
        prop::sample::select(vec![Protocol::Other, Protocol::Ropc, Protocol::DeviceCode]),
        prop::sample::select(vec![None, Some(Requirement::Single), Some(Requirement::Multi)]),
        prop::sample::select(vec![Outcome::Success, Outcome::Interrupted, Outcome::Failure]),
        prop::sample::select(vec!["Mozilla", "python-requests", "Outlook"]),
        any::<bool>(),
    )
        .prop_map(|(client, mfa, kind, protocol, requirement, outcome, product, app_password)| SignInShape {
            client: client.into(),
            mfa,
            kind,
            protocol,
            requirement,
            outcome,
            app_password,
            product: Some(product.into()),
            ..browser()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// The totals are the sums of the parts, and nothing that only waits is counted as if it happened.
    #[test]
    fn nothing_is_lost_or_counted_twice(
        shapes in prop::collection::vec((any_shape(), 1_u32..50), 0..12),
        before in prop::sample::select(MfaState::ALL.to_vec()),
        after in prop::sample::select(MfaState::ALL.to_vec()),
        waits in any::<bool>(),
    ) {
        let count: u64 = shapes.iter().map(|(_, count)| u64::from(*count)).sum();
        let cells = shapes.into_iter().map(|(shape, count)| cell("2026-11-10", count, shape)).collect();
        let mut one = user(1, before, Some(cells));
        one.account_enabled = Some(!waits);
        let replay = replayed(&tenant(vec![one]), after);
        prop_assert_eq!(replay.sign_ins, count);
        let rows: u64 = replay.changes[0].rows.iter().map(|row| row.count).sum();
        prop_assert_eq!(rows, count);
        let (counted, other) = if waits { (replay.withheld, replay.verdicts) } else { (replay.verdicts, replay.withheld) };
        prop_assert_eq!((counted.total(), other.total()), (count, 0));
    }

    /// A raise never takes MFA away, lowering never blocks, and no change touches nothing.
    #[test]
    fn verdicts_fit_the_direction(
        shape in any_shape(),
        before in prop::sample::select(MfaState::ALL.to_vec()),
        after in prop::sample::select(MfaState::ALL.to_vec()),
        usable in prop::sample::select(vec![None, Some(true), Some(false)]),
        interactive in any::<bool>(),
    ) {
        let person = Person { usable, interactive, asked_anyway: false };
        let verdict = judge(Passage { before, after, may_be_promoted: false }, person, &shape, || false).verdict;
        match after.strength().cmp(&before.strength()) {
            std::cmp::Ordering::Greater => prop_assert_ne!(verdict, LosesMfa),
            std::cmp::Ordering::Less => prop_assert!(matches!(verdict, Unchanged | MfaAlready | LosesMfa | FailedAlready)),
            std::cmp::Ordering::Equal => prop_assert!(matches!(verdict, Unchanged | FailedAlready)),
        }
    }
}
