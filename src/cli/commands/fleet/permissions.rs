//! `mfaplan fleet permissions`

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        commands::login::Missing,
        fleet::{
            self, Chosen,
            child::{Finished, Job},
            surroundings,
        },
        runtime,
    },
    escape,
};

/// Arguments of `fleet permissions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which tenants.
    #[command(flatten)]
    chosen: Chosen,
    /// How many tenants are asked at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    parallel: u16,
    /// How long one tenant may take: 30m, 45s, 2h
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = super::duration)]
    tenant_timeout: Duration,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// A tenant and what its application lacks there.
#[derive(Debug, Serialize)]
struct Held {
    tenant: String,
    application: Option<String>,
    permissions: Vec<String>,
    missing: Vec<Missing>,
    error: Option<String>,
}

/// What a process says of the account.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Account {
    application: Option<String>,
    permissions: Vec<String>,
    missing: Vec<Missing>,
}

/// Signs in to every tenant, and compares what the token holds with what requests take.
pub(super) fn run(args: &Args, context: &mut Context) -> Outcome {
    let found = fleet::load(&args.chosen.allow_files, context)?;
    let chosen = args.chosen.one(&found)?;
    let members = args.chosen.members(chosen)?;
    let policy = fleet::policy(context);
    let gate = Arc::new(Semaphore::new(usize::from(args.parallel)));
    let mut held: Vec<Option<Held>> = members.iter().map(|_| None).collect();
    runtime::online()?.block_on(async {
        let mut tasks = JoinSet::new();
        for (at, member) in members.iter().enumerate() {
            let name = member.name.to_string();
            let variables = match surroundings::of(member, &members, &context.env) {
                Ok(variables) => variables,
                Err(error) => {
                    held[at] = Some(judged(name, &Finished { error: Some(error), ..Finished::default() }));
                    continue;
                }
            };
            let arguments = Job::in_directory(&member.directory, policy.as_ref(), &["login", "--json"]);
            let job = Job { arguments, variables, timeout: args.tenant_timeout, listen: true };
            let gate = Arc::clone(&gate);
            tasks.spawn(async move {
                let _place = gate.acquire_owned().await;
                (at, judged(name, &job.run().await))
            });
        }
        while let Some(ended) = tasks.join_next().await {
            let (at, one) = ended.map_err(|error| Failure::new(error.to_string()))?;
            held[at] = Some(one);
        }
        Ok::<(), Failure>(())
    })?;
    let held: Vec<Held> = held.into_iter().flatten().collect();
    if args.json {
        let out = context.out.data()?;
        serde_json::to_writer_pretty(&mut *out, &held).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        for one in &held {
            writeln!(context.out, "{}", escape::text(&line(one)))?;
        }
    }
    Ok(match () {
        () if held.iter().any(|one| one.error.is_some()) => Exit::Error,
        () if held.iter().any(lacks_what_a_plan_takes) => Exit::Changes,
        () => Exit::Done,
    })
}

fn judged(tenant: String, finished: &Finished) -> Held {
    let account: Account = serde_json::from_slice(&finished.out).unwrap_or_default();
    let Account { application, permissions, missing } = account;
    Held { tenant, application, permissions, missing, error: finished.error.clone() }
}

fn lacks_what_a_plan_takes(one: &Held) -> bool {
    one.missing.iter().any(|missing| missing.for_what.iter().any(|what| what == "plan"))
}

fn line(one: &Held) -> String {
    if let Some(error) = &one.error {
        return format!("{}: error: {error}", one.tenant);
    }
    if one.permissions.is_empty() {
        return format!("{}: the token lists no permissions", one.tenant);
    }
    let lacks: Vec<String> =
        one.missing.iter().map(|one| format!("{} ({})", one.permission, one.for_what.join(", "))).collect();
    match lacks.as_slice() {
        [] => format!("{}: everything", one.tenant),
        lacks => format!("{}: lacks {}", one.tenant, lacks.join("; ")),
    }
}
