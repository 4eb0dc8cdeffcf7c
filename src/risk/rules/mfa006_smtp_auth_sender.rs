//! MFA006 smtp-auth-sender: sends mail by SMTP AUTH.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA006",
    name: "smtp-auth-sender",
    title: "Sends mail by SMTP AUTH",
    grades: &[Critical],
    facts: &[Fact::SignIns],
    traits: Traits::WORKLOAD,
    remediation: "Use OAuth for SMTP, a relay connector or High Volume Email.",
    doc: RuleDoc {
        meaning: "There were successful sign-ins by SMTP AUTH in the window, and the change ends in enforced (enabling counts where the user is registered, or where that is unknown).",
        why: "Enforced blocks basic SMTP at once: the scanner, the copier or the application stops sending.",
        evidence: "How often, when last, from how many addresses.",
        action: "Basic SMTP AUTH is off by default at the end of December 2026 anyway; administrators may switch it on again.",
        sources: &[
            "Block legacy authentication with Conditional Access",
            "Exchange Online to retire Basic auth for Client Submission (SMTP AUTH)",
        ],
    },
    check: Check::Change(On::ENFORCE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let Some(sign_ins) = case.sign_ins() else { return Verdict::Blind(Fact::SignIns) };
    if sign_ins.legacy.is_none() {
        return Verdict::Blind(Fact::SignIns);
    }
    match recognise::smtp(sign_ins) {
        None => Verdict::Clear,
        Some(smtp) => Hit::new(Critical, "This account sends mail with SMTP AUTH, which stops working once MFA is enforced. Basic SMTP AUTH is off by default from the end of December 2026 on, and may be switched on again.")
            .with("legacy_sign_ins", serde_json::json!({smtp.protocol.as_str(): smtp.count}))
            .with_some("last", smtp.last.map(|at| at.to_string()))
            .with_some("distinct_ips", smtp.distinct_ips)
            .with_some("window_days", sign_ins.window_days)
            .into(),
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
                ("Authenticated SMTP", |w| w.legacy("Authenticated SMTP", 41), Fires(Critical)),
                ("SMTP", |w| w.legacy("smtp", 1), Fires(Critical)),
                (
                    "enabled and registered ends in enforced",
                    |w| {
                        w.legacy("Authenticated SMTP", 41);
                        w.change(Disabled, Enabled);
                    },
                    Fires(Critical),
                ),
                (
                    "enabled, registration unknown",
                    |w| {
                        w.legacy("SMTP", 2);
                        w.user().registered = None;
                        w.user().methods = None;
                        w.change(Disabled, Enabled);
                    },
                    Fires(Critical),
                ),
                (
                    "enabled and not registered stays",
                    |w| {
                        w.legacy("Authenticated SMTP", 41);
                        w.user().registered = Some(false);
                        w.change(Disabled, Enabled);
                    },
                    Silent,
                ),
                ("no success", |w| w.legacy("Authenticated SMTP", 0), Silent),
                ("IMAP is another rule", |w| w.legacy("IMAP4", 41), Silent),
                ("unknown", |w| w.user().sign_ins = None, Blind),
            ],
        );
    }
}
