//! Why one user gets what they gets: every block that selects them, winner or not.

use crate::{
    config::{Config, Declared, Selector},
    eval::{UserFacts, Value},
    tenant::{ObservedTenant, UserIndex},
};

use super::{ProtectionKind, select::Selection};

/// The blocks that select one user.
#[derive(Debug, Default)]
pub(crate) struct Claimants<'a> {
    /// `break_glass` and `service_account` blocks.
    pub protections: Vec<&'a Declared>,
    /// Indices of `mfa` blocks, in the order of files and lines.
    pub mfa: Vec<u32>,
    /// Per rollout (by name): the waves whose selectors take them, before percentages.
    pub waves: Vec<(&'a str, Vec<&'a str>)>,
}

/// Collects the blocks that select a user. Problems of selectors are not reported here: planning does.
pub(crate) fn claimants<'a, F, V>(
    config: &'a Config,
    tenant: &'a ObservedTenant,
    tenant_value: Value,
    view: F,
    user: UserIndex,
) -> Claimants<'a>
where
    F: Fn(UserIndex, Option<ProtectionKind>) -> V + Sync,
    V: UserFacts,
{
    let mut selection = Selection::new(config, tenant, tenant_value, view);
    let mut found = Claimants::default();
    let mut protection = None;
    for block in &config.break_glass {
        if selection.users(&block.selector, &|_| None).binary_search(&user).is_ok() {
            protection = Some(ProtectionKind::BreakGlass);
            found.protections.push(&block.declared);
        }
    }
    for block in &config.service_accounts {
        if selection.users(&block.selector, &|_| None).binary_search(&user).is_ok() {
            protection = protection.or(Some(ProtectionKind::ServiceAccount));
            found.protections.push(&block.declared);
        }
    }
    let known = |index: UserIndex| protection.filter(|_| index == user);
    for (index, block) in (0..).zip(&config.mfa) {
        if selection.users(&block.selector, &known).binary_search(&user).is_ok() {
            found.mfa.push(index);
        }
    }
    for rollout in config.rollouts.values() {
        let mut waves = Vec::new();
        for wave in &rollout.waves {
            let members = selection.members(&wave.selector, &known);
            if members.is_none_or(|members| members.binary_search(&user).is_ok()) {
                waves.push(wave.name.as_str());
            }
        }
        found.waves.push((&rollout.name, waves));
    }
    found
}

/// The users that each of these selectors means, in ascending order. Problems of selectors are not reported here:
/// planning does. One scan of the tenant serves all of them.
pub(crate) fn selected<F, V>(
    config: &Config,
    tenant: &ObservedTenant,
    tenant_value: Value,
    view: F,
    selectors: &[&Selector],
) -> Vec<Vec<UserIndex>>
where
    F: Fn(UserIndex, Option<ProtectionKind>) -> V + Sync,
    V: UserFacts,
{
    let mut selection = Selection::new(config, tenant, tenant_value, view);
    selectors.iter().map(|selector| selection.users(selector, &|_| None)).collect()
}
