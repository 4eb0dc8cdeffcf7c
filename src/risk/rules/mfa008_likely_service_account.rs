//! MFA008 likely-service-account: behaves like a service account.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA008",
    name: "likely-service-account",
    title: "Behaves like a service account",
    grades: &[Critical, High],
    facts: &[Fact::SignIns],
    traits: Traits::WORKLOAD.or(Traits::SIGNAL),
    remediation: "Move the workload to a managed identity or an app registration with a certificate, or declare it as `service_account`.",
    doc: RuleDoc {
        meaning: "The service account signal reaches the certain score (default 70), with at least one line of evidence that shows the account at work. Critical where the change ends in enforced or the account is privileged; else high. Without sign-in facts the rule is not evaluated below that score.",
        why: "A workload cannot answer a second factor: whatever runs under the account stops.",
        evidence: "The score and every line it is made of.",
        action: "If a person uses it, a registered Authenticator lowers the score.",
        sources: &["Securing user-based service accounts in Microsoft Entra ID"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let score = case.score();
    if score < case.context.facts.model.certain {
        return if !recognise::sign_ins_known(case.user) { Verdict::Blind(Fact::SignIns) } else { Verdict::Clear };
    }
    let signal = case.context.facts.signal(case.user);
    Hit::new(
        case.critical_if_enforced_or_privileged(),
        "This account behaves like a service account: with MFA, what runs under it stops.",
    )
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
                ("a human name, betrayed by behaviour", |w| w.workload(), Fires(Critical)),
                (
                    "enabled only, not registered",
                    |w| {
                        w.workload();
                        w.change(Disabled, Enabled);
                    },
                    Fires(High),
                ),
                (
                    "enabled only, but privileged",
                    |w| {
                        w.workload();
                        w.user().directory_roles = Some([global_admin()].into());
                        w.change(Disabled, Enabled);
                    },
                    Fires(Critical),
                ),
                ("everything static, no behaviour", |w| w.static_signs(), Silent),
                (
                    "below",
                    |w| {
                        w.workload();
                        w.sign_ins().ropc = Some(0);
                    },
                    Silent,
                ),
                (
                    "no sign-in facts",
                    |w| {
                        w.static_signs();
                        w.user().sign_ins = None;
                    },
                    Blind,
                ),
            ],
        );
    }
}
