//! Writes the document of a plan: the same bytes as serializing its [`view`], several times as fast.
//!
//! A plan's JSON is nearly all changes, about as long as the tenant they came from, and half of it are the names of
//! members. A serializer looks at every byte of those for characters to escape, of which a constant has none. So changes
//! are written by hand, on all cores and in their order; everything else goes through the serializer. A test holds the two
//! together. Destructured without `..`: a new member must be thought about.

use std::io::{self, Write};

use rayon::prelude::*;
use serde::Serialize;

use super::{super::pseudonym::user_id_text, Document, view};
use crate::{
    desired::Hold,
    plan::{Change, ChangeUser, Impact, Plan},
    risk::{Accepted, Evidence, Finding, Place},
    tenant::Text,
};

/// So many changes have their text in memory at once: a few megabytes.
const CHUNK: usize = 4096;

/// Writes the document of this plan, without a checksum and without a line break.
///
/// # Errors
/// Those of the writer.
pub fn write(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let Document {
        format_version,
        mfaplan_version,
        created_at,
        as_of,
        tenant,
        config,
        policy,
        assumed_policies,
        observed,
        summary,
        waivers,
        refused,
        changes: _,
        findings,
        not_evaluated,
        checks,
        outputs,
        execution,
        notes,
        targets,
        rolls_back,
        blocks,
        others,
        replay,
        digest,
        checksum: _,
    } = view(plan);
    member("{\"format_version\":", &format_version, out)?;
    member(",\"mfaplan_version\":", &mfaplan_version, out)?;
    member(",\"created_at\":", &created_at, out)?;
    member(",\"as_of\":", &as_of, out)?;
    member(",\"tenant\":", &tenant, out)?;
    member(",\"config\":", &config, out)?;
    if let Some(policy) = policy {
        member(",\"policy\":", &policy, out)?;
    }
    if let Some(assumed) = assumed_policies {
        member(",\"assumed_policies\":", &assumed, out)?;
    }
    member(",\"observed\":", &observed, out)?;
    member(",\"summary\":", &summary, out)?;
    member(",\"waivers\":", &waivers, out)?;
    member(",\"refused\":", &refused, out)?;
    out.write_all(b",\"changes\":[")?;
    let mut first = true;
    for chunk in plan.changes.chunks(CHUNK) {
        let texts: Vec<_> = chunk.par_chunks(64).map(changes).collect();
        for text in texts {
            // Each begins with the comma before it.
            out.write_all(text.get(usize::from(first)..).unwrap_or_default())?;
            first = false;
        }
    }
    member("],\"findings\":", &findings, out)?;
    member(",\"not_evaluated\":", &not_evaluated, out)?;
    member(",\"checks\":", &checks, out)?;
    member(",\"outputs\":", &outputs, out)?;
    member(",\"execution\":", &execution, out)?;
    member(",\"notes\":", &notes, out)?;
    member(",\"targets\":", &targets, out)?;
    if let Some(run) = &rolls_back {
        member(",\"rolls_back\":", run, out)?;
    }
    member(",\"blocks\":", &blocks, out)?;
    member(",\"others\":", &others, out)?;
    if let Some(replay) = &replay {
        member(",\"replay\":", replay, out)?;
    }
    member(",\"digest\":", &digest, out)?;
    out.write_all(b"}")
}

fn member(opening: &str, value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(opening.as_bytes())?;
    serde_json::to_writer(out, value)?;
    Ok(())
}

fn changes(changes: &[Change]) -> Vec<u8> {
    let mut json = Json(Vec::with_capacity(changes.len() * 1024));
    for one in changes {
        json.raw(",");
        change(one, &mut json);
    }
    json.0
}

fn change(change: &Change, json: &mut Json) {
    let Change {
        user: ChangeUser { id, user_principal_name, display_name, kind, registered },
        declared_by,
        before,
        after,
        effective,
        action,
        decision,
        wave,
        impact: Impact { modern_auth, legacy_auth, modern_policies, legacy_policies },
        findings,
    } = change;
    json.text("{\"user\":{\"id\":", &user_id_text(*id));
    json.text(",\"user_principal_name\":", user_principal_name);
    match display_name {
        Some(name) => json.text(",\"display_name\":", name),
        None => json.raw(",\"display_name\":null"),
    }
    json.word(",\"kind\":", kind.as_str());
    json.raw(match registered {
        Some(true) => ",\"registered\":true}",
        Some(false) => ",\"registered\":false}",
        None => ",\"registered\":null}",
    });
    if let Some(Place { address, file, line }) = declared_by {
        json.text(",\"declared_by\":{\"address\":", address);
        json.text(",\"file\":", file);
        json.value(",\"line\":", line);
        json.raw("}");
    }
    json.word(",\"before\":", before.as_str());
    json.word(",\"after\":", after.as_str());
    json.word(",\"effective\":", effective.as_str());
    for (position, step) in change.steps().iter().enumerate() {
        json.word(if position == 0 { ",\"steps\":[" } else { "," }, step.as_str());
    }
    json.word("],\"action\":", action.as_str());
    json.word(",\"decision\":", decision.as_str());
    for (position, rule) in decision.blocked_by().iter().enumerate() {
        json.text(if position == 0 { ",\"blocked_by\":[" } else { "," }, rule);
    }
    if decision.is_block() {
        json.raw("]");
    }
    if let Some(wave) = wave {
        json.text(",\"wave\":", wave);
    }
    if let Some(Hold { kind, until, reason, gate }) = decision.hold() {
        json.word(",\"hold\":{\"kind\":", kind.as_str());
        json.value(",\"until\":", until);
        json.text(",\"reason\":", reason);
        if let Some(gate) = gate {
            json.value(",\"gate\":", gate);
        }
        json.raw("}");
    }
    json.word(",\"impact\":{\"modern_auth\":{\"before\":", modern_auth.0.as_str());
    json.word(",\"after\":", modern_auth.1.as_str());
    names(",\"policies\":[", modern_policies, json);
    json.word("},\"legacy_auth\":{\"before\":", legacy_auth.0.as_str());
    json.word(",\"after\":", legacy_auth.1.as_str());
    names(",\"policies\":[", legacy_policies, json);
    json.raw("}},\"findings\":[");
    for (position, one) in findings.iter().enumerate() {
        json.raw(if position == 0 { "" } else { "," });
        finding(one, json);
    }
    json.raw("]}");
}

/// A list of names that is left out where it is empty.
fn names(before: &'static str, names: &[Text], json: &mut Json) {
    for (position, name) in names.iter().enumerate() {
        json.text(if position == 0 { before } else { "," }, name);
    }
    if !names.is_empty() {
        json.raw("]");
    }
}

fn finding(finding: &Finding, json: &mut Json) {
    let Finding { rule, name, severity, message, evidence, remediation, accepted } = finding;
    json.text("{\"rule\":", rule);
    json.text(",\"name\":", name);
    json.word(",\"severity\":", severity.as_str());
    json.text(",\"message\":", message);
    json.raw(",\"evidence\":[");
    for (position, Evidence { fact, value }) in evidence.iter().enumerate() {
        json.text(if position == 0 { "{\"fact\":" } else { ",{\"fact\":" }, fact);
        json.value(",\"value\":", value);
        json.raw("}");
    }
    json.text("],\"remediation\":", remediation);
    if let Some(Accepted { address, reason, expires, approved_by }) = accepted.as_deref() {
        json.text(",\"accepted\":{\"address\":", address);
        json.text(",\"reason\":", reason);
        json.text(",\"expires\":", expires);
        if let Some(by) = approved_by {
            json.text(",\"approved_by\":", by);
        }
        json.raw("}");
    }
    json.raw("}");
}

/// JSON text in memory, which cannot fail to be written.
struct Json(Vec<u8>);

impl Json {
    /// What is JSON already.
    fn raw(&mut self, json: &str) {
        self.0.extend_from_slice(json.as_bytes());
    }

    /// A word of the format: nothing in it is escaped.
    fn word(&mut self, opening: &str, word: &str) {
        for part in [opening, "\"", word, "\""] {
            self.raw(part);
        }
    }

    /// Any text.
    fn text(&mut self, opening: &str, text: &str) {
        // Looking at all bytes, without an early end, lets the compiler look at many at once.
        let escapes = text.bytes().fold(false, |found, byte| found | matches!(byte, 0..=0x1f | b'"' | b'\\'));
        if escapes { self.value(opening, text) } else { self.word(opening, text) }
    }

    /// Whatever the serializer writes of it.
    fn value(&mut self, opening: &str, value: &(impl Serialize + ?Sized)) {
        self.raw(opening);
        let _ = serde_json::to_writer(&mut self.0, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::testing::{empty, many, redacted, refused, sample};

    #[test]
    fn it_is_what_a_serializer_writes() {
        let mut odd = sample();
        for (position, change) in odd.changes.iter_mut().enumerate() {
            change.user.user_principal_name = format!("\"{position}\\\u{1b}\u{7f}\u{2028}é@contoso.com").into();
            change.user.registered = [None, Some(true), Some(false)][position % 3];
            change.wave = (position % 2 == 0).then(|| "staff.\"first\"".into());
            for finding in &mut change.findings {
                finding.message = "line\nbreak".into();
                finding.evidence.push(Evidence { fact: "a\tb".into(), value: json!({"x": [1.5, null, "\u{0}"]}) });
            }
        }
        for plan in [sample(), odd, refused(), empty(), many(5_000), redacted(sample())] {
            let mut written = Vec::new();
            write(&plan, &mut written).unwrap();
            assert!(written == serde_json::to_vec(&view(&plan)).unwrap());
        }
    }
}
