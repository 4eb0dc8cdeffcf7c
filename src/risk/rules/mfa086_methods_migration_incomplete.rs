//! MFA086 methods-migration-incomplete: the methods policy migration is incomplete.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA086",
    name: "methods-migration-incomplete",
    title: "The methods policy migration is incomplete",
    grades: &[Medium],
    facts: &[Fact::AuthenticationMethodsPolicy],
    traits: Traits::NONE,
    remediation: "Finish the migration to the authentication methods policy.",
    doc: RuleDoc {
        meaning: "`policyMigrationState` of the authentication methods policy is not `migrationComplete`.",
        why: "Which methods a user may register is then decided in two places, one of which cannot be managed any more: the legacy MFA and SSPR policies ended on 2025-09-30.",
        evidence: "The state.",
        action: "",
        sources: &["How to migrate MFA and SSPR policy settings to the Authentication methods policy"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    match &case.context.tenant.policy_migration_state {
        None => case.blind(case.context.tenant.users().len() as u64, Fact::AuthenticationMethodsPolicy),
        Some(state) if state.eq_ignore_ascii_case("migrationComplete") => {}
        Some(state) => {
            let end = &deadlines::LEGACY_POLICIES_END;
            let ended =
                if end.is_past(case.context.instant) { "cannot be managed since" } else { "can be managed until" };
            let message = format!(
                "The migration to the authentication methods policy is not complete; the legacy policies {ended} {}.",
                end.from
            );
            case.fire(Hit::new(Medium, message).with("policy_migration_state", state.as_str()));
        }
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
                ("in progress", |w| w.migration = Some("migrationInProgress".into()), Fires(Medium)),
                ("complete", |_| {}, Silent),
                ("unknown", |w| w.migration = None, Blind),
            ],
        );
    }
}
