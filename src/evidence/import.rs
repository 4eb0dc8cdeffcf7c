//! Files into the store: each whole or not at all.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, ToSpan, civil::Date};

use super::{Append, EvidenceError, Store, append::Taken, start_of};
use crate::{
    sign_ins::{
        FileError,
        records::{self, Format, Kept, Sink},
    },
    tenant::{SignInFile, SignInKind},
};

/// The time a file is of, ends included.
pub(crate) type Span = (Timestamp, Timestamp);

/// What became of the records of one file.
#[derive(Debug)]
pub(crate) struct ImportedFile {
    /// Its path, as found.
    pub(crate) path: String,
    /// What it is.
    pub(crate) format: Format,
    /// Records read.
    pub(crate) records: u64,
    /// What became of them.
    pub(crate) taken: Taken,
    /// Records that are no sign-ins of users.
    pub(crate) skipped: u64,
    /// The first and the last.
    pub(crate) span: Option<Span>,
    /// The kinds it holds.
    pub(crate) kinds: Vec<SignInKind>,
    /// Senders of a report, and those left out because they sign in by OAuth.
    pub(crate) senders: (u64, u64),
    /// Did the portal cut it?
    pub(crate) cut: bool,
}

/// What became of a file: what it was, or what is wrong with it.
pub(crate) type Imported = Result<ImportedFile, EvidenceError>;

/// The portal cuts a download here ("Download logs in Microsoft Entra ID").
const CUTS: [u64; 2] = [100_000, 250_000];

/// The files that are meant: these, and of directories all below that are logs by their names, in the order of their paths.
///
/// # Errors
/// When a directory cannot be read.
pub(crate) fn collect(paths: &[PathBuf]) -> Result<Vec<PathBuf>, EvidenceError> {
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut all)?;
        } else {
            all.push(path.clone());
        }
    }
    Ok(all)
}

fn walk(dir: &Path, all: &mut Vec<PathBuf>) -> Result<(), EvidenceError> {
    let io = |error| EvidenceError::io(dir, error);
    let entries: Result<Vec<_>, _> = fs::read_dir(dir).map_err(io)?.collect();
    let mut entries = entries.map_err(io)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // A link could lead round in circles.
        let kind = entry.file_type().map_err(io)?;
        if kind.is_dir() {
            walk(&path, all)?;
        } else if kind.is_file() && is_log(&path) {
            all.push(path);
        }
    }
    Ok(())
}

fn is_log(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    [".json", ".jsonl", ".csv"].iter().any(|end| name.ends_with(end))
}

/// Reads one file into the store.
///
/// # Errors
/// When it is no log or broken: then nothing of it is counted. When the store cannot be written.
pub(crate) fn import_file(store: &mut Store, file: &SignInFile) -> Imported {
    let name = file.path.display().to_string();
    let broken = |message: String, hint: Option<&str>| {
        EvidenceError::File(FileError { file: name.clone(), line: None, message, hint: hint.map(str::to_owned) })
    };
    let input = File::open(&file.path).map_err(|error| broken(format!("cannot be read: {error}"), None))?;
    let append = Append::begin(store)?;
    let register = append.register();
    let mut sink = Filling { append, records: 0, span: None, kinds: [false; 2], failed: None };
    let found = records::read(file, &name, input, &register, &mut sink);
    let Filling { mut append, records, span, kinds, failed } = sink;
    if let Some(error) = failed {
        return Err(error);
    }
    let found = found.map_err(EvidenceError::File)?;
    let source = match found.format {
        Format::Json | Format::Csv => "portal",
        Format::Diagnostic => "diagnostic",
        Format::LogAnalytics => "log_analytics",
        Format::SmtpReport => "smtp_report",
    };
    let mut imported = ImportedFile {
        path: name.clone(),
        format: found.format,
        records,
        taken: Taken::default(),
        skipped: found.skipped,
        span,
        kinds: Vec::new(),
        senders: (0, 0),
        cut: matches!(found.format, Format::Json | Format::Csv) && CUTS.contains(&records),
    };
    if let Some(report) = found.report {
        append.senders(&report.senders)?;
        imported.senders = (report.senders.len() as u64, report.by_oauth);
        imported.records = imported.senders.0 + imported.senders.1;
        append.commit(source)?;
        return Ok(imported);
    }
    if records == 0 && found.skipped == 0 && (file.span.is_none() || found.kind.is_none()) {
        return Err(broken(
            "it holds no record: that nobody signed in cannot be told from a download that went wrong".to_owned(),
            Some("download it again; or, if nobody signed in that way, give --kind, --from and --to"),
        ));
    }
    append.settle()?;
    let mut kinds: Vec<SignInKind> =
        SignInKind::ALL.iter().copied().zip(kinds).filter(|(_, holds)| *holds).map(|(kind, _)| kind).collect();
    if let (true, Some(kind)) = (records == 0, found.kind) {
        kinds.push(kind);
    }
    // Where all records are another tenant's, the file says nothing of this one.
    let ours = append.taken().counted + append.taken().duplicates > 0 || records == 0;
    let hour = (found.format == Format::Diagnostic).then(|| hour_of(&file.path)).flatten();
    if let Some((from, to)) = file.span.or(hour).or(span).filter(|_| ours) {
        for kind in &kinds {
            append.covers(*kind, from, to);
        }
    }
    imported.kinds = kinds;
    imported.taken = append.commit(source)?;
    Ok(imported)
}

/// The hour that the path of a blob names: `…/y=2026/m=11/d=20/h=08/m=00/PT1H.json` (Azure Monitor, "Send platform logs to
/// an Azure Storage account").
fn hour_of(path: &Path) -> Option<Span> {
    let parts: Vec<_> = path.iter().filter_map(|part| part.to_str()).collect();
    let year = parts.iter().rposition(|part| part.starts_with("y="))?;
    let value = |offset: usize, key: &str| parts.get(year + offset)?.strip_prefix(key)?.parse::<i16>().ok();
    let (year, month, day, hour) = (value(0, "y=")?, value(1, "m=")?, value(2, "d=")?, value(3, "h=")?);
    let day = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let from = start_of(day).checked_add(i64::from(hour).hours()).ok()?;
    Some((from, from.checked_add(1.hour()).ok()?))
}

/// A file on its way into the store.
struct Filling<'s> {
    append: Append<'s>,
    records: u64,
    span: Option<Span>,
    kinds: [bool; 2],
    failed: Option<EvidenceError>,
}

impl Sink for Filling<'_> {
    fn record(&mut self, record: Kept) {
        self.records += 1;
        let (at, kind) = (record.at, record.kind);
        // What another tenant's records span says nothing of this one.
        if !record.foreign {
            let (from, to) = self.span.unwrap_or((at, at));
            self.span = Some((from.min(at), to.max(at)));
            self.kinds[kind as usize] = true;
        }
        self.append.take(record);
    }

    fn ready(&mut self) -> Result<(), String> {
        if !self.append.is_full() {
            return Ok(());
        }
        let settled = self.append.settle();
        self.told(settled)
    }

    fn forget_shapes(&mut self) -> Result<(), String> {
        let forgotten = self.append.forget_shapes();
        self.told(forgotten)
    }
}

impl Filling<'_> {
    /// Keeps an error of the store, which is none of the file.
    fn told(&mut self, result: Result<(), EvidenceError>) -> Result<(), String> {
        result.map_err(|error| {
            let message = error.to_string();
            self.failed = Some(error);
            message
        })
    }
}
