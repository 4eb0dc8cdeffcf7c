//! Where the time of a plan goes: each phase by itself, in one process, the best of three.

use std::{
    fs,
    hint::black_box,
    io::{self, Write},
    path::Path,
    time::Instant,
};

use mfaplan::testing::{
    config::{self, Config, LoadInput},
    desired::{self, ProtectionKind},
    diff,
    facts::{Facts, UserView},
    plan::{self, BuildInput, Plan, digest, file},
    render::{Format, Options, redact},
    risk, snapshot,
    tenant::{ObservedTenant, UserIndex},
};

use super::{floor, workspace};

const ROUNDS: usize = 3;

/// Prints the phases for a tenant of so many users.
pub(crate) fn print(users: usize) {
    let directory = tempfile::tempdir().unwrap();
    let snapshot_file = workspace::prepare(directory.path(), users, true).unwrap();
    println!("{users} users, {} threads", rayon::current_num_threads());
    println!("{:34} {:>9} {:>9} {:>10}", "", "seconds", "x floor", "ns a user");
    let mut table = Table { users: users as f64, floor: None };
    table.row("floor: typed parse of the file", || floor::parse(&fs::read(&snapshot_file).unwrap()).unwrap());
    let tenant = table.row("read the snapshot", || snapshot::read(&snapshot_file).unwrap());
    let config = table.row("load the configuration", || load(directory.path()));
    let facts = table.row("facts", || Facts::of(&tenant, &config.guardrails.signal, config.instant));
    let value = plan::tenant_value(&config, &tenant);
    let view = |index: UserIndex, _: Option<ProtectionKind>| UserView::new(&facts, index, None);
    let (desired, _) = table.row("resolve", || desired::resolve(&config, &tenant, value.clone(), view).unwrap());
    let transitions = table.row("diff", || diff::transitions(&config, &tenant, &desired));
    let context = table.row("rules: context", || risk::Context::new(&facts, &config, &desired));
    table.row("rules of changes", || risk::assess_changes(&context, &transitions));
    let plan = table.row("the whole plan from the facts", || build(&config, &tenant));
    println!("  {} changes, {} findings of the plan", plan.changes.len(), plan.findings.len());
    table.row("digest", || digest::compute(&plan));
    for format in Format::ALL {
        table.row(&format!("show as {format}"), || {
            let mut out = Counting(0);
            format.write(&plan, &Options::default(), &mut out).unwrap();
            out.0
        });
    }
    let mut saved = Vec::new();
    file::write(&plan, &mut saved).unwrap();
    table.row("save", || file::write(&plan, &mut io::sink()).unwrap());
    table.row("read the saved plan", || file::read(&saved, digest::compute).unwrap());
    table.row("redact", || {
        let mut plan = plan.clone();
        redact::redact_observed(&mut plan, &tenant);
    });
}

/// Loads the configuration of a directory, on the one day of all measurements.
pub(crate) fn load(directory: &Path) -> Config {
    let rules = risk::known_rules();
    let input = LoadInput {
        dir: directory,
        policy_dir: None,
        assignments: &[],
        environment: &[],
        instant: workspace::AS_OF.parse().unwrap(),
        allow_files: &[],
        known_rules: &rules,
    };
    config::load(input).unwrap_or_else(|failure| panic!("{:?}", failure.diagnostics))
}

/// Builds the plan.
pub(crate) fn build(config: &Config, tenant: &ObservedTenant) -> Plan {
    let input = BuildInput { config, tenant, targets: &[], waivers: &[], created_at: config.instant, assumed: None };
    plan::build(&input).unwrap_or_else(|error| panic!("{error:?}")).plan
}

struct Table {
    users: f64,
    floor: Option<f64>,
}

impl Table {
    /// The first row is the floor.
    fn row<T>(&mut self, name: &str, work: impl Fn() -> T) -> T {
        let (best, result) = best(work);
        let floor = *self.floor.get_or_insert(best);
        println!("{name:34} {best:9.4} {:9.3} {:10.0}", best / floor, best * 1e9 / self.users);
        result
    }
}

/// The seconds of the best of some rounds, and what the last one made.
pub(crate) fn best<T>(work: impl Fn() -> T) -> (f64, T) {
    let mut best = f64::MAX;
    let mut result = None;
    for _ in 0..ROUNDS {
        drop(result.take());
        let start = Instant::now();
        result = Some(black_box(work()));
        best = best.min(start.elapsed().as_secs_f64());
    }
    (best, result.unwrap())
}

/// Counts bytes and keeps none.
struct Counting(u64);

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
