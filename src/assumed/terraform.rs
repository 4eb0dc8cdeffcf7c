//! What `terraform show -json` says of a plan or a state (HashiCorp, "JSON Output Format",
//! <https://developer.hashicorp.com/terraform/internals/json-format>).

use serde_json::{Map, Value};

use super::{AssumedFile, Identity, azuread, read::policy, unknown};
use crate::tenant::Policy;

/// Is this such a document? Both kinds carry these two members.
pub(super) fn is_shown(document: &Value) -> bool {
    document.get("format_version").is_some() && document.get("terraform_version").is_some()
}

/// The policies of the document: of a plan as they will be, of a state as they are.
pub(super) fn file(document: &Value) -> Result<AssumedFile, String> {
    let mut file = AssumedFile::default();
    if let Some(changes) = document.get("resource_changes").and_then(Value::as_array) {
        for change in changes {
            planned(change, &mut file)?;
        }
    } else {
        module(document.pointer("/values/root_module").unwrap_or(&Value::Null), &mut file)?;
    }
    Ok(file)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// One `resource_changes` entry: what is deleted or replaced leaves, what is there afterwards stands.
fn planned(resource: &Value, file: &mut AssumedFile) -> Result<(), String> {
    if text(resource, "mode") != "managed" {
        return Ok(());
    }
    let nothing = Value::Null;
    let change = resource.get("change").unwrap_or(&nothing);
    let actions: Vec<&str> =
        change.get("actions").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let of = |key: &str| change.get(key).unwrap_or(&nothing);
    if actions.contains(&"delete") {
        match standing(resource, of("before"), &nothing)? {
            Some(before) => file.removed.push(Identity::of(&before)),
            None => file.ignored += u64::from(actions == ["delete"]),
        }
        if actions == ["delete"] {
            return Ok(());
        }
    }
    if !actions.iter().any(|one| matches!(*one, "create" | "update" | "no-op" | "read")) {
        return Ok(());
    }
    match standing(resource, of("after"), of("after_unknown"))? {
        Some(after) => file.policies.push(after),
        None => file.ignored += 1,
    }
    Ok(())
}

/// One module of a state, with its children.
fn module(module: &Value, file: &mut AssumedFile) -> Result<(), String> {
    for resource in module.get("resources").and_then(Value::as_array).into_iter().flatten() {
        if text(resource, "mode") != "managed" {
            continue;
        }
        match standing(resource, resource.get("values").unwrap_or(&Value::Null), &Value::Null)? {
            Some(policy) => file.policies.push(policy),
            None => file.ignored += 1,
        }
    }
    for child in module.get("child_modules").and_then(Value::as_array).into_iter().flatten() {
        self::module(child, file)?;
    }
    Ok(())
}

/// The policy that a resource with these values is; `None` for every other resource.
fn standing(resource: &Value, values: &Value, unknown: &Value) -> Result<Option<Policy>, String> {
    let address = text(resource, "address");
    let (value, marks) = match text(resource, "type") {
        azuread::RESOURCE => (azuread::graph(values), azuread::marks(unknown)),
        "msgraph_resource" => {
            let url = text(values, "url").trim_end_matches('/');
            if !url.ends_with("conditionalAccess/policies") {
                return Ok(None);
            }
            let body = match values.get("body") {
                Some(Value::String(text)) => {
                    serde_json::from_str(text).map_err(|error| format!("{address}: `body` is not JSON: {error}"))?
                }
                Some(body) => body.clone(),
                None => Value::Null,
            };
            (body, unknown.get("body").cloned().unwrap_or_default())
        }
        _ => return Ok(None),
    };
    let mut members = match value {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    // The id of the resource is a path in newer versions of the provider.
    let id = text(values, "id").rsplit('/').next().unwrap_or_default();
    members.insert("id".to_owned(), Value::from(id));
    unknown::mark(&mut members, &marks);
    policy(&Value::Object(members), address).map(Some)
}
