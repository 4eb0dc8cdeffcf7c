//! MFA067 covered-only-while-active: covered only while a role is active.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA067",
    name: "covered-only-while-active",
    title: "Covered only while a role is active",
    grades: &[Critical],
    facts: &[Fact::Roles, Fact::ConditionalAccess, Fact::SecurityDefaults],
    traits: Traits::NONE,
    remediation: "Include the user in a policy by name or group, or make the policy one for everybody.",
    doc: RuleDoc {
        meaning: "The user is lowered, and the only policies that would cover them do so through a role they are merely eligible for.",
        why: "Somebody who holds the password signs in without MFA and then activates the role.",
        evidence: "The policies and the role.",
        action: "",
        sources: &["Conditional Access: Users, groups, agents, and workload identities"],
    },
    check: Check::Change(On::LOWER, check),
};

fn check(case: &Case<'_>) -> Verdict {
    if case.context.tenant.security_defaults_enabled == Some(true) {
        return Verdict::Clear;
    }
    match case.context.policies.only_while_active(case.user) {
        None => Verdict::Clear,
        Some(policies) => {
            Hit::new(Critical, "Conditional Access covers this user only while an eligible role is active.")
                .with("policies", serde_json::json!(policies))
                .with_some("role", case.role())
                .into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;

    fn for_admins() -> crate::tenant::Policy {
        let mut one = policy("Administrators");
        one.conditions.users.include_users.clear();
        one.conditions.users.include_roles = vec![crate::tenant::role::GLOBAL_ADMINISTRATOR.to_string().into()];
        one
    }

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                (
                    "eligible",
                    |w| {
                        w.user().directory_roles = Some([eligible(global_admin())].into());
                        w.policies = Some(vec![for_admins()]);
                        w.change(Enforced, Disabled);
                    },
                    Fires(Critical),
                ),
                (
                    "permanent",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        w.policies = Some(vec![for_admins()]);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "covered without the role too",
                    |w| {
                        w.user().directory_roles = Some([eligible(global_admin())].into());
                        w.policies = Some(vec![for_admins(), policy("Everybody")]);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "not covered at all",
                    |w| {
                        w.user().directory_roles = Some([eligible(global_admin())].into());
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
            ],
        );
    }
}
