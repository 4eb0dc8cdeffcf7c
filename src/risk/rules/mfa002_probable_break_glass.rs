//! MFA002 probable-break-glass: probably an emergency account that nobody declared.

use crate::risk::rule::prelude::*;
use crate::{facts::recognise::LastSeen, tenant::is_global_administrator};

pub(super) static RULE: Rule = Rule {
    id: "MFA002",
    name: "probable-break-glass",
    title: "Probably an emergency account that nobody declared",
    grades: &[Critical],
    facts: &[Fact::Roles, Fact::ConditionalAccess, Fact::SignInActivity, Fact::Directory],
    traits: Traits::NONE,
    remediation: "Declare the account as `break_glass` and give it a FIDO2 key or a certificate.",
    doc: RuleDoc {
        meaning: "The account is excluded by name, group or role from every enabled Conditional Access policy for all applications that asks for MFA or blocks and would otherwise reach it, from two such policies at least (policies that name only the account itself, or a group of at most five, do not count against it); or carries `BG` in extensionAttribute1, or is a permanent Global Administrator in the cloud only, with an `onmicrosoft.com` name, that is known not to have signed in for 30 days.",
        why: "Emergency accounts exist for the day on which MFA does not work. If no method is registered, the last way into the tenant is locked.",
        evidence: "What shows it: the number of policies, the attribute, or role and last sign-in.",
        action: "If it is no emergency account, remove its exclusions, or accept the finding with a reason.",
        sources: &["Manage emergency access accounts in Microsoft Entra ID"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let user = case.user;
    let mark = user.extension_attributes.as_ref().and_then(|all| all[0].as_deref());
    if mark.is_some_and(|mark| mark.trim().eq_ignore_ascii_case("BG")) {
        return hit().with("extension.1", "BG").into();
    }
    let excluded = case.context.policies.excluded_from_all(user);
    if let Ok(Some(policies)) = excluded {
        return hit().with("excluded_from_enabled_policies", policies).into();
    }
    let cloud_admin_name = user.on_premises_sync_enabled != Some(true)
        && user.domain().is_some_and(|domain| domain.to_ascii_lowercase().ends_with(".onmicrosoft.com"));
    if cloud_admin_name {
        let Some(roles) = &user.directory_roles else { return Verdict::Blind(Fact::Roles) };
        let permanent = roles.iter().any(|one| one.permanent && is_global_administrator(one));
        let last = recognise::last_sign_in(user, case.context.instant);
        match is_idle(last, case) {
            Some(true) if permanent => {
                return hit()
                    .with("role", "permanent Global Administrator")
                    .with("last_sign_in", last.to_string())
                    .into();
            }
            None if permanent => return Verdict::Blind(Fact::SignInActivity),
            _ => {}
        }
    }
    match excluded {
        Err(fact) => Verdict::Blind(fact),
        Ok(_) if user.extension_attributes.is_none() => Verdict::Blind(Fact::Directory),
        Ok(_) => Verdict::Clear,
    }
}

fn hit() -> Hit {
    Hit::new(Critical, "Everything about this account says emergency access, but no break_glass block declares it.")
}

/// Known not to have signed in for 30 days? An account of which nothing is known may well be in use.
fn is_idle(last: LastSeen, case: &Case<'_>) -> Option<bool> {
    match last {
        LastSeen::Unknown => None,
        LastSeen::Never => Some(true),
        LastSeen::NotIn(days) => (days >= 30).then_some(true),
        LastSeen::At(at) => Some(recognise::days_between(at, case.context.known_until()) > 30),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;
    use crate::tenant::LastSignIn;

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                (
                    "marked",
                    |w| {
                        w.user().extension_attributes =
                            Some(Box::new(std::array::from_fn(|i| (i == 0).then(|| "BG".into()))))
                    },
                    Fires(Critical),
                ),
                (
                    "marked elsewhere",
                    |w| {
                        w.user().extension_attributes =
                            Some(Box::new(std::array::from_fn(|i| (i == 1).then(|| "BG".into()))))
                    },
                    Silent,
                ),
                (
                    "excluded from both policies",
                    |w| {
                        let id = w.user().id;
                        w.policies = Some(vec![excluding(policy("one"), id), excluding(policy("two"), id)]);
                    },
                    Fires(Critical),
                ),
                (
                    "excluded from both, beside one of its own and one for an application",
                    |w| {
                        let id = w.user().id;
                        let mut own = policy("Emergency: certificate");
                        own.conditions.users.include_users = vec![id.to_string().into()];
                        let mut one_application = policy("Azure");
                        one_application.conditions.applications.include_applications =
                            vec!["797f4846-ba00-4fd7-ba43-dac1f8f63013".into()];
                        w.policies = Some(vec![
                            excluding(policy("one"), id),
                            excluding(policy("two"), id),
                            own,
                            one_application,
                        ]);
                    },
                    Fires(Critical),
                ),
                (
                    "excluded from one of two",
                    |w| {
                        let id = w.user().id;
                        w.policies = Some(vec![excluding(policy("one"), id), policy("two")]);
                    },
                    Silent,
                ),
                (
                    "excluded from the only one",
                    |w| {
                        let id = w.user().id;
                        w.policies = Some(vec![excluding(policy("one"), id)]);
                    },
                    Silent,
                ),
                (
                    "idle cloud Global Administrator",
                    |w| {
                        w.user().user_principal_name = "root@contoso.onmicrosoft.com".into();
                        w.user().directory_roles = Some([global_admin()].into());
                        w.user().last_sign_in = LastSignIn::Never;
                    },
                    Fires(Critical),
                ),
                (
                    "of whom nothing is known",
                    |w| {
                        w.user().user_principal_name = "root@contoso.onmicrosoft.com".into();
                        w.user().directory_roles = Some([global_admin()].into());
                        w.user().last_sign_in = LastSignIn::Unknown;
                        w.user().sign_ins = None;
                    },
                    Blind,
                ),
                (
                    "busy Global Administrator",
                    |w| {
                        w.user().user_principal_name = "root@contoso.onmicrosoft.com".into();
                        w.user().directory_roles = Some([global_admin()].into());
                    },
                    Silent,
                ),
                (
                    "synchronised Global Administrator",
                    |w| {
                        w.user().on_premises_sync_enabled = Some(true);
                        w.user().directory_roles = Some([global_admin()].into());
                        w.user().last_sign_in = LastSignIn::Never;
                    },
                    Silent,
                ),
                ("policies unknown", |w| w.policies = None, Blind),
            ],
        );
    }
}
