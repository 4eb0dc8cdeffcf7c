//! What a policy means, in one spelling: two exports of one policy differ in order, case and in what says nothing.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest as hash};
use serde_json::Value;

use crate::tenant::{Policy, Text};

/// Name, state, conditions and grant controls. Null, what is empty all the way down and annotations are left out, lists
/// of strings are sorted, ids are lower case. Of an authentication strength only the id counts: what it demands is not
/// the policy's to say, and Terraform does not know it.
#[must_use]
pub(super) fn meaning(policy: &Policy) -> BTreeMap<String, Value> {
    let Policy { id: _, display_name, state, conditions, grant_controls } = policy;
    let mut members = BTreeMap::from([("displayName".to_owned(), Value::from(display_name.as_str()))]);
    let mut add = |key: &str, value: Result<Value, serde_json::Error>| {
        if let Some(value) = value.ok().and_then(canonical) {
            members.insert(key.to_owned(), value);
        }
    };
    add("state", serde_json::to_value(state));
    add("conditions", serde_json::to_value(conditions));
    add("grantControls", serde_json::to_value(grant_controls));
    members
}

fn canonical(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Bool(_) | Value::Number(_) => Some(value),
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => {
            let is_id = uuid::Uuid::try_parse(&text).is_ok();
            Some(Value::String(if is_id { text.to_ascii_lowercase() } else { text }))
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().filter_map(canonical).collect();
            if items.iter().all(Value::is_string) {
                items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
                items.dedup();
            }
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Value::Object(members) => {
            let said = members.into_iter().filter(|(key, _)| !key.contains("@odata") && !key.starts_with('#'));
            let kept: serde_json::Map<String, Value> = said
                .filter_map(|(key, value)| match (key.as_str(), value) {
                    ("authenticationStrength", Value::Object(mut strength)) => {
                        let id = canonical(strength.remove("id")?)?;
                        Some((key, serde_json::json!({ "id": id })))
                    }
                    (_, value) => Some((key, canonical(value)?)),
                })
                .collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
    }
}

/// The digest over meanings, whatever their order: `sha256:` and the hash of their canonical JSON texts, sorted, a line
/// each.
#[must_use]
pub(super) fn digest<'a>(meanings: impl Iterator<Item = &'a BTreeMap<String, Value>>) -> Text {
    let mut lines: Vec<String> = meanings.map(|one| serde_json::json!(one).to_string()).collect();
    lines.sort_unstable();
    let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    let hash = hash(&SHA256, text.as_bytes());
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}").into()
}

/// The path of the first member in which two meanings differ.
#[must_use]
pub(super) fn first_difference(one: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>) -> Option<String> {
    let mut keys: Vec<&String> = one.keys().chain(other.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().find_map(|key| differs(key, one.get(key), other.get(key)))
}

fn differs(path: &str, one: Option<&Value>, other: Option<&Value>) -> Option<String> {
    match (one, other) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let mut keys: Vec<&String> = one.keys().chain(other.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            keys.into_iter().find_map(|key| differs(&format!("{path}.{key}"), one.get(key), other.get(key)))
        }
        _ => (one != other).then(|| path.to_owned()),
    }
}
