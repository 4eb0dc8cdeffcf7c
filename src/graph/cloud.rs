//! The clouds and their hosts, and the two variables that point elsewhere for tests.

use std::{fmt, net::IpAddr, str::FromStr};

use reqwest::Url;

/// A Microsoft cloud ("National cloud deployments", Microsoft Graph).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cloud {
    /// The public cloud, GCC included.
    #[default]
    Global,
    /// US Government L4 (GCC High).
    UsGov,
    /// US Government L5 (DoD).
    UsGovDod,
    /// China, operated by 21Vianet.
    China,
}

impl Cloud {
    /// Every cloud.
    pub const ALL: [Self; 4] = [Self::Global, Self::UsGov, Self::UsGovDod, Self::China];

    /// The name in `tenant.cloud`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::UsGov => "usgov",
            Self::UsGovDod => "usgov_dod",
            Self::China => "china",
        }
    }

    /// The Graph origin. It is also the resource tokens are asked for.
    #[must_use]
    pub const fn graph(self) -> &'static str {
        match self {
            Self::Global => "https://graph.microsoft.com",
            Self::UsGov => "https://graph.microsoft.us",
            Self::UsGovDod => "https://dod-graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }

    /// The sign-in origin.
    #[must_use]
    pub const fn login(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::UsGov | Self::UsGovDod => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        }
    }

    /// The audience of federated tokens.
    #[must_use]
    pub const fn exchange_audience(self) -> &'static str {
        match self {
            Self::Global => "api://AzureADTokenExchange",
            Self::UsGov | Self::UsGovDod => "api://AzureADTokenExchangeUSGov",
            Self::China => "api://AzureADTokenExchangeChina",
        }
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Cloud {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|cloud| cloud.as_str() == text).ok_or(())
    }
}

/// An endpoint variable that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is `{value}`: {why}")]
pub struct EndpointError {
    /// Which variable.
    pub variable: &'static str,
    /// Its value.
    pub value: String,
    /// What is wrong.
    pub why: &'static str,
}

/// Where requests go.
#[derive(Clone, Debug)]
pub struct Endpoints {
    cloud: Cloud,
    graph: Url,
    login: Url,
}

/// Points Graph elsewhere.
pub(crate) const GRAPH_VARIABLE: &str = "MFAPLAN_GRAPH_ENDPOINT";
/// Points the sign-in service elsewhere.
pub(crate) const LOGIN_VARIABLE: &str = "MFAPLAN_LOGIN_ENDPOINT";

impl Endpoints {
    /// The hosts of `cloud`, or those the two variables name. `lookup` reads the environment.
    ///
    /// # Errors
    /// When a variable is not an origin, or names a host that is neither Microsoft's nor this machine: tokens and
    /// secrets must not be sent anywhere else.
    pub fn from_env(cloud: Cloud, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, EndpointError> {
        let origin = |variable, default: &str| {
            let value = lookup(variable).filter(|value| !value.trim().is_empty());
            parse_origin(variable, value.as_deref().unwrap_or(default).trim())
        };
        Ok(Self { cloud, graph: origin(GRAPH_VARIABLE, cloud.graph())?, login: origin(LOGIN_VARIABLE, cloud.login())? })
    }

    /// The cloud.
    #[must_use]
    pub const fn cloud(&self) -> Cloud {
        self.cloud
    }

    /// The Graph origin without a trailing slash.
    #[must_use]
    pub fn graph(&self) -> &str {
        self.graph.as_str().trim_end_matches('/')
    }

    /// The sign-in origin without a trailing slash.
    #[must_use]
    pub fn login(&self) -> &str {
        self.login.as_str().trim_end_matches('/')
    }

    /// The scope of app tokens: the cloud's own, wherever requests go.
    #[must_use]
    pub fn scope(&self) -> String {
        format!("{}/.default", self.cloud.graph())
    }

    /// Is this URL at the Graph origin? Anything else gets no token.
    #[must_use]
    pub fn is_graph(&self, url: &Url) -> bool {
        url.origin() == self.graph.origin() && url.username().is_empty() && url.password().is_none()
    }

    /// Is a test server on this machine meant? Then no proxy may come between.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.graph) || is_loopback(&self.login)
    }
}

/// Is the host this machine?
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

fn is_microsoft(url: &Url) -> bool {
    Cloud::ALL
        .iter()
        .flat_map(|cloud| [cloud.graph(), cloud.login()])
        .filter_map(|origin| Url::parse(origin).ok())
        .chain(Url::parse("https://login.partner.microsoftonline.cn"))
        .any(|known| known.origin() == url.origin())
}

fn parse_origin(variable: &'static str, value: &str) -> Result<Url, EndpointError> {
    let fail = |why| EndpointError { variable, value: value.escape_debug().to_string(), why };
    let url = Url::parse(value).map_err(|_| fail("not a URL; an origin such as http://127.0.0.1:8787 is expected"))?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(EndpointError {
            variable,
            // The value may carry a password: it is not repeated.
            value: url.origin().ascii_serialization(),
            why: "only an origin is expected: scheme, host and port, without path, query or user",
        });
    }
    if is_loopback(&url) && matches!(url.scheme(), "http" | "https") {
        return Ok(url);
    }
    if url.scheme() != "https" {
        return Err(fail("plain http is accepted for loopback addresses only"));
    }
    if !is_microsoft(&url) {
        return Err(fail("only Microsoft's hosts and loopback addresses are accepted: tokens go there"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(value: &str) -> Result<Endpoints, EndpointError> {
        Endpoints::from_env(Cloud::Global, &|name| (name == GRAPH_VARIABLE).then(|| value.to_owned()))
    }

    #[test]
    fn each_cloud_has_its_hosts_and_its_scope() {
        let china = Endpoints::from_env(Cloud::China, &|_| None).unwrap();
        assert_eq!(china.graph(), "https://microsoftgraph.chinacloudapi.cn");
        assert_eq!(china.scope(), "https://microsoftgraph.chinacloudapi.cn/.default");
        assert!(!china.is_loopback());
        assert_eq!("usgov_dod".parse(), Ok(Cloud::UsGovDod));
    }

    #[test]
    fn only_microsoft_and_this_machine_get_tokens() {
        for good in ["http://127.0.0.1:8787", "http://localhost:1/", "http://[::1]:9", "https://graph.microsoft.us"] {
            assert!(at(good).is_ok(), "{good}");
        }
        for bad in [
            "http://graph.microsoft.com",
            "https://evil.example",
            "https://graph.microsoft.com.evil.example",
            "http://127.0.0.1.evil.example",
            "http://127.0.0.1:1/v1.0",
            "ftp://127.0.0.1",
            "http://user:hunter2@127.0.0.1:1",
            "nonsense",
        ] {
            let error = at(bad).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_loopback_endpoint_keeps_the_clouds_scope_and_refuses_other_origins() {
        let here = at("http://127.0.0.1:8787").unwrap();
        assert_eq!(here.scope(), "https://graph.microsoft.com/.default");
        assert!(here.is_graph(&Url::parse("http://127.0.0.1:8787/v1.0/users?$skiptoken=x").unwrap()));
        assert!(!here.is_graph(&Url::parse("http://127.0.0.1:8788/v1.0/users").unwrap()));
        assert!(!here.is_graph(&Url::parse("https://graph.microsoft.com/v1.0/users").unwrap()));
    }
}
