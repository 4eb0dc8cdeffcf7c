//! Expressions over the finished plan: `check`, `output`, `auto_approve`; and what `tenant` and `plan` mean in them.

use std::collections::BTreeMap;

use crate::{
    config::{AutoApprove, Config},
    diag::Diagnostic,
    eval::{Scope, Value},
    tenant::Text,
};

use super::{CheckResult, OutputValue, Summary};

/// `plan` in expressions: its summary, with the keys of the plan's JSON.
#[must_use]
pub(crate) fn plan(summary: &Summary) -> Value {
    let json = serde_json::to_value(summary).unwrap_or_default();
    Value::object([("summary", Value::from_json(&json))])
}

/// Runs every `check`; with each result, whether failing refuses the plan.
pub(super) fn checks(config: &Config, scope: &Scope<'_>, failed: &mut Vec<Diagnostic>) -> Vec<(CheckResult, bool)> {
    config
        .checks
        .iter()
        .map(|check| {
            let mut messages = Vec::new();
            for assert in &check.asserts {
                match assert.condition.eval(scope).map(|value| value.as_bool()) {
                    Ok(Some(true)) => {}
                    // An assertion over something unknown does not hold.
                    Ok(Some(false) | None) => match assert.error_message.eval(scope) {
                        Ok(message) => messages.push(if message.contains_sensitive() {
                            "(sensitive value)".to_owned()
                        } else {
                            message.as_str().unwrap_or("the assertion does not hold").to_owned()
                        }),
                        Err(error) => failed.push(error.into()),
                    },
                    Err(error) => failed.push(error.into()),
                }
            }
            let result = CheckResult {
                name: check.name.clone(),
                passed: messages.is_empty(),
                message: Text::from(messages.join("; ")),
            };
            (result, check.refuses)
        })
        .collect()
}

/// Evaluates every `output`.
pub(super) fn outputs(config: &Config, scope: &Scope<'_>, failed: &mut Vec<Diagnostic>) -> BTreeMap<Text, OutputValue> {
    let mut outputs = BTreeMap::new();
    for output in &config.outputs {
        match output.value.eval(scope) {
            Ok(value) if value.contains_sensitive() && !output.sensitive => failed.push(
                Diagnostic::error(
                    "Output refers to a sensitive value",
                    format!("`{}` would show a value that is marked as sensitive.", output.declared.address),
                )
                .at(output.value.span(), "sensitive")
                .hint("say `sensitive = true` in the output"),
            ),
            Ok(value) => {
                let shown = (!output.sensitive).then(|| value.to_json());
                outputs.insert(
                    output.name.clone(),
                    OutputValue { value: shown, sensitive: output.sensitive, description: output.description.clone() },
                );
            }
            Err(error) => failed.push(error.into()),
        }
    }
    outputs
}

/// The reason of `auto_approve`, where its condition holds. A condition that is not plainly true approves nothing.
pub(super) fn auto_approve(config: &Config, scope: &Scope<'_>, failed: &mut Vec<Diagnostic>) -> Option<Text> {
    let AutoApprove { condition, reason, layer, span: _ } = config.guardrails.auto_approve.as_ref()?;
    let origin = config.origin_of(*layer);
    match condition.eval(&Scope { base_dir: &origin.dir, reads: Some(&origin.reads), ..*scope }) {
        Ok(value) => (value.as_bool() == Some(true)).then(|| reason.clone()),
        Err(error) => {
            failed.push(error.into());
            None
        }
    }
}
