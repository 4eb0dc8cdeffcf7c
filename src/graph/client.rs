//! The HTTP client: every request passes here, is paced, authorised, named, retried where that is safe, and its answer
//! classified by status.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::{
    Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde::Deserialize;
use tokio::{sync::mpsc::UnboundedSender, time::sleep};
use uuid::Uuid;

use super::{
    cloud::Endpoints,
    credentials::{AuthError, Token, TokenSource},
    pacing::{Pacer, Permit},
    requests::{Family, RequestSpec},
    retry::{self, Patience, Spent},
};
use crate::tenant::ReadError;

/// Larger answers than this are not Graph's: a page of 999 users is under 2 MiB.
const MAX_BODY: usize = 64 << 20;
/// Waits shorter than this are not worth a word.
const TELL_FROM: Duration = Duration::from_secs(1);

/// A wait, for the progress display.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) seconds: f64,
    pub(crate) why: String,
}

/// Counts over the life of a client.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) throttled: AtomicU64,
    pub(crate) retried: AtomicU64,
}

pub(crate) struct Client {
    http: reqwest::Client,
    pub(crate) endpoints: Endpoints,
    pub(crate) tokens: TokenSource,
    pub(crate) pacer: Pacer,
    pub(crate) patience: Patience,
    pub(crate) counters: Counters,
    listener: Mutex<Option<UnboundedSender<Notice>>>,
}

/// What the service refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
}

/// Why there is no answer to use.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The service said no, for good.
    Refused(Refusal),
    /// There is no token.
    Auth(AuthError),
    /// It kept failing until patience ended; `sent` says whether the last try may have reached the service.
    GaveUp { last: String, status: Option<u16>, tries: u32 },
    /// The service answered something that must not be followed.
    Unusable(String),
}

/// One answer, before it is interpreted.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A request that got no whole answer.
pub(crate) struct Broken {
    pub(crate) what: &'static str,
    /// It cannot have reached the service.
    pub(crate) unsent: bool,
}

impl Client {
    pub(crate) fn new(
        http: reqwest::Client,
        endpoints: Endpoints,
        tokens: TokenSource,
        pacer: Pacer,
        patience: Patience,
    ) -> Self {
        let counters = Counters::default();
        Self { http, endpoints, tokens, pacer, patience, counters, listener: Mutex::new(None) }
    }

    /// Waits are told to `listener` from now on.
    pub(crate) fn listen(&self, listener: Option<UnboundedSender<Notice>>) {
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = listener;
    }

    pub(crate) fn tell_wait(&self, wait: Duration, why: &str) {
        if wait < TELL_FROM {
            return;
        }
        if let Some(listener) = &*self.listener.lock().unwrap_or_else(PoisonError::into_inner) {
            // Nobody listening any more is fine.
            let _ = listener.send(Notice { seconds: wait.as_secs_f64(), why: why.to_owned() });
        }
    }

    /// The URL of a request below its version. `path` and `query` are already encoded.
    pub(crate) fn url(&self, spec: &RequestSpec, path: &str, query: &str) -> String {
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}/{}{path}{mark}{query}", self.endpoints.graph(), spec.version.as_str())
    }

    /// A nextLink, if it stays where it belongs: the token goes nowhere else.
    pub(crate) fn next_link(&self, link: &str) -> Result<String, Failure> {
        match Url::parse(link) {
            Ok(url) if self.endpoints.is_graph(&url) => Ok(link.to_owned()),
            _ => Err(Failure::Unusable(format!(
                "the service sent a next page at another address than {}; it was not followed",
                self.endpoints.graph()
            ))),
        }
    }

    /// Leave to send; the wait for it is told.
    pub(crate) async fn admit(&self, family: Family, units: u32) -> Permit<'_> {
        let why = match family {
            Family::Identity => "the tenant is throttling",
            Family::Reporting => "reports are limited to 5 requests in 10 s",
            Family::Activity => "last sign-in dates are limited to 10 requests a minute",
            Family::ConditionalAccess => "Conditional Access is limited to one request a second",
            Family::Write => "writes are limited to 20 a second",
        };
        self.pacer.lane(family).acquire(units, &|wait| self.tell_wait(wait, why)).await
    }

    /// Sends once.
    pub(crate) async fn send(
        &self,
        spec: &RequestSpec,
        url: &str,
        body: Option<Vec<u8>>,
        token: &Token,
        id: Uuid,
    ) -> Result<Answer, Broken> {
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let method = match spec.method {
            "PATCH" => reqwest::Method::PATCH,
            "POST" => reqwest::Method::POST,
            _ => reqwest::Method::GET,
        };
        let unsent = |what| Broken { what, unsent: true };
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|_| unsent("the token cannot be sent"))?;
        bearer.set_sensitive(true);
        let mut request =
            self.http.request(method, url).header(AUTHORIZATION, bearer).header("client-request-id", id.to_string());
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body);
        }
        // The error's own text is not used: it names the URL.
        let broken = |error: &reqwest::Error, what| Broken {
            what: if error.is_timeout() { "no answer in time" } else { what },
            unsent: error.is_connect() || error.is_builder(),
        };
        let mut response = request.send().await.map_err(|error| {
            broken(&error, if error.is_connect() { "no connection" } else { "the connection broke" })
        })?;
        let mut bytes = Vec::with_capacity(response.content_length().unwrap_or(0).min(MAX_BODY as u64) as usize);
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= MAX_BODY => bytes.extend_from_slice(&chunk),
                Ok(Some(_)) => return Err(Broken { what: "the answer is too large", unsent: false }),
                Ok(None) => break,
                Err(error) => return Err(broken(&error, "the answer broke off")),
            }
        }
        Ok(Answer { status: response.status().as_u16(), headers: std::mem::take(response.headers_mut()), body: bytes })
    }

    /// Sends a read until there is an answer that `parse` takes, or that lasts. An answer that is cut off or is not JSON
    /// counts as a fault of the connection.
    pub(crate) async fn read<T>(
        &self,
        spec: &RequestSpec,
        url: &str,
        body: Option<&[u8]>,
        units: u32,
        mut parse: impl FnMut(&[u8]) -> Result<T, serde_json::Error> + Send,
    ) -> Result<T, Failure> {
        let mut spent = Spent::default();
        let mut refused: Option<Arc<Token>> = None;
        loop {
            let permit = self.admit(spec.family, units).await;
            let token = match &refused {
                Some(old) => self.tokens.replace(old).await,
                None => self.tokens.get().await,
            }
            .map_err(Failure::Auth)?;
            let sent = self.send(spec, url, body.map(<[u8]>::to_vec), &token, Uuid::new_v4()).await;
            let (last, status, wait) = match sent {
                Ok(answer) if (200..300).contains(&answer.status) => match parse(&answer.body) {
                    Ok(value) => {
                        self.succeeded(&permit, &answer.headers);
                        return Ok(value);
                    }
                    // Whole JSON of another shape will be the same next time.
                    Err(error) if error.is_data() => {
                        return Err(Failure::Unusable("the service answered in an unexpected shape".to_owned()));
                    }
                    Err(_) => ("an answer that is not whole JSON".to_owned(), Some(answer.status), None),
                },
                Ok(answer) if answer.status == 401 && refused.is_none() => {
                    refused = Some(token);
                    continue;
                }
                Ok(answer) if retry::is_transient(answer.status) => {
                    let wait = retry::of_headers(&answer.headers);
                    self.struggled(spec.family, answer.status, wait);
                    (format!("{}", answer.status), Some(answer.status), wait)
                }
                Ok(answer) => return Err(Failure::Refused(refusal(&answer))),
                Err(broken) => (broken.what.to_owned(), None, None),
            };
            drop(permit);
            let Some(wait) = self.patience.next(&mut spent, wait) else {
                return Err(Failure::GaveUp { last, status, tries: spent.tries + 1 });
            };
            self.counters.retried.fetch_add(1, Ordering::Relaxed);
            self.tell_wait(
                wait,
                if status == Some(429) { "the tenant is throttling" } else { "the service is unwell" },
            );
            sleep(wait).await;
        }
    }

    /// Takes note of a success: its price, and how near the limit is.
    pub(crate) fn succeeded(&self, permit: &Permit<'_>, headers: &HeaderMap) {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
        let hot = number("x-ms-throttle-limit-percentage").is_some_and(|share| share >= 1.0);
        permit.succeeded(number("x-ms-resource-unit").filter(|units| units.is_finite() && *units >= 0.0), hot);
    }

    /// Takes note of throttling or trouble.
    pub(crate) fn struggled(&self, family: Family, status: u16, wait: Option<Duration>) {
        let lane = self.pacer.lane(family);
        if status == 429 {
            self.counters.throttled.fetch_add(1, Ordering::Relaxed);
            lane.refused();
        }
        if let (429 | 503, Some(wait)) = (status, wait) {
            // Requests made while throttled still count: nothing is sent until then.
            lane.close_for(wait.min(self.patience.total));
        }
    }
}

/// Reads the error body, whatever shape it has: Graph's, JSON inside the message, or HTML of a gateway.
pub(crate) fn refusal(answer: &Answer) -> Refusal {
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut refusal = refusal_of(answer.status, &answer.body);
    refusal.request_id = header("request-id").or(refusal.request_id);
    refusal
}

/// As [`refusal`], of an item of a batch.
pub(crate) fn refusal_of(status: u16, body: &[u8]) -> Refusal {
    #[derive(Deserialize)]
    struct Body {
        error: Inner,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Inner {
        code: String,
        message: String,
        #[serde(alias = "innererror")]
        inner_error: Option<Ids>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Ids {
        #[serde(rename = "request-id")]
        request_id: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Nested {
        error_code: String,
        #[serde(default)]
        message: String,
    }
    let Ok(Body { error }) = serde_json::from_slice::<Body>(body) else {
        return Refusal { status, code: String::new(), message: String::new(), request_id: None };
    };
    let (code, message) = match serde_json::from_str::<Nested>(&error.message) {
        Ok(nested) => (nested.error_code, nested.message),
        Err(_) => (error.code, error.message),
    };
    Refusal { status, code, message, request_id: error.inner_error.and_then(|ids| ids.request_id) }
}

impl Refusal {
    /// A licence is missing (Entra ID P1, P2 or Governance).
    pub(crate) fn unlicensed(&self) -> bool {
        matches!(&*self.code, "Authentication_RequestFromNonPremiumTenantOrB2CTenant" | "AadPremiumLicenseRequired")
    }

    /// In words, for `unavailable` and for errors.
    pub(crate) fn reason(&self, spec: &RequestSpec) -> String {
        let code = if self.code.is_empty() { String::new() } else { format!(" {}", self.code.escape_debug()) };
        match self.status {
            _ if self.unlicensed() => {
                format!("the tenant has no licence for it ({}); {} needed", self.status, spec.licence)
            }
            401 => "the service does not accept the token (401)".to_owned(),
            403 => format!("the sign-in lacks the permission {} (403{code})", spec.permission),
            404 => format!("not found (404{code})"),
            status if self.message.is_empty() => format!("the service answered {status}{code}"),
            status => format!("the service answered {status}{code}: {}", clean(&self.message)),
        }
    }
}

/// One line of the service's text, escaped and cut: it goes to terminals and files.
fn clean(text: &str) -> String {
    let text: String = text.chars().take(200).collect();
    text.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\"")
}

impl Failure {
    /// In words, for `unavailable`.
    pub(crate) fn reason(&self, spec: &RequestSpec) -> String {
        match self {
            Self::Refused(refusal) => refusal.reason(spec),
            Self::Auth(error) => error.to_string(),
            Self::GaveUp { last, tries, .. } => format!("no answer after {tries} tries; the last one: {last}"),
            Self::Unusable(why) => why.clone(),
        }
    }

    /// As an error of a mandatory read: `what` is what was read.
    pub(crate) fn error(self, spec: &RequestSpec, what: &str) -> ReadError {
        let message = format!("cannot read {what}: {}", self.reason(spec));
        match self {
            Self::Auth(error) => error.into(),
            Self::Refused(refusal) => {
                let error = ReadError::new(message);
                let mut error = match refusal.status {
                    403 => error.hint(format!(
                        "grant {} (admin consent), then sign in again: only new tokens carry new permissions",
                        spec.permission
                    )),
                    401 => error.hint("sign in again; check that the application and the tenant still exist"),
                    _ => error,
                };
                error.status = Some(refusal.status);
                error.request_id = refusal.request_id;
                error
            }
            Self::GaveUp { status, .. } => {
                ReadError { status, transient: true, ..ReadError::new(message) }.hint("try again later")
            }
            Self::Unusable(_) => ReadError::new(message),
        }
    }
}

/// Percent-encodes a path segment or a query value: everything but letters, digits and `-._~`.
pub(crate) fn encode(text: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(byte as char);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_bodies_of_every_shape_become_words() {
        let pim = br#"{"error":{"code":"UnknownError","message":"{\"errorCode\":\"PermissionScopeNotGranted\",\"message\":\"missing\"}"}}"#;
        assert_eq!(refusal_of(403, pim).code, "PermissionScopeNotGranted");
        let licence =
            br#"{"error":{"code":"AadPremiumLicenseRequired","message":"x","innerError":{"request-id":"r1"}}}"#;
        let refusal = refusal_of(400, licence);
        assert!(refusal.unlicensed());
        assert_eq!(refusal.request_id.as_deref(), Some("r1"));
        let html = refusal_of(403, b"<html>Forbidden</html>");
        assert_eq!(
            html.reason(&super::super::requests::CONDITIONAL_ACCESS),
            "the sign-in lacks the permission Policy.Read.All (403)"
        );
        let rude = br#"{"error":{"code":"X","message":"\u001b[31mred\nline"}}"#;
        assert!(!refusal_of(400, rude).reason(&super::super::requests::USERS).contains(['\u{1b}', '\n']));
    }

    #[test]
    fn a_hash_in_a_value_cannot_cut_the_url() {
        assert_eq!(encode("a_b.com#EXT#@c'd e"), "a_b.com%23EXT%23%40c%27d%20e");
    }
}
