//! How long one item is tried: at most 8 retries; without a Retry-After the first delay is at most a second, doubling
//! with jitter up to 30 s; a Retry-After is honoured exactly, up to 180 s in total (the limit of Microsoft's own client).

use std::time::Duration;

/// Retries of one item.
pub(super) const MAX_RETRIES: u32 = 8;
/// The longest delay chosen here.
pub(super) const MAX_DELAY: Duration = Duration::from_secs(30);
/// All Retry-After of one item together.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(180);

/// The patience one item has left.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patience {
    retries: u32,
    asked: Duration,
}

impl Patience {
    /// The delay before the next try, or `None` when it is time to give up. `chance` is in `0.0..1.0`.
    pub(super) fn next(&mut self, retry_after: Option<Duration>, chance: f64) -> Option<Duration> {
        if self.retries >= MAX_RETRIES {
            return None;
        }
        let delay = match retry_after {
            Some(asked) => {
                // Coming back earlier than asked only earns the next 429, so a wait that does not fit is not cut short.
                self.asked = self.asked.checked_add(asked).filter(|sum| *sum <= MAX_RETRY_AFTER)?;
                asked
            }
            // Between half and all of 1 s, 2 s, 4 s … so that users who failed together do not return together.
            None => {
                Duration::from_secs(1 << self.retries.min(5)).min(MAX_DELAY).mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
            }
        };
        self.retries += 1;
        Some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_delay_is_at_most_a_second_and_the_cap_is_thirty() {
        for chance in [0.0, 0.5, 0.999] {
            let mut patience = Patience::default();
            let delays: Vec<Duration> = std::iter::from_fn(|| patience.next(None, chance)).collect();
            assert_eq!(delays.len(), 8);
            assert!(delays[0] <= Duration::from_secs(1) && delays[0] >= Duration::from_millis(500));
            assert!(delays.iter().all(|delay| *delay <= MAX_DELAY));
            assert!(delays.windows(2).all(|pair| pair[0] <= pair[1]));
        }
    }

    #[test]
    fn a_retry_after_is_honoured_exactly_until_180_seconds_are_used() {
        let mut patience = Patience::default();
        let asked = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(patience.next(asked(100), 0.3), asked(100));
        assert_eq!(patience.next(asked(80), 0.3), asked(80));
        assert_eq!(patience.next(asked(1), 0.3), None);
    }
}
