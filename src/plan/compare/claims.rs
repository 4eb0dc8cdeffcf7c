//! Whom two plans claim differently: protection and coverage that come or go, whether or not a state changes with them.
//!
//! A deleted `service_account` block changes nobody today. It is told all the same, because the next `mfa` block that
//! catches these accounts changes them: a difference made of changes only would call such a pull request empty.

use std::collections::{BTreeMap, HashMap};

use crate::{
    plan::{BlockKind, Change, ChangeUser, Claimed, Plan, PlanBlock},
    risk::Place,
    severity::Severity,
    tenant::{ObservedState, Text, UserId},
};

/// How the claim on a user differs; worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClaimShift {
    /// A block protected them, and none does now.
    Unprotected,
    /// A block declared a state, and none does now.
    Unmanaged,
    /// A block protects them now.
    Protected,
    /// Another block of the same kind claims them.
    OtherBlock,
    /// Nothing claimed them, and a block declares a state now.
    Managed,
}

impl ClaimShift {
    /// The word of the document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unprotected => "unprotected",
            Self::Unmanaged => "unmanaged",
            Self::Protected => "protected",
            Self::OtherBlock => "other_block",
            Self::Managed => "managed",
        }
    }
}

/// Users whose claim differs in the same way, between the same two blocks.
#[derive(Clone, Debug)]
pub struct ClaimGroup<'a> {
    /// How.
    pub shift: ClaimShift,
    /// The block that claimed them in the old plan.
    pub old: Option<&'a PlanBlock>,
    /// The block that claims them in the new one.
    pub new: Option<&'a PlanBlock>,
    /// Who, with the state they have, in the new plan's order; never empty.
    pub users: Vec<(&'a ChangeUser, &'a ObservedState)>,
    /// How many of them the new plan changes at once.
    pub changing: u64,
}

impl ClaimGroup<'_> {
    /// How much a reviewer has to care.
    #[must_use]
    pub fn severity(&self) -> Severity {
        let emergency = self.old.is_some_and(|block| block.kind == BlockKind::BreakGlass);
        match self.shift {
            ClaimShift::Unprotected if emergency => Severity::Critical,
            ClaimShift::Unprotected => Severity::High,
            ClaimShift::Unmanaged | ClaimShift::Protected => Severity::Medium,
            ClaimShift::OtherBlock | ClaimShift::Managed => Severity::Info,
        }
    }

    /// What the difference means, in one sentence that holds for each of the users.
    #[must_use]
    pub const fn meaning(&self) -> &'static str {
        match (self.shift, self.new) {
            (ClaimShift::Unprotected, Some(_)) => "The new block may change them from now on.",
            (ClaimShift::Unprotected, None) => {
                "They keep the state they have, but the next block that catches them changes it."
            }
            (ClaimShift::Unmanaged, _) => {
                "They keep the state they have; nothing declares it any more, so neither plan nor verify sees it change."
            }
            (ClaimShift::Protected, _) => "No plan changes them any more; they keep the state they have.",
            (ClaimShift::OtherBlock, _) => "The new block's state, rollout and reason hold for them from now on.",
            (ClaimShift::Managed, _) => "Their state is declared from now on, and verify watches it.",
        }
    }

    /// What to do where it was not meant; empty where there is nothing to do.
    #[must_use]
    pub const fn remediation(&self) -> &'static str {
        match self.shift {
            ClaimShift::Unprotected => {
                "If these accounts are still in use as before, keep them in a protecting block; else say in the pull request why not."
            }
            ClaimShift::Unmanaged => {
                "If they shall stay protected by MFA, claim them with an mfa block; a user in no block is nobody's business."
            }
            ClaimShift::Protected => {
                "Check that each of them is a workload or an emergency account: a person in a protecting block gets no MFA."
            }
            ClaimShift::OtherBlock | ClaimShift::Managed => "",
        }
    }
}

/// The claim of one plan on one user.
struct Standing<'a> {
    user: &'a ChangeUser,
    state: &'a ObservedState,
    block: Option<&'a PlanBlock>,
    changing: bool,
}

impl Standing<'_> {
    fn protected(&self) -> bool {
        self.block.is_some_and(|block| block.kind != BlockKind::Mfa)
    }
}

/// Everybody whom both plans know and claim differently, worst first.
///
/// A plan with targets leaves people out, and a rollback is not made from claims: of these nothing can be said.
pub(super) fn shifts<'a>(old: &'a Plan, new: &'a Plan) -> Vec<ClaimGroup<'a>> {
    let (Some(before), Some(now)) = (standings(old), standings(new)) else { return Vec::new() };
    let before: HashMap<UserId, Standing<'_>> = before.map(|one| (one.user.id, one)).collect();
    let mut groups = BTreeMap::new();
    for one in now {
        let Some(was) = before.get(&one.user.id) else { continue };
        let Some(shift) = shift(was, &one) else { continue };
        let address = |block: Option<&PlanBlock>| block.map(|block| block.place.address.clone());
        let group = groups.entry((shift, address(was.block), address(one.block))).or_insert_with(|| ClaimGroup {
            shift,
            old: was.block,
            new: one.block,
            users: Vec::new(),
            changing: 0,
        });
        group.users.push((one.user, one.state));
        group.changing += u64::from(one.changing);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.severity()));
    for group in &mut groups {
        group.users.sort_by_cached_key(|(user, _)| (user.user_principal_name.to_lowercase(), user.id));
    }
    groups
}

fn shift(was: &Standing<'_>, now: &Standing<'_>) -> Option<ClaimShift> {
    match (was.block, now.block) {
        (None, None) => None,
        (Some(old), Some(new)) if was.protected() == now.protected() => {
            (old.place.address != new.place.address).then_some(ClaimShift::OtherBlock)
        }
        _ if was.protected() => Some(ClaimShift::Unprotected),
        _ if now.protected() => Some(ClaimShift::Protected),
        (_, None) => Some(ClaimShift::Unmanaged),
        (_, Some(_)) => Some(ClaimShift::Managed),
    }
}

fn standings(plan: &Plan) -> Option<impl Iterator<Item = Standing<'_>>> {
    // A rollback has no files: it is made of a run, not of a configuration.
    if !plan.targets.is_empty() || plan.config.files.is_empty() {
        return None;
    }
    let by_address: HashMap<&Text, &PlanBlock> = plan.blocks.iter().map(|one| (&one.place.address, one)).collect();
    let changes = plan.changes.iter().map(move |change| {
        let Change {
            user,
            declared_by,
            before,
            after: _,
            effective: _,
            action: _,
            decision,
            wave: _,
            impact: _,
            findings: _,
        } = change;
        let block = declared_by.as_ref().and_then(|Place { address, .. }| by_address.get(address).copied());
        Standing { user, state: before, block, changing: decision.is_apply() }
    });
    let others = plan.others.iter().map(|one| Standing {
        user: &one.user,
        state: &one.state,
        block: Claimed::block(one.claim).and_then(|at| plan.blocks.get(at as usize)),
        changing: false,
    });
    Some(changes.chain(others))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{Bystander, compare},
        render::testing::{place, sample, user_id},
        tenant::MfaState,
    };

    fn block(address: &str, kind: BlockKind) -> PlanBlock {
        PlanBlock { place: place(address, 7), kind, owner: None, reason: None, until: None, replacement: None }
    }

    /// A plan in which nothing changes, and one user is claimed by this block, or by none.
    fn claiming(block: Option<PlanBlock>) -> Plan {
        let mut plan = sample();
        let user = ChangeUser { id: user_id(900), ..plan.changes[0].user.clone() };
        plan.changes.clear();
        let claim = match &block {
            None => Claimed::Unmanaged,
            Some(block) if block.kind == BlockKind::Mfa => Claimed::Declared(0, MfaState::Enforced),
            Some(_) => Claimed::Protected(0),
        };
        plan.blocks = block.into_iter().collect();
        plan.others = vec![Bystander { user, state: MfaState::Enforced.into(), claim }];
        plan
    }

    /// Every way from one claim to another. Whatever differs is told; nothing else is.
    #[test]
    fn each_way_a_claim_can_change_is_told_once() {
        let claims = || {
            [
                None,
                Some(block("mfa.staff", BlockKind::Mfa)),
                Some(block("mfa.everybody", BlockKind::Mfa)),
                Some(block("service_account.scanners", BlockKind::ServiceAccount)),
                Some(block("break_glass.emergency", BlockKind::BreakGlass)),
            ]
        };
        let mut seen = Vec::new();
        for (i, old) in claims().into_iter().enumerate() {
            for (j, new) in claims().into_iter().enumerate() {
                let (old, new) = (claiming(old.clone()), claiming(new));
                let diff = compare(&old, &new);
                assert_eq!(diff.claims.is_empty(), i == j, "{i} {j}");
                assert_eq!(diff.is_empty(), i == j, "{i} {j}");
                if let [group] = &diff.claims[..] {
                    assert_eq!(group.users.len(), 1);
                    assert!(!group.meaning().is_empty());
                    seen.push(format!("{i}{j} {} {}", group.shift.as_str(), group.severity()));
                }
            }
        }
        assert_eq!(
            seen,
            [
                "01 managed info",
                "02 managed info",
                "03 protected medium",
                "04 protected medium",
                "10 unmanaged medium",
                "12 other_block info",
                "13 protected medium",
                "14 protected medium",
                "20 unmanaged medium",
                "21 other_block info",
                "23 protected medium",
                "24 protected medium",
                "30 unprotected high",
                "31 unprotected high",
                "32 unprotected high",
                "34 other_block info",
                "40 unprotected critical",
                "41 unprotected critical",
                "42 unprotected critical",
                "43 other_block info",
            ]
        );
    }

    #[test]
    fn nothing_is_said_of_whom_a_plan_leaves_out() {
        let (old, mut new) = (claiming(Some(block("mfa.staff", BlockKind::Mfa))), claiming(None));
        assert_eq!(compare(&old, &new).claims.len(), 1);
        new.targets = vec!["mfa.staff".into()];
        assert!(compare(&old, &new).claims.is_empty());
        assert!(compare(&new, &old).claims.is_empty());
    }
}
