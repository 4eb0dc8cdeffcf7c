//! What all rules look at, built once per plan.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    catalogue,
    finding::{Finding, Place},
    rule::{Hit, Rule},
    waivers::Waivers,
};
use crate::{
    config::{Config, Declared, Layer},
    desired::Desired,
    diff::Transition,
    facts::{Askers, CompiledPolicies, Facts, UserKind},
    severity::Severity,
    tenant::{ObservedTenant, Text, User, UserIndex},
};

/// Tenant, configuration and what is derived of both.
#[derive(Debug)]
pub struct Context<'a> {
    /// The tenant.
    pub tenant: &'a ObservedTenant,
    /// The configuration.
    pub config: &'a Config,
    /// Who must be where.
    pub desired: &'a Desired,
    /// The plan's one instant.
    pub instant: Timestamp,
    /// What is derived of the tenant.
    pub facts: &'a Facts<'a>,
    /// Conditional Access.
    pub policies: CompiledPolicies,
    /// What asks for MFA beside the per-user state.
    pub(super) askers: Askers<'a>,
    pub(super) waivers: Waivers,
    /// Per built-in rule, in the registry's order.
    settings: Vec<Setting>,
    domains: Option<HashMap<Text, DomainKind>>,
}

#[derive(Clone, Copy, Debug)]
struct Setting {
    enabled: bool,
    severity: Option<Severity>,
}

/// How a domain authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DomainKind {
    pub(super) federated: bool,
    /// `federatedIdpMfaBehavior` is `enforceMfaByFederatedIdp`.
    pub(super) idp_does_mfa: bool,
}

impl<'a> Context<'a> {
    /// Until when the facts reach: nobody knows who signed in after a copy was made.
    #[must_use]
    pub(super) fn known_until(&self) -> Timestamp {
        self.instant.min(self.tenant.captured_at)
    }

    /// Derives everything; linear in users, policies and blocks.
    #[must_use]
    pub fn new(facts: &'a Facts<'a>, config: &'a Config, desired: &'a Desired) -> Self {
        let (tenant, instant) = (facts.tenant, facts.instant);
        let domains = tenant.domains.as_ref().map(|domains| {
            domains
                .iter()
                .map(|one| {
                    let behavior = one.federated_idp_mfa_behavior.as_deref();
                    let idp_does_mfa =
                        behavior.is_some_and(|text| text.eq_ignore_ascii_case("enforceMfaByFederatedIdp"));
                    (one.id.to_lowercase().into(), DomainKind { federated: one.federated, idp_does_mfa })
                })
                .collect()
        });
        Self {
            tenant,
            config,
            desired,
            instant,
            facts,
            policies: CompiledPolicies::new(tenant),
            askers: Askers::of(tenant),
            waivers: Waivers::new(config, desired, instant),
            settings: catalogue::registry().iter().map(|rule| setting(config, rule)).collect(),
            domains,
        }
    }

    /// Would this transition raise an account that looks like a workload, while nobody knows how it signs in? Whether the
    /// rules about workloads are switched off plays no part.
    pub(super) fn behaviour_unknown(&self, transition: &Transition) -> bool {
        self.config.guardrails.hold_unknown_workloads
            && transition.action.raises()
            && self.facts.behaviour_unknown(transition.user)
    }

    pub(super) fn is_enabled(&self, rule: usize) -> bool {
        self.settings[rule].enabled
    }

    /// The finding a rule's hit makes, re-graded by `risk` blocks, not yet accepted.
    pub(super) fn finding(&self, index: usize, rule: &'static Rule, hit: Hit) -> Finding {
        let Hit { severity, message, evidence, remediation } = hit;
        Finding {
            rule: rule.id.into(),
            name: rule.name.into(),
            severity: self.settings[index].severity.unwrap_or(severity),
            message,
            evidence,
            remediation: remediation.unwrap_or(rule.remediation.into()),
            accepted: None,
        }
    }

    /// The domain of a user's sign-in name; a subdomain inherits unless it is listed itself. `None` = not a domain of
    /// the tenant's list, `Err` = the list is unknown.
    pub(super) fn domain(&self, user: &User) -> Result<Option<DomainKind>, ()> {
        let domains = self.domains.as_ref().ok_or(())?;
        let Some(domain) = user.domain() else { return Ok(None) };
        let lowered;
        let mut rest = if domain.bytes().any(|byte| byte.is_ascii_uppercase()) {
            lowered = domain.to_ascii_lowercase();
            lowered.as_str()
        } else {
            domain
        };
        loop {
            if let Some(kind) = domains.get(rest) {
                return Ok(Some(*kind));
            }
            match rest.split_once('.') {
                Some((_, parent)) => rest = parent,
                None => return Ok(None),
            }
        }
    }

    /// What blocks declare this user to be, for [`crate::facts::kind`].
    #[must_use]
    pub fn declared_kind(&self, user: UserIndex) -> Option<UserKind> {
        self.desired.claims.get(user.0 as usize)?.kind()
    }

    /// The place of a block.
    #[must_use]
    pub fn place(&self, declared: &Declared) -> Place {
        let file = self.config.sources.file(declared.span.file);
        Place {
            address: declared.address.clone(),
            file: Text::from(&*file.name),
            line: file.place(declared.span.start).line,
        }
    }
}

/// `risk` blocks of one rule. What the policy directory sets, the configuration may only tighten. Rules without which
/// a plan is not safe to apply cannot be switched off or re-graded.
fn setting(config: &Config, rule: &Rule) -> Setting {
    let mut enabled = true;
    let mut severity = None;
    let mut floor = None;
    let mut kept_on = false;
    for one in config.risks.iter().filter(|one| one.rule.as_str() == rule.id && catalogue::waivable(rule.id)) {
        match one.declared.layer {
            Layer::Configuration => {
                enabled &= one.enabled;
                severity = one.severity.or(severity);
            }
            Layer::Policy => {
                kept_on |= one.enabled;
                if !one.enabled {
                    enabled = false;
                }
                floor = one.severity.or(floor);
            }
        }
    }
    let severity = match (severity, floor) {
        (Some(own), Some(floor)) => Some(own.max(floor)),
        (own, floor) => own.or(floor),
    };
    Setting { enabled: enabled || kept_on, severity }
}
