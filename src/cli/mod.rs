//! The program: arguments, environment, terminal, exit codes. The only module that joins the edges.

mod again;
mod applying;
mod args;
mod assuming;
pub(crate) mod commands;
mod completion;
mod connect;
mod context;
mod empty;
mod environment;
mod events;
mod evidence;
mod exit;
mod explanation;
mod fleet;
mod foreign;
mod inputs;
mod leash;
mod load;
mod planning;
mod present;
mod progress;
mod question;
mod report;
mod reviewed;
mod run_comment;
mod runtime;
mod save;
mod sign_in_log;
mod signals;
mod single_dash;
mod tenant;
mod terminal;
pub(crate) mod testing;
mod timeline;
mod typed;
mod who;

pub(crate) use args::{Cli, Command};
pub(crate) use context::Context;
pub(crate) use environment::Environment;
pub(crate) use exit::{Exit, Failure, Outcome};

use std::{ffi::OsString, process::ExitCode};

use clap::{
    CommandFactory, FromArgMatches,
    error::{ContextKind, ContextValue},
};

use inputs::Inputs;
use terminal::Guarded;

/// Runs the program with the process's arguments and environment.
#[must_use]
pub fn main() -> ExitCode {
    install_panic_hook();
    let env = Environment::of_process();
    if let Some(answered) = completion::answer(&env, std::env::args_os().collect()) {
        // A shell that waits for words can do nothing with a message.
        return ExitCode::from(if answered.is_ok() { Exit::Done } else { Exit::Error }.code());
    }
    if let Some(found) = single_dash::find(std::env::args_os().skip(1)) {
        return ExitCode::from(one_dash(&found));
    }
    let (cli, inputs) = match parsed(std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(error) => return ExitCode::from(usage(&error, &env)),
    };
    let mut context = Context::of_process(env, cli.global.clone(), inputs);
    ExitCode::from(perform(cli, &mut context).code())
}

/// The command line, and what it names.
fn parsed(line: impl IntoIterator<Item: Into<OsString> + Clone>) -> Result<(Cli, Inputs), clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(line)?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    Ok((cli, Inputs::of_line(&matches)))
}

/// Runs a command, and says what went wrong.
fn perform(cli: Cli, context: &mut Context) -> Exit {
    // `login` shows what an operator could do with everything that may be asked for.
    context.writes =
        matches!(cli.command, Command::Apply(_) | Command::Set(_) | Command::Rollback(_) | Command::Login(_))
            || matches!(&cli.command, Command::Fleet(args) if commands::fleet::writes(args));
    let outcome = change_directory(context).and_then(|()| commands::run(cli.command, context));
    match outcome.and_then(|exit| context.out.flush().map(|()| exit).map_err(Failure::from)) {
        Ok(exit) => exit,
        Err(failure) => report::failure(&failure, context),
    }
}

fn change_directory(context: &Context) -> Result<(), Failure> {
    let Some(dir) = &context.global.chdir else { return Ok(()) };
    std::env::set_current_dir(dir)
        .map_err(|error| Failure::new(format!("cannot change to the directory {}: {error}", dir.display())))
}

fn one_dash(found: &single_dash::SingleDash) -> u8 {
    let single_dash::SingleDash { typed, spelling } = found;
    let typed = crate::escape::text(typed);
    let spelling = crate::escape::text(spelling);
    terminal::say(&format!("error: `{typed}`: long flags have two dashes\nhint: write {spelling}"));
    Exit::Error.code()
}

/// Help and version are results; everything else wrong on the command line is an error (exit code 1, as 2 means
/// "there are changes").
fn usage(error: &clap::Error, env: &Environment) -> u8 {
    let color = env.colors(std::env::args_os().any(|arg| arg == "--no-color"), env.stderr_is_terminal);
    let rendered = error.render();
    // An escape code of an argument that is quoted cannot be told from a colour of ours.
    let hostile = std::env::args_os().any(|arg| crate::escape::text(&arg.to_string_lossy()) != arg.to_string_lossy());
    let color = color && !hostile;
    let mut text = if color { rendered.ansi().to_string() } else { rendered.to_string() };
    if let Some(ContextValue::String(command)) = error.get(ContextKind::InvalidSubcommand)
        && let Some(instead) = foreign::instead_of(command)
    {
        text.push_str(&format!("hint: `{command}` is Terraform's: {instead}\n"));
    }
    let (mut stream, exit) =
        if error.use_stderr() { (Guarded::stderr(color), Exit::Error) } else { (Guarded::stdout(color), Exit::Done) };
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    exit.code()
}

/// A panic is a defect of the program: say so in two lines, without a backtrace unless asked for.
fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        let message = info
            .payload()
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| info.payload().downcast_ref::<String>().map(String::as_str))
            .unwrap_or("unknown");
        terminal::say(&format!(
            "mfaplan: internal error{place}: {message}\nThis is a defect of mfaplan; please report it. Nothing more is \
             written to the tenant; a run in progress can be finished with `mfaplan apply --resume`."
        ));
    }));
}
