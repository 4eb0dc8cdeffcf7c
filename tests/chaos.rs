//! Kills and faults, at the height of the process: whatever happens to an apply, nobody is written that the plan does
//! not name, the journal knows of every write, a resumption ends exactly at the plan, and a rollback at the start.
//!
//! `MFAPLAN_CHAOS_SEEDS=1000 cargo test --test chaos` runs a thousand seeds; without it 50 run.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

#[path = "support/binary.rs"]
mod binary;
#[path = "support/generator/mod.rs"]
mod generator;
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::{Child, Command},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use binary::{Said, Sandbox, States};
use support::fake_graph::{FakeGraph, FakeOptions, Faults};

const AS_OF: &str = "2026-11-24";

/// How many seeds, divided by what one of this kind costs.
fn seeds(divided_by: u64) -> u64 {
    let all = std::env::var("MFAPLAN_CHAOS_SEEDS").map_or(50, |text| text.parse().expect("MFAPLAN_CHAOS_SEEDS"));
    (all / divided_by).max(1)
}

/// SplitMix64: the same seed, the same moments to kill at.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn configuration(tenant: &str, snapshot: bool) -> String {
    let snapshot = if snapshot { "\n  snapshot = \"tenant.json\"" } else { "" };
    format!(
        r#"tenant "contoso" {{
  id = "{tenant}"{snapshot}
}}

mfa "offices" {{
  state = "enforced"
  where = user.kind == "person" && user.registered
}}

mfa "newcomers" {{
  state = "enabled"
  where = user.kind == "person" && user.registered == false
}}

mfa "guests" {{
  state    = "disabled"
  priority = 1
  where    = user.user_type == "Guest"
}}

break_glass "emergency" {{
  where  = strcontains(user.display_name, "Emergency")
  reason = "Emergency access"
}}

guardrails {{
  canary = 3
}}
"#
    )
}

/// The service promotes who has registered from enabled to enforced at once, so that state cannot be rolled back to.
fn settled(snapshot: &str) -> String {
    let state = |state: &str| format!("\"perUserMfaState\":\"{state}\",\"isMfaRegistered\":true");
    snapshot.replace(&state("enabled"), &state("enforced"))
}

/// A generated tenant of 60 to 200 users, and what its configuration wants of it.
struct Case {
    sandbox: Sandbox,
    original: String,
    tenant: String,
}

impl Case {
    fn new(seed: u64, random: &mut Random, snapshot: bool) -> Self {
        let users = 60 + random.below(141) as usize;
        let options = generator::Options { users, seed: seed + 1, sign_ins: false, ..Default::default() };
        let original = settled(&generator::generate(options).json);
        let value: serde_json::Value = serde_json::from_str(&original).unwrap();
        let tenant = value["tenant"]["id"].as_str().unwrap().to_owned();
        let sandbox = Sandbox::new();
        sandbox.write("main.mfa.hcl", &configuration(&tenant, snapshot));
        if snapshot {
            sandbox.write("tenant.json", &original);
        }
        Self { sandbox, original, tenant }
    }

    /// Starts the command and kills it, at a random instant or when its journal has grown to a random length.
    fn kill(&self, args: &[&str], lines: u64, random: &mut Random) -> bool {
        let mut child = self.sandbox.spawn(&mut self.sandbox.command(args));
        if random.below(3) == 0 {
            thread::sleep(Duration::from_micros(random.below(90_000)));
        } else {
            let wanted = random.below(lines + 2);
            while self.journal_lines() < wanted && child.try_wait().unwrap().is_none() {
                thread::sleep(Duration::from_micros(50 + random.below(250)));
            }
            thread::sleep(Duration::from_micros(random.below(600)));
        }
        let killed = child.try_wait().unwrap().is_none();
        let _ = child.kill();
        child.wait().unwrap();
        killed
    }

    fn journal_lines(&self) -> u64 {
        self.sandbox.runs().last().map_or(0, |run| {
            let path = self.sandbox.path(&format!(".mfaplan/runs/{run}.jsonl"));
            fs::read(path).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count() as u64)
        })
    }

    /// Nobody is written whom the plan does not name or the journal does not know.
    fn assert_within(&self, before: &States, now: &States, writes: &Writes, seed: u64) {
        let intents = self.intents();
        for (user, state) in now {
            let was = &before[user];
            if state != was {
                let (_, effective) = writes.get(user).unwrap_or_else(|| panic!("seed {seed}: {user} is not planned"));
                assert_eq!(state, effective, "seed {seed}: {user} has a state that is not planned");
                assert!(intents.contains(user), "seed {seed}: {user} was written and the journal does not know");
            }
        }
    }

    /// Users of whom a run's journal announces a write.
    fn intents(&self) -> BTreeSet<String> {
        let runs = self.sandbox.runs();
        let lines = runs.iter().flat_map(|run| self.sandbox.journal(run));
        lines.filter(|line| line["type"] == "intent").map(|line| line["user"].as_str().unwrap().to_owned()).collect()
    }

    /// The run to go on with; a run that was killed before its first line was written has changed nothing.
    fn open_run(&self) -> Option<String> {
        self.sandbox.runs().into_iter().rfind(|run| !self.sandbox.journal(run).is_empty())
    }
}

type Writes = BTreeMap<String, (String, String)>;

/// In parallel, as far as the machine has cores; the first violation ends the test.
fn each_seed(count: u64, one: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from).min(8) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= count {
                        return;
                    }
                    one(seed);
                }
            });
        }
    });
}

#[test]
fn a_killed_apply_can_always_go_forward_and_back() {
    let (hit, resumed, half_done) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let count = seeds(1);
    let started = Instant::now();
    each_seed(count, |seed| {
        let mut random = Random(seed);
        let case = Case::new(seed, &mut random, true);
        let sandbox = &case.sandbox;
        let before = sandbox.states();
        let plan = sandbox.plan(&["--as-of", AS_OF]);
        let (digest, writes) = (binary::digits(&plan), binary::writes(&plan));
        assert!(writes.len() > 20, "seed {seed}: a plan of {} writes tests little", writes.len());
        if seed % 8 == 0 {
            sandbox.run(&["apply", "--as-of", AS_OF]).exits(1);
            assert_eq!(sandbox.read("tenant.json"), case.original, "seed {seed}: written without an approval");
        }

        // An intent and one or two results for each of the users, and the head.
        let lines = writes.len() as u64 * 3 + 1;
        let killed = case.kill(&["apply", "--as-of", AS_OF, "--approve", &digest], lines, &mut random);
        hit.fetch_add(u64::from(killed), Ordering::Relaxed);
        let left = sandbox.states();
        half_done.fetch_add(u64::from(left != before && left != binary::planned(&before, &writes)), Ordering::Relaxed);
        case.assert_within(&before, &left, &writes, seed);

        let Some(run) = case.open_run() else {
            assert_eq!(sandbox.read("tenant.json"), case.original, "seed {seed}: written without a journal");
            return;
        };
        let resume = ["apply", "--as-of", AS_OF, "--resume", &run, "--approve", &digest];
        for _ in 0..random.below(3) {
            resumed.fetch_add(u64::from(case.kill(&resume, lines, &mut random)), Ordering::Relaxed);
            case.assert_within(&before, &sandbox.states(), &writes, seed);
        }
        sandbox.run(&resume).exits(0);
        assert_eq!(sandbox.states(), binary::planned(&before, &writes), "seed {seed}: a resumption ends at the plan");
        let (tenant, journal) = (sandbox.read("tenant.json"), sandbox.journal(&run).len());
        sandbox.run(&resume).exits(0);
        assert_eq!((sandbox.read("tenant.json"), sandbox.journal(&run).len()), (tenant, journal), "seed {seed}");

        sandbox.run(&["rollback", &run, "--as-of", AS_OF, "--auto-approve"]).exits(0);
        assert_eq!(sandbox.read("tenant.json"), case.original, "seed {seed}: a rollback ends at the start");
    });
    eprintln!(
        "{count} seeds in {:.0} s: {hit:?} applies killed, {half_done:?} of them half done, {resumed:?} resumptions killed; no violation",
        started.elapsed().as_secs_f64()
    );
}

#[test]
fn a_killed_rollback_can_be_finished_too() {
    each_seed(seeds(10), |seed| {
        let mut random = Random(!seed);
        let case = Case::new(seed, &mut random, true);
        let sandbox = &case.sandbox;
        sandbox.run(&["apply", "--as-of", AS_OF, "--auto-approve"]).exits(0);
        let run = sandbox.run_id();
        case.kill(&["rollback", &run, "--as-of", AS_OF, "--auto-approve"], 100, &mut random);
        let back = case.open_run().filter(|open| *open != run);
        match back {
            Some(back) => sandbox.run(&["apply", "--resume", &back, "--auto-approve"]).exits(0),
            None => sandbox.run(&["rollback", &run, "--as-of", AS_OF, "--auto-approve"]).exits(0),
        };
        assert_eq!(sandbox.read("tenant.json"), case.original, "seed {seed}");
    });
}

/// The binary against the fake Graph.
fn signed_in(case: &mut Case, fake: &FakeGraph) {
    let tenant = case.tenant.clone();
    for (name, value) in [
        ("MFAPLAN_GRAPH_ENDPOINT", fake.origin()),
        ("MFAPLAN_LOGIN_ENDPOINT", fake.origin()),
        ("AZURE_TENANT_ID", tenant),
        ("AZURE_CLIENT_ID", "app".to_owned()),
        ("AZURE_CLIENT_SECRET", "any".to_owned()),
    ] {
        case.sandbox.set(name, &value);
    }
}

fn states_of(fake: &FakeGraph) -> States {
    fake.states().into_iter().map(|(id, state)| (id, state.unwrap_or_else(|| "unknown".to_owned()))).collect()
}

#[test]
fn kills_and_faults_of_graph_leave_every_promise_standing() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for seed in 0..seeds(5) {
        let mut random = Random(seed ^ 0x6e65_7477);
        let mut case = Case::new(seed, &mut random, false);
        let options = FakeOptions {
            faults: Faults::mixed(seed, [0.0, 0.03, 0.08][random.below(3) as usize]),
            latency: Duration::from_millis(random.below(4)),
            ..FakeOptions::default()
        };
        let fake = runtime.block_on(FakeGraph::start(&case.original, options));
        signed_in(&mut case, &fake);
        let sandbox = &case.sandbox;
        let before = states_of(&fake);
        let plan = sandbox.plan(&[]);
        let (digest, writes) = (binary::digits(&plan), binary::writes(&plan));
        assert!(fake.writes().is_empty(), "seed {seed}: a plan writes nothing");

        case.kill(&["apply", "--approve", &digest], writes.len() as u64 * 3, &mut random);
        // What the service asked a process to wait for died with it: the next one was asked for nothing yet, and asks once.
        fake.another_run();
        case.assert_within(&before, &states_of(&fake), &writes, seed);
        let Some(run) = case.open_run() else {
            assert!(fake.writes().is_empty(), "seed {seed}: written without a journal");
            continue;
        };
        // Faults may use up the patience of one run: each further one gets nearer.
        let mut last = None;
        for _ in 0..6 {
            fake.another_run();
            let said = sandbox.run(&["apply", "--resume", &run, "--approve", &digest]);
            let code = said.code;
            last = Some(said);
            if code == Some(0) {
                break;
            }
        }
        last.unwrap().exits(0);
        let named: BTreeSet<String> = fake.writes().into_iter().map(|(id, _)| id).collect();
        assert!(named.iter().all(|id| writes.contains_key(id)), "seed {seed}: a write outside of the plan");
        assert!(named.is_subset(&case.intents()), "seed {seed}: the journal knows of every write");
        assert_eq!(states_of(&fake), binary::planned(&before, &writes), "seed {seed}");
        assert_eq!(fake.problems(), Vec::<String>::new(), "seed {seed}");

        fake.another_run();
        let mut back = sandbox.run(&["rollback", &run, "--auto-approve"]);
        for _ in 0..6 {
            if back.code == Some(0) {
                break;
            }
            let way_back = case.open_run().unwrap();
            fake.another_run();
            back = sandbox.run(&["apply", "--resume", &way_back, "--auto-approve"]);
        }
        back.exits(0);
        assert_eq!(states_of(&fake), before, "seed {seed}: a rollback ends at the start");
    }
}

#[test]
fn a_full_disk_stops_an_apply_and_spoils_nothing() {
    let full = Sandbox::new();
    let mounted = |size: u64| {
        let options = format!("size={size}k");
        let args = ["-t", "tmpfs", "-o", options.as_str(), "tmpfs"];
        fs::create_dir_all(full.path("disk")).unwrap();
        Command::new("mount").args(args).arg(full.path("disk")).output().is_ok_and(|output| output.status.success())
    };
    for seed in 0..seeds(10) {
        let mut random = Random(seed ^ 0xd15c);
        let case = Case::new(seed, &mut random, true);
        let sandbox = &case.sandbox;
        let before = sandbox.states();
        let plan = sandbox.plan(&["--as-of", AS_OF]);
        let (digest, writes) = (binary::digits(&plan), binary::writes(&plan));
        // A limit on file size where no disk may be mounted: a write beyond it kills the process.
        let room = 4 + random.below(48);
        let disk = mounted(room);
        if disk {
            std::os::unix::fs::symlink(full.path("disk"), sandbox.path(".mfaplan")).unwrap();
            sandbox.run(&["apply", "--as-of", AS_OF, "--approve", &digest]);
        } else {
            let limit = case.original.len() as u64 / 512 + 1;
            let script = format!("ulimit -f {limit}; exec \"$0\" \"$@\"");
            let args = ["-c", &script, env!("CARGO_BIN_EXE_mfaplan"), "apply", "--as-of", AS_OF, "--approve", &digest];
            sandbox.through(Path::new("/bin/sh"), &args).output().unwrap();
        }
        case.assert_within(&before, &sandbox.states(), &writes, seed);
        let run = case.open_run();
        if disk {
            // Room again: the journal goes on where it is.
            let target = sandbox.path("journal");
            fs::create_dir(&target).unwrap();
            let copied = Command::new("cp").arg("-r").arg(full.path("disk/.")).arg(&target).status().unwrap();
            assert!(copied.success());
            fs::remove_file(sandbox.path(".mfaplan")).unwrap();
            fs::rename(target, sandbox.path(".mfaplan")).unwrap();
            assert!(Command::new("umount").arg(full.path("disk")).status().unwrap().success());
        }
        let Some(run) = run else {
            assert_eq!(sandbox.read("tenant.json"), case.original, "seed {seed}: written without a journal");
            continue;
        };
        sandbox.run(&["apply", "--as-of", AS_OF, "--resume", &run, "--approve", &digest]).exits(0);
        assert_eq!(sandbox.states(), binary::planned(&before, &writes), "seed {seed}");
        sandbox.run(&["rollback", &run, "--as-of", AS_OF, "--auto-approve"]).exits(0);
        assert_eq!(sandbox.read("tenant.json"), case.original, "seed {seed}");
    }
}

/// What is written to the tenant is judged by the real clock, and by facts that the tenant itself said.
#[test]
fn the_live_tenant_takes_no_plan_of_another_day_or_of_a_copy() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut case = Case::new(3, &mut Random(3), false);
    let fake = runtime.block_on(FakeGraph::start(&case.original, FakeOptions::default()));
    signed_in(&mut case, &fake);
    let sandbox = &case.sandbox;
    let later = ["--as-of", "2030-01-02"];
    sandbox.run(&[&["apply", "--auto-approve"], &later[..]].concat()).exits(1).says("--as-of");
    sandbox.run(&[&["plan", "--out", "later.mfaplan"], &later[..]].concat()).exits(0);
    sandbox.run(&["apply", "later.mfaplan", "--auto-approve"]).exits(1).says("Plan again without --as-of");
    sandbox.run(&["snapshot", "--out", "copy.json"]).exits(0);
    sandbox.run(&["plan", "--snapshot", "copy.json", "--out", "copy.mfaplan"]).exits(0);
    sandbox.run(&["apply", "copy.mfaplan", "--auto-approve"]).exits(1).says("made from a snapshot");
    sandbox.run(&["plan", "--out", "live.mfaplan"]).exits(0);
    sandbox.run(&["apply", "live.mfaplan", "--snapshot", "copy.json", "--auto-approve"]).exits(1).says("live tenant");
    assert!(fake.writes().is_empty() && sandbox.runs().is_empty());
}

/// Interrupts an apply of 2,000 users at 30 %, and runs the command it prints.
fn interrupted(signal: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let options = generator::Options { users: 3_400, seed: 7, sign_ins: false, ..Default::default() };
    let original = generator::generate(options).json;
    let tenant =
        serde_json::from_str::<serde_json::Value>(&original).unwrap()["tenant"]["id"].as_str().unwrap().to_owned();
    let sandbox = Sandbox::new();
    sandbox.write("main.mfa.hcl", &configuration(&tenant, false));
    let fake_options = FakeOptions { latency: Duration::from_millis(20), ..FakeOptions::default() };
    let fake = runtime.block_on(FakeGraph::start(&original, fake_options));
    let mut case = Case { sandbox, original, tenant };
    signed_in(&mut case, &fake);
    let sandbox = &case.sandbox;
    let before = states_of(&fake);
    let plan = sandbox.plan(&[]);
    let (digest, writes) = (binary::digits(&plan), binary::writes(&plan));
    assert!(writes.len() >= 1_500, "{}", writes.len());

    let mut child = sandbox.spawn(&mut sandbox.command(&["apply", "--approve", &digest]));
    // The plan is longer than a pipe holds: unread, it would stop the run before its first write.
    let stdout = child.stdout.take().unwrap();
    let stdout = thread::spawn(move || std::io::read_to_string(stdout).unwrap());
    while fake.writes().len() < writes.len() * 3 / 10 {
        assert!(child.try_wait().unwrap().is_none(), "{:?}", Said::from(child.wait_with_output().unwrap()));
        thread::sleep(Duration::from_millis(2));
    }
    binary::signal(&child, signal);
    let mut said = until_the_end(child, Duration::from_secs(5));
    said.stdout = stdout.join().unwrap();
    said.exits(130).says("stopped");
    let written = fake.writes().len();
    assert!(written < writes.len(), "it was to stop on the way");
    let shown = |name: &str| -> usize {
        let line = said.stdout.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        line.trim_start().trim_start_matches(name).split_whitespace().next().unwrap().parse().unwrap()
    };
    assert_eq!(shown("done"), written, "{}", said.stdout);
    assert_eq!(shown("not attempted"), writes.len() - written, "{}", said.stdout);
    assert_eq!(shown("planned"), writes.len());
    case.assert_within(&before, &states_of(&fake), &writes, 0);

    // As printed, but for what is typed at a prompt.
    let printed = said.stderr.lines().find_map(|line| line.split_once("to go on: mfaplan ")).unwrap().1;
    let words: Vec<&str> = printed.split_whitespace().chain(["--approve", &digest]).collect();
    sandbox.run(&words).exits(0);
    assert_eq!(states_of(&fake), binary::planned(&before, &writes));
}

fn until_the_end(mut child: Child, within: Duration) -> Said {
    let started = Instant::now();
    // Both pipes hold all that is said here.
    while child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < within, "not stopped within {within:?}");
        thread::sleep(Duration::from_millis(2));
    }
    eprintln!("stopped after {:?}", started.elapsed());
    child.wait_with_output().unwrap().into()
}

#[test]
fn an_interrupted_apply_stops_cleanly_and_says_how_to_go_on() {
    interrupted("INT");
}

#[test]
fn a_terminated_apply_stops_as_cleanly() {
    interrupted("TERM");
}
