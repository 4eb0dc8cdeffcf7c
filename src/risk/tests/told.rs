//! What rules say word for word: messages, evidence, and who is accepted.

use super::limits::{by_name, only};
use crate::{risk::testing::*, tenant::Outcome};

/// Up to twenty are told one by one, and more in one finding.
#[test]
fn twenty_are_told_one_by_one_and_twenty_one_together() {
    let told = |users: u32| {
        let mut world = World::new();
        world.users.truncate(1);
        world.claims.retain(|id, _| *id == world.users[0].id);
        world.staff(users - 1);
        world.promote();
        world.run().plan.iter().filter(|one| one.finding.rule == "MFA043").count()
    };
    assert_eq!((told(20), told(21)), (20, 1));
}

#[test]
fn evidence_counts_and_names() {
    let fact = |world: World, rule: &str, fact: &str| -> serde_json::Value {
        let outcome = world.run();
        let found = outcome.finding(rule);
        found.evidence.iter().find(|one| one.fact == fact).map_or(serde_json::Value::Null, |one| one.value.clone())
    };
    let of = |change: fn(&mut World), rule: &str, name: &str| {
        let mut world = World::new();
        change(&mut world);
        fact(world, rule, name)
    };
    // Applications by name, else by id.
    let ropc = |w: &mut World| {
        by_name(w, "Backup");
        w.sign_ins().ropc = Some(3);
    };
    assert_eq!(of(ropc, "MFA005", "apps"), serde_json::json!(["Backup", "00000002-0000-0ff1-ce00-000000000001"]));
    let without = |w: &mut World| w.sign_ins().ropc = Some(3);
    assert_eq!(of(without, "MFA005", "apps"), serde_json::Value::Null);
    // What the records and the list say of one client is added up.
    let twice = |w: &mut World| {
        w.sign_ins().interactive_mfa = Some(0);
        w.resource("797f4846-ba00-4fd7-ba43-dac1f8f63013", Outcome::Success);
        let cells = w.sign_ins().cells.take().unwrap();
        let [cell] = &cells[..] else { panic!("one cell") };
        let mut other = cell.clone();
        std::sync::Arc::make_mut(&mut other.shape).app_name = Some("Terraform".into());
        w.sign_ins().cells = Some([cell.clone(), other, cell.clone()].into());
    };
    let clients = of(twice, "MFA097", "sign_ins_without_mfa");
    assert_eq!(clients, serde_json::json!({"Exchange": 8, "Terraform": 4}));
    // A policy that covers nobody who is raised is not named.
    let covered = |w: &mut World| {
        let id = w.user().id;
        w.policies = Some(vec![policy("For all"), excluding(policy("For others"), id)]);
    };
    assert_eq!(of(covered, "MFA081", "policies"), serde_json::json!(["For all: 1 user"]));
}

#[test]
fn who_is_enforced_already_is_not_open_to_legacy_sign_in() {
    let unregistered = |state: MfaState, registered: Option<bool>| {
        let mut world = World::new();
        world.config.mfa[0].state = Enabled;
        world.changes.clear();
        let user = world.user();
        (user.mfa_state, user.registered, user.methods) = (state.into(), registered, None);
        let outcome = world.run();
        let found = outcome.finding("MFA042");
        (found.message.to_string(), found.evidence[0].value.clone())
    };
    let nobody = "This block stops at enabled, which is a way-station and no goal.";
    for (state, registered, open) in [
        (Enabled, Some(false), 1),
        (Enabled, None, 1),
        (Disabled, Some(false), 1),
        (Enforced, Some(false), 0),
        (Enabled, Some(true), 0),
    ] {
        let (message, count) = unregistered(state, registered);
        assert_eq!(
            (count, message == nobody),
            (serde_json::json!(open), open == 0),
            "{state} {registered:?}: {message}"
        );
    }
}

/// Whatever the directory calls it, a privileged account that people use is both.
#[test]
fn a_declared_workload_is_told_why_it_needs_care() {
    let told = |change: fn(&mut World)| {
        let mut world = World::new();
        world.service_account(None);
        change(&mut world);
        world.run().finding("MFA099").message.to_string()
    };
    let used = told(|_| ());
    let privileged = told(|w| {
        w.asleep();
        w.user().directory_roles = Some([global_admin()].into());
    });
    let both = told(|w| w.user().directory_roles = Some([global_admin()].into()));
    assert_eq!(used, "This declared service account signs in interactively as well.");
    assert_eq!(privileged, "This declared service account is privileged.");
    assert_eq!(both, "This declared service account is privileged and signs in interactively as well.");
}

#[test]
fn what_is_missing_is_told_with_the_rules_that_want_it() {
    let told = |rules: &[&str], users: u32| {
        let mut world = World::new();
        world.staff(users);
        world.change_all(users, Disabled, Enforced);
        for user in world.users.iter_mut().skip(4) {
            (user.registered, user.methods, user.mfa_capable) = (None, None, None);
        }
        only(&mut world, &[rules, &["MFA091"]].concat());
        world.run().finding("MFA091").message.to_string()
    };
    let without = "Without registration, ";
    assert_eq!(told(&["MFA019"], 1), format!("{without}MFA019 could not judge 1 user."));
    assert_eq!(told(&["MFA019"], 2), format!("{without}MFA019 could not judge 2 users."));
    assert_eq!(told(&["MFA018", "MFA019"], 2), format!("{without}MFA018 and MFA019 could not judge up to 2 users."));
    let four = told(&["MFA018", "MFA019", "MFA022", "MFA023"], 2);
    assert_eq!(four, format!("{without}MFA018, MFA019, MFA022 and MFA023 could not judge up to 2 users."));
}

/// What lacks facts speaks before what says which waivers accepted nothing.
#[test]
fn a_waiver_of_what_is_missing_is_used() {
    let mut world = World::new();
    world.unavailable.push(crate::tenant::Unavailable { fact: crate::tenant::Fact::SignIns, reason: "no P1".into() });
    world.accept("MFA091", days_ago(-1));
    let outcome = world.run();
    assert_eq!((outcome.of("MFA091"), outcome.of("MFA094")), (Fires(Medium), Silent));
    assert!(outcome.finding("MFA091").accepted.is_some());
}

#[test]
fn the_possible_score_is_exact() {
    let of = |possible: u8| {
        let mut world = World::new();
        world.static_signs();
        world.config.guardrails.signal.possible = possible;
        world.run()
    };
    let score = of(1).finding("MFA009").evidence[0].value.as_u64().unwrap() as u8;
    assert_eq!((of(score).of("MFA009"), of(score + 1).of("MFA009")), (Fires(Medium), Silent), "{score}");
}

/// Of several blocks the first one written accepts; each of them is used.
#[test]
fn several_waivers_each_find_their_users() {
    let mut world = World::new();
    world.staff(4);
    world.change_all(4, Disabled, Enforced);
    world.users.iter_mut().skip(4).for_each(|user| user.registered = Some(false));
    let ids: Vec<_> = world.users.iter().skip(4).map(|user| user.id).collect();
    let whose: [&[usize]; 3] = [&[3, 0], &[1, 0], &[1]];
    for (number, users) in whose.iter().enumerate() {
        world.accept("MFA019", days_ago(-1));
        let accept = world.config.accepts.last_mut().unwrap();
        accept.reason = format!("block {number}").into();
        accept.selector.users.push(crate::config::Named {
            text: "somebody@contoso.com".into(),
            span: crate::diag::Span::new(crate::diag::FileId(0), 0..1),
            sensitive: false,
        });
        *world.accepted.last_mut().unwrap() = Some(users.iter().map(|at| ids[*at]).collect());
    }
    let outcome = world.run();
    let accepted: Vec<Option<&str>> = outcome
        .changes
        .findings
        .iter()
        .map(|all| {
            let found = all.iter().find(|one| one.rule == "MFA019").unwrap();
            found.accepted.as_ref().map(|one| one.reason.as_str())
        })
        .collect();
    assert_eq!(accepted, [Some("block 0"), Some("block 1"), None, Some("block 0")]);
    assert_eq!(outcome.of("MFA094"), Silent, "each accepted something");
}

/// Of an account whose request failed the reason stands at its own finding.
#[test]
fn who_could_not_be_read_is_told_with_their_own_reason() {
    let mut world = World::new();
    world.unknown_state(None);
    let other = world.users[1].id;
    world.unread.push(crate::tenant::Unread { user: other, reason: "throttled".into() });
    let names = |world: World| -> Vec<String> {
        world.run().finding("MFA045").evidence.iter().map(|one| one.fact.to_string()).collect()
    };
    assert_eq!(names(world), ["per_user_mfa_state"]);
    let mut world = World::new();
    world.unknown_state(None);
    let jo = world.user().id;
    world.unread.push(crate::tenant::Unread { user: jo, reason: "throttled".into() });
    assert_eq!(names(world), ["per_user_mfa_state", "not_read"]);
}

/// Who is told to register is a person; of what is probably a device or a program it is asked first what it is.
#[test]
fn nobody_is_told_to_register_for_a_machine() {
    let remedy = |machine: bool| {
        let mut world = World::new();
        let user = world.user();
        (user.registered, user.mfa_capable, user.methods) = (Some(false), Some(false), Some([].into()));
        if machine {
            world.workload();
        }
        world.run().finding("MFA019").remediation.to_string()
    };
    assert!(remedy(false).starts_with("Issue a Temporary Access Pass"));
    assert!(remedy(true).starts_with("Find out first what signs in with this account"), "{}", remedy(true));
}

/// An unknown behaviour holds back who is raised, and nobody else.
#[test]
fn who_is_lowered_never_waits_for_how_they_sign_in() {
    let waits = |before: MfaState, after: MfaState, hold: bool| {
        let mut world = World::new();
        world.static_signs();
        world.user().sign_ins = None;
        world.change(before, after);
        world.config.guardrails.hold_unknown_workloads = hold;
        world.run().changes.behaviour_unknown
    };
    assert_eq!(waits(Disabled, Enforced, true), [true]);
    assert_eq!(waits(Disabled, Enforced, false), [false]);
    assert_eq!(waits(Enforced, Disabled, true), [false]);
}
