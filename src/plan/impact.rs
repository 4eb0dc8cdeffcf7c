//! What a state means for sign-ins (Microsoft Entra ID documentation, "Enable per-user Microsoft Entra multifactor
//! authentication", table of user states), beside what Conditional Access and security defaults ask for.

use std::sync::Arc;

use crate::{
    facts::{Asks, CompiledPolicies, LegacyClients},
    tenant::{MfaState, ObservedState, ObservedTenant, Text, User},
};

use super::{Change, Impact, LegacyAuth, ModernAuth};

/// What changes for modern and for legacy sign-in when `user` goes from the state they have to `effective`.
#[must_use]
pub(crate) fn impact(tenant: &ObservedTenant, policies: &CompiledPolicies, user: &User, effective: MfaState) -> Impact {
    let after = ObservedState::Known(effective);
    let others = Others { tenant, policies, user };
    let states = [&user.mfa_state, &after];
    // The per-user state asks first: what else would is looked up only where it does not.
    let mut modern_policies = Arc::default();
    let mut modern = ModernAuth::Unknown;
    if states.iter().any(|state| state.known() == Some(MfaState::Disabled)) {
        modern = others.modern();
        if asked_by_policies(modern) {
            modern_policies = policies.asking(user).into();
        }
    }
    let lets_in = |state: &ObservedState| {
        state.known().map(|state| state.effective(user.registered)).is_some_and(|state| state != MfaState::Enforced)
    };
    let (legacy, legacy_policies) =
        if states.into_iter().any(lets_in) { others.legacy() } else { (LegacyAuth::PasswordOnly, Arc::default()) };
    let app_passwords = tenant.mfa_service_policy.as_ref().and_then(|policy| policy.allow_app_passwords);
    let without = Without { modern, legacy, app_passwords };
    Impact { modern_policies, legacy_policies, ..of(&user.mfa_state, &after, user.registered, without) }
}

/// What is asked for where the per-user state asks for nothing, and whether app passwords get around what it asks for.
#[derive(Clone, Copy)]
struct Without {
    modern: ModernAuth,
    legacy: LegacyAuth,
    app_passwords: Option<bool>,
}

/// The impact of a change from one state to another, without the names of policies.
fn of(before: &ObservedState, after: &ObservedState, registered: Option<bool>, without: Without) -> Impact {
    Impact {
        modern_auth: (modern(before, without.modern), modern(after, without.modern)),
        legacy_auth: (legacy(before, registered, without), legacy(after, registered, without)),
        ..Impact::default()
    }
}

const fn asked_by_policies(modern: ModernAuth) -> bool {
    matches!(modern, ModernAuth::MfaByConditionalAccess | ModernAuth::MfaAtSomeSignIns)
}

/// What the whole tenant answers alike, and a saved plan does not hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World {
    app_passwords: bool,
    security_defaults: bool,
}

impl World {
    /// All there are.
    pub(crate) const ALL: [Self; 4] = [
        Self { app_passwords: false, security_defaults: false },
        Self { app_passwords: true, security_defaults: false },
        Self { app_passwords: false, security_defaults: true },
        Self { app_passwords: true, security_defaults: true },
    ];
}

impl Impact {
    /// Can this be what the change means, in a tenant of this kind? A reader of a saved plan has the states, but neither
    /// the tenant nor its Conditional Access policies: where the states leave it to those, every answer of theirs fits.
    #[must_use]
    pub(crate) fn fits(&self, change: &Change, world: World) -> bool {
        let after = ObservedState::Known(change.effective);
        let (moderns, legacies): (&[ModernAuth], &[LegacyAuth]) = if world.security_defaults {
            (&[ModernAuth::MfaBySecurityDefaults], &[LegacyAuth::BlockedBySecurityDefaults])
        } else {
            (
                &[
                    ModernAuth::PasswordOnly,
                    ModernAuth::MfaByConditionalAccess,
                    ModernAuth::MfaAtSomeSignIns,
                    ModernAuth::Unknown,
                ],
                &[LegacyAuth::PasswordOnly, LegacyAuth::BlockedByConditionalAccess, LegacyAuth::Unknown],
            )
        };
        let Self { modern_auth, legacy_auth, modern_policies, legacy_policies } = self;
        let by_policies = asked_by_policies(modern_auth.0) || asked_by_policies(modern_auth.1);
        let blocked = LegacyAuth::BlockedByConditionalAccess;
        let legacy_blocked = legacy_auth.0 == blocked || legacy_auth.1 == blocked;
        (by_policies || modern_policies.is_empty())
            && (legacy_blocked || legacy_policies.is_empty())
            && moderns.iter().any(|modern| {
                legacies.iter().any(|legacy| {
                    let without =
                        Without { modern: *modern, legacy: *legacy, app_passwords: Some(world.app_passwords) };
                    let fitting = of(&change.before, &after, change.user.registered, without);
                    fitting.modern_auth == *modern_auth && fitting.legacy_auth == *legacy_auth
                })
            })
    }
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
fn legacy(state: &ObservedState, registered: Option<bool>, without: Without) -> LegacyAuth {
    let Without { modern: _, legacy, app_passwords } = without;
    match state.known().map(|state| state.effective(registered)) {
        Some(MfaState::Disabled) => legacy,
        Some(MfaState::Enabled) if legacy == LegacyAuth::PasswordOnly => LegacyAuth::PasswordOnlyUntilRegistered,
        Some(MfaState::Enabled) => legacy,
        Some(MfaState::Enforced) if app_passwords == Some(true) => LegacyAuth::AppPasswordOnly,
        Some(MfaState::Enforced) => LegacyAuth::Blocked,
        None => LegacyAuth::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state, before registration and after it, and what the tenant says of app passwords.
    #[test]
    fn legacy_clients_meet_what_the_state_and_the_tenant_say() {
        let world = |app_passwords| Without {
            modern: ModernAuth::PasswordOnly,
            legacy: LegacyAuth::PasswordOnly,
            app_passwords,
        };
        let of = |state: MfaState, registered, app_passwords| {
            legacy(&ObservedState::Known(state), registered, world(app_passwords))
        };
        for app_passwords in [None, Some(false), Some(true)] {
            for registered in [None, Some(false), Some(true)] {
                assert_eq!(of(MfaState::Disabled, registered, app_passwords), LegacyAuth::PasswordOnly);
                // Not known is not allowed: a reviewer must expect that it breaks.
                let enforced =
                    if app_passwords == Some(true) { LegacyAuth::AppPasswordOnly } else { LegacyAuth::Blocked };
                assert_eq!(of(MfaState::Enforced, registered, app_passwords), enforced, "{app_passwords:?}");
                let enabled = if registered == Some(true) { enforced } else { LegacyAuth::PasswordOnlyUntilRegistered };
                assert_eq!(of(MfaState::Enabled, registered, app_passwords), enabled, "{registered:?}");
            }
            let unknown = legacy(&ObservedState::Unknown(None), Some(true), world(app_passwords));
            assert_eq!(unknown, LegacyAuth::Unknown);
        }
    }
}
