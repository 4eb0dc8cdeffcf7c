//! The store from the command line: files in, figures out, a plan that rests on it.

use std::fs;

use serde_json::{Value, json};

use crate::{
    binary::{Said, Sandbox},
    tenant::{AS_OF, configuration, id, people},
};

fn at<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &AS_OF].concat()
}

fn record(number: usize, request: &str, time: &str, client: &str, interactive: bool) -> Value {
    json!({
        "id": request, "createdDateTime": time, "userId": id(number), "appId": "00000002-0000-0ff1-ce00-000000000000",
        "appDisplayName": "Exchange Online", "clientAppUsed": client, "isInteractive": interactive,
        "status": {"errorCode": 0}, "ipAddress": "198.51.100.7", "userAgent": "Mozilla/5.0 (x)",
    })
}

/// Thirty days of both kinds: user 0 mails by SMTP each day, user 1 signs in at a browser.
fn month() -> (Vec<Value>, Vec<Value>) {
    let days = (25..=31).map(|day| format!("2026-10-{day:02}")).chain((1..=23).map(|day| format!("2026-11-{day:02}")));
    days.map(|day| {
        let smtp = record(0, &format!("smtp-{day}"), &format!("{day}T02:00:00Z"), "Authenticated SMTP", false);
        (record(1, &format!("web-{day}"), &format!("{day}T08:00:00Z"), "Browser", true), smtp)
    })
    .unzip()
}

fn office() -> Sandbox {
    let sandbox = people(3);
    let (interactive, other) = month();
    fs::create_dir(sandbox.path("log")).unwrap();
    sandbox.write("log/InteractiveSignIns.json", &json!(interactive).to_string());
    sandbox.write("log/NonInteractiveSignIns.json", &json!(other).to_string());
    sandbox
}

fn import(sandbox: &Sandbox) -> Said {
    sandbox.run(&at(&["evidence", "import", "log", "--json"]))
}

#[test]
fn an_empty_store_is_no_error() {
    let sandbox = people(1);
    let status = sandbox.run(&at(&["evidence", "status", "--json"])).exits(0).json();
    assert_eq!(status["store"]["records"], 0);
    assert_eq!((&status["fresh"], &status["full_pull"]["seconds"]), (&json!(false), &Value::Null));
    assert!(!sandbox.path(".mfaplan").exists(), "looking makes nothing");
    sandbox.run(&at(&["evidence", "status"])).exits(0).says("The store is empty");
}

#[test]
fn files_are_counted_once_and_the_plan_says_the_same_as_from_the_files() {
    let sandbox = office();
    // As many lines as the other configuration has.
    sandbox.write("main.mfa.hcl", &configuration("snapshot = \"tenant.json\"\n"));
    let read = import(&sandbox).exits(0).json();
    assert_eq!((&read["counted"], &read["duplicates"]), (&json!(60), &json!(0)));
    assert_eq!(read["files"][0]["kind"], "interactive");
    let again = import(&sandbox).exits(0).json();
    assert_eq!((&again["counted"], &again["duplicates"]), (&json!(0), &json!(60)));
    let status = sandbox.run(&at(&["evidence", "status", "--json"])).exits(0).json();
    assert_eq!((&status["store"]["records"], &status["store"]["users"]), (&json!(60), &json!(2)));
    assert_eq!(status["fresh"], true);
    assert_eq!(status["coverage"]["interactive"][0]["from"], "2026-10-25T08:00:00Z");
    assert_eq!(status["sources"], json!([{"source": "portal", "records": 60}]));

    let plan = |sandbox: &Sandbox, more: &[&str]| sandbox.run(&at(&[&["plan", "--json"], more].concat())).json();
    let mut stored = plan(&sandbox, &[]);
    let evidence = stored["observed"]["evidence"].take();
    assert_eq!((&evidence["mode"], &evidence["records"]), (&json!("stored"), &json!(60)));
    assert_eq!(evidence["covered"]["non_interactive"][0]["to"], "2026-11-23T02:00:00Z");
    let findings = stored["changes"].to_string();
    assert!(findings.contains("MFA006"), "the mailer is seen: {findings}");

    let direct = office();
    let files = "snapshot = \"tenant.json\"\n  sign_ins = [\"log/InteractiveSignIns.json\", \"log/NonInteractiveSignIns.json\"]";
    direct.write("main.mfa.hcl", &configuration(files));
    let direct = plan(&direct, &[]);
    for key in ["changes", "summary", "replay", "refused", "findings", "not_evaluated"] {
        assert_eq!(stored[key], direct[key], "{key}");
    }

    let nothing = plan(&sandbox, &["--sign-ins", "none"]);
    assert_eq!(nothing["observed"]["evidence"]["mode"], "none");
    assert!(nothing["observed"]["unavailable"].to_string().contains("--sign-ins none"), "{nothing}");
}

#[test]
fn what_a_snapshot_cannot_do_is_said() {
    let sandbox = office();
    for mode in ["full", "decisive"] {
        sandbox.run(&at(&["plan", "--sign-ins", mode])).exits(1).says("a snapshot has no log to read");
    }
    sandbox.run(&at(&["plan", "--sign-ins", "stord"])).exits(1).says("did you mean").says("stored");
    sandbox.run(&at(&["evidence", "pull"])).exits(1).says("a snapshot has no log to pull");
    sandbox.run(&at(&["evidence", "prune", "--older-than", "90"])).exits(1).says("90d");
    sandbox.run(&at(&["evidence", "export", "out.json"])).exits(1).says("--redact");
}

#[test]
fn a_broken_file_is_named_with_its_line_and_the_others_count() {
    let sandbox = office();
    sandbox.write("log/broken.csv", "Date (UTC),Request ID,User ID,Username,Status,Client app,isInteractive\nyesterday,r,,a@contoso.com,Success,Browser,true\n");
    let said = import(&sandbox);
    said.exits(1).says("log/broken.csv:2: `yesterday` is not a date").says("nothing of this file is counted");
    assert_eq!(said.json()["counted"], 60);
    assert_eq!(said.json()["broken"].as_array().unwrap().len(), 1);
    sandbox.run(&at(&["evidence", "import", "nowhere.json"])).exits(1).says("nowhere.json");
}

#[test]
fn pruned_days_are_gone_and_an_emptied_store_begins_anew() {
    let sandbox = office();
    import(&sandbox);
    sandbox.run(&at(&["evidence", "prune", "--older-than", "10d"])).exits(0).says("records forgotten");
    let status = sandbox.run(&at(&["evidence", "status", "--json"])).exits(0).json();
    assert_eq!(status["store"]["pruned_before"], "2026-11-14");
    let again = import(&sandbox).exits(0).json();
    assert_eq!(again["counted"], 0);
    assert_eq!(again["files"][0]["pruned"], 20);
    sandbox.run(&at(&["evidence", "prune", "--older-than", "0d"])).exits(0).says("0 kept");
    assert_eq!(import(&sandbox).exits(0).json()["counted"], 60);
}

#[test]
fn what_is_exported_names_nobody_and_is_a_snapshot() {
    let sandbox = office();
    import(&sandbox);
    sandbox.run(&at(&["evidence", "export", "--redact", "shared.json"])).exits(0);
    let text = sandbox.read("shared.json");
    assert!(!text.contains(&id(0)) && !text.contains("contoso.com"), "{text}");
    let shared: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shared["users"].as_array().unwrap().len(), 2);
    assert!(text.contains("Authenticated SMTP"));
    sandbox.run(&at(&["show", "shared.json"])).exits(0);
}

#[test]
fn the_store_of_another_tenant_is_not_touched() {
    let sandbox = office();
    import(&sandbox);
    let other = sandbox.read("main.mfa.hcl").replace("6f1c2d3e", "7f1c2d3e");
    sandbox.write("main.mfa.hcl", &other);
    for line in
        [&["evidence", "status"][..], &["evidence", "import", "log"], &["evidence", "prune", "--older-than", "1d"]]
    {
        sandbox.run(&at(line)).exits(1).says("holds sign-ins of tenant 6f1c2d3e");
    }
}
