//! MFA025 federated-domain: signs in through a federated domain.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA025",
    name: "federated-domain",
    title: "Signs in through a federated domain",
    grades: &[High, Medium],
    facts: &[Fact::Domains, Fact::Registration],
    traits: Traits::NONE,
    remediation: "Set `federatedIdpMfaBehavior` deliberately, and have users register before the change.",
    doc: RuleDoc {
        meaning: "The domain of the sign-in name is federated (a subdomain inherits). High where the identity provider does MFA (`enforceMfaByFederatedIdp`) or the user has no registered method.",
        why: "Two parties may then ask for a second factor, or the wrong one does.",
        evidence: "The domain and the behaviour.",
        action: "",
        sources: &["internalDomainFederation resource type (Microsoft Graph)"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let kind = match case.context.domain(case.user) {
        Err(()) => return Verdict::Blind(Fact::Domains),
        Ok(Some(kind)) if kind.federated => kind,
        Ok(_) => return Verdict::Clear,
    };
    let hit = if kind.idp_does_mfa {
        Hit::new(High, "This user's domain is federated and its identity provider does MFA itself.")
    } else if case.registered == Some(false) {
        Hit::new(High, "This user's domain is federated and nothing is registered in Microsoft Entra ID.")
    } else {
        Hit::new(Medium, "This user's domain is federated: two parties may ask for a second factor.")
    };
    let hit = hit.with_some("domain", case.user.domain()).with("idp_does_mfa", kind.idp_does_mfa);
    match case.registered {
        None if !kind.idp_does_mfa => Verdict::AtLeast(hit, Fact::Registration),
        _ => hit.into(),
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
                ("federated", |w| w.federate("contoso.com", None), Fires(Medium)),
                (
                    "a subdomain inherits",
                    |w| {
                        w.federate("contoso.com", None);
                        w.user().user_principal_name = "jo@EU.contoso.com".into();
                    },
                    Fires(Medium),
                ),
                ("the provider does MFA", |w| w.federate("contoso.com", Some("enforceMfaByFederatedIdp")), Fires(High)),
                (
                    "not registered",
                    |w| {
                        w.federate("contoso.com", None);
                        w.user().registered = Some(false);
                    },
                    Fires(High),
                ),
                ("managed", |_| {}, Silent),
                ("another domain", |w| w.federate("fabrikam.com", None), Silent),
                ("unknown", |w| w.domains = None, Blind),
            ],
        );
    }
}
