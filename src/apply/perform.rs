//! One user: read, write, and find out what became of it.

use std::time::Duration;

use super::{
    Context, Stop, Urgency,
    clock::Clock,
    journal::v1::Planned,
    judge::Standing,
    observer::Event,
    report::{CHANGED, Failure, Outcome, Seen, StopReason},
};
use crate::tenant::{Patience, ReadError, Spent, StateRead, TenantRead, TenantWrite, WriteErrorKind};

/// A state read longer ago than this is read again before a write.
const MAX_AGE: Duration = Duration::from_secs(60);

/// How long a write under way, and then a read, may take once the run is to end: five seconds together at most, since
/// whoever stops a run stands and waits. A write without an answer by then is unknown, and a resumption settles it.
const GRACE: [Duration; 2] = [Duration::from_secs(3), Duration::from_millis(1500)];

/// What became of one user.
#[derive(Debug)]
pub(super) struct Performed {
    pub(super) outcome: Outcome,
    pub(super) observed: Option<Seen>,
    pub(super) verified: bool,
    pub(super) error: Option<Failure>,
    /// Why no further write of this run can succeed.
    pub(super) ends: Option<StopReason>,
}

impl Performed {
    fn new(outcome: Outcome, read: Option<&StateRead>, error: Option<Failure>) -> Self {
        let verified = outcome == Outcome::Done && read.is_some();
        Self { outcome, observed: read.map(Seen::from), verified, error, ends: None }
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
        let mut spent = Spent::default();
        let read_at = self.context.clock.elapsed();
        match self.read(&mut spent).await {
            Ok(read) => match self.planned.standing(&read) {
                Standing::Before => Checked::Writable(read_at),
                Standing::Reached => Checked::Settled(Performed::new(Outcome::Done, Some(&read), None)),
                Standing::Moved => Checked::Settled(self.moved(&read, None)),
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
        let mut spent = Spent::default();
        // Something was sent of which nobody knows whether it arrived.
        let mut doubt = self.doubted;
        if clock.elapsed().saturating_sub(read_at) >= MAX_AGE
            && let Err(performed) = self.look(&mut spent, doubt, None).await
        {
            return *performed;
        }
        loop {
            let write = self.context.tenant.write(self.planned.user.id, self.planned.after, self.stopping());
            let error = match self.within(GRACE[0], write).await {
                Some(Ok(())) => return Performed::new(Outcome::Done, None, None),
                Some(Err(error)) => error,
                // Sent, and not answered in the time that is left: only a later read can tell.
                None => return Performed::new(Outcome::Unknown, None, Some(unanswered())),
            };
            let mut failure = Failure::from(&error);
            let asked = match error.kind {
                WriteErrorKind::Gone => return Performed::new(Outcome::Stale, Some(&StateRead::Gone), Some(failure)),
                WriteErrorKind::Rejected | WriteErrorKind::Forbidden | WriteErrorKind::ReadOnly => {
                    let ends = match error.kind {
                        WriteErrorKind::Forbidden => Some(StopReason::Forbidden),
                        WriteErrorKind::ReadOnly => Some(StopReason::ReadOnly { message: error.message.clone() }),
                        _ => None,
                    };
                    if doubt {
                        // An earlier attempt may have arrived all the same: the refusal is only of this one.
                        failure.rejected = false;
                        let last = self.last_look(&mut spent, false, failure).await;
                        return Performed { ends, ..last };
                    }
                    return Performed { ends, ..Performed::new(Outcome::Failed, None, Some(failure)) };
                }
                WriteErrorKind::Unsent if doubt => return self.last_look(&mut spent, doubt, failure).await,
                WriteErrorKind::Unsent => return Performed::new(Outcome::NotAttempted, None, Some(failure)),
                WriteErrorKind::Retry { after } => after,
                WriteErrorKind::NoAnswer { after } => {
                    doubt = true;
                    after
                }
            };
            let delay = Patience::DEFAULT.next(&mut spent, asked, clock.chance());
            let Some(delay) = delay else { return self.last_look(&mut spent, doubt, failure).await };
            let event = Event::Waiting { planned: &self.planned, delay, error: &failure };
            self.context.observer.observe(clock.now(), event);
            if !self.wait(delay).await {
                return self.last_look(&mut spent, doubt, failure).await;
            }
            // Even a throttled write is known to have been applied at times, and somebody else may have been there while
            // we waited: nothing is sent again without looking.
            if let Err(performed) = self.look(&mut spent, true, Some(failure)).await {
                return *performed;
            }
        }
    }

    /// Reads once more before a write is sent (again): `Ok` where it may be, else what it came to.
    async fn look(&self, spent: &mut Spent, sent: bool, failure: Option<Failure>) -> Result<(), Box<Performed>> {
        let performed = match self.read(spent).await {
            Ok(read) => match self.planned.standing(&read) {
                Standing::Before => return Ok(()),
                Standing::Reached => Performed::new(Outcome::Done, Some(&read), None),
                Standing::Moved => self.moved(&read, failure),
            },
            Err(error) => {
                let outcome = if sent { Outcome::Unknown } else { Outcome::Failed };
                Performed::new(outcome, None, Some(failure.unwrap_or_else(|| Failure::from(&error))))
            }
        };
        Err(Box::new(performed))
    }

    /// Somebody else was there (MFA044): skipped and reported, never overwritten. What failed before is told too.
    fn moved(&self, read: &StateRead, failure: Option<Failure>) -> Performed {
        let before = failure.as_ref().map_or_else(String::new, |one| format!("; before that: {}", one.message));
        let message = format!(
            "{CHANGED} changed-since-plan: {read} was found, and the plan was made for {}{before}",
            self.planned.before
        );
        let ours = Failure::new(CHANGED, message.clone());
        let told = failure.map_or(ours, |one| Failure { code: Some(CHANGED.to_owned()), message, ..one });
        Performed::new(Outcome::Stale, Some(read), Some(told))
    }

    /// Nothing will be sent again: what can still be found out?
    async fn last_look(&self, spent: &mut Spent, doubt: bool, failure: Failure) -> Performed {
        match self.read(spent).await {
            Ok(read) => {
                let outcome = match self.planned.standing(&read) {
                    Standing::Reached => return Performed::new(Outcome::Done, Some(&read), None),
                    Standing::Moved => return self.moved(&read, Some(failure)),
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
        let read = self.context.tenant.state(self.planned.user.id);
        self.within(GRACE[1], read).await.unwrap_or_else(|| Err(ReadError::new("stopped before an answer came")))
    }

    /// Reads the state, with what patience is left for this user. A run that is to end waits for no second try.
    async fn read(&self, spent: &mut Spent) -> Result<StateRead, ReadError> {
        loop {
            let read = self.context.tenant.state(self.planned.user.id);
            let error = match self.within(GRACE[1], read).await {
                Some(Ok(read)) => return Ok(read),
                Some(Err(error)) if !error.transient => return Err(error),
                Some(Err(error)) => error,
                None => return Err(ReadError::new("stopped before an answer came")),
            };
            let next = Patience::DEFAULT.next(spent, error.retry_after, self.context.clock.chance());
            let Some(delay) = next else { return Err(error) };
            if !self.wait(delay).await {
                return Err(error);
            }
        }
    }

    /// Waits; false when the run is to end meanwhile.
    async fn wait(&self, delay: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stopping() => false,
            () = self.context.clock.sleep(delay) => true,
        }
    }

    /// Ready once the run is to end: the operator stops it, or it has failed too often.
    async fn stopping(&self) {
        tokio::select! {
            () = self.context.stop.reached(Urgency::Drain) => {}
            () = self.halt.reached(Urgency::Drain) => {}
        }
    }

    /// What this comes to; nothing where it is still under way some seconds after the run is to end.
    async fn within<O>(&self, grace: Duration, work: impl Future<Output = O>) -> Option<O> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = async {
                self.context.stop.reached(Urgency::Drain).await;
                self.context.clock.sleep(grace).await;
            } => None,
        }
    }

    fn is_halted(&self) -> bool {
        self.context.stop.urgency() > Urgency::Go || self.halt.urgency() > Urgency::Go
    }
}

fn unanswered() -> Failure {
    Failure::new("stopped", "stopped before an answer came")
}
