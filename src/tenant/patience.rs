//! Patience: how long to wait before a service is asked again, and when to give up.
//!
//! There is one patience for one thing that is asked: whoever retries it (the reader of a whole tenant, the executor for
//! one user) keeps the count, and nobody below retries on its own account. Two layers of nine tries each would be 81.

use std::time::Duration;

/// Bounds of trying one request, one item of a batch, or one user's way through a run.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How often it is tried again.
    pub retries: u32,
    /// The longest that all its waits together may take (the limit of Microsoft's own client).
    pub total: Duration,
    /// The first wait where the service names none; it doubles from there, with jitter.
    pub first: Duration,
    /// The longest single wait where the service names none.
    pub cap: Duration,
}

impl Patience {
    /// The usual bounds.
    pub const DEFAULT: Self = Self {
        retries: 8,
        total: Duration::from_secs(180),
        first: Duration::from_secs(1),
        cap: Duration::from_secs(30),
    };

    /// The wait before the next try, or nothing when patience is at its end. A wait the service names is taken exactly:
    /// shorter would be early, and one that does not fit into the total cannot be honoured at all. `chance` is in
    /// `0.0..1.0`.
    pub(crate) fn next(&self, spent: &mut Spent, retry_after: Option<Duration>, chance: f64) -> Option<Duration> {
        let wait = retry_after.unwrap_or_else(|| {
            let doubled = self.first.saturating_mul(1 << spent.tries.min(16)).min(self.cap);
            // Between a half and the whole, so that those who failed together do not come back together.
            doubled.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
        });
        if spent.tries >= self.retries || spent.waited.saturating_add(wait) > self.total {
            return None;
        }
        spent.tries += 1;
        spent.waited += wait;
        Some(wait)
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What was spent so far on one thing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    /// How often it was tried again.
    pub(crate) tries: u32,
    waited: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wait_is_at_most_a_second_and_the_cap_is_thirty() {
        for chance in [0.0, 0.5, 0.999] {
            let mut spent = Spent::default();
            let waits: Vec<_> = std::iter::from_fn(|| Patience::DEFAULT.next(&mut spent, None, chance)).collect();
            assert_eq!(waits.len(), 8, "nine tries");
            assert!(waits[0] <= Duration::from_secs(1) && waits[0] >= Duration::from_millis(500));
            assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(30)));
            assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]));
        }
    }

    #[test]
    fn a_wait_the_service_names_is_taken_exactly_until_the_total_is_used() {
        let mut spent = Spent::default();
        let asked = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(Patience::DEFAULT.next(&mut spent, asked(100), 0.3), asked(100), "exactly what the service asked");
        assert_eq!(Patience::DEFAULT.next(&mut spent, asked(80), 0.3), asked(80));
        assert_eq!(Patience::DEFAULT.next(&mut spent, asked(1), 0.3), None);
    }
}
