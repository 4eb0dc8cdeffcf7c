//! MFA020 privileged-without-strong-method: an administrator without a strong method.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA020",
    name: "privileged-without-strong-method",
    title: "An administrator without a strong method",
    grades: &[High, Medium],
    facts: &[Fact::Roles, Fact::Registration],
    traits: Traits::PERSONAL.or(Traits::REGISTER),
    remediation: "Register a passkey, Windows Hello for Business or a certificate.",
    doc: RuleDoc {
        meaning: "The user holds a privileged role and has no usable method (high), or none that resists phishing (medium). Telephones count as usable until the service gives them up; where only methods that this version does not know are registered, the rule is not evaluated.",
        why: "Administrators are what phishing kits are made for.",
        evidence: "The role and the methods.",
        action: "",
        sources: &["Authentication methods: phishing-resistant MFA for administrators"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match case.privileged {
        None => return Verdict::Blind(Fact::Roles),
        Some(false) => return Verdict::Clear,
        Some(true) => {}
    }
    let hit = match (methods::usable(case.user, case.context.instant), &case.user.methods) {
        (Some(false), _) => Hit::new(High, "This privileged user has no usable method."),
        (_, None) | (None, _) => return Verdict::Blind(Fact::Registration),
        (Some(true), Some(all)) if all.iter().any(|one| methods::is_phishing_resistant(one)) => {
            return Verdict::Clear;
        }
        (Some(true), Some(_)) => Hit::new(Medium, "This privileged user has no method that resists phishing."),
    };
    hit.with_some("role", case.role()).with_some("methods", case.methods()).into()
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
                    "nothing usable",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        w.user().methods = Some(["alternateMobilePhone".into()].into());
                    },
                    Fires(High),
                ),
                (
                    "not capable",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        w.user().mfa_capable = Some(false);
                    },
                    Fires(High),
                ),
                (
                    "nothing phishing-resistant",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        w.user().methods = Some(["mobilePhone".into(), "softwareOneTimePasscode".into()].into());
                    },
                    Fires(Medium),
                ),
                (
                    "a passkey",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        w.user().methods = Some(["passKeyDeviceBoundAuthenticator".into()].into());
                    },
                    Silent,
                ),
                (
                    "only a reader",
                    |w| {
                        w.user().directory_roles =
                            Some([role("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers")].into());
                        w.user().methods = Some([].into());
                    },
                    Silent,
                ),
                (
                    "methods unknown",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        w.user().methods = None;
                    },
                    Blind,
                ),
                ("roles unknown", |w| w.user().directory_roles = None, Blind),
            ],
        );
    }
}
