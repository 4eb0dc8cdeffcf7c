//! The Graph adapter against a fake Graph over real HTTP.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod documents;
mod faults;
mod groups;
mod kept;
mod limits;
mod policies;
mod reading;
mod signing_in;
#[path = "../support/mod.rs"]
mod support;
mod writing;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use mfaplan::testing::{
    graph::{
        Cloud, Endpoints, GraphTenant, Options, Pacing, Patience,
        credentials::{Credential, Keeping, Method, Prompt, StoreError, TokenStore},
    },
    tenant::{
        Attribute, Fact, LastSignIn, MailboxPurpose, MfaState, ObservedTenant, ReadProgress, ReadRequest, StateRead,
        TenantRead, TenantWrite, User, UserId, WriteErrorKind,
    },
};
use support::fake_graph::{BulkState, FakeGraph, FakeOptions, Fault, Faults, RetryAfter, Throttle};

const TENANT: &str = "7f3a0d7e-4a64-4d6e-9a3f-0c1d2e3f4a5b";
const FINANCE: &str = "a0000000-0000-4000-8000-000000000001";
const EXCLUDED: &str = "a0000000-0000-4000-8000-000000000002";

#[derive(Default)]
struct Heard(Mutex<BTreeMap<String, u64>>, Mutex<Vec<String>>);

impl ReadProgress for Heard {
    fn progress(&self, what: &str, done: u64, _total: Option<u64>) {
        self.0.lock().unwrap().insert(what.to_owned(), done);
    }
    fn waiting(&self, seconds: f64, why: &str) {
        self.1.lock().unwrap().push(format!("{seconds:.0} s: {why}"));
    }
}

fn id(n: u32) -> UserId {
    format!("00000000-0000-4000-8000-{n:012}").parse().unwrap()
}

/// A tenant of `count` invented people, with everything a snapshot can say of them.
fn seed(count: u32) -> String {
    let users: Vec<_> = (0..count)
        .map(|n| {
            let state = ["disabled", "enabled", "enforced"][n as usize % 3];
            serde_json::json!({
                "id": id(n).to_string(), "userPrincipalName": format!("user{n:05}@contoso.com"),
                "displayName": format!("User {n}"), "mail": format!("user{n:05}@contoso.com"), "department": null,
                "jobTitle": "Clerk", "userType": if n % 7 == 3 { "Guest" } else { "Member" }, "accountEnabled": n % 5 != 4,
                "onPremisesSyncEnabled": null, "createdDateTime": "2024-01-02T03:04:05Z",
                "passwordPolicies": if n % 2 == 0 { serde_json::json!("DisablePasswordExpiration") } else { serde_json::Value::Null },
                "licenses": ["SPE_E3", if n % 2 == 0 { "EMS" } else { "VISIOCLIENT" }],
                "onPremisesExtensionAttributes": {"extensionAttribute1": "cost-4711"},
                "perUserMfaState": state, "isMfaRegistered": n % 2 == 0, "isMfaCapable": n % 2 == 0,
                "methodsRegistered": if n % 2 == 0 { vec!["microsoftAuthenticatorPush"] } else { vec![] },
                "memberOf": if n % 3 == 0 { vec![FINANCE] } else { vec![] }, "mailboxPurpose": "user", "deviceCount": n % 3,
                "directoryRoles": if n == 1 {
                    serde_json::json!([{"templateId": "62e90394-69f5-4237-9190-012177145e10", "displayName": "Global Administrator", "permanent": true}])
                } else if n == 2 {
                    serde_json::json!([{"templateId": "f2ef992c-3afb-46b9-b7cf-a126ee74c451", "displayName": "Global Reader", "permanent": false}])
                } else { serde_json::json!([]) },
                "lastSignInDateTime": "2026-11-19T08:00:00Z", "lastInteractiveSignInDateTime": "2026-11-18T08:00:00Z",
                "signIns": {"windowDays": 30, "interactive": 3 + n % 4, "interactiveMfa": 2, "nonInteractive": 4, "failed": 1,
                    "ropc": 1, "appPassword": 0, "distinctIps": 3, "activeHours": 4, "weekendShare": 0.0,
                    "legacy": {"Authenticated SMTP": {"count": 2, "last": "2026-11-12T08:00:00Z", "distinctIps": 1}},
                    "apps": [{"id": "00000002-0000-0ff1-ce00-000000000000", "displayName": "Exchange", "count": 5}],
                    "clients": ["Mozilla/5.0"]}
            })
        })
        .collect();
    serde_json::json!({
        "formatVersion": "1.0", "capturedAt": "2026-11-20T08:00:00Z",
        "tenant": {"id": TENANT, "displayName": "Contoso", "servicePlans": ["AAD_PREMIUM", "AAD_PREMIUM_P2"],
            "securityDefaultsEnabled": false,
            "domains": [{"id": "contoso.com", "authenticationType": "Managed"},
                        {"id": "fabrikam.com", "authenticationType": "Federated", "federatedIdpMfaBehavior": "enforceMfaByFederatedIdp"}],
            "mfaServicePolicy": {"allowAppPasswords": true, "trustedIps": ["192.0.2.0/24"], "skipMfaForFederatedUsers": false, "rememberMfaDays": 14},
            "authenticationMethodsPolicy": {"policyMigrationState": "migrationComplete"}},
        "groups": [{"id": FINANCE, "displayName": "SG-Finance O'Brien", "mail": "finance@contoso.com"},
                   {"id": EXCLUDED, "displayName": "SG-Excluded", "mail": null}],
        "conditionalAccessPolicies": [{"id": "c1", "displayName": "Require MFA", "state": "enabled",
            "conditions": {"users": {"includeUsers": ["All"], "excludeGroups": [EXCLUDED]}, "applications": {"includeApplications": ["All"]},
                "clientAppTypes": ["all"], "locations": null},
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}}],
        "users": users,
    })
    .to_string()
}

fn patience() -> Patience {
    Patience { first: Duration::from_millis(4), cap: Duration::from_millis(40), ..Patience::default() }
}

fn options(fake: &FakeGraph) -> Options {
    options_with(fake, &[("AZURE_CLIENT_ID", "app"), ("AZURE_CLIENT_SECRET", "canary-secret")])
}

fn options_with(fake: &FakeGraph, variables: &[(&str, &str)]) -> Options {
    let origin = fake.origin();
    let lookup = |name: &str| {
        let endpoint = name.starts_with("MFAPLAN_").then(|| origin.clone());
        endpoint.or_else(|| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    };
    let endpoints = Endpoints::from_env(Cloud::Global, &lookup).unwrap();
    let credential = Credential::from_env(&lookup, false).unwrap();
    let mut options =
        Options::new(endpoints, credential, TENANT.parse().unwrap(), "2026-11-20T08:00:00Z".parse().unwrap());
    options.patience = patience();
    // Published limits would make every test wait for reports; one test is about them.
    options.pacing = Pacing::Adaptive;
    options
}

async fn start(users: u32, fake: FakeOptions) -> FakeGraph {
    FakeGraph::start(&seed(users), fake).await
}

async fn connect(fake: &FakeGraph) -> GraphTenant {
    GraphTenant::connect(options(fake)).await.unwrap()
}

fn request() -> ReadRequest {
    let groups = BTreeSet::from(["sg-finance o'brien".into()]);
    ReadRequest { groups, sign_in_window_days: 30, ..ReadRequest::default() }
}

/// Only users and states: fast, and not limited by reports.
fn states_only() -> ReadRequest {
    ReadRequest { unneeded: Fact::ALL.iter().copied().collect(), sign_in_window_days: 30, ..ReadRequest::default() }
}

async fn read(fake: &FakeGraph) -> ObservedTenant {
    connect(fake).await.read(&request(), &Heard::default()).await.unwrap()
}

fn user(tenant: &ObservedTenant, n: u32) -> &User {
    tenant.user(tenant.by_id(id(n)).unwrap())
}

fn states(tenant: &ObservedTenant) -> Vec<Option<MfaState>> {
    tenant.users().iter().map(|user| user.mfa_state.known()).collect()
}

fn expected(count: u32) -> Vec<Option<MfaState>> {
    (0..count).map(|n| Some([MfaState::Disabled, MfaState::Enabled, MfaState::Enforced][n as usize % 3])).collect()
}

fn unavailable(tenant: &ObservedTenant) -> BTreeMap<&str, &str> {
    tenant.unavailable.iter().map(|one| (one.fact.as_str(), one.reason.as_str())).collect()
}
