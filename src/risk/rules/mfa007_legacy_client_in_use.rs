//! MFA007 legacy-client-in-use: uses a legacy mail client.

use std::borrow::Cow;

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA007",
    name: "legacy-client-in-use",
    title: "Uses a legacy mail client",
    grades: &[High],
    facts: &[Fact::SignIns],
    traits: Traits::WORKLOAD,
    remediation: "Move the user to a client with modern authentication first.",
    doc: RuleDoc {
        meaning: "There were successful sign-ins by a legacy protocol other than SMTP (IMAP, POP, Exchange ActiveSync, older Outlook and so on), and the change ends in enforced.",
        why: "Enforced blocks legacy protocols, unless the tenant allows app passwords: mail stops. Exchange Web Services are blocked from 2026-10-01 where nobody allowed them, and gone on 2027-04-01.",
        evidence: "Which protocols, how often, when last.",
        action: "",
        sources: &[
            "Block legacy authentication with Conditional Access",
            "How to: Enable per-user multifactor authentication (Microsoft Entra ID)",
        ],
    },
    check: Check::Change(On::ENFORCE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let Some(legacy) = case.sign_ins().and_then(|one| one.legacy.as_ref()) else {
        return Verdict::Blind(Fact::SignIns);
    };
    let used = || legacy.iter().filter(|one| one.count > 0 && recognise::is_other_legacy(&one.protocol));
    if used().next().is_none() {
        return Verdict::Clear;
    }
    let counts: serde_json::Map<_, _> = used().map(|one| (one.protocol.to_string(), one.count.into())).collect();
    let last = used().filter_map(|one| one.last).max().map(|at| at.to_string());
    let ews = used().any(|one| one.protocol.eq_ignore_ascii_case("Exchange Web Services"));
    let message = if ews {
        let (blocked, gone) = (deadlines::EWS_BLOCKED.from, &deadlines::EWS_GONE);
        let service = if gone.is_past(case.context.instant) {
            format!("The service removed them on {}: move what still uses them.", gone.from)
        } else {
            format!(
                "The service blocks them from {blocked} where nobody allowed them, and removes them on {}.",
                gone.from
            )
        };
        format!("This user signs in by Exchange Web Services: once enforced, that client is blocked. {service}").into()
    } else {
        Cow::Borrowed("This user signs in by a legacy protocol: once enforced, that client is blocked.")
    };
    Hit::new(High, message).with("legacy_sign_ins", serde_json::Value::Object(counts)).with_some("last", last).into()
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
                ("IMAP", |w| w.legacy("IMAP4", 3), Fires(High)),
                ("ActiveSync, whatever the case", |w| w.legacy("exchange activesync", 3), Fires(High)),
                ("SMTP is another rule", |w| w.legacy("Authenticated SMTP", 3), Silent),
                ("a browser is not legacy", |w| w.legacy("Browser", 30), Silent),
                ("failed only", |w| w.legacy("POP3", 0), Silent),
                ("unknown", |w| w.sign_ins().legacy = None, Blind),
            ],
        );
    }
}
