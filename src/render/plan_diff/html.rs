//! A page of its own, without a script.

use std::{fmt::Write as _, io, io::Write};

use super::{fold, headline, is_grave, parts, totals, verdict};
use crate::{
    plan::{
        Change,
        compare::{ChangedUser, ClaimGroup, PlanDiff},
    },
    render::{Options, escape::html, html as page, words},
};

/// Writes the page.
///
/// # Errors
/// Those of the writer.
pub(super) fn write(diff: &PlanDiff<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut body = format!(
        "<main><h1>What changes</h1><p class=\"verdict {}\">{}</p>\n\
         <dl class=\"facts\"><div><dt>old digest</dt><dd><code>{}</code></dd></div>\
         <div><dt>new digest</dt><dd><code>{}</code></dd></div></dl>\n",
        if diff.is_empty() { "calm" } else { "warn" },
        html(&verdict(diff)),
        diff.digests.0,
        diff.digests.1,
    );
    body.push_str(&terms(diff));
    body.push_str(&numbers(diff));
    for group in &diff.claims {
        claim(group, options.html_rows, &mut body);
    }
    side("Added", &diff.added, options.html_rows, &mut body);
    side("Removed", &diff.removed, options.html_rows, &mut body);
    changed(&diff.changed, options.html_rows, &mut body);
    body.push_str("</main>\n");
    page::static_page("What changes between two MFA plans", out, |out| out.write_all(body.as_bytes()))
}

/// Refusals, terms and findings of the tenant.
fn terms(diff: &PlanDiff<'_>) -> String {
    let mut items = String::new();
    for one in &diff.refused {
        let text = format!("{}: {} Fix: {}", one.rule, one.reason, one.remedy);
        let _ = write!(items, "<li><b>Refused now</b>: {}</li>", html(&text));
    }
    for one in &diff.no_longer_refused {
        let _ = write!(items, "<li>No longer refused: {}</li>", html(&one.rule));
    }
    for one in diff.terms.iter().cloned().chain(diff.findings.iter().map(|one| format!("Tenant: {one}"))) {
        let _ = write!(items, "<li>{}</li>", html(&one));
    }
    if items.is_empty() {
        items
    } else {
        format!("<section><h2>Terms and findings</h2><ul class=\"findings\">{items}</ul></section>\n")
    }
}

fn numbers(diff: &PlanDiff<'_>) -> String {
    let rows: String = totals(diff)
        .into_iter()
        .map(|(name, old, new)| {
            let (old_shown, new_shown) = (words::number(old), words::number(new));
            let new_shown = if old == new { new_shown } else { format!("<b>{new_shown}</b>") };
            format!("<tr><th scope=\"row\">{name}</th><td class=\"num\">{old_shown}</td><td class=\"num\">{new_shown}</td></tr>")
        })
        .collect();
    format!(
        "<section><h2>Totals</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Totals\"><table class=\"matrix\"><thead><tr><td></td>\
         <th scope=\"col\" class=\"num\">old</th><th scope=\"col\" class=\"num\">new</th></tr></thead>\
         <tbody>{rows}</tbody></table></div></section>\n"
    )
}

fn claim(group: &ClaimGroup<'_>, rows: usize, out: &mut String) {
    let severity = group.severity();
    let _ = write!(
        out,
        "<section><h2><span class=\"sev {severity}\">{severity}</span> {}</h2><p>{}</p>",
        html(&headline(group)),
        group.meaning()
    );
    if !group.remediation().is_empty() {
        let _ = write!(out, "<p class=\"way\">Fix: {}</p>", group.remediation());
    }
    out.push_str("<ul class=\"users\">");
    for (user, state) in group.users.iter().take(rows) {
        let _ = write!(out, "<li><code>{}</code> {}</li>", html(&user.user_principal_name), html(state.as_str()));
    }
    more(group.users.len().saturating_sub(rows), out);
    out.push_str("</ul></section>\n");
}

fn side(title: &str, changes: &[&Change], rows: usize, out: &mut String) {
    if changes.is_empty() {
        return;
    }
    let _ = write!(out, "<section><h2>{title}</h2><ul class=\"users\">");
    let (shown, cut) = fold(changes, |change| is_grave(change), rows);
    for change in shown {
        let _ = write!(out, "<li>{}</li>", html(&parts(change).join("  ")));
    }
    more(cut, out);
    out.push_str("</ul></section>\n");
}

fn changed(users: &[ChangedUser<'_>], rows: usize, out: &mut String) {
    if users.is_empty() {
        return;
    }
    out.push_str("<section><h2>Changed</h2><ul class=\"findings\">");
    let (shown, cut) = fold(users, |one| is_grave(one.new), rows);
    for one in shown {
        let reasons: Vec<_> = one.reasons.iter().map(ToString::to_string).collect();
        let name = html(&one.new.user.user_principal_name);
        let _ = write!(out, "<li><code>{name}</code> {}</li>", html(&reasons.join("; ")));
    }
    more(cut, out);
    out.push_str("</ul></section>\n");
}

fn more(cut: usize, out: &mut String) {
    if cut > 0 {
        let _ = write!(out, "<li>and {} more; the JSON has them all</li>", words::number(cut as u64));
    }
}
