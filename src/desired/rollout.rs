//! Rollouts: dated waves, and percentages that stay stable as they grow.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;

use crate::{
    config::{Rollout, Wave},
    tenant::{ObservedTenant, Text, UserId, UserIndex},
};

use super::{Hold, HoldKind, RolloutWave};

/// A rollout with its waves' members resolved, earliest wave first.
pub(super) struct Schedule<'a> {
    rollout: &'a Rollout,
    waves: Vec<(&'a Wave, Option<Vec<UserIndex>>)>,
    /// Why the members of each wave wait, in the order of `waves`: thousands share one text.
    reasons: Vec<Text>,
    /// Why those in no wave wait.
    stranded: Text,
}

impl<'a> Schedule<'a> {
    /// `members` resolves a wave's selectors; `None` where it has none and means everybody the block claims.
    pub(super) fn new(rollout: &'a Rollout, mut members: impl FnMut(&'a Wave) -> Option<Vec<UserIndex>>) -> Self {
        let mut waves: Vec<_> = rollout.waves.iter().map(|wave| (wave, members(wave))).collect();
        waves.sort_by_key(|(wave, _)| wave.from);
        let reason = |wave: &Wave| format!("wave \"{}\" of rollout \"{}\" has not opened", wave.name, rollout.name);
        let reasons = waves.iter().map(|(wave, _)| Text::from(reason(wave))).collect();
        let stranded = Text::from(format!("in no wave of rollout \"{}\"", rollout.name));
        Self { rollout, waves, reasons, stranded }
    }

    /// The position of the user's wave: the earliest that picks them.
    pub(super) fn pick(&self, tenant: &ObservedTenant, user: UserIndex) -> Option<usize> {
        let share = share(&self.rollout.label, tenant.user(user).id);
        self.waves.iter().position(|(wave, members)| {
            let selected = members.as_ref().is_none_or(|members| members.binary_search(&user).is_ok());
            selected && wave.percent.is_none_or(|percent| share < percent)
        })
    }

    /// The hold of a user with this wave at `instant`; `None` once it is open.
    pub(super) fn hold(&self, picked: Option<usize>, instant: Timestamp) -> Option<Hold> {
        match picked.and_then(|at| Some((self.waves.get(at)?.0, self.reasons.get(at)?))) {
            Some((wave, _)) if wave.from <= instant => None,
            Some((wave, reason)) => {
                Some(Hold { kind: HoldKind::Wave, until: Some(wave.from), reason: reason.clone(), gate: None })
            }
            None => Some(Hold { kind: HoldKind::NoWave, until: None, reason: self.stranded.clone(), gate: None }),
        }
    }

    /// The waves, earliest first.
    pub(super) fn waves(&self) -> impl Iterator<Item = RolloutWave> {
        self.waves.iter().map(|(wave, _)| RolloutWave {
            rollout: self.rollout.name.clone(),
            name: wave.name.clone(),
            from: wave.from,
            gate: wave.gate,
            closed: None,
        })
    }

    /// Does one wave pick everybody, so that nobody can fall through?
    pub(super) fn is_complete(&self) -> bool {
        self.waves
            .iter()
            .any(|(wave, members)| members.is_none() && wave.percent.is_none_or(|percent| percent >= 100.0))
    }
}

/// Where a user stands in a rollout, 0 ≤ share < 100: a hash of rollout and user, so that growing the percentage only
/// adds users, and two rollouts do not start with the same people.
#[must_use]
pub(crate) fn share(rollout: &str, user: UserId) -> f64 {
    let mut input = Vec::with_capacity(rollout.len() + 17);
    input.extend_from_slice(rollout.as_bytes());
    input.push(0);
    input.extend_from_slice(user.as_uuid().as_bytes());
    let hash = digest(&SHA256, &input);
    let head = hash.as_ref().iter().take(6).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    // 48 bits fit a double exactly, so the share is below 100 and the same on every machine.
    head as f64 / (1_u64 << 48) as f64 * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_picked_at_ten_percent_is_still_picked_at_twenty_five() {
        let users: Vec<_> = (0..10_000_u128).map(|n| UserId::new(uuid::Uuid::from_u128(n))).collect();
        let picked = |percent: f64| users.iter().filter(|id| share("spring", **id) < percent).count();
        assert!((900..1100).contains(&picked(10.0)), "{}", picked(10.0));
        assert!((2350..2650).contains(&picked(25.0)), "{}", picked(25.0));
        assert_eq!(picked(100.0), users.len());
        assert_eq!(picked(0.0), 0);
    }
}
