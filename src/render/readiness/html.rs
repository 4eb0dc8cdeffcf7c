//! A page of its own: no script, no request leaves it. The page may use exactly its own style sheet (a content security
//! policy with its hash), so a name from the tenant that slipped through the escaping still could not run anything.

use std::{fmt::Write as _, io, io::Write};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;

use super::text;
use crate::{
    readiness::{Cohort, Person, Report},
    render::{escape::html, words},
};

const STYLE: &str = include_str!("page.css");

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let Report { tenant, as_of, by, totals, cohorts } = report;
    let hash = base64::engine::general_purpose::STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let title = format!("Readiness for MFA: {}", tenant.name);
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header><h1>{title}</h1>\n\
         <p class=\"quiet\">As of {}</p></header>\n<main>\n",
        words::instant(*as_of),
        title = html(&title),
    )?;
    if totals.users() == 0 {
        writeln!(out, "<p>Nobody is to be raised.</p>")?;
    } else {
        writeln!(
            out,
            "<p><b>{} to be raised</b>: {}</p>",
            words::count(totals.users(), "user"),
            text::summary(totals)
        )?;
    }
    for (day, users) in &totals.ends {
        let users = words::count(*users, "user");
        writeln!(out, "<p>{users} have text messages and calls only, which stop on <b>{day}</b>.</p>")?;
    }
    for cohort in cohorts {
        let name = match by {
            None => "Everybody to be raised".to_owned(),
            Some(by) => cohort.name.as_deref().map_or_else(|| format!("No {}", by.as_str()), str::to_owned),
        };
        out.write_all(section(&name, cohort).as_bytes())?;
    }
    out.write_all(b"</main>\n</body>\n</html>\n")?;
    out.flush()
}

fn section(name: &str, cohort: &Cohort) -> String {
    if cohort.users.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "<section><h2>{}</h2>\n<p>{}: {}</p>\n<div class=\"wide\"><table><caption>Call first</caption>\n<thead><tr>\
         <th scope=\"col\">User</th><th scope=\"col\">Class</th><th scope=\"col\">Methods end</th>\
         <th scope=\"col\">Wave</th><th scope=\"col\">Sign-ins</th><th scope=\"col\">Telephone</th>\
         <th scope=\"col\">Manager</th><th scope=\"col\">Decision</th></tr></thead>\n<tbody>\n",
        html(name),
        words::count(cohort.totals.users(), "user"),
        text::summary(&cohort.totals)
    );
    for person in &cohort.users {
        row(person, &mut out);
    }
    out.push_str("</tbody></table></div></section>\n");
    out
}

fn row(person: &Person, out: &mut String) {
    let wave = person.wave.as_ref().map(|wave| format!("{} ({})", wave.name, wave.from.strftime("%Y-%m-%d")));
    let phones: Vec<&str> = person.phones.iter().map(|phone| phone.as_str()).collect();
    let disabled = if person.account_enabled { "" } else { ", account disabled" };
    let _ = writeln!(
        out,
        "<tr><th scope=\"row\">{}<br>{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
         <td>{}{disabled}</td></tr>",
        html(&person.user_principal_name),
        html(person.display_name.as_deref().unwrap_or_default()),
        person.class.as_str().replace('_', " "),
        person.ends.map(|day| day.to_string()).unwrap_or_default(),
        html(&wave.unwrap_or_default()),
        text::activity(person),
        html(&phones.join(", ")),
        html(person.manager.as_deref().unwrap_or_default()),
        person.decision.as_str(),
    );
}
