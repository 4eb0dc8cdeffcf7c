//! The digest: the identity of what is being approved, which is what will be written and under which conditions.
//!
//! SHA-256 over a canonical JSON document (UTF-8, sorted keys, no spaces):
//!
//! ```json
//! {"changes":[{"after":"enforced","before":"disabled","effective":"enforced",
//!              "findings":[{"accepted":false,"rule":"MFA018","severity":"high"}],
//!              "user":"<object id>","user_principal_name":"jdoe@contoso.com"}],
//!  "cloud":"global",
//!  "execution":{"block_at":"critical","canary":5,"confirm":"yes","stop_after_failures":3},
//!  "findings":[…],"refused":["max_changes"],"tenant":"<tenant id>","waivers":{"max_changes":800}}
//! ```
//!
//! `changes` are those that will be performed, by user id; findings stand by rule, then severity, and the outer ones are
//! those of the tenant at or above `block_at`. Users on hold and blocked ones do not enter: one of them registering a
//! method, or next month's wave, changes nothing that was approved. Nor do times, counts and wording. A plan that takes
//! Conditional Access policies for standing has `assumed`, their digest, before everything else.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
};

use aws_lc_rs::digest::{Context, SHA256};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    config::Confirm,
    diff::Action,
    risk::Finding,
    severity::Severity,
    tenant::{MfaState, TenantId, Text, UserId},
};

use super::{Change, ChangeUser, Digest, Execution, Plan, PlanTenant, Waiver};

/// The canonical document. A journal keeps it whole, so that what was approved can be read, and proved, long after.
///
/// Members stand in the order of their names: what the serializer makes of it is the canonical text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Approved"))]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The digest of the policies that are taken for standing; not there where none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<Text>,
    /// What will be written, by user id.
    pub changes: Vec<ApprovedChange>,
    /// The tenant's cloud.
    pub cloud: Text,
    /// The bounds of the execution.
    pub execution: Conditions,
    /// Findings of the tenant at or above `block_at`.
    pub findings: Vec<Weight>,
    /// Why the plan is refused, by rule.
    pub refused: Vec<Text>,
    /// The tenant.
    pub tenant: TenantId,
    /// Waived guardrails with their bounds: numbers where they are numbers, so that `800` and `"800"` cannot both be
    /// right.
    pub waivers: BTreeMap<Text, serde_json::Value>,
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovedChange {
    /// The state to write.
    pub after: MfaState,
    /// The state the user must have for that.
    pub before: MfaState,
    /// The state it ends in.
    pub effective: MfaState,
    /// What was known to be risked.
    pub findings: Vec<Weight>,
    /// Who.
    pub user: UserId,
    /// Under which sign-in name.
    pub user_principal_name: Text,
}

/// A finding as far as it is decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Weight {
    /// Does an `accept` block waive it?
    pub accepted: bool,
    /// Which rule.
    pub rule: Text,
    /// How bad.
    pub severity: Severity,
}

/// The bounds of the execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// From which severity on changes are withheld.
    pub block_at: Severity,
    /// How many users are written and verified first.
    pub canary: u32,
    /// What has to be typed: `yes` or `tenant`.
    pub confirm: Confirm,
    /// How many failures a run bears.
    pub stop_after_failures: u32,
}

impl Document {
    /// The digest of this document.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hashed(|out| Ok(serde_json::to_writer(out, self)?))
    }
}

/// So many changes have their entries in memory at once, made on all cores.
const CHUNK: usize = 1 << 14;

/// Computes the digest of a plan from its content (whatever its `digest` field says).
#[must_use]
pub fn compute(plan: &Plan) -> Digest {
    hashed(|out| document(plan, out))
}

fn hashed(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Digest {
    // The document is written word by word; hashed so, it would take a call into the library for each.
    let mut sink = BufWriter::with_capacity(1 << 14, Hashing(Context::new(&SHA256)));
    // Writing to a hash cannot fail, and the document has only string keys.
    let _ = write(&mut sink).and_then(|()| sink.flush());
    let (Hashing(context), _) = sink.into_parts();
    Digest(hex(context.finish().as_ref()).into())
}

/// What the digest covers of a plan, but for its changes.
fn conditions(plan: &Plan) -> Document {
    // Destructured without `..`: a new field of a plan must be decided on here.
    let Plan {
        mfaplan_version: _,
        created_at: _,
        as_of: _,
        tenant: PlanTenant { id, name: _, cloud },
        config: _,
        policy: _,
        assumed,
        observed: _,
        summary: _,
        waivers,
        refused,
        changes: _,
        findings,
        not_evaluated: _,
        checks: _,
        outputs: _,
        execution:
            Execution {
                block_at,
                canary,
                stop_after_failures,
                confirm,
                approvals_required: _,
                auto_approve: _,
                estimated_seconds: _,
            },
        notes: _,
        targets: _,
        rolls_back: _,
        blocks: _,
        others: _,
        replay: _, // A model of what was, not of what will be written.
        digest: _,
    } = plan;
    let weighty = findings.iter().map(|one| &one.finding).filter(|finding| finding.severity >= *block_at);
    let mut rules: Vec<Text> = refused.iter().map(|one| one.rule.clone()).collect();
    rules.sort_unstable();
    Document {
        assumed: assumed.as_ref().map(|one| one.digest.clone()),
        changes: Vec::new(),
        cloud: cloud.clone(),
        execution: Conditions {
            block_at: *block_at,
            canary: *canary,
            confirm: *confirm,
            stop_after_failures: *stop_after_failures,
        },
        findings: entries(weighty).into_iter().map(Weight::from).collect(),
        refused: rules,
        tenant: *id,
        waivers: waived(waivers),
    }
}

/// The canonical document of a plan.
///
/// # Errors
/// The sign-in name of a user whose present state is unknown, though a change of theirs is to be performed.
pub fn approved(plan: &Plan) -> Result<Document, Text> {
    let mut document = conditions(plan);
    document.changes = plan.applicable().map(ApprovedChange::of).collect::<Result<_, _>>()?;
    document.changes.par_sort_unstable_by_key(|one| one.user);
    Ok(document)
}

impl ApprovedChange {
    fn of(change: &Change) -> Result<Self, Text> {
        let name = &change.user.user_principal_name;
        Ok(Self {
            after: change.after,
            before: change.before.known().ok_or_else(|| name.clone())?,
            effective: change.effective,
            findings: entries(change.findings.iter()).into_iter().map(Weight::from).collect(),
            user: change.user.id,
            user_principal_name: name.clone(),
        })
    }
}

/// Writes the canonical document: what [`compute`] hashes, several times as fast as serializing [`approved`].
///
/// # Errors
/// Those of the writer.
pub fn document(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let Document { assumed, changes: _, cloud, execution, findings, refused, tenant, waivers } = conditions(plan);
    out.write_all(b"{")?;
    if let Some(assumed) = &assumed {
        out.write_all(b"\"assumed\":")?;
        serde_json::to_writer(&mut *out, assumed)?;
        out.write_all(b",")?;
    }
    out.write_all(b"\"changes\":[")?;
    let mut order: Vec<_> = plan.applicable().map(|change| (change.user.id, change)).collect();
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
    out.write_all(b"],\"cloud\":")?;
    serde_json::to_writer(&mut *out, &cloud)?;
    out.write_all(b",\"execution\":")?;
    serde_json::to_writer(&mut *out, &execution)?;
    out.write_all(b",\"findings\":")?;
    serde_json::to_writer(&mut *out, &findings)?;
    out.write_all(b",\"refused\":")?;
    serde_json::to_writer(&mut *out, &refused)?;
    write!(out, ",\"tenant\":\"{tenant}\",\"waivers\":")?;
    serde_json::to_writer(&mut *out, &waivers)?;
    out.write_all(b"}")
}

/// `,{"after":…}` for each, as the serializer would write it: its keys are constants and its words need no escapes, but
/// for names of users and the ids of a configuration's own rules.
fn change_entries(changes: &[(UserId, &Change)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(changes.len() * 320);
    for (_, change) in changes {
        let Change {
            user: ChangeUser { id, user_principal_name, display_name: _, kind: _, registered: _ },
            declared_by: _,
            before,
            after,
            effective,
            action: Action::Enable | Action::Enforce | Action::Relax | Action::Disable,
            decision: _,
            wave: _,
            impact: _,
            findings,
        } = change;
        for text in [",{\"after\":\"", after.as_str(), "\",\"before\":\"", before.as_str()] {
            out.extend_from_slice(text.as_bytes());
        }
        for text in ["\",\"effective\":\"", effective.as_str(), "\",\"findings\":["] {
            out.extend_from_slice(text.as_bytes());
        }
        for (position, Entry { accepted, rule, severity }) in entries(findings.iter()).iter().enumerate() {
            out.extend_from_slice(if position > 0 { b",{\"accepted\":" } else { b"{\"accepted\":" });
            out.extend_from_slice(if *accepted { b"true" } else { b"false" });
            out.extend_from_slice(b",\"rule\":");
            // Writing to memory cannot fail.
            let _ = serde_json::to_writer(&mut out, rule);
            for text in [",\"severity\":\"", severity.as_str(), "\"}"] {
                out.extend_from_slice(text.as_bytes());
            }
        }
        let mut buffer = uuid::Uuid::encode_buffer();
        let id: &str = id.as_uuid().as_hyphenated().encode_lower(&mut buffer);
        for text in ["],\"user\":\"", id, "\",\"user_principal_name\":"] {
            out.extend_from_slice(text.as_bytes());
        }
        let _ = serde_json::to_writer(&mut out, user_principal_name);
        out.push(b'}');
    }
    out
}

/// A [`Weight`] that borrows.
struct Entry<'a> {
    accepted: bool,
    rule: &'a str,
    severity: Severity,
}

impl From<Entry<'_>> for Weight {
    fn from(Entry { accepted, rule, severity }: Entry<'_>) -> Self {
        Self { accepted, rule: Text::from(rule), severity }
    }
}

fn entries<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Entry<'a>> {
    let mut entries: Vec<_> = findings
        .map(|finding| {
            let Finding { rule, name: _, severity, message: _, evidence: _, remediation: _, accepted } = finding;
            Entry { accepted: accepted.is_some(), rule, severity: *severity }
        })
        .collect();
    entries.sort_unstable_by(|a, b| {
        (a.rule, a.severity.as_str(), a.accepted).cmp(&(b.rule, b.severity.as_str(), b.accepted))
    });
    entries
}

/// Waivers by guardrail.
pub(crate) fn waived(waivers: &[Waiver]) -> BTreeMap<Text, serde_json::Value> {
    waivers
        .iter()
        .map(|Waiver { guardrail, bound, reason: _ }| {
            let value = bound.parse::<u64>().map(serde_json::Value::from).unwrap_or_else(|_| {
                bound.parse::<f64>().map_or_else(|_| bound.as_str().into(), serde_json::Value::from)
            });
            (guardrail.as_str().into(), value)
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
    use super::*;
    use crate::{
        desired::{Hold, HoldKind},
        diff::Decision,
        render::testing::{empty, many, refused, sample},
    };

    fn text(plan: &Plan) -> String {
        let mut written = Vec::new();
        document(plan, &mut written).unwrap();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn the_quick_way_writes_what_the_serializer_writes_of_the_document() {
        let mut own = sample();
        let change = own.changes.iter_mut().find(|change| change.decision.is_apply()).unwrap();
        change.user.user_principal_name = "\"odd\" \\ name\n\u{1b}\u{7f}é@contoso.com".into();
        change.findings.push(Finding { rule: "own \"rule\"\n\u{1b}é".into(), ..own.findings[0].finding.clone() });
        for plan in [own, refused(), empty(), many(3_000)] {
            let document = approved(&plan).unwrap();
            assert_eq!(text(&plan), serde_json::to_string(&document).unwrap());
            assert_eq!(document.digest(), compute(&plan));
            let read: Document = serde_json::from_str(&text(&plan)).unwrap();
            assert_eq!(read, document, "what is read back is the same document");
            assert_eq!(
                compute(&plan),
                Digest(hex(aws_lc_rs::digest::digest(&SHA256, text(&plan).as_bytes()).as_ref()).into())
            );
        }
    }

    #[test]
    fn the_keys_stand_in_the_order_of_their_names() {
        let value: serde_json::Value = serde_json::from_str(&text(&refused())).unwrap();
        // A value's keys are sorted, so that a script can make the same text with `json.dumps(…, sort_keys=True)`.
        assert_eq!(value.to_string(), text(&refused()));
    }

    /// An approval stands while somebody else registers, waits longer or is withheld for another reason.
    #[test]
    fn users_on_hold_and_blocked_ones_do_not_enter() {
        let mut plan = sample();
        let digest = compute(&plan);
        let waiting = plan.changes.iter_mut().find(|change| change.decision.is_hold()).unwrap();
        waiting.decision =
            Decision::Hold(Hold { kind: HoldKind::NoWave, until: None, reason: "in no wave".into(), gate: None });
        waiting.user.registered = Some(true);
        waiting.findings.clear();
        plan.changes.retain(|change| !change.decision.is_block());
        assert_eq!(compute(&plan), digest);
    }

    /// Each edit changes what is written, at which risk or under which bounds, and so the digest.
    #[test]
    fn whatever_is_decided_on_changes_the_digest() {
        let plan = sample();
        let digest = compute(&plan);
        let place = plan.changes.iter().position(|change| change.decision.is_apply()).unwrap();
        type Edit<'a> = &'a dyn Fn(&mut Plan);
        let edits: [(&str, Edit<'_>); 12] = [
            ("the name", &|p| p.changes[place].user.user_principal_name = "other@contoso.com".into()),
            ("the id", &|p| p.changes[place].user.id = UserId::new(uuid::Uuid::from_u128(7))),
            ("the end", &|p| {
                let change = &mut p.changes[place];
                change.effective = MfaState::ALL.into_iter().find(|state| *state != change.effective).unwrap();
            }),
            ("who", &|p| {
                p.changes[place].decision = Decision::Hold(Hold {
                    kind: HoldKind::NoWave,
                    until: None,
                    reason: "in no wave".into(),
                    gate: None,
                })
            }),
            ("the risk", &|p| p.changes[place].findings.push(p.findings[0].finding.clone())),
            ("the cloud", &|p| p.tenant.cloud = "china".into()),
            ("block_at", &|p| p.execution.block_at = Severity::Low),
            ("canary", &|p| p.execution.canary += 1),
            ("confirm", &|p| p.execution.confirm = Confirm::Tenant),
            ("stop_after_failures", &|p| p.execution.stop_after_failures += 1),
            ("a waiver", &|p| {
                let waiver = Waiver {
                    guardrail: crate::config::Waivable::MaxDowngrades,
                    bound: "77".into(),
                    reason: "migration".into(),
                };
                p.waivers.push(waiver);
            }),
            ("a refusal", &|p| {
                let text = Text::from("max_changes");
                p.refused.push(super::super::Refusal { reason: text.clone(), rule: text.clone(), remedy: text });
            }),
        ];
        for (what, edit) in edits {
            let mut edited = plan.clone();
            edit(&mut edited);
            assert_ne!(compute(&edited), digest, "{what}");
        }
    }
}
