//! What Terraform will know after it has applied only.
//!
//! A value that is left out because nobody knows it yet must not read as "nothing": an exclusion that is unknown may
//! exclude anybody, a condition that is unknown may restrict the policy to anything. Only what an *inclusion* lacks can be
//! left out, as whoever is not known to be included is not covered.

use serde_json::{Map, Value};

/// In the place of an exclusion: no id, so that it may exclude anybody.
const UNKNOWN: &str = "known after apply";

/// Marks what is unknown in a policy of Graph's shape. `marks` has the shape of the policy, with `true` where something is
/// unknown.
pub(super) fn mark(policy: &mut Map<String, Value>, marks: &Value) {
    let Value::Object(marks) = marks else {
        if is_unknown(marks) {
            policy.entry("displayName").or_insert_with(|| UNKNOWN.into());
            policy.insert("state".to_owned(), UNKNOWN.into());
        }
        return;
    };
    for (key, mark) in marks.iter().filter(|(_, mark)| is_unknown(mark)) {
        match key.as_str() {
            "displayName" | "state" => {
                policy.insert(key.clone(), UNKNOWN.into());
            }
            "conditions" => within(policy, key, |members| conditions(members, mark)),
            "grantControls" => within(policy, key, |members| opaque(members, mark)),
            _ => {}
        }
    }
}

fn conditions(conditions: &mut Map<String, Value>, marks: &Value) {
    let Value::Object(marks) = marks else { return opaque(conditions, marks) };
    for (key, mark) in marks.iter().filter(|(_, mark)| is_unknown(mark)) {
        match key.as_str() {
            "users" | "applications" => within(conditions, key, |members| lists(members, mark)),
            _ => unknown(conditions, key),
        }
    }
}

/// Inclusions and exclusions.
fn lists(members: &mut Map<String, Value>, marks: &Value) {
    let Value::Object(marks) = marks else { return opaque(members, marks) };
    for (key, _) in marks.iter().filter(|(_, mark)| is_unknown(mark)) {
        let known = match members.remove(key) {
            Some(Value::Array(items)) => items.into_iter().filter(|one| !one.is_null()).collect(),
            _ => Vec::new(),
        };
        // Guests are a condition of their own shape, not a list.
        if key.ends_with("GuestsOrExternalUsers") {
            if key.starts_with("exclude") {
                unknown(members, key);
            }
        } else if key.starts_with("include") {
            members.insert(key.clone(), known.into());
        } else if key.starts_with("exclude") {
            members.insert(key.clone(), known.into_iter().chain([UNKNOWN.into()]).collect());
        } else {
            unknown(members, key);
        }
    }
}

/// Members of which nothing is known but that they are there.
fn opaque(members: &mut Map<String, Value>, marks: &Value) {
    match marks {
        Value::Object(marks) => {
            for (key, _) in marks.iter().filter(|(_, mark)| is_unknown(mark)) {
                unknown(members, key);
            }
        }
        _ => unknown(members, "everything"),
    }
}

/// A member that this version does not know, and that says something: such a policy covers nobody fully.
fn unknown(members: &mut Map<String, Value>, key: &str) {
    members.remove(key);
    members.insert(format!("{key} ({UNKNOWN})"), true.into());
}

/// Changes the object of this name, and makes one where there is none.
fn within(parent: &mut Map<String, Value>, key: &str, change: impl FnOnce(&mut Map<String, Value>)) {
    let mut members = match parent.remove(key) {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    change(&mut members);
    parent.insert(key.to_owned(), Value::Object(members));
}

/// Is anything in it unknown?
fn is_unknown(mark: &Value) -> bool {
    match mark {
        Value::Bool(unknown) => *unknown,
        Value::Array(marks) => marks.iter().any(is_unknown),
        Value::Object(marks) => marks.values().any(is_unknown),
        Value::Null | Value::Number(_) | Value::String(_) => false,
    }
}
