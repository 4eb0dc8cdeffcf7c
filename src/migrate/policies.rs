//! The three policies that take the place of per-user MFA.

use uuid::uuid;

use super::{Account, Migration};
use crate::tenant::{
    ApplicationConditions, AuthenticationStrength, Conditions, GrantControls, Policy, PolicyState, RoleTemplateId,
    Text, User, UserConditions,
};

/// The name of the policy that asks everybody for MFA.
pub(crate) const REQUIRE_MFA: &str = "mfaplan-01 Require MFA for everybody";

/// The name of the policy that keeps legacy clients out.
pub(crate) const BLOCK_LEGACY: &str = "mfaplan-02 Block legacy authentication";

/// The name of the policy for administrators.
pub(crate) const ADMINISTRATORS: &str = "mfaplan-03 Phishing-resistant MFA for administrators";

/// Microsoft's own strength (Microsoft Entra ID, "Conditional Access authentication strengths").
pub(crate) const PHISHING_RESISTANT: &str = "00000000-0000-0000-0000-000000000004";

/// The roles of Microsoft's own template (Microsoft Entra ID, "Require phishing-resistant multifactor authentication for
/// Microsoft Entra administrator roles",
/// <https://learn.microsoft.com/entra/identity/conditional-access/policy-admin-phish-resistant-mfa>), with their names.
pub(crate) const ROLES: [(RoleTemplateId, &str); 14] = [
    (RoleTemplateId::new(uuid!("62e90394-69f5-4237-9190-012177145e10")), "Global Administrator"),
    (RoleTemplateId::new(uuid!("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3")), "Application Administrator"),
    (RoleTemplateId::new(uuid!("c4e39bd9-1100-46d3-8c65-fb160da0071f")), "Authentication Administrator"),
    (RoleTemplateId::new(uuid!("b0f54661-2d74-4c50-afa3-1ec803f12efe")), "Billing Administrator"),
    (RoleTemplateId::new(uuid!("158c047a-c907-4556-b7ef-446551a6b5f7")), "Cloud Application Administrator"),
    (RoleTemplateId::new(uuid!("b1be1c3e-b65d-4f19-8427-f6fa0d97feb9")), "Conditional Access Administrator"),
    (RoleTemplateId::new(uuid!("29232cdf-9323-42fd-ade2-1d097af3e4de")), "Exchange Administrator"),
    (RoleTemplateId::new(uuid!("729827e3-9c14-49f7-bb1b-9608f156bbb8")), "Helpdesk Administrator"),
    (RoleTemplateId::new(uuid!("966707d0-3269-4727-9be2-8c3a10f19b9d")), "Password Administrator"),
    (RoleTemplateId::new(uuid!("7be44c8a-adaf-4e2a-84d6-ab2649e08a13")), "Privileged Authentication Administrator"),
    (RoleTemplateId::new(uuid!("e8611ab8-c189-46e8-94e1-60213ab1f814")), "Privileged Role Administrator"),
    (RoleTemplateId::new(uuid!("194ae4cb-b126-40b2-bd5b-6091b380977d")), "Security Administrator"),
    (RoleTemplateId::new(uuid!("f28a1f50-f6e7-4571-818b-6a12f2af6b6c")), "SharePoint Administrator"),
    (RoleTemplateId::new(uuid!("fe930be7-5e62-47db-91af-98c3a49a38b1")), "User Administrator"),
];

/// Does somebody hold one of these roles, be it only when they activate it? Who holds unknown roles may.
pub(super) fn is_administrator(user: &User) -> bool {
    user.directory_roles
        .as_ref()
        .is_none_or(|roles| roles.iter().any(|role| ROLES.iter().any(|(id, _)| role.template_id == *id)))
}

pub(super) fn phishing_resistant() -> AuthenticationStrength {
    AuthenticationStrength { id: PHISHING_RESISTANT.into(), ..AuthenticationStrength::default() }
}

/// The policies, as they are once all is done. That of the administrators reports only, until all of them can meet it:
/// else it would lock them out.
pub(super) fn all(migration: &Migration) -> Vec<Policy> {
    let Migration { emergency, workloads, weak_administrators, .. } = migration;
    let ids = |accounts: &mut dyn Iterator<Item = &Account>| -> Vec<Text> {
        accounts.map(|account| account.id.to_string().into()).collect()
    };
    let all_workloads = workloads.iter().map(|one| &one.account);
    let by_legacy = workloads.iter().filter(|one| one.legacy == Some(true)).map(|one| &one.account);
    let everybody = || vec!["All".into()];
    let built_in = |control: &str| GrantControls {
        operator: Some("OR".into()),
        built_in_controls: vec![control.into()],
        ..GrantControls::default()
    };
    let administrators = if weak_administrators.is_empty() {
        PolicyState::Enabled
    } else {
        PolicyState::EnabledForReportingButNotEnforced
    };
    vec![
        policy(
            REQUIRE_MFA,
            PolicyState::Enabled,
            UserConditions {
                include_users: everybody(),
                exclude_users: ids(&mut emergency.iter().chain(all_workloads)),
                ..UserConditions::default()
            },
            &["all"],
            built_in("mfa"),
        ),
        policy(
            BLOCK_LEGACY,
            PolicyState::Enabled,
            UserConditions {
                include_users: everybody(),
                exclude_users: ids(&mut emergency.iter().chain(by_legacy)),
                ..UserConditions::default()
            },
            &["exchangeActiveSync", "other"],
            built_in("block"),
        ),
        policy(
            ADMINISTRATORS,
            administrators,
            UserConditions {
                include_roles: ROLES.iter().map(|(id, _)| id.to_string().into()).collect(),
                exclude_users: ids(&mut emergency.iter().chain(workloads.iter().map(|one| &one.account))),
                ..UserConditions::default()
            },
            &["all"],
            GrantControls {
                operator: Some("OR".into()),
                authentication_strength: Some(phishing_resistant()),
                ..GrantControls::default()
            },
        ),
    ]
}

fn policy(
    name: &str,
    state: PolicyState,
    users: UserConditions,
    client_app_types: &[&str],
    controls: GrantControls,
) -> Policy {
    Policy {
        id: Text::default(),
        display_name: name.into(),
        state,
        conditions: Conditions {
            users,
            applications: ApplicationConditions {
                include_applications: vec!["All".into()],
                ..ApplicationConditions::default()
            },
            client_app_types: client_app_types.iter().map(|one| (*one).into()).collect(),
            ..Conditions::default()
        },
        grant_controls: Some(controls),
    }
}
