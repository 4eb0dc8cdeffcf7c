//! Watching a run: for progress on the terminal and for `--events`.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    journal::{RunId, v1::Planned},
    report::{Command, Failure, RunReport, StopReason, UserOutcome},
};

/// What a run is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Reading users whom an earlier session wrote.
    Prove,
    /// The first users, written and read back before anybody else.
    Canary,
    /// Everybody else.
    Rest,
    /// Reading back.
    ReadBack,
}

/// Something happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A session begins.
    Started {
        /// Which run.
        run: &'a RunId,
        /// What it is.
        command: Command,
        /// How many users are planned.
        changes: u64,
    },
    /// A phase begins.
    Phase {
        /// Which.
        phase: Phase,
        /// About how many users.
        users: u64,
    },
    /// A write is about to be sent; its intent is on the disk.
    Intent {
        /// Whom.
        planned: &'a Planned,
    },
    /// A write is tried again later.
    Waiting {
        /// Whom.
        planned: &'a Planned,
        /// After how long.
        delay: Duration,
        /// Why.
        error: &'a Failure,
    },
    /// A user has an outcome. May come again (read back): the last one counts.
    Outcome {
        /// Whose, and which.
        outcome: &'a UserOutcome,
    },
    /// Nothing new is started any more.
    Stopping {
        /// Why.
        reason: &'a StopReason,
    },
    /// The session is over.
    Finished {
        /// How it went.
        report: &'a RunReport,
    },
}

/// Watches a run. Called from within the run: must be quick and must not fail.
pub trait Observer: Send + Sync {
    /// Something happened at this time.
    fn observe(&self, at: Timestamp, event: Event<'_>);
}

/// Watches nothing.
impl Observer for () {
    fn observe(&self, _: Timestamp, _: Event<'_>) {}
}

/// Two watch together.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn observe(&self, at: Timestamp, event: Event<'_>) {
        self.0.observe(at, event);
        self.1.observe(at, event);
    }
}

impl<O: Observer + ?Sized> Observer for &O {
    fn observe(&self, at: Timestamp, event: Event<'_>) {
        (**self).observe(at, event);
    }
}

impl<O: Observer> Observer for Option<O> {
    fn observe(&self, at: Timestamp, event: Event<'_>) {
        if let Some(observer) = self {
            observer.observe(at, event);
        }
    }
}
