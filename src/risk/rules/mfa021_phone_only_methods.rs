//! MFA021 phone-only-methods: only a telephone is registered.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA021",
    name: "phone-only-methods",
    title: "Only telephones are registered",
    grades: &[Critical, High, Medium],
    facts: &[Fact::Registration],
    traits: Traits::PERSONAL.or(Traits::REGISTER),
    remediation: "Register a passkey or Authenticator, or move to a telecom provider of your own.",
    doc: RuleDoc {
        meaning: "Every registered method that counts for MFA is a telephone. Medium; high from 90 days before Microsoft stops text messages and calls for this user, critical from that day on: 2027-02-01, for Global Administrators and external users 2027-07-01.",
        why: "Text messages and calls can be intercepted and moved to another card; and from the date on they do not work at all.",
        evidence: "The methods, and the date that holds for the user.",
        action: "",
        sources: &["Authentication methods in Microsoft Entra ID: phone options"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match methods::phone_only(case.user) {
        None => return Verdict::Blind(Fact::Registration),
        Some(false) => return Verdict::Clear,
        Some(true) => {}
    }
    let instant = case.context.instant;
    let end = deadlines::phones_end(case.user);
    let (severity, message) = if end.is_past(instant) {
        (Critical, format!("Only telephones are registered, and text messages and calls stopped on {}.", end.from))
    } else if end.is_within(90, instant) {
        (High, format!("Only telephones are registered, and text messages and calls stop on {}.", end.from))
    } else {
        (Medium, format!("Only telephones are registered. Text messages and calls stop on {}.", end.from))
    };
    Hit::new(severity, message).with_some("methods", case.methods()).with("deadline", end.from.to_string()).into()
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
                (
                    "a mobile, 73 days before",
                    |w| w.user().methods = Some(["mobilePhone".into(), "email".into()].into()),
                    Fires(High),
                ),
                (
                    "a Global Administrator has until July",
                    |w| {
                        w.user().methods = Some(["mobilePhone".into(), "officePhone".into()].into());
                        w.user().directory_roles = Some([global_admin()].into());
                    },
                    Fires(Medium),
                ),
                (
                    "after the date",
                    |w| {
                        w.user().methods = Some(["SMS".into()].into());
                        w.config.instant = "2027-02-01T00:00:00Z".parse().unwrap();
                    },
                    Fires(Critical),
                ),
                (
                    "with Authenticator",
                    |w| w.user().methods = Some(["mobilePhone".into(), "microsoftAuthenticatorPush".into()].into()),
                    Silent,
                ),
                ("nothing at all is another rule", |w| w.user().methods = Some([].into()), Silent),
                ("unknown", |w| w.user().methods = None, Blind),
            ],
        );
    }
}
