//! Reading a snapshot, beside its floor: typed `serde_json` parsing of the same file.
//!
//!     cargo bench --bench snapshot                     100,000 users
//!     cargo bench --bench snapshot -- 1000000 --no-p1  other tenants
//!
//! Each measurement is a process of its own, so that its peak memory is its own; the best of five counts for time.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, dead_code, reason = "a benchmark")]

use std::{collections::HashMap, fs, hint::black_box, path::Path, process::Command, time::Instant};

#[path = "support/floor.rs"]
mod floor;
#[path = "../tests/support/generator/mod.rs"]
mod generator;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["measure", what, file] => measure(what, Path::new(file)),
        _ => compare(&arguments),
    }
}

/// Does one thing once and prints seconds and peak memory in bytes.
fn measure(what: &str, file: &Path) {
    let start = Instant::now();
    let users = match what {
        "floor" => {
            let text = fs::read(file).unwrap();
            let users = floor::parse(&text).unwrap();
            return report(start.elapsed().as_secs_f64(), users);
        }
        "read" => mfaplan::testing::snapshot::read(file).unwrap(),
        "apply" => return apply(file),
        _ => panic!("floor, read or apply, not {what}"),
    };
    report(start.elapsed().as_secs_f64(), black_box(users).users().len());
}

/// 2,000 users checked, written and read back, 20 at a time, as `apply` does.
fn apply(file: &Path) {
    use mfaplan::testing::{
        snapshot::SnapshotTenant,
        tenant::{MfaState, TenantRead, TenantWrite},
    };
    let tenant = SnapshotTenant::open(file).unwrap();
    let users: Vec<_> = tenant.observe().unwrap().users().iter().map(|user| user.id).take(2_000).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let start = Instant::now();
    runtime.block_on(async {
        let workers = users.chunks(users.len().div_ceil(20)).map(|users| {
            let (tenant, users) = (tenant.clone(), users.to_vec());
            tokio::spawn(async move {
                for user in users {
                    tenant.state(user).await.unwrap();
                    tenant.write(user, MfaState::Enforced, std::future::pending()).await.unwrap();
                    tenant.state(user).await.unwrap();
                }
            })
        });
        for worker in workers.collect::<Vec<_>>() {
            worker.await.unwrap();
        }
    });
    report(start.elapsed().as_secs_f64(), users.len());
}

fn report(seconds: f64, users: usize) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    println!("{seconds} {} {users}", peak.unwrap_or(0) * 1024);
}

fn compare(arguments: &[String]) {
    let mut options = generator::Options { users: 100_000, ..generator::Options::default() };
    for argument in arguments {
        match argument.as_str() {
            "--no-p1" => options.sign_ins = false,
            users => options.users = users.parse().unwrap(),
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tenant.json");
    let mut out = std::io::BufWriter::new(fs::File::create(&file).unwrap());
    generator::write(options, &mut out).unwrap();
    drop(out);
    let bytes = fs::metadata(&file).unwrap().len();
    println!("{} users, {:.1} MB, {} threads", options.users, bytes as f64 / 1e6, rayon::current_num_threads());
    let mut best: HashMap<&str, (f64, f64)> = HashMap::new();
    // Interleaved, so that a slow spell of the machine hits both.
    for _ in 0..5 {
        for what in ["floor", "read"] {
            let run =
                Command::new(std::env::current_exe().unwrap()).args(["measure", what]).arg(&file).output().unwrap();
            let numbers: Vec<f64> = String::from_utf8(run.stdout)
                .unwrap()
                .split_whitespace()
                .map(|number| number.parse().unwrap())
                .collect();
            let best = best.entry(what).or_insert((f64::MAX, f64::MAX));
            *best = (best.0.min(numbers[0]), best.1.min(numbers[1]));
        }
    }
    let apply = Command::new(std::env::current_exe().unwrap()).args(["measure", "apply"]).arg(&file).output().unwrap();
    println!("apply of 2,000 (seconds, peak bytes, users): {}", String::from_utf8(apply.stdout).unwrap().trim());
    let floor = best["floor"];
    for what in ["floor", "read"] {
        let (seconds, peak) = best[what];
        println!(
            "{what:6} {seconds:7.3} s  {:5.2} x floor  {:7.1} MB peak  {:5.2} x file",
            seconds / floor.0,
            peak / 1e6,
            peak / bytes as f64
        );
    }
}
