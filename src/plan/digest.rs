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
use rayon::prelude::*;
use serde::Serialize;

use crate::{diff::Action, risk::Finding, severity::Severity, tenant::UserId};

use super::{Change, Digest, Plan, PlanTenant, Waiver};

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct FindingEntry<'a> {
    accepted: bool,
    rule: &'a str,
    severity: &'static str,
}

/// So many changes have their entries in memory at once, made on all cores.
const CHUNK: usize = 1 << 14;

/// Computes the digest of a plan from its content (whatever its `digest` field says).
#[must_use]
pub fn compute(plan: &Plan) -> Digest {
    // The document is written word by word; hashed so, it would take a call into the library for each.
    let mut sink = BufWriter::with_capacity(1 << 14, Hashing(Context::new(&SHA256)));
    // Writing to a hash cannot fail, and the document has only string keys.
    let _ = document(plan, &mut sink).and_then(|()| sink.flush());
    let (Hashing(context), _) = sink.into_parts();
    Digest(hex(context.finish().as_ref()).into())
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
        targets: _,
        blocks: _,
        others: _,
        replay: _, // A model of what was, not of what will be written.
        digest: _,
    } = plan;

    out.write_all(b"{\"changes\":[")?;
    let mut order: Vec<_> = changes.iter().map(|change| (change.user.id, change)).collect();
    order.par_sort_unstable_by_key(|(id, _)| *id);
    let mut first = true;
    for chunk in order.chunks(CHUNK) {
        let entries: Vec<_> = chunk.par_chunks(256).map(change_entries).collect();
        for text in entries {
            // Each begins with the comma before it.
            out.write_all(text.get(usize::from(first)..).unwrap_or_default())?;
            first = false;
        }
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

/// `,{"after":…}` for each, as the serializer would write it: its keys are constants and its words need no escapes, but
/// for the ids of a configuration's own rules.
fn change_entries(changes: &[(UserId, &Change)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(changes.len() * 256);
    for (_, change) in changes {
        let Change {
            user,
            declared_by: _,
            before,
            after,
            effective: _,
            action: Action::Enable | Action::Enforce | Action::Relax | Action::Disable,
            decision,
            impact: _,
            findings,
        } = change;
        for text in [",{\"after\":\"", after.as_str(), "\",\"before\":\"", before.as_str()] {
            out.extend_from_slice(text.as_bytes());
        }
        for text in ["\",\"decision\":\"", decision.as_str(), "\",\"findings\":["] {
            out.extend_from_slice(text.as_bytes());
        }
        for (position, FindingEntry { accepted, rule, severity }) in entries(findings.iter()).iter().enumerate() {
            out.extend_from_slice(if position > 0 { b",{\"accepted\":" } else { b"{\"accepted\":" });
            out.extend_from_slice(if *accepted { b"true" } else { b"false" });
            out.extend_from_slice(b",\"rule\":");
            // Writing to memory cannot fail.
            let _ = serde_json::to_writer(&mut out, rule);
            for text in [",\"severity\":\"", severity, "\"}"] {
                out.extend_from_slice(text.as_bytes());
            }
        }
        let mut id = uuid::Uuid::encode_buffer();
        for text in ["],\"user\":\"", user.id.as_uuid().as_hyphenated().encode_lower(&mut id), "\"}"] {
            out.extend_from_slice(text.as_bytes());
        }
    }
    out
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
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::render::testing::{empty, many, refused, sample};

    /// The entry of a change, written the plain way: a JSON value, whose keys are sorted.
    fn plain(change: &Change) -> Value {
        let findings: Vec<_> = entries(change.findings.iter())
            .iter()
            .map(|one| json!({"accepted": one.accepted, "rule": one.rule, "severity": one.severity}))
            .collect();
        json!({"after": change.after, "before": change.before.as_str(), "decision": change.decision.as_str(),
               "findings": findings, "user": change.user.id})
    }

    #[test]
    fn entries_are_what_a_serializer_writes() {
        let mut own = sample();
        own.changes.iter_mut().find_map(|change| change.findings.first_mut()).unwrap().rule =
            "own \"rule\"\n\u{1b}é".into();
        for mut plan in [own, refused(), empty(), many(3_000)] {
            let mut written = Vec::new();
            document(&plan, &mut written).unwrap();
            plan.changes.sort_by_key(|change| change.user.id);
            let expected: Vec<_> = plan.changes.iter().map(|change| plain(change).to_string()).collect();
            let expected = format!("{{\"changes\":[{}],\"findings\":", expected.join(","));
            assert!(String::from_utf8(written).unwrap().starts_with(&expected));
        }
    }
}
