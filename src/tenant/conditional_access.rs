//! Conditional Access policies in Graph's own shape (`conditionalAccessPolicy`), as far as coverage needs them.
//!
//! The shape is the wire's because both adapters carry it unchanged: Graph returns it and the snapshot stores it.
//! What a policy *means* for a user is decided in [`crate::facts::coverage`].

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::Text;

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The members of an object that this version does not interpret, by name. They are kept because one of them may narrow
/// the policy: which of them say anything is decided in [`crate::facts::coverage`].
pub(crate) type OtherMembers = BTreeMap<String, serde_json::Value>;

/// How the policies were read: whether that can be all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoliciesRead {
    /// From beta; v1.0 leaves out policies with preview settings.
    pub beta: bool,
    /// How many were read.
    pub read: u32,
    /// How many the service says there are; `None` where it does not say.
    pub listed: Option<u32>,
    /// How many Conditional Access plans there are beside them, whose rules no list of policies shows; `None` is
    /// unknown. (Microsoft, "conditionalAccessPolicyPlan resource type",
    /// <https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicyplan?view=graph-rest-beta>.)
    pub plans: Option<u32>,
}

/// A policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// The policy's id.
    pub id: Text,
    /// Its name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub display_name: Text,
    /// On, off, or reporting only.
    pub state: PolicyState,
    /// When it applies.
    #[serde(default, deserialize_with = "null_as_default")]
    pub conditions: Conditions,
    /// What it asks for; null for policies that only control the session.
    #[serde(default)]
    pub grant_controls: Option<GrantControls>,
}

/// The state of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PolicyState {
    /// In force.
    Enabled,
    /// Off.
    Disabled,
    /// Report-only.
    EnabledForReportingButNotEnforced,
    /// A state this version does not know: never taken for "in force".
    #[serde(other)]
    Unknown,
}

/// The conditions of a policy. Conditions the program does not interpret are kept as JSON: their presence alone makes
/// coverage partial.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Conditions {
    /// Who.
    #[serde(deserialize_with = "null_as_default")]
    pub users: UserConditions,
    /// Which applications.
    #[serde(deserialize_with = "null_as_default")]
    pub applications: ApplicationConditions,
    /// Which kinds of client.
    #[serde(deserialize_with = "null_as_default")]
    pub client_app_types: Vec<Text>,
    /// Locations, if restricted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locations: Option<serde_json::Value>,
    /// Platforms, if restricted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platforms: Option<serde_json::Value>,
    /// Devices, if restricted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<serde_json::Value>,
    /// Authentication flows, if restricted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication_flows: Option<serde_json::Value>,
    /// Insider risk levels, if restricted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insider_risk_levels: Option<serde_json::Value>,
    /// Times, if restricted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<serde_json::Value>,
    /// Sign-in risk levels, if restricted.
    #[serde(deserialize_with = "null_as_default")]
    pub sign_in_risk_levels: Vec<Text>,
    /// User risk levels, if restricted.
    #[serde(deserialize_with = "null_as_default")]
    pub user_risk_levels: Vec<Text>,
    /// Service principal risk levels, if restricted.
    #[serde(deserialize_with = "null_as_default")]
    pub service_principal_risk_levels: Vec<Text>,
    /// Workload identities: a policy with this is not about users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_applications: Option<serde_json::Value>,
    /// What this version does not interpret.
    #[serde(flatten)]
    pub other: OtherMembers,
}

/// Who a policy is for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UserConditions {
    /// `All`, `None`, `GuestsOrExternalUsers` or object ids.
    #[serde(deserialize_with = "null_as_default")]
    pub include_users: Vec<Text>,
    /// As above, taken away.
    #[serde(deserialize_with = "null_as_default")]
    pub exclude_users: Vec<Text>,
    /// Group ids; members of nested groups count.
    #[serde(deserialize_with = "null_as_default")]
    pub include_groups: Vec<Text>,
    /// As above, taken away.
    #[serde(deserialize_with = "null_as_default")]
    pub exclude_groups: Vec<Text>,
    /// Role template ids.
    #[serde(deserialize_with = "null_as_default")]
    pub include_roles: Vec<Text>,
    /// As above, taken away.
    #[serde(deserialize_with = "null_as_default")]
    pub exclude_roles: Vec<Text>,
    /// Guests and external users, the newer form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_guests_or_external_users: Option<ExternalUsers>,
    /// As above, taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_guests_or_external_users: Option<ExternalUsers>,
    /// What this version does not interpret.
    #[serde(flatten)]
    pub other: OtherMembers,
}

/// Kinds of guests and external users.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExternalUsers {
    /// Comma-joined flags, for example `b2bCollaborationGuest,internalGuest`.
    #[serde(deserialize_with = "null_as_default")]
    pub guest_or_external_user_types: Text,
    /// Which home tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_tenants: Option<serde_json::Value>,
    /// What this version does not interpret.
    #[serde(flatten)]
    pub other: OtherMembers,
}

/// Which applications a policy is for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApplicationConditions {
    /// `All`, `None`, `Office365`, `MicrosoftAdminPortals` or application ids.
    #[serde(deserialize_with = "null_as_default")]
    pub include_applications: Vec<Text>,
    /// As above, taken away.
    #[serde(deserialize_with = "null_as_default")]
    pub exclude_applications: Vec<Text>,
    /// User actions (register security information, join devices).
    #[serde(deserialize_with = "null_as_default")]
    pub include_user_actions: Vec<Text>,
    /// Authentication contexts.
    #[serde(deserialize_with = "null_as_default")]
    pub include_authentication_context_class_references: Vec<Text>,
    /// A filter over application attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_filter: Option<serde_json::Value>,
    /// What this version does not interpret.
    #[serde(flatten)]
    pub other: OtherMembers,
}

/// What a policy asks for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GrantControls {
    /// `AND` or `OR`; null counts as `OR`, the weaker reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<Text>,
    /// `mfa`, `block`, `compliantDevice` …
    #[serde(deserialize_with = "null_as_default")]
    pub built_in_controls: Vec<Text>,
    /// Third-party controls.
    #[serde(deserialize_with = "null_as_default")]
    pub custom_authentication_factors: Vec<Text>,
    /// Terms of use to accept.
    #[serde(deserialize_with = "null_as_default")]
    pub terms_of_use: Vec<Text>,
    /// An authentication strength.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication_strength: Option<AuthenticationStrength>,
    /// What this version does not interpret.
    #[serde(flatten)]
    pub other: OtherMembers,
}

/// An authentication strength.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthenticationStrength {
    /// Its id.
    #[serde(deserialize_with = "null_as_default")]
    pub id: Text,
    /// Its name.
    #[serde(deserialize_with = "null_as_default")]
    pub display_name: Text,
    /// Comma-joined flags; `mfa` among them where satisfying it satisfies MFA.
    #[serde(deserialize_with = "null_as_default")]
    pub requirements_satisfied: Text,
    /// The ways to meet it, each one or two modes joined by a comma: `fido2`, `password,sms`.
    #[serde(deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub allowed_combinations: Vec<Text>,
    /// What this version does not interpret.
    #[serde(flatten)]
    pub other: OtherMembers,
}
