//! The matrix: method sets, populations, dates and actions, with what is found written by hand.

use crate::{
    risk::{RuleKind, registry, testing::*},
    tenant::Text,
};

/// Whose account it is.
#[derive(Clone, Copy, Debug)]
enum Who {
    Member,
    Admin,
    GlobalAdmin,
    Guest,
}
use Who::{Admin, GlobalAdmin, Guest, Member};

/// The rules that look at methods.
const RULES: [&str; 7] = ["MFA018", "MFA019", "MFA020", "MFA021", "MFA022", "MFA023", "MFA026"];

/// Enforced on four days, then enabled and disabled on the second of them.
const COLUMNS: [(&str, MfaStates); 6] = [
    ("2026-06-01T12:00:00Z", (Disabled, Enforced)),
    ("2026-11-28T12:00:00Z", (Disabled, Enforced)),
    ("2027-02-02T12:00:00Z", (Disabled, Enforced)),
    ("2027-07-02T12:00:00Z", (Disabled, Enforced)),
    ("2026-11-28T12:00:00Z", (Disabled, Enabled)),
    ("2026-11-28T12:00:00Z", (Enforced, Disabled)),
];

type MfaStates = (crate::tenant::MfaState, crate::tenant::MfaState);

/// What the registration report says beside the methods.
#[derive(Clone, Copy)]
enum Report {
    Registered,
    Unregistered,
    NotCapable,
}
use Report::{NotCapable, Registered, Unregistered};

/// Methods, who, what is found in each column: the last two digits of a rule and its severity's first letter, `?` where
/// the rule could not look.
type Cells = (&'static [&'static str], Report, Who, [&'static str; 6]);

const ENROL: [&str; 6] = ["18h 19m", "18h 19m", "18h 19m", "18h 19m", "19m", ""];
const ENROL_ADMIN: [&str; 6] = ["18h 19h 20h", "18h 19h 20h", "18h 19h 20h", "18h 19h 20h", "19h 20h", ""];
const ONE: [&str; 6] = ["23l", "23l", "23l", "23l", "23l", ""];
const NOTHING: [&str; 6] = [""; 6];

#[rustfmt::skip]
const MATRIX: &[Cells] = &[
    (&[], Unregistered, Member, ENROL),
    (&[], Unregistered, Admin, ENROL_ADMIN),
    (&[], Unregistered, GlobalAdmin, ENROL_ADMIN),
    (&[], Unregistered, Guest, ENROL),
    (&["temporaryAccessPass", "password"], Unregistered, Member, ENROL),
    (&["temporaryAccessPass", "password"], Unregistered, Admin, ENROL_ADMIN),
    (&["temporaryAccessPass", "password"], Unregistered, GlobalAdmin, ENROL_ADMIN),
    (&["temporaryAccessPass", "password"], Unregistered, Guest, ENROL),
    (&["mobilePhone"], Registered, Member, ["21m 23l", "21h 23l", "21c 23l", "21c 23l", "21h 23l", ""]),
    (&["mobilePhone"], Registered, Admin, ["20m 21m 23l", "20m 21h 23l", "20h 21c 23l", "20h 21c 23l", "20m 21h 23l", ""]),
    (&["mobilePhone"], Registered, GlobalAdmin, ["20m 21m 23l", "20m 21m 23l", "20m 21m 23l", "20h 21c 23l", "20m 21m 23l", ""]),
    (&["mobilePhone"], Registered, Guest, ["21m 23l", "21m 23l", "21m 23l", "21c 23l", "21m 23l", ""]),
    (&["alternateMobilePhone", "email"], Registered, Member, ["21m 23l", "21h 23l", "21c 23l", "21c 23l", "21h 23l", ""]),
    (&["alternateMobilePhone", "email"], Registered, Admin, ["20h 21m 23l", "20h 21h 23l", "20h 21c 23l", "20h 21c 23l", "20h 21h 23l", ""]),
    (&["alternateMobilePhone", "email"], Registered, GlobalAdmin, ["20h 21m 23l", "20h 21m 23l", "20h 21m 23l", "20h 21c 23l", "20h 21m 23l", ""]),
    (&["alternateMobilePhone", "email"], Registered, Guest, ["21m 23l", "21m 23l", "21m 23l", "21c 23l", "21m 23l", ""]),
    (&["mobilePhone"], NotCapable, Member, ["21m 22h 23l", "21h 22h 23l", "21c 22h 23l", "21c 22h 23l", "21h 22h 23l", ""]),
    (&["mobilePhone"], NotCapable, Admin, ["20h 21m 22h 23l", "20h 21h 22h 23l", "20h 21c 22h 23l", "20h 21c 22h 23l", "20h 21h 22h 23l", ""]),
    (&["mobilePhone"], NotCapable, GlobalAdmin, ["20h 21m 22h 23l", "20h 21m 22h 23l", "20h 21m 22h 23l", "20h 21c 22h 23l", "20h 21m 22h 23l", ""]),
    (&["mobilePhone"], NotCapable, Guest, ["21m 22h 23l", "21m 22h 23l", "21m 22h 23l", "21c 22h 23l", "21m 22h 23l", ""]),
    (&["microsoftAuthenticatorPush"], Registered, Member, ONE),
    (&["microsoftAuthenticatorPush"], Registered, Admin, ["20m 23l", "20m 23l", "20m 23l", "20m 23l", "20m 23l", ""]),
    (&["microsoftAuthenticatorPush"], Registered, GlobalAdmin, ["20m 23l", "20m 23l", "20m 23l", "20m 23l", "20m 23l", ""]),
    (&["microsoftAuthenticatorPush"], Registered, Guest, ONE),
    (&["mobilePhone", "softwareOneTimePasscode"], Registered, Member, NOTHING),
    (&["mobilePhone", "softwareOneTimePasscode"], Registered, Admin, ["20m", "20m", "20m", "20m", "20m", ""]),
    (&["mobilePhone", "softwareOneTimePasscode"], Registered, GlobalAdmin, ["20m", "20m", "20m", "20m", "20m", ""]),
    (&["mobilePhone", "softwareOneTimePasscode"], Registered, Guest, NOTHING),
    (&["fido2SecurityKey"], Registered, Member, ONE),
    (&["fido2SecurityKey"], Registered, Admin, ONE),
    (&["fido2SecurityKey"], Registered, GlobalAdmin, ONE),
    (&["fido2SecurityKey"], Registered, Guest, ONE),
    (&["passKeySynced", "officePhone"], Registered, Member, NOTHING),
    (&["passKeySynced", "officePhone"], Registered, Admin, NOTHING),
    (&["passKeySynced", "officePhone"], Registered, GlobalAdmin, NOTHING),
    (&["passKeySynced", "officePhone"], Registered, Guest, NOTHING),
    (&["externalAuthMethod"], Registered, Member, ["23l 26m", "23l 26m", "23l 26m", "23l 26m", "23l 26m", "26m"]),
    (&["externalAuthMethod"], Registered, Admin, ["20m 23l 26m", "20m 23l 26m", "20m 23l 26m", "20m 23l 26m", "20m 23l 26m", "26m"]),
    (&["externalAuthMethod"], Registered, GlobalAdmin, ["20m 23l 26m", "20m 23l 26m", "20m 23l 26m", "20m 23l 26m", "20m 23l 26m", "26m"]),
    (&["externalAuthMethod"], Registered, Guest, ["23l 26m", "23l 26m", "23l 26m", "23l 26m", "23l 26m", "26m"]),
    (&["quantumKey"], Registered, Member, NOTHING),
    (&["quantumKey"], Registered, Admin, ["20?", "20?", "20?", "20?", "20?", ""]),
    (&["quantumKey"], Registered, GlobalAdmin, ["20?", "20?", "20?", "20?", "20?", ""]),
    (&["quantumKey"], Registered, Guest, NOTHING),
];

fn found(methods: &[&str], report: Report, who: Who, (date, (before, after)): (&str, MfaStates)) -> String {
    let mut world = World::new();
    world.config.instant = date.parse().unwrap();
    let user = world.user();
    user.methods = Some(methods.iter().map(|one| Text::from(*one)).collect());
    (user.registered, user.mfa_capable) = match report {
        Registered => (Some(true), Some(true)),
        Unregistered => (Some(false), Some(false)),
        NotCapable => (Some(true), Some(false)),
    };
    match who {
        Member => {}
        Admin => user.directory_roles = Some([user_admin()].into()),
        GlobalAdmin => user.directory_roles = Some([global_admin()].into()),
        Guest => user.user_principal_name = "jo_fabrikam.com#EXT#@contoso.onmicrosoft.com".into(),
    }
    world.change(before, after);
    let outcome = world.run();
    let said = |id: &&str| match outcome.of(id) {
        Fires(severity) => Some(format!("{}{}", &id[4..], &severity.as_str()[..1])),
        Blind => Some(format!("{}?", &id[4..])),
        Silent => None,
    };
    RULES.iter().filter_map(said).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_found_of_every_set_of_methods() {
    let mut wrong = Vec::new();
    for (methods, report, who, expected) in MATRIX {
        for (column, expected) in COLUMNS.into_iter().zip(expected) {
            let found = found(methods, *report, *who, column);
            if found != *expected {
                wrong.push(format!("{methods:?} {who:?} {column:?}: {found:?}, expected {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), MATRIX.len() * COLUMNS.len());
    let of_changes: Vec<_> =
        registry().iter().filter(|rule| rule.kind() == RuleKind::Change).map(|one| one.id).collect();
    assert!(RULES.iter().all(|id| of_changes.contains(id)));
}
