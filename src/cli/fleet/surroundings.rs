//! What a tenant's process is given of the environment: its own credentials, and nobody else's.

use std::collections::BTreeMap;

use crate::{
    cli::{
        Environment,
        environment::{VARIABLES, Variable},
    },
    config::fleet::{Credentials, Member},
    graph::credentials,
};

/// Which tenant it is, is its configuration's word.
const TENANT: [&str; 2] = ["AZURE_TENANT_ID", "ARM_TENANT_ID"];

/// The credentials that a tenant of its own application has. Each is looked for behind the tenant's prefix alone.
const OWN: [&str; 5] = [
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_FEDERATED_TOKEN_FILE",
];

/// The variables of one tenant's process.
///
/// `az` and a device code are a person's sign-in, and would answer for any tenant: without `PATH` there is no `az`, and
/// without a terminal no device code.
///
/// # Errors
/// In a sentence, which variable of its own is missing: another tenant's must not stand in for it.
pub(crate) fn of(member: &Member, all: &[&Member], env: &Environment) -> Result<BTreeMap<String, String>, String> {
    let own = |name: &str| OWN.contains(&name);
    let foreign =
        |name: &str| all.iter().filter_map(|one| one.credentials.as_ref()).any(|one| name.starts_with(&*one.prefix));
    let mut variables: BTreeMap<String, String> = env
        .prefixed("")
        .filter(|(name, _)| !TENANT.contains(name) && *name != "PATH" && !foreign(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let Some(Credentials { client_id, prefix }) = &member.credentials else { return Ok(variables) };
    let signing_in = |name: &str| credentials::VARIABLES.iter().any(|(one, _)| *one == name);
    for Variable { name, aliases, .. } in VARIABLES.iter().filter(|one| signing_in(one.name) || own(one.name)) {
        variables.remove(*name);
        aliases.iter().for_each(|alias| drop(variables.remove(*alias)));
    }
    for name in OWN {
        if let Some(value) = env.get(&format!("{prefix}{name}")) {
            variables.insert(name.to_owned(), value);
        }
    }
    if let Some(client) = client_id {
        variables.insert("AZURE_CLIENT_ID".to_owned(), client.to_string());
    }
    let missing = |name: &str| !variables.contains_key(name);
    if missing("AZURE_CLIENT_ID") {
        return Err(format!("{prefix}AZURE_CLIENT_ID is not set, and `credentials` names no `client_id`"));
    }
    if missing("AZURE_CLIENT_SECRET")
        && missing("AZURE_CLIENT_CERTIFICATE_PATH")
        && missing("AZURE_FEDERATED_TOKEN_FILE")
    {
        return Err(format!(
            "none of {prefix}AZURE_CLIENT_SECRET, {prefix}AZURE_CLIENT_CERTIFICATE_PATH and {prefix}AZURE_FEDERATED_TOKEN_FILE is set"
        ));
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, prefix: Option<&str>) -> Member {
        let credentials = prefix.map(|prefix| Credentials { client_id: None, prefix: prefix.into() });
        Member { name: name.into(), directory: name.into(), ring: None, credentials }
    }

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let owned: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Environment::invented(&owned, jiff::Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn nobody_gets_anybody_elses_credentials() {
        let (own, shared, other) = (member("a", Some("A_")), member("b", None), member("c", Some("C_")));
        let all = [&own, &shared, &other];
        let env = environment(&[
            ("AZURE_CLIENT_ID", "common"),
            ("AZURE_CLIENT_SECRET", "common-secret"),
            ("ARM_CLIENT_SECRET", "arm-secret"),
            ("AZURE_TENANT_ID", "x"),
            ("PATH", "/usr/bin"),
            ("MFAPLAN_VAR_wave", "2"),
            ("A_AZURE_CLIENT_ID", "a-app"),
            ("A_AZURE_CLIENT_SECRET", "a-secret"),
            ("C_AZURE_CLIENT_ID", "c-app"),
        ]);
        let a = of(&own, &all, &env).unwrap();
        assert_eq!((a["AZURE_CLIENT_ID"].as_str(), a["AZURE_CLIENT_SECRET"].as_str()), ("a-app", "a-secret"));
        assert!(!a.values().any(|value| value.contains("common") || value.contains("arm") || value.starts_with("c-")));
        assert_eq!(a["MFAPLAN_VAR_wave"], "2");
        let b = of(&shared, &all, &env).unwrap();
        assert_eq!(b["AZURE_CLIENT_SECRET"], "common-secret");
        for variables in [&a, &b] {
            let hidden = ["PATH", "AZURE_TENANT_ID", "A_AZURE_CLIENT_SECRET", "C_AZURE_CLIENT_ID"];
            assert!(hidden.iter().all(|name| !variables.contains_key(*name)), "{variables:?}");
        }
        // What is missing is missing: the common application does not stand in.
        assert!(of(&other, &all, &env).unwrap_err().contains("C_AZURE_CLIENT_SECRET"));
    }
}
