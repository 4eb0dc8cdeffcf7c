//! What changed between two plans: for whom, and why.
//!
//! Used when a plan under review is planned again, when a pull request changes a configuration, and when an approved
//! digest no longer fits. Two plans with the same content and different times are the same.

mod claims;

use std::collections::{BTreeMap, HashMap, HashSet};

pub use claims::{ClaimGroup, ClaimShift};

use super::{Change, Digest, Plan, Refusal, Summary};
use crate::{
    risk::{Finding, PlanFinding},
    severity::Severity,
    tenant::{Text, UserId},
};

/// The difference of two plans.
#[derive(Clone, Debug)]
pub struct PlanDiff<'a> {
    /// The digests, old and new.
    pub digests: (&'a Digest, &'a Digest),
    /// The numbers, old and new.
    pub summaries: (&'a Summary, &'a Summary),
    /// Users that only the new plan changes, by name.
    pub added: Vec<&'a Change>,
    /// Users that only the old plan changed, by name.
    pub removed: Vec<&'a Change>,
    /// Users whose change is another one, by name.
    pub changed: Vec<ChangedUser<'a>>,
    /// Users whom another block claims, or none: protection and coverage that come or go; worst first.
    pub claims: Vec<ClaimGroup<'a>>,
    /// Refusals that are new.
    pub refused: Vec<&'a Refusal>,
    /// Refusals that are gone.
    pub no_longer_refused: Vec<&'a Refusal>,
    /// Findings of the tenant and of blocks: which differ, and how.
    pub findings: Vec<Reason>,
    /// Other things that apply differently: waived guardrails, how it is executed.
    pub terms: Vec<String>,
}

/// One user whose change is another one.
#[derive(Clone, Debug)]
pub struct ChangedUser<'a> {
    /// In the old plan.
    pub old: &'a Change,
    /// In the new one.
    pub new: &'a Change,
    /// What differs; never empty.
    pub reasons: Vec<Reason>,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A value: what, old, new.
    Value(&'static str, String, String),
    /// A finding that is new.
    NewFinding(String, Severity),
    /// A finding that is gone.
    GoneFinding(String, Severity),
    /// A finding that is gone because the block that raised it is, or no longer claims the user: nothing got better.
    NoLongerJudged(String, Severity),
    /// The same rule, graded differently.
    Regraded(String, Severity, Severity),
    /// A finding that is accepted now.
    Accepted(String),
    /// A finding that is no longer accepted.
    NoLongerAccepted(String),
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(what, old, new) => write!(f, "{what}: {old} → {new}"),
            Self::NewFinding(rule, severity) => write!(f, "{rule} ({severity}) is new"),
            Self::GoneFinding(rule, severity) => write!(f, "{rule} ({severity}) is gone"),
            Self::NoLongerJudged(rule, severity) => {
                write!(f, "{rule} ({severity}) is no longer judged, because the block no longer claims them")
            }
            Self::Regraded(rule, old, new) => write!(f, "{rule}: {old} → {new}"),
            Self::Accepted(rule) => write!(f, "{rule} is accepted now"),
            Self::NoLongerAccepted(rule) => write!(f, "{rule} is no longer accepted"),
        }
    }
}

impl PlanDiff<'_> {
    /// As far as it is about what is written: whoever waits or is withheld in both plans was approved in neither.
    #[must_use]
    pub fn of_writes(mut self) -> Self {
        self.added.retain(|change| change.decision.is_apply());
        self.removed.retain(|change| change.decision.is_apply());
        self.changed.retain(|one| one.old.decision.is_apply() || one.new.decision.is_apply());
        self.claims.clear();
        self
    }

    /// Nothing a reviewer would have to look at again.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            digests,
            summaries: _,
            added,
            removed,
            changed,
            claims,
            refused,
            no_longer_refused,
            findings,
            terms,
        } = self;
        digests.0 == digests.1
            && added.is_empty()
            && removed.is_empty()
            && changed.is_empty()
            && claims.is_empty()
            && refused.is_empty()
            && no_longer_refused.is_empty()
            && findings.is_empty()
            && terms.is_empty()
    }
}

/// Compares two plans.
#[must_use]
pub fn compare<'a>(old: &'a Plan, new: &'a Plan) -> PlanDiff<'a> {
    let mut before: HashMap<UserId, &Change> = old.changes.iter().map(|change| (change.user.id, change)).collect();
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for change in &new.changes {
        match before.remove(&change.user.id) {
            None => added.push(change),
            Some(old) => {
                let reasons = reasons(old, change);
                if !reasons.is_empty() {
                    changed.push(ChangedUser { old, new: change, reasons });
                }
            }
        }
    }
    // Of the old plan's order, which is by name.
    let removed = old.changes.iter().filter(|change| before.contains_key(&change.user.id)).collect();
    let missing = |from: &'a [Refusal], other: &[Refusal]| {
        from.iter().filter(|one| !other.iter().any(|two| two.rule == one.rule)).collect()
    };
    let claims = claims::shifts(old, new);
    PlanDiff {
        digests: (&old.digest, &new.digest),
        summaries: (&old.summary, &new.summary),
        added,
        removed,
        changed,
        refused: missing(&new.refused, &old.refused),
        no_longer_refused: missing(&old.refused, &new.refused),
        findings: plan_findings(old, new, &claims),
        claims,
        terms: terms(old, new),
    }
}

fn value(what: &'static str, old: &str, new: &str, reasons: &mut Vec<Reason>) {
    if old != new {
        reasons.push(Reason::Value(what, old.to_owned(), new.to_owned()));
    }
}

fn reasons(old: &Change, new: &Change) -> Vec<Reason> {
    let mut reasons = Vec::new();
    value("name", &old.user.user_principal_name, &new.user.user_principal_name, &mut reasons);
    value("before", old.before.as_str(), new.before.as_str(), &mut reasons);
    value("after", old.after.as_str(), new.after.as_str(), &mut reasons);
    value("effective", old.effective.as_str(), new.effective.as_str(), &mut reasons);
    value("decision", old.decision.as_str(), new.decision.as_str(), &mut reasons);
    let block = |change: &Change| change.declared_by.as_ref().map_or_else(Text::default, |place| place.address.clone());
    value("declared by", &block(old), &block(new), &mut reasons);
    let hold = |change: &Change| match change.decision.hold() {
        None => "none".to_owned(),
        Some(hold) => {
            let until = hold.until.map_or_else(|| "no date".to_owned(), |until| until.to_string());
            format!("{until} ({})", hold.reason)
        }
    };
    if old.decision.hold() != new.decision.hold() {
        value("hold", &hold(old), &hold(new), &mut reasons);
    }
    reasons.extend(findings(&old.findings, &new.findings));
    reasons
}

fn findings(old: &[Finding], new: &[Finding]) -> Vec<Reason> {
    let graded = |one: &Finding| (one.severity, one.accepted.is_some());
    if old.len() == new.len() && old.iter().zip(new).all(|(a, b)| a.rule == b.rule && graded(a) == graded(b)) {
        return Vec::new();
    }
    let key = |one: &Finding| (one.rule.to_string(), (one.severity, one.accepted.is_some()));
    differing(old.iter().map(key), new.iter().map(key))
}

/// Findings of the plan are told apart by what they are about as well: the same rule may speak of several blocks.
fn plan_findings(old: &Plan, new: &Plan, claims: &[ClaimGroup<'_>]) -> Vec<Reason> {
    let key = |one: &PlanFinding| {
        let place = one.declared_by.as_ref().map(|place| format!(" of {}", place.address));
        let user = one.user.as_ref().map(|user| format!(" of {}", user.user_principal_name));
        let about = place.into_iter().chain(user).collect::<String>();
        (format!("{}{about}", one.finding.rule), (one.finding.severity, one.finding.accepted.is_some()))
    };
    let mut reasons = differing(old.findings.iter().map(key), new.findings.iter().map(key));
    let gone = |address: &Text| {
        let in_plan = |plan: &Plan| plan.blocks.iter().any(|block| block.place.address == *address);
        in_plan(old) && !in_plan(new)
    };
    let moved: HashSet<UserId> = claims.iter().flat_map(|group| &group.users).map(|(user, _)| user.id).collect();
    let unjudged: HashSet<String> = old
        .findings
        .iter()
        .filter(|one| {
            one.declared_by.as_ref().is_some_and(|place| gone(&place.address))
                || one.user.as_ref().is_some_and(|user| moved.contains(&user.id))
        })
        .map(|one| key(one).0)
        .collect();
    for reason in &mut reasons {
        match reason {
            Reason::GoneFinding(rule, severity) if unjudged.contains(rule) => {
                *reason = Reason::NoLongerJudged(std::mem::take(rule), *severity);
            }
            _ => {}
        }
    }
    reasons
}

type Graded = (String, (Severity, bool));

fn differing(old: impl Iterator<Item = Graded>, new: impl Iterator<Item = Graded>) -> Vec<Reason> {
    let (mut old, new): (BTreeMap<_, _>, BTreeMap<_, _>) = (old.collect(), new.collect());
    let mut reasons = Vec::new();
    for (rule, (severity, accepted)) in new {
        match old.remove(&rule) {
            None => reasons.push(Reason::NewFinding(rule, severity)),
            Some((before, was_accepted)) => {
                if before != severity {
                    reasons.push(Reason::Regraded(rule.clone(), before, severity));
                }
                match (was_accepted, accepted) {
                    (false, true) => reasons.push(Reason::Accepted(rule)),
                    (true, false) => reasons.push(Reason::NoLongerAccepted(rule)),
                    _ => {}
                }
            }
        }
    }
    reasons.extend(old.into_iter().map(|(rule, (severity, _))| Reason::GoneFinding(rule, severity)));
    reasons
}

/// What holds for the whole plan.
fn terms(old: &Plan, new: &Plan) -> Vec<String> {
    let mut terms = Vec::new();
    if old.tenant.id != new.tenant.id {
        terms.push(format!("another tenant: {} → {}", old.tenant.id, new.tenant.id));
    }
    for waiver in new.waivers.iter().filter(|one| !old.waivers.contains(one)) {
        terms.push(format!("waived now: {} = {} ({})", waiver.guardrail.as_str(), waiver.bound, waiver.reason));
    }
    for waiver in old.waivers.iter().filter(|one| !new.waivers.contains(one)) {
        terms.push(format!("no longer waived: {} = {}", waiver.guardrail.as_str(), waiver.bound));
    }
    let (a, b) = (&old.execution, &new.execution);
    let run = |plan: &Plan| plan.rolls_back.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
    for (what, old, new) in [
        ("block_at", a.block_at.to_string(), b.block_at.to_string()),
        ("canary", a.canary.to_string(), b.canary.to_string()),
        ("stop_after_failures", a.stop_after_failures.to_string(), b.stop_after_failures.to_string()),
        ("confirm", a.confirm.as_str().to_owned(), b.confirm.as_str().to_owned()),
        ("approvals required", a.approvals_required.to_string(), b.approvals_required.to_string()),
        ("rolls back", run(old), run(new)),
    ] {
        if old != new {
            terms.push(format!("{what}: {old} → {new}"));
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diff::Decision,
        render::testing::{many, refused, sample},
    };

    #[test]
    fn a_plan_made_again_is_the_same() {
        let mut again = sample();
        again.created_at += jiff::SignedDuration::from_hours(3);
        again.notes.clear();
        assert!(compare(&sample(), &again).is_empty());
        assert!(compare(&many(300), &many(300)).is_empty());
    }

    #[test]
    fn a_story_of_one_morning() {
        let (old, mut new) = (sample(), sample());
        let gone = new.changes.remove(0);
        new.changes[0].decision = Decision::Block { by: vec!["MFA002".into()], hold: None };
        let dropped = new.changes[1].findings.pop().unwrap();
        let diff = compare(&old, &new);
        assert_eq!(diff.removed, [&gone]);
        assert!(diff.added.is_empty());
        assert_eq!(diff.changed.len(), 2);
        assert_eq!(diff.changed[0].reasons, [Reason::Value("decision", "apply".into(), "block".into())]);
        assert_eq!(diff.changed[1].reasons, [Reason::GoneFinding(dropped.rule.to_string(), dropped.severity)]);
        let back = compare(&new, &old);
        assert_eq!(back.added, [&gone]);
    }

    #[test]
    fn refusals_waivers_and_acceptances_are_told() {
        let (old, new) = (sample(), refused());
        let diff = compare(&old, &new);
        assert_eq!(diff.refused.iter().map(|one| &*one.rule).collect::<Vec<_>>(), ["max_downgrades", "MFA003"]);
        assert!(diff.findings.contains(&Reason::NewFinding("MFA003".into(), Severity::Critical)));
        assert!(diff.terms[0].starts_with("waived now: max_changes = 800"));
        let mut bare = sample();
        let kim = bare.changes.iter_mut().find(|c| &*c.user.user_principal_name == "kim.smith@contoso.com").unwrap();
        kim.findings[0].accepted = None;
        kim.findings[0].severity = Severity::Low;
        let reasons = &compare(&old, &bare).changed[0].reasons;
        assert_eq!(reasons[0], Reason::Regraded("MFA007".into(), Severity::High, Severity::Low));
        assert_eq!(reasons[1], Reason::NoLongerAccepted("MFA007".into()));
    }
}
