//! MFA087 too-few-break-glass: fewer than two emergency accounts are declared.

use crate::desired::{Claim, ProtectionKind};
use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA087",
    name: "too-few-break-glass",
    title: "Fewer than two emergency accounts are declared",
    grades: &[High],
    facts: &[],
    traits: Traits::NONE,
    remediation: "Declare two `break_glass` accounts, each with a passkey or a certificate.",
    doc: RuleDoc {
        meaning: "Fewer than two users are claimed by `break_glass` blocks and the plan raises somebody to enforced.",
        why: "When MFA itself fails, only prepared accounts get in. Emergency accounts are under mandatory MFA too: they need a passkey or a certificate, not an exception.",
        evidence: "How many are declared.",
        action: "",
        sources: &["Manage emergency access accounts in Microsoft Entra ID"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    if !case.enforces() {
        return;
    }
    let claims = case.context.desired.claims.iter();
    let declared = claims
        .filter(|claim| matches!(claim, Claim::Protected(protection) if protection.kind == ProtectionKind::BreakGlass))
        .count();
    if declared < 2 {
        case.fire(
            Hit::new(High, "Fewer than two emergency accounts are declared, and this plan enforces MFA.")
                .with("break_glass_users", declared),
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
                ("one", |w| w.undeclare_break_glass(), Fires(High)),
                ("two", |_| {}, Silent),
                (
                    "one, but nothing is enforced",
                    |w| {
                        w.undeclare_break_glass();
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
            ],
        );
    }
}
