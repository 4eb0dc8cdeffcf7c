//! What the sign-ins of the last weeks would have met: a scanner, a person, and somebody nobody knows about.

use serde_json::{Value, json};

use crate::{
    binary::Sandbox,
    tenant::{AS_OF, TENANT, people},
};

fn cell(client: &str, kind: &str, count: u32) -> Value {
    json!({
        "day": "2026-11-10", "app": {"id": "00000002-0000-0ff1-ce00-000000000000", "displayName": "Exchange Online"},
        "client": client, "kind": kind, "requirement": "single", "outcome": "success", "count": count,
        "first": "2026-11-10T08:00:00Z", "last": "2026-11-10T09:00:00Z",
    })
}

/// User 0 is a scanner, user 1 a person; of user 2 no single sign-in is known, and user 3 is nobody's.
fn office() -> Sandbox {
    let sandbox = people(4);
    let mut tenant: Value = serde_json::from_str(&sandbox.read("tenant.json")).unwrap();
    tenant["users"][0]["signIns"] =
        json!({"windowDays": 30, "cells": [cell("Authenticated SMTP", "nonInteractive", 42)]});
    tenant["users"][1]["signIns"] = json!({"windowDays": 30, "cells": [cell("Browser", "interactive", 5)]});
    tenant["users"][3]["userType"] = "Guest".into();
    sandbox.write("tenant.json", &tenant.to_string());
    // The scanner is known and accepted, so that it would be written.
    sandbox.append(
        "main.mfa.hcl",
        "\naccept \"MFA006\" {\n  users   = [\"user000@contoso.com\"]\n  reason  = \"replaced next week\"\n  expires = \"2026-12-20\"\n}\n",
    );
    sandbox
}

fn at<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &AS_OF].concat()
}

#[test]
fn the_scanner_breaks_the_person_answers_and_the_silent_are_counted() {
    let sandbox = office();
    let replay = sandbox.run(&at(&["replay", "--json"])).exits(0).json();
    assert_eq!(replay["tenant"]["id"], TENANT);
    let replay = &replay["replay"];
    let harmed = |of: &Value| of["breaks"].as_u64().unwrap() + of["blocked"].as_u64().unwrap();
    assert_eq!(harmed(&replay["verdicts"]) + harmed(&replay["withheld"]), 42, "{replay:#}");
    assert_eq!(replay["verdicts"].as_object().unwrap().len(), 9);
    assert_eq!(replay["not_replayed"]["users"], 1);
    assert_eq!(replay["window"]["to"], "2026-11-24T00:00:00Z");
    assert_eq!(replay["users"], 2);
    sandbox.run(&at(&["replay"])).exits(0).says("Not replayed: 1 user");
}

#[test]
fn one_user_is_shown_row_by_row_and_others_with_the_reason_why_not() {
    let sandbox = office();
    let one = sandbox.run(&at(&["replay", "--user", "USER001@contoso.com", "--json"])).exits(0).json();
    assert_eq!(one["replay"]["verdicts"]["challenged"], 5);
    assert_eq!(one["replay"]["changes"][0]["rows"][0]["client"], "Browser");
    for (user, says) in [
        ("user002@contoso.com", "user002@contoso.com was not replayed: no single sign-ins are known of them"),
        ("user003@contoso.com", "does not change: no block claims them"),
        ("user009@contoso.com", "user009@contoso.com is not in this plan"),
    ] {
        sandbox.run(&at(&["replay", "--user", user])).exits(1).says(says);
    }
    sandbox.run(&at(&["explain", "user001@contoso.com"])).exits(0).says("challenged");
}

#[test]
fn a_saved_plan_says_the_same_without_the_tenant() {
    let sandbox = office();
    let live = sandbox.run(&at(&["replay", "--json"])).exits(0).json();
    sandbox.run(&at(&["plan", "--out", "staff.mfaplan"])).exits(0);
    std::fs::remove_file(sandbox.path("tenant.json")).unwrap();
    let saved = sandbox.run(&["replay", "staff.mfaplan", "--json"]).exits(0).json();
    for member in ["users", "sign_ins", "verdicts", "withheld", "users_by_verdict", "not_replayed", "window"] {
        assert_eq!(saved["replay"][member], live["replay"][member], "{member}");
    }
    sandbox.run(&["replay", "staff.mfaplan", "--target", "user001@contoso.com"]).exits(1);
}

#[test]
fn the_exit_code_says_whether_something_stops_working() {
    let sandbox = office();
    let replay = sandbox.run(&at(&["replay", "--json"])).json();
    let harmed = replay["replay"]["verdicts"]["breaks"].as_u64().unwrap() > 0;
    sandbox.run(&at(&["replay", "--detailed-exitcode"])).exits(if harmed { 2 } else { 0 });
    sandbox.run(&at(&["replay", "--user", "user001@contoso.com", "--detailed-exitcode"])).exits(0);
    sandbox.run(&at(&["replay", "--format", "htm"])).exits(1).says("did you mean");
}
