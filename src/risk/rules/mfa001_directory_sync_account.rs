//! MFA001 directory-sync-account: this is the account of Microsoft Entra Connect.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA001",
    name: "directory-sync-account",
    title: "This is the account of Microsoft Entra Connect",
    grades: &[Critical],
    facts: &[Fact::Roles],
    traits: Traits::NO_PERSON,
    remediation: "Leave the account out, and move Microsoft Entra Connect to its application identity with a certificate.",
    doc: RuleDoc {
        meaning: "The account holds the role Directory Synchronization Accounts (or On Premises Directory Sync Account), has the display name that Microsoft Entra Connect gives it, or a sign-in name that starts with `Sync_`.",
        why: "The sync service signs in with a password and cannot answer a second factor: synchronisation of the whole directory stops.",
        evidence: "What shows it: role, display name or sign-in name.",
        action: "Declare it as `service_account` until then.",
        sources: &[
            "Microsoft Entra Connect: Accounts and permissions",
            "Microsoft Entra Connect: Application-based authentication",
        ],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match recognise::sync_account(case.user) {
        Some(by) => {
            Hit::new(Critical, "This is the directory synchronisation account: with MFA, synchronisation stops.")
                .with("recognised_by", by)
                .with_some("display_name", case.user.display_name.as_deref())
                .into()
        }
        None if case.user.directory_roles.is_none() => Verdict::Blind(Fact::Roles),
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
                    "by role",
                    |w| {
                        w.user().directory_roles = Some(
                            [role("d29b2b05-8046-44ba-8758-1e26182fcf32", "Directory Synchronization Accounts")].into(),
                        )
                    },
                    Fires(Critical),
                ),
                (
                    "by the newer role",
                    |w| {
                        w.user().directory_roles = Some(
                            [role("a92aed5d-d78a-4d16-b381-09adb37eb3b0", "On Premises Directory Sync Account")].into(),
                        )
                    },
                    Fires(Critical),
                ),
                (
                    "by name, roles unknown",
                    |w| {
                        w.user().user_principal_name = "Sync_DC01_0a1b@contoso.onmicrosoft.com".into();
                        w.user().directory_roles = None;
                    },
                    Fires(Critical),
                ),
                (
                    "by display name",
                    |w| w.user().display_name = Some("On-Premises Directory Synchronization Service Account".into()),
                    Fires(Critical),
                ),
                ("a person called Sync", |w| w.user().user_principal_name = "synclair@contoso.com".into(), Silent),
                ("roles unknown", |w| w.user().directory_roles = None, Blind),
                (
                    "lowering breaks nothing",
                    |w| {
                        w.user().user_principal_name = "Sync_DC01@contoso.com".into();
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
            ],
        );
    }
}
