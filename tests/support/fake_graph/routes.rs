//! The resources of Graph that a plan reads, and the one it writes.

use std::collections::HashMap;

use mfaplan::testing::graph::{Need, RequestSpec};
use serde_json::{Map, Value, json};

use super::{
    errors::Reply,
    options::{BulkState, FakeOptions},
    world::World,
};

/// A request, decoded.
pub struct Call<'a> {
    pub method: &'a str,
    pub version: &'a str,
    pub path: &'a str,
    /// Query parameters, decoded.
    pub query: &'a HashMap<String, String>,
    pub body: Option<&'a Value>,
    pub eventual: bool,
    pub origin: &'a str,
}

/// What a call did beside answering.
pub type Wrote = Option<(String, String)>;

pub fn answer(world: &mut World, options: &FakeOptions, call: &Call<'_>, spec: Option<&RequestSpec>) -> (Reply, Wrote) {
    let Some(spec) = spec else {
        let message = "Specified HTTP method is not allowed for the request target.";
        return (Reply::error(405, "Request_BadRequest", message), None);
    };
    let filter = call.query.get("$filter").map(|text| text.to_lowercase()).unwrap_or_default();
    let advanced =
        call.query.contains_key("$search") || [" ne ", "endswith(", "not("].iter().any(|part| filter.contains(part));
    if advanced && !(call.eventual && call.query.get("$count").is_some_and(|count| count == "true")) {
        let message = "This query only works with the request header 'ConsistencyLevel: eventual' and $count=true.";
        return (Reply::error(400, "Request_UnsupportedQuery", message), None);
    }
    if let Some(refusal) = permission(world, options, call, spec) {
        return (refusal, None);
    }
    let segments: Vec<&str> = call.path.trim_matches('/').split('/').collect();
    let get = match segments[..] {
        ["organization"] => organization(world, options),
        ["users"] => return (users(world, options, call), None),
        ["users", user] => match world.find(user) {
            Some(index) => Reply::ok(selected(&Value::Object(world.users[index].attributes.clone()), call)),
            None => Reply::not_found(user),
        },
        ["users", user, "authentication", "requirements"] if call.method == "PATCH" => {
            return patch(world, call, user);
        }
        ["users", user, "authentication", "requirements"] => return (requirements(world, user), None),
        ["users", user, "authentication", "methods"] => methods(world, user),
        ["users", user, "mailboxSettings", "userPurpose"] => mailbox(world, user),
        ["groups"] => groups(world, options, call),
        ["groups", group] => match world.groups.iter().find(|one| same(&one["id"], group)) {
            Some(found) => Reply::ok(found.clone()),
            None => Reply::not_found(group),
        },
        ["groups", group, "transitiveMembers"] => members(world, options, call, group),
        ["directoryRoles"] => Reply::ok(json!({"value": []})),
        ["roleManagement", "directory", "roleDefinitions"] => page(&world.role_definitions, options, call),
        ["roleManagement", "directory", "roleAssignments"] => page(&world.role_assignments, options, call),
        ["roleManagement", "directory", "roleAssignmentScheduleInstances"] => page(&[], options, call),
        ["roleManagement", "directory", "roleEligibilityScheduleInstances"] => {
            page(&world.role_eligibility, options, call)
        }
        ["reports", "authenticationMethods", "userRegistrationDetails"] => page(&world.registration, options, call),
        ["auditLogs", "signIns"] => sign_ins(world, options, call),
        ["identity", "conditionalAccess", "policies"] => policies(world, options, call),
        ["identity", "conditionalAccess", "plans"] => {
            let plans: Vec<Value> = (0..options.plans).map(|n| json!({"id": format!("plan-{n}")})).collect();
            page(&plans, options, call)
        }
        ["policies", "identitySecurityDefaultsEnforcementPolicy"] => Reply::ok(json!({
            "id": "00000000-0000-0000-0000-000000000005", "displayName": "Security Defaults",
            "isEnabled": world.tenant.get("securityDefaultsEnabled")})),
        ["policies", "authenticationMethodsPolicy"] => {
            Reply::ok(world.tenant.get("authenticationMethodsPolicy").cloned().unwrap_or_else(|| json!({})))
        }
        ["policies", "mfaServicePolicy"] => service_policy(world),
        ["subscribedSkus"] => page(&world.skus, options, call),
        ["domains"] => domains(world, options, call),
        ["domains", domain, "federationConfiguration"] => federation(world, domain),
        ["devices"] => page(&world.devices, options, call),
        _ => Reply::error(400, "BadRequest", "Resource not found for the segment."),
    };
    (get, None)
}

fn same(value: &Value, text: &str) -> bool {
    value.as_str().is_some_and(|value| value.eq_ignore_ascii_case(text))
}

/// Permissions, licences, and facts the seed does not have.
fn permission(world: &World, options: &FakeOptions, call: &Call<'_>, spec: &RequestSpec) -> Option<Reply> {
    let held = |name: &str| !options.denied.contains(name);
    let mut allowed = spec.permission.split(" and ").all(|name| !name.contains('.') || held(name));
    if call.path.ends_with("/requirements") && call.method == "GET" {
        allowed |= held("Policy.ReadWrite.AuthenticationMethod");
    }
    if let Need::Optional(fact) = spec.need
        && spec.method == "GET"
    {
        let by_methods = call.path.ends_with("/authentication/methods");
        allowed &= by_methods || !world.refused.iter().any(|refused| refused == fact.as_str());
    }
    if !allowed {
        return Some(Reply::denied(call.path));
    }
    if spec.licence.contains("P1") && !world.premium {
        return Some(Reply::no_premium());
    }
    (spec.licence.contains("P2") && !world.premium_p2).then(Reply::no_p2)
}

fn organization(world: &World, options: &FakeOptions) -> Reply {
    let id = options.organization_id.clone().unwrap_or_else(|| world.tenant_id.clone());
    let initial = world.tenant.get("initialDomain").map(|name| json!([{"name": name, "isInitial": true}]));
    let name = world.tenant.get("displayName");
    Reply::ok(json!({"value": [{"id": id, "displayName": name, "tenantType": "AAD", "verifiedDomains": initial}]}))
}

/// The policies of a version: v1.0 leaves out those with preview settings.
fn policies(world: &World, options: &FakeOptions, call: &Call<'_>) -> Reply {
    let all = world.policies.as_deref().unwrap_or_default();
    let shown = |policy: &&Value| call.version == "beta" || policy["conditions"]["agentIdRiskLevels"].is_null();
    let shown: Vec<Value> = all.iter().filter(shown).cloned().collect();
    let mut reply = page(&shown, options, call);
    if !options.uncounted && call.query.get("$count").is_some_and(|count| count == "true") {
        reply.body.get_or_insert_default()["@odata.count"] = json!(shown.len());
    }
    reply
}

/// A page of a prepared collection.
fn page(all: &[Value], options: &FakeOptions, call: &Call<'_>) -> Reply {
    let (from, size) = window(options, call, 999);
    let value: Vec<Value> = all.iter().skip(from).take(size).map(|one| selected(one, call)).collect();
    Reply::ok(paged(value, from + size < all.len(), from + size, options, call))
}

fn selected(value: &Value, call: &Call<'_>) -> Value {
    let (Some(select), Some(map)) = (call.query.get("$select"), value.as_object()) else { return value.clone() };
    let wanted: Vec<&str> = select.split(',').collect();
    let expand = call.query.get("$expand").map(|text| text.split('(').next().unwrap_or_default());
    let keep = |key: &str| wanted.contains(&key) || key.starts_with('@') || key == "id" || expand == Some(key);
    Value::Object(map.iter().filter(|(key, _)| keep(key)).map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn window(options: &FakeOptions, call: &Call<'_>, most: usize) -> (usize, usize) {
    let number = |name: &str| call.query.get(name).and_then(|text| text.parse::<usize>().ok());
    let size = number("$top").unwrap_or(100).clamp(1, most).min(options.page_size);
    (number("$skiptoken").unwrap_or(0), size)
}

fn paged(value: Vec<Value>, more: bool, next: usize, options: &FakeOptions, call: &Call<'_>) -> Value {
    let mut body =
        json!({"@odata.context": format!("https://graph.microsoft.com/{}/$metadata#x", call.version), "value": value});
    let next = if options.circular { 1 } else { next };
    if more || options.circular {
        let origin = options.foreign_next_link.as_deref().unwrap_or(call.origin);
        let mut link = format!("{origin}/{}{}?", call.version, call.path);
        for (name, value) in call.query {
            if name != "$skiptoken" {
                link.push_str(&format!("{}={}&", super::urls::encode(name), super::urls::encode(value)));
            }
        }
        body["@odata.nextLink"] = json!(format!("{link}$skiptoken={next}"));
    }
    body
}

fn users(world: &World, options: &FakeOptions, call: &Call<'_>) -> Reply {
    let select: Vec<&str> = call.query.get("$select").map(|text| text.split(',').collect()).unwrap_or_default();
    let activity = select.contains(&"signInActivity");
    let state = select.contains(&"perUserMfaState");
    if state && options.bulk_state == BulkState::Refused {
        return Reply::error(400, "Request_BadRequest", "Could not find a property named 'perUserMfaState'.");
    }
    if call.query.get("$filter").is_some_and(|filter| filter == "accountEnabled eq true") {
        return counted(world, options, call);
    }
    let (from, size) = window(options, call, if activity { 500 } else { 999 });
    let value: Vec<Value> = world
        .users
        .iter()
        .enumerate()
        .skip(from)
        .take(size)
        .filter(|(_, user)| !user.deleted)
        .map(|(index, user)| {
            let wanted = user
                .attributes
                .iter()
                .filter(|(key, _)| select.contains(&key.as_str()) || *key == "id" || key.starts_with('@'));
            let mut row: Map<String, Value> = wanted.map(|(key, value)| (key.clone(), value.clone())).collect();
            let shown = match options.bulk_state {
                _ if !state => None,
                BulkState::Served => Some(json!(user.state)),
                BulkState::Partial if index % 2 == 0 => Some(json!(user.state)),
                BulkState::Partial => Some(Value::Null),
                BulkState::Stale => Some(json!("disabled")),
                BulkState::Absent | BulkState::Refused => None,
            };
            if let Some(shown) = shown {
                row.insert("perUserMfaState".to_owned(), shown);
            }
            Value::Object(row)
        })
        .collect();
    Reply::ok(paged(value, from + size < world.users.len(), from + size, options, call))
}

/// Users who may sign in; their number is told to advanced queries only.
fn counted(world: &World, options: &FakeOptions, call: &Call<'_>) -> Reply {
    let enabled = |user: &&super::world::FakeUser| !user.deleted && user.attributes["accountEnabled"] == json!(true);
    let all: Vec<Value> = world.users.iter().filter(enabled).map(|user| json!({"id": user.id})).collect();
    let (from, size) = window(options, call, 999);
    let value = all.iter().skip(from).take(size).cloned().collect();
    let mut body = paged(value, from + size < all.len(), from + size, options, call);
    if !options.uncounted && call.eventual && call.query.get("$count").is_some_and(|count| count == "true") {
        body["@odata.count"] = json!(all.len());
    }
    Reply::ok(body)
}

fn requirements(world: &mut World, user: &str) -> Reply {
    let Some(index) = world.find(user) else { return Reply::not_found(user) };
    let state = world.users[index].read_state();
    Reply::ok(json!({
        "@odata.context": format!("https://graph.microsoft.com/beta/$metadata#users('{user}')/authentication/requirements"),
        "perUserMfaState": state}))
}

fn patch(world: &mut World, call: &Call<'_>, user: &str) -> (Reply, Wrote) {
    let wanted = call.body.and_then(|body| body["perUserMfaState"].as_str()).map(str::to_lowercase);
    let Some(wanted) = wanted.filter(|state| matches!(state.as_str(), "disabled" | "enabled" | "enforced")) else {
        return (Reply::error(400, "badRequest", "Invalid value for perUserMfaState."), None);
    };
    let Some(index) = world.find(user) else { return (Reply::not_found(user), None) };
    let user = &mut world.users[index];
    // The service promotes a user who has registered a method at once.
    let state = if wanted == "enabled" && user.registered() { "enforced".to_owned() } else { wanted.clone() };
    if world.stale_reads > 0 {
        user.old = Some((user.state.clone(), world.stale_reads));
    }
    user.state = Some(state);
    (Reply::no_content(), Some((user.id.clone(), wanted)))
}

fn methods(world: &World, user: &str) -> Reply {
    let Some(index) = world.find(user) else { return Reply::not_found(user) };
    let mut value = vec![json!({"@odata.type": "#microsoft.graph.passwordAuthenticationMethod",
        "id": "28c10230-6103-485e-b985-444c60001490"})];
    for name in world.users[index].seed.get("methodsRegistered").and_then(Value::as_array).into_iter().flatten() {
        let (kind, phone) = match name.as_str().unwrap_or_default() {
            "microsoftAuthenticatorPush" => ("microsoftAuthenticator", None),
            "mobilePhone" => ("phone", Some("mobile")),
            "alternateMobilePhone" => ("phone", Some("alternateMobile")),
            "officePhone" => ("phone", Some("office")),
            "softwareOneTimePasscode" => ("softwareOath", None),
            "hardwareOneTimePasscode" => ("hardwareOath", None),
            "fido2SecurityKey" | "passKeyDeviceBound" => ("fido2", None),
            other => (other, None),
        };
        let mut method = json!({"@odata.type": format!("#microsoft.graph.{kind}AuthenticationMethod"), "id": "x"});
        if let Some(phone) = phone {
            method["phoneType"] = json!(phone);
        }
        value.push(method);
    }
    Reply::ok(json!({"value": value}))
}

fn mailbox(world: &World, user: &str) -> Reply {
    let purpose = world.find(user).and_then(|index| world.users[index].seed.get("mailboxPurpose"));
    match purpose {
        Some(purpose) => Reply::ok(json!({"value": purpose})),
        None => Reply::error(
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        ),
    }
}

fn groups(world: &World, options: &FakeOptions, call: &Call<'_>) -> Reply {
    let Some(filter) = call.query.get("$filter") else { return page(&world.groups, options, call) };
    // displayName eq 'x' or mail eq 'x', with quotes doubled.
    let wanted: Vec<(String, String)> = filter
        .split(" or ")
        .filter_map(|part| part.split_once(" eq "))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().trim_matches('\'').replace("''", "'")))
        .collect();
    let hit = |group: &&Value| wanted.iter().any(|(key, value)| same(&group[key.as_str()], value));
    let found: Vec<Value> = world.groups.iter().filter(hit).cloned().collect();
    page(&found, options, call)
}

fn members(world: &World, options: &FakeOptions, call: &Call<'_>, group: &str) -> Reply {
    let group_object = world.groups.iter().find(|one| same(&one["id"], group));
    let known = group_object.is_some();
    let hides = group_object.is_some_and(|one| same(&one["visibility"], "HiddenMembership"));
    if hides && options.denied.contains("Member.Read.Hidden") {
        return page(&[], options, call);
    }
    let Some(members) = world.members.get(&group.to_lowercase()) else {
        return if known { page(&[], options, call) } else { Reply::not_found(group) };
    };
    // Other kinds of members are mixed in: a client has to tell them apart.
    let device = json!({"@odata.type": "#microsoft.graph.device", "id": super::world::guid("device-member", group)});
    let users = members.iter().map(|index| &world.users[*index]).filter(|user| !user.deleted);
    let users = users.map(|user| json!({"@odata.type": "#microsoft.graph.user", "id": user.id}));
    let all: Vec<Value> = std::iter::once(device).chain(users).collect();
    page(&all, options, call)
}

fn sign_ins(world: &World, options: &FakeOptions, call: &Call<'_>) -> Reply {
    let filter = call.query.get("$filter").map(String::as_str).unwrap_or_default();
    let interactive = !filter.contains("'nonInteractiveUser'");
    let (from, size) = window(options, call, options.log_page.unwrap_or(1000));
    if world.sign_ins.filters(filter) {
        let (records, total) = world.sign_ins.filtered(&world.users, filter, interactive, from, size);
        return Reply::ok(paged(records, from + size < total, from + size, options, call));
    }
    let (records, total) = world.sign_ins.page(&world.users, interactive, from, size);
    Reply::ok(paged(records, from + size < total, from + size, options, call))
}

fn service_policy(world: &World) -> Reply {
    let policy = world.tenant.get("mfaServicePolicy").cloned().unwrap_or_else(|| json!({}));
    let days = policy["rememberMfaDays"].as_u64();
    Reply::ok(json!({
        "allowAppPasswords": policy["allowAppPasswords"],
        "trustedIps": {"skipMfaForFederatedUsers": policy["skipMfaForFederatedUsers"], "ipAddresses": policy["trustedIps"]},
        "rememberMfaOnTrustedDevice": {"isEnabled": days.map(|days| days > 0), "allowedNumberOfDays": days}}))
}

fn domains(world: &World, options: &FakeOptions, call: &Call<'_>) -> Reply {
    let all: Vec<Value> = world
        .tenant
        .get("domains")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .cloned()
        .map(|mut domain| {
            domain["isVerified"] = json!(true);
            domain
        })
        .collect();
    page(&all, options, call)
}

fn federation(world: &World, domain: &str) -> Reply {
    let all = world.tenant.get("domains").and_then(Value::as_array).into_iter().flatten();
    let found = all.into_iter().find(|one| same(&one["id"], domain));
    match found {
        Some(found) => {
            Reply::ok(json!({"value": [{"id": "x", "federatedIdpMfaBehavior": found["federatedIdpMfaBehavior"]}]}))
        }
        None => Reply::not_found(domain),
    }
}
