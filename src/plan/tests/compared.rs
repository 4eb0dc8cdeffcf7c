//! What makes two plans differ: every member on its own, and nothing else.

use super::*;
use crate::{
    config::{Confirm, Waivable},
    desired::{Hold, HoldKind},
    diff::Decision,
    plan::{
        Claimed, Digest,
        compare::{PlanDiff, Reason, compare},
    },
    render::testing::{at, refused, sample},
    risk::Finding,
    severity::Severity::{High, Low, Medium},
    tenant::MfaState,
};

/// The sample with this done to it.
fn but(change: impl FnOnce(&mut Plan)) -> Plan {
    let mut plan = sample();
    change(&mut plan);
    plan
}

#[test]
fn each_member_of_a_difference_alone_is_one() {
    let (old, again, digest) = (sample(), sample(), Digest::default());
    let renamed = but(|plan| plan.changes[0].user.user_principal_name = "renamed@contoso.com".into());
    let shifted = but(|plan| plan.others[0].claim = Claimed::Declared(0, MfaState::Disabled));
    let same = compare(&old, &again);
    assert!(same.is_empty());
    let bent = |bend: &dyn Fn(PlanDiff<'_>) -> bool| bend(same.clone());
    assert!(!bent(&|diff| PlanDiff { digests: (diff.digests.0, &digest), ..diff }.is_empty()), "digests");
    assert!(!bent(&|diff| PlanDiff { added: vec![&old.changes[0]], ..diff }.is_empty()), "added");
    assert!(!bent(&|diff| PlanDiff { removed: vec![&old.changes[0]], ..diff }.is_empty()), "removed");
    let (changed, claims) = (compare(&old, &renamed).changed, compare(&old, &shifted).claims);
    assert!(changed.len() == 1 && claims.len() == 1);
    assert!(!bent(&|diff| PlanDiff { changed: changed.clone(), ..diff }.is_empty()), "changed");
    assert!(!bent(&|diff| PlanDiff { claims: claims.clone(), ..diff }.is_empty()), "claims");
    let refusals = refused().refused;
    assert!(!bent(&|diff| PlanDiff { refused: vec![&refusals[0]], ..diff }.is_empty()), "refused");
    assert!(!bent(&|diff| PlanDiff { no_longer_refused: vec![&refusals[0]], ..diff }.is_empty()), "no longer");
    assert!(
        !bent(&|diff| PlanDiff { findings: vec![Reason::Accepted("MFA007".into())], ..diff }.is_empty()),
        "findings"
    );
    assert!(!bent(&|diff| PlanDiff { terms: vec!["canary: 5 → 6".to_owned()], ..diff }.is_empty()), "terms");
}

/// Who waits or is withheld before and after was approved in neither plan; who is written in one of them is a difference.
#[test]
fn of_writes_counts_who_is_written_in_one_of_the_two() {
    let place = |decision: &str| sample().changes.iter().position(|one| one.decision.as_str() == decision).unwrap();
    let (written, held, withheld) = (place("apply"), place("hold"), place("block"));
    let of = |new: &Plan| -> [usize; 4] {
        let old = sample();
        let diff = compare(&old, new).of_writes();
        [diff.added.len(), diff.removed.len(), diff.changed.len(), diff.claims.len()]
    };
    let renamed = |at: usize| but(|plan| plan.changes[at].user.user_principal_name = "renamed@contoso.com".into());
    assert_eq!(of(&renamed(written)), [0, 0, 1, 0]);
    assert_eq!(of(&renamed(held)), [0; 4]);
    assert_eq!(of(&renamed(withheld)), [0; 4]);
    let now = Decision::Apply { then: None };
    assert_eq!(of(&but(|plan| plan.changes[held].decision = now.clone())), [0, 0, 1, 0]);
    assert_eq!(of(&but(|plan| plan.changes[withheld].decision = now.clone())), [0, 0, 1, 0]);
    let block = Decision::Block { by: vec!["MFA002".into()], hold: None };
    assert_eq!(of(&but(|plan| plan.changes[written].decision = block.clone())), [0, 0, 1, 0]);
    assert_eq!(of(&but(|plan| plan.changes[held].decision = block.clone())), [0; 4]);
    for (at, counts) in [(written, 1), (held, 0), (withheld, 0)] {
        let without = but(|plan| _ = plan.changes.remove(at));
        assert_eq!(of(&without), [0, counts, 0, 0]);
        let old = sample();
        assert_eq!(compare(&without, &old).of_writes().added.len(), counts);
    }
    let shifted = but(|plan| plan.others[0].claim = Claimed::Declared(0, MfaState::Disabled));
    let old = sample();
    assert_eq!((compare(&old, &shifted).claims.len(), of(&shifted)), (1, [0; 4]));
}

fn findings(change: impl FnOnce(&mut Vec<Finding>)) -> Vec<Reason> {
    let two = |plan: &Plan| plan.changes.iter().position(|one| one.findings.len() == 2 && one.decision.is_block());
    let old = sample();
    let new = but(|plan| {
        let at = two(plan).unwrap();
        change(&mut plan.changes[at].findings);
    });
    compare(&old, &new).changed.into_iter().flat_map(|one| one.reasons).collect()
}

#[test]
fn a_finding_differs_by_its_rule_its_grade_and_whether_it_is_accepted() {
    let accepted = || sample().changes.iter().find_map(|one| one.findings.first()?.accepted.clone());
    assert_eq!(findings(|_| ()), []);
    assert_eq!(findings(|all| all[0].message = "said otherwise".into()), []);
    let critical = crate::severity::Severity::Critical;
    assert_eq!(
        findings(|all| all[1].rule = "MFA002".into()),
        [Reason::NewFinding("MFA002".into(), critical), Reason::GoneFinding("MFA008".into(), critical)]
    );
    assert_eq!(
        findings(|all| (all[0].rule, all[1].rule) = ("MFA001".into(), "MFA002".into())).len(),
        4,
        "as many as before, and none of them the same"
    );
    assert_eq!(findings(|all| all[0].severity = Low), [Reason::Regraded("MFA005".into(), critical, Low)]);
    assert_eq!(findings(|all| all[1].accepted = accepted()), [Reason::Accepted("MFA008".into())]);
    assert_eq!(
        findings(|all| (all[1].severity, all[1].accepted) = (High, accepted())),
        [Reason::Regraded("MFA008".into(), critical, High), Reason::Accepted("MFA008".into())]
    );
    assert_eq!(findings(|all| all.truncate(1)), [Reason::GoneFinding("MFA008".into(), critical)]);
    let new = but(|plan| plan.findings.iter_mut().for_each(|one| one.finding.accepted = None));
    assert_eq!(compare(&sample(), &new).findings, [Reason::NoLongerAccepted("MFA086".into())]);
}

/// A finding of a block that is gone, or of somebody whom another block claims now, is no longer judged: nothing got better.
#[test]
fn a_finding_that_is_gone_with_its_block_did_not_get_better() {
    let without = |rule: &str, more: &dyn Fn(&mut Plan)| -> Vec<Reason> {
        let protected = sample().others.iter().position(|one| matches!(one.claim, Claimed::Protected(_))).unwrap();
        let about = |plan: &mut Plan| {
            let id = plan.others[protected].user.id;
            plan.findings.iter_mut().filter_map(|one| one.user.as_mut()).for_each(|user| user.id = id);
        };
        let old = but(about);
        let new = but(|plan| {
            about(plan);
            plan.findings.retain(|one| one.finding.rule != rule);
            more(plan);
        });
        compare(&old, &new).findings
    };
    let no_leavers = |plan: &mut Plan| plan.blocks.retain(|one| one.place.address != "mfa.leavers");
    let moved = |plan: &mut Plan| {
        let one = plan.others.iter_mut().find(|one| matches!(one.claim, Claimed::Protected(_))).unwrap();
        one.claim = Claimed::Unmanaged;
    };
    let of_block = || "MFA042 of mfa.leavers".to_owned();
    let of_user = || "MFA043 of mfa.leavers of t.brandt@contoso.com".to_owned();
    assert_eq!(without("MFA042", &|_| ()), [Reason::GoneFinding(of_block(), Medium)]);
    assert_eq!(without("MFA042", &no_leavers), [Reason::NoLongerJudged(of_block(), Medium)]);
    let info = crate::severity::Severity::Info;
    assert_eq!(without("MFA043", &|_| ()), [Reason::GoneFinding(of_user(), info)]);
    assert_eq!(without("MFA043", &moved), [Reason::NoLongerJudged(of_user(), info)]);
    assert_eq!(without("MFA082", &moved), [Reason::GoneFinding("MFA082".into(), Medium)], "it is about the tenant");
    // Both who leave are written at once.
    let (old, new) = (sample(), but(no_leavers));
    let groups = compare(&old, &new).claims;
    assert!(matches!(&groups[..], [one] if one.users.len() == 2 && one.changing == 2), "{groups:?}");
    let both = |plan: &mut Plan| {
        no_leavers(plan);
        moved(plan);
    };
    assert_eq!(without("", &both), [], "what is still found is still judged");
}

#[test]
fn refusals_come_and_go_by_their_rule() {
    let rules = |all: &[&str]| {
        let refusal = |rule: &&str| crate::plan::Refusal { rule: (*rule).into(), ..refused().refused[0].clone() };
        but(|plan| plan.refused = all.iter().map(refusal).collect())
    };
    let (old, new) = (rules(&["max_downgrades", "MFA003"]), rules(&["MFA003", "max_changes"]));
    let diff = compare(&old, &new);
    let told = |all: &[&crate::plan::Refusal]| all.iter().map(|one| one.rule.to_string()).collect::<Vec<_>>();
    assert_eq!(told(&diff.refused), ["max_changes"]);
    assert_eq!(told(&diff.no_longer_refused), ["max_downgrades"]);
}

#[test]
fn values_holds_and_terms_are_told_old_and_new() {
    let old = sample();
    let held = |until: Option<&str>, reason: &str| {
        let until = until.map(at);
        Decision::Hold(Hold { kind: HoldKind::Wave, until, reason: reason.into(), gate: None })
    };
    let place = sample().changes.iter().position(|one| one.decision.as_str() == "hold").unwrap();
    let told = |change: &dyn Fn(&mut crate::plan::Change)| -> Vec<String> {
        let new = but(|plan| change(&mut plan.changes[place]));
        compare(&old, &new).changed.iter().flat_map(|one| &one.reasons).map(ToString::to_string).collect()
    };
    assert_eq!(told(&|_| ()), [""; 0]);
    assert_eq!(
        told(&|one| one.decision = held(None, "later")),
        ["hold: 2026-12-01T00:00:00Z (wave \"second\" of rollout.staff) → no date (later)"]
    );
    assert_eq!(
        told(&|one| one.decision = Decision::Apply { then: None }),
        ["decision: hold → apply", "hold: 2026-12-01T00:00:00Z (wave \"second\" of rollout.staff) → none"]
    );
    assert_eq!(
        told(&|one| {
            one.user.user_principal_name = "renamed@contoso.com".into();
            one.before = MfaState::Enabled.into();
            one.declared_by = None;
        }),
        ["name: p.novak@contoso.com → renamed@contoso.com", "before: disabled → enabled", "declared by: mfa.staff → "]
    );
    assert_eq!(
        told(&|one| (one.after, one.effective) = (MfaState::Enabled, MfaState::Enabled)),
        ["after: enforced → enabled", "effective: enforced → enabled"]
    );
    let waived = |plan: &mut Plan| {
        plan.waivers = vec![Waiver { guardrail: Waivable::MaxChanges, bound: "9".into(), reason: "CHG-7".into() }];
    };
    let terms = |old: &Plan, new: &Plan| compare(old, new).terms;
    assert_eq!(terms(&old, &but(waived)), ["waived now: max_changes = 9 (CHG-7)"]);
    assert_eq!(terms(&but(waived), &old), ["no longer waived: max_changes = 9"]);
    assert_eq!(terms(&but(waived), &but(waived)), [""; 0]);
    let other = but(|plan| {
        plan.tenant.id = TENANT.parse().unwrap();
        plan.execution.block_at = High;
        plan.execution.canary = 6;
        plan.execution.stop_after_failures = 4;
        plan.execution.confirm = Confirm::Tenant;
        plan.execution.approvals_required = 2;
        plan.rolls_back = Some("20261124T093000000Z-3fa9c1d2".into());
    });
    assert_eq!(
        terms(&old, &other),
        [
            &*format!("another tenant: {} → {TENANT}", old.tenant.id),
            "block_at: critical → high",
            "canary: 5 → 6",
            "stop_after_failures: 3 → 4",
            "confirm: yes → tenant",
            "approvals required: 0 → 2",
            "rolls back: nothing → 20261124T093000000Z-3fa9c1d2",
        ]
    );
}
