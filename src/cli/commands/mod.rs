//! The commands, one file each: `Args` and `run`.

pub(crate) mod apply;
pub(crate) mod approve;
pub(crate) mod completions;
pub(crate) mod console;
pub(crate) mod diff;
pub(crate) mod evidence;
pub(crate) mod exceptions;
pub(crate) mod explain;
pub(crate) mod fleet;
pub(crate) mod fmt;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod lsp;
pub(crate) mod man;
pub(crate) mod migrate;
pub(crate) mod plan;
pub(crate) mod propose_waves;
pub(crate) mod readiness;
pub(crate) mod replay;
pub(crate) mod rollback;
pub(crate) mod rules;
pub(crate) mod set;
pub(crate) mod show;
pub(crate) mod snapshot;
pub(crate) mod start;
pub(crate) mod test;
pub(crate) mod validate;
pub(crate) mod verify;

use super::{Command, Context, Outcome};

/// Runs a command.
///
/// # Errors
/// Whatever keeps it from doing what it was asked.
pub(crate) fn run(command: Command, context: &mut Context) -> Outcome {
    match command {
        Command::Init(args) => init::run(&args, context),
        Command::Fleet(args) => fleet::run(&args, context),
        Command::Fmt(args) => fmt::run(&args, context),
        Command::Diff(args) => diff::run(&args, context),
        Command::Evidence(args) => evidence::run(&args, context),
        Command::Exceptions(args) => exceptions::run(&args, context),
        Command::Console(args) => console::run(&args, context),
        Command::Validate(args) => validate::run(&args, context),
        Command::Plan(args) => plan::run(&args, context),
        Command::ProposeWaves(args) => propose_waves::run(&args, context),
        Command::Migrate(args) => migrate::run(&args, context),
        Command::Readiness(args) => readiness::run(&args, context),
        Command::Set(args) => set::run(&args, context),
        Command::Start(args) => start::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Approve(args) => approve::run(&args, context),
        Command::Apply(args) => apply::run(&args, context),
        Command::Verify(args) => verify::run(&args, context),
        Command::Replay(args) => replay::run(&args, context),
        Command::Rollback(args) => rollback::run(&args, context),
        Command::History(args) => history::run(&args, context),
        Command::Snapshot(args) => snapshot::run(&args, context),
        Command::Explain(args) => explain::run(&args, context),
        Command::Rules(args) => rules::run(&args, context),
        Command::Test(args) => test::run(&args, context),
        Command::Lsp(args) => lsp::run(&args, context),
        Command::Login(args) => login::run(&args, context),
        Command::Logout(args) => logout::run(&args, context),
        Command::Completions(args) => completions::run(&args, context),
        Command::Man(args) => man::run(&args, context),
    }
}
