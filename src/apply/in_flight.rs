//! A bounded set of futures driven together in one task, so that they may borrow and nothing outlives the run.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

/// Futures under way. All are polled on each wake: there are never more than some hundreds of them.
pub(super) struct InFlight<'a, T>(Vec<Pin<Box<dyn Future<Output = T> + Send + 'a>>>);

impl<'a, T> InFlight<'a, T> {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn push(&mut self, future: impl Future<Output = T> + Send + 'a) {
        self.0.push(Box::pin(future));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Waits until at least one is finished and takes all that are: what is ready together shares one flush of the
    /// journal. Empty only when nothing is under way. Dropping the returned future loses nothing.
    pub(super) async fn finished(&mut self) -> Vec<T> {
        if self.0.is_empty() {
            return Vec::new();
        }
        poll_fn(|context| {
            let mut done = Vec::new();
            let mut index = 0;
            while index < self.0.len() {
                match self.0[index].as_mut().poll(context) {
                    Poll::Ready(value) => {
                        done.push(value);
                        drop(self.0.swap_remove(index));
                    }
                    Poll::Pending => index += 1,
                }
            }
            if done.is_empty() { Poll::Pending } else { Poll::Ready(done) }
        })
        .await
    }
}

impl<T> fmt::Debug for InFlight<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InFlight({})", self.0.len())
    }
}
