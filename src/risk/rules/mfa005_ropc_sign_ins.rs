//! MFA005 ropc-sign-ins: a program signs in with this password.

use crate::risk::rule::prelude::*;
use crate::tenant::SignIns;

pub(super) static RULE: Rule = Rule {
    id: "MFA005",
    name: "ropc-sign-ins",
    title: "A program signs in with this password",
    grades: &[Critical],
    facts: &[Fact::SignIns],
    traits: Traits::WORKLOAD,
    remediation: "Move the program to a workload identity: managed identity, or an app registration with a certificate.",
    doc: RuleDoc {
        meaning: "There were successful sign-ins by the resource owner password credential grant (ROPC) in the window.",
        why: "ROPC cannot answer a second factor. The program stops at its next sign-in, whoever else uses the account.",
        evidence: "How many, in how many days, to which applications.",
        action: "A person who tests a script this way gets the finding all the same: the script will fail.",
        sources: &["Microsoft identity platform and OAuth 2.0 Resource Owner Password Credentials"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let Some(sign_ins) = case.sign_ins() else { return Verdict::Blind(Fact::SignIns) };
    match sign_ins.ropc {
        None => Verdict::Blind(Fact::SignIns),
        Some(0) => Verdict::Clear,
        Some(count) => Hit::new(
            Critical,
            "A program signs in with this user's password (ROPC): with MFA it fails at its next sign-in.",
        )
        .with("ropc", count)
        .with_some("window_days", sign_ins.window_days)
        .with_some("distinct_ips", sign_ins.distinct_ips)
        .with_some("apps", apps(sign_ins))
        .into(),
    }
}

/// The first applications.
fn apps(sign_ins: &SignIns) -> Option<serde_json::Value> {
    let apps = sign_ins.apps.as_deref().filter(|apps| !apps.is_empty())?;
    Some(apps.iter().take(5).map(|app| app.display_name.as_ref().unwrap_or(&app.id).as_str()).collect())
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
                ("once", |w| w.sign_ins().ropc = Some(1), Fires(Critical)),
                (
                    "when enabling too",
                    |w| {
                        w.sign_ins().ropc = Some(400);
                        w.user().registered = Some(false);
                        w.change(Disabled, Enabled);
                    },
                    Fires(Critical),
                ),
                ("never", |w| w.sign_ins().ropc = Some(0), Silent),
                ("unknown", |w| w.sign_ins().ropc = None, Blind),
                ("no sign-in data", |w| w.user().sign_ins = None, Blind),
                (
                    "lowering",
                    |w| {
                        w.sign_ins().ropc = Some(9);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
            ],
        );
    }
}
