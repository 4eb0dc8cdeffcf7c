//! A plan file is data, not authority: what follows from its content is worked out again and must agree with what it
//! says, so that no member of it tells a reader something else than what would be written.
//!
//! What nothing in the file decides (names, messages, evidence, notes) is covered by the checksum only. What decides
//! how a plan is approved and performed is compared with the configuration at hand by `apply`.

mod roster;

use std::collections::{BTreeSet, HashSet};

use super::PlanFileError;
use crate::{
    config::{Waivable, kind_of_address},
    desired::{Hold, HoldKind},
    diff::Action,
    plan::{
        Change, ChangeUser, Plan, PlanObserved, StateCounts, Summary, World, estimated_seconds, recounted, withheld_by,
    },
    risk::{self, Finding},
    severity::Severity,
    tenant::UserId,
};

/// Does everything in this plan agree with its changes and findings?
///
/// # Errors
/// [`PlanFileError::Disagrees`], naming the member.
pub(super) fn check(plan: &Plan) -> Result<(), PlanFileError> {
    // Only the way back is declared by no file of the configuration.
    let way_back = plan.rolls_back.is_some();
    if plan.config.files.is_empty() != way_back {
        let what = "names the files that declare the changes: a rollback has none, every other plan has some";
        return Err(disagrees("config.files".to_owned(), what.to_owned()));
    }
    let mut names = HashSet::with_capacity(plan.changes.len());
    let mut last = None;
    for (place, change) in plan.changes.iter().enumerate() {
        let wrong = |member: &str, what: &str| {
            let user = change.user.user_principal_name.escape_debug();
            disagrees(format!("changes[{place}].{member}"), format!("of {user} {what}"))
        };
        if !names.insert(change.user.id) {
            return Err(wrong("user", "names somebody a second time"));
        }
        let key = key(&change.user);
        if last.as_ref().is_some_and(|last| *last >= key) {
            return Err(wrong("user", "is out of order: changes stand by user principal name, then id"));
        }
        last = Some(key);
        if change.declared_by.is_none() != way_back {
            let missing = "is missing: only a rollback has changes without a block";
            let there = "is there, but no block declares the changes of a rollback";
            return Err(wrong("declared_by", if way_back { there } else { missing }));
        }
        follows(change, plan.execution.block_at, way_back).map_err(|(member, what)| wrong(member, &what))?;
    }
    impacts(&plan.changes)?;
    roster::check(plan, way_back, names)?;
    for (place, one) in plan.findings.iter().enumerate() {
        named(&one.finding).map_err(|what| disagrees(format!("findings[{place}].name"), what))?;
    }
    for (place, pair) in plan.findings.windows(2).enumerate() {
        if pair[0].finding.severity < pair[1].finding.severity {
            return Err(disagrees(format!("findings[{}]", place + 1), "is out of order: the worst stand first".into()));
        }
    }
    refusals(plan, way_back)?;
    assumed(plan)?;
    let mut guardrails = BTreeSet::new();
    for (place, waiver) in plan.waivers.iter().enumerate() {
        if !guardrails.insert(waiver.guardrail) {
            return Err(disagrees(format!("waivers[{place}].guardrail"), "is waived a second time".into()));
        }
    }
    counts(plan)
}

fn disagrees(member: String, what: String) -> PlanFileError {
    PlanFileError::Disagrees { member, what }
}

/// What users are sorted by.
fn key(user: &ChangeUser) -> (String, UserId) {
    (user.user_principal_name.to_lowercase(), user.id)
}

/// What follows from a change's states, its registration and its findings.
fn follows(change: &Change, block_at: Severity, way_back: bool) -> Result<(), (&'static str, String)> {
    let Change { user, declared_by: _, before, after, effective, action, decision, wave: _, impact: _, findings } =
        change;
    let expected =
        Action::from_observed(before, *after).ok_or_else(|| ("after", "is the state the user has".to_owned()))?;
    if *action != expected {
        return Err(("action", format!("is {action}, but from {} to {after} is {expected}", before.as_str())));
    }
    let ends = after.effective(user.registered);
    if *effective != ends {
        return Err(("effective", format!("is {effective}, but a write of {after} ends in {ends}")));
    }
    // The way back writes the state from before; a block asks for no write that would leave everything as it is.
    if !way_back && before.known() == Some(ends) {
        return Err((
            "effective",
            format!("is {effective}, the state the user has: such a write would change nothing"),
        ));
    }
    let withheld =
        if way_back && before.known().is_some() { Vec::new() } else { withheld_by(before, findings, block_at) };
    if withheld != decision.blocked_by() {
        let why = if withheld.is_empty() {
            "nothing in its findings withholds it".to_owned()
        } else {
            format!("its findings withhold it ({})", withheld.join(", "))
        };
        let said = match decision.blocked_by() {
            [] => String::new(),
            by => format!(" (by {})", by.join(", ")),
        };
        return Err(("decision", format!("is {}{said}, but {why}", decision.as_str())));
    }
    if let Some(Hold { kind: _, until: None, reason, gate: _ }) = decision.hold()
        && reason.trim().is_empty()
    {
        return Err(("hold", "has neither date nor reason".to_owned()));
    }
    if let Some(Hold { kind, until: _, reason: _, gate }) = decision.hold()
        && (*kind == HoldKind::Gate) != gate.is_some()
    {
        return Err(("hold", "names a gate without its numbers, or numbers without a gate".to_owned()));
    }
    findings.iter().try_for_each(named).and_then(|()| ordered(findings)).map_err(|what| ("findings", what))
}

/// A rule's id is what is decided on, its name what people read: one must not stand for another's. A rule that is not built
/// in is an organisation's own, and called by its id.
fn named(finding: &Finding) -> Result<(), String> {
    let Finding { rule, name, severity: _, message: _, evidence: _, remediation: _, accepted: _ } = finding;
    let built_in = risk::registry().iter().find(|one| one.id == *rule);
    let known = built_in.map_or(&**rule, |one| one.name);
    if name == known {
        return Ok(());
    }
    Err(format!("call {} \"{}\", but its name is {known}", rule.escape_debug(), name.escape_debug()))
}

fn ordered(findings: &[Finding]) -> Result<(), String> {
    for pair in findings.windows(2) {
        let (one, next) = (&pair[0], &pair[1]);
        if (std::cmp::Reverse(one.severity), &one.rule) >= (std::cmp::Reverse(next.severity), &next.rule) {
            return Err(format!("name {} twice or out of order: the worst stand first, then by rule", next.rule));
        }
    }
    Ok(())
}

/// What changes mean for sign-ins follows from their states, as far as Conditional Access does not decide; whether the
/// tenant allows app passwords and has security defaults is not in the file, but is one answer for all of them.
fn impacts(changes: &[Change]) -> Result<(), PlanFileError> {
    let mut possible = World::ALL.to_vec();
    for (place, change) in changes.iter().enumerate() {
        possible.retain(|world| change.impact.fits(change, *world));
        if possible.is_empty() {
            let user = change.user.user_principal_name.escape_debug();
            return Err(disagrees(
                format!("changes[{place}].impact"),
                format!("of {user} is not what these states mean for sign-ins"),
            ));
        }
    }
    Ok(())
}

/// Findings that refuse a plan are among its refusals, and checks and findings named there are in it.
fn refusals(plan: &Plan, way_back: bool) -> Result<(), PlanFileError> {
    let block_at = plan.execution.block_at;
    let refuses = |finding: &Finding| finding.accepted.is_none() && finding.severity >= block_at && !way_back;
    let of_findings: BTreeSet<&str> =
        plan.findings.iter().map(|one| &one.finding).filter(|one| refuses(one)).map(|one| &*one.rule).collect();
    let named: BTreeSet<&str> = plan.refused.iter().map(|one| one.rule.as_str()).collect();
    if let Some(rule) = of_findings.iter().find(|rule| !named.contains(**rule)) {
        return Err(disagrees("refused".to_owned(), format!("lacks {rule}, whose finding refuses the plan")));
    }
    for (place, refusal) in plan.refused.iter().enumerate() {
        let rule = refusal.rule.as_str();
        let founded = match rule.strip_prefix("check.") {
            Some(check) => plan.checks.iter().any(|one| one.name == check && !one.passed),
            None => Waivable::named(rule).is_some() || of_findings.contains(rule),
        };
        if !founded {
            let what = format!("names {}, but nothing in the plan says so", rule.escape_debug());
            return Err(disagrees(format!("refused[{place}].rule"), what));
        }
    }
    Ok(())
}

/// What is said of assumed policies follows from their meanings.
fn assumed(plan: &Plan) -> Result<(), PlanFileError> {
    let Some(assumed) = &plan.assumed else { return Ok(()) };
    match assumed.disagreement() {
        Some((member, what)) => Err(disagrees(format!("assumed_policies.{member}"), what)),
        None => Ok(()),
    }
}

/// The numbers.
fn counts(plan: &Plan) -> Result<(), PlanFileError> {
    let PlanObserved { source: _, captured_at: _, users, unavailable: _, evidence: _ } = &plan.observed;
    let said = &plan.summary;
    if let Some(member) = difference(said, &recounted(said, &plan.changes, &plan.findings)) {
        return Err(disagrees(format!("summary.{member}"), "is not what the changes and findings add up to".into()));
    }
    let lowered = |change: &&Change| {
        change.declared_by.as_ref().is_some_and(|place| kind_of_address(&place.address) == "service_account")
    };
    let moving = (plan.changes.len() - plan.changes.iter().filter(lowered).count()) as u64;
    if said.unchanged.saturating_add(moving) > said.managed {
        return Err(disagrees("summary.managed".into(), "is less than the unchanged and the changing users".into()));
    }
    let by_state = |counts: &StateCounts| counts.disabled + counts.enabled + counts.enforced + counts.unknown;
    for (member, sum) in [
        ("summary.before", by_state(&said.before)),
        ("summary.after", by_state(&said.after)),
        ("summary.managed", said.managed.saturating_add(said.unmanaged).saturating_add(said.protected)),
        ("observed.users", *users),
    ] {
        if sum != said.users {
            return Err(disagrees(
                member.to_owned(),
                format!("makes {sum} users, but `summary.users` is {}", said.users),
            ));
        }
    }
    if plan.execution.estimated_seconds != estimated_seconds(said) {
        let what = format!("is not the {} s that these changes take", estimated_seconds(said));
        return Err(disagrees("execution.estimated_seconds".to_owned(), what));
    }
    Ok(())
}

/// The first number that differs.
fn difference(said: &Summary, counted: &Summary) -> Option<&'static str> {
    let Summary {
        users,
        managed,
        unmanaged,
        protected,
        unchanged,
        enable,
        enforce,
        relax,
        disable,
        hold,
        block,
        before,
        after,
        findings,
        accepted,
    } = said;
    [
        ("users", *users == counted.users),
        ("managed", *managed == counted.managed),
        ("unmanaged", *unmanaged == counted.unmanaged),
        ("protected", *protected == counted.protected),
        ("unchanged", *unchanged == counted.unchanged),
        ("enable", *enable == counted.enable),
        ("enforce", *enforce == counted.enforce),
        ("relax", *relax == counted.relax),
        ("disable", *disable == counted.disable),
        ("hold", *hold == counted.hold),
        ("block", *block == counted.block),
        ("before", *before == counted.before),
        ("after", *after == counted.after),
        ("findings", *findings == counted.findings),
        ("accepted", *accepted == counted.accepted),
    ]
    .into_iter()
    .find_map(|(member, same)| (!same).then_some(member))
}
