//! The Graph adapter against a fake Graph over real HTTP.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use mfaplan::testing::{
    facts::CompiledPolicies,
    graph::{
        Cloud, Endpoints, GraphTenant, Options, Pacing, Patience,
        credentials::{Credential, Method},
    },
    snapshot,
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

#[tokio::test]
async fn every_fact_of_the_tenant_arrives() {
    let fake = start(45, FakeOptions { page_size: 20, ..FakeOptions::default() }).await;
    let tenant = read(&fake).await;
    assert_eq!(unavailable(&tenant), BTreeMap::new());
    assert_eq!(states(&tenant), expected(45));
    assert_eq!((tenant.id.to_string().as_str(), tenant.name.as_str()), (TENANT, "Contoso"));
    assert_eq!(tenant.service_plans.as_ref().unwrap()[..], ["AAD_PREMIUM", "AAD_PREMIUM_P2"]);
    assert_eq!(tenant.security_defaults_enabled, Some(false));
    assert_eq!(tenant.policy_migration_state.as_deref(), Some("migrationComplete"));
    let domains = tenant.domains.as_ref().unwrap();
    assert!(!domains[0].federated);
    assert_eq!(domains[1].federated_idp_mfa_behavior.as_deref(), Some("enforceMfaByFederatedIdp"));
    let service = tenant.mfa_service_policy.as_ref().unwrap();
    assert_eq!((service.allow_app_passwords, service.remember_mfa_days), (Some(true), Some(14)));
    assert_eq!(service.trusted_ips.as_ref().unwrap()[..], ["192.0.2.0/24"]);
    assert_eq!(tenant.conditional_access.as_ref().unwrap()[0].display_name, "Require MFA");
    assert_eq!(tenant.groups[0].display_name, "SG-Finance O'Brien");
    assert_eq!(tenant.operator_id, None, "an application is no operator");

    let one = user(&tenant, 6);
    assert_eq!(one.user_principal_name, "user00006@contoso.com");
    assert_eq!(one.job_title.as_deref(), Some("Clerk"));
    assert!(one.department.is_none() && one.empty.contains(Attribute::Department), "null is known to be empty");
    assert!(one.company_name.is_none() && !one.empty.contains(Attribute::CompanyName), "missing is unknown");
    assert_eq!((one.on_premises_sync_enabled, one.account_enabled), (Some(false), Some(true)));
    assert_eq!(one.password_never_expires, Some(true));
    assert_eq!(one.licenses.as_ref().unwrap()[..], ["SPE_E3", "EMS"]);
    assert_eq!(one.extension_attributes.as_ref().unwrap()[0].as_deref(), Some("cost-4711"));
    assert_eq!((one.registered, one.mfa_capable, one.device_count), (Some(true), Some(true), Some(0)));
    assert_eq!(one.methods.as_ref().unwrap()[..], ["microsoftAuthenticatorPush"]);
    assert_eq!(one.member_of.as_ref().unwrap()[0].to_string(), FINANCE);
    assert!(user(&tenant, 7).member_of.as_ref().unwrap().is_empty());
    assert_eq!(one.mailbox_purpose, Some(MailboxPurpose::User));
    assert_eq!(one.last_sign_in, LastSignIn::At("2026-11-19T08:00:00Z".parse().unwrap()));
    assert_eq!(one.last_interactive_sign_in, LastSignIn::At("2026-11-18T08:00:00Z".parse().unwrap()));
    let admin = &user(&tenant, 1).directory_roles.as_ref().unwrap()[0];
    assert_eq!((admin.display_name.as_str(), admin.permanent), ("Global Administrator", true));
    assert!(!user(&tenant, 2).directory_roles.as_ref().unwrap()[0].permanent, "eligible only");

    let log = one.sign_ins.as_ref().unwrap();
    assert_eq!(
        (log.interactive, log.interactive_mfa, log.non_interactive, log.failed),
        (Some(5), Some(2), Some(4), Some(1))
    );
    assert_eq!((log.ropc, log.app_password, log.distinct_ips, log.active_hours), (Some(1), Some(0), Some(3), Some(4)));
    let legacy = &log.legacy.as_ref().unwrap()[0];
    assert_eq!((legacy.protocol.as_str(), legacy.count, legacy.distinct_ips), ("Authenticated SMTP", 2, Some(1)));
    assert_eq!(legacy.last, Some("2026-11-12T08:00:00Z".parse().unwrap()));
    assert_eq!((log.apps.as_ref().unwrap()[0].count, log.clients.as_ref().unwrap().len()), (5, 1));

    assert_eq!(fake.problems(), Vec::<String>::new());
    assert_eq!(fake.writes(), [], "reading writes nothing");
    assert!(fake.log().iter().all(|one| one.method == "GET" || one.path == "/$batch" || one.version == "login"));
}

#[tokio::test]
async fn states_in_the_list_are_taken_after_a_probe_and_dropped_on_any_doubt() {
    for (bulk, batched) in [
        (BulkState::Served, 0..=20),
        (BulkState::Absent, 120..=120),
        (BulkState::Stale, 120..=120),
        (BulkState::Refused, 120..=120),
    ] {
        let fake = start(120, FakeOptions { bulk_state: bulk, page_size: 50, ..FakeOptions::default() }).await;
        let tenant = connect(&fake).await.read(&states_only(), &Heard::default()).await.unwrap();
        assert_eq!(states(&tenant), expected(120), "{bulk:?}");
        let documented = fake.log().iter().filter(|one| one.path.ends_with("/requirements")).count();
        assert!(batched.contains(&documented), "{bulk:?}: {documented} documented reads");
        assert_eq!(fake.problems(), Vec::<String>::new());
    }
    let fake = start(120, FakeOptions { bulk_state: BulkState::Partial, ..FakeOptions::default() }).await;
    let tenant = connect(&fake).await.read(&states_only(), &Heard::default()).await.unwrap();
    assert_eq!(states(&tenant), expected(120), "users without the property are read one by one");
}

#[tokio::test]
async fn what_is_refused_becomes_unavailable_with_its_reason() {
    let refused = ["AuditLog.Read.All", "RoleManagement.Read.Directory", "MailboxSettings.Read", "Domain.Read.All"];
    let fake = start(9, FakeOptions::default().without(&refused)).await;
    let tenant = read(&fake).await;
    let reasons = unavailable(&tenant);
    assert_eq!(
        reasons.keys().copied().collect::<Vec<_>>(),
        ["domains", "mailbox_purpose", "registration", "roles", "sign_in_activity", "sign_ins"]
    );
    assert!(reasons["sign_ins"].contains("AuditLog.Read.All (403"), "{}", reasons["sign_ins"]);
    assert!(tenant.users().iter().all(|user| user.sign_ins.is_none() && user.registered.is_none()));
    assert!(tenant.users().iter().all(|user| user.last_sign_in == LastSignIn::Unknown), "unknown is not never");
    let mailbox = fake.log().iter().filter(|one| one.path.contains("mailboxSettings")).count();
    assert_eq!(mailbox, 0, "one request a user is not sent where the token says that none may be");
}

#[tokio::test]
async fn without_p1_methods_are_asked_user_by_user() {
    let fake = start(30, FakeOptions { premium: Some(false), premium_p2: Some(false), ..FakeOptions::default() }).await;
    let tenant = read(&fake).await;
    let reasons = unavailable(&tenant);
    assert!(!reasons.contains_key("registration"));
    assert!(reasons["sign_ins"].contains("licence") && reasons["role_eligibility"].contains("licence"), "{reasons:?}");
    assert_eq!((user(&tenant, 0).registered, user(&tenant, 0).mfa_capable), (Some(true), None));
    assert_eq!(user(&tenant, 0).methods.as_ref().unwrap()[..], ["microsoftAuthenticatorPush"]);
    assert_eq!(user(&tenant, 1).registered, Some(false));
}

#[tokio::test]
async fn mandatory_reads_are_errors_that_say_what_to_grant() {
    let fake =
        start(3, FakeOptions::default().without(&["Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"])).await;
    let error = connect(&fake).await.read(&request(), &Heard::default()).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot read the per-user MFA state: the sign-in lacks"), "{error}");
    assert!(error.hints[0].contains("grant Policy.Read.All"), "{:?}", error.hints);
    assert_eq!(error.status, Some(403));

    let fake = start(3, FakeOptions::default().without(&["GroupMember.Read.All"])).await;
    let error = connect(&fake).await.read(&request(), &Heard::default()).await.unwrap_err();
    assert!(error.to_string().contains("the group \"sg-finance o'brien\", which the configuration names"), "{error}");

    let fake = start(3, FakeOptions::default().without(&["RoleManagement.Read.Directory"])).await;
    let needed = ReadRequest { roles_required: true, ..request() };
    let error = connect(&fake).await.read(&needed, &Heard::default()).await.unwrap_err();
    assert!(error.to_string().contains("directory roles"), "{error}");
}

#[tokio::test]
async fn a_named_group_that_cannot_be_read_whole_is_an_error_that_names_it() {
    for (fault, page) in [
        (Fault::Status(404), "transitiveMembers"),
        (Fault::Status(400), "transitiveMembers"),
        (Fault::Status(404), "skiptoken"),
    ] {
        let fake = start(12, FakeOptions { page_size: 2, ..FakeOptions::default() }).await;
        let graph = connect(&fake).await;
        if page == "skiptoken" {
            // The first page is answered, the second breaks off.
            fake.fail_later("GET", "transitiveMembers", 1, fault);
        } else {
            fake.fail_always("GET", page, fault);
        }
        let error = graph.read(&request(), &Heard::default()).await.unwrap_err();
        assert!(error.to_string().contains("cannot read all members of the group \"SG-Finance O'Brien\""), "{error}");
        assert!(error.to_string().contains(FINANCE), "{error}");
    }
}

#[tokio::test]
async fn a_policys_group_that_cannot_be_read_leaves_its_members_unknown() {
    let covered = |tenant: &ObservedTenant| CompiledPolicies::new(tenant).covers(user(tenant, 1));
    let fake = start(9, FakeOptions::default()).await;
    assert_eq!(covered(&read(&fake).await), Some(true));
    // The other group is fine: only what the policy excludes is unknown.
    let fake = start(9, FakeOptions::default()).await;
    fake.fail_always("GET", &format!("{EXCLUDED}/transitiveMembers"), Fault::Status(403));
    let tenant = read(&fake).await;
    assert_eq!(covered(&tenant), None, "who is in the excluded group is unknown");
    assert!(unavailable(&tenant)["groups"].contains(EXCLUDED), "{:?}", unavailable(&tenant));
    // A copy does not forget it.
    let mut copy = Vec::new();
    snapshot::write(&tenant, &mut copy).unwrap();
    assert_eq!(covered(&snapshot::from_slice(Path::new("copy"), &copy).unwrap()), None);
}

#[tokio::test]
async fn an_empty_group_that_hides_its_members_is_not_empty() {
    let mut seed: serde_json::Value = serde_json::from_str(&seed(9)).unwrap();
    seed["groups"][1]["visibility"] = "HiddenMembership".into();
    for (denied, covers) in [(&["Member.Read.Hidden"][..], None), (&[], Some(true))] {
        let fake = FakeGraph::start(&seed.to_string(), FakeOptions::default().without(denied)).await;
        let tenant = read(&fake).await;
        assert_eq!(CompiledPolicies::new(&tenant).covers(user(&tenant, 1)), covers, "without {denied:?}");
        assert_eq!(tenant.unread_groups.len(), denied.len());
    }
}

#[tokio::test]
async fn a_group_that_does_not_exist_brings_the_names_of_the_others() {
    let fake = start(3, FakeOptions::default()).await;
    let groups = BTreeSet::from(["SG-Finanze".into(), FINANCE.into(), "b0000000-0000-4000-8000-00000000dead".into()]);
    let tenant = connect(&fake).await.read(&ReadRequest { groups, ..request() }, &Heard::default()).await.unwrap();
    let names: Vec<_> = tenant.groups.iter().map(|group| group.display_name.as_str()).collect();
    assert_eq!(names, ["SG-Excluded", "SG-Finance O'Brien"]);
}

#[tokio::test]
async fn the_wrong_tenant_is_refused_before_anything_else_is_asked() {
    let other = Some("00000000-1111-4222-8333-444444444444".to_owned());
    let fake = start(3, FakeOptions { organization_id: other, ..FakeOptions::default() }).await;
    let error = GraphTenant::connect(options(&fake)).await.unwrap_err();
    assert!(error.to_string().contains("is for tenant 00000000-1111"), "{error}");
    assert_eq!(fake.stats().requests, 1, "nothing but the organization");
}

#[tokio::test]
async fn a_next_page_elsewhere_gets_no_token() {
    let trap = FakeGraph::start(&seed(1), FakeOptions::default()).await;
    let lure = FakeOptions { page_size: 2, foreign_next_link: Some(trap.origin()), ..FakeOptions::default() };
    let fake = start(5, lure).await;
    let error = connect(&fake).await.read(&states_only(), &Heard::default()).await.unwrap_err();
    assert!(error.to_string().contains("it was not followed"), "{error}");
    assert!(trap.log().is_empty());
}

#[tokio::test]
async fn every_way_to_sign_in_gets_a_token() {
    let fake = start(2, FakeOptions::default()).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), support::fake_graph::FEDERATED_TOKEN).unwrap();
    let (app, path) = (("AZURE_CLIENT_ID", "app"), file.path().to_str().unwrap());
    let (github, azure) = (format!("{}/oidc/github?x=1", fake.origin()), format!("{}/oidc/azure", fake.origin()));
    let service = format!("{}/metadata/identity/oauth2/token", fake.origin());
    let origin = fake.origin();
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("client secret", &[app, ("ARM_CLIENT_SECRET", "canary-secret")]),
        ("federated token", &[app, ("AZURE_FEDERATED_TOKEN_FILE", path)]),
        (
            "GitHub Actions OIDC",
            &[app, ("ACTIONS_ID_TOKEN_REQUEST_URL", &github), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t")],
        ),
        (
            "Azure Pipelines OIDC",
            &[
                app,
                ("SYSTEM_OIDCREQUESTURI", &azure),
                ("SYSTEM_ACCESSTOKEN", "t"),
                ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "c"),
            ],
        ),
        ("managed identity", &[("IDENTITY_ENDPOINT", &service), ("IDENTITY_HEADER", "canary-header")]),
        ("managed identity", &[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &origin)]),
    ];
    for (method, variables) in cases {
        let who = GraphTenant::connect(options_with(&fake, variables)).await.unwrap().signed_in().await.unwrap();
        assert_eq!((who.method, who.tenant_name.as_str()), (*method, "Contoso"));
        assert!(who.claims.permissions().contains(&"Policy.Read.All"));
    }
}

#[tokio::test]
async fn a_device_code_is_shown_and_waited_for_and_names_the_operator() {
    let operator = id(1).to_string();
    let fake = start(2, FakeOptions { operator: Some(operator), ..FakeOptions::default() }).await;
    let shown = Arc::new(Mutex::new(String::new()));
    let mut options = options(&fake);
    options.credential = Credential::single(Method::DeviceCode("client".into()));
    let screen = Arc::clone(&shown);
    options.prompt = Some(Arc::new(move |prompt| *screen.lock().unwrap() = prompt.message.clone()));
    let graph = GraphTenant::connect(options).await.unwrap();
    assert!(shown.lock().unwrap().contains("ABCD-EFGH"));
    let who = graph.signed_in().await.unwrap();
    assert_eq!((who.method, who.claims.upn.as_deref()), ("device code", Some("operator@contoso.com")));
    let tenant = graph.read(&states_only(), &Heard::default()).await.unwrap();
    assert_eq!(tenant.operator_id, Some(id(1)));
}

#[tokio::test]
async fn an_operator_is_asked_for_the_write_permission_only_by_runs_that_write() {
    for writes in [false, true] {
        let fake = start(1, FakeOptions::default()).await;
        let credential = Credential::single(Method::DeviceCode("client".into()));
        let prompt: mfaplan::testing::graph::credentials::Prompt = Arc::new(|_| {});
        let options = Options { credential, prompt: Some(prompt), writes, ..options(&fake) };
        GraphTenant::connect(options).await.unwrap();
        let scopes = fake.log().into_iter().find(|one| one.path.ends_with("/devicecode")).unwrap().query;
        assert!(scopes.contains("Policy.Read.All"), "{scopes}");
        assert_eq!(scopes.contains("Policy.ReadWrite.AuthenticationMethod"), writes, "{scopes}");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_explained_and_not_repeated() {
    let fake = start(2, FakeOptions::default()).await;
    for (secret, words) in
        [("wrong", "the client secret is wrong (AADSTS7000215)"), ("expired", "has expired (AADSTS7000222)")]
    {
        let options = options_with(&fake, &[("AZURE_CLIENT_ID", "app"), ("AZURE_CLIENT_SECRET", secret)]);
        let error = GraphTenant::connect(options).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.hints.is_empty());
    }
    assert_eq!(fake.stats().sign_ins, 2, "an error that lasts is not tried again");
}

#[tokio::test]
async fn tokens_that_end_are_renewed_once_for_all() {
    let fake = start(100, FakeOptions { page_size: 10, ..FakeOptions::default() }).await;
    let graph = connect(&fake).await;
    fake.expire_tokens();
    let tenant = graph.read(&request(), &Heard::default()).await.unwrap();
    assert_eq!((tenant.users().len(), fake.stats().sign_ins), (100, 2));

    // One that never is accepted ends in an error instead of a loop.
    let fake = start(3, FakeOptions::default()).await;
    let graph = connect(&fake).await;
    for _ in 0..2 {
        fake.fail_next("GET", "/requirements", Fault::Unauthorized);
    }
    let error = graph.state(id(0)).await.unwrap_err();
    assert!(error.to_string().contains("does not accept the token"), "{error}");
}

#[tokio::test]
async fn a_fifth_of_all_answers_are_faults_and_the_tenant_is_still_read_right() {
    for seed in 1..=2 {
        let fake =
            start(120, FakeOptions { faults: Faults::mixed(seed, 0.2), page_size: 40, ..FakeOptions::default() }).await;
        let graph = loop {
            if let Ok(graph) = GraphTenant::connect(options(&fake)).await {
                break graph;
            }
        };
        let tenant = graph.read(&request(), &Heard::default()).await.unwrap();
        assert_eq!(states(&tenant), expected(120), "seed {seed}");
        assert_eq!(unavailable(&tenant), BTreeMap::new(), "seed {seed}");
        let log = user(&tenant, 8).sign_ins.as_ref().unwrap();
        assert_eq!((log.interactive, log.non_interactive), (Some(3), Some(4)), "a page read twice counts once");
        assert!(graph.usage().retried > 0 && fake.writes().is_empty());
        assert_eq!(fake.problems(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_item_is_never_asked_again_before_its_time() {
    for retry_after in [RetryAfter::Decimal(0.06), RetryAfter::Date(2), RetryAfter::Missing] {
        let fake = start(40, FakeOptions { retry_after, ..FakeOptions::default() }).await;
        let graph = connect(&fake).await;
        fake.fail_next("GET", &id(7).to_string(), Fault::Throttled);
        let tenant = graph.read(&states_only(), &Heard::default()).await.unwrap();
        assert_eq!(states(&tenant), expected(40));
        let tries: Vec<_> = fake.log().into_iter().filter(|one| one.path.contains(&id(7).to_string())).collect();
        assert_eq!(tries.iter().map(|one| one.status).collect::<Vec<_>>(), [429, 200], "{retry_after:?}");
        assert_eq!(fake.problems(), Vec::<String>::new(), "{retry_after:?}: not before its time");
        let others = fake.log().iter().filter(|one| one.in_batch && !one.path.contains(&id(7).to_string())).count();
        assert_eq!(others, 39, "only the item that failed is asked again");
    }
}

#[tokio::test]
async fn waits_are_told() {
    let fake = start(3, FakeOptions { retry_after: RetryAfter::Seconds(1), ..FakeOptions::default() }).await;
    let graph = connect(&fake).await;
    fake.fail_next("GET", "/users", Fault::Throttled);
    let heard = Heard::default();
    graph.read(&states_only(), &heard).await.unwrap();
    assert!(heard.1.lock().unwrap().contains(&"1 s: the tenant is throttling".to_owned()), "{:?}", heard.1);
    assert_eq!(heard.0.lock().unwrap()["states"], 3);
}

#[tokio::test]
async fn a_single_read_is_tried_once_and_tells_how_long_to_wait() {
    let fake = start(3, FakeOptions { retry_after: RetryAfter::Decimal(1.5), ..FakeOptions::default() }).await;
    let graph = connect(&fake).await;
    fake.clear_log();
    fake.fail_always("GET", &id(0).to_string(), Fault::Status(500));
    let error = graph.state(id(0)).await.unwrap_err();
    assert!(error.to_string().ends_with("no answer: 500"), "{error}");
    assert_eq!((error.transient, error.retry_after), (true, Some(Duration::from_millis(1500))));
    assert_eq!(fake.stats().requests, 1, "the patience is the executor's: two of nine tries each would be 81");
    assert_eq!(graph.state(id(1)).await.unwrap(), StateRead::Found(MfaState::Enabled.into()));
}

#[tokio::test]
async fn one_users_bad_answers_are_only_theirs() {
    for fault in [Fault::Status(500), Fault::Status(503), Fault::Status(400), Fault::Status(403), Fault::Throttled] {
        let fake = start(45, FakeOptions { premium: Some(false), ..FakeOptions::default() }).await;
        let graph = connect(&fake).await;
        fake.clear_log();
        let bad = id(7).to_string();
        fake.fail_always("GET", &bad, fault);
        let tenant = graph.read(&request(), &Heard::default()).await.unwrap();
        for n in 0..45 {
            let (user, good) = (user(&tenant, n), n != 7);
            assert_eq!(user.mfa_state.known().is_some(), good, "{fault:?}: user {n}");
            assert_eq!(user.registered.is_some(), good, "{fault:?}: user {n}: methods are read one by one without P1");
            assert_eq!(user.mailbox_purpose.is_some(), good, "{fault:?}: user {n}");
        }
        let [unread] = &tenant.unread[..] else { panic!("{:?}", tenant.unread) };
        assert_eq!(unread.user, id(7));
        assert!(unread.reason.contains("no answer after 9 tries") || unread.reason.contains('4'), "{}", unread.reason);
        assert_eq!(fake.problems(), Vec::<String>::new(), "{fault:?}: never a tenth try, never one before its time");
    }
}

#[tokio::test]
async fn a_batch_that_fails_as_a_whole_counts_for_each_of_its_items() {
    let fake = start(45, FakeOptions::default()).await;
    let graph = connect(&fake).await;
    fake.fail_always("POST", "$batch", Fault::Status(503));
    let error = graph.read(&states_only(), &Heard::default()).await.unwrap_err();
    assert!(error.to_string().contains("no answer after 9 tries; the last one: 503"), "{error}");
    assert_eq!(fake.problems(), Vec::<String>::new());
    let batches = fake.log().iter().filter(|one| one.path == "/$batch").count();
    assert!(batches <= 27, "three batches of nine tries each, not nine times nine: {batches}");
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_parallelism_says() {
    let fake = start(400, FakeOptions { latency: Duration::from_millis(4), ..FakeOptions::default() }).await;
    let graph = GraphTenant::connect(Options { parallelism: 3, ..options(&fake) }).await.unwrap();
    graph.read(&request(), &Heard::default()).await.unwrap();
    assert_eq!(fake.most_in_flight(), 3, "over all kinds of requests together");
}

#[tokio::test]
async fn planned_users_are_read_and_nobody_else() {
    let fake = start(300, FakeOptions::default()).await;
    let graph = connect(&fake).await;
    fake.clear_log();
    fake.delete(&id(9).to_string());
    fake.fail_always("GET", &id(4).to_string(), Fault::Status(500));
    let users: BTreeSet<UserId> = [2, 4, 9, 12].map(id).into();
    let request = ReadRequest { users: Some(users), groups: request().groups, ..states_only() };
    let tenant = graph.read(&request, &Heard::default()).await.unwrap();
    assert_eq!(
        tenant.users().iter().map(|user| user.id).collect::<Vec<_>>(),
        [id(2), id(12)],
        "9 is gone, 4 is unread"
    );
    assert_eq!(tenant.unread.iter().map(|one| one.user).collect::<Vec<_>>(), [id(4)]);
    assert_eq!(user(&tenant, 12).mfa_state, MfaState::Disabled.into());
    assert_eq!(user(&tenant, 12).member_of.as_deref().map(<[_]>::len), Some(1));
    let asked = fake.log().into_iter().filter(|one| one.path.starts_with("/users"));
    assert!(asked.clone().all(|one| one.path != "/users"), "no list of everybody");
    let strangers = asked.filter(|one| ![2, 4, 9, 12].iter().any(|n| one.path.contains(&id(*n).to_string()))).count();
    assert_eq!(strangers, 0);
    assert_eq!(fake.problems(), Vec::<String>::new());
}

#[tokio::test]
async fn a_write_that_has_not_been_sent_is_not_sent_once_the_caller_leaves() {
    let fake = start(3, FakeOptions { retry_after: RetryAfter::Seconds(60), ..FakeOptions::default() }).await;
    let graph = connect(&fake).await;
    fake.fail_next("PATCH", "/requirements", Fault::Throttled);
    graph.write(id(0), MfaState::Enforced, std::future::pending()).await.unwrap_err();
    // The lane of writes is closed for a minute.
    let error = graph.write(id(0), MfaState::Enforced, tokio::task::yield_now()).await.unwrap_err();
    assert_eq!(error.kind, WriteErrorKind::Unsent);
    assert_eq!(fake.writes(), []);
}

#[tokio::test]
async fn a_write_sets_the_state_and_the_service_may_promote_it() {
    let fake = start(9, FakeOptions::default()).await;
    let graph = connect(&fake).await;
    graph.write(id(3), MfaState::Enforced, std::future::pending()).await.unwrap();
    assert_eq!(graph.state(id(3)).await.unwrap(), StateRead::Found(MfaState::Enforced.into()));
    graph.write(id(0), MfaState::Enabled, std::future::pending()).await.unwrap();
    assert_eq!(graph.state(id(0)).await.unwrap(), StateRead::Found(MfaState::Enforced.into()), "registered already");
    assert_eq!(fake.writes(), [(id(3).to_string(), "enforced".to_owned()), (id(0).to_string(), "enabled".to_owned())]);
    assert_eq!(fake.problems(), Vec::<String>::new());
}

#[tokio::test]
async fn a_write_says_what_its_failure_means_and_never_repeats_itself() {
    let fake = start(9, FakeOptions::default()).await;
    let graph = connect(&fake).await;
    // What the service asks to wait is told to the part of a millisecond, on 5xx as on 429.
    let after = Some(Duration::from_millis(50));
    for (fault, kind, written) in [
        (Fault::Throttled, WriteErrorKind::Retry { after }, false),
        (Fault::Status(500), WriteErrorKind::NoAnswer { after }, false),
        (Fault::Status(503), WriteErrorKind::NoAnswer { after }, false),
        (Fault::Status(400), WriteErrorKind::Rejected, false),
        (Fault::ResetBefore, WriteErrorKind::NoAnswer { after: None }, false),
        (Fault::ResetAfter, WriteErrorKind::NoAnswer { after: None }, true),
    ] {
        fake.clear_log();
        fake.fail_next("PATCH", "/requirements", fault);
        let error = graph.write(id(3), MfaState::Enforced, std::future::pending()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{fault:?}: {error}");
        assert_eq!((fake.writes().len() == 1, fake.stats().requests), (written, 1), "{fault:?}");
        fake.set_state(&id(3).to_string(), "disabled");
    }
    fake.delete(&id(5).to_string());
    assert_eq!(
        graph.write(id(5), MfaState::Enforced, std::future::pending()).await.unwrap_err().kind,
        WriteErrorKind::Gone
    );
    assert_eq!(graph.state(id(5)).await.unwrap(), StateRead::Gone);
    fake.expire_tokens();
    graph.write(id(3), MfaState::Enforced, std::future::pending()).await.unwrap();

    let fake = start(9, FakeOptions::default().without(&["Policy.ReadWrite.AuthenticationMethod"])).await;
    let error = connect(&fake).await.write(id(3), MfaState::Enforced, std::future::pending()).await.unwrap_err();
    assert_eq!(error.kind, WriteErrorKind::Forbidden);
    assert!(error.to_string().contains("Policy.ReadWrite.AuthenticationMethod"), "{error}");
}

#[tokio::test]
async fn many_single_reads_travel_together_and_each_gets_its_own_answer() {
    let fake = start(200, FakeOptions { latency: Duration::from_millis(5), ..FakeOptions::default() }).await;
    let graph = Arc::new(connect(&fake).await);
    fake.clear_log();
    let mut reads = tokio::task::JoinSet::new();
    for n in 0..200 {
        let graph = Arc::clone(&graph);
        reads.spawn(async move { (n, graph.state(id(n)).await.unwrap()) });
    }
    let mut answered = 0;
    while let Some(joined) = reads.join_next().await {
        let (n, state) = joined.unwrap();
        assert_eq!(state, StateRead::Found(expected(200)[n as usize].unwrap().into()), "user {n}");
        answered += 1;
    }
    let stats = fake.stats();
    assert_eq!((answered, stats.calls), (200, 200));
    assert!(stats.requests < 40, "{stats:?}");
    assert_eq!(fake.problems(), Vec::<String>::new());
}

#[tokio::test]
async fn within_the_published_limits_nothing_is_throttled() {
    let fake = start(600, FakeOptions { throttle: Throttle::published(600), ..FakeOptions::default() }).await;
    let graph = GraphTenant::connect(Options { pacing: Pacing::Published, ..options(&fake) }).await.unwrap();
    graph.read(&states_only(), &Heard::default()).await.unwrap();
    for n in 0..40 {
        graph.write(id(n), MfaState::Enforced, std::future::pending()).await.unwrap();
    }
    assert_eq!((fake.stats().throttled, graph.usage().throttled), (0, 0));
}

#[tokio::test]
async fn no_secret_is_in_any_error_or_debug_text() {
    let fake = start(3, FakeOptions::default()).await;
    let graph = connect(&fake).await;
    let mut texts = vec![format!("{:?} {:?}", options(&fake).credential, graph)];
    for fault in [Fault::Status(400), Fault::Status(401), Fault::Html, Fault::ResetBefore, Fault::Truncated] {
        // A 401 is forgiven once, with a new token.
        for _ in 0..2 {
            fake.fail_next("GET", &id(0).to_string(), fault);
        }
        let error = graph.state(id(0)).await.unwrap_err();
        texts.push(format!("{error} {error:?}"));
        while graph.state(id(0)).await.is_err() {}
    }
    for fault in [Fault::Status(400), Fault::ResetAfter] {
        fake.fail_next("PATCH", "", fault);
        texts.push(format!("{:?}", graph.write(id(0), MfaState::Enabled, std::future::pending()).await.unwrap_err()));
    }
    drop(fake);
    texts.push(format!("{:?}", graph.write(id(0), MfaState::Enabled, std::future::pending()).await.unwrap_err()));
    for text in texts {
        assert!(!text.contains("canary") && !text.contains("Bearer"), "{text}");
    }
}

/// What the client avoids: the fake punishes it as the service does.
#[tokio::test]
async fn the_fake_refuses_what_the_service_refuses() {
    let fake = start(3, FakeOptions::default()).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let form = [("grant_type", "client_credentials"), ("client_secret", "any"), ("scope", "x/.default")];
    let url = format!("{}/{TENANT}/oauth2/v2.0/token", fake.origin());
    let token: serde_json::Value = http.post(url).form(&form).send().await.unwrap().json().await.unwrap();
    let bearer = token["access_token"].as_str().unwrap();
    let users = format!("{}/v1.0/users?$filter=accountEnabled%20ne%20true&$count=true", fake.origin());
    let plain = http.get(&users).bearer_auth(bearer).send().await.unwrap();
    let eventual = http.get(&users).bearer_auth(bearer).header("ConsistencyLevel", "eventual").send().await.unwrap();
    assert_eq!((plain.status().as_u16(), eventual.status().as_u16()), (400, 200));

    // A `#` that is not encoded cuts the URL: success is said, and nothing is changed.
    let item = serde_json::json!({"id": "1", "method": "PATCH", "url": "/users/a_b#EXT#@contoso.com/authentication/requirements",
        "headers": {"Content-Type": "application/json"}, "body": {"perUserMfaState": "enforced"}});
    let batch = http.post(format!("{}/beta/$batch", fake.origin())).bearer_auth(bearer);
    let batch = batch.body(serde_json::json!({"requests": [item]}).to_string()).send().await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&batch.text().await.unwrap()).unwrap();
    assert_eq!((&answer["responses"][0]["status"], fake.writes()), (&204.into(), Vec::new()));
    assert!(fake.problems().iter().any(|problem| problem.contains("`#` is not encoded")));
}

/// `docs/graph.md` carries the table of the code. `UPDATE_DOCS=1 cargo test --test graph` writes it anew.
#[test]
fn the_documentation_lists_every_request() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/graph.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<!-- requests: generated -->\n").unwrap();
    let (table, after) = rest.split_once("<!-- /requests -->").unwrap();
    let wanted = mfaplan::testing::graph::markdown_table();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let page = format!("{before}<!-- requests: generated -->\n{wanted}<!-- /requests -->{after}");
        std::fs::write(path, page).unwrap();
    } else {
        assert_eq!(table, wanted, "run UPDATE_DOCS=1 cargo test --test graph");
    }
}

/// Each credential variable is explained.
#[test]
fn the_documentation_explains_every_credential_variable() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/credentials.md")).unwrap();
    for (name, _) in mfaplan::testing::graph::credentials::VARIABLES {
        assert!(page.contains(&format!("`{name}`")), "{name} is not in docs/credentials.md");
    }
}
