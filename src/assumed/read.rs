//! Which kind of file is it? JSON of Microsoft Graph, or what `terraform show -json` writes of a plan or a state.

use serde_json::Value;

use super::{AssumeError, AssumedFile, terraform};
use crate::tenant::{Policy, Text};

/// Reads the policies of one file.
///
/// # Errors
/// When it is no JSON, of no known kind, or without any policy.
pub(crate) fn read(name: &str, text: &str) -> Result<AssumedFile, AssumeError> {
    let failed = |message: String| AssumeError { file: name.into(), message };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document: Value = serde_json::from_str(text).map_err(|error| failed(format!("is not JSON: {error}")))?;
    let mut file = if terraform::is_shown(&document) {
        terraform::file(&document).map_err(failed)?
    } else {
        AssumedFile { policies: graph(&document).map_err(failed)?, ..AssumedFile::default() }
    };
    file.name = Text::from(name);
    if file.policies.is_empty() && file.removed.is_empty() {
        return Err(failed("has no Conditional Access policy".to_owned()));
    }
    Ok(file)
}

/// One policy, a list of them, or a list as Graph answers it.
fn graph(document: &Value) -> Result<Vec<Policy>, String> {
    match document {
        Value::Array(items) => items.iter().enumerate().map(|(at, one)| policy(one, &format!("[{at}]"))).collect(),
        Value::Object(members) => match members.get("value") {
            Some(Value::Array(items)) => {
                items.iter().enumerate().map(|(at, one)| policy(one, &format!("value[{at}]"))).collect()
            }
            _ if members.contains_key("conditions") => Ok(vec![policy(document, "the policy")?]),
            _ => Err("is neither Conditional Access policies of Microsoft Graph (one, a list, or `{\"value\": […]}`) nor what \
                      `terraform show -json` writes"
                .to_owned()),
        },
        _ => Err("is neither Conditional Access policies of Microsoft Graph nor what `terraform show -json` writes".to_owned()),
    }
}

/// Reads one policy in Graph's shape. A policy that is yet to be created has no id, and needs none.
pub(super) fn policy(value: &Value, place: &str) -> Result<Policy, String> {
    let mut value = value.clone();
    let Value::Object(members) = &mut value else { return Err(format!("{place} is not an object")) };
    let named = |key: &str| members.get(key).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
    if !named("id") && !named("displayName") {
        return Err(format!("{place} has neither `id` nor `displayName`"));
    }
    if !members.contains_key("state") {
        return Err(format!("{place} has no `state`: whether it is in force is not to be guessed"));
    }
    if members.get("id").is_none_or(Value::is_null) {
        members.insert("id".to_owned(), Value::from(""));
    }
    serde_json::from_value(value).map_err(|error| format!("{place}: {error}"))
}
