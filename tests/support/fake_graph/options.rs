//! How the fake behaves.

use std::{collections::BTreeSet, time::Duration};

use super::buckets::Application;

/// Options of a [`super::FakeGraph`]. The default is a fast, friendly tenant with every permission.
#[derive(Clone, Debug)]
pub struct FakeOptions {
    /// Added to every HTTP request.
    pub latency: Duration,
    /// Largest page, whatever `$top` says (tests of paging with few users).
    pub page_size: usize,
    /// Largest page of the sign-in log, where it is another.
    pub log_page: Option<usize>,
    /// Limits.
    pub throttle: Throttle,
    /// Limits of the application over all its tenants, shared by clones.
    pub application: Option<Application>,
    /// Entra ID P1; `None`: as the seed's `servicePlans` say.
    pub premium: Option<bool>,
    /// Entra ID P2; `None`: as the seed says, or where it has eligible roles.
    pub premium_p2: Option<bool>,
    /// Permissions the identity does not have.
    pub denied: BTreeSet<String>,
    /// What the list of users says of states.
    pub bulk_state: BulkState,
    /// How many reads of a state after its write still see the old one.
    pub stale_reads: u32,
    /// Faults by chance.
    pub faults: Faults,
    /// How `Retry-After` is written on 429 and 5xx.
    pub retry_after: RetryAfter,
    /// How long tokens live.
    pub token_lifetime: Duration,
    /// Sign in as an operator (delegated token with this object id) instead of as an application.
    pub operator: Option<String>,
    /// Answers of a batch come back in another order.
    pub shuffle: bool,
    /// Another organization id than the seed's.
    pub organization_id: Option<String>,
    /// Send nextLinks to this origin: a malicious page.
    pub foreign_next_link: Option<String>,
    /// Every list leads back to its second page.
    pub circular: bool,
    /// The service does not count (`$count`).
    pub uncounted: bool,
    /// How many Conditional Access plans there are.
    pub plans: u32,
    /// Members of a token answer that are said otherwise; null takes one away.
    pub token_answer: serde_json::Value,
}

impl Default for FakeOptions {
    fn default() -> Self {
        Self {
            latency: Duration::ZERO,
            page_size: 999,
            log_page: None,
            throttle: Throttle::none(),
            application: None,
            premium: None,
            premium_p2: None,
            denied: BTreeSet::new(),
            bulk_state: BulkState::Absent,
            stale_reads: 0,
            faults: Faults::default(),
            retry_after: RetryAfter::Decimal(0.05),
            token_lifetime: Duration::from_secs(3599),
            operator: None,
            shuffle: true,
            organization_id: None,
            foreign_next_link: None,
            circular: false,
            uncounted: false,
            plans: 0,
            token_answer: serde_json::Value::Null,
        }
    }
}

impl FakeOptions {
    /// Takes permissions away.
    pub fn without(mut self, permissions: &[&str]) -> Self {
        self.denied.extend(permissions.iter().map(|name| (*name).to_owned()));
        self
    }
}

/// What `$select=perUserMfaState` gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkState {
    /// Nothing: the property is ignored.
    Absent,
    /// The state.
    Served,
    /// The state of every other user, null for the rest.
    Partial,
    /// An old state: disabled for everybody.
    Stale,
    /// 400.
    Refused,
}

/// How `Retry-After` is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RetryAfter {
    /// Not at all.
    Missing,
    /// Whole seconds.
    Seconds(u64),
    /// Decimal seconds.
    Decimal(f64),
    /// An HTTP date this many seconds ahead.
    Date(u64),
    /// An HTTP date with a fraction of a second, this many seconds ahead.
    Fraction(f64),
    /// When the bucket has what was asked, in decimal seconds.
    Exact,
}

/// A bucket: units at once, units per second.
pub type Bucket = Option<(f64, f64)>;

/// Limits; `None` is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Throttle {
    /// Resource units of identity and access.
    pub identity: Bucket,
    /// Writes.
    pub write: Bucket,
    /// Reports and audit logs.
    pub reporting: Bucket,
    /// `/users` with `signInActivity`.
    pub activity: Bucket,
    /// Conditional Access.
    pub conditional_access: Bucket,
}

impl Throttle {
    /// No limits.
    pub const fn none() -> Self {
        Self { identity: None, write: None, reporting: None, activity: None, conditional_access: None }
    }

    /// The published limits for a tenant of this many users.
    pub const fn published(users: usize) -> Self {
        let units = match users {
            0..50 => 3_500.0,
            50..=500 => 5_000.0,
            _ => 8_000.0,
        };
        Self {
            identity: Some((units, units / 10.0)),
            write: Some((3_000.0, 20.0)),
            reporting: Some((5.0, 0.5)),
            activity: Some((10.0, 10.0 / 60.0)),
            conditional_access: Some((1.0, 1.0)),
        }
    }
}

/// A fault of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429.
    Throttled,
    /// This status, with a JSON error body.
    Status(u16),
    /// The connection is reset before anything was done.
    ResetBefore,
    /// The connection is reset after everything was done.
    ResetAfter,
    /// 200 with half of the JSON.
    Truncated,
    /// 200 with a page of HTML.
    Html,
    /// 401: the token has ended.
    Unauthorized,
    /// No answer, ever.
    Silent,
}

/// Chances of faults, 0–1 each, decided by `seed`, request and number of the try: the same run has the same faults.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Which faults.
    pub seed: u64,
    /// 429 of the whole request.
    pub throttled: f64,
    /// 429 of a single item of a batch.
    pub item_throttled: f64,
    /// 500, 502, 503 or 504.
    pub server_error: f64,
    /// Reset before.
    pub reset_before: f64,
    /// Reset after.
    pub reset_after: f64,
    /// Truncated JSON (reads only).
    pub truncated: f64,
    /// HTML (reads only).
    pub html: f64,
    /// 401.
    pub unauthorized: f64,
}

impl Faults {
    /// `share` of all answers are faults, of every kind alike.
    pub fn mixed(seed: u64, share: f64) -> Self {
        let each = share / 7.0;
        Self {
            seed,
            throttled: each,
            item_throttled: each,
            server_error: each,
            reset_before: each,
            reset_after: each,
            truncated: each,
            html: each,
            // One 401 is forgiven, two in a row are an error by contract: by chance that would happen.
            unauthorized: 0.0,
        }
    }
}
