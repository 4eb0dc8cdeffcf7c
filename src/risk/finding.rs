//! A finding: what a rule has to say of a change or of the plan.

use std::{borrow::Cow, sync::Arc};

use crate::{
    severity::Severity,
    tenant::{Text, UserId},
};

/// What a rule found. The text is static wherever it can be: a plan of 100,000 changes carries a finding or three each.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's id: `MFA006`, or the label of a `rule` block.
    pub rule: Cow<'static, str>,
    /// The rule's name: `smtp-auth-sender`.
    pub name: Cow<'static, str>,
    /// How bad.
    pub severity: Severity,
    /// One sentence.
    pub message: Cow<'static, str>,
    /// The facts behind it, with numbers and dates.
    pub evidence: Vec<Evidence>,
    /// What to do about it.
    pub remediation: Cow<'static, str>,
    /// The waiver that accepts it, if one does.
    pub accepted: Option<Arc<Accepted>>,
}

/// One fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Its name, as in expressions where it has one there.
    pub fact: Cow<'static, str>,
    /// Its value.
    pub value: serde_json::Value,
}

/// The waiver of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The `accept` block.
    pub address: String,
    /// Why.
    pub reason: String,
    /// Until when, as written.
    pub expires: String,
    /// By whom.
    pub approved_by: Option<String>,
}

/// A finding that is not about a change: of the tenant, of the plan, of a block, or of a user who does not change.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanFinding {
    /// What was found.
    pub finding: Finding,
    /// Of whom.
    pub user: Option<FindingUser>,
    /// Which block, and where.
    pub declared_by: Option<Place>,
}

/// The user a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingUser {
    /// Object id.
    pub id: UserId,
    /// Sign-in name.
    pub user_principal_name: Text,
    /// Display name.
    pub display_name: Option<Text>,
}

/// A block and its place in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// For example `mfa.staff`.
    pub address: Text,
    /// Relative to the configuration directory.
    pub file: Text,
    /// One-based.
    pub line: u32,
}

/// A rule that could not look at some users, and the fact it lacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotEvaluated {
    /// The rule's id.
    pub rule: Cow<'static, str>,
    /// How many users.
    pub users: u64,
    /// The fact.
    pub fact: Cow<'static, str>,
}
