//! Many tenants, each by a process of this program of its own: tokens cannot mix, and what goes wrong with one is one
//! tenant's trouble.

pub(super) mod changed;
pub(super) mod child;
pub(super) mod handed;
pub(super) mod surroundings;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::Semaphore,
    task::{JoinError, JoinSet},
};

use crate::{
    apply::Stop,
    config::fleet::{self, Fleet, FleetFile, Member},
    fleet::Planned,
};

use self::{
    child::{Finished, Job},
    handed::Handed,
    surroundings::Surroundings,
};
use super::{Context, Exit, Failure, load::DIRECTORY, runtime, signals::Signals};

/// Which tenants of which fleet.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Chosen {
    /// The fleet, where the directory has several
    #[arg(long, value_name = "FLEET")]
    pub fleet: Option<String>,
    /// Only this tenant; may be repeated
    #[arg(long = "tenant", value_name = "TENANT")]
    pub tenants: Vec<String>,
    /// Only the tenants of this ring; may be repeated
    #[arg(long = "ring", value_name = "RING")]
    pub rings: Vec<String>,
    /// Let expressions read files of this directory too, besides those of the git work tree
    #[arg(long = "allow-files", value_name = "DIR")]
    pub allow_files: Vec<PathBuf>,
}

/// Loads the fleets of the directory, and shows their warnings.
pub(super) fn load(allow_files: &[PathBuf], context: &mut Context) -> Result<FleetFile, Failure> {
    let instant: Timestamp = context.instant();
    match fleet::load(Path::new(DIRECTORY), allow_files, instant) {
        Ok(file) => {
            context.inputs.add_sources(Path::new(DIRECTORY), &file.sources);
            if !file.warnings.is_empty() && !context.global.quiet {
                super::commands::validate::show(&file.warnings, &file.sources, context)?;
            }
            Ok(file)
        }
        Err(failure) => {
            let crate::config::LoadFailure { sources, diagnostics } = *failure;
            Err(Failure::Diagnostics { diagnostics, sources })
        }
    }
}

impl Chosen {
    /// The one fleet that is meant.
    pub(super) fn one<'f>(&self, file: &'f FleetFile) -> Result<&'f Fleet, Failure> {
        match (self.fleets(file)?.as_slice(), &self.fleet) {
            ([one], _) => Ok(one),
            (several, _) => {
                let names: Vec<&str> = several.iter().map(|one| one.name.as_str()).collect();
                Err(Failure::new(format!("which fleet? There are {}", names.join(", "))).hint("name one by `--fleet`"))
            }
        }
    }

    /// The fleets that are meant.
    pub(super) fn fleets<'f>(&self, file: &'f FleetFile) -> Result<Vec<&'f Fleet>, Failure> {
        let Some(name) = &self.fleet else { return Ok(file.fleets.iter().collect()) };
        let found: Vec<&Fleet> = file.fleets.iter().filter(|one| *one.name == **name).collect();
        if found.is_empty() {
            let names = file.fleets.iter().map(|one| one.name.as_str());
            return Err(unknown("--fleet", name, "fleet", names));
        }
        Ok(found)
    }

    /// Its tenants that are meant, by ring and then name.
    pub(super) fn members<'f>(&self, fleet: &'f Fleet) -> Result<Vec<&'f Member>, Failure> {
        for name in &self.tenants {
            if !fleet.tenants.iter().any(|one| *one.name == **name) {
                return Err(unknown("--tenant", name, "tenant", fleet.tenants.iter().map(|one| one.name.as_str())));
            }
        }
        for name in &self.rings {
            if !fleet.rings.contains_key(name.as_str()) {
                return Err(unknown("--ring", name, "ring", fleet.rings.keys().map(|one| one.as_str())));
            }
        }
        let wanted = |one: &&Member| {
            let named = self.tenants.is_empty() || self.tenants.iter().any(|name| *one.name == **name);
            let ringed = self.rings.is_empty()
                || one.ring.as_ref().is_some_and(|ring| self.rings.iter().any(|name| **ring == **name));
            named && ringed
        };
        let mut members: Vec<&Member> = fleet.tenants.iter().filter(wanted).collect();
        let place = |one: &Member| {
            let ring = one.ring.as_ref().and_then(|ring| fleet.rings.get_index_of(ring));
            ring.unwrap_or(usize::MAX)
        };
        members.sort_by(|a, b| (place(a), &a.name).cmp(&(place(b), &b.name)));
        Ok(members)
    }
}

fn unknown<'n>(flag: &str, name: &str, what: &str, names: impl Iterator<Item = &'n str>) -> Failure {
    let failure = Failure::new(format!("{flag} {name}: there is no such {what}"));
    match crate::diag::did_you_mean(name, names) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The next of these tasks that ends; `None` after the last.
///
/// # Errors
/// When a signal came first. Then all tasks have ended, and with them the processes they wait for.
pub(super) async fn next_of<T: 'static>(
    tasks: &mut JoinSet<T>,
    signals: &mut Signals,
) -> Result<Option<Result<T, JoinError>>, Failure> {
    tokio::select! {
        ended = tasks.join_next() => Ok(ended),
        () = signals.next() => {
            tasks.shutdown().await;
            Err(Failure::new("stopped").exit(Exit::Stopped))
        }
    }
}

/// Runs a command for each of these tenants, so many at a time, and listens to it. In the order of the tenants, what
/// `judged` makes of each; what a process has said is not kept beyond that.
pub(super) fn heard<T: Send + 'static>(
    members: &[&Member],
    command: &[&str],
    handed: &Handed,
    (parallel, timeout): (u16, Duration),
    judged: fn(Planned, Finished) -> T,
    context: &Context,
) -> Result<Vec<T>, Failure> {
    let gate = Arc::new(Semaphore::new(usize::from(parallel)));
    let surroundings = Surroundings::new(members.iter().copied(), &context.env)?;
    let mut signals = Signals::new(context.leash.as_ref())?;
    let mut found: Vec<Option<T>> = members.iter().map(|_| None).collect();
    runtime::online()?.block_on(async {
        let mut tasks = JoinSet::new();
        for (at, member) in members.iter().enumerate() {
            let blank = blank(member);
            let variables = match surroundings.of(member) {
                Ok(variables) => variables,
                Err(error) => {
                    found[at] = Some(judged(blank, Finished { error: Some(error), ..Finished::default() }));
                    continue;
                }
            };
            let arguments = handed.arguments(&member.directory, command);
            let job = Job { arguments, variables, timeout, listen: true };
            let gate = Arc::clone(&gate);
            tasks.spawn(async move {
                let _place = gate.acquire_owned().await;
                (at, judged(blank, job.run(&Stop::never()).await))
            });
        }
        while let Some(ended) = next_of(&mut tasks, &mut signals).await? {
            let (at, one) = ended.map_err(|error| Failure::new(error.to_string()))?;
            found[at] = Some(one);
        }
        Ok::<(), Failure>(())
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// A tenant of which nothing is known yet.
pub(super) fn blank(member: &Member) -> Planned {
    Planned {
        tenant: member.name.to_string(),
        tenant_id: None,
        ring: member.ring.as_ref().map(ToString::to_string),
        directory: member.directory.display().to_string(),
        status: crate::fleet::PlannedStatus::Error,
        digest: None,
        refused: 0,
        changes: 0,
        exit_code: None,
        error: None,
    }
}
