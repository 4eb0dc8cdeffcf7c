//! The JSON Schema of the document, generated from the types.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// An RFC 3339 instant.
pub(super) struct DateTime;

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

/// The published schema, as text.
fn published() -> String {
    // Of what is written: members that a reader may miss are still always there.
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<super::Owned>();
    schema.insert("$id".to_owned(), format!("urn:mfaplan:schema:plan:{}", super::FORMAT_VERSION).into());
    schema.insert("title".to_owned(), "mfaplan plan".into());
    format!("{:#}\n", serde_json::to_value(&schema).unwrap())
}

/// No members but those that are described: how our own output has to look, while readers must allow more.
fn close(schema: &mut serde_json::Value) {
    use serde_json::Value;
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") && !members.contains_key("additionalProperties") {
                members.insert("additionalProperties".to_owned(), false.into());
            }
            members.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        plan::file::{write, write_json},
        render::{
            redact::redact,
            testing::{check_generated, empty, many, refused, sample},
        },
    };

    #[test]
    fn the_published_schema_is_that_of_the_types() {
        check_generated("docs/schema/plan.schema.json", &published());
    }

    #[test]
    fn every_plan_fits_the_schema_and_has_nothing_besides() {
        let mut schema: Value = serde_json::from_str(&published()).unwrap();
        close(&mut schema);
        let validator = jsonschema::validator_for(&schema).unwrap();
        for plan in [sample(), refused(), empty(), many(100), redact(&sample())] {
            let (mut json, mut saved) = (Vec::new(), Vec::new());
            write_json(&plan, &mut json).unwrap();
            write(&plan, &mut saved).unwrap();
            for bytes in [json, saved] {
                let document: Value = serde_json::from_slice(&bytes).unwrap();
                let errors: Vec<_> =
                    validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
                assert!(errors.is_empty(), "{errors:?}");
            }
        }
        let mut wrong = serde_json::to_value(crate::plan::file::v1::view(&sample())).unwrap();
        assert!(validator.is_valid(&wrong));
        wrong["changes"][0]["after"] = json!("enforce");
        assert!(!validator.is_valid(&wrong));
    }
}
