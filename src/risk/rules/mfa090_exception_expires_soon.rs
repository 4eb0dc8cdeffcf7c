//! MFA090 exception-expires-soon: an exception ends soon.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA090",
    name: "exception-expires-soon",
    title: "An exception ends soon",
    grades: &[Medium, Low],
    facts: &[],
    traits: Traits::NONE,
    remediation: "Renew the exception with a new date and reason, or finish what it waits for.",
    doc: RuleDoc {
        meaning: "An `accept`, a `service_account` or a `staged` block ends within 30 days; medium within 7.",
        why: "What an exception held back happens on the day it ends.",
        evidence: "The block, its end, and the days left.",
        action: "",
        sources: &[],
    },
    check: Check::Plan(check),
};

/// From how many days before its end on an exception is spoken of, and from how many it matters more.
const SOON: i64 = 30;
const VERY_SOON: i64 = 7;

fn check(case: &mut PlanCase<'_>) {
    let context = case.context;
    let config = context.config;
    let accepts = config.accepts.iter().map(|one| (&one.declared, "accept", Some(one.expired_from)));
    let accounts = config.service_accounts.iter().map(|one| (&one.declared, "service_account", one.expires));
    let staged = config.mfa.iter().map(|one| (&one.declared, "staged", one.staged_until));
    for (declared, what, end) in accepts.chain(accounts).chain(staged) {
        let Some(end) = end.filter(|end| *end > context.instant) else { continue };
        let days = recognise::days_between(context.instant, end);
        let severity = match days {
            days if days <= VERY_SOON => Medium,
            days if days <= SOON => Low,
            _ => continue,
        };
        let ends = match days {
            0 => "within a day".to_owned(),
            1 => "in 1 day".to_owned(),
            days => format!("in {days} days"),
        };
        let hit = Hit::new(severity, format!("{} ends {ends}.", declared.address))
            .with("exception", what)
            .with("ends", end.to_string())
            .with("days", days);
        case.fire_at(context.place(declared), hit);
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
                ("a service account in three days", |w| w.service_account(Some(days_ago(-3))), Fires(Medium)),
                ("an accept in twenty", |w| w.accept("MFA018", days_ago(-20)), Fires(Low)),
                ("a stage in seven", |w| w.config.mfa[0].staged_until = Some(days_ago(-7)), Fires(Medium)),
                ("a stage in eight", |w| w.config.mfa[0].staged_until = Some(days_ago(-8)), Fires(Low)),
                ("in thirty-one", |w| w.accept("MFA018", days_ago(-31)), Silent),
                ("over already", |w| w.accept("MFA018", days_ago(0)), Silent),
                ("no end", |w| w.service_account(None), Silent),
            ],
        );
    }
}
