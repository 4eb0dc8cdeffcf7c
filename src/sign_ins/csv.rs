//! The portal's CSV download. The columns are those of the sign-in log blade; their order is not relied on, and names
//! are compared without case and without surrounding space (the portal writes `Application ID ` with a space).

use std::io::Read;

use jiff::Timestamp;

use super::{EventKind, Record, wire::is_app_password};

/// One row: who signed in, and the record.
pub(super) struct Row<'a> {
    pub(super) user_id: &'a str,
    pub(super) user_name: &'a str,
    pub(super) record: Record<'a>,
}

/// A problem and its one-based line.
pub(super) struct Problem {
    pub(super) line: Option<u64>,
    pub(super) message: String,
}

/// The columns a plan reads; the download has about fifty.
struct Columns {
    date: usize,
    user_id: Option<usize>,
    user_name: Option<usize>,
    status: Option<usize>,
    error_code: Option<usize>,
    client_app: usize,
    address: Option<usize>,
    app: Option<usize>,
    app_id: Option<usize>,
    requirement: Option<usize>,
    protocol: Option<usize>,
    user_agent: Option<usize>,
    result: Option<usize>,
    method: Option<usize>,
}

impl Columns {
    fn find(header: &::csv::StringRecord) -> Result<Self, Problem> {
        let at = |names: &[&str]| {
            header.iter().position(|column| names.iter().any(|name| name.eq_ignore_ascii_case(column.trim())))
        };
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
            return Err(Problem {
                line: Some(1),
                message: format!("the header lacks the column {}", missing.join(", ")),
            });
        };
        Ok(Self {
            date,
            user_id,
            user_name,
            status,
            error_code,
            client_app,
            address: at(&["IP address", "ipAddress"]),
            app: at(&["Application", "appDisplayName"]),
            app_id: at(&["Application ID", "appId"]),
            requirement: at(&["Authentication requirement", "authenticationRequirement"]),
            protocol: at(&["Authentication Protocol", "authenticationProtocol"]),
            user_agent: at(&["User agent", "userAgent"]),
            result: at(&["Multifactor authentication result"]),
            method: at(&["Multifactor authentication auth method"]),
        })
    }
}

/// Calls `each` with every row. `kind` comes from the file's name: the columns of both downloads are the same.
pub(super) fn read(input: impl Read, kind: EventKind, each: &mut dyn FnMut(&Row<'_>)) -> Result<(), Problem> {
    let mut reader = ::csv::ReaderBuilder::new().flexible(true).from_reader(input);
    let problem =
        |error: ::csv::Error| Problem { line: error.position().map(::csv::Position::line), message: plain(&error) };
    let columns = Columns::find(reader.headers().map_err(problem)?)?;
    let mut row = ::csv::StringRecord::new();
    while reader.read_record(&mut row).map_err(problem)? {
        let cell = |index: usize| row.get(index).unwrap_or_default().trim();
        let maybe = |index: Option<usize>| index.map_or("", cell);
        let line = row.position().map(::csv::Position::line);
        if cell(columns.date).is_empty() && row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let at = timestamp(cell(columns.date)).ok_or_else(|| Problem {
            line,
            message: format!("`{}` is not a date such as 2026-11-20T08:00:00Z", cell(columns.date).escape_debug()),
        })?;
        let code = maybe(columns.error_code);
        let succeeded = match (code.parse::<i64>(), maybe(columns.status)) {
            (Ok(code), _) => code == 0,
            (Err(_), status) => status.eq_ignore_ascii_case("success") || status == "0",
        };
        each(&Row {
            user_id: maybe(columns.user_id),
            user_name: maybe(columns.user_name),
            record: Record {
                at: Some(at),
                kind,
                succeeded,
                error_code: code.parse().ok(),
                multi_factor: multi_factor(maybe(columns.requirement)),
                ropc: maybe(columns.protocol).eq_ignore_ascii_case("ropc"),
                app_password: is_app_password(maybe(columns.result)) || is_app_password(maybe(columns.method)),
                client_app: cell(columns.client_app),
                address: maybe(columns.address),
                app_id: maybe(columns.app_id),
                app_name: maybe(columns.app),
                user_agent: maybe(columns.user_agent),
            },
        });
    }
    Ok(())
}

/// The portal writes `Multifactor authentication`, the API `multiFactorAuthentication`.
fn multi_factor(requirement: &str) -> bool {
    requirement
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect::<String>()
        .eq_ignore_ascii_case("multifactorauthentication")
}

/// RFC 3339; without a zone it is UTC, as the column's name says.
fn timestamp(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
}

/// The error without its place, which is said apart.
fn plain(error: &::csv::Error) -> String {
    match error.kind() {
        ::csv::ErrorKind::Io(error) => error.to_string(),
        ::csv::ErrorKind::Utf8 { err, .. } => format!("not UTF-8 text: {err}"),
        other => format!("{other:?}").escape_debug().to_string(),
    }
}
