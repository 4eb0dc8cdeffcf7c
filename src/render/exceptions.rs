//! Who is exempt and why, for a terminal, a spreadsheet, a page and a program.

use std::{
    fmt::{self, Write as _},
    io,
    io::Write,
    str::FromStr,
};

use jiff::Timestamp;

use super::{escape, html as page, words};
use crate::{
    plan::{
        Plan,
        exceptions::Exception,
        file::{tenant_id_text, user_id_text},
    },
    risk::Place,
    severity::Severity,
};

/// The formats of this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExceptionFormat {
    /// For a terminal.
    Text,
    /// For a spreadsheet.
    Csv,
    /// A page of its own.
    Html,
    /// For a program.
    Json,
}

impl ExceptionFormat {
    /// Every format, in the order of the help text.
    pub(crate) const ALL: [Self; 4] = [Self::Text, Self::Csv, Self::Html, Self::Json];

    /// The word on the command line.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Csv => "csv",
            Self::Html => "html",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for ExceptionFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ExceptionFormat {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(())
    }
}

/// From how many days before its end on an exception is told to end soon: that of MFA090.
const SOON: i64 = 30;

/// Writes the list.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(
    plan: &Plan,
    list: &[Exception<'_>],
    format: ExceptionFormat,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        ExceptionFormat::Text => text(plan, list, out),
        ExceptionFormat::Csv => csv(list, out),
        ExceptionFormat::Html => html(plan, list, out),
        ExceptionFormat::Json => json(plan, list, out),
    }
}

/// `ends in 9 days (2026-12-03)`
fn ends(one: &Exception<'_>) -> String {
    let until = one.until.as_deref().unwrap_or_default();
    match one.days_left {
        None if until.is_empty() => "no end".to_owned(),
        None => format!("until {until}"),
        Some(..=-1) => format!("EXPIRED on {until}"),
        Some(0) => format!("ends today ({until})"),
        Some(days @ 1..=SOON) => format!("ends soon, in {} ({until})", words::count(days as u64, "day")),
        Some(days) => format!("ends in {} ({until})", words::count(days.unsigned_abs(), "day")),
    }
}

/// How many end soon, and how many are over: what the list is read for.
fn verdict(list: &[Exception<'_>]) -> String {
    let expired = list.iter().filter(|one| one.expired()).count() as u64;
    let soon = list.iter().filter(|one| one.days_left.is_some_and(|days| (0..=SOON).contains(&days))).count() as u64;
    format!(
        "{}: {} expired, {} within {SOON} days.",
        words::count(list.len() as u64, "exception"),
        words::number(expired),
        match soon {
            1 => "1 ends".to_owned(),
            n => format!("{} end", words::number(n)),
        }
    )
}

fn name<'a>(one: &Exception<'a>) -> &'a str {
    one.user.map_or("(whole tenant, or nobody at present)", |user| user.user_principal_name.as_str())
}

fn at(place: &Place) -> String {
    if place.line == 0 {
        place.address.to_string()
    } else {
        format!("{} ({}:{})", place.address, place.file, place.line)
    }
}

fn risks(one: &Exception<'_>) -> String {
    let all: Vec<_> = one.risk.iter().map(|(rule, severity)| format!("{rule} {severity}")).collect();
    all.join(", ")
}

fn text(plan: &Plan, list: &[Exception<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    writeln!(out, "Exceptions in {} as of {}", escape::text(&plan.tenant.name), words::date(plan.as_of))?;
    writeln!(out, "{}", verdict(list))?;
    for one in list {
        let state = one.state.map_or_else(String::new, |state| format!(", {state} now"));
        writeln!(
            out,
            "\n{}  {}{}: {}",
            escape::text(name(one)),
            one.kind.as_str().replace('_', " "),
            escape::text(&state),
            ends(one)
        )?;
        let mut line = |what: &str, value: &str| {
            if value.is_empty() { Ok(()) } else { writeln!(out, "  {what:<12}{}", escape::text(value)) }
        };
        line("reason", &one.reason)?;
        line("block", &one.place.as_ref().map(at).unwrap_or_default())?;
        line("owner", one.owner.unwrap_or_default())?;
        line("approved by", one.approved_by.as_deref().unwrap_or_default())?;
        line("replacement", one.replacement.unwrap_or_default())?;
        line("rules", &one.rules.join(", "))?;
        line("risk", &risks(one))?;
    }
    out.flush()
}

const COLUMNS: [&str; 20] = [
    "user_principal_name",
    "display_name",
    "id",
    "kind",
    "address",
    "file",
    "line",
    "owner",
    "reason",
    "replacement",
    "approved_by",
    "since",
    "until",
    "days_left",
    "expired",
    "state",
    "rules",
    "risk",
    "account_kind",
    "registered",
];

fn csv(list: &[Exception<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for one in list {
        let place = one.place.as_ref();
        let line = place.filter(|place| place.line > 0).map_or_else(String::new, |place| place.line.to_string());
        let registered = one.user.and_then(|user| user.registered);
        csv.write_record([
            &*escape::csv(one.user.map_or("", |user| &user.user_principal_name)),
            &escape::csv(one.user.and_then(|user| user.display_name.as_deref()).unwrap_or_default()),
            &one.user.map_or_else(String::new, |user| user_id_text(user.id)),
            one.kind.as_str(),
            &escape::csv(place.map_or("", |place| &place.address)),
            &escape::csv(place.map_or("", |place| &place.file)),
            &line,
            &escape::csv(one.owner.unwrap_or_default()),
            &escape::csv(&one.reason),
            one.replacement.unwrap_or_default(),
            &escape::csv(one.approved_by.as_deref().unwrap_or_default()),
            // No block has a `since` yet; the column is part of the format.
            "",
            &escape::csv(one.until.as_deref().unwrap_or_default()),
            &one.days_left.map_or_else(String::new, |days| days.to_string()),
            if one.expired() { "yes" } else { "no" },
            &escape::csv(one.state.unwrap_or_default()),
            &one.rules.join("; "),
            &risks(one),
            one.user.map_or("", |user| user.kind.as_str()),
            match registered {
                Some(true) => "yes",
                Some(false) => "no",
                None => "",
            },
        ])?;
    }
    csv.flush()
}

fn html(plan: &Plan, list: &[Exception<'_>], out: &mut dyn Write) -> io::Result<()> {
    let title = format!("MFA exceptions in {}", plan.tenant.name);
    let mut body = format!(
        "<main><h1>{}</h1><p class=\"verdict {}\">{}</p>\n<p>As of {}.</p>\n\
         <section><h2>Who is exempt, and why</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Exceptions\">\
         <table class=\"rules\"><thead><tr>",
        escape::html(&title),
        if list.iter().any(Exception::expired) { "warn" } else { "calm" },
        verdict(list),
        words::date(plan.as_of),
    );
    for head in ["user", "kind", "ends", "reason", "block", "owner", "approved by", "replacement", "risk"] {
        let _ = write!(body, "<th scope=\"col\">{head}</th>");
    }
    body.push_str("</tr></thead><tbody>");
    for one in list {
        let cells = [
            format!("<code>{}</code>", escape::html(name(one))),
            escape::html(&one.kind.as_str().replace('_', " ")).into_owned(),
            escape::html(&ends(one)).into_owned(),
            escape::html_prose(&one.reason).into_owned(),
            one.place.as_ref().map_or_else(String::new, |place| format!("<code>{}</code>", escape::html(&at(place)))),
            escape::html(one.owner.unwrap_or_default()).into_owned(),
            escape::html(one.approved_by.as_deref().unwrap_or_default()).into_owned(),
            escape::html(one.replacement.unwrap_or_default()).into_owned(),
            escape::html(&risks(one)).into_owned(),
        ];
        body.push_str("<tr>");
        for cell in cells {
            let _ = write!(body, "<td>{cell}</td>");
        }
        body.push_str("</tr>\n");
    }
    body.push_str("</tbody></table></div></section></main>\n");
    page::static_page(&title, out, |out| out.write_all(body.as_bytes()))
}

/// The version of the document; minor = additions only.
const FORMAT_VERSION: &str = "1.0";

/// `exceptions --json`: everybody who is exempt or waits.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Exceptions"))]
struct DocumentV1<'a> {
    /// "1.0"; a minor version only adds members.
    format_version: &'static str,
    /// The tenant.
    tenant: TenantV1<'a>,
    /// The instant it is for.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    as_of: Timestamp,
    /// Those that end first come first, those without an end last; then by name.
    exceptions: Vec<ExceptionV1<'a>>,
}

/// The tenant.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Tenant"))]
struct TenantV1<'a> {
    /// Its id.
    id: String,
    /// Its display name.
    name: &'a str,
}

/// A user and one reason.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Exception"))]
struct ExceptionV1<'a> {
    /// Who; null for a waiver of the whole tenant, and for one that accepts nothing at present.
    user: Option<UserV1<'a>>,
    /// `break_glass`, `service_account`, `accept`, `hold`, `block` or `unmanaged`.
    kind: &'static str,
    /// The block behind it.
    address: Option<&'a str>,
    /// Its file, relative to the configuration directory.
    file: Option<&'a str>,
    /// Its line.
    line: Option<u32>,
    /// The block's `owner`.
    owner: Option<&'a str>,
    /// Why.
    reason: &'a str,
    /// What is to take the account's place.
    replacement: Option<&'a str>,
    /// Who approved it.
    approved_by: Option<&'a str>,
    /// Since when, where the block says so.
    since: Option<&'a str>,
    /// Until when, as written; a date is valid through that day.
    until: Option<&'a str>,
    /// Days to the end: 0 = today, negative = over.
    days_left: Option<i64>,
    /// Is its date over?
    expired: bool,
    /// The state they have.
    state: Option<&'a str>,
    /// The rules it is about.
    rules: &'a [&'a str],
    /// Findings about this user, worst first.
    risk: Vec<RiskV1<'a>>,
}

/// The user of an exception.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "User"))]
struct UserV1<'a> {
    /// Object id.
    id: String,
    /// Sign-in name.
    user_principal_name: &'a str,
    /// Display name.
    display_name: Option<&'a str>,
    /// What kind of account.
    kind: &'a str,
    /// Have they registered for MFA? null = unknown.
    registered: Option<bool>,
}

/// What is risked meanwhile.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Risk"))]
struct RiskV1<'a> {
    /// The rule's id.
    rule: &'a str,
    /// Its severity.
    severity: Severity,
}

fn json(plan: &Plan, list: &[Exception<'_>], out: &mut dyn Write) -> io::Result<()> {
    let exceptions = list.iter().map(|one| {
        let place = one.place.as_ref();
        let written = place.filter(|place| place.line > 0);
        ExceptionV1 {
            user: one.user.map(|user| UserV1 {
                id: user_id_text(user.id),
                user_principal_name: &user.user_principal_name,
                display_name: user.display_name.as_deref(),
                kind: user.kind.as_str(),
                registered: user.registered,
            }),
            kind: one.kind.as_str(),
            address: place.map(|place| place.address.as_str()),
            file: written.map(|place| place.file.as_str()),
            line: written.map(|place| place.line),
            owner: one.owner,
            reason: &one.reason,
            replacement: one.replacement,
            approved_by: one.approved_by.as_deref(),
            since: None,
            until: one.until.as_deref(),
            days_left: one.days_left,
            expired: one.expired(),
            state: one.state,
            rules: &one.rules,
            risk: one.risk.iter().map(|(rule, severity)| RiskV1 { rule, severity: *severity }).collect(),
        }
    });
    let document = DocumentV1 {
        format_version: FORMAT_VERSION,
        tenant: TenantV1 { id: tenant_id_text(plan.tenant.id), name: &plan.tenant.name },
        as_of: plan.as_of,
        exceptions: exceptions.collect(),
    };
    serde_json::to_writer(&mut *out, &document)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_schema_is_that_of_the_types() {
        let schema = crate::schema::of::<DocumentV1<'_>>();
        crate::schema::check("exceptions", "mfaplan exceptions --json", FORMAT_VERSION, schema);
    }
}
