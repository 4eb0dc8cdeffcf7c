//! `mfaplan rules`

use crate::{
    cli::{Context, Exit, Outcome},
    facts::deadlines,
    risk,
};

/// Arguments of `rules`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan rules                    the catalogue, a line each
  mfaplan rules --json | jq .      for programs
  mfaplan rules --deadlines        dates on which the service changes
  mfaplan explain MFA006           one rule whole")]
pub(crate) struct Args {
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// List the dates on which the service changes, with source and the day each was checked
    #[arg(long)]
    deadlines: bool,
}

/// A row of `rules --deadlines --json`.
#[derive(serde::Serialize)]
struct DeadlineRow {
    id: &'static str,
    what: &'static str,
    from: String,
    population: &'static str,
    /// The page's address.
    source: &'static str,
    checked: String,
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
    controls: Vec<ControlEntry>,
    sources: Vec<SourceEntry>,
}

#[derive(serde::Serialize)]
struct ControlEntry {
    framework: &'static str,
    version: &'static str,
    id: &'static str,
    title: &'static str,
}

#[derive(serde::Serialize)]
struct SourceEntry {
    title: &'static str,
    address: &'static str,
}

/// Lists the built-in rules.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    if args.deadlines {
        return deadlines(args.json, context);
    }
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
                controls: risk::controls::of(rule.id)
                    .iter()
                    .map(|one| ControlEntry {
                        framework: one.framework.name(),
                        version: one.framework.version(),
                        id: one.id,
                        title: one.title,
                    })
                    .collect(),
                sources: rule
                    .doc
                    .sources
                    .iter()
                    .map(|title| SourceEntry { title, address: risk::sources::address(title) })
                    .collect(),
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

fn deadlines(json: bool, context: &mut Context) -> Outcome {
    if json {
        let rows: Vec<_> = deadlines::all()
            .iter()
            .map(|row| {
                let deadlines::Deadline { id, what, from, population, source, checked } = **row;
                DeadlineRow {
                    id,
                    what,
                    from: from.to_string(),
                    population,
                    source: source.address,
                    checked: checked.to_string(),
                }
            })
            .collect();
        serde_json::to_writer_pretty(&mut context.out, &rows).map_err(std::io::Error::from)?;
        writeln!(context.out)?;
        return Ok(Exit::Done);
    }
    for row in deadlines::all() {
        let deadlines::Deadline { id, what, from, population, source, checked } = **row;
        writeln!(context.out, "{from}  {id}\n            {what}\n            for: {population}")?;
        writeln!(context.out, "            {} <{}>, checked {checked}", source.title, source.address)?;
    }
    Ok(Exit::Done)
}
