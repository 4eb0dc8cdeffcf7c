//! MFA091 evidence-missing: facts are missing.

use std::collections::BTreeSet;

use crate::risk::rule::prelude::*;
use crate::tenant::User;

pub(super) static RULE: Rule = Rule {
    id: "MFA091",
    name: "evidence-missing",
    title: "Facts are missing",
    grades: &[Medium],
    facts: &[],
    traits: Traits::NONE,
    remediation: "Grant the missing read permission, or add sign-in records (`sign_ins`) as the portal downloads them.",
    doc: RuleDoc {
        meaning: "The tenant refused facts, no user has sign-in facts, or rules could not be evaluated for lack of sign-in, registration, role or Conditional Access facts.",
        why: "A plan is as good as what it knows: a rule without facts is silent, not satisfied.",
        evidence: "What was refused and why; how many users lack sign-in, registration and role facts; which rules are blind for how many users; names of registered methods that this version does not know.",
        action: "",
        sources: &[],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    const TELLING: [Fact; 5] =
        [Fact::SignIns, Fact::SignInActivity, Fact::Registration, Fact::Roles, Fact::ConditionalAccess];
    let tenant = case.context.tenant;
    let total = tenant.users().len() as u64;
    let missing = |lacks: fn(&User) -> bool| tenant.users().iter().filter(|user| lacks(user)).count() as u64;
    let no_sign_ins = missing(|user| !recognise::sign_ins_known(user));
    let no_registration = missing(|user| methods::registered(user).is_none());
    let no_roles = missing(|user| user.directory_roles.is_none());
    let is_telling = |fact: &str| TELLING.iter().any(|one| one.as_str() == fact);
    let blind = case.not_evaluated.iter().any(|one| is_telling(&one.fact));
    let nobody = total > 0 && no_sign_ins == total;
    let strange: BTreeSet<&str> = tenant.users().iter().flat_map(methods::unknown).collect();
    if tenant.unavailable.is_empty() && !blind && !nobody && strange.is_empty() {
        return;
    }
    let of = |count: u64| format!("{count} of {total}");
    let refused: Vec<_> = tenant
        .unavailable
        .iter()
        .map(|one| serde_json::json!({"fact": one.fact.as_str(), "reason": one.reason}))
        .collect();
    let rules: Vec<_> = case
        .not_evaluated
        .iter()
        .map(|one| serde_json::json!({"rule": one.rule, "users": one.users, "fact": one.fact}))
        .collect();
    let hit = Hit::new(Medium, "Facts are missing: some rules could not look at every user.")
        .with("unavailable", refused)
        .with("users_without_sign_ins", of(no_sign_ins))
        .with("users_without_registration", of(no_registration))
        .with("users_without_roles", of(no_roles))
        .with("not_evaluated", rules);
    let hit = if strange.is_empty() {
        hit
    } else {
        hit.with("unknown_methods", strange.into_iter().take(10).collect::<Vec<_>>())
    };
    case.fire(hit);
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;
    use crate::tenant::{Fact, Unavailable};

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                (
                    "refused",
                    |w| w.unavailable.push(Unavailable { fact: Fact::SignIns, reason: "no P1".into() }),
                    Fires(Medium),
                ),
                ("nobody has sign-ins", |w| w.users.iter_mut().for_each(|user| user.sign_ins = None), Fires(Medium)),
                (
                    "a raised user's registration is unknown",
                    |w| {
                        w.user().registered = None;
                        w.user().methods = None;
                    },
                    Fires(Medium),
                ),
                (
                    "a method of the future",
                    |w| w.user().methods = Some(["quantumKey".into(), "fido2SecurityKey".into()].into()),
                    Fires(Medium),
                ),
                ("all is known", |_| {}, Silent),
                ("only the purpose of a mailbox is unknown", |w| w.user().mailbox_purpose = None, Silent),
            ],
        );
    }
}
