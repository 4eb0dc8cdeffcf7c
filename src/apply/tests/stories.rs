//! One rule, one story.

use std::{collections::HashMap, time::Duration};

use super::super::{
    Approval, ApprovedPlan, FreshPlan, Left, Outcome, Requirements, Urgency,
    report::{RunEnd, Seen, StopReason},
    stop,
    testing::{Bench, Fault, enforce, outcomes, plan, preflight, run_id, start, user},
};
use crate::{
    apply::{events::EventWriter, report::Command, testing::World},
    tenant::MfaState::{Disabled, Enabled, Enforced},
};

#[test]
fn everybody_is_written_once_and_read_back() {
    let (world, plan) = enforce(12);
    let report = Bench::new(&world).apply(plan);
    assert_eq!((report.outcome, report.exit_code), (RunEnd::Complete, 0));
    assert_eq!((report.counts.done, report.counts.verified), (12, 12));
    assert_eq!(world.writes().len(), 12);
    assert!(world.states().iter().all(|(_, state)| *state == Some(Enforced)));
    assert!(report.hints.is_empty(), "{:?}", report.hints);
}

#[test]
fn canary_users_are_written_and_read_back_before_anybody_else_is_written() {
    let (world, plan) = enforce(9);
    Bench::new(&world).apply(plan);
    let log = world.lock().log.clone();
    let at = |entry: &str| log.iter().position(|one| one == entry).unwrap();
    let last_read = |entry: &str| {
        let third = at("write 3");
        log[..third].iter().rposition(|one| one == entry).unwrap()
    };
    for canary in [1, 2] {
        let written = at(&format!("write {canary}"));
        assert!(written < last_read(&format!("read {canary}")), "read back before the third is written");
    }
    for other in 3..=9 {
        assert!(at(&format!("write {other}")) > last_read("read 2"));
    }
}

#[test]
fn five_of_fifty_changed_by_hand_are_stale_and_left_alone() {
    let (world, plan) = enforce(50);
    for n in [3, 11, 19, 27, 50] {
        world.move_by_hand(n, Enabled);
    }
    let report = Bench::new(&world).apply(plan);
    assert_eq!((report.counts.done, report.counts.stale, report.exit_code), (45, 5, 4));
    assert_eq!(outcomes(&report, Outcome::Stale), [3, 11, 19, 27, 50]);
    let told = report.users[2].error.as_ref().unwrap();
    assert_eq!(told.code.as_deref(), Some("MFA044"));
    assert_eq!(told.message, "MFA044 changed-since-plan: enabled was found, and the plan was made for disabled");
    let journaled = world.journal().unwrap().outcomes();
    assert_eq!(journaled[2].error.as_ref(), Some(told), "the journal says so too");
    for n in [3, 11, 19, 27, 50] {
        assert_eq!(world.state(n), Some(Enabled));
    }
    assert!(!report.hints.iter().any(|hint| hint.to_string().contains("--resume")), "resume would do nothing");
}

#[test]
fn who_is_already_there_is_done_without_a_write() {
    let (world, plan) = enforce(3);
    world.move_by_hand(2, Enforced);
    let report = Bench::new(&world).apply(plan);
    assert_eq!((report.outcome, report.counts.verified), (RunEnd::Complete, 3));
    assert_eq!(world.writes().len(), 2);
}

#[test]
fn a_registered_user_who_is_enabled_ends_enforced_and_counts_as_done() {
    let world = World::new(&[(1, Disabled, true), (2, Disabled, false)]);
    let report = Bench::new(&world).apply(plan(&[(1, Disabled, Enabled, true), (2, Disabled, Enabled, false)]));
    assert_eq!(report.outcome, RunEnd::Complete);
    assert_eq!((world.state(1), world.state(2)), (Some(Enforced), Some(Enabled)));
    assert_eq!(report.users[0].observed, Some(Seen::Enforced));
}

#[test]
fn relaxing_a_registered_user_is_sent_although_they_look_the_same_after_it() {
    let world = World::new(&[(1, Enforced, true)]);
    let report = Bench::new(&world).apply(plan(&[(1, Enforced, Enabled, true)]));
    assert_eq!((report.outcome, world.writes()), (RunEnd::Complete, vec![(1, Enabled)]));
}

#[test]
fn a_lost_answer_is_settled_by_reading() {
    let (world, plan) = enforce(3);
    world.fault(1, &[Fault::ResetAfter]);
    world.fault(2, &[Fault::ResetBefore, Fault::ResetBefore]);
    world.fault(3, &[Fault::MovedByHand(Enabled)]);
    let report = Bench::new(&world).apply(plan);
    assert_eq!(outcomes(&report, Outcome::Done), [1, 2]);
    assert_eq!(outcomes(&report, Outcome::Stale), [3], "moved meanwhile: not sent again");
    assert_eq!(world.writes(), [(1, Enforced), (2, Enforced)], "the first was not sent twice");
    assert_eq!(world.state(3), Some(Enabled));
}

#[test]
fn without_an_answer_to_the_last_retry_a_user_is_unknown_never_failed() {
    let (world, plan) = enforce(1);
    world.fault(1, &[Fault::ResetBefore; 9]);
    let report = Bench::new(&world).apply(plan);
    assert_eq!(outcomes(&report, Outcome::Unknown), [1]);
    assert_eq!(report.users[0].observed, Some(Seen::Disabled));
    assert_eq!(world.lock().log.iter().filter(|one| *one == "write 1").count(), 9, "once and eight retries");
}

#[test]
fn throttled_to_the_end_is_failed_and_a_retry_after_is_kept_to() {
    let (world, plan) = enforce(1);
    world.fault(1, &[Fault::Throttled(Some(70_000)), Fault::Throttled(Some(70_000)), Fault::Throttled(Some(70_000))]);
    let report = Bench::new(&world).apply(plan);
    assert_eq!(outcomes(&report, Outcome::Failed), [1], "210 s are more than the 180 s there are");
    assert_eq!(world.lock().log.iter().filter(|one| *one == "write 1").count(), 3);
    assert_eq!(crate::apply::Clock::elapsed(&world), Duration::from_secs(140));
}

#[test]
fn a_throttled_write_that_was_done_all_the_same_is_not_sent_again() {
    let (world, plan) = enforce(1);
    world.fault(1, &[Fault::ThrottledButDone]);
    let report = Bench::new(&world).apply(plan);
    assert_eq!((report.outcome, world.writes().len()), (RunEnd::Complete, 1));
}

#[test]
fn a_deleted_user_is_stale() {
    let (world, plan) = enforce(4);
    world.fault(4, &[Fault::Deleted]);
    let report = Bench::new(&world).apply(plan);
    assert_eq!((outcomes(&report, Outcome::Stale), report.exit_code), (vec![4], 4));
    assert_eq!(report.users[3].observed, Some(Seen::Gone));
}

#[test]
fn without_the_permission_to_write_one_refusal_ends_the_run() {
    let (world, plan) = enforce(20);
    for n in 1..=20 {
        world.fault(n, &[Fault::Forbidden]);
    }
    let report = Bench::new(&world).apply(plan);
    assert_eq!((report.counts.failed, report.counts.not_attempted, report.exit_code), (1, 19, 4));
    assert_eq!(report.stopped, Some(StopReason::Forbidden));
    assert!(report.hints[0].to_string().contains("Policy.ReadWrite.AuthenticationMethod"));
}

#[test]
fn more_failures_than_allowed_stop_the_run() {
    let (world, plan) = enforce(40);
    for n in 5..=40 {
        world.fault(n, &[Fault::Rejected]);
    }
    let mut bench = Bench::new(&world);
    bench.parallelism = 1;
    let report = bench.apply(plan);
    assert_eq!((report.counts.done, report.counts.failed, report.counts.not_attempted), (4, 4, 32));
    assert_eq!(report.stopped, Some(StopReason::Failures { failed: 4, allowed: 3 }));
    assert_eq!(report.counts.verified, 4, "what was written is read back all the same");
}

#[test]
fn the_first_signal_finishes_what_is_in_flight() {
    let (world, plan) = enforce(30);
    let (handle, stop) = stop();
    world.lock().stop_after = Some((9, handle));
    let report = Bench { stop, ..Bench::new(&world) }.apply(plan);
    assert_eq!((report.outcome, report.exit_code), (RunEnd::Stopped, 130));
    assert_eq!(report.counts.unknown, 0);
    assert!(report.counts.done >= 9 && report.counts.done < 9 + 4, "{:?}", report.counts);
    assert_eq!(report.counts.done, world.writes().len() as u64);
    let mut hint = report.hints[0].clone();
    hint.with_flags(" --chdir here");
    assert_eq!(hint.to_string(), "to go on: mfaplan apply --resume 20261124T213000000Z-3fa9c1d2 --chdir here");
    let end = world.journal().unwrap().end.unwrap();
    assert_eq!((end.outcome, end.counts), (RunEnd::Stopped, report.counts));
}

#[test]
fn a_signal_does_not_wait_for_a_long_retry() {
    let (world, plan) = enforce(3);
    let (handle, stop) = stop();
    world.fault(3, &[Fault::Throttled(Some(170_000))]);
    world.lock().stop_after = Some((3, handle));
    let report = Bench { stop, parallelism: 1, ..Bench::new(&world) }.apply(plan);
    assert_eq!((report.exit_code, report.counts.failed), (130, 1), "throttled, and read once more");
    assert!(crate::apply::Clock::elapsed(&world) < Duration::from_secs(5));
}

#[test]
fn the_second_signal_stops_at_once_and_says_unknown_of_what_was_sent() {
    let (world, plan) = enforce(10);
    for n in 3..=10 {
        world.fault(n, &[Fault::Hangs]);
    }
    let (handle, stop) = stop();
    // Pulled a third of the way, and again as soon as the executor is waiting for the hanging writes.
    let bench = Bench { stop, ..Bench::new(&world) };
    let pull = std::thread::spawn({
        let world = world.clone();
        move || {
            while world.lock().log.iter().filter(|one| one.starts_with("write")).count() < 6 {
                std::thread::yield_now();
            }
            assert_eq!(handle.signal(), Urgency::Drain);
            assert_eq!(handle.signal(), Urgency::Abort);
        }
    });
    let report = bench.apply(plan);
    pull.join().unwrap();
    assert_eq!((report.counts.done, report.counts.unknown, report.counts.not_attempted), (2, 4, 4));
    assert_eq!((report.exit_code, world.journal().unwrap().end.unwrap().counts), (130, report.counts));
}

#[test]
fn a_state_that_does_not_show_within_thirty_seconds_is_done_but_not_verified() {
    let (world, plan) = enforce(6);
    world.lock().lag.insert(6, 1000);
    let report = Bench::new(&world).apply(plan);
    assert_eq!((report.counts.done, report.counts.verified, report.exit_code), (6, 5, 4));
    assert!(!report.users[5].verified && report.users[5].observed == Some(Seen::Disabled));
    let elapsed = crate::apply::Clock::elapsed(&world);
    assert!(elapsed >= Duration::from_secs(30) && elapsed < Duration::from_secs(40), "{elapsed:?}");
}

#[test]
fn a_short_lag_is_waited_for() {
    let (world, plan) = enforce(6);
    for n in 1..=6 {
        world.lock().lag.insert(n, 3);
    }
    assert_eq!(Bench::new(&world).apply(plan).outcome, RunEnd::Complete);
}

/// Whatever the reads are for: before a write, after it, of canaries, or of what an earlier session has done.
#[test]
fn nobody_is_read_before_the_time_that_the_service_named() {
    for (wait, verified) in [(5, 6), (29, 6), (31, 5), (120, 5)] {
        let (world, plan) = enforce(6);
        let bench = Bench::new(&world);
        // The first reads are checks, which are patient; the others look at what was written.
        bench.apply(plan);
        world.lock().asks_to_wait = Some(Duration::from_secs(wait));
        world.lock().failing_reads.insert(3, [true].into());
        let whole = world.lock().bytes.clone();
        let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
        world.lock().bytes = whole[..=last].to_vec();
        let report = bench.resume().unwrap();
        assert_eq!((report.counts.done, report.counts.verified), (6, verified), "asked to wait for {wait} s");
    }
    for reads in 1..8 {
        let (world, plan) = enforce(6);
        world.lock().asks_to_wait = Some(Duration::from_secs(20));
        // A canary and one of the rest: `reads` of each fail, so that checks and looks both do.
        for n in [1, 5] {
            world.lock().failing_reads.insert(n, vec![true; reads].into());
        }
        Bench::new(&world).apply(plan);
    }
}

#[test]
fn canaries_that_show_nothing_stop_the_run() {
    let (world, plan) = enforce(30);
    for n in 1..=30 {
        world.lock().lag.insert(n, 1000);
    }
    let report = Bench::new(&world).apply(plan);
    assert_eq!(report.stopped, Some(StopReason::CanaryNotVerified));
    assert_eq!((report.counts.done, report.counts.verified, report.counts.not_attempted), (2, 0, 28));
}

#[test]
fn a_full_disk_stops_before_the_write_it_cannot_announce() {
    let (world, plan) = enforce(30);
    Bench::new(&world).apply(plan.clone());
    let whole = world.lock().bytes.len();
    for room in (0..whole).step_by(whole / 40) {
        let (world, _) = enforce(30);
        world.lock().disk_limit = Some(room);
        let report = Bench::new(&world).apply(plan.clone());
        assert_eq!((report.outcome, report.exit_code), (RunEnd::Error, 1), "{room} bytes");
        assert!(matches!(report.stopped, Some(StopReason::Journal { .. })));
        let done = report.counts.done + report.counts.unknown;
        assert_eq!(done, world.writes().len() as u64, "each write is told, and none is made up");
    }
}

#[test]
fn a_state_read_more_than_a_minute_ago_is_read_again() {
    let (world, plan) = enforce(1);
    world.lock().slow_sync = Duration::from_secs(61);
    Bench::new(&world).apply(plan);
    let log = world.lock().log.clone();
    let write = log.iter().position(|one| one == "write 1").unwrap();
    assert_eq!(log[write - 1], "read 1", "after the flush that took so long: {log:?}");
}

#[test]
fn a_read_that_fails_for_good_is_a_failure_and_nothing_is_sent() {
    let (world, plan) = enforce(3);
    world.lock().failing_reads.insert(2, [true, true, true, false].into());
    world.lock().failing_reads.insert(3, [true, true].into());
    let report = Bench::new(&world).apply(plan);
    assert_eq!((outcomes(&report, Outcome::Failed), outcomes(&report, Outcome::Done)), (vec![2], vec![1, 3]));
}

#[test]
fn who_the_policy_protects_now_is_left_out_of_an_older_plan() {
    let (world, plan) = enforce(4);
    let approval = Approval::typed(&plan, "yes\n", start()).unwrap();
    let approved = ApprovedPlan::new(plan.clone(), approval, Requirements::default()).unwrap();
    let protected = HashMap::from([user(2), user(99)].map(|id| (id, Left::Protected)));
    let fresh = FreshPlan::new(approved, &preflight(&protected)).unwrap();
    assert_eq!(fresh.notes(), ["1 user(s) of the plan are protected by the policy now and are left out"]);
    let bench = Bench::new(&world);
    bench.apply_prepared(fresh, &plan, &()).unwrap();
    let report = bench.world.journal().unwrap().outcomes();
    assert_eq!(report[1].outcome, Outcome::NotAttempted);
    assert!(report[1].is_protected());
    assert_eq!(world.state(2), Some(Disabled));
}

#[test]
fn events_end_with_a_summary_that_sums_and_name_every_user() {
    let (world, plan) = enforce(8);
    world.move_by_hand(4, Enabled);
    for n in [5, 6] {
        world.fault(n, &[Fault::Throttled(None), Fault::Rejected]);
    }
    let mut out = Vec::new();
    let events = EventWriter::new(&mut out, Command::Apply, start());
    let report = Bench::new(&world).apply_watched(plan, &events).unwrap();
    drop(events);
    let lines: Vec<serde_json::Value> =
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["type"].is_string() && line["timestamp"].is_string()));
    assert_eq!(lines.iter().filter(|line| line["type"] == "summary").count(), 1);
    let summary = lines.last().unwrap();
    assert_eq!((&summary["type"], &summary["command"]), (&"summary".into(), &"apply".into()));
    assert_eq!((&summary["outcome"], &summary["exit_code"]), (&"incomplete".into(), &4.into()));
    let count = |key: &str| summary[key].as_u64().unwrap();
    let sum = ["done", "failed", "stale", "unknown", "not_attempted"].map(count).iter().sum::<u64>();
    assert_eq!((sum, count("changes"), count("verified")), (8, 8, report.counts.verified));
    for user in &report.users {
        let id = user.planned.user.id.to_string();
        let last = lines.iter().rfind(|line| line["type"] == "result" && line["user"]["id"] == id.as_str()).unwrap();
        assert_eq!(last["result"], user.outcome.as_str());
        assert_eq!(last["run"], run_id().as_str());
    }
    assert_eq!(lines.iter().filter(|line| line["type"] == "retry").count(), 2);
}

#[test]
fn events_that_end_in_an_error_still_end_with_a_summary() {
    let mut out = Vec::new();
    drop(EventWriter::new(&mut out, Command::Plan, start()));
    let text = String::from_utf8(out).unwrap();
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&line["outcome"], &line["exit_code"], &line["run"]), (&"error".into(), &1.into(), &().into()));
    assert!(text.ends_with("}\n"));
}
