//! `notice "<name>" { … }`: what the users of a wave are told before it opens.

use super::{
    super::{
        Notice,
        args::{Block, Env, invalid},
    },
    declared,
};
use crate::{diag::Diagnostics, eval::Value};

/// A week before.
const DAYS_BEFORE: [u32; 1] = [7];
/// Nobody plans further ahead.
const MOST: u32 = 3650;

/// Reads a `notice` block.
pub(crate) fn notice(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Option<Notice> {
    let reader = block.reader(env, None);
    let days_before = match reader.value("days_before", diags).value() {
        None => DAYS_BEFORE.to_vec(),
        Some((value, span)) => match days(&value) {
            Some(days) => days,
            None => {
                let detail =
                    format!("`days_before` must be a list of whole numbers from 0 to {MOST}, such as [14, 3].");
                diags.push(invalid("days_before", detail, span));
                return None;
            }
        },
    };
    let (subject, body) = (reader.kept("subject", diags), reader.kept("body", diags));
    Some(Notice {
        declared: declared(block.raw, env),
        name: block.raw.name(),
        days_before,
        subject: subject.value()?,
        body: body.value()?,
    })
}

/// The longest first, each once.
fn days(value: &Value) -> Option<Vec<u32>> {
    let (Value::Tuple(items) | Value::List(items) | Value::Set(items)) = value else { return None };
    let whole = |item: &Value| match item {
        Value::Number(number) => number.to_string().parse::<u32>().ok().filter(|days| *days <= MOST),
        _ => None,
    };
    let mut days = items.iter().map(whole).collect::<Option<Vec<u32>>>()?;
    days.sort_unstable_by_key(|days| std::cmp::Reverse(*days));
    days.dedup();
    (!days.is_empty()).then_some(days)
}
