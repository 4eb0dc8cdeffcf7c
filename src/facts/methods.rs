//! What registered authentication methods are worth (`methodsRegistered` of Graph's `userRegistrationDetails`).

use crate::tenant::User;

/// Registered, but no second factor of MFA: an address or a password, or good for one sign-in only.
const NOT_MFA: &[&str] = &["email", "password", "securityQuestion", "temporaryAccessPass"];

/// Does this method count for MFA?
#[must_use]
pub(crate) fn is_mfa_grade(method: &str) -> bool {
    !NOT_MFA.iter().any(|one| one.eq_ignore_ascii_case(method))
}

/// Cannot be phished: bound to the device and to the site (Microsoft, "Conditional Access authentication strengths").
#[must_use]
pub(crate) fn is_phishing_resistant(method: &str) -> bool {
    ["fido2SecurityKey", "passKeyDeviceBound", "windowsHelloForBusiness", "x509Certificate"]
        .into_iter()
        .any(|prefix| has_prefix(method, prefix))
}

/// A method that only a person at a device of his own registers: Authenticator, Windows Hello, a FIDO2 key.
#[must_use]
pub(crate) fn is_personal(method: &str) -> bool {
    ["microsoftAuthenticator", "windowsHelloForBusiness", "fido2", "passKeyDeviceBound"]
        .into_iter()
        .any(|prefix| has_prefix(method, prefix))
}

/// A telephone.
#[must_use]
pub(crate) fn is_phone(method: &str) -> bool {
    ["mobilePhone", "alternateMobilePhone", "officePhone"].into_iter().any(|one| one.eq_ignore_ascii_case(method))
}

/// The number of MFA-grade methods; `None` where methods are unknown.
#[must_use]
pub(crate) fn mfa_grade_count(user: &User) -> Option<usize> {
    Some(user.methods.as_ref()?.iter().filter(|one| is_mfa_grade(one)).count())
}

/// Has the user a method he can use for MFA: one of MFA grade besides the alternate phone, and not reported as unable?
/// `None` where the tenant did not say.
#[must_use]
pub(crate) fn usable(user: &User) -> Option<bool> {
    if user.mfa_capable == Some(false) || user.registered == Some(false) && user.methods.is_none() {
        return Some(false);
    }
    let methods = user.methods.as_ref()?;
    Some(methods.iter().any(|one| is_mfa_grade(one) && !one.eq_ignore_ascii_case("alternateMobilePhone")))
}

/// Has the user registered for MFA? From the report; where it is silent, from the methods.
#[must_use]
pub(crate) fn registered(user: &User) -> Option<bool> {
    user.registered.or_else(|| mfa_grade_count(user).map(|count| count > 0))
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{MfaState, UserId};

    fn user(methods: &[&str]) -> User {
        let mut user = User::new(UserId::new(uuid::Uuid::nil()), "jo@contoso.com".into(), MfaState::Disabled.into());
        user.methods = Some(methods.iter().map(|one| (*one).into()).collect());
        user
    }

    #[test]
    fn a_usable_method_is_mfa_grade_and_more_than_the_alternate_phone() {
        assert_eq!(usable(&user(&["microsoftAuthenticatorPush"])), Some(true));
        assert_eq!(usable(&user(&["alternateMobilePhone", "email"])), Some(false));
        assert_eq!(usable(&user(&["alternateMobilePhone", "mobilePhone"])), Some(true));
        assert_eq!(usable(&user(&["temporaryAccessPass"])), Some(false));
        let mut incapable = user(&["mobilePhone"]);
        incapable.mfa_capable = Some(false);
        assert_eq!(usable(&incapable), Some(false));
        incapable.mfa_capable = None;
        incapable.methods = None;
        assert_eq!(usable(&incapable), None, "unknown methods are not usable methods");
    }
}
