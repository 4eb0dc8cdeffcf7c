//! Stories of a file: read, written, changed, broken.

use std::{fs, path::Path};

use proptest::prelude::*;

use super::{error::SnapshotError, *};
use crate::tenant::{
    Attribute, LastSignIn, MailboxPurpose, MfaState, ObservedState, ObservedTenant, StateRead, TenantRead, TenantWrite,
    UserId, WriteErrorKind,
};

const JDOE: &str = "11111111-1111-4111-8111-111111111111";
const ADA: &str = "22222222-2222-4222-8222-222222222222";

/// A tenant of two, with keys this program does not know and the formatting of a human.
fn two() -> String {
    format!(
        r#"{{ "formatVersion": "1.0",
  "capturedAt": "2026-11-20T08:00:00Z", "comment": {{"kept": [1, 2.50, "é"]}},
  "tenant": {{"id": "99999999-9999-4999-8999-999999999999", "displayName": "Contoso"}},
  "users": [
    {{ "id": "{JDOE}", "userPrincipalName": "jdoe@contoso.com", "perUserMfaState": "disabled",
       "department": null, "mail": "jdoe@contoso.com", "lastSignInDateTime": "0001-01-01T00:00:00Z",
       "isMfaRegistered": false, "badge": 1.0e3 }},
    {{"id":"{ADA}","perUserMfaState" : "disabled","userPrincipalName":"ada@contoso.com","isMfaRegistered":true,
      "methodsRegistered": ["microsoftAuthenticatorPush"], "mailboxPurpose": null, "onPremisesSyncEnabled": null,
      "signIns": {{"interactive": 3, "legacy": {{"POP3": {{"count": 1}}, "IMAP4": {{"count": 41}}}}, "weekendShare": 0.05}}}}
  ]
}}
"#
    )
}

fn id(text: &str) -> UserId {
    text.parse().unwrap()
}

fn parse(text: &str) -> Result<ObservedTenant, SnapshotError> {
    from_slice(Path::new("tenant.json"), text.as_bytes())
}

/// What an operator sees of the error for this text.
fn said(text: &str) -> String {
    parse(text).expect_err("must be refused").to_string()
}

#[test]
fn null_is_empty_and_missing_is_unknown() {
    let tenant = parse(&two()).unwrap();
    let [ada, jdoe] = tenant.users() else { panic!("two users, by name") };
    assert_eq!((&jdoe.department, jdoe.empty.contains(Attribute::Department)), (&None, true));
    assert_eq!((&jdoe.job_title, jdoe.empty.contains(Attribute::JobTitle)), (&None, false));
    assert_eq!(jdoe.last_sign_in, LastSignIn::Never);
    assert_eq!(ada.last_sign_in, LastSignIn::Unknown);
    assert_eq!(ada.mailbox_purpose, Some(MailboxPurpose::Other));
    assert_eq!((ada.on_premises_sync_enabled, jdoe.on_premises_sync_enabled), (Some(false), None));
    let legacy = ada.sign_ins.as_ref().unwrap().legacy.as_ref().unwrap();
    assert_eq!(legacy.iter().map(|one| one.protocol.as_str()).collect::<Vec<_>>(), ["IMAP4", "POP3"]);
    assert_eq!(jdoe.mail.as_ref().unwrap().as_ptr(), jdoe.user_principal_name.as_ptr(), "one allocation");
}

#[test]
fn a_state_that_is_missing_null_or_new_is_unknown() {
    for (text, state) in [
        (two().replace(r#""perUserMfaState": "disabled","#, ""), ObservedState::Unknown(None)),
        (two().replace(r#""perUserMfaState": "disabled""#, r#""perUserMfaState": null"#), ObservedState::Unknown(None)),
        (
            two().replace(r#""perUserMfaState": "disabled""#, r#""perUserMfaState": "x""#),
            ObservedState::Unknown(Some("x".into())),
        ),
        (
            two().replace(r#""perUserMfaState": "disabled""#, r#""perUserMfaState": "Enforced""#),
            MfaState::Enforced.into(),
        ),
    ] {
        let tenant = parse(&text).unwrap();
        let jdoe = tenant.by_id(id(JDOE)).unwrap();
        assert_eq!(tenant.user(jdoe).mfa_state, state);
    }
}

#[test]
fn a_bom_and_crlf_are_fine() {
    parse(&format!("\u{feff}{}", two().replace('\n', "\r\n"))).unwrap();
}

#[test]
fn every_problem_is_told_with_its_place() {
    let text = two()
        .replace("\"0001-01-01T00:00:00Z\"", "\"yesterday\"")
        .replace("\"interactive\": 3", "\"interactive\": -3")
        .replace("\"count\": 41", "\"count\": \"many\"");
    assert_eq!(
        said(&text),
        "tenant.json:6:78: users[0].lastSignInDateTime: \"yesterday\" is not a date like 2026-11-20T08:00:00Z\n\
         tenant.json:10:34: users[1].signIns.interactive: expected a whole number from 0 to 4294967295, found -3\n\
         tenant.json:10:90: users[1].signIns.legacy.IMAP4.count: expected a whole number from 0 to 4294967295, found \"many\""
    );
}

/// Facts that cannot be would be weighed like facts.
#[test]
fn impossible_facts_are_errors_at_their_places() {
    for (from, to, place) in [
        ("\"weekendShare\": 0.05", "\"weekendShare\": -1", "weekendShare"),
        ("\"weekendShare\": 0.05", "\"weekendShare\": 1.5", "weekendShare"),
        ("\"interactive\": 3", "\"interactive\": 2.5", "interactive"),
        ("\"interactive\": 3", "\"interactive\": 99999999999", "interactive"),
        ("\"count\": 41", "\"count\": null", "legacy.IMAP4.count"),
    ] {
        let message = said(&two().replace(from, to));
        assert!(message.contains(&format!("users[1].signIns.{place}: expected")), "{to}: {message}");
        assert!(message.starts_with("tenant.json:"), "{to}: {message}");
    }
}

#[test]
fn what_is_no_snapshot_is_called_by_its_name() {
    for (text, word) in [
        ("", "it is empty"),
        ("<!DOCTYPE html><html>", "HTML"),
        ("{\0\"\0a\0", "UTF-16"),
        ("{\"a\": \"x\0\"}", "NUL"),
        ("\u{1f}\u{8b}", "JSON"),
        ("[1, 2]", "expected an object"),
        ("nonsense", "not valid JSON"),
        ("{\"formatVersion\": \"2.0\"}", "this version reads format 1.x, and the file is \"2.0\""),
        ("{}", "tenant is missing"),
    ] {
        assert!(said(text).contains(word), "{text:?} gave {}", said(text));
    }
    let gzip = from_slice(Path::new("t"), &[0x1f, 0x8b, 8, 0]).unwrap_err();
    assert!(gzip.to_string().contains("gzip"));
}

#[test]
fn a_truncated_file_says_so_wherever_it_ends() {
    let text = two();
    for end in (1..text.trim_end().len()).filter(|end| text.is_char_boundary(*end)) {
        let message = said(&text[..end]);
        assert!(message.contains("cut off") || message.contains("not valid JSON"), "at {end}: {message}");
    }
}

#[test]
fn deep_nesting_is_survived() {
    let deep = "[".repeat(10_000);
    assert!(said(&deep).contains("tenant.json:1:"));
    let unknown = two().replace("\"badge\": 1.0e3", &format!("\"badge\": {deep}{}", "]".repeat(10_000)));
    parse(&unknown).unwrap();
    let known = two().replace("\"interactive\": 3", &format!("\"interactive\": {deep}{}", "]".repeat(10_000)));
    assert!(said(&known).contains("users[1].signIns.interactive: expected a whole number"));
    let policies = format!("\"conditionalAccessPolicies\": {deep}{}, \"comment\"", "]".repeat(10_000));
    assert!(said(&two().replace("\"comment\"", &policies)).contains("conditionalAccessPolicies"));
}

#[test]
fn two_users_of_one_name_or_id_are_refused() {
    let name = said(&two().replace("ada@contoso.com", "JDOE@Contoso.com"));
    assert!(name.contains("users[1].userPrincipalName: users[0] has the same name"), "{name}");
    let same = said(&two().replace(ADA, JDOE));
    assert!(same.contains("users[1].id: users[0] has the same object id"), "{same}");
    let twice = said(&two().replace("\"badge\": 1.0e3", "\"mail\": null"));
    assert!(twice.contains("users[0].mail: this key is given twice"), "{twice}");
}

#[test]
fn a_missing_file_and_a_directory_are_errors_with_their_path() {
    let directory = tempfile::tempdir().unwrap();
    let missing = SnapshotTenant::open(directory.path().join("none.json")).unwrap_err();
    assert!(missing.to_string().contains("none.json") && !missing.hints.is_empty());
    assert!(SnapshotTenant::open(directory.path()).unwrap_err().to_string().contains("directory"));
}

#[test]
fn writing_and_reading_keeps_every_fact() {
    let tenant = parse(&two()).unwrap();
    let mut text = Vec::new();
    write(&tenant, &mut text).unwrap();
    let again = from_slice(Path::new("copy"), &text).unwrap();
    assert_eq!(format!("{tenant:?}"), format!("{again:?}"));
}

/// A file of its own, and the adapter on it.
fn opened() -> (tempfile::TempDir, std::path::PathBuf, SnapshotTenant) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tenant.json");
    fs::write(&path, two()).unwrap();
    let tenant = SnapshotTenant::open(&path).unwrap();
    (directory, path, tenant)
}

#[tokio::test]
async fn a_write_replaces_the_state_and_nothing_else() {
    let (_directory, path, tenant) = opened();
    tenant.write(id(JDOE), MfaState::Enabled, std::future::pending()).await.unwrap();
    let expected = two().replacen("\"disabled\"", "\"enabled\"", 1);
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    assert_eq!(tenant.state(id(JDOE)).await.unwrap(), StateRead::Found(MfaState::Enabled.into()));
    // Ada has registered: the service would promote her at once.
    tenant.write(id(ADA), MfaState::Enabled, std::future::pending()).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), expected.replacen("\"disabled\"", "\"enforced\"", 1));
    assert_eq!(tenant.state(id(ADA)).await.unwrap(), StateRead::Found(MfaState::Enforced.into()));
    tenant.write(id(JDOE), MfaState::Disabled, std::future::pending()).await.unwrap();
    tenant.write(id(ADA), MfaState::Disabled, std::future::pending()).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), two(), "there and back is the same bytes");
}

#[tokio::test]
async fn a_state_that_was_missing_or_null_can_be_written() {
    let (_directory, path, tenant) = opened();
    let text = two().replace(r#""perUserMfaState": "disabled","#, "").replace(r#": "disabled""#, ": null");
    fs::write(&path, &text).unwrap();
    for user in [JDOE, ADA] {
        assert_eq!(tenant.state(id(user)).await.unwrap(), StateRead::Found(ObservedState::Unknown(None)));
        tenant.write(id(user), MfaState::Enforced, std::future::pending()).await.unwrap();
        tenant.write(id(user), MfaState::Disabled, std::future::pending()).await.unwrap();
        assert_eq!(tenant.state(id(user)).await.unwrap(), StateRead::Found(MfaState::Disabled.into()));
    }
    let observed = tenant.observe().unwrap();
    assert!(observed.users().iter().all(|user| user.mfa_state == MfaState::Disabled.into()));
}

#[tokio::test]
async fn a_change_from_outside_is_seen() {
    let (_directory, path, tenant) = opened();
    for state in ["disabled", "enforced", "disabled", "enforced"] {
        // Same length, same tick of the clock, same file: only the content tells.
        fs::write(&path, two().replace("\"disabled\"", &format!("\"{state}\""))).unwrap();
        let found = StateRead::Found(ObservedState::from_wire(Some(state)));
        assert_eq!(tenant.state(id(JDOE)).await.unwrap(), found);
    }
    tenant.write(id(JDOE), MfaState::Disabled, std::future::pending()).await.unwrap();
    let enforced = two().replace("\"disabled\"", "\"enforced\"");
    assert_eq!(fs::read_to_string(&path).unwrap(), enforced.replacen("\"enforced\"", "\"disabled\"", 1));
}

#[tokio::test]
async fn a_user_who_is_gone_is_gone() {
    let (_directory, path, tenant) = opened();
    let nobody = id("33333333-3333-4333-8333-333333333333");
    assert_eq!(tenant.state(nobody).await.unwrap(), StateRead::Gone);
    assert_eq!(
        tenant.write(nobody, MfaState::Enforced, std::future::pending()).await.unwrap_err().kind,
        WriteErrorKind::Gone
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), two());
}

#[cfg(unix)]
#[tokio::test]
async fn mode_and_link_survive_a_write() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (directory, path, _) = opened();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let link = directory.path().join("link.json");
    symlink("tenant.json", &link).unwrap();
    let tenant = SnapshotTenant::open(&link).unwrap();
    tenant.write(id(JDOE), MfaState::Enforced, std::future::pending()).await.unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "nothing is left beside the file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
    let refused = tenant.write(id(ADA), MfaState::Enforced, std::future::pending()).await.unwrap_err();
    assert_eq!(refused.kind, WriteErrorKind::ReadOnly);
}

/// A tenant of `count` disabled users.
fn many(count: u32) -> String {
    let user = |n| {
        format!(
            r#"{{"id": "00000000-0000-4000-8000-{n:012}", "userPrincipalName": "u{n}@contoso.com", "perUserMfaState": "disabled"}}"#
        )
    };
    let users: Vec<_> = (0..count).map(user).collect();
    format!(r#"{{"tenant": {{"id": "{JDOE}"}}, "users": [{}]}}"#, users.join(",\n"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_writes_share_rewrites_and_all_arrive() {
    let (_directory, path, tenant) = opened();
    fs::write(&path, many(300)).unwrap();
    let writes = (0..300_u32).map(|n| {
        let tenant = tenant.clone();
        let user = id(&format!("00000000-0000-4000-8000-{n:012}"));
        tokio::spawn(async move {
            tenant
                .write(user, if n % 2 == 0 { MfaState::Enabled } else { MfaState::Enforced }, std::future::pending())
                .await
        })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap().unwrap();
    }
    let observed = tenant.observe().unwrap();
    let count = |state: MfaState| observed.users().iter().filter(|user| user.mfa_state == state.into()).count();
    assert_eq!((count(MfaState::Enabled), count(MfaState::Enforced)), (150, 150));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever bytes are in the file: an answer, never a panic; and a refusal always says something.
    #[test]
    fn any_damage_is_an_error_or_a_tenant(at in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 0..8), cut in 0usize..8) {
        let mut text = two().into_bytes();
        let at = at.index(text.len());
        let end = (at + cut).min(text.len());
        text.splice(at..end, bytes);
        if let Err(error) = from_slice(Path::new("t"), &text) {
            prop_assert!(!error.to_string().is_empty() && !error.hints.is_empty());
        }
    }

    /// The table of kinds and the typed rows agree: a value of another type anywhere is refused by both or by neither.
    #[test]
    fn the_slow_look_finds_what_the_fast_one_stumbled_over(
        which in any::<prop::sample::Index>(),
        value in prop::sample::select(vec!["null", "true", "-1", "1.5", "300", "99999999999", "\"\"", "\"x\"", "[]", "[1]", "[null]", "{}", "{\"a\": 1}"]),
    ) {
        let text = full();
        let places: Vec<_> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
        let at = places[which.index(places.len())];
        let end = at + length(&text[at..]);
        let changed = format!("{}{value}{}", &text[..at], &text[end..]);
        let problems = check::problems(changed.as_bytes());
        let result = parse(&changed);
        prop_assert_eq!(result.is_err(), !problems.is_empty(), "{} {:?} {:?}", &changed[at.saturating_sub(40)..], problems, result.err());
    }
}

/// Length of the JSON value at the start of `text`.
fn length(text: &str) -> usize {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    stream.next().unwrap().unwrap();
    stream.byte_offset()
}

/// A file with every key the program knows, but single sign-ins, which are in [`celled`]: the walk through the keys holds
/// the two to it.
pub(super) fn full() -> String {
    let extension: Vec<_> = (1..=15).map(|number| format!(r#""extensionAttribute{number}": "x{number}""#)).collect();
    let extension = extension.join(", ");
    format!(
        r##"{{"formatVersion": "1.0", "capturedAt": "2026-11-20T08:00:00Z", "registrationCapturedAt": "2026-11-19T08:00:00Z",
"tenant": {{"id": "{JDOE}", "displayName": "Contoso", "initialDomain": "contoso.onmicrosoft.com", "servicePlans": ["AAD_PREMIUM"],
  "securityDefaultsEnabled": false,
  "domains": [{{"id": "contoso.com", "authenticationType": "Federated", "federatedIdpMfaBehavior": "enforceMfaByFederatedIdp"}}],
  "mfaServicePolicy": {{"allowAppPasswords": true, "trustedIps": ["192.0.2.0/24"], "skipMfaForFederatedUsers": false, "rememberMfaDays": 90}},
  "authenticationMethodsPolicy": {{"policyMigrationState": "migrationComplete"}}, "operatorId": "{ADA}", "unreadGroups": ["{ADA}"],
  "conditionalAccessRead": {{"version": "beta", "read": 1, "listed": 2, "plans": 1}}}},
"groups": [{{"id": "{JDOE}", "displayName": "SG-Finance", "mail": "finance@contoso.com"}}],
"conditionalAccessPolicies": [{{"id": "p", "displayName": "MFA", "state": "enabled", "conditions": {{}}, "grantControls": null}}],
"unavailable": [{{"fact": "sign_ins", "reason": "no P1"}}],
"users": [{{"id": "{JDOE}", "userPrincipalName": "jdoe@contoso.com", "displayName": "J Doe", "mail": "j@contoso.com", "department": "Finance",
  "jobTitle": "Clerk", "givenName": "J", "surname": "Doe", "companyName": "Contoso", "country": "DE", "officeLocation": "1/2",
  "employeeId": "7", "employeeType": "Employee", "userType": "Member", "accountEnabled": true, "onPremisesSyncEnabled": true,
  "createdDateTime": "2020-01-01T00:00:00.123Z", "passwordPolicies": "DisablePasswordExpiration", "licenses": ["SPE_E3"],
  "onPremisesExtensionAttributes": {{{extension}}}, "mailboxPurpose": "user", "perUserMfaState": "disabled",
  "isMfaRegistered": true, "isMfaCapable": true, "methodsRegistered": ["mobilePhone"], "lastPasswordChangeDateTime": "2021-01-01T00:00:00Z",
  "manager": {{"id": "{ADA}", "userPrincipalName": "ada@contoso.com", "displayName": "Ada"}},
  "mobilePhone": "+47 22 00 00 00", "businessPhones": ["+47 23 00 00 00"], "@odata.type": "#microsoft.graph.agentUser",
  "deviceCount": 1, "memberOf": ["{JDOE}"], "directoryRoles": [{{"templateId": "{ADA}", "displayName": "Reader", "permanent": false, "directoryScopeId": "/administrativeUnits/{JDOE}"}}],
  "lastSignInDateTime": "2026-11-01T00:00:00Z", "lastInteractiveSignInDateTime": "2026-11-01T00:00:00Z",
  "signIns": {{"windowDays": 30, "interactive": 12, "interactiveMfa": 9, "mfaSkipped": {{"trusted location": 2}}, "nonInteractive": 4,
    "failed": 3, "failedMfa": 2, "ropc": 0, "appPassword": 0, "distinctIps": 3, "activeHours": 9, "weekendShare": 0.05,
    "legacy": {{"IMAP4": {{"count": 41, "last": "2026-11-01T00:00:00Z", "distinctIps": 1}}}},
    "apps": [{{"id": "a", "displayName": "Office", "count": 12}}], "clients": ["Outlook/16"]}}}}]}}
"##
    )
}

/// A file with every key of single sign-ins, and an agent that is known by its parent.
pub(super) fn celled() -> String {
    format!(
        r#"{{"tenant": {{"id": "{JDOE}"}}, "users": [{{"id": "{JDOE}", "userPrincipalName": "jdoe@contoso.com", "identityParentId": "{ADA}",
  "signIns": {{"windowDays": 30, "cells": [
    {{"day": "2026-11-04", "app": {{"id": "a", "displayName": "Office"}}, "resource": {{"id": "r"}}, "client": "Browser", "kind": "interactive",
      "protocol": "ropc", "requirement": "multi", "mfa": "skipped", "skipped": "trusted location", "outcome": "success", "errorCode": 7,
      "askedBy": ["p"], "policies": [{{"id": "p", "result": "success"}}], "appPassword": true, "product": "Outlook",
      "hours": [9], "addresses": ["00000000000000aa"], "addressesCut": true, "count": 2,
      "first": "2026-11-04T09:00:00Z", "last": "2026-11-04T09:30:00Z"}},
    {{"day": "2026-11-03", "app": {{"id": "b"}}, "client": "Browser", "kind": "interactive", "outcome": "success", "count": 1}}]}}}}]}}
"#
    )
}

#[path = "../../tests/support/generator/mod.rs"]
mod generator;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Read, written and read again, a tenant is the same; and every account is the one that was labelled.
    #[test]
    fn generated_tenants_survive_a_round_trip(seed in any::<u64>(), users in 0usize..400, sign_ins in any::<bool>()) {
        let options = generator::Options { users, seed, sign_ins, passwords_never_expire: seed % 2 == 0 };
        let generated = generator::generate(options);
        let tenant = from_slice(Path::new("generated"), generated.json.as_bytes()).unwrap();
        prop_assert_eq!(tenant.users().len(), users);
        prop_assert!(tenant.users().iter().all(|user| generated.labels.contains_key(&user.id.to_string())));
        let mut text = Vec::new();
        write(&tenant, &mut text).unwrap();
        let again = from_slice(Path::new("copy"), &text).unwrap();
        prop_assert_eq!(format!("{tenant:?}"), format!("{again:?}"));
        prop_assert_eq!(generator::generate(options).json, generated.json, "the same seed, the same bytes");
    }
}

#[test]
fn the_examples_are_snapshots() {
    for (name, text, users) in [
        ("minimal", include_str!("../../examples/minimal/tenant.json"), 3),
        ("contoso", include_str!("../../examples/contoso/tenant.json"), 60),
    ] {
        let tenant = from_slice(Path::new(name), text.as_bytes()).unwrap();
        assert_eq!(tenant.users().len(), users, "{name}");
        assert!(tenant.users().iter().all(|user| user.mfa_state.known().is_some()));
    }
}
