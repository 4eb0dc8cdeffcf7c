//! `mfaplan fleet plan`

use std::{
    collections::HashMap,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    apply::Stop,
    cli::{
        Context, Exit, Failure, Outcome,
        fleet::{
            self, Chosen,
            child::{Finished, Job},
            handed::Handed,
            surroundings::Surroundings,
        },
        runtime, save,
        signals::Signals,
    },
    config::fleet::Member,
    fleet::{Planned, PlannedStatus, Report, Row, Set, set_digest},
    plan::{Plan, digest, file},
    render::fleet::{FleetFormat, write},
};

/// Arguments of `fleet plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the plans go: a directory that is not there yet, or is empty
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
    /// Which tenants.
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// How many tenants are planned at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    parallel: u16,
    /// How long one tenant may take: 30m, 45s, 2h
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = super::duration)]
    tenant_timeout: Duration,
    /// Exit with 0 when there is nothing to change anywhere, 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    /// Write the set as JSON
    #[arg(long)]
    json: bool,
}

/// Plans every tenant; one that cannot be planned changes nothing for the others.
pub(super) fn run(args: &Args, context: &mut Context) -> Outcome {
    let found = fleet::load(&args.chosen.allow_files, context)?;
    let fleet = args.chosen.one(&found)?;
    let members = args.chosen.members(fleet)?;
    let out = empty(&args.out)?;
    let (planned, rows) = all(args, &members, &out, context)?;
    let (tenants, rows) = told_apart(planned, rows, &out);
    let set = Set {
        format_version: crate::fleet::FORMAT_VERSION.to_owned(),
        fleet: fleet.name.to_string(),
        created_at: context.env.now,
        as_of: context.instant(),
        digest: set_digest(&tenants),
        rings: fleet
            .rings
            .iter()
            .map(|(name, ring)| crate::fleet::Ring {
                name: name.to_string(),
                stop_after_failed: ring.stop_after_failed,
            })
            .collect(),
        tenants,
    };
    save::atomically(&out.join(crate::fleet::FILE), context, |out| {
        serde_json::to_writer_pretty(&mut *out, &set)?;
        writeln!(out)
    })?;
    if args.json {
        let out = context.out.data()?;
        serde_json::to_writer_pretty(&mut *out, &set).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        let report = Report::new(set.fleet.clone(), set.digest.clone(), rows);
        write(&report, FleetFormat::Text, &mut context.out)?;
    }
    Ok(exit(&set, args.detailed_exitcode))
}

fn exit(set: &Set, detailed: bool) -> Exit {
    if set.tenants.iter().any(|one| one.status == PlannedStatus::Error) {
        Exit::Error
    } else if set.tenants.iter().any(|one| one.refused > 0) {
        Exit::Refused
    } else if detailed && set.tenants.iter().any(|one| one.changes > 0) {
        Exit::Changes
    } else {
        Exit::Done
    }
}

/// The directory, made where it is not there.
fn empty(dir: &Path) -> Result<PathBuf, Failure> {
    let fail = |what: &str| Failure::new(format!("--out {}: {what}", dir.display()));
    match std::fs::read_dir(dir).map(|mut entries| entries.next().is_some()) {
        Ok(true) => {
            return Err(
                fail("the directory is not empty").hint("plans of two sets side by side would be taken for one")
            );
        }
        Ok(false) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            std::fs::create_dir_all(dir).map_err(|error| fail(&format!("cannot be made: {error}")))?;
        }
        Err(error) => return Err(fail(&format!("cannot be read: {error}"))),
    }
    std::path::absolute(dir).map_err(Failure::from)
}

fn all(
    args: &Args,
    members: &[&Member],
    out: &Path,
    context: &mut Context,
) -> Result<(Vec<Planned>, Vec<Row>), Failure> {
    let handed = Handed::of(&args.chosen.allow_files, context);
    let surroundings = Surroundings::new(members.iter().copied(), &context.env)?;
    let mut signals = Signals::new(context.leash.as_ref())?;
    let gate = Arc::new(Semaphore::new(usize::from(args.parallel)));
    // One plan in memory at a time, however many tenants there are.
    let reading = Arc::new(Mutex::new(()));
    runtime::online()?.block_on(async {
        let mut tasks = JoinSet::new();
        let mut found: Vec<Option<(Planned, Row)>> = members.iter().map(|_| None).collect();
        for (at, member) in members.iter().enumerate() {
            let mut planned = fleet::blank(member);
            let file = planned.file(out);
            let variables = match surroundings.of(member) {
                Ok(variables) => variables,
                Err(error) => {
                    planned.error = Some(error.clone());
                    let row = Row::broken(&planned, error);
                    found[at] = Some((planned, row));
                    continue;
                }
            };
            let arguments = arguments(&handed, &member.directory, &file);
            let job = Job { arguments, variables, timeout: args.tenant_timeout, listen: false };
            let (gate, reading) = (Arc::clone(&gate), Arc::clone(&reading));
            tasks.spawn(async move {
                let _place = gate.acquire_owned().await;
                let finished = job.run(&Stop::never()).await;
                let read = tokio::task::spawn_blocking(move || {
                    let _one = reading.lock().unwrap_or_else(PoisonError::into_inner);
                    judged(planned, &finished, &file)
                });
                (at, read.await)
            });
        }
        while let Some(ended) = fleet::next_of(&mut tasks, &mut signals).await? {
            let Ok((at, Ok((planned, row)))) = ended else {
                return Err(Failure::new("a plan was lost: this is a mistake in mfaplan itself"));
            };
            if let Some(error) = &planned.error {
                context.note(&format!("{}: {error}", planned.tenant))?;
            }
            found[at] = Some((planned, row));
        }
        Ok(found.into_iter().flatten().unzip())
    })
}

/// What a tenant's process is to do.
pub(super) fn arguments(handed: &Handed, directory: &Path, file: &Path) -> Vec<OsString> {
    let mut arguments = handed.arguments(directory, &["plan"]);
    arguments.extend(["--out".into(), file.into()]);
    arguments
}

/// What the process left: a plan, or the reason why there is none.
fn judged(mut planned: Planned, finished: &Finished, path: &Path) -> (Planned, Row) {
    planned.exit_code = finished.code;
    let read = match finished.code {
        Some(0 | 2 | 3) => file::read_path(path, digest::compute).map_err(|error| error.to_string()),
        _ => Err(finished.error.clone().unwrap_or_else(|| "it was ended".to_owned())),
    };
    match read {
        Ok(plan) => {
            let row = Row::planned(&planned, &plan);
            known(&mut planned, &plan);
            (planned, row)
        }
        Err(error) => {
            // What is half there is no plan, and must not be taken for one.
            let _ = std::fs::remove_file(path);
            planned.error = Some(error.clone());
            let row = Row::broken(&planned, error);
            (planned, row)
        }
    }
}

fn known(planned: &mut Planned, plan: &Plan) {
    planned.status = PlannedStatus::Planned;
    planned.tenant_id = Some(plan.tenant.id.to_string());
    planned.digest = Some(plan.digest.to_string());
    planned.refused = plan.refused.len() as u64;
    planned.changes = plan.changes.len() as u64;
}

/// Two directories of one tenant: neither is planned, as one approval would be two.
fn told_apart(planned: Vec<Planned>, rows: Vec<Row>, out: &Path) -> (Vec<Planned>, Vec<Row>) {
    let mut names: HashMap<String, Vec<String>> = HashMap::new();
    for one in &planned {
        if let Some(id) = &one.tenant_id {
            names.entry(id.clone()).or_default().push(one.tenant.clone());
        }
    }
    let judge = |(mut planned, row): (Planned, Row)| {
        let same = planned.tenant_id.as_ref().and_then(|id| names.get(id)).filter(|same| same.len() > 1);
        let Some(same) = same else { return (planned, row) };
        let id = planned.tenant_id.take().unwrap_or_default();
        let error = format!("{} are directories of one tenant, {id}", same.join(" and "));
        let _ = std::fs::remove_file(planned.file(out));
        planned.status = PlannedStatus::Error;
        planned.digest = None;
        planned.error = Some(error.clone());
        let row = Row::broken(&planned, error);
        (planned, row)
    };
    planned.into_iter().zip(rows).map(judge).unzip()
}
