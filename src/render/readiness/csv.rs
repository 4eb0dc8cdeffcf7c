//! One line a user, for a spreadsheet.

use std::{io, io::Write};

use crate::{
    facts::recognise::LastSeen,
    readiness::{Cohort, Person, Report},
    render::escape,
};

/// The columns.
pub(crate) const COLUMNS: [&str; 12] = [
    "cohort",
    "user_principal_name",
    "display_name",
    "mail",
    "class",
    "ends",
    "wave",
    "wave_from",
    "sign_ins",
    "last_sign_in",
    "manager",
    "decision",
];

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for cohort in &report.cohorts {
        for person in &cohort.users {
            record(cohort, person, &mut csv)?;
        }
    }
    csv.flush()
}

fn record(cohort: &Cohort, person: &Person, csv: &mut ::csv::Writer<&mut dyn Write>) -> io::Result<()> {
    let Person {
        id: _,
        user_principal_name,
        display_name,
        mail,
        account_enabled: _,
        class,
        ends,
        ended: _,
        wave,
        sign_ins,
        last_sign_in,
        manager,
        phones: _,
        decision,
    } = person;
    let last = match last_sign_in {
        LastSeen::Unknown | LastSeen::NotIn(_) => String::new(),
        known @ (LastSeen::Never | LastSeen::At(_)) => known.to_string(),
    };
    csv.write_record([
        &*escape::csv(cohort.name.as_deref().unwrap_or_default()),
        &escape::csv(user_principal_name),
        &escape::csv(display_name.as_deref().unwrap_or_default()),
        &escape::csv(mail.as_deref().unwrap_or_default()),
        class.as_str(),
        &ends.map(|day| day.to_string()).unwrap_or_default(),
        &escape::csv(wave.as_ref().map_or("", |wave| &wave.name)),
        &wave.as_ref().map(|wave| wave.from.to_string()).unwrap_or_default(),
        &sign_ins.map(|count| count.to_string()).unwrap_or_default(),
        &last,
        &escape::csv(manager.as_deref().unwrap_or_default()),
        decision.as_str(),
    ])?;
    Ok(())
}
