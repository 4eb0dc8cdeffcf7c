//! `mfaplan lsp`

use crate::{
    cli::{Context, Exit, Failure, Outcome, load},
    lsp::{self, ServeOptions},
};

/// Arguments of `lsp`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan lsp      speaks the language server protocol on standard input and output

docs/editors.md has the set-up for VS Code, Neovim and Helix.")]
pub(crate) struct Args {}

/// Serves an editor until it says goodbye.
///
/// # Errors
/// When the editor breaks the protocol or its pipe.
pub(crate) fn run(_: &Args, context: &mut Context) -> Outcome {
    let environment = load::variables(context);
    let policy_dir = context.policy();
    let options = ServeOptions {
        policy_dir,
        environment,
        // Diagnostics while typing judge by the present moment, unless told otherwise.
        clock: &|| context.global.as_of.unwrap_or_else(jiff::Timestamp::now),
    };
    lsp::serve_stdio(&options).map_err(|error| Failure::new(error.to_string()))?;
    Ok(Exit::Done)
}
