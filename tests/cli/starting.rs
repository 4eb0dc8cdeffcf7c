//! `start`: from nothing to a configuration and its plan.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use crate::{
    binary::{Sandbox, Terminal},
    generator::{self, Options, Truth},
};

const AS_OF: [&str; 2] = ["--as-of", "2026-11-24"];

/// An empty directory with a copy of a generated tenant in it.
fn generated(users: usize, seed: u64, sign_ins: bool) -> (Sandbox, generator::Tenant) {
    let sandbox = Sandbox::new();
    let tenant = generator::generate(Options { users, seed, sign_ins, passwords_never_expire: true });
    sandbox.write("copy.json", &tenant.json);
    (sandbox, tenant)
}

#[test]
fn every_workload_with_any_sign_is_protected_or_waits_and_the_plan_is_not_refused() {
    for (users, seed, sign_ins) in
        [(60, 1, false), (60, 2, true), (400, 3, false), (400, 4, true), (5_000, 5, true), (5_000, 6, false)]
    {
        let (sandbox, tenant) = generated(users, seed, sign_ins);
        sandbox.run(&[&["start", "--snapshot", "copy.json", "--yes"], AS_OF.as_slice()].concat()).exits(0);
        sandbox.run(&["fmt", "--check"]).exits(0);
        let mode = fs::metadata(sandbox.path("tenant.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(sandbox.read(".gitignore"), "tenant.json\n.mfaplan/\n");
        // By then the bound refuses so many at once, which is its job.
        let plan = sandbox.run(&["plan", "--json", "--as-of", "2027-06-01"]).json();
        let now = sandbox.plan(&AS_OF);
        assert_eq!(now["refused"], json!([]), "{users} users");
        let apply = |plan: &Value| -> Vec<Value> {
            plan["changes"].as_array().unwrap().iter().filter(|one| one["decision"] == "apply").cloned().collect()
        };
        assert!(apply(&now).len() <= 5, "{users} users: five people first");
        for change in apply(&plan) {
            let label = tenant.labels[change["user"]["id"].as_str().unwrap()];
            // What shows no sign of any kind cannot be told from a person by anybody.
            let signs = change["findings"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["rule"] == "MFA009" || one["rule"] == "MFA008");
            assert!(label.truth == Truth::Person || !signs, "{users} users: {change}");
        }
    }
}

#[test]
fn without_a_terminal_every_question_has_its_flag() {
    let (sandbox, tenant) = generated(60, 2, true);
    let said = sandbox.run(&[&["start", "--snapshot", "copy.json"], AS_OF.as_slice()].concat());
    said.exits(1).says("missing: --break-glass USER,USER").says("--workload ").says("--wave-size 5");
    assert!(!sandbox.path("main.mfa.hcl").exists() && !sandbox.path("tenant.json").exists());
    let missing = said.stderr.split("missing: ").nth(1).unwrap().lines().next().unwrap();
    let mut arguments =
        vec!["start", "--snapshot", "copy.json", "--break-glass", "none", "--wave-size", "3", AS_OF[0], AS_OF[1]];
    let workloads: Vec<String> = missing
        .split_whitespace()
        .filter_map(|word| word.strip_suffix("=yes|no"))
        .map(|who| format!("{who}=yes"))
        .collect();
    for one in &workloads {
        arguments.extend(["--workload", one]);
    }
    sandbox.run(&arguments).exits(0).says("nothing was written to the tenant");
    let text = sandbox.read("main.mfa.hcl");
    assert!(!text.contains("break_glass") && text.contains("service_account"), "{text}");
    sandbox.run(&arguments).exits(1).says("there is a configuration already");
    sandbox.run(&["start", "--snapshot", "copy.json", "--workload", "x"]).exits(1).says("=yes");
    assert_eq!(tenant.labels.len(), 60);
}

#[test]
fn at_a_terminal_it_asks_by_name() {
    let (sandbox, _) = generated(60, 2, true);
    let said = sandbox.run(&[&["start", "--snapshot", "copy.json"], AS_OF.as_slice()].concat());
    let accounts: Vec<&str> =
        said.stderr.split("--workload ").skip(1).map(|rest| rest.split("=yes|no").next().unwrap()).collect();
    let (asked, answered) = accounts.split_first().unwrap();
    let answered: Vec<String> = answered.iter().map(|who| format!("--workload={who}=yes")).collect();
    let mut arguments = vec!["start", AS_OF[0], AS_OF[1]];
    arguments.extend(answered.iter().map(String::as_str));
    let Some(mut terminal) = Terminal::start(&sandbox, &arguments, "") else { return };
    terminal.until("Which tenant?").until("[none] ").types("copy.json\n");
    terminal.until("Which accounts are for emergencies?").until("] ").types("none\n");
    terminal.until(&format!("Is {asked} a program or a device?")).until("[yes] ").types("perhaps\n");
    terminal.until("yes or no: Is ").types("no\n");
    terminal.until("How many people go first?").until("[5] ").types("2\n");
    terminal.ends().exits(0).says("Wrote main.mfa.hcl and tenant.json");
    let text = sandbox.read("main.mfa.hcl");
    assert!(!text.contains("break_glass"), "{text}");
    let wave = text.split("wave \"first\"").nth(1).unwrap().split('}').next().unwrap();
    assert_eq!(wave.matches('@').count(), 2, "{wave}");
}

/// The page shows what is seen, on a terminal of 80 columns. `UPDATE_DOCS=1` writes it.
#[test]
fn the_transcript_of_the_docs_is_what_start_says() {
    let mut sandbox = Sandbox::new();
    sandbox.set("NO_COLOR", "1");
    fs::copy("examples/contoso/tenant.json", sandbox.path("copy.json")).unwrap();
    let Some(mut terminal) = Terminal::start(&sandbox, &["start", "--as-of", "2026-11-23"], "") else { return };
    terminal.answers("Which tenant?", "[none] ", "copy.json\n");
    terminal.answers("for emergencies?", "@contoso.onmicrosoft.com] ", "\n");
    for asked in ["invoices", "noreply", "scan-berlin", "scan-hamburg", "scan-leipzig", "scan-warehouse", "svc-backup"]
    {
        terminal.answers(&format!("Is {asked}@contoso.com a program or a device?"), "[yes] ", "\n");
    }
    terminal.answers("Is svc-monitoring@contoso.com", "[yes] ", "\n");
    terminal.answers("How many people go first?", "[5] ", "\n");
    let said = terminal.ends();
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    let said = said.stdout.replace('\r', "");
    let wide: Vec<&str> = said.lines().filter(|line| line.chars().count() > 80 && !line.contains("] ")).collect();
    assert!(wide.is_empty(), "wider than 80 columns: {wide:#?}");

    let page = format!(
        "# What `start` asks and shows\n\nA transcript, at a terminal of 80 columns: the company of `examples/contoso`, from an offline \
         copy, with\neverything as proposed. A tenant without Entra ID P1, so nobody knows who signs in by what; the scanners are \
         told\nby their names, and asked about. [Your own tenant in an hour](first-hour.md) goes on from here.\n\n\
         ```console\n$ mfaplan start\n{}\n```\n",
        said.trim_end()
    );
    let path = "docs/readers/start.md";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, page).unwrap();
    } else {
        assert!(
            fs::read_to_string(path).unwrap_or_default() == page,
            "{path} is old: UPDATE_DOCS=1 cargo test --test cli transcript"
        );
    }
}
