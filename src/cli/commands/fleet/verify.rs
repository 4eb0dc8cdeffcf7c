//! `mfaplan fleet verify`

use std::time::Duration;

use serde::Serialize;

use crate::{
    cli::{
        Context, Exit, Outcome,
        fleet::{self, Chosen, child::Finished, handed::Handed},
    },
    escape,
};

/// Arguments of `fleet verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which tenants.
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// How many tenants are read at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    parallel: u16,
    /// How long one tenant may take: 30m, 45s, 2h
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = super::duration)]
    tenant_timeout: Duration,
    /// Count changes that wait as differences, too
    #[arg(long)]
    strict: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// A tenant as it was found.
#[derive(Debug, Serialize)]
struct Verified {
    tenant: String,
    ring: Option<String>,
    status: Standing,
    exit_code: Option<i32>,
    /// The numbers of its own `verify --json`.
    summary: Option<serde_json::Value>,
    error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    AsDeclared,
    Different,
    Error,
}

/// Reads every tenant again.
pub(super) fn run(args: &Args, context: &mut Context) -> Outcome {
    let found = fleet::load(&args.chosen.allow_files, context)?;
    let chosen = args.chosen.one(&found)?;
    let members = args.chosen.members(chosen)?;
    let handed = Handed::of(&args.chosen.allow_files, context);
    let pace = (args.parallel, args.tenant_timeout);
    let verified = fleet::heard(&members, &command(args), &handed, pace, judged, context)?;
    if args.json {
        let out = context.out.data()?;
        serde_json::to_writer_pretty(&mut *out, &verified).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        for one in &verified {
            let what = match (one.status, &one.error) {
                (Standing::AsDeclared, _) => "as declared".to_owned(),
                (Standing::Different, _) => format!("different{}", numbers(one.summary.as_ref())),
                (Standing::Error, error) => format!("error: {}", error.as_deref().unwrap_or_default()),
            };
            writeln!(context.out, "{}: {}", escape::text(&one.tenant), escape::text(&what))?;
        }
    }
    let any = |standing: Standing| verified.iter().any(|one| one.status == standing);
    Ok(match () {
        () if any(Standing::Error) => Exit::Error,
        () if any(Standing::Different) => Exit::Changes,
        () => Exit::Done,
    })
}

/// What each tenant's process is to do.
pub(super) fn command(args: &Args) -> Vec<&'static str> {
    let mut command = vec!["verify", "--json"];
    command.extend(args.strict.then_some("--strict"));
    command
}

fn judged(of: crate::fleet::Planned, finished: Finished) -> Verified {
    let status = match finished.code {
        Some(0) => Standing::AsDeclared,
        Some(2) => Standing::Different,
        _ => Standing::Error,
    };
    let document: Option<serde_json::Value> = serde_json::from_slice(&finished.out).ok();
    Verified {
        tenant: of.tenant,
        ring: of.ring,
        status,
        exit_code: finished.code,
        summary: document.and_then(|mut document| document.get_mut("summary").map(serde_json::Value::take)),
        error: finished.error.filter(|_| status == Standing::Error),
    }
}

/// `: 3 drifted, 1 unknown`
fn numbers(summary: Option<&serde_json::Value>) -> String {
    let count = |name: &str| summary.and_then(|one| one.get(name)).and_then(serde_json::Value::as_u64).unwrap_or(0);
    let parts: Vec<String> = ["withheld", "held", "drifted", "unknown"]
        .into_iter()
        .filter(|name| count(name) > 0)
        .map(|name| format!("{} {name}", count(name)))
        .collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}
