//! What a state means for sign-ins (Microsoft Entra ID documentation, "Enable per-user Microsoft Entra multifactor
//! authentication", table of user states).

use crate::tenant::{MfaState, ObservedState, ObservedTenant, User};

use super::{Impact, LegacyAuth, ModernAuth};

/// What changes for modern and for legacy sign-in when `user` goes from the state he has to `effective`.
#[must_use]
pub(crate) fn impact(tenant: &ObservedTenant, user: &User, effective: MfaState) -> Impact {
    let app_passwords = tenant.mfa_service_policy.as_ref().and_then(|policy| policy.allow_app_passwords);
    let after = ObservedState::Known(effective);
    Impact {
        modern_auth: (modern(&user.mfa_state), modern(&after)),
        legacy_auth: (legacy(&user.mfa_state, user, app_passwords), legacy(&after, user, app_passwords)),
    }
}

const fn modern(state: &ObservedState) -> ModernAuth {
    match state.known() {
        Some(MfaState::Disabled) => ModernAuth::PasswordOnly,
        Some(MfaState::Enabled | MfaState::Enforced) => ModernAuth::MfaRequired,
        None => ModernAuth::Unknown,
    }
}

/// Where it is not known whether the tenant allows app passwords, legacy sign-in is said to be blocked: a reviewer must
/// expect that it breaks.
fn legacy(state: &ObservedState, user: &User, app_passwords: Option<bool>) -> LegacyAuth {
    match state.known().map(|state| state.effective(user.registered)) {
        Some(MfaState::Disabled) => LegacyAuth::PasswordOnly,
        Some(MfaState::Enabled) => LegacyAuth::PasswordOnlyUntilRegistered,
        Some(MfaState::Enforced) if app_passwords == Some(true) => LegacyAuth::AppPasswordOnly,
        Some(MfaState::Enforced) => LegacyAuth::Blocked,
        None => LegacyAuth::Unknown,
    }
}
