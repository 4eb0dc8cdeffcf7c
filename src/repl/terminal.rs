//! Lines from a terminal, with history and completion.

use std::{
    io::{self, Write},
    path::Path,
};

use rustyline::{
    CompletionType, Context, Editor, Helper,
    completion::Completer,
    error::ReadlineError,
    highlight::Highlighter,
    hint::Hinter,
    history::DefaultHistory,
    validate::{ValidationContext, ValidationResult, Validator},
};

use super::{Command, HELP, Session, complete, goes_on, piped::answer};
use crate::diag::render::RenderOptions;

/// How many lines of history are kept.
const HISTORY: usize = 1_000;

struct Assistant<'s, 'a>(&'s Session<'a>);

impl Completer for Assistant<'_, '_> {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let found = complete(line, pos, self.0);
        Ok((found.start, found.words))
    }
}

impl Hinter for Assistant<'_, '_> {
    type Hint = String;
}
impl Highlighter for Assistant<'_, '_> {}

/// Enter in an open bracket begins another line of the same expression; on an empty line it ends the attempt.
impl Validator for Assistant<'_, '_> {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let input = context.input();
        let goes_on = Command::of(input).is_none() && !input.ends_with('\n') && goes_on(input);
        Ok(if goes_on { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Helper for Assistant<'_, '_> {}

/// Runs the console on the process's terminal until `exit` or Ctrl-D. `history` is the file to keep lines in; without one
/// nothing outlives the session. Answers go to `out`, problems to `err`.
///
/// # Errors
/// When the terminal cannot be used or writing fails.
pub(crate) fn run_terminal(
    session: &Session<'_>,
    history: Option<&Path>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    options: RenderOptions,
) -> io::Result<()> {
    // A line that starts with a blank is left out of the history: for values nobody should find there.
    let config = rustyline::Config::builder()
        .completion_type(CompletionType::List)
        .history_ignore_space(true)
        .max_history_size(HISTORY)
        .map_err(failed)?
        .build();
    let mut editor: Editor<Assistant<'_, '_>, DefaultHistory> = Editor::with_config(config).map_err(failed)?;
    editor.set_helper(Some(Assistant(session)));
    if let Some(path) = history.filter(|path| path.exists()) {
        // A history that cannot be read is no reason not to answer.
        if let Err(error) = editor.load_history(path) {
            writeln!(err, "warning: the history {} cannot be read: {error}", path.display())?;
        }
    }
    loop {
        let line = match editor.readline("> ") {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(failed(error)),
        };
        match Command::of(&line) {
            Some(Command::Exit) => break,
            Some(Command::Help) => out.write_all(HELP.as_bytes())?,
            Some(Command::Nothing) => continue,
            None => drop(answer(session, &line, out, err, options)?),
        }
        out.flush()?;
        editor.add_history_entry(line.as_str()).map_err(failed)?;
    }
    if let Some(path) = history
        && let Err(error) = editor.save_history(path)
    {
        writeln!(err, "warning: the history {} cannot be written: {error}", path.display())?;
    }
    Ok(())
}

fn failed(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
