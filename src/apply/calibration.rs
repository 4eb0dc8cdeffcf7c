//! How true a plan's replay was: what the journal says was foretold, against the log of the time since.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    journal::{Journal, v1::Planned},
    report::Outcome,
};
use crate::{
    facts::recognise,
    replay::{PredictedRow, Verdict},
    tenant::{
        Cell, Mfa, MfaState, ObservedTenant, Outcome as Ended, Protocol, Requirement, SignInKind, Text, User, is_legacy,
    },
};

/// A comparison of what was foretold with what the log shows. What is compared is whether an application and a client of a
/// user met a verdict; how often differs from month to month.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Calibration {
    /// The time since the run.
    pub window: CalibrationWindow,
    /// Of how many users the log of that time is known, and something was foretold.
    pub users: u64,
    /// Of how many it is not known, or not one by one.
    pub unknown_users: u64,
    /// By verdict, for those that a log shows; `challenged` of a saved plan only where it had all rows of a user.
    pub verdicts: BTreeMap<Verdict, Score>,
}

/// From the end of the run to the instant of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CalibrationWindow {
    /// The end of the run.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub from: Timestamp,
    /// Until when the log was looked at.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub to: Timestamp,
}

/// How true one verdict was. Counted are a user's applications and clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Score {
    /// Of how many it was foretold.
    pub predicted: u64,
    /// Of how many the log shows it.
    pub seen: u64,
    /// Both.
    pub both: u64,
    /// Foretold, and not used since: nothing can be said of these.
    pub not_seen: u64,
    /// `both` of those foretold and used since; null where there are none.
    pub precision: Option<f64>,
    /// `both` of those the log shows; null where there are none.
    pub recall: Option<f64>,
}

impl Score {
    fn rated(self) -> Self {
        let share = |of: u64| (of > 0).then(|| (self.both as f64 / of as f64 * 1_000.0).round() / 1_000.0);
        Self { precision: share(self.predicted - self.not_seen), recall: share(self.seen), ..self }
    }
}

/// Compares; nothing where the journal holds no prediction, or no time has passed since.
#[must_use]
pub(crate) fn calibrate(journal: &Journal, tenant: &ObservedTenant, to: Timestamp) -> Option<Calibration> {
    let from = journal.last;
    if to <= from {
        return None;
    }
    let (mut users, mut unknown_users) = (0, 0);
    let mut scores: BTreeMap<Verdict, Score> =
        Verdict::SHOWN_BY_THE_LOG.into_iter().map(|verdict| (verdict, Score::default())).collect();
    let changes = journal.run.changes.iter().zip(&journal.entries).zip(&journal.predicted);
    for ((planned, entry), rows) in changes {
        let (Some(rows), Outcome::Done) = (rows, entry.outcome()) else { continue };
        let user = tenant.by_id(planned.user.id).map(|index| tenant.user(index));
        let known = user.and_then(|user| Some((user, user.sign_ins.as_ref()?.cells.as_deref()?)));
        let Some((user, cells)) = known else {
            unknown_users += 1;
            continue;
        };
        users += 1;
        compare(planned, user, rows, cells, from, &mut scores);
    }
    if users + unknown_users == 0 {
        return None;
    }
    // A saved plan keeps no rows of it, so that none foretold may mean that none were kept.
    scores.retain(|verdict, score| *verdict != Verdict::Challenged || score.predicted > 0);
    let verdicts = scores.into_iter().map(|(verdict, score)| (verdict, score.rated())).collect();
    Some(Calibration { window: CalibrationWindow { from, to }, users, unknown_users, verdicts })
}

fn compare(
    planned: &Planned,
    user: &User,
    rows: &[PredictedRow],
    cells: &[Cell],
    from: Timestamp,
    scores: &mut BTreeMap<Verdict, Score>,
) {
    let mut used: BTreeMap<(&Text, &Text), Used> = BTreeMap::new();
    for cell in cells {
        let used = used.entry((&cell.shape.app, &cell.shape.client)).or_default();
        // Of a day on which the run ended, the first and the last sign-in tell on which side there were any.
        if cell.first < from {
            used.before.add(cell);
        }
        if cell.last >= from {
            used.since.add(cell);
        }
    }
    for row in rows {
        used.entry((&row.app, &row.client)).or_default().predicted.push(row.verdict);
    }
    let log = Since {
        raised: planned.after != MfaState::Disabled,
        registered: planned.user.registered == Some(false) && user.registered == Some(true),
        interactive: used.values().any(|one| one.since.interactive),
    };
    for ((_, client), used) in &used {
        for (verdict, score) in &mut *scores {
            let (predicted, seen) = (used.predicted.contains(verdict), log.shows(*verdict, client, used));
            score.predicted += u64::from(predicted);
            score.seen += u64::from(seen);
            score.both += u64::from(predicted && seen);
            score.not_seen += u64::from(predicted && !used.since.any);
        }
    }
}

/// One application and client of a user.
#[derive(Default)]
struct Used {
    predicted: Vec<Verdict>,
    before: Seen,
    since: Seen,
}

/// What the log of a time has of an application and a client.
#[derive(Default)]
struct Seen {
    any: bool,
    /// By the password grant, and otherwise.
    ropc: Ends,
    other: Ends,
    /// A person was asked to register.
    asked_to_register: bool,
    /// A person was there.
    interactive: bool,
    /// A person answered a method.
    answered: bool,
    /// Got through without MFA, by what is known of the sign-in; and with one factor required.
    without_mfa: bool,
    one_factor: bool,
    /// Failed for want of MFA.
    failed_for_mfa: bool,
}

#[derive(Clone, Copy, Default)]
struct Ends {
    well: bool,
    badly: bool,
}

impl Ends {
    const fn only_badly(self) -> bool {
        self.badly && !self.well
    }
}

impl Seen {
    fn add(&mut self, cell: &Cell) {
        let shape = &*cell.shape;
        let well = shape.outcome == Ended::Success;
        let interactive = shape.kind == SignInKind::Interactive;
        self.any = true;
        let ends = if shape.protocol == Protocol::Ropc { &mut self.ropc } else { &mut self.other };
        ends.well |= well;
        ends.badly |= shape.outcome == Ended::Failure || (!well && !interactive);
        self.asked_to_register |= interactive && matches!(shape.error_code, Some(50072 | 50079));
        self.interactive |= interactive;
        self.answered |= well && interactive && shape.mfa == Mfa::Done;
        self.without_mfa |= well && shape.mfa == Mfa::None;
        self.one_factor |= well && shape.requirement == Some(Requirement::Single);
        self.failed_for_mfa |= cell.failed_for_mfa();
    }
}

/// What else is known of the user.
struct Since {
    raised: bool,
    /// They have registered since the run.
    registered: bool,
    /// A person was there, at any client.
    interactive: bool,
}

impl Since {
    /// Does the log of the time since show this? What it shows to have been so before the run is not the run's doing.
    fn shows(&self, verdict: Verdict, client: &str, used: &Used) -> bool {
        let Used { predicted, before, since } = used;
        let legacy = is_legacy(client);
        let never_worked = |ends: fn(&Seen) -> Ends| ends(before).only_badly();
        let fails = |ends: fn(&Seen) -> Ends| ends(since).only_badly() && !never_worked(ends);
        if self.raised {
            let legacy_fails = || legacy && (fails(|one| one.ropc) || fails(|one| one.other));
            match verdict {
                Verdict::Breaks if legacy => recognise::is_smtp(client) && legacy_fails(),
                // A session of a person fails so too, until they come back.
                Verdict::Breaks => {
                    fails(|one| one.ropc) || (since.failed_for_mfa && fails(|one| one.other) && !self.interactive)
                }
                Verdict::Blocked => !recognise::is_smtp(client) && legacy_fails(),
                Verdict::MustRegister => {
                    let registered = self.registered && (since.answered || predicted.contains(&verdict) && since.any);
                    !legacy && (since.asked_to_register || registered) && !before.asked_to_register
                }
                Verdict::Challenged => {
                    let already = before.answered && !before.without_mfa;
                    !legacy && since.answered && !since.asked_to_register && !self.registered && !already
                }
                _ => false,
            }
        } else {
            let already = before.one_factor && !before.answered;
            verdict == Verdict::LosesMfa && !legacy && since.one_factor && !already
        }
    }
}
