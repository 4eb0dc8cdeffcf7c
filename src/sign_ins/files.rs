//! Files of sign-in records as the Entra portal downloads them: `tenant.sign_ins`.

use std::{
    fmt,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};

use super::{Aggregator, EventKind, Record, csv, json};
use crate::tenant::{Fact, ObservedTenant, Text, User, UserId};

/// The portal cuts a download at this many records ("Download logs in Microsoft Entra ID"); a file that long may lack
/// records, so users it does not name stay unknown.
const PORTAL_LIMIT: u64 = 100_000;

/// Who a record is of: the object id where the file has it, else the sign-in name in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum UserKey {
    /// By object id.
    Id(UserId),
    /// By sign-in name, lower case.
    Name(Text),
}

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

/// Reads these files and merges them into the tenant's users: what is known of sign-ins is then what the files say.
/// Paths are shown relative to `base`; nothing happens where there is no file.
///
/// # Errors
/// The first file that cannot be read or is none.
pub(crate) fn merge_files(
    files: &[PathBuf],
    base: &Path,
    window_days: u16,
    observed: &mut ObservedTenant,
) -> Result<(), FileError> {
    if files.is_empty() {
        return Ok(());
    }
    let mut all = SignInFiles::new(observed.captured_at, window_days);
    for path in files {
        let name = path.strip_prefix(base).unwrap_or(path).display().to_string();
        let file = File::open(path).map_err(|error| FileError {
            file: name.clone(),
            line: None,
            message: format!("cannot be read: {error}"),
            hint: Some("`sign_ins` in the `tenant` block names it".into()),
        })?;
        all.read(&name, file)?;
    }
    observed.update_users(|users| all.merge_into(users));
    observed.unavailable.retain(|one| one.fact != Fact::SignIns);
    Ok(())
}

/// Sign-in records of any number of files, aggregated as they are read.
pub struct SignInFiles {
    now: Timestamp,
    since: Timestamp,
    window_days: u16,
    log: Aggregator<UserKey>,
    earliest: Option<Timestamp>,
    interactive: bool,
    non_interactive: bool,
    truncated: bool,
    skipped: u64,
}

impl SignInFiles {
    /// For a plan at `now` that looks back `window_days` days. Older (and later) records are left out.
    #[must_use]
    pub fn new(now: Timestamp, window_days: u16) -> Self {
        let since = now - SignedDuration::from_hours(24 * i64::from(window_days));
        Self {
            now,
            since,
            window_days,
            log: Aggregator::default(),
            earliest: None,
            interactive: false,
            non_interactive: false,
            truncated: false,
            skipped: 0,
        }
    }

    /// Records outside the window.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Records counted.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.log.records()
    }

    /// Reads one file. JSON and CSV are told apart by the first character, the kind of sign-in by the records (JSON) or
    /// the file's name (CSV: `NonInteractiveSignIns_…`).
    ///
    /// # Errors
    /// When the file cannot be read, is neither, or lacks a column that is needed; with its line where there is one.
    pub fn read(&mut self, name: &str, input: impl Read) -> Result<(), FileError> {
        let fail = |line, message, hint| FileError { file: name.to_owned(), line, message, hint };
        let mut input = BufReader::new(input);
        let start = input.fill_buf().map_err(|error| fail(None, error.to_string(), None))?;
        if start.starts_with(b"\xef\xbb\xbf") {
            input.consume(3);
        }
        let start = input.fill_buf().map_err(|error| fail(None, error.to_string(), None))?;
        let json =
            start.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| matches!(byte, b'[' | b'{'));
        let before = self.records() + self.skipped;
        let named_non_interactive = name.to_ascii_lowercase().replace(['-', '_', ' '], "").contains("noninteractive");
        if json {
            json::read(input, &mut |sign_in| {
                let record = sign_in.record();
                if record.at.is_none() {
                    return Err("a record without a readable `createdDateTime`".to_owned());
                }
                self.add(&sign_in.user_id.0, &sign_in.user_principal_name.0, &record);
                Ok(())
            })
            .map_err(|error| {
                let text = error.to_string();
                let message = text.split(" at line ").next().unwrap_or_default().to_owned();
                let line = (!error.is_data() && error.line() > 0).then_some(error.line() as u64);
                fail(line, message, Some(HINT.to_owned()))
            })?;
        } else {
            let kind = if named_non_interactive { EventKind::NonInteractive } else { EventKind::Interactive };
            csv::read(input, kind, &mut |row| self.add(row.user_id, row.user_name, &row.record))
                .map_err(|problem| fail(problem.line, problem.message, Some(HINT.to_owned())))?;
        }
        // A file without one record still says that its log was looked at: nobody signed in that way.
        if named_non_interactive {
            self.non_interactive = true;
        } else if name.to_ascii_lowercase().contains("interactive") || !json {
            self.interactive = true;
        }
        self.truncated |= self.records() + self.skipped - before >= PORTAL_LIMIT;
        Ok(())
    }

    fn add(&mut self, id: &str, name: &str, record: &Record<'_>) {
        match record.kind {
            EventKind::Interactive => self.interactive = true,
            EventKind::NonInteractive => self.non_interactive = true,
            EventKind::Other => {}
        }
        let Some(at) = record.at.filter(|at| (self.since..=self.now).contains(at)) else {
            self.skipped += 1;
            return;
        };
        let key = match id.parse::<UserId>() {
            Ok(id) => UserKey::Id(id),
            Err(_) if !name.is_empty() => UserKey::Name(name.to_lowercase().into()),
            Err(_) => return,
        };
        self.earliest = Some(self.earliest.map_or(at, |earliest| earliest.min(at)));
        self.log.add(key, record);
    }

    /// How many days the records cover: from the earliest on, at most the window.
    #[must_use]
    pub fn covered_days(&self) -> u16 {
        let Some(earliest) = self.earliest else { return self.window_days };
        let days = (self.now.duration_since(earliest).as_secs().max(0) as u64).div_ceil(24 * 3600);
        (days.max(1) as u16).min(self.window_days)
    }

    /// Writes what the files say into the users. A kind of sign-in that no file covers stays unknown; a user whom
    /// complete files do not name has not signed in.
    pub fn merge_into(&self, users: &mut [User]) {
        let days = self.covered_days();
        for user in users {
            let name = || UserKey::Name(user.user_principal_name.to_lowercase().into());
            let found = self.log.of(&UserKey::Id(user.id), days).or_else(|| self.log.of(&name(), days));
            let Some(mut sign_ins) = found.or_else(|| (!self.truncated).then(|| Aggregator::<UserKey>::nothing(days)))
            else {
                continue;
            };
            if !self.interactive {
                (sign_ins.interactive, sign_ins.interactive_mfa) = (None, None);
            }
            if !self.non_interactive {
                sign_ins.non_interactive = None;
            }
            user.sign_ins = Some(Box::new(sign_ins));
        }
    }
}

const HINT: &str = "download the log again in the Entra admin center: Monitoring & health > Sign-in logs > Download, as \
                    JSON or CSV, without changing the file";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{MfaState, ObservedState};

    const NOW: &str = "2026-11-20T08:00:00Z";
    const HEADER: &str = "Date (UTC),Request ID,User agent,User ID,User,Username,Authentication Protocol,Application,\
                          Application ID ,IP address,Status,Sign-in error code,Client app,Authentication requirement,\
                          Multifactor authentication result";

    fn files() -> SignInFiles {
        SignInFiles::new(NOW.parse().unwrap(), 30)
    }

    fn user(n: u8, name: &str) -> User {
        let id = UserId::new(uuid::Uuid::from_u128(n.into()));
        User::new(id, name.into(), ObservedState::Known(MfaState::Disabled))
    }

    fn row(at: &str, id: &str, name: &str, status: &str, client: &str) -> String {
        format!(
            "\n{at},r,python-requests/2.31 (x),{id},Someone,{name},ropc,Mail,app-1,192.0.2.1,{status},,{client},Multifactor authentication,"
        )
    }

    #[test]
    fn a_csv_download_tells_of_every_user_it_names_and_of_silence() {
        let mut files = files();
        let ada = user(1, "ada@contoso.com");
        let csv = [
            HEADER.to_owned(),
            row("2026-11-19T10:00:00Z", &ada.id.to_string(), "", "Success", "IMAP4"),
            row("2026-11-18T10:00:00", "", "Ben@Contoso.com", "Failure", "Browser"),
            row("2026-09-01T10:00:00Z", &ada.id.to_string(), "", "Success", "IMAP4"),
        ]
        .concat();
        files.read("InteractiveSignIns_2026.csv", csv.as_bytes()).unwrap();
        assert_eq!((files.records(), files.skipped(), files.covered_days()), (2, 1, 2));

        let mut users = vec![ada, user(2, "ben@contoso.com"), user(3, "eve@contoso.com")];
        files.merge_into(&mut users);
        let of = |n: usize| users[n].sign_ins.clone().unwrap();
        assert_eq!((of(0).interactive, of(0).interactive_mfa, of(0).ropc), (Some(1), Some(1), Some(1)));
        assert_eq!(of(0).legacy_total(), Some(1));
        assert_eq!(of(0).clients.unwrap()[..], ["python-requests/2.31"]);
        assert_eq!((of(1).failed, of(1).interactive), (Some(1), Some(0)), "by name, whatever its case");
        assert_eq!((of(2).interactive, of(2).non_interactive), (Some(0), None), "no file of the other kind");
    }

    #[test]
    fn json_downloads_carry_the_kind_in_each_record() {
        let mut files = files();
        let ada = user(1, "ada@contoso.com");
        let json = format!(
            "\u{feff}[{{\"createdDateTime\":\"2026-11-19T10:00:00Z\",\"userId\":\"{0}\",\"isInteractive\":false,\
             \"clientAppUsed\":\"Authenticated SMTP\",\"ipAddress\":\"192.0.2.9\",\"status\":{{\"errorCode\":0}},\
             \"authenticationDetails\":[{{\"authenticationMethod\":\"App Password\"}}]}},\
             {{\"createdDateTime\":\"2026-11-19T11:00:00Z\",\"userId\":\"{0}\",\"isInteractive\":true,\"appId\":null}}]",
            ada.id
        );
        files.read("logs.json", json.as_bytes()).unwrap();
        let mut users = vec![ada];
        files.merge_into(&mut users);
        let found = users[0].sign_ins.clone().unwrap();
        assert_eq!((found.interactive, found.non_interactive, found.app_password), (Some(1), Some(1), Some(1)));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let mut files = files();
        let said = |result: Result<(), FileError>| result.unwrap_err().to_string();
        assert_eq!(
            said(files.read("a.csv", &b"Date (UTC),User\n"[..])),
            "a.csv:1: the header lacks the column `Client app`, `User ID` or `Username`, `Status` or `Sign-in error code`"
        );
        let bad = format!("{HEADER}{}", row("19/11/2026 10:00", "", "x@contoso.com", "Success", "Browser"));
        assert_eq!(
            said(files.read("b.csv", bad.as_bytes())),
            "b.csv:2: `19/11/2026 10:00` is not a date such as 2026-11-20T08:00:00Z"
        );
        let broken = "[\n{\"createdDateTime\":\"2026-11-19T11:00:00Z\"},\n{\"createdDateTime\":7}\n]";
        let text = said(files.read("c.json", broken.as_bytes()));
        assert!(text.starts_with("c.json: record 2 is not a sign-in: invalid type"), "{text}");
        assert!(said(files.read("d.json", &b"[{\"createdDateTime\""[..])).starts_with("d.json:1: EOF"));
    }
}
