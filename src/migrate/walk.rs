//! Walking the written steps over every user: does anybody lose MFA on the way?

use super::{Account, Migration, Wave, joined};
use crate::{
    facts::CompiledPolicies,
    tenant::{MfaState, ObservedTenant},
};

/// A step of the written order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// The policies report.
    Report,
    /// The policies are in force; in the same sitting security defaults are off.
    Enforce,
    /// This wave, from 0 on, is lowered.
    Wave(usize),
}

/// Somebody whose sign-in needed MFA before a step and needs none after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    /// Who.
    pub(crate) account: Account,
    /// At which step.
    pub(crate) at: Step,
}

/// Every loss of every step: only of security defaults by who is outside of the policies, if of anything.
#[must_use]
pub(crate) fn walk(migration: &Migration, waves: &[Wave], tenant: &ObservedTenant) -> Vec<Loss> {
    let today = CompiledPolicies::new(tenant);
    let standing = joined(tenant, &migration.policies);
    let after = CompiledPolicies::of(tenant, Some(&standing));
    let defaults = tenant.security_defaults_enabled == Some(true);
    let mut wave_of = vec![None; tenant.users().len()];
    for (at, wave) in waves.iter().enumerate() {
        for index in &wave.users {
            if let Some(place) = wave_of.get_mut(index.0 as usize) {
                *place = Some(at);
            }
        }
    }
    let mut losses = Vec::new();
    for (user, wave) in tenant.users().iter().zip(wave_of) {
        let per_user = user.mfa_state.known().is_some_and(|state| state != MfaState::Disabled);
        let covered = |policies: &CompiledPolicies| policies.covers(user) == Some(true);
        let mut needs = per_user || defaults || covered(&today);
        let mut step = |at: Step, now: bool| {
            if needs && !now {
                losses.push(Loss { account: Account::of(user), at });
            }
            needs = now;
        };
        step(Step::Report, per_user || defaults || covered(&today));
        step(Step::Enforce, per_user || covered(&after));
        if let Some(wave) = wave {
            step(Step::Wave(wave), covered(&after));
        }
    }
    losses
}
