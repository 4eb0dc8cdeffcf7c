//! The result of resolving: one [`Claim`] per user of the tenant.

use std::fmt;

use jiff::Timestamp;
use serde_json::Number;

use crate::{
    config::Gate,
    facts::UserKind,
    tenant::{MfaState, Text, UserIndex},
};

/// Who must be in which state. `claims[i]` is about the tenant's user `i`.
#[derive(Debug, Default)]
pub struct Desired {
    /// One per user of the tenant, in the tenant's order.
    pub claims: Vec<Claim>,
    /// Per `accept` block of the configuration: the users it is about; `None` = the whole tenant.
    pub accepted_users: Vec<Option<Vec<UserIndex>>>,
    /// The waves of all rollouts: by rollout, earliest first.
    pub waves: Vec<RolloutWave>,
    /// Users declared `enabled` and found `enforced`, with the index of their `mfa` block: satisfied (MFA043, MFA063).
    pub promoted: Vec<(UserIndex, u32)>,
}

impl Desired {
    /// The wave that picks this user, open or not.
    #[must_use]
    pub fn wave(&self, user: UserIndex) -> Option<&RolloutWave> {
        match self.claim(user) {
            Claim::Managed(managed) => self.waves.get(managed.wave?.0 as usize),
            Claim::Protected(_) | Claim::Unmanaged => None,
        }
    }

    /// What is declared of this user.
    #[must_use]
    pub fn claim(&self, user: UserIndex) -> &Claim {
        &self.claims[user.0 as usize]
    }
}

/// What is declared of one user.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// Nothing: they keep the state they have.
    Unmanaged,
    /// A `break_glass` or `service_account` block claims them.
    Protected(Protection),
    /// An `mfa` block claims them.
    Managed(Managed),
}

impl Claim {
    /// What kind of account a block declares the user to be.
    #[must_use]
    pub fn kind(&self) -> Option<UserKind> {
        match self {
            Self::Protected(protection) => Some(protection.kind.into()),
            Self::Managed(_) | Self::Unmanaged => None,
        }
    }
}

/// A protected user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// By which kind of block.
    pub kind: ProtectionKind,
    /// Index into `config.break_glass` or `config.service_accounts`.
    pub block: u32,
    /// An `mfa` block's group, role or filter caught them as well.
    pub caught: bool,
    /// The service account block says `state = "disabled"`: they are lowered if they were raised by mistake.
    pub lower: bool,
}

/// Which kind of block protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtectionKind {
    /// `break_glass`
    BreakGlass,
    /// `service_account`
    ServiceAccount,
}

impl From<ProtectionKind> for UserKind {
    fn from(kind: ProtectionKind) -> Self {
        match kind {
            ProtectionKind::BreakGlass => Self::BreakGlass,
            ProtectionKind::ServiceAccount => Self::ServiceAccount,
        }
    }
}

/// A managed user.
#[derive(Clone, Debug, PartialEq)]
pub struct Managed {
    /// Index into `config.mfa` of the block that wins.
    pub block: u32,
    /// The state to reach now, after staging.
    pub state: MfaState,
    /// When.
    pub timing: Timing,
    /// The wave of the block's rollout that picks the user, open or not.
    pub wave: Option<WaveIndex>,
}

/// Position of a wave in [`Desired::waves`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaveIndex(pub u32);

/// A wave of a rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct RolloutWave {
    /// The rollout's name.
    pub rollout: Text,
    /// The wave's name.
    pub name: Text,
    /// Open from this instant on.
    pub from: Timestamp,
    /// What must hold besides the date.
    pub gate: Option<Gate>,
    /// The first condition of the gate that does not hold; judged once the date has come.
    pub closed: Option<GateFigure>,
}

/// A condition of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GateCondition {
    /// Registered users, in percent, at least.
    RegisteredPercent,
    /// Users who may be workloads, at most.
    UnknownWorkloads,
    /// Sign-ins that would break, at most.
    PredictedBreaks,
    /// Users covered by Conditional Access, in percent, at least.
    CoveredPercent,
}

impl GateCondition {
    /// The attribute's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RegisteredPercent => "registered_percent",
            Self::UnknownWorkloads => "unknown_workloads",
            Self::PredictedBreaks => "predicted_breaks",
            Self::CoveredPercent => "covered_percent",
        }
    }
}

/// A condition of a gate that does not hold, with its numbers.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GateFigure {
    /// Which condition.
    pub name: GateCondition,
    /// The bound.
    #[cfg_attr(test, schemars(with = "f64"))]
    pub required: Number,
    /// The number found; null where it is not known.
    #[cfg_attr(test, schemars(with = "Option<f64>"))]
    pub actual: Option<Number>,
}

/// When a change happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Now.
    Now,
    /// It waits.
    Until(Hold),
    /// Now, and the user then stays at that state for a while, short of what the block declares (`staged`).
    ThenHeld(Hold),
}

impl Timing {
    /// The same, held for this reason as well: of two reasons the first by kind is told, and what waits anyway goes on
    /// waiting.
    #[must_use]
    pub fn held(self, hold: Hold) -> Self {
        match self {
            Self::Until(own) if own.kind <= hold.kind => Self::Until(own),
            Self::Now | Self::Until(_) | Self::ThenHeld(_) => Self::Until(hold),
        }
    }
}

/// What a hold waits for. Where several would hold a change, the first of them in this order is its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HoldKind {
    /// No wave of the rollout picks the user.
    NoWave,
    /// The user's wave has not opened.
    Wave,
    /// A wave's gate is not met.
    Gate,
    /// A name that looks like a workload, and sign-ins that are not known.
    BehaviourUnknown,
    /// `staged`: the user has not registered yet.
    Staged,
}

impl HoldKind {
    /// The word in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoWave => "no_wave",
            Self::Wave => "wave",
            Self::Gate => "gate",
            Self::BehaviourUnknown => "behaviour_unknown",
            Self::Staged => "staged",
        }
    }
}

impl fmt::Display for GateFigure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, required, actual } = self;
        match actual {
            Some(actual) => write!(f, "{}: {actual} of {required}", name.as_str()),
            None => write!(f, "{}: unknown of {required}", name.as_str()),
        }
    }
}

/// Why a change waits, or a user stays where the change leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// What for.
    pub kind: HoldKind,
    /// Until when; `None` where no date opens it.
    pub until: Option<Timestamp>,
    /// Why, in words.
    pub reason: Text,
    /// The numbers, where a gate holds it.
    pub gate: Option<Box<GateFigure>>,
}
