//! Reading again: are the states as a run left them, or as declared; who has registered since; who started to fail.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    journal::{Journal, RunId, v1::PlannedUser},
    report::{Counts, Failure, Outcome, Seen},
};
use crate::{
    facts::UserKind,
    tenant::{MfaState, ObservedTenant, Text, User, UserId},
};

/// The version of the report, named in the published schema; minor = additions only.
#[cfg(test)]
pub(crate) const FORMAT_VERSION: &str = "1.0";

/// What a user should look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// Who; `registered` is as it was when the expectation arose.
    pub user: PlannedUser,
    /// The state before the run; none where no run is verified.
    pub before: Option<MfaState>,
    /// The state that was written, or is declared.
    pub after: MfaState,
    /// The state it ends in.
    pub effective: MfaState,
    /// When it was written: from then on he is asked to register.
    pub since: Option<Timestamp>,
}

impl Expected {
    /// What a run left, per user it is done with or has left in doubt.
    #[must_use]
    pub(crate) fn of_run(journal: &Journal) -> Vec<Self> {
        let pairs = journal.run.changes.iter().zip(&journal.entries);
        pairs
            .filter(|(_, entry)| matches!(entry.outcome(), Outcome::Done | Outcome::Unknown))
            .map(|(planned, entry)| Self {
                user: planned.user.clone(),
                before: Some(planned.before),
                after: planned.after,
                effective: planned.effective,
                since: entry.intent,
            })
            .collect()
    }

    /// Declared to be in this state, whatever he was in before.
    #[must_use]
    pub(crate) const fn declared(user: PlannedUser, state: MfaState) -> Self {
        let effective = state.effective(user.registered);
        Self { user, before: None, after: state, effective, since: None }
    }

    fn standing(&self, state: MfaState) -> Standing {
        if state == self.after {
            return Standing::AsExpected;
        }
        // Enabled becomes enforced by the service's own doing, unless he was to be lowered from there.
        let promoted = self.after == MfaState::Enabled
            && state == MfaState::Enforced
            && (self.before != Some(MfaState::Enforced) || self.effective == MfaState::Enforced);
        if promoted { Standing::Promoted } else { Standing::Drifted }
    }
}

/// How a user stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// Exactly as left or declared.
    AsExpected,
    /// Enabled, and made enforced by the service since he has registered: as it should be.
    Promoted,
    /// In another state.
    Drifted,
    /// Does not exist any more.
    Gone,
    /// Could not be read.
    Unread,
}

/// Has he registered for MFA?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Registration {
    /// He had before.
    Before,
    /// He has since.
    Since,
    /// Not yet: the "More information required" page is waiting for him.
    Pending,
    /// The tenant does not say.
    Unknown,
}

/// One verified user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VerifiedUser {
    /// Object id.
    pub id: UserId,
    /// Sign-in name.
    pub user_principal_name: Text,
    /// Display name.
    pub display_name: Option<Text>,
    /// The state before the run.
    pub before: Option<MfaState>,
    /// The state he should have.
    pub expected: MfaState,
    /// The state he has.
    pub observed: Option<Seen>,
    /// What that means.
    pub standing: Standing,
    /// Has he registered? None where he is not asked to.
    pub registration: Option<Registration>,
    /// For how long he has been asked to register and has not, in seconds.
    pub waiting_seconds: Option<i64>,
    /// Why he could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// A user of whom sign-ins fail.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct FailingUser {
    /// Object id.
    pub id: UserId,
    /// Sign-in name.
    pub user_principal_name: Text,
    /// Failed sign-ins in the window.
    pub failed: u32,
    /// Those that MFA explains: error 50072, 50074, 50076 or 50079, or a legacy protocol; none where that is not known.
    pub failed_mfa: Option<u32>,
    /// The window in days, where known. It may reach back before the run.
    pub window_days: Option<u16>,
    /// Legacy protocols still seen, and how often.
    pub legacy: BTreeMap<Text, u32>,
    /// Nobody signs in interactively, or a program holds the password: probably a workload that has broken.
    pub looks_like_workload: bool,
}

/// The result of a verification.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VerifyReport {
    /// Which run; none where declared states are verified.
    pub run: Option<RunId>,
    /// When it was looked.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub verified_at: Timestamp,
    /// Numbers by standing.
    pub summary: VerifySummary,
    /// Every user looked at.
    pub users: Vec<VerifiedUser>,
    /// Raised users of whom sign-ins fail, workloads first; none where the tenant gives no sign-ins.
    pub failing: Option<Vec<FailingUser>>,
}

/// Numbers of a verification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VerifySummary {
    /// All users looked at.
    pub users: u64,
    /// See [`Standing::AsExpected`].
    pub as_expected: u64,
    /// See [`Standing::Promoted`].
    pub promoted: u64,
    /// See [`Standing::Drifted`].
    pub drifted: u64,
    /// See [`Standing::Gone`].
    pub gone: u64,
    /// See [`Standing::Unread`].
    pub unread: u64,
    /// See [`Registration::Since`].
    pub registered_since: u64,
    /// See [`Registration::Pending`].
    pub registration_pending: u64,
}

impl VerifyReport {
    /// In the words of the summary event: drifted and gone users are stale to any run, unread ones unknown.
    #[must_use]
    pub(crate) const fn as_counts(&self) -> Counts {
        let summary = &self.summary;
        let done = summary.as_expected + summary.promoted;
        Counts {
            changes: summary.users,
            done,
            failed: 0,
            stale: summary.drifted + summary.gone,
            unknown: summary.unread,
            not_attempted: 0,
            verified: done,
        }
    }
}

/// States that were read, or why not.
pub(crate) type States = HashMap<UserId, Result<Seen, Failure>>;

/// The states of these users in a tenant that was read as a whole.
#[must_use]
pub(crate) fn observed_states(expected: &[Expected], observed: &ObservedTenant) -> States {
    let seen = |id| observed.by_id(id).map_or(Seen::Gone, |index| Seen::from(&observed.user(index).mfa_state));
    expected.iter().map(|one| (one.user.id, Ok(seen(one.user.id)))).collect()
}

/// Compares. `observed` adds who has registered since and who fails; without it only the states are compared.
#[must_use]
pub(crate) fn verify(
    run: Option<RunId>,
    expected: &[Expected],
    states: &States,
    observed: Option<&ObservedTenant>,
    now: Timestamp,
) -> VerifyReport {
    let facts = |id| observed.and_then(|tenant| tenant.by_id(id).map(|index| tenant.user(index)));
    let mut summary = VerifySummary { users: expected.len() as u64, ..VerifySummary::default() };
    let mut users = Vec::with_capacity(expected.len());
    let mut failing = Vec::new();
    for one in expected {
        let user = verified(one, states.get(&one.user.id), facts(one.user.id), now);
        match user.standing {
            Standing::AsExpected => summary.as_expected += 1,
            Standing::Promoted => summary.promoted += 1,
            Standing::Drifted => summary.drifted += 1,
            Standing::Gone => summary.gone += 1,
            Standing::Unread => summary.unread += 1,
        }
        summary.registered_since += u64::from(user.registration == Some(Registration::Since));
        summary.registration_pending += u64::from(user.registration == Some(Registration::Pending));
        users.push(user);
        failing.extend(facts(one.user.id).and_then(|user| fails(one, user)));
    }
    failing.sort_by(|a, b| {
        (b.looks_like_workload, b.failed_mfa, b.failed)
            .cmp(&(a.looks_like_workload, a.failed_mfa, a.failed))
            .then_with(|| a.id.cmp(&b.id))
    });
    let sign_ins_known = observed.is_some_and(|tenant| tenant.users().iter().any(|user| user.sign_ins.is_some()));
    VerifyReport { run, verified_at: now, summary, users, failing: sign_ins_known.then_some(failing) }
}

fn verified(
    expected: &Expected,
    state: Option<&Result<Seen, Failure>>,
    facts: Option<&User>,
    now: Timestamp,
) -> VerifiedUser {
    let (standing, observed, error) = match state {
        None => (Standing::Unread, None, None),
        Some(Err(failure)) => (Standing::Unread, None, Some(failure.clone())),
        Some(Ok(seen)) => {
            let standing = match seen {
                Seen::Disabled => expected.standing(MfaState::Disabled),
                Seen::Enabled => expected.standing(MfaState::Enabled),
                Seen::Enforced => expected.standing(MfaState::Enforced),
                // A state that cannot be understood is not as expected, whatever it is.
                Seen::Unknown => Standing::Drifted,
                Seen::Gone => Standing::Gone,
            };
            (standing, Some(*seen), None)
        }
    };
    let asked = expected.after != MfaState::Disabled;
    let registration = asked.then(|| match (expected.user.registered, facts.and_then(|user| user.registered)) {
        (Some(true), Some(true)) => Registration::Before,
        (Some(false), Some(true)) => Registration::Since,
        (_, Some(false)) => Registration::Pending,
        // The service promotes nobody who has not registered.
        (Some(false), None) if standing == Standing::Promoted => Registration::Since,
        (Some(true) | None, _) | (Some(false), None) => Registration::Unknown,
    });
    let waiting = (registration == Some(Registration::Pending)).then_some(expected.since).flatten();
    VerifiedUser {
        id: expected.user.id,
        user_principal_name: expected.user.user_principal_name.clone(),
        display_name: expected.user.display_name.clone(),
        before: expected.before,
        expected: expected.after,
        observed,
        standing,
        registration,
        waiting_seconds: waiting.map(|since| now.duration_since(since).as_secs()),
        error,
    }
}

/// Sign-ins fail of a user who was raised. The window of the log may reach back before the run: a list to look at.
fn fails(expected: &Expected, user: &User) -> Option<FailingUser> {
    if expected.after == MfaState::Disabled {
        return None;
    }
    let sign_ins = user.sign_ins.as_ref()?;
    let failed = sign_ins.failed.filter(|failed| *failed > 0)?;
    let legacy: BTreeMap<Text, u32> =
        sign_ins.legacy.iter().flatten().map(|one| (one.protocol.clone(), one.count)).collect();
    let workload_kind = !matches!(expected.user.kind, UserKind::Person | UserKind::Guest | UserKind::Unknown);
    let looks_like_workload = workload_kind
        || sign_ins.interactive == Some(0)
        || sign_ins.ropc.is_some_and(|count| count > 0)
        || legacy.values().any(|count| *count > 0);
    Some(FailingUser {
        id: user.id,
        user_principal_name: user.user_principal_name.clone(),
        failed,
        failed_mfa: sign_ins.failed_mfa,
        window_days: sign_ins.window_days,
        legacy,
        looks_like_workload,
    })
}
