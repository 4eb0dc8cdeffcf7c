//! A fleet that is told to stop, and one that is killed: its tenants' processes finish what they have sent, and end.

use std::{
    collections::BTreeSet,
    process::Child,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    binary::{Said, Sandbox, signal},
    support::fake_graph::{FakeFleet, FakeOptions, Fault},
    world::{runtime, set_digest, world},
};

const TENANTS: usize = 4;
const PEOPLE: usize = 40;

fn until(what: &str, reached: impl Fn() -> bool) {
    let latest = Instant::now() + Duration::from_secs(60);
    while !reached() {
        assert!(Instant::now() < latest, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Starts to apply, and returns once every tenant has been written to.
fn under_way(sandbox: &Sandbox, fake: &FakeFleet, digest: &str) -> Child {
    let mut command = sandbox.command(&["fleet", "apply", "plans", "--approve-set", digest, "--json"]);
    // In a group of its own: the signal is for this process alone, as a supervisor sends it.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let child = sandbox.spawn(&mut command);
    until("every tenant is begun", || (0..TENANTS).all(|at| !fake.tenant(at).writes().is_empty()));
    child
}

fn begun(latency: Duration) -> (Sandbox, FakeFleet, String, tokio::runtime::Runtime) {
    let runtime = runtime();
    let options = (0..TENANTS).map(|_| FakeOptions { latency, ..FakeOptions::default() }).collect();
    let (sandbox, fake) = world(options, PEOPLE, &runtime);
    sandbox.run(&["fleet", "plan", "--out", "plans"]).exits(0);
    let digest = set_digest(&sandbox, "plans");
    (sandbox, fake, digest, runtime)
}

/// The journal of the one run of each tenant.
fn journals(sandbox: &Sandbox) -> Vec<Vec<Value>> {
    let journal = |at: usize| {
        let dir = sandbox.path(&format!("tenants/t{at}/.mfaplan/runs"));
        let files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        let runs: Vec<_> = files.iter().filter(|path| path.extension().is_some_and(|one| one == "jsonl")).collect();
        assert_eq!(runs.len(), 1, "{files:?}");
        let text = std::fs::read_to_string(runs[0]).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    (0..TENANTS).map(journal).collect()
}

/// Every write stands in the journal with its result, and each run says how it ended. Whoever was announced and not yet sent to
/// when the stop came is told as not attempted, and so is whoever was only looked at.
fn accounted(sandbox: &Sandbox, fake: &FakeFleet) -> usize {
    let mut left = 0;
    for (at, journal) in journals(sandbox).iter().enumerate() {
        let users = |told: &dyn Fn(&Value) -> bool| -> BTreeSet<String> {
            journal.iter().filter(|line| told(line)).map(|line| line["user"].as_str().unwrap().to_owned()).collect()
        };
        let results = |result: &str| users(&|line| line["type"] == "result" && line["result"] == result);
        let (intents, done, not_attempted) =
            (users(&|line| line["type"] == "intent"), results("done"), results("not_attempted"));
        let sent: BTreeSet<String> = fake.tenant(at).writes().into_iter().map(|(user, _)| user).collect();
        assert_eq!(done, sent, "t{at}");
        assert!(done.is_disjoint(&not_attempted), "t{at}");
        assert!(intents.iter().all(|user| done.contains(user) || not_attempted.contains(user)), "t{at}: {intents:?}");
        assert!(done.is_subset(&intents), "t{at}");
        assert_eq!(users(&|line| line["type"] == "result").len(), done.len() + not_attempted.len(), "t{at}");
        let (last, written) = (journal.last().unwrap(), fake.tenant(at).writes().len());
        assert_eq!(written, sent.len(), "t{at}: each once");
        assert_eq!((&last["type"], &last["done"]), (&"end".into(), &written.into()), "t{at}: {last:#}");
        left += PEOPLE - written;
    }
    left
}

fn resumed(sandbox: &Sandbox, fake: &FakeFleet, digest: &str) {
    let args = ["fleet", "apply", "plans", "--approve-set", digest, "--json", "--resume"];
    assert_eq!(sandbox.run(&args).exits(0).json()["outcome"], "complete");
    for at in 0..TENANTS {
        let mut writes: Vec<String> = fake.tenant(at).writes().into_iter().map(|(user, _)| user).collect();
        writes.sort();
        writes.dedup();
        assert_eq!((writes.len(), fake.tenant(at).writes().len()), (PEOPLE, PEOPLE), "t{at}: each once");
    }
}

#[test]
fn sigterm_to_the_fleet_lets_every_tenant_finish_what_it_has_sent() {
    for name in ["TERM", "INT", "HUP"] {
        let (sandbox, fake, digest, _runtime) = begun(Duration::from_millis(120));
        let child = under_way(&sandbox, &fake, &digest);
        signal(&child, name);
        let said: Said = child.wait_with_output().unwrap().into();
        let result = said.exits(130).says("Stopping").json();
        assert_eq!(result["outcome"], "stopped", "{name}");
        // Whoever was done before the signal came is done; the others say that they were stopped.
        for one in result["tenants"].as_array().unwrap() {
            assert!(["incomplete", "done"].contains(&one["status"].as_str().unwrap()), "{name}: {one:#}");
            assert_eq!((&one["unknown"], &one["failed"]), (&0.into(), &0.into()), "{name}: {one:#}");
        }
        assert!(accounted(&sandbox, &fake) > 0, "{name} came too late");
        resumed(&sandbox, &fake, &digest);
    }
}

#[test]
fn the_tenants_of_a_fleet_that_is_killed_end_by_themselves() {
    let (sandbox, fake, digest, _runtime) = begun(Duration::from_millis(120));
    let mut child = under_way(&sandbox, &fake, &digest);
    signal(&child, "KILL");
    child.wait().unwrap();
    until("every tenant has ended its journal", || {
        journals(&sandbox).iter().all(|journal| journal.last().is_some_and(|line| line["type"] == "end"))
    });
    assert!(accounted(&sandbox, &fake) > 0, "the kill came too late");
    resumed(&sandbox, &fake, &digest);
}

/// Whoever only reads has nothing to finish.
#[test]
#[cfg(target_os = "linux")]
fn no_process_outlives_a_fleet_that_reads() {
    let (sandbox, fake, ..) = begun(Duration::ZERO);
    for at in 0..TENANTS {
        fake.tenant(at).fail_always("GET", "/users", Fault::Silent);
    }
    for args in [&["fleet", "plan", "--out", "again"][..], &["fleet", "verify"]] {
        let temporary = sandbox.path("temporary");
        std::fs::create_dir_all(&temporary).unwrap();
        let mut child = sandbox.spawn(sandbox.command(args).env("TMPDIR", &temporary));
        let children = |of: &Child| -> Vec<String> {
            let threads = std::fs::read_dir(format!("/proc/{}/task", of.id())).unwrap().filter_map(Result::ok);
            let lists = threads.filter_map(|one| std::fs::read_to_string(one.path().join("children")).ok());
            lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
        };
        until("every tenant is asked", || children(&child).len() == TENANTS);
        let processes = children(&child);
        let left = || std::fs::read_dir(&temporary).unwrap().count();
        assert_eq!(left(), 1, "what the application may ask, for all of them");
        signal(&child, "TERM");
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert_eq!(left(), 0, "and nothing of it after the end");
        let lives = |id: &String| {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
        };
        until("every process has ended", || !processes.iter().any(lives));
    }
}
