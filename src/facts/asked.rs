//! Who asked for MFA at a sign-in, and would they still?

use std::collections::BTreeSet;

use super::{CompiledPolicies, coverage};
use crate::tenant::{ObservedTenant, Outcome, SignInShape, Text, User, is_legacy};

/// What asks for MFA beside the per-user state, as the tenant stands now.
#[derive(Debug)]
pub(crate) struct Askers<'t> {
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
    pub(crate) fn of(tenant: &'t ObservedTenant) -> Self {
        let policies = tenant.conditional_access.iter().flatten();
        Self {
            security_defaults: tenant.security_defaults_enabled == Some(true),
            policies: policies.filter(|one| coverage::requires_mfa(one)).map(|one| &one.id).collect(),
        }
    }

    /// Are security defaults on?
    pub(crate) const fn security_defaults(&self) -> bool {
        self.security_defaults
    }

    /// Did something ask at these sign-ins that would ask again? What is not known counts as nobody.
    pub(crate) fn asked_at(&self, shape: &SignInShape) -> bool {
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

    /// How many successful sign-ins of this user, by clients that can do MFA, nothing but the per-user state asks at:
    /// neither did a policy in force, security defaults or the application ask at them, nor would a policy that looks at
    /// users, applications and kinds of client alone. `None` where sign-ins or policies are unknown.
    pub(crate) fn uncovered(&self, policies: &CompiledPolicies, user: &User) -> Option<u64> {
        let cells = user.sign_ins.as_ref()?.cells.as_deref()?;
        let policies = policies.asked_at(user)?;
        let open = cells.iter().filter(|cell| {
            let shape = &*cell.shape;
            shape.outcome == Outcome::Success
                && !is_legacy(&shape.client)
                && !self.security_defaults
                && !policies.at(&shape.client, shape.resource.as_deref())
                && !self.asked_at(shape)
        });
        Some(open.map(|cell| u64::from(cell.count)).sum())
    }
}
