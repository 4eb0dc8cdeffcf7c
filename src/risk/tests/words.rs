//! Words that documents and pages carry.

use crate::risk::{
    RuleKind,
    catalogue::is_own,
    controls::Framework::{self, CisM365, EssentialEight, NistCsf, Scuba},
};

#[test]
fn every_framework_is_told_with_its_version_and_its_publisher() {
    let told = |one: Framework| (one.name(), one.version(), one.organization());
    assert_eq!(told(CisM365), ("CIS Microsoft 365", "6.0.0", "Center for Internet Security"));
    assert_eq!(told(Scuba), ("CISA SCuBA", "1.5.0", "Cybersecurity and Infrastructure Security Agency"));
    assert_eq!(told(EssentialEight), ("Essential Eight", "2023-11", "Australian Signals Directorate"));
    assert_eq!(told(NistCsf), ("NIST CSF", "2.0", "National Institute of Standards and Technology"));
}

#[test]
fn a_rule_looks_at_a_change_a_plan_or_what_apply_meets() {
    let words = [RuleKind::Change, RuleKind::Plan, RuleKind::Apply].map(RuleKind::as_str);
    assert_eq!(words, ["change", "plan", "apply"]);
}

#[test]
fn a_check_is_shown_by_what_it_looks_at() {
    let words: std::collections::BTreeSet<String> =
        crate::risk::registry().iter().map(|rule| format!("{:?}", rule.check)).collect();
    assert_eq!(words.into_iter().collect::<Vec<_>>(), ["Apply", "Both", "Change", "Plan"]);
}

#[test]
fn only_what_is_not_built_in_is_the_organisations_own() {
    for (id, own) in [("ORG-1", true), ("MFA018", false), ("MFA044", false), ("MFA999", true), ("mfa018", true)] {
        assert_eq!(is_own(id), own, "{id}");
    }
}
