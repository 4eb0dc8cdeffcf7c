//! Everything the program takes from outside its arguments, in one value passed down: variables, the clock, terminals.
//! [`VARIABLES`] is the one list of every variable read; `docs/environment.md` is generated from it.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// An environment variable the program reads.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name; a trailing `*` stands for any name that starts so.
    pub name: &'static str,
    /// Names that mean the same, for people who have them set for Terraform.
    pub aliases: &'static [&'static str],
    /// What it does.
    pub meaning: &'static str,
    /// Its value is a secret and is never shown.
    pub secret: bool,
}

const fn variable(name: &'static str, meaning: &'static str) -> Variable {
    Variable { name, aliases: &[], meaning, secret: false }
}

/// Every variable the program reads.
pub const VARIABLES: &[Variable] = &[
    variable("MFAPLAN_VAR_*", "The value of the variable named by the rest of the name."),
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
    variable("NO_COLOR", "Set and not empty: write no colours."),
    variable("CLICOLOR_FORCE", "Set and not 0: write colours even where the output is not a terminal. NO_COLOR wins."),
    variable("TERM", "`dumb`: write no colours."),
    variable("COLUMNS", "Width of the text view where the output is not a terminal [default: 80]."),
    variable("CI", "Set: plain progress lines instead of bars."),
    Variable {
        name: "AZURE_TENANT_ID",
        aliases: &["ARM_TENANT_ID"],
        meaning: "The tenant to sign in to; must be the one the configuration names.",
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
        meaning: "The password of that file.",
        secret: true,
    },
    Variable {
        name: "AZURE_FEDERATED_TOKEN_FILE",
        aliases: &["ARM_OIDC_TOKEN_FILE_PATH"],
        meaning: "A file with a token of a trusted issuer (workload identity federation).",
        secret: false,
    },
    variable("AZURE_AUTHORITY_HOST", "The sign-in host that workload identity names; only Microsoft's are accepted."),
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
        aliases: &["ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID"],
        meaning: "Azure Pipelines OIDC: the service connection.",
        secret: false,
    },
    variable("IDENTITY_ENDPOINT", "Managed identity on App Service."),
    Variable { name: "IDENTITY_HEADER", aliases: &[], meaning: "Managed identity on App Service.", secret: true },
    variable("PATH", "Where `az` is looked for."),
];

/// The environment of one run.
#[derive(Clone, Debug)]
pub struct Environment {
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
    pub fn of_process() -> Self {
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

    /// The value of a variable, under its name or one of its aliases.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
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
    pub fn prefixed<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.variables.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// May colours be written to a stream that is, or is not, a terminal?
    #[must_use]
    pub fn colors(&self, no_color: bool, is_terminal: bool) -> bool {
        if no_color || self.get("NO_COLOR").is_some() {
            return false;
        }
        if self.get("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
            return true;
        }
        is_terminal && self.get("TERM").is_none_or(|term| term != "dumb")
    }
}
