//! MFA013 bulk-enrolment-account: this is a bulk enrolment token.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA013",
    name: "bulk-enrolment-account",
    title: "This is a bulk enrolment token",
    grades: &[High],
    facts: &[],
    traits: Traits::NO_PERSON,
    remediation: "Leave the account out.",
    doc: RuleDoc {
        meaning: "The sign-in name is `package_<guid>@…`: Windows Configuration Designer made the account for a provisioning package.",
        why: "Devices join with the token of this account; nobody can answer a second factor for it.",
        evidence: "The sign-in name.",
        action: "Delete it when the package is no longer used.",
        sources: &["Bulk enrollment for Windows devices"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    if recognise::is_bulk_enrolment(case.user) {
        Hit::new(High, "This account is the token of a bulk enrolment package: with MFA, devices no longer join.")
            .with("user_principal_name", case.user.user_principal_name.as_str())
            .into()
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
                (
                    "a package",
                    |w| {
                        w.user().user_principal_name = "package_3c3c1f0e-6a53-4c4b-9d58-2d3fdc0c0f11@contoso.com".into()
                    },
                    Fires(High),
                ),
                ("a parcel service", |w| w.user().user_principal_name = "package_desk@contoso.com".into(), Silent),
            ],
        );
    }
}
