//! `mfaplan test`

use std::path::{Path, PathBuf};

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        load::{self, ConfigArgs, DIRECTORY},
        save,
    },
    diag::render::RenderOptions,
    scenario::{self, TestInput, report},
};

/// Arguments of `test`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan test                                  every *.mfatest.hcl here and in tests/
  mfaplan test --filter emergency               the runs whose name contains that
  mfaplan test --json                           for programs
  mfaplan test --junit results.xml              for a CI system

Scenarios plan this configuration against small tenants written beside it. No credential, nothing is written.")]
pub(crate) struct Args {
    /// Scenario files [default: every *.mfatest.hcl of this directory and of its tests/]
    files: Vec<PathBuf>,
    /// Only the runs whose name contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// Write a JUnit report to this file as well
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Runs the scenarios.
///
/// # Errors
/// When there are none, or a file cannot be read or written. A failed scenario is a result, with exit code 1.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let environment = load::variables(context);
    let policy = context.policy();
    let known_rules = crate::risk::known_rules();
    let input = TestInput {
        load: load::input(Path::new(DIRECTORY), policy.as_deref(), &args.config, &environment, &known_rules, context),
        files: &args.files,
        filter: args.filter.as_deref(),
    };
    let report = scenario::run(input)?;
    if report.files.is_empty() {
        return Err(Failure::new("there is no scenario: no *.mfatest.hcl here or in tests/")
            .hint("docs/language/testing.md shows how to write one"));
    }
    if let Some(filter) = &args.filter {
        matched(filter, &report)?;
    }
    if args.json {
        report::json::write(&report, &mut context.out.data()?)?;
    } else {
        let options = RenderOptions {
            color: context.out_color,
            unicode: context.env.stdout_is_terminal,
            width: context.width(),
            ..RenderOptions::default()
        };
        report::human::write(&report, options, &mut context.out)?;
    }
    if let Some(path) = &args.junit {
        save::atomically(path, context, |mut out| report::junit::write(&report, &mut out))?;
    }
    Ok(if report.passed() { Exit::Done } else { Exit::Error })
}

/// A filter that matches nothing tests nothing: a renamed run would make every build green.
fn matched(filter: &str, report: &scenario::Report) -> Result<(), Failure> {
    if report.files.iter().any(|file| !file.runs.is_empty() || file.status() == scenario::Status::Error) {
        return Ok(());
    }
    let names: Vec<&str> = report.files.iter().flat_map(|file| &file.left_out).map(|name| name.as_str()).collect();
    let failure = Failure::new(format!("no run has a name that contains `{filter}`"));
    Err(match (crate::diag::did_you_mean(filter, names.iter().copied()), names.as_slice()) {
        (Some(hint), _) => failure.hint(hint),
        (None, []) => failure.hint("the scenario files hold no `run` block"),
        (None, names) => {
            let first: Vec<String> = names.iter().take(5).map(|name| format!("\"{name}\"")).collect();
            let more = names.len().saturating_sub(first.len());
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            failure.hint(format!("there are {}{rest}", first.join(", ")))
        }
    })
}
