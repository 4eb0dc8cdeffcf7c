//! What a state means for sign-ins (Microsoft Entra ID documentation, "Enable per-user Microsoft Entra multifactor
//! authentication", table of user states), beside what Conditional Access and security defaults ask for.

use std::sync::Arc;

use crate::{
    facts::{Asks, CompiledPolicies, LegacyClients},
    tenant::{MfaState, ObservedState, ObservedTenant, Text, User},
};

use super::{Impact, LegacyAuth, ModernAuth};

/// What changes for modern and for legacy sign-in when `user` goes from the state they have to `effective`.
#[must_use]
pub(crate) fn impact(tenant: &ObservedTenant, policies: &CompiledPolicies, user: &User, effective: MfaState) -> Impact {
    let after = ObservedState::Known(effective);
    let others = Others { tenant, policies, user };
    let states = [&user.mfa_state, &after];
    let mut impact = Impact::default();
    // The per-user state asks first: what else would is looked up only where it does not.
    if states.iter().any(|state| state.known() == Some(MfaState::Disabled)) {
        let without = others.modern();
        impact.modern_auth = (modern(&user.mfa_state, without), modern(&after, without));
        if matches!(without, ModernAuth::MfaByConditionalAccess | ModernAuth::MfaAtSomeSignIns) {
            impact.modern_policies = policies.asking(user).into();
        }
    } else {
        let unasked = ModernAuth::Unknown;
        impact.modern_auth = (modern(&user.mfa_state, unasked), modern(&after, unasked));
    }
    let app_passwords = tenant.mfa_service_policy.as_ref().and_then(|policy| policy.allow_app_passwords);
    let lets_in = |state: &ObservedState| {
        state.known().map(|state| state.effective(user.registered)).is_some_and(|state| state != MfaState::Enforced)
    };
    let (without, legacy_policies) =
        if states.into_iter().any(lets_in) { others.legacy() } else { (LegacyAuth::PasswordOnly, Arc::default()) };
    impact.legacy_auth =
        (legacy(&user.mfa_state, user, app_passwords, without), legacy(&after, user, app_passwords, without));
    impact.legacy_policies = legacy_policies;
    impact
}

/// What asks a user for MFA, or keeps legacy clients out, beside the per-user state.
struct Others<'a> {
    tenant: &'a ObservedTenant,
    policies: &'a CompiledPolicies,
    user: &'a User,
}

impl Others<'_> {
    /// Policies without the licence for them do nothing.
    fn unlicensed(&self) -> bool {
        !self.policies.are_known() && self.tenant.licensed_for_conditional_access() == Some(false)
    }

    fn modern(&self) -> ModernAuth {
        if self.tenant.security_defaults_enabled == Some(true) {
            return ModernAuth::MfaBySecurityDefaults;
        }
        if self.unlicensed() {
            return ModernAuth::PasswordOnly;
        }
        match self.policies.asks(self.user) {
            Asks::Always => ModernAuth::MfaByConditionalAccess,
            Asks::Sometimes => ModernAuth::MfaAtSomeSignIns,
            Asks::Never => ModernAuth::PasswordOnly,
            Asks::Unknown => ModernAuth::Unknown,
        }
    }

    fn legacy(&self) -> (LegacyAuth, Arc<[Text]>) {
        if self.tenant.security_defaults_enabled == Some(true) {
            return (LegacyAuth::BlockedBySecurityDefaults, Arc::default());
        }
        if self.unlicensed() {
            return (LegacyAuth::PasswordOnly, Arc::default());
        }
        match self.policies.legacy_clients(self.user) {
            LegacyClients::Blocked(policies) => (LegacyAuth::BlockedByConditionalAccess, policies.into()),
            LegacyClients::Open => (LegacyAuth::PasswordOnly, Arc::default()),
            LegacyClients::Unknown(_) => (LegacyAuth::Unknown, Arc::default()),
        }
    }
}

const fn modern(state: &ObservedState, without: ModernAuth) -> ModernAuth {
    match state.known() {
        Some(MfaState::Disabled) => without,
        Some(MfaState::Enabled | MfaState::Enforced) => ModernAuth::MfaRequired,
        None => ModernAuth::Unknown,
    }
}

/// Where it is not known whether the tenant allows app passwords, legacy sign-in is said to be blocked: a reviewer must
/// expect that it breaks.
fn legacy(state: &ObservedState, user: &User, app_passwords: Option<bool>, without: LegacyAuth) -> LegacyAuth {
    match state.known().map(|state| state.effective(user.registered)) {
        Some(MfaState::Disabled) => without,
        Some(MfaState::Enabled) if without == LegacyAuth::PasswordOnly => LegacyAuth::PasswordOnlyUntilRegistered,
        Some(MfaState::Enabled) => without,
        Some(MfaState::Enforced) if app_passwords == Some(true) => LegacyAuth::AppPasswordOnly,
        Some(MfaState::Enforced) => LegacyAuth::Blocked,
        None => LegacyAuth::Unknown,
    }
}
