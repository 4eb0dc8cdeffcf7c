//! The table of ratios: mfaplan, its floor, and the other programs that are installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{
    MFAPLAN,
    process::{self, Cost},
    workspace,
};

/// Terraform's plan is quadratic in resources: 1,000 take seconds, 10,000 three minutes.
const TERRAFORM_LIMIT: usize = 1_000;

/// A program to compare, and how often it is run at most.
struct Row {
    name: &'static str,
    runs: usize,
    command: Box<dyn Fn() -> Command>,
}

/// Prints the table for a tenant of so many users.
pub(crate) fn print(users: usize) {
    let directory = tempfile::tempdir().unwrap();
    let file = workspace::prepare(directory.path(), users, true).unwrap();
    let bytes = fs::metadata(&file).unwrap().len() as f64;
    println!("{users} users, {:.1} MB, {} threads", bytes / 1e6, rayon::current_num_threads());
    let rows = rows(directory.path(), &file, users);
    let mut costs: Vec<Option<Cost>> = vec![None; rows.len()];
    let rounds = if users > 200_000 { 2 } else { 5 };
    for round in 0..rounds {
        for (row, cost) in rows.iter().zip(&mut costs).filter(|(row, _)| round < row.runs) {
            match process::run(&mut (row.command)()) {
                Ok(one) => *cost = Some(cost.map_or(one, |best| best.best(one))),
                Err(error) => println!("{}: {error}", row.name),
            }
        }
    }
    let floor = costs.first().copied().flatten().unwrap_or(Cost { seconds: f64::NAN, peak: f64::NAN });
    println!("{:34} {:>9} {:>9} {:>9} {:>7}", "", "seconds", "x floor", "peak MB", "x file");
    for (row, cost) in rows.iter().zip(costs) {
        let Some(Cost { seconds, peak }) = cost else { continue };
        let (name, ratio, megabytes) = (row.name, seconds / floor.seconds, peak / 1e6);
        println!("{name:34} {seconds:9.3} {ratio:9.2} {megabytes:9.1} {:7.2}", peak / bytes);
    }
    println!();
}

fn rows(directory: &Path, file: &Path, users: usize) -> Vec<Row> {
    let own = std::env::current_exe().unwrap();
    let mut rows = Vec::new();
    {
        let file = file.to_owned();
        let command = move || with(&own, &["floor"], &file);
        rows.push(Row { name: "floor: typed parse of the file", runs: 5, command: Box::new(command) });
    }
    for (name, arguments) in [
        ("mfaplan plan --json", &["--json"][..]),
        ("mfaplan plan", &[]),
        ("mfaplan plan --format html", &["--format", "html"]),
        ("mfaplan plan --format sarif", &["--format", "sarif"]),
        ("mfaplan plan --redact --json", &["--redact", "--json"]),
    ] {
        let directory = directory.to_owned();
        let command = move || plan(&directory, arguments);
        rows.push(Row { name, runs: 5, command: Box::new(command) });
    }
    if is_installed("jq") {
        let file = file.to_owned();
        let command = move || with(Path::new("jq"), &["-c", JQ], &file);
        rows.push(Row { name: "jq, a minimal plan", runs: 2, command: Box::new(command) });
    }
    if is_installed("python3") {
        let file = file.to_owned();
        let command = move || with(Path::new("python3"), &["-c", PYTHON], &file);
        rows.push(Row { name: "python json, a minimal plan", runs: 2, command: Box::new(command) });
    }
    if users <= TERRAFORM_LIMIT && is_installed("terraform") {
        rows.extend(terraform(directory, users));
    }
    rows
}

/// `mfaplan plan` in this directory, on its one day.
pub(crate) fn plan(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(MFAPLAN);
    command.arg("plan").args(arguments).args(["--as-of", workspace::AS_OF]).current_dir(directory);
    command
}

/// Who is not where a member should be: nothing of rules, blocks or risks.
const JQ: &str = r#"[.users[] | select(.userType == "Member" and .accountEnabled and .perUserMfaState != "enforced")
    | {id, userPrincipalName, before: .perUserMfaState, after: "enforced"}]"#;

const TERRAFORM: &str = r#"
resource "terraform_data" "user" {
  for_each = toset(jsondecode(file("${path.module}/users.json")))
  input    = { name = each.key, state = "enforced" }
}
"#;

const PYTHON: &str = r#"
import json, sys
users = json.load(open(sys.argv[1], encoding="utf-8"))["users"]
json.dump([{"id": one["id"], "name": one["userPrincipalName"], "before": one.get("perUserMfaState"), "after": "enforced"}
           for one in users if one.get("userType") == "Member" and one.get("accountEnabled")
           and one.get("perUserMfaState") != "enforced"], sys.stdout)
"#;

/// As many built-in `terraform_data` as users, by one `for_each`: no provider, no network, no state.
fn terraform(directory: &Path, users: usize) -> Option<Row> {
    let directory = directory.join("terraform");
    fs::create_dir_all(&directory).ok()?;
    let names: Vec<String> = (0..users).map(|number| format!("user{number}@contoso.com")).collect();
    fs::write(directory.join("users.json"), serde_json::to_vec(&names).ok()?).ok()?;
    fs::write(directory.join("main.tf"), TERRAFORM).ok()?;
    process::run(&mut in_terraform(&directory, &["init", "-input=false"])).ok()?;
    let command = move || in_terraform(&directory, &["plan", "-input=false", "-lock=false"]);
    Some(Row { name: "terraform plan, as many resources", runs: 1, command: Box::new(command) })
}

fn in_terraform(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("terraform");
    command.args(arguments).current_dir(directory);
    command.env("TF_CLI_CONFIG_FILE", "/dev/null").env("CHECKPOINT_DISABLE", "1").env("TF_IN_AUTOMATION", "1");
    command
}

fn with(program: &Path, arguments: &[&str], file: &Path) -> Command {
    let mut command = Command::new(PathBuf::from(program));
    command.args(arguments).arg(file);
    command
}

pub(crate) fn is_installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
