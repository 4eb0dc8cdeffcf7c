//! From cells to verdicts.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan, civil::Date};
use rayon::prelude::*;

use super::{
    NotReplayed, Replay, ReplayDay, ReplayWindow, Replayed, ReplayedUser, Row, RowApp, Verdict, Verdicts,
    verdict::{Judgement, Passage, Person, judge},
};
use crate::{
    diff::DecisionKind,
    facts::{Askers, Asks, CompiledPolicies, methods},
    tenant::{Cell, Mfa, MfaState, ObservedState, ObservedTenant, Outcome, SignInKind, Text, User},
};

/// One change to be replayed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// Who.
    pub(crate) user: &'a User,
    /// What happens to it.
    pub(crate) decision: DecisionKind,
    /// The state they have.
    pub(crate) before: &'a ObservedState,
    /// The state to be written.
    pub(crate) after: MfaState,
    /// The state it will end in.
    pub(crate) effective: MfaState,
}

/// Why a change is not replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Records,
    State,
}

/// One change, replayed, with what only the totals need.
struct One {
    replayed: Replayed,
    days: BTreeMap<Date, Verdicts>,
}

/// Replays the changes of a plan for this instant; `None` where there are none.
#[must_use]
pub(crate) fn replay(
    tenant: &ObservedTenant,
    policies: &CompiledPolicies,
    instant: Timestamp,
    subjects: &[Subject<'_>],
) -> Option<Replay> {
    if subjects.is_empty() {
        return None;
    }
    let askers = Askers::of(tenant);
    let one = |subject: &Subject<'_>| replay_one(policies, &askers, instant, *subject);
    let all: Vec<Result<One, Missing>> = subjects.par_iter().map(one).collect();
    let days = subjects
        .iter()
        .filter(|one| records(one.user).is_some())
        .filter_map(|one| one.user.sign_ins.as_ref()?.window_days);
    Some(summed(all, window(instant, days.max())))
}

/// What a gate asks of a replay, user by user.
pub(crate) struct Forecast<'a> {
    askers: Askers<'a>,
    policies: &'a CompiledPolicies,
    instant: Timestamp,
}

impl<'a> Forecast<'a> {
    /// For this tenant, as it stands.
    #[must_use]
    pub(crate) fn of(tenant: &'a ObservedTenant, policies: &'a CompiledPolicies, instant: Timestamp) -> Self {
        Self { askers: Askers::of(tenant), policies, instant }
    }

    /// How many sign-ins of one user would break or be blocked; `None` where they cannot be replayed.
    #[must_use]
    pub(crate) fn breaks(&self, subject: Subject<'_>) -> Option<u64> {
        let One { replayed, days: _ } = replay_one(self.policies, &self.askers, self.instant, subject).ok()?;
        Some(replayed.verdicts.of(Verdict::Breaks) + replayed.verdicts.of(Verdict::Blocked))
    }
}

/// The records of a user, where they are known one by one.
fn records(user: &User) -> Option<&[Cell]> {
    user.sign_ins.as_ref()?.cells.as_deref()
}

fn window(to: Timestamp, days: Option<u16>) -> Option<ReplayWindow> {
    let days = days?;
    let from = to.checked_sub((i64::from(days) * 24).hours()).unwrap_or(Timestamp::MIN);
    Some(ReplayWindow { from, to, days })
}

fn summed(all: Vec<Result<One, Missing>>, window: Option<ReplayWindow>) -> Replay {
    let mut replay = Replay { window, ..Replay::default() };
    let mut by_day: BTreeMap<Date, Verdicts> = BTreeMap::new();
    let (mut without_records, mut without_state) = (0, 0);
    for one in all {
        let One { replayed: one, days } = match one {
            Ok(one) => one,
            Err(Missing::Records) => {
                without_records += 1;
                continue;
            }
            Err(Missing::State) => {
                without_state += 1;
                continue;
            }
        };
        replay.count(&one);
        if one.decision == DecisionKind::Apply {
            for (day, verdicts) in days {
                by_day.entry(day).or_default().add_all(&verdicts);
            }
        }
        replay.changes.push(one);
    }
    replay.days = by_day.into_iter().map(|(day, verdicts)| ReplayDay { day, verdicts }).collect();
    replay.not_replayed = not_replayed(without_records, without_state);
    replay
}

fn not_replayed(without_records: u64, without_state: u64) -> NotReplayed {
    let records = "no single sign-ins are known of them, or not all";
    let state = "their state is unknown";
    let reason = match (without_records, without_state) {
        (0, 0) => None,
        (_, 0) => Some(records.to_owned()),
        (0, _) => Some(state.to_owned()),
        (_, _) => Some(format!("of {without_records} {records}; of {without_state} {state}")),
    };
    NotReplayed { users: without_records + without_state, reason }
}

fn replay_one(
    policies: &CompiledPolicies,
    askers: &Askers<'_>,
    instant: Timestamp,
    subject: Subject<'_>,
) -> Result<One, Missing> {
    let Subject { user, decision, before, after, effective } = subject;
    let before = before.known().ok_or(Missing::State)?;
    let cells = records(user).ok_or(Missing::Records)?;
    let passage = Passage {
        before,
        after: effective,
        may_be_promoted: effective == MfaState::Enabled && methods::registered(user).is_none(),
    };
    let is_interactive = |cell: &Cell| {
        cell.shape.kind == SignInKind::Interactive && cell.shape.outcome == Outcome::Success && cell.count > 0
    };
    let person = Person {
        usable: methods::usable(user, instant),
        interactive: cells.iter().any(is_interactive),
        asked_anyway: effective == MfaState::Disabled
            && (askers.security_defaults() || policies.asks(user) == Asks::Always),
    };
    let mut verdicts = Verdicts::default();
    let mut skipped = BTreeMap::new();
    let mut days: BTreeMap<Date, Verdicts> = BTreeMap::new();
    let mut rows: BTreeMap<Key, Sum> = BTreeMap::new();
    for cell in cells {
        let shape = &*cell.shape;
        let judgement = judge(passage, person, shape, || askers.asked_at(shape));
        let count = u64::from(cell.count);
        verdicts.add(judgement.verdict, count);
        days.entry(cell.day).or_default().add(judgement.verdict, count);
        if let (Verdict::Unchanged, Mfa::Skipped(reason)) = (judgement.verdict, &shape.mfa)
            && effective.strength() > before.strength()
        {
            *skipped.entry(reason.clone()).or_default() += count;
        }
        let app = RowApp { id: shape.app.clone(), display_name: shape.app_name.clone() };
        let row = rows.entry((judgement, app, shape.client.clone(), shape.kind));
        let (all, first, last) = row.or_insert((0, cell.first, cell.last));
        *all += count;
        *first = cell.first.min(*first);
        *last = cell.last.max(*last);
    }
    let mut rows: Vec<Row> = rows.into_iter().map(row).collect();
    // The map has them by verdict, application and client already.
    rows.sort_by(|a, b| a.verdict.cmp(&b.verdict).then_with(|| b.count.cmp(&a.count)));
    let replayed = Replayed {
        user: ReplayedUser { id: user.id.to_string().into(), user_principal_name: user.user_principal_name.clone() },
        decision,
        before,
        after,
        sign_ins: verdicts.total(),
        verdicts,
        skipped,
        rows,
        further: Vec::new(),
    };
    Ok(One { replayed, days })
}

/// What sign-ins of one row have in common.
type Key = (Judgement, RowApp, Text, SignInKind);
/// How many there are, and the first and the last.
type Sum = (u64, Timestamp, Timestamp);

fn row(((judgement, app, client, kind), (count, first, last)): (Key, Sum)) -> Row {
    let assumed = if judgement.assumed { vec![Text::from("registration")] } else { Vec::new() };
    Row { verdict: judgement.verdict, app, client, kind, count, first, last, assumed }
}
