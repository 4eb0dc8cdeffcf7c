//! `Retry-After` in all its forms, to the instant; and which answers may pass.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser, fmt::strtime, tz::TimeZone};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use uuid::Uuid;

/// Two clocks that differ by more than this are different clocks: the service's date then counts by the service's own.
const SKEW: Duration = Duration::from_secs(2);

/// Uniform in 0..1, from the generator that names requests: waits need to differ, not to be secret.
pub(crate) fn chance() -> f64 {
    (Uuid::new_v4().as_u128() as u32) as f64 / f64::from(u32::MAX)
}

/// A status that may pass: throttled or unavailable.
pub(crate) fn is_transient(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

/// `Retry-After` of a response.
pub(crate) fn of_headers(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    parse(text(RETRY_AFTER)?, text(DATE).and_then(date), Timestamp::now())
}

/// `Retry-After`: seconds (whole or decimal; both are seen on the wire) or a date. A date in the past means now.
///
/// A date names an instant, so that the wait ends there and not at the whole second below: dates have no fractions, now
/// has. `sent` is the `Date` of the answer.
pub(crate) fn parse(value: &str, sent: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return (seconds.is_finite() && seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(1e6)));
    }
    let at = date(value)?;
    let skew = sent.map(|sent| now.duration_since(sent).unsigned_abs()).unwrap_or_default();
    let from = sent.filter(|_| skew > SKEW).unwrap_or(now);
    Some(Duration::try_from(at.duration_since(from)).unwrap_or_default())
}

/// The three forms of an HTTP date ("HTTP Semantics", RFC 9110, 5.6.7), the first with or without a fraction of a
/// second, and the form that JSON has.
fn date(text: &str) -> Option<Timestamp> {
    if let Ok(at) = DateTimeParser::new().parse_timestamp(text) {
        return Some(at);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let forms = ["%A, %d-%b-%y %H:%M:%S%.f GMT", "%a %b %e %H:%M:%S%.f %Y", "%a, %d %b %Y %H:%M:%S%.f GMT"];
    let at = forms.iter().find_map(|form| strtime::parse(form, text).ok()?.to_datetime().ok())?;
    TimeZone::UTC.to_timestamp(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_honoured_to_the_instant_in_every_form() {
        let now: Timestamp = "2026-11-20T08:00:00.400Z".parse().unwrap();
        for (text, wait) in [
            ("12", 12_000),
            ("2.128", 2_128),
            (" 0 ", 0),
            ("Fri, 20 Nov 2026 08:01:30 GMT", 89_600),
            ("Fri, 20 Nov 2026 08:00:01 GMT", 600),
            ("Fri, 20 Nov 2026 08:00:01.5 GMT", 1_100),
            ("Friday, 20-Nov-26 08:01:30 GMT", 89_600),
            ("Fri Nov 20 08:01:30 2026", 89_600),
            ("2026-11-20T08:01:30Z", 89_600),
            ("Fri, 20 Nov 2026 07:00:00 GMT", 0),
        ] {
            assert_eq!(parse(text, None, now), Some(Duration::from_millis(wait)), "{text}");
        }
        for junk in ["", "-1", "NaN", "soon", "inf", "Fri, 20 Nov"] {
            assert_eq!(parse(junk, None, now), None, "{junk}");
        }
    }

    #[test]
    fn a_clock_that_is_ahead_does_not_come_back_early() {
        let now: Timestamp = "2026-11-20T08:05:00Z".parse().unwrap();
        let sent = date("Fri, 20 Nov 2026 08:00:00 GMT");
        assert_eq!(parse("Fri, 20 Nov 2026 08:00:30 GMT", sent, now), Some(Duration::from_secs(30)));
        let near = date("Fri, 20 Nov 2026 08:04:59 GMT");
        assert_eq!(parse("Fri, 20 Nov 2026 08:05:30 GMT", near, now), Some(Duration::from_secs(30)));
    }
}
