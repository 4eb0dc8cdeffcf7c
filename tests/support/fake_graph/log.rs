//! What the fake has seen.

use tokio::time::Instant;

/// One request, or one item of a batch.
#[derive(Clone, Debug)]
pub struct Logged {
    /// When it arrived.
    pub at: Instant,
    /// `GET` …
    pub method: String,
    /// `v1.0`, `beta`, or `login` for the sign-in service.
    pub version: String,
    /// The path below the version, decoded.
    pub path: String,
    /// The query, decoded.
    pub query: String,
    /// The answer's status; 0 where the connection was reset.
    pub status: u16,
    /// Inside a batch?
    pub in_batch: bool,
    /// A write that took place: user id and the state written.
    pub wrote: Option<(String, String)>,
    /// The client's name for it.
    pub client_request_id: Option<String>,
}

/// Sums over the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// HTTP requests of Graph.
    pub requests: usize,
    /// Requests of Graph and items of batches, without the envelopes.
    pub calls: usize,
    /// Of those, answered 429.
    pub throttled: usize,
    /// Writes that took place.
    pub writes: usize,
    /// Requests of the sign-in service.
    pub sign_ins: usize,
}

pub fn stats(log: &[Logged]) -> Stats {
    let mut stats = Stats::default();
    for one in log {
        if one.version == "login" {
            stats.sign_ins += 1;
            continue;
        }
        let envelope = one.path == "/$batch";
        stats.requests += usize::from(!one.in_batch);
        stats.calls += usize::from(!envelope);
        stats.throttled += usize::from(one.status == 429);
        stats.writes += usize::from(one.wrote.is_some());
    }
    stats
}
