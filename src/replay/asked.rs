//! Who asked for MFA at a sign-in, and would they still?

use std::collections::BTreeSet;

use crate::{
    facts::coverage,
    tenant::{ObservedTenant, SignInShape, Text},
};

/// What asks for MFA beside the per-user state, as the tenant stands now.
#[derive(Debug)]
pub(super) struct Askers<'t> {
    security_defaults: bool,
    /// Policies in force that cannot be satisfied without MFA.
    policies: BTreeSet<&'t Text>,
}

/// What a value of `requirementProvider` says (Microsoft Graph, "authenticationRequirementPolicy resource type").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provider {
    /// The application or the service asked: the per-user state has nothing to do with it.
    Itself,
    /// Security defaults.
    SecurityDefaults,
    /// The per-user state; Conditional Access, which counts only by the policy the record names; risk, which asks only
    /// while there is risk; registration campaigns; and every word this version does not know.
    DoesNotCount,
}

fn provider(word: &str) -> Provider {
    let is = |words: &[&str]| words.iter().any(|one| one.eq_ignore_ascii_case(word));
    if is(&["request", "servicePrincipal", "enforcedForCspAdmins", "crossTenantOutboundRule"]) {
        Provider::Itself
    } else if is(&["securityDefaults"]) {
        Provider::SecurityDefaults
    } else {
        Provider::DoesNotCount
    }
}

impl<'t> Askers<'t> {
    pub(super) fn of(tenant: &'t ObservedTenant) -> Self {
        let policies = tenant.conditional_access.iter().flatten();
        Self {
            security_defaults: tenant.security_defaults_enabled == Some(true),
            policies: policies.filter(|one| coverage::requires_mfa(one)).map(|one| &one.id).collect(),
        }
    }

    /// Are security defaults on?
    pub(super) const fn security_defaults(&self) -> bool {
        self.security_defaults
    }

    /// Did something ask at these sign-ins that would ask again? What is not known counts as nobody.
    pub(super) fn asked_at(&self, shape: &SignInShape) -> bool {
        let by_provider = shape.asked_by.iter().flatten().any(|word| match provider(word) {
            Provider::Itself => true,
            Provider::SecurityDefaults => self.security_defaults,
            Provider::DoesNotCount => false,
        });
        let by_policy = || {
            let mut asked = shape.policies.iter().flatten().filter(|one| one.result.eq_ignore_ascii_case("success"));
            asked.any(|one| self.policies.contains(&one.id))
        };
        by_provider || by_policy()
    }
}
