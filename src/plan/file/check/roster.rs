//! Blocks, targets and the users without a change: whom the plan says it leaves as they are, and that nobody is forgotten.

use std::collections::{HashMap, HashSet};

use super::{PlanFileError, disagrees, key};
use crate::{
    plan::{BlockKind, Bystander, ChangeUser, Claimed, Plan, Summary, bucket},
    tenant::{MfaState, ObservedState, UserId},
};

/// `named` are the users of the changes.
pub(super) fn check(plan: &Plan, way_back: bool, mut named: HashSet<UserId>) -> Result<(), PlanFileError> {
    let kinds: HashMap<_, BlockKind> =
        plan.blocks.iter().map(|one| ((&one.place.address, &one.place.file, one.place.line), one.kind)).collect();
    let mut by_accounts = 0;
    for (place, change) in plan.changes.iter().enumerate() {
        let Some(declared) = &change.declared_by else { continue };
        match kinds.get(&(&declared.address, &declared.file, declared.line)) {
            Some(BlockKind::Mfa) => {}
            Some(BlockKind::ServiceAccount) => by_accounts += 1,
            Some(BlockKind::BreakGlass) | None => {
                let what = format!("{} is no block that changes users", declared.address.escape_debug());
                return Err(disagrees(format!("changes[{place}].declared_by"), what));
            }
        }
    }
    let alone = way_back || !plan.targets.is_empty();
    if let Some(member) =
        [("blocks", way_back && !plan.blocks.is_empty()), ("others", alone && !plan.others.is_empty())]
            .into_iter()
            .find_map(|(member, wrong)| wrong.then_some(member))
    {
        return Err(disagrees(
            member.to_owned(),
            "is there, but a rollback, or a plan with targets, has none".to_owned(),
        ));
    }
    let mut last = None;
    for (place, other) in plan.others.iter().enumerate() {
        let ChangeUser { id, user_principal_name, display_name: _, kind: _, registered: _ } = &other.user;
        let wrong = |what: &str| {
            let user = user_principal_name.escape_debug();
            Err(disagrees(format!("others[{place}]"), format!("{user} {what}")))
        };
        if !named.insert(*id) {
            return wrong("is named a second time");
        }
        let key = key(&other.user);
        if last.as_ref().is_some_and(|last| *last >= key) {
            return wrong("is out of order: users stand by user principal name, then id");
        }
        last = Some(key);
        if !stays(other) {
            return wrong("has another state than the one that is declared, and no change");
        }
    }
    if alone { Ok(()) } else { everybody(plan, by_accounts) }
}

/// In the declared state, or promoted from it by the service.
fn stays(other: &Bystander) -> bool {
    match (other.claim, &other.state) {
        (Claimed::Declared(_, declared), ObservedState::Known(state)) => {
            *state == declared || (declared, *state) == (MfaState::Enabled, MfaState::Enforced)
        }
        (Claimed::Declared(..), ObservedState::Unknown(_)) => false,
        (Claimed::Unmanaged | Claimed::Protected(_), _) => true,
    }
}

/// Without targets everybody is in the plan, so all numbers follow from it.
fn everybody(plan: &Plan, by_accounts: u64) -> Result<(), PlanFileError> {
    let changes = plan.changes.len() as u64;
    let mut counted = Summary { managed: changes - by_accounts, protected: by_accounts, ..Summary::default() };
    for other in &plan.others {
        match other.claim {
            Claimed::Unmanaged => counted.unmanaged += 1,
            Claimed::Protected(_) => counted.protected += 1,
            Claimed::Declared(..) => {
                counted.managed += 1;
                counted.unchanged += 1;
            }
        }
    }
    let states = plan.changes.iter().map(|one| &one.before).chain(plan.others.iter().map(|one| &one.state));
    for state in states {
        *bucket(&mut counted.before, state) += 1;
    }
    let said = &plan.summary;
    for (member, same) in [
        ("users", said.users == changes + plan.others.len() as u64),
        ("managed", said.managed == counted.managed),
        ("unmanaged", said.unmanaged == counted.unmanaged),
        ("protected", said.protected == counted.protected),
        ("unchanged", said.unchanged == counted.unchanged),
        ("before", said.before == counted.before),
    ] {
        if !same {
            let what = "is not what `changes` and `others` add up to".to_owned();
            return Err(disagrees(format!("summary.{member}"), what));
        }
    }
    Ok(())
}
