//! One line a change, for a spreadsheet.

use std::{io, io::Write};

use super::{Options, escape};
use crate::{
    plan::{Change, Plan, file::user_id_text},
    risk::Finding,
};

/// The columns.
pub(crate) const COLUMNS: [&str; 11] = [
    "user_principal_name",
    "display_name",
    "id",
    "action",
    "decision",
    "before",
    "after",
    "effective",
    "declared_by",
    "findings",
    "hold_until",
];

/// Writes the head line and the changes.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(plan: &Plan, _options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for change in &plan.changes {
        record(change, &mut csv)?;
    }
    csv.flush()
}

fn record(change: &Change, csv: &mut ::csv::Writer<&mut dyn Write>) -> io::Result<()> {
    let Change { user, declared_by, before, after, effective, action, decision, wave: _, impact: _, findings } = change;
    let until = decision.hold().and_then(|hold| hold.until).map_or_else(String::new, |until| until.to_string());
    csv.write_record([
        &*escape::csv(&user.user_principal_name),
        &escape::csv(user.display_name.as_deref().unwrap_or_default()),
        &user_id_text(user.id),
        action.as_str(),
        decision.as_str(),
        before.as_str(),
        after.as_str(),
        effective.as_str(),
        &escape::csv(declared_by.as_ref().map_or("", |place| &place.address)),
        &escape::csv(&self::findings(findings)),
        &until,
    ])?;
    Ok(())
}

/// `MFA006 critical; MFA007 high accepted`
fn findings(findings: &[Finding]) -> String {
    let shown = findings.iter().map(|one| {
        let accepted = if one.accepted.is_some() { " accepted" } else { "" };
        format!("{} {}{accepted}", one.rule, one.severity)
    });
    shown.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::sample;

    #[test]
    fn one_record_a_change_and_no_formula() {
        let mut plan = sample();
        plan.changes[0].user.display_name = Some("=HYPERLINK(\"https://evil.example\",\"a\")\n2".into());
        let mut out = Vec::new();
        write(&plan, &Options::default(), &mut out).unwrap();
        let mut reader = ::csv::Reader::from_reader(&*out);
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), COLUMNS);
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), plan.changes.len());
        assert_eq!(&records[0][1], "'=HYPERLINK(\"https://evil.example\",\"a\")\\u{a}2");
        let kim = records.iter().find(|one| &one[0] == "kim.smith@contoso.com").unwrap();
        let expected = ["enforce", "apply", "enabled", "enforced", "enforced", "mfa.staff", "MFA007 high accepted", ""];
        assert_eq!(kim.iter().skip(3).collect::<Vec<_>>(), expected);
        let novak = records.iter().find(|one| &one[0] == "p.novak@contoso.com").unwrap();
        assert_eq!(&novak[10], "2026-12-01T00:00:00Z");
    }
}
