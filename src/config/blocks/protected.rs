//! `service_account "<name>" { … }` and `break_glass "<name>" { … }`

use super::{
    super::{
        BreakGlass, ServiceAccount,
        args::{Block, Env},
        selector::{self, Empty},
    },
    allowed, declared,
};
use crate::diag::Diagnostics;

/// Reads a `service_account` block.
pub(crate) fn service_account(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Option<ServiceAccount> {
    let reader = block.reader(env, None);
    let selector = selector::read(block, env, None, Empty::Refused, diags);
    let owner = reader.words("owner", diags);
    let reason = reader.words("reason", diags);
    let replacement = reader.one_of("replacement", allowed(block.raw, "replacement"), diags);
    let until = reader.when("until", diags);
    let state = reader.one_of("state", allowed(block.raw, "state"), diags);
    Some(ServiceAccount {
        declared: declared(block.raw),
        selector,
        owner: owner?,
        reason: reason?,
        replacement: replacement.map(|(name, _)| name.into()),
        expires: until.as_ref().and_then(|(when, _, _)| when.ends()),
        until: until.map(|(_, text, _)| text),
        lower: state.is_some(),
    })
}

/// Reads a `break_glass` block.
pub(crate) fn break_glass(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> BreakGlass {
    BreakGlass {
        declared: declared(block.raw),
        selector: selector::read(block, env, None, Empty::Refused, diags),
        reason: block.reader(env, None).words("reason", diags),
    }
}
