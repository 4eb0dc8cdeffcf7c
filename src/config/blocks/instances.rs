//! `for_each`: a block written once that stands for one block per element.

use super::super::{
    Declared,
    args::{Block, Each, Env, Given},
    raw::RawBlock,
};
use crate::{
    diag::{Diagnostic, Diagnostics, Span},
    eval::Value,
};

/// One of the blocks that a block stands for.
pub(crate) struct Instance {
    /// Name and place: `mfa.teams["emea"]`.
    pub(crate) declared: Declared,
    /// `each.key` and `each.value`, where the block has `for_each`.
    pub(crate) each: Option<Each>,
}

/// The blocks that this one stands for: itself, or one per element of its `for_each`.
pub(crate) fn instances(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Vec<Instance> {
    let (value, span) = match block.reader(env, None).value("for_each", diags) {
        Given::Absent => return vec![Instance { declared: declared(block.raw, env), each: None }],
        Given::Null(span) => {
            diags.push(unsuitable("this is null", span));
            return Vec::new();
        }
        Given::Wrong => return Vec::new(),
        Given::Value(found) => found,
    };
    let elements = elements(&value, span, diags).unwrap_or_default();
    let instance = |each: Each| {
        let mut declared = declared(block.raw, env);
        let key = each.0.as_str().unwrap_or_default();
        declared.address = format!("{}[\"{}\"]", declared.address, key.escape_debug()).into();
        Instance { declared, each: Some(each) }
    };
    elements.into_iter().map(instance).collect()
}

/// Name and place of a block.
pub(super) fn declared(raw: &RawBlock<'_>, env: &Env<'_>) -> Declared {
    let address = format!("{}{}.{}", env.prefix, raw.schema.name, raw.name());
    Declared { address: address.into(), span: raw.header, layer: raw.layer }
}

/// The keys and values to repeat the block for.
pub(crate) fn elements(value: &Value, span: Span, diags: &mut Diagnostics) -> Option<Vec<Each>> {
    // The keys show in addresses; the values may be secret, and are then treated as such wherever they are used.
    if value.is_sensitive() {
        diags.push(
            Diagnostic::error(
                "Invalid `for_each`",
                "Sensitive values cannot be used here: they would show in the addresses of the blocks.",
            )
            .at(span, ""),
        );
        return None;
    }
    match value {
        Value::Map(map) | Value::Object(map) => {
            Some(map.iter().map(|(key, value)| (Value::from(key.clone()), value.clone())).collect())
        }
        Value::Set(elements) => {
            let strings: Option<Vec<Each>> = elements
                .iter()
                .map(|element| matches!(element, Value::String(_)).then(|| (element.clone(), element.clone())))
                .collect();
            if strings.is_none() {
                diags.push(unsuitable(&format!("this is a {}", value.type_name()), span));
            }
            strings
        }
        other => {
            let diagnostic = unsuitable(&format!("this is a {}", other.type_name()), span);
            diags.push(if other.as_list().is_some() {
                diagnostic.hint("a list can have equal elements; turn it into a set with `toset(…)`")
            } else {
                diagnostic
            });
            None
        }
    }
}

fn unsuitable(what: &str, span: Span) -> Diagnostic {
    Diagnostic::error("Invalid `for_each`", format!("`for_each` must be a map or a set of strings; {what}."))
        .at(span, "")
}
