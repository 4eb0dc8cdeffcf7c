//! `mfaplan fleet apply`

use std::{
    collections::{HashMap, VecDeque},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::{
    apply::{Approval, Stop, Urgency, report::RunEnd},
    cli::{
        Context, Exit, Failure, Outcome, applying,
        events::Log,
        fleet::{
            self,
            child::{Finished, Job},
            handed::Handed,
            surroundings::Surroundings,
        },
        load::DIRECTORY,
        runtime,
        signals::Signals,
    },
    config::fleet::Member,
    escape,
    fleet::{Applied, FleetJournal, Line, Planned, PlannedStatus, Set, Status, digest},
};

/// Arguments of `fleet apply`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The plans, as `fleet plan --out` left them
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The set digest of exactly these plans, whole or at least 32 digits of it
    #[arg(long, value_name = "DIGEST")]
    approve_set: String,
    /// How many tenants are applied at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallel: u16,
    /// How long one tenant may take: 30m, 45s, 2h
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = super::duration)]
    tenant_timeout: Duration,
    /// Finish the last run of this set: what is done stays done
    #[arg(long)]
    resume: bool,
    /// Let expressions read files of this directory too, besides those of the git work tree
    #[arg(long = "allow-files", value_name = "DIR")]
    pub(super) allow_files: Vec<PathBuf>,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
    /// Write events, one JSON object a line, to this file (- for standard output)
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

/// The result.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Told<'a> {
    /// The set digest.
    digest: &'a str,
    /// What became of each tenant, in the order of rings, then names.
    tenants: &'a [Applied],
    /// How the run ended over all of them.
    outcome: RunEnd,
}

/// Applies a set, ring by ring. What goes wrong with one tenant changes nothing for the others.
pub(super) fn run(args: &Args, context: &mut Context) -> Outcome {
    let events = Log::open_fleet(args.events.as_deref(), context)?;
    let outcome = perform(args, &events, context);
    events.close(&outcome)?;
    outcome
}

fn perform(args: &Args, events: &Log, context: &mut Context) -> Outcome {
    let set = Set::read(&args.dir).map_err(|error| Failure::new(error.to_string()))?;
    Approval::by_digest(&args.approve_set, &digest(&set.tenants), context.env.now)
        .map_err(|error| Failure::new(format!("--approve-set: {error}")).hint("nothing was written to any tenant"))?;
    let found = fleet::load(&args.allow_files, context)?;
    let lock = applying::lock("fleet apply", context)?;
    let members: HashMap<&str, &Member> = found
        .fleets
        .iter()
        .filter(|one| *one.name == *set.fleet)
        .flat_map(|one| &one.tenants)
        .map(|one| (one.name.as_str(), one))
        .collect();
    let (mut journal, before) = journal(args, &set, context)?;
    let before: HashMap<String, Applied> = before.into_iter().map(|one| (one.tenant.clone(), one)).collect();
    events.begin()?;
    let (handle, stop) = crate::apply::stop();
    let mut signals = Signals::new(context.leash.as_ref())?;
    let watcher = runtime::online()?.spawn(async move {
        loop {
            signals.next().await;
            let _ = handle.signal();
            crate::cli::terminal::say(
                "\nStopping: no other tenant begins, and those under way finish what they have sent; once more to stop at once.",
            );
        }
    });
    let surroundings = Surroundings::new(members.values().copied(), &context.env)?;
    let handed = Handed::of(&args.allow_files, context);
    let work = Work {
        args,
        handed: &handed,
        set: &set,
        members: &members,
        before: &before,
        surroundings: &surroundings,
        stop: &stop,
    };
    let ended = work.all(&mut journal, events, context);
    watcher.abort();
    drop(lock);
    let applied = ended?;
    let stopped = stop.urgency() > Urgency::Go;
    let exit = exit(&applied, stopped);
    tell(args, &set, &applied, exit, context)?;
    Ok(exit)
}

/// The journal of this run, and how tenants ended in it before.
fn journal(args: &Args, set: &Set, context: &mut Context) -> Result<(FleetJournal, Vec<Applied>), Failure> {
    let dir = Path::new(DIRECTORY);
    let fail = |error: std::io::Error| Failure::new(format!("the fleet's journal cannot be opened: {error}"));
    if args.resume {
        let crate::fleet::Opened { run, ended, mut journal } = FleetJournal::resume(dir, &set.digest).map_err(fail)?;
        context.note(&format!("Going on with {run}"))?;
        journal.write(&Line::Resume { timestamp: context.env.now }).map_err(fail)?;
        return Ok((journal, ended));
    }
    let now = Timestamp::now();
    let short: String = set.digest.trim_start_matches("sha256:").chars().take(8).collect();
    let run = format!("{}Z-{short}", now.strftime("%Y%m%dT%H%M%S%3f"));
    let first = Line::Run {
        timestamp: now,
        run: run.clone(),
        digest: set.digest.clone(),
        tenants: set.tenants.iter().map(|one| one.tenant.clone()).collect(),
    };
    Ok((FleetJournal::create(dir, &run, &first).map_err(fail)?, Vec::new()))
}

struct Work<'w> {
    args: &'w Args,
    set: &'w Set,
    members: &'w HashMap<&'w str, &'w Member>,
    before: &'w HashMap<String, Applied>,
    handed: &'w Handed,
    surroundings: &'w Surroundings,
    stop: &'w Stop,
}

impl Work<'_> {
    /// Ring by ring, in the order of the set.
    fn all(&self, journal: &mut FleetJournal, events: &Log, context: &mut Context) -> Result<Vec<Applied>, Failure> {
        let mut ended: HashMap<String, Applied> = HashMap::new();
        let rings = self.set.rings.iter().map(|ring| Some(ring.name.as_str())).chain([None]);
        let mut halted = false;
        for ring in rings {
            let stop = self.set.rings.iter().find(|one| Some(one.name.as_str()) == ring);
            let stop = stop.and_then(|one| one.stop_after_failed);
            let of_ring = |one: &&Planned| {
                let known = one.ring.as_deref().filter(|name| self.set.rings.iter().any(|ring| ring.name == *name));
                known == ring
            };
            let queue: VecDeque<&Planned> = self.set.tenants.iter().filter(of_ring).collect();
            halted |= self.ring(queue, stop, halted, &mut ended, journal, events, context)?;
        }
        Ok(self.set.tenants.iter().filter_map(|one| ended.remove(&one.tenant)).collect())
    }

    /// One ring. Says whether no other may begin after it.
    #[expect(clippy::too_many_arguments, reason = "a ring's queue and rule, and the three places its news goes to")]
    fn ring(
        &self,
        mut queue: VecDeque<&Planned>,
        stop: Option<u32>,
        halted: bool,
        ended: &mut HashMap<String, Applied>,
        journal: &mut FleetJournal,
        events: &Log,
        context: &mut Context,
    ) -> Result<bool, Failure> {
        let mut failed = 0;
        let mut halted = halted;
        runtime::online()?.block_on(async {
            let mut tasks: JoinSet<Applied> = JoinSet::new();
            loop {
                halted |= self.stop.urgency() > Urgency::Go || stop.is_some_and(|bound| failed >= bound);
                while !halted && tasks.len() < usize::from(self.args.parallel) {
                    let Some(one) = queue.pop_front() else { break };
                    match self.job(one) {
                        Begun::Ended(applied) => {
                            failed += u32::from(applied.status.failed());
                            self.end(*applied, ended, journal, events, context)?;
                            halted |= stop.is_some_and(|bound| failed >= bound);
                        }
                        Begun::Jobs(jobs) => {
                            let begin = Line::Begin { timestamp: Timestamp::now(), tenant: one.tenant.clone() };
                            journal.write(&begin)?;
                            let of = one.clone();
                            let stop = self.stop.clone();
                            tasks.spawn(async move { jobs.run(&of, &stop).await });
                        }
                    }
                }
                let Some(done) = tasks.join_next().await else { break };
                let applied = done.map_err(|error| Failure::new(error.to_string()))?;
                failed += u32::from(applied.status.failed());
                self.end(applied, ended, journal, events, context)?;
            }
            for one in queue {
                let status = match one.status {
                    PlannedStatus::Planned => Status::NotAttempted,
                    PlannedStatus::Error => Status::NotPlanned,
                };
                // What was done in an earlier session is done.
                let known = self.before.get(&one.tenant).filter(|before| before.status == Status::Done).cloned();
                ended.insert(one.tenant.clone(), known.unwrap_or_else(|| Applied::new(one, status)));
            }
            Ok::<(), Failure>(())
        })?;
        Ok(halted)
    }

    fn end(
        &self,
        applied: Applied,
        ended: &mut HashMap<String, Applied>,
        journal: &mut FleetJournal,
        events: &Log,
        context: &mut Context,
    ) -> Result<(), Failure> {
        let again = self.before.get(&applied.tenant) == Some(&applied);
        if applied.status != Status::NotPlanned && !again {
            journal.write(&Line::End { timestamp: Timestamp::now(), result: applied.clone() })?;
        }
        events.tenant(&applied);
        // The journal is the record; a closed standard error ends no run.
        let _ = context.note(&line(&applied));
        ended.insert(applied.tenant.clone(), applied);
        Ok(())
    }

    fn job(&self, one: &Planned) -> Begun {
        let fail = |error: String| {
            let applied = Applied { error: Some(error), ..Applied::new(one, Status::Error) };
            Begun::Ended(Box::new(applied))
        };
        if one.status == PlannedStatus::Error {
            return Begun::Ended(Box::new(Applied {
                error: one.error.clone(),
                ..Applied::new(one, Status::NotPlanned)
            }));
        }
        if let Some(done) = self.before.get(&one.tenant).filter(|before| before.status == Status::Done) {
            return Begun::Ended(Box::new(done.clone()));
        }
        let Some(member) = self.members.get(one.tenant.as_str()) else {
            return fail("the fleet has no such tenant any more: plan again".to_owned());
        };
        if member.directory != Path::new(&one.directory) {
            return fail("the fleet names another directory than the plan was made in: plan again".to_owned());
        }
        let Some(digest) = one.digest.clone() else { return fail("it has no digest".to_owned()) };
        let variables = match self.surroundings.of(member) {
            Ok(variables) => variables,
            Err(error) => return fail(error),
        };
        let file = std::path::absolute(one.file(&self.args.dir)).unwrap_or_else(|_| one.file(&self.args.dir));
        let job = |command: &[&str]| {
            let arguments = self.handed.arguments(&member.directory, command);
            Job { arguments, variables: variables.clone(), timeout: self.args.tenant_timeout, listen: true }
        };
        let resume = job(&applied(&digest));
        let mut fresh = resume.clone();
        fresh.arguments.push(file.into());
        let history = self.args.resume.then(|| job(&HISTORY));
        Begun::Jobs(Box::new(Jobs { fresh, history, resume, digest }))
    }
}

/// What a tenant's process is to do, with a plan or a run.
pub(super) const fn applied(digest: &str) -> [&str; 4] {
    ["apply", "--approve", digest, "--json"]
}

/// What it is asked before it resumes.
pub(super) const HISTORY: [&str; 2] = ["history", "--json"];

enum Begun {
    /// There is nothing to run.
    Ended(Box<Applied>),
    /// This is to be run.
    Jobs(Box<Jobs>),
}

/// What finishes one tenant.
struct Jobs {
    fresh: Job,
    /// Where the fleet's run is resumed: which runs its own journal knows.
    history: Option<Job>,
    /// With the run that is resumed.
    resume: Job,
    digest: String,
}

impl Jobs {
    async fn run(self, of: &Planned, stop: &Stop) -> Applied {
        let Self { fresh, history, mut resume, digest } = self;
        let Some(history) = history else { return judged(of, &fresh.run(stop).await) };
        let known = history.run(stop).await;
        let runs: Vec<serde_json::Value> = serde_json::from_slice(&known.out).unwrap_or_default();
        if known.code != Some(0) {
            return judged(of, &known);
        }
        let text = |run: &serde_json::Value, name: &str| run.get(name).and_then(|it| it.as_str()).map(str::to_owned);
        let ours = |run: &&serde_json::Value| {
            text(run, "digest").as_deref() == Some(&digest) && text(run, "command").as_deref() != Some("rollback")
        };
        // The journal of the tenant says what was written, and to whom: it is what resuming goes by.
        let mut runs: Vec<&serde_json::Value> = runs.iter().filter(ours).collect();
        runs.sort_by_key(|run| text(run, "run"));
        match runs.last().and_then(|run| text(run, "run")) {
            Some(run) => {
                resume.arguments.extend(["--resume".into(), run.into()]);
                judged(of, &resume.run(stop).await)
            }
            None => judged(of, &fresh.run(stop).await),
        }
    }
}

fn judged(of: &Planned, finished: &Finished) -> Applied {
    let status = match finished.code {
        Some(0) => Status::Done,
        Some(4 | 130) => Status::Incomplete,
        Some(3) => Status::Refused,
        _ => Status::Error,
    };
    let document: serde_json::Value = serde_json::from_slice(&finished.out).unwrap_or_default();
    let count = |name: &str| document["counts"][name].as_u64().unwrap_or(0);
    Applied {
        run: document["run"].as_str().map(str::to_owned),
        done: count("done"),
        failed: count("failed"),
        stale: count("stale"),
        unknown: count("unknown"),
        not_attempted: count("not_attempted"),
        exit_code: finished.code,
        error: finished.error.clone().filter(|_| matches!(status, Status::Error | Status::Refused)),
        ..Applied::new(of, status)
    }
}

fn exit(applied: &[Applied], stopped: bool) -> Exit {
    let count = |wanted: fn(&Applied) -> bool| applied.iter().filter(|one| wanted(one)).count();
    let begun = count(|one| !matches!(one.status, Status::NotAttempted | Status::NotPlanned));
    let done = count(|one| one.status == Status::Done);
    let refused = count(|one| one.status == Status::Refused);
    match () {
        () if stopped && done < applied.len() => Exit::Stopped,
        () if done == applied.len() => Exit::Done,
        () if begun == 0 => Exit::Error,
        () if done == 0 && refused == begun => Exit::Refused,
        () => Exit::Incomplete,
    }
}

fn line(one: &Applied) -> String {
    let mut text = format!("{}: {}", one.tenant, one.status.as_str().replace('_', " "));
    let parts: Vec<String> = [
        (one.done, "done"),
        (one.failed, "failed"),
        (one.stale, "stale"),
        (one.unknown, "unknown"),
        (one.not_attempted, "not attempted"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    if !parts.is_empty() {
        text.push_str(&format!(" ({})", parts.join(", ")));
    }
    if let Some(error) = &one.error {
        text.push_str(&format!(": {error}"));
    }
    text
}

fn tell(args: &Args, set: &Set, applied: &[Applied], exit: Exit, context: &mut Context) -> Result<(), Failure> {
    let outcome = match exit {
        Exit::Done | Exit::Changes => RunEnd::Complete,
        Exit::Error => RunEnd::Error,
        Exit::Refused => RunEnd::Refused,
        Exit::Incomplete => RunEnd::Incomplete,
        Exit::Stopped => RunEnd::Stopped,
    };
    if args.json {
        let out = context.out.data()?;
        let result = Told { digest: &set.digest, tenants: applied, outcome };
        serde_json::to_writer_pretty(&mut *out, &result).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        for one in applied {
            writeln!(context.out, "{}", escape::text(&line(one)))?;
        }
    }
    if matches!(exit, Exit::Incomplete | Exit::Stopped) {
        let hint = format!(
            "`mfaplan fleet apply {} --approve-set {} --resume` goes on with what is not done",
            args.dir.display(),
            set.digest
        );
        let _ = context.note(&hint);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Told;
    use crate::{fleet::FORMAT_VERSION, schema};

    #[test]
    fn the_result_has_a_schema() {
        schema::check("fleet-apply", "mfaplan fleet apply --json", FORMAT_VERSION, schema::of::<Told<'_>>());
    }
}
