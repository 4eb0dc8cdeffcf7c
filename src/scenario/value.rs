//! `plan`, `user(…)`, `users` and `groups` in assertions.

use serde_json::{Map, Value as Json, json};

use crate::{
    eval::{ExtraNames, Value},
    plan::{Plan, file::v1},
    repl::{Names, Session},
};

/// What assertions see besides variables and named values.
pub(super) struct Judged<'s, 'a> {
    pub(super) plan: Value,
    pub(super) names: Names<'s, 'a>,
}

impl<'s, 'a> Judged<'s, 'a> {
    pub(super) fn new(plan: &Plan, session: &'s Session<'a>) -> Self {
        Self { plan: value(plan), names: Names(session) }
    }
}

impl ExtraNames for Judged<'_, '_> {
    fn value(&self, name: &str) -> Option<Value> {
        if name == "plan" { Some(self.plan.clone()) } else { self.names.value(name) }
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String> {
        self.names.call(name, args)
    }
}

/// The plan's document, with what is looked up by name as maps: `changes` by user principal name, `checks` and `outputs`
/// by name. `findings` holds all findings, those of changes included, each with its user.
fn value(plan: &Plan) -> Value {
    let mut document = serde_json::to_value(v1::view(plan)).unwrap_or_default();
    let mut findings = list(&mut document, "findings");
    let changes = list(&mut document, "changes");
    for change in &changes {
        for finding in change.get("findings").and_then(Json::as_array).into_iter().flatten() {
            let mut finding = finding.clone();
            finding["user"] = change["user"].clone();
            findings.push(finding);
        }
    }
    for finding in &mut findings {
        // Absent members are null, so that an assertion need not ask whether they are there.
        for name in ["user", "accepted", "declared_by"] {
            if finding.get(name).is_none() {
                finding[name] = Json::Null;
            }
        }
    }
    let checks = list(&mut document, "checks");
    document["changes"] = by_name(changes, |one| one["user"]["user_principal_name"].as_str().map(str::to_owned));
    document["checks"] = by_name(checks, |one| one["name"].as_str().map(str::to_owned));
    document["findings"] = findings.into();
    if let Some(outputs) = document.get_mut("outputs").and_then(Json::as_object_mut) {
        for output in outputs.values_mut() {
            *output = output.get("value").cloned().unwrap_or(Json::Null);
        }
    }
    Value::from_json(&document)
}

fn list(document: &mut Json, name: &str) -> Vec<Json> {
    match document.get_mut(name).map(Json::take) {
        Some(Json::Array(elements)) => elements,
        _ => Vec::new(),
    }
}

fn by_name(elements: Vec<Json>, name: impl Fn(&Json) -> Option<String>) -> Json {
    let mut map = Map::new();
    for element in elements {
        if let Some(name) = name(&element) {
            map.insert(name, element);
        }
    }
    json!(map)
}
