//! The way back from a run.

use std::collections::HashSet;

use super::*;
use crate::{
    plan::{RollbackInput, StateCounts, build_rollback},
    tenant::{MfaState, ObservedState, UserId},
};

#[test]
fn a_way_back_restores_who_still_exists_and_is_not_protected_and_says_of_which_run() {
    let users = [
        person(1, "anna", state("enforced")),
        person(2, "bo", state("enforced")),
        person(3, "cy", json!({"perUserMfaState": null})),
        person(4, "key", state("enforced")),
        person(5, "dee", json!({})),
    ];
    // Bounds that a plan would meet with a refusal; a way back lowers by nature.
    let bounds = "guardrails {\n  max_downgrades = 0\n  block_at = \"low\"\n}\naccept \"MFA064\" {\n  reason = \"all\"\n  \
                  expires = \"2026-12-31\"\n}\naccept \"MFA061\" {\n  users = [\"anna@contoso.com\"]\n  reason = \"one\"\n  \
                  expires = \"2026-12-31\"\n}\n";
    let case = Case::new(&users, &format!("{}{bounds}", block("all", "enforced", &["anna"])));
    let id = |n: u32| -> UserId { format!("00000000-0000-4000-8000-{n:012x}").parse().unwrap() };
    let enforced = || ObservedState::from(MfaState::Enforced);
    let changes = [
        (id(2), enforced(), MfaState::Disabled),
        (id(1), enforced(), MfaState::Disabled),
        (id(3), ObservedState::Unknown(None), MfaState::Disabled),
        (id(4), enforced(), MfaState::Disabled),
        (id(5), ObservedState::from(MfaState::Disabled), MfaState::Disabled),
        (id(99), enforced(), MfaState::Disabled),
    ];
    let plan = build_rollback(&RollbackInput {
        config: &case.config,
        tenant: &case.tenant,
        changes: &changes,
        protected: &HashSet::from([id(4)]),
        waivers: &[],
        run: "20261124T093000000Z-3fa9c1d2",
        created_at: NOON.parse().unwrap(),
    });
    let said: Vec<_> = plan.changes.iter().map(|one| (&*one.user.user_principal_name, one.decision.as_str())).collect();
    assert_eq!(said, [("anna@contoso.com", "apply"), ("bo@contoso.com", "apply"), ("cy@contoso.com", "block")]);
    assert!(plan.changes[0].findings.iter().any(|one| one.severity >= plan.execution.block_at), "shown all the same");
    // Waivers of the whole tenant hold; whom the others mean is a matter of claims, and here nobody is claimed.
    let accepted =
        |rule: &str| plan.changes[0].findings.iter().find(|one| one.rule == rule).map(|one| one.accepted.is_some());
    assert_eq!((accepted("MFA064"), accepted("MFA061")), (Some(true), Some(false)));
    assert!(plan.changes[2].decision.blocked_by().iter().any(|rule| rule == "MFA045"));
    assert!(plan.changes.iter().all(|one| one.declared_by.is_none() && one.wave.is_none()));
    let summary = plan.summary;
    assert_eq!((summary.users, summary.managed, summary.unmanaged, summary.protected), (5, 3, 2, 0));
    assert_eq!((summary.disable, summary.block, summary.enforce), (2, 1, 0));
    assert_eq!(summary.before, StateCounts { disabled: 1, enabled: 0, enforced: 3, unknown: 1 });
    assert_eq!(summary.after, StateCounts { disabled: 3, enabled: 0, enforced: 1, unknown: 1 });
    assert!(summary.findings.high + summary.findings.medium + summary.findings.info > 0);
    assert_eq!(plan.refused, []);
    assert_eq!(plan.rolls_back.as_deref(), Some("20261124T093000000Z-3fa9c1d2"));
    assert_eq!(plan.notes, ["rollback of run 20261124T093000000Z-3fa9c1d2"]);
    assert!(plan.config.files.is_empty() && plan.blocks.is_empty() && plan.others.is_empty());
    assert!(plan.replay.is_some());
    assert_eq!(plan.digest, crate::plan::digest::compute(&plan));
}
