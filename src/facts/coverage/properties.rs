//! What is not understood never raises the cover of anybody.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::json;

use super::{
    CompiledPolicies, Coverage, LegacyClients,
    tests::{DANA, ENROLLMENT, GROUP_A, GROUP_B, GROUP_C, HELPDESK, OTHER, USER_ADMIN, dana, eligible, tenant, text},
};
use crate::{
    risk::testing_policies::policy,
    tenant::{Fact, GrantControls, GroupId, ObservedTenant, OtherMembers, Policy, PolicyState, User},
};

type Turn = fn(&mut Policy);

/// What policies differ in.
const TURNS: &[Turn] = &[
    |p| p.state = PolicyState::EnabledForReportingButNotEnforced,
    |p| p.conditions.users.include_users.clear(),
    |p| p.conditions.users.include_users = text(DANA),
    |p| p.conditions.users.include_users = text("GuestsOrExternalUsers"),
    |p| p.conditions.users.include_groups = text(GROUP_A),
    |p| p.conditions.users.include_groups = vec![GROUP_B.into(), GROUP_C.into()],
    |p| p.conditions.users.include_roles = text(USER_ADMIN),
    |p| p.conditions.users.exclude_users = text(DANA),
    |p| p.conditions.users.exclude_users = text(OTHER),
    |p| p.conditions.users.exclude_groups = text(GROUP_A),
    |p| p.conditions.users.exclude_groups = text(GROUP_C),
    |p| p.conditions.users.exclude_roles = text(HELPDESK),
    |p| p.conditions.users.exclude_roles = text(USER_ADMIN),
    |p| p.conditions.applications.include_applications = text(ENROLLMENT),
    |p| p.conditions.applications.exclude_applications = text(ENROLLMENT),
    |p| p.conditions.applications.include_user_actions = text("urn:user:registersecurityinfo"),
    |p| p.conditions.client_app_types = text("browser"),
    |p| p.conditions.client_app_types = text("mobileAppsAndDesktopClients"),
    |p| p.conditions.client_app_types = vec!["exchangeActiveSync".into(), "other".into()],
    |p| p.conditions.sign_in_risk_levels = text("high"),
    |p| p.grant_controls.get_or_insert_default().built_in_controls = text("block"),
    |p| p.grant_controls.get_or_insert_default().built_in_controls = vec!["mfa".into(), "compliantDevice".into()],
];

/// What is known of Dana.
const USERS: &[fn(&mut User)] = &[
    |_| {},
    |u| u.member_of = None,
    |u| u.member_of = Some([].into()),
    |u| u.directory_roles = None,
    |u| u.user_type = None,
    eligible,
];

/// A member that a later version of the service may have, said wherever one may stand, and what says nothing.
fn insert(p: &mut Policy, place: usize, key: &str, value: &serde_json::Value) {
    let members: &mut OtherMembers = match place {
        0 => &mut p.conditions.other,
        1 => &mut p.conditions.users.other,
        2 => &mut p.conditions.applications.other,
        _ => match &mut p.grant_controls {
            Some(GrantControls { authentication_strength: Some(strength), .. }) if place > 3 => &mut strength.other,
            Some(grant) => &mut grant.other,
            None => &mut p.conditions.other,
        },
    };
    members.insert(key.to_owned(), value.clone());
}

const UNRESOLVABLE: &[Turn] = &[
    |p| p.conditions.users.exclude_users.push("emergency1@contoso.com".into()),
    |p| p.conditions.users.exclude_users.push("Everybody".into()),
    |p| p.conditions.users.exclude_groups.push("<EmergencyAccounts>".into()),
    |p| p.conditions.users.exclude_roles.push("Global Administrator".into()),
    |p| {
        let external = p.conditions.users.exclude_guests_or_external_users.get_or_insert_default();
        external.guest_or_external_user_types = "marsColonist".into();
    },
];

/// How much is asked of the user for certain: what is unknown is nothing.
fn rank(coverage: &Coverage) -> u8 {
    match coverage {
        Coverage::Full { .. } => 2,
        Coverage::Partial { .. } => 1,
        Coverage::None { .. } | Coverage::Unknown { .. } => 0,
    }
}

fn policies() -> impl Strategy<Value = Vec<Policy>> {
    vec(vec(select(TURNS), 0..4), 1..4).prop_map(|all| {
        let turned = |(number, turns): (usize, Vec<Turn>)| {
            let mut one = policy(&format!("P{number}"));
            turns.iter().for_each(|turn| turn(&mut one));
            one
        };
        all.into_iter().enumerate().map(turned).collect()
    })
}

fn user() -> impl Strategy<Value = User> {
    select(USERS).prop_map(|change| {
        let mut user = dana();
        change(&mut user);
        user
    })
}

fn one_of(policies: &mut [Policy], pick: prop::sample::Index) -> &mut Policy {
    &mut policies[pick.index(policies.len())]
}

/// Nothing that the second tenant says of the user is safer than what the first says.
fn never_safer(before: &ObservedTenant, was: &User, after: &ObservedTenant, is: &User) -> Result<(), TestCaseError> {
    let (before, after) = (CompiledPolicies::new(before), CompiledPolicies::new(after));
    let (covered, covers) = (before.coverage(was), after.coverage(is));
    prop_assert!(rank(&covers) <= rank(&covered), "{covered:?} became {covers:?}");
    prop_assert!(after.covers(is) != Some(true) || before.covers(was) == Some(true));
    prop_assert!(after.asks(is) != super::Asks::Always || before.asks(was) == super::Asks::Always);
    let (kept_out, keeps_out) = (before.legacy_clients(was), after.legacy_clients(is));
    let is_blocked = |one: &LegacyClients| matches!(one, LegacyClients::Blocked(_));
    prop_assert!(!is_blocked(&keeps_out) || is_blocked(&kept_out), "{kept_out:?} became {keeps_out:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_member_of_the_future_never_raises_cover(
        policies in policies(), user in user(), pick in any::<prop::sample::Index>(), place in 0..5_usize,
        value in select(vec![json!(["x"]), json!(1), json!(true), json!("x"), json!({"x": ["y"]}), json!([]), json!(null)]),
    ) {
        let mut twisted = policies.clone();
        insert(one_of(&mut twisted, pick), place, "futureMember", &value);
        never_safer(&tenant(policies), &user, &tenant(twisted), &user)?;
    }

    #[test]
    fn an_exclusion_that_cannot_be_resolved_never_raises_cover(
        policies in policies(), user in user(), pick in any::<prop::sample::Index>(), exclude in select(UNRESOLVABLE),
    ) {
        let mut twisted = policies.clone();
        exclude(one_of(&mut twisted, pick));
        never_safer(&tenant(policies), &user, &tenant(twisted), &user)?;
    }

    #[test]
    fn an_annotation_changes_nothing(
        policies in policies(), user in user(), pick in any::<prop::sample::Index>(), place in 0..5_usize,
        key in select(vec!["users@odata.context", "includePlatforms@odata.type", "#microsoft.graph.restore"]),
        value in select(vec![json!("#Collection(String)"), json!({"target": "x"}), json!(["x"]), json!(1)]),
    ) {
        let mut twisted = policies.clone();
        insert(one_of(&mut twisted, pick), place, key, &value);
        let (before, after) = (CompiledPolicies::new(&tenant(policies)), CompiledPolicies::new(&tenant(twisted)));
        prop_assert_eq!(before.coverage(&user), after.coverage(&user));
        prop_assert_eq!(before.asks(&user), after.asks(&user));
        prop_assert_eq!(before.legacy_clients(&user), after.legacy_clients(&user));
        prop_assert_eq!(before.excluded_from_all(&user), after.excluded_from_all(&user));
    }

    #[test]
    fn a_group_that_could_not_be_read_never_raises_cover(
        policies in policies(), user in user(), groups in vec(select(vec![GROUP_A, GROUP_B, GROUP_C]), 1..3),
    ) {
        let unread: Vec<GroupId> = groups.iter().map(|id| id.parse().unwrap()).collect();
        let (before, mut after) = (tenant(policies.clone()), tenant(policies));
        after.unread_groups = unread.iter().copied().collect();
        let mut half_known = user.clone();
        // Whoever is in it is not known to be.
        half_known.member_of = half_known.member_of.map(|all| all.iter().copied().filter(|id| !unread.contains(id)).collect());
        never_safer(&before, &user, &after, &half_known)?;
        // An emergency account stays one, or nobody can tell.
        let (before, after) = (CompiledPolicies::new(&before), CompiledPolicies::new(&after));
        match (before.excluded_from_all(&user), after.excluded_from_all(&half_known)) {
            (Ok(Some(_)), Ok(None)) => prop_assert!(false, "an emergency account was lost"),
            (Ok(None), Ok(Some(_))) => prop_assert!(false, "an emergency account came from nowhere"),
            (_, Err(fact)) => prop_assert_ne!(fact, Fact::ConditionalAccess),
            _ => {}
        }
    }
}
