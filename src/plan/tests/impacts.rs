//! What a change means for sign-ins, by what else the tenant asks for.

use super::*;
use crate::{
    facts::CompiledPolicies,
    plan::{Change, LegacyAuth, ModernAuth, World, impact},
    render::testing::sample,
    risk::testing_policies::policy,
    tenant::{MfaState, Policy, Text},
};

/// A tenant and what is changed in it.
type Tenant = (&'static str, fn(&mut ObservedTenant));

const TENANTS: &[Tenant] = &[
    ("nothing asks", |_| {}),
    ("app passwords", |tenant| {
        tenant.mfa_service_policy.as_mut().unwrap().allow_app_passwords = Some(true);
    }),
    ("security defaults", |tenant| tenant.security_defaults_enabled = Some(true)),
    ("a policy for everything, unlicensed by name", |tenant| {
        tenant.conditional_access = Some(vec![policy("MFA for all")]);
    }),
    ("a policy for one application", |tenant| {
        let mut one: Policy = policy("MFA for Azure");
        one.conditions.applications.include_applications = vec!["797f4846-ba00-4fd7-ba43-dac1f8f63013".into()];
        tenant.conditional_access = Some(vec![one]);
    }),
    ("policies unknown, and no licence for any", |tenant| tenant.conditional_access = None),
    ("policies unknown, and a licence", |tenant| {
        (tenant.conditional_access, tenant.service_plans) = (None, Some(vec!["AAD_PREMIUM".into()]));
    }),
    ("policies and licences unknown", |tenant| (tenant.conditional_access, tenant.service_plans) = (None, None)),
];

/// Each line: modern before and after with the policies that ask, legacy before and after with those that keep out.
#[test]
fn a_state_means_what_the_tenant_asks_for_beside_it() {
    let changes = [
        ("disabled", true, MfaState::Enforced),
        ("disabled", false, MfaState::Enabled),
        ("enabled", false, MfaState::Enforced),
        ("enabled", true, MfaState::Enforced),
        ("enforced", true, MfaState::Disabled),
        ("paused", true, MfaState::Disabled),
    ];
    let mut told = String::new();
    for (story, change) in TENANTS {
        told += &format!("# {story}\n");
        for (before, registered, after) in changes {
            let facts = json!({"perUserMfaState": before, "isMfaRegistered": registered});
            let mut tenant = Case::new(&[person(1, "anna", facts)], &block("all", "disabled", &["anna"])).tenant;
            change(&mut tenant);
            let is = impact(&tenant, &CompiledPolicies::new(&tenant), &tenant.users()[0], after);
            let ((modern, then), (legacy, later)) = (is.modern_auth, is.legacy_auth);
            let names = |all: &[Text]| all.iter().map(|one| format!(" by {one}")).collect::<String>();
            let (asking, keeping) = (names(&is.modern_policies), names(&is.legacy_policies));
            let known = if registered { "" } else { " unregistered" };
            told +=
                &format!("{before}{known} to {after}: {modern:?} {then:?}{asking}; {legacy:?} {later:?}{keeping}\n");
        }
    }
    insta::assert_snapshot!(told);
}

/// A file says which policies ask or keep out only where one of its two answers rests on them.
#[test]
fn policies_are_named_only_where_an_answer_rests_on_them() {
    use LegacyAuth::{Blocked, BlockedByConditionalAccess};
    use ModernAuth::{MfaAtSomeSignIns, MfaByConditionalAccess, MfaRequired};
    let raised = sample().changes.into_iter().find(|one| *one.user.user_principal_name == *"jdoe@contoso.com").unwrap();
    let lowered = sample().changes.into_iter().find(|one| one.action == crate::diff::Action::Disable).unwrap();
    let fits = |change: &Change| World::ALL.iter().any(|world| change.impact.fits(change, *world));
    let named = |change: &Change| -> [bool; 3] {
        [(true, false), (false, true), (true, true)].map(|(modern, legacy)| {
            let mut one = change.clone();
            let names =
                |yes: bool| -> std::sync::Arc<[Text]> { if yes { [Text::from("P")].into() } else { [].into() } };
            (one.impact.modern_policies, one.impact.legacy_policies) = (names(modern), names(legacy));
            fits(&one)
        })
    };
    for mut change in [raised, lowered] {
        assert!(fits(&change));
        assert_eq!(named(&change), [false, false, false], "nothing asks but the per-user state");
        let is_raised = change.after == MfaState::Enforced;
        let (modern, legacy) = (change.impact.modern_auth, change.impact.legacy_auth);
        for asked in [MfaByConditionalAccess, MfaAtSomeSignIns] {
            change.impact.modern_auth = if is_raised { (asked, MfaRequired) } else { (MfaRequired, asked) };
            assert_eq!(named(&change), [true, false, false], "{asked:?}");
        }
        change.impact.modern_auth = modern;
        let kept_out = BlockedByConditionalAccess;
        change.impact.legacy_auth = if is_raised { (kept_out, Blocked) } else { (Blocked, kept_out) };
        assert_eq!(named(&change), [false, true, false]);
        change.impact.legacy_auth = legacy;
        // What the state leaves nothing of to anybody else.
        change.impact.modern_auth = (MfaRequired, MfaRequired);
        assert!(!fits(&change));
    }
}
