//! `docs/risks.md`, from the rules.

use std::fmt::Write;

use crate::risk::{Rule, RuleDoc, controls, registry, sources};

/// The page `docs/risks.md`.
pub(super) fn markdown() -> String {
    let mut page = String::from(
        "# Risks\n\nThis page is generated from the rules themselves (`UPDATE_DOCS=1 cargo test --lib risk::`).\n\n\
         Severities, worst first: critical, high, medium, low, info. A change with an unaccepted finding at or above \
         `block_at` (default critical) is withheld. `accept` waives a finding for some users until a date; `risk` \
         re-grades a rule or switches it off. A rule that lacks a fact is *not evaluated* and the plan says so (MFA091); \
         unknown is never taken for safe.\n\n| id | name | on | severity | says |\n|---|---|---|---|---|\n",
    );
    for rule in registry() {
        let _ = writeln!(
            page,
            "| [{}](#{}) | {} | {} | {} | {} |",
            rule.id,
            rule.id.to_ascii_lowercase(),
            rule.name,
            rule.on(),
            grades(rule),
            rule.title,
        );
    }
    for rule in registry() {
        page.push('\n');
        section(&mut page, rule);
    }
    page
}

fn section(page: &mut String, rule: &Rule) {
    let Rule { id, name, title, grades: _, facts, traits: _, remediation, doc, check: _ } = rule;
    let RuleDoc { meaning, why, evidence, action, sources: titles } = doc;
    let facts: Vec<String> = facts.iter().map(|fact| format!("`{fact}`")).collect();
    let facts = if facts.is_empty() { "none".to_owned() } else { facts.join(", ") };
    let _ = write!(
        page,
        "<a id=\"{}\"></a>\n## {id} {name}\n\n{title}. Runs on: {}. Severity: {}. Facts: {facts}.\n\n{meaning}\n\n**Why.** {why}\n\n\
         **Evidence.** {evidence}\n\n**What to do.** {remediation} {action}\n",
        id.to_ascii_lowercase(),
        rule.on(),
        grades(rule),
    );
    if !titles.is_empty() {
        let links: Vec<String> = titles.iter().map(|title| format!("[{title}]({})", sources::address(title))).collect();
        let _ = write!(page, "\nSources: {}.\n", links.join("; "));
    }
    let controls: Vec<String> =
        controls::of(id).iter().map(|one| format!("{} {} ({})", one.framework.name(), one.id, one.title)).collect();
    let _ = write!(page, "\nControls: {}.\n", controls.join("; "));
}

fn grades(rule: &Rule) -> String {
    let words: Vec<&str> = rule.grades.iter().map(|grade| grade.as_str()).collect();
    words.join(" / ")
}
