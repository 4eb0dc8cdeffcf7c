//! Plans made from texts: what a configuration says of a small tenant, and what becomes of it.

mod built;
mod compared;
mod exempt;
mod impacts;
mod judged;
mod reread;
mod rolled_back;
mod targeted;
mod words;

use std::path::Path;

use serde_json::{Value, json};

use super::{BuildError, BuildInput, Built, Plan, Waiver, build};
use crate::{
    config::{Config, LoadInput, Overlay, load_over},
    tenant::ObservedTenant,
};

const TENANT: &str = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890";
const NOON: &str = "2026-11-24T12:00:00Z";

/// An invented person of contoso.com with a number of their own, who has registered Authenticator and a passkey.
fn person(number: u32, name: &str, facts: Value) -> Value {
    let mut person = json!({
        "id": format!("00000000-0000-4000-8000-{number:012x}"),
        "userPrincipalName": format!("{name}@contoso.com"), "displayName": format!("{name} Example"),
        "givenName": name, "surname": "Example", "jobTitle": "Accountant", "department": "Finance",
        "employeeId": "C1", "userType": "Member", "accountEnabled": true,
        "createdDateTime": "2021-03-01T08:00:00Z", "lastPasswordChangeDateTime": "2026-10-01T08:00:00Z",
        "licenses": ["O365_BUSINESS_PREMIUM"], "mailboxPurpose": "user", "perUserMfaState": "disabled",
        "isMfaRegistered": true, "isMfaCapable": true,
        "methodsRegistered": ["microsoftAuthenticatorPush", "windowsHelloForBusiness"],
        "deviceCount": 1, "memberOf": [], "directoryRoles": [],
        "lastSignInDateTime": "2026-11-23T15:20:11Z", "lastInteractiveSignInDateTime": "2026-11-23T07:58:40Z",
        "signIns": {"windowDays": 30, "interactive": 22, "interactiveMfa": 0, "nonInteractive": 140, "failed": 0,
            "ropc": 0, "appPassword": 0, "distinctIps": 2, "activeHours": 9, "weekendShare": 0.0, "legacy": {},
            "apps": [{"id": "a", "displayName": "Exchange", "count": 9}], "clients": ["Edg/142"]}
    });
    merge(&mut person, facts);
    person
}

fn merge(into: &mut Value, facts: Value) {
    for (key, value) in facts.as_object().unwrap() {
        into[key] = value.clone();
    }
}

/// In this per-user state.
fn state(word: &str) -> Value {
    json!({"perUserMfaState": word})
}

/// A configuration at hand and a tenant.
struct Case {
    config: Config,
    tenant: ObservedTenant,
}

impl Case {
    /// These people under this configuration, at noon.
    fn new(users: &[Value], hcl: &str) -> Self {
        Self::of(users, &json!({}), &[("config/main.mfa.hcl", hcl)])
    }

    /// With other facts of the tenant, and any files of the two directories.
    fn of(users: &[Value], tenant: &Value, files: &[(&str, &str)]) -> Self {
        let mut snapshot = json!({
            "formatVersion": "1.0", "capturedAt": "2026-11-24T08:00:00Z",
            "tenant": {"id": TENANT, "displayName": "Contoso", "servicePlans": ["EXCHANGE_S_STANDARD"],
                "securityDefaultsEnabled": false,
                "domains": [{"id": "contoso.com", "authenticationType": "Managed"}],
                "mfaServicePolicy": {"allowAppPasswords": false, "trustedIps": [], "skipMfaForFederatedUsers": false},
                "authenticationMethodsPolicy": {"policyMigrationState": "migrationComplete"}},
            "groups": [], "conditionalAccessPolicies": [], "users": users
        });
        merge(&mut snapshot["tenant"], tenant.clone());
        let bytes = serde_json::to_vec(&snapshot).unwrap();
        let tenant = crate::snapshot::from_slice(Path::new("tenant.json"), &bytes).unwrap();
        let mut overlay = Overlay::alone();
        overlay.insert("config/a-tenant.mfa.hcl", format!("tenant \"contoso\" {{\n  id = \"{TENANT}\"\n}}\n"));
        for (name, text) in files {
            overlay.insert(*name, (*text).to_owned());
        }
        let policy = files.iter().any(|(name, _)| name.starts_with("policy/"));
        let input = LoadInput {
            dir: Path::new("config"),
            policy_dir: policy.then_some(Path::new("policy")),
            assignments: &[],
            environment: &[],
            instant: NOON.parse().unwrap(),
            allow_files: &[],
            known_rules: &crate::risk::known_rules(),
        };
        let config = load_over(input, &overlay).unwrap_or_else(|failure| panic!("{:?}", failure.diagnostics));
        Self { config, tenant }
    }

    fn input<'a>(&'a self, targets: &'a [String], waivers: &'a [Waiver]) -> BuildInput<'a> {
        let (config, tenant, created_at) = (&self.config, &self.tenant, NOON.parse().unwrap());
        BuildInput { config, tenant, targets, waivers, created_at, assumed: None }
    }

    fn built(&self) -> Built {
        build(&self.input(&[], &[])).unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn plan(&self) -> Plan {
        self.built().plan
    }

    fn waived(&self, waivers: &[Waiver]) -> Plan {
        build(&self.input(&[], waivers)).unwrap_or_else(|error| panic!("{error:?}")).plan
    }

    fn targeted(&self, targets: &[&str]) -> Result<Plan, BuildError> {
        let targets: Vec<String> = targets.iter().map(|one| (*one).to_owned()).collect();
        build(&self.input(&targets, &[])).map(|built| built.plan)
    }
}

/// Who changes, without their domain, in the plan's order.
fn changing(plan: &Plan) -> Vec<&str> {
    plan.changes.iter().map(|one| one.user.user_principal_name.split('@').next().unwrap()).collect()
}

/// An `mfa` block that lists these people of contoso.com.
fn block(label: &str, state: &str, names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}@contoso.com\"")).collect();
    format!("mfa \"{label}\" {{\n  state = \"{state}\"\n  users = [{}]\n}}\n", names.join(", "))
}
