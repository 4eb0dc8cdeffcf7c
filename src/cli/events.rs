//! `--events`: where they go, and how a command that failed is told.

use std::{
    io::{self, Write},
    path::Path,
};

use jiff::Timestamp;

use crate::{
    apply::{
        Observer,
        events::EventWriter,
        observer::Event,
        report::{Command, RunEnd},
        verify::VerifyReport,
    },
    files,
    plan::Plan,
};

use super::{Context, Exit, Failure, Outcome};

/// The events of one command; nothing where none were asked for.
pub(super) struct Log {
    writer: Option<EventWriter<Box<dyn Write + Send>>>,
}

impl Log {
    /// For `plan`.
    pub(super) fn open(path: Option<&Path>, context: &mut Context) -> Result<Self, Failure> {
        Self::new(path, Command::Plan, context)
    }

    /// For `apply`, or for going on with a run.
    pub(super) fn open_apply(path: Option<&Path>, resuming: bool, context: &mut Context) -> Result<Self, Failure> {
        Self::new(path, if resuming { Command::Resume } else { Command::Apply }, context)
    }

    /// For `rollback`.
    pub(super) fn open_rollback(path: Option<&Path>, context: &mut Context) -> Result<Self, Failure> {
        Self::new(path, Command::Rollback, context)
    }

    /// For `verify`.
    pub(super) fn open_verify(path: Option<&Path>, context: &mut Context) -> Result<Self, Failure> {
        Self::new(path, Command::Verify, context)
    }

    fn new(path: Option<&Path>, command: Command, context: &mut Context) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self { writer: None }) };
        let out: Box<dyn Write + Send> = if path == Path::new("-") {
            // Standard output is theirs then: one format, or no program could read it.
            context.out = super::terminal::Guarded::sink();
            Box::new(io::stdout())
        } else {
            let file = files::create(path)
                .map_err(|error| Failure::new(format!("--events {}: cannot be written: {error}", path.display())))?;
            Box::new(file)
        };
        Ok(Self { writer: Some(EventWriter::new(out, command, context.env.now)) })
    }

    /// The changes of a plan.
    pub(super) fn planned(&self, plan: &Plan) {
        if let Some(writer) = &self.writer {
            writer.plan(Timestamp::now(), plan);
        }
    }

    /// What verification found.
    pub(super) fn verified(&self, report: &VerifyReport) {
        if let Some(writer) = &self.writer {
            writer.verify(Timestamp::now(), report);
        }
    }

    /// The last line, on every way out.
    pub(super) fn close(&self, outcome: &Outcome) -> Result<(), Failure> {
        let Some(writer) = &self.writer else { return Ok(()) };
        let exit = match outcome {
            Ok(exit) => *exit,
            Err(failure) => exit_of(failure),
        };
        writer.summary(Timestamp::now(), end(exit), exit.code());
        match writer.failed() {
            Some(error) if outcome.is_ok() => Err(Failure::new(format!("--events: cannot be written: {error}"))),
            _ => Ok(()),
        }
    }
}

impl Observer for Log {
    fn observe(&self, at: Timestamp, event: Event<'_>) {
        if let Some(writer) = &self.writer {
            writer.observe(at, event);
        }
    }
}

/// The exit code a failure leads to.
pub(super) const fn exit_of(failure: &Failure) -> Exit {
    match failure {
        Failure::Error { exit, .. } => *exit,
        Failure::Diagnostics { .. } => Exit::Error,
        Failure::BrokenPipe => Exit::Done,
    }
}

const fn end(exit: Exit) -> RunEnd {
    match exit {
        Exit::Done | Exit::Changes => RunEnd::Complete,
        Exit::Error => RunEnd::Error,
        Exit::Refused => RunEnd::Refused,
        Exit::Incomplete => RunEnd::Incomplete,
        Exit::Stopped => RunEnd::Stopped,
    }
}
