//! Working days, as help desks count them: Monday to Friday.

use jiff::{
    Timestamp,
    civil::{Date, Weekday},
    tz::TimeZone,
};

/// The day after an instant, in UTC.
pub(crate) fn day_after(instant: Timestamp) -> Date {
    next(TimeZone::UTC.to_datetime(instant).date())
}

/// The day after.
pub(crate) fn next(day: Date) -> Date {
    // The calendar ends with the year 9999; a rollout that long has other problems.
    day.tomorrow().unwrap_or(day)
}

/// This day, or the Monday after a weekend.
pub(crate) fn working(day: Date) -> Date {
    match day.weekday() {
        Weekday::Saturday => next(next(day)),
        Weekday::Sunday => next(day),
        _ => day,
    }
}
