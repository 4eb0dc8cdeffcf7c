//! MFA028 dormant-account: nobody uses this account.

use crate::facts::recognise::LastSeen;
use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA028",
    name: "dormant-account",
    title: "Nobody uses this account",
    grades: &[Low],
    facts: &[Fact::SignInActivity],
    traits: Traits::PERSONAL,
    remediation: "Disable the account instead.",
    doc: RuleDoc {
        meaning: "The account has never signed in, or not for more than 90 days.",
        why: "An unused account with a known password is an open door, whatever its MFA state.",
        evidence: "The last sign-in.",
        action: "",
        sources: &["How to: Manage inactive user accounts"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let instant = case.context.instant;
    match recognise::last_sign_in(case.user, instant) {
        // A log that is shorter than the rule's 90 days cannot show that nobody uses the account.
        LastSeen::Unknown | LastSeen::NotIn(_) => Verdict::Blind(Fact::SignInActivity),
        LastSeen::Never => Hit::new(Low, "This account has never signed in.").with("last_sign_in", "never").into(),
        LastSeen::At(at) => match recognise::days_between(at, case.context.known_until()) {
            days if days > 90 => Hit::new(Low, "This account has not signed in for more than 90 days.")
                .with("last_sign_in", at.to_string())
                .with("days", days)
                .into(),
            _ => Verdict::Clear,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;
    use crate::tenant::LastSignIn;

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                ("never", |w| w.user().last_sign_in = LastSignIn::Never, Fires(Low)),
                ("91 days", |w| w.user().last_sign_in = LastSignIn::At(days_ago(91)), Fires(Low)),
                (
                    "89 days when the copy was made, long ago",
                    |w| {
                        w.user().last_sign_in = LastSignIn::At(days_ago(189));
                        w.captured_at = days_ago(100);
                    },
                    Silent,
                ),
                ("90 days", |w| w.user().last_sign_in = LastSignIn::At(days_ago(90)), Silent),
                (
                    "no date, and an empty window that is shorter than 90 days",
                    |w| {
                        w.asleep();
                        w.user().last_sign_in = LastSignIn::Unknown;
                    },
                    Blind,
                ),
                ("no date, but sign-ins", |w| w.user().last_sign_in = LastSignIn::Unknown, Silent),
                (
                    "unknown",
                    |w| {
                        w.user().last_sign_in = LastSignIn::Unknown;
                        w.user().sign_ins = None;
                    },
                    Blind,
                ),
            ],
        );
    }
}
