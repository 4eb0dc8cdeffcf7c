//! `check "<name>" { assert { … } }`

use super::{
    super::{
        Assert, Check,
        args::{Block, Env},
    },
    allowed, declared,
};
use crate::diag::Diagnostics;

/// Reads a `check` block.
pub(crate) fn check(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Check {
    let severity = block.reader(env, None).one_of("severity", allowed(block.raw, "severity"), diags).value();
    let asserts = block.blocks.iter().filter_map(|inner| {
        let reader = inner.reader(env, None);
        // Both are read before either may end it, so that all problems are told.
        let (condition, error_message) = (reader.kept("condition", diags), reader.kept("error_message", diags));
        Some(Assert { condition: condition.value()?, error_message: error_message.value()? })
    });
    Check {
        declared: declared(block.raw, env),
        name: format!("{}{}", env.prefix, block.raw.name()).into(),
        refuses: severity.is_some_and(|(name, _)| name == "error"),
        asserts: asserts.collect(),
    }
}
