//! What of a reviewed plan still holds, when the same configuration is planned again.
//!
//! The digest of what was reviewed names every write. Where a plan made later has another digest, the users whose write is
//! the same to the letter (state, effect, risks, name) are still approved by it, as long as the terms are: the bounds of
//! the execution, the waivers, the tenant's own findings. Everybody else needs another review.

use std::collections::{HashMap, HashSet};

use super::{
    Plan, Summary,
    build::count_changes,
    digest::{self, ApprovedChange, Document},
};
use crate::tenant::{Text, UserId};

/// What of the reviewed plan holds.
#[derive(Debug)]
pub(crate) enum Holds {
    /// All of it.
    All,
    /// Nothing: the terms differ.
    Nothing(Vec<&'static str>),
    /// The writes of these users; [`part`] is the plan of them.
    Part {
        /// Whose write is the reviewed one.
        same: HashSet<UserId>,
        /// How many users are written otherwise than reviewed, or not at all any more, or anew.
        left: u64,
    },
}

/// Compares what two plans write. `now` is the one that could be applied.
///
/// # Errors
/// The name of a user whose present state is unknown, though one of the plans would write them.
pub(crate) fn holds(reviewed: &Plan, now: &Plan) -> Result<Holds, Text> {
    let (then, today) = (digest::approved(reviewed)?, digest::approved(now)?);
    if then == today {
        return Ok(Holds::All);
    }
    let terms = terms(&then, &today);
    if !terms.is_empty() {
        return Ok(Holds::Nothing(terms));
    }
    let before: HashMap<UserId, &ApprovedChange> = then.changes.iter().map(|one| (one.user, one)).collect();
    let same: HashSet<UserId> =
        today.changes.iter().filter(|one| before.get(&one.user) == Some(one)).map(|one| one.user).collect();
    // Whoever is where the reviewed plan wanted them needs no write any more.
    let there: HashSet<UserId> = now
        .others
        .iter()
        .filter(|one| {
            let wanted = before.get(&one.user.id);
            wanted.is_some_and(|wanted| [wanted.after, wanted.effective].map(Some).contains(&one.state.known()))
        })
        .map(|one| one.user.id)
        .collect();
    let of_either: HashSet<UserId> = then.changes.iter().chain(&today.changes).map(|one| one.user).collect();
    let left = of_either.iter().filter(|user| !same.contains(user) && !there.contains(user)).count() as u64;
    Ok(Holds::Part { same, left })
}

/// The plan of these users' writes alone. Whoever waits or is withheld stays: their number is part of what is told.
#[must_use]
pub(crate) fn part(mut plan: Plan, same: &HashSet<UserId>) -> Plan {
    plan.changes.retain(|change| !change.decision.is_apply() || same.contains(&change.user.id));
    // Without `..`: a new counter is counted anew, or it is not of changes.
    let Summary {
        users: _,
        managed: _,
        unmanaged: _,
        protected: _,
        unchanged: _,
        enable,
        enforce,
        relax,
        disable,
        hold,
        block,
        before,
        after,
        // Of what the plan found, not of what it does.
        findings: _,
        accepted: _,
    } = &mut plan.summary;
    [enable, enforce, relax, disable, hold, block].into_iter().for_each(|counter| *counter = 0);
    *after = *before;
    count_changes(&mut plan.summary, &plan.changes);
    plan.digest = digest::compute(&plan);
    plan
}

/// What else was approved, and differs.
fn terms(then: &Document, now: &Document) -> Vec<&'static str> {
    let Document { assumed, changes: _, cloud, execution, findings, refused, tenant, waivers } = then;
    [
        ("the tenant", *tenant == now.tenant && *cloud == now.cloud),
        ("the policies that are assumed", *assumed == now.assumed),
        ("the bounds of the execution", *execution == now.execution),
        ("findings of the tenant", *findings == now.findings),
        ("why the plan is refused", *refused == now.refused),
        ("waived guardrails", *waivers == now.waivers),
    ]
    .into_iter()
    .filter_map(|(what, same)| (!same).then_some(what))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diff::Decision,
        render::testing::{refused, sample},
    };

    fn kept(reviewed: &Plan, now: Plan) -> (Plan, u64) {
        match holds(reviewed, &now).unwrap() {
            Holds::Part { same, left } => (part(now, &same), left),
            other => panic!("{other:?}"),
        }
    }

    fn written(plan: &Plan) -> Vec<&str> {
        plan.applicable().map(|change| change.user.user_principal_name.as_str()).collect()
    }

    #[test]
    fn held_and_blocked_users_change_nothing() {
        let (reviewed, mut now) = (sample(), sample());
        now.changes.retain(|change| change.decision.is_apply());
        now.digest = digest::compute(&now);
        assert!(matches!(holds(&reviewed, &now).unwrap(), Holds::All));
        assert_eq!(reviewed.digest, now.digest);
    }

    #[test]
    fn only_whoever_is_written_as_reviewed_is_left_and_the_others_are_counted() {
        let reviewed = sample();
        let all = written(&reviewed);
        let mut now = sample();
        let applied: Vec<usize> = (0..now.changes.len()).filter(|at| now.changes[*at].decision.is_apply()).collect();
        // One has another risk now, one is withheld, one has a new name: none of them was reviewed so.
        now.changes[applied[0]].findings.clear();
        now.changes[applied[0]].before = crate::tenant::ObservedState::from(crate::tenant::MfaState::Enabled);
        now.changes[applied[0]].after = crate::tenant::MfaState::Disabled;
        now.changes[applied[1]].decision = Decision::Block { by: vec!["MFA002".into()], hold: None };
        now.changes[applied[2]].user.user_principal_name = "renamed@contoso.com".into();
        let (part, left) = kept(&reviewed, now);
        assert_eq!(left, 3);
        let kept = written(&part);
        assert_eq!(kept.len(), all.len() - 3);
        assert!(kept.iter().all(|name| all.contains(name)));
        assert_eq!(part.digest, digest::compute(&part));
        assert_eq!(part.summary.applied(), kept.len() as u64);
    }

    #[test]
    fn other_terms_leave_nothing() {
        let (reviewed, mut now) = (refused(), refused());
        now.execution.canary += 1;
        now.waivers.clear();
        now.changes.remove(0);
        match holds(&reviewed, &now).unwrap() {
            Holds::Nothing(terms) => assert_eq!(terms, ["the bounds of the execution", "waived guardrails"]),
            other => panic!("{other:?}"),
        }
        type Edit = fn(&mut Plan);
        let edits: [(Edit, &str); 5] = [
            (|plan| plan.tenant.cloud = "usgov".into(), "the tenant"),
            (|plan| plan.tenant.id = "00000000-0000-0000-0000-000000000007".parse().unwrap(), "the tenant"),
            (|plan| plan.execution.canary += 1, "the bounds of the execution"),
            (|plan| _ = plan.findings.remove(0), "findings of the tenant"),
            (|plan| plan.refused.truncate(1), "why the plan is refused"),
        ];
        for (edit, term) in edits {
            let mut now = refused();
            edit(&mut now);
            assert!(matches!(holds(&reviewed, &now).unwrap(), Holds::Nothing(terms) if terms == [term]), "{term}");
        }
    }
}
