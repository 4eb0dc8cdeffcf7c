//! What goes where: JSON, events, pipes.

use std::io::Read as _;

use crate::{
    binary::Sandbox,
    tenant::{AS_OF, apply, by_hand, people},
};

#[test]
fn json_is_one_document_on_standard_output() {
    let sandbox = people(3);
    let with = |args: &[&'static str]| [args, &AS_OF[..]].concat();
    sandbox.run(&with(&["validate", "--json"])).exits(0).json();
    sandbox.run(&with(&["rules", "--json"])).exits(0).json();
    sandbox.run(&with(&["history", "--json"])).exits(0).json();
    sandbox.run(&with(&["plan", "--json"])).exits(0).json();
    sandbox.run(&with(&["plan", "--json", "--quiet"])).exits(0).json();
    let applied = sandbox.run(&with(&["apply", "--json", "--auto-approve"])).exits(0).json();
    assert_eq!(applied["counts"]["done"], 3);
    sandbox.run(&with(&["apply", "--json", "--auto-approve"])).exits(0).json();
    sandbox.run(&with(&["verify", "--json"])).exits(0).json();
    let run = sandbox.run_id();
    let history = sandbox.run(&with(&["history", "--json"])).exits(0).json();
    assert_eq!((&history[0]["run"], &history[0]["done"]), (&run.as_str().into(), &3.into()));
    by_hand(&sandbox, 0, "disabled");
    let verified = sandbox.run(&["verify", &run, "--json"]).exits(2).json();
    assert_eq!(verified["summary"]["drifted"], 1);
    sandbox.run(&["apply", "--resume", &run, "--json"]).exits(0).json();
    sandbox.run(&["rollback", &run, "--json", "--auto-approve"]).exits(0).json();
    sandbox.append("main.mfa.hcl", "mfa \"broken\" {\n  stat = 1\n}\n");
    let invalid = sandbox.run(&["validate", "--json"]).exits(1).json();
    assert_eq!(invalid["valid"], false);
}

#[test]
fn events_end_in_a_summary_whose_counts_add_up() {
    let sandbox = people(12);
    by_hand(&sandbox, 4, "enforced");
    let args = apply(&["--auto-approve", "--events", "events.ndjson"]);
    sandbox.run(&args).exits(0);
    let text = sandbox.read("events.ndjson");
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.last().unwrap();
    assert_eq!((&summary["type"], &summary["outcome"]), (&"summary".into(), &"complete".into()));
    let count = |name: &str| summary[name].as_u64().unwrap();
    let parts = ["done", "failed", "stale", "unknown", "not_attempted"].map(count);
    assert_eq!((parts.iter().sum::<u64>(), count("changes"), count("exit_code")), (11, 11, 0));
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    assert_eq!((of("change"), of("intent"), of("summary")), (11, 11, 1));

    let piped = sandbox.run(&["verify", "--events", "-"]);
    piped.exits(0);
    for line in piped.stdout.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    let refused = sandbox.run(&["plan", "--events", "-", "--target", "nobody@contoso.com"]);
    refused.exits(1);
    let last: serde_json::Value = serde_json::from_str(refused.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&last["type"], &last["exit_code"]), (&"summary".into(), &1.into()));
}

#[test]
fn a_reader_who_goes_away_is_no_error() {
    let sandbox = Sandbox::example("contoso");
    let mut child = sandbox.spawn(&mut sandbox.command(&["plan", "--verbose", "--as-of", "2026-11-24"]));
    let mut some = [0; 16];
    child.stdout.as_mut().unwrap().read_exact(&mut some).unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{stderr}");
    assert_eq!(stderr, "");
}

#[test]
fn an_apply_whose_output_nobody_reads_still_tells_the_journal() {
    let sandbox = people(8);
    let deaf = |args: &[&str]| {
        let mut child = sandbox.spawn(&mut sandbox.command(&apply(args)));
        drop(child.stdout.take());
        drop(child.stderr.take());
        child.wait().unwrap().code()
    };
    assert_eq!(deaf(&["--auto-approve"]), Some(1), "a plan that nobody saw is not applied, and that is no success");
    assert!(sandbox.runs().is_empty());
    // With --json nothing is shown before the run: the exit code says how it went.
    assert_eq!(deaf(&["--auto-approve", "--json", "--quiet"]), Some(0));
    let run = sandbox.run_id();
    assert_eq!(sandbox.journal(&run).last().unwrap()["type"], "end");
    assert!(sandbox.states().values().all(|state| state == "enforced"));
}

#[test]
fn junit_lists_every_rule() {
    let sandbox = people(2);
    let said = sandbox.run(&["plan", "--format", "junit", "--as-of", "2026-11-24"]);
    let rules = sandbox.run(&["rules", "--json"]).json();
    for rule in rules.as_array().unwrap() {
        said.exits(0).says(rule["id"].as_str().unwrap());
    }
}
