//! Writing a journal: append, flush to the disk, only then write to the tenant.

use std::{
    fs::File,
    io::{self, Write},
};

use super::{chain, v1::Line};
use crate::apply::own_files::Identity;

/// Where lines go.
pub trait Sink: Send {
    /// Appends all of these bytes.
    ///
    /// # Errors
    /// As the system says; a part may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns when everything appended is on the disk.
    ///
    /// # Errors
    /// As the system says; then nothing may be relied upon.
    fn sync(&mut self) -> io::Result<()>;
}

impl Sink for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// A journal being written. After the first error it takes nothing more: behind a torn line nothing could be read.
#[derive(Debug)]
pub struct JournalWriter<S> {
    sink: S,
    buffer: Vec<u8>,
    /// The hash of the last line.
    tip: Option<String>,
    /// Files that must still be in their place before anything is written.
    guarded: Vec<Identity>,
    broken: Option<String>,
}

impl<S: Sink> JournalWriter<S> {
    /// A writer into a sink that holds nothing.
    pub const fn new(sink: S) -> Self {
        Self { sink, buffer: Vec::new(), tip: None, guarded: Vec::new(), broken: None }
    }

    /// A writer behind a last line with this hash: see [`Journal::tip`](super::Journal::tip).
    pub fn after(sink: S, tip: String) -> Self {
        Self { tip: Some(tip), ..Self::new(sink) }
    }

    /// Takes nothing more once this file is no longer in its place.
    #[must_use]
    pub(crate) fn guarded_by(mut self, file: Identity) -> Self {
        self.guarded.push(file);
        self
    }

    /// Appends these lines in one write. They are in the file, but not yet safe from a power failure.
    ///
    /// # Errors
    /// When the file cannot be written, now or ever before.
    pub fn append<'a>(&mut self, lines: impl IntoIterator<Item = &'a Line>) -> io::Result<()> {
        self.alive()?;
        self.buffer.clear();
        let mut tip = self.tip.take();
        for line in lines {
            let start = self.buffer.len();
            serde_json::to_writer(&mut self.buffer, line)?;
            tip = Some(chain::close(&mut self.buffer, start, tip.as_deref()));
            self.buffer.push(b'\n');
        }
        self.tip = tip;
        if self.buffer.is_empty() {
            return Ok(());
        }
        let appended = self.guarded.iter().try_for_each(Identity::check).and_then(|()| self.sink.append(&self.buffer));
        self.note(appended)
    }

    /// Returns when everything appended is on the disk.
    ///
    /// # Errors
    /// When that cannot be promised, now or ever before.
    pub fn sync(&mut self) -> io::Result<()> {
        self.alive()?;
        let synced = self.sink.sync();
        self.note(synced)
    }

    /// What broke the journal, if anything did.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    fn alive(&self) -> io::Result<()> {
        self.broken.as_ref().map_or(Ok(()), |message| Err(io::Error::other(message.clone())))
    }

    fn note(&mut self, result: io::Result<()>) -> io::Result<()> {
        result.inspect_err(|error| self.broken = Some(error.to_string()))
    }
}
