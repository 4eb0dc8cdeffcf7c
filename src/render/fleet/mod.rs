//! A set of plans: one table for a terminal, a comment, a page or a spreadsheet.

mod html;
mod markdown;
#[cfg(test)]
mod tests;
mod text;

use std::io::{self, Write};

use super::escape;
use crate::fleet::Report;

/// How a set can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FleetFormat {
    /// For a terminal.
    Text,
    /// JSON.
    Json,
    /// For a pull request.
    Markdown,
    /// A page of its own.
    Html,
    /// For a spreadsheet.
    Csv,
}

impl FleetFormat {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Text, Self::Json, Self::Markdown, Self::Html, Self::Csv];

    /// Its name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Csv => "csv",
        }
    }
}

impl std::str::FromStr for FleetFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(())
    }
}

/// Writes a report.
///
/// # Errors
/// When writing fails.
pub(crate) fn write(report: &Report, format: FleetFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        FleetFormat::Text => text::write(report, out),
        FleetFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, report)?;
            writeln!(out)
        }
        FleetFormat::Markdown => out.write_all(markdown::comment(report).as_bytes()),
        FleetFormat::Html => html::write(report, out),
        FleetFormat::Csv => csv(report, out),
    }
}

fn csv(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "tenant,tenant_id,ring,status,enforce,enable,relax,disable,held,blocked,refused,blind,expiring,digest,error\r\n"
    )?;
    for row in &report.tenants {
        let text = |value: &Option<String>| escape::csv(value.as_deref().unwrap_or_default()).into_owned();
        write!(
            out,
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n",
            escape::csv(&row.tenant),
            text(&row.tenant_id),
            text(&row.ring),
            status(row),
            row.enforce,
            row.enable,
            row.relax,
            row.disable,
            row.held,
            row.blocked,
            row.refused,
            escape::csv(&row.blind.join(" ")),
            row.expiring,
            text(&row.digest),
            text(&row.error),
        )?;
    }
    Ok(())
}

/// One word for a tenant: what is most urgent about it.
fn status(row: &crate::fleet::Row) -> &'static str {
    match row {
        _ if row.error.is_some() => "error",
        _ if row.refused > 0 => "refused",
        _ if row.written() > 0 => "changes",
        _ if row.held + row.blocked > 0 => "waits",
        _ => "as declared",
    }
}

/// A column of numbers: its heading, and its value.
type Column = (&'static str, fn(&crate::fleet::Row) -> u64);

/// All of them.
const COLUMNS: [Column; 7] = [
    ("enforce", |row| row.enforce),
    ("enable", |row| row.enable),
    ("lower", |row| row.relax + row.disable),
    ("held", |row| row.held),
    ("blocked", |row| row.blocked),
    ("refused", |row| row.refused),
    ("expiring", |row| row.expiring),
];
