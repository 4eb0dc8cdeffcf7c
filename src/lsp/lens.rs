//! What a plan says of the blocks: made when a file is saved, where `mfaplan.plan` asks for it and a snapshot is near.

use std::{collections::BTreeMap, path::Path, rc::Rc};

use jiff::Timestamp;

use super::workspace::Workspace;
use crate::{
    config::load_over,
    diff::Decision,
    plan::{self, BuildInput},
    render::words,
    severity::Severity,
    sign_ins,
};

/// What a plan says of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    /// `mfa.staff`
    pub(super) address: String,
    /// The counts and the findings, in one line.
    pub(super) title: String,
    /// Findings that are not accepted, worst first.
    pub(super) findings: Vec<Found>,
}

/// A finding of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) rule: String,
    pub(super) user: String,
    /// Could the risk be accepted?
    pub(super) acceptable: bool,
    /// Would a `service_account` block be an answer?
    pub(super) workload: bool,
}

#[derive(Default)]
struct Counts {
    apply: usize,
    hold: usize,
    block: usize,
    rules: BTreeMap<(std::cmp::Reverse<Severity>, String), usize>,
    found: Vec<(std::cmp::Reverse<Severity>, Found)>,
}

/// The plan of a directory, by block. Empty where it does not load, or has no snapshot.
pub(super) fn plan(workspace: &mut Workspace, dir: &Path, instant: Timestamp) -> Vec<Planned> {
    let Ok(config) = load_over(workspace.input(dir, instant), workspace.overlay()) else { return Vec::new() };
    workspace.names_snapshot(dir, config.tenant.snapshot.as_deref());
    let tenant = if config.tenant.sign_ins.is_empty() {
        workspace.tenant(dir)
    } else {
        // Its own copy: what the files add would be in the way of everything else.
        workspace.read_tenant(dir).and_then(|mut tenant| {
            let (files, window) = (&config.tenant.sign_ins, config.tenant.sign_in_window);
            sign_ins::merge_files(files, dir, instant, window, &mut tenant).ok()?;
            Some(Rc::new(tenant))
        })
    };
    let Some(tenant) = tenant else { return Vec::new() };
    let input =
        BuildInput { config: &config, tenant: &tenant, targets: &[], waivers: &[], created_at: instant, assumed: None };
    let Ok(built) = plan::build(&input) else { return Vec::new() };
    let mut blocks: BTreeMap<String, Counts> = BTreeMap::new();
    for change in &built.plan.changes {
        let Some(place) = &change.declared_by else { continue };
        // `mfa.staff["a"]` is one of several made by the block `mfa.staff`; what a module makes is told at its call.
        let address = match place.address.strip_prefix("module.") {
            Some(inner) => &place.address[.."module.".len() + inner.find(['.', '[']).unwrap_or(inner.len())],
            None => place.address.split('[').next().unwrap_or_default(),
        };
        let counts = blocks.entry(address.to_owned()).or_default();
        match &change.decision {
            Decision::Apply { .. } => counts.apply += 1,
            Decision::Hold(_) => counts.hold += 1,
            Decision::Block { .. } => counts.block += 1,
        }
        for finding in change.findings.iter().filter(|one| one.accepted.is_none()) {
            let worst = std::cmp::Reverse(finding.severity);
            *counts.rules.entry((worst, finding.rule.to_string())).or_default() += 1;
            counts.found.push((
                worst,
                Found {
                    rule: finding.rule.to_string(),
                    user: change.user.user_principal_name.to_string(),
                    acceptable: words::is_acceptable(&finding.rule),
                    workload: words::is_suspected_workload(change),
                },
            ));
        }
    }
    blocks.into_iter().map(|(address, counts)| told(address, counts)).collect()
}

fn told(address: String, mut counts: Counts) -> Planned {
    let mut parts = Vec::new();
    for (count, word) in [(counts.apply, "to apply"), (counts.hold, "on hold"), (counts.block, "blocked")] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    let mut title = format!("plan: {}", parts.join(", "));
    for ((severity, rule), count) in counts.rules.iter().take(3) {
        title.push_str(&format!(" · {rule} {} ({count})", severity.0.as_str()));
    }
    if counts.rules.len() > 3 {
        title.push_str(&format!(" · {} more rules", counts.rules.len() - 3));
    }
    counts.found.sort_by_key(|(worst, _)| *worst);
    Planned { address, title, findings: counts.found.into_iter().map(|(_, found)| found).collect() }
}
