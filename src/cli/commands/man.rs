//! `mfaplan man`

use clap::CommandFactory;

use crate::cli::{Cli, Context, Exit, Failure, Outcome};

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan man | man -l -              read it
  mfaplan man plan > mfaplan-plan.1   the page of one command")]
pub struct Args {
    /// The page of one command instead of the overview
    command: Option<String>,
}

/// Writes a manual page (roff) to standard output.
///
/// # Errors
/// When there is no such command, or standard output cannot be written.
pub fn run(args: &Args, context: &mut Context) -> Outcome {
    let mut command = Cli::command();
    command.build();
    let page = match &args.command {
        None => command,
        Some(name) => {
            let names: Vec<_> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
            let Some(found) = command.find_subcommand(name) else {
                let failure = Failure::new(format!("there is no command `{name}`"));
                let hint = crate::diag::did_you_mean(name, names.iter().map(String::as_str));
                return Err(match hint {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                });
            };
            found.clone()
        }
    };
    clap_mangen::Man::new(page).render(&mut context.out)?;
    Ok(Exit::Done)
}
