//! MFA088 uncovered-users: accounts that no block claims.

use crate::risk::rule::prelude::*;
use crate::{desired::Claim, facts::UserKind, risk::names::Names};

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
        evidence: "How many people, how many rooms, shared mailboxes, programs and the like, and the first names of both.",
        action: "",
        sources: &[],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let context = case.context;
    let (mut people, mut others, mut unknown) = (Names::default(), Names::default(), 0);
    for ((index, user), claim) in context.tenant.indexed().zip(&context.desired.claims) {
        if *claim != Claim::Unmanaged || user.is_guest() == Some(true) {
            continue;
        }
        match user.account_enabled {
            Some(true) if context.facts.kind(index, None) == UserKind::Person => people.add(user),
            Some(true) => others.add(user),
            Some(false) => {}
            None => unknown += 1,
        }
    }
    if unknown > 0 {
        case.blind(unknown, Fact::Directory);
    }
    let accounts = |count, noun: &str, of: &str| match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {of}"),
    };
    let who = match (people.count(), others.count()) {
        (0, 0) => return,
        (count, 0) => accounts(count, "person", "people"),
        (0, count) => accounts(count, "account that is no person", "accounts that are no people"),
        (count, more) => {
            format!("{} and {}", accounts(count, "person", "people"), accounts(more, "other account", "other accounts"))
        }
    };
    let verb = if people.count() + others.count() == 1 { "is" } else { "are" };
    let mut hit = Hit::new(Medium, format!("{who} {verb} enabled and claimed by no block."));
    for (fact, first, names) in [("people", "first_people", &people), ("others", "first_others", &others)] {
        if !names.is_empty() {
            hit = hit.with(fact, names.count()).with(first, names.first());
        }
    }
    case.fire(hit);
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;
    use crate::tenant::{MailboxPurpose, UserType};

    #[test]
    fn people_and_others_are_told_apart() {
        let mut world = World::new();
        world.stranger(|_| {});
        world.stranger(|user| user.mailbox_purpose = Some(MailboxPurpose::Room));
        world.stranger(|user| user.mailbox_purpose = Some(MailboxPurpose::Shared));
        let outcome = world.run();
        let found = outcome.finding(RULE.id);
        assert_eq!(found.message, "1 person and 2 other accounts are enabled and claimed by no block.");
        let evidence: Vec<_> = found.evidence.iter().map(|one| (&*one.fact, one.value.clone())).collect();
        assert_eq!(evidence[0], ("people", 1.into()));
        assert_eq!(evidence[2], ("others", 2.into()));
    }

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
