//! Files of sign-in records in all their forms, read record by record.
//!
//! What a file is follows from its content: the portal's JSON and CSV, a page of Graph, lines of diagnostic settings as they
//! lie in a storage account, exports of Log Analytics, Exchange's report of SMTP AUTH clients; each as it is or compressed
//! with gzip.

use std::io::{BufRead, BufReader, Read};

use aws_lc_rs::digest::{SHA256, digest};
use flate2::bufread::MultiGzDecoder;

pub(crate) use super::aggregate::first_eight;
pub(crate) use super::register::{Kept, Register};
use super::{FileError, Record, csv, json, smtp};
use crate::{
    json::mistaken,
    tenant::{ObservedTenant, SignInFile, SignInFileKind, SignInKind, TenantId, Text, UserId, UserIndex},
};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// The portal's JSON download, or pages of Graph.
    Json,
    /// The portal's CSV download.
    Csv,
    /// Diagnostic settings: lines with `category` and `properties`.
    Diagnostic,
    /// Log Analytics: rows with `TimeGenerated`, in JSON or CSV.
    LogAnalytics,
    /// Exchange's report of SMTP AUTH clients.
    SmtpReport,
}

impl Format {
    /// The word in JSON output.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Diagnostic => "diagnostic",
            Self::LogAnalytics => "log_analytics",
            Self::SmtpReport => "smtp_report",
        }
    }
}

/// One record, and whose it is.
pub(crate) struct Entry<'a> {
    /// The request's id; empty where the record has none.
    pub(crate) request: &'a str,
    /// The user's object id, as written.
    pub(crate) user_id: &'a str,
    /// The user's name, as written.
    pub(crate) user_name: &'a str,
    /// The tenants it names, by what each says: the log's own, or else the resource's and the user's home.
    pub(crate) tenants: Tenants<'a>,
    /// The record.
    pub(crate) record: Record<'a>,
}

/// Tenants named in a record; empty where it does not say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tenants<'a> {
    /// The tenant whose log it is: it decides.
    pub(crate) log: &'a str,
    /// The tenant of what was signed in to.
    pub(crate) resource: &'a str,
    /// The tenant the account is from; guests have another.
    pub(crate) home: &'a str,
}

impl Tenants<'_> {
    /// Does the record say that it is another tenant's? One that says nothing does not.
    pub(crate) fn foreign(&self, ours: TenantId) -> bool {
        let is = |text: &str| text.parse::<TenantId>().is_ok_and(|one| one == ours);
        let said = |text: &str| !text.is_empty() && text.parse::<TenantId>().is_ok();
        if said(self.log) {
            return !is(self.log);
        }
        (said(self.resource) || said(self.home)) && !is(self.resource) && !is(self.home)
    }
}

/// The user of a record, before it is known who that is in the tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Who {
    /// By object id.
    Id(UserId),
    /// By name, in lower case, where there is no id.
    Name(Text),
}

impl Who {
    /// Who that is in this tenant.
    pub(crate) fn in_tenant(&self, tenant: &ObservedTenant) -> Option<UserIndex> {
        match self {
            Self::Id(id) => tenant.by_id(*id),
            Self::Name(name) => tenant.by_name(name),
        }
    }
}

impl Entry<'_> {
    /// Eight bytes of a hash of the request's id, which is the same in every source.
    pub(crate) fn id(&self) -> Option<u64> {
        request_id(self.request)
    }

    /// By the object id where there is one: a name may have passed to somebody else.
    pub(crate) fn who(&self) -> Option<Who> {
        match self.user_id.parse::<UserId>() {
            Ok(id) if !id.as_uuid().is_nil() => Some(Who::Id(id)),
            _ if self.user_name.is_empty() => None,
            _ => Some(Who::Name(self.user_name.to_lowercase().into())),
        }
    }
}

/// Eight bytes of a hash of a request's id.
pub(crate) fn request_id(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let hash = if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        digest(&SHA256, text.to_ascii_lowercase().as_bytes())
    } else {
        digest(&SHA256, text.as_bytes())
    };
    Some(first_eight(hash.as_ref()))
}

/// Takes the records of a file, in its order, while others of it are being parsed.
pub(crate) trait Sink {
    /// A record.
    fn record(&mut self, record: Kept);

    /// Is there room for more, or has something to happen first? Asked after every few thousand records; what it says ends
    /// the reading.
    ///
    /// # Errors
    /// What went wrong with records that were taken.
    fn ready(&mut self) -> Result<(), String>;

    /// Has the register begin its shapes anew, once no record waits any more. Nothing is being parsed meanwhile.
    ///
    /// # Errors
    /// As of [`Self::ready`].
    fn forget_shapes(&mut self) -> Result<(), String>;
}

/// What was read.
pub(crate) struct Found {
    /// What the file is.
    pub(crate) format: Format,
    /// The kind of its sign-ins, by its name or as stated.
    pub(crate) kind: Option<SignInKind>,
    /// Records that are no sign-ins of users (of applications, audits).
    pub(crate) skipped: u64,
    /// What separates the columns, where that is worth a word.
    pub(crate) separator: Option<&'static str>,
    /// The report, where it is one.
    pub(crate) report: Option<smtp::Report>,
}

/// Reads one file to its end.
///
/// # Errors
/// When it cannot be read, is no log, or lacks what is needed; with its line where there is one.
pub(crate) fn read(
    file: &SignInFile,
    name: &str,
    input: impl Read + Send,
    register: &Register,
    sink: &mut dyn Sink,
) -> Result<Found, FileError> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let start = input.fill_buf().map_err(|error| plain(name, error.to_string()))?;
    if start.starts_with(&[0x1f, 0x8b]) {
        let unpacked = BufReader::with_capacity(1 << 16, MultiGzDecoder::new(input));
        return read_text(file, name.strip_suffix(".gz").unwrap_or(name), name, unpacked, register, sink);
    }
    read_text(file, name, name, input, register, sink)
}

fn plain(file: &str, message: String) -> FileError {
    FileError { file: file.to_owned(), line: None, message, hint: None }
}

/// `called` is the name without what compressing added.
fn read_text(
    file: &SignInFile,
    called: &str,
    name: &str,
    mut input: impl BufRead + Send,
    register: &Register,
    sink: &mut dyn Sink,
) -> Result<Found, FileError> {
    let fail = |line, message, hint| FileError { file: name.to_owned(), line, message, hint };
    let start = input.fill_buf().map_err(|error| plain(name, error.to_string()))?;
    if let Some((what, hint)) = mistaken(start) {
        let hint = hint.unwrap_or("download it again, as JSON or CSV");
        return Err(fail(None, format!("not a sign-in log: {what}"), Some(hint.to_owned())));
    }
    if start.starts_with(b"\xef\xbb\xbf") {
        input.consume(3);
    }
    let start = input.fill_buf().map_err(|error| plain(name, error.to_string()))?;
    let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
    let json = first.is_some_and(|byte| matches!(byte, b'[' | b'{'));
    let named = portal_name(called);
    let stated = match file.kind {
        Some(SignInFileKind::Log(kind)) => Some(kind),
        Some(SignInFileKind::SmtpReport) | None => None,
    };
    if let (Some(named), Some(stated)) = (named, stated)
        && named != stated
    {
        let message =
            format!("its name is that of a download of {} sign-ins, and `kind` says {}", said(named), stated.snake());
        return Err(fail(None, message, Some("correct `kind`, or rename the file".to_owned())));
    }
    let kind = stated.or(named);
    let mut found = Found { format: Format::Json, kind, skipped: 0, separator: None, report: None };
    if json && file.kind != Some(SignInFileKind::SmtpReport) {
        let read = json::read(input, kind, register, sink).map_err(|problem| {
            let hint = hint_for(&problem.message, name);
            fail(problem.line, problem.message, Some(hint))
        })?;
        (found.format, found.skipped) = (read.format, read.skipped);
        return Ok(found);
    }
    let failed = |problem: csv::Problem| {
        let hint = hint_for(&problem.message, name);
        fail(problem.line, problem.message, Some(hint))
    };
    let mut rows = csv::Rows::open(input).map_err(failed)?;
    found.separator = separated(rows.table.separator);
    if file.kind == Some(SignInFileKind::SmtpReport) || smtp::is_report(&rows.header) {
        let report = smtp::read(&mut rows, file.span)
            .map_err(|problem| fail(problem.line, problem.message, Some(smtp::HINT.to_owned())))?;
        found.format = Format::SmtpReport;
        (found.report, found.separator) = (Some(report), None);
        return Ok(found);
    }
    let result = if super::analytics::is_table(&rows.header) {
        found.format = Format::LogAnalytics;
        super::analytics::read_table(&mut rows, kind, register, sink).map(|skipped| found.skipped = skipped)
    } else {
        found.format = Format::Csv;
        csv::read(&mut rows, kind, register, sink)
    };
    result.map_err(|problem| {
        let mut error = failed(problem);
        if let Some(called) = found.separator {
            error.message += &format!(" (its columns are separated by {called}: a spreadsheet has saved it)");
        }
        error
    })?;
    Ok(found)
}

/// The portal's own name of a download says: `InteractiveSignIns_2026-11-21_2026-11-28.csv`.
fn portal_name(name: &str) -> Option<SignInKind> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name).to_ascii_lowercase().replace(['-', '_', ' '], "");
    if base.contains("noninteractivesignin") {
        Some(SignInKind::NonInteractive)
    } else if base.contains("interactivesignin") {
        Some(SignInKind::Interactive)
    } else {
        None
    }
}

const fn said(kind: SignInKind) -> &'static str {
    match kind {
        SignInKind::Interactive => "interactive",
        SignInKind::NonInteractive => "non-interactive",
    }
}

const fn separated(separator: u8) -> Option<&'static str> {
    match separator {
        b';' => Some("semicolons"),
        b'\t' => Some("tabs"),
        _ => None,
    }
}

/// How a file is named with what it does not say itself.
pub(super) fn form(name: &str, kind: &str, span: bool) -> String {
    let span = if span { ", from = \"2026-11-21\", to = \"2026-11-28\"" } else { "" };
    format!("sign_ins = [{{ file = \"{name}\", kind = \"{kind}\"{span} }}]")
}

/// Neither columns nor name say whether sign-ins are interactive.
pub(super) const KIND_UNSAID: &str = "nothing says whether its sign-ins are interactive";

fn hint_for(message: &str, name: &str) -> String {
    if message.contains(KIND_UNSAID) {
        return format!(
            "keep the portal's own name (`InteractiveSignIns_…`, `NonInteractiveSignIns_…`), or say it: `{}`",
            form(name, "non_interactive", false)
        );
    }
    HINT.to_owned()
}

const HINT: &str = "download it in English, or as JSON, and do not change it: Entra admin center, Monitoring & health > \
                    Sign-in logs > Download";
