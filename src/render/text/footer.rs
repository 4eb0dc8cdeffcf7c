//! The matrix, the summary line, outputs, the digest and the next command.

use std::io;

use super::{
    super::{NextStep, Options, escape, matrix::Matrix, style::Label, words},
    page::Page,
};
use crate::{plan::Plan, tenant::MfaState};

pub(super) fn write(plan: &Plan, options: &Options, page: &mut Page<'_>) -> io::Result<()> {
    matrix(plan, page)?;
    outputs(plan, page)?;
    summary(plan, page)?;
    next(plan, options, page)
}

fn matrix(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    let matrix = Matrix::of(plan);
    page.heading("All users, before and after")?;
    let [a, b, c] = MfaState::ALL.map(MfaState::as_str);
    page.line(&format!("  {:<10} {a:>12} {b:>12} {c:>12} {:>12}", "from \\ to", "total"))?;
    for (row, state) in matrix.cells.iter().zip(MfaState::ALL) {
        let cells: String = row.iter().map(|n| format!(" {:>12}", dash(*n))).collect();
        page.line(&format!("  {:<10}{cells} {:>12}", state.as_str(), words::number(matrix.before(state))))?;
    }
    if matrix.unknown > 0 {
        page.line(&format!("  {:<10} {:>38} {:>12}", "unknown", "not changed", words::number(matrix.unknown)))?;
    }
    let totals: String =
        MfaState::ALL.iter().map(|state| format!(" {:>12}", words::number(matrix.after(*state)))).collect();
    page.line(&format!("  {:<10}{totals} {:>12}", "total", words::number(plan.summary.users)))
}

fn dash(n: u64) -> String {
    if n == 0 { "·".to_owned() } else { words::number(n) }
}

fn outputs(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    if plan.outputs.is_empty() {
        return Ok(());
    }
    page.heading("Outputs")?;
    for (name, output) in &plan.outputs {
        let value = match &output.value {
            Some(value) if !output.sensitive => value.to_string(),
            _ => "(sensitive value)".to_owned(),
        };
        page.prose(&format!("  {} = ", escape::text(name)), &value, None)?;
    }
    Ok(())
}

fn summary(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    let summary = &plan.summary;
    page.blank()?;
    let plan_word = page.paint(Label::Heading, "Plan:");
    page.prose(&format!("{plan_word} "), &format!("{}.", words::actions(summary)), None)?;
    let rest = format!(
        "{} unchanged, {} protected, {} unmanaged, {} in all.",
        words::number(summary.unchanged),
        words::number(summary.protected),
        words::number(summary.unmanaged),
        words::count(summary.users, "user"),
    );
    page.prose("      ", &rest, None)?;
    let accepted =
        if summary.accepted == 0 { String::new() } else { format!("; {} accepted", words::number(summary.accepted)) };
    let word = page.paint(Label::Heading, "Risks:");
    page.prose(&format!("{word} "), &format!("{}{accepted}.", words::severities(&summary.findings)), None)?;
    let seconds = plan.execution.estimated_seconds;
    if summary.applied() > 0 && seconds >= 60 {
        let minutes = words::count(seconds.div_ceil(60), "minute");
        page.prose("Time:  ", &format!("applying takes at least {minutes}, by the service's own limit."), None)?;
    }
    if !summary.has_changes() && !plan.is_refused() {
        page.blank()?;
        let line = page.paint(Label::Good, "No changes. Every managed user is in the declared state.");
        page.line(&line)?;
    }
    Ok(())
}

fn next(plan: &Plan, options: &Options, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    page.line(&format!("Digest {}", plan.digest))?;
    if plan.is_refused() || plan.summary.applied() == 0 {
        return Ok(());
    }
    let digest = &plan.digest;
    let quoted = |file: &str| if file.contains(' ') { format!("\"{file}\"") } else { file.to_owned() };
    match &options.next {
        NextStep::Saved(file) => {
            page.line(&format!("Next   mfaplan apply {}", escape::text(&quoted(file))))?;
            page.line("       or, where it was reviewed:")?;
            page.line(&format!("       mfaplan apply --approve {digest} {}", escape::text(&quoted(file))))
        }
        NextStep::Unsaved => {
            page.line("Next   mfaplan plan --out FILE saves this plan for review;")?;
            page.line("       or, which applies it if it is still the same:")?;
            page.line(&format!("       mfaplan apply --approve {digest}"))
        }
        NextStep::Nothing => Ok(()),
    }
}
