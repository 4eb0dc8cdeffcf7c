//! The parts that name users, in the order in which room is given away.

use super::{
    super::{
        causes::{Cause, causes_of},
        groups::{Group, groups},
        words,
    },
    budget::Budget,
    sections::{name, prose},
};
use crate::{
    plan::{Change, Plan, SeverityCounts},
    risk::Finding,
    severity::Severity,
};

pub(super) fn write(plan: &Plan, budget: &mut Budget) -> String {
    let mut out = String::new();
    let blocks = |finding: &Finding, change: Option<&Change>| change.is_some_and(|one| one.is_blocked_by(finding));
    let blocked = causes_of(plan, blocks);
    section("Blocked: withheld, while the others go on", &blocked, true, budget, &mut out);
    let grave = causes_of(plan, |finding, change| {
        !blocks(finding, change) && finding.accepted.is_none() && finding.severity >= Severity::High
    });
    section("Critical and high risks", &grave, false, budget, &mut out);
    changes(plan, budget, &mut out);
    let rest = causes_of(plan, |finding, change| {
        !blocks(finding, change) && finding.accepted.is_none() && finding.severity < Severity::High
    });
    folded(&rest, budget, &mut out);
    out
}

fn section(title: &str, causes: &[Cause<'_>], with_accept: bool, budget: &mut Budget, out: &mut String) {
    if causes.is_empty() {
        return;
    }
    let heading = format!("\n### {title}\n");
    if budget.take(&heading) {
        out.push_str(&heading);
    }
    for cause in causes {
        let Some(example) = cause.example() else { continue };
        let common = cause.common_message();
        let message = common.map_or_else(String::new, |message| format!(" {}", prose(message)));
        let mut open = format!(
            "\n**{} {} {}**, {}.{message} Way out: {}",
            cause.severity,
            prose(cause.rule),
            prose(cause.name),
            words::count(cause.count(), "finding"),
            prose(&example.remediation)
        );
        if with_accept && words::is_acceptable(cause.rule) {
            open.push_str(&format!(" Or an `accept \"{}\"` block with a reason and an end.", prose(cause.rule)));
        }
        open.push_str("\n\n");
        list(cause, common.is_none(), (&open, ""), budget, out);
    }
}

fn list(cause: &Cause<'_>, messages: bool, frame: (&str, &str), budget: &mut Budget, out: &mut String) {
    let others = cause.others.iter().map(|one| {
        let user = one.user.as_ref().map(|user| name(&user.user_principal_name));
        let place = one.declared_by.as_ref().map(|at| name(&format!("{} {}:{}", at.address, at.file, at.line)));
        let subject: Vec<_> = [place, user].into_iter().flatten().collect();
        let subject = if subject.is_empty() { "tenant".to_owned() } else { subject.join(" ") };
        format!("- {subject}{}\n", told(&one.finding, messages))
    });
    let changes = cause.changes.iter().map(|(change, finding)| {
        let user = name(&change.user.user_principal_name);
        format!("- {user} {}{}\n", words::transition(change), told(finding, messages))
    });
    let total = cause.changes.len() + cause.others.len();
    let more = |n| format!("- … and {} more with {}\n", words::number(n), prose(cause.rule));
    if let Some(text) = budget.list(frame, total, others.chain(changes), more) {
        out.push_str(&text);
    }
}

fn told(finding: &Finding, with_message: bool) -> String {
    let message = if with_message { format!(": {}", prose(&finding.message)) } else { String::new() };
    match words::evidence(finding) {
        evidence if evidence.is_empty() => message,
        evidence => format!("{message} — {}", prose(&evidence)),
    }
}

/// Medium and below, one fold a cause.
fn folded(causes: &[Cause<'_>], budget: &mut Budget, out: &mut String) {
    for cause in causes {
        let Some(example) = cause.example() else { continue };
        let common = cause.common_message();
        let message = common.map_or_else(String::new, |message| format!("{} ", prose(message)));
        let open = format!(
            "\n<details><summary>{} {} {}: {}</summary>\n\n{message}Way out: {}\n\n",
            cause.severity,
            prose(cause.rule),
            prose(cause.name),
            words::count(cause.count(), "finding"),
            prose(&example.remediation)
        );
        list(cause, common.is_none(), (&open, "\n</details>\n"), budget, out);
    }
}

/// The changes, one fold a group.
fn changes(plan: &Plan, budget: &mut Budget, out: &mut String) {
    let groups = groups(plan);
    if groups.is_empty() || !budget.take(CHANGES) {
        return;
    }
    out.push_str(CHANGES);
    // Names of clean users must not push the heads of later groups out: the heads are set aside first.
    let heads: Vec<_> = groups.iter().map(head).collect();
    let fit = heads.iter().take_while(|open| budget.take(open) && budget.take(RESERVE)).count();
    for (group, open) in groups.iter().zip(&heads).take(fit) {
        let users = group.changes.iter().enumerate().map(|(at, change)| user(at == 0, change));
        let more = |n| format!(" … and {} more", words::number(n));
        out.push_str(open);
        match budget.list(("", ""), group.changes.len(), users, more) {
            Some(users) => out.push_str(&users),
            None => out.push_str(&format!("{} not named here.", words::count(words::len(&group.changes), "user"))),
        }
        out.push_str(CLOSE);
    }
    let rest: usize = groups.iter().skip(fit).map(|group| group.changes.len()).sum();
    if rest > 0 {
        let _ = budget.list(("", ""), rest, std::iter::empty(), |_| String::new());
    }
}

const CHANGES: &str = "\n### Changes\n";
const CLOSE: &str = "\n\n</details>\n";
/// As long as [`CLOSE`] and the sentence in place of names, and reserved with every head.
const RESERVE: &str = "99,999,999,999,999 users not named here.\n\n</details>\n";

fn user(first: bool, change: &Change) -> String {
    let comma = if first { "" } else { ", " };
    let worst = change.worst().filter(|severity| *severity >= Severity::Medium);
    let worst = worst.map_or_else(String::new, |severity| format!(" ({severity})"));
    format!("{comma}{}{worst}", name(&change.user.user_principal_name))
}

fn head(group: &Group<'_>) -> String {
    let mut counts = SeverityCounts::default();
    for severity in group.changes.iter().filter_map(|change| change.worst()) {
        counts.add(severity);
    }
    let Some(first) = group.changes.first() else { return String::new() };
    let block = group.block.map_or_else(|| "rollback".to_owned(), |place| prose(&place.address));
    let place = group
        .block
        .map_or_else(String::new, |place| format!("Declared at {}. ", name(&format!("{}:{}", place.file, place.line))));
    let hold = match group.hold {
        Some(hold) if group.held => format!(", waiting {}", prose(&words::hold(hold))),
        Some(hold) => format!(", staying there {}", prose(&words::hold(hold))),
        None => String::new(),
    };
    let risks = match words::severities(&counts) {
        none if none == "none" => String::new(),
        some => format!(" (worst risks: {some})"),
    };
    let (modern, legacy) = words::impact(&first.impact);
    format!(
        "\n<details><summary><code>{block}</code> {}: {}{hold}{risks}</summary>\n\n{place}Modern sign-in: {modern}. \
         Legacy sign-in: {legacy}.\n\n",
        words::transition(first),
        words::count(words::len(&group.changes), "user"),
    )
}
