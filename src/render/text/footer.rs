//! The matrix, the summary line, outputs, the digest and the next command.

use std::io;

use super::{
    super::{NextStep, Options, escape, matrix::Matrix, style::Label, words},
    page::Page,
};
use crate::{assumed::AssumedPolicies, plan::Plan, tenant::MfaState};

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
    if let Some(assumed) = plan.assumed.as_ref().and_then(AssumedPolicies::sentence) {
        page.prose("      ", &format!("It {assumed}."), Some(Label::Hold))?;
    }
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
        page.prose("", &format!("No changes. {}", words::nothing_to_change(plan)), Some(Label::Good))?;
    }
    Ok(())
}

fn next(plan: &Plan, options: &Options, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    page.line(&format!("Digest {}", plan.digest))?;
    if plan.is_refused() || plan.summary.applied() == 0 {
        return Ok(());
    }
    if plan.assumed.as_ref().is_some_and(|assumed| assumed.not_standing() > 0) {
        return page.prose("Next   ", "create the policies; then plan again, or apply this plan if it was saved", None);
    }
    let quoted = |file: &str| if file.contains(' ') { format!("\"{file}\"") } else { file.to_owned() };
    // Without its `sha256:` the whole digest fits into 80 columns.
    let digest = &plan.digest.0;
    let signed = plan.execution.approvals_required > 0;
    match &options.next {
        NextStep::Nothing => Ok(()),
        NextStep::Saved(file) if signed => {
            let file = escape::text(&quoted(file)).into_owned();
            page.line(&format!("Next   {}:", signatures(plan)))?;
            page.line(&format!("         mfaplan approve {file} --key KEY"))?;
            page.line(&format!("         mfaplan apply {file} --signature FILE …"))
        }
        NextStep::Unsaved if signed => {
            page.line(&format!("Next   {}:", signatures(plan)))?;
            page.line("         mfaplan plan --out FILE")?;
            page.line("         mfaplan approve FILE --key KEY")?;
            page.line("         mfaplan apply FILE --signature SIGNATURE …")
        }
        NextStep::Saved(file) => {
            let file = escape::text(&quoted(file)).into_owned();
            page.line(&format!("Next   mfaplan apply {file}"))?;
            page.line("       or, where it was reviewed:")?;
            page.line(&format!("    mfaplan apply {file} \\"))?;
            page.line(&format!("      --approve {digest}"))
        }
        NextStep::Unsaved => {
            page.line("Next   mfaplan plan --out FILE saves this plan for review;")?;
            page.line("       or, if it is still the same:")?;
            page.line("    mfaplan apply \\")?;
            page.line(&format!("      --approve {digest}"))
        }
    }
}

/// `2 signatures approve it`
fn signatures(plan: &Plan) -> String {
    let required = plan.execution.approvals_required;
    format!("{} approve{} it", words::count(required.into(), "signature"), if required == 1 { "s" } else { "" })
}
