//! A tenant is folded, the text is planned on the same tenant, and nothing changes.

use std::path::Path;

use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::{GuessKind, Imported, Options, fold, prove};
use crate::{
    config::SignalSettings,
    diag::render,
    facts::Facts,
    plan::Plan,
    snapshot,
    tenant::{
        Group, GroupId, LastSignIn, MailboxPurpose, MfaState, ObservedState, ObservedTenant, RoleAssignment,
        RoleTemplateId, Source, TenantId, Text, User, UserId, UserType, role,
    },
};

#[path = "../../tests/support/generator/mod.rs"]
#[allow(clippy::duplicate_mod, clippy::manual_is_multiple_of, reason = "shared by inclusion")]
mod generator;

fn instant() -> Timestamp {
    "2026-11-24T08:00:00Z".parse().unwrap()
}

fn user(number: u128, name: &str, state: MfaState) -> User {
    let mut user = User::new(UserId::new(Uuid::from_u128(number)), name.into(), state.into());
    user.account_enabled = Some(true);
    user.user_type = Some(UserType::Member);
    user.directory_roles = Some(Box::default());
    user
}

fn tenant(users: Vec<User>) -> ObservedTenant {
    ObservedTenant::new(TenantId::new(Uuid::from_u128(7)), "Contoso".into(), Source::Snapshot, instant(), users)
}

fn import(tenant: &ObservedTenant) -> Imported {
    fold(&Facts::of(tenant, &SignalSettings::default(), instant()), &Options::default())
}

/// The plan of the text, or the text with what is wrong in it.
fn plan(imported: &Imported, tenant: &ObservedTenant) -> Plan {
    assert_eq!(crate::fmt::format(&imported.text).unwrap(), imported.text, "canonical style");
    prove(imported, tenant, instant()).unwrap_or_else(|error| {
        let shown = render::to_string(&error.diagnostics, &error.sources, render::RenderOptions::default());
        panic!("{shown}\n{}", imported.text)
    })
}

#[test]
fn a_text_too_long_for_one_file_is_spread_over_several_that_hold_together() {
    let states = [MfaState::Disabled, MfaState::Enabled, MfaState::Enforced];
    // Scattered without any pattern that an attribute could name.
    let scattered = |number: usize| states[(number * number + number / 7) % 3];
    let users = (0..600).map(|at| user(at as u128 + 1, &format!("user{at:04}@contoso.com"), scattered(at))).collect();
    let tenant = tenant(users);
    let facts = Facts::of(&tenant, &SignalSettings::default(), instant());
    let whole = fold(&facts, &Options::default());
    assert_eq!(whole.files().len(), 1);
    let options = Options { largest_file: 4_000, ..Options::default() };
    let spread = fold(&facts, &options);
    let files = spread.files();
    assert!(files.len() > 2 && files.iter().all(|(_, text)| text.len() <= 4_000), "{}", files.len());
    assert_eq!((files[0].0.as_str(), files[1].0.as_str()), ("main.mfa.hcl", "main-2.mfa.hcl"));
    assert!(files[1].1.contains("Part 2 of "), "{}", files[1].1);
    for (name, text) in &files {
        assert_eq!(crate::fmt::format(text).unwrap(), *text, "{name}");
    }
    // Nobody is lost at a seam: the proof loads the files.
    let plan = plan(&spread, &tenant);
    assert_eq!((plan.changes.len(), plan.summary.unchanged, plan.summary.unmanaged), (0, 600, 0));
}

#[test]
fn a_department_is_said_in_one_line_and_its_exceptions_by_name() {
    let mut users = Vec::new();
    for number in 0..40_u128 {
        let state = if number < 20 && number != 3 { MfaState::Enforced } else { MfaState::Disabled };
        let mut user = user(number + 1, &format!("user{number:02}@contoso.com"), state);
        user.department = Some(if number < 20 { "Finance" } else { "Sales" }.into());
        users.push(user);
    }
    users.push(user(99, "lone@contoso.com", MfaState::Enforced));
    let tenant = tenant(users);
    let imported = import(&tenant);
    let expected = r#"
mfa "everybody-else" {
  state = "disabled"
  where = true
}

# By these departments: 19 users are enforced, the exceptions are not.
mfa "departments-enforced" {
  state    = "enforced"
  priority = 10
  where    = user.department == "Finance"

  except {
    users = ["user03@contoso.com"]
  }
}

# 1 user is enforced, without anything in common by which to name them.
mfa "named-enforced" {
  state    = "enforced"
  priority = 10
  users    = ["lone@contoso.com"]
}
"#;
    assert!(imported.text.ends_with(expected.trim_start_matches('\n')), "{}", imported.text);
    let plan = plan(&imported, &tenant);
    assert!(plan.changes.is_empty() && plan.summary.unmanaged == 0, "{:?}", plan.summary);
}

#[test]
fn names_that_deceive_are_written_as_ids_and_still_mean_the_same() {
    let group =
        |number, name: &str| Group { id: GroupId::new(Uuid::from_u128(number)), display_name: name.into(), mail: None };
    let mut users = Vec::new();
    for number in 0..80_u128 {
        let state = if number < 30 { MfaState::Enforced } else { MfaState::Disabled };
        let mut user = user(number + 1, &format!("u{number}@contoso.com"), state);
        let ids = [GroupId::new(Uuid::from_u128(if number < 15 { 500 } else { 501 }))];
        user.member_of = (number < 30).then(|| Box::from(ids));
        users.push(user);
    }
    users[0].user_principal_name = "a${b}%{c}\"\\d@contoso.com".into();
    users[31].mfa_state = ObservedState::Known(MfaState::Enabled);
    users[31].user_principal_name = "odd\u{202e}${x}@contoso.com".into();
    users[32].mfa_state = ObservedState::Unknown(Some("strange".into()));
    let mut tenant = tenant(users);
    // Two groups of one name, and a line break in another's.
    tenant.groups = vec![group(500, "Twins"), group(501, "Twins"), group(502, "a\nb")];
    let imported = import(&tenant);
    assert!(imported.text.contains("00000000-0000-0000-0000-0000000001f4"), "{}", imported.text);
    assert!(!imported.text.contains('\u{202e}') && !imported.text.contains("Twins"), "{}", imported.text);
    let plan = plan(&imported, &tenant);
    assert_eq!((plan.changes.len(), plan.summary.unmanaged), (0, 1), "the unknown state is left alone");
}

#[test]
fn emergency_accounts_and_workloads_are_protected_and_every_guess_gives_its_reason() {
    let mut users: Vec<User> =
        (0..20_u128).map(|number| user(number + 1, &format!("u{number}@contoso.com"), MfaState::Disabled)).collect();
    let mut glass = user(100, "Notfall-1@contoso.com", MfaState::Disabled);
    glass.directory_roles = Some(Box::from([RoleAssignment {
        template_id: role::GLOBAL_ADMINISTRATOR,
        display_name: "Global Administrator".into(),
        permanent: true,
        scope: None,
    }]));
    let sync = user(101, "Sync_SRV01_0a1b@contoso.onmicrosoft.com", MfaState::Enforced);
    let mut room = user(102, "mtr-berlin@contoso.com", MfaState::Disabled);
    room.mailbox_purpose = Some(MailboxPurpose::Room);
    room.licenses = Some(["MEETING_ROOM".into()].into());
    // Nobody of their family is on call: the word has to stand alone and the role has to be there.
    let person = user(103, "ann.notfallmann@contoso.com", MfaState::Enforced);
    users.extend([glass, sync, room, person]);
    let tenant = tenant(users);
    let imported = import(&tenant);
    let kinds: Vec<GuessKind> = imported.guesses.iter().map(|guess| guess.kind).collect();
    assert_eq!(kinds, [GuessKind::TeamsRoom, GuessKind::BreakGlass, GuessKind::Sync]);
    for line in [
        "Check this",
        "Notfall-1@contoso.com: \"notfall\" in the name",
        "enforced now: known by its user principal name",
    ] {
        assert!(imported.text.contains(line), "{line} in\n{}", imported.text);
    }
    let plan = plan(&imported, &tenant);
    assert_eq!((plan.changes.len(), plan.summary.protected, plan.summary.managed), (0, 3, 21));
}

#[test]
fn an_administrator_whose_sign_ins_are_unknown_is_told_but_not_protected() {
    let mut admin = user(1, "adm.weber@contoso.onmicrosoft.com", MfaState::Enforced);
    admin.directory_roles = Some(Box::from([RoleAssignment {
        template_id: role::GLOBAL_ADMINISTRATOR,
        display_name: "Global Administrator".into(),
        permanent: true,
        scope: None,
    }]));
    let unknown = import(&tenant(vec![admin.clone()]));
    assert_eq!((unknown.guesses[0].kind, unknown.claimed), (GuessKind::PossibleBreakGlass, 1));
    assert!(unknown.text.contains("these may be emergency accounts as well"), "{}", unknown.text);
    admin.last_sign_in = LastSignIn::Never;
    let never = import(&tenant(vec![admin]));
    assert_eq!((never.guesses[0].kind, never.claimed), (GuessKind::BreakGlass, 0));
}

#[test]
fn a_tenant_without_a_single_known_state_gets_no_mfa_block() {
    let mut one = user(1, "u@contoso.com", MfaState::Disabled);
    one.mfa_state = ObservedState::Unknown(None);
    let imported = import(&tenant(vec![one]));
    assert_eq!(imported.claimed, 0);
    assert!(
        imported.text.contains("Nobody's state is known") && !imported.text.contains("\nmfa \""),
        "{}",
        imported.text
    );
}

#[test]
fn the_same_tenant_gives_the_same_text_whatever_the_order_of_its_users() {
    let make = |reverse: bool| {
        let mut users: Vec<User> = (0..200_u128)
            .map(|number| {
                let state = MfaState::ALL[(number % 7 % 3) as usize];
                let mut user = user(number + 1, &format!("u{number:03}@contoso.com"), state);
                user.country = Some(Text::from(["DE", "FR", "PT"][(number % 3) as usize]));
                user.department = Some(Text::from(["A", "B"][(number % 2) as usize]));
                user
            })
            .collect();
        if reverse {
            users.reverse();
        }
        import(&tenant(users)).text
    };
    assert_eq!(make(false), make(true));
}

/// Few blocks, no change, nobody forgotten. Every fourth tenant has no sign-in log.
#[test]
fn generated_tenants_fold_into_few_blocks_and_their_plan_is_empty() {
    for seed in 1..=20 {
        let sign_ins = seed % 4 != 0;
        let options = generator::Options { users: 5_000, seed, sign_ins, ..generator::Options::default() };
        let json = generator::generate(options).json;
        let tenant = snapshot::from_slice(Path::new("generated"), json.as_bytes()).unwrap();
        let imported = import(&tenant);
        assert!(imported.blocks < 60, "seed {seed}: {} blocks", imported.blocks);
        let plan = plan(&imported, &tenant);
        assert_eq!((plan.changes.len(), plan.summary.unmanaged), (0, 0), "seed {seed}");
        assert_eq!(plan.summary.before, plan.summary.after);
    }
}

/// Names as hostile as a directory can hold them.
const NAMES: [&str; 8] = ["Finance", "finance", "${user.id}", "%{if}\"\\", "Cafe\u{301}", "a\nb", " ", "\u{202e}Sales"];

#[derive(Clone, Debug)]
struct Drawn {
    state: usize,
    department: usize,
    groups: u8,
    role: usize,
    disabled: bool,
    guest: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    // The department often decides the state, as it does in life; else nothing would ever be folded.
    (0..4_usize, 0..9_usize, any::<u8>(), 0..6_usize, any::<bool>(), any::<bool>(), 0..4_u8).prop_map(
        |(free, department, groups, role, disabled, guest, follows)| Drawn {
            state: if follows == 0 { free } else { department % 3 },
            department,
            groups,
            role,
            disabled,
            guest,
        },
    )
}

fn drawn_tenant(drawn: &[Drawn]) -> ObservedTenant {
    let group = |number: usize| GroupId::new(Uuid::from_u128(1_000 + number as u128));
    let users = drawn.iter().enumerate().map(|(number, one)| {
        let mut user =
            user(number as u128 + 1, &format!("u{number}{}@contoso.com", NAMES[number % 8].trim()), MfaState::Disabled);
        user.mfa_state = MfaState::ALL.get(one.state).map_or(ObservedState::Unknown(None), |state| (*state).into());
        user.department = NAMES.get(one.department).map(|name| Text::from(*name));
        user.member_of = Some((0..8).filter(|bit| one.groups & (1 << bit) != 0).map(group).collect());
        let named = ["Helpdesk Administrator", "helpdesk administrator", "Reports Reader"].get(one.role);
        user.directory_roles = Some(
            named
                .map(|name| RoleAssignment {
                    template_id: RoleTemplateId::new(Uuid::from_u128(one.role as u128)),
                    display_name: (*name).into(),
                    permanent: true,
                    scope: None,
                })
                .into_iter()
                .collect(),
        );
        user.account_enabled = Some(!one.disabled);
        user.user_type = Some(if one.guest { UserType::Guest } else { UserType::Member });
        user
    });
    let mut tenant = tenant(users.collect());
    let mail = |number: usize| (number == 7).then(|| Text::from("FINANCE"));
    tenant.groups = (0..8)
        .map(|number| Group { id: group(number), display_name: NAMES[number].into(), mail: mail(number) })
        .collect();
    tenant
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_the_tenant_the_plan_of_its_text_is_empty(drawn in prop::collection::vec(drawn(), 1..60)) {
        let tenant = drawn_tenant(&drawn);
        let imported = import(&tenant);
        prop_assume!(imported.claimed > 0);
        let unknown = drawn.iter().filter(|one| one.state == 3).count() as u64;
        let plan = plan(&imported, &tenant);
        prop_assert_eq!((plan.changes.len(), plan.summary.unmanaged), (0, unknown), "{}", imported.text);
    }
}
