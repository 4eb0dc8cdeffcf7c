//! Files of sign-in records as the Entra portal downloads them: `tenant.sign_ins`.
//!
//! A file counts for the stretch of time that its records span and for the users of this tenant. What it says is added to
//! what the tenant says; it never replaces it.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{SignedDuration, Timestamp};

use super::{Aggregator, LastSeen, Record, aggregate, cover::Cover, csv, join, json, smtp};
use crate::{
    json::mistaken,
    tenant::{
        Fact, LastSignIn, LegacySignIns, ObservedTenant, SignInFile, SignInFileKind, SignInKind, SignIns, Unavailable,
        UserIndex,
    },
};

/// The portal cuts a download at this many records ("Download logs in Microsoft Entra ID"). It covers no more than its
/// records span, like every file; that it was cut is told.
const PORTAL_LIMIT: u64 = 100_000;

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The file, as the configuration names it.
    pub file: String,
    /// One-based line, where known.
    pub line: Option<u64>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for FileError {}

/// Reads these files and adds what they say to the tenant. `now` is the plan's instant, at which the window ends. Paths
/// are shown relative to `base`; nothing happens where there is no file.
///
/// # Errors
/// The first file that cannot be read or is none.
pub(crate) fn merge_files(
    files: &[SignInFile],
    base: &Path,
    now: Timestamp,
    window_days: u16,
    observed: &mut ObservedTenant,
) -> Result<(), FileError> {
    if files.is_empty() {
        return Ok(());
    }
    let mut all = SignInFiles::new(observed, now, window_days);
    for one in files {
        let name = one.path.strip_prefix(base).unwrap_or(&one.path).display().to_string();
        let file = File::open(&one.path).map_err(|error| FileError {
            file: name.clone(),
            line: None,
            message: format!("cannot be read: {error}"),
            hint: Some("`sign_ins` in the `tenant` block names it".into()),
        })?;
        all.read(one, &name, file)?;
    }
    all.finish().merge_into(observed);
    Ok(())
}

/// Sign-in records of any number of files, aggregated as they are read.
pub struct SignInFiles<'t> {
    tenant: &'t ObservedTenant,
    now: Timestamp,
    since: Timestamp,
    window_days: u16,
    log: Aggregator<UserIndex>,
    /// Eight bytes of a hash for each request id seen.
    ids: HashSet<u64>,
    covered: [Cover; 2],
    senders: HashMap<UserIndex, LegacySignIns>,
    files: Vec<String>,
    outside: u64,
    elsewhere: u64,
    notes: Vec<String>,
}

/// What is counted of one file.
#[derive(Default)]
struct Counts {
    records: u64,
    counted: u64,
    outside: u64,
    elsewhere: u64,
    again: u64,
    without_id: u64,
    kinds: [bool; 2],
    span: Option<(Timestamp, Timestamp)>,
}

impl<'t> SignInFiles<'t> {
    /// For a plan at `now` that looks back `window_days` days. Older and later records are left out.
    #[must_use]
    pub fn new(tenant: &'t ObservedTenant, now: Timestamp, window_days: u16) -> Self {
        Self {
            tenant,
            now,
            since: now - SignedDuration::from_hours(24 * i64::from(window_days)),
            window_days,
            log: Aggregator::new(tenant.id),
            ids: HashSet::new(),
            covered: Default::default(),
            senders: HashMap::new(),
            files: Vec::new(),
            outside: 0,
            elsewhere: 0,
            notes: Vec::new(),
        }
    }

    /// Reads one file. What it is follows from its content, not from its name; whether its sign-ins are interactive from
    /// the records, else from the name that the portal gave it, else from the configuration.
    ///
    /// # Errors
    /// When the file cannot be read, is no log, holds no record, or lacks what is needed; with its line where there is one.
    pub fn read(&mut self, file: &SignInFile, name: &str, input: impl Read) -> Result<(), FileError> {
        let fail = |line, message, hint| FileError { file: name.to_owned(), line, message, hint };
        let mut input = BufReader::with_capacity(1 << 16, input);
        let start = input.fill_buf().map_err(|error| fail(None, error.to_string(), None))?;
        if let Some((what, hint)) = mistaken(start) {
            let hint = hint.unwrap_or("download it again, as JSON or CSV");
            return Err(fail(None, format!("not a sign-in log: {what}"), Some(hint.to_owned())));
        }
        if start.starts_with(b"\xef\xbb\xbf") {
            input.consume(3);
        }
        let start = input.fill_buf().map_err(|error| fail(None, error.to_string(), None))?;
        let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
        let json = first.is_some_and(|byte| matches!(byte, b'[' | b'{'));
        let named = portal_name(name);
        let stated = match file.kind {
            Some(SignInFileKind::SmtpReport) => None,
            Some(SignInFileKind::Log(kind)) => Some(kind),
            None => None,
        };
        if let (Some(named), Some(stated)) = (named, stated)
            && named != stated
        {
            let message = format!(
                "its name is that of a download of {} sign-ins, and `kind` says {}",
                said(named),
                stated.snake()
            );
            return Err(fail(None, message, Some("correct `kind`, or rename the file".to_owned())));
        }
        let kind = stated.or(named);
        let mut counts = Counts::default();
        if json && file.kind != Some(SignInFileKind::SmtpReport) {
            json::read(input, &mut |sign_in| {
                let kind = sign_in.kind().or(kind).ok_or_else(|| KIND_UNSAID.to_owned())?;
                let record = sign_in.record(kind).map_err(str::to_owned)?;
                let (id, name) = (&sign_in.user_id.0, &sign_in.user_principal_name.0);
                self.add(&sign_in.id.0, id, name, &record, &mut counts);
                Ok(())
            })
            .map_err(|error| {
                let text = error.to_string();
                let message = text.split(" at line ").next().unwrap_or_default().to_owned();
                let line = (!error.is_data() && error.line() > 0).then_some(error.line() as u64);
                let hint = hint_for(&message, name);
                fail(line, message, Some(hint))
            })?;
        } else {
            let failed = |problem: csv::Problem| {
                let hint = hint_for(&problem.message, name);
                fail(problem.line, problem.message, Some(hint))
            };
            let mut rows = csv::Rows::open(input).map_err(failed)?;
            let separator = rows.table.separator;
            if file.kind == Some(SignInFileKind::SmtpReport) || smtp::is_report(&rows.header) {
                return self.report(file, name, &mut rows);
            }
            csv::read(&mut rows, kind, &mut |row| {
                self.add(row.id, row.user_id, row.user_name, &row.record, &mut counts);
            })
            .map_err(|problem| {
                let mut error = failed(problem);
                if let Some(called) = separated(separator) {
                    error.message += &format!(" (its columns are separated by {called}: a spreadsheet has saved it)");
                }
                error
            })?;
            if let Some(called) = separated(separator) {
                self.notes.push(format!("{name}: the columns are separated by {called}; it was read so"));
            }
        }
        self.close(file, name, kind, counts)
    }

    /// Counts one record.
    fn add(&mut self, request: &str, id: &str, name: &str, record: &Record<'_>, counts: &mut Counts) {
        counts.records += 1;
        if request.is_empty() {
            counts.without_id += 1;
        } else {
            let hash = digest(&SHA256, request.to_ascii_lowercase().as_bytes());
            if !self.ids.insert(aggregate::first_eight(hash.as_ref())) {
                counts.again += 1;
                return;
            }
        }
        // By the object id where there is one: a name may have passed to somebody else.
        let user = match id.parse() {
            Ok(id) => self.tenant.by_id(id),
            Err(_) if name.is_empty() => None,
            Err(_) => self.tenant.by_name(name),
        };
        let Some(user) = user else {
            counts.elsewhere += 1;
            return;
        };
        let (from, to) = counts.span.unwrap_or((record.at, record.at));
        counts.span = Some((from.min(record.at), to.max(record.at)));
        counts.kinds[record.kind as usize] = true;
        if !(self.since..=self.now).contains(&record.at) {
            counts.outside += 1;
            return;
        }
        counts.counted += 1;
        self.log.add(user, record);
    }

    /// What a file that was read to its end covers, and what is to be said of it.
    fn close(
        &mut self,
        file: &SignInFile,
        name: &str,
        kind: Option<SignInKind>,
        counts: Counts,
    ) -> Result<(), FileError> {
        let Counts { records, counted: _, outside, elsewhere, again, without_id, mut kinds, span } = counts;
        if records == 0 && (file.span.is_none() || kind.is_none()) {
            return Err(FileError {
                file: name.to_owned(),
                line: None,
                message: "it holds no record: that nobody signed in cannot be told from a download that went wrong"
                    .to_owned(),
                hint: Some(format!(
                    "download it again; or, if nobody signed in that way, say for which time: `{}`",
                    form(name, "interactive", true)
                )),
            });
        }
        if let Some(kind) = kind.filter(|_| records == 0) {
            kinds[kind as usize] = true;
        }
        // Where all records are of other people, the file says nothing of these: it may be another tenant's.
        if let Some((from, to)) = file.span.filter(|_| records == 0 || span.is_some()).or(span) {
            for (cover, _) in self.covered.iter_mut().zip(kinds).filter(|(_, holds)| *holds) {
                cover.add(from, to);
            }
        }
        self.files.push(name.to_owned());
        self.outside += outside;
        self.elsewhere += elsewhere;
        let mut told = Vec::new();
        let mut tell = |count: u64, what: &str| {
            if count > 0 {
                told.push(format!("{count} {what}"));
            }
        };
        tell(outside, "outside the window");
        tell(elsewhere, "of nobody in this tenant");
        tell(again, "already counted (same request id)");
        if without_id > 0 && again > 0 {
            tell(without_id, "without a request id, all counted");
        }
        if !told.is_empty() {
            self.notes.push(format!("{name}: of {records} {}, {}", plural(records), told.join(", ")));
        }
        if records >= PORTAL_LIMIT {
            self.notes.push(format!(
                "{name}: holds {records} records, so the portal may have cut it: nothing is known of the time before its \
                 first record"
            ));
        }
        Ok(())
    }

    /// Exchange's report of SMTP AUTH clients.
    fn report<R: BufRead>(&mut self, file: &SignInFile, name: &str, rows: &mut csv::Rows<R>) -> Result<(), FileError> {
        let fail =
            |line, message: String, hint: String| FileError { file: name.to_owned(), line, message, hint: Some(hint) };
        let read = smtp::read(rows, file.span)
            .map_err(|problem| fail(problem.line, problem.message, smtp::HINT.to_owned()))?;
        if read.senders.is_empty() && file.span.is_none() {
            return Err(fail(None, "it holds no sender".to_owned(), smtp::HINT.to_owned()));
        }
        let mut elsewhere = 0;
        for sender in &read.senders {
            let by_mail = || {
                let mut all = self.tenant.indexed();
                all.find(|(_, user)| user.mail.as_ref().is_some_and(|mail| mail.eq_ignore_ascii_case(&sender.address)))
            };
            let user = self.tenant.by_name(&sender.address).or_else(|| by_mail().map(|(index, _)| index));
            let Some(user) = user else {
                elsewhere += 1;
                continue;
            };
            // Sent before the window began is no evidence for it; how much of it, the report does not say.
            if sender.to < self.since || sender.from > self.now {
                self.outside += 1;
                continue;
            }
            let entry = self.senders.entry(user).or_insert_with(|| LegacySignIns {
                protocol: "Authenticated SMTP".into(),
                count: 0,
                last: None,
                distinct_ips: None,
            });
            entry.count = entry.count.max(sender.messages);
            entry.last = entry.last.max(Some(sender.to.min(self.now)));
        }
        self.files.push(name.to_owned());
        if elsewhere > 0 {
            self.notes
                .push(format!("{name}: {elsewhere} of {} senders are no users of this tenant", read.senders.len()));
        }
        if read.by_oauth > 0 {
            self.notes.push(format!("{name}: {} senders sign in by OAuth and are left out", read.by_oauth));
        }
        Ok(())
    }

    /// What all files together say.
    #[must_use]
    pub fn finish(self) -> Evidence {
        let Self {
            tenant,
            now,
            since,
            window_days,
            mut log,
            ids: _,
            covered,
            senders,
            files,
            outside,
            elsewhere,
            notes,
        } = self;
        let covered = covered.map(|cover| cover.within(since, now));
        let [interactive, non_interactive] = &covered;
        let days = match (interactive.is_empty(), non_interactive.is_empty()) {
            (false, false) => interactive.and(non_interactive).days(window_days).max(1),
            _ => interactive.days(window_days).max(non_interactive.days(window_days)),
        };
        let complete = covered.iter().all(|cover| cover.fills(window_days));
        let known = covered.each_ref().map(|cover| !cover.is_empty());
        let found: HashMap<UserIndex, (SignIns, LastSeen)> = tenant
            .indexed()
            .filter_map(|(index, _)| {
                let (mut sign_ins, seen) = log.take(&index, days)?;
                if !known[0] {
                    (sign_ins.interactive, sign_ins.interactive_mfa) = (None, None);
                }
                if !known[1] {
                    sign_ins.non_interactive = None;
                }
                Some((index, (sign_ins, seen)))
            })
            .collect();
        let refused = (days == 0 && senders.is_empty()).then(|| {
            let list: Vec<String> = files.iter().map(|name| format!("`{name}`")).collect();
            let mut why = Vec::new();
            if elsewhere > 0 {
                why.push(format!("{elsewhere} of nobody in this tenant"));
            }
            if outside > 0 {
                why.push(format!("{outside} outside the {window_days} days before {now}"));
            }
            format!("no record of this tenant's users within the window in {} ({})", list.join(", "), why.join(", "))
        });
        Evidence { found, senders, days, complete, refused, notes }
    }
}

/// What a tenant's sign-in files say, ready to be added to what the tenant says.
pub struct Evidence {
    found: HashMap<UserIndex, (SignIns, LastSeen)>,
    senders: HashMap<UserIndex, LegacySignIns>,
    days: u16,
    complete: bool,
    refused: Option<String>,
    notes: Vec<String>,
}

impl Evidence {
    /// Adds it. A kind of sign-in that no file covers stays unknown, and so does a user who is in no record, unless files
    /// of both kinds cover the window: then the user has not signed in.
    pub fn merge_into(self, observed: &mut ObservedTenant) {
        let Self { mut found, mut senders, days, complete, refused, notes } = self;
        observed.notes.extend(notes.into_iter().map(Into::into));
        if let Some(reason) = refused {
            let reason = match observed.unavailable.iter().find(|one| one.fact == Fact::SignIns) {
                Some(known) => format!("{}; {reason}", known.reason),
                None => reason,
            };
            observed.unavailable.retain(|one| one.fact != Fact::SignIns);
            observed.unavailable.push(Unavailable { fact: Fact::SignIns, reason: reason.into() });
            return;
        }
        if days > 0 {
            observed.unavailable.retain(|one| one.fact != Fact::SignIns);
        }
        observed.update_users(|users| {
            for (index, user) in (0..).map(UserIndex).zip(users) {
                let told = match found.remove(&index) {
                    Some((sign_ins, seen)) => {
                        user.last_sign_in = later(user.last_sign_in, seen.any);
                        user.last_interactive_sign_in = later(user.last_interactive_sign_in, seen.interactive);
                        Some(sign_ins)
                    }
                    None if complete => Some(aggregate::nothing(days)),
                    None if days > 0 && user.sign_ins.is_none() => {
                        Some(SignIns { window_days: Some(days), ..SignIns::default() })
                    }
                    None => None,
                };
                if let Some(told) = told {
                    let joined = match user.sign_ins.take() {
                        Some(known) => join::stronger(*known, told),
                        None => told,
                    };
                    user.sign_ins = Some(Box::new(joined));
                }
                if let Some(sender) = senders.remove(&index) {
                    smtp::add(user.sign_ins.get_or_insert_default(), sender);
                }
            }
        });
    }
}

/// A record newer than the date that the tenant gave. An unknown date stays unknown where no record says more.
fn later(known: LastSignIn, seen: Option<Timestamp>) -> LastSignIn {
    match (known, seen) {
        (LastSignIn::At(known), Some(seen)) => LastSignIn::At(known.max(seen)),
        (LastSignIn::Unknown | LastSignIn::Never, Some(seen)) => LastSignIn::At(seen),
        (known, None) => known,
    }
}

/// The kind that the portal's own name of a download says: `InteractiveSignIns_2026-11-21_2026-11-28.csv`.
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

const fn plural(records: u64) -> &'static str {
    if records == 1 { "record" } else { "records" }
}

const fn separated(separator: u8) -> Option<&'static str> {
    match separator {
        b';' => Some("semicolons"),
        b'\t' => Some("tabs"),
        _ => None,
    }
}

/// How a file is named with what it does not say itself.
fn form(name: &str, kind: &str, span: bool) -> String {
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

#[cfg(test)]
mod tests;
