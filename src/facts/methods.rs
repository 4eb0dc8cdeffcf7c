//! What registered authentication methods are worth: one list, with names as in `methodsRegistered` and
//! `usageAuthMethod` of the reports and as the methods of a user are called (Microsoft Graph, "userRegistrationDetails
//! resource type", "userAuthenticationMethod").
//!
//! The list is positive. A name that is not on it is *unknown*: neither usable nor weak, and never counted.

use jiff::Timestamp;

use super::deadlines;
use crate::tenant::User;

/// What a method is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Grade {
    /// A name that this version does not know.
    Unknown,
    /// Registered, but no second factor of MFA.
    NoFactor,
    /// A telephone: a second factor until the service gives it up.
    Phone,
    /// A second factor that can be phished.
    Strong,
    /// Bound to the device and to the site (Microsoft, "Conditional Access authentication strengths").
    PhishingResistant,
}

use Grade::{NoFactor, PhishingResistant, Phone, Strong, Unknown};

/// Names without case.
const METHODS: &[(&str, Grade)] = &[
    ("fido2SecurityKey", PhishingResistant),
    ("passKeySynced", PhishingResistant),
    ("windowsHelloForBusiness", PhishingResistant),
    ("macOsSecureEnclaveKey", PhishingResistant),
    ("x509CertificateMultiFactor", PhishingResistant),
    ("microsoftAuthenticatorPush", Strong),
    ("microsoftAuthenticatorPasswordless", Strong),
    ("softwareOneTimePasscode", Strong),
    ("hardwareOneTimePasscode", Strong),
    (EXTERNAL, Strong),
    ("mobilePhone", Phone),
    (ALTERNATE_PHONE, Phone),
    ("officePhone", Phone),
    ("sms", Phone),
    ("mobileSMS", Phone),
    ("mobileCall", Phone),
    ("alternateMobileCall", Phone),
    ("officeCall", Phone),
    ("email", NoFactor),
    ("password", NoFactor),
    ("securityQuestion", NoFactor),
    ("temporaryAccessPass", NoFactor),
    ("appPassword", NoFactor),
    ("qrCodePin", NoFactor),
    ("qrCode", NoFactor),
    (RESOURCE_ACCOUNT_KEY, NoFactor),
    ("x509CertificateSingleFactor", NoFactor),
    ("oneTimePasscode", NoFactor),
];

/// Every method whose name begins so. Kept apart: each method of each user is looked up in the list of whole names several
/// times, and those of another length are passed over by their length.
const FAMILIES: &[(&str, Grade)] = &[("passKeyDeviceBound", PhishingResistant)];

const EXTERNAL: &str = "externalAuthMethod";
const ALTERNATE_PHONE: &str = "alternateMobilePhone";
/// The key of a shared device's account.
const RESOURCE_ACCOUNT_KEY: &str = "resourceAccountKey";

/// What this method is worth.
#[must_use]
pub(crate) fn grade(method: &str) -> Grade {
    let whole = METHODS.iter().find(|(name, _)| is_named(name, method));
    let known = whole.or_else(|| FAMILIES.iter().find(|(prefix, _)| has_prefix(method, prefix)));
    known.map_or(Unknown, |(_, grade)| *grade)
}

/// Is this the method of that name? A name that ends in `*` stands for all that begin so.
#[must_use]
pub(crate) fn is(name: &str, method: &str) -> bool {
    match name.strip_suffix('*') {
        Some(prefix) => has_prefix(method, prefix),
        None => is_named(name, method),
    }
}

const fn is_named(name: &str, method: &str) -> bool {
    name.len() == method.len() && name.eq_ignore_ascii_case(method)
}

/// Does this method count for MFA?
#[must_use]
pub(crate) fn is_mfa_grade(method: &str) -> bool {
    grade(method) >= Phone
}

/// Cannot be phished.
#[must_use]
pub(crate) fn is_phishing_resistant(method: &str) -> bool {
    grade(method) == PhishingResistant
}

/// A third party's factor, reached through an external authentication method.
#[must_use]
pub(crate) fn is_external(method: &str) -> bool {
    is_named(EXTERNAL, method)
}

/// The key that a shared device signs in with.
#[must_use]
pub(crate) fn is_device_key(method: &str) -> bool {
    is_named(RESOURCE_ACCOUNT_KEY, method)
}

/// A method that only a person at a device of their own registers: Authenticator, Windows Hello, a FIDO2 key.
#[must_use]
pub(crate) fn is_personal(method: &str) -> bool {
    ["microsoftAuthenticator", "windowsHelloForBusiness", "fido2", "passKey", "macOsSecureEnclaveKey"]
        .into_iter()
        .any(|prefix| has_prefix(method, prefix))
}

/// The methods of MFA grade; `None` where methods are unknown.
pub(crate) fn mfa_grade(user: &User) -> Option<impl Iterator<Item = &str> + Clone> {
    Some(user.methods.as_ref()?.iter().map(|one| one.as_str()).filter(|one| is_mfa_grade(one)))
}

/// The number of MFA-grade methods; `None` where methods are unknown.
#[must_use]
pub(crate) fn mfa_grade_count(user: &User) -> Option<usize> {
    Some(mfa_grade(user)?.count())
}

/// Names of methods that this version does not know.
pub(crate) fn unknown(user: &User) -> impl Iterator<Item = &str> {
    user.methods.iter().flatten().map(|one| one.as_str()).filter(|one| grade(one) == Unknown)
}

/// Are all MFA-grade methods telephones, and is there one? `None` where methods are unknown.
#[must_use]
pub(crate) fn phone_only(user: &User) -> Option<bool> {
    let mut all = mfa_grade(user)?.peekable();
    Some(all.peek().is_some() && all.all(|one| grade(one) == Phone))
}

/// Is every MFA-grade method an external one, and is there one? `None` where methods are unknown.
#[must_use]
pub(crate) fn external_only(user: &User) -> Option<bool> {
    let mut all = mfa_grade(user)?.peekable();
    Some(all.peek().is_some() && all.all(is_external))
}

/// Has the user a method that can be used for MFA at this instant: a strong one, or a telephone besides the alternate
/// one before telephones end, and not reported as unable? `None` where the tenant did not say, or where only a method
/// that this version does not know could be it.
#[must_use]
pub(crate) fn usable(user: &User, instant: Timestamp) -> Option<bool> {
    if user.mfa_capable == Some(false) || user.registered == Some(false) && user.methods.is_none() {
        return Some(false);
    }
    let methods = user.methods.as_ref()?;
    let phones_work = !deadlines::phones_end(user).is_past(instant);
    let is_usable = |one: &crate::tenant::Text| match grade(one) {
        PhishingResistant | Strong => true,
        Phone => phones_work && !one.eq_ignore_ascii_case(ALTERNATE_PHONE),
        NoFactor | Unknown => false,
    };
    if methods.iter().any(is_usable) {
        Some(true)
    } else if unknown(user).next().is_some() {
        None
    } else {
        Some(false)
    }
}

/// Has the user registered for MFA? From the report; where it is silent, from the methods.
#[must_use]
pub(crate) fn registered(user: &User) -> Option<bool> {
    user.registered.or_else(|| {
        let count = mfa_grade_count(user)?;
        (count > 0 || unknown(user).next().is_none()).then_some(count > 0)
    })
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}
