//! Which stretches of time a log covers. Two records a month apart do not cover a month by themselves; what lies between
//! the first and the last record of one download does.

use jiff::{SignedDuration, Timestamp};

/// Two downloads with a gap this short are one: the portal's filter works in minutes.
const SEAM: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Intervals, ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cover(Vec<(Timestamp, Timestamp)>);

impl Cover {
    pub(crate) fn add(&mut self, from: Timestamp, to: Timestamp) {
        self.0.push((from, to));
        self.0.sort_unstable();
        let mut joined: Vec<(Timestamp, Timestamp)> = Vec::with_capacity(self.0.len());
        for &(from, to) in &self.0 {
            match joined.last_mut() {
                Some(last) if from.duration_since(last.1) <= SEAM => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        self.0 = joined;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What both cover.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let mut both = Self::default();
        for &(from, to) in &self.0 {
            for &(start, end) in &other.0 {
                let (from, to) = (from.max(start), to.min(end));
                if from <= to {
                    both.add(from, to);
                }
            }
        }
        both
    }

    pub(crate) fn within(&self, from: Timestamp, to: Timestamp) -> Self {
        self.and(&Self(vec![(from, to)]))
    }

    /// The stretches, ends included, in order.
    pub(crate) fn stretches(&self) -> &[(Timestamp, Timestamp)] {
        &self.0
    }

    /// What of this window is not covered.
    pub(crate) fn gaps(&self, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let mut gaps = Vec::new();
        let mut at = from;
        for &(start, end) in &self.within(from, to).0 {
            if start.duration_since(at) > SEAM {
                gaps.push((at, start));
            }
            at = at.max(end);
        }
        if to.duration_since(at) > SEAM || (self.within(from, to).is_empty() && from < to) {
            gaps.push((at, to));
        }
        gaps
    }

    fn total(&self) -> SignedDuration {
        self.0.iter().fold(SignedDuration::ZERO, |sum, (from, to)| sum + to.duration_since(*from))
    }

    /// Days covered: records of seven mornings span six days and a bit, and are a week's.
    pub(crate) fn days(&self, at_most: u16) -> u16 {
        if self.is_empty() {
            return 0;
        }
        let whole = (self.total().as_secs() / DAY.as_secs()).max(0) + 1;
        u16::try_from(whole).unwrap_or(u16::MAX).min(at_most)
    }

    /// All but a day of the window: nobody downloads a log at midnight, and the first sign-in of a day comes when it comes.
    pub(crate) fn fills(&self, days: u16) -> bool {
        self.total() >= DAY * i32::from(days) - DAY && !self.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_hole_is_not_covered_and_a_seam_is_none() {
        let mut cover = Cover::default();
        assert_eq!((cover.days(30), cover.fills(1)), (0, false));
        cover.add(at("2026-11-01T08:00:00Z"), at("2026-11-07T08:00:00Z"));
        assert_eq!(cover.days(30), 7);
        cover.add(at("2026-11-20T08:00:00Z"), at("2026-11-22T07:00:00Z"));
        assert_eq!(cover.days(30), 8, "13 days between are not counted");
        cover.add(at("2026-11-07T08:40:00Z"), at("2026-11-20T07:30:00Z"));
        assert_eq!((cover.0.len(), cover.days(30)), (1, 21));
        assert!(cover.fills(21) && !cover.fills(22));
        assert_eq!(cover.days(9), 9);
        let part = cover.within(at("2026-11-21T00:00:00Z"), at("2026-12-01T00:00:00Z"));
        assert_eq!(part.0, [(at("2026-11-21T00:00:00Z"), at("2026-11-22T07:00:00Z"))]);
    }
}
