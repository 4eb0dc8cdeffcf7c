//! `guardrails { … }`: what one directory sets. The merge of two directories is in [`super::super::policy`].

use jiff::{civil::Time, tz::TimeZone};

use super::{
    super::{
        Approvals, AutoApprove, Bound, Layer, Named, SignalSettings, Waivable, Window,
        args::{Block, Env, Given, Reader, invalid, one_of_list, sensitive},
        bounds::{Bounds, Readers},
    },
    KnownRules,
};
use crate::{
    diag::{Diagnostic, Diagnostics, Span},
    tenant::Text,
};

/// What the `guardrails` block of one directory sets, each with its place.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) header: Span,
    /// The address of the module it stands in; empty in the configuration itself.
    pub(crate) module: Text,
    pub(crate) bounds: Bounds,
    pub(crate) windows: Vec<Window>,
    pub(crate) approvals: Option<Approvals>,
    pub(crate) auto_approve: Option<AutoApprove>,
    pub(crate) waivable: Vec<Waivable>,
    pub(crate) not_acceptable: Vec<Text>,
    pub(crate) tags: Vec<Text>,
    pub(crate) patterns: Vec<Text>,
}

/// Reads a `guardrails` block.
pub(crate) fn guardrails(
    block: &Block<'_>,
    env: &Env<'_>,
    rules: KnownRules<'_>,
    own: &[&str],
    diags: &mut Diagnostics,
) -> Limits {
    let reader = block.reader(env, None);
    let signal = block.block("service_account_signal");
    let signal_reader = signal.map(|signal| signal.reader(env, None));
    let readers = Readers { guardrails: Some(reader), service_account_signal: signal_reader };
    let texts = |name, diags: &mut Diagnostics| {
        let named = signal_reader.and_then(|reader| reader.texts(name, diags).value()).unwrap_or_default();
        named.into_iter().map(|named| named.text).collect::<Vec<_>>()
    };
    let limits = Limits {
        header: block.raw.header,
        module: env.prefix.clone(),
        bounds: Bounds::read(readers, block.raw.layer, diags),
        windows: block
            .blocks
            .iter()
            .filter(|inner| inner.raw.schema.name == "window")
            .filter_map(|inner| window(inner, env, diags))
            .collect(),
        approvals: block.block("approvals").and_then(|inner| approvals(inner, env, diags)),
        auto_approve: block.block("auto_approve").and_then(|inner| auto_approve(inner, env, diags)),
        waivable: waivable(block, reader, diags),
        not_acceptable: not_acceptable(block, reader, rules, own, diags),
        tags: texts("tags", diags),
        patterns: texts("patterns", diags),
    };
    let usual = SignalSettings::default();
    let Bounds { certain, possible, .. } = limits.bounds;
    let score = |set: Option<Bound<u8>>, usual: u8| set.map_or(usual, |bound| bound.value);
    if let Some(Bound { span, .. }) = possible.or(certain)
        && score(possible, usual.possible) > score(certain, usual.certain)
    {
        let possible = score(possible, usual.possible);
        let certain = score(certain, usual.certain);
        diags.push(invalid(
            "possible",
            format!("`possible` ({possible}) must not be higher than `certain` ({certain})."),
            span,
        ));
    }
    limits
}

/// Lists that mean something in a policy directory only.
fn policy_only(block: &Block<'_>, name: &str, why: &str, diags: &mut Diagnostics) -> bool {
    if block.raw.layer == Layer::Policy {
        return true;
    }
    if let Some(key) = block.key(name) {
        diags.push(
            Diagnostic::error(
                "Argument for policy directories",
                format!("`{name}` has a meaning in a policy directory only: {why}."),
            )
            .at(key, ""),
        );
    }
    false
}

fn waivable(block: &Block<'_>, reader: Reader<'_>, diags: &mut Diagnostics) -> Vec<Waivable> {
    let named = plain(reader.texts("waivable", diags), "waivable", diags);
    if !policy_only(block, "waivable", "what the configuration sets can be waived anyway", diags) {
        return Vec::new();
    }
    let mut waivable = Vec::new();
    for Named { text, span, .. } in &named {
        match Waivable::named(text) {
            Some(guardrail) => waivable.push(guardrail),
            None => {
                let list: Vec<String> = Waivable::NAMES.iter().map(|name| format!("`\"{name}\"`")).collect();
                let detail = format!("`{text}` cannot be waived; `waivable` lists {}.", one_of_list(&list));
                diags.push(invalid("waivable", detail, *span).suggest(text, Waivable::NAMES.iter().copied()));
            }
        }
    }
    waivable
}

fn not_acceptable(
    block: &Block<'_>,
    reader: Reader<'_>,
    rules: KnownRules<'_>,
    own: &[&str],
    diags: &mut Diagnostics,
) -> Vec<Text> {
    let named = plain(reader.texts("not_acceptable", diags), "not_acceptable", diags);
    if !policy_only(block, "not_acceptable", "in the configuration, leave out the `accept` blocks", diags) {
        return Vec::new();
    }
    for Named { text, span, .. } in &named {
        if !rules.has(text) && !own.contains(&text.as_str()) {
            let ids = rules.builtin.iter().map(|(id, ..)| *id).chain(own.iter().copied());
            diags.push(
                Diagnostic::error("Unknown rule", format!("There is no rule with the id `{text}`."))
                    .at(*span, "")
                    .suggest(text, ids),
            );
        }
    }
    named.into_iter().map(|named| named.text).collect()
}

/// A list whose elements show in the plan or in messages, so that none may be sensitive.
fn plain(named: Given<Vec<Named>>, name: &str, diags: &mut Diagnostics) -> Vec<Named> {
    let mut named = named.value().unwrap_or_default();
    diags.extend(named.iter().filter(|one| one.sensitive).map(|one| sensitive(name, one.span)));
    named.retain(|one| !one.sensitive);
    named
}

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

fn window(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Option<Window> {
    let reader = block.reader(env, None);
    let named = reader.texts("days", diags);
    if let Given::Null(span) = named {
        // Absent means every day, which an emptied list must not bring about.
        diags.push(invalid("days", "`days` is null, which says no day; without it the window opens every day.", span));
    }
    let mut days = [matches!(named, Given::Absent | Given::Null(_) | Given::Wrong); 7];
    for Named { text, span, .. } in plain(named, "days", diags) {
        let lower = text.to_lowercase();
        match DAYS.iter().position(|day| *day == lower || day.get(..3) == Some(&lower)) {
            Some(index) => days[index] = true,
            None => diags.push(
                invalid("days", format!("`{text}` is not a day of the week."), span)
                    .hint("write `\"mon\"`, `\"tue\"`, … or the full names"),
            ),
        }
    }
    if days == [false; 7] {
        let place = block.key("days").unwrap_or(block.raw.header);
        diags.push(invalid("days", "The window opens on no day: nothing could ever be applied.", place));
    }
    let from = time("from", reader, 0, diags);
    let to = time("to", reader, 24 * 60, diags);
    let zone = reader.text("timezone", diags).value();
    let timezone = match zone {
        None => TimeZone::UTC,
        Some((name, span)) => match TimeZone::get(&name) {
            Ok(zone) => zone,
            Err(_) => {
                diags.push(
                    invalid("timezone", format!("`{name}` is not a known time zone."), span)
                        .hint("write an IANA name such as `\"Europe/Berlin\"` or `\"UTC\"`"),
                );
                return None;
            }
        },
    };
    let (from, to) = (from?, to?);
    if from == to {
        let place = block.key("to").or(block.key("from")).unwrap_or(block.raw.header);
        diags.push(
            invalid("window", "The window closes the minute it opens: nothing could ever be applied.", place)
                .hint("for the whole day leave out `from` and `to`"),
        );
    }
    Some(Window {
        days,
        from,
        to,
        timezone,
        layer: block.raw.layer,
        module: env.prefix.clone(),
        span: block.raw.header,
    })
}

/// `HH:MM` in minutes after midnight; `24:00` is the end of the day.
fn time(name: &'static str, reader: Reader<'_>, default: u16, diags: &mut Diagnostics) -> Option<u16> {
    let (text, span) = match reader.text(name, diags) {
        Given::Value(found) => found,
        Given::Absent | Given::Null(_) => return Some(default),
        Given::Wrong => return None,
    };
    if text.as_str() == "24:00" && name == "to" {
        return Some(24 * 60);
    }
    match Time::strptime("%H:%M", &*text) {
        Ok(time) if text.len() == 5 => Some(time.hour() as u16 * 60 + time.minute() as u16),
        _ => {
            diags.push(
                invalid(name, format!("`{text}` is not a time of day."), span)
                    .hint("write `\"HH:MM\"`, for example `\"08:30\"`"),
            );
            None
        }
    }
}

fn approvals(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Option<Approvals> {
    let reader = block.reader(env, None);
    let required = reader.count("required", 1, 100, diags);
    let signers = reader.words("allowed_signers", diags);
    let age = reader.text("max_age", diags).value();
    let max_age_seconds = age.and_then(|(text, span)| {
        let seconds = duration(&text);
        if seconds.is_none() {
            diags.push(
                invalid("max_age", format!("`{text}` is not a length of time."), span)
                    .hint("write for example `\"24h\"`, `\"90m\"` or `\"7d\"`"),
            );
        }
        seconds
    });
    Some(Approvals {
        required: required.value()?.0,
        allowed_signers: env.path(&signers.value()?),
        max_age_seconds,
        layer: block.raw.layer,
        span: block.raw.header,
    })
}

/// `24h`, `90m`, `45s`, `7d`, and several in a row (`1h30m`). Zero is none.
fn duration(text: &str) -> Option<u64> {
    let mut seconds = 0u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|one: char| !one.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let factor = match tail.chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(factor)?)?;
        rest = tail.get(1..)?;
    }
    (seconds > 0).then_some(seconds)
}

fn auto_approve(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Option<AutoApprove> {
    let reader = block.reader(env, None);
    let (condition, reason) = (reader.kept("condition", diags), reader.prose("reason", diags));
    let (layer, span) = (block.raw.layer, block.raw.header);
    Some(AutoApprove { condition: condition.value()?, reason: reason.value()?, layer, span })
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn lengths_of_time() {
        let cases = [
            ("24h", Some(86_400)),
            ("1h30m", Some(5_400)),
            ("7d", Some(604_800)),
            ("45s", Some(45)),
            ("", None),
            ("0h", None),
            ("24", None),
            ("h", None),
            ("1w", None),
            ("99999999999999999999d", None),
            ("1é", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(duration(text), seconds, "{text}");
        }
    }
}
