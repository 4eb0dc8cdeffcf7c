//! The HTTP client: every request passes here, is paced, authorised, named, retried where that is safe, and its answer
//! classified by status.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;
use tokio::{
    sync::{Semaphore, SemaphorePermit, mpsc::UnboundedSender},
    time::sleep,
};
use uuid::Uuid;

use super::{
    cloud::Endpoints,
    credentials::{AuthError, Known, Said, Token, TokenSource},
    pacing::{Pacer, Permit},
    requests::{Family, RequestSpec},
    retry_after,
};
use crate::tenant::{Patience, ReadError, Spent};

/// Larger answers than this are not Graph's: a page of 999 users is under 2 MiB.
const MAX_BODY: usize = 64 << 20;
/// What is said of a larger one.
pub(crate) const TOO_LARGE: &str = "the answer is too large";
/// What is said of an answer that answers one thing twice.
pub(crate) const CONTRADICTION: &str =
    "the service answered one item of a batch twice: an answer that contradicts itself is no fact";
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
    /// Places in flight over all lanes: what `--parallelism` bounds.
    places: Semaphore,
    listener: Mutex<Option<UnboundedSender<Notice>>>,
}

/// What the service refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: Said,
    pub(crate) message: Said,
    pub(crate) request_id: Option<Said>,
}

/// Why there is no answer to use.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The service said no, for good.
    Refused(Refusal),
    /// There is no token.
    Auth(AuthError),
    /// It kept failing until patience ended, or failed once where nobody had any.
    GaveUp { last: Passing, tries: u32 },
    /// The service answered something that must not be followed.
    Unusable(String),
}

/// A try that failed and may succeed later.
#[derive(Clone, Debug)]
pub(crate) struct Passing {
    pub(crate) last: String,
    pub(crate) status: Option<u16>,
    /// How long the service asked to wait.
    pub(crate) wait: Option<Duration>,
}

impl Passing {
    fn new(last: impl Into<String>) -> Self {
        Self { last: last.into(), status: None, wait: None }
    }

    /// Why a wait begins, in words.
    pub(crate) fn why(&self) -> &'static str {
        if self.status == Some(429) { "the tenant is throttling" } else { "the service is unwell" }
    }
}

/// Leave to send one request: by its lane's limits, and by how many may be in flight at all.
pub(crate) struct Admission<'a> {
    pub(crate) permit: Permit<'a>,
    _place: Option<SemaphorePermit<'a>>,
}

/// What one try came to, where it came to no value.
#[derive(Debug)]
pub(crate) enum Trouble {
    Lasting(Failure),
    Passing(Passing),
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
        parallelism: usize,
    ) -> Self {
        let counters = Counters::default();
        let places = Semaphore::new(parallelism);
        Self { http, endpoints, tokens, pacer, patience, counters, places, listener: Mutex::new(None) }
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

    /// Leave to send; the wait for it is told. Whoever waits here has sent nothing yet, and may leave.
    pub(crate) async fn admit(&self, family: Family, units: u32) -> Admission<'_> {
        let why = match family {
            Family::Identity => "the tenant is throttling",
            Family::Reporting => "reports are limited to 5 requests in 10 s",
            Family::Activity => "last sign-in dates are limited to 10 requests a minute",
            Family::ConditionalAccess => "Conditional Access is limited to one request a second",
            Family::Write => "writes are limited to 20 a second",
        };
        let permit = self.pacer.lane(family).acquire(units, &|wait| self.tell_wait(wait, why)).await;
        let wait = self.pacer.behind_other_tenants(family, units);
        if !wait.is_zero() {
            self.tell_wait(wait, "the application's tenants share its quota");
            sleep(wait).await;
        }
        // A lane's turn first: places are for those who may send at once. The semaphore is never closed.
        Admission { permit, _place: self.places.acquire().await.ok() }
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
        if spec.eventual {
            request = request.header("ConsistencyLevel", HeaderValue::from_static("eventual"));
        }
        if spec.unknown_members {
            request = request.header("Prefer", HeaderValue::from_static("include-unknown-enum-members"));
        }
        // The error's own text is not used: it names the URL.
        let broken = |error: &reqwest::Error, what| Broken {
            what: if error.is_timeout() { "no answer in time" } else { what },
            unsent: error.is_connect() || error.is_builder(),
        };
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let mut response = request.send().await.map_err(|error| {
            broken(&error, if error.is_connect() { "no connection" } else { "the connection broke" })
        })?;
        let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
        match received(response, MAX_BODY).await {
            Ok(body) => Ok(Answer { status, headers, body }),
            Err(what) => Err(Broken { what, unsent: false }),
        }
    }
    /// Sends a read until there is an answer that `parse` takes, or that lasts.
    pub(crate) async fn read<T>(
        &self,
        spec: &RequestSpec,
        url: &str,
        mut parse: impl FnMut(&[u8]) -> Result<T, serde_json::Error> + Send,
    ) -> Result<T, Failure> {
        let mut spent = Spent::default();
        loop {
            let passing = match self.once(spec, url, None, spec.units, &mut parse).await {
                Ok(value) => return Ok(value),
                Err(Trouble::Lasting(failure)) => return Err(failure),
                Err(Trouble::Passing(passing)) => passing,
            };
            let Some(wait) = self.patience.next(&mut spent, passing.wait, retry_after::chance()) else {
                return Err(Failure::GaveUp { last: passing, tries: spent.tries + 1 });
            };
            self.counters.retried.fetch_add(1, Ordering::Relaxed);
            self.tell_wait(wait, passing.why());
            sleep(wait).await;
        }
    }

    /// Sends a read once; the only repeat is after a 401, with a new token. An answer that is cut off or is not JSON
    /// counts as a fault of the connection.
    pub(crate) async fn once<T>(
        &self,
        spec: &RequestSpec,
        url: &str,
        body: Option<&[u8]>,
        units: u32,
        parse: &mut (impl FnMut(&[u8]) -> Result<T, serde_json::Error> + Send),
    ) -> Result<T, Trouble> {
        let mut refused: Option<Arc<Token>> = None;
        loop {
            let permit = self.admit(spec.family, units).await;
            let token = match &refused {
                Some(old) => self.tokens.replace(old).await,
                None => self.tokens.get().await,
            }
            .map_err(|error| Trouble::Lasting(Failure::Auth(error)))?;
            let sent = self.send(spec, url, body.map(<[u8]>::to_vec), &token, Uuid::new_v4()).await;
            return Err(match sent {
                Ok(answer) if (200..300).contains(&answer.status) => match parse(&answer.body) {
                    Ok(value) => {
                        self.succeeded(&permit.permit, &answer.headers);
                        return Ok(value);
                    }
                    // Whole JSON of another shape will be the same next time.
                    Err(error) if error.is_data() => {
                        let why = match error.to_string().split_once(CONTRADICTION) {
                            Some(_) => CONTRADICTION,
                            None => "the service answered in an unexpected shape",
                        };
                        Trouble::Lasting(Failure::Unusable(why.to_owned()))
                    }
                    Err(_) => {
                        let status = Some(answer.status);
                        Trouble::Passing(Passing { status, ..Passing::new("an answer that is not whole JSON") })
                    }
                },
                Ok(answer) if answer.status == 401 && refused.is_none() => {
                    refused = Some(token);
                    continue;
                }
                Ok(answer) if retry_after::is_transient(answer.status) => {
                    let wait = retry_after::of_headers(&answer.headers);
                    self.struggled(spec.family, answer.status, wait);
                    Trouble::Passing(Passing { last: answer.status.to_string(), status: Some(answer.status), wait })
                }
                Ok(answer) => Trouble::Lasting(Failure::Refused(refusal(&answer, self.tokens.known()))),
                Err(Broken { what: TOO_LARGE, unsent: _ }) => Trouble::Lasting(Failure::Unusable(TOO_LARGE.to_owned())),
                Err(broken) => Trouble::Passing(Passing::new(broken.what)),
            });
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

/// The whole body, up to so many bytes *after* decompression: a small answer can unfold to gigabytes.
pub(crate) async fn received(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::with_capacity(response.content_length().unwrap_or(0).min(most as u64) as usize);
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= most => bytes.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(TOO_LARGE),
            Ok(None) => return Ok(bytes),
            Err(error) if error.is_timeout() => return Err("no answer in time"),
            Err(_) => return Err("the answer broke off"),
        }
    }
}

/// Reads the error body, whatever shape it has: Graph's, JSON inside the message, or HTML of a gateway.
pub(crate) fn refusal(answer: &Answer, known: &Known) -> Refusal {
    let header =
        |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).map(|text| known.said(text));
    let mut refusal = refusal_of(answer.status, &answer.body, known);
    refusal.request_id = header("request-id").or(refusal.request_id);
    refusal
}

/// As [`refusal`], of an item of a batch.
pub(crate) fn refusal_of(status: u16, body: &[u8], known: &Known) -> Refusal {
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
        return Refusal { status, code: Said::default(), message: Said::default(), request_id: None };
    };
    let (code, message) = match serde_json::from_str::<Nested>(&error.message) {
        Ok(nested) => (nested.error_code, nested.message),
        Err(_) => (error.code, error.message),
    };
    let request_id = error.inner_error.and_then(|ids| ids.request_id).map(|id| known.said(id));
    Refusal { status, code: known.said(code), message: known.said(message), request_id }
}

impl Refusal {
    /// A licence is missing (Entra ID P1, P2 or Governance).
    pub(crate) fn unlicensed(&self) -> bool {
        matches!(&*self.code, "Authentication_RequestFromNonPremiumTenantOrB2CTenant" | "AadPremiumLicenseRequired")
    }

    /// This service has nothing at the address: a national cloud that lacks what others have, or a beta that is gone.
    pub(crate) fn no_such_path(&self) -> bool {
        matches!(self.status, 404 | 405 | 410 | 501) || (self.status == 400 && self.message.contains("segment"))
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
pub(crate) fn clean(text: &str) -> String {
    let text: String = text.chars().take(200).collect();
    text.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\"")
}

impl Failure {
    /// In words, for `unavailable`.
    pub(crate) fn reason(&self, spec: &RequestSpec) -> String {
        match self {
            Self::Refused(refusal) => refusal.reason(spec),
            Self::Auth(error) => error.to_string(),
            Self::GaveUp { last, tries: 1 } => format!("no answer: {}", last.last),
            Self::GaveUp { last, tries } => format!("no answer after {tries} tries; the last one: {}", last.last),
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
                error.request_id = refusal.request_id.map(String::from);
                error
            }
            Self::GaveUp { last: Passing { last: _, status, wait }, tries: _ } => {
                ReadError { status, transient: true, retry_after: wait, ..ReadError::new(message) }
                    .hint("try again later")
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
        let known = Known::default();
        let pim = br#"{"error":{"code":"UnknownError","message":"{\"errorCode\":\"PermissionScopeNotGranted\",\"message\":\"missing\"}"}}"#;
        assert_eq!(&*refusal_of(403, pim, &known).code, "PermissionScopeNotGranted");
        let licence =
            br#"{"error":{"code":"AadPremiumLicenseRequired","message":"x","innerError":{"request-id":"r1"}}}"#;
        let refusal = refusal_of(400, licence, &known);
        assert!(refusal.unlicensed());
        assert_eq!(refusal.request_id.as_deref(), Some("r1"));
        let html = refusal_of(403, b"<html>Forbidden</html>", &known);
        assert_eq!(
            html.reason(&super::super::requests::CONDITIONAL_ACCESS),
            "the sign-in lacks the permission Policy.Read.All (403)"
        );
        let rude = br#"{"error":{"code":"X","message":"\u001b[31mred\nline"}}"#;
        assert!(!refusal_of(400, rude, &known).reason(&super::super::requests::USERS).contains(['\u{1b}', '\n']));
    }

    #[test]
    fn a_hash_in_a_value_cannot_cut_the_url() {
        assert_eq!(encode("a_b.com#EXT#@c'd e"), "a_b.com%23EXT%23%40c%27d%20e");
    }
}
