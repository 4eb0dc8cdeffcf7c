//! MFA089 blast-radius: many users change at once.

use crate::risk::rule::prelude::*;
use crate::tenant::User;

pub(super) static RULE: Rule = Rule {
    id: "MFA089",
    name: "blast-radius",
    title: "Many users change at once",
    grades: &[High],
    facts: &[Fact::Directory],
    traits: Traits::NONE,
    remediation: "Use a `rollout` with waves.",
    doc: RuleDoc {
        meaning: "More than 20 users, and more than 25 % of the enabled users of the tenant, are changed by this plan under blocks without a rollout.",
        why: "Whatever goes wrong, goes wrong for all of them on one morning.",
        evidence: "How many of how many.",
        action: "`guardrails { max_change_percent }` sets a bound that refuses the plan.",
        sources: &["Plan a Microsoft Entra multifactor authentication deployment"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let config = case.context.config;
    let in_rollout = |block: u32| config.mfa.get(block as usize).is_some_and(|block| block.rollout.is_some());
    let tenant = case.context.tenant;
    let is_enabled = |user: &User| user.account_enabled != Some(false);
    let at_once = case
        .applied()
        .filter(|one| !PlanCase::block_of(one).is_some_and(in_rollout) && is_enabled(tenant.user(one.user)))
        .count() as u64;
    let enabled = tenant.users().iter().filter(|user| is_enabled(user)).count() as u64;
    if at_once > 20 && at_once * 4 > enabled {
        case.fire(
            Hit::new(High, format!("{at_once} of {enabled} enabled users change in one apply, without a rollout."))
                .with("changes", at_once)
                .with("enabled_users", enabled),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                (
                    "half of sixty",
                    |w| {
                        w.staff(60);
                        w.change_all(30, Disabled, Enforced);
                    },
                    Fires(High),
                ),
                (
                    "in a rollout",
                    |w| {
                        w.staff(60);
                        w.change_all(30, Disabled, Enforced);
                        w.config.mfa[0].rollout = Some("r".into());
                    },
                    Silent,
                ),
                (
                    "twenty, and one who is disabled anyway",
                    |w| {
                        w.staff(60);
                        w.change_all(21, Disabled, Enforced);
                        let last = w.changes[20].0;
                        w.users
                            .iter_mut()
                            .filter(|user| user.id == last)
                            .for_each(|user| user.account_enabled = Some(false));
                    },
                    Silent,
                ),
                (
                    "twenty",
                    |w| {
                        w.staff(60);
                        w.change_all(20, Disabled, Enforced);
                    },
                    Silent,
                ),
                (
                    "a tenth",
                    |w| {
                        w.staff(300);
                        w.change_all(30, Disabled, Enforced);
                    },
                    Silent,
                ),
            ],
        );
    }
}
