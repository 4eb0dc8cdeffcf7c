//! From the text of a configuration to who is claimed, and what is said about it.

use std::fs;

use uuid::Uuid;

use super::{Claim, Desired, HoldKind, ProtectionKind, Timing, resolve};
use crate::{
    config::{self, LoadInput, SignalSettings},
    diag::Diagnostic,
    facts::{Facts, UserKind, UserView, tenant_value},
    tenant::{MfaState, ObservedTenant, RoleAssignment, Source, TenantId, User, UserId, UserIndex, role},
};

const NOW: &str = "2026-11-20T08:00:00Z";

fn person(number: u128, name: &str) -> User {
    User::new(UserId::new(Uuid::from_u128(number)), format!("{name}@contoso.com").into(), MfaState::Disabled.into())
}

fn people(names: &[&str]) -> Vec<User> {
    (1..).zip(names).map(|(number, name)| person(number, name)).collect()
}

fn holding(name: &str) -> RoleAssignment {
    RoleAssignment { template_id: role::GLOBAL_ADMINISTRATOR, display_name: name.into(), permanent: true, scope: None }
}

/// What comes of this configuration and this policy directory in a tenant of these users.
fn resolved(users: &[User], hcl: &str, policy: &str) -> Result<(Desired, Vec<Diagnostic>), Vec<Diagnostic>> {
    let dir = tempfile::tempdir().unwrap();
    let policy_dir = dir.path().join("policy");
    fs::create_dir(&policy_dir).unwrap();
    let header = "tenant \"Contoso\" {\n  id = \"6f1c0c0e-3f0a-4b52-9f4e-0d2f5a1b7c11\"\n}\n";
    fs::write(dir.path().join("a.mfa.hcl"), format!("{header}{hcl}")).unwrap();
    fs::write(policy_dir.join("p.mfa.hcl"), policy).unwrap();
    let input = LoadInput {
        dir: dir.path(),
        policy_dir: Some(&policy_dir),
        assignments: &[],
        environment: &[],
        instant: NOW.parse().unwrap(),
        allow_files: &[],
        known_rules: &[],
    };
    let config = config::load(input).map_err(|failure| failure.diagnostics)?;
    let id = TenantId::new(Uuid::from_u128(1));
    let tenant = ObservedTenant::new(id, "Contoso".into(), Source::Snapshot, NOW.parse().unwrap(), users.to_vec());
    let facts = Facts::of(&tenant, &SignalSettings::default(), config.instant);
    let view = |index: UserIndex, protection: Option<ProtectionKind>| {
        UserView::new(&facts, index, protection.map(UserKind::from))
    };
    resolve(&config, &tenant, tenant_value(&config, &tenant), view)
}

fn claims(users: &[User], hcl: &str) -> Vec<Claim> {
    resolved(users, hcl, "").unwrap().0.claims
}

/// The details of all that is said, errors or warnings.
fn said(users: &[User], hcl: &str) -> Vec<String> {
    let all = resolved(users, hcl, "").map_or_else(|all| all, |(_, warnings)| warnings);
    all.into_iter().map(|one| one.detail).collect()
}

fn mfa(name: &str, body: &str) -> String {
    format!("mfa \"{name}\" {{\n  {body}\n}}\n")
}

#[test]
fn of_users_that_two_blocks_fight_over_three_are_named_and_the_rest_is_counted() {
    let hcl = mfa("one", "state = \"enforced\"\n  where = true") + &mfa("two", "state = \"enabled\"\n  where = true");
    for (names, expected) in [
        (&["anna"][..], "for anna@contoso.com."),
        (&["anna", "bo"], "for anna@contoso.com, bo@contoso.com."),
        (&["anna", "bo", "cai"], "for anna@contoso.com, bo@contoso.com, cai@contoso.com."),
        (
            &["anna", "bo", "cai", "dee", "eli"],
            "for anna@contoso.com, bo@contoso.com, cai@contoso.com and 2 more users.",
        ),
    ] {
        let said = said(&people(names), &hcl);
        assert!(said.len() == 1 && said[0].ends_with(expected), "{said:?}");
    }
    let first = hcl.replace("\"enabled\"", "\"enforced\"");
    assert!(said(&people(&["anna"]), &first).is_empty(), "two blocks may want the same");
}

/// A rollout that ends with everybody leaves nobody behind; any other counts whom it never reaches.
#[test]
fn who_is_in_no_wave_of_a_rollout_is_counted() {
    let rollout = |wave: &str| {
        format!(
            "rollout \"spring\" {{\n  wave \"first\" {{\n    from = \"2026-11-01\"\n    {wave}\n  }}\n}}\n{}",
            mfa("all", "state = \"enforced\"\n  where = true\n  rollout = \"spring\"")
        )
    };
    let three = people(&["anna", "bo", "cai"]);
    for (wave, left) in [("", 0), ("percent = 100", 0), ("users = [\"anna@contoso.com\"]", 2)] {
        let (desired, warnings) = resolved(&three, &rollout(wave), "").unwrap();
        let expected = format!("{left} users of rollout \"spring\" are in no wave and will wait for ever.");
        let said: Vec<&str> = warnings.iter().map(|one| one.detail.as_str()).collect();
        assert_eq!(said, if left > 0 { vec![expected.as_str()] } else { Vec::new() }, "{wave}");
        let waiting = desired.claims.iter().filter(|claim| {
            matches!(claim, Claim::Managed(one) if matches!(&one.timing, Timing::Until(hold) if hold.kind == HoldKind::NoWave))
        });
        assert_eq!(waiting.count(), left, "{wave}");
        let in_the_wave = (0..3).filter(|at| desired.wave(UserIndex(*at)).is_some_and(|wave| wave.name == "first"));
        assert_eq!(in_the_wave.count(), 3 - left, "{wave}");
    }
    let nobody = said(&three, &rollout("percent = 0"));
    assert_eq!(nobody, ["3 users of rollout \"spring\" are in no wave and will wait for ever."]);
}

#[test]
fn a_role_is_found_by_its_name_and_by_its_id_and_a_wrong_name_gets_the_nearest() {
    let mut users = people(&["anna", "bo"]);
    users[0].directory_roles = Some([holding("Global Administrator"), holding("Printer Keeper")].into());
    let roles = |name: &str| mfa("all", &format!("state = \"enforced\"\n  roles = [\"{name}\"]"));
    for name in
        ["Global Administrator", "global administrator", "Printer Keeper", &role::GLOBAL_ADMINISTRATOR.to_string()]
    {
        let claims = claims(&users, &roles(name));
        assert!(matches!(claims[..], [Claim::Managed(_), Claim::Unmanaged]), "{name}: {claims:?}");
    }
    let wrong = resolved(&users, &roles("Printer Keepr"), "").unwrap_err();
    assert_eq!(wrong[0].summary, "Unknown directory role");
    assert!(wrong[0].hints.iter().any(|hint| hint.contains("Printer Keeper")), "{:?}", wrong[0].hints);
    let both = |name: &str| roles(name) + &mfa("anna", "state = \"enforced\"\n  users = [\"anna@contoso.com\"]");
    for unheld in ["Helpdesk Administrator", "729827e3-9c14-49f7-bb1b-9608f156bbb8"] {
        let said = said(&users, &both(unheld));
        assert_eq!(said, [format!("The role \"{unheld}\" has no holders among the users of the tenant.")]);
    }
    // Names that are computed from the tenant are looked up like written ones.
    let late = mfa("all", "state = \"enforced\"\n  roles = [tenant.users > 0 ? \"Printer Keeper\" : \"none\"]");
    assert!(matches!(claims(&users, &late)[..], [Claim::Managed(_), Claim::Unmanaged]));
}

#[test]
fn a_name_that_two_users_bear_is_refused_and_their_ids_are_not() {
    let twins = [person(1, "anna"), person(2, "anna"), person(3, "bo")];
    let named = |name: &str| mfa("all", &format!("state = \"enforced\"\n  users = [\"{name}\"]"));
    let refused = resolved(&twins, &named("anna@contoso.com"), "").unwrap_err();
    assert_eq!(refused[0].summary, "Ambiguous user");
    assert!(refused[0].detail.starts_with("2 users are called \"anna@contoso.com\""), "{}", refused[0].detail);
    for (name, at) in [("00000000-0000-0000-0000-000000000002", 1), ("bo@contoso.com", 2)] {
        let claimed = claims(&twins, &named(name));
        let managed: Vec<usize> = (0..3).filter(|at| matches!(claimed[*at], Claim::Managed(_))).collect();
        assert_eq!(managed, [at], "{name}");
    }
}

/// An account that the policy directory declares as it is, no configuration lowers; and who is caught by a selector though
/// protected is told apart from who is not.
#[test]
fn the_policys_protection_comes_first_and_says_who_was_caught() {
    let account = |name: &str, more: &str| {
        format!(
            "service_account \"{name}\" {{\n  users  = [\"anna@contoso.com\"]\n  owner  = \"it@contoso.com\"\n  reason = \"scanner\"\n  {more}\n}}\n"
        )
    };
    let users = people(&["anna", "bo"]);
    let only_bo = mfa("bo", "state = \"enforced\"\n  users = [\"bo@contoso.com\"]");
    let protection = |hcl: &str, policy: &str| {
        let claims = resolved(&users, hcl, policy).unwrap().0.claims;
        assert_eq!(claims[0].kind(), Some(UserKind::ServiceAccount));
        assert_eq!(claims[1].kind(), None);
        let Claim::Protected(one) = claims[0].clone() else { panic!("{claims:?}") };
        (one.lower, one.caught)
    };
    let lowering = account("mine", "state  = \"disabled\"");
    assert_eq!(protection(&format!("{lowering}{only_bo}"), ""), (true, false));
    assert_eq!(protection(&format!("{lowering}{only_bo}"), &account("theirs", "")), (false, false));
    let everybody = mfa("all", "state = \"enforced\"\n  where = true");
    assert_eq!(protection(&format!("{}{everybody}", account("mine", "")), ""), (false, true));
    assert_eq!(protection(&format!("{}{everybody}{only_bo}", account("mine", "")), ""), (false, true));
}
