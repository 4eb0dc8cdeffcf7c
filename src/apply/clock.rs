//! Time and chance, handed in: tests never sleep and never guess.

use std::{future::Future, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

/// What the executor asks of time.
pub trait Clock: Send + Sync {
    /// The wall clock: for journals, windows and the age of approvals.
    fn now(&self) -> Timestamp;

    /// Time since some fixed instant, never going back: for the age of a read and for deadlines.
    fn elapsed(&self) -> Duration;

    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;

    /// A number in `0.0..1.0`, for jitter.
    fn chance(&self) -> f64;
}

/// The machine's clock.
#[derive(Debug)]
pub(crate) struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock that counts from now.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }

    fn chance(&self) -> f64 {
        // Jitter needs to differ between processes, not to be secret: 53 random bits of a version 4 UUID (its low
        // half holds two fixed bits at the top only).
        let bits = uuid::Uuid::new_v4().as_u64_pair().1 & ((1 << 53) - 1);
        bits as f64 / (1u64 << 53) as f64
    }
}
