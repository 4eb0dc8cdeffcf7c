//! Dates and instants as configurations write them.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time},
    tz::TimeZone,
};

/// A date (00:00 UTC of it) or an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// `2026-12-31`
    Day(Date),
    /// `2026-12-31T12:00:00Z`
    Instant(Timestamp),
}

impl When {
    /// Reads `YYYY-MM-DD` or an RFC 3339 instant.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let strict = text.len() == 10 && text.is_ascii();
        if strict && let Ok(date) = Date::strptime("%Y-%m-%d", text) {
            return Some(Self::Day(date));
        }
        (text.len() > 10).then(|| text.parse().ok()).flatten().map(Self::Instant)
    }

    /// The instant at which it begins.
    pub(crate) fn begins(self) -> Option<Timestamp> {
        match self {
            Self::Day(date) => Some(midnight(date)),
            Self::Instant(instant) => Some(instant),
        }
    }

    /// The first instant at which it is over: a date is valid through its day.
    pub(crate) fn ends(self) -> Option<Timestamp> {
        match self {
            Self::Day(date) => Some(date.checked_add(1.day()).map_or(Timestamp::MAX, midnight)),
            Self::Instant(instant) => Some(instant),
        }
    }
}

/// Instants end a day before dates do, as every zone must be able to tell them: the last days are the last instant.
fn midnight(date: Date) -> Timestamp {
    TimeZone::UTC.to_timestamp(date.to_datetime(Time::midnight())).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::When;

    #[test]
    fn a_date_lasts_its_day_and_an_instant_does_not() {
        let day = When::parse("2026-12-31").unwrap();
        assert_eq!(day.begins().unwrap().to_string(), "2026-12-31T00:00:00Z");
        assert_eq!(day.ends().unwrap().to_string(), "2027-01-01T00:00:00Z");
        let instant = When::parse("2026-12-31T12:00:00+01:00").unwrap();
        assert_eq!(instant.begins(), instant.ends());
        assert_eq!(instant.ends().unwrap().to_string(), "2026-12-31T11:00:00Z");
        let last = When::parse("9999-12-31").unwrap();
        assert!(last.begins().is_some() && last.begins() <= last.ends());
        for wrong in
            ["", "10000-01-01", "2026-13-01", "2026-2-3", "31.12.2026", "2026-02-30", "tomorrow", "2026-12-31 12:00"]
        {
            assert_eq!(When::parse(wrong), None, "{wrong}");
        }
    }
}
