//! The way off per-user MFA: which policies take its place, who can be lowered once they stand, and who cannot.
//!
//! ```text
//! tenant, break_glass, service_account ─ policies ──► three policies ─ assumed ──► who is covered
//!                                                                         └ the plan of that ──► who is withheld
//! covered, not withheld ──► waves            everybody else ──► named, with the reason
//! ```
//!
//! Nobody is lowered on a promise: the waves open only while the tenant's own policies cover all of their users, and
//! [`walk`] shows for every step of the written order that nobody who needed MFA before needs none after it.

mod policies;
mod walk;
mod waves;

pub(crate) use policies::{ADMINISTRATORS, BLOCK_LEGACY, PHISHING_RESISTANT, REQUIRE_MFA, ROLES};
pub(crate) use walk::{Loss, Step, walk};
pub(crate) use waves::{Wave, waves};

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    config::Config,
    desired,
    facts::{CompiledPolicies, Facts, UserView, methods, recognise, strengths},
    plan::{Plan, tenant_value},
    tenant::{MfaState, ObservedState, ObservedTenant, Policy, Text, User, UserId, UserIndex},
};

/// An account that a migration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// Object id.
    pub(crate) id: UserId,
    /// Sign-in name.
    pub(crate) user_principal_name: Text,
}

impl Account {
    fn of(user: &User) -> Self {
        Self { id: user.id, user_principal_name: user.user_principal_name.clone() }
    }
}

/// A declared workload.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    /// Who.
    pub(crate) account: Account,
    /// The block.
    pub(crate) address: Text,
    /// Does it sign in by a legacy protocol? `None` where sign-ins are unknown.
    pub(crate) legacy: Option<bool>,
}

/// Why somebody with per-user MFA keeps it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// An emergency account: outside of every policy.
    Emergency,
    /// A declared workload: outside of the policy that asks for MFA.
    Workload,
    /// The state is not known.
    StateUnknown,
    /// The policies do not cover them at every sign-in, and why not.
    NotCovered(String),
    /// The plan withholds the change: the rules, and what the first says.
    Withheld(String),
}

/// Somebody who keeps per-user MFA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leftover {
    /// Who.
    pub(crate) account: Account,
    /// Why.
    pub(crate) why: Why,
}

/// A way off per-user MFA.
#[derive(Debug, Default)]
pub(crate) struct Migration {
    /// The policies to be written, as they are once all is done.
    pub(crate) policies: Vec<Policy>,
    /// Emergency accounts, left out of every policy.
    pub(crate) emergency: Vec<Account>,
    /// Declared workloads, left out of the policy that asks for MFA.
    pub(crate) workloads: Vec<Workload>,
    /// Accounts that look like workloads and are not declared: the policy that asks for MFA would reach them.
    pub(crate) suspects: Vec<Account>,
    /// Holders of the administrators' roles who cannot meet phishing-resistant MFA, or of whom that is not known.
    pub(crate) weak_administrators: Vec<Account>,
    /// How many enabled accounts the policy that asks for MFA reaches; each needs Entra ID P1.
    pub(crate) reached: u64,
    /// How many of these have registered nothing, as far as is known.
    pub(crate) unregistered: u64,
    /// Users to be lowered, in the tenant's order.
    pub(crate) lowered: Vec<UserIndex>,
    /// Users who keep per-user MFA, by reason, then name.
    pub(crate) leftovers: Vec<Leftover>,
}

/// Designs the policies for a tenant, and looks whom they cover once they stand beside its own.
///
/// `lowered` holds everybody who is covered; what a plan withholds is taken out by [`Migration::withhold`].
#[must_use]
pub(crate) fn design(config: &Config, facts: &Facts<'_>) -> Migration {
    let tenant = facts.tenant;
    let (glass, workloads) = protected(config, facts);
    let emergency: Vec<Account> = glass.iter().map(|index| Account::of(tenant.user(*index))).collect();
    let declared: Vec<Workload> = workloads
        .iter()
        .map(|(index, address)| {
            let user = tenant.user(*index);
            Workload { account: Account::of(user), address: address.clone(), legacy: signs_in_by_legacy(user) }
        })
        .collect();
    let mut migration = Migration {
        policies: Vec::new(),
        emergency,
        workloads: declared,
        suspects: Vec::new(),
        weak_administrators: Vec::new(),
        reached: 0,
        unregistered: 0,
        lowered: Vec::new(),
        leftovers: Vec::new(),
    };
    for (index, user) in tenant.indexed() {
        if glass.contains(&index) || workloads.contains_key(&index) || user.account_enabled == Some(false) {
            continue;
        }
        migration.reached += 1;
        migration.unregistered += u64::from(user.registered == Some(false));
        if facts.score(index) >= facts.model.possible {
            migration.suspects.push(Account::of(user));
        }
        if policies::is_administrator(user) && !is_phishing_resistant(user, facts.instant) {
            migration.weak_administrators.push(Account::of(user));
        }
    }
    migration.policies = policies::all(&migration);
    let standing = joined(tenant, &migration.policies);
    let compiled = CompiledPolicies::of(tenant, Some(&standing));
    for (index, user) in tenant.indexed() {
        if user.mfa_state == ObservedState::Known(MfaState::Disabled) {
            continue;
        }
        let why = if glass.contains(&index) {
            Why::Emergency
        } else if workloads.contains_key(&index) {
            Why::Workload
        } else if user.mfa_state.known().is_none() {
            Why::StateUnknown
        } else if compiled.covers(user) == Some(true) {
            migration.lowered.push(index);
            continue;
        } else {
            let gaps: Vec<String> = compiled.coverage(user).gaps().iter().map(ToString::to_string).collect();
            Why::NotCovered(if gaps.is_empty() { "no policy asks them for MFA".to_owned() } else { gaps.join("; ") })
        };
        migration.leftovers.push(Leftover { account: Account::of(user), why });
    }
    migration.sort();
    migration
}

impl Migration {
    /// Takes out whom the plan of this migration withholds: `lowered` becomes those whom nothing withholds.
    pub(crate) fn withhold(&mut self, plan: &Plan, tenant: &ObservedTenant) {
        let withheld: BTreeMap<UserId, String> = plan
            .changes
            .iter()
            .filter(|change| change.decision.is_block())
            .map(|change| {
                let by = change.decision.blocked_by().join(", ");
                let says = change.findings.first().map(|one| one.message.to_string()).unwrap_or_default();
                (change.user.id, format!("{by}: {says}"))
            })
            .collect();
        let (kept, out): (Vec<_>, Vec<_>) = std::mem::take(&mut self.lowered)
            .into_iter()
            .partition(|index| !withheld.contains_key(&tenant.user(*index).id));
        self.lowered = kept;
        self.leftovers.extend(out.into_iter().map(|index| {
            let account = Account::of(tenant.user(index));
            let why = Why::Withheld(withheld.get(&account.id).cloned().unwrap_or_default());
            Leftover { account, why }
        }));
        self.sort();
    }

    fn sort(&mut self) {
        self.leftovers.sort_by_cached_key(|one| {
            (one.why.clone(), one.account.user_principal_name.to_lowercase(), one.account.id)
        });
    }
}

/// The tenant's policies with these, whose names are the migration's own: whatever bears one of them was written for it
/// before and is replaced. (Policies that somebody else wrote are found by id too: `assumed::assume`.)
pub(crate) fn joined(tenant: &ObservedTenant, policies: &[Policy]) -> Vec<Policy> {
    let kept = |one: &&Policy| policies.iter().all(|new| new.display_name != one.display_name);
    tenant.conditional_access.iter().flatten().filter(kept).chain(policies).cloned().collect()
}

/// The emergency accounts, and the declared workloads that are none of them, with the block that declares them first.
fn protected(config: &Config, facts: &Facts<'_>) -> (BTreeSet<UserIndex>, BTreeMap<UserIndex, Text>) {
    let glass = config.break_glass.iter().map(|block| &block.selector);
    let selectors: Vec<_> = glass.chain(config.service_accounts.iter().map(|block| &block.selector)).collect();
    let view = |index: UserIndex, _| UserView::new(facts, index, None);
    let mut found = desired::selected(config, facts.tenant, tenant_value(config, facts.tenant), view, &selectors);
    let of_blocks = found.split_off(config.break_glass.len());
    let glass: BTreeSet<UserIndex> = found.into_iter().flatten().collect();
    let mut workloads = BTreeMap::new();
    for (block, users) in config.service_accounts.iter().zip(of_blocks) {
        for index in users.into_iter().filter(|index| !glass.contains(index)) {
            workloads.entry(index).or_insert_with(|| block.declared.address.clone());
        }
    }
    (glass, workloads)
}

fn signs_in_by_legacy(user: &User) -> Option<bool> {
    let sign_ins = user.sign_ins.as_ref()?;
    let legacy = sign_ins.legacy.as_ref()?;
    Some(
        legacy.iter().any(|one| {
            one.count > 0 && (recognise::is_smtp(&one.protocol) || recognise::is_other_legacy(&one.protocol))
        }),
    )
}

/// Can they meet the strength of the administrators' policy with what they have registered, for certain?
fn is_phishing_resistant(user: &User, instant: Timestamp) -> bool {
    let resistant = |one: &Text| methods::is_phishing_resistant(one);
    user.methods.iter().flatten().any(resistant)
        || strengths::can_meet(user, None, &policies::phishing_resistant(), instant) == Some(true)
}
