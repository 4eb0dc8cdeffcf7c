//! `mfaplan completions`

use clap::{CommandFactory, ValueEnum};

use crate::cli::{Cli, Context, Exit, Outcome};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan completions bash > /etc/bash_completion.d/mfaplan
  mfaplan completions zsh > ~/.zfunc/_mfaplan
  mfaplan completions fish > ~/.config/fish/completions/mfaplan.fish")]
pub(crate) struct Args {
    /// Which shell
    shell: Shell,
}

/// The shells.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

/// Writes the completion script to standard output.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let shell = match args.shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Elvish => clap_complete::Shell::Elvish,
        Shell::Fish => clap_complete::Shell::Fish,
        Shell::Powershell => clap_complete::Shell::PowerShell,
        Shell::Zsh => clap_complete::Shell::Zsh,
    };
    // The generator panics where it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mfaplan", &mut script);
    context.out.data()?.write_all(&script)?;
    Ok(Exit::Done)
}
