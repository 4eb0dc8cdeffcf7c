//! `rollout "<name>" { wave "<name>" { … } … }`

use std::collections::HashMap;

use super::{
    super::{
        Gate, Rollout, Wave,
        args::{Block, Env, Given},
        selector::{self, Empty},
    },
    declared,
};
use crate::{
    diag::{Diagnostic, Diagnostics, Span},
    tenant::Text,
};

/// Reads a `rollout` block.
pub(crate) fn rollout(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Rollout {
    let label = block.raw.name();
    let name: Text = format!("{}{label}", env.prefix).into();
    let mut waves = Vec::with_capacity(block.blocks.len());
    let mut seen: HashMap<Text, Span> = HashMap::new();
    for inner in &block.blocks {
        if let Some(first) = seen.insert(inner.raw.name(), inner.raw.header) {
            diags.push(
                Diagnostic::error(
                    "Duplicate wave",
                    format!("The rollout `{label}` already has a wave `{}`.", inner.raw.name()),
                )
                .at(inner.raw.header, "again here")
                .and(first, "first here"),
            );
        }
        waves.extend(wave(inner, &label, env, diags));
    }
    Rollout { declared: declared(block.raw, env), name, label, waves }
}

fn wave(block: &Block<'_>, rollout: &Text, env: &Env<'_>, diags: &mut Diagnostics) -> Option<Wave> {
    let reader = block.reader(env, None);
    let from = reader.when("from", diags);
    let percent = reader.number("percent", 0.0, 100.0, diags).value().map(|(percent, _)| percent);
    let selector = selector::read(block, env, None, Empty::Everybody, diags);
    let gate = block.block("gate").and_then(|gate| gate_of(gate, env, diags));
    let mut declared = declared(block.raw, env);
    declared.address = format!("{}rollout.{rollout}.{}", env.prefix, block.raw.name()).into();
    Some(Wave { declared, name: block.raw.name(), from: from.value()?.0.begins()?, selector, percent, gate })
}

/// A gate without a condition would look like a guard and be none, whether nothing is written or `null`.
fn gate_of(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Option<Gate> {
    let reader = block.reader(env, None);
    let mut wrong = false;
    let mut percent = |name| {
        let given = reader.number(name, 0.0, 100.0, diags);
        wrong |= matches!(given, Given::Wrong);
        given.value().map(|(percent, _)| percent)
    };
    let (registered_percent, covered_percent) = (percent("registered_percent"), percent("covered_percent"));
    let mut count = |name| {
        let given = reader.count(name, 0, u32::MAX, diags);
        wrong |= matches!(given, Given::Wrong);
        given.value().map(|(count, _)| count)
    };
    let (unknown_workloads, predicted_breaks) = (count("unknown_workloads"), count("predicted_breaks"));
    let gate = Gate { registered_percent, unknown_workloads, predicted_breaks, covered_percent };
    if gate == Gate::default() && !wrong {
        diags.push(
            Diagnostic::error("Empty `gate`", "A gate without a condition holds nothing back.")
                .at(block.raw.header, "nothing is set here")
                .hint("set `registered_percent`, `unknown_workloads`, `predicted_breaks` or `covered_percent`, or remove the block"),
        );
    }
    Some(gate)
}
