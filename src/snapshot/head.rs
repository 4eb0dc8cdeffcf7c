//! Everything of the document but its users.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::tenant::{
    Domain, Group, GroupId, MfaServicePolicy, ObservedTenant, PoliciesRead, Policy, Source, TenantId, Text,
    Unavailable, User, UserId,
};

use super::{row::Object, time::Date};

/// The file format this version reads: any minor of this major. A minor only adds keys.
pub(super) const FORMAT_MAJOR: &str = "1";
/// The format this version writes.
pub(super) const FORMAT_VERSION: &str = "1.0";

/// The keys of the document that are kept, besides `users`.
pub(super) const KEYS: [&str; 7] = [
    "formatVersion",
    "capturedAt",
    "registrationCapturedAt",
    "tenant",
    "groups",
    "conditionalAccessPolicies",
    "unavailable",
];

/// Is this a format version that can be read?
pub(super) fn readable(version: &str) -> bool {
    version.split('.').next() == Some(FORMAT_MAJOR)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TenantRow {
    id: TenantId,
    #[serde(default)]
    display_name: Option<Text>,
    #[serde(default)]
    initial_domain: Option<Text>,
    #[serde(default)]
    service_plans: Option<Vec<Text>>,
    #[serde(default)]
    security_defaults_enabled: Option<bool>,
    #[serde(default)]
    domains: Option<Vec<Object<DomainRow>>>,
    #[serde(default)]
    mfa_service_policy: Option<Object<ServicePolicyRow>>,
    #[serde(default)]
    authentication_methods_policy: Option<Object<MethodsPolicyRow>>,
    #[serde(default)]
    operator_id: Option<UserId>,
    #[serde(default)]
    unread_groups: Option<BTreeSet<GroupId>>,
    #[serde(default)]
    conditional_access_read: Option<Object<PoliciesReadRow>>,
}

#[derive(Deserialize)]
struct PoliciesReadRow {
    version: VersionWord,
    read: u32,
    #[serde(default)]
    listed: Option<u32>,
    #[serde(default)]
    plans: Option<u32>,
}

/// Graph's versions, as the file names them.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum VersionWord {
    #[serde(rename = "v1.0")]
    V1,
    #[serde(rename = "beta")]
    Beta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DomainRow {
    id: Text,
    authentication_type: Text,
    #[serde(default)]
    federated_idp_mfa_behavior: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServicePolicyRow {
    #[serde(default)]
    allow_app_passwords: Option<bool>,
    #[serde(default)]
    trusted_ips: Option<Vec<Text>>,
    #[serde(default)]
    skip_mfa_for_federated_users: Option<bool>,
    #[serde(default)]
    remember_mfa_days: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MethodsPolicyRow {
    #[serde(default)]
    policy_migration_state: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupRow {
    id: GroupId,
    #[serde(default)]
    display_name: Option<Text>,
    #[serde(default)]
    mail: Option<Text>,
}

#[derive(Deserialize)]
struct UnavailableRow {
    fact: String,
    #[serde(default)]
    reason: Option<Text>,
}

/// The tenant of these values and users.
pub(super) fn tenant(head: &[(&'static str, Box<[u8]>)], users: Vec<User>) -> Result<ObservedTenant, String> {
    let version = value::<String>(head, "formatVersion")?;
    if let Some(version) = version.filter(|version| !readable(version)) {
        return Err(format!("formatVersion {version:?} is not {FORMAT_MAJOR}.x"));
    }
    let Object(row) = value::<Object<TenantRow>>(head, "tenant")?.ok_or("tenant is missing")?;
    // A copy that does not say when it was taken is as old as can be: it must not pass for fresh.
    let captured_at = value::<Date>(head, "capturedAt")?.map_or(Timestamp::UNIX_EPOCH, |date| date.0);
    let name = row.display_name.unwrap_or_default();
    let mut tenant = ObservedTenant::new(row.id, name, Source::Snapshot, captured_at, users);
    tenant.registration_captured_at = value::<Date>(head, "registrationCapturedAt")?.map(|date| date.0);
    tenant.initial_domain = row.initial_domain;
    tenant.service_plans = row.service_plans;
    tenant.security_defaults_enabled = row.security_defaults_enabled;
    tenant.domains = row.domains.map(|rows| rows.into_iter().map(domain).collect());
    tenant.mfa_service_policy = row.mfa_service_policy.map(|Object(row)| {
        let ServicePolicyRow { allow_app_passwords, trusted_ips, skip_mfa_for_federated_users, remember_mfa_days } =
            row;
        MfaServicePolicy { allow_app_passwords, trusted_ips, skip_mfa_for_federated_users, remember_mfa_days }
    });
    tenant.policy_migration_state = row.authentication_methods_policy.and_then(|row| row.0.policy_migration_state);
    tenant.operator_id = row.operator_id;
    tenant.unread_groups = row.unread_groups.unwrap_or_default();
    tenant.conditional_access_read = row.conditional_access_read.map(|Object(row)| {
        let PoliciesReadRow { version, read, listed, plans } = row;
        PoliciesRead { beta: version == VersionWord::Beta, read, listed, plans }
    });
    tenant.groups =
        value::<Vec<Object<GroupRow>>>(head, "groups")?.unwrap_or_default().into_iter().map(group).collect();
    tenant.conditional_access = value::<Vec<Policy>>(head, "conditionalAccessPolicies")?;
    tenant.unavailable = value::<Vec<Object<UnavailableRow>>>(head, "unavailable")?
        .unwrap_or_default()
        .into_iter()
        // A fact that only a later version knows is one that no rule of this version asks for.
        .filter_map(|Object(row)| {
            Some(Unavailable { fact: row.fact.parse().ok()?, reason: row.reason.unwrap_or_default() })
        })
        .collect();
    Ok(tenant)
}

/// A value of the head; null counts as missing.
fn value<T: for<'a> Deserialize<'a>>(head: &[(&'static str, Box<[u8]>)], key: &str) -> Result<Option<T>, String> {
    let Some((_, text)) = head.iter().find(|(known, _)| *known == key) else { return Ok(None) };
    serde_json::from_slice(text).map_err(|error| format!("{key}: {error}"))
}

fn domain(Object(row): Object<DomainRow>) -> Domain {
    let DomainRow { id, authentication_type, federated_idp_mfa_behavior } = row;
    Domain { id, federated: authentication_type.eq_ignore_ascii_case("Federated"), federated_idp_mfa_behavior }
}

fn group(Object(row): Object<GroupRow>) -> Group {
    let GroupRow { id, display_name, mail } = row;
    Group { id, display_name: display_name.unwrap_or_default(), mail: mail.filter(|mail| !mail.is_empty()) }
}
