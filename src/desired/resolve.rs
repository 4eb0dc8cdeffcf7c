//! Precedence, protection, rollouts and staging: from the blocks of a configuration to one claim per user.

use std::collections::{BTreeMap, HashMap};

use crate::{
    config::{Config, Layer, Mfa, NameList},
    diag::{Diagnostic, Diagnostics, Level, Span},
    eval::{UserFacts, Value},
    tenant::{MfaState, ObservedTenant, Text, UserIndex},
};

use super::{
    Claim, Desired, Hold, HoldKind, Managed, Protection, ProtectionKind, Timing, WaveIndex, rollout::Schedule,
    select::Selection,
};

/// How many names a diagnostic about many users lists.
const NAMES: usize = 3;

/// Resolves a configuration against a tenant.
///
/// `tenant_value` is `tenant` in expressions; `view` gives `user`, with the protection that is known at that point:
/// none while the protecting blocks themselves are resolved.
///
/// Returns the claims and the warnings.
///
/// # Errors
/// All diagnostics, warnings included, when one of them is an error: unknown or ambiguous names, blocks that want
/// different states for one user, protected users listed by name, a configuration that claims nobody.
pub fn resolve<F, V>(
    config: &Config,
    tenant: &ObservedTenant,
    tenant_value: Value,
    view: F,
) -> Result<(Desired, Vec<Diagnostic>), Vec<Diagnostic>>
where
    F: Fn(UserIndex, Option<ProtectionKind>) -> V + Sync,
    V: UserFacts,
{
    let mut selection = Selection::new(config, tenant, tenant_value, view);
    let mut protections = protect(config, &mut selection);
    let winners = compete(config, tenant, &mut selection, &mut protections);
    let schedules = schedules(config, &mut selection, &protections);
    let kind = |index: UserIndex| protections.get(&index).map(|one| one.kind);
    let accepted_users = config.accepts.iter().map(|accept| selection.members(&accept.selector, &kind)).collect();

    let mut diagnostics = std::mem::take(&mut selection.diagnostics);
    conflicts(config, tenant, &winners, &mut diagnostics);
    let desired = claims(config, tenant, &winners, &protections, &schedules, accepted_users, &mut diagnostics);
    if !desired.claims.iter().any(|claim| matches!(claim, Claim::Managed(_))) && !diagnostics.has_errors() {
        diagnostics.push(nobody_claimed(config, &protections));
    }
    let sorted: Vec<Diagnostic> = diagnostics.into_sorted().into_iter().map(|one| config.told(one)).collect();
    if sorted.iter().any(|one| one.level == Level::Error) { Err(sorted) } else { Ok((desired, sorted)) }
}

fn nobody_claimed(config: &Config, protections: &HashMap<UserIndex, Protection>) -> Diagnostic {
    let detail = if config.mfa.is_empty() {
        "The configuration has no `mfa` block, so it says nothing about anybody.".to_owned()
    } else if protections.values().any(|one| one.caught) {
        "Every user that an `mfa` block selects is protected by a `break_glass` or `service_account` block.".to_owned()
    } else {
        "No `mfa` block selects any user of the tenant.".to_owned()
    };
    Diagnostic::error("The configuration matches no users", detail)
        .hint("an emptied group or a broken filter must not look like \"no changes\": correct the selectors")
}

/// Who is protected. An emergency account stays one even if somebody also lists it as a service account.
fn protect<F, V>(config: &Config, selection: &mut Selection<'_, F>) -> HashMap<UserIndex, Protection>
where
    F: Fn(UserIndex, Option<ProtectionKind>) -> V + Sync,
    V: UserFacts,
{
    let mut protections = HashMap::new();
    for (block, declared) in (0..).zip(&config.break_glass) {
        let users = selection.emergency(&declared.selector, declared.declared.span);
        for user in users {
            let kind = ProtectionKind::BreakGlass;
            protections.entry(user).or_insert(Protection { kind, block, caught: false, lower: false });
        }
    }
    // The policy's word first: an account that it declares as it is, no configuration lowers.
    let mut accounts: Vec<_> = (0..).zip(&config.service_accounts).collect();
    accounts.sort_by_key(|(_, declared)| declared.declared.layer != Layer::Policy);
    for (block, declared) in accounts {
        for user in selection.users(&declared.selector, &|_| None) {
            let kind = ProtectionKind::ServiceAccount;
            protections.entry(user).or_insert(Protection { kind, block, caught: false, lower: declared.lower });
        }
    }
    protections
}

/// The block that wins a user, and the first block of equal priority that wants something else.
#[derive(Clone, Copy)]
struct Winner {
    block: u32,
    rival: Option<u32>,
}

fn compete<F, V>(
    config: &Config,
    tenant: &ObservedTenant,
    selection: &mut Selection<'_, F>,
    protections: &mut HashMap<UserIndex, Protection>,
) -> Vec<Option<Winner>>
where
    F: Fn(UserIndex, Option<ProtectionKind>) -> V + Sync,
    V: UserFacts,
{
    let mut winners: Vec<Option<Winner>> = vec![None; tenant.users().len()];
    for (block, mfa) in (0_u32..).zip(&config.mfa) {
        let known = &*protections;
        let members = selection.users(&mfa.selector, &|index| known.get(&index).map(|one| one.kind));
        let listed = listed_protected(config, tenant, selection, protections, mfa);
        for user in members {
            if let Some(protection) = protections.get_mut(&user) {
                protection.caught |= !listed.contains(&user);
                continue;
            }
            let winner = &mut winners[user.0 as usize];
            *winner = Some(match *winner {
                None => Winner { block, rival: None },
                Some(best) => challenge(config, tenant, user, best, block),
            });
        }
    }
    winners
}

/// A later block against the best so far. Of two equal ones that want the same, the first (by file and line) declares.
fn challenge(config: &Config, tenant: &ObservedTenant, user: UserIndex, best: Winner, block: u32) -> Winner {
    let (held, new) = (&config.mfa[best.block as usize], &config.mfa[block as usize]);
    if new.priority > held.priority {
        return Winner { block, rival: None };
    }
    let same = || wanted(config, held, tenant, user) == wanted(config, new, tenant, user);
    if new.priority < held.priority || best.rival.is_some() || same() {
        return best;
    }
    Winner { rival: Some(block), ..best }
}

/// The state a block wants of a user now, staging included: what two blocks must agree on.
fn wanted(config: &Config, mfa: &Mfa, tenant: &ObservedTenant, user: UserIndex) -> MfaState {
    let Staged { state, .. } = stage(config, mfa, tenant, user);
    state
}

/// Protected users that `mfa.users` lists by name or id: an error at both places.
fn listed_protected<F, V>(
    config: &Config,
    tenant: &ObservedTenant,
    selection: &mut Selection<'_, F>,
    protections: &HashMap<UserIndex, Protection>,
    mfa: &Mfa,
) -> Vec<UserIndex>
where
    F: Fn(UserIndex, Option<ProtectionKind>) -> V + Sync,
    V: UserFacts,
{
    let mut listed = Vec::new();
    if protections.is_empty() {
        return listed;
    }
    let late: Vec<_> = mfa.selector.late.iter().filter(|one| one.list == NameList::Users).collect();
    // What is wrong with them was told when they were selected.
    let (told, mut computed) = (std::mem::take(&mut selection.diagnostics), Vec::new());
    late.into_iter().for_each(|one| computed.extend(selection.late(one)));
    selection.diagnostics = told;
    for named in mfa.selector.users.iter().chain(&computed) {
        let Some(user) = tenant.meant(&named.text) else { continue };
        let Some(protection) = protections.get(&user) else { continue };
        let (what, declared) = match protection.kind {
            ProtectionKind::BreakGlass => {
                ("an emergency account", &config.break_glass[protection.block as usize].declared)
            }
            ProtectionKind::ServiceAccount => {
                ("a service account", &config.service_accounts[protection.block as usize].declared)
            }
        };
        listed.push(user);
        selection.diagnostics.push(
            Diagnostic::error(
                "Protected user listed",
                format!(
                    "{} is {what} by `{}`, which no `mfa` block may change, yet `{}` lists it by name.",
                    tenant.user(user).user_principal_name,
                    declared.address,
                    mfa.declared.address
                ),
            )
            .at(named.span, "listed here")
            .and(declared.span, "protected here")
            .hint("take the user out of one of the two blocks"),
        );
    }
    listed
}

fn schedules<'a, F, V>(
    config: &'a Config,
    selection: &mut Selection<'a, F>,
    protections: &HashMap<UserIndex, Protection>,
) -> BTreeMap<&'a str, Schedule<'a>>
where
    F: Fn(UserIndex, Option<ProtectionKind>) -> V + Sync,
    V: UserFacts,
{
    let kind = |index: UserIndex| protections.get(&index).map(|one| one.kind);
    config
        .rollouts
        .iter()
        .map(|(name, rollout)| {
            let schedule = Schedule::new(rollout, |wave| selection.members(&wave.selector, &kind));
            (name.as_str(), schedule)
        })
        .collect()
}

/// One diagnostic per pair of blocks, however many users they fight over.
fn conflicts(config: &Config, tenant: &ObservedTenant, winners: &[Option<Winner>], diagnostics: &mut Diagnostics) {
    let mut pairs: BTreeMap<(u32, u32), Vec<UserIndex>> = BTreeMap::new();
    for (index, winner) in (0..).map(UserIndex).zip(winners) {
        if let Some(Winner { block, rival: Some(rival) }) = winner {
            pairs.entry((*block, *rival)).or_default().push(index);
        }
    }
    for ((first, second), users) in pairs {
        let (first, second) = (&config.mfa[first as usize], &config.mfa[second as usize]);
        diagnostics.push(
            Diagnostic::error(
                "Conflicting states",
                format!(
                    "`{}` wants \"{}\" and `{}` wants \"{}\", at the same priority {}, for {}.",
                    first.declared.address,
                    first.state,
                    second.declared.address,
                    second.state,
                    first.priority,
                    names(tenant, &users)
                ),
            )
            .at(second.state_span, "wants this")
            .and(first.state_span, "wants something else")
            .hint("give one block a higher `priority`, or take the users out of one with `except`"),
        );
    }
}

/// "anna@…, bo@… and 12 more users"
fn names(tenant: &ObservedTenant, users: &[UserIndex]) -> String {
    let mut text = String::new();
    for (position, user) in users.iter().take(NAMES).enumerate() {
        if position > 0 {
            text.push_str(", ");
        }
        text.push_str(&tenant.user(*user).user_principal_name);
    }
    if users.len() > NAMES {
        text.push_str(&format!(" and {} more users", users.len() - NAMES));
    }
    text
}

fn claims(
    config: &Config,
    tenant: &ObservedTenant,
    winners: &[Option<Winner>],
    protections: &HashMap<UserIndex, Protection>,
    schedules: &BTreeMap<&str, Schedule<'_>>,
    accepted_users: Vec<Option<Vec<UserIndex>>>,
    diagnostics: &mut Diagnostics,
) -> Desired {
    let mut desired =
        Desired { claims: Vec::with_capacity(winners.len()), promoted: Vec::new(), accepted_users, waves: Vec::new() };
    let mut first_waves: HashMap<&str, u32> = HashMap::new();
    for (name, schedule) in schedules {
        first_waves.insert(*name, desired.waves.len() as u32);
        desired.waves.extend(schedule.waves());
    }
    let mut stranded: HashMap<&str, (Span, u64)> = HashMap::new();
    let mut reasons = Reasons::default();
    for (index, winner) in (0..).map(UserIndex).zip(winners) {
        if let Some(protection) = protections.get(&index) {
            desired.claims.push(Claim::Protected(*protection));
            continue;
        }
        let Some(Winner { block, .. }) = winner else {
            desired.claims.push(Claim::Unmanaged);
            continue;
        };
        let mfa = &config.mfa[*block as usize];
        if mfa.state == MfaState::Enabled && mfa.leaves_enforced(tenant.user(index)) {
            desired.promoted.push((index, *block));
        }
        let (mut wave, mut waits) = (None, None);
        if let Some(name) = mfa.rollout.as_deref()
            && let Some(schedule) = schedules.get(name)
        {
            let picked = schedule.pick(tenant, index);
            wave = picked.zip(first_waves.get(name)).map(|(at, first)| WaveIndex(first + at as u32));
            waits = schedule.hold(picked, config.instant);
            if let Some(hold) = &waits
                && hold.until.is_none()
                && !schedule.is_complete()
            {
                stranded.entry(name).or_insert((config.rollouts[name].declared.span, 0)).1 += 1;
            }
        }
        let Staged { state, timing } = stage(config, mfa, tenant, index);
        let timing = waits.map_or_else(|| reasons.share(timing), Timing::Until);
        desired.claims.push(Claim::Managed(Managed { block: *block, state, timing, wave }));
    }
    for (name, (span, users)) in stranded {
        diagnostics.push(
            Diagnostic::warning(
                "Users in no wave",
                format!("{users} users of rollout \"{name}\" are in no wave and will wait for ever."),
            )
            .at(span, "no wave picks everybody")
            .hint("end the rollout with a wave of `percent = 100`"),
        );
    }
    desired
}

/// Thousands of users wait for the same reason: they share its text.
#[derive(Default)]
struct Reasons(HashMap<Text, Text>);

impl Reasons {
    fn share(&mut self, timing: Timing) -> Timing {
        let mut shared = |hold: Hold| {
            let reason = self.0.entry(hold.reason.clone()).or_insert(hold.reason).clone();
            Hold { reason, ..hold }
        };
        match timing {
            Timing::Now => Timing::Now,
            Timing::Until(hold) => Timing::Until(shared(hold)),
            Timing::ThenHeld(hold) => Timing::ThenHeld(shared(hold)),
        }
    }
}

struct Staged {
    state: MfaState,
    timing: Timing,
}

/// `staged`: until its date an unregistered user goes to `enabled` only and is held there. Unknown registration counts
/// as unregistered: enforcing them could lock them out.
fn stage(config: &Config, mfa: &Mfa, tenant: &ObservedTenant, user: UserIndex) -> Staged {
    let user = tenant.user(user);
    let plain = Staged { state: mfa.state, timing: Timing::Now };
    let Some(until) = mfa.staged_until.filter(|until| config.instant < *until) else { return plain };
    if user.registered == Some(true) || mfa.state != MfaState::Enforced {
        return plain;
    }
    let hold =
        |reason: &str| Hold { kind: HoldKind::Staged, until: Some(until), reason: Text::from(reason), gate: None };
    match user.mfa_state.known() {
        Some(MfaState::Enforced) => plain,
        Some(MfaState::Enabled) => Staged {
            state: MfaState::Enforced,
            timing: Timing::Until(hold("staged: waits for the user to register a method, or for the date")),
        },
        Some(MfaState::Disabled) | None => Staged {
            state: MfaState::Enabled,
            timing: Timing::ThenHeld(hold(
                "staged: stays enabled until the user has registered a method, or until the date",
            )),
        },
    }
}
