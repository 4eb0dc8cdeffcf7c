//! MFA043 promoted-since: enabled was declared, enforced is found.

use crate::risk::names::users;
use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA043",
    name: "promoted-since",
    title: "Enabled was declared, enforced is found",
    grades: &[Info],
    facts: &[],
    traits: Traits::NONE,
    remediation: "Nothing, or declare `enforced`.",
    doc: RuleDoc {
        meaning: "A user is declared `enabled` and found `enforced`: they have registered since, and the service promoted them. They count as satisfied and are not lowered.",
        why: "It explains why the plan shows no change for this user.",
        evidence: "The user, or the number and the first names where there are more than twenty.",
        action: "`allow_downgrade = true` in the block lowers those who have not registered.",
        sources: &["How to: Enable per-user multifactor authentication (Microsoft Entra ID)"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let context = case.context;
    let promoted: Vec<_> = context
        .desired
        .promoted
        .iter()
        .map(|(user, block)| (*user, context.config.mfa.get(*block as usize)))
        // Where a block asks to lower them, MFA063 says why they stay.
        .filter(|(_, block)| block.is_none_or(|block| !block.allow_downgrade))
        .map(|(user, block)| (user, block.map(|block| context.place(&block.declared))))
        .collect();
    case.fire_for(
        &promoted,
        |_| {
            Hit::new(
                Info,
                "This user is declared enabled and has been promoted to enforced, which satisfies the declaration.",
            )
            .with("mfa_state", "enforced")
        },
        |names| {
            Hit::new(Info, format!("{} declared enabled and promoted to enforced are satisfied.", users(names.count())))
                .with("users", names.count())
                .with("first", names.first())
        },
    );
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
                ("promoted", |w| w.promote(), Fires(Info)),
                (
                    "thirty of them make one finding",
                    |w| {
                        w.staff(30);
                        w.promote();
                    },
                    Fires(Info),
                ),
                (
                    "a block asks to lower them",
                    |w| {
                        w.config.mfa[0].allow_downgrade = true;
                        w.promote();
                    },
                    Silent,
                ),
                ("nobody", |_| {}, Silent),
            ],
        );
    }
}
