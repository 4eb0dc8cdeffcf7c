//! The portal's CSV download. The columns are those of the sign-in log blade; their order is not relied on, and names
//! are compared without case and without surrounding space (the portal writes `Application ID ` with a space).

use std::io::{self, BufRead, Read};

use jiff::Timestamp;
use rayon::prelude::*;

use super::{
    Record,
    mfa::Said,
    records::{Entry, Sink, Tenants},
    register::{Clerk, Kept, Register},
    wire::{is_app_password, is_skip_of_app_password, outcome, protocol, requirement},
};
use crate::tenant::{Outcome, Requirement, SignInKind};

/// A problem and its one-based line.
pub(super) struct Problem {
    pub(super) line: Option<u64>,
    pub(super) message: String,
}

impl From<String> for Problem {
    fn from(message: String) -> Self {
        Self { line: None, message }
    }
}

/// What a file was, beside its rows.
pub(super) struct Table {
    /// What separates the columns.
    pub(super) separator: u8,
}

/// The columns a plan reads; the download has about fifty.
struct Columns {
    date: usize,
    id: Option<usize>,
    user_id: Option<usize>,
    user_name: Option<usize>,
    status: Option<usize>,
    error_code: Option<usize>,
    client_app: usize,
    kind: Option<usize>,
    address: Option<usize>,
    app: Option<usize>,
    app_id: Option<usize>,
    resource: Option<usize>,
    requirement: Option<usize>,
    protocol: Option<usize>,
    user_agent: Option<usize>,
    result: Option<usize>,
    method: Option<usize>,
    resource_tenant: Option<usize>,
    home_tenant: Option<usize>,
}

/// The place of a column, by any of its names.
pub(super) fn place(header: &::csv::StringRecord, names: &[&str]) -> Option<usize> {
    header.iter().position(|column| names.iter().any(|name| name.eq_ignore_ascii_case(column.trim())))
}

impl Columns {
    fn find(header: &::csv::StringRecord) -> Result<Self, Problem> {
        let at = |names: &[&str]| place(header, names);
        let date = at(&["Date (UTC)", "Date", "createdDateTime"]);
        let client_app = at(&["Client app", "clientAppUsed"]);
        let user_id = at(&["User ID", "userId"]);
        let user_name = at(&["Username", "User principal name", "userPrincipalName"]);
        let status = at(&["Status"]);
        let error_code = at(&["Sign-in error code", "errorCode"]);
        let mut missing = Vec::new();
        for (found, name) in [
            (date.is_some(), "`Date (UTC)`"),
            (client_app.is_some(), "`Client app`"),
            (user_id.is_some() || user_name.is_some(), "`User ID` or `Username`"),
            (status.is_some() || error_code.is_some(), "`Status` or `Sign-in error code`"),
        ] {
            if !found {
                missing.push(name);
            }
        }
        let (Some(date), Some(client_app), []) = (date, client_app, &missing[..]) else {
            // The portal writes names of columns, and words in them, in the language it is shown in.
            let message =
                format!("the header is not that of a sign-in log in English: it lacks {}", missing.join(", "));
            return Err(Problem { line: Some(1), message });
        };
        Ok(Self {
            date,
            id: at(&["Request ID", "id"]),
            user_id,
            user_name,
            status,
            error_code,
            client_app,
            kind: at(&["isInteractive", "Is interactive", "signInEventTypes", "Sign-in event types"]),
            address: at(&["IP address", "ipAddress"]),
            app: at(&["Application", "appDisplayName"]),
            app_id: at(&["Application ID", "appId"]),
            resource: at(&["Resource ID", "resourceId"]),
            requirement: at(&["Authentication requirement", "authenticationRequirement"]),
            protocol: at(&["Authentication Protocol", "authenticationProtocol"]),
            user_agent: at(&["User agent", "userAgent"]),
            result: at(&["Multifactor authentication result"]),
            method: at(&["Multifactor authentication auth method"]),
            resource_tenant: at(&["Resource tenant ID", "resourceTenantId"]),
            home_tenant: at(&["Home tenant ID", "homeTenantId"]),
        })
    }
}

/// A table whose rows are read one by one, each with its line.
pub(super) struct Rows<R> {
    reader: ::csv::Reader<Lines<R>>,
    /// How many lines lie before the header.
    before: u64,
    pub(super) header: ::csv::StringRecord,
    pub(super) table: Table,
}

impl<R: BufRead> Rows<R> {
    /// Reads the header.
    pub(super) fn open(mut input: R) -> Result<Self, Problem> {
        let failed = |error: io::Error| Problem { line: None, message: error.to_string() };
        let (mut before, mut said) = (0, None);
        let separator = loop {
            let start = input.fill_buf().map_err(failed)?;
            let Some(end) = start.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else { break separator(start) };
            match Head::of(&start[..end]) {
                Head::Columns => break separator(&start[..end]),
                Head::Separator(byte) => said = Some(byte),
                Head::Nothing => {}
            }
            let carriage = start[end] == b'\r';
            input.consume(end + 1);
            if carriage && input.fill_buf().map_err(failed)?.first() == Some(&b'\n') {
                input.consume(1);
            }
            before += 1;
        };
        let separator = said.unwrap_or(separator);
        let mut reader = ::csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(Lines::new(input));
        let header = reader.headers();
        let header = header.map_err(|error| Problem { line: Some(before + 1), message: plain(&error) })?.clone();
        Ok(Self { reader, before, header, table: Table { separator } })
    }

    /// The header's line.
    pub(super) const fn line(&self) -> u64 {
        self.before + 1
    }

    /// Reads the next row that says something, and its line.
    pub(super) fn next(&mut self, row: &mut ::csv::StringRecord) -> Result<Option<u64>, Problem> {
        loop {
            let read = self.reader.read_record(row);
            // The reader stands behind the row and its line end. Where a row begins, it says wrongly after empty lines.
            let after = self.before + self.reader.position().line();
            let more =
                read.map_err(|error| Problem { line: Some(after.saturating_sub(1).max(1)), message: plain(&error) })?;
            if !more {
                return Ok(None);
            }
            if row.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            let breaks = row.iter().map(|cell| cell.bytes().filter(|byte| *byte == b'\n').count() as u64).sum::<u64>();
            let line = after.saturating_sub(1 + breaks).max(1);
            if row.len() != self.header.len() {
                let message = format!(
                    "the row has {} values, and the header {}: the file is cut off here, or a value lost its quotes",
                    row.len(),
                    self.header.len()
                );
                return Err(Problem { line: Some(line), message });
            }
            return Ok(Some(line));
        }
    }
}

/// Rows that are taken down together, on all cores.
const ROWS: usize = 4096;

/// Takes every row down and hands it on; how many are no sign-ins. Rows are split off one after the other, since a line feed
/// may stand between quotes.
pub(super) fn each<R: BufRead>(
    rows: &mut Rows<R>,
    register: &Register,
    sink: &mut dyn Sink,
    take: impl Fn(&::csv::StringRecord, &mut Clerk<'_>) -> Result<Option<Kept>, String> + Sync,
) -> Result<u64, Problem> {
    let mut skipped = 0;
    let mut more = true;
    while more {
        let (mut batch, mut broken) = (Vec::with_capacity(ROWS), None);
        while batch.len() < ROWS && more {
            let mut row = ::csv::StringRecord::new();
            match rows.next(&mut row) {
                Ok(Some(line)) => batch.push((line, row)),
                Ok(None) => more = false,
                Err(problem) => (broken, more) = (Some(problem), false),
            }
        }
        let taken: Vec<_> = batch
            .par_chunks(256)
            .flat_map_iter(|rows| {
                let mut clerk = register.clerk();
                let take = &take;
                rows.iter().map(move |(line, row)| {
                    take(row, &mut clerk).map_err(|message| Problem { line: Some(*line), message })
                })
            })
            .collect();
        for one in taken {
            match one? {
                Some(record) => sink.record(record),
                None => skipped += 1,
            }
        }
        sink.ready()?;
        if register.is_crowded() {
            sink.forget_shapes()?;
        }
        // What is wrong with a row before it comes first.
        if let Some(problem) = broken {
            return Err(problem);
        }
    }
    Ok(skipped)
}

/// Hands every row on. `kind` is that of the file, where its records do not say theirs.
pub(super) fn read<R: BufRead>(
    rows: &mut Rows<R>,
    kind: Option<SignInKind>,
    register: &Register,
    sink: &mut dyn Sink,
) -> Result<(), Problem> {
    let columns = Columns::find(&rows.header).map_err(|problem| Problem { line: Some(rows.line()), ..problem })?;
    if kind.is_none() && columns.kind.is_none() {
        return Err(Problem { line: None, message: super::records::KIND_UNSAID.to_owned() });
    }
    each(rows, register, sink, |row, clerk| columns.take(row, kind, clerk).map(Some)).map(|_| ())
}

impl Columns {
    fn take(&self, row: &::csv::StringRecord, kind: Option<SignInKind>, clerk: &mut Clerk<'_>) -> Result<Kept, String> {
        let cell = |index: usize| row.get(index).unwrap_or_default().trim();
        let maybe = |index: Option<usize>| index.map_or("", cell);
        let at = timestamp(cell(self.date)).ok_or_else(|| {
            format!("`{}` is not a date such as 2026-11-20T08:00:00Z", cell(self.date).escape_debug())
        })?;
        let kind = match (maybe(self.kind), kind) {
            ("", Some(kind)) => kind,
            (said, _) => said_kind(said).ok_or_else(|| {
                format!("`{}` is not a kind of sign-in: true or false was expected", said.escape_debug())
            })?,
        };
        let (outcome, code) = ended(maybe(self.error_code), maybe(self.status))?;
        let requirement = requirement(maybe(self.requirement));
        let mut said = Said::default();
        said.result(maybe(self.result));
        let mfa = said.verdict(outcome == Outcome::Success, requirement == Some(Requirement::Multi));
        Ok(clerk.keep(&Entry {
            request: maybe(self.id),
            user_id: maybe(self.user_id),
            user_name: maybe(self.user_name),
            tenants: Tenants { log: "", resource: maybe(self.resource_tenant), home: maybe(self.home_tenant) },
            record: Record {
                at,
                kind,
                outcome,
                error_code: code,
                requirement,
                mfa,
                protocol: protocol(maybe(self.protocol)),
                app_password: is_skip_of_app_password(mfa)
                    || is_app_password(maybe(self.result))
                    || is_app_password(maybe(self.method)),
                asked_by: None,
                policies: None,
                client_app: cell(self.client_app),
                address: maybe(self.address),
                app_id: maybe(self.app_id),
                app_name: maybe(self.app),
                resource: maybe(self.resource),
                user_agent: maybe(self.user_agent),
            },
        }))
    }
}

/// How a sign-in ended: the code decides where there is one, else the word. A word that is not one of the portal's three
/// English ones is never a success and never a failure: it is not understood.
fn ended(code: &str, status: &str) -> Result<(Outcome, Option<u32>), String> {
    if let Ok(code) = code.parse::<u32>() {
        return Ok((outcome(code), (code != 0).then_some(code)));
    }
    for (word, outcome) in
        [("Success", Outcome::Success), ("Interrupted", Outcome::Interrupted), ("Failure", Outcome::Failure)]
    {
        if status.eq_ignore_ascii_case(word) {
            return Ok((outcome, None));
        }
    }
    Err(if status.is_empty() {
        "neither a status nor an error code says how this sign-in ended".to_owned()
    } else {
        format!("`{}` is no status: Success, Failure or Interrupted was expected", cut(status).escape_debug())
    })
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(60)]
}

fn said_kind(text: &str) -> Option<SignInKind> {
    let letters: String = text.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase();
    match &*letters {
        "true" | "yes" | "interactive" | "interactiveuser" => Some(SignInKind::Interactive),
        "false" | "no" | "noninteractive" | "noninteractiveuser" => Some(SignInKind::NonInteractive),
        _ => None,
    }
}

/// RFC 3339; without a zone it is UTC, as the column's name says.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
}

/// What a line at the head of a file is.
enum Head {
    /// The names of the columns.
    Columns,
    /// What separates them, as Excel asks for it: `sep=;`.
    Separator(u8),
    /// Nothing of a table: an empty line, or the type that PowerShell 5 notes (`#TYPE …`, `Export-Csv`).
    Nothing,
}

impl Head {
    fn of(line: &[u8]) -> Self {
        // A tab at the end of the line may be what is asked for.
        if let [word @ .., byte] = line.trim_ascii_start()
            && word.eq_ignore_ascii_case(b"sep=")
            && (*byte == b'\t' || (byte.is_ascii_punctuation() && *byte != b'"'))
        {
            return Self::Separator(*byte);
        }
        let line = line.trim_ascii();
        match line {
            [] => Self::Nothing,
            _ if line.get(..6).is_some_and(|word| word.eq_ignore_ascii_case(b"#TYPE ")) => Self::Nothing,
            _ => Self::Columns,
        }
    }
}

/// What separates the columns of a header: a comma, or what a spreadsheet of another country or a copy makes of it.
fn separator(start: &[u8]) -> u8 {
    let header = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| header.iter().filter(|byte| **byte == wanted).count();
    *b",;\t".iter().rev().max_by_key(|one| count(**one)).unwrap_or(&b',')
}

/// The error without its place, which is said apart.
fn plain(error: &::csv::Error) -> String {
    match error.kind() {
        ::csv::ErrorKind::Io(error) => error.to_string(),
        ::csv::ErrorKind::Utf8 { err, .. } => format!("not UTF-8 text: {err}"),
        other => format!("{other:?}").escape_debug().to_string(),
    }
}

/// Text whose lines all end in `\n`, the last one too, whatever wrote it: then lines can be counted.
struct Lines<R> {
    inner: R,
    carriage: bool,
    open: bool,
}

impl<R> Lines<R> {
    const fn new(inner: R) -> Self {
        Self { inner, carriage: false, open: false }
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < out.len() {
            let text = self.inner.fill_buf()?;
            if text.is_empty() {
                if std::mem::take(&mut self.carriage) || std::mem::take(&mut self.open) {
                    self.open = false;
                    out[written] = b'\n';
                    written += 1;
                }
                break;
            }
            let mut used = 0;
            for &byte in text {
                if written == out.len() {
                    break;
                }
                // A carriage return alone ended lines once; before a line feed it is dropped.
                if std::mem::take(&mut self.carriage) && byte != b'\n' {
                    out[written] = b'\n';
                    written += 1;
                    self.open = false;
                    if written == out.len() {
                        break;
                    }
                }
                used += 1;
                if byte == b'\r' {
                    self.carriage = true;
                    continue;
                }
                out[written] = byte;
                written += 1;
                self.open = byte != b'\n';
            }
            self.inner.consume(used);
        }
        Ok(written)
    }
}
