//! `--events`: where they go, and how a command that failed is told.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use crate::{
    apply::{
        Observer,
        events::EventWriter,
        observer::Event,
        report::{Command, Counts, RunEnd},
        verify::VerifyReport,
    },
    files,
    fleet::Applied,
    plan::Plan,
};

use super::{Context, Exit, Failure, Outcome, inputs::Inputs};

/// The events of one command; nothing where none were asked for.
pub(super) struct Log {
    writer: Option<EventWriter<Box<dyn Write + Send>>>,
    /// The file they go to, and what it must not be.
    file: Option<(PathBuf, Inputs)>,
}

/// A file that is opened first and emptied with the first event: until everything has been read, nobody knows whether it
/// is one of the inputs.
struct Late {
    path: PathBuf,
    inputs: Inputs,
    file: File,
    begun: bool,
}

impl Write for Late {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if !self.begun {
            self.inputs.refuse(&self.path).map_err(|failure| io::Error::other(failure.to_string()))?;
            files::empty(&self.file)?;
            self.begun = true;
        }
        self.file.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
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

    /// For `fleet apply`.
    pub(super) fn open_fleet(path: Option<&Path>, context: &mut Context) -> Result<Self, Failure> {
        Self::new(path, Command::FleetApply, context)
    }

    /// What became of a tenant of a fleet.
    pub(super) fn tenant(&self, one: &Applied) {
        if let Some(writer) = &self.writer {
            let changes = one.done + one.failed + one.stale + one.unknown + one.not_attempted;
            let counts = Counts {
                changes,
                done: one.done,
                failed: one.failed,
                stale: one.stale,
                unknown: one.unknown,
                not_attempted: one.not_attempted,
                ..Counts::default()
            };
            writer.tenant(Timestamp::now(), &one.tenant, one.status.as_str(), one.exit_code, &counts);
        }
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
        let Some(path) = path else { return Ok(Self { writer: None, file: None }) };
        let now = context.env.now;
        let writer = |out: Box<dyn Write + Send>| Some(EventWriter::new(out, command, now));
        if path == Path::new("-") {
            // Standard output is theirs then: one format, or no program could read it.
            context.out = super::terminal::Guarded::sink();
            return Ok(Self { writer: writer(Box::new(io::stdout())), file: None });
        }
        let inputs = context.inputs.clone();
        inputs.refuse(path)?;
        let file = files::open(path)
            .map_err(|error| Failure::new(format!("--events {}: cannot be written: {error}", path.display())))?;
        let late = Late { path: path.to_owned(), inputs: inputs.clone(), file, begun: false };
        Ok(Self { writer: writer(Box::new(late)), file: Some((path.to_owned(), inputs)) })
    }

    /// Refuses to go on where the events would replace what this command has read. To be asked once all is read, and
    /// before anything is written to the tenant.
    pub(super) fn begin(&self) -> Result<(), Failure> {
        self.file.as_ref().map_or(Ok(()), |(path, inputs)| inputs.refuse(path))
    }

    /// The changes of a plan.
    pub(super) fn planned(&self, plan: &Plan) -> Result<(), Failure> {
        self.begin()?;
        if let Some(writer) = &self.writer {
            writer.plan(Timestamp::now(), plan);
        }
        Ok(())
    }

    /// What verification found.
    pub(super) fn verified(&self, report: &VerifyReport) -> Result<(), Failure> {
        self.begin()?;
        if let Some(writer) = &self.writer {
            writer.verify(Timestamp::now(), report);
        }
        Ok(())
    }

    /// The last line, on every way out.
    pub(super) fn close(&self, outcome: &Outcome) -> Result<(), Failure> {
        let Some(writer) = &self.writer else { return Ok(()) };
        if let Err(failure) = self.begin() {
            // Not even a summary is written to what was read.
            return if outcome.is_ok() { Err(failure) } else { Ok(()) };
        }
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
