use proptest::prelude::*;
use serde_json::json;

use super::{
    azuread::{ATTRIBUTES, Attribute, Kind, RESOURCE},
    *,
};
use crate::{
    facts::{CompiledPolicies, Coverage},
    risk::testing_policies::policy as everybody,
    tenant::{MfaState, Source, TenantId, User, UserId},
};

fn tenant(policies: Option<Vec<Policy>>) -> ObservedTenant {
    let user =
        User::new(UserId::new(uuid::Uuid::from_u128(7)), "anna.berg@contoso.com".into(), MfaState::Enforced.into());
    let id = TenantId::new(uuid::Uuid::from_u128(1));
    let mut tenant = ObservedTenant::new(
        id,
        "Contoso".into(),
        Source::Snapshot,
        "2026-11-20T08:00:00Z".parse().unwrap(),
        vec![user],
    );
    tenant.conditional_access = policies;
    tenant
}

/// What covers Anna, once the policies of this document stand.
fn coverage(document: &Value) -> Coverage {
    let mut tenant = tenant(Some(Vec::new()));
    assume(&[read("ca.json", &document.to_string()).unwrap()], &mut tenant).unwrap();
    CompiledPolicies::new(&tenant).coverage(&tenant.users()[0])
}

fn resource(values: Value) -> Value {
    json!({"address": "azuread_conditional_access_policy.mfa", "mode": "managed", "type": RESOURCE, "values": values})
}

/// MFA for everybody, as the provider has it.
fn require_mfa() -> Value {
    json!({
        "display_name": "Require MFA", "state": "enabled", "id": null, "session_controls": [], "timeouts": null,
        "conditions": [{
            "client_app_types": ["all"], "insider_risk_levels": "", "sign_in_risk_levels": [], "user_risk_levels": null,
            "authentication_flow_transfer_methods": [], "devices": [], "locations": [], "platforms": [],
            "applications": [{"included_applications": ["All"], "excluded_applications": [], "filter": []}],
            "users": [{"included_users": ["All"], "excluded_users": [], "excluded_groups": [], "included_roles": null,
                "excluded_guests_or_external_users": []}]
        }],
        "grant_controls": [{"operator": "OR", "built_in_controls": ["mfa"], "terms_of_use": [],
            "authentication_strength_policy_id": ""}]
    })
}

fn state(resources: &[Value]) -> Value {
    json!({"format_version": "1.0", "terraform_version": "1.11.4", "values": {"root_module": {"resources": resources}}})
}

fn planned(change: Value) -> Value {
    json!({"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [{
        "address": "azuread_conditional_access_policy.mfa", "mode": "managed", "type": RESOURCE, "change": change
    }]})
}

#[test]
fn every_shape_of_a_file_reads_as_the_same_policy() {
    let graph = serde_json::to_value(everybody("Require MFA")).unwrap();
    let mut with_nulls = graph.clone();
    with_nulls["id"] = Value::Null;
    with_nulls["conditions"]["locations"] = Value::Null;
    with_nulls["conditions"]["users"]["includeGuestsOrExternalUsers@odata.type"] = "#microsoft.graph.x".into();
    with_nulls["sessionControls"] = json!({"signInFrequency": {"isEnabled": true}});
    let body = json!({"url": "/v1.0/identity/conditionalAccess/policies/", "body": with_nulls});
    let as_text = json!({"url": "identity/conditionalAccess/policies", "body": with_nulls.to_string()});
    let msgraph = |values: Value| {
        let mut one = resource(values);
        one["type"] = "msgraph_resource".into();
        one
    };
    let child = json!({"format_version": "1.0", "terraform_version": "1.11.4", "values": {"root_module": {
        "child_modules": [{"child_modules": [{"resources": [resource(require_mfa())]}]}]}}});
    let wanted = meaning(&everybody("Require MFA"));
    for (story, document) in [
        ("one policy of Graph", with_nulls.clone()),
        ("a list", json!([with_nulls])),
        ("an answer of Graph", json!({"@odata.context": "…", "value": [graph]})),
        ("a state", state(&[resource(require_mfa())])),
        ("a module of a module", child),
        (
            "a plan",
            planned(
                json!({"actions": ["create"], "before": null, "after": require_mfa(), "after_unknown": {"id": true}}),
            ),
        ),
        ("another provider", state(&[msgraph(body)])),
        ("another provider, as text", state(&[msgraph(as_text)])),
    ] {
        let file = read("ca.json", &document.to_string()).unwrap();
        let meanings: Vec<_> = file.policies.iter().map(meaning).collect();
        assert_eq!(meanings, std::slice::from_ref(&wanted), "{story}");
        assert!(matches!(coverage(&document), Coverage::Full { .. }), "{story}");
    }
}

#[test]
fn what_terraform_does_not_know_yet_is_never_cover() {
    let unknown = |pointer: &str, after: Value| {
        let mut values = require_mfa();
        let mut marks = json!({"id": true});
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let place = if parent.is_empty() { &mut values } else { values.pointer_mut(parent).unwrap() };
        place[key] = after.clone();
        // The marks have the shape of the values.
        let mut at = &mut marks;
        for step in pointer.split('/').skip(1) {
            at = match step.parse::<usize>() {
                Ok(_) => {
                    *at = json!([{}]);
                    &mut at[0]
                }
                Err(_) => {
                    if at.is_null() {
                        *at = json!({});
                    }
                    &mut at[step]
                }
            };
        }
        *at = match after {
            Value::Array(items) => items.iter().map(|one| Value::from(one.is_null())).collect(),
            _ => true.into(),
        };
        coverage(&planned(json!({"actions": ["create"], "after": values, "after_unknown": marks})))
    };
    for (pointer, after) in [
        ("/conditions/0/users/0/excluded_groups", json!([null])),
        ("/conditions/0/users/0/excluded_groups", json!(["11111111-0000-4000-8000-000000000001", null])),
        ("/conditions/0/users/0/excluded_users", Value::Null),
        ("/conditions/0/users/0/excluded_guests_or_external_users", Value::Null),
        ("/conditions/0/users/0/included_users", json!([null])),
        ("/conditions/0/applications/0/included_applications", json!([null])),
        ("/conditions/0/applications/0/excluded_applications", json!([null])),
        ("/conditions/0/applications/0/filter", Value::Null),
        ("/conditions/0/applications/0/included_user_actions", Value::Null),
        ("/conditions/0/users", Value::Null),
        ("/conditions/0/locations", Value::Null),
        ("/conditions/0/locations", json!([null])),
        ("/conditions/0/client_app_types", json!([null])),
        ("/conditions/0/sign_in_risk_levels", Value::Null),
        ("/conditions", Value::Null),
        ("/grant_controls/0/built_in_controls", json!(["mfa", null])),
        ("/grant_controls/0/operator", Value::Null),
        ("/grant_controls", Value::Null),
        ("/state", Value::Null),
    ] {
        // Unknown actions beside all resources restrict nothing that is known; all others must not cover.
        let found = unknown(pointer, after.clone());
        let harmless = pointer.ends_with("included_user_actions");
        assert!(harmless || !found.is_full(), "{pointer} = {after}: {found:?}");
    }
    assert!(unknown("/display_name", Value::Null).is_full());
}

/// Every attribute of the resource lands in a member that coverage understands.
#[test]
fn no_attribute_of_the_provider_is_a_stranger() {
    fn sample(attributes: &[Attribute]) -> Value {
        let one = |attribute: &Attribute| {
            let value = match (&attribute.kind, attribute.name) {
                (Kind::Block(inner), _) => json!([sample(inner)]),
                (Kind::Joined(_), _) => json!(["internalGuest", "serviceProvider"]),
                (Kind::Strength, _) => {
                    json!("/policies/authenticationStrengthPolicies/00000000-0000-0000-0000-000000000004")
                }
                (
                    Kind::Same,
                    "display_name" | "state" | "operator" | "mode" | "rule" | "membership_kind" | "insider_risk_levels",
                ) => {
                    json!("enabled")
                }
                (Kind::Same, _) => json!(["All"]),
            };
            (attribute.name.to_owned(), value)
        };
        Value::Object(attributes.iter().map(one).collect())
    }
    let file = read("state.json", &state(&[resource(sample(ATTRIBUTES))]).to_string()).unwrap();
    let [policy] = file.policies.as_slice() else { panic!("one policy") };
    let conditions = &policy.conditions;
    let users = &conditions.users;
    let guests = users.exclude_guests_or_external_users.as_ref().unwrap();
    let grant = policy.grant_controls.as_ref().unwrap();
    for others in [&conditions.other, &users.other, &conditions.applications.other, &guests.other, &grant.other] {
        assert!(others.is_empty(), "{others:?}");
    }
    assert_eq!(guests.guest_or_external_user_types, "internalGuest,serviceProvider");
    assert_eq!(grant.authentication_strength.as_ref().unwrap().id, "00000000-0000-0000-0000-000000000004");
    assert_eq!(conditions.authentication_flows, Some(json!({"transferMethods": "internalGuest,serviceProvider"})));
    // An attribute of a later version narrows the policy to nobody knows what.
    let mut later = require_mfa();
    later["conditions"][0]["moon_phase"] = "full".into();
    assert!(!coverage(&state(&[resource(later)])).is_full());
}

#[test]
fn a_file_that_is_none_is_refused_with_the_reason() {
    for (text, reason) in [
        ("{", "ca.json: is not JSON: EOF while parsing an object at line 1 column 1"),
        ("[]", "ca.json: has no Conditional Access policy"),
        (
            "{\"users\": []}",
            "ca.json: is neither Conditional Access policies of Microsoft Graph (one, a list, or `{\"value\": […]}`) nor what `terraform show -json` writes",
        ),
        (
            "[{\"displayName\": \"Require MFA\"}]",
            "ca.json: [0] has no `state`: whether it is in force is not to be guessed",
        ),
        ("[{\"state\": \"enabled\"}]", "ca.json: [0] has neither `id` nor `displayName`"),
        ("[{\"id\": \"1\", \"state\": 7}]", "ca.json: [0]: invalid type: integer `7`, expected string or map"),
        (&state(&[]).to_string(), "ca.json: has no Conditional Access policy"),
    ] {
        assert_eq!(read("ca.json", text).unwrap_err().to_string(), reason);
    }
}

#[test]
fn each_policy_stands_in_the_place_of_the_one_it_replaces() {
    let named = |id: &str, name: &str| Policy { id: id.into(), ..everybody(name) };
    let real = vec![named("a", "One"), named("b", "Two"), named("c", "Three"), named("d", "Three")];
    let report_only = Policy { state: PolicyState::EnabledForReportingButNotEnforced, ..named("", "Two") };
    let file = |policies: &[Policy]| read("ca.json", &serde_json::to_string(policies).unwrap());
    let mut one = tenant(Some(real.clone()));
    let given = [named("A", "One, renamed"), report_only, named("", "New"), named("d", "Three")];
    let assumption = assume(&[file(&given).unwrap()], &mut one).unwrap();
    let names: Vec<_> = one.conditional_access.iter().flatten().map(|one| one.display_name.to_string()).collect();
    assert_eq!(names, ["One, renamed (assumed)", "Two (assumed)", "Three", "Three", "New (assumed)"]);
    let in_tenant: Vec<_> = assumption.record.policies.iter().map(|one| one.in_tenant).collect();
    assert_eq!(in_tenant, [InTenant::Different, InTenant::Different, InTenant::Missing, InTenant::Same]);
    assert_eq!(assumption.record.sentence().unwrap(), "assumes 3 policies of ca.json that the tenant does not have");
    assert_eq!(assumption.notes, ["assumed policy \"Two\" is not enabled: it covers nobody"]);
    assert_eq!(
        assumption.record.differences(&real),
        [
            "policy \"One, renamed\" differs in `displayName`",
            "policy \"Two\" differs in `state`",
            "policy \"New\" is not there"
        ]
    );

    let ambiguous = assume(&[file(&[named("", "Three")]).unwrap()], &mut tenant(Some(real.clone()))).unwrap_err();
    assert_eq!(
        ambiguous.to_string(),
        "ca.json: the tenant has 2 policies named \"Three\": which of them is meant? Give the `id`"
    );
    let twice = assume(&[file(&[named("a", "One"), named("A", "One")]).unwrap()], &mut tenant(Some(real))).unwrap_err();
    assert_eq!(twice.to_string(), "ca.json: policy \"One\" is given a second time");
    let blind = assume(&[file(&[named("", "New")]).unwrap()], &mut tenant(None)).unwrap_err();
    assert!(blind.message.contains("the tenant's own policies are not known"), "{blind}");
}

#[test]
fn what_a_terraform_plan_deletes_or_replaces_does_not_stand() {
    let real = || vec![Policy { id: "p1".into(), ..everybody("Require MFA") }];
    let before = || {
        let mut values = require_mfa();
        values["id"] = "/identity/conditionalAccess/policies/p1".into();
        values
    };
    let standing = |change: Value| {
        let mut tenant = tenant(Some(real()));
        let assumption = assume(&[read("plan.json", &planned(change).to_string()).unwrap()], &mut tenant).unwrap();
        let names: Vec<_> =
            tenant.conditional_access.iter().flatten().map(|one| one.display_name.to_string()).collect();
        (names, assumption.record.removed)
    };
    let deleted = standing(json!({"actions": ["delete"], "before": before(), "after": null, "after_unknown": {}}));
    assert_eq!(deleted, (Vec::new(), vec!["Require MFA".into()]));
    let mut renamed = require_mfa();
    renamed["display_name"] = "Anew".into();
    let replaced =
        json!({"actions": ["delete", "create"], "before": before(), "after": renamed, "after_unknown": {"id": true}});
    assert_eq!(standing(replaced), (vec!["Anew (assumed)".into()], vec!["Require MFA".into()]));
    let kept = json!({"actions": ["no-op"], "before": before(), "after": before(), "after_unknown": {}});
    assert_eq!(standing(kept), (vec!["Require MFA".into()], Vec::new()));
    let forgotten =
        read("plan.json", &planned(json!({"actions": ["forget"], "before": before(), "after": null})).to_string());
    assert!(forgotten.is_err(), "a forgotten resource leaves the policy alone");
}

proptest! {
    /// Two exports of one policy have one meaning and one digest, whatever the order and the case of ids.
    #[test]
    fn a_meaning_has_one_spelling(ids in prop::collection::vec(any::<u128>(), 0..6), shuffled in any::<prop::sample::Index>()) {
        let mut one = everybody("Require MFA");
        let texts: Vec<Text> = ids.iter().map(|id| uuid::Uuid::from_u128(*id).to_string().into()).collect();
        one.conditions.users.exclude_groups = texts.clone();
        let mut other = one.clone();
        let groups = &mut other.conditions.users.exclude_groups;
        if !groups.is_empty() {
            let by = shuffled.index(groups.len());
            groups.rotate_left(by);
        }
        for id in groups.iter_mut() {
            *id = id.to_uppercase().into();
        }
        other.conditions.locations = Some(json!({"includeLocations": [], "@odata.type": "x"}));
        let (one, other) = (meaning(&one), meaning(&other));
        prop_assert_eq!(first_difference(&one, &other), None);
        prop_assert_eq!(digest([&one].into_iter()), digest([&other].into_iter()));
    }
}
