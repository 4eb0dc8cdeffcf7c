//! `mfaplan rules`

use crate::{
    cli::{Context, Exit, Outcome},
    risk,
};

/// Arguments of `rules`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan rules                    the catalogue, a line each
  mfaplan rules --json | jq .      for programs
  mfaplan explain MFA006           one rule whole")]
pub(crate) struct Args {
    /// Write JSON
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Entry {
    id: &'static str,
    name: &'static str,
    title: &'static str,
    severity: &'static str,
    grades: Vec<&'static str>,
    on: String,
    facts: Vec<&'static str>,
    remediation: &'static str,
    acceptable: bool,
}

/// Lists the built-in rules.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let rules = risk::registry();
    if args.json {
        let entries: Vec<_> = rules
            .iter()
            .map(|rule| Entry {
                id: rule.id,
                name: rule.name,
                title: rule.title,
                severity: rule.severity().as_str(),
                grades: rule.grades.iter().map(|grade| grade.as_str()).collect(),
                on: rule.on(),
                facts: rule.facts.iter().map(|fact| fact.as_str()).collect(),
                remediation: rule.remediation,
                acceptable: risk::waivable(rule.id),
            })
            .collect();
        let out = context.out.data()?;
        serde_json::to_writer_pretty(&mut *out, &entries).map_err(std::io::Error::from)?;
        writeln!(out)?;
        return Ok(Exit::Done);
    }
    for rule in rules {
        writeln!(context.out, "{}  {:<8}  {:<38}  {}", rule.id, rule.severity(), rule.name, rule.title)?;
    }
    Ok(Exit::Done)
}
