//! What could come next at the cursor.

use super::Session;
use crate::{
    eval::{UserField, Value, functions},
    tenant::Text,
};

/// How many names of users or groups are offered at once.
const MOST: usize = 50;

/// What could stand at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// The byte at which the word being typed starts.
    pub start: usize,
    /// The whole words that could stand there, sorted.
    pub words: Vec<String>,
}

/// Completes the word that ends at byte `at` of `line`.
#[must_use]
pub(crate) fn complete(line: &str, at: usize, session: &Session<'_>) -> Completion {
    let before = &line[..line.floor_char_boundary(at.min(line.len()))];
    if let Some(quote) = open_quote(before) {
        let asks_for_user = before[..quote].trim_end().ends_with("user(");
        let words = if asks_for_user { user_names(session, &before[quote + 1..]) } else { Vec::new() };
        return Completion { start: quote + 1, words };
    }
    let start = before
        .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let word = &before[start..];
    let mut words = match word.rsplit_once('.') {
        // `user("…").` : the facts of a user.
        Some(("", prefix)) if before[..start].ends_with(')') => {
            let fields = UserField::ALL.iter().map(|field| field.as_str());
            fields.filter(|name| name.starts_with(prefix)).map(|name| format!(".{name}")).collect()
        }
        Some((path, prefix)) => attributes(session, path, prefix),
        None => roots(session, word),
    };
    words.sort_unstable();
    words.dedup();
    Completion { start, words }
}

/// Where the string that is still open at the end starts, if one is.
fn open_quote(text: &str) -> Option<usize> {
    let mut open = None;
    let mut escaped = false;
    for (at, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' if open.is_some() => escaped = true,
            '"' => open = if open.is_some() { None } else { Some(at) },
            _ => {}
        }
    }
    open
}

fn roots(session: &Session<'_>, prefix: &str) -> Vec<String> {
    let context = &session.context;
    let names = [("var", true), ("local", true), ("path", true), ("tenant", context.tenant), ("plan", context.plan)];
    let names = names.into_iter().filter(|(_, exists)| *exists).map(|(name, _)| name.to_owned());
    let extra = context.extra.iter().map(ToString::to_string);
    let functions = functions::ALL.iter().map(|one| format!("{}(", one.name));
    let more = context.extra_functions.iter().map(|name| format!("{name}("));
    names.chain(extra).chain(functions).chain(more).filter(|name| name.starts_with(prefix)).collect()
}

/// The attributes of the value at `path`.
fn attributes(session: &Session<'_>, path: &str, prefix: &str) -> Vec<String> {
    let mut steps = path.split('.');
    let root = match steps.next() {
        Some("var") => Some(&session.var),
        Some("local") => Some(&session.local),
        Some("tenant") => session.tenant.as_ref(),
        Some("plan") => session.plan.as_ref(),
        Some("path") => {
            let names = ["module", "root", "cwd"].into_iter().filter(|name| name.starts_with(prefix));
            return names.map(|name| format!("path.{name}")).collect();
        }
        _ => None,
    };
    let value = steps.try_fold(root, |value, step| value.map(|value| value.get(step))).flatten();
    let keys = value.and_then(Value::as_map).into_iter().flat_map(|map| map.keys());
    keys.map(Text::as_str).filter(|key| key.starts_with(prefix)).map(|key| format!("{path}.{key}")).collect()
}

fn user_names(session: &Session<'_>, prefix: &str) -> Vec<String> {
    let Some(facts) = session.facts else { return Vec::new() };
    let prefix = prefix.to_lowercase();
    let names = facts.tenant.users().iter().map(|user| user.user_principal_name.as_str());
    names.filter(|name| name.to_lowercase().starts_with(&prefix)).take(MOST).map(str::to_owned).collect()
}
