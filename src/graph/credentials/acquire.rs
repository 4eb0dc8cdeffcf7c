//! One function a method.

use std::{process::Stdio, time::Duration};

use jiff::Timestamp;
use reqwest::{RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use tokio::time::{Instant, sleep};

use super::{
    AuthError, Identity, ManagedIdentity, Method, SearchPath, assertion,
    error::Answer,
    source::{DevicePrompt, Token, TokenSource},
};
use crate::{
    graph::{
        client::{TOO_LARGE, received},
        cloud::is_loopback,
        retry_after,
    },
    tenant::{Patience, Spent},
};

/// The sign-in service is asked less patiently than Graph: nothing is lost by failing early.
const PATIENCE: Patience = Patience {
    retries: 4,
    total: Duration::from_secs(60),
    first: Duration::from_millis(500),
    cap: Duration::from_secs(8),
};
/// Where there is no instance metadata service, packets to it get no answer: two seconds tell.
const IMDS_PATIENCE: Duration = Duration::from_secs(2);
/// How long one answer of a managed identity may take.
const LOCAL_TIMEOUT: Duration = Duration::from_secs(30);
const AZ_PATIENCE: Duration = Duration::from_secs(60);
/// What an operator is asked to grant at a device code.
const READ_SCOPES: &[&str] =
    &["Policy.Read.All", "User.Read.All", "GroupMember.Read.All", "RoleManagement.Read.Directory", "AuditLog.Read.All"];
/// The one write, asked for only by commands that write.
const WRITE_SCOPE: &str = "Policy.ReadWrite.AuthenticationMethod";
/// A device code is waited for no longer than this, in seconds, whatever the service says.
const LONGEST_CODE: i64 = 3_600;
/// Answers of sign-in services are a few KiB; larger ones are not read.
const MAX_ANSWER: usize = 1 << 20;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A token by `method`.
pub(super) async fn token(source: &TokenSource, method: &Method) -> Result<Token, AuthError> {
    let name = method.name();
    match method {
        Method::Secret(identity, secret) => {
            app(source, name, identity, &[("client_secret", secret.expose_secret())]).await
        }
        Method::Certificate(identity, path) => {
            let audience = endpoint(source, identity.tenant.as_deref(), "token");
            let jwt = assertion::signed(path, &identity.client, &audience, Timestamp::now())?;
            asserted(source, name, identity, &jwt).await
        }
        Method::FederatedFile(identity, path) => {
            let jwt = std::fs::read_to_string(path)
                .map_err(|error| AuthError::new(name, format!("cannot read {}: {error}", path.escape_debug())))?;
            asserted(source, name, identity, &jwt.trim().to_owned().into()).await
        }
        Method::FederatedToken(identity, jwt) => asserted(source, name, identity, jwt).await,
        Method::GitHub(identity, url, bearer) => {
            let audience = source.endpoints.cloud().exchange_audience();
            let mut url = trusted(name, url)?;
            url.query_pairs_mut().append_pair("audience", audience);
            let request = || source.http.get(url.clone()).bearer_auth(bearer.expose_secret());
            let body = ask(source, name, &request, &[429]).await?;
            let Issued { value: jwt } = parse(name, &body)?;
            asserted(source, name, identity, &jwt.into()).await
        }
        Method::AzurePipelines { identity, uri, token, connection } => {
            let mut url = trusted(name, uri)?;
            url.query_pairs_mut().append_pair("api-version", "7.1").append_pair("serviceConnectionId", connection);
            let request = || {
                source
                    .http
                    .post(url.clone())
                    .bearer_auth(token.expose_secret())
                    .header("X-TFS-FedAuthRedirect", "Suppress")
                    .header("Content-Length", "0")
            };
            let body = ask(source, name, &request, &[429]).await?;
            let Issued { value: jwt } = parse(name, &body)?;
            asserted(source, name, identity, &jwt.into()).await
        }
        Method::ManagedIdentity(kind, client) => managed(source, name, kind, client.as_deref()).await,
        Method::AzureCli(search) => azure_cli(source, name, search).await,
        Method::Kept(client) => kept(source, name, client).await,
        Method::DeviceCode(client) => device_code(source, name, client, None).await,
    }
}

fn endpoint(source: &TokenSource, tenant: Option<&str>, what: &str) -> String {
    let tenant: String = tenant
        .unwrap_or(&source.tenant)
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
        .collect();
    format!("{}/{tenant}/oauth2/v2.0/{what}", source.endpoints.login())
}

async fn asserted(
    source: &TokenSource,
    name: &'static str,
    identity: &Identity,
    jwt: &SecretString,
) -> Result<Token, AuthError> {
    source.known().learn(jwt);
    let proof = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", jwt.expose_secret())];
    app(source, name, identity, &proof).await
}

/// The client credentials grant.
async fn app(
    source: &TokenSource,
    name: &'static str,
    identity: &Identity,
    proof: &[(&str, &str)],
) -> Result<Token, AuthError> {
    let scope = source.endpoints.scope();
    let mut form = vec![("client_id", &*identity.client), ("scope", &scope), ("grant_type", "client_credentials")];
    form.extend_from_slice(proof);
    let url = endpoint(source, identity.tenant.as_deref(), "token");
    let body = ask(source, name, &|| source.http.post(&url).form(&form), &[429]).await?;
    parse::<Granted>(name, &body)?.token(name)
}

async fn managed(
    source: &TokenSource,
    name: &'static str,
    kind: &ManagedIdentity,
    client: Option<&str>,
) -> Result<Token, AuthError> {
    let (url, header, wait) = match kind {
        ManagedIdentity::Imds { origin } => (
            format!("{}/metadata/identity/oauth2/token", origin.trim_end_matches('/')),
            ("Metadata", "true"),
            Some(IMDS_PATIENCE),
        ),
        ManagedIdentity::AppService { endpoint, header } => {
            (endpoint.clone(), ("X-IDENTITY-HEADER", header.expose_secret()), None)
        }
    };
    let mut url = Url::parse(&url).map_err(|_| AuthError::new(name, "its endpoint is not a URL"))?;
    let local = url.host_str() == Some("169.254.169.254") || is_loopback(&url);
    if matches!(kind, ManagedIdentity::Imds { .. }) && !local {
        return Err(AuthError::new(
            name,
            "AZURE_POD_IDENTITY_AUTHORITY_HOST is neither a loopback nor the metadata address",
        ));
    }
    url.query_pairs_mut()
        .append_pair("api-version", "2019-08-01")
        .append_pair("resource", source.endpoints.cloud().graph());
    if let Some(client) = client {
        url.query_pairs_mut().append_pair("client_id", client);
    }
    // The endpoint belongs to this machine: a proxy between would hand out the identity of another.
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(LOCAL_TIMEOUT)
        .build()
        .map_err(|_| AuthError::new(name, "cannot set up TLS"))?;
    let request = |wait: Option<Duration>| {
        let request = http.get(url.clone()).header(header.0, header.1);
        wait.iter().fold(request, |request, wait| request.timeout(*wait))
    };
    // The first answer tells whether there is such a service; after that its hiccups are waited out.
    if let Some(wait) = wait
        && let Err(error) = request(Some(wait)).send().await
    {
        let what = if error.is_timeout() || error.is_connect() { "this machine has none" } else { "no answer" };
        return Err(AuthError::new(name, what).absent());
    }
    let body = ask(source, name, &|| request(None), &[404, 410, 429]).await.map_err(|error| {
        if wait.is_some() && error.code.is_none() && !error.transient { error.absent() } else { error }
    })?;
    parse::<Granted>(name, &body)?.token(name)
}

async fn azure_cli(source: &TokenSource, name: &'static str, search: &SearchPath) -> Result<Token, AuthError> {
    let scope = source.endpoints.scope();
    let Some(mut command) = search.command("az") else {
        return Err(AuthError::new(name, "`az` is not installed").absent());
    };
    command.args(["account", "get-access-token", "-o", "json", "--scope", &scope, "--tenant", &source.tenant]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = match tokio::time::timeout(AZ_PATIENCE, command.output()).await {
        Err(_) => return Err(AuthError::new(name, "`az` did not answer within 60 s").transient()),
        Ok(Err(_)) => return Err(AuthError::new(name, "`az` is not installed").absent()),
        Ok(Ok(output)) => output,
    };
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        if stderr.contains("az login") {
            return Err(AuthError::new(name, "nobody is signed in to it").hint("az login --tenant <tenant>").absent());
        }
        let code =
            stderr.split("AADSTS").nth(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        return match code.filter(|code| !code.is_empty()) {
            Some(code) => {
                let body = format!("{{\"error_codes\":[{code}]}}");
                Err(AuthError::of_answer(name, 400, body.as_bytes(), source.known()))
            }
            None => Err(AuthError::new(name, "`az account get-access-token` failed")
                .hint("run `az account get-access-token --scope https://graph.microsoft.com/.default` to see why")),
        };
    }
    let answer: CliToken = parse(name, &output.stdout)?;
    // Older versions give local time only.
    Token::new(name, answer.access_token, left(answer.expires_on))
}

/// What an operator is asked to grant; `renewable`: for longer than the hour of one token.
fn scopes(source: &TokenSource, renewable: bool) -> String {
    let graph = source.endpoints.cloud().graph();
    let scopes = READ_SCOPES.iter().copied().chain(source.writes.then_some(WRITE_SCOPE));
    let mut scope = scopes.map(|scope| format!("{graph}/{scope}")).collect::<Vec<_>>().join(" ");
    if renewable {
        scope.push_str(" offline_access");
    }
    scope
}

/// A token by what `mfaplan login` has kept ("Microsoft identity platform and OAuth 2.0 authorization code flow, Refresh the
/// access token"). Where that has ended, the operator is told so and signs in anew.
async fn kept(source: &TokenSource, name: &'static str, client: &str) -> Result<Token, AuthError> {
    let refresh = match source.refresh_token(client).await {
        Ok(Some(token)) => token,
        Ok(None) => return Err(AuthError::new(name, "nothing is kept for this tenant").absent()),
        Err(error) => return Err(AuthError::new(name, error.to_string()).absent()),
    };
    source.known().learn(&refresh);
    let scope = scopes(source, true);
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", client),
        ("refresh_token", refresh.expose_secret()),
        ("scope", &scope),
    ];
    let url = endpoint(source, None, "token");
    let ended = match ask(source, name, &|| source.http.post(&url).form(&form), &[429]).await {
        Ok(body) => {
            let granted: Granted = parse(name, &body)?;
            let (token, renewed) = granted.operator(name)?;
            match token.claims().tid {
                Some(other) if !other.eq_ignore_ascii_case(&source.tenant) => {
                    AuthError::new(name, format!("the sign-in that was kept is for tenant {}", other.escape_debug()))
                }
                _ => {
                    source.take_refresh_token(client, renewed.unwrap_or(refresh), true).await;
                    return Ok(token);
                }
            }
        }
        Err(error) if error.anew => error,
        Err(error) => return Err(error),
    };
    if source.prompt.is_none() {
        return Err(ended.hint("sign in anew: mfaplan login"));
    }
    let why = format!("The sign-in that was kept is of no use any more: {}.", ended.message);
    device_code(source, name, client, Some(&why)).await
}

/// `why`: what the operator is told first, where they thought that they were signed in; what they do is kept then.
async fn device_code(
    source: &TokenSource,
    name: &'static str,
    client: &str,
    why: Option<&str>,
) -> Result<Token, AuthError> {
    let Some(prompt) = &source.prompt else {
        return Err(AuthError::new(name, "no terminal to show the code at").absent());
    };
    let scope = scopes(source, why.is_some() || source.keeps_new());
    let url = endpoint(source, None, "devicecode");
    let body =
        ask(source, name, &|| source.http.post(&url).form(&[("client_id", client), ("scope", &scope)]), &[429]).await?;
    let code: DeviceCode = parse(name, &body)?;
    let device_code: SecretString = code.device_code.into();
    source.known().learn(&device_code);
    let message = source.known().said(code.message);
    prompt(&DevicePrompt {
        message: why.map_or_else(|| message.to_string(), |why| format!("{why}\n{message}")),
        user_code: code.user_code,
        verification_uri: code.verification_uri,
    });
    let url = endpoint(source, None, "token");
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", client),
        ("device_code", device_code.expose_secret()),
    ];
    let lifetime = code.expires_in.unwrap_or(900).clamp(0, LONGEST_CODE);
    let deadline = Instant::now() + Duration::from_secs(lifetime.unsigned_abs());
    let mut interval = Duration::from_secs_f64(code.interval.clamp(0.0, 60.0));
    loop {
        sleep(interval).await;
        if Instant::now() >= deadline {
            return Err(AuthError::new(name, "the code has expired before it was typed").hint("start again"));
        }
        let Ok(response) = source.http.post(&url).form(&form).send().await else { continue };
        let status = response.status().as_u16();
        let body = received(response, MAX_ANSWER).await.unwrap_or_default();
        if (200..300).contains(&status) {
            let (token, refresh) = parse::<Granted>(name, &body)?.operator(name)?;
            if let Some(refresh) = refresh {
                source.take_refresh_token(client, refresh, why.is_some()).await;
            }
            return Ok(token);
        }
        let answer: Answer = serde_json::from_slice(&body).unwrap_or_default();
        match &*answer.error {
            "authorization_pending" => {}
            "slow_down" => interval += Duration::from_secs(5),
            "authorization_declined" => return Err(AuthError::new(name, "the operator declined")),
            "expired_token" => {
                return Err(AuthError::new(name, "the code has expired before it was typed").hint("start again"));
            }
            _ if retry_after::is_transient(status) => {}
            _ => return Err(AuthError::of_answer(name, status, &body, source.known())),
        }
    }
}

/// Only over TLS, or on this machine.
fn trusted(name: &'static str, url: &str) -> Result<Url, AuthError> {
    Url::parse(url)
        .ok()
        .filter(|url| url.scheme() == "https" || is_loopback(url))
        .ok_or_else(|| AuthError::new(name, "the token request URL is not an https URL"))
}

/// Sends until there is an answer that lasts. `passing` are statuses that are waited out beside 5xx.
async fn ask(
    source: &TokenSource,
    name: &'static str,
    request: &(dyn Fn() -> RequestBuilder + Sync),
    passing: &[u16],
) -> Result<Vec<u8>, AuthError> {
    let mut spent = Spent::default();
    loop {
        let (error, wait) = match request().send().await {
            Ok(response) => {
                let status = response.status().as_u16();
                let wait = retry_after::of_headers(response.headers());
                match received(response, MAX_ANSWER).await {
                    Ok(body) if (200..300).contains(&status) => return Ok(body),
                    Err(TOO_LARGE) => return Err(AuthError::new(name, TOO_LARGE)),
                    Ok(body) => {
                        let error = AuthError::of_answer(name, status, &body, source.known());
                        let lasts = !(error.transient || status >= 500 || passing.contains(&status));
                        if lasts {
                            return Err(error);
                        }
                        (error, wait)
                    }
                    Err(_) => (AuthError::new(name, "the answer broke off").transient(), None),
                }
            }
            Err(error) => {
                // Not the error's own text: it may carry the URL, and that its query.
                let what = match (error.is_timeout(), error.is_connect()) {
                    (true, _) => "no answer in time",
                    (_, true) => "no connection to the sign-in service",
                    _ => "the connection broke",
                };
                (AuthError::new(name, what).transient().hint("check the network and the proxy (HTTPS_PROXY)"), None)
            }
        };
        match PATIENCE.next(&mut spent, wait, retry_after::chance()) {
            Some(wait) => sleep(wait).await,
            None => return Err(error),
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(name: &'static str, body: &'a [u8]) -> Result<T, AuthError> {
    // The parser's error could quote the body, which holds a token.
    serde_json::from_slice(body).map_err(|_| AuthError::new(name, "the answer is not a token"))
}

#[derive(Deserialize)]
struct Issued {
    #[serde(alias = "oidcToken")]
    value: String,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default, deserialize_with = "number")]
    expires_in: Option<i64>,
    #[serde(default, deserialize_with = "number")]
    expires_on: Option<i64>,
}

/// Seconds until then.
fn left(expires_on: Option<i64>) -> Option<i64> {
    expires_on.map(|at| at.saturating_sub(Timestamp::now().as_second()))
}

impl Granted {
    /// An operator's token, and what it can be renewed with.
    fn operator(mut self, method: &'static str) -> Result<(Token, Option<SecretString>), AuthError> {
        let refresh = self.refresh_token.take().filter(|token| !token.is_empty());
        Ok((self.token(method)?, refresh.map(SecretString::from)))
    }

    fn token(self, method: &'static str) -> Result<Token, AuthError> {
        Token::new(method, self.access_token, self.expires_in.or_else(|| left(self.expires_on)))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CliToken {
    access_token: String,
    #[serde(default, rename = "expires_on", deserialize_with = "number")]
    expires_on: Option<i64>,
}

#[derive(Deserialize)]
struct DeviceCode {
    device_code: String,
    user_code: String,
    verification_uri: String,
    #[serde(default)]
    message: String,
    #[serde(default, deserialize_with = "number")]
    expires_in: Option<i64>,
    #[serde(default = "five")]
    interval: f64,
}

fn five() -> f64 {
    5.0
}

/// Managed identity gives its numbers as strings.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(f64),
        Text(String),
        Nothing(()),
    }
    Ok(match Either::deserialize(deserializer)? {
        // Saturates: what is too much is bounded where it is used.
        Either::Number(number) => Some(number as i64),
        Either::Text(text) => text.parse().ok(),
        Either::Nothing(()) => None,
    })
}
