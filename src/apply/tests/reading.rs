//! What a journal and a state that was read mean, case by case.

use std::{fs, path::Path};

use jiff::SignedDuration;

use super::{
    super::{
        journal::{
            HistoryStatus, Journal, JournalError, RunId, Store,
            v1::{Intent, Line, Planned, Report, Resume},
        },
        judge::Standing,
        report::RunEnd,
        testing::{Bench, enforce, start, user},
    },
    files::rewritten,
};
use crate::{
    plan::Digest,
    tenant::{
        MfaState::{self, Disabled, Enabled, Enforced},
        ObservedState, StateRead,
    },
};

fn whole() -> Vec<u8> {
    let (world, plan) = enforce(3);
    Bench::new(&world).apply(plan);
    world.lock().bytes.clone()
}

fn parsed(edit: &dyn Fn(&mut Vec<Line>)) -> Result<Journal, String> {
    Journal::parse(&rewritten(&whole(), edit), Path::new("j")).map_err(|error| error.to_string())
}

fn lines() -> Vec<Line> {
    let bytes = whole();
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

fn first_intent() -> Intent {
    lines().into_iter().find_map(|line| if let Line::Intent(one) = line { Some(one) } else { None }).unwrap()
}

fn first_report() -> Report {
    lines().into_iter().find_map(|line| if let Line::Result(one) = line { Some(one) } else { None }).unwrap()
}

/// The planned state before wins; then the planned one, the one it ends in, or where the service promotes to.
#[test]
fn a_state_that_was_read_is_before_reached_or_somebody_elses() {
    let of = |before, after, effective| {
        let planned = Journal::parse(&whole(), Path::new("j")).unwrap().run.changes.remove(0);
        Planned { before, after, effective, ..planned }
    };
    use Standing::{Before, Moved, Reached};
    // Of each change what it means to find somebody disabled, enabled, enforced.
    let rows = [
        (of(Disabled, Enabled, Enabled), [Before, Reached, Reached]),
        (of(Disabled, Enabled, Enforced), [Before, Reached, Reached]),
        (of(Disabled, Enforced, Enforced), [Before, Moved, Reached]),
        (of(Enabled, Enforced, Enforced), [Moved, Before, Reached]),
        (of(Enabled, Disabled, Disabled), [Reached, Before, Moved]),
        (of(Enforced, Enabled, Enabled), [Moved, Reached, Before]),
        (of(Enforced, Enabled, Enforced), [Moved, Reached, Before]),
        (of(Enforced, Disabled, Disabled), [Reached, Moved, Before]),
    ];
    for (planned, expected) in rows {
        let story = format!("{} to {}, ending {}", planned.before, planned.after, planned.effective);
        for (state, expected) in [Disabled, Enabled, Enforced].into_iter().zip(expected) {
            let read = StateRead::Found(ObservedState::Known(state));
            assert_eq!(planned.standing(&read), expected, "{story}: {state}");
            assert_eq!(planned.is_reached(&read), planned.is_reached_by(state), "{story}: {state}");
            assert!(expected == Before || planned.is_reached_by(state) == (expected == Reached), "{story}: {state}");
        }
        for nothing in [StateRead::Gone, StateRead::Found(ObservedState::Unknown(None))] {
            assert_eq!(planned.standing(&nothing), Moved, "{story}");
            assert!(!planned.is_reached(&nothing), "{story}");
        }
    }
    // Who is relaxed and has registered stands at the end where they stood before.
    assert!(
        of(Enforced, Enabled, Enforced).is_reached_by(Enforced)
            && !of(Enforced, Enabled, Enabled).is_reached_by(Enforced)
    );
}

#[test]
fn behind_the_end_only_a_resumption_goes_on() {
    let resume = |lines: &mut Vec<Line>| {
        let Line::Run(run) = &lines[0] else { panic!("the run") };
        let (timestamp, mfaplan_version) = (run.timestamp, run.mfaplan_version.clone());
        let (approval, by) = (run.approval.clone(), run.by.clone());
        lines.push(Line::Resume(Resume { timestamp, mfaplan_version, approval, by }));
    };
    for line in [Line::Intent(first_intent()), Line::Result(first_report())] {
        let told = parsed(&|lines| lines.push(line.clone())).unwrap_err();
        assert!(told.ends_with("a line follows the end without a `resume`"), "{told}");
        let resumed = parsed(&|lines| {
            resume(lines);
            lines.push(line.clone());
        });
        let resumed = resumed.unwrap();
        assert_eq!((resumed.resumes.len(), resumed.end, resumed.entries.len()), (1, None, 3));
    }
    let twice = parsed(&|lines| lines.push(lines[0].clone())).unwrap_err();
    assert!(twice.ends_with("a second line of type `run`"), "{twice}");
}

#[test]
fn lines_about_another_change_than_the_planned_one_are_damage() {
    let others: [fn(&mut MfaState, &mut MfaState); 2] = [|before, _| *before = Enabled, |_, after| *after = Enabled];
    for other in others {
        let (mut intent, mut report) = (first_intent(), first_report());
        other(&mut intent.before, &mut intent.after);
        other(&mut report.before, &mut report.after);
        for line in [Line::Intent(intent), Line::Result(report)] {
            let told = parsed(&|lines| lines.insert(1, line.clone())).unwrap_err();
            assert!(told.starts_with("j:2: ") && told.contains("has another change in this run"), "{told}");
        }
    }
}

/// A later session reads anew whom an earlier one has read back: fewer may be verified at its end, never more than done.
#[test]
fn an_end_says_what_the_lines_say_and_may_have_read_back_fewer() {
    let ending = |edit: &dyn Fn(&mut super::super::journal::v1::End)| {
        parsed(&|lines| {
            let Some(Line::End(end)) = lines.last_mut() else { panic!("the end") };
            edit(end);
        })
    };
    let verified = |count: u64| ending(&|end| end.counts.verified = count);
    assert!(ending(&|_| {}).unwrap().is_finished());
    for count in 0..=3 {
        let journal = verified(count).unwrap();
        assert_eq!((journal.end.as_ref().unwrap().counts.verified, journal.is_finished()), (count, count == 3));
    }
    assert!(verified(4).unwrap_err().ends_with("the counts are not those of the lines before"));
    let told = ending(&|end| end.exit_code += 1).unwrap_err();
    assert!(told.ends_with("a run that ended `complete` has another exit code"), "{told}");
    let told = ending(&|end| end.outcome = RunEnd::Stopped).unwrap_err();
    assert!(told.ends_with("a run that ended `stopped` has another exit code"), "{told}");
}

#[test]
fn a_way_back_names_its_run_and_leads_where_it_began() {
    let run = Journal::parse(&whole(), Path::new("j")).unwrap().run;
    let mut back = run.clone();
    (back.run, back.rolls_back) = ("back".parse().unwrap(), Some(run.run.clone()));
    for change in &mut back.changes {
        (change.before, change.after, change.effective) = (change.after, change.before, change.before);
    }
    assert!(back.undoes(&run));
    let mut part = back.clone();
    part.changes.truncate(1);
    assert!(part.undoes(&run));
    let elsewhere: [fn(&mut super::super::journal::v1::Run); 4] = [
        |back| back.rolls_back = None,
        |back| back.rolls_back = Some("another".parse().unwrap()),
        |back| back.changes[0].after = Enabled,
        |back| back.changes[0].user.id = user(99),
    ];
    for turn in elsewhere {
        let mut other = back.clone();
        turn(&mut other);
        assert!(!other.undoes(&run));
    }
}

#[test]
fn how_a_run_stands_is_one_word_everywhere() {
    use HistoryStatus::{Complete, Damaged, Empty, Error, Incomplete, Interrupted, Stopped};
    for status in [Complete, Incomplete, Stopped, Error, Interrupted, Damaged, Empty] {
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
    let dir = tempfile::tempdir().unwrap();
    let store = Store::of(dir.path());
    for (end, expected) in [
        (RunEnd::Complete, Complete),
        (RunEnd::Incomplete, Incomplete),
        (RunEnd::Refused, Incomplete),
        (RunEnd::Stopped, Stopped),
        (RunEnd::Error, Error),
    ] {
        let (run, _) = store.create(start(), &Digest("00".repeat(32).into())).unwrap();
        let bytes = rewritten(&whole(), &|lines| {
            if let Line::Run(first) = &mut lines[0] {
                first.run = run.clone();
            }
            if let Some(Line::End(last)) = lines.last_mut() {
                (last.outcome, last.exit_code) = (end, end.exit_code());
            }
        });
        fs::write(store.path(&run), bytes).unwrap();
        let entry = store.history().unwrap().pop().unwrap();
        assert_eq!((entry.run, entry.status, entry.finished_at.is_some()), (run, expected, true));
    }
}

/// An id is later than that of every run whose time is believable, and a clock that was once wrong pushes nobody ahead.
#[test]
fn a_new_run_is_later_than_the_last_believable_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::of(dir.path());
    let digest = |text: &str| Digest(text.repeat(8).into());
    let id = |run: &RunId| run.as_str().to_owned();
    let at = |milliseconds: i64| start() + SignedDuration::from_millis(milliseconds);
    let create = |milliseconds: i64, text: &str| id(&store.create(at(milliseconds), &digest(text)).unwrap().0);
    assert_eq!(create(0, "aaaaaaaa"), "20261124T213000000Z-aaaaaaaa");
    assert_eq!(create(0, "bbbbbbbb"), "20261124T213000001Z-bbbbbbbb", "of another plan, and later all the same");
    assert_eq!(create(500, "aaaaaaaa"), "20261124T213000500Z-aaaaaaaa");
    assert_eq!(create(300, "aaaaaaaa"), "20261124T213000501Z-aaaaaaaa", "the clock went back a little");
    // From another day: not believed, neither as the last nor as a reason to wait.
    fs::write(dir.path().join(".mfaplan/runs/20991231T000000000Z-cccccccc.jsonl"), "").unwrap();
    assert_eq!(create(2_000, "aaaaaaaa"), "20261124T213002000Z-aaaaaaaa");
    assert_eq!(create(2_000, "aaaaaaaa"), "20261124T213002001Z-aaaaaaaa", "the name is taken");
    assert_eq!(create(2_000, "aaaaaaaa"), "20261124T213002002Z-aaaaaaaa");
    // What else the file system says is told as it is, at once.
    let Err(JournalError::Io { verb: "create", source, .. }) = store.create(at(3_000), &digest("no/where")) else {
        panic!("created")
    };
    assert_eq!(source.kind(), std::io::ErrorKind::NotFound, "{source}");
}

/// Through a link that somebody put there, lines would be written to a file elsewhere.
#[cfg(unix)]
#[test]
fn a_directory_that_is_a_link_is_not_used() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Store::of(dir.path());
    let (run, _) = store.create(start(), &Digest("00".repeat(32).into())).unwrap();
    let bytes = rewritten(&whole(), &|lines| {
        if let Line::Run(first) = &mut lines[0] {
            first.run = run.clone();
        }
    });
    fs::write(store.path(&run), bytes).unwrap();
    let journal = store.read(&run).unwrap();
    let runs = dir.path().join(".mfaplan/runs");
    let moved = elsewhere.path().join("runs");
    fs::rename(&runs, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &runs).unwrap();
    assert!(store.create(start(), &Digest("11".repeat(32).into())).is_err());
    assert!(store.reopen(&journal).is_err());
    assert!(store.read(&run).is_err() && store.runs().is_err() && store.spent().is_err());
    assert_eq!(fs::read_dir(&moved).unwrap().count(), 1, "nothing was put there");
}
