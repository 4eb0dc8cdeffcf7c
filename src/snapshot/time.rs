//! Dates as Graph writes them.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};

use crate::tenant::LastSignIn;

/// Reads an RFC 3339 instant.
///
/// A tenant of a million users holds five million dates, nearly all of them `2026-11-20T08:00:00Z` with at most nine
/// digits of fraction. That one shape is read here by hand; everything else (offsets, leap seconds, lower case) goes to
/// `jiff`, whose verdict is final: [`fast`] only ever says "not my shape".
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    fast(text.as_bytes()).or_else(|| text.parse().ok())
}

/// `YYYY-MM-DDTHH:MM:SS[.f{1,9}]Z`, or nothing.
fn fast(text: &[u8]) -> Option<Timestamp> {
    let (&[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2], rest) =
        text.split_first_chunk::<19>()?
    else {
        return None;
    };
    let two = |a: u8, b: u8| Some(digit(a)? * 10 + digit(b)?);
    let year = two(y1, y2)? * 100 + two(y3, y4)?;
    let (month, day) = (two(m1, m2)?, two(d1, d2)?);
    let (hour, minute, second) = (two(h1, h2)?, two(n1, n2)?, two(s1, s2)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanoseconds = match rest {
        b"Z" => 0,
        [b'.', digits @ .., b'Z'] if (1..=9).contains(&digits.len()) => {
            let padded = digits.iter().map(|&c| digit(c)).chain(std::iter::repeat(Some(0))).take(9);
            padded.into_iter().try_fold(0, |sum, next| Some(sum * 10 + next?))?
        }
        _ => return None,
    };
    let days = days_from_civil(year, month, day);
    let seconds = days * 86_400 + i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
    // An instant before 1970 with a fraction has its sign rules in jiff; nothing here is worth repeating them.
    if seconds < 0 && nanoseconds != 0 {
        return None;
    }
    Timestamp::new(seconds, nanoseconds).ok()
}

fn digit(c: u8) -> Option<i32> {
    c.is_ascii_digit().then(|| i32::from(c - b'0'))
}

const fn days_in_month(year: i32, month: i32) -> i32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `days_from_civil`).
fn days_from_civil(year: i32, month: i32, day: i32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i64::from(era) * 146_097 + i64::from(day_of_era) - 719_468
}

/// Graph's way to write "never": the smallest .NET date.
pub(super) const NEVER: &str = "0001-01-01T00:00:00Z";

const NEVER_SECONDS: i64 = -62_135_596_800;

/// A date in a row.
#[derive(Clone, Copy)]
pub(super) struct Date(pub(super) Timestamp);

impl Date {
    /// As a last sign-in, where the smallest date means "never".
    pub(super) fn last_sign_in(self) -> LastSignIn {
        if self.0.as_second() == NEVER_SECONDS { LastSignIn::Never } else { LastSignIn::At(self.0) }
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Date;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Date, E> {
                parse(text).map(Date).ok_or_else(|| E::custom("not a date"))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_smallest_date_means_never() {
        assert_eq!(Date(parse(NEVER).unwrap()).last_sign_in(), LastSignIn::Never);
        let later = parse("2026-11-20T08:00:00Z").unwrap();
        assert_eq!(Date(later).last_sign_in(), LastSignIn::At(later));
    }

    #[test]
    fn what_is_not_a_date_stays_none() {
        for text in
            ["yesterday", "", "2026-02-30T00:00:00Z", "2026-11-20", "2026-13-01T00:00:00Z", "2026-11-20T08:00:00"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(parse("2026-11-20T08:00:00+01:00").is_some(), "offsets are jiff's");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_fast_route_agrees_with_jiff(
            year in 0i32..=9999, month in 0u8..=13, day in 0u8..=32, hour in 0u8..=25, minute in 0u8..=61,
            second in 0u8..=61, fraction in "(\\.[0-9]{0,10})?",
        ) {
            let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z");
            if let Some(instant) = fast(text.as_bytes()) {
                prop_assert_eq!(Some(instant), text.parse().ok());
            }
        }

        #[test]
        fn whatever_jiff_prints_since_1970_takes_the_fast_route(seconds in 0i64..4_000_000_000, nanos in 0i32..1_000_000_000) {
            let instant = Timestamp::new(seconds, nanos).unwrap();
            prop_assert_eq!(fast(instant.to_string().as_bytes()), Some(instant));
        }
    }
}
