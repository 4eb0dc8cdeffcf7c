//! `--events`: newline-delimited JSON, one event a line, beside whatever the terminal shows. The last line is always a
//! `summary`, on every way out.

pub(crate) mod v1;

use std::{
    io::Write,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use self::v1::Line;
use super::{
    journal::{RunId, v1::Planned},
    observer::{Event, Observer},
    report::{Command, Counts, RunEnd},
    verify::VerifyReport,
};
use crate::plan::Plan;

/// Writes events. Dropped without a summary (an error on the way), it writes one that says so.
#[derive(Debug)]
pub(crate) struct EventWriter<W: Write + Send> {
    state: Mutex<State<W>>,
}

#[derive(Debug)]
struct State<W> {
    out: W,
    command: Command,
    run: Option<RunId>,
    changes: u64,
    counts: Option<Counts>,
    summarised: bool,
    last: Timestamp,
    /// The reader went away, or the disk is full. A run is not ended for its audience's sake; `failed` tells afterwards.
    failed: Option<String>,
}

impl<W: Write + Send> EventWriter<W> {
    /// Writes the events of this command.
    pub(crate) const fn new(out: W, command: Command, now: Timestamp) -> Self {
        Self {
            state: Mutex::new(State {
                out,
                command,
                run: None,
                changes: 0,
                counts: None,
                summarised: false,
                last: now,
                failed: None,
            }),
        }
    }

    /// The events of `plan`: every change. The summary follows with the exit code.
    pub(crate) fn plan(&self, now: Timestamp, plan: &Plan) {
        let mut state = self.state();
        state.changes = plan.summary.applied();
        for change in &plan.changes {
            state.write(
                now,
                &Line::Change(v1::Change {
                    timestamp: now,
                    user: v1::User { id: change.user.id, user_principal_name: change.user.user_principal_name.clone() },
                    before: change.before.as_str().into(),
                    after: change.after,
                    effective: change.effective,
                    action: change.action,
                    decision: change.decision.kind(),
                }),
            );
        }
    }

    /// The events of `verify`: every user. The summary follows with the exit code: drifted users count as stale, for
    /// that is what they are to a run; users that could not be read as unknown.
    pub(crate) fn verify(&self, now: Timestamp, report: &VerifyReport) {
        let mut state = self.state();
        state.run.clone_from(&report.run);
        state.changes = report.users.len() as u64;
        state.counts = Some(report.as_counts());
        for user in &report.users {
            state.write(
                now,
                &Line::Verify(v1::Verify {
                    timestamp: now,
                    user: v1::User { id: user.id, user_principal_name: user.user_principal_name.clone() },
                    before: user.before,
                    after: user.expected,
                    observed: user.observed,
                    result: user.standing,
                }),
            );
        }
    }

    /// A tenant of a fleet has ended; its users are counted in the last line.
    pub(crate) fn tenant(&self, now: Timestamp, tenant: &str, status: &str, exit_code: Option<i32>, users: &Counts) {
        let mut state = self.state();
        let mut all = state.counts.unwrap_or_default();
        all.add(users);
        state.counts = Some(all);
        let line = v1::Tenant { timestamp: now, tenant: tenant.into(), status: status.into(), exit_code };
        state.write(now, &Line::Tenant(line));
    }

    /// The last line, where no run has written it: of `plan`, of `verify`, of a refusal, of an error.
    /// Does nothing if there is one already.
    pub(crate) fn summary(&self, now: Timestamp, outcome: RunEnd, exit_code: u8) {
        self.state().summary(now, outcome, exit_code);
    }

    /// Why not all events could be written, if so.
    pub(crate) fn failed(&self) -> Option<String> {
        self.state().failed.clone()
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> State<W> {
    fn write(&mut self, now: Timestamp, line: &Line) {
        self.last = now;
        if self.failed.is_some() {
            return;
        }
        let written = serde_json::to_vec(line).map_err(std::io::Error::from).and_then(|mut bytes| {
            bytes.push(b'\n');
            // One write a line and no buffer: whoever reads a pipe wants to see it now.
            self.out.write_all(&bytes).and_then(|()| self.out.flush())
        });
        if let Err(error) = written {
            self.failed = Some(error.to_string());
        }
    }

    fn summary(&mut self, now: Timestamp, outcome: RunEnd, exit_code: u8) {
        if self.summarised {
            return;
        }
        self.summarised = true;
        // Where nothing was applied, nobody was attempted.
        let untouched = Counts { changes: self.changes, not_attempted: self.changes, ..Counts::default() };
        let counts = self.counts.unwrap_or(untouched);
        let (command, run) = (self.command, self.run.clone());
        self.write(now, &Line::Summary(v1::Summary { timestamp: now, command, run, outcome, counts, exit_code }));
    }
}

fn user(planned: &Planned) -> v1::User {
    v1::User { id: planned.user.id, user_principal_name: planned.user.user_principal_name.clone() }
}

impl<W: Write + Send> Observer for EventWriter<W> {
    fn observe(&self, at: Timestamp, event: Event<'_>) {
        let mut state = self.state();
        let timestamp = at;
        let line = match event {
            Event::Started { run, command, changes } => {
                state.run = Some(run.clone());
                (state.command, state.changes) = (command, changes);
                Line::Start(v1::Start { timestamp, command, run: run.clone(), changes })
            }
            Event::Phase { phase, users } => {
                Line::Phase(v1::PhaseLine { timestamp, run: state.run.clone(), phase, users })
            }
            Event::Intent { planned } => Line::Intent(v1::Intent {
                timestamp,
                run: state.run.clone(),
                user: user(planned),
                before: planned.before,
                after: planned.after,
            }),
            Event::Waiting { planned, delay, error } => Line::Retry(v1::Retry {
                timestamp,
                run: state.run.clone(),
                user: user(planned),
                delay_seconds: delay.as_secs_f64(),
                error: error.clone(),
            }),
            Event::Outcome { outcome } => Line::Result(v1::ResultLine::of(timestamp, state.run.clone(), outcome)),
            Event::Stopping { reason } => {
                Line::Stopping(v1::Stopping { timestamp, run: state.run.clone(), reason: reason.clone() })
            }
            Event::Finished { report } => {
                (state.run, state.command) = (Some(report.run.clone()), report.command);
                state.counts = Some(report.counts);
                // Whoever reads only the events has to see every user, also those that nothing happened to.
                let run = state.run.clone();
                for outcome in report.users.iter().filter(|user| user.outcome == super::Outcome::NotAttempted) {
                    let line = Line::Result(v1::ResultLine::of(timestamp, run.clone(), outcome));
                    state.write(at, &line);
                }
                state.summary(at, report.outcome, report.exit_code);
                return;
            }
        };
        state.write(at, &line);
    }
}

impl v1::ResultLine {
    fn of(timestamp: Timestamp, run: Option<RunId>, outcome: &super::UserOutcome) -> Self {
        let planned = &outcome.planned;
        Self {
            timestamp,
            run,
            user: user(planned),
            before: planned.before,
            after: planned.after,
            effective: planned.effective,
            result: outcome.outcome,
            observed: outcome.observed,
            verified: outcome.verified,
            error: outcome.error.clone(),
        }
    }
}

impl<W: Write + Send> Drop for EventWriter<W> {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let last = state.last;
        state.summary(last, RunEnd::Error, RunEnd::Error.exit_code());
    }
}
