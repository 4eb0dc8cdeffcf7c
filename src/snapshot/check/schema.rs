//! The published schema of the file, made of the same table that problems are found with.

use serde_json::{Map, Value, json};

use super::{CELL, DOCUMENT, Kind, Member, SIGN_INS};
use crate::snapshot::head;

const GUID: &str = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$";

/// An object: other keys are allowed, they are kept.
fn object(members: &[Member]) -> Value {
    let properties: Map<_, _> = members
        .iter()
        .map(|member| {
            let Member { key, kind, required } = member;
            let schema = value(*kind);
            let schema = if *required { schema } else { json!({"anyOf": [schema, {"type": "null"}]}) };
            ((*key).to_owned(), schema)
        })
        .collect();
    let required: Vec<_> = members.iter().filter(|member| member.required).map(|member| member.key).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

fn value(kind: Kind) -> Value {
    match kind {
        Kind::Guid => json!({"type": "string", "pattern": GUID}),
        Kind::Name | Kind::Text => json!({"type": "string"}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Count(max) => json!({"type": "integer", "minimum": 0, "maximum": max}),
        Kind::Share => json!({"type": "number", "minimum": 0, "maximum": 1}),
        Kind::Day => json!({"type": "string", "format": "date"}),
        Kind::Word(words) => json!({"enum": words}),
        Kind::Address => json!({"type": "string", "pattern": "^[0-9A-Fa-f]{16}$"}),
        Kind::Date => json!({"type": "string", "format": "date-time"}),
        Kind::Version => json!({"type": "string", "pattern": format!("^{}\\.", head::FORMAT_MAJOR)}),
        Kind::Policy => json!({"type": "object", "description": "A conditionalAccessPolicy of Microsoft Graph."}),
        Kind::Object(members) => object(members),
        Kind::SignIns => object(SIGN_INS),
        Kind::Cell => object(CELL),
        Kind::List(entry) => json!({"type": "array", "items": value(*entry)}),
        Kind::Map(entry) => json!({"type": "object", "additionalProperties": value(*entry)}),
    }
}

fn published() -> Value {
    let mut schema = object(DOCUMENT);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["description"] = "An offline copy of a tenant. A missing key means unknown; other keys are kept.".into();
    schema
}

#[test]
fn the_published_schema_is_that_of_the_table() {
    crate::schema::check("snapshot", "mfaplan snapshot", head::FORMAT_VERSION, published());
}

#[test]
fn the_examples_fit_and_a_slip_does_not() {
    let validator = jsonschema::validator_for(&published()).unwrap();
    for example in ["minimal", "contoso"] {
        let path = format!("{}/examples/{example}/tenant.json", env!("CARGO_MANIFEST_DIR"));
        let mut document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let errors: Vec<_> = validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{example}: {errors:?}");
        document["users"][0]["isMfaRegistered"] = "yes".into();
        assert!(!validator.is_valid(&document));
    }
}
