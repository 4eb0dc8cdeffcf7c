//! The JSON Schema of the document, generated from the types.

/// The schema of a plan.
pub(super) fn published() -> serde_json::Value {
    crate::schema::of::<super::Reading<'_>>()
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
        render::testing::{empty, many, redacted, refused, sample},
    };

    #[test]
    fn the_published_schema_is_that_of_the_types() {
        crate::schema::check("plan", "mfaplan plan", crate::plan::file::v1::FORMAT_VERSION, published());
    }

    #[test]
    fn every_plan_fits_the_schema_and_has_nothing_besides() {
        let mut schema = published();
        close(&mut schema);
        let validator = jsonschema::validator_for(&schema).unwrap();
        for plan in [sample(), refused(), empty(), many(100), redacted(sample())] {
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
