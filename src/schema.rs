//! The published JSON Schemas, generated from the types that are written, and compared with `docs/schema/` in tests.
//!
//! Two things notice a new member: the page (this comparison fails until it is generated again) and the version: where
//! members differ under the same version, generating is refused, as a reader could not tell the two apart.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::render::testing::check_generated;

/// An RFC 3339 instant.
pub(crate) struct DateTime;

impl JsonSchema for DateTime {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DateTime".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
    fn inline_schema() -> bool {
        true
    }
}

/// The schema of what is written of a type: members that a reader may miss are still always there.
pub(crate) fn of<T: JsonSchema>() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    serde_json::to_value(settings.into_generator().into_root_schema_for::<T>()).unwrap()
}

/// Compares `docs/schema/<name>.schema.json` with the schema; `UPDATE_DOCS=1` writes it.
pub(crate) fn check(name: &str, title: &str, version: &str, mut schema: Value) {
    // The site of the documentation has each file at its id.
    let id = format!("https://mfaplan.github.io/mfaplan/schema/{version}/{name}.schema.json");
    schema["$id"] = id.as_str().into();
    schema["title"] = title.into();
    let path = format!("docs/schema/{name}.schema.json");
    let published = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(&path)).ok();
    if let Some(published) = published.and_then(|text| serde_json::from_slice::<Value>(&text).ok()) {
        assert!(
            published["$id"] != id.as_str() || shape(&published) == shape(&schema),
            "{path}: members differ under the same version: raise the format version of {name} \
             (a new member is a new minor version); before its first release, delete the file and generate it anew"
        );
    }
    check_generated(&path, &format!("{schema:#}\n"));
}

/// A schema without its words.
fn shape(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => members
            .iter()
            // A member may itself be called "description": then it holds an object, not a text.
            .filter(|(key, value)| !(matches!(key.as_str(), "description" | "title") && value.is_string()))
            .map(|(key, value)| (key.clone(), shape(value)))
            .collect(),
        Value::Array(list) => list.iter().map(shape).collect(),
        other => other.clone(),
    }
}

#[test]
fn words_are_not_part_of_the_shape_and_members_are() {
    let old = serde_json::json!({"properties": {"a": {"type": "string", "description": "one"}}});
    let reworded = serde_json::json!({"properties": {"a": {"type": "string", "description": "two"}}});
    let grown = serde_json::json!({"properties": {"a": {"type": "string"}, "description": {"type": "string"}}});
    assert_eq!(shape(&old), shape(&reworded));
    assert_ne!(shape(&old), shape(&grown));
}

#[test]
fn journal_lines() {
    use crate::apply::journal::v1::{Chained, FORMAT_VERSION};
    check("journal", "A line of an mfaplan journal", FORMAT_VERSION, of::<Chained>());
}

#[test]
fn event_lines() {
    use crate::apply::events::v1::{FORMAT_VERSION, Line};
    check("events", "A line of mfaplan --events", FORMAT_VERSION, of::<Line>());
}

#[test]
fn verify_report() {
    use crate::apply::verify::{FORMAT_VERSION, VerifyReport};
    check("verify", "mfaplan verify --json", FORMAT_VERSION, of::<VerifyReport>());
}

#[test]
fn readiness_report() {
    use crate::render::readiness::{Document, FORMAT_VERSION};
    check("readiness", "mfaplan readiness --format json", FORMAT_VERSION, of::<Document<'_>>());
}

#[test]
fn history() {
    use crate::apply::journal::{HISTORY_VERSION, HistoryEntry};
    check("history", "mfaplan history --json", HISTORY_VERSION, of::<Vec<HistoryEntry>>());
}

#[test]
fn fleet_plans_and_their_report() {
    use crate::fleet::{FORMAT_VERSION, Report, Set};
    check("fleet", "The set of plans of mfaplan fleet plan", FORMAT_VERSION, of::<Set>());
    check("fleet-report", "mfaplan fleet report --json", FORMAT_VERSION, of::<Report>());
}
