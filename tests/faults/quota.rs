//! How long the log takes under the limits that Microsoft publishes, on a clock that jumps: pages of the tests hold fewer
//! records than those of the service, so that there are as many pages as in a real tenant.
//!
//! `MFAPLAN_QUOTA_USERS=10000 MFAPLAN_QUOTA_PAGES=6000` is a tenant of ten thousand users with six million records.
#![allow(clippy::print_stdout, reason = "figures for the page on performance")]

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    desk::{Desk, id, runtime, seed},
    support::fake_graph::{FakeOptions, RetryAfter, Throttle},
};

/// Records of a page here, for a thousand of the service's.
const PAGE: usize = 10;

fn set(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Of fifty users one is a program by its name and what the directory says.
fn tenant(users: usize) -> String {
    let mut tenant: Value = serde_json::from_str(&seed()).unwrap();
    let group = tenant["groups"][0]["id"].clone();
    let all = tenant["users"].as_array_mut().unwrap();
    let person = all[2].clone();
    for n in all.len()..users {
        let mut one = person.clone();
        one["id"] = id(n).into();
        one["userPrincipalName"] = format!("user{n:05}@contoso.com").into();
        one["memberOf"] = json!([group]);
        one["lastPasswordChangeDateTime"] = "2026-10-01T08:00:00Z".into();
        for key in ["department", "jobTitle", "employeeId"] {
            one[key] = "Sales".into();
        }
        if n % 50 == 0 {
            one["userPrincipalName"] = format!("svc-backup{n:05}@contoso.com").into();
            one["displayName"] = format!("Backup service {n}").into();
            one["isMfaRegistered"] = false.into();
            one["isMfaCapable"] = false.into();
            one["methodsRegistered"] = json!([]);
            one["passwordPolicies"] = "DisablePasswordExpiration".into();
            one["lastPasswordChangeDateTime"] = "2019-10-01T08:00:00Z".into();
            for key in ["department", "jobTitle", "employeeId"] {
                one[key] = Value::Null;
            }
        }
        all.push(one);
    }
    tenant["users"][3]["signIns"] = json!({"windowDays": 30});
    // Dates of last sign-ins have a limit of their own: ten pages of 500 users a minute.
    for one in tenant["users"].as_array_mut().unwrap() {
        for key in ["lastSignInDateTime", "lastInteractiveSignInDateTime"] {
            one[key] = (Timestamp::now() - SignedDuration::from_hours(50)).to_string().into();
        }
    }
    tenant.to_string()
}

/// Programs sign in now and then, at night and without a person; some of them send mail.
fn record(n: usize, users: usize, at: Timestamp) -> Value {
    let program = n / 100 * 50 % users / 50 * 50;
    let (user, smtp, interactive) = match n % 100 {
        99 => (program, n % 600 == 99, false),
        _ => ((2 + n % (users - 2)) / 50 * 50 + 1 + n % 49, false, n.is_multiple_of(2)),
    };
    let client = if smtp { "Authenticated SMTP" } else { "Browser" };
    json!({
        "id": format!("request-{n}-{at}"), "createdDateTime": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), "userId": id(user),
        "appId": "app", "clientAppUsed": client, "isInteractive": interactive, "ipAddress": "198.51.100.7",
        "status": {"errorCode": 0},
    })
}

/// Runs the program, and says how long it waited and worked, without what the machine took.
fn timed(desk: &Desk, now: Timestamp, arguments: &[&str]) -> (Duration, Value) {
    desk.fake.clear_log();
    let said = desk.run_at(arguments, now);
    assert_eq!(said.code, 0, "{}", said.err);
    let log = desk.fake.log();
    let time = log.last().unwrap().at.duration_since(log[0].at);
    let pages = log.iter().filter(|one| one.path == "/auditLogs/signIns").count();
    println!("{arguments:?}: {:.0} s, {pages} pages of the log", time.as_secs_f64());
    if std::env::var_os("MFAPLAN_QUOTA_TIMELINE").is_some() {
        timeline(&log);
    }
    (time, serde_json::from_str(&said.out).unwrap_or_default())
}

/// When which list was asked, and how often it was refused.
fn timeline(log: &[crate::support::fake_graph::Logged]) {
    for one in log.iter().filter(|one| !one.in_batch) {
        let at = one.at.duration_since(log[0].at).as_secs_f64();
        println!("{at:8.2} {} {} {} {}", one.status, one.method, one.path, &one.query[..one.query.len().min(150)]);
    }
}

/// Who has which critical finding.
fn findings(plan: &Value) -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    for change in plan["changes"].as_array().unwrap() {
        for finding in change["findings"].as_array().unwrap().iter().filter(|one| one["severity"] == "critical") {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            all.insert((text(&change["user"]["id"]), text(&finding["rule"])));
        }
    }
    all
}

#[test]
fn what_blocks_is_known_in_minutes_and_the_next_plan_reads_what_is_new() {
    let (users, pages) = (set("MFAPLAN_QUOTA_USERS", 1_000), set("MFAPLAN_QUOTA_PAGES", 300));
    let options = FakeOptions {
        page_size: 999,
        log_page: Some(PAGE),
        throttle: Throttle::published(users),
        retry_after: RetryAfter::Exact,
        ..FakeOptions::default()
    };
    let desk = Desk::of(options, &tenant(users));
    let now = Timestamp::now();
    let evening = now - SignedDuration::from_hours(24);
    let records = pages * PAGE;
    let apart = 29 * 86_400 / records as i64;
    let log: Vec<Value> =
        (0..records).map(|n| record(n, users, evening - SignedDuration::from_secs(60 + n as i64 * apart))).collect();
    desk.fake.log_of_sign_ins(log.clone());

    let (first, plan) = timed(&desk, evening, &["plan", "--json"]);
    assert_eq!(plan["observed"]["evidence"]["mode"], "decisive");
    let senders = plan["changes"].to_string().matches("\"MFA006\"").count();
    assert!(senders > 0, "who sends mail is known");
    let said = plan["observed"]["unavailable"].to_string();
    assert!(said.contains(&format!("of {} users who look like workloads", (users - 1) / 50)), "{said}");
    assert!(first <= Duration::from_secs(300), "{first:?}");

    let (whole, pulled) = timed(&desk, evening, &["evidence", "pull", "--json"]);
    assert_eq!(pulled["counted"], records);
    // Five requests in ten seconds, and a page or two for each slice that is begun.
    assert!(whole.as_secs_f64() <= pages as f64 * 2.0 * 1.1 + 2.0 * 240.0 * 2.0, "{whole:?}");

    // A day later: a thirtieth of the log is new.
    let new = records / 30;
    let mut since: Vec<Value> = (0..new)
        .map(|n| record(n, users, now - SignedDuration::from_secs(60 + n as i64 * 86_000 / new as i64)))
        .collect();
    // Somebody begins to send mail.
    let beginner = 57;
    since[new / 2]["userId"] = id(beginner).into();
    since[new / 2]["clientAppUsed"] = "Authenticated SMTP".into();
    desk.fake.log_of_sign_ins(log.into_iter().chain(since).collect());
    // A day has passed for the service's limits too.
    runtime().block_on(async { tokio::time::sleep(Duration::from_secs(60)).await });
    let (decisive, plan) = timed(&desk, now, &["plan", "--json", "--sign-ins", "decisive"]);
    assert_eq!(plan["observed"]["evidence"]["mode"], "decisive");
    let blocked = findings(&plan);
    assert!(decisive <= Duration::from_secs(30), "{decisive:?}");
    let (next, plan) = timed(&desk, now, &["plan", "--json", "--sign-ins", "full"]);
    assert_eq!(plan["observed"]["evidence"]["records"], records + new);
    assert!(blocked.iter().any(|(user, rule)| *user == id(beginner) && rule == "MFA006"), "known since today");
    assert_eq!(blocked, findings(&plan), "what a few pages decide is what all of them do");
    assert!(next <= Duration::from_secs(480), "{next:?}");
    let (stored, again) = timed(&desk, now, &["plan", "--json"]);
    assert_eq!(again["digest"], plan["digest"]);
    println!("the plan from the store: {:.0} s", stored.as_secs_f64());
}
