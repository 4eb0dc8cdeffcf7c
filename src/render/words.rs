//! The words all formats share, so that a reviewer meets the same ones in a terminal, a comment and a page.

use jiff::{Timestamp, Unit};
use serde_json::Value;

use crate::{
    desired::HoldKind,
    plan::{Change, Impact, LegacyAuth, ModernAuth, Plan, SeverityCounts, Summary},
    risk::{self, Evidence, Finding, Traits},
    severity::Severity,
    tenant::{Source, Text},
};

/// 12345 → `12,345`.
#[must_use]
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A measured number beside a unit: at most three significant digits, and no more than a whole from 100 on. `387.7049` →
/// `388`, `3080.69` → `3,080`, `0.0123` → `0.01`.
#[must_use]
pub(crate) fn rounded(value: f64) -> String {
    if !value.is_finite() || value < 0.0 {
        return "?".to_owned();
    }
    if value < 9.995 {
        let text = format!("{value:.2}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    if value < 99.95 {
        let text = format!("{value:.1}");
        return text.trim_end_matches(".0").to_owned();
    }
    let mut unit = 1_u64;
    while value / unit as f64 >= 999.5 && unit < u64::MAX / 10 {
        unit *= 10;
    }
    number((value / unit as f64).round() as u64 * unit)
}

/// `1 user`, `2 users`.
#[must_use]
pub(crate) fn count(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", number(n), if n == 1 { "" } else { "s" })
}

/// A length as a number to show.
#[must_use]
pub(crate) fn len<T>(list: &[T]) -> u64 {
    list.len() as u64
}

/// What modern authentication asks for; `policies` are those of Conditional Access that do.
fn modern(auth: ModernAuth, policies: &[Text]) -> String {
    match auth {
        ModernAuth::PasswordOnly => "password only".to_owned(),
        ModernAuth::MfaRequired => "MFA (per user)".to_owned(),
        ModernAuth::MfaByConditionalAccess => format!("MFA (Conditional Access{})", names(": ", policies)),
        ModernAuth::MfaAtSomeSignIns => {
            format!("MFA at some sign-ins only (Conditional Access{})", names(": ", policies))
        }
        ModernAuth::MfaBySecurityDefaults => "MFA (security defaults)".to_owned(),
        ModernAuth::Unknown => "unknown".to_owned(),
    }
}

/// What legacy authentication asks for.
fn legacy(auth: LegacyAuth, policies: &[Text]) -> String {
    match auth {
        LegacyAuth::PasswordOnly => "password only".to_owned(),
        LegacyAuth::PasswordOnlyUntilRegistered => "password only until registered".to_owned(),
        LegacyAuth::AppPasswordOnly => "app password only".to_owned(),
        LegacyAuth::Blocked => "blocked".to_owned(),
        LegacyAuth::BlockedByConditionalAccess if policies.is_empty() => "blocked by Conditional Access".to_owned(),
        LegacyAuth::BlockedByConditionalAccess => format!("blocked by {}", names("", policies)),
        LegacyAuth::BlockedBySecurityDefaults => "blocked by security defaults".to_owned(),
        LegacyAuth::Unknown => "unknown".to_owned(),
    }
}

/// The first names of policies, and how many more there are.
fn names(before: &str, policies: &[Text]) -> String {
    const SHOWN: usize = 3;
    if policies.is_empty() {
        return String::new();
    }
    let shown: Vec<&str> = policies.iter().take(SHOWN).map(Text::as_str).collect();
    let more = policies.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{before}{}{more}", shown.join(", "))
}

/// Both kinds of sign-in, before and after.
#[must_use]
pub(crate) fn impact(impact: &Impact) -> (String, String) {
    let Impact { modern_auth, legacy_auth, modern_policies, legacy_policies } = impact;
    let arrow = |before: String, after: String| {
        if before == after { format!("{after}, as before") } else { format!("{before} → {after}") }
    };
    (
        arrow(modern(modern_auth.0, modern_policies), modern(modern_auth.1, modern_policies)),
        arrow(legacy(legacy_auth.0, legacy_policies), legacy(legacy_auth.1, legacy_policies)),
    )
}

/// `disabled → enabled (enforced)`: what is written, and in brackets what it will end in where that differs.
#[must_use]
pub(crate) fn transition(change: &Change) -> String {
    let (before, after, effective) = (change.before.as_str(), change.after.as_str(), change.effective.as_str());
    if after == effective {
        [before, " → ", after].concat()
    } else {
        [before, " → ", after, " (", effective, ")"].concat()
    }
}

/// `12 to enforce, 3 to enable`, in the order of how much they ask for; `nothing to change`.
#[must_use]
pub(crate) fn actions(summary: &Summary) -> String {
    let parts = [
        (summary.enforce, "to enforce"),
        (summary.enable, "to enable"),
        (summary.relax, "to relax"),
        (summary.disable, "to disable"),
        (summary.hold, "on hold"),
        (summary.block, "blocked"),
    ];
    list(parts.into_iter(), "nothing to change")
}

/// What an empty plan means: nothing is said about anybody whom it did not judge.
#[must_use]
pub(crate) fn nothing_to_change(plan: &Plan) -> String {
    if plan.targets.is_empty() {
        format!("Every managed user is in the declared state ({}).", count(plan.summary.managed, "user"))
    } else {
        format!("What --target names ({}) is in the declared state.", plan.targets.join(", "))
    }
}

/// The commands that approve and apply exactly this plan, wherever it was reviewed.
#[must_use]
pub(crate) fn approval(plan: &Plan) -> Vec<String> {
    match plan.execution.approvals_required {
        0 => vec![format!("mfaplan apply --approve {}", plan.digest)],
        required => vec![
            format!("mfaplan approve --digest {} --key KEY ({})", plan.digest, count(required.into(), "signature")),
            "mfaplan apply --signature FILE".to_owned(),
        ],
    }
}

/// `1 critical, 3 high`; `none`.
#[must_use]
pub(crate) fn severities(counts: &SeverityCounts) -> String {
    list(Severity::WORST_FIRST.into_iter().map(|severity| (of(counts, severity), severity.as_str())), "none")
}

/// The count of one severity.
#[must_use]
pub(crate) const fn of(counts: &SeverityCounts, severity: Severity) -> u64 {
    match severity {
        Severity::Critical => counts.critical,
        Severity::High => counts.high,
        Severity::Medium => counts.medium,
        Severity::Low => counts.low,
        Severity::Info => counts.info,
    }
}

fn list<'a>(parts: impl Iterator<Item = (u64, &'a str)>, none: &str) -> String {
    let parts: Vec<_> = parts.filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", number(n))).collect();
    if parts.is_empty() { none.to_owned() } else { parts.join(", ") }
}

/// `2026-11-24 08:00 UTC`.
#[must_use]
pub(crate) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `2026-12-01`, or with the time where it is not midnight UTC.
#[must_use]
pub(crate) fn date(at: Timestamp) -> String {
    if at.as_second().rem_euclid(86_400) == 0 { at.strftime("%Y-%m-%d").to_string() } else { instant(at) }
}

/// `snapshot of 2026-11-24 08:00 UTC, 90 minutes old`.
#[must_use]
pub(crate) fn facts(plan: &Plan) -> String {
    let source = match plan.observed.source {
        Source::Snapshot => "snapshot of",
        Source::Graph => "read from Microsoft Graph at",
    };
    let minutes = plan.as_of.since((Unit::Minute, plan.observed.captured_at)).map_or(0, |span| span.get_minutes());
    let age = match minutes {
        ..=-1 => " (later than the plan's instant)".to_owned(),
        0..=4 => String::new(),
        5..=119 => format!(", {minutes} minutes old"),
        120..=2879 => format!(", {} hours old", minutes / 60),
        _ => format!(", {} days old", minutes / 1440),
    };
    format!("{source} {}{age}", instant(plan.observed.captured_at))
}

/// The reasons of a hold: `until 2026-12-01: wave "second"`.
#[must_use]
pub(crate) fn hold(hold: &crate::desired::Hold) -> String {
    match hold.until {
        Some(until) => format!("until {}: {}", date(until), hold.reason),
        None => format!("without a date: {}", hold.reason),
    }
}

/// The evidence of a finding on one line: `legacy_sign_ins: Authenticated SMTP 412 · last: 2026-11-23`.
#[must_use]
pub(crate) fn evidence(finding: &Finding) -> String {
    let mut out = String::new();
    push_evidence(&mut out, finding);
    out
}

/// Appends what [`evidence`] says.
pub(crate) fn push_evidence(out: &mut String, finding: &Finding) {
    for (position, Evidence { fact, value }) in finding.evidence.iter().enumerate() {
        if position > 0 {
            out.push_str(" · ");
        }
        if fact == "asked_by" && push_asked(out, value).is_some() {
            continue;
        }
        out.push_str(fact);
        out.push_str(": ");
        push_value(out, value);
    }
}

/// Who asked for MFA at how many sign-ins: `of 13,203 sign-ins, 13,190 were asked for by CA002, 13 by nobody (13: IMAP4 from
/// Exchange)`. Nothing where the value is not the evidence that says so.
fn push_asked(out: &mut String, value: &Value) -> Option<()> {
    let count = |key| value.get(key)?.as_u64();
    let (all, by_user, by_nobody) = (count("sign_ins")?, count("by_user")?, count("by_nobody")?);
    let mut parts = Vec::new();
    for key in ["by", "by_others"] {
        let named = value.get(key).and_then(Value::as_object).into_iter().flatten();
        parts.extend(named.filter_map(|(name, count)| Some((count.as_u64()?, name.as_str()))));
    }
    parts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    parts.truncate(ELEMENTS);
    parts.extend([(by_user, "the per-user state"), (by_nobody, "nobody")].into_iter().filter(|(count, _)| *count > 0));
    let between = |at| if at == 0 { "were asked for by" } else { "by" };
    let words = |(at, (count, name)): (usize, &(u64, &str))| format!("{} {} {name}", number(*count), between(at));
    let parts: Vec<String> = parts.iter().enumerate().map(words).collect();
    out.push_str(&format!("of {}, {}", self::count(all, "sign-in"), parts.join(", ")));
    if let Some(nobody) = value.get("nobody").filter(|all| all.as_array().is_some_and(|all| !all.is_empty())) {
        out.push_str(" (");
        push_value(out, nobody);
        out.push(')');
    }
    Some(())
}

/// At most this many elements of a list are spelled out.
const ELEMENTS: usize = 5;

/// A value in words, not in JSON.
pub(crate) fn push_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("unknown"),
        Value::Bool(true) => out.push_str("yes"),
        Value::Bool(false) => out.push_str("no"),
        Value::Number(n) => match n.as_u64() {
            Some(n) => out.push_str(&number(n)),
            None => out.push_str(&n.to_string()),
        },
        Value::String(text) => out.push_str(text),
        Value::Array(list) => {
            if list.is_empty() {
                out.push_str("none");
            }
            let between = if list.iter().all(|one| !one.is_object() && !one.is_array()) { ", " } else { "; " };
            for (at, one) in list.iter().take(ELEMENTS).enumerate() {
                out.push_str(if at == 0 { "" } else { between });
                push_value(out, one);
            }
            push_rest(out, list.len());
        }
        Value::Object(members) => {
            if members.is_empty() {
                out.push_str("none");
            }
            for (at, (name, one)) in members.iter().take(ELEMENTS).enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                out.push_str(name);
                out.push(' ');
                push_value(out, one);
            }
            push_rest(out, members.len());
        }
    }
}

fn push_rest(out: &mut String, length: usize) {
    if length > ELEMENTS {
        out.push_str(&format!(" and {} more", number((length - ELEMENTS) as u64)));
    }
}

/// The ways past a withheld change beside the fix of its rule, as prose with code in backticks, the safest first. A block
/// that parses takes lines, so these name the view that prints it.
#[must_use]
pub(crate) fn other_ways(rule: &str, changes: &[&Change]) -> String {
    let mut ways = Vec::new();
    if changes.iter().any(|change| is_suspected_workload(change)) {
        ways.push("Or declare the workload: `mfaplan plan` prints the `service_account` block.".to_owned());
    }
    if is_acceptable(rule) {
        ways.push(format!("Or accept: `mfaplan plan` prints the `accept \"{rule}\"` block."));
    }
    ways.join(" ")
}

/// Whom a rule lacks a fact of: `3 users`, or `the tenant` where it judges no users.
#[must_use]
pub(crate) fn unjudged(users: u64) -> String {
    if users == 0 { "the tenant".to_owned() } else { count(users, "user") }
}

/// Does a finding say that a program signs in with this account? Such a change is best met by declaring the workload.
#[must_use]
pub(crate) fn is_suspected_workload(change: &Change) -> bool {
    change.findings.iter().any(|one| one.accepted.is_none() && risk::traits(&one.rule).any(Traits::WORKLOAD))
}

/// The finding that says why an account may be a workload, where one does.
#[must_use]
pub(crate) fn suspicion(change: &Change) -> Option<&Finding> {
    let speaks = |finding: &&Finding| risk::traits(&finding.rule).any(Traits::SIGNAL.or(Traits::NAME));
    change.findings.iter().find(speaks).filter(|finding| finding.accepted.is_none())
}

/// Does the change wait because nobody knows how the account signs in?
#[must_use]
pub(crate) fn waits_for_behaviour(change: &Change) -> bool {
    change.decision.is_hold() && change.decision.hold().is_some_and(|hold| hold.kind == HoldKind::BehaviourUnknown)
}

/// Changes that raise what may be a workload and are not withheld: first those that wait for it to be known, then by name.
#[must_use]
pub(crate) fn possible_workloads(plan: &Plan) -> Vec<&Change> {
    let possible = |change: &&Change| {
        waits_for_behaviour(change)
            || change.action.raises() && !change.decision.is_block() && suspicion(change).is_some()
    };
    let mut found: Vec<&Change> = plan.changes.iter().filter(possible).collect();
    found.sort_by_key(|change| !waits_for_behaviour(change));
    found
}

/// `Possible workloads: 3 users, 2 of them on hold until it is known how they sign in`
#[must_use]
pub(crate) fn workloads_title(changes: &[&Change]) -> String {
    let held = changes.iter().filter(|change| waits_for_behaviour(change)).count() as u64;
    let hold = match held {
        0 => String::new(),
        held if held == len(changes) => ", on hold until it is known how they sign in".to_owned(),
        held => format!(", {} of them on hold until it is known how they sign in", number(held)),
    };
    format!("Possible workloads: {}{hold}", count(len(changes), "user"))
}

/// What lifts the hold of an account whose behaviour is unknown.
pub(crate) const KNOWN_BEHAVIOUR: [&str; 3] = [
    "sign-in records: `sign_ins` in the `tenant` block, or the sign-in log of Microsoft Graph (AuditLog.Read.All)",
    "a `service_account` block, where a program or a device signs in",
    "`accept \"MFA009\"` for the user, where the owner has said that a person signs in",
];

/// A string literal of a configuration: what is written there is what is meant, whatever it holds.
#[must_use]
pub(crate) fn hcl_string(text: &str) -> String {
    let mut out = String::from("\"");
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '$' | '%' if characters.peek() == Some(&'{') => out.extend([c, c]),
            c if crate::escape::is_hostile(c) => out.push_str(&format!("\\U{:08x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A label for a block about this user.
#[must_use]
pub(crate) fn label(user_principal_name: &str) -> String {
    let local = user_principal_name.split('@').next().unwrap_or_default();
    let label: String = local.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let label = label.trim_matches('_').to_ascii_lowercase();
    if label.starts_with(|c: char| c.is_ascii_alphabetic()) { label } else { format!("user_{label}") }
}

/// Can an `accept` lift findings of this rule?
#[must_use]
pub(crate) fn is_acceptable(rule: &str) -> bool {
    risk::waivable(rule)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::testing::{at, sample};

    #[test]
    fn numbers_and_plurals() {
        assert_eq!([number(0), number(999), number(1_000), number(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([count(1, "user"), count(1_200, "user")], ["1 user", "1,200 users"]);
    }

    #[test]
    fn three_significant_digits_beside_a_unit() {
        for (value, shown) in [
            (0.0, "0"),
            (0.0123, "0.01"),
            (1.0, "1"),
            (2.5, "2.5"),
            (9.994, "9.99"),
            (9.999, "10"),
            (12.34, "12.3"),
            (99.96, "100"),
            (387.7049, "388"),
            (999.6, "1,000"),
            (3080.6909, "3,080"),
            (123_456.0, "123,000"),
            (f64::INFINITY, "?"),
            (f64::NAN, "?"),
            (-1.0, "?"),
        ] {
            assert_eq!(rounded(value), shown, "{value}");
        }
    }

    #[test]
    fn values_in_words() {
        let shown = |value: Value| {
            let mut out = String::new();
            push_value(&mut out, &value);
            out
        };
        assert_eq!(shown(json!({"IMAP4": 41, "POP3": 2})), "IMAP4 41, POP3 2");
        assert_eq!(shown(json!([1, 2, 3, 4, 5, 6, 7])), "1, 2, 3, 4, 5 and 2 more");
        let roles = json!([{"role": "Helpdesk", "permanent": true}, {"role": "Reader", "permanent": false}]);
        assert_eq!(shown(roles), "permanent yes, role Helpdesk; permanent no, role Reader");
        assert_eq!([shown(json!(null)), shown(json!([])), shown(json!(true))], ["unknown", "none", "yes"]);
    }

    #[test]
    fn who_asked_is_a_sentence() {
        let asked = json!({"sign_ins": 13_203, "by": {"CA002": 13_190}, "by_user": 190, "by_others": {}, "by_nobody": 13,
            "nobody": ["13: IMAP4 from Exchange"]});
        let mut out = String::new();
        assert!(push_asked(&mut out, &asked).is_some());
        assert_eq!(
            out,
            "of 13,203 sign-ins, 13,190 were asked for by CA002, 190 by the per-user state, 13 by nobody \
             (13: IMAP4 from Exchange)"
        );
        assert_eq!(push_asked(&mut out, &json!("a rule of one's own may name a fact so")), None);
    }

    #[test]
    fn ages_are_relative_to_the_plans_instant() {
        let mut plan = sample();
        assert_eq!(facts(&plan), "snapshot of 2026-11-24 08:00 UTC, 90 minutes old");
        plan.as_of = at("2026-12-24T08:00:00Z");
        assert!(facts(&plan).ends_with("30 days old"));
        plan.as_of = at("2026-11-23T08:00:00Z");
        assert!(facts(&plan).contains("later than"));
        assert_eq!(date(at("2026-12-01T00:00:00Z")), "2026-12-01");
    }
}
