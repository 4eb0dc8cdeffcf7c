//! `rollout "<name>" { wave "<name>" { … } … }`

use std::collections::HashMap;

use super::{
    super::{
        Rollout, Wave,
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
    let mut declared = declared(block.raw);
    declared.address = format!("rollout.{rollout}.{}", block.raw.name()).into();
    Some(Wave { declared, name: block.raw.name(), from: from.value()?.0.begins()?, selector, percent })
}
