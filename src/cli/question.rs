//! Questions at the terminal.

use std::io;

use super::{Context, Exit, Failure, runtime};

/// Asks at the terminal. Ctrl-C ends the program as it would end any other command, with nothing written.
pub(super) fn ask(question: &str, prompt: &str, context: &mut Context) -> Result<String, Failure> {
    context.out.flush()?;
    // What was typed before the question stood there cannot be an answer to it.
    super::typed::forget_typed();
    let question = super::terminal::wrapped(question, context.width());
    write!(context.err, "\n{question}\n  {prompt}")?;
    context.err.flush()?;
    runtime::online()?.block_on(async {
        let answer = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            io::stdin().read_line(&mut line).map(|_| line)
        });
        tokio::select! {
            answer = answer => Ok(answer.map_err(io::Error::other)??),
            _ = tokio::signal::ctrl_c() => {
                Err(Failure::new("stopped at the question: nothing was written").exit(Exit::Stopped))
            }
        }
    })
}

/// Questions that a flag can answer, and whoever is at the terminal where none does.
#[derive(Debug, Default)]
pub(super) struct Interview {
    terminal: bool,
    /// Take what is proposed for whatever no flag answers.
    proposed: bool,
    missing: Vec<String>,
}

impl Interview {
    pub(super) fn new(proposed: bool, context: &Context) -> Self {
        let terminal = context.env.stdin_is_terminal && context.env.stderr_is_terminal;
        Self { terminal, proposed, missing: Vec::new() }
    }

    /// A line; what is proposed where nothing is typed. `flag` is what answers it without a terminal.
    pub(super) fn line(
        &mut self,
        question: &str,
        proposed: &str,
        flag: impl FnOnce() -> String,
        context: &mut Context,
    ) -> Result<String, Failure> {
        if self.proposed {
            return Ok(proposed.to_owned());
        }
        if !self.terminal {
            self.missing.push(flag());
            return Ok(proposed.to_owned());
        }
        let shown = if proposed.is_empty() { "none" } else { proposed };
        let answer = ask(question, &format!("[{}] ", crate::escape::text(shown)), context)?;
        let answer = answer.trim();
        Ok(if answer.is_empty() { proposed.to_owned() } else { answer.to_owned() })
    }

    /// Yes or no, asked until it is one of them.
    pub(super) fn yes(
        &mut self,
        question: &str,
        proposed: bool,
        flag: impl Fn() -> String,
        context: &mut Context,
    ) -> Result<bool, Failure> {
        let mut asked = question.to_owned();
        loop {
            let answer = self.line(&asked, if proposed { "yes" } else { "no" }, &flag, context)?;
            match answer.to_ascii_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => asked = format!("yes or no: {question}"),
            }
        }
    }

    /// Were all questions answered?
    ///
    /// # Errors
    /// The flags that answer the others.
    pub(super) fn complete(self) -> Result<(), Failure> {
        if self.missing.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "there is no terminal to ask at, and no flag answers everything; missing: {}",
            self.missing.join(" ")
        ))
        .hint("or --yes, which takes what is proposed"))
    }
}
