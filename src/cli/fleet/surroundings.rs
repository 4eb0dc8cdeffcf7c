//! What a tenant's process is given of the environment: its own credentials, and nobody else's.

use std::{collections::BTreeMap, io, path::Path};

use tempfile::TempDir;

use crate::{
    cli::{
        Environment,
        environment::{VARIABLES, Variable},
        leash,
    },
    config::fleet::{Credentials, Member},
    eval::hash,
    graph::credentials,
    tenant::Text,
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

/// What the processes of one run are given.
#[derive(Debug)]
pub(crate) struct Surroundings {
    env: Environment,
    /// The prefixes of all tenants.
    prefixes: Vec<Text>,
    /// A file for each application, with what it may still ask over all tenants.
    quotas: TempDir,
}

impl Surroundings {
    /// Those of a run over these tenants.
    ///
    /// # Errors
    /// That there can be no file that the processes share.
    pub(crate) fn new<'m>(all: impl Iterator<Item = &'m Member>, env: &Environment) -> io::Result<Self> {
        let prefixes = all.filter_map(|one| one.credentials.as_ref()).map(|one| one.prefix.clone()).collect();
        let quotas = tempfile::Builder::new().prefix("mfaplan-fleet-").tempdir()?;
        Ok(Self { env: env.clone(), prefixes, quotas })
    }

    /// The variables of one tenant's process.
    ///
    /// # Errors
    /// As [`variables`].
    pub(crate) fn of(&self, member: &Member) -> Result<BTreeMap<String, String>, String> {
        let mut variables = variables(member, &self.prefixes, &self.env)?;
        let application = ["AZURE_CLIENT_ID", "ARM_CLIENT_ID"].iter().find_map(|name| variables.get(*name));
        let file = quota(self.quotas.path(), application.map_or("", String::as_str))?;
        variables.insert(leash::VARIABLE.to_owned(), file);
        Ok(variables)
    }
}

/// The file of an application: what it may ask is counted for it alone.
fn quota(dir: &Path, application: &str) -> Result<String, String> {
    let file = dir.join(hash(application.to_lowercase().as_bytes()).to_string());
    file.into_os_string().into_string().map_err(|path| format!("{} is no Unicode", path.display()))
}

/// The variables of one tenant's process.
///
/// `az` and a device code are a person's sign-in, and would answer for any tenant: without `PATH` there is no `az`, and
/// without a terminal no device code.
///
/// # Errors
/// In a sentence, which variable of its own is missing: another tenant's must not stand in for it.
fn variables(member: &Member, prefixes: &[Text], env: &Environment) -> Result<BTreeMap<String, String>, String> {
    let own = |name: &str| OWN.contains(&name);
    let foreign = |name: &str| prefixes.iter().any(|prefix| name.starts_with(&**prefix));
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
        let run = Surroundings::new([&own, &shared, &other].into_iter(), &env).unwrap();
        let a = run.of(&own).unwrap();
        assert_eq!((a["AZURE_CLIENT_ID"].as_str(), a["AZURE_CLIENT_SECRET"].as_str()), ("a-app", "a-secret"));
        assert!(!a.values().any(|value| value.contains("common") || value.contains("arm") || value.starts_with("c-")));
        assert_eq!(a["MFAPLAN_VAR_wave"], "2");
        let b = run.of(&shared).unwrap();
        assert_ne!(a[leash::VARIABLE], b[leash::VARIABLE], "two applications have a quota each");
        assert_eq!(b[leash::VARIABLE], run.of(&member("d", None)).unwrap()[leash::VARIABLE]);
        assert_eq!(b["AZURE_CLIENT_SECRET"], "common-secret");
        for variables in [&a, &b] {
            let hidden = ["PATH", "AZURE_TENANT_ID", "A_AZURE_CLIENT_SECRET", "C_AZURE_CLIENT_ID"];
            assert!(hidden.iter().all(|name| !variables.contains_key(*name)), "{variables:?}");
        }
        // What is missing is missing: the common application does not stand in.
        assert!(run.of(&other).unwrap_err().contains("C_AZURE_CLIENT_SECRET"));
    }
}
