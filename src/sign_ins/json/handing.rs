//! Records on their way from the threads that read and parse them to the one that counts them.

use std::{
    any::Any,
    panic::resume_unwind,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use super::{Made, Why, Wrong};
use crate::{
    json::window::Fault,
    sign_ins::{
        csv::Problem,
        records::{Register, Sink},
    },
};

/// Windows that may wait to be counted: a few megabytes. Counting goes by bursts, and nobody should wait for the end of one.
const WAITING: usize = 8;

/// What is handed on, in the order of the file.
enum Message {
    Records(Vec<Made>),
    /// Records are numbered from one again.
    Restart,
    /// The register's shapes begin anew. Says when that is done.
    ForgetShapes(SyncSender<()>),
}

/// Hands on what became of records.
pub(super) struct Handing {
    queue: SyncSender<Message>,
}

/// Has `read`, on a thread of its own, hand on what became of the records of a file, and counts them here, where all that is
/// counted has its memory; how many were skipped.
///
/// # Errors
/// What is wrong with a record comes before what `read` finds wrong with the file, which it has reached later.
pub(super) fn counted(
    sink: &mut dyn Sink,
    read: impl FnOnce(&Handing) -> Result<(), Wrong> + Send,
) -> Result<u64, Wrong> {
    thread::scope(|scope| {
        let (queue, waiting) = sync_channel(WAITING);
        let reading = thread::Builder::new()
            .name("sign-ins".to_owned())
            .spawn_scoped(scope, || read(&Handing { queue }))
            .map_err(Fault::Io)?;
        let counted = Counting { sink, number: 0, skipped: 0 }.all(waiting);
        let done = reading.join().unwrap_or_else(|panic: Box<dyn Any + Send>| resume_unwind(panic));
        let skipped = counted?;
        done.map(|()| skipped)
    })
}

impl Handing {
    /// Hands these on.
    ///
    /// # Errors
    /// When counting has ended: it says why.
    pub(super) fn records(&self, records: Vec<Made>) -> Result<(), Wrong> {
        self.send(Message::Records(records))
    }

    /// Numbers the records that follow from one.
    ///
    /// # Errors
    /// As of [`Self::records`].
    pub(super) fn restart(&self) -> Result<(), Wrong> {
        self.send(Message::Restart)
    }

    /// Between two windows, while nobody parses: has the shapes begin anew where there are too many.
    ///
    /// # Errors
    /// As of [`Self::records`].
    pub(super) fn between(&self, register: &Register) -> Result<(), Wrong> {
        if !register.is_crowded() {
            return Ok(());
        }
        let (done, answer) = sync_channel(1);
        self.send(Message::ForgetShapes(done))?;
        answer.recv().map_err(|_| Wrong::Ended)
    }

    fn send(&self, message: Message) -> Result<(), Wrong> {
        self.queue.send(message).map_err(|_| Wrong::Ended)
    }
}

/// The other end.
struct Counting<'s> {
    sink: &'s mut dyn Sink,
    number: u64,
    skipped: u64,
}

impl Counting<'_> {
    /// Takes all that comes; how many were skipped.
    fn all(mut self, waiting: Receiver<Message>) -> Result<u64, Problem> {
        for message in waiting {
            match message {
                Message::Records(records) => self.records(records)?,
                Message::Restart => self.number = 0,
                Message::ForgetShapes(done) => {
                    self.sink.forget_shapes()?;
                    // Whoever waits for it is there, or has ended with the whole.
                    let _ = done.send(());
                }
            }
        }
        Ok(self.skipped)
    }

    fn records(&mut self, records: Vec<Made>) -> Result<(), Problem> {
        for made in records {
            self.number += 1;
            match made {
                Made::Record(record) => self.sink.record(record),
                Made::Skipped => self.skipped += 1,
                Made::Wrong { why, line } => return Err(self.wrong(why, line)),
            }
        }
        Ok(self.sink.ready()?)
    }

    fn wrong(&self, why: Why, line: Option<u64>) -> Problem {
        let number = self.number;
        let message = match why {
            Why::Other(what) => format!("record {number} is not a sign-in: {what}"),
            Why::Lacks(what) if line.is_some() => what,
            Why::Lacks(what) => format!("record {number}: {what}"),
        };
        Problem { line, message }
    }
}
