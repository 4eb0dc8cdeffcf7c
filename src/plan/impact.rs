//! What a state means for sign-ins (Microsoft Entra ID documentation, "Enable per-user Microsoft Entra multifactor
//! authentication", table of user states).

use crate::tenant::{MfaState, ObservedState, ObservedTenant, User};

use super::{Change, Impact, LegacyAuth, ModernAuth};

/// What changes for modern and for legacy sign-in when `user` goes from the state he has to `effective`.
#[must_use]
pub(crate) fn impact(tenant: &ObservedTenant, user: &User, effective: MfaState) -> Impact {
    let app_passwords = tenant.mfa_service_policy.as_ref().and_then(|policy| policy.allow_app_passwords);
    of(&user.mfa_state, effective, user.registered, app_passwords)
}

fn of(before: &ObservedState, effective: MfaState, registered: Option<bool>, app_passwords: Option<bool>) -> Impact {
    let after = ObservedState::Known(effective);
    let legacy = |state: &ObservedState| legacy(state, registered, app_passwords);
    Impact { modern_auth: (modern(before), modern(&after)), legacy_auth: (legacy(before), legacy(&after)) }
}

impl Impact {
    /// Can this be the impact of that change, in a tenant that does or does not allow app passwords? A reader of a saved
    /// plan has the states, but not the tenant.
    #[must_use]
    pub(crate) fn fits(&self, change: &Change, app_passwords: bool) -> bool {
        *self == of(&change.before, change.effective, change.user.registered, Some(app_passwords))
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
fn legacy(state: &ObservedState, registered: Option<bool>, app_passwords: Option<bool>) -> LegacyAuth {
    match state.known().map(|state| state.effective(registered)) {
        Some(MfaState::Disabled) => LegacyAuth::PasswordOnly,
        Some(MfaState::Enabled) => LegacyAuth::PasswordOnlyUntilRegistered,
        Some(MfaState::Enforced) if app_passwords == Some(true) => LegacyAuth::AppPasswordOnly,
        Some(MfaState::Enforced) => LegacyAuth::Blocked,
        None => LegacyAuth::Unknown,
    }
}
