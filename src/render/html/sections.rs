//! The parts of the page that are there without a script.

use std::{fmt::Write as _, io, io::Write};

use super::{
    super::{
        causes::{Cause, Which, causes, causes_of, waived},
        escape::{html, html_prose},
        matrix::Matrix,
        protected, words,
    },
    charts,
};
use crate::{
    assumed::AssumedPolicies,
    plan::{Change, Plan, file::tenant_id_text},
    tenant::MfaState,
};

/// So many users are named under a cause; the table has the others.
const NAMED: usize = 50;

pub(super) fn write(plan: &Plan, limit: usize, out: &mut dyn Write) -> io::Result<()> {
    let parts = [
        head(plan),
        refused(plan),
        flow(plan),
        blocked(plan),
        workloads(plan),
        super::super::replay::html_section(plan),
        tenant(plan),
        rules(plan),
        table(plan, limit),
        foot(plan),
    ];
    out.write_all(b"<a class=\"skip\" href=\"#users\">Skip to the users</a>\n")?;
    for part in parts {
        out.write_all(part.as_bytes())?;
    }
    out.write_all(b"</main>\n")
}

fn head(plan: &Plan) -> String {
    let summary = &plan.summary;
    let assumes = plan.assumed.as_ref().and_then(AssumedPolicies::sentence);
    let (class, verdict) = match (plan.is_refused(), summary.has_changes(), summary.block > 0) {
        (true, ..) => ("refused", "Refused: this plan cannot be applied"),
        (false, false, _) if !plan.targets.is_empty() => {
            ("calm", "No changes among the targets; nobody else was judged")
        }
        (false, false, _) => ("calm", "No changes: every managed user is in the declared state"),
        (false, true, _) if assumes.is_some() => ("warn", "Can be applied only once the policies it assumes stand"),
        (false, true, true) => ("warn", "Can be applied; some changes are withheld"),
        (false, true, false) => ("calm", "Can be applied"),
    };
    let mut out = format!(
        "<header><p class=\"tool\">mfaplan {}</p><h1>MFA plan for {}</h1><p class=\"verdict {class}\">{verdict}</p>\n\
         <dl class=\"facts\"><div><dt>Digest</dt><dd><code class=\"digest\">{}</code></dd></div>\
         <div><dt>Tenant</dt><dd><code>{}</code></dd></div>\
         <div><dt>Facts</dt><dd>{}, {}</dd></div><div><dt>Plan for</dt><dd>{}</dd></div></dl></header>\n<main>\n",
        html(&plan.mfaplan_version),
        html(&plan.tenant.name),
        plan.digest,
        tenant_id_text(plan.tenant.id),
        html(&words::facts(plan)),
        words::count(plan.observed.users, "user"),
        words::instant(plan.as_of),
    );
    out.push_str("<ul class=\"cards\" aria-label=\"Summary\">");
    for (n, what, class) in [
        (summary.enforce, "to enforce", "up"),
        (summary.enable, "to enable", "up"),
        (summary.relax, "to relax", "down"),
        (summary.disable, "to disable", "down"),
        (summary.hold, "on hold", "wait"),
        (summary.block, "blocked", "stop"),
        (summary.unchanged, "unchanged", ""),
        (summary.protected, "protected", ""),
        (summary.unmanaged, "unmanaged", ""),
    ] {
        let class = if n == 0 { "" } else { class };
        let _ = write!(out, "<li class=\"{class}\"><b>{}</b> {what}</li>", words::number(n));
    }
    out.push_str("</ul>\n");
    out
}

fn refused(plan: &Plan) -> String {
    if plan.refused.is_empty() {
        return String::new();
    }
    let mut out = "<section class=\"stop\"><h2>Refused</h2><ul>".to_owned();
    for one in &plan.refused {
        let _ = write!(
            out,
            "<li><b>{}</b>: {} <span class=\"way\">Fix: <code>{}</code></span></li>",
            html(&one.rule),
            html_prose(&one.reason),
            html_prose(&one.remedy)
        );
    }
    out.push_str("</ul></section>\n");
    out
}

fn flow(plan: &Plan) -> String {
    let waves = charts::waves(plan);
    let waves = if waves.is_empty() { waves } else { format!("<section><h2>Over time</h2>{waves}</section>\n") };
    format!(
        "<div class=\"two\"><section><h2>States before and after</h2>{}{}</section>\n\
         <div><section><h2>Risks by severity</h2>{}{}</section>\n{waves}</div></div>\n",
        charts::sankey(plan),
        matrix(plan),
        charts::severities(plan),
        match plan.summary.accepted {
            0 => String::new(),
            n => format!("<p class=\"quiet\">{} more accepted.</p>", words::count(n, "finding")),
        }
    )
}

fn matrix(plan: &Plan) -> String {
    let matrix = Matrix::of(plan);
    let mut out = "<details><summary>The same as a table</summary><table class=\"matrix\"><thead><tr><th scope=\"col\">from \\ to</th>".to_owned();
    for state in MfaState::ALL {
        let _ = write!(out, "<th scope=\"col\">{state}</th>");
    }
    out.push_str("<th scope=\"col\">total</th></tr></thead><tbody>");
    for (row, state) in matrix.cells.iter().zip(MfaState::ALL) {
        let _ = write!(out, "<tr><th scope=\"row\">{state}</th>");
        for n in row {
            let _ = write!(out, "<td class=\"num\">{}</td>", words::number(*n));
        }
        let _ = write!(out, "<td class=\"num\">{}</td></tr>", words::number(matrix.before(state)));
    }
    if matrix.unknown > 0 {
        let n = words::number(matrix.unknown);
        let _ = write!(
            out,
            "<tr><th scope=\"row\">unknown</th><td colspan=\"3\">not changed</td><td class=\"num\">{n}</td></tr>"
        );
    }
    out.push_str("<tr><th scope=\"row\">total</th>");
    for state in MfaState::ALL {
        let _ = write!(out, "<td class=\"num\">{}</td>", words::number(matrix.after(state)));
    }
    let _ = write!(out, "<td class=\"num\">{}</td></tr></tbody></table></details>", words::number(plan.summary.users));
    out
}

fn blocked(plan: &Plan) -> String {
    let causes = causes_of(plan, |finding, change| change.is_some_and(|one| one.is_blocked_by(finding)));
    if causes.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "<section class=\"stop\"><h2>Blocked: {} withheld, the others go on</h2>",
        words::count(plan.summary.block, "change")
    );
    for cause in &causes {
        cause_section(cause, &mut out);
    }
    out.push_str("</section>\n");
    out
}

fn cause_section(cause: &Cause<'_>, out: &mut String) {
    let Some(example) = cause.example() else { return };
    let changes: Vec<&Change> = cause.changes.iter().map(|(change, _)| *change).collect();
    let ways = words::other_ways(cause.rule, &changes);
    let _ = write!(
        out,
        "<div class=\"cause\"><h3><span class=\"sev {0}\">{0}</span> {1} {2} <span class=\"quiet\">{3}</span></h3>\
         <p>{4} <span class=\"way\">Fix: {5} {6}</span></p><ul class=\"users\">",
        cause.severity,
        html(cause.rule),
        html(cause.name),
        words::count(cause.count(), "user"),
        html_prose(cause.common_message().unwrap_or_default()),
        html_prose(&example.remediation),
        html_prose(&ways),
    );
    for (change, finding) in cause.changes.iter().take(NAMED) {
        let message = if cause.common_message().is_none() { html_prose(&finding.message) } else { "".into() };
        let _ = write!(
            out,
            "<li>{} {message} <span class=\"quiet\">{}</span></li>",
            user(change),
            html(&words::evidence(finding))
        );
    }
    let rest = cause.changes.len().saturating_sub(NAMED);
    if rest > 0 {
        let _ = write!(out, "<li>and {} more in the table below</li>", words::number(rest as u64));
    }
    out.push_str("</ul></div>");
}

fn user(change: &Change) -> String {
    format!("<code>{}</code> {}", html(&change.user.user_principal_name), words::transition(change))
}

/// Accounts that may be workloads, and what lifts their hold.
fn workloads(plan: &Plan) -> String {
    let changes = words::possible_workloads(plan);
    if changes.is_empty() {
        return String::new();
    }
    let mut out = format!("<section><h2>{}</h2>", html(&words::workloads_title(&changes)));
    if changes.iter().any(|change| words::waits_for_behaviour(change)) {
        let ways: String = words::KNOWN_BEHAVIOUR.iter().map(|way| format!("<li>{}</li>", html(way))).collect();
        let _ = write!(out, "<p>Any of these lifts the hold:</p><ul class=\"findings\">{ways}</ul>");
    }
    out.push_str("<ul class=\"users\">");
    for change in changes.iter().take(NAMED) {
        let waits = if words::waits_for_behaviour(change) { " waits" } else { "" };
        let evidence = words::suspicion(change).map(words::evidence).unwrap_or_default();
        let _ = write!(out, "<li>{}{waits} <span class=\"quiet\">{}</span></li>", user(change), html(&evidence));
    }
    let rest = changes.len().saturating_sub(NAMED);
    if rest > 0 {
        let _ = write!(out, "<li>and {} more in the table below</li>", words::number(rest as u64));
    }
    out.push_str("</ul></section>\n");
    out
}

/// Findings that are not of one change, failed checks, missing facts, notes, waivers.
fn tenant(plan: &Plan) -> String {
    let mut items = String::new();
    for one in plan.findings.iter().filter(|one| one.finding.accepted.is_none()).take(500) {
        let place = one.declared_by.as_ref().map_or_else(String::new, |place| {
            format!(
                " <code>{}</code> <span class=\"quiet\">{}:{}</span>",
                html(&place.address),
                html(&place.file),
                place.line
            )
        });
        let user = one
            .user
            .as_ref()
            .map_or_else(String::new, |user| format!(" <code>{}</code>", html(&user.user_principal_name)));
        let _ = write!(
            items,
            "<li><span class=\"sev {0}\">{0}</span> <b>{1} {2}</b>{place}{user}: {3} <span class=\"quiet\">{4}</span> <span class=\"way\">Fix: {5}</span></li>",
            one.finding.severity,
            html(&one.finding.rule),
            html(&one.finding.name),
            html_prose(&one.finding.message),
            html(&words::evidence(&one.finding)),
            html_prose(&one.finding.remediation),
        );
    }
    for check in plan.checks.iter().filter(|check| !check.passed) {
        let _ = write!(
            items,
            "<li><span class=\"sev medium\">check</span> <b>{}</b> failed: {}</li>",
            html(&check.name),
            html_prose(&check.message)
        );
    }
    for (fact, reason) in &plan.observed.unavailable {
        let _ = write!(items, "<li><span class=\"sev low\">missing</span> <b>{fact}</b>: {}</li>", html_prose(reason));
    }
    for one in &plan.not_evaluated {
        let users = words::unjudged(one.users);
        let _ = write!(
            items,
            "<li><span class=\"sev low\">unjudged</span> <b>{}</b> for {users}: no {}</li>",
            html(&one.rule),
            html(&one.fact)
        );
    }
    for one in &plan.waivers {
        let _ = write!(
            items,
            "<li><span class=\"sev low\">waived</span> <b>{}</b> = {}: {}</li>",
            html(one.guardrail.as_str()),
            html(&one.bound),
            html_prose(&one.reason)
        );
    }
    for (block, users) in protected::protecting(plan) {
        let _ = write!(
            items,
            "<li><span class=\"sev info\">protected</span> {} <span class=\"quiet\">{}</span></li>",
            html(&protected::head(block, users)),
            html_prose(&protected::says(block))
        );
    }
    for note in &plan.notes {
        let _ = write!(items, "<li><span class=\"sev info\">note</span> {}</li>", html_prose(note));
    }
    if items.is_empty() {
        items
    } else {
        format!("<section><h2>Tenant and configuration</h2><ul class=\"findings\">{items}</ul></section>\n")
    }
}

fn rules(plan: &Plan) -> String {
    let causes = causes(plan, Which::Unaccepted);
    let waived = waived(plan);
    if causes.is_empty() && waived.is_empty() {
        return String::new();
    }
    let mut out = "<section><h2>Risks by rule</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Risks by rule\"><table class=\"rules\"><thead><tr><th scope=\"col\">severity</th><th scope=\"col\">rule</th><th scope=\"col\" class=\"num\">findings</th><th scope=\"col\">what helps</th></tr></thead><tbody>".to_owned();
    for cause in &causes {
        let Some(example) = cause.example() else { continue };
        let name = format!("{} {}", html(cause.rule), html(cause.name));
        // Becomes a button of the table's filter once the script runs; only rules of changes are in the table.
        let name = if cause.changes.is_empty() {
            name
        } else {
            format!("<span data-rule=\"{}\">{name}</span>", html(cause.rule))
        };
        let _ = write!(
            out,
            "<tr><td><span class=\"sev {0}\">{0}</span></td><td>{name}</td><td class=\"num\">{1}</td><td>{2}</td></tr>",
            cause.severity,
            words::number(cause.count()),
            html_prose(&example.remediation),
        );
    }
    out.push_str("</tbody></table></div>");
    if !waived.is_empty() {
        out.push_str("<h3>Accepted</h3><ul class=\"findings\">");
        for one in waived {
            let by = one
                .accepted
                .approved_by
                .as_deref()
                .map_or_else(String::new, |by| format!(", approved by {}", html(by)));
            let _ = write!(
                out,
                "<li><b>{}</b>: {}, until {}{by}: {} <code>{}</code></li>",
                html(one.rule),
                words::count(one.count, "finding"),
                html(&one.accepted.expires),
                html_prose(&one.accepted.reason),
                html(&one.accepted.address),
            );
        }
        out.push_str("</ul>");
    }
    out.push_str("</section>\n");
    out
}

fn table(plan: &Plan, limit: usize) -> String {
    if plan.changes.is_empty() {
        return String::new();
    }
    let rows = super::rows(plan, limit);
    let (left, unshown) =
        (plan.changes.len().saturating_sub(rows.all), plan.applicable().count().saturating_sub(rows.applied));
    let cut = match (left, unshown) {
        (0, _) => String::new(),
        (left, 0) => format!(
            "<p class=\"cut\">All {} changes that will be written are here; {} of those that wait or are withheld are not: \
             <code>mfaplan show FILE --format csv</code> lists them all.</p>",
            words::number(rows.applied as u64),
            words::number(left as u64)
        ),
        (left, _) => format!(
            "<p class=\"cut\">This page has the {} changes at most risk of those that will be written; {} more changes are in \
             the plan: <code>mfaplan show FILE --format csv</code> lists them all.</p>",
            words::number(rows.applied as u64),
            words::number(left as u64)
        ),
    };
    format!(
        "<section id=\"users\" tabindex=\"-1\"><h2>Users</h2>{cut}\
         <noscript><p>The table of users needs JavaScript; everything above does not.</p></noscript>\
         <form class=\"filters\" id=\"filters\" hidden role=\"search\" aria-label=\"Filter users\">\
         <label class=\"grow\">Search <input type=\"search\" id=\"q\" placeholder=\"name, rule, block, evidence\" autocomplete=\"off\" spellcheck=\"false\"></label>\
         <label>Decision <select id=\"f-decision\"></select></label><label>Transition <select id=\"f-transition\"></select></label>\
         <label>Worst risk <select id=\"f-severity\"></select></label><label>Rule <select id=\"f-rule\"></select></label>\
         <label>Block <select id=\"f-block\"></select></label><button type=\"reset\">Clear</button></form>\
         <p id=\"count\" role=\"status\" aria-live=\"polite\"></p>\
         <div class=\"panes\" id=\"panes\" hidden><div class=\"grid\" id=\"grid\" role=\"grid\" tabindex=\"0\" aria-label=\"Changes\" aria-describedby=\"keys\">\
         <div class=\"row head\" id=\"heads\" role=\"row\"></div><div class=\"body\" id=\"body\" role=\"rowgroup\"></div></div>\
         <aside id=\"detail\" tabindex=\"0\" aria-live=\"polite\" aria-label=\"Selected user\"></aside></div>\
         <p class=\"quiet keys\" id=\"keys\">Arrow keys, Page Up and Page Down, Home and End move; the selected user’s evidence is shown beside the table.</p></section>\n"
    )
}

fn foot(plan: &Plan) -> String {
    let outputs: String = plan
        .outputs
        .iter()
        .map(|(name, output)| {
            let value =
                output.value.as_ref().filter(|_| !output.sensitive).map_or("(sensitive)".into(), |v| v.to_string());
            let description = output.description.as_deref().unwrap_or_default();
            format!("<li><code>{} = {}</code> {}</li>", html(name), html(&value), html_prose(description))
        })
        .collect();
    let outputs = if outputs.is_empty() {
        outputs
    } else {
        format!("<section><h2>Outputs</h2><ul class=\"findings\">{outputs}</ul></section>\n")
    };
    let files: Vec<_> = plan.config.files.iter().map(|file| format!("<code>{}</code>", html(file))).collect();
    let next = if plan.is_refused() || plan.summary.applied() == 0 {
        String::new()
    } else {
        let commands: Vec<_> = words::approval(plan).iter().map(|one| format!("<code>{}</code>", html(one))).collect();
        format!("<p>Applied is exactly this plan, or nothing: {}</p>", commands.join(", then "))
    };
    format!("{outputs}<section class=\"foot\"><p>Configuration: {}</p>{next}</section>\n", files.join(", "))
}
