//! MFA088 uncovered-users: accounts that no block claims.

use crate::risk::rule::prelude::*;
use crate::{desired::Claim, risk::names::Names};

pub(super) static RULE: Rule = Rule {
    id: "MFA088",
    name: "uncovered-users",
    title: "Accounts that no block claims",
    grades: &[Medium],
    facts: &[Fact::Directory],
    traits: Traits::NONE,
    remediation: "Claim them, or declare them as `service_account` or `break_glass`.",
    doc: RuleDoc {
        meaning: "Enabled member accounts exist that no block claims.",
        why: "They keep the state they have, whatever that is; a new account starts disabled.",
        evidence: "How many, and the first names.",
        action: "",
        sources: &[],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let context = case.context;
    let (mut uncovered, mut unknown) = (Names::default(), 0);
    for (user, claim) in context.tenant.users().iter().zip(&context.desired.claims) {
        if *claim != Claim::Unmanaged || user.is_guest() == Some(true) {
            continue;
        }
        match user.account_enabled {
            Some(true) => uncovered.add(user),
            Some(false) => {}
            None => unknown += 1,
        }
    }
    if unknown > 0 {
        case.blind(unknown, Fact::Directory);
    }
    if !uncovered.is_empty() {
        case.fire(
            Hit::new(
                Medium,
                format!(
                    "{} enabled and claimed by no block.",
                    if uncovered.count() == 1 {
                        "1 member account is".into()
                    } else {
                        format!("{} member accounts are", uncovered.count())
                    }
                ),
            )
            .with("users", uncovered.count())
            .with("first", uncovered.first()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;
    use crate::tenant::UserType;

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                ("one", |w| w.stranger(|_| {}), Fires(Medium)),
                ("a disabled one", |w| w.stranger(|user| user.account_enabled = Some(false)), Silent),
                ("a guest", |w| w.stranger(|user| user.user_type = Some(UserType::Guest)), Silent),
                ("nobody", |_| {}, Silent),
                ("not known to be enabled", |w| w.stranger(|user| user.account_enabled = None), Blind),
            ],
        );
    }
}
