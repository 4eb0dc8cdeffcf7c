//! MFA099 service-account-unprotected: a declared service account needs care.

use crate::risk::rule::prelude::*;
use crate::{
    desired::{Claim, ProtectionKind},
    risk::names::users,
    tenant::User,
};

pub(super) static RULE: Rule = Rule {
    id: "MFA099",
    name: "service-account-unprotected",
    title: "A declared service account needs care",
    grades: &[High],
    facts: &[Fact::Roles, Fact::SignIns],
    traits: Traits::NONE,
    remediation: "Take the role away, keep people from signing in with it, and replace it by a workload identity.",
    doc: RuleDoc {
        meaning: "A user claimed by a `service_account` block holds a privileged role, or signs in interactively as well.",
        why: "A protected account is one that no plan gives MFA: it must not be an administrator, and not a person's way around MFA.",
        evidence: "The role, and the interactive sign-ins.",
        action: "",
        sources: &["Securing user-based service accounts in Microsoft Entra ID"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let context = case.context;
    let mut found = Vec::new();
    let (mut no_roles, mut no_sign_ins) = (0, 0);
    for ((index, user), claim) in context.tenant.indexed().zip(&context.desired.claims) {
        let Claim::Protected(protection) = claim else { continue };
        if protection.kind != ProtectionKind::ServiceAccount {
            continue;
        }
        let privileged = recognise::privileged(user);
        let interactive = interactive(user);
        if privileged == Some(true) || interactive.is_some_and(|count| count > 0) {
            let block = context.config.service_accounts.get(protection.block as usize);
            found.push((index, block.map(|block| context.place(&block.declared))));
            continue;
        }
        no_roles += u64::from(privileged.is_none());
        no_sign_ins += u64::from(interactive.is_none());
    }
    if no_roles > 0 {
        case.blind(no_roles, Fact::Roles);
    }
    if no_sign_ins > 0 {
        case.blind(no_sign_ins, Fact::SignIns);
    }
    case.fire_for(
        &found,
        |user| {
            let message = match (recognise::privileged(user), interactive(user)) {
                (Some(true), Some(1..)) => {
                    "This declared service account is privileged and signs in interactively as well."
                }
                (Some(true), _) => "This declared service account is privileged.",
                _ => "This declared service account signs in interactively as well.",
            };
            Hit::new(High, message)
                .with_some("role", recognise::privileged_role(user).map(|role| role.display_name.as_str()))
                .with_some("interactive", interactive(user))
        },
        |names| {
            Hit::new(
                High,
                format!(
                    "{} declared as service accounts are privileged or sign in interactively.",
                    users(names.count())
                ),
            )
            .with("users", names.count())
            .with("first", names.first())
        },
    );
}

/// Interactive sign-ins of a person: the log also counts legacy protocols and the password grant as interactive, and
/// those are what a service account is declared for.
fn interactive(user: &User) -> Option<u32> {
    let log = user.sign_ins.as_deref()?;
    let by_programs = log.legacy_total().unwrap_or(0).saturating_add(log.ropc.unwrap_or(0));
    Some(log.interactive?.saturating_sub(by_programs))
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
                    "privileged",
                    |w| {
                        w.service_account(None);
                        w.asleep();
                        w.user().directory_roles = Some([global_admin()].into());
                    },
                    Fires(High),
                ),
                ("interactive", |w| w.service_account(None), Fires(High)),
                (
                    "neither",
                    |w| {
                        w.service_account(None);
                        w.asleep();
                    },
                    Silent,
                ),
                ("a person", |w| w.user().directory_roles = Some([global_admin()].into()), Silent),
                (
                    "sign-ins unknown",
                    |w| {
                        w.service_account(None);
                        w.user().sign_ins = None;
                    },
                    Blind,
                ),
            ],
        );
    }
}
