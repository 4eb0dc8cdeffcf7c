//! One user: read, write, and find out what became of it.

use std::time::Duration;

use super::{
    Context, Stop, Urgency,
    clock::Clock,
    journal::v1::Planned,
    judge::Standing,
    observer::Event,
    patience::Patience,
    report::{Failure, Outcome, Seen},
};
use crate::tenant::{ReadError, StateRead, TenantRead, TenantWrite, WriteErrorKind};

/// A state read longer ago than this is read again before a write.
const MAX_AGE: Duration = Duration::from_secs(60);

/// What became of one user.
#[derive(Debug)]
pub(super) struct Performed {
    pub(super) outcome: Outcome,
    pub(super) observed: Option<Seen>,
    pub(super) verified: bool,
    pub(super) error: Option<Failure>,
    /// The identity may not write at all.
    pub(super) forbidden: bool,
}

impl Performed {
    fn new(outcome: Outcome, read: Option<&StateRead>, error: Option<Failure>) -> Self {
        let verified = outcome == Outcome::Done && read.is_some();
        Self { outcome, observed: read.map(Seen::from), verified, error, forbidden: false }
    }
}

/// The result of the read before a write.
#[derive(Debug)]
pub(super) enum Checked {
    /// Still as planned for; read at this time of [`Clock::elapsed`].
    Writable(Duration),
    /// Nothing to write.
    Settled(Performed),
}

/// One user's way through a run. Owns all it needs, so that many can be under way while the driver keeps the books.
pub(super) struct Errand<'a, T, C> {
    pub(super) context: Context<'a, T, C>,
    pub(super) planned: Planned,
    /// The run itself has to end (too many failures, no permission, no journal).
    pub(super) halt: Stop,
    /// An earlier session sent something of which nobody knows whether it arrived.
    pub(super) doubted: bool,
}

impl<T: TenantRead + TenantWrite, C: Clock> Errand<'_, T, C> {
    /// Reads the state right before a write.
    pub(super) async fn check(&self) -> Checked {
        let mut patience = Patience::default();
        let read_at = self.context.clock.elapsed();
        match self.read(&mut patience).await {
            Ok(read) => match self.planned.standing(&read) {
                Standing::Before => Checked::Writable(read_at),
                Standing::Reached => Checked::Settled(Performed::new(Outcome::Done, Some(&read), None)),
                Standing::Moved => Checked::Settled(Performed::new(Outcome::Stale, Some(&read), None)),
            },
            Err(error) => {
                let outcome = if self.is_halted() { Outcome::NotAttempted } else { Outcome::Failed };
                Checked::Settled(Performed::new(outcome, None, Some(Failure::from(&error))))
            }
        }
    }

    /// Writes. The intent is on the disk already.
    pub(super) async fn perform(&self, read_at: Duration) -> Performed {
        let clock = self.context.clock;
        let mut patience = Patience::default();
        // Something was sent of which nobody knows whether it arrived.
        let mut doubt = self.doubted;
        if clock.elapsed().saturating_sub(read_at) >= MAX_AGE
            && let Err(performed) = self.look(&mut patience, doubt, None).await
        {
            return *performed;
        }
        loop {
            let error = match self.context.tenant.write(self.planned.user.id, self.planned.after).await {
                Ok(()) => return Performed::new(Outcome::Done, None, None),
                Err(error) => error,
            };
            let mut failure = Failure::from(&error);
            let asked = match error.kind {
                WriteErrorKind::Gone => return Performed::new(Outcome::Stale, Some(&StateRead::Gone), Some(failure)),
                WriteErrorKind::Rejected | WriteErrorKind::Forbidden => {
                    let forbidden = error.kind == WriteErrorKind::Forbidden;
                    if doubt {
                        // An earlier attempt may have arrived all the same: the refusal is only of this one.
                        failure.rejected = false;
                        let last = self.last_look(&mut patience, false, failure).await;
                        return Performed { forbidden, ..last };
                    }
                    return Performed { forbidden, ..Performed::new(Outcome::Failed, None, Some(failure)) };
                }
                WriteErrorKind::Retry { after_ms } => after_ms.map(Duration::from_millis),
                WriteErrorKind::NoAnswer => {
                    doubt = true;
                    None
                }
            };
            let delay = patience.next(asked, clock.chance());
            let Some(delay) = delay else { return self.last_look(&mut patience, doubt, failure).await };
            let event = Event::Waiting { planned: &self.planned, delay, error: &failure };
            self.context.observer.observe(clock.now(), event);
            if !self.wait(delay).await {
                return self.last_look(&mut patience, doubt, failure).await;
            }
            // Even a throttled write is known to have been applied at times, and somebody else may have been there while
            // we waited: nothing is sent again without looking.
            if let Err(performed) = self.look(&mut patience, true, Some(failure)).await {
                return *performed;
            }
        }
    }

    /// Reads once more before a write is sent (again): `Ok` where it may be, else what it came to.
    async fn look(&self, patience: &mut Patience, sent: bool, failure: Option<Failure>) -> Result<(), Box<Performed>> {
        let performed = match self.read(patience).await {
            Ok(read) => match self.planned.standing(&read) {
                Standing::Before => return Ok(()),
                Standing::Reached => Performed::new(Outcome::Done, Some(&read), None),
                Standing::Moved => Performed::new(Outcome::Stale, Some(&read), failure),
            },
            Err(error) => {
                let outcome = if sent { Outcome::Unknown } else { Outcome::Failed };
                Performed::new(outcome, None, Some(failure.unwrap_or_else(|| Failure::from(&error))))
            }
        };
        Err(Box::new(performed))
    }

    /// Nothing will be sent again: what can still be found out?
    async fn last_look(&self, patience: &mut Patience, doubt: bool, failure: Failure) -> Performed {
        match self.read(patience).await {
            Ok(read) => {
                let outcome = match self.planned.standing(&read) {
                    Standing::Reached => return Performed::new(Outcome::Done, Some(&read), None),
                    Standing::Moved => Outcome::Stale,
                    // It may still be under way, so `before` is not an answer.
                    Standing::Before if doubt => Outcome::Unknown,
                    Standing::Before => Outcome::Failed,
                };
                Performed::new(outcome, Some(&read), Some(failure))
            }
            Err(_) => Performed::new(Outcome::Unknown, None, Some(failure)),
        }
    }

    /// One look after a write, for the read-back.
    pub(super) async fn read_back(&self) -> Result<StateRead, ReadError> {
        self.context.tenant.state(self.planned.user.id).await
    }

    /// Reads the state, patiently.
    async fn read(&self, patience: &mut Patience) -> Result<StateRead, ReadError> {
        loop {
            let error = match self.context.tenant.state(self.planned.user.id).await {
                Ok(read) => return Ok(read),
                Err(error) if !error.transient => return Err(error),
                Err(error) => error,
            };
            let Some(delay) = patience.next(None, self.context.clock.chance()) else { return Err(error) };
            if !self.wait(delay).await {
                return Err(error);
            }
        }
    }

    /// Waits; false when the run is to end meanwhile.
    async fn wait(&self, delay: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.context.stop.reached(Urgency::Drain) => false,
            () = self.halt.reached(Urgency::Drain) => false,
            () = self.context.clock.sleep(delay) => true,
        }
    }

    fn is_halted(&self) -> bool {
        self.context.stop.urgency() > Urgency::Go || self.halt.urgency() > Urgency::Go
    }
}
