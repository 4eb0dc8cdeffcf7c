//! MFA084 trusted-ips-bypass: trusted addresses skip MFA.

use crate::risk::names::{Names, users};
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
        meaning: "Trusted IP ranges are configured, or federated users on the intranet skip MFA, or the sign-in log has sign-ins that skipped MFA because of their address or location.",
        why: "Whoever gets into that network needs the password only.",
        evidence: "The ranges; how many sign-ins skipped MFA so, of how many users, and the first names.",
        action: "",
        sources: &["Configure Microsoft Entra multifactor authentication settings: trusted IPs"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let tenant = case.context.tenant;
    let (mut skipping, mut sign_ins) = (Names::default(), 0_u64);
    for user in tenant.users() {
        let reasons = user.sign_ins.iter().filter_map(|log| log.mfa_skipped.as_deref()).flatten();
        let skipped: u64 = reasons.filter(|one| is_place(&one.reason)).map(|one| u64::from(one.count)).sum();
        if skipped > 0 {
            sign_ins += skipped;
            skipping.add(user);
        }
    }
    let policy = tenant.mfa_service_policy.as_ref();
    let ranges = policy.and_then(|one| one.trusted_ips.as_deref());
    let skips = policy.and_then(|one| one.skip_mfa_for_federated_users);
    if sign_ins > 0 || skips == Some(true) || ranges.is_some_and(|all| !all.is_empty()) {
        let message = match sign_ins {
            0 => "Some sign-ins skip MFA because of where they come from.".to_owned(),
            1 => "One sign-in skipped MFA because of where it came from.".to_owned(),
            _ => format!(
                "{sign_ins} sign-ins of {} skipped MFA because of where they came from.",
                users(skipping.count())
            ),
        };
        let mut hit = Hit::new(Medium, message)
            .with_some("trusted_ips", ranges.map(|all| all.iter().take(10).map(|one| one.as_str()).collect::<Vec<_>>()))
            .with_some("skip_mfa_for_federated_users", skips);
        if sign_ins > 0 {
            hit = hit.with("skipped", sign_ins).with("users", skipping.count()).with("first", skipping.first());
        }
        case.fire(hit);
    } else if ranges.is_none() || skips.is_none() {
        case.blind(tenant.users().len() as u64, Fact::MfaServicePolicy);
    }
}

/// Is this a reason of place? A remembered device or an app password is none.
fn is_place(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    reason.contains("ip address") || reason.contains("location")
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
                ("sign-ins that skipped it by address", |w| w.skipped("IP address", 8), Fires(Medium)),
                (
                    "by location, and nobody could read the setting",
                    |w| {
                        w.skipped("Location", 1);
                        w.service = None;
                    },
                    Fires(Medium),
                ),
                ("by a remembered device", |w| w.skipped("remembered device", 8), Silent),
                ("none so far", |w| w.skipped("IP address", 0), Silent),
                ("unknown", |w| w.service_policy().trusted_ips = None, Blind),
            ],
        );
    }
}
