//! MFA009 possible-service-account: may be a service account.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA009",
    name: "possible-service-account",
    title: "May be a service account",
    grades: &[Medium],
    facts: &[Fact::SignIns],
    traits: Traits::WORKLOAD.or(Traits::SIGNAL),
    remediation: "Ask the owner, and put the account into a later wave.",
    doc: RuleDoc {
        meaning: "The service account signal is between the possible (default 40) and the certain score (default 70).",
        why: "The facts point both ways. If it is a workload, it stops.",
        evidence: "The score and every line it is made of.",
        action: "",
        sources: &["Securing user-based service accounts in Microsoft Entra ID"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let model = &case.context.facts.model;
    let score = case.score();
    if score >= model.certain {
        return Verdict::Clear;
    }
    if score < model.possible {
        return if !recognise::sign_ins_known(case.user) { Verdict::Blind(Fact::SignIns) } else { Verdict::Clear };
    }
    let signal = case.context.facts.signal(case.user);
    Hit::new(Medium, "The facts about this account point both ways: person or service account.")
        .with("service_account_score", score)
        .with("signal", signal.evidence())
        .into()
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
                ("everything static", |w| w.static_signs(), Fires(Medium)),
                ("certain is another rule", |w| w.workload(), Silent),
                ("a name is not enough", |w| w.user().display_name = Some("Backup".into()), Silent),
                ("no sign-in facts", |w| w.user().sign_ins = None, Blind),
            ],
        );
    }
}
