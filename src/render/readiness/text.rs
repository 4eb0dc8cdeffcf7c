//! For a terminal.

use std::{io, io::Write};

use super::Options;
use crate::{
    facts::recognise::LastSeen,
    readiness::{By, Class, Cohort, Person, Report, Totals},
    render::{
        escape,
        style::{Label, Painter},
        words,
    },
};

/// So many users of a cohort are named without `--verbose`: whom one can call in a morning.
const NAMED: usize = 20;

pub(super) fn write(report: &Report, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let Report { tenant, as_of, by, totals, cohorts } = report;
    let painter = Painter::new(options.color);
    let title = format!("Readiness for MFA: {}", escape::text(&tenant.name));
    writeln!(out, "{} ({})", painter.paint(Label::Heading, &title), words::instant(*as_of))?;
    if totals.users() == 0 {
        return writeln!(out, "\nNobody is to be raised.");
    }
    writeln!(out, "\n{} to be raised: {}", words::count(totals.users(), "user"), summary(totals))?;
    for (day, users) in &totals.ends {
        writeln!(out, "{} have text messages and calls only, which stop on {day}.", words::count(*users, "user"))?;
    }
    for cohort in cohorts {
        write_cohort(cohort, *by, options, painter, out)?;
    }
    Ok(())
}

fn write_cohort(
    cohort: &Cohort,
    by: Option<By>,
    options: Options,
    painter: Painter,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Cohort { name, totals, users } = cohort;
    if let Some(by) = by {
        let name = name.as_deref().map_or_else(|| format!("no {}", by.as_str()).into(), escape::text);
        let name = painter.paint(Label::Heading, &name);
        writeln!(out, "\n{name}: {}: {}", words::count(totals.users(), "user"), summary(totals))?;
    }
    let shown = if options.verbose { users.len() } else { NAMED.min(users.len()) };
    let mut class = None;
    for person in users.iter().take(shown) {
        if class != Some(person.class) {
            class = Some(person.class);
            let label = if person.class.is_registered() { Label::Quiet } else { Label::Stop };
            writeln!(out, "\n  {}", painter.paint(label, title(person.class)))?;
        }
        writeln!(out, "    {}", line(person))?;
    }
    if shown < users.len() {
        writeln!(out, "    … and {} more (--verbose names them)", words::number((users.len() - shown) as u64))?;
    }
    Ok(())
}

/// What a class means, and what helps.
pub(super) const fn title(class: Class) -> &'static str {
    match class {
        Class::NotRegistered => "not registered: no method that MFA can use",
        Class::NotCapable => "not capable: registered, but the tenant's policies do not let the method be used",
        Class::Unknown => "unknown: registration or methods could not be read",
        Class::PhoneOnly => "phone only: text messages and calls stop",
        Class::SingleMethod => "single method: a lost device locks the user out",
        Class::Ready => "ready",
    }
}

/// `3 not registered, 12 ready; 80 % registered`
pub(super) fn summary(totals: &Totals) -> String {
    let parts = Class::ALL.iter().map(|class| (totals.of(*class), class.as_str().replace('_', " ")));
    let parts: Vec<_> = parts.filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", words::number(n))).collect();
    let mut text = parts.join(", ");
    if let Some(percent) = totals.registered_percent() {
        text.push_str(&format!("; {percent} % registered"));
    }
    if totals.disabled_accounts > 0 {
        text.push_str(&format!(" ({} not counted)", words::count(totals.disabled_accounts, "disabled account")));
    }
    text
}

fn line(person: &Person) -> String {
    let mut parts = vec![escape::text(&person.user_principal_name).into_owned()];
    if let Some(name) = &person.display_name {
        parts.push(escape::text(name).into_owned());
    }
    parts.extend(person.phones.iter().map(|phone| escape::text(phone).into_owned()));
    if let Some(manager) = &person.manager {
        parts.push(format!("manager {}", escape::text(manager)));
    }
    if let Some(day) = person.ends {
        parts.push(if person.ended { format!("stopped on {day}") } else { format!("until {day}") });
    }
    parts.extend(
        person
            .wave
            .as_ref()
            .map(|wave| format!("wave {} ({})", escape::text(&wave.name), wave.from.strftime("%Y-%m-%d"))),
    );
    parts.push(activity(person));
    if !person.account_enabled {
        parts.push("account disabled".to_owned());
    }
    parts.join("  ")
}

/// `162 sign-ins, last 2026-11-19`
pub(super) fn activity(person: &Person) -> String {
    let count = person.sign_ins.map_or_else(|| "sign-ins unknown".to_owned(), |n| words::count(n, "sign-in"));
    match person.last_sign_in {
        LastSeen::Unknown => count,
        LastSeen::At(at) => format!("{count}, last {}", at.strftime("%Y-%m-%d")),
        seen @ (LastSeen::Never | LastSeen::NotIn(_)) => format!("{count}, {seen}"),
    }
}
