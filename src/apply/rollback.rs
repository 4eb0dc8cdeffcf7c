//! The way back: what would restore the states before a run.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{
    journal::{Entry, Journal, RunId, v1::PlannedUser},
    report::{Outcome, Seen},
};
use crate::tenant::{MfaState, ObservedState, ObservedTenant, TenantId, Text, UserId};

/// The inverse of a run, against the tenant as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Inverse {
    /// The run that is undone.
    pub run: RunId,
    /// Changes that restore what was before, in the run's order.
    pub changes: Vec<InverseChange>,
    /// Users who no longer have what the run left: left alone.
    pub stale: Vec<StaleUser>,
    /// Users whom the run may have written and whose state nobody knows now: withheld, and not forgotten.
    pub unread: Vec<UnreadUser>,
    /// How many already have the state from before the run.
    pub restored: u64,
    /// How many the run did not touch.
    pub untouched: u64,
}

/// One change back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct InverseChange {
    /// Who.
    pub user: PlannedUser,
    /// The state they have now.
    pub before: MfaState,
    /// The state they had before the run.
    pub after: MfaState,
}

/// A user who cannot be brought back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct StaleUser {
    /// Who.
    pub user: PlannedUser,
    /// The state the run left, as planned.
    pub left: MfaState,
    /// The state they have now.
    pub observed: Seen,
}

/// A user whose state cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct UnreadUser {
    /// Who.
    pub user: PlannedUser,
    /// The state from before the run.
    pub after: MfaState,
    /// Why.
    pub reason: Text,
}

/// Why a run cannot be rolled back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RollbackError {
    /// The tenant is another.
    #[error("run {run} was made in tenant {made_in}, but the tenant at hand is {actual}")]
    OtherTenant {
        /// Which run.
        run: RunId,
        /// Its tenant.
        made_in: TenantId,
        /// The tenant at hand.
        actual: TenantId,
    },
    /// A target that the run does not name.
    #[error("run {run} has no user `{}`", .target.escape_debug())]
    NoSuchTarget {
        /// Which run.
        run: RunId,
        /// What was asked for.
        target: String,
    },
}

/// What would restore the states before this run, for those whom it changed and who still have what it left.
/// `targets` (user principal names or object ids) narrow it down; none = everybody.
///
/// # Errors
/// When the tenant is another, or a target is not in the run.
pub(crate) fn rollback(
    journal: &Journal,
    observed: &ObservedTenant,
    targets: &[String],
) -> Result<Inverse, RollbackError> {
    let run = journal.run.run.clone();
    if journal.run.tenant.id != observed.id {
        return Err(RollbackError::OtherTenant { run, made_in: journal.run.tenant.id, actual: observed.id });
    }
    let targets = resolve(journal, targets)?;
    let mut inverse =
        Inverse { run, changes: Vec::new(), stale: Vec::new(), unread: Vec::new(), restored: 0, untouched: 0 };
    for (planned, entry) in journal.run.changes.iter().zip(&journal.entries) {
        if targets.as_ref().is_some_and(|targets| !targets.contains(&planned.user.id)) {
            continue;
        }
        if !may_have_been_written(entry) {
            inverse.untouched += 1;
            continue;
        }
        let user = planned.user.clone();
        let unread = |reason: Text| UnreadUser { user: user.clone(), after: planned.before, reason };
        if let Ok(at) = observed.unread.binary_search_by_key(&user.id, |one| one.user) {
            inverse.unread.extend(observed.unread.get(at).map(|one| unread(one.reason.clone())));
            continue;
        }
        let state = observed.by_id(user.id).map(|index| &observed.user(index).mfa_state);
        match state {
            Some(ObservedState::Known(now)) if *now == planned.before => inverse.restored += 1,
            Some(ObservedState::Known(now)) if planned.is_reached_by(*now) => {
                inverse.changes.push(InverseChange { user, before: *now, after: planned.before });
            }
            Some(ObservedState::Unknown(_)) => {
                inverse.unread.push(unread("the tenant gives a state that is not known".into()));
            }
            other => {
                let observed = other.map_or(Seen::Gone, Seen::from);
                inverse.stale.push(StaleUser { user, left: planned.effective, observed });
            }
        }
    }
    Ok(inverse)
}

/// An intent is on record, and no refusal that says for certain that nothing came of it.
fn may_have_been_written(entry: &Entry) -> bool {
    let refused = || {
        entry.result.as_ref().is_some_and(|report| {
            matches!(report.result, Outcome::Failed | Outcome::Stale)
                && report.error.as_ref().is_some_and(|error| error.rejected)
        })
    };
    entry.intent.is_some() && (entry.open || !refused())
}

fn resolve(journal: &Journal, targets: &[String]) -> Result<Option<BTreeSet<UserId>>, RollbackError> {
    if targets.is_empty() {
        return Ok(None);
    }
    let mut ids = BTreeSet::new();
    for target in targets {
        let named = journal.run.changes.iter().map(|planned| &planned.user).find(|user| {
            user.user_principal_name.to_lowercase() == target.to_lowercase() || target.parse() == Ok(user.id)
        });
        let Some(user) = named else {
            return Err(RollbackError::NoSuchTarget { run: journal.run.run.clone(), target: target.clone() });
        };
        ids.insert(user.id);
    }
    Ok(Some(ids))
}
