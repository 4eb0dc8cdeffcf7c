//! Each line of the signal exactly at its limit, and one step short of it; and what no score goes beyond.

use uuid::Uuid;

use super::{super::Population, SignalModel};
use crate::{
    config::SignalSettings,
    tenant::{AppSignIns, Attribute, LegacySignIns, MfaState, SignIns, Text, User, UserId},
};

const NOW: &str = "2026-11-20T08:00:00Z";

/// Somebody of whom nothing is known that speaks either way.
fn nobody() -> User {
    User::new(UserId::new(Uuid::from_u128(7)), "jo@contoso.com".into(), MfaState::Disabled.into())
}

/// A tenant where members have what they may have, and passwords expire.
const USUAL: Population = Population {
    enabled: 100,
    members: 100,
    password_policy_known: 100,
    password_never_expires: 49,
    employee_id: 51,
    job_title: 51,
    department: 51,
    full_name: 51,
};

fn model(certain: u8) -> SignalModel {
    SignalModel::new(&SignalSettings { tags: vec!["robot".into()], certain, ..SignalSettings::default() })
}

/// The names of the lines of a user.
fn lines(user: &User, population: &Population) -> Vec<String> {
    let model = model(70);
    let signal = model.assess(user, population, NOW.parse().unwrap());
    let name = |line: String| line.split(|one: char| !one.is_alphanumeric()).next().unwrap().to_owned();
    signal.lines.iter().map(|line| name(format!("{line:?}"))).collect()
}

fn sign_ins(user: &mut User, change: impl FnOnce(&mut SignIns)) {
    change(user.sign_ins.get_or_insert_default());
}

fn app(count: u32) -> AppSignIns {
    AppSignIns { id: "app".into(), display_name: None, count }
}

fn smtp(count: u32) -> LegacySignIns {
    LegacySignIns { protocol: "Authenticated SMTP".into(), count, last: None, distinct_ips: None }
}

fn total(one: &mut SignIns, interactive: u32, non_interactive: u32) {
    (one.interactive, one.non_interactive) = (Some(interactive), Some(non_interactive));
}

fn round_the_clock(one: &mut SignIns, sum: u32, hours: u8, share: f32) {
    total(one, 1, sum - 1);
    (one.active_hours, one.weekend_share) = (Some(hours), Some(share));
}

/// Line, what just makes it, and everything that just does not.
type Row = (&'static str, fn(&mut User), &'static [fn(&mut User)]);

const ROWS: &[Row] = &[
    ("Ropc", |u| sign_ins(u, |one| one.ropc = Some(1)), &[|u| sign_ins(u, |one| one.ropc = Some(0))]),
    (
        "Smtp",
        |u| sign_ins(u, |one| one.legacy = Some([smtp(1)].into())),
        &[|u| sign_ins(u, |one| one.legacy = Some([smtp(0)].into()))],
    ),
    (
        "NonInteractiveOnly",
        |u| sign_ins(u, |one| total(one, 0, 10)),
        &[
            |u| sign_ins(u, |one| total(one, 0, 9)),
            |u| sign_ins(u, |one| total(one, 1, 10)),
            |u| {
                sign_ins(u, |one| one.non_interactive = Some(10));
            },
        ],
    ),
    (
        "OneAddress",
        |u| sign_ins(u, |one| (one.interactive, one.non_interactive, one.distinct_ips) = (Some(12), Some(8), Some(1))),
        &[
            |u| {
                sign_ins(u, |one| {
                    (one.interactive, one.non_interactive, one.distinct_ips) = (Some(11), Some(8), Some(1))
                })
            },
            |u| {
                sign_ins(u, |one| {
                    (one.interactive, one.non_interactive, one.distinct_ips) = (Some(12), Some(8), Some(2))
                })
            },
            |u| sign_ins(u, |one| (one.interactive, one.non_interactive, one.distinct_ips) = (Some(12), Some(8), None)),
        ],
    ),
    (
        "RoundTheClock",
        |u| sign_ins(u, |one| round_the_clock(one, 50, 20, 0.2)),
        &[
            |u| sign_ins(u, |one| round_the_clock(one, 49, 20, 0.2)),
            |u| sign_ins(u, |one| round_the_clock(one, 50, 19, 0.2)),
            |u| sign_ins(u, |one| round_the_clock(one, 50, 20, 0.19)),
        ],
    ),
    (
        "OneApplication",
        |u| sign_ins(u, |one| one.apps = Some([app(1)].into())),
        &[
            |u| sign_ins(u, |one| one.apps = Some([app(0)].into())),
            |u| {
                sign_ins(u, |one| one.apps = Some([app(1), app(1)].into()));
            },
        ],
    ),
    (
        "ScriptingClient",
        |u| sign_ins(u, |one| one.clients = Some(["curl/8.5".into()].into())),
        &[|u| sign_ins(u, |one| one.clients = Some(["Mozilla/5.0 curl".into()].into()))],
    ),
    (
        "InteractiveMfa",
        |u| sign_ins(u, |one| one.interactive_mfa = Some(1)),
        &[|u| sign_ins(u, |one| one.interactive_mfa = Some(0))],
    ),
    ("NoMethod", |u| u.registered = Some(false), &[|u| u.registered = Some(true), |_| {}]),
    (
        "PasswordNeverExpires",
        |u| u.password_never_expires = Some(true),
        &[|u| u.password_never_expires = Some(false), |_| {}],
    ),
    (
        "OldPassword",
        |u| u.last_password_change = Some("2025-11-19T08:00:00Z".parse().unwrap()),
        &[|u| u.last_password_change = Some("2025-11-20T08:00:00Z".parse().unwrap())],
    ),
    ("Name", |u| u.display_name = Some("Scanner".into()), &[|u| u.display_name = Some("Scanlon".into())]),
    (
        "MissingPersonalData",
        |u| {
            [Attribute::EmployeeId, Attribute::JobTitle, Attribute::Surname]
                .into_iter()
                .for_each(|one| u.empty.set(one))
        },
        &[|u| {
            [Attribute::GivenName, Attribute::JobTitle, Attribute::Surname].into_iter().for_each(|one| u.empty.set(one))
        }],
    ),
    (
        "NoLicense",
        |u| u.licenses = Some([Text::from("EXCHANGESTANDARD")].into()),
        &[
            |u| u.licenses = Some([Text::from("EXCHANGESTANDARD"), Text::from("SPE_E3")].into()),
            |u| u.licenses = Some([Text::from("EXCHANGEARCHIVE")].into()),
            |_| {},
        ],
    ),
    ("Tag", |u| u.employee_type = Some(" Robot".into()), &[|u| u.employee_type = Some("Robots".into())]),
    (
        "PersonalMethod",
        |u| u.methods = Some(["microsoftAuthenticatorPush".into()].into()),
        &[|u| u.methods = Some(["mobilePhone".into()].into())],
    ),
    ("Devices", |u| u.device_count = Some(2), &[|u| u.device_count = Some(1)]),
];

#[test]
fn a_line_counts_exactly_at_its_limit() {
    for (line, at, short) in ROWS {
        let mut user = nobody();
        at(&mut user);
        let said = lines(&user, &USUAL);
        assert!(said.contains(&(*line).to_owned()), "{line} at its limit: {said:?}");
        for (place, short) in short.iter().enumerate() {
            let mut user = nobody();
            short(&mut user);
            let said = lines(&user, &USUAL);
            assert!(!said.contains(&(*line).to_owned()), "{line}, short of it ({place}): {said:?}");
        }
    }
    let source = include_str!("../signal.rs");
    let body = source.split_once("pub enum Line<'a> {").unwrap().1.split_once("\n}").unwrap().0;
    let variants =
        body.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| line.starts_with(char::is_uppercase));
    for variant in variants.map(|line| line.split(|one: char| !one.is_alphanumeric()).next().unwrap()) {
        assert!(ROWS.iter().any(|(line, ..)| *line == variant), "{variant} has no row");
    }
}

/// What half of a tenant has is not what most have.
#[test]
fn what_is_usual_is_more_than_half() {
    let mut user = nobody();
    (user.password_never_expires, user.employee_type) = (Some(true), None);
    [Attribute::EmployeeId, Attribute::JobTitle, Attribute::Department].into_iter().for_each(|one| user.empty.set(one));
    assert_eq!(lines(&user, &USUAL), ["PasswordNeverExpires", "MissingPersonalData"]);
    let half = Population { password_never_expires: 50, ..USUAL };
    assert_eq!(lines(&user, &half), ["MissingPersonalData"]);
    for half in [
        Population { employee_id: 50, ..USUAL },
        Population { job_title: 50, ..USUAL },
        Population { department: 50, ..USUAL },
    ] {
        assert_eq!(lines(&user, &half), ["PasswordNeverExpires"]);
    }
}

/// Without a look at the account at work nobody is taken for a workload, whatever "certain" is set to; with one, anybody
/// may be.
#[test]
fn the_directory_alone_is_never_certain() {
    let mut user = nobody();
    let behaviour =
        ["Ropc", "Smtp", "NonInteractiveOnly", "OneAddress", "RoundTheClock", "OneApplication", "ScriptingClient"];
    let against = ["InteractiveMfa", "PersonalMethod", "Devices"];
    for (line, at, _) in ROWS {
        if !behaviour.contains(line) && !against.contains(line) {
            at(&mut user);
        }
    }
    for certain in 0..=100 {
        let model = model(certain);
        let score = |user: &User| model.score(user, &USUAL, NOW.parse().unwrap());
        assert_eq!(score(&user), 69.min(certain.saturating_sub(1)), "{certain}");
        let mut at_work = user.clone();
        at_work.sign_ins = Some(Box::new(SignIns { ropc: Some(1), ..SignIns::default() }));
        assert_eq!(score(&at_work), 100);
    }
}
