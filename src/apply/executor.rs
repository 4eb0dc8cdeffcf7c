//! The executor: canary users first, then the rest in parallel; the journal before every write; one outcome per user.

mod read_back;

use std::{
    collections::{HashMap, VecDeque},
    num::NonZeroUsize,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    Stop, StopHandle, Urgency,
    approval::{FreshPlan, Left},
    clock::Clock,
    in_flight::InFlight,
    journal::{
        JournalWriter, RunId, Sink,
        v1::{End, FORMAT_VERSION, Intent, Line, Prediction, Report, Run, Tenant},
    },
    observer::{Event, Observer, Phase},
    perform::{Checked, Errand, Performed},
    report::{
        self, Command, Counts, Failure, Outcome, PROTECTED, RENAMED, RunEnd, RunReport, Seen, StopReason, UNREAD,
        UserOutcome,
    },
    stop,
};
use crate::{
    replay::{Replay, Replayed},
    tenant::{TenantRead, TenantWrite, UserId},
};

/// What a run works with.
pub struct Context<'a, T, C> {
    /// The tenant.
    pub tenant: &'a T,
    /// Time.
    pub clock: &'a C,
    /// The operator's way to stop.
    pub stop: &'a Stop,
    /// Who watches.
    pub observer: &'a dyn Observer,
    /// How many users are under way at a time.
    pub parallelism: NonZeroUsize,
}

impl<T, C> Context<'_, T, C> {
    /// How many users are read at a time where nothing is written. Reads that wait travel together, and the tenant's
    /// client bounds the requests: with only as many as may be written to, half of each request would be empty.
    pub(super) fn reads(&self) -> usize {
        self.parallelism.get().saturating_mul(8)
    }
}

impl<T, C> Clone for Context<'_, T, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, C> Copy for Context<'_, T, C> {}

impl<T, C> std::fmt::Debug for Context<'_, T, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("parallelism", &self.parallelism).finish_non_exhaustive()
    }
}

/// Performs an approved, fresh plan. The journal is new and empty.
///
/// Ends with a report on every way out: success, failures, a stop, a journal that cannot be written.
pub async fn apply<T, C, S>(
    plan: FreshPlan,
    run: RunId,
    journal: JournalWriter<S>,
    context: Context<'_, T, C>,
) -> RunReport
where
    T: TenantRead + TenantWrite,
    C: Clock,
    S: Sink,
{
    let command = if plan.rolls_back.is_some() { Command::Rollback } else { Command::Apply };
    let line = Line::Run(Box::new(Run {
        timestamp: context.clock.now(),
        format_version: FORMAT_VERSION.into(),
        run: run.clone(),
        command,
        mfaplan_version: env!("CARGO_PKG_VERSION").into(),
        tenant: Tenant {
            id: plan.plan().tenant.id,
            name: plan.plan().tenant.name.clone(),
            cloud: plan.plan().tenant.cloud.clone(),
        },
        digest: plan.plan().digest.to_string().into(),
        approval: plan.approval().clone(),
        by: plan.by.clone(),
        approved: plan.document().clone(),
        canary: plan.plan().execution.canary,
        stop_after_failures: plan.plan().execution.stop_after_failures,
        approvals_required: plan.required().signatures,
        waivers: plan.plan().waivers.clone(),
        rolls_back: plan.rolls_back.clone(),
        changes: plan.changes().to_vec(),
    }));
    let mut session = Session::new(
        context,
        journal,
        Header {
            run,
            command,
            digest: plan.plan().digest.to_string(),
            canary: plan.plan().execution.canary,
            stop_after_failures: plan.plan().execution.stop_after_failures,
        },
        plan.changes().iter().cloned().map(UserOutcome::untouched).collect(),
    );
    let mut lines = vec![line];
    lines.extend(predictions(&plan, context.clock.now()));
    session.begin(&lines);
    let queue = session.queue(&plan.left);
    session.run(queue, 0).await;
    session.finish()
}

/// What the plan's replay foretells of those whom the run may write.
fn predictions(plan: &FreshPlan, timestamp: Timestamp) -> Vec<Line> {
    let written: HashMap<String, UserId> =
        plan.changes().iter().map(|one| (one.user.id.to_string(), one.user.id)).collect();
    let all = plan.plan().replay.iter().flat_map(Replay::predictions);
    let line = |(one, rows): (&Replayed, _)| {
        Some(Line::Prediction(Prediction { timestamp, user: *written.get(&*one.user.id)?, rows }))
    };
    all.filter_map(line).collect()
}

/// What a session knows of its run.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) run: RunId,
    pub(super) command: Command,
    pub(super) digest: String,
    pub(super) canary: u32,
    pub(super) stop_after_failures: u32,
}

/// One session of a run: from its start, or from a resumption, to its end.
pub(super) struct Session<'a, T, C, S> {
    context: Context<'a, T, C>,
    journal: JournalWriter<S>,
    header: Header,
    users: Vec<UserOutcome>,
    started_at: Timestamp,
    failures: u32,
    stopped: Option<StopReason>,
    /// No look at those who were written before this: the service has named the time. As the clock's elapsed time.
    no_look_before: Duration,
    /// Tells errands under way that the run is ending.
    halt: (StopHandle, Stop),
}

enum Step {
    Checked(usize, Checked),
    Performed(usize, Performed),
}

impl<'a, T, C, S> Session<'a, T, C, S>
where
    T: TenantRead + TenantWrite,
    C: Clock,
    S: Sink,
{
    pub(super) fn new(
        context: Context<'a, T, C>,
        journal: JournalWriter<S>,
        header: Header,
        users: Vec<UserOutcome>,
    ) -> Self {
        Self {
            started_at: context.clock.now(),
            context,
            journal,
            header,
            users,
            failures: 0,
            stopped: None,
            no_look_before: Duration::ZERO,
            halt: stop::stop(),
        }
    }

    /// Writes the first lines of the session, to the disk.
    pub(super) fn begin(&mut self, lines: &[Line]) {
        let (run, command) = (&self.header.run, self.header.command);
        self.observe(Event::Started { run, command, changes: self.users.len() as u64 });
        if let Err(error) = self.journal.append(lines).and_then(|()| self.journal.sync()) {
            self.halt_for(StopReason::Journal { message: error.to_string() });
        }
    }

    /// The users still to do, in the plan's order; those who are left alone are told so.
    pub(super) fn queue(&mut self, left: &HashMap<UserId, Left>) -> VecDeque<usize> {
        let mut queue = VecDeque::new();
        for index in 0..self.users.len() {
            let user = &self.users[index];
            if user.outcome == Outcome::Done {
                continue;
            }
            let Some(left) = left.get(&user.planned.user.id) else {
                queue.push_back(index);
                continue;
            };
            // Whatever an earlier session left stays as it is; an untouched user is now accounted for.
            if user.outcome == Outcome::NotAttempted {
                let (outcome, error) = match left {
                    Left::Protected => (
                        Outcome::NotAttempted,
                        Failure::new(
                            PROTECTED,
                            "protected now, by a block of the policy or the configuration: left alone",
                        ),
                    ),
                    Left::Renamed { now } => {
                        let message = format!("is called {} now: left alone", now.escape_debug());
                        (Outcome::Stale, Failure::new(RENAMED, message))
                    }
                    Left::Unread { reason } => {
                        (Outcome::Failed, Failure::new(UNREAD, format!("cannot be read: {reason}: left alone")))
                    }
                };
                let error = Some(error);
                self.settle(index, Performed { outcome, observed: None, verified: false, error, ends: None });
            }
        }
        queue
    }

    /// Canary users, the rest, the read-back. `proven` canaries were written and verified by an earlier session.
    pub(super) async fn run(&mut self, mut queue: VecDeque<usize>, proven: u32) {
        let unseen = self.canaries(&mut queue, proven).await;
        self.phase(Phase::Rest, queue.len());
        self.process(queue).await;
        let mut unverified = self.unverified();
        unverified.retain(|index| !unseen.contains(index));
        self.read_back(unverified).await;
        // Canaries that did not show had their 30 s: one more look, and no more waiting.
        self.read_round(unseen, true).await;
    }

    /// Writes users until `canary` of them are written (stale ones show nothing), and reads them back. Returns those who
    /// do not show it.
    async fn canaries(&mut self, queue: &mut VecDeque<usize>, proven: u32) -> Vec<usize> {
        let wanted = self.header.canary.saturating_sub(proven) as usize;
        if wanted == 0 {
            return Vec::new();
        }
        self.phase(Phase::Canary, wanted.min(queue.len()));
        let mut written: Vec<usize> = Vec::new();
        while written.len() < wanted && !queue.is_empty() && self.may_start() {
            // The very first write goes alone: without the permission to write, one refusal tells it.
            let take = if written.is_empty() { 1 } else { wanted - written.len() };
            let batch: VecDeque<usize> = queue.drain(..take.min(queue.len())).collect();
            self.process(batch.clone()).await;
            written.extend(batch.into_iter().filter(|index| {
                let user = &self.users[*index];
                user.outcome == Outcome::Done && user.written
            }));
        }
        let unverified = written.iter().copied().filter(|index| !self.users[*index].verified).collect();
        self.read_back(unverified).await;
        // Whoever ends the wait has not waited: that a state does not show yet says nothing against it then.
        if self.context.stop.urgency() > Urgency::Go {
            let _ = self.may_start();
            return Vec::new();
        }
        let count = written.len();
        let missing: Vec<usize> = written.into_iter().filter(|index| !self.users[*index].verified).collect();
        if !missing.is_empty() && missing.len() == count {
            // Nothing shows that writes take effect: that is what canaries are for.
            self.halt_for(StopReason::CanaryNotVerified);
        }
        for _ in &missing {
            self.count_failure();
        }
        missing
    }

    /// Sends these users through check, intent and write, up to `parallelism` at a time.
    async fn process(&mut self, mut waiting: VecDeque<usize>) {
        let mut flying = InFlight::new();
        let mut sent: Vec<usize> = Vec::new();
        loop {
            while flying.len() < self.context.parallelism.get() && self.may_start() {
                let Some(index) = waiting.pop_front() else { break };
                let errand = self.errand(index);
                flying.push(async move { Step::Checked(index, errand.check().await) });
            }
            if flying.is_empty() {
                return;
            }
            let context = self.context;
            let steps = tokio::select! {
                biased;
                () = context.stop.reached(Urgency::Abort) => {
                    drop(flying);
                    self.halt_for(StopReason::Signal);
                    for index in sent {
                        self.settle(index, abandoned());
                    }
                    return;
                }
                steps = flying.finished() => steps,
            };
            let mut writable = Vec::new();
            for step in steps {
                match step {
                    Step::Checked(index, Checked::Writable(read_at)) => writable.push((index, read_at)),
                    Step::Checked(index, Checked::Settled(performed)) => self.settle_unsent(index, performed),
                    Step::Performed(index, performed) => {
                        sent.retain(|one| *one != index);
                        self.settle(index, performed);
                    }
                }
            }
            // All that may be written now share one flush; each is sent after it.
            if !writable.is_empty() && self.may_start() && self.announce(&writable) {
                for (index, read_at) in writable {
                    sent.push(index);
                    let errand = self.errand(index);
                    flying.push(async move { Step::Performed(index, errand.perform(read_at).await) });
                }
            }
        }
    }

    /// Writes the intents, to the disk. False when that cannot be promised: then nothing is sent.
    fn announce(&mut self, writable: &[(usize, Duration)]) -> bool {
        let timestamp = self.context.clock.now();
        let lines: Vec<Line> = writable
            .iter()
            .map(|(index, _)| {
                let planned = &self.users[*index].planned;
                Line::Intent(Intent { timestamp, user: planned.user.id, before: planned.before, after: planned.after })
            })
            .collect();
        if let Err(error) = self.journal.append(&lines).and_then(|()| self.journal.sync()) {
            self.halt_for(StopReason::Journal { message: error.to_string() });
            return false;
        }
        for (index, _) in writable {
            self.users[*index].written = true;
            self.observe(Event::Intent { planned: &self.users[*index].planned });
        }
        true
    }

    /// Gives an outcome to a user for whom this session sent nothing. Where an earlier session left them in doubt, only a
    /// read can settle that.
    fn settle_unsent(&mut self, index: usize, mut performed: Performed) {
        let before = self.users[index].outcome;
        if performed.observed.is_none() {
            match (before, performed.outcome) {
                (Outcome::Unknown, _) => performed.outcome = Outcome::Unknown,
                (Outcome::NotAttempted, Outcome::NotAttempted) | (_, Outcome::Failed) => {}
                _ => return,
            }
        }
        self.settle(index, performed);
    }

    /// Gives a user their outcome: in the books, in the journal, to the observer.
    fn settle(&mut self, index: usize, performed: Performed) {
        let Performed { outcome, observed, verified, error, ends } = performed;
        let user = &mut self.users[index];
        let again = user.outcome == Outcome::Done;
        user.outcome = outcome;
        user.observed = observed;
        user.verified = verified;
        user.error = error;
        let line = Line::Result(Report {
            timestamp: self.context.clock.now(),
            user: user.planned.user.id,
            before: user.planned.before,
            after: user.planned.after,
            result: outcome,
            observed,
            verified,
            error: user.error.clone(),
        });
        // A result that is lost leaves its intent unanswered, which says the same and less: no flush is waited for.
        if let Err(message) = self.journal.append([&line]) {
            self.halt_for(StopReason::Journal { message: message.to_string() });
        }
        self.observe(Event::Outcome { outcome: &self.users[index] });
        if let Some(reason) = ends {
            self.halt_for(reason);
        }
        if !again && matches!(outcome, Outcome::Failed | Outcome::Unknown) {
            self.count_failure();
        }
    }

    fn count_failure(&mut self) {
        self.failures += 1;
        if self.failures > self.header.stop_after_failures {
            let (failed, allowed) = (self.failures, self.header.stop_after_failures);
            self.halt_for(StopReason::Failures { failed, allowed });
        }
    }

    /// Starts nothing new from here on. The first reason stands, but a broken journal outranks all.
    fn halt_for(&mut self, reason: StopReason) {
        let outranks = match &self.stopped {
            None => true,
            Some(StopReason::Journal { .. }) => false,
            Some(_) => matches!(reason, StopReason::Journal { .. }),
        };
        if outranks {
            self.observe(Event::Stopping { reason: &reason });
            self.stopped = Some(reason);
        }
        if self.halt.1.urgency() == Urgency::Go {
            self.halt.0.signal();
        }
    }

    fn may_start(&mut self) -> bool {
        if self.stopped.is_none() && self.context.stop.urgency() > Urgency::Go {
            self.halt_for(StopReason::Signal);
        }
        self.stopped.is_none()
    }

    /// Reading back goes on after failures, but not against the operator.
    fn may_read_back(&self) -> bool {
        self.context.stop.urgency() == Urgency::Go && self.journal.broken().is_none()
    }

    fn unverified(&self) -> Vec<usize> {
        let open = |user: &UserOutcome| user.outcome == Outcome::Done && !user.verified;
        self.users.iter().enumerate().filter(|(_, user)| open(user)).map(|(at, _)| at).collect()
    }

    pub(super) fn users(&self) -> &[UserOutcome] {
        &self.users
    }

    fn phase(&self, phase: Phase, users: usize) {
        self.observe(Event::Phase { phase, users: users as u64 });
    }

    fn errand(&self, index: usize) -> Errand<'a, T, C> {
        let doubted = self.users[index].outcome == Outcome::Unknown;
        Errand { context: self.context, planned: self.users[index].planned.clone(), halt: self.halt.1.clone(), doubted }
    }

    fn observe(&self, event: Event<'_>) {
        self.context.observer.observe(self.context.clock.now(), event);
    }

    /// Writes the end and reports.
    pub(super) fn finish(mut self) -> RunReport {
        // A stop that came when nothing was left to start has to be seen too.
        let _ = self.may_start();
        let counts = Counts::of(&self.users);
        let mut outcome = match &self.stopped {
            Some(StopReason::Journal { .. }) => RunEnd::Error,
            _ if counts.is_complete() => RunEnd::Complete,
            Some(StopReason::Signal) => RunEnd::Stopped,
            _ => RunEnd::Incomplete,
        };
        let finished_at = self.context.clock.now();
        let end = Line::End(End { timestamp: finished_at, outcome, counts, exit_code: outcome.exit_code() });
        if outcome != RunEnd::Error
            && let Err(error) = self.journal.append([&end]).and_then(|()| self.journal.sync())
        {
            self.halt_for(StopReason::Journal { message: error.to_string() });
            outcome = RunEnd::Error;
        }
        let open = |user: &UserOutcome| match user.outcome {
            Outcome::Done => !user.verified,
            Outcome::Stale => false,
            Outcome::Failed | Outcome::Unknown => true,
            Outcome::NotAttempted => !user.is_protected(),
        };
        let resumable = self.users.iter().any(open);
        let hints = report::hints(&self.header.run, self.stopped.as_ref(), &counts, resumable);
        let report = RunReport {
            run: self.header.run.clone(),
            command: self.header.command,
            digest: self.header.digest.clone(),
            started_at: self.started_at,
            finished_at,
            outcome,
            exit_code: outcome.exit_code(),
            counts,
            stopped: self.stopped.take(),
            hints,
            users: std::mem::take(&mut self.users),
        };
        self.observe(Event::Finished { report: &report });
        report
    }
}

/// Sent, and not waited for: the operator stopped twice.
fn abandoned() -> Performed {
    Performed {
        outcome: Outcome::Unknown,
        observed: None,
        verified: false,
        error: Some(Failure::new("stopped", "stopped before an answer came")),
        ends: None,
    }
}
