//! Which tenant a domain name belongs to, as the sign-in service tells everybody who asks.
//!
//! The OpenID configuration of a domain names its issuer, and the issuer the tenant (Microsoft identity platform, "OpenID
//! Connect on the Microsoft identity platform", <https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc>).
//! Nothing is signed in for that, and no token is sent.

use std::time::Duration;

use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::{Endpoints, client, http};
use crate::tenant::{ReadError, TenantId};

/// The document has a few hundred bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// The tenant of a domain name.
///
/// # Errors
/// When the text is no domain name, nobody owns it, or the sign-in service does not answer.
pub(crate) async fn tenant_of(domain: &str, endpoints: &Endpoints) -> Result<TenantId, ReadError> {
    if !is_domain(domain) {
        return Err(ReadError::new(format!("`{domain}` is neither a tenant id (a GUID) nor a domain name"))
            .hint("contoso.com, contoso.onmicrosoft.com or 00000000-0000-0000-0000-000000000000"));
    }
    let address = format!("{}/{domain}/v2.0/.well-known/openid-configuration", endpoints.login());
    let url = Url::parse(&address).map_err(|_| ReadError::new(format!("`{domain}` is not a domain name")))?;
    let unreachable = |why: &str| {
        ReadError::new(format!("the sign-in service cannot be asked for the tenant of {domain}: {why}"))
            .hint("check the network and the proxy (HTTPS_PROXY), or name the tenant by its id")
    };
    let response = http(endpoints, Duration::from_secs(30))?
        .get(url)
        .send()
        .await
        .map_err(|error| unreachable(if error.is_timeout() { "no answer in time" } else { "no connection" }))?;
    let status = response.status();
    let body = client::received(response, MAX_ANSWER).await.map_err(unreachable)?;
    match status {
        StatusCode::OK => {
            let issuer = serde_json::from_slice::<Answer>(&body).ok().and_then(|answer| issuer(&answer.issuer));
            issuer.ok_or_else(|| unreachable("the answer names no tenant"))
        }
        // Microsoft answers 400 (AADSTS90002) for a name nobody has verified.
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => {
            Err(ReadError::new(format!("no tenant has the domain {domain}"))
                .hint("the Entra admin center shows the tenant's domains and its id under Overview"))
        }
        other => Err(unreachable(&format!("it answers {}", other.as_u16()))),
    }
}

#[derive(Deserialize)]
struct Answer {
    issuer: String,
}

/// `https://login.microsoftonline.com/<tenant>/v2.0`
fn issuer(issuer: &str) -> Option<TenantId> {
    Url::parse(issuer).ok()?.path_segments()?.next()?.parse().ok()
}

/// Letters, digits, hyphens and dots, as a host name has them: nothing that could lead the request elsewhere.
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_name_and_nothing_else() {
        for good in ["contoso.com", "contoso.onmicrosoft.com", "xn--mnchen-3ya.example", "a-b.c1"] {
            assert!(is_domain(good), "{good}");
        }
        for bad in
            ["", "contoso", "contoso.com/x", "../x.y", "a..b", ".com", "contoso.com?", "-a.com", "a.b:1", "a b.c"]
        {
            assert!(!is_domain(bad), "{bad}");
        }
    }

    #[test]
    fn the_issuer_names_the_tenant() {
        let id = "5d1f3c1e-8b1a-4c43-9c2d-6a0a3b7e9f10";
        let found = |text: &str| issuer(text).map(|tenant| tenant.to_string());
        assert_eq!(found(&format!("https://login.microsoftonline.com/{id}/v2.0")).as_deref(), Some(id));
        assert_eq!(found(&format!("https://sts.windows.net/{id}/")).as_deref(), Some(id));
        assert_eq!(found("https://login.microsoftonline.com/{tenantid}/v2.0"), None);
        assert_eq!(found("nonsense"), None);
    }
}
