//! Errors and diagnostics, for people.

use console::style;

use crate::apply::report::Seen;

use super::{Context, Exit, Failure};
use crate::escape;

/// Writes a failure to standard error and says with which code to end.
pub(super) fn failure(failure: &Failure, context: &mut Context) -> Exit {
    let written = match failure {
        Failure::BrokenPipe => return Exit::Done,
        Failure::Error { message, hints, .. } => error(message, hints, context),
        Failure::Diagnostics { diagnostics, sources } => super::commands::validate::show(diagnostics, sources, context),
    };
    // Nothing can be said when standard error is gone too.
    let _ = written;
    match failure {
        Failure::Error { exit, .. } => *exit,
        Failure::Diagnostics { .. } | Failure::BrokenPipe => Exit::Error,
    }
}

fn error(message: &str, hints: &[String], context: &mut Context) -> std::io::Result<()> {
    writeln!(context.err, "{} {}", style("error:").for_stderr().red().bold(), escape::text(message))?;
    for hint in hints {
        writeln!(context.err, "{} {}", style("hint:").for_stderr().cyan().bold(), escape::text(hint))?;
    }
    Ok(())
}

/// A state as it was read, in words.
pub(super) const fn seen(seen: Seen) -> &'static str {
    match seen {
        Seen::Disabled => "disabled",
        Seen::Enabled => "enabled",
        Seen::Enforced => "enforced",
        Seen::Unknown => "unknown",
        Seen::Gone => "gone",
    }
}
