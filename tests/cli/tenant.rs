//! A tenant of invented people with nothing risky about them.

use serde_json::json;

use crate::binary::Sandbox;

pub(crate) const TENANT: &str = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890";
pub(crate) const AS_OF: [&str; 2] = ["--as-of", "2026-11-24"];

pub(crate) fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// This many people whom the configuration wants enforced, all of them disabled.
pub(crate) fn people(count: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    let users: Vec<_> = (0..count)
        .map(|number| {
            json!({
                "id": id(number), "userPrincipalName": format!("user{number:03}@contoso.com"),
                "displayName": format!("User {number}"), "userType": "Member", "accountEnabled": true,
                "createdDateTime": "2024-01-02T03:04:05Z", "perUserMfaState": "disabled", "isMfaRegistered": true,
                "isMfaCapable": true, "methodsRegistered": ["microsoftAuthenticatorPush", "windowsHelloForBusiness"],
                "directoryRoles": [], "memberOf": [], "keptAsItIs": {"number": number},
            })
        })
        .collect();
    let snapshot = json!({
        "formatVersion": "1.0", "capturedAt": "2026-11-20T08:00:00Z", "unknownKey": [1, 2, 3],
        "tenant": {"id": TENANT, "displayName": "Contoso", "servicePlans": [],
            "domains": [{"id": "contoso.com", "authenticationType": "Managed"}]},
        "groups": [], "users": users,
    });
    sandbox.write("tenant.json", &(serde_json::to_string_pretty(&snapshot).unwrap() + "\n"));
    sandbox.write("main.mfa.hcl", &configuration("snapshot = \"tenant.json\""));
    sandbox
}

pub(crate) fn configuration(tenant: &str) -> String {
    format!(
        "tenant \"contoso\" {{\n  id = \"{TENANT}\"\n  {tenant}\n}}\n\nmfa \"all\" {{\n  state = \"enforced\"\n  \
         where = user.user_type == \"Member\"\n}}\n"
    )
}

/// `apply` with these arguments at the tests' instant.
pub(crate) fn apply<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [&["apply"], args, &AS_OF].concat()
}

/// Changes a user by hand.
pub(crate) fn by_hand(sandbox: &Sandbox, number: usize, state: &str) {
    let mut value: serde_json::Value = serde_json::from_str(&sandbox.read("tenant.json")).unwrap();
    value["users"][number]["perUserMfaState"] = state.into();
    sandbox.write("tenant.json", &(serde_json::to_string_pretty(&value).unwrap() + "\n"));
}
