//! The console: expressions over the configuration and the tenant, one answer a line.
//!
//! [`evaluate_line`] is the whole of it; [`run_piped`] and [`run_terminal`] only differ in where lines come from.

mod complete;
mod names;
mod piped;
mod session;
mod terminal;

pub use complete::{Completion, complete};
pub use piped::run_piped;
pub use session::{Session, evaluate_line, sources};
pub use terminal::run_terminal;

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

const HELP: &str = "\
Type an expression and press Enter: it is evaluated and the value is shown.

  var.NAME  local.NAME     the configuration's variables and named values
  tenant  plan.summary     the tenant, and what a plan would do
  user(\"jdoe@contoso.com\") every fact about one user
  users  groups            all of them
  length([for u in users : u if u.mfa_state == \"disabled\"])

`exit` or Ctrl-D ends the console.
";

#[cfg(test)]
mod tests;
