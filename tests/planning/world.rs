//! A tenant and a configuration as texts, and the plan they make.

use std::path::Path;

use mfaplan::testing::{
    config::{self, Config, LoadInput, Overlay},
    diag::Diagnostic,
    plan::{self, BuildError, BuildInput, Built, Change, Plan},
    risk, snapshot,
};
use serde_json::{Value, json};

pub const TENANT: &str = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890";

/// An invented person of contoso.com who has registered Authenticator and signs in like everybody.
pub fn person(name: &str) -> Value {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    json!({
        "id": format!("{:08x}-0000-4000-8000-{:012x}", hash >> 32, hash & 0xffff_ffff_ffff),
        "userPrincipalName": format!("{name}@contoso.com"),
        "displayName": format!("{name} Example"), "mail": format!("{name}@contoso.com"),
        "department": "Finance", "jobTitle": "Accountant", "givenName": name, "surname": "Example",
        "employeeId": "C1", "userType": "Member", "accountEnabled": true,
        "createdDateTime": "2021-03-01T08:00:00Z", "lastPasswordChangeDateTime": "2026-10-01T08:00:00Z",
        "licenses": ["O365_BUSINESS_PREMIUM"], "mailboxPurpose": "user", "perUserMfaState": "disabled",
        "isMfaRegistered": true, "isMfaCapable": true,
        "methodsRegistered": ["microsoftAuthenticatorPush", "softwareOneTimePasscode"],
        "deviceCount": 1, "memberOf": [], "directoryRoles": [],
        "lastSignInDateTime": "2026-11-19T15:20:11Z", "lastInteractiveSignInDateTime": "2026-11-19T07:58:40Z",
        "signIns": {"windowDays": 30, "interactive": 22, "interactiveMfa": 0, "nonInteractive": 140, "failed": 0,
            "ropc": 0, "appPassword": 0, "distinctIps": 2, "activeHours": 9, "weekendShare": 0.0, "legacy": {},
            "apps": [{"id": "a", "displayName": "Exchange", "count": 9}, {"id": "b", "displayName": "Teams", "count": 4}],
            "clients": ["Edg/142"]}
    })
}

/// The same person with some facts changed.
pub fn with(mut person: Value, facts: Value) -> Value {
    for (key, value) in facts.as_object().unwrap() {
        person[key] = value.clone();
    }
    person
}

/// Somebody who has registered nothing.
pub fn unregistered(name: &str) -> Value {
    with(person(name), json!({"isMfaRegistered": false, "isMfaCapable": false, "methodsRegistered": []}))
}

pub struct World {
    pub snapshot: Value,
    pub hcl: String,
    pub policy: Option<String>,
    /// More files, seen from the configuration directory.
    pub files: Vec<(String, String)>,
    pub as_of: &'static str,
    pub created_at: &'static str,
    pub targets: Vec<String>,
    /// Guardrails with their new bounds.
    pub waivers: Vec<(String, String)>,
}

impl World {
    pub fn new(users: impl IntoIterator<Item = Value>, hcl: &str) -> Self {
        let users: Vec<Value> = users.into_iter().collect();
        Self {
            snapshot: json!({
                "formatVersion": "1.0", "capturedAt": "2026-11-20T08:00:00Z",
                "tenant": {"id": TENANT, "displayName": "Contoso", "servicePlans": ["EXCHANGE_S_STANDARD"],
                    "securityDefaultsEnabled": false,
                    "domains": [{"id": "contoso.com", "authenticationType": "Managed"}],
                    "mfaServicePolicy": {"allowAppPasswords": false, "trustedIps": [], "skipMfaForFederatedUsers": false},
                    "authenticationMethodsPolicy": {"policyMigrationState": "migrationComplete"}},
                "groups": [], "conditionalAccessPolicies": [], "users": users
            }),
            hcl: hcl.to_owned(),
            policy: None,
            files: Vec::new(),
            as_of: "2026-11-20T09:00:00Z",
            created_at: "2026-11-20T09:00:00Z",
            targets: Vec::new(),
            waivers: Vec::new(),
        }
    }

    pub fn groups(mut self, groups: Value) -> Self {
        self.snapshot["groups"] = groups;
        self
    }

    pub fn policy(mut self, hcl: &str) -> Self {
        self.policy = Some(hcl.to_owned());
        self
    }

    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    pub fn at(mut self, as_of: &'static str) -> Self {
        self.as_of = as_of;
        self
    }

    pub fn waive(mut self, guardrail: &str, bound: &str) -> Self {
        self.waivers.push((guardrail.to_owned(), bound.to_owned()));
        self
    }

    pub fn config(&self) -> Result<Config, Vec<Diagnostic>> {
        let mut overlay = Overlay::alone();
        overlay.insert("config/a-tenant.mfa.hcl", format!("tenant \"contoso\" {{\n  id = \"{TENANT}\"\n}}\n"));
        overlay.insert("config/main.mfa.hcl", self.hcl.clone());
        for (name, text) in &self.files {
            overlay.insert(format!("config/{name}"), text.clone());
        }
        if let Some(policy) = &self.policy {
            overlay.insert("policy/security.mfa.hcl", policy.clone());
        }
        let input = LoadInput {
            dir: Path::new("config"),
            policy_dir: self.policy.as_ref().map(|_| Path::new("policy")),
            assignments: &[],
            environment: &[],
            instant: self.as_of.parse().unwrap(),
            allow_files: &[],
            known_rules: &risk::known_rules(),
        };
        config::load_over(input, &overlay).map_err(|failure| failure.diagnostics)
    }

    pub fn built(&self) -> Result<Built, Vec<Diagnostic>> {
        let config = self.config()?;
        let bytes = serde_json::to_vec(&self.snapshot).unwrap();
        let tenant = snapshot::from_slice(Path::new("tenant.json"), &bytes).unwrap();
        let waiver = |(guardrail, bound): &(String, String)| {
            plan::waiver(&config.guardrails, guardrail, bound, "CHG-1234").unwrap()
        };
        let waivers: Vec<_> = self.waivers.iter().map(waiver).collect();
        let input = BuildInput {
            config: &config,
            tenant: &tenant,
            targets: &self.targets,
            waivers: &waivers,
            created_at: self.created_at.parse().unwrap(),
            assumed: None,
        };
        plan::build(&input).map_err(|error| match error {
            BuildError::Diagnostics(diagnostics) => diagnostics,
            BuildError::Target(problems) => problems
                .into_iter()
                .map(|one| Diagnostic::error(one.message, "").hint(one.hint.unwrap_or_default()))
                .collect(),
        })
    }

    pub fn plan(&self) -> Plan {
        match self.built() {
            Ok(built) => built.plan,
            Err(diagnostics) => panic!("{}", told(&diagnostics)),
        }
    }

    /// What the operator is told instead of a plan.
    pub fn refusal(&self) -> Vec<Diagnostic> {
        match self.built() {
            Ok(_) => panic!("there is a plan"),
            Err(diagnostics) => diagnostics,
        }
    }

    pub fn warnings(&self) -> Vec<Diagnostic> {
        match self.built() {
            Ok(built) => built.warnings,
            Err(diagnostics) => panic!("{}", told(&diagnostics)),
        }
    }
}

/// Diagnostics as one text.
pub fn told(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|one| format!("{}: {} [{}]\n", one.summary, one.detail, one.hints.join(" "))).collect()
}

/// The change of this person.
pub fn change<'a>(plan: &'a Plan, name: &str) -> &'a Change {
    find(plan, name).unwrap_or_else(|| panic!("{name} does not change"))
}

pub fn find<'a>(plan: &'a Plan, name: &str) -> Option<&'a Change> {
    plan.changes.iter().find(|change| *change.user.user_principal_name == *format!("{name}@contoso.com"))
}

/// `before → after (decision)`, the address of the block that declares it.
pub fn story(plan: &Plan, name: &str) -> String {
    let Some(change) = find(plan, name) else { return "no change".to_owned() };
    let by = change.declared_by.as_ref().map_or("", |place| place.address.as_str());
    format!("{} → {} {} {by}", change.before.as_str(), change.after, change.decision.as_str())
}

pub fn rules(change: &Change) -> Vec<&str> {
    change.findings.iter().map(|one| &*one.rule).collect()
}

pub fn json_of(plan: &Plan) -> Vec<u8> {
    let mut bytes = Vec::new();
    plan::file::write_json(plan, &mut bytes).unwrap();
    bytes
}
