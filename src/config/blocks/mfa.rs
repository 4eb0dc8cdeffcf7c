//! `mfa "<name>" { … }`: one per `for_each` element.

use super::{
    super::{
        Declared, Mfa,
        args::{Block, Each, Env, invalid},
        selector::{self, Empty},
    },
    allowed, declared,
};
use crate::{
    diag::{Diagnostic, Diagnostics, Span},
    eval::Value,
    tenant::MfaState,
};

/// Reads an `mfa` block into its instances.
pub(crate) fn mfa(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Vec<Mfa> {
    if !block.has("for_each") {
        return instance(block, env, None, declared(block.raw), diags).into_iter().collect();
    }
    // A `for_each` that does not evaluate has been reported.
    let problems = diags.as_slice().len();
    let Some((value, span)) = block.reader(env, None).value("for_each", diags) else {
        if diags.as_slice().len() == problems && block.compiled("for_each") {
            diags.push(unsuitable("this is null", span_of(block)));
        }
        return Vec::new();
    };
    let Some(elements) = elements(&value, span, diags) else { return Vec::new() };
    let mut instances = Vec::with_capacity(elements.len());
    for each in elements {
        let mut declared = declared(block.raw);
        let key = each.0.as_str().unwrap_or_default();
        declared.address = format!("{}[\"{}\"]", declared.address, key.escape_debug()).into();
        instances.extend(instance(block, env, Some(&each), declared, diags));
    }
    instances
}

fn span_of(block: &Block<'_>) -> Span {
    block.key("for_each").unwrap_or(block.raw.header)
}

/// The keys and values to repeat the block for.
fn elements(value: &Value, span: Span, diags: &mut Diagnostics) -> Option<Vec<Each>> {
    if value.contains_sensitive() {
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

fn instance(
    block: &Block<'_>,
    env: &Env<'_>,
    each: Option<&Each>,
    declared: Declared,
    diags: &mut Diagnostics,
) -> Option<Mfa> {
    let reader = block.reader(env, each);
    let state = reader.one_of("state", allowed(block.raw, "state"), diags);
    let selector = selector::read(block, env, each, Empty::Refused, diags);
    let priority = reader.number("priority", f64::NEG_INFINITY, f64::INFINITY, diags).map_or(0.0, |(number, _)| number);
    let allow_downgrade = reader.bool("allow_downgrade", diags).unwrap_or(false);
    let rollout = reader.text("rollout", diags);
    let reason = reader.words("reason", diags);
    let staged = block.block("staged");
    let until = staged.and_then(|staged| staged.reader(env, each).when("until", diags));
    let (state, state_span) = state?;
    let state = MfaState::parse(state)?;
    if let Some(staged) = staged
        && state != MfaState::Enforced
    {
        diags.push(
            Diagnostic::error(
                "Invalid `staged`",
                format!("`staged` leads from `enabled` to `enforced`; this block declares `{state}`."),
            )
            .at(staged.raw.header, "")
            .and(state_span, "the state declared")
            .hint("declare `state = \"enforced\"`, or remove the `staged` block"),
        );
    }
    if allow_downgrade
        && state != MfaState::Enabled
        && let Some(key) = block.key("allow_downgrade")
    {
        diags.push(
            Diagnostic::warning(
                "No effect",
                format!("`allow_downgrade` lets `enabled` lower an enforced user; with `{state}` it changes nothing."),
            )
            .at(key, ""),
        );
    }
    if let Some((name, span)) = &rollout
        && name.trim().is_empty()
    {
        diags.push(invalid("rollout", "`rollout` must be the name of a `rollout` block.", *span));
    }
    Some(Mfa {
        declared,
        state,
        state_span,
        selector,
        priority,
        allow_downgrade,
        rollout: rollout.map(|(name, _)| name),
        staged_until: until.and_then(|(when, _, _)| when.begins()),
        reason,
    })
}
