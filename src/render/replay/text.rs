//! For a terminal.

use std::{fmt::Write as _, io, io::BufWriter, io::Write};

use super::{
    super::{Options, escape, style::Label, text::Page, words},
    tables,
};
use crate::{
    plan::{Plan, file},
    replay::{Replay, Replayed, Verdict},
    tenant::UserId,
};

/// So many users are named, and so many rows of each, where not all are asked for.
const USERS: usize = 10;

/// A section of a plan.
pub(crate) fn section(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    let Some(replay) = &plan.replay else { return Ok(()) };
    page.heading(&tables::title(replay))?;
    sentences(replay, page)?;
    harmed(replay, page)
}

/// The replay by itself.
pub(super) fn write(replay: &Replay, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut buffered = BufWriter::with_capacity(64 * 1024, out);
    let mut page = Page::new(&mut buffered, options);
    let title = page.paint(Label::Heading, &tables::title(replay));
    page.line(&title)?;
    sentences(replay, &mut page)?;
    verdicts(replay, &mut page)?;
    applications(replay, &mut page)?;
    if let [one] = &*replay.changes {
        user(one, &mut page)?;
    } else {
        page.heading("Who is hit")?;
        if tables::hit(replay).is_empty() {
            page.line("  nobody whose sign-ins are known")?;
        }
        harmed(replay, &mut page)?;
    }
    buffered.flush()
}

/// What the sign-ins of one user would have met, for `explain`; empty where nothing changes.
#[must_use]
pub(crate) fn explained(plan: &Plan, user: UserId) -> String {
    let Some(replay) = &plan.replay else { return String::new() };
    let mut out = format!("\n{}\n", tables::title(replay));
    let Some(one) = replay.of_user(&file::user_id_text(user)) else {
        out.push_str("  not replayed: no single sign-ins are known of them, or not all\n");
        return out;
    };
    let _ = writeln!(out, "  {}", tables::harm(&one.verdicts));
    for row in one.every_row() {
        let _ = writeln!(
            out,
            "  {:<14} {:>8}  {} · {}, last {}{}",
            row.verdict.as_str(),
            words::number(row.count),
            escape::text(row.app.name()),
            escape::text(tables::client(&row.client)),
            words::date(row.last),
            tables::assumed(row)
        );
    }
    out
}

fn sentences(replay: &Replay, page: &mut Page<'_>) -> io::Result<()> {
    for (at, sentence) in tables::sentences(replay).iter().enumerate() {
        let label = (at == 0 && replay.verdicts.harm() > 0).then_some(Label::Stop);
        page.prose("  ", sentence, label)?;
    }
    Ok(())
}

fn verdicts(replay: &Replay, page: &mut Page<'_>) -> io::Result<()> {
    if replay.verdicts.total() == 0 {
        return Ok(());
    }
    page.heading("Sign-ins by what would become of them")?;
    for (verdict, count, users) in tables::verdicts(replay) {
        let prefix = format!("  {:<14} {:>10}  ", verdict.as_str(), words::number(count));
        page.prose(&prefix, &format!("{} ({})", verdict.says(), words::count(users, "user")), None)?;
    }
    for (reason, count) in &replay.skipped {
        let prefix = format!("  {:<14} {:>10}  ", "", words::number(*count));
        page.prose(&prefix, &format!("of the unchanged are let off MFA: {reason}"), None)?;
    }
    Ok(())
}

fn applications(replay: &Replay, page: &mut Page<'_>) -> io::Result<()> {
    let all = tables::applications(replay);
    if all.is_empty() {
        return Ok(());
    }
    page.heading("By application and client")?;
    let shown = if page.verbose { all.len() } else { USERS };
    for one in all.iter().take(shown) {
        let prefix = format!("  {:<14} {:>10}  ", one.verdict.as_str(), words::number(one.count));
        let text = format!("{} · {} ({})", one.app.name(), tables::client(one.client), words::count(one.users, "user"));
        page.prose(&prefix, &text, None)?;
    }
    more(all.len(), shown, page)
}

/// Users to whom something is taken, each with what.
fn harmed(replay: &Replay, page: &mut Page<'_>) -> io::Result<()> {
    let hit = tables::hit(replay);
    let shown = if page.verbose { hit.len() } else { USERS };
    for one in hit.iter().take(shown) {
        page.line(&format!("  {}", escape::text(&one.user.user_principal_name)))?;
        rows(one, |verdict| verdict.is_harm(), page)?;
    }
    more(hit.len(), shown, page)
}

fn user(one: &Replayed, page: &mut Page<'_>) -> io::Result<()> {
    page.heading(&format!(
        "{}: {} → {}, {}",
        escape::text(&one.user.user_principal_name),
        one.before,
        one.after,
        words::count(one.sign_ins, "sign-in")
    ))?;
    rows(one, |_| true, page)?;
    let listed: u64 = one.every_row().map(|row| row.count).sum();
    if listed < one.sign_ins {
        let rest = words::count(one.sign_ins - listed, "further sign-in");
        page.prose("    ", &format!("{rest}, which a saved plan only counts"), None)?;
    }
    Ok(())
}

fn rows(one: &Replayed, shown: impl Fn(Verdict) -> bool, page: &mut Page<'_>) -> io::Result<()> {
    for row in one.every_row().filter(|row| shown(row.verdict)) {
        let prefix = format!("    {:<14} {:>8}  ", row.verdict.as_str(), words::number(row.count));
        let text = format!(
            "{} · {}, last {}{}",
            row.app.name(),
            tables::client(&row.client),
            words::date(row.last),
            tables::assumed(row)
        );
        page.prose(&prefix, &text, None)?;
    }
    Ok(())
}

fn more(all: usize, shown: usize, page: &mut Page<'_>) -> io::Result<()> {
    match all.saturating_sub(shown) {
        0 => Ok(()),
        rest => {
            page.prose("  … ", &format!("and {} more; `mfaplan replay -v` has all", words::number(rest as u64)), None)
        }
    }
}
