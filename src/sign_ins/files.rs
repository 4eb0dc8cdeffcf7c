//! Files of sign-in records as the Entra portal downloads them: `tenant.sign_ins`.
//!
//! A file counts for the stretch of time that its records span and for the users of this tenant. What it says is added to
//! what the tenant says; it never replaces it.

use std::{collections::HashMap, fmt, fs::File, io::Read, path::Path, sync::Arc};

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use super::{
    Aggregator, aggregate,
    cover::Cover,
    join,
    records::{self, Kept, Register, Sink, Who, form},
    requests::Requests,
    smtp::{self, Sender},
};
use crate::tenant::{
    Cell, Fact, LegacySignIns, ObservedTenant, SignInDates, SignInFile, SignInKind, SignInShape, SignIns, Unavailable,
    UserIndex,
};

/// The portal cuts a download at this many records ("Download logs in Microsoft Entra ID"). It covers no more than its
/// records span, like every file; that it was cut is told.
pub(crate) const PORTAL_LIMIT: u64 = 100_000;

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
    requests: Requests,
    register: Arc<Register>,
    /// The users and shapes of the register, as far as they have been asked for.
    users: Vec<Option<UserIndex>>,
    shapes: Vec<Arc<SignInShape>>,
    covered: [Cover; 2],
    senders: HashMap<UserIndex, LegacySignIns>,
    files: Vec<String>,
    outside: u64,
    elsewhere: u64,
    notes: Vec<String>,
}

/// Where a window begins: at midnight (UTC) of its first day, so that whole days are in it or are not.
pub(crate) fn window_start(now: Timestamp, days: u16) -> Timestamp {
    let first = now - SignedDuration::from_hours(24 * i64::from(days));
    let midnight = TimeZone::UTC.to_datetime(first).date().to_datetime(Time::midnight());
    TimeZone::UTC.to_timestamp(midnight).unwrap_or(first)
}

/// Records looked at together, to see which are counted already: a few megabytes.
const SLICE: usize = 1 << 17;

/// A file on its way into [`SignInFiles`].
struct Direct<'a, 't> {
    all: &'a mut SignInFiles<'t>,
    counts: Counts,
    /// Records that wait, and whose they are.
    waiting: Vec<(UserIndex, Kept)>,
}

impl Sink for Direct<'_, '_> {
    fn record(&mut self, record: Kept) {
        let counts = &mut self.counts;
        counts.records += 1;
        // The file is of the time that all its records span, whoever they are of.
        let (from, to) = counts.span.unwrap_or((record.at, record.at));
        counts.span = Some((from.min(record.at), to.max(record.at)));
        counts.kinds[record.kind as usize] = true;
        counts.without_id += u64::from(record.request.is_none());
        match record.user.and_then(|number| self.all.user(number)) {
            Some(user) => {
                counts.ours = true;
                self.waiting.push((user, record));
            }
            None => counts.elsewhere += 1,
        }
    }

    fn ready(&mut self) -> Result<(), String> {
        if self.waiting.len() < SLICE { Ok(()) } else { self.settle() }
    }

    fn forget_shapes(&mut self) -> Result<(), String> {
        self.settle()?;
        self.all.log.forget_numbers();
        self.all.shapes.clear();
        self.all.register.forget_shapes();
        Ok(())
    }
}

impl Direct<'_, '_> {
    /// Counts the records that wait, each once.
    fn settle(&mut self) -> Result<(), String> {
        let Self { all, counts, waiting } = self;
        let new_shapes = all.register.shapes_from(all.shapes.len());
        all.shapes.extend(new_shapes);
        let day = |at: Timestamp| TimeZone::UTC.to_datetime(at).date();
        let requests: Vec<(Date, u64)> =
            waiting.iter().filter_map(|(_, record)| Some((day(record.at), record.request?))).collect();
        let new = all
            .requests
            .take(&requests)
            .map_err(|error| format!("ids of records cannot be kept in the temporary directory: {error}"))?;
        let mut new = new.into_iter();
        waiting.retain(|(_, record)| {
            let again = record.request.is_some() && new.next() == Some(false);
            let outside = !again && !(all.since..=all.now).contains(&record.at);
            counts.again += u64::from(again);
            counts.outside += u64::from(outside);
            !again && !outside
        });
        all.log.count(waiting, &all.shapes);
        waiting.clear();
        Ok(())
    }
}

/// What is counted of one file.
#[derive(Default)]
struct Counts {
    records: u64,
    outside: u64,
    elsewhere: u64,
    again: u64,
    without_id: u64,
    ours: bool,
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
            since: window_start(now, window_days),
            window_days,
            log: Aggregator::new(tenant.id),
            requests: Requests::default(),
            register: Arc::new(Register::new(tenant.id)),
            users: Vec::new(),
            shapes: Vec::new(),
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
    pub fn read(&mut self, file: &SignInFile, name: &str, input: impl Read + Send) -> Result<(), FileError> {
        let register = Arc::clone(&self.register);
        let mut direct = Direct { all: self, counts: Counts::default(), waiting: Vec::new() };
        let found = records::read(file, name, input, &register, &mut direct)?;
        direct.settle().map_err(|message| FileError { file: name.to_owned(), line: None, message, hint: None })?;
        let Direct { all, counts, waiting: _ } = direct;
        if let Some(called) = found.separator {
            all.notes.push(format!("{name}: the columns are separated by {called}; it was read so"));
        }
        match found.report {
            Some(report) => all.report(file, name, &report),
            None => all.close(file, name, found.kind, counts),
        }
    }

    /// The user of this number in the register.
    fn user(&mut self, number: u32) -> Option<UserIndex> {
        if number as usize >= self.users.len() {
            let new = self.register.users_from(self.users.len());
            self.users.extend(new.iter().map(|who| who.in_tenant(self.tenant)));
        }
        self.users.get(number as usize).copied().flatten()
    }

    /// What a file that was read to its end covers, and what is to be said of it.
    fn close(
        &mut self,
        file: &SignInFile,
        name: &str,
        kind: Option<SignInKind>,
        counts: Counts,
    ) -> Result<(), FileError> {
        let Counts { records, outside, elsewhere, again, without_id, ours, mut kinds, span } = counts;
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
        if let Some((from, to)) = file.span.or(span).filter(|_| records == 0 || ours) {
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
    fn report(&mut self, file: &SignInFile, name: &str, read: &smtp::Report) -> Result<(), FileError> {
        if read.senders.is_empty() && file.span.is_none() {
            return Err(FileError {
                file: name.to_owned(),
                line: None,
                message: "it holds no sender".to_owned(),
                hint: Some(smtp::HINT.to_owned()),
            });
        }
        let mut elsewhere = 0;
        for sender in &read.senders {
            if !self.sender(sender) {
                elsewhere += 1;
            }
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

    /// Counts one sender; `false` where they are no user of this tenant.
    pub(crate) fn sender(&mut self, sender: &Sender) -> bool {
        let by_mail = || {
            let mut all = self.tenant.indexed();
            all.find(|(_, user)| user.mail.as_ref().is_some_and(|mail| mail.eq_ignore_ascii_case(&sender.address)))
        };
        let user = self.tenant.by_name(&sender.address).or_else(|| by_mail().map(|(index, _)| index));
        let Some(user) = user else { return false };
        // Sent before the window began is no evidence for it; how much of it, the report does not say.
        if sender.to < self.since || sender.from > self.now {
            self.outside += 1;
            return true;
        }
        let entry = self.senders.entry(user).or_insert_with(|| LegacySignIns {
            protocol: "Authenticated SMTP".into(),
            count: 0,
            last: None,
            distinct_ips: None,
        });
        entry.count = entry.count.max(sender.messages);
        entry.last = entry.last.max(Some(sender.to.min(self.now)));
        true
    }

    /// The window: its first instant and its last.
    pub(crate) fn window(&self) -> (Timestamp, Timestamp) {
        (self.since, self.now)
    }

    /// Notes ids, sorted, of records of a day that are counted already.
    ///
    /// # Errors
    /// When they cannot be kept.
    pub(crate) fn counted_before(&mut self, day: Date, ids: impl Iterator<Item = u64>) -> std::io::Result<()> {
        self.requests.add_run(day, ids)
    }

    /// Adds records that were counted before; `false` where they are of nobody in this tenant.
    pub(crate) fn cell(&mut self, who: &Who, cell: Cell) -> bool {
        let Some(user) = who.in_tenant(self.tenant) else { return false };
        self.log.add_cell(user, cell);
        true
    }

    /// Says that a log of this kind was read whole for this stretch of time.
    pub(crate) fn covers(&mut self, kind: SignInKind, from: Timestamp, to: Timestamp) {
        self.covered[kind as usize].add(from, to);
    }

    /// Says where the evidence is from, for a message that names it.
    pub(crate) fn name_source(&mut self, name: &str) {
        self.files.push(name.to_owned());
    }

    /// What all files together say.
    #[must_use]
    pub fn finish(self) -> Evidence {
        let Self {
            tenant: _,
            now,
            since,
            window_days,
            log,
            requests: _,
            register: _,
            users: _,
            shapes: _,
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
        let mut found = log.everybody(days);
        for (sign_ins, _) in found.values_mut() {
            if !known[0] {
                (sign_ins.interactive, sign_ins.interactive_mfa) = (None, None);
            }
            if !known[1] {
                sign_ins.non_interactive = None;
            }
        }
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
    found: HashMap<UserIndex, (SignIns, SignInDates)>,
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
                        user.seen(seen);
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

const fn plural(records: u64) -> &'static str {
    if records == 1 { "record" } else { "records" }
}

#[cfg(test)]
mod tests;
