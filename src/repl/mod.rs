//! The console: expressions over the configuration and the tenant, one answer a line.
//!
//! [`evaluate_line`] is the whole of it; [`run_piped`] and [`run_terminal`] only differ in where lines come from.

mod complete;
mod names;
mod piped;
mod session;
mod terminal;

use crate::{
    config::scan::{Kind, scan},
    diag::FileId,
};

pub(crate) use complete::complete;
pub(crate) use names::Names;
pub(crate) use piped::run_piped;
pub(crate) use session::{Session, evaluate_line, sources};
pub(crate) use terminal::run_terminal;

/// What the console does with a line that is no expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Exit,
    Help,
    Nothing,
}

impl Command {
    /// `exit`, `help`, an empty line or a comment.
    fn of(line: &str) -> Option<Self> {
        match line.trim() {
            "exit" | "quit" => Some(Self::Exit),
            "help" => Some(Self::Help),
            "" => Some(Self::Nothing),
            text if text.starts_with('#') || text.starts_with("//") => Some(Self::Nothing),
            _ => None,
        }
    }
}

/// Is a bracket or heredoc still open at the end, so that the expression goes on in the next line? An open quote is not:
/// strings end on their line.
fn goes_on(text: &str) -> bool {
    // The mark of a heredoc ends with its line; so does an unfinished string, which is then no longer open.
    !open_at_the_end(&format!("{text}\n")).is_empty() && !open_at_the_end(text).contains(&Kind::OpenQuote)
}

fn open_at_the_end(text: &str) -> Vec<Kind> {
    let mut open = Vec::new();
    // What the scanner closes for want of more text stands behind the last byte.
    for token in scan(text, FileId(0)).tokens.iter().take_while(|token| (token.start as usize) < text.len()) {
        match token.kind {
            kind if kind.opens() => open.push(kind),
            kind if kind.closes() => drop(open.pop()),
            _ => {}
        }
    }
    open
}

const HELP: &str = "\
Type an expression and press Enter: it is evaluated and the value is shown.

  var.NAME  local.NAME     the configuration's variables and named values
  tenant  plan.summary     the tenant, and what a plan would do
  user(\"jdoe@contoso.com\") every fact about one user
  users  groups            all of them
  length([for u in users : u if u.mfa_state == \"disabled\"])

On a terminal an expression goes on in the next line while a bracket is open; an empty line gives it up.
`exit` or Ctrl-D ends the console.
";

#[cfg(test)]
mod tests;
