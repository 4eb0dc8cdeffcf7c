//! The plan as a whole, as rules over it see it.

use std::borrow::Cow;

use super::{
    Context, NotEvaluated,
    finding::{FindingUser, Place, PlanFinding},
    names::Names,
    rule::{Hit, Rule},
};
use crate::{
    desired::Claim,
    diff::{Cause, Decision, Transition},
    tenant::{Fact, MfaState, User, UserIndex},
};

/// From how many users on a rule speaks of them in one finding instead of one each.
const SINGLY: usize = 20;

/// What is missing where no Global Administrator can be seen.
pub(super) const NO_GLOBAL_ADMINISTRATOR: &str = "global_administrator";

pub(super) struct PlanCase<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) transitions: &'a [Transition],
    pub(super) decisions: &'a [Decision],
    /// What was not evaluated so far, changes included.
    pub(super) not_evaluated: Vec<NotEvaluated>,
    /// Per `accept` block: did it accept anything so far?
    pub(super) used_accepts: Vec<bool>,
    pub(super) findings: Vec<PlanFinding>,
    /// The rule that runs.
    pub(super) rule: (usize, &'static Rule),
}

impl<'a> PlanCase<'a> {
    /// Transitions and what happens to them.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&'a Transition, &'a Decision)> + use<'a> {
        self.transitions.iter().zip(self.decisions)
    }

    /// The changes that will be performed.
    pub(super) fn applied(&self) -> impl Iterator<Item = &'a Transition> + use<'a> {
        self.changes().filter(|(_, decision)| decision.is_apply()).map(|(transition, _)| transition)
    }

    /// Users raised by this plan, now or when their wave opens. Withheld changes raise nobody.
    pub(super) fn raised(&self) -> impl Iterator<Item = &'a User> + use<'a> {
        let tenant = self.context.tenant;
        self.changes()
            .filter(|(transition, decision)| !decision.is_block() && transition.action.raises())
            .map(|(transition, _)| tenant.user(transition.user))
    }

    /// Does anything raised end in enforced?
    pub(super) fn enforces(&self) -> bool {
        self.changes().any(|(transition, decision)| {
            !decision.is_block() && transition.action.raises() && transition.effective == MfaState::Enforced
        })
    }

    /// Users claimed by `mfa` blocks.
    pub(super) fn managed(&self) -> impl Iterator<Item = (UserIndex, &'a User, u32)> + use<'a> {
        let context = self.context;
        context.tenant.indexed().filter_map(move |(index, user)| match context.desired.claims.get(index.0 as usize) {
            Some(Claim::Managed(managed)) => Some((index, user, managed.block)),
            _ => None,
        })
    }

    /// Index of the `mfa` block that causes a transition.
    pub(super) const fn block_of(transition: &Transition) -> Option<u32> {
        match transition.cause {
            Cause::Mfa(block) => Some(block),
            Cause::ServiceAccount(_) | Cause::Rollback => None,
        }
    }

    /// Reports of the tenant or the plan.
    pub(super) fn fire(&mut self, hit: Hit) {
        self.push(hit, None, None);
    }

    /// Reports at a block's place.
    pub(super) fn fire_at(&mut self, place: Place, hit: Hit) {
        self.push(hit, None, Some(place));
    }

    /// Reports of users one by one, or of all of them together where they are many: a plan stays readable.
    pub(super) fn fire_for(
        &mut self,
        users: &[(UserIndex, Option<Place>)],
        one: impl Fn(&User) -> Hit,
        many: impl FnOnce(&Names) -> Hit,
    ) {
        let tenant = self.context.tenant;
        if users.len() > SINGLY {
            let hit = many(&Names::of(users.iter().map(|(user, _)| tenant.user(*user))));
            return self.fire(hit);
        }
        for (user, place) in users {
            self.push(one(tenant.user(*user)), Some(*user), place.clone());
        }
    }

    /// The rule could not look at so many users.
    pub(super) fn blind(&mut self, users: u64, fact: Fact) {
        self.blind_for(users, fact.as_str());
    }

    /// As [`Self::blind`], for want of something that is no fact of a user.
    pub(super) fn blind_for(&mut self, users: u64, what: &'static str) {
        let rule = Cow::Borrowed(self.rule.1.id);
        self.not_evaluated.push(NotEvaluated { rule, users, fact: what.into() });
    }

    fn push(&mut self, hit: Hit, user: Option<UserIndex>, declared_by: Option<Place>) {
        let (index, rule) = self.rule;
        let mut finding = self.context.finding(index, rule, hit);
        finding.accepted = self.context.waivers.find(rule.id, user, &mut self.used_accepts);
        let user = user.map(|index| {
            let user = self.context.tenant.user(index);
            FindingUser {
                id: user.id,
                user_principal_name: user.user_principal_name.clone(),
                display_name: user.display_name.clone(),
            }
        });
        self.findings.push(PlanFinding { finding, user, declared_by });
    }
}
