//! Wherever a window ends and however many threads parse it, the same is read, and the same is said of what is wrong.

use std::io::Read;

use proptest::prelude::*;

use super::*;
use crate::{
    sign_ins::{records::Who, wire::SignIn},
    tenant::SignInShape,
};

/// What a record was taken down as, in words.
type Taken = (Kept, Option<Who>, SignInShape);

/// Keeps everything.
#[derive(Default)]
struct Everything(Vec<Kept>);

impl Sink for Everything {
    fn record(&mut self, record: Kept) {
        self.0.push(record);
    }
    fn ready(&mut self) -> Result<(), String> {
        Ok(())
    }
    fn forget_shapes(&mut self) -> Result<(), String> {
        unreachable!("there are few")
    }
}

fn register() -> Register {
    Register::new("6f1c2d3e-4a5b-4c6d-8e7f-901234567890".parse().unwrap())
}

/// Numbers are given in the order in which threads ask; words are not.
fn in_words(records: Vec<Kept>, register: &Register) -> Vec<Taken> {
    let (users, shapes) = (register.users_from(0), register.shapes_from(0));
    let word = |one: Kept| {
        let user = one.user.map(|number| users[number as usize].clone());
        let shape = SignInShape::clone(&shapes[one.shape as usize]);
        (Kept { user: None, shape: 0, ..one }, user, shape)
    };
    records.into_iter().map(word).collect()
}

/// Everything that reading says.
#[derive(Debug, PartialEq)]
struct Said {
    taken: Vec<Taken>,
    end: Result<(Format, u64), (Option<u64>, String)>,
}

fn said(text: &[u8], window: usize) -> Said {
    let (register, mut sink) = (register(), Everything::default());
    let end = read_by(text, None, &register, &mut sink, window)
        .map(|found| (found.format, found.skipped))
        .map_err(|problem| (problem.line, problem.message));
    Said { taken: in_words(sink.0, &register), end }
}

/// A record of few users and shapes. Some lack something, and some are none.
fn record() -> impl Strategy<Value = String> {
    let fine = (0..4_u8, 0..3_u8, 0..2_u8, any::<bool>(), 0..90_u32).prop_map(|(user, app, name, interactive, minute)| {
        let name = ["Müller \\\"& Söhne\\\"", "App, [one] {two}"][usize::from(name)];
        format!(
            r#"{{"id":"r{minute}","createdDateTime":"2026-11-19T10:{:02}:00Z","userId":"00000000-0000-4000-8000-00000000000{user}","appId":"app{app}","appDisplayName":"{name}","isInteractive":{interactive},"ipAddress":"192.0.2.{app}","clientAppUsed":"Browser","authenticationDetails":[{{"id":"x","createdDateTime":"y"}}],"status":{{"errorCode":0}}}}"#,
            minute % 60
        )
    });
    let other = prop::sample::select(vec![
        r#"{"id":"q","createdDateTime":7}"#,
        r#"{"id":"q","createdDateTime":"2026-11-19T10:00:00Z"}"#,
        r#"{"category":"AuditLogs","properties":{}}"#,
        "{\"id\":\"q\",\n \"status\": {\"errorCode\": x}}",
        "17",
        "[]",
    ]);
    prop_oneof![40 => fine, 1 => other.prop_map(str::to_owned)]
}

/// Records in one of the ways that files hold them.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let between = prop::sample::select(vec![",", ",\n", " ,\r\n  "]);
    let damage = prop::option::weighted(0.3, (any::<prop::sample::Index>(), 0..4_u8));
    (prop::collection::vec(record(), 0..60), 0..5_u8, between, damage).prop_map(|(records, form, between, damage)| {
        let one_line = |record: &String| record.replace('\n', "");
        let mut text = match form {
            0 => format!("[{}]", records.join(between)),
            1 => format!("[\n{}\n]\n", records.join(between)),
            2 => format!(
                "{{\"@odata.context\":\"x\",\"value\":[{}],\n\"@odata.nextLink\":\"y\"}}",
                records.join(between)
            ),
            3 => records.iter().map(one_line).collect::<Vec<_>>().join("\n"),
            _ => {
                let line = |record: &String| {
                    format!("{{\"category\":\"SignInLogs\",\"properties\":{}}}\r\n\n", one_line(record))
                };
                records.iter().map(line).collect()
            }
        }
        .into_bytes();
        // A byte is lost, doubled, or becomes one that is no text; or the rest is missing.
        if let Some((place, how)) = damage.filter(|_| !text.is_empty()) {
            let at = place.index(text.len());
            match how {
                0 => text.truncate(at),
                1 => text[at] = 0xff,
                2 => text.insert(at, text[at]),
                _ => {
                    text.remove(at);
                }
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The first key of a file tells its form, so a window holds at least that.
    #[test]
    fn no_window_changes_what_is_read(text in file(), window in 20..3000_usize) {
        prop_assert_eq!(said(&text, window), said(&text, 1 << 20));
    }

    /// One record after the other, as a reader without windows and threads does it.
    #[test]
    fn the_records_are_those_of_the_list(records in prop::collection::vec(record(), 0..40), window in 20..3000_usize) {
        // The first record tells the form of the file: these would make it one of diagnostic settings.
        prop_assume!(records.first().is_none_or(|first| !first.contains("category")));
        let text = format!("[{}]", records.join(",\n"));
        let said = said(text.as_bytes(), window);
        let (register, mut expected) = (register(), Vec::new());
        for record in &records {
            let Ok(sign_in) = serde_json::from_str::<SignIn<'_>>(record) else { break };
            let Ok(kept) = take(&sign_in, None, None, &mut register.clerk()) else { break };
            expected.push(kept);
        }
        let all = expected.len() == records.len();
        prop_assert_eq!(said.taken, in_words(expected, &register));
        prop_assert_eq!(said.end.is_ok(), all);
    }
}

/// A record that lacks nothing.
const RECORD: &str =
    r#"{"id":"r","createdDateTime":"2026-11-19T10:00:00Z","isInteractive":true,"status":{"errorCode":0}}"#;

/// A pipe gives what it has, a byte at times.
#[test]
fn it_does_not_matter_in_what_pieces_a_file_comes() {
    struct Bytes<'a>(&'a [u8]);
    impl Read for Bytes<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.len().min(out.len()).min(1);
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }
    let text = format!("[{}]", vec![RECORD; 30].join(","));
    let (register, mut sink) = (register(), Everything::default());
    read_by(Bytes(text.as_bytes()), None, &register, &mut sink, 64).unwrap_or_else(|error| panic!("{}", error.message));
    assert_eq!(sink.0.len(), 30);
}

#[test]
fn what_is_wrong_is_said_with_the_line_of_the_file() {
    let list = |last: &str| format!("[\n{}{last}\n]", format!("{RECORD},\n").repeat(50));
    for (text, line, message) in [
        (list("{\"id\":\n x}"), Some(53), "expected value"),
        (list("{\"id\": 7}"), None, "record 51 is not a sign-in: invalid type"),
        (list("{}"), None, "record 51: nothing says whether"),
        (list(&format!("{RECORD} {RECORD}")), Some(52), "expected `,` or `]`"),
        (format!("[{RECORD}"), Some(1), "EOF while parsing a list"),
        (format!("[{RECORD}] x"), Some(1), "trailing characters"),
        (format!("{}{{\"id\": 7}}\n", format!("{RECORD}\n").repeat(50)), Some(51), "record 51 is not a sign-in"),
    ] {
        for window in [16, 300, 1 << 20] {
            let (at, what) = said(text.as_bytes(), window).end.unwrap_err();
            assert_eq!(at, line, "{window}: {what}");
            assert!(what.starts_with(message), "{window}: {what}");
        }
    }
}

/// Gives a file and then an error, and counts what was asked of it.
struct Breaking<'a> {
    text: &'a [u8],
    asked: &'a std::sync::atomic::AtomicUsize,
}

impl Read for Breaking<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        match self.text.read(out)? {
            0 => Err(std::io::Error::other("the disk is gone")),
            count => Ok(count),
        }
    }
}

#[test]
fn a_file_that_ends_in_an_error_has_given_what_came_before_it() {
    for text in [format!("[{},", vec![RECORD; 30].join(",")), format!("{}\n", vec![RECORD; 30].join("\n"))] {
        for window in [110, 500, 1000] {
            let (register, mut sink, asked) = (register(), Everything::default(), Default::default());
            let input = Breaking { text: text.as_bytes(), asked: &asked };
            let Err(problem) = read_by(input, None, &register, &mut sink, window) else { panic!("{window}") };
            assert_eq!((problem.line, problem.message.as_str()), (None, "the disk is gone"));
            // But for those of the window that came with the error.
            assert!((5..=30).contains(&sink.0.len()), "{window}: {}", sink.0.len());
        }
    }
}

/// Whoever counts ends the reading, and what they say is what is said.
#[test]
fn a_file_is_not_read_on_once_counting_has_failed() {
    struct Full;
    impl Sink for Full {
        fn record(&mut self, _: Kept) {}
        fn ready(&mut self) -> Result<(), String> {
            Err("the disk is full".to_owned())
        }
        fn forget_shapes(&mut self) -> Result<(), String> {
            unreachable!("there are few")
        }
    }
    let text = format!("[{},", vec![RECORD; 20_000].join(","));
    let asked = Default::default();
    let input = Breaking { text: text.as_bytes(), asked: &asked };
    let Err(problem) = read_by(input, None, &register(), &mut Full, 1000) else { panic!("it was read") };
    assert_eq!(problem.message, "the disk is full");
    let asked = asked.into_inner();
    assert!(asked < text.len() / 1000, "asked {asked} times, for a file of {} windows", text.len() / 1000);
}
