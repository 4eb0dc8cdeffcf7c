//! `mfaplan fleet verify`

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        fleet::{
            self, Chosen,
            child::{Finished, Job},
            surroundings,
        },
        runtime,
    },
    escape,
};

/// Arguments of `fleet verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which tenants.
    #[command(flatten)]
    chosen: Chosen,
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
    let policy = fleet::policy(context);
    let gate = Arc::new(Semaphore::new(usize::from(args.parallel)));
    let mut verified: Vec<Option<Verified>> = members.iter().map(|_| None).collect();
    runtime::online()?.block_on(async {
        let mut tasks = JoinSet::new();
        for (at, member) in members.iter().enumerate() {
            let blank = fleet::blank(member);
            let variables = match surroundings::of(member, &members, &context.env) {
                Ok(variables) => variables,
                Err(error) => {
                    verified[at] = Some(judged(&blank, Finished { error: Some(error), ..Finished::default() }));
                    continue;
                }
            };
            let mut command = vec!["verify", "--json"];
            command.extend(args.strict.then_some("--strict"));
            let arguments = Job::in_directory(&member.directory, policy.as_ref(), &command);
            let job = Job { arguments, variables, timeout: args.tenant_timeout, listen: true };
            let gate = Arc::clone(&gate);
            tasks.spawn(async move {
                let _place = gate.acquire_owned().await;
                (at, judged(&blank, job.run().await))
            });
        }
        while let Some(ended) = tasks.join_next().await {
            let (at, one) = ended.map_err(|error| Failure::new(error.to_string()))?;
            verified[at] = Some(one);
        }
        Ok::<(), Failure>(())
    })?;
    let verified: Vec<Verified> = verified.into_iter().flatten().collect();
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

fn judged(of: &crate::fleet::Planned, finished: Finished) -> Verified {
    let status = match finished.code {
        Some(0) => Standing::AsDeclared,
        Some(2) => Standing::Different,
        _ => Standing::Error,
    };
    let document: Option<serde_json::Value> = serde_json::from_slice(&finished.out).ok();
    Verified {
        tenant: of.tenant.clone(),
        ring: of.ring.clone(),
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
