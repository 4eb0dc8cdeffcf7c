//! Which registered methods can meet an authentication strength.
//!
//! A strength lists combinations of modes (`fido2`, `password,sms`). Whether somebody can meet one follows from what they
//! have registered (Microsoft Graph, "authenticationStrengthPolicy resource type",
//! <https://learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy>; Microsoft Entra ID, "Conditional Access
//! authentication strengths", <https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths>).

use jiff::Timestamp;

use super::{deadlines, methods};
use crate::tenant::{AuthenticationStrength, Text, User};

/// Modes and the registered methods that provide them; a name that ends in `*` stands for all that begin so. An
/// external method provides none: it cannot meet a strength.
const MODES: &[(&str, &[&str])] = &[
    ("fido2", &["fido2SecurityKey", "passKeyDeviceBound*", "passKeySynced"]),
    ("windowsHelloForBusiness", &["windowsHelloForBusiness", "macOsSecureEnclaveKey"]),
    ("x509CertificateMultiFactor", &["x509CertificateMultiFactor"]),
    ("x509CertificateSingleFactor", &["x509CertificateSingleFactor", "x509CertificateMultiFactor"]),
    ("deviceBasedPush", &["microsoftAuthenticatorPasswordless"]),
    ("microsoftAuthenticatorPush", &["microsoftAuthenticatorPush", "microsoftAuthenticatorPasswordless"]),
    ("softwareOath", &["softwareOneTimePasscode"]),
    ("hardwareOath", &["hardwareOneTimePasscode"]),
    ("sms", &["mobilePhone", "sms", "mobileSMS"]),
    (
        "voice",
        &["mobilePhone", "alternateMobilePhone", "officePhone", "mobileCall", "alternateMobileCall", "officeCall"],
    ),
    ("temporaryAccessPassOneTime", &["temporaryAccessPass"]),
    ("temporaryAccessPassMultiUse", &["temporaryAccessPass"]),
    ("email", &["email"]),
    ("qrCodePin", &["qrCodePin", "qrCode"]),
];

/// The combinations of Microsoft's own strengths, for exports that name only the id.
const BUILT_IN: &[(&str, &[&str])] = &[
    (
        "00000000-0000-0000-0000-000000000002",
        &[
            "fido2",
            "windowsHelloForBusiness",
            "x509CertificateMultiFactor",
            "deviceBasedPush",
            "temporaryAccessPassOneTime",
            "temporaryAccessPassMultiUse",
            "password,microsoftAuthenticatorPush",
            "password,softwareOath",
            "password,hardwareOath",
            "password,sms",
            "password,voice",
            "federatedMultiFactor",
        ],
    ),
    (
        "00000000-0000-0000-0000-000000000003",
        &["fido2", "windowsHelloForBusiness", "x509CertificateMultiFactor", "deviceBasedPush"],
    ),
    ("00000000-0000-0000-0000-000000000004", &["fido2", "windowsHelloForBusiness", "x509CertificateMultiFactor"]),
];

/// Can the user meet the strength with what is registered? `None` where methods or combinations are unknown, or where
/// only a name that this version does not know could do it, or the identity provider of a domain that is not known to
/// be managed (`federated`).
#[must_use]
pub(crate) fn can_meet(
    user: &User,
    federated: Option<bool>,
    strength: &AuthenticationStrength,
    instant: Timestamp,
) -> Option<bool> {
    let registered = user.methods.as_deref()?;
    let AuthenticationStrength { id, display_name: _, requirements_satisfied: _, allowed_combinations, other: _ } =
        strength;
    let own: Vec<&str> = allowed_combinations.iter().map(Text::as_str).collect();
    let combinations = if own.is_empty() { BUILT_IN.iter().find(|(known, _)| *known == id.as_str())?.1 } else { &own };
    let phones_work = !deadlines::phones_end(user).is_past(instant);
    let provided = |mode: &str| match provides(registered, mode, phones_work) {
        // Nothing registered here says what another identity provider does; a managed domain has none.
        None if mode.to_ascii_lowercase().starts_with("federated") && federated == Some(false) => Some(false),
        provided => provided,
    };
    let (mut met, mut unknown) = (false, methods::unknown(user).next().is_some());
    for combination in combinations {
        let modes: Option<Vec<bool>> = combination.split(',').map(|mode| provided(mode.trim())).collect();
        match modes {
            Some(modes) => met |= modes.into_iter().all(|provided| provided),
            None => unknown = true,
        }
    }
    if met { Some(true) } else { (!unknown).then_some(false) }
}

/// Does one of the methods provide this mode? `None` for a mode that methods say nothing about: another identity
/// provider's, or one of the future.
fn provides(registered: &[Text], mode: &str, phones_work: bool) -> Option<bool> {
    if mode.eq_ignore_ascii_case("password") {
        return Some(true);
    }
    let (name, providers) = MODES.iter().find(|(name, _)| name.eq_ignore_ascii_case(mode))?;
    if matches!(*name, "sms" | "voice") && !phones_work {
        return Some(false);
    }
    Some(registered.iter().any(|method| providers.iter().any(|provider| methods::is(provider, method))))
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

    fn meets(methods: &[&str], id: &str, combinations: &[&str], at: &str) -> Option<bool> {
        let strength = AuthenticationStrength {
            id: id.into(),
            allowed_combinations: combinations.iter().map(|one| (*one).into()).collect(),
            ..AuthenticationStrength::default()
        };
        can_meet(&user(methods), Some(false), &strength, at.parse().unwrap())
    }

    #[test]
    fn methods_meet_combinations() {
        const RESISTANT: &str = "00000000-0000-0000-0000-000000000004";
        const ANY: &str = "00000000-0000-0000-0000-000000000002";
        let (before, after) = ("2026-11-28T00:00:00Z", "2027-02-01T00:00:00Z");
        for (story, methods, id, combinations, at, expected) in [
            ("a key", &["fido2SecurityKey"][..], RESISTANT, &[][..], before, Some(true)),
            ("a synced passkey", &["passkeysynced"], RESISTANT, &[], before, Some(true)),
            ("a platform credential", &["macOsSecureEnclaveKey"], RESISTANT, &[], before, Some(true)),
            ("a push", &["microsoftAuthenticatorPush"], RESISTANT, &[], before, Some(false)),
            ("a push for any MFA", &["microsoftAuthenticatorPush"], ANY, &[], before, Some(true)),
            (
                "a push for its own combination",
                &["microsoftAuthenticatorPush"],
                "x",
                &["password, microsoftAuthenticatorPush"],
                before,
                Some(true),
            ),
            ("an external method for any MFA", &["externalAuthMethod"], ANY, &[], before, Some(false)),
            ("an external method", &["externalAuthMethod"], "x", &["fido2", "password,sms"], before, Some(false)),
            ("a telephone", &["mobilePhone"], "x", &["password,sms"], before, Some(true)),
            ("a telephone after its date", &["mobilePhone"], "x", &["password,sms"], after, Some(false)),
            ("nothing", &[], RESISTANT, &[], before, Some(false)),
            ("a method of the future", &["quantumKey"], RESISTANT, &[], before, None),
            ("a mode of the future", &["fido2SecurityKey"], "x", &["quantum"], before, None),
            ("a strength nobody knows", &["fido2SecurityKey"], "x", &[], before, None),
        ] {
            assert_eq!(meets(methods, id, combinations, at), expected, "{story}");
        }
        let mut unknown = user(&[]);
        unknown.methods = None;
        assert_eq!(can_meet(&unknown, Some(false), &AuthenticationStrength::default(), before.parse().unwrap()), None);
    }
}
