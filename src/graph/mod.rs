//! The Microsoft Graph adapter: [`GraphTenant`] reads and writes a live tenant over HTTP. The only module that knows
//! URLs.
//!
//! - [`cloud`](Cloud): hosts of each cloud, and the variables that point to a test server.
//! - [`credentials`]: signing in, and tokens.
//! - `requests`: every request there is ([`REQUESTS`]).
//! - `pacing`, `retry_after`: how fast, and when again.
//! - `domain`: the tenant of a domain name.
//! - `client`: one request; `pages`: a list of them; `batch`: twenty; `single`: one user; `read`: the whole tenant.

mod allotment;
mod batch;
mod client;
mod cloud;
pub(crate) mod credentials;
mod domain;
mod pacing;
mod pages;
mod read;
mod requests;
mod retry_after;
mod single;
mod wire;

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use jiff::Timestamp;

pub use crate::tenant::Patience;
pub use allotment::Allotment;
pub use cloud::{Cloud, Endpoints};
#[cfg(test)]
pub(crate) use cloud::{GRAPH_VARIABLE, LOGIN_VARIABLE};
pub(crate) use domain::tenant_of;
pub(crate) use read::{Entries, LogSlice, Questions};
pub use requests::{Family, Need, REQUESTS, RequestSpec, markdown_table};

use client::Client;
use credentials::{Claims, Credential, Keeping, Prompt, StoreError, TokenSource};
use pacing::Pacer;
use wire::OrganizationWire;

use crate::sign_ins::decided::Decided;
use crate::tenant::{
    GroupId, MfaState, ObservedTenant, ReadError, ReadProgress, ReadRequest, SignInDates, StateRead, TenantId,
    TenantRead, TenantWrite, Text, UserId, WriteError,
};

/// Requests in flight: twenty batches of twenty at 80 ms are 5,000 units a second, so that the published bucket and not
/// latency is what a large tenant waits for; more only buys 429s.
pub const DEFAULT_PARALLELISM: usize = 20;

/// How fast requests may be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pacing {
    /// By the published limits, and by what the service says.
    #[default]
    Published,
    /// By what the service says only: for measuring.
    Adaptive,
}

/// How to reach a tenant.
#[derive(Clone)]
pub struct Options {
    /// Where.
    pub endpoints: Endpoints,
    /// As whom.
    pub credential: Credential,
    /// The tenant the configuration names.
    pub tenant: TenantId,
    /// The plan's instant: facts are captured at it, and the sign-in window ends there.
    pub now: Timestamp,
    /// Requests in flight, at least 1.
    pub parallelism: usize,
    /// Take states from the list of users where the tenant gives them (undocumented, probed).
    pub bulk_state: bool,
    /// Groups to read beside those of the configuration and of Conditional Access policies.
    pub extra_groups: BTreeSet<GroupId>,
    /// How fast.
    pub pacing: Pacing,
    /// A part in what the application may ask over all tenants, where other processes ask too.
    pub allotment: Option<Allotment>,
    /// How patiently.
    pub patience: Patience,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Shows the operator a device code; without it that method does not exist.
    pub prompt: Option<Prompt>,
    /// Will this run write? An operator is asked to grant the write permission only then. (An application has what it was
    /// granted, whatever is asked.)
    pub writes: bool,
    /// Where an operator's sign-in is kept.
    pub keeping: Keeping,
}

impl Options {
    /// Usual options.
    #[must_use]
    pub fn new(endpoints: Endpoints, credential: Credential, tenant: TenantId, now: Timestamp) -> Self {
        Self {
            endpoints,
            credential,
            tenant,
            now,
            parallelism: DEFAULT_PARALLELISM,
            bulk_state: true,
            extra_groups: BTreeSet::new(),
            pacing: Pacing::Published,
            allotment: None,
            patience: Patience::default(),
            timeout: Duration::from_secs(60),
            prompt: None,
            writes: false,
            keeping: Keeping::default(),
        }
    }
}

/// Who is signed in, for `mfaplan login`.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The method that worked.
    pub method: &'static str,
    /// The tenant's id.
    pub tenant: TenantId,
    /// Its name.
    pub tenant_name: Text,
    /// What the token says: application, operator, permissions.
    pub claims: Claims,
    /// Is the operator's sign-in kept for the next command? Nothing where there is none to keep.
    pub kept: Option<Result<(), StoreError>>,
}

/// Requests made so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Sent, batches counted once.
    pub requests: u64,
    /// Answered 429, items of batches included.
    pub throttled: u64,
    /// Tried again.
    pub retried: u64,
}

/// A client of HTTP for these endpoints.
fn http(endpoints: &Endpoints, timeout: Duration) -> Result<reqwest::Client, ReadError> {
    let mut http = reqwest::Client::builder()
        .user_agent(concat!("mfaplan/", env!("CARGO_PKG_VERSION")))
        // A redirect could lead a token elsewhere; Graph sends none.
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .timeout(timeout)
        .tcp_nodelay(true);
    if endpoints.is_loopback() {
        http = http.no_proxy();
    }
    http.build().map_err(|_| {
        ReadError::new("cannot set up TLS").hint("are there root certificates on this machine (SSL_CERT_FILE)?")
    })
}

/// A live tenant.
pub struct GraphTenant {
    client: Arc<Client>,
    singles: single::StateReads,
    organization: OrganizationWire,
    tenant: TenantId,
    now: Timestamp,
    parallelism: usize,
    bulk_state: bool,
    extra_groups: BTreeSet<GroupId>,
}

impl fmt::Debug for GraphTenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphTenant").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl GraphTenant {
    /// Signs in, and makes sure that it is the configured tenant that answers, before anything else is asked.
    ///
    /// # Errors
    /// When signing in fails, or the tenant is another.
    pub async fn connect(options: Options) -> Result<Self, ReadError> {
        let http = http(&options.endpoints, options.timeout)?;
        let parallelism = options.parallelism.clamp(1, 128);
        let pacer = match options.pacing {
            Pacing::Published => Pacer::published(parallelism as u32),
            Pacing::Adaptive => Pacer::unlimited(parallelism as u32),
        }
        .sharing(options.allotment);
        let tokens = TokenSource::new(
            http.clone(),
            options.endpoints.clone(),
            options.tenant.to_string(),
            options.credential,
            options.prompt,
            options.writes,
            options.keeping,
        );
        let client = Arc::new(Client::new(http, options.endpoints, tokens, pacer, options.patience, parallelism));
        let organization = read::organization(&client)
            .await
            .map_err(|failure| failure.error(&requests::ORGANIZATION, "the organization"))?;
        let found = TenantId::new(organization.id);
        if found != options.tenant {
            return Err(ReadError::new(format!(
                "the sign-in ({}) is for tenant {found}, but the configuration names {}",
                client.tokens.method(),
                options.tenant
            ))
            .hint("set AZURE_TENANT_ID to the tenant of the configuration, or correct `tenant.id`"));
        }
        // Customers sign in to an external tenant, by user flows that per-user MFA knows nothing of.
        if organization.tenant_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("CIAM")) {
            return Err(ReadError::new(format!(
                "tenant {found} is an external tenant (tenantType CIAM): per-user MFA belongs to workforce tenants, and \
                 customers' sign-ins are governed by user flows and Conditional Access"
            ))
            .hint("name a workforce tenant in `tenant.id`"));
        }
        Ok(Self {
            client,
            singles: single::StateReads::new(parallelism),
            organization,
            tenant: options.tenant,
            now: options.now,
            parallelism,
            bulk_state: options.bulk_state,
            extra_groups: options.extra_groups,
        })
    }

    /// Who is signed in.
    ///
    /// # Errors
    /// When the token has ended and no new one can be had.
    pub async fn signed_in(&self) -> Result<SignedIn, ReadError> {
        let claims = self.client.tokens.get().await?.claims();
        let tenant_name = self.organization.display_name.clone().unwrap_or_default();
        let tokens = &self.client.tokens;
        Ok(SignedIn { method: tokens.method(), tenant: self.tenant, tenant_name, claims, kept: tokens.kept() })
    }

    /// Requests made so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let counters = &self.client.counters;
        Usage {
            requests: counters.requests.load(Ordering::Relaxed),
            throttled: counters.throttled.load(Ordering::Relaxed),
            retried: counters.retried.load(Ordering::Relaxed),
        }
    }
}

impl GraphTenant {
    /// Reads a slice of the sign-in log, page by page; `each` says whether to go on.
    ///
    /// # Errors
    /// When the log is refused, or fails for good.
    pub(crate) async fn log(
        &self,
        slice: LogSlice,
        progress: &dyn ReadProgress,
        each: &mut (dyn FnMut(Entries<'_>) -> bool + Send),
    ) -> Result<(), ReadError> {
        read::log(&self.client, slice, progress, each).await
    }

    /// Reads what decides of the log, a few filtered pages, into `decided`.
    ///
    /// # Errors
    /// Why the log cannot be read.
    pub(crate) async fn decisive(
        &self,
        questions: &Questions<'_>,
        decided: &mut Decided,
        progress: &dyn ReadProgress,
    ) -> Result<(), ReadError> {
        read::decisive(&self.client, questions, decided, progress).await
    }

    /// Reads when each user last signed in.
    ///
    /// # Errors
    /// Why that cannot be read.
    pub(crate) async fn sign_in_dates(
        &self,
        progress: &dyn ReadProgress,
    ) -> Result<HashMap<UserId, SignInDates>, ReadError> {
        read::sign_in_dates(&self.client, progress).await
    }
}

impl TenantRead for GraphTenant {
    async fn read(&self, request: &ReadRequest, progress: &dyn ReadProgress) -> Result<ObservedTenant, ReadError> {
        read::read(read::Plan {
            client: &self.client,
            tenant: self.tenant,
            organization: &self.organization,
            now: self.now,
            parallelism: self.parallelism,
            bulk_state: self.bulk_state,
            extra_groups: &self.extra_groups,
            request,
            progress,
        })
        .await
    }

    async fn state(&self, user: UserId) -> Result<StateRead, ReadError> {
        self.singles.read(&self.client, user).await
    }
}

impl TenantWrite for GraphTenant {
    async fn write(
        &self,
        user: UserId,
        after: MfaState,
        leave: impl Future<Output = ()> + Send,
    ) -> Result<(), WriteError> {
        single::write(&self.client, user, after, leave).await
    }
}
