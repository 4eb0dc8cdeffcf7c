//! Everything the program takes from outside its arguments, in one value passed down: variables, the clock, terminals.
//! [`VARIABLES`] is the one list of every variable read; `docs/environment.md` is generated from it.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// An environment variable the program reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variable {
    /// Its name; a trailing `*` stands for any name that starts so.
    pub name: &'static str,
    /// Names that mean the same, for people who have them set for Terraform.
    pub aliases: &'static [&'static str],
    /// What it does.
    #[cfg_attr(not(test), expect(dead_code, reason = "the page of variables is made by a test"))]
    pub meaning: &'static str,
    /// Its value is a secret and is never shown.
    #[cfg_attr(not(test), expect(dead_code, reason = "the page of variables is made by a test"))]
    pub secret: bool,
}

const fn variable(name: &'static str, meaning: &'static str) -> Variable {
    Variable { name, aliases: &[], meaning, secret: false }
}

/// Every variable the program reads.
pub(crate) const VARIABLES: &[Variable] = &[
    variable("MFAPLAN_VAR_*", "The value of the variable named by the rest of the name."),
    variable(
        "TF_VAR_*",
        "Terraform's values of variables: not used, but told where they name a variable declared here.",
    ),
    variable("MFAPLAN_COMPLETE", "The shell whose completion script asks what could stand at the cursor."),
    variable("MFAPLAN_POLICY", "The policy directory, as `--policy`."),
    variable(
        "MFAPLAN_GRAPH_ENDPOINT",
        "Origin used instead of Microsoft Graph, for tests: loopback or a Microsoft host.",
    ),
    variable(
        "MFAPLAN_LOGIN_ENDPOINT",
        "Origin used instead of the sign-in service, for tests: loopback or a Microsoft host.",
    ),
    variable("MFAPLAN_NO_BULK_STATE", "Set: read every state by the documented request, never from the list of users."),
    variable(
        crate::cli::leash::VARIABLE,
        "Set by `fleet` for the processes of its tenants, not by hand: they end when their standard input does, and share the \
         quota in this file.",
    ),
    variable("NO_COLOR", "Set and not empty: write no colours."),
    variable("CLICOLOR_FORCE", "Set and not 0: write colours even where the output is not a terminal. NO_COLOR wins."),
    variable("TERM", "`dumb`: write no colours."),
    variable("COLUMNS", "Width of the text view where the output is not a terminal [default: 80]."),
    variable("CI", "Set: plain progress lines instead of bars."),
    Variable {
        name: "AZURE_TENANT_ID",
        aliases: &["ARM_TENANT_ID"],
        meaning: "The tenant to sign in to [default: `tenant.id`]; must be the one the configuration names.",
        secret: false,
    },
    Variable {
        name: "AZURE_CLIENT_ID",
        aliases: &["ARM_CLIENT_ID"],
        meaning: "The application to sign in as.",
        secret: false,
    },
    Variable { name: "AZURE_CLIENT_SECRET", aliases: &["ARM_CLIENT_SECRET"], meaning: "Its secret.", secret: true },
    Variable {
        name: "AZURE_CLIENT_CERTIFICATE_PATH",
        aliases: &["ARM_CLIENT_CERTIFICATE_PATH"],
        meaning: "Its certificate and private key, a PEM file.",
        secret: false,
    },
    Variable {
        name: "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        aliases: &["ARM_CLIENT_CERTIFICATE_PASSWORD"],
        meaning: "Not supported: an encrypted key is refused, with the command that decrypts it.",
        secret: true,
    },
    Variable {
        name: "AZURE_FEDERATED_TOKEN_FILE",
        aliases: &["ARM_OIDC_TOKEN_FILE_PATH"],
        meaning: "A file with a token of a trusted issuer (workload identity federation).",
        secret: false,
    },
    Variable {
        name: "ARM_OIDC_TOKEN",
        aliases: &[],
        meaning: "A token of a trusted issuer itself, where there is no file.",
        secret: true,
    },
    Variable {
        name: "ACTIONS_ID_TOKEN_REQUEST_URL",
        aliases: &["ARM_OIDC_REQUEST_URL"],
        meaning: "GitHub Actions OIDC (set by `permissions: id-token: write`).",
        secret: false,
    },
    Variable {
        name: "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        aliases: &["ARM_OIDC_REQUEST_TOKEN"],
        meaning: "GitHub Actions OIDC.",
        secret: true,
    },
    variable("SYSTEM_OIDCREQUESTURI", "Azure Pipelines OIDC."),
    Variable { name: "SYSTEM_ACCESSTOKEN", aliases: &[], meaning: "Azure Pipelines OIDC.", secret: true },
    Variable {
        name: "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
        aliases: &["ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID"],
        meaning: "Azure Pipelines OIDC: the service connection.",
        secret: false,
    },
    variable("IDENTITY_ENDPOINT", "Managed identity on App Service."),
    Variable { name: "IDENTITY_HEADER", aliases: &[], meaning: "Managed identity on App Service.", secret: true },
    variable("AZURE_POD_IDENTITY_AUTHORITY_HOST", "Managed identity of virtual machines at another, loopback, origin."),
    variable("ARM_USE_MSI", "`true`: managed identity, without asking whether there is one."),
    variable("GITHUB_REPOSITORY", "GitHub Actions, for the journal: the repository."),
    variable("GITHUB_SHA", "GitHub Actions, for the journal: the commit."),
    variable("GITHUB_ACTOR", "GitHub Actions, for the journal: who started it."),
    variable("GITHUB_RUN_ID", "GitHub Actions, for the journal: the run."),
    variable("GITHUB_SERVER_URL", "GitHub Actions, for the journal: where the run can be looked at."),
    variable("CI_PROJECT_PATH", "GitLab CI, for the journal: the repository."),
    variable("CI_COMMIT_SHA", "GitLab CI, for the journal: the commit."),
    variable("GITLAB_USER_LOGIN", "GitLab CI, for the journal: who started it."),
    variable("CI_JOB_URL", "GitLab CI, for the journal: where the job can be looked at."),
    variable("BUILD_BUILDID", "Azure Pipelines, for the journal: the run."),
    variable("BUILD_REPOSITORY_NAME", "Azure Pipelines, for the journal: the repository."),
    variable("BUILD_SOURCEVERSION", "Azure Pipelines, for the journal: the commit."),
    variable("BUILD_REQUESTEDFOR", "Azure Pipelines, for the journal: who started it."),
    variable("SYSTEM_COLLECTIONURI", "Azure Pipelines, for the journal: the organisation."),
    variable("SYSTEM_TEAMPROJECT", "Azure Pipelines, for the journal: the project."),
    variable("PATH", "Where `az` is looked for: in its absolute entries only, never in the current directory."),
    variable("SystemRoot", "Where `az` is started on Windows, and the command processor that starts it is found."),
    variable("HTTPS_PROXY", "The proxy for Microsoft Graph and the sign-in service; loopback addresses bypass it."),
    variable("NO_PROXY", "Hosts that are reached without the proxy."),
    variable("SSL_CERT_FILE", "A PEM file with the root certificates to trust instead of the system's (not Windows)."),
];

/// `docs/environment.md`, written from [`VARIABLES`].
#[cfg(test)]
fn markdown() -> String {
    let mut page = String::from(
        "# Environment variables\n\n\
         <!-- Written from src/cli/environment.rs; `UPDATE_DOCS=1 cargo test --lib cli::environment` rewrites it. -->\n\n\
         Every variable that the program reads. An alias counts where the name itself is not set; an empty variable counts\n\
         as not set. Secrets are never shown, whatever is asked for.\n\n\
         | variable | alias | meaning | secret |\n|---|---|---|---|\n",
    );
    for variable in VARIABLES {
        let aliases: Vec<_> = variable.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let secret = if variable.secret { "yes" } else { "" };
        // Names and meanings are written above: none holds a `|`.
        page.push_str(&format!("| `{}` | {} | {} | {secret} |\n", variable.name, aliases.join(", "), variable.meaning));
    }
    page.push_str(
        "\nWhich way to sign in the variables choose: `credentials.md`. What is asked of Graph: `graph.md`.\n",
    );
    page
}

/// The environment of one run.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    /// The time at which the program started.
    pub now: Timestamp,
    /// Is standard input a terminal?
    pub stdin_is_terminal: bool,
    /// Is standard output a terminal?
    pub stdout_is_terminal: bool,
    /// Is standard error a terminal?
    pub stderr_is_terminal: bool,
}

impl Environment {
    /// The process's own environment. The only place that reads it.
    #[must_use]
    pub(crate) fn of_process() -> Self {
        use std::io::IsTerminal;
        Self {
            variables: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
            now: Timestamp::now(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// An environment of these variables, without a terminal.
    pub(crate) fn invented(variables: &[(String, String)], now: Timestamp) -> Self {
        Self {
            variables: variables.iter().cloned().collect(),
            now,
            stdin_is_terminal: false,
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        }
    }

    /// The value of a variable, under its name or one of its aliases.
    #[must_use]
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.variables
            .get(name)
            .or_else(|| {
                let known = VARIABLES.iter().find(|variable| variable.name == name)?;
                known.aliases.iter().find_map(|alias| self.variables.get(*alias))
            })
            .filter(|value| !value.is_empty())
            .cloned()
    }

    /// All variables whose name starts with `prefix`, without the prefix.
    pub(crate) fn prefixed<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.variables.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// May colours be written to a stream that is, or is not, a terminal?
    #[must_use]
    pub(crate) fn colors(&self, no_color: bool, is_terminal: bool) -> bool {
        if no_color || self.get("NO_COLOR").is_some() {
            return false;
        }
        if self.get("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
            return true;
        }
        is_terminal && self.get("TERM").is_none_or(|term| term != "dumb")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::graph::{GRAPH_VARIABLE, LOGIN_VARIABLE, credentials};

    #[test]
    fn the_page_lists_what_the_code_lists() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/environment.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, markdown()).unwrap();
        }
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(page == markdown(), "{path} is out of date: UPDATE_DOCS=1 cargo test --lib cli::environment");
    }

    /// What the sign-in asks the environment for, with every method within reach, is in the one list.
    #[test]
    fn every_variable_that_signing_in_reads_is_listed() {
        let asked = std::sync::Mutex::new(BTreeSet::new());
        let lookup = |name: &str| {
            asked.lock().unwrap().insert(name.to_owned());
            (name == "AZURE_CLIENT_ID").then(|| "app".to_owned())
        };
        credentials::Credential::from_env(&lookup, true).unwrap();
        let listed: BTreeSet<&str> =
            VARIABLES.iter().flat_map(|one| one.aliases.iter().copied().chain([one.name])).collect();
        for name in &asked.into_inner().unwrap() {
            assert!(listed.contains(&**name), "{name} is read, but not listed");
        }
        for (name, _) in credentials::VARIABLES {
            assert!(listed.contains(name), "{name} is not listed");
        }
        assert!(listed.contains(GRAPH_VARIABLE) && listed.contains(LOGIN_VARIABLE));
    }

    #[test]
    fn secrets_are_marked() {
        for name in ["AZURE_CLIENT_SECRET", "ARM_OIDC_TOKEN", "SYSTEM_ACCESSTOKEN", "IDENTITY_HEADER"] {
            assert!(VARIABLES.iter().any(|one| one.name == name && one.secret), "{name}");
        }
    }
}
