//! MFA094 exception-needs-care: an exception is overdue or idle.

use crate::risk::rule::prelude::*;
use crate::risk::waivers::is_expired;

pub(super) static RULE: Rule = Rule {
    id: "MFA094",
    name: "exception-needs-care",
    title: "An exception is overdue or idle",
    grades: &[High, Low],
    facts: &[],
    traits: Traits::NONE,
    remediation: "Renew the exception with a new date and reason, or delete the block.",
    doc: RuleDoc {
        meaning: "A `service_account` block is past `until`, or an `accept` block is expired (high); or an `accept` block accepted nothing (low).",
        why: "Exceptions outlive their reasons. An expired waiver does not count; an idle one waits for the next risk to hide.",
        evidence: "The block and its date.",
        action: "",
        sources: &[],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let context = case.context;
    let config = context.config;
    for account in &config.service_accounts {
        if account.expires.is_some_and(|expires| expires <= context.instant) {
            let hit = Hit::new(High, "This service_account block is past its date: replace the account.")
                .with_some("until", account.until.as_ref().map(|until| until.as_str()))
                .with("owner", account.owner.as_str());
            case.fire_at(context.place(&account.declared), hit);
        }
    }
    for (index, accept) in config.accepts.iter().enumerate() {
        let hit = if is_expired(accept, context.instant) {
            Hit::new(High, "This waiver is expired: it accepts nothing any more.")
        } else if accept.rule.as_str() != RULE.id && case.used_accepts.get(index) == Some(&false) {
            Hit::new(Low, "This waiver accepts nothing in this plan.")
                .remedy("Delete the block, or correct its rule or its selectors.")
        } else {
            continue;
        };
        let hit = hit.with("rule", accept.rule.as_str()).with("expires", accept.expires.as_str());
        case.fire_at(context.place(&accept.declared), hit);
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
                ("a service account past its date", |w| w.service_account(Some(days_ago(1))), Fires(High)),
                ("a service account in time", |w| w.service_account(Some(days_ago(-1))), Silent),
                ("an expired waiver", |w| w.accept("MFA018", days_ago(0)), Fires(High)),
                ("a waiver that accepts nothing", |w| w.accept("MFA018", days_ago(-30)), Fires(Low)),
                (
                    "a waiver at work",
                    |w| {
                        w.user().registered = Some(false);
                        w.accept("MFA018", days_ago(-30));
                    },
                    Silent,
                ),
            ],
        );
    }
}
