//! Everything that narrows a policy besides its users.

use serde_json::Value;

use super::{Gap, applications};
use crate::tenant::{ApplicationConditions, Conditions, ExternalUsers, GrantControls, Text, UserConditions};

/// All restrictions of a policy, members that this version does not know included.
pub(super) fn of(conditions: &Conditions, grant: Option<&GrantControls>, gaps: &mut Vec<Gap>) {
    let Conditions {
        users,
        applications,
        client_app_types,
        locations,
        platforms,
        devices,
        authentication_flows,
        insider_risk_levels,
        times,
        sign_in_risk_levels,
        user_risk_levels,
        service_principal_risk_levels,
        client_applications: _,
        other,
    } = conditions;
    of_applications(applications, gaps);
    let has = |kind: &str| client_app_types.iter().any(|one| one.eq_ignore_ascii_case(kind));
    if !(has("all") || has("browser") && has("mobileAppsAndDesktopClients")) {
        gaps.push(Gap::ClientAppTypes);
    }
    for (value, gap) in [
        (locations, Gap::Locations),
        (platforms, Gap::Platforms),
        (devices, Gap::Devices),
        (authentication_flows, Gap::AuthenticationFlows),
        (insider_risk_levels, Gap::InsiderRisk),
        (times, Gap::Times),
    ] {
        if !is_trivial(value.as_ref()) {
            gaps.push(gap);
        }
    }
    for (levels, gap) in [
        (sign_in_risk_levels, Gap::SignInRisk),
        (user_risk_levels, Gap::UserRisk),
        (service_principal_risk_levels, Gap::ServicePrincipalRisk),
    ] {
        if levels.iter().any(|level| !is_none(level)) {
            gaps.push(gap);
        }
    }
    unknown("conditions", other, gaps);
    unknown("applications", &applications.other, gaps);
    of_users(users, gaps);
    if let Some(grant) = grant {
        unknown("grantControls", &grant.other, gaps);
        if let Some(strength) = &grant.authentication_strength {
            let said = strength.other.iter().filter(|(key, _)| !SAYING_NOTHING.contains(&key.as_str()));
            unknown("authenticationStrength", said, gaps);
        }
    }
}

/// Unknown members, and exclusions that name nothing that could be looked up: they may exclude anybody.
fn of_users(users: &UserConditions, gaps: &mut Vec<Gap>) {
    let UserConditions {
        include_users: _,
        exclude_users,
        include_groups: _,
        exclude_groups,
        include_roles: _,
        exclude_roles,
        include_guests_or_external_users,
        exclude_guests_or_external_users,
        other,
    } = users;
    unknown("users", other, gaps);
    for external in [include_guests_or_external_users, exclude_guests_or_external_users].into_iter().flatten() {
        unknown("guestsOrExternalUsers", &external.other, gaps);
    }
    let is_id = |text: &Text| uuid::Uuid::try_parse(text).is_ok();
    let users = exclude_users.iter().filter(|one| !is_id(one) && !one.eq_ignore_ascii_case("GuestsOrExternalUsers"));
    let others = exclude_groups.iter().chain(exclude_roles).filter(|one| !is_id(one));
    gaps.extend(users.chain(others).cloned().map(Gap::UnresolvedExclusion));
    if let Some(external) = exclude_guests_or_external_users {
        gaps.extend(
            flags(external).filter(|flag| !is_guest_kind(flag)).map(|one| Gap::UnresolvedExclusion(one.into())),
        );
    }
}

fn of_applications(applications: &ApplicationConditions, gaps: &mut Vec<Gap>) {
    let ApplicationConditions {
        include_applications,
        exclude_applications,
        include_user_actions,
        include_authentication_context_class_references,
        application_filter,
        other: _,
    } = applications;
    let all = include_applications.iter().any(|one| one.eq_ignore_ascii_case("All"));
    let some = include_applications.iter().any(|one| !is_none(one));
    if !include_user_actions.is_empty() {
        gaps.push(Gap::UserActions);
    } else if !include_authentication_context_class_references.is_empty() {
        gaps.push(Gap::AuthenticationContext);
    } else if !some {
        gaps.push(if is_trivial(application_filter.as_ref()) { Gap::NoApplication } else { Gap::SomeApplications });
    } else if !all {
        gaps.push(Gap::SomeApplications);
    }
    if !exclude_applications.is_empty() {
        let names = exclude_applications.iter().map(|one| Text::from(applications::name(one)));
        gaps.push(Gap::ExcludedApplications(names.collect()));
    }
    if !is_trivial(application_filter.as_ref()) {
        gaps.push(Gap::ApplicationFilter);
    }
}

/// Does this text name an application: an id or one of Graph's keywords? Names and placeholders of templates do not.
pub(super) fn is_application(text: &Text) -> bool {
    const KEYWORDS: [&str; 3] = ["All", "Office365", "MicrosoftAdminPortals"];
    uuid::Uuid::try_parse(text).is_ok() || KEYWORDS.iter().any(|one| one.eq_ignore_ascii_case(text))
}

/// Members of an authentication strength that describe it, or only narrow how it may be met (Microsoft Graph,
/// "authenticationStrengthPolicy resource type").
const SAYING_NOTHING: [&str; 5] =
    ["createdDateTime", "modifiedDateTime", "description", "policyType", "combinationConfigurations"];

fn unknown<'a>(of: &str, members: impl IntoIterator<Item = (&'a String, &'a Value)>, gaps: &mut Vec<Gap>) {
    let said = members.into_iter().filter(|(key, value)| !is_annotation(key) && !is_empty(value));
    gaps.extend(said.map(|(key, _)| Gap::UnknownMember(format!("{of}.{key}").into())));
}

/// OData annotations (`includePlatforms@odata.type`, `#microsoft.graph.…`) describe the document, not the policy.
fn is_annotation(key: &str) -> bool {
    key.contains("@odata") || key.starts_with('#')
}

fn is_none(text: &str) -> bool {
    text.is_empty() || text.eq_ignore_ascii_case("none")
}

/// A value of an unknown member that says nothing, whatever the member means: null, false, and what is empty all the
/// way down.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.iter().all(|(key, value)| is_annotation(key) || is_empty(value)),
    }
}

/// A known condition that restricts nothing: empty, "none", or everything with nothing taken away.
pub(super) fn is_trivial(value: Option<&Value>) -> bool {
    const EVERYTHING: [&str; 3] = ["includeLocations", "includePlatforms", "includeDevices"];
    let all = |item: &Value| item.as_str().is_some_and(|text| text.eq_ignore_ascii_case("all"));
    match value {
        None => true,
        Some(Value::String(text)) => is_none(text),
        Some(Value::Object(map)) => map.iter().all(|(key, value)| match value {
            _ if is_annotation(key) => true,
            Value::Array(items) if EVERYTHING.contains(&key.as_str()) => items.iter().all(all),
            Value::String(text) => is_none(text),
            value => is_empty(value),
        }),
        Some(value) => is_empty(value),
    }
}

const GUEST_KINDS: [&str; 7] = [
    "none",
    "internalGuest",
    "b2bCollaborationGuest",
    "b2bCollaborationMember",
    "b2bDirectConnectUser",
    "otherExternalUser",
    "serviceProvider",
];

fn is_guest_kind(flag: &str) -> bool {
    flag.is_empty() || GUEST_KINDS.iter().any(|one| one.eq_ignore_ascii_case(flag))
}

/// The comma-joined flags of a condition about external users.
pub(super) fn flags(external: &ExternalUsers) -> impl Iterator<Item = &str> {
    external.guest_or_external_user_types.split(',').map(str::trim)
}

/// Is it for all home tenants? The home tenant of a guest is not known, so a list of tenants includes nobody for
/// certain – but may exclude anybody.
pub(super) fn is_for_all_tenants(external: &ExternalUsers) -> bool {
    external
        .external_tenants
        .as_ref()
        .is_none_or(|tenants| is_empty(tenants) || tenants.get("membershipKind").and_then(Value::as_str) == Some("all"))
}
