//! The catalogue: ids, names and severities are fixed, every rule is documented, and the page matches the rules.

use std::{collections::HashSet, fs, path::Path};

use super::page::markdown;
use crate::{
    risk::{RuleKind, registry, rule, waivable},
    severity::Severity,
};

/// Ids, names and grades as configurations, plans and CI jobs know them.
const FIXED: &[(&str, &str, &str)] = &[
    ("MFA001", "directory-sync-account", "critical"),
    ("MFA002", "probable-break-glass", "critical"),
    ("MFA003", "last-usable-global-administrator", "critical high"),
    ("MFA004", "operator-changes-self", "critical high"),
    ("MFA005", "ropc-sign-ins", "critical"),
    ("MFA006", "smtp-auth-sender", "critical"),
    ("MFA007", "legacy-client-in-use", "high"),
    ("MFA008", "likely-service-account", "critical high"),
    ("MFA009", "possible-service-account", "medium"),
    ("MFA010", "service-account-name-only", "medium"),
    ("MFA011", "azure-automation-as-user", "high"),
    ("MFA012", "shared-device-account", "critical"),
    ("MFA013", "bulk-enrolment-account", "high"),
    ("MFA014", "shared-mailbox", "high medium"),
    ("MFA015", "room-or-equipment-mailbox", "low"),
    ("MFA017", "power-platform-connection-owner", "medium"),
    ("MFA018", "enforced-without-registration", "high"),
    ("MFA019", "registration-takeover-window", "high medium"),
    ("MFA020", "privileged-without-strong-method", "high medium"),
    ("MFA021", "phone-only-methods", "critical high medium"),
    ("MFA022", "registered-but-not-capable", "high"),
    ("MFA023", "single-method", "low"),
    ("MFA024", "guest", "medium"),
    ("MFA025", "federated-domain", "high medium"),
    ("MFA026", "external-method-only", "high medium"),
    ("MFA027", "frontline-without-factor", "high"),
    ("MFA028", "dormant-account", "low"),
    ("MFA029", "disabled-account", "info"),
    ("MFA030", "app-passwords-allowed", "medium"),
    ("MFA031", "app-password-in-use", "high"),
    ("MFA032", "agent-user", "critical"),
    ("MFA033", "azure-vm-sign-in", "high"),
    ("MFA040", "enabled-becomes-enforced", "medium"),
    ("MFA042", "stopping-at-enabled", "medium"),
    ("MFA043", "promoted-since", "info"),
    ("MFA044", "changed-since-plan", "high"),
    ("MFA045", "unknown-state", "high"),
    ("MFA060", "privileged-loses-only-mfa", "critical"),
    ("MFA061", "user-loses-only-mfa", "high"),
    ("MFA062", "conditional-access-coverage-gap", "high"),
    ("MFA063", "relax-is-ineffective", "medium info"),
    ("MFA064", "methods-stay", "info"),
    ("MFA065", "mass-downgrade", "high"),
    ("MFA066", "legacy-sign-in-reopens", "critical high"),
    ("MFA067", "covered-only-while-active", "critical"),
    ("MFA068", "strength-cannot-be-met", "high"),
    ("MFA069", "covered-by-what-will-change", "medium"),
    ("MFA080", "security-defaults-on", "high"),
    ("MFA081", "already-covered-by-conditional-access", "high"),
    ("MFA082", "conditional-access-licensed", "medium"),
    ("MFA084", "trusted-ips-bypass", "medium"),
    ("MFA086", "methods-migration-incomplete", "medium"),
    ("MFA087", "too-few-break-glass", "high"),
    ("MFA088", "uncovered-users", "medium"),
    ("MFA089", "blast-radius", "high"),
    ("MFA090", "exception-expires-soon", "medium low"),
    ("MFA091", "evidence-missing", "medium"),
    ("MFA092", "evidence-stale", "low"),
    ("MFA093", "smtp-auth-retirement", "medium"),
    ("MFA094", "exception-needs-care", "high low"),
    ("MFA095", "sms-voice-retirement", "high medium"),
    ("MFA096", "break-glass-cannot-do-mandatory-mfa", "high"),
    ("MFA097", "automation-under-mandatory-mfa", "high"),
    ("MFA098", "conditional-access-list-incomplete", "medium"),
    ("MFA099", "service-account-unprotected", "high"),
];

#[test]
fn ids_names_and_severities_are_fixed() {
    let found: Vec<(&str, &str, String)> = registry()
        .iter()
        .map(|rule| (rule.id, rule.name, rule.grades.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(" ")))
        .collect();
    let fixed: Vec<_> = FIXED.iter().map(|(id, name, grades)| (*id, *name, (*grades).to_owned())).collect();
    assert_eq!(found, fixed);
}

#[test]
fn every_rule_is_documented_in_sentences() {
    for rule in registry() {
        let page = &rule.doc;
        for text in [rule.remediation, page.meaning, page.why, page.evidence] {
            assert!(text.ends_with('.'), "{}: {text:?}", rule.id);
        }
        assert!(!rule.title.is_empty() && !rule.title.ends_with('.'), "{}", rule.id);
        assert!(rule.grades.is_sorted_by(|a, b| a > b), "{}: worst first", rule.id);
    }
    assert!(rule("mfa005").is_some() && rule("ropc-sign-ins").is_some() && rule("MFA999").is_none());
}

/// A rule that nothing raises is a promise that is not kept. Its own file has the stories in which it is: [`rows`] runs each
/// through the engine, and refuses a table without one that fires.
///
/// [`rows`]: crate::risk::testing::rows
#[test]
fn every_rule_is_raised_by_a_story_or_by_apply() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    for rule in registry() {
        let file = format!("src/risk/rules/{}_{}.rs", rule.id.to_lowercase(), rule.name.replace('-', "_"));
        let source = fs::read_to_string(home.join(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let code: String = source.split_whitespace().collect();
        let told = code.contains("rows(&RULE,");
        match rule.kind() {
            RuleKind::Apply => assert_eq!(rule.id, crate::apply::report::CHANGED, "{file}: apply does not raise it"),
            _ => assert!(told, "{file}: no story raises {}", rule.id),
        }
    }
}

#[test]
fn what_can_be_accepted() {
    let fixed: HashSet<_> = registry().iter().map(|rule| rule.id).filter(|id| !waivable(id)).collect();
    assert_eq!(fixed, HashSet::from(["MFA044", "MFA045"]));
    assert_eq!(rule("MFA044").map(|rule| rule.kind()), Some(RuleKind::Apply));
    assert_eq!(
        rule("MFA060").map(|rule| (rule.on(), rule.severity())),
        Some(("relax, disable".into(), Severity::Critical))
    );
}

#[test]
fn the_page_matches_the_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/risks.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, markdown()).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(page == markdown(), "docs/risks.md is out of date: UPDATE_DOCS=1 cargo test --lib risk::");
}
