//! `mfa "<name>" { … }`: one per `for_each` element.

use super::{
    super::{
        Mfa,
        args::{Block, Env, invalid},
        selector::{self, Empty},
    },
    Instance, allowed, instances,
};
use crate::{
    diag::{Diagnostic, Diagnostics},
    tenant::MfaState,
};

/// Reads an `mfa` block into its instances.
pub(crate) fn mfa(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Vec<Mfa> {
    instances(block, env, diags).into_iter().filter_map(|one| instance(block, env, one, diags)).collect()
}

fn instance(
    block: &Block<'_>,
    env: &Env<'_>,
    Instance { declared, each }: Instance,
    diags: &mut Diagnostics,
) -> Option<Mfa> {
    let each = each.as_ref();
    let reader = block.reader(env, each);
    let state = reader.one_of("state", allowed(block.raw, "state"), diags);
    let selector = selector::read(block, env, each, Empty::Refused, diags);
    let priority =
        reader.number("priority", f64::NEG_INFINITY, f64::INFINITY, diags).value().map_or(0.0, |(number, _)| number);
    let allow_downgrade = reader.bool("allow_downgrade", diags).value().unwrap_or(false);
    let rollout = reader.text("rollout", diags).value();
    let reason = reader.prose("reason", diags).value();
    let staged = block.block("staged");
    let until = staged.and_then(|staged| staged.reader(env, each).when("until", diags).value());
    let (state, state_span) = state.value()?;
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
        rollout: rollout.map(|(name, _)| format!("{}{name}", env.prefix).into()),
        staged_until: until.and_then(|(when, _, _)| when.begins()),
        reason,
    })
}
