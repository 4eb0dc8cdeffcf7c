//! Patience: how long to wait before asking again, and when to give up.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use uuid::Uuid;

/// Bounds of retrying one request or one item of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How often it is tried again.
    pub retries: u32,
    /// The longest that all its waits together may take.
    pub total: Duration,
    /// The first wait where the service names none; it doubles from there, with jitter.
    pub first: Duration,
    /// The longest single wait where the service names none.
    pub cap: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            retries: 8,
            total: Duration::from_secs(180),
            first: Duration::from_millis(800),
            cap: Duration::from_secs(30),
        }
    }
}

/// What was waited so far for one item.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) tries: u32,
    waited: Duration,
}

impl Patience {
    /// The wait before the next try, or nothing when patience is at its end. A wait the service names is taken exactly:
    /// shorter would be early, and one that does not fit into the total cannot be honoured at all.
    pub(crate) fn next(&self, spent: &mut Spent, retry_after: Option<Duration>) -> Option<Duration> {
        let wait = retry_after.unwrap_or_else(|| {
            let doubled = self.first.saturating_mul(1 << spent.tries.min(16)).min(self.cap);
            // Between a half and the whole, so that clients that failed together do not come back together.
            doubled.mul_f64(0.5 + 0.5 * random())
        });
        if spent.tries >= self.retries || spent.waited + wait > self.total {
            return None;
        }
        spent.tries += 1;
        spent.waited += wait;
        Some(wait)
    }
}

/// Uniform in 0..1, from the generator that names requests.
fn random() -> f64 {
    (Uuid::new_v4().as_u128() as u32) as f64 / f64::from(u32::MAX)
}

/// A status that may pass: throttled or unavailable.
pub(crate) fn is_transient(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

/// `Retry-After` of a response.
pub(crate) fn of_headers(headers: &HeaderMap) -> Option<Duration> {
    parse(headers.get(RETRY_AFTER)?.to_str().ok()?, Timestamp::now())
}

/// `Retry-After`: seconds (whole or decimal; both are seen on the wire) or an HTTP date. A date in the past means now.
pub(crate) fn parse(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return (seconds.is_finite() && seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(1e6)));
    }
    let at = DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::from_secs(at.duration_since(now).as_secs().max(0) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_comes_in_three_spellings() {
        let now: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
        assert_eq!(parse("12", now), Some(Duration::from_secs(12)));
        assert_eq!(parse("2.128", now), Some(Duration::from_millis(2128)));
        assert_eq!(parse("Fri, 20 Nov 2026 08:01:30 GMT", now), Some(Duration::from_secs(90)));
        assert_eq!(parse("Fri, 20 Nov 2026 07:00:00 GMT", now), Some(Duration::ZERO));
        for junk in ["", "-1", "NaN", "soon", "inf"] {
            assert_eq!(parse(junk, now), None, "{junk}");
        }
    }

    #[test]
    fn patience_ends_by_count_and_by_total() {
        let patience = Patience::default();
        let mut spent = Spent::default();
        let waits: Vec<_> = std::iter::from_fn(|| patience.next(&mut spent, None)).collect();
        assert_eq!(waits.len(), 8);
        assert!(waits[0] <= Duration::from_secs(1) && waits.iter().all(|wait| *wait <= Duration::from_secs(30)));

        let mut spent = Spent::default();
        let long = Some(Duration::from_secs(100));
        assert_eq!(patience.next(&mut spent, long), long, "exactly what the service asked");
        assert_eq!(patience.next(&mut spent, long), None, "the second would pass 180 s");
    }
}
