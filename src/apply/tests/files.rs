//! Journals as files: names, damage, history, and the published shape.

use std::{fs, path::Path};

use super::super::{
    Outcome,
    journal::{
        HistoryStatus, Journal, JournalError, JournalWriter, RunId, Store,
        v1::{Chained, Line, Run},
    },
    testing::{Bench, enforce},
};
use crate::{
    apply::testing::{World, start, user},
    plan::{Digest, Waiver},
    tenant::MfaState::{Disabled, Enabled},
};

fn digest() -> Digest {
    Digest("3fa9c1d2e4b5a6978877665544332211ffeeddccbbaa99887766554433221100".into())
}

/// The bytes of a finished run of three users.
fn whole() -> Vec<u8> {
    let (world, plan) = enforce(3);
    Bench::new(&world).apply(plan);
    world.lock().bytes.clone()
}

/// A journal with other lines, its chain whole again: as somebody would write it who knows the format.
pub(super) fn rewritten(bytes: &[u8], edit: &dyn Fn(&mut Vec<Line>)) -> Vec<u8> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut lines: Vec<Line> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
    edit(&mut lines);
    let world = World::default();
    JournalWriter::new(world.clone()).append(&lines).unwrap();
    std::mem::take(&mut world.lock().bytes)
}

/// The same journal as that of another run.
fn of_run(bytes: &[u8], run: &RunId) -> Vec<u8> {
    rewritten(bytes, &|lines| {
        let Line::Run(first) = &mut lines[0] else { panic!("the run") };
        first.run = run.clone();
    })
}

/// Each of these says something else than what was approved, however well the lines hang together.
#[test]
fn a_first_line_that_is_not_what_was_approved_is_damage() {
    type Edit<'a> = &'a dyn Fn(&mut Run);
    let edits: [(&str, Edit<'_>); 12] = [
        ("`changes`", &|run| _ = run.changes.pop()),
        ("`changes`", &|run| run.changes[0].user.id = user(99)),
        ("`changes`", &|run| run.changes[0].user.user_principal_name = "bg1@contoso.com".into()),
        ("`changes`", &|run| run.changes[0].before = Enabled),
        ("`changes`", &|run| run.changes[0].after = Disabled),
        ("`changes`", &|run| run.changes[0].effective = Disabled),
        ("`canary`", &|run| run.canary = 0),
        ("`stop_after_failures`", &|run| run.stop_after_failures = 4_000_000),
        ("`tenant.cloud`", &|run| run.tenant.cloud = "china".into()),
        ("`waivers`", &|run| {
            run.waivers.push(Waiver {
                guardrail: crate::config::Waivable::Window,
                bound: "now".into(),
                reason: "x".into(),
            });
        }),
        ("`digest`", &|run| {
            run.approved.changes[0].user = user(99);
            run.changes[0].user.id = user(99);
        }),
        ("`approval`", &|run| run.approval.digest = format!("sha256:{}", "0".repeat(64))),
    ];
    for (member, edit) in edits {
        let bytes = rewritten(&whole(), &|lines| {
            let Line::Run(run) = &mut lines[0] else { panic!("the run") };
            edit(run);
        });
        let error = Journal::parse(&bytes, Path::new("j")).unwrap_err().to_string();
        assert!(error.starts_with("j:1: ") && error.contains(member), "{member}: {error}");
    }
}

/// Whatever happens to one line, of whatever type and wherever it stands, is told with a line's number.
#[test]
fn a_changed_missing_doubled_or_moved_line_is_noticed() {
    let bytes = whole();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let refused = |lines: Vec<&[u8]>, what: &str| {
        let error = Journal::parse(&lines.concat(), Path::new("j")).expect_err(what).to_string();
        assert!(error.starts_with("j:") && error.contains("the journal is damaged"), "{what}: {error}");
    };
    for at in 0..lines.len() {
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at]);
        refused(doubled, &format!("line {at} doubled"));
        let text = std::str::from_utf8(lines[at]).unwrap();
        let changed = text.replacen("2026-11-24T21:3", "2026-11-23T21:3", 1);
        assert_ne!(changed, text);
        let mut with = lines.clone();
        with[at] = changed.as_bytes();
        refused(with, &format!("line {at} changed"));
        // The last line missing is how a kill looks: it is told as interrupted.
        if at + 1 < lines.len() {
            let mut without = lines.clone();
            without.remove(at);
            refused(without, &format!("line {at} missing"));
            let mut moved = lines.clone();
            moved.swap(at, at + 1);
            refused(moved, &format!("line {at} moved"));
        }
    }
}

#[test]
fn a_copy_under_another_name_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::of(dir.path());
    let (run, _) = store.create(start(), &digest()).unwrap();
    fs::write(store.path(&run), of_run(&whole(), &run)).unwrap();
    assert!(store.read(&run).is_ok());
    let copy: RunId = "backup".parse().unwrap();
    fs::copy(store.path(&run), store.path(&copy)).unwrap();
    let error = store.read(&copy).unwrap_err();
    assert!(matches!(&error, JournalError::OtherRun { run: other, .. } if *other == run), "{error}");
    assert_eq!(error.hints(), [format!("name the run itself: {run}")]);
}

/// An intent that no result follows was perhaps sent: nobody may be told that nothing happened.
#[test]
fn an_intent_without_a_result_is_unknown_and_no_line_is_not_attempted() {
    let bytes = rewritten(&whole(), &|lines| {
        lines.retain(|line| matches!(line, Line::Run(_) | Line::Intent(_)));
        lines.truncate(2);
    });
    let journal = Journal::parse(&bytes, Path::new("j")).unwrap();
    let outcomes: Vec<Outcome> = journal.outcomes().iter().map(|user| user.outcome).collect();
    assert_eq!(outcomes, [Outcome::Unknown, Outcome::NotAttempted, Outcome::NotAttempted]);
}

#[test]
fn run_ids_are_unique_and_sort_by_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::of(dir.path());
    assert_eq!(store.runs().unwrap(), []);
    let ids: Vec<RunId> = (0..5).map(|_| store.create(start(), &digest()).unwrap().0).collect();
    assert_eq!(ids[0].as_str(), "20261124T213000000Z-3fa9c1d2");
    assert_eq!(ids[1].as_str(), "20261124T213000001Z-3fa9c1d2");
    let (later, _) =
        store.create(start() + jiff::SignedDuration::from_secs(1), &Digest("00".repeat(32).into())).unwrap();
    assert!(ids.is_sorted() && ids[4] < later);
    assert_eq!(store.runs().unwrap().len(), 6);
    assert!(ids[0].as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
}

#[test]
fn an_id_cannot_leave_the_directory() {
    for bad in ["", "../lock", "a/b", "a.b", "C:\\x", "a b", "\u{1b}[0m"] {
        assert!(bad.parse::<RunId>().is_err(), "{bad}");
    }
    // As long as a name of a file may be, and not longer.
    for (length, fits) in [(1, true), (127, true), (128, true), (129, false), (1_000, false)] {
        assert_eq!("a".repeat(length).parse::<RunId>().is_ok(), fits, "{length}");
    }
    let store = Store::of(Path::new("/nonexistent"));
    let error = store.read(&"20261124T213000000Z-00000000".parse().unwrap()).unwrap_err();
    assert!(matches!(error, JournalError::NoSuchRun { .. }));
    assert_eq!(error.hints(), ["`mfaplan history` lists the runs of this directory"]);
}

#[test]
fn a_torn_last_line_is_passed_over_and_damage_elsewhere_is_named() {
    let bytes = whole();
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').count();
    let journal = Journal::parse(&bytes, Path::new("run.jsonl")).unwrap();
    assert!(journal.is_finished() && journal.whole == bytes.len() as u64);
    let torn = Journal::parse(&bytes[..bytes.len() - 20], Path::new("run.jsonl")).unwrap();
    assert!(!torn.is_finished());
    assert!(torn.entries.iter().all(|entry| entry.outcome() == Outcome::Done));

    let mut damaged = bytes.clone();
    let third = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0 + 3;
    damaged[third] = 0;
    let error = Journal::parse(&damaged, Path::new("run.jsonl")).unwrap_err().to_string();
    assert!(error.starts_with("run.jsonl:3: the journal is damaged: "), "{error}");
    // The last line, but whole: that is not how a kill looks.
    let mut damaged = bytes.clone();
    let last = bytes.len() - 3;
    damaged[last] = b'!';
    let error = Journal::parse(&damaged, Path::new("run.jsonl")).unwrap_err().to_string();
    assert!(error.starts_with(&format!("run.jsonl:{lines}: ")), "{error}");
}

#[test]
fn lines_that_contradict_the_run_are_damage() {
    let told = |edit: &dyn Fn(&mut Vec<Line>)| {
        Journal::parse(&rewritten(&whole(), edit), Path::new("j")).unwrap_err().to_string()
    };
    let stranger = told(&|lines| {
        let Line::Intent(intent) = &mut lines[1] else { panic!("an intent") };
        intent.user = user(0xffff);
    });
    assert_eq!(stranger, "j:2: the journal is damaged: the run has no user 00000000-0000-0000-0000-00000000ffff");
    let headless = told(&|lines| _ = lines.remove(0));
    assert_eq!(headless, "j:1: the journal is damaged: the first line must have type `run`");
    let better = told(&|lines| {
        let Some(Line::End(end)) = lines.last_mut() else { panic!("the end") };
        (end.counts.done, end.counts.failed) = (2, 1);
    });
    assert!(better.ends_with("the counts are not those of the lines before"), "{better}");
    let text = String::from_utf8(whole()).unwrap();
    let later = text.replacen("\"format_version\":\"1.0\"", "\"format_version\":\"2.0\"", 1);
    assert!(matches!(Journal::parse(later.as_bytes(), Path::new("j")), Err(JournalError::Version { .. })));
    assert!(matches!(Journal::parse(b"{\"type\":\"run\"", Path::new("j")), Err(JournalError::Empty { .. })));
}

#[test]
fn a_reopened_journal_loses_its_torn_line_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::of(dir.path());
    let (run, writer) = store.create(start(), &digest()).unwrap();
    drop(writer);
    let mut bytes = whole();
    bytes.truncate(bytes.len() - 9);
    fs::write(store.path(&run), &bytes).unwrap();
    let journal = store.read(&run).unwrap();
    let mut writer = store.reopen(&journal).unwrap();
    let end = whole();
    let end = end.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty()).unwrap();
    writer.append([&serde_json::from_slice::<Line>(end).unwrap()]).unwrap();
    writer.sync().unwrap();
    assert_eq!(fs::read(store.path(&run)).unwrap(), whole());
}

#[test]
fn history_tells_how_runs_stand_and_damage_does_not_hide_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::of(dir.path());
    let runs: Vec<RunId> = (0..4).map(|_| store.create(start(), &digest()).unwrap().0).collect();
    let bytes = whole();
    fs::write(store.path(&runs[0]), of_run(&bytes, &runs[0])).unwrap();
    let torn = of_run(&bytes, &runs[1]);
    fs::write(store.path(&runs[1]), &torn[..torn.len() - 5]).unwrap();
    fs::write(store.path(&runs[2]), b"{}\n").unwrap();
    let history = store.history().unwrap();
    let status: Vec<HistoryStatus> = history.iter().map(|entry| entry.status).collect();
    use HistoryStatus::{Complete, Damaged, Empty, Interrupted};
    assert_eq!(status, [Complete, Interrupted, Damaged, Empty]);
    let json = serde_json::to_value(&history[0]).unwrap();
    for key in
        ["run", "started_at", "finished_at", "digest", "done", "failed", "stale", "unknown", "not_attempted", "status"]
    {
        assert!(json.get(key).is_some(), "{key}: {json}");
    }
    assert_eq!(
        (&json["done"], &json["status"], &json["approval"]["how"]),
        (&3.into(), &"complete".into(), &"typed".into())
    );
    fs::remove_file(store.path(&runs[2])).unwrap();
    assert_eq!(store.spent().unwrap().0.len(), 0);
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error_before_anything_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(".mfaplan"), "a file in the way").unwrap();
    let error = Store::of(dir.path()).create(start(), &digest()).unwrap_err();
    assert!(error.to_string().starts_with("cannot "), "{error}");
}

#[test]
fn after_an_error_the_journal_takes_nothing_more() {
    let (world, _) = enforce(1);
    world.lock().disk_limit = Some(10);
    let line: Line = serde_json::from_slice(whole().split(|byte| *byte == b'\n').nth(1).unwrap()).unwrap();
    let mut writer = JournalWriter::new(world.clone());
    assert!(writer.append([&line]).is_err());
    world.lock().disk_limit = None;
    assert!(writer.append([&line]).is_err() && writer.sync().is_err());
    assert_eq!(writer.broken(), Some("no space left on device"));
    assert_eq!(world.lock().bytes.len(), 10, "nothing was put behind the torn line");
}

#[test]
fn journal_and_events_have_the_published_shape() {
    let schema = |schema: schemars::Schema| jsonschema::validator_for(schema.as_value()).unwrap();
    let journal = schema(schemars::schema_for!(Chained));
    let (world, plan) = enforce(3);
    world.move_by_hand(2, crate::tenant::MfaState::Enabled);
    let mut out = Vec::new();
    let events = super::super::events::EventWriter::new(&mut out, super::super::report::Command::Apply, start());
    Bench::new(&world).apply_watched(plan, &events).unwrap();
    drop(events);
    for line in world.lock().bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let value = serde_json::from_slice(line).unwrap();
        assert!(journal.is_valid(&value), "{value}");
    }
    let events = schema(schemars::schema_for!(super::super::events::v1::Line));
    for line in out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let value = serde_json::from_slice(line).unwrap();
        assert!(events.is_valid(&value), "{value}");
    }
}
