//! Words of the formats, and what the types of a plan answer about themselves.

use super::*;
use crate::{
    config::Confirm,
    diff::Decision,
    plan::{BlockKind, PlanTenant, Summary},
    render::testing::sample,
    severity::Severity,
};

#[test]
fn a_block_is_called_by_its_type_everywhere() {
    for (kind, word) in [
        (BlockKind::Mfa, "mfa"),
        (BlockKind::BreakGlass, "break_glass"),
        (BlockKind::ServiceAccount, "service_account"),
    ] {
        assert_eq!((kind.as_str(), serde_json::to_value(kind).unwrap()), (word, json!(word)));
    }
}

/// What cannot be typed as it is shown is asked for by id.
#[test]
fn what_has_to_be_typed_is_yes_or_the_tenant() {
    let mut tenant: PlanTenant = sample().tenant;
    assert_eq!(tenant.answer(Confirm::Yes), "yes");
    for (name, typed) in [
        ("Contoso", Some("Contoso")),
        (" Contoso GmbH ", Some("Contoso GmbH")),
        ("Zürich", Some("Zürich")),
        ("", None),
        (" ", None),
        ("Con\u{202e}toso", None),
        ("Con\ttoso", None),
        ("Con\u{85}toso", None),
        ("Con\\toso", None),
    ] {
        tenant.name = name.into();
        assert_eq!(tenant.answer(Confirm::Tenant), typed.map_or(tenant.id.to_string(), str::to_owned), "{name:?}");
    }
}

#[test]
fn every_kind_of_change_alone_is_a_change_and_only_writes_are_applied() {
    let none = Summary { users: 9, managed: 9, unchanged: 9, ..Summary::default() };
    assert_eq!((none.has_changes(), none.applied()), (false, 0));
    type Counter = fn(&mut Summary) -> &mut u64;
    let counters: [(Counter, u64); 6] = [
        (|one| &mut one.enable, 7),
        (|one| &mut one.enforce, 7),
        (|one| &mut one.relax, 7),
        (|one| &mut one.disable, 7),
        (|one| &mut one.hold, 0),
        (|one| &mut one.block, 0),
    ];
    for (counter, applied) in counters {
        let mut one = none;
        *counter(&mut one) = 7;
        assert_eq!((one.has_changes(), one.applied()), (true, applied), "{one:?}");
    }
}

#[test]
fn only_what_the_decision_names_and_nobody_accepted_withholds_a_change() {
    let mut change =
        sample().changes.into_iter().find(|one| one.findings.len() == 2 && one.decision.is_block()).unwrap();
    let rules = |change: &crate::plan::Change| -> Vec<String> {
        change.blocking().map(|finding| finding.rule.to_string()).collect()
    };
    assert_eq!(rules(&change), ["MFA005", "MFA008"]);
    assert_eq!(change.worst(), Some(Severity::Critical));
    change.decision = Decision::Block { by: vec!["MFA008".into()], hold: None };
    assert_eq!(rules(&change), ["MFA008"]);
    let accepted = sample().changes.iter().find_map(|one| one.findings.first()?.accepted.clone());
    change.findings[1].accepted = accepted;
    assert_eq!(rules(&change), [""; 0]);
    change.findings[0].severity = Severity::Low;
    assert_eq!(change.worst(), Some(Severity::Low), "what is accepted is not the worst of it");
    change.findings.clear();
    assert_eq!(change.worst(), None);
    let mut plan = sample();
    assert_eq!(plan.worst(), Some(Severity::Critical));
    plan.changes.retain(|one| one.worst() < Some(Severity::Medium));
    assert_eq!(plan.worst(), Some(Severity::Medium), "of the tenant");
    plan.findings.clear();
    assert_eq!(plan.worst(), Some(Severity::Low));
    plan.changes.clear();
    assert_eq!(plan.worst(), None);
}
