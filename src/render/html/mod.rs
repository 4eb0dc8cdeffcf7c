//! A report as one page: no request leaves it, it opens from a file, in light and dark, prints, and works with a keyboard
//! and a screen reader.
//!
//! The verdict, the numbers and the causes are plain HTML, written here. The table of users is drawn by `page.js` from
//! JSON in the page: only the visible rows are in the document, so 20,000 users scroll as smoothly as twenty. The page
//! may run exactly that script and that style sheet (a content security policy with their hashes), so a name from the
//! tenant that slipped through the escaping still could not run anything.

mod charts;
mod data;
mod sections;

use std::{io, io::BufWriter, io::Write};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;

use super::{Options, escape::html};
use crate::plan::Plan;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// So many users are in the table, those who will be written first. 20,000 rows make a page of a few megabytes.
pub(crate) const ROWS: usize = 20_000;

/// Whoever will be written is on the page even beyond [`ROWS`]: a reviewer has to be able to look each of them up. Beyond
/// this many a page would not open any more (some 200 bytes a row).
const APPLIED_ROWS: usize = 100_000;

/// How many changes the table has.
#[derive(Clone, Copy)]
struct Rows {
    /// Of those that will be written.
    applied: usize,
    /// Of all decisions.
    all: usize,
}

/// The rows of a page with room for `limit` users.
fn rows(plan: &Plan, limit: usize) -> Rows {
    let applied = plan.applicable().count();
    let applied = applied.min(limit.max(APPLIED_ROWS));
    // Those that are withheld or wait have a quarter of the table at least.
    Rows { applied, all: plan.changes.len().min(limit.max(applied + limit / 4)) }
}

/// Writes the page.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(plan: &Plan, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    let title = format!("MFA plan for {}", plan.tenant.name);
    head(&title, &format!("script-src 'sha256-{}'; ", hash(SCRIPT)), &mut out)?;
    sections::write(plan, options.html_rows, &mut out)?;
    out.write_all(b"<script type=\"application/json\" id=\"data\">")?;
    data::write(plan, options.html_rows, &mut out)?;
    write!(out, "</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n")?;
    out.flush()
}

/// A page without a script, in the same clothes.
///
/// # Errors
/// Those of the writer.
pub(in crate::render) fn static_page(
    title: &str,
    out: &mut dyn Write,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    head(title, "", out)?;
    body(out)?;
    out.write_all(b"</body>\n</html>\n")?;
    out.flush()
}

fn head(title: &str, scripts: &str, out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; {scripts}\
         style-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        hash(STYLE),
        html(title),
    )
}

fn hash(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(digest(&SHA256, text.as_bytes()))
}

#[cfg(test)]
mod browser;
#[cfg(test)]
mod tests;
