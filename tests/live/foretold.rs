//! The whole loop over HTTP: people and programs sign in, a plan foretells what becomes of that, it is applied, they sign in
//! again as their states now stand, and `verify` says how true it was.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    program::{CONFIGURATION, Desk, digest, id, seed},
    support::fake_graph::{
        FakeGraph, FakeOptions,
        clients::{Client, Device, Ended},
    },
};

const MAIL: (&str, &str) = ("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online");
const SHELL: (&str, &str) = ("1950a258-227b-4e31-a9cf-717495945fc2", "Microsoft Azure PowerShell");

/// Ada reads mail in a browser, Ben by IMAP; Clara's account is a printer and a script; Daniel has yet to register.
fn clients() -> Vec<Client> {
    let client = |n, device, app| Client { account: id(n), device, app, per_day: 2, asks: false };
    vec![
        client(2, Device::Browser, MAIL),
        client(3, Device::Imap, MAIL),
        client(4, Device::Mailer, MAIL),
        client(4, Device::Script, SHELL),
        client(5, Device::Browser, MAIL),
    ]
}

#[tokio::test]
async fn what_a_plan_foretells_happens_after_its_apply() {
    let mut tenant: Value = serde_json::from_str(&seed()).unwrap();
    tenant["users"][5]["isMfaRegistered"] = false.into();
    tenant["users"][5]["isMfaCapable"] = false.into();
    tenant["users"][5]["methodsRegistered"] = json!([]);
    tenant["users"][2]["signIns"] = json!({"windowDays": 30});
    let fake = FakeGraph::start(&tenant.to_string(), FakeOptions::default()).await;
    let desk = Desk::new(&fake);
    let (now, hours) = (Timestamp::now(), SignedDuration::from_hours);
    let expires = (now + hours(24 * 60)).strftime("%Y-%m-%d").to_string();
    let accepts = ["MFA005", "MFA006", "MFA007", "MFA008", "MFA009", "MFA018"]
        .map(|rule| format!("accept \"{rule}\" {{\n  reason = \"to see it\"\n  expires = \"{expires}\"\n}}\n"));
    std::fs::write(desk.path("main.mfa.hcl"), CONFIGURATION.to_owned() + &accepts.concat()).unwrap();

    let before = fake.live(&clients(), now - hours(24 * 29), 29, 7);
    assert!(before.iter().all(|one| matches!(one.ended, Ended::OneFactor | Ended::Mistyped)), "nobody is asked yet");

    let plan = desk.run("plan --json").await;
    assert_eq!(plan.code, 0, "{}", plan.err);
    let document: Value = serde_json::from_str(&plan.out).unwrap();
    assert_eq!(document["observed"]["evidence"]["mode"], "decisive", "the log is short, and known whole");
    assert_eq!(document["replay"]["users"], 4);
    let apply = desk.run(&format!("apply --json --approve {}", digest(&plan))).await;
    assert_eq!(apply.code, 0, "{}{}", apply.out, apply.err);
    let report: Value = serde_json::from_str(&apply.out).unwrap();
    let run = report["run"].as_str().unwrap();
    let journal = std::fs::read_to_string(desk.path(&format!(".mfaplan/runs/{run}.jsonl"))).unwrap();
    assert_eq!(journal.matches("\"type\":\"prediction\"").count(), 4);

    let after = fake.live(&clients(), now + hours(1), 14, 8);
    let ends = |n: usize, device: Device, ended: Ended| {
        after.iter().any(|one| one.account == id(n) && one.device == device && one.ended == ended)
    };
    assert!(ends(2, Device::Browser, Ended::Answered), "a person answers");
    assert!(
        ends(3, Device::Imap, Ended::KeptOut) && ends(4, Device::Mailer, Ended::KeptOut),
        "legacy clients are kept out"
    );
    assert!(ends(4, Device::Script, Ended::Broke), "a script breaks");
    assert!(
        ends(5, Device::Browser, Ended::AskedToRegister) && ends(5, Device::Browser, Ended::Answered),
        "and one registers"
    );

    let later = (now + hours(24 * 15)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let verified = desk.run(&format!("verify {run} --json --as-of {later}")).await;
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
    let verified: Value = serde_json::from_str(&verified.out).unwrap();
    assert_eq!(verified["summary"]["registered_since"], 1);
    let score = |n: u64| json!({"predicted": n, "seen": n, "both": n, "not_seen": 0, "precision": 1.0, "recall": 1.0});
    let none = json!({"predicted": 0, "seen": 0, "both": 0, "not_seen": 0, "precision": null, "recall": null});
    assert_eq!(
        verified["calibration"]["verdicts"],
        json!({"breaks": score(2), "blocked": score(1), "must_register": score(1), "challenged": score(1), "loses_mfa": none})
    );
    let said = desk.run(&format!("verify {run} --as-of {later}")).await;
    assert!(said.out.contains("The replay against the log") && said.out.contains("breaks"), "{}", said.out);
    assert_eq!(fake.problems(), Vec::<String>::new());
}

/// Before the log is read: what is stored, until when, and how long the rest takes.
#[tokio::test]
async fn what_is_known_is_said_before_the_log_is_read() {
    let mut tenant: Value = serde_json::from_str(&seed()).unwrap();
    tenant["users"][2]["signIns"] = json!({"windowDays": 30});
    let fake = FakeGraph::start(&tenant.to_string(), FakeOptions::default()).await;
    let desk = Desk::new(&fake);
    let plan = desk.run("plan").await;
    let nothing = "Sign-ins: none are stored; how long the rest takes the first pages tell";
    assert!(plan.err.contains(nothing), "{}", plan.err);

    // A store of last week is not fresh.
    let now = Timestamp::now();
    let days_ago = |days: i64| now - SignedDuration::from_hours(24 * days);
    let log = fake.live(&clients(), days_ago(29), 29, 7);
    let until = days_ago(5).to_string();
    let old: Vec<&Value> =
        log.iter().map(|one| &one.record).filter(|one| one["createdDateTime"].as_str().unwrap() < &*until).collect();
    std::fs::write(desk.path("old.json"), json!(old).to_string()).unwrap();
    assert_eq!(desk.run("evidence import old.json").await.code, 0);
    let plan = desk.run("plan").await;
    let stored = format!("Sign-ins: {} records stored, until ", old.len());
    let said = plan.err.find(&stored).unwrap_or_else(|| panic!("{}", plan.err));
    assert!(plan.err[said..].contains("; the rest is about "), "{}", plan.err);
    assert!(plan.err[said..].contains("Now reading what decides."), "{}", plan.err);
    assert!(!desk.run("plan --quiet").await.err.contains("Sign-ins:"));
}
