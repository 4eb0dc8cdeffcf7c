//! Causes and groups: a head for each, always, and the names under them as far as there is room.
//!
//! A blocked user stands once, under the finding that blocks. Who will be written, or waits, stands in a group and, where
//! there is a risk, once under their worst finding. What is said of a cause gets shorter where there are many, down to one
//! line each; so are groups. Nothing is ever left out but names.

use super::{
    super::{
        causes::{Cause, Which, causes},
        groups::{Group, groups},
        words,
    },
    budget::Section,
    sections::{name, prose},
};
use crate::{
    plan::{Change, Plan, SeverityCounts},
    risk::Finding,
    severity::Severity,
};

/// How much is said in a head.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Message and fix; a fold a group.
    Full,
    /// One line each.
    Line,
    /// One line each, without what the rule's table and the HTML report say as well.
    Bare,
}

impl Detail {
    /// From the most to the least.
    pub(super) const ALL: [Self; 3] = [Self::Full, Self::Line, Self::Bare];
}

/// All heads at this level of detail, in the order of the page.
pub(super) fn sections(plan: &Plan, detail: Detail) -> Vec<Section<'_>> {
    let mut sections = Vec::new();
    let (blocked, others): (Vec<_>, Vec<_>) = by_worst(plan).into_iter().partition(|one| one.blocked);
    let (grave, minor): (Vec<_>, Vec<_>) = others.into_iter().partition(|one| one.cause.severity >= Severity::High);
    titled("Critical and high risks", grave, detail, &mut sections);
    sections.extend(workloads(plan, detail));
    let groups = groups(plan);
    if !groups.is_empty() {
        sections.push(Section::bare("\n### Changes\n\n".to_owned()));
        sections.extend(groups.into_iter().map(|group| changes(group, detail)));
    }
    let others = plan.changes.iter().any(|change| !change.decision.is_block());
    let title = if others { "Blocked: withheld, while the others go on" } else { "Blocked: withheld" };
    titled(title, blocked, detail, &mut sections);
    titled("Further risks", minor, detail, &mut sections);
    sections
}

/// Accounts that may be workloads, before the changes.
fn workloads(plan: &Plan, detail: Detail) -> Option<Section<'_>> {
    let changes = words::possible_workloads(plan);
    if changes.is_empty() {
        return None;
    }
    let held = changes.iter().any(|change| words::waits_for_behaviour(change));
    let lifted =
        if held { format!(" Lifted by {}.", words::KNOWN_BEHAVIOUR.map(prose).join("; ")) } else { String::new() };
    let head = format!("**{}.**{lifted}", prose(&words::workloads_title(&changes)));
    if detail != Detail::Full {
        return Some(Section::bare(format!("\n{head}\n")));
    }
    let open = format!("\n### Possible workloads\n\n{head}\n\n<details><summary>Users</summary>\n\n");
    Some(Section::new((open, "\n</details>\n"), "- … and {} more\n", changes.len(), false, move |at| {
        let Some(change) = changes.get(at) else { return String::new() };
        let waits = if words::waits_for_behaviour(change) { ", waits" } else { "" };
        let evidence = words::suspicion(change).map(words::evidence).unwrap_or_default();
        let evidence = if evidence.is_empty() { evidence } else { format!(" — {}", prose(&evidence)) };
        format!("- {} {}{waits}{evidence}\n", name(&change.user.user_principal_name), words::transition(change))
    }))
}

/// Findings of one rule, with those users only whose worst finding it is.
struct Listed<'a> {
    cause: Cause<'a>,
    /// The users are blocked, and this is why.
    blocked: bool,
}

/// Each user under one finding: the one that blocks, else the worst.
fn by_worst(plan: &Plan) -> Vec<Listed<'_>> {
    let mut listed: Vec<Listed<'_>> = Vec::new();
    for mut cause in causes(plan, Which::Unaccepted) {
        let all = std::mem::take(&mut cause.changes);
        let rule = cause.rule;
        let of = |blocked: bool| {
            let mut of = cause.clone();
            of.changes = all
                .iter()
                .copied()
                .filter(|(change, _)| change.decision.is_block() == blocked)
                .filter(|(change, _)| listed_under(change).is_some_and(|one| one.rule == rule))
                // They have a section of their own.
                .filter(|(change, finding)| blocked || words::suspicion(change) != Some(finding))
                .collect();
            of
        };
        let (withheld, mut rest) = (of(true), of(false));
        if !withheld.changes.is_empty() {
            let cause = Cause { others: Vec::new(), ..withheld };
            listed.push(Listed { cause, blocked: true });
        }
        rest.others.clone_from(&cause.others);
        if !rest.changes.is_empty() || !rest.others.is_empty() {
            listed.push(Listed { cause: rest, blocked: false });
        }
    }
    listed
}

/// The finding a user is listed under: of those that block, one that nobody can accept comes before the worst.
fn listed_under(change: &Change) -> Option<&Finding> {
    if change.decision.is_block() {
        let firm = change.blocking().find(|one| !words::is_acceptable(&one.rule));
        return firm.or_else(|| change.blocking().next());
    }
    // Findings are sorted, worst first.
    change.findings.iter().find(|one| one.accepted.is_none())
}

fn withheld_ways(cause: &Cause<'_>) -> String {
    let changes: Vec<&Change> = cause.changes.iter().map(|(change, _)| *change).collect();
    let ways = words::other_ways(cause.rule, &changes);
    if ways.is_empty() { ways } else { format!(" {}", prose(&ways)) }
}

fn titled<'a>(title: &str, causes: Vec<Listed<'a>>, detail: Detail, sections: &mut Vec<Section<'a>>) {
    if causes.is_empty() {
        return;
    }
    sections.push(Section::bare(format!("\n### {title}\n\n")));
    sections.extend(causes.into_iter().map(|one| cause(one, detail)));
}

fn cause(Listed { cause, blocked }: Listed<'_>, detail: Detail) -> Section<'_> {
    let total = cause.changes.len() + cause.others.len();
    let noun = if cause.changes.is_empty() { "finding" } else { "user" };
    let head = match detail {
        Detail::Full | Detail::Line => format!(
            "**{} {}** {}: {}",
            cause.severity,
            prose(cause.rule),
            prose(cause.name),
            words::count(total as u64, noun)
        ),
        Detail::Bare => format!("{} {}: {}", cause.severity, short(cause.rule), words::number(total as u64)),
    };
    if detail != Detail::Full {
        return Section::new((format!("- {head}\n"), ""), "  … and {} more\n", 0, false, |_| String::new());
    }
    let common = cause.common_message().map(prose);
    let fix = cause.example().map_or_else(String::new, |one| format!(" Fix: {}", prose(&one.remediation)));
    let ways = if blocked { withheld_ways(&cause) } else { String::new() };
    let message = common.as_ref().map_or_else(String::new, |message| format!(" {message}"));
    let open = format!(
        "{head}.{message}{fix}{ways}\n\n<details><summary>{}</summary>\n\n",
        if noun == "user" { "Users" } else { "Findings" }
    );
    let told_apart = common.is_none();
    Section::new((open, "\n</details>\n\n"), "- … and {} more\n", total, !blocked, move |at| {
        match at.checked_sub(cause.others.len()) {
            None => of_plan(&cause, at, told_apart),
            Some(at) => {
                let Some((change, finding)) = cause.changes.get(at) else { return String::new() };
                let user = name(&change.user.user_principal_name);
                format!("- {user} {}{}\n", words::transition(change), told(finding, told_apart))
            }
        }
    })
}

fn of_plan(cause: &Cause<'_>, at: usize, with_message: bool) -> String {
    let Some(one) = cause.others.get(at) else { return String::new() };
    let user = one.user.as_ref().map(|user| name(&user.user_principal_name));
    let place = one.declared_by.as_ref().map(|at| name(&format!("{} {}:{}", at.address, at.file, at.line)));
    let subject: Vec<_> = [place, user].into_iter().flatten().collect();
    let subject = if subject.is_empty() { "tenant".to_owned() } else { subject.join(" ") };
    format!("- {subject}{}\n", told(&one.finding, with_message))
}

fn told(finding: &Finding, with_message: bool) -> String {
    let message = if with_message { format!(": {}", prose(&finding.message)) } else { String::new() };
    match words::evidence(finding) {
        evidence if evidence.is_empty() => message,
        evidence => format!("{message} — {}", prose(&evidence)),
    }
}

/// A group: its users, those at risk first.
fn changes(group: Group<'_>, detail: Detail) -> Section<'_> {
    let head = head(&group, detail);
    if detail != Detail::Full {
        return Section::new((format!("- {head}\n"), ""), "", 0, false, |_| String::new());
    }
    let place = group
        .block
        .map_or_else(String::new, |place| format!("Declared at {}. ", name(&format!("{}:{}", place.file, place.line))));
    let impact = group.changes.first().map(|first| words::impact(&first.impact));
    let impact = impact
        .filter(|_| !group.twin)
        .map_or_else(String::new, |(modern, legacy)| format!("Modern sign-in: {modern}. Legacy sign-in: {legacy}."));
    let open = format!("<details><summary>{head}</summary>\n\n{place}{impact}\n\n");
    let (total, first) = (group.changes.len(), !group.held);
    Section::new((open, "\n\n</details>\n\n"), " … and {} more", total, first, move |at| {
        group.changes.get(at).map_or_else(String::new, |change| user(at == 0, change))
    })
}

fn user(first: bool, change: &Change) -> String {
    let comma = if first { "" } else { ", " };
    let worst = change.worst().filter(|severity| *severity >= Severity::Medium);
    let worst = worst.map_or_else(String::new, |severity| format!(" ({severity})"));
    format!("{comma}{}{worst}", name(&change.user.user_principal_name))
}

fn head(group: &Group<'_>, detail: Detail) -> String {
    let Some(first) = group.changes.first() else { return String::new() };
    let block = group.block.map_or("rollback", |place| &*place.address);
    let (transition, users) = (words::transition(first), words::count(words::len(&group.changes), "user"));
    let hold = match group.hold {
        Some(hold) if group.held => format!(", waiting {}", prose(&words::hold(hold))),
        Some(hold) => format!(", staying there {}", prose(&words::hold(hold))),
        None => String::new(),
    };
    if detail == Detail::Bare {
        let hold = if group.held { ", waiting" } else { "" };
        return format!("{} {transition}: {users}{hold}", short(block));
    }
    let mut counts = SeverityCounts::default();
    for severity in group.changes.iter().filter_map(|change| change.worst()) {
        counts.add(severity);
    }
    let risks = match words::severities(&counts) {
        none if none == "none" => String::new(),
        some => format!(" (worst risks: {some})"),
    };
    // Two groups that read alike are told apart by what the change means.
    let (modern, legacy) = words::impact(&first.impact);
    let meaning = if group.twin { format!("; modern sign-in {modern}, legacy {legacy}") } else { String::new() };
    format!("<code>{}</code> {transition}: {users}{hold}{risks}{meaning}", prose(block))
}

/// A name that must not take much room.
fn short(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => prose(&format!("{}…", text.get(..end).unwrap_or_default())),
        None => prose(text),
    }
}
