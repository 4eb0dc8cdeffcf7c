//! What every command is given: its surroundings and where to write.

use std::{io, path::PathBuf};

use jiff::Timestamp;

use super::{
    args::Global,
    environment::Environment,
    inputs::Inputs,
    leash::Leash,
    terminal::{Discretion, Guarded},
};
use crate::escape;

/// The surroundings of one run.
pub(crate) struct Context {
    /// Variables, clock, terminals.
    pub env: Environment,
    /// Options of every command.
    pub global: Global,
    /// Held by the fleet whose tenant this process works for.
    pub leash: Option<Leash>,
    /// Does the command write to the tenant? Only then is an operator asked for that permission.
    pub writes: bool,
    /// What is read, and therefore not replaced by what is written.
    pub inputs: Inputs,
    /// Whose names standard error keeps to itself.
    pub discretion: Discretion,
    /// Standard output: the result, nothing else. Text is written to it as it is, a document through [`Guarded::data`].
    pub out: Guarded,
    /// Standard error: everything else.
    pub err: Guarded,
    /// Colours on standard output?
    pub out_color: bool,
    /// Colours on standard error?
    pub err_color: bool,
}

impl Context {
    /// The surroundings of the process.
    #[must_use]
    pub(crate) fn of_process(env: Environment, global: Global, inputs: Inputs) -> Self {
        let out_color = env.colors(global.no_color, env.stdout_is_terminal);
        let err_color = env.colors(global.no_color, env.stderr_is_terminal);
        // One answer for all libraries that colour.
        console::set_colors_enabled(out_color);
        console::set_colors_enabled_stderr(err_color);
        let discretion = Discretion::default();
        Self {
            leash: Leash::of_process(&env),
            env,
            global,
            writes: false,
            inputs,
            out: Guarded::stdout(out_color),
            err: Guarded::stderr(err_color).discreet(&discretion),
            discretion,
            out_color,
            err_color,
        }
    }

    /// The instant of the plan.
    #[must_use]
    pub(crate) fn instant(&self) -> Timestamp {
        self.global.as_of.unwrap_or(self.env.now)
    }

    /// The policy directory, by flag or variable.
    #[must_use]
    pub(crate) fn policy(&self) -> Option<PathBuf> {
        self.global.policy.clone().or_else(|| self.env.get("MFAPLAN_POLICY").map(PathBuf::from))
    }

    /// Columns to write in: the terminal's, or 80.
    #[must_use]
    pub(crate) fn width(&self) -> usize {
        if self.env.stdout_is_terminal
            && let Some((_, columns)) = console::Term::stdout().size_checked()
        {
            return usize::from(columns).clamp(40, 160);
        }
        self.env.get("COLUMNS").and_then(|columns| columns.parse().ok()).unwrap_or(80).clamp(40, 160)
    }

    /// Says one line beside the result, unless asked to be quiet.
    ///
    /// # Errors
    /// Those of standard error.
    pub(crate) fn note(&mut self, text: &str) -> io::Result<()> {
        if self.global.quiet { Ok(()) } else { writeln!(self.err, "{}", escape::text(text)) }
    }
}
