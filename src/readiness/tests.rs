//! A class for every kind of registration.

use super::class::{Class, class, ends};
use crate::tenant::{ObservedState, Text, User, UserId};

fn user(name: &str, registered: Option<bool>, capable: Option<bool>, methods: Option<&[&str]>) -> User {
    let id = UserId::new(uuid::Uuid::from_u128(7));
    let mut user = User::new(id, Text::from(name), ObservedState::Unknown(None));
    user.registered = registered;
    user.mfa_capable = capable;
    user.methods = methods.map(|all| all.iter().map(|one| Text::from(*one)).collect());
    user
}

#[test]
fn the_first_that_fits_is_the_class() {
    const PUSH: &str = "microsoftAuthenticatorPush";
    let (yes, no) = (Some(true), Some(false));
    type Row<'a> = (Option<bool>, Option<bool>, Option<&'a [&'a str]>, Class);
    let rows: [Row<'_>; 15] = [
        (None, yes, Some(&[PUSH]), Class::Unknown),
        (no, yes, Some(&[PUSH]), Class::NotRegistered),
        (no, None, None, Class::NotRegistered),
        (yes, no, Some(&[PUSH, "fido2SecurityKey"]), Class::NotCapable),
        (yes, no, None, Class::NotCapable),
        (yes, yes, None, Class::Unknown),
        (yes, None, Some(&[]), Class::NotRegistered),
        (yes, None, Some(&["email", "securityQuestion"]), Class::NotRegistered),
        (yes, None, Some(&["email", "carrierPigeon"]), Class::Unknown),
        (yes, None, Some(&["mobilePhone"]), Class::PhoneOnly),
        (yes, None, Some(&["mobilePhone", "officePhone", "email", "carrierPigeon"]), Class::PhoneOnly),
        (yes, None, Some(&[PUSH]), Class::SingleMethod),
        (yes, None, Some(&[PUSH, "email"]), Class::SingleMethod),
        (yes, None, Some(&[PUSH, "mobilePhone"]), Class::Ready),
        (yes, None, Some(&[PUSH, "microsoftAuthenticatorPasswordless"]), Class::Ready),
    ];
    for (registered, capable, methods, expected) in rows {
        let user = user("kim@contoso.com", registered, capable, methods);
        assert_eq!(class(&user), expected, "{registered:?} {capable:?} {methods:?}");
    }
}

#[test]
fn telephones_end_later_for_people_from_elsewhere_and_stay_phones_afterwards() {
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let phones = |name| user(name, Some(true), None, Some(&["mobilePhone"]));
    for (name, day) in [("kim@contoso.com", "2027-02-01"), ("kim_fabrikam.com#EXT#@contoso.com", "2027-07-01")] {
        let user = phones(name);
        let (deadline, ended) = ends(class(&user), &user, at("2027-01-31T23:59:59Z")).unwrap();
        assert_eq!((deadline.from.to_string().as_str(), ended), (day, false));
        let (_, ended) = ends(class(&user), &user, at("2027-07-01T00:00:00Z")).unwrap();
        assert!(ended);
    }
    let other = user("kim@contoso.com", Some(true), None, Some(&["fido2SecurityKey"]));
    assert!(ends(class(&other), &other, at("2027-01-01T00:00:00Z")).is_none());
}
