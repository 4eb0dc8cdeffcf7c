//! A wave opens on no day on which its gate is false.

use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::{GateFacts, judge_gates};
use crate::{
    config::{Gate, SignalSettings},
    desired::{Claim, Desired, GateCondition, Hold, HoldKind, Managed, RolloutWave, Timing, WaveIndex},
    facts::{CompiledPolicies, Facts, recognise},
    tenant::{
        AppSignIns, GrantControls, MfaState, ObservedState, ObservedTenant, Policy, PolicyState, SignIns, Source,
        TenantId, Text, User, UserId, UserIndex,
    },
};

/// What is made up of one user.
#[derive(Clone, Debug)]
struct Person {
    name: &'static str,
    registered: Option<bool>,
    enabled: Option<bool>,
    before: Option<MfaState>,
    after: MfaState,
    wave: Option<u32>,
    breaks: Option<u64>,
    covered: bool,
    work: Work,
}

/// What is known of an account at work.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Work {
    Nothing,
    /// A program signs in, nobody knows how often.
    Client,
    /// By the password grant, so many times.
    Counted,
}

fn person() -> impl Strategy<Value = Person> {
    let name = prop_oneof![5 => Just("kim"), 1 => Just("svc-backup"), 1 => Just("scanner-4")];
    let state = || prop::sample::select(MfaState::ALL.to_vec());
    (
        name,
        prop::option::weighted(0.9, prop::bool::weighted(0.8)),
        prop::option::weighted(0.9, prop::bool::weighted(0.9)),
        prop::option::weighted(0.9, state()),
        state(),
        prop::option::weighted(0.9, 0..3_u32),
        prop::option::weighted(0.8, 0..3_u64),
        any::<bool>(),
        prop::sample::select(vec![Work::Nothing, Work::Client, Work::Counted]),
    )
        .prop_map(|(name, registered, enabled, before, after, wave, breaks, covered, work)| Person {
            name,
            registered,
            enabled,
            before,
            after,
            wave,
            breaks,
            covered,
            work,
        })
}

fn gate() -> impl Strategy<Value = Option<Gate>> {
    let percent = || prop::option::weighted(0.4, prop::sample::select(vec![0.0, 33.3, 50.0, 66.7, 95.0, 100.0]));
    let count = || prop::option::weighted(0.3, 0..3_u32);
    prop::option::weighted(
        0.8,
        (percent(), count(), count(), percent()).prop_map(
            |(registered_percent, unknown_workloads, predicted_breaks, covered_percent)| Gate {
                registered_percent,
                unknown_workloads,
                predicted_breaks,
                covered_percent,
            },
        ),
    )
}

const NOW: &str = "2026-11-20T09:00:00Z";

fn tenant(people: &[Person]) -> ObservedTenant {
    let users = (0_u32..).zip(people).map(|(at, one)| {
        let state = one.before.map_or(ObservedState::Unknown(None), ObservedState::Known);
        let name = Text::from(format!("u{at:02}-{}@contoso.com", one.name));
        let mut user = User::new(UserId::new(uuid::Uuid::from_u128(at.into())), name, state);
        user.display_name = Some(Text::from(one.name));
        user.registered = one.registered;
        user.account_enabled = one.enabled;
        user.member_of = Some(Box::default());
        if one.name != "kim" {
            user.licenses = Some(Box::default());
            user.last_password_change = Some("2020-01-01T00:00:00Z".parse().unwrap());
        }
        user.sign_ins = match one.work {
            Work::Nothing => None,
            Work::Client => {
                let clients = Some([Text::from("curl/8.5")].into());
                let apps = Some([AppSignIns { id: "app".into(), display_name: None, count: 1 }].into());
                Some(Box::new(SignIns { clients, apps, ..SignIns::default() }))
            }
            Work::Counted => Some(Box::new(SignIns { ropc: Some(1), ..SignIns::default() })),
        };
        user
    });
    let id = TenantId::new(uuid::Uuid::from_u128(1));
    let mut tenant = ObservedTenant::new(id, "Contoso".into(), Source::Snapshot, NOW.parse().unwrap(), users.collect());
    let mut policy = Policy {
        id: "p".into(),
        display_name: "MFA".into(),
        state: PolicyState::Enabled,
        conditions: crate::tenant::Conditions::default(),
        grant_controls: Some(GrantControls { built_in_controls: vec!["mfa".into()], ..GrantControls::default() }),
    };
    policy.conditions.client_app_types = vec!["all".into()];
    policy.conditions.applications.include_applications = vec!["All".into()];
    let covered = (0_u32..).zip(people).filter(|(_, one)| one.covered);
    policy.conditions.users.include_users =
        covered.map(|(at, _)| Text::from(uuid::Uuid::from_u128(at.into()).to_string())).collect();
    tenant.conditional_access = Some(vec![policy]);
    tenant
}

/// The words of the language's page, computed a second time and apart.
fn holds(gate: &Gate, people: &[Person], wave: u32, suspect: impl Fn(usize) -> bool) -> bool {
    let raises = |one: &Person| one.before.is_none_or(|before| before.strength() <= one.after.strength());
    let all: Vec<(usize, &Person)> =
        people.iter().enumerate().filter(|(_, one)| one.wave == Some(wave) && one.enabled != Some(false)).collect();
    let raised: Vec<_> = all.iter().filter(|(_, one)| raises(one)).collect();
    let share = |part: usize, whole: usize| if whole == 0 { 100.0 } else { 100.0 * part as f64 / whole as f64 };
    let registered = raised.iter().filter(|(_, one)| one.registered == Some(true)).count();
    let covered = all.iter().filter(|(_, one)| one.covered).count();
    let suspects = raised.iter().filter(|(at, _)| suspect(*at)).count();
    let breaks: Option<u64> = raised.iter().map(|(_, one)| one.breaks).sum();
    gate.registered_percent.is_none_or(|least| share(registered, raised.len()) >= least)
        && gate.unknown_workloads.is_none_or(|most| suspects <= most as usize)
        && gate.predicted_breaks.is_none_or(|most| breaks.is_some_and(|breaks| breaks <= u64::from(most)))
        && gate.covered_percent.is_none_or(|least| share(covered, all.len()) >= least)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_wave_opens_on_no_day_its_gate_is_false(
        people in prop::collection::vec(person(), 0..8),
        gates in prop::collection::vec(gate(), 3),
        days in prop::collection::vec(-2..3_i64, 3),
    ) {
        let instant: Timestamp = NOW.parse().unwrap();
        let tenant = tenant(&people);
        let facts = Facts::of(&tenant, &SignalSettings::default(), instant);
        let policies = CompiledPolicies::new(&tenant);
        let waves: Vec<RolloutWave> = (0_usize..3)
            .map(|at| RolloutWave {
                rollout: "r".into(),
                name: format!("w{at}").into(),
                from: instant.checked_add((24 * days[at]).hours()).unwrap(),
                gate: gates[at],
                closed: None,
            })
            .collect();
        let open = |wave: Option<u32>| wave.is_some_and(|at| waves[at as usize].from <= instant);
        let hold = |kind| Hold { kind, until: None, reason: "before".into(), gate: None };
        let claims = people.iter().map(|one| {
            let timing = match one.wave {
                None => Timing::Until(hold(HoldKind::NoWave)),
                Some(_) if !open(one.wave) => Timing::Until(hold(HoldKind::Wave)),
                Some(_) if one.registered == Some(false) => Timing::ThenHeld(hold(HoldKind::Staged)),
                Some(_) => Timing::Now,
            };
            Claim::Managed(Managed { block: 0, state: one.after, timing, wave: one.wave.map(WaveIndex) })
        });
        let mut desired = Desired { claims: claims.collect(), waves: waves.clone(), ..Desired::default() };
        let before = desired.claims.clone();
        let breaks = |index: UserIndex, _: &Managed| people[index.0 as usize].breaks;
        judge_gates(instant, &GateFacts { facts: &facts, policies: &policies, breaks }, &mut desired);

        let suspect = |at: usize| {
            let (score, model) = (facts.score(UserIndex(at as u32)), &facts.model);
            let user = tenant.user(UserIndex(at as u32));
            score >= model.possible && (score < model.certain || !recognise::sign_ins_known(user))
        };
        for ((one, then), now) in people.iter().zip(&before).zip(&desired.claims) {
            let closed = one.wave.filter(|_| open(one.wave)).is_some_and(|at| {
                gates[at as usize].is_some_and(|gate| !holds(&gate, &people, at, suspect))
            });
            if !closed {
                prop_assert_eq!(now, then, "nothing but a false gate holds anybody");
                continue;
            }
            let Claim::Managed(Managed { timing: Timing::Until(hold), wave, .. }) = now else {
                return Err(TestCaseError::fail(format!("goes through a closed gate: {now:?}")));
            };
            prop_assert_eq!(hold.kind, HoldKind::Gate);
            prop_assert_eq!(*wave, one.wave.map(WaveIndex), "and stays a user of the wave");
            prop_assert!(hold.gate.is_some() && hold.until.is_none());
        }
    }
}

fn registered(name: &'static str, registered: bool) -> Person {
    Person {
        name,
        registered: Some(registered),
        enabled: Some(true),
        before: Some(MfaState::Disabled),
        after: MfaState::Enforced,
        wave: Some(0),
        breaks: Some(0),
        covered: false,
        work: Work::Nothing,
    }
}

/// The hold of a wave of these users.
fn held(people: &[Person], gate: Gate) -> Option<Hold> {
    let instant: Timestamp = NOW.parse().unwrap();
    let tenant = tenant(people);
    let facts = Facts::of(&tenant, &SignalSettings::default(), instant);
    let policies = CompiledPolicies::new(&tenant);
    let claim = |one: &Person| {
        Claim::Managed(Managed { block: 0, state: one.after, timing: Timing::Now, wave: Some(WaveIndex(0)) })
    };
    let wave = RolloutWave { rollout: "r".into(), name: "w".into(), from: instant, gate: Some(gate), closed: None };
    let mut desired = Desired { claims: people.iter().map(claim).collect(), waves: vec![wave], ..Desired::default() };
    let breaks = |index: UserIndex, _: &Managed| people[index.0 as usize].breaks;
    judge_gates(instant, &GateFacts { facts: &facts, policies: &policies, breaks }, &mut desired);
    match desired.claims.first()? {
        Claim::Managed(Managed { timing: Timing::Until(hold), .. }) => Some(hold.clone()),
        _ => None,
    }
}

#[test]
fn the_figure_is_said_and_never_rounded_up_to_the_bound() {
    let seven_of_eight: Vec<_> = (0..8).map(|at| registered("kim", at > 0)).collect();
    let gate = |least| Gate { registered_percent: Some(least), ..Gate::default() };
    let hold = held(&seven_of_eight, gate(95.0)).unwrap();
    assert_eq!(hold.reason, "gate registered_percent: 87.5 of 95");
    let figure = hold.gate.unwrap();
    assert_eq!((figure.name, figure.required.to_string().as_str()), (GateCondition::RegisteredPercent, "95"));
    assert!(held(&seven_of_eight, gate(87.5)).is_none(), "exactly at the bound holds");
    let two_of_three: Vec<_> = (0..3).map(|at| registered("kim", at > 0)).collect();
    assert_eq!(held(&two_of_three, gate(66.67)).unwrap().reason, "gate registered_percent: 66.6 of 66.67");
}

#[test]
fn what_nobody_knows_does_not_hold() {
    let mut people = vec![registered("kim", true), registered("bo", true)];
    let gate = Gate { predicted_breaks: Some(5), ..Gate::default() };
    assert!(held(&people, gate).is_none());
    people[1].breaks = None;
    assert_eq!(held(&people, gate).unwrap().reason, "gate predicted_breaks: unknown of 5");
    people[1].enabled = Some(false);
    assert!(held(&people, gate).is_none(), "an account that cannot sign in is nobody's obstacle");
}

/// A workload for certain is known as one once it was seen at work; until then it holds the wave as a possible one does.
#[test]
fn who_may_be_a_workload_holds_the_wave_until_it_is_known() {
    let none = Gate { unknown_workloads: Some(0), ..Gate::default() };
    let rows = [
        ("kim", true, Work::Nothing, 0),
        ("kim", true, Work::Counted, 1),
        ("svc-backup", true, Work::Nothing, 1),
        ("svc-backup", true, Work::Counted, 0),
        ("svc-backup", false, Work::Counted, 0),
        ("svc-backup", false, Work::Client, 1),
    ];
    for (name, is_registered, work, unknown) in rows {
        let one = Person { work, ..registered(name, is_registered) };
        let twice = [one.clone(), one];
        let reason = held(&twice, none).map(|hold| hold.reason.to_string());
        let expected = (unknown > 0).then(|| format!("gate unknown_workloads: {} of 0", 2 * unknown));
        assert_eq!(reason, expected, "{name}, {work:?}");
        let allowed = Gate { unknown_workloads: Some(2), ..Gate::default() };
        assert!(held(&twice, allowed).is_none(), "{name}, {work:?}");
    }
}

#[test]
fn lowering_waits_for_cover_and_asks_nothing_of_registrations() {
    let mut one = registered("kim", false);
    (one.before, one.after) = (Some(MfaState::Enforced), MfaState::Disabled);
    let gate = Gate { registered_percent: Some(100.0), covered_percent: Some(100.0), ..Gate::default() };
    assert_eq!(held(&[one.clone()], gate).unwrap().reason, "gate covered_percent: 0 of 100");
    one.covered = true;
    assert!(held(&[one], gate).is_none());
}
