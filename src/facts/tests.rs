//! What single facts come to: each table goes through a kind of fact, at its limits and where it is missing.

use uuid::Uuid;

use super::{Facts, Population, SignalModel, UserKind, UserView, kind, methods, recognise, recognise::LastSeen};
use crate::{
    config::SignalSettings,
    eval::{UserFacts, UserField, Value},
    tenant::{
        Contact, Group, GroupId, LastSignIn, LegacySignIns, MailboxPurpose, Manager, MfaState, ObservedState,
        ObservedTenant, RoleAssignment, SignIns, Source, TenantId, Text, User, UserId, UserIndex, UserType, role,
    },
};

const NOW: &str = "2026-11-20T08:00:00Z";

fn named(upn: &str) -> User {
    User::new(UserId::new(Uuid::from_u128(7)), upn.into(), MfaState::Disabled.into())
}

/// Somebody of whom nothing else is known.
fn jo() -> User {
    named("jo@contoso.com")
}

fn with(change: impl FnOnce(&mut User)) -> User {
    let mut user = jo();
    change(&mut user);
    user
}

fn texts(all: &[&str]) -> Option<Box<[Text]>> {
    Some(all.iter().map(|one| Text::from(*one)).collect())
}

fn signs_in(change: impl FnOnce(&mut SignIns)) -> Option<Box<SignIns>> {
    let mut sign_ins = SignIns::default();
    change(&mut sign_ins);
    Some(Box::new(sign_ins))
}

fn tenant(users: Vec<User>) -> ObservedTenant {
    ObservedTenant::new(TenantId::new(Uuid::nil()), "Contoso".into(), Source::Snapshot, NOW.parse().unwrap(), users)
}

#[test]
fn each_fact_of_enabled_members_is_counted_once_for_each_who_has_it() {
    type Has = fn(&mut User);
    type Count = fn(&Population) -> u64;
    let facts: [(Has, Count); 6] = [
        (|user| user.password_never_expires = Some(false), |all| all.password_policy_known),
        (|user| user.password_never_expires = Some(true), |all| all.password_never_expires),
        (|user| user.employee_id = Some("7".into()), |all| all.employee_id),
        (|user| user.job_title = Some("Clerk".into()), |all| all.job_title),
        (|user| user.department = Some("Sales".into()), |all| all.department),
        (|user| (user.given_name, user.surname) = (Some("Jo".into()), Some("Berg".into())), |all| all.full_name),
    ];
    let member = |number: u128, has: Option<Has>| {
        let mut user = User::new(
            UserId::new(Uuid::from_u128(number)),
            format!("u{number}@contoso.com").into(),
            MfaState::Disabled.into(),
        );
        user.account_enabled = Some(true);
        if let Some(has) = has {
            has(&mut user);
        }
        user
    };
    for (has, count) in facts {
        let of = |mut others: Vec<User>| {
            others.extend([member(1, Some(has)), member(2, Some(has)), member(3, None)]);
            Population::of(&tenant(others))
        };
        let counted = of(Vec::new());
        assert_eq!((counted.enabled, counted.members, count(&counted)), (3, 3, 2), "{counted:?}");
        let mut guest = member(4, Some(has));
        guest.user_type = Some(UserType::Guest);
        let (mut left, mut unknown) = (member(5, Some(has)), member(6, Some(has)));
        (left.account_enabled, unknown.account_enabled) = (Some(false), None);
        let beside = of(vec![guest, left, unknown]);
        assert_eq!((beside.enabled, beside.members, count(&beside)), (4, 3, 2), "{beside:?}");
    }
    let halves: [Has; 4] = [
        |user| user.given_name = Some("Jo".into()),
        |user| user.surname = Some("Berg".into()),
        |user| (user.given_name, user.surname) = (Some("Jo".into()), Some("  ".into())),
        |user| {
            (user.employee_id, user.job_title, user.department) = (Some("".into()), Some(" ".into()), Some("\t".into()))
        },
    ];
    for half in halves {
        let counted = Population::of(&tenant(vec![member(1, Some(half))]));
        assert_eq!(counted, Population { enabled: 1, members: 1, ..Population::default() });
    }
}

#[test]
fn registration_is_read_from_the_methods_where_the_report_is_silent() {
    type Row = (Option<bool>, Option<Box<[Text]>>, Option<bool>);
    let rows: [Row; 9] = [
        (Some(true), texts(&[]), Some(true)),
        (Some(false), texts(&["fido2SecurityKey"]), Some(false)),
        (None, None, None),
        (None, texts(&[]), Some(false)),
        (None, texts(&["email", "password"]), Some(false)),
        (None, texts(&["mobilePhone"]), Some(true)),
        (None, texts(&["methodOfTheFuture"]), None),
        (None, texts(&["email", "methodOfTheFuture"]), None),
        (None, texts(&["methodOfTheFuture", "fido2SecurityKey"]), Some(true)),
    ];
    for (report, methods, expected) in rows {
        let user = with(|user| (user.registered, user.methods) = (report, methods.clone()));
        assert_eq!(methods::registered(&user), expected, "{report:?}, {methods:?}");
    }
}

#[test]
fn the_only_methods_are_telephones_or_external_ones_where_there_is_one_at_all() {
    type Row = (Option<Box<[Text]>>, Option<bool>, Option<bool>);
    let rows: [Row; 7] = [
        (None, None, None),
        (texts(&[]), Some(false), Some(false)),
        (texts(&["email"]), Some(false), Some(false)),
        (texts(&["mobilePhone", "email", "officePhone"]), Some(true), Some(false)),
        (texts(&["mobilePhone", "softwareOneTimePasscode"]), Some(false), Some(false)),
        (texts(&["externalAuthMethod", "email"]), Some(false), Some(true)),
        (texts(&["mobilePhone", "externalAuthMethod"]), Some(false), Some(false)),
    ];
    for (methods, phones, external) in rows {
        let user = with(|user| user.methods = methods.clone());
        assert_eq!((methods::phone_only(&user), methods::external_only(&user)), (phones, external), "{methods:?}");
    }
}

#[test]
fn a_method_is_usable_while_it_works_and_is_not_reported_as_unable() {
    type Row = (&'static str, fn(&mut User), [Option<bool>; 2]);
    let (yes, no) = (Some(true), Some(false));
    let rows: [Row; 12] = [
        ("nothing is known", |_| {}, [None; 2]),
        ("not registered, methods unknown", |user| user.registered = Some(false), [no; 2]),
        ("registered, methods unknown", |user| user.registered = Some(true), [None; 2]),
        ("no method", |user| user.methods = texts(&[]), [no; 2]),
        ("no method that counts", |user| user.methods = texts(&["email", "temporaryAccessPass"]), [no; 2]),
        ("a strong one", |user| user.methods = texts(&["softwareOneTimePasscode"]), [yes; 2]),
        ("a key", |user| user.methods = texts(&["fido2SecurityKey"]), [yes; 2]),
        ("a telephone", |user| user.methods = texts(&["mobilePhone"]), [yes, no]),
        ("the alternate telephone", |user| user.methods = texts(&["alternateMobilePhone"]), [no; 2]),
        ("one of the future", |user| user.methods = texts(&["methodOfTheFuture"]), [None; 2]),
        (
            "reported as unable",
            |user| (user.methods, user.mfa_capable) = (texts(&["fido2SecurityKey"]), Some(false)),
            [no; 2],
        ),
        (
            "reported as not registered, with a method",
            |user| (user.methods, user.registered) = (texts(&["fido2SecurityKey"]), Some(false)),
            [yes; 2],
        ),
    ];
    let days = ["2027-01-31T23:59:59Z", "2027-02-01T00:00:00Z"];
    for (story, change, expected) in rows {
        let user = with(change);
        assert_eq!(days.map(|day| methods::usable(&user, day.parse().unwrap())), expected, "{story}");
    }
}

#[test]
fn what_an_account_is_follows_from_the_first_sign_that_decides() {
    type Row = (&'static str, fn(&mut User), u8, UserKind);
    let rows: [Row; 22] = [
        ("a score below both bounds", |_| {}, 39, UserKind::Person),
        ("a possible workload", |_| {}, 40, UserKind::Unknown),
        ("just not certain", |_| {}, 69, UserKind::Unknown),
        ("certain", |_| {}, 70, UserKind::ServiceAccount),
        (
            "MFA at the keyboard",
            |user| user.sign_ins = signs_in(|one| one.interactive_mfa = Some(1)),
            70,
            UserKind::Person,
        ),
        (
            "never MFA",
            |user| user.sign_ins = signs_in(|one| one.interactive_mfa = Some(0)),
            70,
            UserKind::ServiceAccount,
        ),
        ("Authenticator", |user| user.methods = texts(&["microsoftAuthenticatorPush"]), 40, UserKind::Person),
        ("a telephone", |user| user.methods = texts(&["mobilePhone"]), 40, UserKind::Unknown),
        ("a guest", |user| user.user_type = Some(UserType::Guest), 69, UserKind::Guest),
        ("a guest that is a workload", |user| user.user_type = Some(UserType::Guest), 70, UserKind::ServiceAccount),
        ("an agent", |user| user.is_agent = true, 0, UserKind::Agent),
        ("synchronisation", |user| user.user_principal_name = "Sync_DC1_7@contoso.com".into(), 0, UserKind::Sync),
        (
            "synchronisation, by its display name",
            |user| user.display_name = Some(" on-premises directory synchronization service account".into()),
            0,
            UserKind::Sync,
        ),
        (
            "synchronisation, by its role",
            |user| user.directory_roles = holds(role::ON_PREMISES_DIRECTORY_SYNC_ACCOUNT),
            0,
            UserKind::Sync,
        ),
        ("a room's licence", |user| user.licenses = texts(&["Microsoft_Teams_Rooms_Pro"]), 0, UserKind::TeamsRoom),
        ("a room's older licence", |user| user.licenses = texts(&["SPE_E3", "MEETING_ROOM"]), 0, UserKind::TeamsRoom),
        ("a shared device's licence", |user| user.licenses = texts(&["MCOCAP"]), 0, UserKind::SharedDevice),
        ("a shared device's key", |user| user.methods = texts(&["resourceAccountKey"]), 0, UserKind::SharedDevice),
        (
            "a room's mailbox that signs in",
            |user| {
                user.mailbox_purpose = Some(MailboxPurpose::Room);
                user.sign_ins = signs_in(|one| one.non_interactive = Some(1));
            },
            0,
            UserKind::TeamsRoom,
        ),
        ("a room's mailbox", |user| user.mailbox_purpose = Some(MailboxPurpose::Room), 70, UserKind::Room),
        ("a shared mailbox", |user| user.mailbox_purpose = Some(MailboxPurpose::Shared), 70, UserKind::SharedMailbox),
        ("equipment", |user| user.mailbox_purpose = Some(MailboxPurpose::Equipment), 70, UserKind::Equipment),
    ];
    let model = SignalModel::new(&SignalSettings::default());
    for (story, change, score, expected) in rows {
        let user = with(change);
        assert_eq!(kind(&user, None, || score, &model), expected, "{story}");
        let declared = Some(UserKind::BreakGlass);
        assert_eq!(kind(&user, declared, || score, &model), UserKind::BreakGlass, "{story}, declared");
        assert_eq!(format!("{expected:>16}"), format!("{:>16}", expected.as_str()));
    }
}

fn holds(template_id: crate::tenant::RoleTemplateId) -> Option<Box<[RoleAssignment]>> {
    Some([RoleAssignment { template_id, display_name: "A role".into(), permanent: true, scope: None }].into())
}

/// A name that anybody may give says something together with a sign-in only; a token is one by the whole of its name.
#[test]
fn names_of_rooms_and_tokens_are_held_against_more() {
    let mut room = named("MTR-lobby@contoso.com");
    assert!(recognise::is_named_like_a_room(&room));
    assert_eq!(recognise::shared_device(&room), None);
    room.sign_ins = signs_in(|one| one.interactive = Some(1));
    assert_eq!(recognise::shared_device(&room), Some("user principal name"));
    assert!(recognise::is_no_person(&room) && !recognise::is_no_person(&jo()));

    for (upn, expected) in [
        ("package_6f9619ff-8b86-d011-b42d-00cf4fc964ff@contoso.com", true),
        ("PACKAGE_6f9619ff-8b86-d011-b42d-00cf4fc964ff@contoso.com", true),
        ("package_designer@contoso.com", false),
        ("6f9619ff-8b86-d011-b42d-00cf4fc964ff@contoso.com", false),
    ] {
        assert_eq!(recognise::is_bulk_enrolment(&named(upn)), expected, "{upn}");
        assert_eq!(recognise::is_no_person(&named(upn)), expected, "{upn}");
    }
}

#[test]
fn who_was_seen_last_is_told_from_dates_first_and_counts_then() {
    type Row = (&'static str, LastSignIn, fn(&mut SignIns), LastSeen, Option<bool>);
    let (now, day) = (NOW.parse().unwrap(), "2026-08-01T00:00:00Z".parse().unwrap());
    let unknown = LastSignIn::Unknown;
    let rows: [Row; 12] = [
        ("a date", LastSignIn::At(day), |one| one.interactive = Some(1), LastSeen::At(day), Some(true)),
        ("never", LastSignIn::Never, |_| {}, LastSeen::Never, None),
        ("at the keyboard", unknown, |one| one.interactive = Some(1), LastSeen::At(now), Some(true)),
        ("in the background", unknown, |one| one.non_interactive = Some(1), LastSeen::At(now), Some(true)),
        ("by the password grant", unknown, |one| one.ropc = Some(1), LastSeen::At(now), Some(true)),
        ("by an old protocol", unknown, |one| one.legacy = Some([imap(1)].into()), LastSeen::At(now), Some(true)),
        ("not by an old protocol", unknown, |one| one.legacy = Some([imap(0)].into()), LastSeen::Unknown, None),
        (
            "not in a month",
            unknown,
            |one| (one.interactive, one.non_interactive, one.window_days) = (Some(0), Some(0), Some(30)),
            LastSeen::NotIn(30),
            Some(false),
        ),
        (
            "not, nobody knows for how long",
            unknown,
            |one| (one.interactive, one.non_interactive) = (Some(0), Some(0)),
            LastSeen::Unknown,
            Some(false),
        ),
        ("no record in a log of a week", unknown, |one| one.window_days = Some(7), LastSeen::NotIn(7), None),
        (
            "one log of two",
            unknown,
            |one| (one.interactive, one.window_days) = (Some(0), Some(30)),
            LastSeen::Unknown,
            None,
        ),
        (
            "the other log of two",
            unknown,
            |one| (one.non_interactive, one.window_days) = (Some(0), Some(30)),
            LastSeen::Unknown,
            None,
        ),
    ];
    for (story, last, change, expected, any) in rows {
        let user = with(|user| (user.last_sign_in, user.sign_ins) = (last, signs_in(change)));
        assert_eq!(recognise::last_sign_in(&user, now), expected, "{story}");
        assert_eq!(recognise::any_sign_in(user.sign_ins.as_ref().unwrap()), any, "{story}");
        assert_eq!(recognise::sign_ins_known(&user), any.is_some(), "{story}");
    }
    assert_eq!(recognise::last_sign_in(&jo(), now), LastSeen::Unknown);
    let words = [LastSeen::Unknown, LastSeen::Never, LastSeen::NotIn(1), LastSeen::NotIn(2), LastSeen::At(day)];
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["unknown", "never", "not seen in 1 day", "not seen in 2 days", "2026-08-01T00:00:00Z"]);
}

fn imap(count: u32) -> LegacySignIns {
    LegacySignIns { protocol: "IMAP4".into(), count, last: None, distinct_ips: None }
}

/// Every attribute of `user`, of somebody of whom all is known, and of somebody of whom nothing is.
#[test]
fn every_attribute_reads_as_what_the_directory_said() {
    let group: GroupId = "aaaaaaaa-0000-0000-0000-000000000001".parse().unwrap();
    let user = with(|user| {
        user.mfa_state = ObservedState::Known(MfaState::Enabled);
        user.display_name = Some("Jo Berg".into());
        user.mail = Some("jo.berg@contoso.com".into());
        user.department = Some("Sales".into());
        user.job_title = Some("Clerk".into());
        user.company_name = Some("Contoso".into());
        user.country = Some("Norway".into());
        user.office_location = Some("Oslo".into());
        user.employee_id = Some("0042".into());
        user.employee_type = Some("Contractor".into());
        user.user_type = Some(UserType::Member);
        user.account_enabled = Some(true);
        user.on_premises_sync_enabled = Some(false);
        user.created = Some("2024-02-29T00:00:00Z".parse().unwrap());
        user.password_never_expires = Some(true);
        user.licenses = texts(&["SPE_E3"]);
        user.registered = Some(false);
        user.methods = texts(&["mobilePhone"]);
        user.member_of = Some([group].into());
        user.directory_roles = holds(role::GLOBAL_ADMINISTRATOR);
        user.last_sign_in = LastSignIn::At(NOW.parse().unwrap());
        user.last_interactive_sign_in = LastSignIn::Never;
        user.sign_ins = signs_in(|one| one.legacy = Some([imap(41)].into()));
        let mut attributes: [Option<Text>; 15] = Default::default();
        attributes[2] = Some("blue".into());
        user.extension_attributes = Some(Box::new(attributes));
        let manager = Manager {
            id: UserId::new(Uuid::nil()),
            user_principal_name: Some("kim@contoso.com".into()),
            display_name: None,
        };
        user.contact = Some(Box::new(Contact { manager: Some(manager), ..Contact::default() }));
    });
    let mut all = tenant(vec![user]);
    all.groups = vec![Group { id: group, display_name: "SG-Sales".into(), mail: None }];
    let settings = SignalSettings::default();
    let facts = Facts::of(&all, &settings, NOW.parse().unwrap());
    let known = UserView::new(&facts, UserIndex(0), None);
    let expected = |field: UserField| match field {
        UserField::Id => Value::string("00000000-0000-0000-0000-000000000007"),
        UserField::UserPrincipalName => Value::string("jo@contoso.com"),
        UserField::DisplayName => Value::string("Jo Berg"),
        UserField::Mail => Value::string("jo.berg@contoso.com"),
        UserField::Domain => Value::string("contoso.com"),
        UserField::Department => Value::string("Sales"),
        UserField::JobTitle => Value::string("Clerk"),
        UserField::CompanyName => Value::string("Contoso"),
        UserField::Country => Value::string("Norway"),
        UserField::OfficeLocation => Value::string("Oslo"),
        UserField::Manager => Value::string("kim@contoso.com"),
        UserField::EmployeeId => Value::string("0042"),
        UserField::EmployeeType => Value::string("Contractor"),
        UserField::UserType => Value::string("Member"),
        UserField::AccountEnabled | UserField::PasswordNeverExpires => Value::Bool(true),
        UserField::OnPremisesSyncEnabled | UserField::Registered => Value::Bool(false),
        UserField::Created => Value::string("2024-02-29T00:00:00Z"),
        UserField::Licenses => Value::strings(["SPE_E3"]),
        UserField::Roles => Value::strings(["A role"]),
        UserField::Groups => Value::strings(["SG-Sales"]),
        UserField::MfaState => Value::string("enabled"),
        UserField::Methods => Value::strings(["mobilePhone"]),
        UserField::LastSignIn => Value::string(NOW),
        UserField::LastInteractiveSignIn => Value::string("0001-01-01T00:00:00Z"),
        UserField::LegacySignIns => Value::object([("IMAP4", Value::from(41_u64))]),
        UserField::Kind => Value::string("person"),
        UserField::ServiceAccountScore => Value::from(10_u64),
        UserField::Extension => Value::object(
            (1..=15).map(|number| (number.to_string(), if number == 3 { Value::string("blue") } else { Value::Null })),
        ),
    };
    for field in UserField::ALL {
        assert_eq!(known.get(*field), expected(*field), "{field:?}");
    }

    let mut nobody = jo();
    nobody.mfa_state = ObservedState::Unknown(None);
    let all = tenant(vec![nobody]);
    let facts = Facts::of(&all, &settings, NOW.parse().unwrap());
    let unknown = UserView::new(&facts, UserIndex(0), None);
    for field in UserField::ALL {
        let value = match field {
            UserField::Id | UserField::UserPrincipalName | UserField::Domain | UserField::Kind => expected(*field),
            UserField::ServiceAccountScore => Value::from(0_u64),
            _ => Value::Null,
        };
        assert_eq!(unknown.get(*field), value, "{field:?}");
    }
    let declared = UserView::new(&facts, UserIndex(0), Some(UserKind::BreakGlass));
    assert_eq!(declared.get(UserField::Kind), Value::string("break_glass"));
}
