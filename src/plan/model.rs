//! The plan: an immutable document with no choices left in it.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    assumed::AssumedPolicies,
    config::{Confirm, Origin, Waivable},
    diff::{Action, Decision},
    replay::Replay,
    risk::{Finding, NotEvaluated, Place, PlanFinding},
    severity::Severity,
    tenant::{Fact, MfaState, ObservedState, SignInEvidence, Source, TenantId, Text, UserId},
};

/// What is to be reviewed, approved and applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The version that made it.
    pub mfaplan_version: Text,
    /// When it was made.
    pub created_at: Timestamp,
    /// The instant it is for.
    pub as_of: Timestamp,
    /// Of which tenant.
    pub tenant: PlanTenant,
    /// From which configuration; `files` is empty for a rollback.
    pub config: PlanOrigin,
    /// Under which policy directory, where there was one.
    pub policy: Option<PlanOrigin>,
    /// Conditional Access policies that it takes for standing.
    pub assumed: Option<AssumedPolicies>,
    /// From which facts.
    pub observed: PlanObserved,
    /// The numbers.
    pub summary: Summary,
    /// Guardrails waived for this plan.
    pub waivers: Vec<Waiver>,
    /// Why it is refused; empty = it may be applied.
    pub refused: Vec<Refusal>,
    /// The changes, ordered by user principal name (without case), then id.
    pub changes: Vec<Change>,
    /// What the plan is limited to, as given; empty = the whole configuration.
    pub targets: Vec<Text>,
    /// The run that is undone; `None` where blocks declare the changes.
    pub rolls_back: Option<Text>,
    /// The blocks that claim users: what [`Bystander`]s point at.
    pub blocks: Vec<PlanBlock>,
    /// Everybody without a change whom no target leaves out, ordered as the changes are; empty for a rollback.
    pub others: Vec<Bystander>,
    /// Findings of the tenant, the plan and users without a change; by severity (worst first), then rule.
    pub findings: Vec<PlanFinding>,
    /// Rules that lacked facts, by rule.
    pub not_evaluated: Vec<NotEvaluated>,
    /// What the sign-ins of the last weeks would have met; `None` where nothing changes.
    pub replay: Option<Replay>,
    /// Results of `check` blocks.
    pub checks: Vec<CheckResult>,
    /// `output`s by name.
    pub outputs: BTreeMap<Text, OutputValue>,
    /// How the plan is to be applied.
    pub execution: Execution,
    /// Things worth saying that refuse nothing: a closed window, a wave nobody is in.
    pub notes: Vec<String>,
    /// What is being approved.
    pub digest: Digest,
}

impl Plan {
    /// May this plan be applied at all?
    #[must_use]
    pub fn is_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    /// The changes that will be performed.
    pub fn applicable(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.decision.is_apply())
    }

    /// The worst unaccepted finding of the whole plan.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        let of_changes = self.changes.iter().filter_map(Change::worst);
        let of_plan = self.findings.iter().map(|one| &one.finding).filter(|one| one.accepted.is_none());
        of_changes.chain(of_plan.map(|one| one.severity)).max()
    }
}

/// The identity of what is approved: SHA-256, 64 lower-case hex digits (shown with `sha256:` in front).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub Text);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

/// The tenant of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanTenant {
    /// Its id.
    pub id: TenantId,
    /// Its display name.
    pub name: Text,
    /// Its cloud, as spelled in configurations.
    pub cloud: Text,
}

impl PlanTenant {
    /// What has to be typed to approve: `yes`, or with `confirm = "tenant"` the tenant's name; its id where there is no
    /// name that could be typed.
    #[must_use]
    pub fn answer(&self, confirm: Confirm) -> String {
        match confirm {
            Confirm::Yes => return "yes".to_owned(),
            Confirm::Tenant => {}
        }
        let name = self.name.trim();
        let typeable = !name.is_empty() && name.chars().all(|one| !one.is_control() && one.escape_debug().count() == 1);
        if typeable { name.to_owned() } else { self.id.to_string() }
    }
}

/// The configuration or the policy of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOrigin {
    /// See [`crate::config::Origin::digest`].
    pub digest: Text,
    /// The files, relative to the directory.
    pub files: Vec<Text>,
    /// Hash by file, by variable and by file read: what the digest is made from.
    pub parts: BTreeMap<Text, Text>,
}

impl PlanOrigin {
    /// As it is now.
    #[must_use]
    pub fn of(origin: &Origin) -> Self {
        let parts = origin.parts();
        Self { digest: origin.digest(&parts), files: origin.files.clone(), parts }
    }
}

/// The facts of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanObserved {
    /// Live or a copy.
    pub source: Source,
    /// When they were read.
    pub captured_at: Timestamp,
    /// How many users the tenant has.
    pub users: u64,
    /// What could not be read: fact and reason.
    pub unavailable: Vec<(Fact, Text)>,
    /// What the sign-ins rest on, where that was chosen.
    pub evidence: Option<SignInEvidence>,
}

/// Counts by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StateCounts {
    /// Disabled.
    pub disabled: u64,
    /// Enabled.
    pub enabled: u64,
    /// Enforced.
    pub enforced: u64,
    /// States that are missing or not known to this version.
    pub unknown: u64,
}

/// Counts by severity, of unaccepted findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SeverityCounts {
    /// Critical.
    pub critical: u64,
    /// High.
    pub high: u64,
    /// Medium.
    pub medium: u64,
    /// Low.
    pub low: u64,
    /// Info.
    pub info: u64,
}

impl SeverityCounts {
    /// Counts one more.
    pub const fn add(&mut self, severity: Severity) {
        match severity {
            Severity::Critical => self.critical += 1,
            Severity::High => self.high += 1,
            Severity::Medium => self.medium += 1,
            Severity::Low => self.low += 1,
            Severity::Info => self.info += 1,
        }
    }
}

/// The numbers of a plan. `users = managed + unmanaged + protected` and
/// `managed = unchanged + enable + enforce + relax + disable + hold + block` hold for every plan without targets;
/// changes caused by a `service_account` block count with their action and are protected, not managed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    /// All users of the tenant.
    pub users: u64,
    /// Claimed by an `mfa` block and not protected.
    pub managed: u64,
    /// Claimed by nothing.
    pub unmanaged: u64,
    /// Claimed by `break_glass` or `service_account`.
    pub protected: u64,
    /// Managed and already in the declared state.
    pub unchanged: u64,
    /// Will be enabled.
    pub enable: u64,
    /// Will be enforced.
    pub enforce: u64,
    /// Will be relaxed.
    pub relax: u64,
    /// Will be disabled.
    pub disable: u64,
    /// Wait.
    pub hold: u64,
    /// Withheld.
    pub block: u64,
    /// All users by state now.
    pub before: StateCounts,
    /// All users by state after the `apply` changes, as it will effectively be.
    pub after: StateCounts,
    /// Unaccepted findings by severity.
    pub findings: SeverityCounts,
    /// Accepted findings.
    pub accepted: u64,
}

impl Summary {
    /// How many changes will be performed.
    #[must_use]
    pub const fn applied(&self) -> u64 {
        self.enable + self.enforce + self.relax + self.disable
    }

    /// Are there changes of any decision?
    #[must_use]
    pub const fn has_changes(&self) -> bool {
        self.applied() + self.hold + self.block > 0
    }
}

/// A guardrail waived by `--waive NAME=VALUE --reason TEXT`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Waiver {
    /// Which.
    pub guardrail: Waivable,
    /// The new bound, as given.
    pub bound: Text,
    /// Why.
    pub reason: Text,
}

/// Why a plan is refused.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Refusal {
    /// One sentence, with the numbers.
    pub reason: Text,
    /// `max_changes`, `check.<name>`, `MFA003` …
    pub rule: Text,
    /// The exact flag or block that would change that.
    pub remedy: Text,
}

/// The user of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeUser {
    /// Object id.
    pub id: UserId,
    /// Sign-in name.
    pub user_principal_name: Text,
    /// Display name.
    pub display_name: Option<Text>,
    /// What kind of account.
    pub kind: crate::facts::UserKind,
    /// Have they registered for MFA? Kept for `verify`.
    pub registered: Option<bool>,
}

/// One user's change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Who.
    pub user: ChangeUser,
    /// Which block; none for a rollback.
    pub declared_by: Option<Place>,
    /// The state they have.
    pub before: ObservedState,
    /// The state to write.
    pub after: MfaState,
    /// The state it will end in.
    pub effective: MfaState,
    /// What it does.
    pub action: Action,
    /// What happens to it.
    pub decision: Decision,
    /// The wave that picks the user, as `rollout.wave`, open or not.
    pub wave: Option<Text>,
    /// What it means for sign-ins.
    pub impact: Impact,
    /// What it risks; worst first, then by rule.
    pub findings: Vec<Finding>,
}

impl Change {
    /// The states passed through: `[enforced]`, or `[enabled, enforced]` from disabled.
    #[must_use]
    pub fn steps(&self) -> &'static [MfaState] {
        match (self.before.known(), self.after) {
            (Some(MfaState::Disabled), MfaState::Enforced) => &[MfaState::Enabled, MfaState::Enforced],
            (_, MfaState::Enforced) => &[MfaState::Enforced],
            (_, MfaState::Enabled) => &[MfaState::Enabled],
            (_, MfaState::Disabled) => &[MfaState::Disabled],
        }
    }

    /// Does this finding of the change withhold it?
    #[must_use]
    pub fn is_blocked_by(&self, finding: &Finding) -> bool {
        finding.accepted.is_none() && self.decision.blocked_by().contains(&finding.rule)
    }

    /// The findings that withhold it, worst first; none where it is not withheld.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| self.is_blocked_by(finding))
    }

    /// The worst unaccepted finding.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().filter(|one| one.accepted.is_none()).map(|one| one.severity).max()
    }
}

/// A block that claims users, with what it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanBlock {
    /// Which, and where.
    pub place: Place,
    /// What it does with the users it claims.
    pub kind: BlockKind,
    /// `owner`.
    pub owner: Option<Text>,
    /// `reason`.
    pub reason: Option<Text>,
    /// `until`, as written.
    pub until: Option<Text>,
    /// `replacement`: what is to take the account's place.
    pub replacement: Option<Text>,
}

/// The blocks that claim users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Declares a state.
    Mfa,
    /// Protects emergency accounts.
    BreakGlass,
    /// Protects workloads.
    ServiceAccount,
}

impl BlockKind {
    /// The block's type, as written in a configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mfa => "mfa",
            Self::BreakGlass => "break_glass",
            Self::ServiceAccount => "service_account",
        }
    }
}

/// A user without a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bystander {
    /// Who.
    pub user: ChangeUser,
    /// The state they have.
    pub state: ObservedState,
    /// What the configuration says of them.
    pub claim: Claimed,
}

/// What a configuration says of a user who does not change. Blocks are indices into [`Plan::blocks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Nothing: they keep the state they have.
    Unmanaged,
    /// A block protects them.
    Protected(u32),
    /// A block declares this state, and they are in it, or were promoted from it by the service.
    Declared(u32, MfaState),
}

impl Claimed {
    /// The block that claims the user.
    #[must_use]
    pub const fn block(self) -> Option<u32> {
        match self {
            Self::Unmanaged => None,
            Self::Protected(block) | Self::Declared(block, _) => Some(block),
        }
    }
}

/// What a sign-in with modern authentication needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ModernAuth {
    /// The password.
    PasswordOnly,
    /// MFA, asked for by the per-user state.
    MfaRequired,
    /// MFA, asked for by Conditional Access at every sign-in.
    MfaByConditionalAccess,
    /// MFA at some sign-ins, asked for by Conditional Access; else the password.
    MfaAtSomeSignIns,
    /// MFA, asked for by security defaults.
    MfaBySecurityDefaults,
    /// A fact is missing.
    #[default]
    Unknown,
}

impl ModernAuth {
    /// The word of the plan document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordOnly => "password_only",
            Self::MfaRequired => "mfa_required",
            Self::MfaByConditionalAccess => "mfa_by_conditional_access",
            Self::MfaAtSomeSignIns => "mfa_at_some_sign_ins",
            Self::MfaBySecurityDefaults => "mfa_by_security_defaults",
            Self::Unknown => "unknown",
        }
    }
}

/// What a sign-in with legacy authentication needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LegacyAuth {
    /// The password.
    PasswordOnly,
    /// The password, until the user has registered for MFA.
    PasswordOnlyUntilRegistered,
    /// An app password.
    AppPasswordOnly,
    /// Nothing gets through, because of the per-user state.
    Blocked,
    /// Conditional Access keeps it out.
    BlockedByConditionalAccess,
    /// Security defaults keep it out.
    BlockedBySecurityDefaults,
    /// A fact is missing.
    #[default]
    Unknown,
}

impl LegacyAuth {
    /// The word of the plan document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordOnly => "password_only",
            Self::PasswordOnlyUntilRegistered => "password_only_until_registered",
            Self::AppPasswordOnly => "app_password_only",
            Self::Blocked => "blocked",
            Self::BlockedByConditionalAccess => "blocked_by_conditional_access",
            Self::BlockedBySecurityDefaults => "blocked_by_security_defaults",
            Self::Unknown => "unknown",
        }
    }
}

/// Before and after, for both kinds of sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Impact {
    /// Modern authentication, before and after.
    pub modern_auth: (ModernAuth, ModernAuth),
    /// Legacy authentication, before and after.
    pub legacy_auth: (LegacyAuth, LegacyAuth),
    /// The Conditional Access policies that ask for MFA, where one of the two says so.
    pub modern_policies: Arc<[Text]>,
    /// The Conditional Access policies that keep legacy clients out, where one of the two says so.
    pub legacy_policies: Arc<[Text]>,
}

/// The result of a `check` block.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckResult {
    /// The block's label.
    pub name: Text,
    /// Did all its asserts hold?
    pub passed: bool,
    /// What failed, or nothing.
    pub message: Text,
}

/// An output.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputValue {
    /// The value; none where sensitive.
    pub value: Option<serde_json::Value>,
    /// Hidden?
    pub sensitive: bool,
    /// `description`.
    pub description: Option<Text>,
}

/// How a plan is to be applied: the guardrails that hold during apply, as the configuration had them.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Execution {
    /// From which severity on changes are withheld.
    pub block_at: Severity,
    /// How many users are applied and verified first.
    pub canary: u32,
    /// How many failures stop a run: one more than this.
    pub stop_after_failures: u32,
    /// What has to be typed: `yes` or `tenant`.
    pub confirm: Confirm,
    /// Signatures needed; 0 = none.
    pub approvals_required: u32,
    /// The reason given in `auto_approve`, where its condition holds for this plan.
    pub auto_approve: Option<Text>,
    /// The earliest seconds the service's write quota allows for the `apply` changes.
    pub estimated_seconds: u64,
}
