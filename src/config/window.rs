//! Maintenance windows, judged at the moment of the write.
//!
//! A window is read off the clock on the wall in its zone: it is open while that clock shows a time of the window on a
//! day of the window. So where a daylight-saving change skips the opening time the window opens with the jump, and
//! where it skips the closing time it closes with the jump; an hour that happens twice counts twice.

use jiff::{Span, Timestamp, civil};

use super::{Guardrails, Layer, Waivable, Window};

/// Is now a time for writes?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Openness {
    /// Yes.
    Open,
    /// No.
    Closed {
        /// When writes are allowed for the first time; `None` where that is not within the next 60 days.
        opens_at: Option<Timestamp>,
    },
}

impl Guardrails {
    /// May be written at this instant? A waiver lifts the windows of the configuration, and those of the policy where
    /// its `waivable` lists them.
    #[must_use]
    pub fn openness(&self, waived: bool, now: Timestamp) -> Openness {
        let waivable = self.waivable.contains(&Waivable::Window);
        let lifted = |window: &Window| waived && (window.layer == Layer::Configuration || waivable);
        let held: Vec<Window> = self.windows.iter().filter(|window| !lifted(window)).cloned().collect();
        open_at(&held, now)
    }
}

/// How far ahead an opening is looked for. Windows repeat weekly; two months also cover a daylight-saving change.
const HORIZON_DAYS: i64 = 60;

/// May be written at this instant? Of the windows of one directory (a module is one too) one must be open, and so for each directory that has
/// any: hours of an organisation may lie apart, and the policy's hours hold whatever the configuration says. No window at
/// all is always open.
#[must_use]
pub(crate) fn open_at(windows: &[Window], now: Timestamp) -> Openness {
    if layers_open(windows, now) {
        return Openness::Open;
    }
    // The directories can only be open together from when one of their windows opens: at its opening time, or at a jump of its zone's clock.
    let mut candidates: Vec<Timestamp> = windows.iter().flat_map(|window| openings(window, now)).collect();
    candidates.sort_unstable();
    Openness::Closed { opens_at: candidates.into_iter().find(|at| layers_open(windows, *at)) }
}

fn layers_open(windows: &[Window], now: Timestamp) -> bool {
    let whose = |window: &Window| (window.layer, window.module.clone());
    windows.iter().all(|one| {
        let mut own = windows.iter().filter(|window| whose(window) == whose(one));
        own.any(|window| is_open(window, now))
    })
}

fn is_open(window: &Window, now: Timestamp) -> bool {
    let wall = window.timezone.to_datetime(now);
    let today = day(wall.date());
    let yesterday = (today + 6) % 7;
    let minute = i32::from(wall.hour()) * 60 + i32::from(wall.minute());
    let (from, to) = (i32::from(window.from), i32::from(window.to));
    if from < to {
        window.days[today] && (from..to).contains(&minute)
    } else {
        // Over midnight (or round the clock, where both are equal): the hours after midnight belong to the day before.
        (window.days[today] && minute >= from) || (window.days[yesterday] && minute < to)
    }
}

fn day(date: civil::Date) -> usize {
    usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0)
}

fn openings(window: &Window, now: Timestamp) -> Vec<Timestamp> {
    let start = window.timezone.to_datetime(now).date();
    let (hour, minute) = ((window.from / 60) as i8, (window.from % 60) as i8);
    let days = (0..=HORIZON_DAYS).filter_map(|ahead| {
        let date = start.checked_add(Span::new().days(ahead)).ok()?;
        let wall = civil::DateTime::new(date.year(), date.month(), date.day(), hour, minute, 0, 0).ok()?;
        window.timezone.to_timestamp(wall).ok()
    });
    let end = now.checked_add(Span::new().hours(24 * HORIZON_DAYS)).unwrap_or(Timestamp::MAX);
    let jumps = window.timezone.following(now).map(|jump| jump.timestamp()).take_while(|at| *at < end);
    days.chain(jumps).filter(|at| *at > now).collect()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::diag::{FileId, Span as Place};

    /// Berlin's rules, spelled out so that the test needs no time zone database.
    const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

    fn window(days: &str, from: (u16, u16), to: (u16, u16), zone: &str) -> Window {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        Window {
            days: names.map(|name| days.contains(name)),
            from: from.0 * 60 + from.1,
            to: to.0 * 60 + to.1,
            timezone: TimeZone::posix(zone).unwrap(),
            layer: Layer::Configuration,
            module: "".into(),
            span: Place::new(FileId(0), 0..0),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_closes_at_its_end_and_says_when_it_opens() {
        let weekdays = [window("mon tue wed thu fri", (9, 0), (17, 0), BERLIN)];
        // Tuesday, 24 November 2026, winter: 09:00 in Berlin is 08:00 UTC.
        assert_eq!(open_at(&weekdays, at("2026-11-24T08:00:00Z")), Openness::Open);
        assert_eq!(open_at(&weekdays, at("2026-11-24T15:59:59Z")), Openness::Open);
        let opens_at = Some(at("2026-11-25T08:00:00Z"));
        assert_eq!(open_at(&weekdays, at("2026-11-24T16:00:00Z")), Openness::Closed { opens_at });
        let friday_evening = open_at(&weekdays, at("2026-11-27T20:00:00Z"));
        assert_eq!(friday_evening, Openness::Closed { opens_at: Some(at("2026-11-30T08:00:00Z")) });
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_it_starts_on() {
        let friday_night = [window("fri", (22, 0), (4, 0), "UTC0")];
        assert_eq!(open_at(&friday_night, at("2026-11-27T23:00:00Z")), Openness::Open);
        assert_eq!(open_at(&friday_night, at("2026-11-28T03:59:00Z")), Openness::Open);
        let opens_at = Some(at("2026-12-04T22:00:00Z"));
        assert_eq!(open_at(&friday_night, at("2026-11-28T04:00:00Z")), Openness::Closed { opens_at });
        assert_ne!(open_at(&friday_night, at("2026-11-27T03:00:00Z")), Openness::Open, "that is Thursday's night");
    }

    #[test]
    fn daylight_saving_moves_the_window_with_the_clock_on_the_wall() {
        let daily = [window("mon tue wed thu fri sat sun", (9, 0), (10, 0), BERLIN)];
        assert_eq!(open_at(&daily, at("2026-03-28T08:30:00Z")), Openness::Open, "winter");
        assert_eq!(open_at(&daily, at("2026-03-29T07:30:00Z")), Openness::Open, "summer");
        // 29 March 2026, 02:00 → 03:00 in Berlin, at 01:00 UTC: an opening at 02:30 does not exist.
        let skipped = [window("sun", (2, 30), (5, 0), BERLIN)];
        let closed = open_at(&skipped, at("2026-03-29T00:59:00Z"));
        assert_eq!(closed, Openness::Closed { opens_at: Some(at("2026-03-29T01:00:00Z")) });
        assert_eq!(open_at(&skipped, at("2026-03-29T01:00:00Z")), Openness::Open);
    }

    #[test]
    fn one_window_of_each_directory_must_be_open() {
        let office = window("mon tue wed thu fri", (8, 0), (18, 0), "UTC0");
        let saturday = window("sat", (0, 0), (24, 0), "UTC0");
        let policy = Window { layer: Layer::Policy, ..window("tue", (12, 0), (20, 0), "UTC0") };
        let own = [office.clone(), saturday.clone()];
        assert_eq!(open_at(&own, at("2026-11-24T13:00:00Z")), Openness::Open, "a Tuesday");
        assert_eq!(open_at(&own, at("2026-11-28T03:00:00Z")), Openness::Open, "a Saturday");
        let opens_at = Some(at("2026-11-28T00:00:00Z"));
        assert_eq!(open_at(&own, at("2026-11-27T19:00:00Z")), Openness::Closed { opens_at });
        let both = [office, saturday.clone(), policy.clone()];
        assert_eq!(open_at(&both, at("2026-11-24T13:00:00Z")), Openness::Open);
        let opens_at = Some(at("2026-12-01T12:00:00Z"));
        assert_eq!(open_at(&both, at("2026-11-24T19:00:00Z")), Openness::Closed { opens_at });
        let never = [policy, saturday];
        assert_eq!(open_at(&never, at("2026-11-24T13:00:00Z")), Openness::Closed { opens_at: None });
        assert_eq!(open_at(&[], at("2026-11-24T13:00:00Z")), Openness::Open);
    }
}
