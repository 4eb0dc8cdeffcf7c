//! Resume, rollback and verify.

use std::collections::HashMap;

use super::super::{
    Approval, FreshResume, Outcome,
    approval::ApprovalError,
    report::{Failure, RunEnd, Seen},
    resume::ResumeError,
    rollback::{RollbackError, rollback},
    testing::{Bench, Fault, World, enforce, outcomes, plan, planned_user, preflight, start, user},
    verify::{Expected, Registration, Standing, States, observed_states, verify},
};
use crate::tenant::{
    MfaState::{self, Disabled, Enabled, Enforced},
    SignIns, TenantId, TenantRead,
};

#[test]
fn resume_does_what_is_left_and_counts_the_whole_run() {
    let (world, plan) = enforce(10);
    world.fault(5, &[Fault::Rejected]);
    world.fault(6, &[Fault::ResetBefore; 9]);
    world.move_by_hand(7, Enabled);
    world.move_by_hand(8, Enabled);
    let bench = Bench::new(&world);
    let first = bench.apply(plan);
    assert_eq!((first.counts.done, first.counts.failed, first.counts.unknown, first.counts.stale), (6, 1, 1, 2));
    world.move_by_hand(7, Disabled);
    let second = bench.resume().unwrap();
    assert_eq!((second.counts.changes, second.counts.done, second.counts.stale), (10, 9, 1));
    assert_eq!(outcomes(&second, Outcome::Stale), [8], "not back at `before`: left alone");
    assert_eq!(second.exit_code, 4);
}

#[test]
fn a_finished_run_is_not_even_read() {
    let (world, plan) = enforce(5);
    let bench = Bench::new(&world);
    bench.apply(plan);
    let look = || {
        let state = world.lock();
        (state.bytes.clone(), state.log.len())
    };
    let before = look();
    let report = bench.resume().unwrap();
    assert_eq!((report.exit_code, report.counts.done), (0, 5));
    assert_eq!(look(), before);
}

#[test]
fn resume_proves_that_what_was_done_is_still_so_and_never_does_it_again() {
    let (world, plan) = enforce(6);
    world.fault(6, &[Fault::Rejected]);
    let bench = Bench::new(&world);
    bench.apply(plan);
    world.move_by_hand(1, Disabled);
    let report = bench.resume().unwrap();
    assert_eq!((report.counts.done, report.counts.verified, report.exit_code), (6, 5, 4));
    assert_eq!(report.users[0].observed, Some(Seen::Disabled));
    assert_eq!(world.state(1), Some(Disabled));
}

#[test]
fn resume_needs_a_yes_to_the_same_digest_in_the_same_tenant() {
    let (world, mut plan) = enforce(2);
    plan.execution.approvals_required = 0;
    world.fault(2, &[Fault::Rejected]);
    let digest = plan.digest.clone();
    Bench::new(&world).apply(plan);
    let journal = world.journal().unwrap();
    let nobody = HashMap::new();
    let other = crate::plan::Digest("0".repeat(64).as_str().into());
    let wrong = FreshResume::new(journal.clone(), Approval::automatic(&other, start()), &preflight(&nobody));
    assert!(matches!(wrong, Err(ResumeError::Approval(ApprovalError::OtherDigest { .. }))));
    let mut elsewhere = preflight(&nobody);
    elsewhere.tenant = TenantId::new(uuid::Uuid::from_u128(1));
    let wrong = FreshResume::new(journal.clone(), Approval::automatic(&digest, start()), &elsewhere);
    assert!(matches!(wrong, Err(ResumeError::Preflight(_))));
    let mut signed = journal;
    signed.run.approvals_required = 1;
    let wrong = FreshResume::new(signed.clone(), Approval::automatic(&digest, start()), &preflight(&nobody));
    assert!(matches!(wrong, Err(ResumeError::Approval(ApprovalError::SignaturesNeeded { .. }))));
    let unsigned =
        FreshResume::new(signed, Approval::typed_again(&digest, "yes", "yes", start()).unwrap(), &preflight(&nobody));
    assert!(matches!(unsigned, Err(ResumeError::Approval(ApprovalError::TooFewSignatures { .. }))));
}

#[test]
fn rollback_restores_what_the_run_did_and_leaves_who_moved_since() {
    let (world, plan) = enforce(6);
    world.fault(5, &[Fault::Rejected]);
    world.fault(6, &[Fault::ResetAfter]);
    Bench::new(&world).apply(plan);
    world.move_by_hand(2, Enabled);
    world.move_by_hand(3, Disabled);
    world.move_by_hand(5, Enforced);
    let journal = world.journal().unwrap();
    let inverse = rollback(&journal, &world.observed(), &[]).unwrap();
    let back: Vec<_> = inverse.changes.iter().map(|one| (one.user.id, one.before, one.after)).collect();
    assert_eq!(back, [1, 4, 6].map(|n| (user(n), Enforced, Disabled)));
    assert_eq!((inverse.stale[0].user.id, inverse.stale[0].observed), (user(2), Seen::Enabled));
    assert_eq!((inverse.restored, inverse.untouched), (1, 1), "3 is back already, 5 was never written by the run");
    let one = rollback(&journal, &world.observed(), &["USER0004@contoso.com".to_owned()]).unwrap();
    assert_eq!((one.changes.len(), one.changes[0].user.id), (1, user(4)));
    let nobody = rollback(&journal, &world.observed(), &["nobody@contoso.com".to_owned()]);
    assert!(matches!(nobody, Err(RollbackError::NoSuchTarget { .. })));
}

#[test]
fn rollback_of_an_enable_that_the_service_promoted_leads_from_enforced() {
    let world = World::new(&[(1, Disabled, true), (2, Disabled, false)]);
    Bench::new(&world).apply(plan(&[(1, Disabled, Enabled, true), (2, Disabled, Enabled, false)]));
    world.move_by_hand(2, Enforced); // they have registered
    let inverse = rollback(&world.journal().unwrap(), &world.observed(), &[]).unwrap();
    let back: Vec<_> = inverse.changes.iter().map(|one| (one.before, one.after)).collect();
    assert_eq!(back, [(Enforced, Disabled), (Enforced, Disabled)]);
}

#[test]
fn verify_tells_drift_registration_and_how_long_somebody_has_been_waiting() {
    let world = World::new(&[(1, Disabled, false), (2, Disabled, false), (3, Disabled, true), (4, Disabled, false)]);
    let raise = |n, registered| (n, Disabled, Enabled, registered);
    Bench::new(&world).apply(plan(&[raise(1, false), raise(2, false), raise(3, true), raise(4, false)]));
    let journal = world.journal().unwrap();
    let expected = Expected::of_run(&journal);
    world.move_by_hand(1, Enforced);
    world.move_by_hand(4, Disabled);
    let later = start() + jiff::SignedDuration::from_hours(50);
    let mut tenant = world.observed();
    let report = verify(None, &expected, &observed_states(&expected, &tenant), Some(&tenant), later);
    let standings: Vec<_> = report.users.iter().map(|user| user.standing).collect();
    use Standing::{AsExpected, Drifted, Promoted};
    assert_eq!(standings, [Promoted, AsExpected, Promoted, Drifted]);
    assert_eq!(report.users[1].registration, Some(Registration::Pending));
    assert!(report.users[1].waiting_seconds.unwrap() > 49 * 3600);
    assert!(report.differs(false) && report.summary.drifted == 1 && report.failing.is_none());
    assert_eq!(report.as_counts().done, 3);

    let since = |days: u16| {
        let users: Vec<_> = tenant
            .users()
            .iter()
            .cloned()
            .map(|mut user| {
                user.registered = Some(user.id != crate::apply::testing::user(4));
                let smtp =
                    crate::tenant::LegacySignIns { protocol: "SMTP".into(), count: 9, last: None, distinct_ips: None };
                let legacy = (user.id == crate::apply::testing::user(2)).then(|| vec![smtp].into_boxed_slice());
                user.sign_ins = {
                    let (failed, failed_mfa) = (Some(5), Some(3));
                    let window_days = Some(days);
                    Some(Box::new(SignIns {
                        window_days,
                        failed,
                        failed_mfa,
                        interactive: Some(8),
                        legacy,
                        ..SignIns::default()
                    }))
                };
                user
            })
            .collect();
        crate::tenant::ObservedTenant::new(tenant.id, "Contoso".into(), tenant.source, later, users)
    };
    // A log of a week reaches back before the run: whose fault its failures are nobody can say.
    assert!(verify(None, &expected, &observed_states(&expected, &tenant), Some(&since(7)), later).failing.is_none());
    tenant = since(1);
    let report = verify(None, &expected, &observed_states(&expected, &tenant), Some(&tenant), later);
    assert_eq!(report.users[1].registration, Some(Registration::Since));
    let failing = report.failing.unwrap();
    assert_eq!((failing.len(), failing[0].id, failing[0].looks_like_workload), (4, user(2), true));
}

#[test]
fn verify_of_declared_states_tells_who_could_not_be_read_and_who_is_gone() {
    let world = World::new(&[(1, Enforced, true), (2, Disabled, false)]);
    world.lock().failing_reads.insert(2, [false].into());
    let declared = |n: u32, state: MfaState| Expected::of(planned_user(n), state, None);
    let expected = [declared(1, Enabled), declared(2, Disabled), declared(3, Enforced)];
    let mut states = States::new();
    for id in expected.iter().map(|one| one.user.id) {
        let read = world.live(TenantRead::state(&world, id)).unwrap();
        states.insert(id, read.as_ref().map(Seen::from).map_err(Failure::from));
    }
    let report = verify(None, &expected, &states, None, start());
    let standings: Vec<_> = report.users.iter().map(|user| user.standing).collect();
    assert_eq!(standings, [Standing::Promoted, Standing::Unknown, Standing::Gone]);
    assert_eq!(report.users[1].error.as_ref().unwrap().message, "the read failed");
}

#[test]
fn an_interrupted_rollback_is_a_run_like_any_other() {
    let (world, forth) = enforce(6);
    Bench::new(&world).apply(forth);
    let inverse = rollback(&world.journal().unwrap(), &world.observed(), &[]).unwrap();
    let back: Vec<_> = (1..=6).map(|n| (n, Enforced, Disabled, true)).collect();
    assert_eq!(inverse.changes.len(), back.len());
    world.new_file();
    world.lock().kill_at = Some(30);
    let bench = Bench::new(&world);
    assert!(bench.apply_until_killed(plan(&back)).is_none());
    world.lock().kill_at = None;
    assert_eq!(bench.resume().unwrap().outcome, RunEnd::Complete);
    assert!(world.states().iter().all(|(_, state)| *state == Some(Disabled)));
}
