//! Reading again: are the states as a run left them, or as declared; who has registered since; who started to fail.
//!
//! Against a run, every user it was done with or left in doubt is judged. Without one, every user whom the configuration
//! manages: a change that is withheld or waits leaves its user in another state than the declared one, and a report that
//! only looked at what an apply would write would call that "as declared".

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    calibration::Calibration,
    journal::{Journal, RunId, v1::PlannedUser},
    report::{Counts, Failure, Outcome, Seen},
};
use crate::{
    diff::Decision,
    facts::UserKind,
    plan::{ChangeUser, Claimed, Plan},
    tenant::{MfaState, ObservedTenant, SignIns, Text, User, UserId},
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
    /// When it was written: from then on they are asked to register.
    pub since: Option<Timestamp>,
    /// The change waits or is withheld: they are not expected to be there yet.
    pub pending: Option<Pending>,
    /// Their wave, which is open: an apply would bring them there now.
    pub wave: Option<Text>,
}

/// Why a user is not in the declared state and no apply would bring them there now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Pending {
    /// Withheld by these rules; empty where the change waits.
    pub rules: Vec<Text>,
    /// Until when it waits, where a date opens it.
    #[cfg_attr(test, schemars(with = "Option<crate::schema::DateTime>"))]
    pub until: Option<Timestamp>,
    /// Why it waits; null where it is withheld.
    pub reason: Option<Text>,
}

impl Pending {
    fn standing(&self) -> Standing {
        if self.reason.is_some() { Standing::Held } else { Standing::Withheld }
    }
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
                pending: None,
                wave: None,
            })
            .collect()
    }

    /// What a plan without targets says of everybody it manages, in the order of names.
    #[must_use]
    pub(crate) fn declared(plan: &Plan) -> Vec<Self> {
        let changes = plan.changes.iter().map(|change| {
            let pending = match &change.decision {
                Decision::Apply { .. } => None,
                Decision::Hold(hold) => {
                    Some(Pending { rules: Vec::new(), until: hold.until, reason: Some(hold.reason.clone()) })
                }
                Decision::Block { by, hold: _ } => Some(Pending {
                    rules: by.iter().map(|rule| Text::from(&**rule)).collect(),
                    until: None,
                    reason: None,
                }),
            };
            let wave = change.wave.clone().filter(|_| change.decision.is_apply());
            Self { wave, ..Self::of(planned(&change.user), change.after, pending) }
        });
        let others = plan.others.iter().filter_map(|one| match one.claim {
            Claimed::Declared(_, state) => Some(Self::of(planned(&one.user), state, None)),
            Claimed::Protected(_) | Claimed::Unmanaged => None,
        });
        let mut all: Vec<_> = changes.chain(others).collect();
        let key = |one: &Self| (one.user.user_principal_name.to_lowercase(), one.user.id);
        all.sort_by_cached_key(key);
        all
    }

    /// Declared to be in this state, whatever they were in before.
    #[must_use]
    pub(super) fn of(user: PlannedUser, after: MfaState, pending: Option<Pending>) -> Self {
        Self {
            effective: after.effective(user.registered),
            user,
            before: None,
            after,
            since: None,
            pending,
            wave: None,
        }
    }

    fn standing(&self, state: MfaState) -> Standing {
        if state == self.after {
            return Standing::AsExpected;
        }
        // Enabled becomes enforced by the service's own doing, unless they were to be lowered from there.
        let promoted = self.after == MfaState::Enabled
            && state == MfaState::Enforced
            && (self.before != Some(MfaState::Enforced) || self.effective == MfaState::Enforced);
        if promoted {
            return Standing::Promoted;
        }
        self.pending.as_ref().map_or(Standing::Drifted, Pending::standing)
    }
}

fn planned(ChangeUser { id, user_principal_name, display_name, kind, registered }: &ChangeUser) -> PlannedUser {
    PlannedUser {
        id: *id,
        user_principal_name: user_principal_name.clone(),
        display_name: display_name.clone(),
        kind: *kind,
        registered: *registered,
    }
}

/// How a user stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// Exactly as left or declared.
    AsExpected,
    /// Enabled, and made enforced by the service since they have registered: as it should be.
    Promoted,
    /// In another state, and an unaccepted risk withholds the change.
    Withheld,
    /// In another state, and the change waits for a date or for registration.
    Held,
    /// In another state, without a reason in the plan.
    Drifted,
    /// Does not exist any more.
    Gone,
    /// The state could not be read, or is none that this version knows.
    Unknown,
}

/// Has the user registered for MFA?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Registration {
    /// Before the run.
    Before,
    /// Since the run.
    Since,
    /// Not yet: the "More information required" prompt is waiting for them.
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
    /// The state they should have.
    pub expected: MfaState,
    /// The state they have.
    pub observed: Option<Seen>,
    /// What that means.
    pub standing: Standing,
    /// Have they registered? None where they are not asked to.
    pub registration: Option<Registration>,
    /// For how long they have been asked to register and have not, in seconds.
    pub waiting_seconds: Option<i64>,
    /// Why the change has not been made; only without a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// Their wave, as `rollout.wave`, where it is open and no apply has brought them there yet; only without a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wave: Option<Text>,
    /// Why they could not be read.
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
    /// Failed sign-ins since the run that MFA explains: error 50072, 50074, 50076 or 50079, or a legacy protocol.
    pub failed_mfa: u32,
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
    /// Raised users of whom sign-ins fail for want of MFA since the run, workloads first; null where the tenant gives no
    /// sign-ins, none that can be told from those before the run, or no run is verified.
    pub failing: Option<Vec<FailingUser>>,
    /// How true the plan's replay was; only of a run whose plan had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
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
    /// See [`Standing::Withheld`].
    pub withheld: u64,
    /// See [`Standing::Held`].
    pub held: u64,
    /// See [`Standing::Drifted`].
    pub drifted: u64,
    /// See [`Standing::Gone`].
    pub gone: u64,
    /// See [`Standing::Unknown`].
    pub unknown: u64,
    /// See [`Registration::Since`].
    pub registered_since: u64,
    /// See [`Registration::Pending`].
    pub registration_pending: u64,
}

impl VerifyReport {
    /// Is anybody not as they should be? Whose change waits counts only if `strict`.
    #[must_use]
    pub(crate) const fn differs(&self, strict: bool) -> bool {
        let VerifySummary { drifted, gone, unknown, withheld, held, .. } = self.summary;
        drifted + gone + unknown + withheld > 0 || (strict && held > 0)
    }

    /// In the words of the summary event: drifted and gone users are stale to any run, unread ones unknown, and those
    /// whose change waits or is withheld not attempted.
    #[must_use]
    pub(crate) const fn as_counts(&self) -> Counts {
        let VerifySummary { users, as_expected, promoted, withheld, held, drifted, gone, unknown, .. } = self.summary;
        let done = as_expected + promoted;
        Counts {
            changes: users,
            done,
            failed: 0,
            stale: drifted + gone,
            unknown,
            not_attempted: withheld + held,
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
    let mut sign_ins_known = false;
    for one in expected {
        let user = verified(one, states.get(&one.user.id), facts(one.user.id), now);
        match user.standing {
            Standing::AsExpected => summary.as_expected += 1,
            Standing::Promoted => summary.promoted += 1,
            Standing::Drifted => summary.drifted += 1,
            Standing::Gone => summary.gone += 1,
            Standing::Withheld => summary.withheld += 1,
            Standing::Held => summary.held += 1,
            Standing::Unknown => summary.unknown += 1,
        }
        summary.registered_since += u64::from(user.registration == Some(Registration::Since));
        summary.registration_pending += u64::from(user.registration == Some(Registration::Pending));
        users.push(user);
        if let Some(tenant) = observed
            && let Some(found) = facts(one.user.id).and_then(|user| fails(one, user, tenant.captured_at))
        {
            sign_ins_known = true;
            failing.extend(found);
        }
    }
    failing.sort_by(|a, b| {
        (b.looks_like_workload, b.failed_mfa).cmp(&(a.looks_like_workload, a.failed_mfa)).then_with(|| a.id.cmp(&b.id))
    });
    VerifyReport {
        run,
        verified_at: now,
        summary,
        users,
        failing: sign_ins_known.then_some(failing),
        calibration: None,
    }
}

fn verified(
    expected: &Expected,
    state: Option<&Result<Seen, Failure>>,
    facts: Option<&User>,
    now: Timestamp,
) -> VerifiedUser {
    let (standing, observed, error) = match state {
        None => (Standing::Unknown, None, None),
        Some(Err(failure)) => (Standing::Unknown, None, Some(failure.clone())),
        Some(Ok(seen)) => {
            let standing = match seen {
                Seen::Disabled => expected.standing(MfaState::Disabled),
                Seen::Enabled => expected.standing(MfaState::Enabled),
                Seen::Enforced => expected.standing(MfaState::Enforced),
                Seen::Unknown => Standing::Unknown,
                Seen::Gone => Standing::Gone,
            };
            (standing, Some(*seen), None)
        }
    };
    let there = matches!(standing, Standing::AsExpected | Standing::Promoted);
    let asked = expected.after != MfaState::Disabled && (there || expected.since.is_some());
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
        pending: expected.pending.clone(),
        wave: expected.wave.clone().filter(|_| standing == Standing::Drifted),
        registration,
        waiting_seconds: waiting.map(|since| now.duration_since(since).as_secs()),
        error,
    }
}

/// Sign-ins that fail for want of MFA, of a user whom the run raised; `None` where nothing is known of the time since.
///
/// Only what happened after the write can be the run's doing: a mistyped password of last week is nobody's news, and a
/// count that reaches back before the run cannot be told from it.
fn fails(expected: &Expected, user: &User, captured_at: Timestamp) -> Option<Option<FailingUser>> {
    let since = expected.since?;
    let sign_ins = user.sign_ins.as_ref()?;
    let failed_mfa = failed_since(sign_ins, since, captured_at)?;
    if expected.after == MfaState::Disabled || failed_mfa == 0 {
        return Some(None);
    }
    let legacy: BTreeMap<Text, u32> =
        sign_ins.legacy.iter().flatten().map(|one| (one.protocol.clone(), one.count)).collect();
    let workload_kind = !matches!(expected.user.kind, UserKind::Person | UserKind::Guest | UserKind::Unknown);
    let looks_like_workload = workload_kind
        || sign_ins.interactive == Some(0)
        || sign_ins.ropc.is_some_and(|count| count > 0)
        || legacy.values().any(|count| *count > 0);
    Some(Some(FailingUser {
        id: user.id,
        user_principal_name: user.user_principal_name.clone(),
        failed_mfa,
        legacy,
        looks_like_workload,
    }))
}

/// How many sign-ins failed for want of MFA since then. Single records say when; a count says it only where its window
/// begins after that.
fn failed_since(sign_ins: &SignIns, since: Timestamp, captured_at: Timestamp) -> Option<u32> {
    if let Some(cells) = &sign_ins.cells {
        let failed = cells.iter().filter(|cell| cell.failed_for_mfa() && cell.last >= since);
        // Of a day that began before, at least the last one is known to have come after.
        let counted = failed.map(|cell| if cell.first >= since { cell.count } else { 1 });
        return Some(counted.fold(0, u32::saturating_add));
    }
    let window = SignedDuration::from_hours(24 * i64::from(sign_ins.window_days?));
    if captured_at - window < since { None } else { sign_ins.failed_mfa }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::tenant::MfaState::{Disabled, Enabled, Enforced};

    /// What was before, what was written, where that ends, what is found, and how that stands.
    #[test]
    fn what_the_service_did_is_told_from_what_did_not_hold() {
        let user = PlannedUser {
            id: UserId::new(Uuid::from_u128(7)),
            user_principal_name: "jo@contoso.com".into(),
            display_name: None,
            kind: UserKind::Person,
            registered: None,
        };
        for (before, after, effective, found, standing) in [
            (Some(Disabled), Enabled, Enabled, Enabled, Standing::AsExpected),
            (Some(Disabled), Enabled, Enabled, Enforced, Standing::Promoted),
            (None, Enabled, Enabled, Enforced, Standing::Promoted),
            (Some(Disabled), Enabled, Enabled, Disabled, Standing::Drifted),
            // Lowered from enforced: it did not hold, unless it was to end there for who has registered.
            (Some(Enforced), Enabled, Enabled, Enforced, Standing::Drifted),
            (Some(Enforced), Enabled, Enforced, Enforced, Standing::Promoted),
            (Some(Enforced), Disabled, Disabled, Enforced, Standing::Drifted),
            (Some(Disabled), Enforced, Enforced, Enabled, Standing::Drifted),
        ] {
            let one = Expected { user: user.clone(), before, after, effective, since: None, pending: None, wave: None };
            assert_eq!(one.standing(found), standing, "{before:?} → {after:?} ({effective:?}), found {found:?}");
        }
    }
}
