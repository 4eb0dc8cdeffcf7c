//! MFA031 app-password-in-use: an app password is in use.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA031",
    name: "app-password-in-use",
    title: "An app password is in use",
    grades: &[High],
    facts: &[Fact::SignIns],
    traits: Traits::WORKLOAD,
    remediation: "Move the application to modern authentication and remove the app password.",
    doc: RuleDoc {
        meaning: "There were successful sign-ins with an app password in the window, and the change ends in enforced or lowers the user.",
        why: "An app password gets around MFA while it exists. Lowering the user may invalidate it; raising them keeps the hole open.",
        evidence: "How often.",
        action: "",
        sources: &["Enforce Microsoft Entra multifactor authentication with legacy applications using app passwords"],
    },
    check: Check::Change(On::ENFORCE.or(On::LOWER), check),
};

fn check(case: &Case<'_>) -> Verdict {
    match case.sign_ins().and_then(|one| one.app_password) {
        None => Verdict::Blind(Fact::SignIns),
        Some(0) => Verdict::Clear,
        Some(count) => {
            let message = if case.on.meets(On::LOWER) {
                "An application signs in with an app password of this user: lowering the user may stop it."
            } else {
                "An application signs in with an app password of this user, around MFA."
            };
            Hit::new(High, message).with("app_password", count).into()
        }
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
                ("enforced", |w| w.sign_ins().app_password = Some(4), Fires(High)),
                (
                    "lowered",
                    |w| {
                        w.sign_ins().app_password = Some(4);
                        w.change(Enforced, Disabled);
                    },
                    Fires(High),
                ),
                (
                    "enabled, not registered",
                    |w| {
                        w.sign_ins().app_password = Some(4);
                        w.user().registered = Some(false);
                        w.change(Disabled, Enabled);
                    },
                    Silent,
                ),
                ("none", |_| {}, Silent),
                ("unknown", |w| w.user().sign_ins = None, Blind),
            ],
        );
    }
}
