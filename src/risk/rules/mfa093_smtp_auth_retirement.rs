//! MFA093 smtp-auth-retirement: managed users send by SMTP AUTH.

use crate::risk::names::{Names, users};
use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA093",
    name: "smtp-auth-retirement",
    title: "Managed users send by SMTP AUTH",
    grades: &[Medium],
    facts: &[Fact::SignIns],
    traits: Traits::NONE,
    remediation: "Move them to OAuth for SMTP, a relay connector or High Volume Email.",
    doc: RuleDoc {
        meaning: "At least one user whom an `mfa` block claims sends by SMTP AUTH, changed by this plan or not.",
        why: "Basic SMTP AUTH is off by default in existing tenants at the end of December 2026; administrators may switch it on again, and the final date is told in the second half of 2027.",
        evidence: "How many users, and the first names.",
        action: "",
        sources: &["Exchange Online to retire Basic auth for Client Submission (SMTP AUTH)"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let (mut senders, mut unknown) = (Names::default(), 0);
    for (_, user, _) in case.managed() {
        match user.sign_ins.as_deref() {
            Some(sign_ins) if sign_ins.legacy.is_some() => {
                if recognise::smtp(sign_ins).is_some() {
                    senders.add(user);
                }
            }
            _ => unknown += 1,
        }
    }
    if unknown > 0 {
        case.blind(unknown, Fact::SignIns);
    }
    if !senders.is_empty() {
        let message = format!(
            "{} managed here {} by SMTP AUTH, which is off by default from the end of December 2026 on; it may be switched on \
             again.",
            users(senders.count()),
            if senders.count() == 1 { "sends" } else { "send" }
        );
        case.fire(Hit::new(Medium, message).with("users", senders.count()).with("first", senders.first()));
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
                ("one", |w| w.legacy("SMTP", 1), Fires(Medium)),
                ("IMAP", |w| w.legacy("IMAP4", 1), Silent),
                ("unknown", |w| w.user().sign_ins = None, Blind),
            ],
        );
    }
}
