//! For a pull request: the verdict, the sums, and a line a tenant as far as there is room. What needs somebody comes first.

use std::fmt::Write as _;

use super::{COLUMNS, status};
use crate::{
    fleet::{Report, Row},
    render::{escape::markdown, words},
};

/// What services take for a comment, with room to spare.
const LIMIT: usize = 65_000;
/// By which a comment is found again.
const MARKER: &str = "<!-- mfaplan fleet -->";

pub(super) fn comment(report: &Report) -> String {
    let Report { fleet, digest, totals, tenants } = report;
    let mut head = format!("{MARKER}\n### mfaplan: fleet {}\n\n", markdown(fleet));
    let verdict = if totals.errors > 0 {
        format!("**{} of {} could not be planned.** ", totals.errors, words::count(totals.tenants, "tenant"))
    } else if totals.refused > 0 {
        "**Refused in part.** ".to_owned()
    } else {
        String::new()
    };
    // Nothing of a refused plan is written.
    let willing: Vec<&Row> = tenants.iter().filter(|row| row.refused == 0 && row.written() > 0).collect();
    let sum = |value: fn(&Row) -> u64| willing.iter().map(|row| value(row)).sum::<u64>();
    let written = sum(Row::written);
    let _ = write!(
        head,
        "{verdict}{} would be written in {}: {} enforced, {} enabled, {} lowered; {} wait, {} are withheld.\n\n",
        words::count(written, "user"),
        words::count(willing.len() as u64, "tenant"),
        sum(|row| row.enforce),
        sum(|row| row.enable),
        sum(|row| row.relax + row.disable),
        totals.held,
        totals.blocked
    );
    let _ = write!(head, "Set `{digest}`\n\n| tenant | ring |");
    for (name, _) in COLUMNS {
        let _ = write!(head, " {name} |");
    }
    head.push_str(" |\n|---|---|");
    head.push_str(&"---:|".repeat(COLUMNS.len()));
    head.push_str("---|\n");
    let foot = format!(
        "\nApprove exactly these plans: `mfaplan fleet apply DIR --approve-set {digest}`. A tenant whose plan has moved is stale alone.\n"
    );
    let mut rows: Vec<&Row> = tenants.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(urgency(row)));
    let room = LIMIT - head.len() - foot.len() - 200;
    let (mut table, mut shown) = (String::new(), 0);
    for row in &rows {
        let line = line(row);
        if table.len() + line.len() > room {
            break;
        }
        table.push_str(&line);
        shown += 1;
    }
    let left = rows.len() - shown;
    if left > 0 {
        let _ = writeln!(table, "\n… and {left} more; `mfaplan fleet report DIR` lists all.");
    }
    format!("{head}{table}{foot}")
}

const fn urgency(row: &Row) -> (bool, bool, bool, bool) {
    (row.error.is_some(), row.refused > 0, row.blocked > 0, row.written() > 0)
}

fn line(row: &Row) -> String {
    let mut line = format!("| {} | {} |", markdown(&row.tenant), markdown(row.ring.as_deref().unwrap_or("")));
    for (_, value) in COLUMNS {
        match value(row) {
            0 => line.push_str(" |"),
            value => {
                let _ = write!(line, " {value} |");
            }
        }
    }
    let note = match &row.error {
        Some(error) => {
            let first: String = error.lines().next().unwrap_or_default().chars().take(160).collect();
            format!("error: {first}")
        }
        None if row.blind.is_empty() => status(row).to_owned(),
        None => format!("{}, blind: {}", status(row), row.blind.join(", ")),
    };
    let _ = writeln!(line, " {} |", markdown(&note));
    line
}
