//! The members of the document, in the order in which they are written.
//!
//! One set of types serves writing (borrowing from a [`Plan`](crate::plan::Plan)), reading (owned) and the published
//! JSON Schema, so the three cannot drift apart. The two long arrays are type parameters: writer and reader hand in types
//! that convert element by element, so that no second copy of a plan is ever made.

use std::{borrow::Cow, collections::BTreeMap, fmt, ops::Deref};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use crate::{
    assumed::AssumedPolicies,
    desired::{GateFigure, HoldKind},
    diff::{Action, DecisionKind},
    facts::UserKind,
    plan::{BlockKind, CheckResult, Execution, LegacyAuth, ModernAuth, Refusal, Summary, Waiver},
    replay::Replay,
    severity::Severity,
    tenant::{Fact, MfaState, SignInEvidence, Source},
};

/// A text of the document, borrowed from the plan that is written, or from the file that is read where it has no escapes
/// there. (A plain `Cow` is borrowed on reading by an attribute only, and never inside an `Option`.)
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Str<'a>(pub Cow<'a, str>);

impl Deref for Str<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Str<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Str<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Str<'de>, E> {
                Ok(text.into())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Str<'de>, E> {
                Ok(text.to_owned().into())
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Str<'_> {
    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
    fn inline_schema() -> bool {
        true
    }
}

/// A plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Plan"))]
#[serde(bound(deserialize = "'de: 'a, C: Deserialize<'de>, F: Deserialize<'de>, O: Deserialize<'de>"))]
pub struct Document<'a, C, F, O> {
    /// "1.0"; a minor version only adds members.
    #[cfg_attr(test, schemars(regex(pattern = r"^1\.[0-9]+$")))]
    pub format_version: Str<'a>,
    /// The version of mfaplan that made the plan.
    pub mfaplan_version: Str<'a>,
    /// When it was made.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub created_at: Timestamp,
    /// The instant it is for (`--as-of`).
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub as_of: Timestamp,
    /// The tenant.
    pub tenant: TenantV1<'a>,
    /// The configuration.
    pub config: ConfigV1<'a>,
    /// The policy directory; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyV1<'a>>,
    /// Conditional Access policies that the plan takes for standing; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed_policies: Option<Cow<'a, AssumedPolicies>>,
    /// The facts.
    pub observed: ObservedV1<'a>,
    /// The numbers.
    pub summary: Summary,
    /// Guardrails waived for this plan.
    #[serde(default)]
    pub waivers: Cow<'a, [Waiver]>,
    /// Why the plan is refused as a whole; empty = it may be applied.
    #[serde(default)]
    pub refused: Cow<'a, [Refusal]>,
    /// The changes, by user principal name.
    pub changes: C,
    /// Findings of the tenant, of blocks and of users without a change; worst first.
    pub findings: F,
    /// Rules that lacked facts.
    #[serde(default)]
    pub not_evaluated: Vec<NotEvaluatedV1<'a>>,
    /// Results of `check` blocks.
    #[serde(default)]
    pub checks: Cow<'a, [CheckResult]>,
    /// Outputs by name.
    #[serde(default)]
    pub outputs: BTreeMap<Str<'a>, OutputV1<'a>>,
    /// How the plan is to be applied.
    pub execution: Cow<'a, Execution>,
    /// Things worth saying that refuse nothing.
    #[serde(default)]
    pub notes: Cow<'a, [String]>,
    /// What the plan is limited to (`--target`); empty = the whole configuration.
    #[serde(default)]
    pub targets: Vec<Str<'a>>,
    /// The run that is undone; only in a rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolls_back: Option<Str<'a>>,
    /// The blocks that claim users.
    pub blocks: Vec<BlockV1<'a>>,
    /// Everybody without a change whom no target leaves out, by user principal name.
    pub others: O,
    /// What the sign-ins of the last weeks would have met; not there where nothing changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Cow<'a, Replay>>,
    /// What is being approved.
    #[cfg_attr(test, schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$")))]
    pub digest: Str<'a>,
    /// In a saved plan, always last: SHA-256 of all bytes of the file before the comma that precedes this member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$")))]
    pub checksum: Option<Str<'a>>,
}

/// The tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Tenant"))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct TenantV1<'a> {
    /// Its id: a GUID, or a pseudonym in a redacted plan.
    pub id: Str<'a>,
    /// Its display name.
    pub name: Str<'a>,
    /// `global`, `usgov`, `usgov_dod` or `china`.
    pub cloud: Str<'a>,
}

/// The configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Config"))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ConfigV1<'a> {
    /// Over all parts, and the values of sensitive variables.
    pub digest: Str<'a>,
    /// Its files, relative to the configuration directory; none for a rollback.
    pub files: Vec<Str<'a>>,
    /// SHA-256 by file (`main.mfa.hcl`), variable (`var.wave`) and file read (`file("users.csv")`).
    pub parts: BTreeMap<Str<'a>, Str<'a>>,
}

/// The policy directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Policy"))]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'a"))]
pub struct PolicyV1<'a> {
    /// Over all parts.
    pub digest: Str<'a>,
    /// Its files, relative to the policy directory.
    pub files: Vec<Str<'a>>,
    /// SHA-256 by file and file read.
    pub parts: BTreeMap<Str<'a>, Str<'a>>,
}

/// The facts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Observed"))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ObservedV1<'a> {
    /// Live or a copy.
    pub source: Source,
    /// When they were read.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub captured_at: Timestamp,
    /// How many users the tenant has.
    pub users: u64,
    /// What could not be read.
    #[serde(default)]
    pub unavailable: Vec<UnavailableV1<'a>>,
    /// What the sign-ins rest on, where that was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<SignInEvidence>,
}

/// A fact that could not be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Unavailable"))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct UnavailableV1<'a> {
    /// Which.
    pub fact: Fact,
    /// Why.
    pub reason: Str<'a>,
}

/// One user's change.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Change"))]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'a"))]
pub struct ChangeV1<'a> {
    /// Who.
    pub user: ChangeUserV1<'a>,
    /// Which block; absent in a rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_by: Option<PlaceV1<'a>>,
    /// The state they have.
    pub before: StateV1,
    /// The state to write.
    pub after: MfaState,
    /// The state it will end in.
    pub effective: MfaState,
    /// The states passed through.
    #[serde(default)]
    pub steps: Cow<'a, [MfaState]>,
    /// What it does.
    pub action: Action,
    /// What happens to it.
    pub decision: DecisionKind,
    /// Which rules withhold it, worst first; absent where it is not withheld.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked_by: Vec<Str<'a>>,
    /// The wave that picks the user, as `rollout.wave`, open or not; absent where the block has no rollout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<Str<'a>>,
    /// Why the user waits, would wait, or stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldV1<'a>>,
    /// What it means for sign-ins.
    pub impact: ImpactV1<'a>,
    /// What it risks; worst first.
    pub findings: Vec<FindingV1<'a>>,
}

/// The user of a change.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ChangeUser"))]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'a"))]
pub struct ChangeUserV1<'a> {
    /// Object id: a GUID, or a pseudonym in a redacted plan.
    pub id: Str<'a>,
    /// Sign-in name.
    pub user_principal_name: Str<'a>,
    /// Display name.
    #[serde(default)]
    pub display_name: Option<Str<'a>>,
    /// What kind of account.
    pub kind: UserKind,
    /// Have they registered for MFA? null = unknown.
    #[serde(default)]
    pub registered: Option<bool>,
}

/// A block and its place.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Place"))]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'a"))]
pub struct PlaceV1<'a> {
    /// For example `mfa.staff`.
    pub address: Str<'a>,
    /// Relative to the configuration directory.
    pub file: Str<'a>,
    /// One-based.
    pub line: u32,
}

/// A block that claims users.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Block"))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct BlockV1<'a> {
    /// Which, and where.
    #[serde(flatten)]
    pub place: PlaceV1<'a>,
    /// What it does with the users it claims.
    pub kind: BlockKind,
    /// `owner`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Str<'a>>,
    /// `reason`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Str<'a>>,
    /// `until`, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Str<'a>>,
    /// `replacement`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Str<'a>>,
}

/// A user without a change.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Other"))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct OtherV1<'a> {
    /// Who.
    pub user: ChangeUserV1<'a>,
    /// The state they have.
    pub state: StateV1,
    /// The state that is declared of them; absent where they are protected or no block claims them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<MfaState>,
    /// The block that claims them, by its position in `blocks`; absent where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u32>,
}

/// A state as observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "State"))]
#[serde(rename_all = "lowercase")]
pub enum StateV1 {
    /// Password only.
    Disabled,
    /// MFA, and legacy sign-in until registered.
    Enabled,
    /// MFA.
    Enforced,
    /// Missing, or a value that is not known.
    Unknown,
}

/// Why a user waits or stays.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Hold"))]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'a"))]
pub struct HoldV1<'a> {
    /// What for.
    pub kind: HoldKind,
    /// Until when; null where no date opens it.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<crate::schema::DateTime>"))]
    pub until: Option<Timestamp>,
    /// Why, in words.
    pub reason: Str<'a>,
    /// The numbers, where a gate holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateFigure>,
}

/// What a change means for both kinds of sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Impact"))]
#[serde(bound(deserialize = "'de: 'a"), deny_unknown_fields)]
pub struct ImpactV1<'a> {
    /// Browsers and modern clients.
    pub modern_auth: ProtocolV1<'a, ModernAuth>,
    /// SMTP AUTH, IMAP, POP, EAS and other basic-authentication clients.
    pub legacy_auth: ProtocolV1<'a, LegacyAuth>,
}

/// Before and after.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "{T}Change"))]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>, 'de: 'a"), deny_unknown_fields)]
pub struct ProtocolV1<'a, T> {
    /// Now.
    pub before: T,
    /// Afterwards.
    pub after: T,
    /// The Conditional Access policies behind it, where one of the two names Conditional Access.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<Str<'a>>,
}

/// What a rule found.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Finding"))]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'a"))]
pub struct FindingV1<'a> {
    /// The rule's id.
    pub rule: Str<'a>,
    /// The rule's name.
    pub name: Str<'a>,
    /// How bad.
    pub severity: Severity,
    /// One sentence.
    pub message: Str<'a>,
    /// The facts behind it.
    pub evidence: Vec<EvidenceV1<'a>>,
    /// What to do about it.
    pub remediation: Str<'a>,
    /// The waiver that accepts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<AcceptedV1<'a>>,
}

/// One fact.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Evidence"))]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'a"))]
pub struct EvidenceV1<'a> {
    /// Its name.
    pub fact: Str<'a>,
    /// Its value, of any type.
    pub value: Cow<'a, Value>,
}

/// The waiver of a finding.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Accepted"))]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'a"))]
pub struct AcceptedV1<'a> {
    /// The `accept` block.
    pub address: Str<'a>,
    /// Why.
    pub reason: Str<'a>,
    /// Until when, as written.
    pub expires: Str<'a>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Str<'a>>,
}

/// A finding that is not about a change.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PlanFinding"))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct PlanFindingV1<'a> {
    /// What was found.
    #[serde(flatten)]
    pub finding: FindingV1<'a>,
    /// Of whom, where it is about one user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<FindingUserV1<'a>>,
    /// Which block, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_by: Option<PlaceV1<'a>>,
}

/// The user of such a finding.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "FindingUser"))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct FindingUserV1<'a> {
    /// Object id: a GUID, or a pseudonym in a redacted plan.
    pub id: Str<'a>,
    /// Sign-in name.
    pub user_principal_name: Str<'a>,
    /// Display name.
    #[serde(default)]
    pub display_name: Option<Str<'a>>,
}

/// A rule that could not look at some users.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "NotEvaluated"))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct NotEvaluatedV1<'a> {
    /// The rule's id.
    pub rule: Str<'a>,
    /// How many users.
    pub users: u64,
    /// The fact it lacked.
    pub fact: Str<'a>,
}

/// An output.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Output"))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct OutputV1<'a> {
    /// The value; absent where sensitive.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(test, schemars(with = "Option<Value>"))]
    pub value: Option<Cow<'a, Value>>,
    /// Hidden?
    pub sensitive: bool,
    /// `description`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Str<'a>>,
}

/// `"value": null` is a value; only an absent member is none.
fn present<'de, 'a, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'a, Value>>, D::Error> {
    Value::deserialize(deserializer).map(|value| Some(Cow::Owned(value)))
}
