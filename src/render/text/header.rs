//! Which tenant, which facts, how old, what is missing.

use std::{collections::BTreeMap, io};

use super::{super::escape, super::style::Label, super::words, page::Page};
use crate::{plan::Plan, plan::file::tenant_id_text};

pub(super) fn write(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    let name = page.paint(Label::Heading, &escape::text(&plan.tenant.name));
    let cloud = if &*plan.tenant.cloud == "global" { String::new() } else { format!(", cloud {}", plan.tenant.cloud) };
    page.beside(&format!("Plan for {name}"), " ", &[format!("({}{cloud})", tenant_id_text(plan.tenant.id))])?;
    page.prose("  Facts    ", &format!("{}, {}", words::facts(plan), words::count(plan.observed.users, "user")), None)?;
    if plan.as_of != plan.created_at {
        page.prose("  As of    ", &words::instant(plan.as_of), None)?;
    }
    for (fact, reason) in &plan.observed.unavailable {
        page.prose("  Missing  ", &format!("{fact}: {reason}"), Some(Label::Hold))?;
    }
    unjudged(plan, page)?;
    for waiver in &plan.waivers {
        let text = format!("{} = {} ({})", waiver.guardrail.as_str(), waiver.bound, waiver.reason);
        page.prose("  Waived   ", &text, Some(Label::Hold))?;
    }
    for note in &plan.notes {
        page.prose("  Note     ", note, None)?;
    }
    Ok(())
}

/// Rules that lacked a fact: one line per fact, or with `--verbose` every rule with its number of users. A tenant
/// without sign-in logs leaves twenty rules blind, each for another number of users; the missing fact is the news.
fn unjudged(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    if page.verbose {
        let mut blind: BTreeMap<(&str, u64), Vec<&str>> = BTreeMap::new();
        for one in &plan.not_evaluated {
            blind.entry((&one.fact, one.users)).or_default().push(&one.rule);
        }
        for ((fact, users), rules) in blind {
            let text = format!("{fact}: {} for {}", rules.join(", "), words::unjudged(users));
            page.prose("  Not evaluated: ", &text, None)?;
        }
        return Ok(());
    }
    let mut blind: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for one in &plan.not_evaluated {
        let (rules, users) = blind.entry(&one.fact).or_default();
        *rules += 1;
        *users = (*users).max(one.users);
    }
    for (fact, (rules, users)) in blind {
        let up_to = if rules > 1 && users > 0 { "up to " } else { "" };
        let text = format!("{fact} is missing ({}, {up_to}{})", words::count(rules, "rule"), words::unjudged(users));
        page.prose("  Not evaluated: ", &text, None)?;
    }
    Ok(())
}
