//! A page, or a section of a plan's page: who is hit, by day and by application. No script.

use std::{fmt::Write as _, io, io::Write};

use super::{
    super::{escape::html, html as page, words},
    tables,
};
use crate::{
    plan::Plan,
    replay::{Replay, ReplayDay, Replayed, Verdict},
};

/// So many users and applications are listed; the CSV has all.
const ROWS: usize = 200;

/// A section of a plan's page; empty where nothing changes.
#[must_use]
pub(crate) fn section(plan: &Plan) -> String {
    let Some(replay) = &plan.replay else { return String::new() };
    format!("<section><h2>{}</h2>{}</section>\n", html(&tables::title(replay)), body(replay))
}

pub(super) fn write(plan: &Plan, replay: &Replay, out: &mut dyn Write) -> io::Result<()> {
    let title = format!("What sign-ins of {} would have met", plan.tenant.name);
    page::static_page(&title, out, |out| {
        writeln!(
            out,
            "<main><p class=\"tool\">mfaplan {}</p><h1>{}</h1><section><h2>{}</h2>{}</section></main>",
            html(&plan.mfaplan_version),
            html(&title),
            html(&tables::title(replay)),
            body(replay)
        )
    })
}

fn body(replay: &Replay) -> String {
    let mut out = String::new();
    for (at, sentence) in tables::sentences(replay).iter().enumerate() {
        let class = if at == 0 && replay.verdicts.harm() > 0 { " class=\"bad\"" } else { "" };
        let _ = write!(out, "<p{class}>{}</p>", html(sentence));
    }
    out.push_str(&days(&replay.days));
    out.push_str(&verdicts(replay));
    out.push_str(&applications(replay));
    out.push_str(&users(replay));
    out
}

/// One of the stacks of a day.
struct Stack {
    class: &'static str,
    says: &'static str,
    holds: fn(Verdict) -> bool,
}

/// What is taken, what is asked for, the rest.
const STACKS: [Stack; 3] = [
    Stack { class: "hit", says: "would break, be blocked or lose MFA", holds: Verdict::is_harm },
    Stack {
        class: "ask",
        says: "would be asked or have to register",
        holds: |one| matches!(one, Verdict::MustRegister | Verdict::Challenged | Verdict::AskedOnce),
    },
    Stack {
        class: "rest",
        says: "would go on as before, or failed before",
        holds: |one| matches!(one, Verdict::MfaAlready | Verdict::Unchanged | Verdict::FailedAlready),
    },
];

fn stacks(day: &ReplayDay) -> [u64; 3] {
    STACKS.map(|Stack { holds, .. }| {
        day.verdicts.iter().filter(|(verdict, _)| holds(*verdict)).map(|(_, count)| count).sum()
    })
}

/// A bar a day, its parts on top of each other. The same numbers are in a table below.
fn days(days: &[ReplayDay]) -> String {
    const HEIGHT: f64 = 120.0;
    let most = days.iter().map(|one| one.verdicts.total()).max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    let width = 700.0 / days.len() as f64;
    let mut out = format!(
        "<svg class=\"days\" viewBox=\"0 0 700 {}\" role=\"img\" aria-label=\"Sign-ins by day\">",
        HEIGHT + 22.0
    );
    for (at, day) in days.iter().enumerate() {
        let x = at as f64 * width;
        let mut y = HEIGHT;
        for (Stack { class, says, .. }, count) in STACKS.iter().zip(stacks(day)).filter(|(_, count)| *count > 0) {
            let height = (count as f64 / most as f64 * HEIGHT).max(1.5);
            y -= height;
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{}: {} {says}</title></rect>",
                x + width * 0.1,
                width * 0.8,
                day.day,
                words::number(count),
            );
        }
    }
    if let [first, .., last] = days {
        let y = HEIGHT + 16.0;
        let _ = write!(
            out,
            "<text x=\"0\" y=\"{y}\">{}</text><text x=\"700\" y=\"{y}\" text-anchor=\"end\">{}</text>",
            first.day, last.day
        );
    }
    out.push_str("</svg><ul class=\"legend\">");
    for Stack { class, says, .. } in STACKS {
        let _ = write!(out, "<li><span class=\"{class}\"></span>{says}</li>");
    }
    out.push_str("</ul><details><summary>The same as a table</summary><table><thead><tr><th scope=\"col\">day</th>");
    for Stack { says, .. } in STACKS {
        let _ = write!(out, "<th scope=\"col\" class=\"num\">{says}</th>");
    }
    out.push_str("</tr></thead><tbody>");
    for day in days {
        let _ = write!(out, "<tr><th scope=\"row\">{}</th>", day.day);
        for count in stacks(day) {
            let _ = write!(out, "<td class=\"num\">{}</td>", words::number(count));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></details>");
    out
}

fn verdicts(replay: &Replay) -> String {
    if replay.verdicts.total() == 0 {
        return String::new();
    }
    let mut out = "<table><caption class=\"vh\">Sign-ins by what would become of them</caption><thead><tr><th scope=\"col\">verdict</th><th scope=\"col\" class=\"num\">sign-ins</th><th scope=\"col\" class=\"num\">users</th><th scope=\"col\">they</th></tr></thead><tbody>".to_owned();
    for (verdict, count, users) in tables::verdicts(replay) {
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{verdict}</th><td class=\"num\">{}</td><td class=\"num\">{}</td><td>{}</td></tr>",
            words::number(count),
            words::number(users),
            verdict.says()
        );
    }
    out.push_str("</tbody></table>");
    out
}

fn applications(replay: &Replay) -> String {
    let all = tables::applications(replay);
    if all.is_empty() {
        return String::new();
    }
    let mut out = "<h3>By application and client</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"By application and client\"><table><thead><tr><th scope=\"col\">application</th><th scope=\"col\">client</th><th scope=\"col\">verdict</th><th scope=\"col\" class=\"num\">sign-ins</th><th scope=\"col\" class=\"num\">users</th></tr></thead><tbody>".to_owned();
    for one in all.iter().take(ROWS) {
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>",
            html(one.app.name()),
            html(tables::client(one.client)),
            one.verdict,
            words::number(one.count),
            words::number(one.users)
        );
    }
    out.push_str("</tbody></table></div>");
    rest(all.len(), &mut out);
    out
}

fn users(replay: &Replay) -> String {
    let hit = tables::hit(replay);
    if hit.is_empty() {
        return String::new();
    }
    let mut out = "<h3>Who is hit</h3><ul class=\"findings\">".to_owned();
    for one in hit.iter().take(ROWS) {
        user(one, &mut out);
    }
    out.push_str("</ul>");
    rest(hit.len(), &mut out);
    out
}

fn user(one: &Replayed, out: &mut String) {
    let _ = write!(
        out,
        "<li><code>{}</code> {}<ul>",
        html(&one.user.user_principal_name),
        html(&tables::harm(&one.verdicts))
    );
    for row in one.rows.iter().filter(|row| row.verdict.is_harm()) {
        let _ = write!(
            out,
            "<li>{} {}: {} · {} <span class=\"quiet\">last {}</span></li>",
            words::number(row.count),
            row.verdict,
            html(row.app.name()),
            html(tables::client(&row.client)),
            words::date(row.last),
        );
    }
    out.push_str("</ul></li>");
}

fn rest(all: usize, out: &mut String) {
    let rest = all.saturating_sub(ROWS);
    if rest > 0 {
        let _ = write!(
            out,
            "<p class=\"quiet\">and {} more: <code>mfaplan replay --format csv</code></p>",
            words::number(rest as u64)
        );
    }
}
