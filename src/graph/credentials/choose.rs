//! Which method of signing in the environment asks for.

use secrecy::SecretString;

use super::{AuthError, SearchPath};

/// Every variable that decides how to sign in, with its meaning; `docs/environment.md` lists them.
pub const VARIABLES: &[(&str, &str)] = &[
    ("AZURE_TENANT_ID", "tenant to sign in to; default: `tenant.id` (alias ARM_TENANT_ID)"),
    ("AZURE_CLIENT_ID", "application (client) id (alias ARM_CLIENT_ID)"),
    ("AZURE_CLIENT_SECRET", "the application's secret (alias ARM_CLIENT_SECRET)"),
    (
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "PEM file with the application's certificate and private key (alias ARM_CLIENT_CERTIFICATE_PATH)",
    ),
    (
        "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        "not supported: an encrypted key is refused with the command that converts it (alias ARM_CLIENT_CERTIFICATE_PASSWORD)",
    ),
    (
        "AZURE_FEDERATED_TOKEN_FILE",
        "file with a federated token, read again at each sign-in (alias ARM_OIDC_TOKEN_FILE_PATH)",
    ),
    ("ARM_OIDC_TOKEN", "a federated token"),
    (
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "set by GitHub Actions with `permissions: id-token: write` (alias ARM_OIDC_REQUEST_URL)",
    ),
    ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "set by GitHub Actions (alias ARM_OIDC_REQUEST_TOKEN)"),
    ("SYSTEM_OIDCREQUESTURI", "set by Azure Pipelines"),
    ("SYSTEM_ACCESSTOKEN", "Azure Pipelines: `$(System.AccessToken)`, mapped in the step's `env`"),
    (
        "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
        "Azure Pipelines: id of the service connection (alias ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID)",
    ),
    ("IDENTITY_ENDPOINT", "managed identity of App Service, Functions, Container Apps"),
    ("IDENTITY_HEADER", "managed identity of App Service, Functions, Container Apps"),
    ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "managed identity of virtual machines at another (loopback) origin"),
    ("ARM_USE_MSI", "`true`: managed identity, without asking whether there is one"),
];

/// The application an operator signs in to by device code where AZURE_CLIENT_ID names none: "Microsoft Graph Command
/// Line Tools", Microsoft's own public client, which an administrator can consent the scopes to.
pub(crate) const DEVICE_CODE_CLIENT: &str = "14d82eec-204b-4c2f-b7e8-296a70dab67e";

/// The application that operators sign in to.
pub(crate) fn operator_client(lookup: &dyn Fn(&str) -> Option<String>) -> String {
    let named = |name| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    ["AZURE_CLIENT_ID", "ARM_CLIENT_ID"].into_iter().find_map(named).unwrap_or_else(|| DEVICE_CODE_CLIENT.to_owned())
}

/// An application in a tenant.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The tenant to sign in to; `None` is the configured one.
    pub tenant: Option<String>,
    /// The application (client) id.
    pub client: String,
}

/// Which managed identity endpoint.
#[derive(Clone, Debug)]
pub enum ManagedIdentity {
    /// The instance metadata service of virtual machines, at this origin.
    Imds {
        /// Usually `http://169.254.169.254`.
        origin: String,
    },
    /// App Service and relatives.
    AppService {
        /// `IDENTITY_ENDPOINT`
        endpoint: String,
        /// `IDENTITY_HEADER`
        header: SecretString,
    },
}

/// A way to get a token.
#[derive(Clone, Debug)]
pub enum Method {
    /// Client secret.
    Secret(Identity, SecretString),
    /// Certificate: path of a PEM file.
    Certificate(Identity, String),
    /// Federated token in a file.
    FederatedFile(Identity, String),
    /// Federated token in the environment.
    FederatedToken(Identity, SecretString),
    /// GitHub Actions: request URL and token.
    GitHub(Identity, String, SecretString),
    /// Azure Pipelines.
    AzurePipelines {
        /// The application.
        identity: Identity,
        /// `SYSTEM_OIDCREQUESTURI`
        uri: String,
        /// `SYSTEM_ACCESSTOKEN`
        token: SecretString,
        /// The service connection.
        connection: String,
    },
    /// Managed identity; a client id chooses a user-assigned one.
    ManagedIdentity(ManagedIdentity, Option<String>),
    /// The Azure CLI's sign-in.
    AzureCli(SearchPath),
    /// What `mfaplan login` has kept for an operator; with the public client's id.
    Kept(String),
    /// Device code, typed by the operator; with the public client's id.
    DeviceCode(String),
}

impl Method {
    /// The secrets it is given, before anything is sent.
    pub(super) fn secrets(&self) -> Vec<&SecretString> {
        match self {
            Self::Secret(_, secret) | Self::FederatedToken(_, secret) | Self::GitHub(_, _, secret) => vec![secret],
            Self::AzurePipelines { identity: _, uri: _, token, connection: _ } => vec![token],
            Self::ManagedIdentity(ManagedIdentity::AppService { endpoint: _, header }, _) => vec![header],
            Self::Certificate(..)
            | Self::FederatedFile(..)
            | Self::ManagedIdentity(ManagedIdentity::Imds { .. }, _)
            | Self::AzureCli(_)
            | Self::Kept(_)
            | Self::DeviceCode(_) => Vec::new(),
        }
    }

    /// The name in messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Secret(..) => "client secret",
            Self::Certificate(..) => "client certificate",
            Self::FederatedFile(..) | Self::FederatedToken(..) => "federated token",
            Self::GitHub(..) => "GitHub Actions OIDC",
            Self::AzurePipelines { .. } => "Azure Pipelines OIDC",
            Self::ManagedIdentity(..) => "managed identity",
            Self::AzureCli(_) => "Azure CLI",
            Self::Kept(_) => "mfaplan login",
            Self::DeviceCode(_) => "device code",
        }
    }
}

/// What the environment offers, in the order it is tried.
///
/// Variables that name a method name exactly that one: if it fails, nothing else is tried, since another identity with
/// other rights would be a surprise. Without any, the machine is asked: what `mfaplan login` has kept, managed identity,
/// `az`, device code.
#[derive(Clone, Debug)]
pub struct Credential {
    pub(super) methods: Vec<Method>,
}

impl Credential {
    /// Chooses by the environment, which `lookup` reads. `terminal`: an operator is there to type a device code.
    ///
    /// # Errors
    /// When variables name a method and lack a part of it.
    pub fn from_env(lookup: &dyn Fn(&str) -> Option<String>, terminal: bool) -> Result<Self, AuthError> {
        let one = |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let any = |names: &[&str]| names.iter().find_map(|name| one(name));
        let tenant = any(&["AZURE_TENANT_ID", "ARM_TENANT_ID"]);
        let client = any(&["AZURE_CLIENT_ID", "ARM_CLIENT_ID"]);
        let truthy = |name: &str| one(name).is_some_and(|value| matches!(&*value.to_lowercase(), "true" | "1"));
        let identity = |method: &'static str| match &client {
            Some(client) => Ok(Identity { tenant: tenant.clone(), client: client.clone() }),
            None => Err(AuthError::new(method, "AZURE_CLIENT_ID is not set").hint(
                "set AZURE_CLIENT_ID to the application (client) id shown on the app registration's overview page",
            )),
        };
        let single = |method| Ok(Self { methods: vec![method] });

        if let Some(secret) = any(&["AZURE_CLIENT_SECRET", "ARM_CLIENT_SECRET"]) {
            return single(Method::Secret(identity("client secret")?, secret.into()));
        }
        if let Some(path) = any(&["AZURE_CLIENT_CERTIFICATE_PATH", "ARM_CLIENT_CERTIFICATE_PATH"]) {
            return single(Method::Certificate(identity("client certificate")?, path));
        }
        if let Some(path) = any(&["AZURE_FEDERATED_TOKEN_FILE", "ARM_OIDC_TOKEN_FILE_PATH"]) {
            return single(Method::FederatedFile(identity("federated token")?, path));
        }
        if let Some(token) = one("ARM_OIDC_TOKEN") {
            return single(Method::FederatedToken(identity("federated token")?, token.into()));
        }
        // The runners set their variables for every job; without a client id the job did not mean this program.
        if client.is_some() {
            let connection =
                any(&["AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID"]);
            if let (Some(uri), Some(token), Some(connection)) =
                (one("SYSTEM_OIDCREQUESTURI"), one("SYSTEM_ACCESSTOKEN"), connection)
            {
                let identity = identity("Azure Pipelines OIDC")?;
                return single(Method::AzurePipelines { identity, uri, token: token.into(), connection });
            }
            if let (Some(url), Some(token)) = (
                any(&["ACTIONS_ID_TOKEN_REQUEST_URL", "ARM_OIDC_REQUEST_URL"]),
                any(&["ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ARM_OIDC_REQUEST_TOKEN"]),
            ) {
                return single(Method::GitHub(identity("GitHub Actions OIDC")?, url, token.into()));
            }
        }
        if let (Some(endpoint), Some(header)) = (one("IDENTITY_ENDPOINT"), one("IDENTITY_HEADER")) {
            let managed = ManagedIdentity::AppService { endpoint, header: header.into() };
            return single(Method::ManagedIdentity(managed, client));
        }
        let origin = one("AZURE_POD_IDENTITY_AUTHORITY_HOST").unwrap_or_else(|| "http://169.254.169.254".to_owned());
        let imds = Method::ManagedIdentity(ManagedIdentity::Imds { origin }, client.clone());
        if truthy("ARM_USE_MSI") {
            return single(imds);
        }
        let operators = operator_client(lookup);
        let mut methods = vec![Method::Kept(operators.clone()), imds, Method::AzureCli(SearchPath::from_env(lookup))];
        if terminal {
            methods.push(Method::DeviceCode(operators));
        }
        Ok(Self { methods })
    }

    /// These methods, in this order.
    #[must_use]
    pub fn of(methods: Vec<Method>) -> Self {
        Self { methods }
    }

    /// The methods in the order they are tried.
    #[must_use]
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)]) -> Vec<&'static str> {
        let lookup = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let credential = Credential::from_env(&lookup, true).unwrap();
        credential.methods().iter().map(Method::name).collect()
    }

    #[test]
    fn variables_name_one_method_and_the_first_of_the_order_wins() {
        let app = ("AZURE_CLIENT_ID", "app");
        assert_eq!(
            chosen(&[app, ("AZURE_CLIENT_SECRET", "s"), ("AZURE_FEDERATED_TOKEN_FILE", "f")]),
            ["client secret"]
        );
        assert_eq!(chosen(&[app, ("AZURE_CLIENT_CERTIFICATE_PATH", "c.pem")]), ["client certificate"]);
        assert_eq!(chosen(&[app, ("AZURE_FEDERATED_TOKEN_FILE", "f")]), ["federated token"]);
        assert_eq!(
            chosen(&[app, ("ACTIONS_ID_TOKEN_REQUEST_URL", "u"), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t")]),
            ["GitHub Actions OIDC"]
        );
        let pipeline = [
            app,
            ("SYSTEM_OIDCREQUESTURI", "u"),
            ("SYSTEM_ACCESSTOKEN", "t"),
            ("ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "c"),
        ];
        assert_eq!(chosen(&pipeline), ["Azure Pipelines OIDC"]);
        assert_eq!(chosen(&[("IDENTITY_ENDPOINT", "e"), ("IDENTITY_HEADER", "h")]), ["managed identity"]);
        assert_eq!(chosen(&[]), ["mfaplan login", "managed identity", "Azure CLI", "device code"]);
    }

    #[test]
    fn terraform_names_are_aliases_and_empty_values_are_no_values() {
        assert_eq!(chosen(&[("ARM_CLIENT_ID", "app"), ("ARM_CLIENT_SECRET", "s")]), ["client secret"]);
        assert_eq!(chosen(&[("ARM_USE_MSI", "true")]), ["managed identity"]);
        assert_eq!(chosen(&[("AZURE_CLIENT_SECRET", " ")]).len(), 4);
    }

    #[test]
    fn a_secret_without_an_application_says_what_is_missing() {
        let error = Credential::from_env(&|name| (name == "AZURE_CLIENT_SECRET").then(|| "hunter2".into()), false);
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), "sign-in by client secret failed: AZURE_CLIENT_ID is not set");
        assert_eq!(error.hints.len(), 1);
    }

    #[test]
    fn secrets_do_not_print() {
        let identity = Identity { tenant: None, client: "app".into() };
        let text = format!("{:?}", Credential::of(vec![Method::Secret(identity, "hunter2".to_owned().into())]));
        assert!(!text.contains("hunter2"), "{text}");
    }
}
