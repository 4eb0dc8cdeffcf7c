//! The log into the store: slice by slice, at the service's own pace, through whatever fails.

use std::fs;

use serde_json::{Value, json};

use crate::{
    desk::{Desk, id, seed},
    support::fake_graph::{FakeOptions, Fault, Faults, RetryAfter, Throttle},
};

fn ago(minutes: i64) -> String {
    (jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// One record every so many minutes of the last days, of alternating kinds.
fn records(count: usize, minutes: i64) -> Vec<Value> {
    (0..count)
        .map(|n| {
            json!({
                "id": format!("request-{n}"), "createdDateTime": ago(5 + n as i64 * minutes), "userId": id(2 + n % 20),
                "userPrincipalName": format!("user{:02}@contoso.com", 2 + n % 20), "appId": "app", "clientAppUsed": "Browser",
                "isInteractive": n % 2 == 0, "ipAddress": "198.51.100.7", "status": {"errorCode": 0},
            })
        })
        .collect()
}

/// A tenant whose log Graph gives.
fn with_log() -> String {
    let mut tenant: Value = serde_json::from_str(&seed()).unwrap();
    tenant["users"][3]["signIns"] = json!({"windowDays": 30, "interactive": 0, "nonInteractive": 0});
    tenant.to_string()
}

fn desk(options: FakeOptions, log: Vec<Value>) -> Desk {
    let desk = Desk::of(options, &with_log());
    desk.fake.log_of_sign_ins(log);
    desk
}

fn pull(desk: &Desk) -> Value {
    let said = desk.run(&["evidence", "pull", "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    serde_json::from_str(&said.out).unwrap()
}

fn pages(desk: &Desk) -> usize {
    desk.fake.log().iter().filter(|one| one.path == "/auditLogs/signIns").count()
}

#[test]
fn the_second_pull_reads_what_is_new() {
    let desk = desk(FakeOptions { page_size: 20, ..FakeOptions::default() }, records(300, 60));
    let first = pull(&desk);
    assert_eq!((&first["counted"], &first["duplicates"]), (&json!(300), &json!(0)));
    desk.fake.clear_log();
    let second = pull(&desk);
    assert_eq!(second["counted"], 0);
    assert!(pages(&desk) <= 4, "an hour of each kind, not the month: {}", pages(&desk));
    // What is newer, and what came late.
    let mut log = records(300, 60);
    log.push(json!({"id": "late", "createdDateTime": ago(30), "userId": id(5), "clientAppUsed": "IMAP4",
        "isInteractive": false, "status": {"errorCode": 0}}));
    desk.fake.log_of_sign_ins(log);
    assert_eq!(pull(&desk)["counted"], 1);
    let said = desk.run(&["evidence", "status", "--json"]);
    let status: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&status["store"]["records"], &status["fresh"]), (&json!(301), &json!(true)));
    assert_eq!((&status["gaps"]["interactive"], &status["full_pull"]["seconds"]), (&json!([]), &json!(0)));
    assert_eq!(desk.fake.problems(), Vec::<String>::new());
}

/// Whoever has signed in at a time, as a snapshot says it.
fn with_dates(last: &str) -> String {
    let mut tenant: Value = serde_json::from_str(&with_log()).unwrap();
    for user in tenant["users"].as_array_mut().unwrap() {
        user["lastSignInDateTime"] = last.into();
        user["lastInteractiveSignInDateTime"] = last.into();
    }
    tenant["users"][22]["lastSignInDateTime"] = "never".into();
    tenant["users"][22]["lastInteractiveSignInDateTime"] = "never".into();
    tenant.to_string()
}

/// How often the dates of last sign-ins were asked for.
fn dates_asked(desk: &Desk) -> usize {
    desk.fake.log().iter().filter(|one| one.query.contains("signInActivity")).count()
}

/// Who is dormant (MFA028), by number.
fn dormant(plan: &Value) -> Vec<usize> {
    let found = plan["changes"].as_array().unwrap().iter().filter(|one| one["findings"].to_string().contains("MFA028"));
    found.map(|one| one["user"]["id"].as_str().unwrap()[24..].parse().unwrap()).collect()
}

/// The service gives them ten pages a minute: a night's job reads them, and the plans of the day wait for nothing.
#[test]
fn a_plan_does_not_ask_again_when_users_last_signed_in() {
    let desk = Desk::of(FakeOptions::default(), &with_dates(&ago(200 * 24 * 60)));
    desk.fake.log_of_sign_ins(records(100, 60));
    let now = jiff::Timestamp::now();
    let at = |hours: i64| now + jiff::SignedDuration::from_hours(hours);
    let planned = |hours: i64, arguments: &[&str]| -> (Value, usize) {
        desk.fake.clear_log();
        let said = desk.run_at(&[&["plan", "--json"], arguments].concat(), at(hours));
        assert_eq!(said.code, 0, "{said:?}");
        (serde_json::from_str(&said.out).unwrap(), dates_asked(&desk))
    };
    let (first, asked) = planned(0, &["--sign-ins", "decisive"]);
    assert_eq!(asked, 1, "nothing is kept yet");
    assert_eq!(dormant(&first), [22, 23, 24, 25], "whoever is in the log is not");
    assert_eq!(pull(&desk)["last_sign_ins"], 30);
    for mode in ["stored", "decisive", "full"] {
        let (plan, asked) = planned(30, &["--sign-ins", mode]);
        assert_eq!(asked, 0, "{mode}");
        assert_eq!(dormant(&plan), dormant(&first), "{mode}: one never, others not for 200 days");
        let notes = plan["notes"].to_string();
        assert!(notes.contains("dates of last sign-ins are those of ") && notes.contains("evidence pull"), "{notes}");
    }
    let (plan, asked) = planned(37, &["--sign-ins", "decisive"]);
    assert_eq!((asked, plan["notes"].to_string().contains("last sign-ins")), (1, false), "too old");
    assert_eq!(planned(-1, &["--sign-ins", "decisive"]).1, 1, "a plan of an earlier instant");
    // The whole log with the dates that the tenant gave: kept for the next plan.
    assert_eq!((planned(40, &["--sign-ins", "full"]).1, planned(50, &["--sign-ins", "decisive"]).1), (1, 0));
    // Whoever selects by them selects by what is so now.
    let main = fs::read_to_string(desk.path("main.mfa.hcl")).unwrap();
    let by_date = main.replace("[\"SG-Finance\"]", "[\"SG-Finance\"]\n  where = user.last_sign_in != null");
    fs::write(desk.path("main.mfa.hcl"), by_date).unwrap();
    assert_eq!(planned(50, &["--sign-ins", "decisive"]).1, 1);
    fs::write(desk.path("main.mfa.hcl"), main).unwrap();
    assert_eq!(planned(50, &["--sign-ins", "decisive"]).1, 0);
    let status: Value = serde_json::from_str(&desk.run(&["evidence", "status", "--json"]).out).unwrap();
    assert_eq!(status["last_sign_ins"]["users"], 30);
    assert_eq!(desk.run(&["evidence", "prune", "--older-than", "0d"]).code, 0);
    assert_eq!(planned(50, &["--sign-ins", "decisive"]).1, 1, "forgotten with the rest");
    assert_eq!(desk.fake.problems(), Vec::<String>::new());
}

#[test]
fn dates_that_are_refused_end_no_pull_and_damaged_ones_are_not_taken_for_none() {
    let desk = desk(FakeOptions::default(), records(10, 60));
    let said = desk.run(&["evidence", "pull", "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("\"last_sign_ins\": null"), "{said:?}");
    let path = desk.path(".mfaplan/evidence/last-sign-ins.json");
    assert!(!path.exists());
    for (text, what) in [
        ("{", "EOF"),
        (
            r#"{"format":2,"tenant":"7f3a0d7e-4a64-4d6e-9a3f-0c1d2e3f4a5b","read_at":"2026-11-20T08:00:00Z","users":{}}"#,
            "format 2",
        ),
        (
            r#"{"format":1,"tenant":"00000000-4a64-4d6e-9a3f-0c1d2e3f4a5b","read_at":"2026-11-20T08:00:00Z","users":{}}"#,
            "of tenant",
        ),
    ] {
        fs::write(&path, text).unwrap();
        let said = desk.run(&["plan", "--sign-ins", "decisive"]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains("last-sign-ins.json: the store is damaged") && said.err.contains(what), "{said:?}");
    }
    #[cfg(unix)]
    {
        fs::rename(&path, desk.path("elsewhere.json")).unwrap();
        std::os::unix::fs::symlink(desk.path("elsewhere.json"), &path).unwrap();
        let said = desk.run(&["plan", "--sign-ins", "decisive"]);
        assert!(said.code == 1 && said.err.contains("last-sign-ins.json is a link"), "{said:?}");
    }
}

#[test]
fn what_was_read_stays_when_the_service_gives_up() {
    let desk = desk(FakeOptions::default(), records(300, 60));
    let mut lives = 0;
    loop {
        lives += 1;
        assert!(lives < 40, "it never ends");
        // Each life gets some pages: then the log is refused.
        desk.fake.fail_later("GET", "/auditLogs/signIns", 23 + lives % 7, Fault::Status(400));
        let said = desk.run(&["evidence", "pull"]);
        if said.code == 0 {
            break;
        }
        assert_eq!(said.code, 1, "{said:?}");
        desk.fake.mend();
        desk.fake.clear_log();
    }
    assert!(lives > 5, "{lives}");
    let said = desk.run(&["evidence", "status", "--json"]);
    let status: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(status["store"]["records"], 300);
}

/// Seeded faults of every kind, at the published pace: the clock jumps, so waiting costs nothing.
#[test]
fn a_pull_through_every_fault_counts_every_record_once() {
    for seed in 0..4 {
        let options = FakeOptions {
            faults: Faults::mixed(seed, 0.2),
            throttle: Throttle::published(30),
            retry_after: RetryAfter::Missing,
            page_size: 50,
            ..FakeOptions::default()
        };
        let desk = desk(options, records(200, 120));
        let mut tries = 0;
        while desk.run(&["evidence", "pull"]).code != 0 {
            tries += 1;
            assert!(tries < 20, "seed {seed}");
        }
        let said = desk.run(&["evidence", "status", "--json"]);
        let status: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(status["store"]["records"], 200, "seed {seed}");
    }
}

#[test]
fn a_plan_rests_on_a_fresh_store_and_asks_nothing_of_the_log() {
    let mut log = records(100, 400);
    log.push(json!({"id": "mail", "createdDateTime": ago(90), "userId": id(7), "clientAppUsed": "Authenticated SMTP",
        "isInteractive": false, "status": {"errorCode": 0}}));
    let desk = desk(FakeOptions::default(), log);
    let full = desk.run(&["plan", "--json", "--sign-ins", "full"]);
    let full: Value = serde_json::from_str(&full.out).unwrap();
    assert_eq!(
        (&full["observed"]["evidence"]["mode"], &full["observed"]["evidence"]["records"]),
        (&json!("full"), &json!(101))
    );
    assert!(full["changes"].to_string().contains("MFA006"));
    assert!(desk.path(".mfaplan/evidence/store.json").exists());
    desk.fake.clear_log();
    let stored = desk.run(&["plan", "--json"]);
    let stored: Value = serde_json::from_str(&stored.out).unwrap();
    assert_eq!(pages(&desk), 0, "the log is not asked");
    assert_eq!(stored["observed"]["evidence"]["mode"], "stored");
    assert_eq!((&stored["changes"], &stored["digest"]), (&full["changes"], &full["digest"]));
    let none = desk.run(&["plan", "--json", "--sign-ins", "none"]);
    let none: Value = serde_json::from_str(&none.out).unwrap();
    assert!(!none["changes"].to_string().contains("MFA006") && pages(&desk) == 0);
    for entry in fs::read_dir(desk.path(".mfaplan/evidence")).unwrap() {
        let text = fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains("canary-"));
    }
}

/// What is newer is added to what the store counted; what lies in the last hour before its end is counted once.
#[test]
fn a_decisive_plan_adds_what_is_newer_to_the_store() {
    let mail = |name: &str, minutes: i64| {
        json!({"id": name, "createdDateTime": ago(minutes), "userId": id(7), "clientAppUsed": "Authenticated SMTP",
            "isInteractive": false, "status": {"errorCode": 0}})
    };
    let mut log = records(4_000, 10);
    log.extend([mail("old", 10_000), mail("before the end", 25 * 60 + 20)]);
    let desk = desk(FakeOptions { log_page: Some(5), ..FakeOptions::default() }, log.clone());
    let now = jiff::Timestamp::now();
    assert_eq!(desk.run_at(&["evidence", "pull"], now - jiff::SignedDuration::from_hours(25)).code, 0);
    log.extend([mail("late", 25 * 60 + 10), mail("new", 30)]);
    desk.fake.log_of_sign_ins(log);
    desk.fake.clear_log();
    let plan = |mode: &str| -> Value {
        let said = desk.run_at(&["plan", "--json", "--sign-ins", mode], now);
        assert_eq!(said.code, 0, "{said:?}");
        serde_json::from_str(&said.out).unwrap()
    };
    let of_mail = |plan: &Value| -> Value {
        let changes = plan["changes"].as_array().unwrap();
        let change = changes.iter().find(|one| one["user"]["id"] == id(7)).unwrap();
        change["findings"].as_array().unwrap().iter().find(|one| one["rule"] == "MFA006").unwrap().clone()
    };
    let replayed = |plan: &Value| -> Value {
        let changes = plan["replay"]["changes"].as_array().unwrap();
        changes.iter().find(|one| one["user"]["id"] == id(7)).unwrap()["verdicts"].clone()
    };
    let decisive = plan("decisive");
    assert!(pages(&desk) <= 4, "one page of each kind, and one of legacy clients: {}", pages(&desk));
    let full = plan("full");
    assert_eq!(of_mail(&decisive), of_mail(&full), "four mails");
    assert!(of_mail(&full).to_string().contains(":4"), "{}", of_mail(&full));
    assert_eq!(replayed(&decisive)["blocked"], replayed(&full)["blocked"]);
}

/// Somebody's mail of weeks ago is found by a filter; what cannot be asked for is said to be unknown.
#[test]
fn what_decides_is_known_after_a_few_pages() {
    let mut log = records(300, 60);
    log.push(json!({"id": "mail", "createdDateTime": ago(11 * 24 * 60), "userId": id(7), "isInteractive": false,
        "clientAppUsed": "Authenticated SMTP", "status": {"errorCode": 0}}));
    let options = FakeOptions { page_size: 20, throttle: Throttle::published(30), ..FakeOptions::default() };
    let desk = desk(options, log);
    for flags in [&["plan", "--json"][..], &["plan", "--json", "--sign-ins", "decisive"]] {
        desk.fake.clear_log();
        let plan: Value = serde_json::from_str(&desk.run(flags).out).unwrap();
        assert_eq!(plan["observed"]["evidence"]["mode"], "decisive");
        let changes = plan["changes"].as_array().unwrap();
        let mailer = changes.iter().find(|one| one["user"]["id"] == id(7)).unwrap();
        assert!(mailer["findings"].to_string().contains("MFA006"), "{mailer}");
        assert!(pages(&desk) <= 10, "{}", pages(&desk));
        let said = plan["observed"]["unavailable"].to_string();
        assert!(said.contains("decisive only: known are legacy clients of everybody"), "{said}");
        assert!(plan["not_evaluated"].to_string().contains("MFA005"), "the password grant is unknown: {plan}");
    }
    assert!(!desk.path(".mfaplan/evidence").exists(), "nothing is stored");
    assert_eq!(desk.fake.problems(), Vec::<String>::new());
}

#[test]
fn a_short_log_is_known_whole() {
    let desk = desk(FakeOptions::default(), records(300, 60));
    let decisive: Value = serde_json::from_str(&desk.run(&["plan", "--json"]).out).unwrap();
    assert_eq!(pages(&desk), 2);
    assert!(!decisive["observed"]["unavailable"].to_string().contains("sign_ins"), "{decisive}");
    let full: Value = serde_json::from_str(&desk.run(&["plan", "--json", "--sign-ins", "full"]).out).unwrap();
    for key in ["changes", "replay", "summary"] {
        let windows = |value: &Value| value["window"].clone();
        let (mut a, mut b) = (decisive[key].clone(), full[key].clone());
        assert_eq!(windows(&a).is_null(), windows(&b).is_null());
        for one in [&mut a, &mut b] {
            if let Some(object) = one.as_object_mut() {
                object.remove("window");
            }
        }
        assert_eq!(a, b, "{key}");
    }
}
