//! MFA010 service-account-name-only: named like a service account, behaviour unknown.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA010",
    name: "service-account-name-only",
    title: "Named like a service account, behaviour unknown",
    grades: &[Medium],
    facts: &[],
    traits: Traits::WORKLOAD.or(Traits::NAME),
    remediation: "Confirm with the owner that a person uses this account.",
    doc: RuleDoc {
        meaning: "A word such as `svc`, `scan` or `backup` stands in the sign-in or display name, and there are no sign-in facts to confirm or clear it. Whole words only; digits end a word.",
        why: "Names mislead: the rule asks, it never blocks.",
        evidence: "The word.",
        action: "Give the plan sign-in records (`sign_ins` in the `tenant` block takes what the portal downloads).",
        sources: &["Securing user-based service accounts in Microsoft Entra ID"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    if recognise::sign_ins_known(case.user) {
        return Verdict::Clear;
    }
    match case.context.facts.model.names().find(case.user) {
        Some(word) => {
            Hit::new(Medium, "This account is named like a service account, and there are no sign-in facts to tell.")
                .with("word", word)
                .into()
        }
        None => Verdict::Clear,
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
                (
                    "svc",
                    |w| {
                        w.user().user_principal_name = "svc-crm@contoso.com".into();
                        w.user().sign_ins = None;
                    },
                    Fires(Medium),
                ),
                (
                    "a word in the display name",
                    |w| {
                        w.user().display_name = Some("Scanner 2nd floor".into());
                        w.user().sign_ins = None;
                    },
                    Fires(Medium),
                ),
                (
                    "Scanlon",
                    |w| {
                        w.user().display_name = Some("Ida Scanlon".into());
                        w.user().sign_ins = None;
                    },
                    Silent,
                ),
                ("sign-ins are known", |w| w.user().display_name = Some("Scanner".into()), Silent),
            ],
        );
    }
}
