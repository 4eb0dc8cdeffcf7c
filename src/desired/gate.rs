//! Gates: a wave whose date has come opens only while its conditions hold.
//!
//! A gate is judged by every plan anew, from the facts of that plan. Nothing remembers that it was open: what was applied
//! while it was stays, and what was not waits again once a condition fails.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Number;

use super::{Claim, Desired, GateCondition, GateFigure, Hold, HoldKind, Managed, RolloutWave, Timing};
use crate::{
    config::Gate,
    facts::{CompiledPolicies, Facts, recognise},
    tenant::{MfaState, ObservedState, Text, UserIndex},
};

/// What gates are judged by.
pub(crate) struct GateFacts<'a, B> {
    /// The facts of the users.
    pub facts: &'a Facts<'a>,
    /// The policies of the tenant as they are now, whatever a plan assumes.
    pub policies: &'a CompiledPolicies,
    /// How many sign-ins of a user the change would break or block; nothing where that is not known.
    pub breaks: B,
}

/// What is counted of a wave.
#[derive(Default)]
struct Tally {
    /// Users who are to be raised, or have been.
    raised: u64,
    registered: u64,
    unknown_workloads: u64,
    breaks: u64,
    breaks_unknown: bool,
    /// All users of the wave.
    all: u64,
    covered: u64,
}

/// Closes the waves whose gate does not hold: their users wait, and stay users of that wave.
///
/// Protected users have no claim that could wait; accounts that cannot sign in count in no figure.
pub(crate) fn judge_gates<B>(instant: Timestamp, given: &GateFacts<'_, B>, desired: &mut Desired)
where
    B: Fn(UserIndex, &Managed) -> Option<u64>,
{
    let due = |wave: &RolloutWave| wave.gate.is_some() && wave.from <= instant;
    if !desired.waves.iter().any(due) {
        return;
    }
    let mut tallies: HashMap<u32, Tally> = HashMap::new();
    for (index, claim) in (0..).map(UserIndex).zip(&desired.claims) {
        if let Claim::Managed(managed) = claim
            && let Some(at) = managed.wave
            && desired.waves.get(at.0 as usize).is_some_and(due)
        {
            tallies.entry(at.0).or_default().add(given, index, managed);
        }
    }
    for (at, wave) in (0_u32..).zip(&mut desired.waves) {
        if let Some(gate) = &wave.gate
            && wave.from <= instant
        {
            wave.closed = tallies.remove(&at).unwrap_or_default().first_failing(gate);
        }
    }
    let holds: Vec<Option<Hold>> = desired.waves.iter().map(|wave| wave.closed.as_ref().map(hold)).collect();
    for claim in &mut desired.claims {
        if let Claim::Managed(managed) = claim
            && let Some(at) = managed.wave
            && let Some(Some(hold)) = holds.get(at.0 as usize)
        {
            managed.timing = Timing::Until(hold.clone());
        }
    }
}

fn hold(figure: &GateFigure) -> Hold {
    let reason = format!("gate {figure}");
    Hold { kind: HoldKind::Gate, until: None, reason: Text::from(reason), gate: Some(Box::new(figure.clone())) }
}

impl Tally {
    fn add<B>(&mut self, given: &GateFacts<'_, B>, index: UserIndex, managed: &Managed)
    where
        B: Fn(UserIndex, &Managed) -> Option<u64>,
    {
        let user = given.facts.tenant.user(index);
        if user.account_enabled == Some(false) {
            return;
        }
        self.all += 1;
        self.covered += u64::from(given.policies.covers(user) == Some(true));
        if lowers(&user.mfa_state, managed.state) {
            return;
        }
        self.raised += 1;
        self.registered += u64::from(user.registered == Some(true));
        let (score, model) = (given.facts.score(index), &given.facts.model);
        let suspect = score >= model.possible && (score < model.certain || !recognise::sign_ins_known(user));
        self.unknown_workloads += u64::from(suspect);
        match (given.breaks)(index, managed) {
            Some(breaks) => self.breaks += breaks,
            None => self.breaks_unknown = true,
        }
    }

    /// The first condition that does not hold, in the order of the language's page. Nobody is nobody's obstacle: of an
    /// empty wave everything holds.
    fn first_failing(&self, gate: &Gate) -> Option<GateFigure> {
        let Gate { registered_percent, unknown_workloads, predicted_breaks, covered_percent } = *gate;
        let least = |name, required: Option<f64>, part: u64, whole: u64| {
            let required = required?;
            // Multiplied out: a share just short of the bound must not be rounded up to it.
            (100.0 * (part as f64) < required * whole as f64).then(|| GateFigure {
                name,
                required: number(required),
                actual: Some(number((1000.0 * part as f64 / whole as f64).floor() / 10.0)),
            })
        };
        let most = |name, required: Option<u32>, actual: Option<u64>| {
            let required = required?;
            actual.is_none_or(|actual| actual > u64::from(required)).then(|| GateFigure {
                name,
                required: required.into(),
                actual: actual.map(Number::from),
            })
        };
        let breaks = (!self.breaks_unknown).then_some(self.breaks);
        least(GateCondition::RegisteredPercent, registered_percent, self.registered, self.raised)
            .or_else(|| most(GateCondition::UnknownWorkloads, unknown_workloads, Some(self.unknown_workloads)))
            .or_else(|| most(GateCondition::PredictedBreaks, predicted_breaks, breaks))
            .or_else(|| least(GateCondition::CoveredPercent, covered_percent, self.covered, self.all))
    }
}

/// Is the user to be lowered? From an unknown state nothing is known to be one.
fn lowers(before: &ObservedState, after: MfaState) -> bool {
    before.known().is_some_and(|before| before.strength() > after.strength())
}

/// `95`, `99.5`: whole numbers without a fraction.
fn number(value: f64) -> Number {
    if value.fract() == 0.0 && (0.0..=1e15).contains(&value) {
        return Number::from(value as u64);
    }
    Number::from_f64(value).unwrap_or_else(|| Number::from(0))
}

#[cfg(test)]
mod tests;
