//! MFA004 operator-changes-self: you are about to change your own account.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA004",
    name: "operator-changes-self",
    title: "You are about to change your own account",
    grades: &[Critical, High],
    facts: &[Fact::Registration],
    traits: Traits::NONE,
    remediation: "Let another administrator, or an application identity, apply this change.",
    doc: RuleDoc {
        meaning: "The signed-in operator is in the plan. Critical when the change raises them and no usable method is known; else high. With an application identity the rule does not apply.",
        why: "A mistake that locks the operator out also takes away the hands that could undo it.",
        evidence: "The operator and their methods.",
        action: "",
        sources: &["How to: Enable per-user multifactor authentication (Microsoft Entra ID)"],
    },
    check: Check::Change(On::ALL, check),
};

fn check(case: &Case<'_>) -> Verdict {
    if case.context.tenant.operator_id != Some(case.user.id) {
        return Verdict::Clear;
    }
    let lockout = case.transition.action.raises() && methods::usable(case.user, case.context.instant) != Some(true);
    if lockout {
        Hit::new(
            Critical,
            "The operator raises their own account and has no usable method: they may lock themselves out.",
        )
        .with_some("methods", case.methods())
        .into()
    } else {
        Hit::new(High, "The operator changes their own account.").with_some("methods", case.methods()).into()
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
                ("the operator", |w| w.operator = Some(w.users[0].id), Fires(High)),
                (
                    "the operator, without a method",
                    |w| {
                        w.operator = Some(w.users[0].id);
                        w.user().methods = Some([].into());
                    },
                    Fires(Critical),
                ),
                (
                    "the operator, methods unknown",
                    |w| {
                        w.operator = Some(w.users[0].id);
                        w.user().methods = None;
                    },
                    Fires(Critical),
                ),
                (
                    "lowering the operator",
                    |w| {
                        w.operator = Some(w.users[0].id);
                        w.user().methods = None;
                        w.change(Enforced, Disabled);
                    },
                    Fires(High),
                ),
                ("somebody else", |w| w.operator = Some(w.users[1].id), Silent),
                ("an application", |w| w.operator = None, Silent),
            ],
        );
    }
}
