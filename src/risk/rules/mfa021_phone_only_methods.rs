//! MFA021 phone-only-methods: only a telephone is registered.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA021",
    name: "phone-only-methods",
    title: "Only a telephone is registered",
    grades: &[Medium],
    facts: &[Fact::Registration],
    remediation: "Register Authenticator or a passkey.",
    doc: RuleDoc {
        meaning: "Every registered method is a telephone (or e-mail, which is no MFA).",
        why: "Text messages and calls can be intercepted and moved to another card.",
        evidence: "The methods.",
        action: "",
        sources: &["Authentication methods in Microsoft Entra ID: phone options"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let Some(all) = &case.user.methods else { return Verdict::Blind(Fact::Registration) };
    let phones_only = all.iter().all(|one| methods::is_phone(one) || one.eq_ignore_ascii_case("email"));
    if phones_only && all.iter().any(|one| methods::is_phone(one)) {
        Hit::new(Medium, "Only telephones are registered.").with_some("methods", case.methods()).into()
    } else {
        Verdict::Clear
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
                ("a mobile", |w| w.user().methods = Some(["mobilePhone".into(), "email".into()].into()), Fires(Medium)),
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
