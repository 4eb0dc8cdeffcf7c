//! How long a fleet takes to plan: invented tenants behind a fake Microsoft Graph, the real program beside it.
//!
//! ```text
//! cargo build --release && cargo run --release --example fleet-bench -- --tenants 200 --users 500 --latency-ms 80
//! ```
//!
//! Prints seconds and the most memory that the program and its processes held together, as Linux counts it.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an example")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use clap::Parser;
use serde_json::{Value, json};
use support::fake_graph::{FakeFleet, FakeOptions};

/// Plans a fleet.
#[derive(Parser)]
struct Args {
    /// How many tenants.
    #[arg(long, default_value_t = 200)]
    tenants: usize,
    /// How many users each has.
    #[arg(long, default_value_t = 500)]
    users: usize,
    /// Latency of each request.
    #[arg(long, default_value_t = 80)]
    latency_ms: u64,
    /// How many tenants at once; the program's own number where none is given.
    #[arg(long)]
    parallel: Option<u16>,
    /// The program.
    #[arg(long, default_value = "target/release/mfaplan")]
    program: PathBuf,
}

fn tenant(at: usize) -> String {
    format!("7f3a0d7e-4a64-4d6e-9a3f-{at:012}")
}

fn seed(at: usize, users: usize) -> Value {
    let users: Vec<Value> = (0..users)
        .map(|number| {
            json!({
                "id": format!("{at:08x}-0000-4000-8000-{number:012}"),
                "userPrincipalName": format!("user{number:04}@t{at}.example"), "displayName": format!("User {number}"),
                "userType": "Member", "accountEnabled": true, "createdDateTime": "2024-01-02T03:04:05Z",
                "perUserMfaState": "disabled", "isMfaRegistered": number % 3 != 0, "isMfaCapable": number % 3 != 0,
                "methodsRegistered": if number % 3 == 0 { json!([]) } else { json!(["microsoftAuthenticatorPush"]) },
                "directoryRoles": [], "memberOf": [],
            })
        })
        .collect();
    json!({
        "formatVersion": "1.0", "capturedAt": "2026-11-20T08:00:00Z",
        "tenant": {"id": tenant(at), "displayName": format!("Tenant {at}"), "servicePlans": [],
            "securityDefaultsEnabled": false,
            "domains": [{"id": format!("t{at}.example"), "authenticationType": "Managed"}]},
        "groups": [], "users": users,
    })
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The memory of a process and of those it has started, in kB.
fn memory(process: u32) -> u64 {
    let own = |pid: &str| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).map(str::to_owned).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0)
    };
    let mut sum = own(&process.to_string());
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().filter_map(Result::ok);
    for thread in threads {
        let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        sum += children.split_whitespace().map(own).sum::<u64>();
    }
    sum
}

/// Runs a command to its end: seconds, and the most memory it held.
fn measured(command: &mut Command) -> (f64, u64) {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut most = 0;
    loop {
        most = most.max(memory(child.id()));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(matches!(status.code(), Some(0 | 2 | 3)), "{status}");
            return (began.elapsed().as_secs_f64(), most);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let program = fs::canonicalize(&args.program).unwrap();
    let options = || FakeOptions { latency: Duration::from_millis(args.latency_ms), ..FakeOptions::default() };
    let seeds = (0..args.tenants).map(|at| (seed(at, args.users).to_string(), options())).collect();
    let fake = FakeFleet::start(seeds).await;
    let home = tempfile::tempdir().unwrap();
    let mut fleet = String::from("fleet \"all\" {\n");
    for at in 0..args.tenants {
        let text = format!(
            "tenant \"T{at}\" {{\n  id = \"{}\"\n}}\n\nmfa \"all\" {{\n  state = \"enforced\"\n  where = user.user_type == \"Member\"\n}}\n",
            tenant(at)
        );
        write(&home.path().join(format!("t{at}/main.mfa.hcl")), &text);
        fleet.push_str(&format!("  tenant \"t{at}\" {{\n    directory = \"t{at}\"\n  }}\n"));
    }
    write(&home.path().join("all.mfafleet.hcl"), &(fleet + "}\n"));
    let origin = fake.origin();
    let command = |line: &[&str]| {
        let mut command = Command::new(&program);
        command.args(line).current_dir(home.path()).env_clear().stderr(Stdio::null());
        command.envs([("MFAPLAN_GRAPH_ENDPOINT", &origin), ("MFAPLAN_LOGIN_ENDPOINT", &origin)]);
        command.envs([("AZURE_CLIENT_ID", "application"), ("AZURE_CLIENT_SECRET", "secret")]);
        command
    };
    let work = tokio::task::spawn_blocking({
        let one = command(&["--chdir", "t0", "plan", "--out", "../one.mfaplan"]);
        let parallel = args.parallel.map(|number| number.to_string());
        let mut line = vec!["fleet", "plan", "--out", "plans"];
        if let Some(number) = &parallel {
            line.extend(["--parallel", number]);
        }
        let all = command(&line);
        let report = command(&["fleet", "report", "plans", "--format", "markdown"]);
        move || {
            let (mut one, mut all, mut report) = (one, all, report);
            [measured(&mut one), measured(&mut all), measured(&mut report)]
        }
    });
    let figures = work.await.unwrap();
    for (name, (seconds, memory)) in ["plan of one tenant", "fleet plan", "fleet report"].into_iter().zip(figures) {
        println!("{name}: {seconds:.2} s, {:.0} MB", memory as f64 / 1024.0);
    }
    let comment = Command::new(&program)
        .args(["fleet", "report", "plans", "--format", "markdown"])
        .current_dir(home.path())
        .env_clear()
        .output()
        .unwrap();
    println!("comment: {} characters", String::from_utf8_lossy(&comment.stdout).chars().count());
}
