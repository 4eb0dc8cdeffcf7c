//! MFA084 trusted-ips-bypass: trusted addresses skip MFA.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA084",
    name: "trusted-ips-bypass",
    title: "Trusted addresses skip MFA",
    grades: &[Medium],
    facts: &[Fact::MfaServicePolicy],
    traits: Traits::NONE,
    remediation: "Remove trusted IPs, or move them to named locations of Conditional Access.",
    doc: RuleDoc {
        meaning: "Trusted IP ranges are configured, or federated users on the intranet skip MFA.",
        why: "Whoever gets into that network needs the password only.",
        evidence: "The ranges.",
        action: "",
        sources: &["Configure Microsoft Entra multifactor authentication settings: trusted IPs"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let Some(policy) = &case.context.tenant.mfa_service_policy else {
        return case.blind(case.context.tenant.users().len() as u64, Fact::MfaServicePolicy);
    };
    let ranges = policy.trusted_ips.as_deref().unwrap_or_default();
    let skips = policy.skip_mfa_for_federated_users == Some(true);
    if !ranges.is_empty() || skips {
        case.fire(
            Hit::new(Medium, "Some sign-ins skip MFA because of where they come from.")
                .with("trusted_ips", ranges.iter().take(10).map(|one| one.as_str()).collect::<Vec<_>>())
                .with("skip_mfa_for_federated_users", policy.skip_mfa_for_federated_users),
        );
    } else if policy.trusted_ips.is_none() || policy.skip_mfa_for_federated_users.is_none() {
        case.blind(case.context.tenant.users().len() as u64, Fact::MfaServicePolicy);
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
                ("ranges", |w| w.service_policy().trusted_ips = Some(vec!["203.0.113.0/24".into()]), Fires(Medium)),
                ("federated users", |w| w.service_policy().skip_mfa_for_federated_users = Some(true), Fires(Medium)),
                ("neither", |_| {}, Silent),
                ("unknown", |w| w.service_policy().trusted_ips = None, Blind),
            ],
        );
    }
}
