//! `service_account "<name>" { … }` and `break_glass "<name>" { … }`

use super::{
    super::{
        BreakGlass, ServiceAccount,
        args::{Block, Env},
        selector::{self, Empty},
    },
    Instance, allowed, instances,
};
use crate::diag::{Diagnostic, Diagnostics};

/// Reads a `service_account` block into its instances.
pub(crate) fn service_account(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Vec<ServiceAccount> {
    let instances = instances(block, env, diags);
    instances.into_iter().filter_map(|one| one_service_account(block, env, one, diags)).collect()
}

fn one_service_account(
    block: &Block<'_>,
    env: &Env<'_>,
    Instance { declared, each }: Instance,
    diags: &mut Diagnostics,
) -> Option<ServiceAccount> {
    let reader = block.reader(env, each.as_ref());
    let selector = selector::read(block, env, each.as_ref(), Empty::Refused, diags);
    let owner = reader.prose("owner", diags);
    let reason = reader.prose("reason", diags);
    let replacement = reader.one_of("replacement", allowed(block.raw, "replacement"), diags).value();
    let until = reader.when("until", diags).value();
    let state = reader.one_of("state", allowed(block.raw, "state"), diags);
    Some(ServiceAccount {
        declared,
        selector,
        owner: owner.value()?,
        reason: reason.value()?,
        replacement: replacement.map(|(name, _)| name.into()),
        expires: until.as_ref().and_then(|(when, _, _)| when.ends()),
        until: until.map(|(_, text, _)| text),
        lower: state.value().is_some(),
    })
}

/// Reads a `break_glass` block into its instances.
pub(crate) fn break_glass(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Vec<BreakGlass> {
    let problems = diags.as_slice().len();
    let instances = instances(block, env, diags);
    if instances.is_empty() && diags.as_slice().len() == problems {
        diags.push(
            Diagnostic::error(
                "Nobody protected",
                "This `for_each` is empty, so the block protects no emergency account.",
            )
            .at(block.key("for_each").unwrap_or(block.raw.header), "an empty collection")
            .hint("name an emergency account, or remove the block"),
        );
    }
    let one = |Instance { declared, each }: Instance| BreakGlass {
        declared,
        selector: selector::read(block, env, each.as_ref(), Empty::Refused, diags),
        reason: block.reader(env, each.as_ref()).prose("reason", diags).value(),
    };
    instances.into_iter().map(one).collect()
}
