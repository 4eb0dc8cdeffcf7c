//! Reading a snapshot, beside its floor: typed `serde_json` parsing of the same file.
//!
//!     cargo bench --bench snapshot                     100,000 users
//!     cargo bench --bench snapshot -- 1000000 --no-p1  other tenants
//!
//! Each measurement is a process of its own, so that its peak memory is its own; the best of five counts for time.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, dead_code, reason = "a benchmark")]

use std::{collections::HashMap, fs, hint::black_box, path::Path, process::Command, time::Instant};

use serde::Deserialize;

#[path = "../tests/support/generator.rs"]
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
            let document: Document<'_> = serde_json::from_slice(&text).unwrap();
            let seconds = start.elapsed();
            report(seconds.as_secs_f64(), black_box(document).users.len());
            return;
        }
        "read" => mfaplan::snapshot::read(file).unwrap(),
        _ => panic!("floor or read, not {what}"),
    };
    report(start.elapsed().as_secs_f64(), black_box(users).users().len());
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

// The floor: the plainest typed parse that has every fact in memory; its strings borrow from the file, which stays in memory.

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(borrow)]
    captured_at: &'a str,
    #[serde(borrow)]
    users: Vec<User<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct User<'a> {
    #[serde(borrow)]
    id: &'a str,
    user_principal_name: &'a str,
    per_user_mfa_state: Option<&'a str>,
    display_name: Option<&'a str>,
    mail: Option<&'a str>,
    given_name: Option<&'a str>,
    surname: Option<&'a str>,
    department: Option<&'a str>,
    job_title: Option<&'a str>,
    company_name: Option<&'a str>,
    country: Option<&'a str>,
    office_location: Option<&'a str>,
    employee_id: Option<&'a str>,
    employee_type: Option<&'a str>,
    user_type: Option<&'a str>,
    account_enabled: Option<bool>,
    on_premises_sync_enabled: Option<bool>,
    created_date_time: Option<&'a str>,
    password_policies: Option<&'a str>,
    last_password_change_date_time: Option<&'a str>,
    licenses: Option<Vec<&'a str>>,
    mailbox_purpose: Option<&'a str>,
    is_mfa_registered: Option<bool>,
    is_mfa_capable: Option<bool>,
    methods_registered: Option<Vec<&'a str>>,
    device_count: Option<u32>,
    member_of: Option<Vec<&'a str>>,
    directory_roles: Option<Vec<Role<'a>>>,
    last_sign_in_date_time: Option<&'a str>,
    last_interactive_sign_in_date_time: Option<&'a str>,
    sign_ins: Option<SignIns<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role<'a> {
    #[serde(borrow)]
    template_id: &'a str,
    display_name: &'a str,
    permanent: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignIns<'a> {
    window_days: Option<u16>,
    interactive: Option<u32>,
    interactive_mfa: Option<u32>,
    non_interactive: Option<u32>,
    failed: Option<u32>,
    ropc: Option<u32>,
    app_password: Option<u32>,
    distinct_ips: Option<u32>,
    active_hours: Option<u8>,
    weekend_share: Option<f32>,
    #[serde(borrow)]
    legacy: Option<HashMap<&'a str, Legacy<'a>>>,
    #[serde(borrow)]
    apps: Option<Vec<App<'a>>>,
    #[serde(borrow)]
    clients: Option<Vec<&'a str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Legacy<'a> {
    count: u32,
    #[serde(borrow)]
    last: Option<&'a str>,
    distinct_ips: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct App<'a> {
    #[serde(borrow)]
    id: &'a str,
    display_name: Option<&'a str>,
    count: u32,
}
