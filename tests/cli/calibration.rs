//! Twenty tenants whose people and programs sign in before and after: what was foretold against how it ended, as whoever
//! signed in would tell, and `calibration` against the same.
#![allow(clippy::print_stdout, reason = "figures for the page on the replay")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    binary::Sandbox,
    clients::{Account, Chance, Client, Device, Ended, SignedIn, days},
    tenant::{TENANT, id},
};

const MAIL: (&str, &str) = ("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online");
const OFFICE: (&str, &str) = ("4765445b-32c6-49b0-83e6-1d93765276ca", "OfficeHome");
const OUTLOOK: (&str, &str) = ("d3590ed6-52b3-4102-aeff-aad2292ab01c", "Microsoft Office");
const SHELL: (&str, &str) = ("1950a258-227b-4e31-a9cf-717495945fc2", "Microsoft Azure PowerShell");
const BANK: (&str, &str) = ("3f0e6a52-88a1-4f6d-9b8e-0a1b2c3d4e5f", "Payroll");

/// Rules that withhold what this test wants to see broken.
const ACCEPTED: [&str; 10] =
    ["MFA005", "MFA006", "MFA007", "MFA008", "MFA009", "MFA012", "MFA018", "MFA031", "MFA061", "MFA066"];

struct Town {
    accounts: BTreeMap<String, Account>,
    clients: Vec<Client>,
    lowers: bool,
}

/// Thirty accounts. In every fifth tenant all are enforced and are lowered; in the others most are disabled.
fn town(seed: u64) -> Town {
    let mut chance = Chance(seed);
    let lowers = seed % 5 == 4;
    let (mut accounts, mut clients) = (BTreeMap::new(), Vec::new());
    for number in 0..30 {
        let account = id(number);
        let mut has = |device, app, per_day, asks| {
            clients.push(Client { account: account.clone(), device, app, per_day, asks });
        };
        let (mut state, mut registered) = (if lowers { "enforced" } else { "disabled" }, true);
        let mut declines = false;
        let kind = chance.below(100);
        match kind {
            0..8 => has(Device::Mailer, MAIL, 4, false),
            8..14 => has(Device::Script, SHELL, 6, false),
            14..18 => has(Device::Unattended, SHELL, 5, false),
            18..22 if !lowers => {
                // Asked to register for weeks, and never did: their mail client still gets in.
                (state, declines) = ("enabled", true);
                has(Device::Imap, MAIL, 3, false);
                has(Device::Browser, OFFICE, 1, false);
            }
            _ => {
                has(Device::Browser, OFFICE, 1, false);
                has(Device::Session, OUTLOOK, 2, false);
                has(Device::Prompt, OUTLOOK, 0, false);
                let also = chance.below(10);
                match also {
                    0 if !lowers => has(Device::Imap, MAIL, 3, false),
                    0 => has(Device::AppPassword, MAIL, 3, false),
                    1 if !lowers => has(Device::Phone, MAIL, 4, false),
                    2 => has(Device::Browser, BANK, 1, true),
                    _ => {}
                }
                if !lowers && also > 2 && chance.per_mille(350) {
                    registered = false;
                    declines = chance.per_mille(150);
                }
            }
        }
        if kind < 22 {
            registered = lowers;
        }
        let name = format!("user{number:03}@contoso.com");
        accounts.insert(account, Account::new(&name, state, registered, declines));
    }
    // A workload does not sign in while it is enforced: what does not work is not there to be lowered.
    let works = |client: &Client| {
        !lowers || matches!(client.device, Device::Browser | Device::Prompt | Device::Session | Device::AppPassword)
    };
    clients.retain(works);
    Town { accounts, clients, lowers }
}

fn write(sandbox: &Sandbox, town: &Town, now: Timestamp, files: &str) {
    let users: Vec<Value> = town
        .accounts
        .iter()
        .map(|(id, one)| {
            let methods = if one.registered { json!(["microsoftAuthenticatorPush"]) } else { json!([]) };
            json!({
                "id": id, "userPrincipalName": one.name, "displayName": one.name, "userType": "Member",
                "accountEnabled": true, "perUserMfaState": one.state, "isMfaRegistered": one.registered,
                "isMfaCapable": one.registered, "methodsRegistered": methods, "directoryRoles": [], "memberOf": [],
            })
        })
        .collect();
    let snapshot = json!({
        "formatVersion": "1.0", "capturedAt": now.to_string(),
        "tenant": {"id": TENANT, "displayName": "Contoso", "servicePlans": [], "conditionalAccessPolicies": [],
            "securityDefaultsEnabled": false, "domains": [{"id": "contoso.com", "authenticationType": "Managed"}]},
        "groups": [], "users": users,
    });
    sandbox.write("tenant.json", &snapshot.to_string());
    let state = if town.lowers { "disabled" } else { "enforced" };
    let expires = (now + SignedDuration::from_hours(24 * 60)).strftime("%Y-%m-%d").to_string();
    let accepts =
        ACCEPTED.map(|rule| format!("accept \"{rule}\" {{\n  reason = \"to see it\"\n  expires = \"{expires}\"\n}}\n"));
    sandbox.write(
        "main.mfa.hcl",
        &format!(
            "tenant \"contoso\" {{\n  id = \"{TENANT}\"\n  snapshot = \"tenant.json\"\n  sign_ins = [{files}]\n}}\n\
             mfa \"all\" {{\n  state = \"{state}\"\n  where = user.user_type == \"Member\"\n}}\n\
             guardrails {{\n  max_change_percent = 100\n  hold_unknown_workloads = false\n}}\n{}",
            accepts.concat()
        ),
    );
}

fn records(log: &[SignedIn]) -> String {
    json!(log.iter().map(|one| &one.record).collect::<Vec<_>>()).to_string()
}

/// An application and a client of an account, as `calibration` counts.
type Key = (String, String, String);

fn key(one: &SignedIn) -> Key {
    (one.account.clone(), one.app.to_owned(), one.device.client().to_owned())
}

/// Does a verdict foretell this end?
fn foretells(verdict: &str, ended: Ended) -> bool {
    match verdict {
        "breaks" => ended == Ended::Broke || ended == Ended::KeptOut,
        "blocked" => ended == Ended::KeptOut,
        "loses_mfa" | "unchanged" => ended == Ended::OneFactor,
        "must_register" => {
            matches!(ended, Ended::AskedToRegister | Ended::Answered | Ended::ByToken | Ended::Unanswered)
        }
        "challenged" => matches!(ended, Ended::Answered | Ended::ByToken | Ended::Unanswered),
        "asked_once" => matches!(ended, Ended::SentToPrompt | Ended::ByToken),
        "mfa_already" => matches!(ended, Ended::Answered | Ended::ByToken | Ended::Unanswered),
        "failed_already" => !ended.well(),
        _ => panic!("{verdict}"),
    }
}

#[derive(Default)]
struct Sum {
    sign_ins: u64,
    as_foretold: u64,
    /// Sign-ins that broke, and that were kept out; and how many of these were foretold.
    harmed: [u64; 2],
    harm_foretold: [u64; 2],
}

fn one_tenant(seed: u64, sum: &mut Sum) {
    let mut town = town(seed);
    let sandbox = Sandbox::new();
    let now = Timestamp::now();
    let hours = |hours: i64| now + SignedDuration::from_hours(hours);
    let before = days(&town.clients, &mut town.accounts, hours(-24 * 29), 28, seed);
    sandbox.write("before.json", &records(&before));
    write(&sandbox, &town, now, "\"before.json\"");
    let registered: BTreeMap<String, bool> =
        town.accounts.iter().map(|(id, one)| (id.clone(), one.registered)).collect();

    let replay = sandbox.run(&["replay", "--json"]).exits(0).json();
    let digest = sandbox.run(&["plan", "--json"]).exits(0).json()["digest"].as_str().unwrap().to_owned();
    let applied = sandbox.run(&["apply", "--approve", &digest, "--json"]).exits(0).json();
    let run = applied["run"].as_str().unwrap().to_owned();
    let written: Value = serde_json::from_str(&sandbox.read("tenant.json")).unwrap();
    for user in written["users"].as_array().unwrap() {
        let account = town.accounts.get_mut(user["id"].as_str().unwrap()).unwrap();
        account.state = user["perUserMfaState"].as_str().unwrap().to_owned();
    }
    let wanted = if town.lowers { "disabled" } else { "enforced" };
    assert!(town.accounts.values().all(|one| one.state == wanted), "nothing is withheld: {applied}");

    // Some are replaced in time, and one thing nobody could foretell: a person who takes up an old mail client.
    let mut chance = Chance(!seed);
    let mut clients: Vec<Client> = town.clients.iter().filter(|_| !chance.per_mille(30)).cloned().collect();
    if seed % 7 == 3 {
        let person = clients.iter().find(|one| one.device == Device::Session).unwrap().account.clone();
        clients.push(Client {
            account: person,
            device: Device::Phone,
            app: ("9b0f5c1e-2d3a-4b4c-8d5e-6f7a8b9c0d1e", "Mail"),
            per_day: 0,
            asks: false,
        });
    }
    let after = days(&clients, &mut town.accounts, hours(1), 14, !seed);
    sandbox.write("after.json", &records(&after));
    write(&sandbox, &town, now, "\"before.json\", \"after.json\"");

    // Sign-in by sign-in: what was foretold of the like of it, most often.
    let changes = replay["replay"]["changes"].as_array().unwrap();
    let silent = town.accounts.keys().filter(|id| !before.iter().any(|one| one.account == **id)).count();
    assert_eq!(replay["replay"]["not_replayed"]["users"], silent);
    let mut foretold: BTreeMap<(Key, &str), Vec<(u64, &str)>> = BTreeMap::new();
    let mut predicted: BTreeMap<&str, BTreeSet<Key>> = BTreeMap::new();
    for change in changes {
        let account = change["user"]["id"].as_str().unwrap();
        for row in change["rows"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let key = (account.to_owned(), text(&row["app"]["id"]), text(&row["client"]));
            let verdict = row["verdict"].as_str().unwrap();
            predicted.entry(verdict).or_default().insert(key.clone());
            let rows = foretold.entry((key, row["kind"].as_str().unwrap())).or_default();
            // A mistyped password says nothing of the others.
            let weight = if verdict == "failed_already" { 1 } else { 1_000 * row["count"].as_u64().unwrap() };
            rows.push((weight, verdict));
        }
    }
    let with_the_password = after.iter().filter(|one| one.ended != Ended::Mistyped);
    for one in with_the_password {
        let person = matches!(one.device, Device::Browser | Device::Prompt);
        let kind = if person { "interactive" } else { "non_interactive" };
        let verdict = foretold.get(&(key(one), kind)).and_then(|all| all.iter().max()).map(|one| one.1);
        let fits = verdict.is_some_and(|verdict| foretells(verdict, one.ended));
        sum.sign_ins += 1;
        sum.as_foretold += u64::from(fits);
        let at = match one.ended {
            Ended::Broke => 0,
            Ended::KeptOut if one.device == Device::Mailer => 0,
            Ended::KeptOut => 1,
            _ => continue,
        };
        sum.harmed[at] += 1;
        sum.harm_foretold[at] += u64::from(verdict == Some(["breaks", "blocked"][at]));
    }

    // The same by application and client, as the program says it two weeks later.
    let later = hours(24 * 15).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let verified = sandbox.run(&["verify", &run, "--json", "--as-of", &later]).exits(0).json();
    let calibration = &verified["calibration"];
    assert_eq!(
        calibration["unknown_users"].as_u64().unwrap() + calibration["users"].as_u64().unwrap(),
        changes.len() as u64
    );
    let from = hours(24 * 15 - 24 * 30);
    let recent =
        |one: &&SignedIn| one.record["createdDateTime"].as_str().unwrap() >= &*from.strftime("%Y-%m-%d").to_string();
    let mut lives: BTreeMap<Key, (Vec<&SignedIn>, Vec<&SignedIn>)> = BTreeMap::new();
    before.iter().filter(recent).for_each(|one| lives.entry(key(one)).or_default().0.push(one));
    after.iter().for_each(|one| lives.entry(key(one)).or_default().1.push(one));
    let known: BTreeSet<&String> =
        lives.iter().filter(|(_, lives)| !(lives.0.is_empty() && lives.1.is_empty())).map(|(key, _)| &key.0).collect();
    let seen = |verdict: &str, key: &Key, was: &[&SignedIn], is: &[&SignedIn]| {
        let any = |log: &[&SignedIn], ended: &[Ended]| log.iter().any(|one| ended.contains(&one.ended));
        let has_registered = !registered[&key.0] && town.accounts[&key.0].registered;
        match verdict {
            "breaks" => any(is, &[Ended::Broke]) || (key.2 == "Authenticated SMTP" && any(is, &[Ended::KeptOut])),
            "blocked" => key.2 != "Authenticated SMTP" && any(is, &[Ended::KeptOut]),
            "must_register" => {
                let asked = any(is, &[Ended::AskedToRegister]) || (has_registered && any(is, &[Ended::Answered]));
                let foretold = predicted.get(verdict).is_some_and(|all| all.contains(key));
                (asked || has_registered && foretold && !is.is_empty()) && !any(was, &[Ended::AskedToRegister])
            }
            "challenged" => {
                let already = any(was, &[Ended::Answered]) && !any(was, &[Ended::OneFactor]);
                !town.lowers && any(is, &[Ended::Answered]) && registered[&key.0] && !already
            }
            "loses_mfa" => {
                let legacy = matches!(key.2.as_str(), "IMAP4" | "Exchange ActiveSync" | "Authenticated SMTP");
                let mistyped_only = !any(is, &[Ended::OneFactor]);
                town.lowers && !legacy && !mistyped_only
            }
            _ => panic!("{verdict}"),
        }
    };
    for (verdict, score) in calibration["verdicts"].as_object().unwrap() {
        let nobody = BTreeSet::new();
        let predicted = predicted.get(&**verdict).unwrap_or(&nobody);
        let predicted: BTreeSet<&Key> = predicted.iter().filter(|key| known.contains(&key.0)).collect();
        let shown: BTreeSet<&Key> =
            lives.iter().filter(|(key, (was, is))| seen(verdict, key, was, is)).map(|(key, _)| key).collect();
        let not_seen = predicted.iter().filter(|key| lives.get(**key).is_none_or(|lives| lives.1.is_empty())).count();
        let counts = [predicted.len(), shown.len(), predicted.intersection(&shown).count(), not_seen];
        let said = ["predicted", "seen", "both", "not_seen"].map(|name| score[name].as_u64().unwrap() as usize);
        assert_eq!(
            said,
            counts,
            "tenant {seed}, {verdict}: {:?}",
            predicted.symmetric_difference(&shown).collect::<Vec<_>>()
        );
        if verdict == "breaks" || verdict == "blocked" {
            assert!(score["recall"].is_null() || score["recall"].as_f64().unwrap() >= 0.75, "tenant {seed}: {score}");
        }
    }
}

#[test]
fn what_is_foretold_of_twenty_tenants_comes_true() {
    let sum = std::sync::Mutex::new(Sum::default());
    std::thread::scope(|scope| {
        for half in 0..2 {
            let sum = &sum;
            scope.spawn(move || {
                for seed in (half..20).step_by(2) {
                    let mut own = Sum::default();
                    one_tenant(seed, &mut own);
                    let mut sum = sum.lock().unwrap();
                    sum.sign_ins += own.sign_ins;
                    sum.as_foretold += own.as_foretold;
                    for at in 0..2 {
                        sum.harmed[at] += own.harmed[at];
                        sum.harm_foretold[at] += own.harm_foretold[at];
                    }
                }
            });
        }
    });
    let Sum { sign_ins, as_foretold, harmed, harm_foretold } = sum.into_inner().unwrap();
    let truth = as_foretold as f64 / sign_ins as f64;
    let recall = [0, 1].map(|at| harm_foretold[at] as f64 / harmed[at] as f64);
    println!(
        "of {sign_ins} sign-ins {truth:.4} as foretold; broken and blocked {harmed:?}, foretold of these {recall:.4?}"
    );
    assert!(sign_ins > 20_000 && harmed.iter().all(|count| *count > 2_000), "{sign_ins} {harmed:?}");
    assert!(truth >= 0.99, "{truth}");
    assert!(recall.iter().all(|one| *one >= 0.995), "{recall:?}");
}
