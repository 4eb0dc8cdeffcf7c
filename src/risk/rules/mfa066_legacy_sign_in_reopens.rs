//! MFA066 legacy-sign-in-reopens: legacy sign-in opens again.

use crate::facts::LegacyClients;
use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA066",
    name: "legacy-sign-in-reopens",
    title: "Legacy sign-in opens again",
    grades: &[Critical, High],
    facts: &[Fact::ConditionalAccess, Fact::SecurityDefaults, Fact::SignIns, Fact::Roles],
    traits: Traits::NONE,
    remediation: "Block legacy clients for this user by Conditional Access first, for Exchange ActiveSync and for other clients.",
    doc: RuleDoc {
        meaning: "An enforced user is lowered, security defaults are not known to be on, and no enabled policy is known to keep their legacy clients out: none blocks both kinds, or asks them for MFA, which they cannot do. Critical where the user has legacy sign-ins or is privileged.",
        why: "Enforced per-user MFA kept legacy clients out. A policy for browsers and modern clients does not: from then on IMAP, POP and SMTP take the password alone, which is what password spraying uses.",
        evidence: "How many legacy sign-ins there were, who asked for MFA at how many sign-ins, the role, and the fact that is missing.",
        action: "",
        sources: &["Block legacy authentication with Conditional Access"],
    },
    check: Check::Change(On::LOWER, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let tenant = case.context.tenant;
    if case.transition.before.known() != Some(MfaState::Enforced) || tenant.security_defaults_enabled == Some(true) {
        return Verdict::Clear;
    }
    let missing = match case.context.policies.legacy_clients(case.user) {
        LegacyClients::Blocked(_) => return Verdict::Clear,
        LegacyClients::Open => None,
        LegacyClients::Unknown(fact) => Some(fact.as_str()),
    };
    let used = case.sign_ins().and_then(|one| one.legacy_total());
    let severity = if used.is_some_and(|count| count > 0) || case.privileged == Some(true) { Critical } else { High };
    let hit = Hit::new(
        severity,
        "Legacy clients can sign in with the password alone again: no policy is known to block them for this user.",
    )
    .with_some("legacy_sign_ins", used)
    .with_some("asked_by", case.asked_by())
    .with_some("role", case.role())
    .with_some("unknown", missing);
    match (severity, used, case.privileged) {
        (High, None, _) => Verdict::AtLeast(hit, Fact::SignIns),
        (High, _, None) => Verdict::AtLeast(hit, Fact::Roles),
        _ => hit.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;

    fn blocking(kinds: &[&str]) -> crate::tenant::Policy {
        let mut one = policy("Block legacy");
        one.conditions.client_app_types = kinds.iter().map(|kind| (*kind).into()).collect();
        one.grant_controls.get_or_insert_default().built_in_controls = vec!["block".into()];
        one
    }

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                ("nobody blocks", |w| w.change(Enforced, Disabled), Fires(High)),
                ("relaxed", |w| w.change(Enforced, Enabled), Fires(High)),
                ("was only enabled", |w| w.change(Enabled, Disabled), Silent),
                (
                    "has legacy sign-ins",
                    |w| {
                        w.legacy("IMAP4", 3);
                        w.change(Enforced, Disabled);
                    },
                    Fires(Critical),
                ),
                (
                    "privileged",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        w.change(Enforced, Disabled);
                    },
                    Fires(Critical),
                ),
                (
                    "blocked",
                    |w| {
                        w.policies = Some(vec![blocking(&["exchangeActiveSync", "other"])]);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "asked for MFA, which legacy clients cannot do",
                    |w| {
                        w.policies = Some(vec![policy("MFA for all")]);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "only one kind is blocked",
                    |w| {
                        w.policies = Some(vec![blocking(&["other"])]);
                        w.change(Enforced, Disabled);
                    },
                    Fires(High),
                ),
                (
                    "two policies, a kind each",
                    |w| {
                        w.policies = Some(vec![blocking(&["other"]), blocking(&["exchangeActiveSync"])]);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "the user is excluded",
                    |w| {
                        let id = w.user().id;
                        w.policies = Some(vec![excluding(blocking(&["exchangeActiveSync", "other"]), id)]);
                        w.change(Enforced, Disabled);
                    },
                    Fires(High),
                ),
                (
                    "security defaults",
                    |w| {
                        w.security_defaults = Some(true);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "policies unknown is not safe",
                    |w| {
                        w.policies = None;
                        w.change(Enforced, Disabled);
                    },
                    Fires(High),
                ),
                ("raised", |_| {}, Silent),
            ],
        );
    }

    #[test]
    fn tells_who_asked_and_for_how_many() {
        let mut world = World::new();
        world.asked_but_not_covered();
        let outcome = world.run();
        let finding = outcome.finding(RULE.id);
        assert_eq!(finding.severity, Critical, "there were legacy sign-ins");
        assert_eq!(
            finding.message,
            "Legacy clients can sign in with the password alone again: no policy is known to block them for this user."
        );
        let asked = finding.evidence.iter().find(|one| one.fact == "asked_by");
        assert_eq!(asked.unwrap().value, asked_by());
    }
}
