//! Records in JSON: the portal's download (an array in Graph's shape), a page of Graph, lines of diagnostic settings, rows
//! of Log Analytics.
//!
//! A window of the file is in memory. Its records are parsed on all cores, each cut down to a few numbers, and counted in the
//! order of the file while the next windows are parsed. Nothing depends on where a window ends.

use std::io::Read;

use rayon::prelude::*;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use self::handing::Handing;
use super::{
    analytics::{self, Column},
    csv::Problem,
    records::{Entry, Format, KIND_UNSAID, Sink, Tenants},
    register::{Clerk, Kept, Register},
    wire::{SignIn, Str},
};
use crate::{
    json::{
        list::{self, Element, Stop},
        window::{Fault, Window, valid},
    },
    tenant::SignInKind,
};

/// Bytes of a file in memory at once, unless a single record is longer.
const WINDOW: usize = 4 << 20;

/// What was read.
pub(super) struct Found {
    pub(super) format: Format,
    pub(super) skipped: u64,
}

/// Hands every record to `sink`.
pub(super) fn read(
    input: impl Read + Send,
    kind: Option<SignInKind>,
    register: &Register,
    sink: &mut dyn Sink,
) -> Result<Found, Problem> {
    read_by(input, kind, register, sink, WINDOW)
}

pub(super) fn read_by(
    input: impl Read + Send,
    kind: Option<SignInKind>,
    register: &Register,
    sink: &mut dyn Sink,
    size: usize,
) -> Result<Found, Problem> {
    let plain = |message: String| Problem { line: None, message };
    let mut window = Window::open(input, size).map_err(|fault| match fault {
        Fault::Io(error) => plain(error.to_string()),
        Fault::Content { message, .. } => plain(message),
    })?;
    let mut format = Format::Json;
    let skipped = handing::counted(sink, |handing| {
        let parser = Parser { kind, register, shape: Shape::Graph };
        let mut records = Records { parser, handing, told: false };
        let read = if is_lines(window.rest()) { records.lines(&mut window) } else { records.document(&mut window) };
        format = match records.parser.shape {
            Shape::Graph => Format::Json,
            Shape::Diagnostic => Format::Diagnostic,
            Shape::Analytics | Shape::Row(_) => Format::LogAnalytics,
        };
        read
    })
    .map_err(|wrong| match wrong {
        Wrong::Fault(Fault::Content { offset, message }) => {
            Problem { line: Some(window.line(offset)), message: bare(&message).to_owned() }
        }
        Wrong::Fault(Fault::Io(error)) => plain(error.to_string()),
        Wrong::Said(problem) => problem,
        Wrong::Ended => plain("counting ended".to_owned()),
    })?;
    Ok(Found { format, skipped })
}

/// Is it one object a line? A page of Graph and a result of Log Analytics are one object, and say so first.
fn is_lines(start: &[u8]) -> bool {
    let text = start.trim_ascii_start();
    let Some(rest) = text.strip_prefix(b"{") else { return false };
    let Some(rest) = rest.trim_ascii_start().strip_prefix(b"\"") else { return false };
    let key = rest.split(|byte| *byte == b'"').next().unwrap_or_default();
    !(matches!(key, b"value" | b"tables" | b"records") || key.starts_with(b"@odata"))
}

/// What is wrong with a file.
enum Wrong {
    /// It cannot be read, or is no JSON, at this place.
    Fault(Fault),
    /// This.
    Said(Problem),
    /// Counting has ended, and says why: that goes before everything.
    Ended,
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Problem> for Wrong {
    fn from(problem: Problem) -> Self {
        Self::Said(problem)
    }
}

/// The message without its place, which is said apart: the inner place counts from the record's start.
fn bare(message: &str) -> &str {
    message.split(" at line ").next().unwrap_or_default()
}

/// What tells the shapes of a record apart, and the envelope of diagnostic settings.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    category: Option<Str<'a>>,
    #[serde(borrow, default)]
    properties: Option<&'a RawValue>,
    #[serde(borrow, default)]
    time: Option<Str<'a>>,
    #[serde(rename = "resultType", borrow, default)]
    result_type: Option<&'a RawValue>,
    #[serde(rename = "tenantId", borrow, default)]
    tenant: Option<Str<'a>>,
    #[serde(rename = "TimeGenerated", borrow, default)]
    generated: Option<&'a RawValue>,
    #[serde(rename = "TimeGenerated [UTC]", borrow, default)]
    generated_utc: Option<&'a RawValue>,
}

/// How the records of a file are written. The first one tells; Graph's own way is by far the most frequent.
#[derive(Clone, Copy)]
enum Shape<'c> {
    Graph,
    Diagnostic,
    Analytics,
    /// A list of values, of these columns.
    Row(&'c [Column]),
}

impl Shape<'_> {
    fn of(first: &str) -> Result<Self, serde_json::Error> {
        Ok(match serde_json::from_str(first)? {
            Envelope { category: Some(_), properties: Some(_), .. } => Self::Diagnostic,
            Envelope { generated: None, generated_utc: None, .. } => Self::Graph,
            Envelope { .. } => Self::Analytics,
        })
    }
}

/// What became of the text of one record.
enum Made {
    Record(Kept),
    /// No sign-in of a user.
    Skipped,
    /// No record, for this reason, at this line where records are lines.
    Wrong {
        why: Why,
        line: Option<u64>,
    },
}

/// What is wrong with a record.
enum Why {
    /// It is JSON, of something else.
    Other(String),
    /// It lacks something.
    Lacks(String),
}

impl From<String> for Why {
    fn from(lacks: String) -> Self {
        Self::Lacks(lacks)
    }
}

impl Why {
    fn other(error: &serde_json::Error) -> Self {
        Self::Other(bare(&error.to_string()).to_owned())
    }
}

/// Parses records; any number of threads use it.
#[derive(Clone, Copy)]
struct Parser<'p> {
    kind: Option<SignInKind>,
    register: &'p Register,
    shape: Shape<'p>,
}

impl Parser<'_> {
    /// The record at the start of a text.
    fn element(self, text: &str, offset: u64, clerk: &mut Clerk<'_>) -> Element<Made> {
        let kind = self.kind;
        let made = match self.shape {
            Shape::Graph => start(text, |sign_in: SignIn<'_>| Ok(Some(take(&sign_in, kind, None, clerk)?))),
            Shape::Diagnostic => start(text, |envelope: Envelope<'_>| diagnostic(&envelope, clerk)),
            Shape::Analytics => start(text, |row| Ok(analytics::row(&row, kind, clerk)?)),
            Shape::Row(columns) => {
                start(text, |values: Vec<&RawValue>| Ok(analytics::values(columns, &values, kind, clerk)?))
            }
        };
        match made {
            Start::Whole(made, length) => Element::Whole(made, length),
            Start::Cut => Element::Cut,
            // What is no JSON is that before it is anything else. Its text is looked at once more for the place.
            Start::Error(error) => match start(text, |IgnoredAny| Ok(None)) {
                Start::Whole(_, length) => Element::Whole(Made::Wrong { why: Why::other(&error), line: None }, length),
                Start::Cut => Element::Cut,
                Start::Error(error) => Element::Fault(Fault::content(offset + place(text, &error), error)),
            },
        }
    }

    /// The records of some lines, up to the first that is wrong, and how many lines there are.
    fn lines(self, text: &[u8]) -> (Vec<Made>, u64) {
        let mut clerk = self.register.clerk();
        let mut made = Vec::new();
        let mut lines = 0;
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            lines += 1;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let wrong = |why| Made::Wrong { why, line: Some(lines) };
            let one = match str::from_utf8(line) {
                Err(_) => wrong(Why::Lacks("text that is not UTF-8".to_owned())),
                Ok(line) => match self.line(line, &mut clerk) {
                    Ok(Some(record)) => Made::Record(record),
                    Ok(None) => Made::Skipped,
                    Err(why) => wrong(why),
                },
            };
            let last = matches!(one, Made::Wrong { .. });
            made.push(one);
            if last {
                break;
            }
        }
        (made, lines)
    }

    fn line(self, line: &str, clerk: &mut Clerk<'_>) -> Result<Option<Kept>, Why> {
        let other = |error: serde_json::Error| Why::other(&error);
        Ok(match self.shape {
            Shape::Diagnostic => diagnostic(&serde_json::from_str(line).map_err(other)?, clerk)?,
            Shape::Analytics => analytics::row(&serde_json::from_str(line).map_err(other)?, self.kind, clerk)?,
            Shape::Graph | Shape::Row(_) => {
                let sign_in: SignIn<'_> = serde_json::from_str(line).map_err(other)?;
                Some(take(&sign_in, self.kind, None, clerk)?)
            }
        })
    }
}

/// What was found at the start of a text.
enum Start {
    Whole(Made, usize),
    Cut,
    Error(serde_json::Error),
}

fn start<'t, T: Deserialize<'t>>(text: &'t str, make: impl FnOnce(T) -> Result<Option<Kept>, Why>) -> Start {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<T>();
    match stream.next() {
        None => Start::Cut,
        Some(Ok(value)) => {
            let made = match make(value) {
                Ok(Some(record)) => Made::Record(record),
                Ok(None) => Made::Skipped,
                Err(why) => Made::Wrong { why, line: None },
            };
            Start::Whole(made, stream.byte_offset())
        }
        Some(Err(error)) if error.is_eof() => Start::Cut,
        Some(Err(error)) => Start::Error(error),
    }
}

/// Where in a text an error was noticed.
fn place(text: &str, error: &serde_json::Error) -> u64 {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    (before + error.column()) as u64
}

/// A line of diagnostic settings ("Azure Monitor resource log schema"): the record is in `properties`.
fn diagnostic(envelope: &Envelope<'_>, clerk: &mut Clerk<'_>) -> Result<Option<Kept>, Why> {
    let category = envelope.category.as_ref().map_or("", |word| &word.0);
    let kind = match category {
        one if one.eq_ignore_ascii_case("SignInLogs") => SignInKind::Interactive,
        one if one.eq_ignore_ascii_case("NonInteractiveUserSignInLogs") => SignInKind::NonInteractive,
        _ => return Ok(None),
    };
    let Some(raw) = envelope.properties else { return Err("it has no `properties`".to_owned().into()) };
    let mut sign_in: SignIn<'_> = serde_json::from_str(raw.get()).map_err(|error| Why::other(&error))?;
    let result = envelope.result_type.map(|raw| raw.get().trim_matches('"'));
    sign_in.complete(envelope.time.as_ref().map_or("", |time| &time.0), result.and_then(|text| text.parse().ok()));
    Ok(Some(take(&sign_in, Some(kind), envelope.tenant.as_ref().map(|one| &*one.0), clerk)?))
}

/// Takes a record down. Its own word for its kind counts for more than that of the file.
pub(super) fn take(
    sign_in: &SignIn<'_>,
    kind: Option<SignInKind>,
    log: Option<&str>,
    clerk: &mut Clerk<'_>,
) -> Result<Kept, String> {
    let kind = sign_in.kind().or(kind).ok_or_else(|| KIND_UNSAID.to_owned())?;
    let record = sign_in.record(kind)?;
    let tenants = Tenants {
        log: log.unwrap_or_default(),
        resource: &sign_in.resource_tenant_id.0,
        home: &sign_in.home_tenant_id.0,
    };
    Ok(clerk.keep(&Entry {
        request: &sign_in.id.0,
        user_id: &sign_in.user_id.0,
        user_name: &sign_in.user_principal_name.0,
        tenants,
        record,
    }))
}

struct Records<'f> {
    parser: Parser<'f>,
    handing: &'f Handing,
    /// The shape is known, from the first record.
    told: bool,
}

impl Records<'_> {
    /// A document of one value.
    fn document(&mut self, window: &mut Window<impl Read + Send>) -> Result<(), Wrong> {
        if window.peek()? == Some(b'[') {
            self.array(window)?;
        } else {
            let mut found = false;
            window.object(|window, key| {
                found |= matches!(key, "value" | "records" | "tables");
                match key {
                    "value" | "records" => self.array(window),
                    "tables" => self.tables(window),
                    _ => Ok(window.value(|IgnoredAny| ())?),
                }
            })?;
            if !found {
                return Err(Problem::from(ARRAY.to_owned()).into());
            }
        }
        match window.peek()? {
            None => Ok(()),
            Some(_) => Err(Fault::content(window.offset(), "trailing characters").into()),
        }
    }

    /// An array of records. The first one tells how they are written.
    fn array(&mut self, window: &mut Window<impl Read + Send>) -> Result<(), Wrong> {
        if !window.take(b'[')? {
            return Err(Problem::from(ARRAY.to_owned()).into());
        }
        if !self.told && window.peek()? != Some(b']') {
            // One that is broken is found and told below.
            let length = window.whole().unwrap_or_default();
            let first = window.rest().get(..length).map(valid);
            self.parser.shape = first.and_then(|(text, _)| Shape::of(text).ok()).unwrap_or(Shape::Graph);
            self.told = true;
        }
        list(self.parser, self.handing, window)
    }

    /// `tables` of a result of Log Analytics: each a list of columns, then rows.
    fn tables(&mut self, window: &mut Window<impl Read + Send>) -> Result<(), Wrong> {
        self.parser.shape = Shape::Analytics;
        window.expect(b'[')?;
        if window.take(b']')? {
            return Ok(());
        }
        loop {
            self.table(window)?;
            if !window.take(b',')? {
                return Ok(window.expect(b']')?);
            }
        }
    }

    fn table(&mut self, window: &mut Window<impl Read + Send>) -> Result<(), Wrong> {
        let mut columns: Option<Vec<Column>> = None;
        window.object(|window, key| match (key, &columns) {
            ("columns", _) => {
                columns = Some(window.value(|columns: Vec<Column>| columns)?);
                Ok(())
            }
            ("rows", Some(columns)) => {
                self.handing.restart()?;
                window.expect(b'[')?;
                list(Parser { shape: Shape::Row(columns), ..self.parser }, self.handing, window)
            }
            ("rows", None) => Err(Problem::from("the rows of a table come before its columns".to_owned()).into()),
            _ => Ok(window.value(|IgnoredAny| ())?),
        })
    }

    /// One record a line.
    fn lines(&mut self, window: &mut Window<impl Read + Send>) -> Result<(), Wrong> {
        let mut before = 0;
        loop {
            let rest = window.rest();
            let whole = match rest.iter().rposition(|byte| *byte == b'\n') {
                _ if window.ended() => rest.len(),
                last => last.map_or(0, |last| last + 1),
            };
            if whole == 0 {
                if window.refill()? {
                    continue;
                }
                return Ok(());
            }
            let mut filled =
                rest[..whole].split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
            if !self.told
                && let Some(first) = filled.next()
            {
                let shape = str::from_utf8(first).ok().and_then(|line| Shape::of(line).ok());
                (self.parser.shape, self.told) = (shape.unwrap_or(Shape::Graph), true);
            }
            let parser = self.parser;
            let parts: Vec<_> =
                window.meanwhile(|rest| parts(&rest[..whole]).into_par_iter().map(|part| parser.lines(part)).collect());
            for (mut made, lines) in parts {
                if let Some(Made::Wrong { line: Some(line), .. }) = made.last_mut() {
                    *line += before;
                }
                before += lines;
                self.handing.records(made)?;
            }
            window.advance(whole);
            self.handing.between(parser.register)?;
        }
    }
}

const ARRAY: &str = "expected an array of sign-in records";

/// The records of an array, from after its bracket to past its end.
fn list(parser: Parser<'_>, handing: &Handing, window: &mut Window<impl Read + Send>) -> Result<(), Wrong> {
    if window.take(b']')? {
        return Ok(());
    }
    loop {
        let offset = window.offset();
        let (run, end, broken) = window.meanwhile(|rest| {
            let (text, broken) = valid(rest);
            let run = list::parse(text, offset, || {
                let mut clerk = parser.register.clerk();
                move |text: &str, offset: u64| parser.element(text, offset, &mut clerk)
            });
            (run, offset + text.len() as u64, broken)
        });
        handing.records(run.items)?;
        window.advance(run.next);
        match run.stop {
            Stop::End => return Ok(()),
            Stop::Fault(fault) => return Err(fault.into()),
            Stop::More | Stop::Limit if broken => {
                return Err(Fault::content(end, "text that is not UTF-8").into());
            }
            Stop::More | Stop::Limit if window.refill()? => {}
            Stop::More | Stop::Limit => return Err(cut_off(window).into()),
        }
        handing.between(parser.register)?;
    }
}

/// What is said of an array that has no end.
fn cut_off(window: &Window<impl Read>) -> Fault {
    let (text, _) = valid(window.rest());
    let message = match serde_json::from_str::<IgnoredAny>(text) {
        Err(error) if !text.trim_ascii().is_empty() => error.to_string(),
        _ => "EOF while parsing a list".to_owned(),
    };
    Fault::content(window.offset() + text.len() as u64, message)
}

/// Lines in parts that are worth a thread each.
fn parts(text: &[u8]) -> Vec<&[u8]> {
    let size = text.len() / list::parts(text.len()) + 1;
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let from = rest.len().min(size);
        let end = rest[from..].iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| from + end + 1);
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    parts
}

mod handing;
#[cfg(test)]
mod tests;
