//! Exchange's report of SMTP AUTH clients, which tenants without a sign-in log have: who sent mail by client submission,
//! and how much, over up to 90 days ("SMTP AUTH Clients report in the new Exchange admin center in Exchange Online").
//!
//! The page names the columns `Sender address`, `Domain`, `TLS 1.0`, `TLS 1.1`, `TLS 1.2` and `Messages sent`. That an
//! export may have a date, or say how a sender authenticates, is assumed: such columns are read where they are there.

use std::io::BufRead;

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

use super::csv::{Problem, Rows, timestamp};
use crate::tenant::{LegacySignIns, SignIns};

/// What a report says of one sender.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Sender {
    /// The address it sent as.
    pub(crate) address: String,
    /// How many messages.
    pub(crate) messages: u32,
    /// The start of the time it is of.
    pub(crate) from: Timestamp,
    /// Its end.
    pub(crate) to: Timestamp,
}

/// A report that was read.
pub(crate) struct Report {
    /// The senders.
    pub(crate) senders: Vec<Sender>,
    /// Senders left out because they do not use a password.
    pub(crate) by_oauth: u64,
}

pub(super) const HINT: &str = "export it in English: Exchange admin center, Reports > Mail flow > SMTP AUTH clients; and say \
     which time it is of: `sign_ins = [{ file = \"smtp.csv\", kind = \"smtp_report\", from = \"2026-10-29\", to = \"2026-11-28\" }]`";

const SENDER: &str = "Sender address";
const MESSAGES: &str = "Messages sent";

fn place(header: &::csv::StringRecord, wanted: &str) -> Option<usize> {
    header.iter().position(|column| column.trim().eq_ignore_ascii_case(wanted))
}

/// Is it this report, by its columns?
pub(super) fn is_report(header: &::csv::StringRecord) -> bool {
    place(header, SENDER).is_some() && place(header, MESSAGES).is_some()
}

/// Reads a report; `span` is the time it is of, where its rows do not say theirs.
pub(super) fn read<R: BufRead>(rows: &mut Rows<R>, span: Option<(Timestamp, Timestamp)>) -> Result<Report, Problem> {
    let header = &rows.header;
    let (Some(sender), Some(messages)) = (place(header, SENDER), place(header, MESSAGES)) else {
        let message =
            format!("the header is not that of the SMTP AUTH clients report: it lacks `{SENDER}` or `{MESSAGES}`");
        return Err(Problem { line: Some(rows.line()), message });
    };
    let date = place(header, "Date");
    let protocol = header.iter().position(|column| column.to_ascii_lowercase().contains("auth"));
    if date.is_none() && span.is_none() {
        let message = "the report does not say which time it is of".to_owned();
        return Err(Problem { line: None, message });
    }
    let mut report = Report { senders: Vec::new(), by_oauth: 0 };
    let mut row = ::csv::StringRecord::new();
    while let Some(line) = rows.next(&mut row)? {
        let wrong = |message: String| Problem { line: Some(line), message };
        let cell = |index: usize| row.get(index).unwrap_or_default().trim();
        let text = cell(messages);
        let digits: String = text.chars().filter(|c| !matches!(c, ',' | '.' | ' ' | '\u{a0}')).collect();
        let count =
            digits.parse().map_err(|_| wrong(format!("`{}` is not a number of messages", text.escape_debug())))?;
        let (from, to) = match (date.map(cell), span) {
            (Some(day), _) if !day.is_empty() => day_of(day)
                .ok_or_else(|| wrong(format!("`{}` is not a date such as 2026-11-20", day.escape_debug())))?,
            (_, Some(span)) => span,
            _ => return Err(wrong("the row has no date".to_owned())),
        };
        if !cell(sender).contains('@') {
            return Err(wrong(format!("`{}` is not an address", cell(sender).escape_debug())));
        }
        if protocol.is_some_and(|index| cell(index).to_ascii_lowercase().contains("oauth")) {
            report.by_oauth += 1;
            continue;
        }
        let address = cell(sender);
        match report.senders.iter_mut().find(|one| date.is_some() && one.address.eq_ignore_ascii_case(address)) {
            Some(known) => {
                known.messages = known.messages.saturating_add(count);
                (known.from, known.to) = (known.from.min(from), known.to.max(to));
            }
            None => report.senders.push(Sender { address: address.to_owned(), messages: count, from, to }),
        }
    }
    report.senders.retain(|one| one.messages > 0);
    Ok(report)
}

/// A day, or an instant.
fn day_of(text: &str) -> Option<(Timestamp, Timestamp)> {
    if let Ok(day) = text.parse::<civil::Date>() {
        let from = TimeZone::UTC.to_timestamp(day.to_datetime(civil::Time::midnight())).ok()?;
        return Some((from, from + SignedDuration::from_secs(24 * 3600 - 1)));
    }
    timestamp(text).map(|at| (at, at))
}

/// Adds what the report says where the log shows nothing: messages are no sign-ins, so the two are never summed.
pub(super) fn add(sign_ins: &mut SignIns, sender: LegacySignIns) {
    let known = sign_ins.legacy.take().unwrap_or_default();
    let smtp = ["Authenticated SMTP", "SMTP"];
    if known.iter().any(|one| one.count > 0 && smtp.iter().any(|name| one.protocol.eq_ignore_ascii_case(name))) {
        sign_ins.legacy = Some(known);
        return;
    }
    let mut all: Vec<LegacySignIns> =
        known.into_iter().filter(|one| !smtp.iter().any(|name| one.protocol.eq_ignore_ascii_case(name))).collect();
    all.push(sender);
    all.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.protocol.cmp(&b.protocol)));
    sign_ins.legacy = Some(all.into());
}
