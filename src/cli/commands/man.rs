//! `mfaplan man`

use clap::CommandFactory;

use crate::cli::{Cli, Context, Exit, Failure, Outcome};

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan man | man -l -              read it
  mfaplan man plan > mfaplan-plan.1   the page of one command")]
pub(crate) struct Args {
    /// The page of one command instead of the overview
    command: Option<String>,
}

/// Writes a manual page (roff) to standard output.
///
/// # Errors
/// When there is no such command, or standard output cannot be written.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let mut command = Cli::command();
    command.build();
    let page = match &args.command {
        None => command.subcommand_value_name("command"),
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
    let mut text = Vec::new();
    let source = concat!("mfaplan ", env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(page.clone()).source(source).manual("mfaplan manual").render(&mut text)?;
    context.out.data()?.write_all(with_values(&String::from_utf8_lossy(&text), &page).as_bytes())?;
    Ok(Exit::Done)
}

/// The page, with what each option takes said in its synopsis, too: the generator leaves it out there.
fn with_values(page: &str, command: &clap::Command) -> String {
    let mut lines: Vec<String> = page.lines().map(str::to_owned).collect();
    let synopsis = lines.iter().position(|line| line == ".SH SYNOPSIS").and_then(|at| lines.get_mut(at + 1));
    if let Some(line) = synopsis {
        let takes = |option: &&clap::Arg| option.get_action().takes_values();
        let many = |one: &&clap::Arg| matches!(one.get_action(), clap::ArgAction::Append);
        for name in command.get_positionals().filter(many).filter_map(clap::Arg::get_value_names) {
            let name = format!("\\fI{}\\fR]", name.join(" "));
            *line = line.replace(&name, &format!("{name}..."));
        }
        for option in command.get_arguments().filter(|one| !one.is_positional()).filter(takes) {
            let (Some(long), Some(values)) = (option.get_long(), option.get_value_names()) else { continue };
            let name = format!("\\fB\\-\\-{}\\fR", long.replace('-', "\\-"));
            let with = format!("{name} \\fI{}\\fR", values.join(" ").replace('-', "\\-"));
            let again = if matches!(option.get_action(), clap::ArgAction::Append) { "..." } else { "" };
            // One that must be given stands without brackets.
            *line = line
                .replace(&format!("<{name}>"), &format!("{with}{again}"))
                .replace(&format!("{name}]"), &format!("{with}]{again}"))
                .replace(&format!("|{name}>"), &format!("|{with}>"));
        }
    }
    lines.join("\n") + "\n"
}
