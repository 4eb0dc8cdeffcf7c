//! Comparing.

use crate::{
    config::Config,
    desired::{Claim, Desired, Managed, ProtectionKind, Timing},
    tenant::{MfaState, ObservedTenant, UserIndex},
};

use super::{Action, Cause, Transition};

/// The transitions that lead from the observed tenant to the desired one, in the tenant's order of users.
///
/// A user already where they must be has none. Nor has one declared `enabled` and found `enforced`, unless their block
/// allows the downgrade and it would last: see [`Mfa::leaves_enforced`](crate::config::Mfa::leaves_enforced).
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
                    && config.mfa[managed.block as usize].leaves_enforced(tenant.user(user));
                (!satisfied).then(|| transition(tenant, user, Cause::Mfa(managed.block), managed))?
            }
        })
        .collect()
}

fn transition(tenant: &ObservedTenant, index: UserIndex, cause: Cause, managed: &Managed) -> Option<Transition> {
    let Managed { block: _, state, timing, wave: _ } = managed;
    let user = tenant.user(index);
    let action = Action::from_observed(&user.mfa_state, *state)?;
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
