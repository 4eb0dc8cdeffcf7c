//! Comparing.

use crate::{
    config::Config,
    desired::{Claim, Desired, Managed, ProtectionKind, Timing},
    tenant::{MfaState, ObservedState, ObservedTenant, UserIndex},
};

use super::{Action, Cause, Transition};

/// The transitions that lead from the observed tenant to the desired one, in the tenant's order of users.
///
/// A user already where they must be has none. Nor has one declared `enabled` and found `enforced`, unless their block
/// allows the downgrade: the service itself promotes, and lowering them would undo what they have earned.
#[must_use]
pub fn transitions(config: &Config, tenant: &ObservedTenant, desired: &Desired) -> Vec<Transition> {
    (0..)
        .map(UserIndex)
        .zip(&desired.claims)
        .filter_map(|(user, claim)| match claim {
            Claim::Unmanaged => None,
            Claim::Protected(protection) => {
                let lower = protection.lower && protection.kind == ProtectionKind::ServiceAccount;
                let managed =
                    Managed { block: protection.block, state: MfaState::Disabled, timing: Timing::Now, wave: None };
                lower.then(|| transition(tenant, user, Cause::ServiceAccount(protection.block), &managed))?
            }
            Claim::Managed(managed) => {
                let satisfied = managed.state == MfaState::Enabled
                    && !config.mfa[managed.block as usize].allow_downgrade
                    && tenant.user(user).mfa_state == ObservedState::Known(MfaState::Enforced);
                (!satisfied).then(|| transition(tenant, user, Cause::Mfa(managed.block), managed))?
            }
        })
        .collect()
}

fn transition(tenant: &ObservedTenant, index: UserIndex, cause: Cause, managed: &Managed) -> Option<Transition> {
    let Managed { block: _, state, timing, wave: _ } = managed;
    let user = tenant.user(index);
    let action = match user.mfa_state.known() {
        Some(before) => Action::between(before, *state)?,
        // From an unknown state any write is a leap; named as the raise it would be from disabled.
        None => Action::between(MfaState::Disabled, *state).unwrap_or(Action::Disable),
    };
    Some(Transition {
        user: index,
        cause,
        before: user.mfa_state.clone(),
        after: *state,
        effective: state.effective(user.registered),
        action,
        timing: timing.clone(),
    })
}
