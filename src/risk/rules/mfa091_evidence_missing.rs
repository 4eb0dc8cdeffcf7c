//! MFA091 evidence-missing: facts are missing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::risk::{NotEvaluated, plan_case::NO_GLOBAL_ADMINISTRATOR, rule::prelude::*};
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
    let blind: Vec<&NotEvaluated> = case
        .not_evaluated
        .iter()
        .filter(|one| one.fact == NO_GLOBAL_ADMINISTRATOR || TELLING.iter().any(|fact| fact.as_str() == one.fact))
        .collect();
    let nobody = total > 0 && no_sign_ins == total;
    let strange: BTreeSet<&str> = tenant.users().iter().flat_map(methods::unknown).collect();
    if tenant.unavailable.is_empty() && blind.is_empty() && !nobody && strange.is_empty() {
        return;
    }
    let mut hit = Hit::new(Medium, message(&blind));
    if !tenant.unavailable.is_empty() {
        let refused = tenant.unavailable.iter().map(|one| json!({"fact": one.fact.as_str(), "reason": one.reason}));
        hit = hit.with("unavailable", refused.collect::<Vec<_>>());
    }
    let lacking = [
        ("users_without_sign_ins", no_sign_ins),
        ("users_without_registration", no_registration),
        ("users_without_roles", no_roles),
    ];
    for (fact, count) in lacking.into_iter().filter(|(_, count)| *count > 0) {
        hit = hit.with(fact, format!("{count} of {total}"));
    }
    if !case.not_evaluated.is_empty() {
        let rules = case.not_evaluated.iter();
        let rules = rules.map(|one| json!({"rule": one.rule, "users": one.users, "fact": one.fact}));
        hit = hit.with("not_evaluated", rules.collect::<Vec<_>>());
    }
    if !blind.is_empty() && blind.iter().all(|one| one.fact == NO_GLOBAL_ADMINISTRATOR) && tenant.unavailable.is_empty()
    {
        hit = hit.remedy("Read all users with their directory roles, or take a snapshot of the whole tenant.");
    }
    if !strange.is_empty() {
        hit = hit.with("unknown_methods", strange.into_iter().take(10).collect::<Vec<_>>());
    }
    case.fire(hit);
}

/// Each missing fact with the rules that want it and for how many users at most.
fn message(blind: &[&NotEvaluated]) -> String {
    let mut by_fact: BTreeMap<&str, (BTreeSet<&str>, u64)> = BTreeMap::new();
    for one in blind {
        let (rules, most) = by_fact.entry(&one.fact).or_default();
        rules.insert(&one.rule);
        *most = one.users.max(*most);
    }
    let unseen = by_fact.remove(NO_GLOBAL_ADMINISTRATOR).is_some();
    let mut said = Vec::new();
    for (fact, (rules, most)) in by_fact {
        let mut names: Vec<&str> = rules.iter().copied().take(4).collect();
        let more = format!("{} more", rules.len() - names.len());
        if rules.len() > names.len() {
            names.push(&more);
        }
        let users = match most {
            0 => "the tenant".to_owned(),
            1 => "1 user".to_owned(),
            most if rules.len() > 1 => format!("up to {most} users"),
            most => format!("{most} users"),
        };
        said.push(format!("Without {fact}, {} could not judge {users}.", listed(&names)));
    }
    if unseen {
        said.push("No Global Administrator is visible, so MFA003 was not judged.".to_owned());
    }
    if said.is_empty() { "Some facts are missing.".to_owned() } else { said.join(" ") }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;
    use crate::tenant::{Fact, Unavailable};

    #[test]
    fn what_is_said_names_each_fact_its_rules_and_how_many() {
        let mut world = World::new();
        world.user().registered = None;
        world.user().methods = None;
        let outcome = world.run();
        let found = outcome.finding(RULE.id);
        assert!(found.message.starts_with("Without registration, MFA018, MFA019, "), "{}", found.message);
        assert!(found.message.ends_with(" more could not judge 1 user."), "{}", found.message);
        let names: Vec<&str> = found.evidence.iter().map(|one| &*one.fact).collect();
        assert_eq!(names, ["users_without_registration", "not_evaluated"], "no zero stands beside what is missing");

        let mut world = World::new();
        world.users.iter_mut().for_each(|user| user.directory_roles = Some([].into()));
        let outcome = world.run();
        assert_eq!(outcome.finding(RULE.id).message, "No Global Administrator is visible, so MFA003 was not judged.");
    }

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
