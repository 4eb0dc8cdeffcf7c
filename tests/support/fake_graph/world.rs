//! The tenant behind the fake: seeded from a snapshot file, changed by writes.

use std::{
    collections::{BTreeMap, HashMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use serde_json::{Map, Value, json};

use super::{options::FakeOptions, sign_ins};

/// Directory attributes that `/users` gives under the snapshot's own names.
const ATTRIBUTES: &[&str] = &[
    "id",
    "userPrincipalName",
    "displayName",
    "mail",
    "givenName",
    "surname",
    "department",
    "jobTitle",
    "companyName",
    "country",
    "officeLocation",
    "employeeId",
    "employeeType",
    "userType",
    "accountEnabled",
    "onPremisesSyncEnabled",
    "createdDateTime",
    "passwordPolicies",
    "lastPasswordChangeDateTime",
    "onPremisesExtensionAttributes",
];

pub struct FakeUser {
    pub id: String,
    /// What `/users` can select.
    pub attributes: Map<String, Value>,
    /// The seed's own object.
    pub seed: Map<String, Value>,
    pub state: Option<String>,
    /// The state before the last write, and how many reads still see it.
    pub old: Option<(Option<String>, u32)>,
    pub deleted: bool,
}

impl FakeUser {
    pub fn registered(&self) -> bool {
        self.seed.get("isMfaRegistered").and_then(Value::as_bool).unwrap_or(false)
    }

    /// The state as a read sees it.
    pub fn read_state(&mut self) -> Option<String> {
        match &mut self.old {
            Some((old, left)) if *left > 0 => {
                *left -= 1;
                old.clone()
            }
            _ => self.state.clone(),
        }
    }
}

pub struct World {
    pub tenant: Map<String, Value>,
    pub tenant_id: String,
    pub captured_at: String,
    pub registration_at: String,
    pub users: Vec<FakeUser>,
    pub by_id: HashMap<String, usize>,
    pub groups: Vec<Value>,
    pub members: HashMap<String, Vec<usize>>,
    pub policies: Option<Vec<Value>>,
    pub skus: Vec<Value>,
    pub role_definitions: Vec<Value>,
    pub role_assignments: Vec<Value>,
    pub role_eligibility: Vec<Value>,
    pub registration: Vec<Value>,
    pub devices: Vec<Value>,
    pub sign_ins: sign_ins::Log,
    /// How many reads of a state after its write still see the old one.
    pub stale_reads: u32,
    pub premium: bool,
    pub premium_p2: bool,
    /// Facts the seed does not have at all: the fake refuses them.
    pub refused: Vec<String>,
}

/// A stable GUID for a name.
pub fn guid(kind: &str, name: &str) -> String {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (kind, name, salt).hash(&mut hasher);
        hasher.finish()
    };
    uuid::Uuid::from_u64_pair(half(0), half(1)).to_string()
}

fn list(value: Option<&Value>) -> Vec<Value> {
    value.and_then(Value::as_array).cloned().unwrap_or_default()
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

impl World {
    pub fn new(seed: &str, options: &FakeOptions) -> Self {
        let seed: Value = serde_json::from_str(seed.trim_start_matches('\u{feff}')).expect("the seed is a snapshot");
        let tenant = seed["tenant"].as_object().cloned().expect("the seed names a tenant");
        let tenant_id = text(tenant.get("id")).expect("the tenant has an id");
        let captured_at = text(seed.get("capturedAt")).unwrap_or_else(|| "2026-11-20T08:00:00Z".to_owned());
        let raw_users = list(seed.get("users"));
        let any = |key: &str| raw_users.iter().any(|user| user.get(key).is_some());

        let plans: Vec<String> = list(tenant.get("servicePlans")).iter().filter_map(|plan| text(Some(plan))).collect();
        let premium = options.premium.unwrap_or_else(|| {
            if tenant.contains_key("servicePlans") {
                plans.iter().any(|plan| plan.starts_with("AAD_PREMIUM"))
            } else {
                any("signIns") || any("isMfaRegistered")
            }
        });
        let eligible =
            raw_users.iter().flat_map(|user| list(user.get("directoryRoles"))).any(|role| role["permanent"] == false);
        let premium_p2 =
            options.premium_p2.unwrap_or_else(|| eligible || plans.iter().any(|plan| plan == "AAD_PREMIUM_P2"));

        let mut refused: Vec<String> =
            list(seed.get("unavailable")).iter().filter_map(|one| text(one.get("fact"))).collect();
        for (fact, known) in [
            ("registration", any("isMfaRegistered") || any("isMfaCapable") || any("methodsRegistered")),
            ("sign_ins", any("signIns")),
            ("sign_in_activity", any("lastSignInDateTime")),
            ("licenses", any("licenses")),
            ("roles", any("directoryRoles")),
            ("mailbox_purpose", any("mailboxPurpose")),
            ("devices", any("deviceCount")),
            ("security_defaults", tenant.contains_key("securityDefaultsEnabled")),
            ("domains", tenant.contains_key("domains")),
            ("mfa_service_policy", tenant.contains_key("mfaServicePolicy")),
            ("authentication_methods_policy", tenant.contains_key("authenticationMethodsPolicy")),
            ("conditional_access", seed.get("conditionalAccessPolicies").is_some()),
        ] {
            if !known && !refused.iter().any(|one| one == fact) {
                refused.push(fact.to_owned());
            }
        }

        let registration_at = text(seed.get("registrationCapturedAt")).unwrap_or_else(|| captured_at.clone());
        let mut world = Self {
            sign_ins: sign_ins::Log::default(),
            skus: skus(&tenant_id, &raw_users, tenant.contains_key("servicePlans").then_some(&plans)),
            groups: list(seed.get("groups")),
            policies: seed.get("conditionalAccessPolicies").map(|all| list(Some(all))),
            tenant,
            tenant_id,
            captured_at,
            registration_at,
            users: Vec::with_capacity(raw_users.len()),
            by_id: HashMap::new(),
            members: HashMap::new(),
            role_definitions: Vec::new(),
            role_assignments: Vec::new(),
            role_eligibility: Vec::new(),
            registration: Vec::new(),
            devices: Vec::new(),
            stale_reads: options.stale_reads,
            premium,
            premium_p2,
            refused,
        };
        let mut definitions = BTreeMap::new();
        for user in raw_users {
            let Value::Object(user) = user else { continue };
            world.add(user, &mut definitions);
        }
        world.role_definitions = definitions.into_values().collect();
        world.sign_ins = sign_ins::Log::new(&world.users, &world.captured_at);
        world
    }

    fn add(&mut self, seed: Map<String, Value>, definitions: &mut BTreeMap<String, Value>) {
        let id = text(seed.get("id")).expect("a user has an id");
        let index = self.users.len();
        let mut attributes = Map::new();
        for key in ATTRIBUTES {
            if let Some(value) = seed.get(*key) {
                attributes.insert((*key).to_owned(), value.clone());
            }
        }
        // A kind of user is named in every list of users; its own members come only where they are asked for by a cast.
        if ["@odata.type", "identityParentId"].iter().any(|key| seed.contains_key(*key)) {
            attributes.insert("@odata.type".to_owned(), json!("#microsoft.graph.agentUser"));
        }
        if let Some(licenses) = seed.get("licenses").and_then(Value::as_array) {
            let assigned = licenses.iter().filter_map(Value::as_str);
            let assigned: Vec<Value> =
                assigned.map(|name| json!({"skuId": guid("sku", name), "disabledPlans": []})).collect();
            attributes.insert("assignedLicenses".to_owned(), assigned.into());
        }
        if let Some(interactive) = seed.get("lastInteractiveSignInDateTime").or(seed.get("lastSignInDateTime")) {
            let never = json!("0001-01-01T00:00:00Z");
            let or_never =
                |value: Option<&Value>| value.filter(|value| !value.is_null()).cloned().unwrap_or(never.clone());
            let interactive = if seed.contains_key("lastInteractiveSignInDateTime") {
                or_never(Some(interactive))
            } else {
                never.clone()
            };
            attributes.insert(
                "signInActivity".to_owned(),
                json!({"lastSignInDateTime": interactive,
                       "lastNonInteractiveSignInDateTime": or_never(seed.get("lastSignInDateTime"))}),
            );
        }
        for group in list(seed.get("memberOf")) {
            if let Some(group) = group.as_str() {
                self.members.entry(group.to_lowercase()).or_default().push(index);
            }
        }
        for role in list(seed.get("directoryRoles")) {
            let template = text(role.get("templateId")).unwrap_or_default();
            definitions.entry(template.clone()).or_insert_with(|| {
                json!({"id": template, "templateId": template, "displayName": role["displayName"],
                       "isBuiltIn": true, "isEnabled": true})
            });
            let row = json!({"id": guid("assignment", &format!("{id}{template}")), "principalId": id,
                "roleDefinitionId": template,
                "directoryScopeId": role.get("directoryScopeId").cloned().unwrap_or_else(|| json!("/")), "memberType": "Direct", "endDateTime": null,
                "principal": {"@odata.type": "#microsoft.graph.user", "id": id}});
            if role["permanent"] == json!(false) {
                self.role_eligibility.push(row);
            } else {
                self.role_assignments.push(row);
            }
        }
        if ["isMfaRegistered", "isMfaCapable", "methodsRegistered"].iter().any(|key| seed.contains_key(*key)) {
            let mut row = json!({"id": id, "userPrincipalName": seed.get("userPrincipalName"),
                                 "lastUpdatedDateTime": self.registration_at});
            for key in ["isMfaRegistered", "isMfaCapable", "methodsRegistered"] {
                if let Some(value) = seed.get(key) {
                    row[key] = value.clone();
                }
            }
            self.registration.push(row);
        }
        for number in 0..seed.get("deviceCount").and_then(Value::as_u64).unwrap_or(0) {
            self.devices
                .push(json!({"id": guid("device", &format!("{id}{number}")), "registeredOwners": [{"id": id}]}));
        }
        self.by_id.insert(id.to_lowercase(), index);
        let state = text(seed.get("perUserMfaState"));
        self.users.push(FakeUser { id, attributes, seed, state, old: None, deleted: false });
    }

    /// A user by object id or by sign-in name.
    pub fn find(&self, key: &str) -> Option<usize> {
        let live = |index: &usize| !self.users[*index].deleted;
        self.by_id.get(&key.to_lowercase()).copied().filter(live).or_else(|| {
            let named = |user: &FakeUser| {
                user.attributes
                    .get("userPrincipalName")
                    .and_then(Value::as_str)
                    .is_some_and(|upn| upn.eq_ignore_ascii_case(key))
            };
            if key.contains('@') { self.users.iter().position(named).filter(live) } else { None }
        })
    }
}

fn skus(tenant_id: &str, users: &[Value], plans: Option<&Vec<String>>) -> Vec<Value> {
    let mut names: Vec<String> =
        users.iter().flat_map(|user| list(user.get("licenses"))).filter_map(|name| text(Some(&name))).collect();
    names.sort();
    names.dedup();
    let sku = |name: &str, plans: Vec<Value>| {
        let id = guid("sku", name);
        json!({"id": format!("{tenant_id}_{id}"), "skuId": id, "skuPartNumber": name, "capabilityStatus": "Enabled",
               "consumedUnits": 1, "appliesTo": "User", "servicePlans": plans,
               "prepaidUnits": {"enabled": 1, "suspended": 0, "warning": 0, "lockedOut": 0}})
    };
    let mut skus: Vec<Value> = names.iter().map(|name| sku(name, Vec::new())).collect();
    if let Some(plans) = plans {
        let plan = |name: &String| {
            json!({"servicePlanId": guid("plan", name), "servicePlanName": name, "provisioningStatus": "Success",
                   "appliesTo": "User"})
        };
        skus.push(sku("TENANT_PLANS", plans.iter().map(plan).collect()));
    }
    skus
}
