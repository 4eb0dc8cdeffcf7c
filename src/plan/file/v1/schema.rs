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
