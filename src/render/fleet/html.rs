//! A page of its own: no script, no request leaves it.

use std::io::{self, Write};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;

use super::{COLUMNS, status};
use crate::{
    fleet::Report,
    render::{escape::html, words},
};

const STYLE: &str = include_str!("../readiness/page.css");

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let Report { fleet, digest: set, totals, tenants } = report;
    let hash = base64::engine::general_purpose::STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let title = format!("Fleet {fleet}");
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header><h1>{title}</h1>\n\
         <p class=\"quiet\">{}, {} planned</p></header>\n<main>\n<p>Set <code>{set}</code></p>\n",
        words::count(totals.tenants, "tenant"),
        totals.planned,
        title = html(&title),
    )?;
    out.write_all(b"<div class=\"wide\"><table>\n<caption>Tenants</caption>\n<thead><tr><th scope=\"col\">tenant</th><th scope=\"col\">ring</th>")?;
    for (name, _) in COLUMNS {
        write!(out, "<th scope=\"col\" class=\"n\">{name}</th>")?;
    }
    out.write_all(b"<th scope=\"col\">state</th><th scope=\"col\">blind</th></tr></thead>\n<tbody>\n")?;
    for row in tenants {
        write!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td>",
            html(&row.tenant),
            html(row.ring.as_deref().unwrap_or_default())
        )?;
        for (_, value) in COLUMNS {
            match value(row) {
                0 => out.write_all(b"<td class=\"n\"></td>")?,
                value => write!(out, "<td class=\"n\">{value}</td>")?,
            }
        }
        let state = row.error.as_ref().map_or_else(|| status(row).to_owned(), |error| format!("error: {error}"));
        writeln!(out, "<td>{}</td><td>{}</td></tr>", html(&state), html(&row.blind.join(", ")))?;
    }
    out.write_all(b"</tbody>\n</table></div>\n</main>\n</body>\n</html>\n")?;
    out.flush()
}
