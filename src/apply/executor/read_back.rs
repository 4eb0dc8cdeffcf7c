//! Looking at what was written: after it, and in a session that goes on with a run.

use std::time::Duration;

use super::{
    Clock, Failure, InFlight, Outcome, Performed, Phase, Seen, Session, Sink, TenantRead, TenantWrite, Urgency,
};

/// How long a written state may take to show.
const READ_BACK: Duration = Duration::from_secs(30);

impl<T, C, S> Session<'_, T, C, S>
where
    T: TenantRead + TenantWrite,
    C: Clock,
    S: Sink,
{
    /// Reads, once, those whom an earlier session has done. A user whose state is not visible yet is read again at the end.
    pub(in crate::apply) async fn prove(&mut self, done: Vec<usize>) {
        self.phase(Phase::Prove, done.len());
        self.read_round(done, false).await;
    }

    /// Reads users back in rounds until all show what was written, at most 30 s after the first round.
    pub(super) async fn read_back(&mut self, mut pending: Vec<usize>) {
        if pending.is_empty() || !self.may_read_back() {
            return;
        }
        self.phase(Phase::ReadBack, pending.len());
        let clock = self.context.clock;
        let mut deadline = None;
        let mut delay = Duration::from_millis(500);
        loop {
            let last = deadline.is_some_and(|deadline| clock.elapsed() >= deadline);
            pending = self.read_round(pending, last).await;
            if pending.is_empty() || last || !self.may_read_back() {
                return;
            }
            // The 30 s count from the end of the first round, so that a long list leaves everybody the same time.
            let deadline = *deadline.get_or_insert_with(|| clock.elapsed() + READ_BACK);
            let pause = delay.min(deadline.saturating_sub(clock.elapsed()));
            delay = (delay * 2).min(Duration::from_secs(8));
            tokio::select! {
                biased;
                () = self.context.stop.reached(Urgency::Drain) => return,
                () = clock.sleep(pause) => {}
            }
        }
    }

    /// Reads each once; returns those who do not show it yet. On the last round these are told as not verified. Never
    /// before the time that the service named in an earlier round, even where that is after the last round's.
    pub(super) async fn read_round(&mut self, pending: Vec<usize>, last: bool) -> Vec<usize> {
        let clock = self.context.clock;
        let named = self.no_look_before.saturating_sub(clock.elapsed());
        if named > READ_BACK {
            for index in pending {
                let user = &self.users[index];
                self.settle(index, shown(user.observed, false, user.error.clone()));
            }
            return Vec::new();
        }
        if !pending.is_empty() && !named.is_zero() {
            tokio::select! {
                biased;
                () = self.context.stop.reached(Urgency::Drain) => return pending,
                () = clock.sleep(named) => {}
            }
        }
        let mut waiting = pending.into_iter();
        let mut flying = InFlight::new();
        let mut missing = Vec::new();
        loop {
            while flying.len() < self.context.reads() && self.may_read_back() {
                let Some(index) = waiting.next() else { break };
                let errand = self.errand(index);
                flying.push(async move { (index, errand.read_back().await) });
            }
            if flying.is_empty() {
                missing.extend(waiting);
                missing.sort_unstable();
                return missing;
            }
            let context = self.context;
            let reads = tokio::select! {
                biased;
                () = context.stop.reached(Urgency::Abort) => return missing,
                reads = flying.finished() => reads,
            };
            for (index, read) in reads {
                let user = &self.users[index];
                let (settled, performed) = match &read {
                    Ok(read) => {
                        let reached = user.planned.is_reached(read);
                        (reached, shown(Some(Seen::from(read)), reached, None))
                    }
                    Err(error) => {
                        let asked = error.retry_after.unwrap_or_default();
                        self.no_look_before = self.no_look_before.max(clock.elapsed() + asked);
                        // By then all looking is over: what is known now is what will be told.
                        let settled = asked > READ_BACK;
                        (settled, shown(user.observed, false, Some(Failure::from(error))))
                    }
                };
                if settled || last {
                    self.settle(index, performed);
                } else {
                    missing.push(index);
                }
            }
        }
    }
}

fn shown(observed: Option<Seen>, verified: bool, error: Option<Failure>) -> Performed {
    Performed { outcome: Outcome::Done, observed, verified, error, ends: None }
}
