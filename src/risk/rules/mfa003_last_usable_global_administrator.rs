//! MFA003 last-usable-global-administrator: no Global Administrator could sign in after this plan.

use crate::risk::{plan_case::NO_GLOBAL_ADMINISTRATOR, rule::prelude::*};
use std::collections::{HashMap, HashSet};

use crate::{
    risk::names::Names,
    tenant::{User, UserIndex, is_global_administrator},
};

pub(super) static RULE: Rule = Rule {
    id: "MFA003",
    name: "last-usable-global-administrator",
    title: "No Global Administrator could sign in after this plan",
    grades: &[Critical, High],
    facts: &[Fact::Roles, Fact::Registration],
    traits: Traits::NONE,
    remediation: "Register a usable method for another Global Administrator first.",
    doc: RuleDoc {
        meaning: "After the changes that will be performed, no enabled Global Administrator is left who is `disabled` or has a usable method. Eligible administrators and emergency accounts count. Telephones count until the service gives them up. Where the methods of some are unknown, the rule is high, not critical, if the plan raises a Global Administrator, and is not evaluated otherwise.",
        why: "Only Microsoft Support could restore access.",
        evidence: "The number of enabled Global Administrators, and how many have no usable or no known method.",
        action: "A Temporary Access Pass helps to register. Lowering an emergency account that was raised by mistake also helps.",
        sources: &["Manage emergency access accounts in Microsoft Entra ID"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let tenant = case.context.tenant;
    let mut after: HashMap<UserIndex, MfaState> = HashMap::new();
    let mut raised = HashSet::new();
    for transition in case.applied().filter(|one| administers(tenant.user(one.user)) == Some(true)) {
        after.insert(transition.user, transition.effective);
        if transition.action.raises() {
            raised.insert(transition.user);
        }
    }
    let (mut all, mut unusable, mut unknown) = (Names::default(), 0_u64, 0_u64);
    let mut raises_one = false;
    let mut roles_unknown = 0;
    for (index, user) in tenant.indexed().filter(|(_, user)| user.account_enabled != Some(false)) {
        match administers(user) {
            Some(true) => {}
            Some(false) => continue,
            None => {
                roles_unknown += 1;
                continue;
            }
        }
        all.add(user);
        raises_one |= raised.contains(&index);
        let state = after.get(&index).copied().or_else(|| user.mfa_state.known());
        match (state, methods::usable(user, case.context.instant)) {
            (Some(MfaState::Disabled), _) | (_, Some(true)) => return,
            (Some(_), Some(false)) => unusable += 1,
            (None, _) | (_, None) => unknown += 1,
        }
    }
    if all.is_empty() {
        return match roles_unknown {
            // Every role is known, and nobody here has this one: the copy is of a part of the tenant.
            0 => case.blind_for(0, NO_GLOBAL_ADMINISTRATOR),
            _ => case.blind(roles_unknown, Fact::Roles),
        };
    }
    if unknown > 0 && !raises_one {
        return case.blind(unknown, Fact::Registration);
    }
    let hit = if unknown > 0 {
        Hit::new(High, "After this plan nobody knows whether a Global Administrator could still sign in: none is disabled or known to have a usable method, and the methods of some are unknown.")
            .remedy("Read the registration report (grant AuditLog.Read.All), or have one Global Administrator register a passkey.")
    } else {
        Hit::new(
            Critical,
            "After this plan no enabled Global Administrator could sign in: none is disabled or has a usable method.",
        )
    };
    let hit = hit
        .with("global_administrators", all.count())
        .with("without_usable_method", unusable)
        .with("methods_unknown", unknown)
        .with("first", all.first());
    case.fire(hit);
}

/// Holds the user the role? `None` where their roles are unknown.
fn administers(user: &User) -> Option<bool> {
    Some(user.directory_roles.as_ref()?.iter().any(is_global_administrator))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;
    use crate::{desired::Timing, diff::Decision};

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                (
                    "the only one is raised without a method",
                    |w| {
                        w.only_admin();
                        w.user().methods = Some([].into());
                        w.user().registered = Some(false);
                    },
                    Fires(Critical),
                ),
                (
                    "the only one is raised, methods unknown",
                    |w| {
                        w.only_admin();
                        w.user().methods = None;
                        w.user().mfa_capable = None;
                    },
                    Fires(High),
                ),
                ("the only one has a method", |w| w.only_admin(), Silent),
                (
                    "another one is disabled",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        w.user().methods = Some([].into());
                    },
                    Silent,
                ),
                (
                    "the change is withheld",
                    |w| {
                        w.only_admin();
                        w.user().methods = Some([].into());
                        w.decide(Decision::new(Timing::Now, vec!["MFA003".into()]));
                    },
                    Silent,
                ),
                (
                    "no Global Administrator is visible, roles unknown",
                    |w| {
                        w.users.truncate(1);
                        w.user().directory_roles = None;
                    },
                    Blind,
                ),
                ("no Global Administrator is visible, and all roles are known", |w| w.users.truncate(1), Blind),
            ],
        );
    }
}
