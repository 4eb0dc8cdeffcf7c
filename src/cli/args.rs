//! The command line: what can be typed. What it does is in [`super::commands`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::commands;

/// Terraform for per-user MFA in Microsoft Entra ID.
///
/// Declare in HCL who must be in which state (disabled, enabled, enforced); `plan` shows every user's transition, what it
/// changes for modern and legacy sign-in and what it risks; `apply` performs exactly the approved plan.
#[derive(Debug, Parser)]
#[command(
    name = "mfaplan",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  mfaplan init                          write a commented starting configuration
  mfaplan plan --out staff.mfaplan      show and save what would change
  mfaplan apply staff.mfaplan           apply exactly that, after a yes
  mfaplan explain jdoe@contoso.com      why this user gets this state

Exit codes:
  0 done   1 error   2 there are changes (--detailed-exitcode)   3 refused   4 apply incomplete   130 stopped"
)]
pub(crate) struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Switch to this directory before anything else
    #[arg(long, global = true, value_name = "DIR")]
    pub chdir: Option<PathBuf>,
    /// Write no colours (also: NO_COLOR, or output that is not a terminal)
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Print only the result and errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print details that are summarised by default
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// The instant to plan for: a date or an RFC 3339 time [default: now]
    #[arg(long, global = true, value_name = "TIME", value_parser = parse_instant)]
    pub as_of: Option<jiff::Timestamp>,
    /// A directory of protection and guardrails that the configuration cannot loosen
    #[arg(long, global = true, value_name = "DIR")]
    pub policy: Option<PathBuf>,
}

/// A date is 00:00 UTC of that day.
pub(super) fn parse_instant(text: &str) -> Result<jiff::Timestamp, String> {
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        return jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).map_err(|error| error.to_string());
    }
    text.parse::<jiff::Timestamp>()
        .map_err(|_| "neither a date (2026-12-01) nor an RFC 3339 time (2026-12-01T08:00:00Z)".to_owned())
}

/// What is said of a word that is none of these: `not a format (text, json); did you mean …?`
pub(super) fn not_a(what: &str, text: &str, names: &[&str]) -> String {
    let hint = crate::diag::did_you_mean(text, names.iter().copied()).map(|hint| format!("; {hint}"));
    format!("not a {what} ({}){}", names.join(", "), hint.unwrap_or_default())
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begin: a tenant, a few questions, a commented configuration and its plan
    Start(commands::start::Args),
    /// Write a starting configuration into the current directory
    Init(commands::init::Args),
    /// Check the configuration alone: all errors at once
    Validate(commands::validate::Args),
    /// Bring configuration files into the canonical style
    Fmt(commands::fmt::Args),
    /// Show what would change, and what it risks
    Plan(commands::plan::Args),
    /// Show who is ready for MFA, and whom to call first
    Readiness(commands::readiness::Args),
    /// Propose a rollout: who goes when
    ProposeWaves(commands::propose_waves::Args),
    /// Write the way from per-user MFA to Conditional Access: policies, waves, steps
    Migrate(commands::migrate::Args),
    /// Show a saved plan or a snapshot
    Show(commands::show::Args),
    /// Show what differs between two saved plans, or between two configurations
    Diff(commands::diff::Args),
    /// Show what the sign-ins of the last weeks would have met, had the plan been in force
    Replay(commands::replay::Args),
    /// Keep what the sign-in log says: pull, import, status, prune, export
    Evidence(commands::evidence::Args),
    /// List who is exempt, why, and until when
    Exceptions(commands::exceptions::Args),
    /// Sign a plan's digest with your SSH key
    Approve(commands::approve::Args),
    /// Apply an approved plan
    Apply(commands::apply::Args),
    /// Raise one user now, in an emergency
    Set(commands::set::Args),
    /// Read the tenant again: is everything as the run left it, or as declared?
    Verify(commands::verify::Args),
    /// Restore the states before a run
    Rollback(commands::rollback::Args),
    /// Plan, review and apply many tenants as one set
    Fleet(commands::fleet::Args),
    /// List the runs in the journal
    History(commands::history::Args),
    /// Take an offline copy of everything a plan reads
    Snapshot(commands::snapshot::Args),
    /// Explain a user or a rule
    Explain(commands::explain::Args),
    /// List the rules
    Rules(commands::rules::Args),
    /// Evaluate expressions, line by line
    Console(commands::console::Args),
    /// Run the scenarios written beside the configuration
    Test(commands::test::Args),
    /// Serve an editor: diagnostics, completion, hover, formatting
    Lsp(commands::lsp::Args),
    /// Sign in and show the account and its permissions
    Login(commands::login::Args),
    /// Forget the sign-in that login has kept
    Logout(commands::logout::Args),
    /// Write a completion script for your shell
    Completions(commands::completions::Args),
    /// Write the manual page
    Man(commands::man::Args),
}
