//! The only way to standard output and standard error.
//!
//! Texts are put together from names of the tenant, of files and of the service, in many places. Whoever forgets to escape
//! one must not hand the terminal or the log of a CI job to whoever chose the name, so every line passes here.

use std::{
    borrow::Cow,
    fmt,
    fs::File,
    io::{self, BufWriter, IsTerminal, Write},
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    escape::log::{self, Piece},
    render::redact::Pseudonyms,
    tenant::ObservedTenant,
};

/// Whose names a stream keeps to itself: nobody's, until `--redact` says otherwise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Discretion(Arc<RwLock<Option<Pseudonyms>>>);

impl Discretion {
    /// From now on what looks like a name is replaced.
    pub(crate) fn begin(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Pseudonyms::of_anybody());
    }

    /// Is anything replaced?
    pub(crate) fn is_asked_for(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Learns the names of a tenant, where names are replaced at all.
    pub(crate) fn learn(&self, observed: &ObservedTenant) {
        if self.is_asked_for() {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Pseudonyms::of_tenant(observed));
        }
    }

    fn shown<'a>(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match known.as_ref().and_then(|known| known.replace(&text)) {
            Some(replaced) => Cow::Owned(replaced),
            None => text,
        }
    }
}

/// A stream for people. What is written to it is escaped line by line; what programs read goes through [`Guarded::data`].
pub(crate) struct Guarded {
    inner: Box<dyn Write>,
    /// The line that is not finished yet.
    line: Vec<u8>,
    /// Nothing but blanks of that line was handed on already.
    starts: bool,
    colors: bool,
    discretion: Discretion,
}

impl Guarded {
    /// Guards `inner`; `colors` lets the program's own colours pass.
    pub(crate) fn new(inner: Box<dyn Write>, colors: bool) -> Self {
        Self { inner, line: Vec::new(), starts: true, colors, discretion: Discretion::default() }
    }

    /// The same stream, keeping the names to itself that `discretion` knows.
    pub(crate) fn discreet(mut self, discretion: &Discretion) -> Self {
        self.discretion = discretion.clone();
        self
    }

    /// Standard output.
    pub(crate) fn stdout(colors: bool) -> Self {
        // Whoever writes a document collects larger pieces than this holds: they go through and are not copied again.
        match unwatched() {
            Some(file) => Self::new(Box::new(BufWriter::new(file)), colors),
            None => Self::new(Box::new(BufWriter::new(io::stdout())), colors),
        }
    }

    /// Standard error.
    pub(crate) fn stderr(colors: bool) -> Self {
        Self::new(Box::new(io::stderr()), colors)
    }

    /// Nowhere.
    pub(crate) fn sink() -> Self {
        Self::new(Box::new(io::sink()), false)
    }

    /// The stream itself, for documents that programs read: they stay what they are, byte by byte, and their formats have
    /// an escape of their own.
    ///
    /// # Errors
    /// Those of writing what is still waiting.
    pub(crate) fn data(&mut self) -> io::Result<&mut dyn Write> {
        self.hand_on(false)?;
        Ok(&mut *self.inner)
    }

    /// As [`Write::write_fmt`]; these three are here so that a command that says something needs no trait for it.
    pub(crate) fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        Write::write_fmt(self, text)
    }

    /// As [`Write::write_all`].
    pub(crate) fn write_all(&mut self, buffer: &[u8]) -> io::Result<()> {
        Write::write_all(self, buffer)
    }

    /// As [`Write::flush`].
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        Write::flush(self)
    }

    fn hand_on(&mut self, ends: bool) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let text = self.discretion.shown(String::from_utf8_lossy(&line));
        let shown = log::line(&text, Piece { starts: self.starts, ends, colors: self.colors });
        self.starts = ends || (self.starts && shown.chars().all(char::is_whitespace));
        self.inner.write_all(shown.as_bytes())?;
        if ends { self.inner.write_all(b"\n") } else { Ok(()) }
    }
}

/// Standard output as a file, where it is no terminal: what the standard library gives is made for lines, and looks for the last
/// one in all that passes, a hundredth of the work of a large plan.
fn unwatched() -> Option<File> {
    let stdout = io::stdout();
    if stdout.is_terminal() {
        return None;
    }
    #[cfg(unix)]
    let owned = std::os::fd::AsFd::as_fd(&stdout).try_clone_to_owned();
    #[cfg(windows)]
    let owned = std::os::windows::io::AsHandle::as_handle(&stdout).try_clone_to_owned();
    owned.ok().map(File::from)
}

impl Write for Guarded {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let mut pieces = buffer.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            self.line.extend_from_slice(piece);
            if pieces.peek().is_some() {
                self.hand_on(true)?;
            }
        }
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.line.is_empty() {
            self.hand_on(false)?;
        }
        self.inner.flush()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // Who drops the stream without a flush does not ask how it went.
        let _ = self.flush();
    }
}

/// Says one line on standard error from where there is no [`super::Context`]: another thread, or the very beginning and
/// end of the program. What cannot be said is not worth an error.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", lines(line));
}

/// Some lines, escaped, without colours.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    let shown: Vec<_> = text.split('\n').map(|line| log::line(line, Piece::LINE)).collect();
    if shown.iter().all(|line| matches!(line, Cow::Borrowed(_))) {
        Cow::Borrowed(text)
    } else {
        shown.join("\n").into()
    }
}

/// Breaks long lines at spaces, continued four columns further in. A word longer than a line stays whole.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len() + 256);
    for line in text.lines() {
        let lead = line.len() - line.trim_start_matches(' ').len();
        let mut column = 0;
        for (at, word) in line[lead..].split(' ').enumerate() {
            let length = console::measure_text_width(word);
            if at == 0 {
                out.push_str(&line[..lead]);
                column = lead;
            } else if column + 1 + length > width && !word.is_empty() {
                out.truncate(out.trim_end_matches(' ').len());
                out.push('\n');
                column = lead + 4;
                out.extend(std::iter::repeat_n(' ', column));
            } else {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(buffer);
            Ok(buffer.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn guarded(write: impl FnOnce(&mut Guarded)) -> String {
        let shared = Shared::default();
        write(&mut Guarded::new(Box::new(shared.clone()), false));
        let written = shared.0.lock().unwrap().clone();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn a_line_is_looked_at_as_a_whole_however_it_is_put_together() {
        let shown = guarded(|out| {
            for part in ["a #", "#vso", "[x]\n", "  ", ":", ":error::", "\n\n"] {
                out.write_all(part.as_bytes()).unwrap();
            }
            out.write_all(b"last").unwrap();
        });
        assert_eq!(shown, "a \\u{23}#vso[x]\n  \\u{3a}:error::\n\nlast");
    }

    #[test]
    fn a_prompt_stands_before_its_line_ends_and_hides_no_half_command() {
        let shown = guarded(|out| {
            for piece in ["Enter a value: ", ":x\n", ":", ":error\n", "#", "#[x]\n"] {
                out.write_all(piece.as_bytes()).unwrap();
                out.flush().unwrap();
            }
        });
        assert_eq!(shown, "Enter a value: :x\n\\u{3a}:error\n\\u{23}#[x]\n");
    }

    #[test]
    fn documents_stay_as_they_are() {
        let shown = guarded(|out| {
            write!(out, "text\u{1b}").unwrap();
            out.data().unwrap().write_all("\n::error::{\"a\u{9b}\"}\n".as_bytes()).unwrap();
        });
        assert_eq!(shown, "text\\u{1b}\n::error::{\"a\u{9b}\"}\n");
    }
}
