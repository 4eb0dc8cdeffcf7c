//! The digest: the identity of what is being approved.
//!
//! SHA-256 over a canonical JSON document (UTF-8, sorted keys, no spaces):
//!
//! ```json
//! {"changes":[{"after":"enforced","before":"disabled","decision":"apply",
//!              "findings":[{"accepted":false,"rule":"MFA018","severity":"high"}],"user":"<object id>"}],
//!  "findings":[…],"refused":["max_changes"],"tenant":"<tenant id>","waivers":{"max_changes":800}}
//! ```
//!
//! Changes are sorted by user id, findings by rule, then severity; `findings` are those of the tenant at or above
//! `block_at`. Times, counts and wording do not enter: planning the same thing again gives the same digest, and whatever
//! a reviewer decides on (who, from where to where, at what risk, waived by what) changes it.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
};

use aws_lc_rs::digest::{Context, SHA256};
use serde::Serialize;

use crate::{diff::Action, risk::Finding, severity::Severity, tenant::Text};

use super::{Change, Digest, Plan, PlanTenant, Waiver};

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct FindingEntry<'a> {
    accepted: bool,
    rule: &'a str,
    severity: &'static str,
}

#[derive(Serialize)]
struct ChangeEntry<'a> {
    after: &'static str,
    before: &'static str,
    decision: &'static str,
    findings: Vec<FindingEntry<'a>>,
    user: crate::tenant::UserId,
}

/// Computes the digest of a plan from its content (whatever its `digest` field says).
#[must_use]
pub fn compute(plan: &Plan) -> Digest {
    // The document is written word by word; hashed so, it would take a call into the library for each.
    let mut sink = BufWriter::with_capacity(1 << 14, Hashing(Context::new(&SHA256)));
    // Writing to a hash cannot fail, and the document has only string keys.
    let _ = document(plan, &mut sink).and_then(|()| sink.flush());
    let (Hashing(context), _) = sink.into_parts();
    Digest(hex(context.finish().as_ref()))
}

/// Writes the canonical document: what [`compute`] hashes.
///
/// # Errors
/// Those of the writer.
pub fn document(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    // Destructured without `..`: a new field of a plan must be decided on here.
    let Plan {
        mfaplan_version: _,
        created_at: _,
        as_of: _,
        tenant: PlanTenant { id, name: _, cloud: _ },
        config: _,
        observed: _,
        summary: _,
        waivers,
        refused,
        changes,
        findings,
        not_evaluated: _,
        checks: _,
        outputs: _,
        execution,
        notes: _,
        digest: _,
    } = plan;

    out.write_all(b"{\"changes\":[")?;
    let mut order: Vec<&Change> = changes.iter().collect();
    order.sort_unstable_by_key(|change| change.user.id);
    for (position, change) in order.into_iter().enumerate() {
        if position > 0 {
            out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *out, &change_entry(change))?;
    }
    out.write_all(b"],\"findings\":")?;
    let weighty = findings.iter().map(|one| &one.finding).filter(|finding| finding.severity >= execution.block_at);
    serde_json::to_writer(&mut *out, &entries(weighty))?;
    out.write_all(b",\"refused\":")?;
    let mut rules: Vec<&str> = refused.iter().map(|one| one.rule.as_str()).collect();
    rules.sort_unstable();
    serde_json::to_writer(&mut *out, &rules)?;
    write!(out, ",\"tenant\":\"{id}\",\"waivers\":")?;
    serde_json::to_writer(&mut *out, &waived(waivers))?;
    out.write_all(b"}")
}

fn change_entry(change: &Change) -> ChangeEntry<'_> {
    let Change {
        user,
        declared_by: _,
        before,
        after,
        effective: _,
        action: Action::Enable | Action::Enforce | Action::Relax | Action::Disable,
        decision,
        hold: _,
        impact: _,
        findings,
    } = change;
    ChangeEntry {
        after: after.as_str(),
        before: before.as_str(),
        decision: decision.as_str(),
        findings: entries(findings.iter()),
        user: user.id,
    }
}

fn entries<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<FindingEntry<'a>> {
    let mut entries: Vec<_> = findings
        .map(|finding| {
            let Finding { rule, name: _, severity, message: _, evidence: _, remediation: _, accepted } = finding;
            FindingEntry { accepted: accepted.is_some(), rule, severity: Severity::as_str(*severity) }
        })
        .collect();
    entries.sort_unstable_by(|a, b| (a.rule, a.severity, a.accepted).cmp(&(b.rule, b.severity, b.accepted)));
    entries
}

/// Bounds as numbers where they are numbers, so that `800` and `"800"` cannot both be right.
fn waived(waivers: &[Waiver]) -> BTreeMap<&str, serde_json::Value> {
    waivers
        .iter()
        .map(|Waiver { guardrail, bound, reason: _ }| {
            let value = bound.parse::<u64>().map(serde_json::Value::from).unwrap_or_else(|_| {
                bound.parse::<f64>().map_or_else(|_| bound.as_str().into(), serde_json::Value::from)
            });
            (guardrail.as_str(), value)
        })
        .collect()
}

struct Hashing(Context);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> Text {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    Text::from(text)
}
