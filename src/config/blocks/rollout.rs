//! `rollout "<name>" { wave "<name>" { … } … }`

use std::collections::HashMap;

use super::{
    super::{
        Gate, Rollout, Wave,
        args::{Block, Env},
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
    let name = block.raw.name();
    let mut waves = Vec::with_capacity(block.blocks.len());
    let mut seen: HashMap<Text, Span> = HashMap::new();
    for inner in &block.blocks {
        if let Some(first) = seen.insert(inner.raw.name(), inner.raw.header) {
            diags.push(
                Diagnostic::error(
                    "Duplicate wave",
                    format!("The rollout `{name}` already has a wave `{}`.", inner.raw.name()),
                )
                .at(inner.raw.header, "again here")
                .and(first, "first here"),
            );
        }
        waves.extend(wave(inner, &name, env, diags));
    }
    Rollout { declared: declared(block.raw), name, waves }
}

fn wave(block: &Block<'_>, rollout: &Text, env: &Env<'_>, diags: &mut Diagnostics) -> Option<Wave> {
    let reader = block.reader(env, None);
    let from = reader.when("from", diags);
    let percent = reader.number("percent", 0.0, 100.0, diags).value().map(|(percent, _)| percent);
    let selector = selector::read(block, env, None, Empty::Everybody, diags);
    let gate = block.block("gate").and_then(|gate| gate_of(gate, env, diags));
    let mut declared = declared(block.raw);
    declared.address = format!("rollout.{rollout}.{}", block.raw.name()).into();
    Some(Wave { declared, name: block.raw.name(), from: from.value()?.0.begins()?, selector, percent, gate })
}

/// A gate without a condition would look like a guard and be none.
fn gate_of(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Option<Gate> {
    const CONDITIONS: [&str; 4] = ["registered_percent", "unknown_workloads", "predicted_breaks", "covered_percent"];
    let reader = block.reader(env, None);
    let mut percent = |name| reader.number(name, 0.0, 100.0, diags).value().map(|(percent, _)| percent);
    let (registered_percent, covered_percent) = (percent(CONDITIONS[0]), percent(CONDITIONS[3]));
    let mut count = |name| reader.count(name, 0, u32::MAX, diags).value().map(|(count, _)| count);
    let (unknown_workloads, predicted_breaks) = (count(CONDITIONS[1]), count(CONDITIONS[2]));
    let gate = Gate { registered_percent, unknown_workloads, predicted_breaks, covered_percent };
    if gate == Gate::default() && CONDITIONS.iter().all(|name| block.key(name).is_none()) {
        diags.push(
            Diagnostic::error("Empty `gate`", "A gate without a condition holds nothing back.")
                .at(block.raw.header, "nothing is set here")
                .hint(format!(
                    "set one of {}, or remove the block",
                    CONDITIONS.map(|name| format!("`{name}`")).join(", ")
                )),
        );
    }
    Some(gate)
}
