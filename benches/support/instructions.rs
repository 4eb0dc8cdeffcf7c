//! The regression guard: instructions of a whole `mfaplan plan --json` and of its floor, counted by callgrind on one
//! thread. They repeat within a few per mille whatever else the machine does; wall time is never compared.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use super::{table, workspace};

const SIZES: [usize; 2] = [1_000, 10_000];
const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/baseline.json");

/// Prints what it takes now beside the baseline.
pub(crate) fn compare() {
    let Some(now) = count() else { return };
    let baseline = fs::read_to_string(BASELINE).unwrap_or_default();
    let baseline: BTreeMap<String, u64> = serde_json::from_str(&baseline).unwrap_or_default();
    println!("{:24} {:>16} {:>16} {:>8}", "", "baseline", "now", "ratio");
    print_ratios(&now);
    for (name, now) in now {
        match baseline.get(&name) {
            Some(before) => println!("{name:24} {before:>16} {now:>16} {:>8.3}", now as f64 / *before as f64),
            None => println!("{name:24} {:>16} {now:>16}", "-"),
        }
    }
}

/// Makes what it takes now the baseline.
pub(crate) fn save() {
    let Some(now) = count() else { return };
    fs::write(BASELINE, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
    print_ratios(&now);
}

/// Linear means: ten times the users, ten times the instructions beyond those of the start.
fn print_ratios(counts: &BTreeMap<String, u64>) {
    let [small, large] = SIZES.map(|users| counts[&plan_of(users)] as f64 / users as f64);
    println!("instructions a user: {small:.0} at {}, {large:.0} at {}", SIZES[0], SIZES[1]);
    let ratios = SIZES.map(|users| counts[&plan_of(users)] as f64 / counts[&floor_of(users)] as f64);
    println!("x floor: {:.2} at {}, {:.2} at {}", ratios[0], SIZES[0], ratios[1], SIZES[1]);
}

fn plan_of(users: usize) -> String {
    format!("plan of {users} users")
}

fn floor_of(users: usize) -> String {
    format!("floor of {users} users")
}

fn count() -> Option<BTreeMap<String, u64>> {
    if !table::is_installed("valgrind") {
        println!("valgrind is not installed: instructions are not counted");
        return None;
    }
    let counted = SIZES.into_iter().flat_map(|users| {
        let directory = tempfile::tempdir().unwrap();
        let file = workspace::prepare(directory.path(), users, true).unwrap();
        let mut floor = Command::new(std::env::current_exe().unwrap());
        floor.arg("floor").arg(file);
        let plan = table::plan(directory.path(), &["--json"]);
        [(floor_of(users), of(&floor, directory.path())), (plan_of(users), of(&plan, directory.path()))]
    });
    Some(counted.collect())
}

/// The instructions of one run.
fn of(program: &Command, directory: &Path) -> u64 {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program.get_program())
        .args(program.get_args());
    // One thread: how work is shared between threads differs from run to run.
    let output = valgrind.env("RAYON_NUM_THREADS", "1").current_dir(directory).output().unwrap();
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.lines().find_map(|line| line.split_once("Collected :"));
    collected.and_then(|(_, number)| number.trim().parse().ok()).unwrap_or_else(|| panic!("no count:\n{report}"))
}
