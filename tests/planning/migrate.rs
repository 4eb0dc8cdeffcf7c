//! The way off per-user MFA, against a second computation from the bare JSON: who is covered, and what every written step
//! does to every user.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use mfaplan::testing::fmt;
use serde_json::{Value, json};

use crate::generator::{self, Options, Truth};

const AS_OF: &str = "2026-11-21T00:00:00Z";

/// A small generator (SplitMix64): the same number, the same tenant.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// A tenant in the middle of everything: states of all kinds, some policies of its own, security defaults now and then.
struct World {
    snapshot: Value,
    hcl: String,
    emergency: BTreeSet<String>,
    workloads: BTreeSet<String>,
}

fn policy(name: &str, state: &str, users: Value, grant: Value) -> Value {
    json!({"id": format!("id of {name}"), "displayName": name, "state": state, "grantControls": grant, "conditions": {
        "users": users, "applications": {"includeApplications": ["All"]}, "clientAppTypes": ["all"]}})
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let users = 30 + dice.roll(40) as usize;
        let generated =
            generator::generate(Options { users, seed, sign_ins: dice.roll(2) == 0, passwords_never_expire: false });
        let mut snapshot: Value = serde_json::from_str(&generated.json).unwrap();
        let id = snapshot["tenant"]["id"].as_str().unwrap().to_owned();
        let defaults = dice.roll(4) == 0;
        snapshot["tenant"]["securityDefaultsEnabled"] = defaults.into();
        snapshot["tenant"]["servicePlans"] = json!(["AAD_PREMIUM", "EXCHANGE_S_ENTERPRISE"]);
        let (mut emergency, mut workloads) = (BTreeSet::new(), BTreeSet::new());
        let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for user in snapshot["users"].as_array_mut().unwrap() {
            let id = user["id"].as_str().unwrap().to_owned();
            let name = user["userPrincipalName"].as_str().unwrap().to_owned();
            match dice.roll(40) {
                0 => {
                    user.as_object_mut().unwrap().remove("perUserMfaState");
                }
                roll => user["perUserMfaState"] = ["disabled", "enabled", "enforced"][roll as usize % 3].into(),
            }
            let label = generated.labels[&id];
            if emergency.len() < 2 && label.truth == Truth::Person {
                names.entry("break_glass").or_default().push(name);
                emergency.insert(id);
            } else if label.truth == Truth::Workload && dice.roll(2) == 0 {
                names.entry("service_account").or_default().push(name);
                workloads.insert(id);
            }
        }
        let mut own = Vec::new();
        if !defaults {
            let all = json!({"includeUsers": ["All"]});
            let (mfa, block) = (
                json!({"operator": "OR", "builtInControls": ["mfa"]}),
                json!({"operator": "OR", "builtInControls": ["block"]}),
            );
            for (name, state, grant) in [
                ("Everybody", "enabledForReportingButNotEnforced", &mfa),
                ("Some", "enabled", &mfa),
                ("Nobody", "disabled", &block),
            ] {
                let some = snapshot["users"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|_| dice.roll(3) == 0)
                    .map(|one| one["id"].clone());
                let users =
                    if name == "Some" { json!({"includeUsers": some.collect::<Vec<_>>()}) } else { all.clone() };
                if dice.roll(2) == 0 {
                    own.push(policy(name, state, users, grant.clone()));
                }
            }
        }
        snapshot["conditionalAccessPolicies"] = own.into();
        let list = |kind: &str| names.get(kind).map(|names| format!("{names:?}"));
        let mut hcl = format!("tenant \"contoso\" {{\n  id = \"{id}\"\n  snapshot = \"tenant.json\"\n}}\n");
        if let Some(users) = list("break_glass") {
            hcl += &format!("break_glass \"emergency\" {{\n  users = {users}\n  reason = \"Emergency\"\n}}\n");
        }
        if let Some(users) = list("service_account") {
            hcl += &format!(
                "service_account \"machines\" {{\n  users = {users}\n  owner = \"it@contoso.com\"\n  reason = \"Programs\"\n}}\n"
            );
        }
        hcl += "mfa \"staff\" {\n  state = \"enforced\"\n  where = user.user_type == \"Member\"\n}\n";
        Self { snapshot, hcl, emergency, workloads }
    }
}

fn mfaplan(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mfaplan"));
    let output = command.env_clear().current_dir(dir).args(args).args(["--as-of", AS_OF]).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn state(user: &Value) -> Option<&str> {
    user["perUserMfaState"].as_str()
}

/// Is MFA asked of this user at every sign-in, by one of these policies? What the policies of this test can say, and no more.
fn covered(user: &Value, policies: &[Value]) -> bool {
    let id = user["id"].as_str().unwrap();
    policies.iter().any(|policy| {
        let users = &policy["conditions"]["users"];
        let has = |key: &str, what: &str| {
            users[key].as_array().into_iter().flatten().any(|one| one.as_str().unwrap().eq_ignore_ascii_case(what))
        };
        policy["state"] == "enabled"
            && policy["grantControls"]["builtInControls"] == json!(["mfa"])
            && policy["conditions"]["clientAppTypes"] == json!(["all"])
            && policy["conditions"]["applications"]["includeApplications"] == json!(["All"])
            && (has("includeUsers", "All") || has("includeUsers", id))
            && !has("excludeUsers", id)
    })
}

/// The users of each wave, as written.
fn waves(hcl: &str) -> Vec<Vec<String>> {
    let mut waves: Vec<Vec<String>> = Vec::new();
    for line in hcl.lines().take_while(|line| !line.starts_with("mfa ")) {
        if line.ends_with("= [") {
            waves.push(Vec::new());
        } else if let Some(name) = line.trim().strip_prefix('"') {
            waves.last_mut().unwrap().push(name.trim_end_matches("\",").to_owned());
        }
    }
    waves
}

#[test]
fn on_200_tenants_nobody_loses_mfa_and_everybody_is_accounted_for() {
    let all: Vec<u64> = (0..200).collect();
    std::thread::scope(|scope| {
        for seeds in all.chunks(100) {
            scope.spawn(|| seeds.iter().copied().for_each(migrated));
        }
    });
}

fn migrated(seed: u64) {
    let World { snapshot, hcl, emergency, workloads } = World::new(seed);
    let dir = tempfile::TempDir::new().unwrap();
    let dir = dir.path();
    fs::write(dir.join("tenant.json"), snapshot.to_string()).unwrap();
    fs::write(dir.join("main.mfa.hcl"), &hcl).unwrap();
    let (code, out, err) = mfaplan(dir, &["migrate", "--out", "way", "--json"]);
    assert_eq!(code, 0, "seed {seed}: {err}");
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(said["files"], json!(["conditional_access.tf", "migration.mfa.hcl", "MIGRATION.md"]));
    let read = |name: &str| fs::read_to_string(dir.join("way").join(name)).unwrap();
    let (terraform, configuration, document) =
        (read(said["files"][0].as_str().unwrap()), read("migration.mfa.hcl"), read("MIGRATION.md"));
    for text in [&terraform, &configuration] {
        assert_eq!(fmt::format(text).unwrap(), *text, "seed {seed}: canonical");
    }

    // Everybody with per-user MFA is lowered or named with a reason; whoever is lowered is covered.
    let policies = said["policies"].as_array().unwrap();
    let users = snapshot["users"].as_array().unwrap();
    let waves = waves(&configuration);
    let lowered: BTreeSet<&str> = waves.iter().flatten().map(String::as_str).collect();
    assert_eq!(lowered.len(), waves.iter().map(Vec::len).sum::<usize>(), "seed {seed}: each once");
    assert_eq!(said["covered"], lowered.len(), "seed {seed}");
    let named: BTreeMap<&str, &str> = said["not_covered"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["user"]["id"].as_str().unwrap(), one["reason"].as_str().unwrap()))
        .collect();
    let is_lowered = |user: &Value| {
        lowered.contains(user["userPrincipalName"].as_str().unwrap()) || lowered.contains(user["id"].as_str().unwrap())
    };
    for user in users {
        let id = user["id"].as_str().unwrap();
        let has = state(user) != Some("disabled");
        assert_eq!(has, is_lowered(user) != named.contains_key(id), "seed {seed}: {user}");
        assert!(named.get(id).is_none_or(|reason| !reason.is_empty() && configuration.contains(reason)), "seed {seed}");
        let outside = emergency.contains(id) || workloads.contains(id);
        assert!(!is_lowered(user) || (covered(user, policies) && !outside), "seed {seed}: {user}");
    }

    // Every written step, over every user.
    let own = snapshot["conditionalAccessPolicies"].as_array().unwrap();
    let standing: Vec<Value> = own.iter().chain(policies).cloned().collect();
    let defaults = snapshot["tenant"]["securityDefaultsEnabled"] == true;
    for user in users {
        let per_user = state(user).is_some_and(|state| state != "disabled");
        let mut needs = per_user || defaults || covered(user, own);
        let steps = [
            per_user || defaults || covered(user, own),
            per_user || covered(user, &standing),
            (per_user && !is_lowered(user)) || covered(user, &standing),
        ];
        for now in steps {
            if needs && !now {
                // Only security defaults can be lost, by who is outside of the policies on purpose, and the document says so.
                let name = user["userPrincipalName"].as_str().unwrap();
                let outside = emergency.contains(user["id"].as_str().unwrap())
                    || workloads.contains(user["id"].as_str().unwrap());
                assert!(defaults && outside && document.contains(name), "seed {seed}: {name}");
            }
            needs = now;
        }
    }

    // The plan of all that: nobody is withheld, and everybody waits until the policies are real.
    fs::write(dir.join("ca.json"), said["policies"].to_string()).unwrap();
    fs::copy(dir.join("way/migration.mfa.hcl"), dir.join("migration.mfa.hcl")).unwrap();
    if lowered.is_empty() {
        return;
    }
    let after = "2027-03-01";
    let plan = |extra: &[&str]| -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mfaplan"));
        let args = ["plan", "--json", "--quiet", "--as-of", after];
        let output = command.env_clear().current_dir(dir).args(args).args(extra).output().unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("seed {seed}: {}", String::from_utf8_lossy(&output.stderr)))
    };
    let of_the_waves = |plan: &Value| -> Vec<Value> {
        let all = plan["changes"].as_array().unwrap().iter();
        all.filter(|one| one["declared_by"]["address"].as_str().unwrap().starts_with("mfa.leave_per_user_mfa"))
            .cloned()
            .collect()
    };
    let assumed = plan(&["--assume-policies", "ca.json"]);
    assert!(assumed["notes"][0].as_str().unwrap().contains("that the tenant does not have"), "seed {seed}");
    let changes = of_the_waves(&assumed);
    assert_eq!(changes.len(), lowered.len(), "seed {seed}");
    for change in &changes {
        assert_ne!(change["decision"], "block", "seed {seed}: {change}");
        let after = if defaults { "mfa_by_security_defaults" } else { "mfa_by_conditional_access" };
        assert_eq!(change["impact"]["modern_auth"]["after"], after, "seed {seed}: {change}");
    }
    let mut real = snapshot.clone();
    real["conditionalAccessPolicies"] = standing
        .iter()
        .enumerate()
        .map(|(at, one)| {
            let mut one = one.clone();
            if one["id"] == "" {
                one["id"] = format!("new {at}").into();
            }
            one
        })
        .collect();
    real["tenant"]["securityDefaultsEnabled"] = false.into();
    fs::write(dir.join("tenant.json"), real.to_string()).unwrap();
    for change in of_the_waves(&plan(&[])) {
        assert_eq!(change["decision"], "apply", "seed {seed}: {change}");
    }
}

/// The arguments and words of the resource, from the provider's documentation: hashicorp/azuread 3.9.0,
/// "Resource: azuread_conditional_access_policy".
const DOCUMENTED: &[(&str, &[&str])] = &[
    ("", &["display_name", "state"]),
    ("conditions", &["client_app_types=all,browser,mobileAppsAndDesktopClients,exchangeActiveSync,easSupported,other"]),
    ("conditions.applications", &["included_applications=All,None,Office365"]),
    ("conditions.users", &["included_users=All,None,GuestsOrExternalUsers", "excluded_users", "included_roles"]),
    (
        "grant_controls",
        &[
            "operator=AND,OR",
            "built_in_controls=block,mfa,approvedApplication,compliantApplication,compliantDevice,domainJoinedDevice,passwordChange",
            "authentication_strength_policy_id",
        ],
    ),
];

#[test]
fn every_attribute_and_word_of_the_terraform_is_documented() {
    let World { snapshot, hcl, .. } = World::new(3);
    let dir = tempfile::TempDir::new().unwrap();
    fs::write(dir.path().join("tenant.json"), snapshot.to_string()).unwrap();
    fs::write(dir.path().join("main.mfa.hcl"), hcl).unwrap();
    let (code, ..) = mfaplan(dir.path(), &["migrate", "--out", "way"]);
    assert_eq!(code, 0);
    let text = fs::read_to_string(dir.path().join("way/conditional_access.tf")).unwrap();
    let body: hcl::Body = hcl::parse(&text).unwrap();
    let mut seen = BTreeSet::new();
    fn walk(body: &hcl::Body, path: &str, seen: &mut BTreeSet<String>) {
        let (_, known) =
            DOCUMENTED.iter().find(|(block, _)| *block == path).unwrap_or_else(|| panic!("no block {path}"));
        for attribute in body.attributes() {
            let key = attribute.key();
            let row =
                known.iter().find(|row| row.split('=').next() == Some(key)).unwrap_or_else(|| panic!("{path}.{key}"));
            seen.insert(format!("{path}.{key}"));
            if let Some((_, words)) = row.split_once('=') {
                let said = match attribute.expr() {
                    hcl::Expression::Array(items) => items.clone(),
                    one => vec![one.clone()],
                };
                for word in said {
                    let hcl::Expression::String(word) = word else { panic!("{path}.{key} is no word") };
                    assert!(words.split(',').any(|known| known == word), "{path}.{key}: {word}");
                }
            }
        }
        for block in body.blocks() {
            let inner =
                if path.is_empty() { block.identifier().to_owned() } else { format!("{path}.{}", block.identifier()) };
            walk(block.body(), &inner, seen);
        }
    }
    let resources: Vec<_> = body.blocks().filter(|block| block.identifier() == "resource").collect();
    assert_eq!(resources.len(), 3);
    for resource in resources {
        assert_eq!(resource.labels()[0].as_str(), "azuread_conditional_access_policy");
        walk(resource.body(), "", &mut seen);
    }
    let all: usize = DOCUMENTED.iter().map(|(_, known)| known.len()).sum();
    assert_eq!(seen.len(), all, "every documented row is used: {seen:?}");
}

#[test]
fn a_tenant_without_p1_is_told_what_is_missing() {
    let World { mut snapshot, hcl, .. } = World::new(5);
    snapshot["tenant"]["servicePlans"] = json!(["EXCHANGE_S_STANDARD"]);
    let dir = tempfile::TempDir::new().unwrap();
    fs::write(dir.path().join("tenant.json"), snapshot.to_string()).unwrap();
    fs::write(dir.path().join("main.mfa.hcl"), hcl).unwrap();
    let (code, out, _) = mfaplan(dir.path(), &["migrate", "--out", "way", "--json"]);
    assert_eq!(code, 3);
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap(),
        json!({"files": ["MIGRATION.md"], "covered": 0, "not_covered": [], "policies": []})
    );
    let files: Vec<_> = fs::read_dir(dir.path().join("way")).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert_eq!(files, ["MIGRATION.md"]);
    let (code, _, err) = mfaplan(dir.path(), &["migrate", "--out", "way"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("way is not empty"), "{err}");
    let unknown = {
        snapshot["tenant"].as_object_mut().unwrap().remove("servicePlans");
        snapshot
    };
    fs::write(dir.path().join("tenant.json"), unknown.to_string()).unwrap();
    let (code, _, err) = mfaplan(dir.path(), &["migrate", "--out", "other"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("which licences the tenant has is not known"), "{err}");
}
