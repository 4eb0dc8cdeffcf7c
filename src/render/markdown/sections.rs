//! The parts that are always there.

use std::fmt::Write;

use super::{
    super::{
        causes::{Which, causes as by_rule},
        escape::{markdown_code, markdown_prose},
        matrix::Matrix,
        protected, words,
    },
    marker,
};
use crate::{assumed::AssumedPolicies, plan::Plan, tenant::MfaState};

/// Prose longer than this is cut: a message is a sentence.
const PROSE: usize = 500;

/// Where a text that is too long is cut. Few have so many bytes that their characters must be counted.
fn cut(text: &str) -> Option<usize> {
    if text.len() <= PROSE { None } else { text.char_indices().nth(PROSE).map(|(end, _)| end) }
}

/// Escaped prose of bounded length.
pub(super) fn prose(text: &str) -> String {
    match cut(text) {
        Some(end) => format!("{}…", markdown_prose(text.get(..end).unwrap_or_default())),
        None => markdown_prose(text).into_owned(),
    }
}

/// A name in a code span, of bounded length.
pub(super) fn name(text: &str) -> String {
    match cut(text) {
        Some(end) => markdown_code(&format!("{}…", text.get(..end).unwrap_or_default())),
        None => markdown_code(text),
    }
}

/// Lines up to a number of bytes, then how many more.
fn lines(out: &mut String, limit: usize, all: impl ExactSizeIterator<Item = String>) {
    let end = out.len() + limit;
    let mut left = all.len();
    for line in all {
        if out.len() + line.len() > end {
            let _ = writeln!(out, "\n… and {} more.", words::number(left as u64));
            return;
        }
        out.push_str(&line);
        left -= 1;
    }
}

pub(super) fn head(plan: &Plan) -> String {
    let mut out = format!("{}\n## MFA plan for {}\n\n", marker(plan), prose(&plan.tenant.name));
    let summary = &plan.summary;
    let verdict = match (plan.is_refused(), summary.has_changes(), summary.block) {
        (true, ..) => format!("**Refused: this plan cannot be applied.** {}.", words::actions(summary)),
        (false, false, _) => format!("**No changes.** {}", prose(&words::nothing_to_change(plan))),
        (false, true, 0) => format!("**Plan: {}.**", words::actions(summary)),
        (false, true, n) => format!("**Plan: {}.** {} withheld.", words::actions(summary), words::count(n, "change")),
    };
    let assumed = plan.assumed.as_ref().and_then(AssumedPolicies::sentence);
    let verdict = match assumed {
        Some(assumed) => format!("{verdict} It {}.", prose(&assumed)),
        None => verdict,
    };
    let accepted =
        if summary.accepted == 0 { String::new() } else { format!(" ({} accepted)", words::number(summary.accepted)) };
    let _ = writeln!(out, "{verdict}\\\nRisks: {}{accepted}.\\", words::severities(&summary.findings));
    let _ = writeln!(out, "Digest: `{}`\n", plan.digest);
    matrix(plan, &mut out);
    if !plan.refused.is_empty() {
        out.push_str("\n### Refused\n\n");
        lines(
            &mut out,
            8_000,
            plan.refused.iter().map(|one| {
                let remedy = prose(&one.remedy);
                format!("- **{}**: {} Fix: {remedy}\n", prose(&one.rule), prose(&one.reason))
            }),
        );
    }
    out
}

fn matrix(plan: &Plan, out: &mut String) {
    let matrix = Matrix::of(plan);
    out.push_str("| from \\ to | disabled | enabled | enforced | total |\n|---|---:|---:|---:|---:|\n");
    for (row, state) in matrix.cells.iter().zip(MfaState::ALL) {
        let mut cells = String::new();
        for (n, column) in row.iter().zip(MfaState::ALL) {
            let n = if *n > 0 && column != state { format!("**{}**", words::number(*n)) } else { words::number(*n) };
            let _ = write!(cells, " {n} |");
        }
        let _ = writeln!(out, "| {state} |{cells} {} |", words::number(matrix.before(state)));
    }
    if matrix.unknown > 0 {
        let _ = writeln!(out, "| unknown | | | | {} |", words::number(matrix.unknown));
    }
    let [a, b, c] = MfaState::ALL.map(|state| words::number(matrix.after(state)));
    let _ = writeln!(out, "| total | {a} | {b} | {c} | {} |", words::number(plan.summary.users));
}

/// All unaccepted findings by rule.
pub(super) fn causes(plan: &Plan, limit: usize) -> String {
    let causes = by_rule(plan, Which::Unaccepted);
    if causes.is_empty() {
        return String::new();
    }
    let mut out =
        "\n<details><summary>Risks by rule</summary>\n\n| severity | rule | findings |\n|---|---|---:|\n".to_owned();
    let rows = causes.iter().map(|one| {
        let (rule, rule_name) = (prose(one.rule), prose(one.name));
        format!("| {} | {rule} {rule_name} | {} |\n", one.severity, words::number(one.count()))
    });
    lines(&mut out, limit, rows);
    out.push_str("\n</details>\n");
    out
}

/// What was accepted, by rule and waiver.
pub(super) fn accepted(plan: &Plan, limit: usize) -> String {
    let waived = super::super::causes::waived(plan);
    if waived.is_empty() && plan.waivers.is_empty() {
        return String::new();
    }
    let mut out = "\n<details><summary>Accepted risks and waived guardrails</summary>\n\n".to_owned();
    let findings = waived.into_iter().map(|one| {
        let by =
            one.accepted.approved_by.as_deref().map_or_else(String::new, |by| format!(", approved by {}", prose(by)));
        let (rule, address, reason) = (prose(one.rule), name(&one.accepted.address), prose(&one.accepted.reason));
        let (count, expires) = (words::count(one.count, "finding"), prose(&one.accepted.expires));
        format!("- {rule}: {count}, until {expires}{by}: {reason} ({address})\n")
    });
    let guardrails = plan
        .waivers
        .iter()
        .map(|one| format!("- {} = {}: {}\n", name(one.guardrail.as_str()), name(&one.bound), prose(&one.reason)));
    let all: Vec<_> = guardrails.chain(findings).collect();
    lines(&mut out, limit, all.into_iter());
    out.push_str("\n</details>\n");
    out
}

/// Where the facts come from, what is missing, checks and notes.
pub(super) fn facts(plan: &Plan, limit: usize) -> String {
    let mut out = format!("\nFacts: {}, {}.\n", words::facts(plan), words::count(plan.observed.users, "user"));
    let missing = plan
        .observed
        .unavailable
        .iter()
        .map(|(fact, reason)| format!("- Missing {}: {}\n", name(fact.as_str()), prose(reason)));
    let blind = plan.not_evaluated.iter().map(|one| {
        let (rule, fact) = (prose(&one.rule), name(&one.fact));
        format!("- {rule} could not judge {}: no {fact}\n", words::unjudged(one.users))
    });
    let checks = plan
        .checks
        .iter()
        .filter(|one| !one.passed)
        .map(|one| format!("- Check {} failed: {}\n", name(&one.name), prose(&one.message)));
    let notes = plan.notes.iter().map(|one| format!("- Note: {}\n", prose(one)));
    let protecting = protected::protecting(plan);
    let protecting = protecting.into_iter().map(|(block, users)| {
        let (head, says) = (protected::head(block, users), protected::says(block));
        let says = if says.is_empty() { says } else { format!("; {}", prose(&says)) };
        format!("- Protected by {}{says}\n", prose(&head))
    });
    let described = plan.outputs.iter().filter_map(|(output, value)| {
        let description = value.description.as_ref()?;
        Some(format!("- Output {}: {}\n", name(output), prose(description)))
    });
    let all: Vec<_> = checks.chain(notes).chain(missing).chain(blind).chain(protecting).chain(described).collect();
    if !all.is_empty() {
        out.push('\n');
    }
    lines(&mut out, limit, all.into_iter());
    out
}

pub(super) fn tail(plan: &Plan) -> String {
    if plan.is_refused() || plan.summary.applied() == 0 {
        return String::new();
    }
    let commands: Vec<_> = words::approval(plan).iter().map(|one| format!("`{one}`")).collect();
    format!("\nApplied is exactly this plan, or nothing: {}\n", commands.join(", then "))
}
