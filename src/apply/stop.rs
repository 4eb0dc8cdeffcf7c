//! Stopping in two stages: the first signal finishes what is in flight, the second stops at once.

use tokio::sync::watch;

/// How urgently to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Not at all.
    Go,
    /// Start nothing new, finish what was sent, write the journal.
    Drain,
    /// Now.
    Abort,
}

/// The end that is pulled: by Ctrl-C, SIGTERM, a terminal that went away.
#[derive(Clone, Debug)]
pub struct StopHandle(watch::Sender<Urgency>);

/// The end the executor looks at.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Urgency>);

/// A pair of both ends.
#[must_use]
pub fn stop() -> (StopHandle, Stop) {
    let (sender, receiver) = watch::channel(Urgency::Go);
    (StopHandle(sender), Stop(receiver))
}

impl StopHandle {
    /// Raises the urgency by one stage, and says which it is now.
    pub fn signal(&self) -> Urgency {
        self.0.send_modify(|urgency| {
            *urgency = if *urgency == Urgency::Go { Urgency::Drain } else { Urgency::Abort };
        });
        *self.0.borrow()
    }
}

impl Stop {
    /// A stop that nobody pulls.
    #[must_use]
    pub fn never() -> Self {
        stop().1
    }

    /// The urgency now.
    #[must_use]
    pub fn urgency(&self) -> Urgency {
        *self.0.borrow()
    }

    /// Returns as soon as the urgency is at least this; never, if nobody can raise it any more.
    pub async fn reached(&self, urgency: Urgency) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|now| *now >= urgency).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
