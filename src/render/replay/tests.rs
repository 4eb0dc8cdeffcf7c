use super::{super::Options, ReplayFormat, tables};
use crate::{
    diff::DecisionKind,
    plan::{Plan, file},
    render::testing::sample,
    replay::{NotReplayed, Replay, ReplayDay, ReplayWindow, Replayed, ReplayedUser, Row, RowApp, Verdict, Verdicts},
    tenant::{MfaState, SignInKind},
};

fn verdicts(numbers: &[(Verdict, u64)]) -> Verdicts {
    let mut all = Verdicts::default();
    numbers.iter().for_each(|(verdict, count)| all.add(*verdict, *count));
    all
}

fn row(verdict: Verdict, app: &str, client: &str, count: u64) -> Row {
    Row {
        verdict,
        app: RowApp { id: "00000002-0000-0ff1-ce00-000000000000".into(), display_name: Some(app.into()) },
        client: client.into(),
        kind: SignInKind::Interactive,
        count,
        first: "2026-11-01T08:00:00Z".parse().unwrap(),
        last: "2026-11-19T09:30:00Z".parse().unwrap(),
        assumed: Vec::new(),
    }
}

fn change(plan: &Plan, at: usize, decision: DecisionKind, rows: Vec<Row>) -> Replayed {
    let user = &plan.changes[at].user;
    let mut numbers = Verdicts::default();
    rows.iter().for_each(|row| numbers.add(row.verdict, row.count));
    Replayed {
        user: ReplayedUser {
            id: file::user_id_text(user.id).into(),
            user_principal_name: user.user_principal_name.clone(),
        },
        decision,
        before: MfaState::Disabled,
        after: MfaState::Enforced,
        sign_ins: numbers.total(),
        verdicts: numbers,
        skipped: std::collections::BTreeMap::new(),
        rows,
        further: Vec::new(),
    }
}

/// The sample plan: a scanner, a person, somebody who waits, and two nobody knows about.
fn replayed() -> Plan {
    let mut plan = sample();
    let scanner = vec![
        row(Verdict::Breaks, "Office 365 Exchange Online", "Authenticated SMTP", 13_190),
        row(Verdict::Blocked, "Office 365 Exchange Online", "IMAP4", 12),
        row(Verdict::FailedAlready, "Office 365 Exchange Online", "IMAP4", 3),
    ];
    let mut person = vec![
        row(Verdict::MustRegister, "Office <365>", "Browser", 5),
        row(Verdict::MfaAlready, "Microsoft Teams", "Browser", 90),
    ];
    person[0].assumed = vec!["registration".into()];
    let waits = vec![row(Verdict::Breaks, "Office 365 Exchange Online", "Authenticated SMTP", 7)];
    let changes = vec![
        change(&plan, 0, DecisionKind::Apply, scanner),
        change(&plan, 1, DecisionKind::Apply, person),
        change(&plan, 2, DecisionKind::Hold, waits),
    ];
    let applied = [
        (Verdict::Breaks, 13_190),
        (Verdict::Blocked, 12),
        (Verdict::MustRegister, 5),
        (Verdict::MfaAlready, 90),
        (Verdict::FailedAlready, 3),
    ];
    plan.replay = Some(Replay {
        window: Some(ReplayWindow {
            from: "2026-10-21T08:00:00Z".parse().unwrap(),
            to: "2026-11-20T08:00:00Z".parse().unwrap(),
            days: 30,
        }),
        users: 3,
        sign_ins: 13_307,
        not_replayed: NotReplayed { users: 2, reason: Some("their state is unknown".to_owned()) },
        verdicts: verdicts(&applied),
        withheld: verdicts(&[(Verdict::Breaks, 7)]),
        users_by_verdict: verdicts(&applied.map(|(verdict, _)| (verdict, 1))),
        skipped: [("IP address".into(), 4)].into(),
        days: vec![
            ReplayDay { day: "2026-11-01".parse().unwrap(), verdicts: verdicts(&applied[..1]) },
            ReplayDay { day: "2026-11-19".parse().unwrap(), verdicts: verdicts(&applied[1..]) },
        ],
        changes,
    });
    plan
}

fn shown(plan: &Plan, format: ReplayFormat) -> String {
    let mut out = Vec::new();
    format.write(plan, plan.replay.as_ref().unwrap(), &Options::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_terminal_shows_who_is_hit() {
    let text = shown(&replayed(), ReplayFormat::Text);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_comment_has_a_line_and_a_table() {
    insta::assert_snapshot!(shown(&replayed(), ReplayFormat::Markdown));
}

#[test]
fn a_spreadsheet_has_every_row() {
    insta::assert_snapshot!(shown(&replayed(), ReplayFormat::Csv));
}

#[test]
fn a_plan_carries_the_section_in_every_view_for_people() {
    let plan = replayed();
    for format in [super::super::Format::Text, super::super::Format::Markdown, super::super::Format::Html] {
        let mut out = Vec::new();
        format.write(&plan, &Options::default(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("13,190 of 13,300 sign"), "{format}");
        assert!(text.contains("Not replayed: 2 users"), "{format}");
    }
}

#[test]
fn a_page_has_a_picture_and_escapes_names() {
    let page = shown(&replayed(), ReplayFormat::Html);
    assert!(page.contains("<svg class=\"days\"") && page.contains("Office &lt;365&gt;"));
    assert!(!page.contains("<script"), "the page needs none");
}

#[test]
fn a_saved_plan_keeps_what_somebody_has_to_look_at() {
    let plan = replayed();
    let mut bytes = Vec::new();
    file::write(&plan, &mut bytes).unwrap();
    let saved = serde_json::from_slice::<serde_json::Value>(&bytes).unwrap();
    let rows = saved["replay"]["changes"][1]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "MFA that was there already is counted only");
    assert_eq!(saved["replay"]["verdicts"]["mfa_already"], 90);
    assert_eq!(plan.replay.as_ref().unwrap().kept().sign_ins, 13_307);
    assert!(plan.replay.as_ref().unwrap().is_consistent() && plan.replay.unwrap().kept().is_consistent());
}

/// Who will be asked for MFA is seen in a saved plan too, as far as there is room.
#[test]
fn a_saved_plan_keeps_what_a_user_will_notice() {
    let mut plan = replayed();
    let rows: Vec<Row> = (1..=12_u64)
        .rev()
        .map(|n| row(if n > 4 { Verdict::Challenged } else { Verdict::AskedOnce }, &format!("App {n}"), "Browser", n))
        .chain([row(Verdict::MfaAlready, "Microsoft Teams", "Browser", 90)])
        .collect();
    let one = change(&plan, 1, DecisionKind::Apply, rows);
    let replay = plan.replay.as_mut().unwrap();
    *replay = Replay { window: replay.window, changes: vec![one; 500], ..Replay::default() };
    let live = plan.replay.clone().unwrap();
    let kept = live.kept();
    assert_eq!(kept.changes[0].further, live.changes[0].rows[..10], "the largest ten of each");
    assert!(kept.changes[0].rows.is_empty());
    assert_eq!(kept.kept(), kept, "saved again it is the same");
    // What is foretold of those who are asked is as in a plan that was never saved.
    let foretold = |of: &Replay| of.predictions().map(|(_, rows)| rows).collect::<Vec<_>>();
    assert_eq!(foretold(&kept), foretold(&live));
    // More users, less of each; then none, and nothing is foretold of a part.
    for (users, of_each) in [(1_000, 10), (2_000, 5), (10_000, 1), (10_001, 0)] {
        let many = Replay { changes: vec![live.changes[0].clone(); users], ..Replay::default() };
        let kept = many.kept();
        assert!(kept.changes.iter().all(|one| one.further.len() == of_each), "{users} users");
        assert!(of_each == 10 || foretold(&kept).iter().all(Vec::is_empty), "{users} users");
    }
}

#[test]
fn a_replay_whose_totals_were_changed_is_told_from_a_true_one() {
    let replay = replayed().replay.unwrap();
    let changes: [fn(&mut Replay); 6] = [
        |one| one.sign_ins += 1,
        |one| one.verdicts.add(Verdict::Unchanged, 1),
        |one| one.withheld = Verdicts::default(),
        |one| one.changes[0].rows[0].count -= 1,
        |one| one.changes[0].decision = DecisionKind::Block,
        |one| one.days[0].verdicts = Verdicts::default(),
    ];
    for change in changes {
        let mut changed = replay.clone();
        change(&mut changed);
        assert!(!changed.is_consistent());
    }
}

#[test]
fn nothing_known_is_never_nothing_found() {
    let replay = Replay {
        not_replayed: NotReplayed { users: 4, reason: Some("no single sign-ins are known of them, or not all".into()) },
        ..Replay::default()
    };
    let sentences = tables::sentences(&replay).join(" ");
    assert!(!sentences.contains("0 of 0"), "{sentences}");
    assert!(sentences.contains("nothing is known of what would break") && sentences.contains("Not replayed: 4 users"));
}

#[test]
fn a_redacted_replay_names_nobody() {
    let plan = replayed();
    let mut redacted = plan.clone();
    super::super::redact(&mut redacted);
    let json = serde_json::to_string(redacted.replay.as_ref().unwrap()).unwrap();
    for change in &plan.replay.as_ref().unwrap().changes {
        assert!(!json.contains(change.user.id.as_str()) && !json.contains(change.user.user_principal_name.as_str()));
    }
}
