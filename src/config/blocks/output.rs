//! `output "<name>" { … }`

use super::{
    super::{
        Output,
        args::{Block, Env},
    },
    declared,
};
use crate::diag::Diagnostics;

/// Reads an `output` block.
pub(crate) fn output(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Option<Output> {
    let reader = block.reader(env, None);
    let description = reader.prose("description", diags).value();
    let sensitive = reader.bool("sensitive", diags).value().unwrap_or(false);
    Some(Output {
        declared: declared(block.raw, env),
        name: block.raw.name(),
        value: reader.kept("value", diags).value()?,
        description,
        sensitive,
    })
}
