//! `azuread_conditional_access_policy`, attribute by attribute, and what each is in Graph's shape.
//!
//! From the documentation of the provider hashicorp/azuread, version 3.9.0, "Resource: azuread_conditional_access_policy"
//! (<https://registry.terraform.io/providers/hashicorp/azuread/3.9.0/docs/resources/conditional_access_policy>).

use serde_json::{Map, Value};

/// The resource's type.
pub(super) const RESOURCE: &str = "azuread_conditional_access_policy";

/// One attribute or block.
#[derive(Debug)]
pub(super) struct Attribute {
    /// Its name in Terraform.
    pub(super) name: &'static str,
    /// Its name in Graph; empty = it says nothing of who is covered.
    graph: &'static str,
    pub(super) kind: Kind,
}

/// What an attribute is.
#[derive(Debug)]
pub(super) enum Kind {
    /// A text or a list of texts, the same in Graph.
    Same,
    /// A list of words, which Graph takes as one text with commas between, in a member of this name (empty = the
    /// attribute's own).
    Joined(&'static str),
    /// The id of an authentication strength, the last segment of a path.
    Strength,
    /// A block.
    Block(&'static [Attribute]),
}

const fn attribute(name: &'static str, graph: &'static str, kind: Kind) -> Attribute {
    Attribute { name, graph, kind }
}

const FILTER: &[Attribute] = &[attribute("mode", "mode", Kind::Same), attribute("rule", "rule", Kind::Same)];
const GUESTS: &[Attribute] = &[
    attribute("guest_or_external_user_types", "guestOrExternalUserTypes", Kind::Joined("")),
    attribute(
        "external_tenants",
        "externalTenants",
        Kind::Block(&[
            attribute("membership_kind", "membershipKind", Kind::Same),
            attribute("members", "members", Kind::Same),
        ]),
    ),
];

/// The arguments of the resource.
pub(super) const ATTRIBUTES: &[Attribute] = &[
    attribute("display_name", "displayName", Kind::Same),
    attribute("state", "state", Kind::Same),
    attribute(
        "conditions",
        "conditions",
        Kind::Block(&[
            attribute(
                "applications",
                "applications",
                Kind::Block(&[
                    attribute("included_applications", "includeApplications", Kind::Same),
                    attribute("excluded_applications", "excludeApplications", Kind::Same),
                    attribute("included_user_actions", "includeUserActions", Kind::Same),
                    attribute("filter", "applicationFilter", Kind::Block(FILTER)),
                ]),
            ),
            attribute("authentication_flow_transfer_methods", "authenticationFlows", Kind::Joined("transferMethods")),
            attribute("client_app_types", "clientAppTypes", Kind::Same),
            attribute(
                "client_applications",
                "clientApplications",
                Kind::Block(&[
                    attribute("included_service_principals", "includeServicePrincipals", Kind::Same),
                    attribute("excluded_service_principals", "excludeServicePrincipals", Kind::Same),
                    attribute("filter", "servicePrincipalFilter", Kind::Block(FILTER)),
                ]),
            ),
            attribute("devices", "devices", Kind::Block(&[attribute("filter", "deviceFilter", Kind::Block(FILTER))])),
            attribute("insider_risk_levels", "insiderRiskLevels", Kind::Same),
            attribute(
                "locations",
                "locations",
                Kind::Block(&[
                    attribute("included_locations", "includeLocations", Kind::Same),
                    attribute("excluded_locations", "excludeLocations", Kind::Same),
                ]),
            ),
            attribute(
                "platforms",
                "platforms",
                Kind::Block(&[
                    attribute("included_platforms", "includePlatforms", Kind::Same),
                    attribute("excluded_platforms", "excludePlatforms", Kind::Same),
                ]),
            ),
            attribute("service_principal_risk_levels", "servicePrincipalRiskLevels", Kind::Same),
            attribute("sign_in_risk_levels", "signInRiskLevels", Kind::Same),
            attribute("user_risk_levels", "userRiskLevels", Kind::Same),
            attribute(
                "users",
                "users",
                Kind::Block(&[
                    attribute("included_users", "includeUsers", Kind::Same),
                    attribute("excluded_users", "excludeUsers", Kind::Same),
                    attribute("included_groups", "includeGroups", Kind::Same),
                    attribute("excluded_groups", "excludeGroups", Kind::Same),
                    attribute("included_roles", "includeRoles", Kind::Same),
                    attribute("excluded_roles", "excludeRoles", Kind::Same),
                    attribute("included_guests_or_external_users", "includeGuestsOrExternalUsers", Kind::Block(GUESTS)),
                    attribute("excluded_guests_or_external_users", "excludeGuestsOrExternalUsers", Kind::Block(GUESTS)),
                ]),
            ),
        ]),
    ),
    attribute(
        "grant_controls",
        "grantControls",
        Kind::Block(&[
            attribute("operator", "operator", Kind::Same),
            attribute("built_in_controls", "builtInControls", Kind::Same),
            attribute("custom_authentication_factors", "customAuthenticationFactors", Kind::Same),
            attribute("terms_of_use", "termsOfUse", Kind::Same),
            attribute("authentication_strength_policy_id", "authenticationStrength", Kind::Strength),
        ]),
    ),
    // What a session may do, and how long Terraform waits, does not decide who is asked for MFA.
    attribute("session_controls", "", Kind::Same),
    attribute("timeouts", "", Kind::Same),
    attribute("id", "", Kind::Same),
    attribute("object_id", "", Kind::Same),
];

/// The values of a resource in Graph's shape. An attribute that the table does not know is kept under its own name, so that
/// it is a member nobody understands and the policy no cover.
pub(super) fn graph(values: &Value) -> Value {
    block(values, ATTRIBUTES, &|kind, value| match kind {
        Kind::Same | Kind::Block(_) => value.clone(),
        Kind::Joined(member) => {
            let words: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            match (words.is_empty(), *member) {
                (true, _) => Value::Null,
                (false, "") => words.join(",").into(),
                (false, member) => serde_json::json!({ member: words.join(",") }),
            }
        }
        Kind::Strength => match value.as_str().and_then(|path| path.rsplit('/').next()) {
            None | Some("") => Value::Null,
            Some(id) => serde_json::json!({ "id": id.to_ascii_lowercase() }),
        },
    })
}

/// The marks of what is unknown (`after_unknown`), in Graph's shape.
pub(super) fn marks(unknown: &Value) -> Value {
    block(unknown, ATTRIBUTES, &|_, value| value.clone())
}

fn block(value: &Value, attributes: &[Attribute], leaf: &dyn Fn(&Kind, &Value) -> Value) -> Value {
    // A block is a list of one; a block that is unknown as a whole is `true`.
    let members = match value {
        Value::Array(items) => match items.first() {
            None | Some(Value::Null) => return Value::Null,
            Some(first) => return block(first, attributes, leaf),
        },
        Value::Object(members) => members,
        other => return other.clone(),
    };
    let mut out = Map::new();
    for (name, value) in members {
        let Some(attribute) = attributes.iter().find(|one| one.name == name) else {
            out.insert(name.clone(), value.clone());
            continue;
        };
        if attribute.graph.is_empty() {
            continue;
        }
        let value = match &attribute.kind {
            Kind::Block(attributes) => block(value, attributes, leaf),
            kind => leaf(kind, value),
        };
        out.insert(attribute.graph.to_owned(), value);
    }
    Value::Object(out)
}
