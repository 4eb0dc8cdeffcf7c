//! The JSON the table is drawn from. Rows refer to shared texts by number, which keeps a row near 150 bytes.

use std::{cmp::Reverse, collections::HashMap, io, io::Write};

use serde::Serialize;

use super::{
    super::{escape, words},
    ROWS,
};
use crate::{
    plan::{Change, Decision, Plan, file::user_id_text},
    risk::{Accepted, Finding},
    severity::Severity,
    tenant::MfaState,
};

#[derive(Serialize)]
struct Data<'a> {
    /// How many changes the plan has; `rows` may be fewer.
    total: usize,
    blocks: Vec<(String, String)>,
    holds: Vec<String>,
    impacts: Vec<(String, String)>,
    /// Id, name, message, remediation.
    rules: Vec<(String, String, String, String)>,
    accepted: Vec<String>,
    rows: Vec<Row<'a>>,
}

/// Name, display name, id, kind, before, after, effective, action, decision, block, hold, impact, worst severity,
/// findings. A number of -1 is none; severities go from 0 (info) to 4 (critical).
type Row<'a> = (String, String, String, &'a str, usize, usize, usize, usize, usize, i64, i64, i64, i64, Vec<Found>);

/// Rule, severity, evidence, waiver, and the message where it is not the rule's first.
type Found = (i64, usize, String, i64, Option<String>);

/// Numbers texts in the order in which they turn up.
struct Numbered<K, V>(HashMap<K, i64>, Vec<V>);

impl<K: std::hash::Hash + Eq, V> Numbered<K, V> {
    fn new() -> Self {
        Self(HashMap::new(), Vec::new())
    }

    fn number(&mut self, key: K, value: impl FnOnce() -> V) -> i64 {
        let Self(numbers, values) = self;
        *numbers.entry(key).or_insert_with(|| {
            values.push(value());
            values.len() as i64 - 1
        })
    }
}

pub(super) fn write(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let mut order: Vec<&Change> = plan.changes.iter().collect();
    order.sort_by_cached_key(|change| (Reverse(change.worst()), change.decision != Decision::Block));
    let (mut blocks, mut holds, mut impacts) = (Numbered::new(), Numbered::new(), Numbered::new());
    let (mut rules, mut waivers) = (Numbered::new(), Numbered::new());
    let mut rows = Vec::with_capacity(order.len().min(ROWS));
    for change in order.into_iter().take(ROWS) {
        let block = change.declared_by.as_ref().map_or(-1, |place| {
            blocks.number((&*place.address, place.line), || {
                (shown(&place.address), shown(&format!("{}:{}", place.file, place.line)))
            })
        });
        let hold = change
            .hold
            .as_ref()
            .map_or(-1, |hold| holds.number((hold.until, &*hold.reason), || shown(&words::hold(hold))));
        let findings = change.findings.iter().map(|one| found(one, &mut rules, &mut waivers)).collect();
        rows.push((
            shown(&change.user.user_principal_name),
            shown(change.user.display_name.as_deref().unwrap_or_default()),
            user_id_text(change.user.id),
            change.user.kind.as_str(),
            change.before.known().map_or(3, state),
            state(change.after),
            state(change.effective),
            change.action as usize,
            change.decision as usize,
            block,
            hold,
            impacts.number(change.impact, || words::impact(&change.impact)),
            change.worst().map_or(-1, |severity| severity as i64),
            findings,
        ));
    }
    let data = Data {
        total: plan.changes.len(),
        blocks: blocks.1,
        holds: holds.1,
        impacts: impacts.1,
        rules: rules.1,
        accepted: waivers.1,
        rows,
    };
    serde_json::to_writer(Island(out), &data)?;
    Ok(())
}

fn state(state: MfaState) -> usize {
    usize::from(state.strength())
}

fn shown(raw: &str) -> String {
    escape::text(raw).into_owned()
}

type Rules<'a> = Numbered<&'a str, (String, String, String, String)>;

fn found<'a>(finding: &'a Finding, rules: &mut Rules<'a>, waivers: &mut Numbered<&'a str, String>) -> Found {
    let texts = || (shown(&finding.rule), shown(&finding.name), shown(&finding.message), shown(&finding.remediation));
    let rule = rules.number(&finding.rule, texts);
    let known = usize::try_from(rule).ok().and_then(|at| rules.1.get(at)).map(|rule| &rule.2);
    let message = Some(shown(&finding.message)).filter(|message| known != Some(message));
    let waiver = finding.accepted.as_deref().map_or(-1, |Accepted { address, reason, expires, approved_by }| {
        waivers.number(address, || {
            let by = approved_by.as_deref().map_or_else(String::new, |by| format!(", approved by {by}"));
            shown(&format!("until {expires}{by}: {reason} ({address})"))
        })
    });
    let severity = finding.severity as usize;
    debug_assert!(severity <= Severity::Critical as usize);
    (rule, severity, shown(&words::evidence(finding)), waiver, message)
}

/// JSON inside a `<script>` element: without a `<`, nothing can end it. In JSON it only occurs in strings.
struct Island<'a>(&'a mut dyn Write);

impl Write for Island<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (at, part) in bytes.split(|byte| *byte == b'<').enumerate() {
            if at > 0 {
                self.0.write_all(b"\\u003c")?;
            }
            self.0.write_all(part)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
