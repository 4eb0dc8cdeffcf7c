//! `mfaplan completions`

use clap::ValueEnum;

use crate::cli::{Context, Exit, Outcome, completion};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan completions bash > /etc/bash_completion.d/mfaplan
  mfaplan completions zsh > ~/.zfunc/_mfaplan
  mfaplan completions fish > ~/.config/fish/completions/mfaplan.fish
  mfaplan completions powershell >> $PROFILE

The script asks mfaplan itself, which must be found through PATH: so it offers formats, severities, rules and the runs of
the current directory.")]
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
        Shell::Bash => "bash",
        Shell::Elvish => "elvish",
        Shell::Fish => "fish",
        Shell::Powershell => "powershell",
        Shell::Zsh => "zsh",
    };
    completion::script(shell, context.out.data()?)?;
    Ok(Exit::Done)
}
