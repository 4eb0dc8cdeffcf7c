//! `mfaplan fleet list`

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        fleet::{self, Chosen, changed},
        load::{self, ConfigArgs},
    },
    config::{Config, fleet::Member},
    escape,
};

/// Arguments of `fleet list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which tenants.
    #[command(flatten)]
    chosen: Chosen,
    /// Only tenants whose configuration differs from this revision: its directory, the modules and the policy it uses, the
    /// files it reads
    #[arg(long, value_name = "REV")]
    changed_since: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// A tenant.
#[derive(Debug, Serialize)]
struct Listed {
    fleet: String,
    tenant: String,
    tenant_id: Option<String>,
    directory: String,
    ring: Option<String>,
    changed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Lists the tenants. A configuration that is broken is one line's trouble: a pipeline must still fan out.
pub(super) fn run(args: &Args, context: &mut Context) -> Outcome {
    let found = fleet::load(&args.chosen.allow_files, context)?;
    let differing = args.changed_since.as_ref().map(|revision| changed::since(revision, context)).transpose()?;
    // A change of the fleet itself may be one of any tenant in it.
    let own = found.files.iter().map(|name| PathBuf::from(&**name)).chain(found.reads.iter().cloned());
    let own: Vec<PathBuf> = own.map(|path| changed::real(&path)).collect();
    let fleet_changed = differing.as_ref().is_some_and(|all| own.iter().any(|path| all.contains(path)));
    let mut list = Vec::new();
    for fleet in args.chosen.fleets(&found)? {
        for member in args.chosen.members(fleet)? {
            let config = configuration(member, context);
            let files = differing.as_ref().map(|all| touched(member, config.as_ref().ok(), all, &own, context));
            let changed = files.as_ref().map(|files| fleet_changed || !files.is_empty() || config.is_err());
            if changed == Some(false) {
                continue;
            }
            list.push(Listed {
                fleet: fleet.name.to_string(),
                tenant: member.name.to_string(),
                tenant_id: config.as_ref().ok().map(|config| config.tenant.id.to_string()),
                directory: member.directory.display().to_string(),
                ring: member.ring.as_ref().map(ToString::to_string),
                changed,
                files,
                error: config.err(),
            });
        }
    }
    if args.json {
        let out = context.out.data()?;
        serde_json::to_writer(&mut *out, &list).map_err(std::io::Error::from)?;
        writeln!(out)?;
        return Ok(Exit::Done);
    }
    for one in &list {
        let ring = one.ring.as_ref().map(|ring| format!(" ({ring})")).unwrap_or_default();
        let what = match (&one.error, &one.tenant_id) {
            (Some(error), _) => format!("error: {error}"),
            (None, id) => id.clone().unwrap_or_default(),
        };
        let line = format!("{}{ring}  {}  {what}", one.tenant, one.directory);
        writeln!(context.out, "{}", escape::text(&line))?;
    }
    Ok(Exit::Done)
}

fn configuration(member: &Member, context: &Context) -> Result<Config, String> {
    load::config_in(&member.directory, &ConfigArgs::default(), context).map_err(|failure| match failure {
        Failure::Diagnostics { diagnostics, sources } => {
            let first = diagnostics.iter().find(|one| one.level == crate::diag::Level::Error);
            first.map_or_else(
                || "it cannot be used".to_owned(),
                |one| match &one.primary {
                    Some(label) => {
                        let file = &sources.file(label.span.file).name;
                        format!("{} ({file}:{})", one.summary, sources.start(label.span).line)
                    }
                    None => one.summary.clone(),
                },
            )
        }
        other => other.to_string(),
    })
}

/// The files that differ and are part of a tenant's configuration.
fn touched(
    member: &Member,
    config: Option<&Config>,
    all: &BTreeSet<PathBuf>,
    own: &[PathBuf],
    context: &Context,
) -> Vec<String> {
    let mut directories = vec![changed::real(&member.directory)];
    directories.extend(context.policy().map(|path| changed::real(&path)));
    let mut files: BTreeSet<PathBuf> = BTreeSet::new();
    if let Some(config) = config {
        let modules = config.origin.files.iter().filter_map(|name| Path::new(&**name).parent());
        let modules = modules.filter(|dir| !dir.as_os_str().is_empty());
        directories.extend(modules.map(|dir| changed::real(&config.dir.join(dir))));
        let origins = std::iter::once(&config.origin).chain(&config.policy);
        files.extend(origins.flat_map(|origin| origin.reads.paths(&origin.dir)).map(|path| changed::real(&path)));
        files.extend(config.tenant.snapshot.iter().map(|path| changed::real(path)));
    }
    let of_it = |path: &&PathBuf| {
        files.contains(*path) || own.contains(path) || directories.iter().any(|dir| path.starts_with(dir))
    };
    let here = changed::real(Path::new("."));
    let shown = |path: &PathBuf| path.strip_prefix(&here).unwrap_or(path).display().to_string();
    all.iter().filter(of_it).map(shown).collect()
}
