//! Seeded chaos: faults, kills at every operation, hand-made changes, lost pages of the disk. Whatever happens, every
//! write was planned and announced (the tenant in memory checks both at each write), nobody moved is overwritten, going
//! on ends exactly at the plan, and the way back ends where it began.

use std::collections::BTreeMap;

use super::super::{
    Outcome,
    journal::JournalError,
    rollback::rollback,
    testing::{Bench, Fault, World, enforce, number, plan},
};
use crate::tenant::MfaState::{self, Disabled, Enforced};

/// A small generator, so that a seed is all that is needed to see a failure again (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn state(&mut self) -> MfaState {
        MfaState::ALL[self.roll(3) as usize]
    }

    fn fault(&mut self) -> Fault {
        match self.roll(8) {
            0 | 1 => Fault::ResetBefore,
            2 | 3 => Fault::ResetAfter,
            4 => Fault::Throttled(Some(self.roll(50_000))),
            5 => Fault::ThrottledButDone,
            6 => Fault::MovedByHand(self.state()),
            _ => Fault::Rejected,
        }
    }
}

/// Where a user may end, given where they were when the last session looked at them.
fn may_end(change: &(u32, MfaState, MfaState, bool), found: Option<MfaState>) -> Vec<Option<MfaState>> {
    let (_, before, after, registered) = *change;
    let end = Some(after.effective(Some(registered)));
    if found == Some(before) || found == Some(after) {
        vec![end, found.filter(|state| *state == after)]
    } else {
        vec![found]
    }
}

fn story(seed: u64) {
    let mut dice = Dice(seed);
    let people: Vec<_> = (1..=2 + dice.roll(20) as u32)
        .map(|n| {
            let state = dice.state();
            (n, state, dice.roll(2) == 0)
        })
        .collect();
    let mut changes = Vec::new();
    for (n, before, registered) in &people {
        let after = dice.state();
        // A relaxed registered user looks the same before and after; the stories tell of them.
        if dice.roll(4) > 0 && *before != after && after.effective(Some(*registered)) != *before {
            changes.push((*n, *before, after, *registered));
        }
    }
    let world = World::new(&people);
    world.seed(seed);
    let mut plan = plan(&changes);
    plan.execution.canary = dice.roll(4) as u32;
    plan.execution.stop_after_failures = dice.roll(6) as u32;
    let bench = Bench { parallelism: 1 + dice.roll(6) as usize, ..Bench::new(&world) };
    for (n, ..) in &changes {
        let faults: Vec<Fault> = (0..dice.roll(3)).map(|_| dice.fault()).collect();
        world.fault(*n, &faults);
        if dice.roll(5) == 0 {
            world.move_by_hand(*n, dice.state());
        }
    }

    // Killed up to four times, at any operation.
    let kill = |dice: &mut Dice| Some(1 + dice.roll(40 + 30 * changes.len() as u64) as usize);
    world.lock().kill_at = kill(&mut dice);
    let first = bench.apply_until_killed(plan.clone());
    for _ in 0..3 {
        // Without power, what was not flushed is lost; of what remains, the last line may be torn.
        if dice.roll(2) == 0 {
            let mut state = world.lock();
            let unsynced = (state.bytes.len() - state.synced) as u64;
            let kept = state.synced + dice.roll(unsynced + 1) as usize;
            state.bytes.truncate(kept);
        }
        match world.journal() {
            // Killed before the first line: nothing can have been written.
            Err(JournalError::Empty { .. }) => return assert!(world.writes().is_empty()),
            journal => {
                let journal = journal.unwrap();
                for (n, _) in world.writes() {
                    let at = journal.run.changes.iter().position(|one| number(one.user.id) == n).unwrap();
                    assert!(journal.entries[at].intent.is_some(), "the journal tells of every write");
                }
            }
        }
        if dice.roll(2) == 0 {
            break;
        }
        world.lock().kill_at = kill(&mut dice);
        bench.resume();
    }

    // At last everything works. Three rejections may have been saved up, so it is asked until nothing changes.
    {
        let mut state = world.lock();
        state.kill_at = None;
        state.faults.clear();
    }
    let found: BTreeMap<u32, Option<MfaState>> = world.states().into_iter().collect();
    let last = bench.resume().unwrap();
    for change in &changes {
        let end = world.state(change.0);
        assert!(may_end(change, found[&change.0]).contains(&end), "{change:?}: {:?} → {end:?}", found[&change.0]);
    }
    for user in &last.users {
        let n = number(user.planned.user.id);
        if user.outcome == Outcome::Done && user.verified {
            assert!(user.planned.is_reached_by(world.state(n).unwrap()), "{user:?}");
        }
        assert!(matches!(user.outcome, Outcome::Done | Outcome::Stale), "nothing is left to do: {user:?}");
    }
    let unplanned = people.iter().filter(|one| changes.iter().all(|change| change.0 != one.0));
    unplanned.for_each(|(n, state, _)| assert_eq!(world.state(*n), Some(*state), "not in the plan"));

    // Once more does nothing.
    let writes = world.writes().len();
    let again = bench.resume().unwrap();
    assert_eq!((world.writes().len(), again.counts), (writes, last.counts), "{first:?}");

    go_back(&world, &changes);
}

/// Rollback restores everybody whom the run wrote and who still has what it left.
fn go_back(world: &World, changes: &[(u32, MfaState, MfaState, bool)]) {
    let journal = world.journal().unwrap();
    let untouched: Vec<_> = world.states();
    let inverse = rollback(&journal, &world.observed(), &[]).unwrap();
    let back: Vec<_> = inverse
        .changes
        .iter()
        .map(|one| (number(one.user.id), one.before, one.after, one.user.registered.unwrap()))
        .collect();
    let stale = inverse.stale.len() as u64;
    let told = inverse.changes.len() as u64 + stale + inverse.restored + inverse.untouched;
    assert_eq!(told, changes.len() as u64);
    world.new_file();
    let report = Bench::new(world).apply(plan(&back));
    assert_eq!(report.counts.done, back.len() as u64);
    for (n, state) in untouched {
        let expected = match back.iter().find(|one| one.0 == n) {
            Some((_, _, before, registered)) => Some(before.effective(Some(*registered))),
            None => state,
        };
        assert_eq!(world.state(n), expected);
    }
}

#[test]
fn three_hundred_seeds_of_faults_and_kills() {
    // `MFAPLAN_CHAOS_SEEDS=1000 cargo test chaos` runs more.
    let seeds = std::env::var("MFAPLAN_CHAOS_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    for seed in 0..seeds {
        let told = std::panic::catch_unwind(|| story(seed));
        assert!(told.is_ok(), "seed {seed}");
    }
}

#[test]
fn a_run_killed_at_any_operation_can_be_finished_and_then_undone() {
    let changes: Vec<_> = (1..=5).map(|n| (n, Disabled, Enforced, n % 2 == 0)).collect();
    for kill_at in 1.. {
        let (world, plan) = enforce(5);
        world.fault(2, &[Fault::ResetAfter]);
        world.fault(4, &[Fault::ResetBefore]);
        world.lock().kill_at = Some(kill_at);
        let bench = Bench::new(&world);
        let ended = bench.apply_until_killed(plan).is_some();
        world.lock().kill_at = None;
        if matches!(world.journal(), Err(JournalError::Empty { .. })) {
            assert!(world.writes().is_empty());
            continue;
        }
        let report = bench.resume().unwrap();
        assert_eq!((report.counts.done, report.exit_code), (5, 0), "killed at {kill_at}");
        assert!(world.states().iter().all(|(_, state)| *state == Some(Enforced)));
        go_back(&world, &changes);
        assert!(world.states().iter().all(|(_, state)| *state == Some(Disabled)));
        if ended {
            assert!(kill_at > 30, "the run was killed at each of its operations: {kill_at}");
            return;
        }
    }
}

#[test]
fn a_file_cut_at_any_byte_can_be_gone_on_with() {
    let (world, plan) = enforce(4);
    Bench::new(&world).apply(plan);
    let whole = world.lock().bytes.clone();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in (first..=whole.len()).step_by(7) {
        world.lock().bytes = whole[..cut].to_vec();
        let report = Bench::new(&world).resume().unwrap();
        assert_eq!((report.counts.verified, report.exit_code), (4, 0), "cut at {cut}");
    }
    assert_eq!(world.writes().len(), 4, "all were done: nobody was written again");
}
