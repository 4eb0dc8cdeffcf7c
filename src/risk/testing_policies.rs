//! Conditional Access policies for tests.

use crate::tenant::{
    ApplicationConditions, AuthenticationStrength, Conditions, GrantControls, Policy, PolicyState, UserConditions,
    UserId,
};

/// A policy that requires MFA of everybody, everywhere.
pub(crate) fn policy(name: &str) -> Policy {
    Policy {
        id: name.into(),
        display_name: name.into(),
        state: PolicyState::Enabled,
        conditions: Conditions {
            users: UserConditions { include_users: vec!["All".into()], ..UserConditions::default() },
            applications: ApplicationConditions {
                include_applications: vec!["All".into()],
                ..ApplicationConditions::default()
            },
            client_app_types: vec!["all".into()],
            ..Conditions::default()
        },
        grant_controls: Some(GrantControls {
            operator: Some("OR".into()),
            built_in_controls: vec!["mfa".into()],
            ..GrantControls::default()
        }),
    }
}

/// The policy without this user.
pub(crate) fn excluding(mut policy: Policy, user: UserId) -> Policy {
    policy.conditions.users.exclude_users.push(user.to_string().into());
    policy
}

/// The policy, asking for a strength of this combination instead.
pub(crate) fn strength(mut policy: Policy, combination: &str) -> Policy {
    let grant = policy.grant_controls.get_or_insert_default();
    grant.built_in_controls.clear();
    grant.authentication_strength = Some(AuthenticationStrength {
        display_name: "Keys".into(),
        requirements_satisfied: "mfa".into(),
        allowed_combinations: vec![combination.into()],
        ..AuthenticationStrength::default()
    });
    policy
}
