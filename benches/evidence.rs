//! Sign-in records from files: the replay over them, the store that takes them, and the replay from the store, beside a
//! program that only parses the same files on all cores.
//!
//!     cargo bench --bench evidence                10 million records of 10,000 users, and a tenth of each day's
//!     cargo bench --bench evidence -- 1000000     another number
//!     cargo bench --bench evidence -- prepare DIR 1000000     writes the files, for profilers
//!
//! Each measurement is a process of its own. The files are some 650 bytes a record.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, dead_code, reason = "a benchmark")]

use std::{
    fs::{self, File},
    hint::black_box,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use rayon::prelude::*;
use serde::Deserialize;

#[path = "support/process.rs"]
mod process;

const MFAPLAN: &str = env!("CARGO_BIN_EXE_mfaplan");
const TENANT: &str = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890";
const AS_OF: &str = "2026-11-24T00:00:00Z";
const USERS: u64 = 10_000;
const DAYS: u64 = 30;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["floor", directory] => floor(Path::new(directory)),
        ["prepare", directory, records] => {
            fs::create_dir_all(directory).unwrap();
            prepare(Path::new(directory), number(records));
        }
        [] => compare(10_000_000),
        [records] => compare(number(records)),
        _ => panic!("what is that? See the top of benches/evidence.rs"),
    }
}

fn number(text: &str) -> u64 {
    text.replace([',', '_'], "").parse().unwrap()
}

fn compare(records: u64) {
    for records in [records / 10, records] {
        let directory = tempfile::tempdir().unwrap();
        let bytes = prepare(directory.path(), records) as f64;
        println!("{records} records, {:.0} MB, {} threads", bytes / 1e6, rayon::current_num_threads());
        let own = std::env::current_exe().unwrap();
        let mut floor = Command::new(own);
        floor.arg("floor").arg(directory.path());
        let parsed = process::run(&mut floor).unwrap();
        show("a program that only parses", parsed, parsed, records);
        let mfaplan = |args: &[&str]| {
            let mut command = Command::new(MFAPLAN);
            command.args(args).args(["--as-of", AS_OF, "--quiet"]).current_dir(directory.path());
            process::run(&mut command).unwrap()
        };
        show("mfaplan replay, from the files", mfaplan(&["replay", "--json"]), parsed, records);
        let named = fs::read_to_string(directory.path().join("main.mfa.hcl")).unwrap();
        let without: String =
            named.lines().filter(|line| !line.contains("sign_ins")).map(|line| line.to_owned() + "\n").collect();
        fs::write(directory.path().join("main.mfa.hcl"), without).unwrap();
        show("mfaplan evidence import", mfaplan(&["evidence", "import", "log", "--json"]), parsed, records);
        show("mfaplan replay, from the store", mfaplan(&["replay", "--json"]), parsed, records);
        let store: u64 = fs::read_dir(directory.path().join(".mfaplan/evidence"))
            .unwrap()
            .map(|one| one.unwrap().metadata().unwrap().len())
            .sum();
        println!("the store: {:.0} MB, {:.1} bytes a record\n", store as f64 / 1e6, store as f64 / records as f64);
    }
}

fn show(what: &str, cost: process::Cost, parsed: process::Cost, records: u64) {
    println!(
        "{what:32} {:8.2} s  {:5.2} x parsing  {:7.0} MB peak  {:5.2} million records/s",
        cost.seconds,
        cost.seconds / parsed.seconds,
        cost.peak / 1e6,
        records as f64 / cost.seconds / 1e6
    );
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn id(user: u64) -> String {
    format!("00000000-0000-4000-8000-{user:012}")
}

/// The tenant, its configuration, and a file of records for each day; how many bytes these have.
fn prepare(directory: &Path, records: u64) -> u64 {
    let users: Vec<String> = (0..USERS)
        .map(|user| {
            format!(
                r#"{{"id":"{}","userPrincipalName":"user{user}@contoso.com","displayName":"User {user}","userType":"Member","accountEnabled":true,"perUserMfaState":"disabled","isMfaRegistered":true,"isMfaCapable":true,"methodsRegistered":["microsoftAuthenticatorPush"],"directoryRoles":[],"memberOf":[]}}"#,
                id(user)
            )
        })
        .collect();
    let snapshot = format!(
        r#"{{"formatVersion":"1.0","capturedAt":"{AS_OF}","tenant":{{"id":"{TENANT}","displayName":"Contoso"}},"groups":[],"users":[{}]}}"#,
        users.join(",\n")
    );
    fs::write(directory.join("tenant.json"), snapshot).unwrap();
    fs::create_dir(directory.join("log")).unwrap();
    let days: Vec<u64> = (0..DAYS).collect();
    let names: Vec<(PathBuf, u64)> = days
        .into_par_iter()
        .map(|day| day_of(directory, day, records / DAYS + u64::from(day < records % DAYS)))
        .collect();
    let files: Vec<String> =
        names.iter().map(|(path, _)| format!("{:?}", path.strip_prefix(directory).unwrap())).collect();
    let configuration = format!(
        "tenant \"contoso\" {{\n  id = \"{TENANT}\"\n  snapshot = \"tenant.json\"\n  sign_ins = [{}]\n}}\nmfa \"all\" {{\n  \
         state = \"enforced\"\n  where = user.user_type == \"Member\"\n}}\nguardrails {{\n  max_change_percent = 100\n}}\n",
        files.join(", ")
    );
    fs::write(directory.join("main.mfa.hcl"), configuration).unwrap();
    names.iter().map(|(_, bytes)| bytes).sum()
}

/// One day's records, in the order of time, as Graph gives them.
fn day_of(directory: &Path, day: u64, records: u64) -> (PathBuf, u64) {
    const APPS: [(&str, &str); 4] = [
        ("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online"),
        ("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams"),
        ("4765445b-32c6-49b0-83e6-1d93765276ca", "OfficeHome"),
        ("1950a258-227b-4e31-a9cf-717495945fc2", "Microsoft Azure PowerShell"),
    ];
    // Days before the instant; the 24th is not in it.
    let from = jiff::Timestamp::from_second(1_795_478_400 - (DAYS - day) as i64 * 86_400).unwrap();
    let path = directory.join(format!("log/day-{day:02}.json"));
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&path).unwrap());
    let mut state = day;
    out.write_all(b"[").unwrap();
    for number in 0..records {
        let luck = next(&mut state);
        let user = luck % USERS;
        let at = from + jiff::SignedDuration::from_secs((number * 86_400 / records) as i64);
        let (app, name) = APPS[(luck >> 20) as usize % 4];
        // A person's clients are few, and the same every day.
        let (client, interactive, agent) = match (luck >> 24) % 8 {
            0 | 1 => ("Browser", true, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Edg/142.0"),
            2 if user.is_multiple_of(50) => ("IMAP4", false, "Thunderbird/128.0"),
            _ => ("Mobile Apps and Desktop clients", false, "Microsoft Office/16.0 (Windows NT 10.0; Outlook 16.0)"),
        };
        let code = if (luck >> 32).is_multiple_of(50) { 50126 } else { 0 };
        let comma = if number > 0 { ",\n" } else { "" };
        write!(
            out,
            r#"{comma}{{"id":"{:08x}-{:04x}-4{:03x}-8000-{:012x}","createdDateTime":"{}","userId":"{}","userPrincipalName":"user{user}@contoso.com","appId":"{app}","appDisplayName":"{name}","clientAppUsed":"{client}","isInteractive":{interactive},"ipAddress":"198.51.{}.{}","userAgent":"{agent}","authenticationRequirement":"singleFactorAuthentication","authenticationRequirementPolicies":[],"authenticationDetails":[{{"authenticationMethod":"Password","authenticationStepRequirement":"Primary authentication","succeeded":{}}}],"status":{{"errorCode":{code},"failureReason":"Other."}}}}"#,
            day,
            number >> 32,
            number >> 20 & 0xfff,
            number ^ luck & 0xffff_f000_0000,
            at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            id(user),
            user / 250,
            user % 250,
            code == 0,
        )
        .unwrap();
    }
    out.write_all(b"]").unwrap();
    out.flush().unwrap();
    let bytes = fs::metadata(&path).unwrap().len();
    (path, bytes)
}

/// Parses every file, one a core at a time, and keeps nothing.
fn floor(directory: &Path) {
    let files: Vec<PathBuf> = fs::read_dir(directory.join("log")).unwrap().map(|one| one.unwrap().path()).collect();
    let records: usize = files
        .par_iter()
        .map(|file| {
            let text = fs::read_to_string(file).unwrap();
            black_box(serde_json::from_str::<Vec<Record<'_>>>(&text).unwrap()).len()
        })
        .sum();
    println!("{records}");
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(borrow)]
    id: &'a str,
    created_date_time: &'a str,
    user_id: &'a str,
    user_principal_name: &'a str,
    app_id: &'a str,
    app_display_name: &'a str,
    client_app_used: &'a str,
    is_interactive: bool,
    ip_address: &'a str,
    user_agent: &'a str,
    authentication_requirement: &'a str,
    authentication_requirement_policies: Vec<Asked<'a>>,
    authentication_details: Vec<Step<'a>>,
    status: Status<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    #[serde(borrow)]
    requirement_provider: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step<'a> {
    #[serde(borrow)]
    authentication_method: &'a str,
    authentication_step_requirement: &'a str,
    succeeded: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    error_code: u32,
    #[serde(borrow)]
    failure_reason: &'a str,
}
