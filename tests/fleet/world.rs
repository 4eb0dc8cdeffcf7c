//! Invented customers: one baseline, a directory each.

use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::{
    binary::Sandbox,
    support::fake_graph::{FakeFleet, FakeOptions},
};

/// The id of a tenant.
pub(crate) fn tenant(at: usize) -> String {
    format!("7f3a0d7e-4a64-4d6e-9a3f-{at:012}")
}

/// The id of a user of a tenant; no two tenants share one.
pub(crate) fn user(at: usize, number: usize) -> String {
    format!("{at:08x}-0000-4000-8000-{number:012}")
}

const BASELINE: &str = "variable \"except\" {\n  type    = list(string)\n  default = []\n}\n\nmfa \"everybody\" {\n  state = \"enforced\"\n  where = user.user_type == \"Member\" && !contains(var.except, user.user_principal_name)\n}\n";

/// The offline copy of a tenant with so many people, all disabled.
pub(crate) fn seed(at: usize, people: usize) -> Value {
    let users: Vec<Value> = (0..people)
        .map(|number| {
            json!({
                "id": user(at, number), "userPrincipalName": format!("user{number:03}@t{at}.example"),
                "displayName": format!("User {number}"), "userType": "Member", "accountEnabled": true,
                "createdDateTime": "2024-01-02T03:04:05Z", "perUserMfaState": "disabled", "isMfaRegistered": true,
                "isMfaCapable": true, "methodsRegistered": ["microsoftAuthenticatorPush", "windowsHelloForBusiness"],
                "directoryRoles": [], "memberOf": [],
            })
        })
        .collect();
    json!({
        "formatVersion": "1.0", "capturedAt": "2026-11-20T08:00:00Z",
        "tenant": {"id": tenant(at), "displayName": format!("Tenant {at}"), "servicePlans": [],
            "securityDefaultsEnabled": false,
            "domains": [{"id": format!("t{at}.example"), "authenticationType": "Managed"}]},
        "groups": [], "users": users,
    })
}

/// A fleet of so many tenants; `snapshots` puts a copy beside each configuration.
pub(crate) fn fleet(
    tenants: usize,
    people: usize,
    snapshots: bool,
    rings: &str,
    ring: impl Fn(usize) -> Option<&'static str>,
) -> Sandbox {
    let sandbox = Sandbox::new();
    let make = |path: &str| std::fs::create_dir_all(sandbox.path(path)).unwrap();
    // Modules lie within the git work tree.
    make(".git");
    make("modules/baseline");
    sandbox.write("modules/baseline/main.mfa.hcl", BASELINE);
    let mut text = format!("fleet \"customers\" {{\n{rings}");
    for at in 0..tenants {
        let name = format!("t{at}");
        make(&format!("tenants/{name}"));
        configure(&sandbox, at, snapshots);
        if snapshots {
            sandbox.write(&format!("tenants/{name}/tenant.json"), &(seed(at, people).to_string() + "\n"));
        }
        let ring = ring(at).map(|ring| format!("    ring      = \"{ring}\"\n")).unwrap_or_default();
        text.push_str(&format!("  tenant \"{name}\" {{\n    directory = \"tenants/{name}\"\n{ring}  }}\n"));
    }
    text.push_str("}\n");
    sandbox.write("customers.mfafleet.hcl", &text);
    sandbox
}

fn configure(sandbox: &Sandbox, at: usize, snapshot: bool) {
    let copy = if snapshot { "\n  snapshot = \"tenant.json\"" } else { "" };
    let text = format!(
        "tenant \"T{at}\" {{\n  id = \"{}\"{copy}\n}}\n\nmodule \"baseline\" {{\n  source = \"../../modules/baseline\"\n}}\n\nguardrails {{\n  max_change_percent = 100\n}}\n",
        tenant(at)
    );
    sandbox.write(&format!("tenants/t{at}/main.mfa.hcl"), &text);
}

/// The set digest of the plans in a directory.
pub(crate) fn set_digest(sandbox: &Sandbox, dir: &str) -> String {
    let set: Value = serde_json::from_str(&sandbox.read(&format!("{dir}/fleet.json"))).unwrap();
    set["digest"].as_str().unwrap().to_owned()
}

/// How each tenant ended, by name.
pub(crate) fn statuses(result: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    result["tenants"].as_array().unwrap().iter().map(|one| (text(&one["tenant"]), text(&one["status"]))).collect()
}

/// A runtime for the fakes.
pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// So many tenants behind one address, and the fleet's directory.
pub(crate) fn world(options: Vec<FakeOptions>, people: usize, runtime: &Runtime) -> (Sandbox, FakeFleet) {
    let tenants = options.len();
    let seeds = options.into_iter().enumerate().map(|(at, options)| (seed(at, people).to_string(), options)).collect();
    let fake = runtime.block_on(FakeFleet::start(seeds));
    let mut sandbox = fleet(tenants, people, false, "", |_| None);
    sandbox.set("MFAPLAN_GRAPH_ENDPOINT", &fake.origin());
    sandbox.set("MFAPLAN_LOGIN_ENDPOINT", &fake.origin());
    sandbox.set("AZURE_CLIENT_ID", "common-application");
    sandbox.set("AZURE_CLIENT_SECRET", "common-secret");
    // Whose tenant it is, its configuration says.
    sandbox.set("AZURE_TENANT_ID", &tenant(99));
    (sandbox, fake)
}

/// Does a path name a user of another tenant?
pub(crate) fn foreign(path: &str, at: usize) -> bool {
    let own = user(at, 0);
    let prefix = own.split_once('-').unwrap().0.to_owned();
    path.split('/').any(|part| part.len() == 36 && part.contains("-0000-4000-8000-") && !part.starts_with(&prefix))
}
