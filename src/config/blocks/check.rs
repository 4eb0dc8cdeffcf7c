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
    let severity = block.reader(env, None).one_of("severity", allowed(block.raw, "severity"), diags);
    let asserts = block.blocks.iter().filter_map(|inner| {
        let reader = inner.reader(env, None);
        Some(Assert { condition: reader.kept("condition")?, error_message: reader.kept("error_message")? })
    });
    Check {
        declared: declared(block.raw),
        name: block.raw.name(),
        refuses: severity.is_some_and(|(name, _)| name == "error"),
        asserts: asserts.collect(),
    }
}
