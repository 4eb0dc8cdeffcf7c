//! Where tokens come from: one at a time, renewed before it ends, shared by all requests.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;

use super::{AuthError, Credential, Known, Method, StoreError, TokenStore, acquire};
use crate::graph::cloud::Endpoints;

/// A token is renewed this long before it ends, or after nine tenths of a short life.
const MARGIN: Duration = Duration::from_secs(300);
/// The longest a token is believed to last, in seconds: a day, the longest of Microsoft's own (for managed identities).
const LONGEST: i64 = 86_400;

/// What the operator has to do for a device code.
#[derive(Clone, Debug)]
pub struct DevicePrompt {
    /// The sentence the service wants shown, with code and address.
    pub message: String,
    /// The code to type.
    pub user_code: String,
    /// Where to type it.
    pub verification_uri: String,
}

/// What a token says of itself. Graph tokens are opaque by contract: this serves messages and saves requests that
/// cannot succeed; nothing is allowed because of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Claims {
    /// The tenant.
    pub tid: Option<String>,
    /// The object: the operator, or the application's service principal.
    pub oid: Option<String>,
    /// The application, in tokens of version 1 (Graph's).
    pub appid: Option<String>,
    /// The application, in tokens of version 2.
    pub azp: Option<String>,
    /// The operator's sign-in name.
    pub upn: Option<String>,
    /// Delegated permissions, space separated.
    pub scp: Option<String>,
    /// Application permissions.
    pub roles: Vec<String>,
}

impl Claims {
    /// An operator signed in, not an application.
    #[must_use]
    pub fn delegated(&self) -> bool {
        self.scp.is_some()
    }

    /// The application (client) id.
    #[must_use]
    pub fn application(&self) -> Option<&str> {
        self.appid.as_deref().or(self.azp.as_deref())
    }

    /// The permissions, whichever kind.
    #[must_use]
    pub fn permissions(&self) -> Vec<&str> {
        match &self.scp {
            Some(scopes) => scopes.split_whitespace().collect(),
            None => self.roles.iter().map(String::as_str).collect(),
        }
    }

    /// Does the token say that it lacks all of these? `false` also when it says nothing.
    #[must_use]
    pub fn lacks(&self, any_of: &[&str]) -> bool {
        let held = self.permissions();
        !held.is_empty() && !any_of.iter().any(|wanted| held.iter().any(|held| held.eq_ignore_ascii_case(wanted)))
    }
}

/// An access token.
pub(crate) struct Token {
    pub(super) bearer: SecretString,
    pub(super) expires: Instant,
    pub(super) renew: Instant,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// A token that is good for so many seconds. What a service says of that is bounded: nothing or less would mean a
    /// sign-in for every request, and a century overflows clocks.
    ///
    /// # Errors
    /// When it cannot be a header: sending it would fail every time.
    pub(super) fn new(method: &'static str, bearer: String, seconds: Option<i64>) -> Result<Self, AuthError> {
        if bearer.is_empty() || !bearer.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AuthError::new(method, "the answer is not a token"));
        }
        let lifetime = match seconds {
            // Older versions of a source do not say; five minutes are always safe to assume.
            None => 300,
            Some(..=0) => 60,
            Some(seconds) => seconds.min(LONGEST),
        };
        Ok(Self::lasting(bearer, Duration::from_secs(lifetime.unsigned_abs())))
    }

    fn lasting(bearer: String, lifetime: Duration) -> Self {
        let bearer: SecretString = bearer.into();
        let now = Instant::now();
        let margin = MARGIN.min(lifetime / 10);
        Self { bearer, expires: now + lifetime, renew: now + (lifetime - margin) }
    }

    /// For the `Authorization` header only.
    pub(crate) fn expose(&self) -> &str {
        self.bearer.expose_secret()
    }

    pub(crate) fn claims(&self) -> Claims {
        let payload = self.expose().split('.').nth(1).and_then(|part| B64.decode(part.trim_end_matches('=')).ok());
        payload.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }
}

/// Shows the operator a device code.
pub type Prompt = Arc<dyn Fn(&DevicePrompt) + Send + Sync>;

/// What is done about an operator's sign-in that may be kept.
#[derive(Clone, Default)]
pub struct Keeping {
    /// The store; without one nothing is kept, nor looked for.
    pub store: Option<Arc<dyn TokenStore>>,
    /// Keep a new sign-in? That is what `mfaplan login` is for. One that is kept already is renewed in any case.
    pub new: bool,
}

impl fmt::Debug for Keeping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keeping {{ store: {}, new: {} }}", self.store.is_some(), self.new)
    }
}

/// The name of a sign-in in the store: cloud, tenant, application. What a sign-in service other than the cloud's own has
/// given, as tests have one, is of no use at the cloud's, and never sent there.
pub(crate) fn entry(endpoints: &Endpoints, tenant: &str, client: &str) -> String {
    let (cloud, login) = (endpoints.cloud(), endpoints.login());
    let elsewhere = if login == cloud.login() { String::new() } else { format!("@{login}") };
    format!("{cloud}{elsewhere}/{}/{client}", tenant.to_ascii_lowercase())
}

/// A store that asks somebody to unlock it waits for them so long.
const UNLOCKING: Duration = Duration::from_secs(60);

/// Gives out the current token.
pub(crate) struct TokenSource {
    pub(super) http: reqwest::Client,
    pub(super) endpoints: Endpoints,
    pub(super) tenant: String,
    pub(super) prompt: Option<Prompt>,
    /// Is an operator asked for the permission to write?
    pub(super) writes: bool,
    keeping: Keeping,
    /// What this run can renew an operator's token with.
    refresh: Mutex<Option<SecretString>>,
    /// What keeping came to.
    kept: Mutex<Option<Result<(), StoreError>>>,
    credential: Credential,
    known: Known,
    /// The last sign-in that failed, and when: those who waited for it meanwhile need no other.
    failed: Mutex<Option<(Instant, AuthError)>>,
    /// Which of the credential's methods worked; it stays with that one.
    used: AtomicUsize,
    current: RwLock<Option<Arc<Token>>>,
    renewing: tokio::sync::Mutex<()>,
}

const UNTRIED: usize = usize::MAX;

impl TokenSource {
    pub(crate) fn new(
        http: reqwest::Client,
        endpoints: Endpoints,
        tenant: String,
        credential: Credential,
        prompt: Option<Prompt>,
        writes: bool,
        keeping: Keeping,
    ) -> Self {
        let known = Known::default();
        credential.methods.iter().flat_map(Method::secrets).for_each(|secret| known.learn(secret));
        Self {
            http,
            endpoints,
            tenant,
            prompt,
            writes,
            keeping,
            refresh: Mutex::default(),
            kept: Mutex::default(),
            credential,
            known,
            failed: Mutex::new(None),
            used: AtomicUsize::new(UNTRIED),
            current: RwLock::new(None),
            renewing: tokio::sync::Mutex::new(()),
        }
    }

    /// The name of the method in use.
    pub(crate) fn method(&self) -> &'static str {
        let used = self.used.load(Ordering::Relaxed);
        self.credential.methods.get(used).or(self.credential.methods.first()).map_or("nothing", Method::name)
    }

    /// What may not be repeated of what was sent.
    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    /// What keeping the operator's sign-in came to; nothing where nobody tried.
    pub(crate) fn kept(&self) -> Option<Result<(), StoreError>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What an operator's token can be renewed with: of this run, else what is kept.
    pub(super) async fn refresh_token(&self, client: &str) -> Result<Option<SecretString>, StoreError> {
        if let Some(token) = self.refresh.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(Some(token));
        }
        let name = entry(&self.endpoints, &self.tenant, client);
        self.in_store(move |store| store.get(&name)).await.unwrap_or(Ok(None))
    }

    /// Takes a refresh token, and keeps it where that is wanted.
    pub(super) async fn take_refresh_token(&self, client: &str, token: SecretString, keep: bool) {
        self.known.learn(&token);
        *self.refresh.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        if keep || self.keeps_new() {
            let name = entry(&self.endpoints, &self.tenant, client);
            let kept = self.in_store(move |store| store.set(&name, &token)).await;
            *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        }
    }

    /// Is a new sign-in of an operator to be kept?
    pub(super) const fn keeps_new(&self) -> bool {
        self.keeping.new
    }

    /// On a thread of its own: stores block, and one that never answers must not keep the program from ending.
    async fn in_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn TokenStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Option<Result<T, StoreError>> {
        let store = Arc::clone(self.keeping.store.as_ref()?);
        let (done, answer) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || done.send(work(&*store)));
        Some(match tokio::time::timeout(UNLOCKING, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(StoreError("the store failed".to_owned())),
            Err(_) => Err(StoreError("the store did not answer within 60 s".to_owned())),
        })
    }

    fn current(&self) -> Option<Arc<Token>> {
        self.current.read().ok()?.clone()
    }

    /// A token that is good for some time.
    pub(crate) async fn get(&self) -> Result<Arc<Token>, AuthError> {
        let now = Instant::now();
        if let Some(token) = self.current().filter(|token| now < token.renew) {
            return Ok(token);
        }
        let _one = self.renewing.lock().await;
        match self.current() {
            Some(token) if Instant::now() < token.renew => Ok(token),
            old => match self.acquire_since(now).await {
                Ok(token) => Ok(token),
                // The old one is still good: a hiccup of the sign-in service does not stop the run.
                Err(error) => old.filter(|old| error.transient && Instant::now() < old.expires).ok_or(error),
            },
        }
    }

    /// A token other than `refused`, which the service did not accept. All requests that were refused together share
    /// one new token.
    pub(crate) async fn replace(&self, refused: &Arc<Token>) -> Result<Arc<Token>, AuthError> {
        let now = Instant::now();
        let _one = self.renewing.lock().await;
        match self.current() {
            Some(token) if !Arc::ptr_eq(&token, refused) => Ok(token),
            _ => self.acquire_since(now).await,
        }
    }

    /// A new token. A sign-in that failed after `asked`, while others waited for it, has failed for all of them: each
    /// trying anew would be as many sign-ins as there are requests under way.
    async fn acquire_since(&self, asked: Instant) -> Result<Arc<Token>, AuthError> {
        let failed = || self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, error)) = failed().as_ref().filter(|(at, _)| *at >= asked) {
            let _ = at;
            return Err(error.clone());
        }
        let result = self.acquire().await;
        *failed() = result.as_ref().err().map(|error| (Instant::now(), error.clone()));
        result
    }

    async fn acquire(&self) -> Result<Arc<Token>, AuthError> {
        let used = self.used.load(Ordering::Relaxed);
        let mut missing = Vec::new();
        for (index, method) in self.credential.methods.iter().enumerate() {
            if used != UNTRIED && used != index {
                continue;
            }
            match acquire::token(self, method).await {
                Ok(token) => {
                    self.known.learn(&token.bearer);
                    self.used.store(index, Ordering::Relaxed);
                    let token = Arc::new(token);
                    if let Ok(mut current) = self.current.write() {
                        *current = Some(Arc::clone(&token));
                    }
                    return Ok(token);
                }
                Err(error) if error.absent && self.credential.methods.len() > 1 => {
                    missing.push(format!("{}: {}", error.method, error.message));
                }
                Err(error) => return Err(error),
            }
        }
        Err(AuthError::new("any method", format!("there is nothing to sign in with ({})", missing.join("; "))).hint(
            "set AZURE_TENANT_ID, AZURE_CLIENT_ID and one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, \
             AZURE_FEDERATED_TOKEN_FILE; or run `mfaplan login` at a terminal",
        ))
    }
}
