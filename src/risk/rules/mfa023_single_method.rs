//! MFA023 single-method: only one method is registered.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA023",
    name: "single-method",
    title: "Only one method is registered",
    grades: &[Low],
    facts: &[Fact::Registration],
    traits: Traits::PERSONAL.or(Traits::REGISTER),
    remediation: "Register a second method.",
    doc: RuleDoc {
        meaning: "Exactly one method of MFA grade is registered.",
        why: "A lost telephone is then a call to the help desk, and the help desk is what attackers call too.",
        evidence: "The method.",
        action: "",
        sources: &["Plan a Microsoft Entra multifactor authentication deployment"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match methods::mfa_grade_count(case.user) {
        None => Verdict::Blind(Fact::Registration),
        Some(1) => Hit::new(Low, "Only one MFA method is registered.").with_some("methods", case.methods()).into(),
        Some(_) => Verdict::Clear,
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
                ("one", |w| w.user().methods = Some(["mobilePhone".into()].into()), Fires(Low)),
                (
                    "one beside an e-mail address",
                    |w| w.user().methods = Some(["mobilePhone".into(), "email".into()].into()),
                    Fires(Low),
                ),
                ("two", |w| w.user().methods = Some(["mobilePhone".into(), "fido2SecurityKey".into()].into()), Silent),
                ("unknown", |w| w.user().methods = None, Blind),
            ],
        );
    }
}
