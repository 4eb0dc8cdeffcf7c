//! What every view says of a replay: the sentences, and who is hit by what.

use std::collections::BTreeMap;

use super::super::words;
use crate::{
    diff::DecisionKind,
    replay::{Replay, Replayed, Row, RowApp, Verdict, Verdicts},
    tenant::Text,
};

/// `Replay of 30 days, 2026-10-21 to 2026-11-20`
pub(super) fn title(replay: &Replay) -> String {
    match replay.window {
        Some(window) => {
            let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
            format!("Replay of {}, {} to {}", words::count(window.days.into(), "day"), day(window.from), day(window.to))
        }
        None => "Replay".to_owned(),
    }
}

/// What is to be read first, most important first. Never empty.
pub(super) fn sentences(replay: &Replay) -> Vec<String> {
    let mut all = Vec::new();
    if replay.users > 0 {
        all.push(format!("{}.", harm(&replay.verdicts)));
    } else {
        all.push("No sign-in was replayed: nothing is known of what would break.".to_owned());
    }
    if replay.withheld.total() > 0 {
        all.push(format!("Of users who wait or are withheld: {}.", harm(&replay.withheld)));
    }
    if replay.not_replayed.users > 0 {
        let users = words::count(replay.not_replayed.users, "user");
        let reason = replay.not_replayed.reason.as_deref().unwrap_or("not said why");
        all.push(format!("Not replayed: {users} ({reason})."));
    }
    all
}

/// `42 of 47 sign-ins would break, 3 would be blocked, 1 would lose MFA`
pub(super) fn harm(verdicts: &Verdicts) -> String {
    let number = |verdict| words::number(verdicts.of(verdict));
    let mut text = format!("{} of {} would break", number(Verdict::Breaks), words::count(verdicts.total(), "sign-in"));
    for (verdict, says) in [(Verdict::Blocked, "would be blocked"), (Verdict::LosesMfa, "would lose MFA")] {
        if verdicts.of(verdict) > 0 {
            text.push_str(&format!(", {} {says}", number(verdict)));
        }
    }
    text
}

/// Verdicts that occurred among changes that are applied, with their sign-ins and users; worst first.
pub(super) fn verdicts(replay: &Replay) -> impl Iterator<Item = (Verdict, u64, u64)> {
    let all = replay.verdicts.iter().filter(|(_, count)| *count > 0);
    all.map(|(verdict, count)| (verdict, count, replay.users_by_verdict.of(verdict)))
}

/// Users of changes that are applied, to whom something is taken, the most sign-ins first.
pub(super) fn hit(replay: &Replay) -> Vec<&Replayed> {
    let mut all: Vec<&Replayed> = applied(replay).filter(|one| one.verdicts.harm() > 0).collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.verdicts.harm()));
    all
}

/// Sign-ins with the same verdict, application and client, of all users together.
pub(super) struct AppRow<'a> {
    pub(super) verdict: Verdict,
    pub(super) app: &'a RowApp,
    pub(super) client: &'a Text,
    pub(super) count: u64,
    pub(super) users: u64,
}

/// What somebody has to look at, by verdict, application and client; worst verdict first, then by number.
pub(super) fn applications(replay: &Replay) -> Vec<AppRow<'_>> {
    let mut all: BTreeMap<(Verdict, &Text, &Text), AppRow<'_>> = BTreeMap::new();
    for one in applied(replay) {
        let mut seen = Vec::new();
        for row in one.rows.iter().filter(|row| row.verdict.is_kept()) {
            let Row { verdict, app, client, kind: _, count, first: _, last: _, assumed: _ } = row;
            let key = (*verdict, &app.id, client);
            let of_all = all.entry(key).or_insert(AppRow { verdict: *verdict, app, client, count: 0, users: 0 });
            of_all.count += count;
            // Rows of a user differ by kind as well: they are one user still.
            if !seen.contains(&key) {
                of_all.users += 1;
                seen.push(key);
            }
        }
    }
    let mut all: Vec<_> = all.into_values().collect();
    all.sort_by(|a, b| a.verdict.cmp(&b.verdict).then_with(|| b.count.cmp(&a.count)));
    all
}

fn applied(replay: &Replay) -> impl Iterator<Item = &Replayed> {
    replay.changes.iter().filter(|one| one.decision == DecisionKind::Apply)
}

/// `Browser`, or that the log says nothing.
pub(super) fn client(client: &Text) -> &str {
    if client.is_empty() { "client not said" } else { client }
}

/// `; assumed that nothing is registered`
pub(super) fn assumed(row: &Row) -> &'static str {
    match (row.assumed.is_empty(), row.verdict) {
        (true, _) => "",
        (false, Verdict::MustRegister) => "; registration unknown, taken for none",
        (false, _) => "; registration unknown, taken for done",
    }
}
