//! The valid configuration. Everything after loading works with these types and re-checks nothing.

use std::{collections::BTreeMap, path::PathBuf};

use indexmap::IndexMap;
use jiff::{Timestamp, tz::TimeZone};

use super::{Origin, Predicate, Selector, Waivable};
use crate::{
    diag::{Diagnostic, FileId, SourceMap, Span},
    eval::{Expr, ModuleNames, Value},
    severity::Severity,
    tenant::{MfaState, ObservedState, SignInFile, TenantId, Text, User},
};

/// A valid configuration, policy directory included.
#[derive(Debug)]
pub struct Config {
    /// The configuration directory.
    pub dir: PathBuf,
    /// Directories that expressions may read files from, besides those reviewed with the configuration.
    pub allow_files: Vec<PathBuf>,
    /// What the configuration was made of.
    pub origin: Origin,
    /// What the policy directory was made of, where there is one.
    pub policy: Option<Origin>,
    /// The files' text, for places in findings and diagnostics.
    pub sources: SourceMap,
    /// The plan's one instant.
    pub instant: Timestamp,
    /// `var`.
    pub var: Value,
    /// `local`.
    pub local: Value,
    /// `module`: the outputs of the modules it calls.
    pub modules: Value,
    /// The first call of the module that each of its files belongs to.
    pub calls: BTreeMap<FileId, Span>,
    /// The `tenant` block.
    pub tenant: TenantSettings,
    /// `mfa` blocks, one per `for_each` element, in the order of files and lines.
    pub mfa: Vec<Mfa>,
    /// `service_account` blocks.
    pub service_accounts: Vec<ServiceAccount>,
    /// `break_glass` blocks.
    pub break_glass: Vec<BreakGlass>,
    /// `accept` blocks.
    pub accepts: Vec<Accept>,
    /// `risk` blocks.
    pub risks: Vec<RiskOverride>,
    /// `rule` blocks.
    pub rules: Vec<OwnRule>,
    /// `rollout` blocks by name.
    pub rollouts: IndexMap<Text, Rollout>,
    /// `notice` blocks.
    pub notices: Vec<Notice>,
    /// `guardrails`, configuration and policy merged: the tighter of each.
    pub guardrails: Guardrails,
    /// `check` blocks.
    pub checks: Vec<Check>,
    /// `output` blocks.
    pub outputs: Vec<Output>,
    /// Warnings of loading.
    pub warnings: Vec<Diagnostic>,
}

impl Config {
    /// A problem with the place at which its module is called, where it is one of a module.
    #[must_use]
    pub(crate) fn told(&self, problem: Diagnostic) -> Diagnostic {
        let call = problem.primary.as_ref().and_then(|label| self.calls.get(&label.span.file)).copied();
        match call {
            Some(call) if problem.secondary.iter().all(|label| label.span != call) => {
                problem.and(call, "in the module called here")
            }
            _ => problem,
        }
    }

    /// The modules that expressions of the configuration can name. What each gives is in [`Config::modules`].
    #[must_use]
    pub(crate) fn module_names(&self) -> BTreeMap<Text, ModuleNames> {
        let names = self.modules.as_map().into_iter().flat_map(|map| map.keys());
        names.map(|name| (name.clone(), ModuleNames::default())).collect()
    }

    /// Where expressions of this layer start from when they read files, and what they have read: whoever writes the
    /// configuration must not lay a file in the place of one of the policy's.
    #[must_use]
    pub(crate) fn origin_of(&self, layer: Layer) -> &Origin {
        match layer {
            Layer::Configuration => &self.origin,
            Layer::Policy => self.policy.as_ref().unwrap_or(&self.origin),
        }
    }
}

/// Which directory a block stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// The configuration directory.
    Configuration,
    /// The policy directory, which the configuration cannot loosen.
    Policy,
}

/// Name and place of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// For example `mfa.staff`, `mfa.teams["emea"]`, `accept.MFA006`.
    pub address: Text,
    /// The block's header.
    pub span: Span,
    /// Which directory.
    pub layer: Layer,
}

impl Declared {
    /// Does it stand in a module?
    #[must_use]
    pub fn in_module(&self) -> bool {
        self.address.starts_with("module.")
    }
}

/// The kind of block that an address names: `mfa` of `module.msp["eu"].mfa.staff["a.b"]`.
#[must_use]
pub(crate) fn kind_of_address(address: &str) -> &str {
    let mut rest = address;
    while let Some(inner) = rest.strip_prefix("module.") {
        // The name, then perhaps a key in quotes, which may hold anything.
        let name = inner.find(['.', '[']).unwrap_or(inner.len());
        rest = inner.get(name..).unwrap_or_default();
        if let Some(key) = rest.strip_prefix("[\"") {
            let mut escaped = false;
            let end = key.find(|one| {
                let closes = one == '"' && !escaped;
                escaped = one == '\\' && !escaped;
                closes
            });
            rest = end.and_then(|end| key.get(end + 2..)).unwrap_or_default();
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    rest.split('.').next().unwrap_or_default()
}

/// The `tenant` block.
#[derive(Clone, Debug)]
pub struct TenantSettings {
    /// Name and place.
    pub declared: Declared,
    /// The block's label.
    pub name: Text,
    /// `id`.
    pub id: TenantId,
    /// Where the id stands.
    pub id_span: Span,
    /// `cloud`.
    pub cloud: CloudName,
    /// `snapshot`, resolved against the configuration directory.
    pub snapshot: Option<PathBuf>,
    /// `sign_in_window` in days, 1–30.
    pub sign_in_window: u16,
    /// `sign_ins`, resolved against the configuration directory.
    pub sign_ins: Vec<SignInFile>,
}

/// Which national cloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CloudName {
    /// Worldwide, GCC included.
    #[default]
    Global,
    /// US Government L4 (GCC High).
    UsGov,
    /// US Government L5 (DoD).
    UsGovDod,
    /// China, operated by 21Vianet.
    China,
}

impl CloudName {
    /// All clouds.
    pub const ALL: [Self; 4] = [Self::Global, Self::UsGov, Self::UsGovDod, Self::China];

    /// The spelling in configurations and plans.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::UsGov => "usgov",
            Self::UsGovDod => "usgov_dod",
            Self::China => "china",
        }
    }
}

/// An `mfa` block.
#[derive(Clone, Debug)]
pub struct Mfa {
    /// Name and place.
    pub declared: Declared,
    /// `state`.
    pub state: MfaState,
    /// Where the state stands.
    pub state_span: Span,
    /// Who.
    pub selector: Selector,
    /// `priority`; any finite number.
    pub priority: f64,
    /// `allow_downgrade`.
    pub allow_downgrade: bool,
    /// `rollout`: the name of an existing rollout.
    pub rollout: Option<Text>,
    /// `staged { until }`.
    pub staged_until: Option<Timestamp>,
    /// `reason`.
    pub reason: Option<Text>,
}

impl Mfa {
    /// Does this block leave an enforced user alone, though it declares `enabled`? The service itself promotes whoever has
    /// registered: to lower them would undo what they have earned, and would not last. Only who is known not to have
    /// registered can be lowered, where the block allows it, so a plan made again after an apply is empty.
    #[must_use]
    pub(crate) fn leaves_enforced(&self, user: &User) -> bool {
        let lowers = self.state == MfaState::Enabled && self.allow_downgrade && user.registered == Some(false);
        user.mfa_state == ObservedState::Known(MfaState::Enforced) && !lowers
    }
}

/// A `service_account` block.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// Name and place.
    pub declared: Declared,
    /// Who.
    pub selector: Selector,
    /// `owner`.
    pub owner: Text,
    /// `reason`.
    pub reason: Text,
    /// `replacement`.
    pub replacement: Option<Text>,
    /// `until`: the first instant at which it is past (a date is valid through its day, UTC).
    pub expires: Option<Timestamp>,
    /// `until` as written.
    pub until: Option<Text>,
    /// `state = "disabled"`: lower one that was raised by mistake.
    pub lower: bool,
}

/// A `break_glass` block.
#[derive(Clone, Debug)]
pub struct BreakGlass {
    /// Name and place.
    pub declared: Declared,
    /// Who.
    pub selector: Selector,
    /// `reason`.
    pub reason: Option<Text>,
}

/// An `accept` block.
#[derive(Clone, Debug)]
pub struct Accept {
    /// Name and place.
    pub declared: Declared,
    /// The rule's id.
    pub rule: Text,
    /// Who; empty = the whole tenant.
    pub selector: Selector,
    /// `reason`.
    pub reason: Text,
    /// `expires` as written (a date).
    pub expires: Text,
    /// The first instant at which it no longer counts.
    pub expired_from: Timestamp,
    /// `approved_by`.
    pub approved_by: Option<Text>,
}

/// A `risk` block.
#[derive(Clone, Debug)]
pub struct RiskOverride {
    /// Name and place.
    pub declared: Declared,
    /// The rule's id.
    pub rule: Text,
    /// `severity`.
    pub severity: Option<Severity>,
    /// `enabled`, default true.
    pub enabled: bool,
}

/// A `rule` block: the organisation's own rule.
#[derive(Clone, Debug)]
pub struct OwnRule {
    /// Name and place.
    pub declared: Declared,
    /// The rule's id: the block's label.
    pub id: Text,
    /// `when`.
    pub when: Predicate,
    /// `severity`.
    pub severity: Severity,
    /// `message`: a template over `user` and `change`.
    pub message: Expr,
    /// `remediation`.
    pub remediation: Option<Text>,
}

/// A `rollout` block.
#[derive(Clone, Debug)]
pub struct Rollout {
    /// Name and place.
    pub declared: Declared,
    /// What it is called in the whole configuration: its label, with the address of its module in front.
    pub name: Text,
    /// The block's label: what it is called where it stands. Who is in a percentage follows from it, so that blocks which
    /// move into a module keep everybody where they are.
    pub label: Text,
    /// Its waves, in the order written.
    pub waves: Vec<Wave>,
}

/// A `wave` block.
#[derive(Clone, Debug)]
pub struct Wave {
    /// Name and place.
    pub declared: Declared,
    /// The block's label.
    pub name: Text,
    /// `from`: open from this instant on.
    pub from: Timestamp,
    /// Who; empty = everybody the `mfa` block claims.
    pub selector: Selector,
    /// `percent`, 0–100, of those the selectors match.
    pub percent: Option<f64>,
    /// `gate { … }`: what must hold besides the date.
    pub gate: Option<Gate>,
}

/// `notice "<name>" { … }`: what the users of a wave are told.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Name and place.
    pub declared: Declared,
    /// The block's label.
    pub name: Text,
    /// So many days before the wave, the longest first.
    pub days_before: Vec<u32>,
    /// The subject, over `user`, `change` and `wave`.
    pub subject: Expr,
    /// The text, over the same.
    pub body: Expr,
}

/// `gate { … }` of a wave: each condition that is set must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gate {
    /// At least so many percent of the wave's users to be raised are registered.
    pub registered_percent: Option<f64>,
    /// At most so many of them may be workloads.
    pub unknown_workloads: Option<u32>,
    /// At most so many of their sign-ins would break.
    pub predicted_breaks: Option<u32>,
    /// At least so many percent of the wave's users are covered by Conditional Access.
    pub covered_percent: Option<f64>,
}

/// A bound of a guardrail, and who set it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound<T> {
    /// The bound: equal is allowed, more is not.
    pub value: T,
    /// Which directory set it.
    pub layer: Layer,
    /// Where.
    pub span: Span,
}

/// The bounds the policy directory sets, on their own: a waiver of the configuration's tighter bound must not lift them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PolicyBounds {
    /// `max_changes`
    pub max_changes: Option<Bound<u64>>,
    /// `max_change_percent`
    pub max_change_percent: Option<Bound<f64>>,
    /// `max_downgrades`
    pub max_downgrades: Option<Bound<u64>>,
}

/// `guardrails`, merged.
#[derive(Clone, Debug)]
pub struct Guardrails {
    /// `max_changes`
    pub max_changes: Option<Bound<u64>>,
    /// `max_change_percent`, of the enabled users of the tenant.
    pub max_change_percent: Option<Bound<f64>>,
    /// `max_downgrades`
    pub max_downgrades: Option<Bound<u64>>,
    /// What the policy directory sets of the three above, tighter or not.
    pub policy: PolicyBounds,
    /// `block_at`
    pub block_at: Severity,
    /// `canary`
    pub canary: u32,
    /// `stop_after_failures`
    pub stop_after_failures: u32,
    /// `hold_unknown_workloads`: what looks like a workload waits until it is known how it signs in.
    pub hold_unknown_workloads: bool,
    /// `window`s: a write needs all of them open.
    pub windows: Vec<Window>,
    /// `confirm`
    pub confirm: Confirm,
    /// `approvals`
    pub approvals: Option<Approvals>,
    /// `auto_approve`
    pub auto_approve: Option<AutoApprove>,
    /// `waivable` of the policy directory: bounds of the policy that `--waive` may lift.
    pub waivable: Vec<Waivable>,
    /// `not_acceptable` of the policy directory: rules the configuration may not `accept`.
    pub not_acceptable: Vec<Text>,
    /// `service_account_signal`
    pub signal: SignalSettings,
}

impl Default for Guardrails {
    fn default() -> Self {
        Self {
            max_changes: None,
            max_change_percent: None,
            max_downgrades: None,
            policy: PolicyBounds::default(),
            block_at: Severity::Critical,
            canary: 5,
            stop_after_failures: 3,
            hold_unknown_workloads: true,
            windows: Vec::new(),
            confirm: Confirm::Yes,
            approvals: None,
            auto_approve: None,
            waivable: Vec::new(),
            not_acceptable: Vec::new(),
            signal: SignalSettings::default(),
        }
    }
}

/// A maintenance window. `from > to` runs over midnight and belongs to the day it starts on.
#[derive(Clone, Debug)]
pub struct Window {
    /// Which days; index 0 = Monday.
    pub days: [bool; 7],
    /// Opens, minutes after midnight.
    pub from: u16,
    /// Closes (exclusive), minutes after midnight.
    pub to: u16,
    /// The zone of the days and times.
    pub timezone: TimeZone,
    /// Which directory set it.
    pub layer: Layer,
    /// The address of the module that sets it; empty where none does. Each module's windows hold beside all others.
    pub module: Text,
    /// Where.
    pub span: Span,
}

/// What has to be typed at the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Confirm {
    /// `yes`
    Yes,
    /// The tenant's name.
    Tenant,
}

impl Confirm {
    /// The word in configurations and plans.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Tenant => "tenant",
        }
    }
}

/// `approvals { … }`
#[derive(Clone, Debug)]
pub struct Approvals {
    /// How many distinct signers.
    pub required: u32,
    /// An OpenSSH `allowed_signers` file, resolved.
    pub allowed_signers: PathBuf,
    /// How old a signature may be, in seconds.
    pub max_age_seconds: Option<u64>,
    /// Which directory set it.
    pub layer: Layer,
    /// Where.
    pub span: Span,
}

/// `auto_approve { … }`
#[derive(Clone, Debug)]
pub struct AutoApprove {
    /// An expression over `plan`.
    pub condition: Expr,
    /// Why that is safe.
    pub reason: Text,
    /// Whose word it is.
    pub layer: Layer,
    /// Where.
    pub span: Span,
}

/// `service_account_signal { … }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalSettings {
    /// Values of `employeeType` or an extension attribute by which the organisation marks service accounts.
    pub tags: Vec<Text>,
    /// More words that name service accounts, matched as whole words.
    pub patterns: Vec<Text>,
    /// From this score on an account is taken for a service account.
    pub certain: u8,
    /// From this score on it is a possible one.
    pub possible: u8,
}

impl Default for SignalSettings {
    fn default() -> Self {
        Self { tags: Vec::new(), patterns: Vec::new(), certain: 70, possible: 40 }
    }
}

/// A `check` block.
#[derive(Clone, Debug)]
pub struct Check {
    /// Name and place.
    pub declared: Declared,
    /// The block's label.
    pub name: Text,
    /// `severity = "error"`: failing refuses the plan.
    pub refuses: bool,
    /// Its `assert` blocks.
    pub asserts: Vec<Assert>,
}

/// An `assert` block.
#[derive(Clone, Debug)]
pub struct Assert {
    /// Must be true.
    pub condition: Expr,
    /// What to say if not.
    pub error_message: Expr,
}

/// An `output` block.
#[derive(Clone, Debug)]
pub struct Output {
    /// Name and place.
    pub declared: Declared,
    /// The block's label.
    pub name: Text,
    /// The value, over `plan`, `tenant`, `var`, `local`.
    pub value: Expr,
    /// `description`
    pub description: Option<Text>,
    /// `sensitive`
    pub sensitive: bool,
}
