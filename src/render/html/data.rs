//! The JSON the table is drawn from. Rows refer to shared texts by number, which keeps a row near 150 bytes.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    io,
    io::Write,
};

use serde::Serialize;

use super::{
    super::{escape, words},
    Rows,
};
use crate::{
    plan::{Change, Plan, file::user_id_text},
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
type Row<'a> = (
    Cow<'a, str>,
    Cow<'a, str>,
    String,
    &'a str,
    usize,
    usize,
    usize,
    usize,
    usize,
    i64,
    i64,
    i64,
    i64,
    Vec<Found<'a>>,
);

/// Rule, severity, evidence, waiver, and the message where it is not the rule's first.
type Found<'a> = (i64, usize, String, i64, Option<Cow<'a, str>>);

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

pub(super) fn write(plan: &Plan, limit: usize, out: &mut dyn Write) -> io::Result<()> {
    let order = riskiest(&plan.changes, super::rows(plan, limit));
    let (mut blocks, mut holds, mut impacts) = (Numbered::new(), Numbered::new(), Numbered::new());
    let (mut rules, mut waivers) = (Numbered::new(), Numbered::new());
    let mut rows = Vec::with_capacity(order.len());
    for change in order {
        let block = change.declared_by.as_ref().map_or(-1, |place| {
            blocks.number((&*place.address, place.line), || {
                (shown(&place.address), shown(&format!("{}:{}", place.file, place.line)))
            })
        });
        let hold = change
            .decision
            .hold()
            .map_or(-1, |hold| holds.number((hold.until, &*hold.reason), || shown(&words::hold(hold))));
        let findings = change.findings.iter().map(|one| found(one, &mut rules, &mut waivers)).collect();
        rows.push((
            escape::text(&change.user.user_principal_name),
            escape::text(change.user.display_name.as_deref().unwrap_or_default()),
            user_id_text(change.user.id),
            change.user.kind.as_str(),
            change.before.known().map_or(3, state),
            state(change.after),
            state(change.effective),
            change.action as usize,
            change.decision.kind() as usize,
            block,
            hold,
            impacts.number(&change.impact, || words::impact(&change.impact)),
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

/// The changes of the table: those that will be written, and others as far as there is room; the riskiest first, the
/// blocked ones of a risk before the others, else in the order of the plan.
fn riskiest(changes: &[Change], rows: Rows) -> Vec<&Change> {
    // There are a dozen such keys, and of none are more than the limit needed: no need to sort a million changes.
    let mut by_risk: BTreeMap<_, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        let alike = by_risk.entry((Reverse(change.worst()), !change.decision.is_block(), change.decision.is_apply()));
        let alike = alike.or_default();
        if alike.len() < rows.all {
            alike.push(change);
        }
    }
    let (mut applied, mut others) = (rows.applied, rows.all.saturating_sub(rows.applied));
    let mut shown = Vec::with_capacity(rows.all);
    for ((_, _, applies), alike) in by_risk {
        let room = if applies { &mut applied } else { &mut others };
        let taken = alike.len().min(*room);
        *room -= taken;
        shown.extend(alike.into_iter().take(taken));
    }
    shown
}

fn state(state: MfaState) -> usize {
    usize::from(state.strength())
}

fn shown(raw: &str) -> String {
    escape::text(raw).into_owned()
}

type Rules<'a> = Numbered<&'a str, (String, String, String, String)>;

fn found<'a>(finding: &'a Finding, rules: &mut Rules<'a>, waivers: &mut Numbered<&'a str, String>) -> Found<'a> {
    let texts = || (shown(&finding.rule), shown(&finding.name), shown(&finding.message), shown(&finding.remediation));
    let rule = rules.number(&finding.rule, texts);
    let known = usize::try_from(rule).ok().and_then(|at| rules.1.get(at)).map(|rule| &rule.2);
    let message = Some(escape::text(&finding.message)).filter(|message| known.map(String::as_str) != Some(message));
    let waiver = finding.accepted.as_deref().map_or(-1, |Accepted { address, reason, expires, approved_by }| {
        waivers.number(address, || {
            let by = approved_by.as_deref().map_or_else(String::new, |by| format!(", approved by {by}"));
            shown(&format!("until {expires}{by}: {reason} ({address})"))
        })
    });
    let severity = finding.severity as usize;
    debug_assert!(severity <= Severity::Critical as usize);
    let evidence = match words::evidence(finding) {
        plain if matches!(escape::text(&plain), Cow::Borrowed(_)) => plain,
        other => shown(&other),
    };
    (rule, severity, evidence, waiver, message)
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
