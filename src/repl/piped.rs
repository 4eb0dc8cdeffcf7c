//! Lines from a pipe: one answer a line.

use std::io::{self, BufRead, Write};

use super::{Command, HELP, Session, evaluate_line, goes_on, sources};
use crate::diag::render::{self, RenderOptions};

/// Evaluates every line of `input`. Answers go to `out`, problems to `err`; a wrong line does not end the session.
/// Returns whether all lines had an answer.
///
/// # Errors
/// When reading or writing fails.
pub(crate) fn run_piped(
    session: &Session<'_>,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    err: &mut dyn Write,
    options: RenderOptions,
) -> io::Result<bool> {
    let mut fine = true;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(fine);
        }
        // Text that is not UTF-8 is shown with replacement characters and fails as an expression, not as a session.
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim_end_matches(['\n', '\r']);
        match Command::of(line) {
            Some(Command::Exit) => return Ok(fine),
            Some(Command::Help) => out.write_all(HELP.as_bytes())?,
            Some(Command::Nothing) => {}
            None => {
                fine &= answer(session, line, out, err, options)?;
                if goes_on(line) {
                    writeln!(err, "hint: from a pipe, an expression stands on one line")?;
                }
            }
        }
    }
}

/// Writes the answer to one line, or what is wrong with it. Returns whether there was an answer.
pub(super) fn answer(
    session: &Session<'_>,
    line: &str,
    out: &mut dyn Write,
    err: &mut dyn Write,
    options: RenderOptions,
) -> io::Result<bool> {
    match evaluate_line(line, session) {
        Ok(value) => writeln!(out, "{value}").map(|()| true),
        Err(diagnostics) => render::write(err, &diagnostics, &sources(line), options).map(|()| false),
    }
}
