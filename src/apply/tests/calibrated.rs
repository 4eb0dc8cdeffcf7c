//! What was foretold, kept in the journal and compared with the log of the time since.

use std::sync::Arc;

use super::super::{
    calibration::{Calibration, Score, calibrate},
    journal::{Journal, v1::Line},
    testing::{Bench, World, plan, start, user},
};
use crate::{
    diff::DecisionKind,
    plan::Plan,
    replay::{PredictedRow, Replay, Replayed, ReplayedUser, Row, RowApp, Verdict, Verdicts},
    tenant::{
        Cell, Mfa,
        MfaState::{self, Disabled, Enforced},
        ObservedTenant, Outcome, Protocol, Requirement, SignInKind, SignInShape, SignIns,
    },
};

const BROWSER: &str = "Browser";
const DESKTOP: &str = "Mobile Apps and Desktop clients";

fn row(verdict: Verdict, client: &str, count: u64) -> Row {
    Row {
        verdict,
        app: RowApp { id: "exchange".into(), display_name: None },
        client: client.into(),
        kind: SignInKind::Interactive,
        count,
        first: start(),
        last: start(),
        assumed: Vec::new(),
    }
}

/// A plan for these users, with what its replay says.
fn foretold(changes: &[(u32, MfaState, MfaState, bool)], rows: &[(u32, Vec<Row>)]) -> Plan {
    let mut plan = plan(changes);
    let replayed = |(n, rows): &(u32, Vec<Row>)| {
        let mut verdicts = Verdicts::default();
        rows.iter().for_each(|row| verdicts.add(row.verdict, row.count));
        Replayed {
            user: ReplayedUser { id: user(*n).to_string().into(), user_principal_name: "x@contoso.com".into() },
            decision: DecisionKind::Apply,
            before: changes[0].1,
            after: changes[0].2,
            sign_ins: verdicts.total(),
            verdicts,
            skipped: Default::default(),
            rows: rows.clone(),
            further: Vec::new(),
        }
    };
    plan.replay = Some(Replay { changes: rows.iter().map(replayed).collect(), ..Replay::default() });
    plan
}

/// A sign-in so many hours after the start of the run.
fn cell(hours: i64, client: &str, change: impl FnOnce(&mut SignInShape)) -> Cell {
    let at = start() + jiff::SignedDuration::from_hours(hours);
    let mut shape = SignInShape {
        app: "exchange".into(),
        app_name: None,
        resource: None,
        client: client.into(),
        kind: SignInKind::Interactive,
        protocol: Protocol::Other,
        requirement: Some(Requirement::Single),
        mfa: Mfa::None,
        outcome: Outcome::Success,
        error_code: None,
        asked_by: None,
        policies: None,
        app_password: false,
        product: None,
    };
    change(&mut shape);
    Cell {
        day: at.strftime("%Y-%m-%d").to_string().parse().unwrap(),
        shape: Arc::new(shape),
        hours: 0,
        addresses: Box::default(),
        addresses_cut: false,
        count: 1,
        first: at,
        last: at,
    }
}

fn fails(code: u32) -> impl FnOnce(&mut SignInShape) {
    move |shape| (shape.outcome, shape.error_code) = (Outcome::Failure, Some(code))
}

fn ropc(shape: &mut SignInShape) {
    (shape.protocol, shape.kind) = (Protocol::Ropc, SignInKind::NonInteractive);
}

fn answered(shape: &mut SignInShape) {
    (shape.mfa, shape.requirement) = (Mfa::Done, Some(Requirement::Multi));
}

fn seen(world: &World, log: &[(u32, Vec<Cell>)], registered: Option<u32>) -> ObservedTenant {
    let mut tenant = world.observed();
    tenant.update_users(|users| {
        for one in users {
            let cells = log.iter().find(|(n, _)| one.id == user(*n)).map(|(_, cells)| cells.clone());
            one.sign_ins = cells.map(|cells| Box::new(SignIns::from_cells(cells.into(), Some(30))));
            one.registered = Some(one.registered == Some(true) || registered.is_some_and(|n| one.id == user(n)));
        }
    });
    tenant
}

fn judged(
    changes: &[(u32, MfaState, MfaState, bool)],
    rows: &[(u32, Vec<Row>)],
    log: &[(u32, Vec<Cell>)],
    registered: Option<u32>,
) -> Calibration {
    let people: Vec<_> = changes.iter().map(|(n, before, _, registered)| (*n, *before, *registered)).collect();
    let world = World::new(&people);
    Bench::new(&world).apply(foretold(changes, rows));
    let later = start() + jiff::SignedDuration::from_hours(24 * 30);
    calibrate(&world.journal().unwrap(), &seen(&world, log, registered), later).unwrap()
}

fn score(calibration: &Calibration, verdict: Verdict) -> [u64; 4] {
    let Score { predicted, seen, both, not_seen, .. } = calibration.verdicts[&verdict];
    [predicted, seen, both, not_seen]
}

#[test]
fn a_prediction_stands_behind_the_first_line_and_reads_back() {
    let world = World::new(&[(1, Disabled, true), (2, Disabled, true)]);
    let rows = vec![row(Verdict::Breaks, "SMTP", 9), row(Verdict::Unchanged, BROWSER, 4)];
    Bench::new(&world).apply(foretold(&[(1, Disabled, Enforced, true), (2, Disabled, Enforced, true)], &[(1, rows)]));
    let journal = world.journal().unwrap();
    let kept = PredictedRow { verdict: Verdict::Breaks, app: "exchange".into(), client: "SMTP".into(), count: 9 };
    assert_eq!(journal.predicted, [Some(vec![kept]), None]);
    let text = String::from_utf8(world.lock().bytes.clone()).unwrap();
    let kinds: Vec<_> = text.lines().map(|line| line.split('"').nth(3).unwrap()).collect();
    assert_eq!(kinds[..3], ["run", "prediction", "intent"]);
}

#[test]
fn a_prediction_that_comes_late_or_twice_is_damage() {
    let (world, _) = super::super::testing::enforce(1);
    Bench::new(&world).apply(foretold(&[(1, Disabled, Enforced, true)], &[(1, Vec::new())]));
    let bytes = world.lock().bytes.clone();
    for (to, reason) in [(2, "has two lines"), (3, "follows an intent")] {
        let moved = super::files::rewritten(&bytes, &|lines| {
            let prediction = lines[1].clone();
            assert!(matches!(prediction, Line::Prediction(_)));
            lines.insert(to, prediction);
        });
        let error = Journal::parse(&moved, std::path::Path::new("j")).unwrap_err().to_string();
        assert!(error.starts_with(&format!("j:{}: ", to + 1)) && error.contains(reason), "{error}");
    }
}

#[test]
fn what_was_foretold_is_compared_with_the_log_since() {
    let raise = |n, registered| (n, Disabled, Enforced, registered);
    let changes = [raise(1, true), raise(2, true), raise(3, true), raise(4, false), raise(5, true)];
    let foretold = [
        (1, vec![row(Verdict::Breaks, "SMTP", 9), row(Verdict::Blocked, "IMAP4", 5)]),
        (2, vec![row(Verdict::Breaks, DESKTOP, 9), row(Verdict::Challenged, BROWSER, 3)]),
        (3, vec![row(Verdict::Challenged, BROWSER, 3), row(Verdict::Challenged, DESKTOP, 3)]),
        (4, vec![row(Verdict::MustRegister, BROWSER, 3)]),
        (5, vec![row(Verdict::Breaks, DESKTOP, 2)]),
    ];
    let log = [
        // The printer fails. So does the mail client, which was on for the last time before, and a spray that never got in.
        (
            1,
            vec![
                cell(-9, "IMAP4", |_| {}),
                cell(9, "SMTP", fails(50126)),
                cell(-9, "POP3", fails(50126)),
                cell(9, "POP3", fails(50126)),
            ],
        ),
        // The script fails by the password grant, and a person answers by the same application.
        (
            2,
            vec![
                cell(9, DESKTOP, |shape| {
                    ropc(shape);
                    fails(50076)(shape);
                }),
                cell(9, DESKTOP, answered),
                cell(9, BROWSER, answered),
            ],
        ),
        (3, vec![cell(9, BROWSER, answered), cell(9, DESKTOP, |_| {})]),
        (4, vec![cell(9, BROWSER, answered)]),
    ];
    let found = judged(&changes, &foretold, &log, Some(4));
    assert_eq!((found.users, found.unknown_users), (4, 1), "of the fifth no log is at hand");
    assert_eq!(score(&found, Verdict::Breaks), [2, 2, 2, 0]);
    assert_eq!(score(&found, Verdict::Blocked), [1, 0, 0, 1], "not used since: nothing can be said");
    assert_eq!(score(&found, Verdict::Challenged), [3, 3, 2, 0], "one was let in without, and one was not foretold");
    assert_eq!(score(&found, Verdict::MustRegister), [1, 1, 1, 0]);
    assert_eq!(found.verdicts[&Verdict::Challenged].precision, Some(0.667));
    assert_eq!(found.verdicts[&Verdict::Blocked].precision, None);
}

#[test]
fn a_lowered_user_who_needs_one_factor_now_has_lost_it() {
    let lowered = [(1, Enforced, Disabled, true)];
    let foretold = [(1, vec![row(Verdict::LosesMfa, BROWSER, 3)])];
    let log = [(1, vec![cell(-9, BROWSER, answered), cell(9, BROWSER, |_| {}), cell(9, "SMTP", |_| {})])];
    let found = judged(&lowered, &foretold, &log, None);
    assert_eq!(score(&found, Verdict::LosesMfa), [1, 1, 1, 0]);
    assert!(!found.verdicts.contains_key(&Verdict::Challenged), "none was foretold, or none was kept");
}
