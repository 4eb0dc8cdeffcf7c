//! `mfaplan fleet permissions`

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    cli::{
        Context, Exit, Outcome,
        commands::login::Missing,
        fleet::{self, Chosen, child::Finished, handed::Handed},
    },
    escape,
};

/// Arguments of `fleet permissions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which tenants.
    #[command(flatten)]
    pub(super) chosen: Chosen,
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

/// What each tenant's process is to do.
pub(super) const COMMAND: [&str; 2] = ["login", "--json"];

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
    let pace = (args.parallel, args.tenant_timeout);
    let handed = Handed::of(&args.chosen.allow_files, context);
    let held = fleet::heard(&members, &COMMAND, &handed, pace, judged, context)?;
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

fn judged(of: crate::fleet::Planned, finished: Finished) -> Held {
    let account: Account = serde_json::from_slice(&finished.out).unwrap_or_default();
    let Account { application, permissions, missing } = account;
    Held { tenant: of.tenant, application, permissions, missing, error: finished.error }
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
