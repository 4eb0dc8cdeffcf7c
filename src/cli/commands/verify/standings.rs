//! The text of `verify`: who is not as they should be, who waits, who must still register, whose sign-ins fail.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use crate::{
    apply::calibration::{Calibration, Score},
    apply::verify::{FailingUser, Pending, Registration, Standing, VerifiedUser, VerifyReport},
    cli::{Context, Failure, report::seen},
    escape,
    render::words,
};

/// How many users of one kind are listed before "and N more".
const LISTED: usize = 20;

/// The duty of a user who has not registered.
const PROMPT: &str = "the user must complete the \"More information required\" prompt";

pub(super) fn show(report: &VerifyReport, context: &mut Context) -> Result<(), Failure> {
    let limit = if context.global.verbose > 0 { usize::MAX } else { LISTED };
    let out = &mut context.out;
    verdict(report, out)?;
    let summary = &report.summary;
    for (name, count) in [
        (if report.run.is_some() { "as the run left them" } else { "as declared" }, summary.as_expected),
        ("promoted by the service", summary.promoted),
        ("withheld", summary.withheld),
        ("drifted, or due", summary.drifted),
        ("gone", summary.gone),
        ("unknown", summary.unknown),
        ("held", summary.held),
        ("registered since", summary.registered_since),
        ("still to register", summary.registration_pending),
    ] {
        if count > 0 {
            writeln!(out, "  {name:<24}{:>8}", words::number(count))?;
        }
    }
    let due = |user: &&VerifiedUser| user.wave.is_some();
    waves(report, out)?;
    let different = |user: &&VerifiedUser| {
        !due(user)
            && matches!(user.standing, Standing::Withheld | Standing::Drifted | Standing::Gone | Standing::Unknown)
    };
    list(out, "Not as they should be", limit, report.users.iter().filter(different), what)?;
    list(out, "Due: their wave is open and not applied", limit, report.users.iter().filter(due), what)?;
    let held = report.users.iter().filter(|user| user.standing == Standing::Held);
    list(out, "Waiting (different only with --strict)", limit, held, what)?;
    let pending = report.users.iter().filter(|user| {
        user.registration == Some(Registration::Pending)
            && matches!(user.standing, Standing::AsExpected | Standing::Promoted)
    });
    list(out, "Not registered yet", limit, pending, registration)?;
    list(out, "Failing sign-ins since the run", limit, report.failing.iter().flatten(), failing)?;
    if report.run.is_some() && report.failing.is_none() {
        writeln!(out, "\nWho fails since the run is not known: no sign-in log covers only the time since.")?;
    }
    calibration(report, out)?;
    Ok(())
}

/// How true the replay was, as a table.
fn calibration(report: &VerifyReport, out: &mut dyn Write) -> io::Result<()> {
    let Some(Calibration { window, users, unknown_users, verdicts }) = &report.calibration else { return Ok(()) };
    let (from, to) = (words::instant(window.from), words::instant(window.to));
    writeln!(out, "\nThe replay against the log, {from} to {to}: {}", words::count(*users, "user"))?;
    writeln!(out, "  {:<15}{:>10}{:>8}{:>8}{:>12}{:>8}", "", "predicted", "seen", "both", "precision", "recall")?;
    let share = |one: Option<f64>| one.map_or_else(|| "-".to_owned(), |one| format!("{one:.3}"));
    for (verdict, score) in verdicts.iter().filter(|(_, score)| score.predicted + score.seen > 0) {
        let Score { predicted, seen, both, not_seen: _, precision, recall } = *score;
        let (precision, recall) = (share(precision), share(recall));
        writeln!(out, "  {verdict:<15}{predicted:>10}{seen:>8}{both:>8}{precision:>12}{recall:>8}")?;
    }
    let not_seen: u64 = verdicts.values().map(|score| score.not_seen).sum();
    if not_seen > 0 {
        writeln!(out, "  {} of those predicted not used since, and not judged.", words::number(not_seen))?;
    }
    if *unknown_users > 0 {
        writeln!(out, "  Of {} the log since is not known.", words::count(*unknown_users, "user"))?;
    }
    Ok(())
}

/// The waves that are open and not applied, with the users who wait for that. They are no drift: nobody changed them.
fn waves(report: &VerifyReport, out: &mut dyn Write) -> io::Result<()> {
    let mut waves: BTreeMap<&str, u64> = BTreeMap::new();
    for wave in report.users.iter().filter_map(|user| user.wave.as_deref()) {
        *waves.entry(wave).or_default() += 1;
    }
    for (wave, users) in waves {
        let line = format!("Wave {wave} is open and not applied: {}.", words::count(users, "user"));
        writeln!(out, "{}", escape::text(&line))?;
    }
    Ok(())
}

fn verdict(report: &VerifyReport, out: &mut dyn Write) -> io::Result<()> {
    let summary = &report.summary;
    let users = |count| words::count(count, "managed user");
    let different = summary.drifted + summary.gone + summary.unknown + summary.withheld;
    match &report.run {
        Some(run) => {
            let at = words::instant(report.verified_at);
            writeln!(out, "Run {run}: {} verified at {at}", words::count(summary.users, "user"))
        }
        None if different > 0 => {
            writeln!(out, "Not as declared: {} of {}.", words::number(different), users(summary.users))
        }
        None if summary.held > 0 => writeln!(
            out,
            "As declared, but for those who wait: {} of {} are in the declared state.",
            words::number(summary.as_expected + summary.promoted),
            users(summary.users)
        ),
        None => writeln!(out, "As declared: every managed user ({}).", words::number(summary.users)),
    }
}

/// A named list, cut where it gets long.
fn list<T: Named>(
    out: &mut dyn Write,
    title: &str,
    limit: usize,
    users: impl Iterator<Item = T>,
    line: impl Fn(T) -> String,
) -> io::Result<()> {
    let mut listed = 0_usize;
    for user in users {
        if listed == 0 {
            writeln!(out, "\n{title}")?;
        }
        listed += 1;
        if listed <= limit {
            let name = escape::text(user.name()).into_owned();
            writeln!(out, "  {name}\n    {}", line(user))?;
        }
    }
    match listed.saturating_sub(limit) {
        0 => Ok(()),
        more => writeln!(out, "  … and {} more (--verbose lists them all)", words::number(more as u64)),
    }
}

/// Whoever has a sign-in name.
trait Named {
    fn name(&self) -> &str;
}

impl Named for &VerifiedUser {
    fn name(&self) -> &str {
        &self.user_principal_name
    }
}

impl Named for &FailingUser {
    fn name(&self) -> &str {
        &self.user_principal_name
    }
}

fn what(user: &VerifiedUser) -> String {
    let is = user.observed.map_or("not readable", seen);
    let why = match (&user.pending, user.standing) {
        (Some(Pending { rules, .. }), Standing::Withheld) => format!("withheld by {}", rules.join(", ")),
        (Some(Pending { until, reason, rules: _ }), Standing::Held) => {
            let until = until.map_or_else(|| "no date".to_owned(), words::date);
            format!("waits until {until}: {}", reason.as_deref().unwrap_or_default())
        }
        (_, Standing::Gone) => "deleted".to_owned(),
        (_, Standing::Unknown) => match &user.error {
            Some(error) => format!("not readable: {}", error.message),
            None => "the state is not one of the three".to_owned(),
        },
        _ => user.wave.as_ref().map_or_else(|| "drifted".to_owned(), |wave| format!("wave {wave} is open")),
    };
    escape::text(&format!("is {is}, expected {}; {why}", user.expected)).into_owned()
}

fn registration(user: &VerifiedUser) -> String {
    match user.waiting_seconds {
        Some(seconds) => format!("asked to for {}: {PROMPT}", words::count((seconds / 86_400).unsigned_abs(), "day")),
        None => PROMPT.to_owned(),
    }
}

fn failing(user: &FailingUser) -> String {
    let workload = if user.looks_like_workload { "; looks like a workload that broke" } else { "" };
    format!("{} because MFA was not satisfied{workload}", words::count(user.failed_mfa.into(), "failed sign-in"))
}
