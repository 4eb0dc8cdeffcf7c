//! Approval: nothing is written before somebody said yes to exactly this plan.
//!
//! The types carry the order: a [`Plan`] becomes an [`ApprovedPlan`] only together with an [`Approval`] of its digest,
//! and that a [`FreshPlan`] only by the checks right before the run. The executor takes nothing else.

mod allowed_signers;
mod rsa;
mod signature;
mod states;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use allowed_signers::AllowedSigners;
pub(crate) use signature::{NAMESPACE, SignatureError, SignatureFile, by_signatures, sign};
#[cfg(test)]
pub(crate) use signature::{SignError, statement};
pub(crate) use states::Left;
pub(crate) use states::PreflightError;
pub use states::{ApprovedPlan, FreshPlan, Preflight, Requirements};

use super::journal::RunId;
use crate::plan::{Digest, Plan};

/// So many hexadecimal digits name a plan: 128 bits. A second plan with the same twelve is made in minutes.
pub(crate) const DIGITS: usize = 32;

/// Somebody's yes to one digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Approval {
    /// In which way.
    #[serde(flatten)]
    pub how: How,
    /// To what: `sha256:…`, all 64 digits.
    pub digest: String,
    /// When it was given, or found to hold.
    #[cfg_attr(test, schemars(with = "String"))]
    pub at: Timestamp,
}

/// In which way a plan was approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum How {
    /// `yes`, or the tenant's name, at a terminal.
    Typed,
    /// `--approve DIGEST`
    Digest,
    /// Signatures that `approvals` asks for.
    Signatures {
        /// Who signed.
        signers: Vec<Signer>,
    },
    /// `--auto-approve`
    AutoApprove,
    /// Part of a plan that was approved by its digest: the users of whom nothing differs since the review.
    PartOfReviewed {
        /// The digest of the reviewed plan.
        reviewed: String,
    },
    /// The `auto_approve` block, whose condition holds for this plan.
    AutoApproveBlock {
        /// The block's reason.
        reason: String,
    },
}

/// One who signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Signer {
    /// The name in the `allowed_signers` file.
    pub principal: String,
    /// The key's fingerprint, `SHA256:…`.
    pub key: String,
    /// When they say they signed; none for a signature over the bare digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub signed_at: Option<Timestamp>,
    /// SHA-256 of key and signed text: what is spent by a run. Not of the signature's bytes: those can be altered
    /// without the key (ECDSA) and still verify.
    pub signature: String,
    /// The text of the signature file, so that it can be verified again.
    pub text: String,
}

/// Signatures that runs have used, and which run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spent(pub BTreeMap<String, RunId>);

impl Approval {
    /// What was typed at the prompt.
    ///
    /// # Errors
    /// When it is not what the plan asks for.
    pub fn typed(plan: &Plan, answer: &str, now: Timestamp) -> Result<Self, ApprovalError> {
        let wanted = plan.tenant.answer(plan.execution.confirm);
        Self::typed_again(&plan.digest, &wanted, answer, now)
    }

    /// What was typed at the prompt of a resumption.
    ///
    /// # Errors
    /// When it is anything but `wanted`.
    pub fn typed_again(digest: &Digest, wanted: &str, answer: &str, now: Timestamp) -> Result<Self, ApprovalError> {
        // An empty answer never is one, whatever was wanted.
        let answer = answer.trim_end_matches(['\r', '\n']);
        if answer.is_empty() || answer != wanted {
            return Err(ApprovalError::Declined);
        }
        Ok(Self { how: How::Typed, digest: digest.to_string(), at: now })
    }

    /// `--approve DIGEST`: the whole digest or at least its first 32 digits, in any case, with or without `sha256:`.
    ///
    /// # Errors
    /// When it is too short, no digest at all, or another one.
    pub fn by_digest(given: &str, digest: &Digest, now: Timestamp) -> Result<Self, ApprovalError> {
        let lower = given.trim().to_ascii_lowercase();
        let hex = lower.strip_prefix("sha256:").unwrap_or(&lower);
        if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) || hex.len() > 64 {
            return Err(ApprovalError::NotADigest { given: given.to_owned() });
        }
        if hex.len() < DIGITS {
            return Err(ApprovalError::DigestTooShort { given: given.to_owned(), digits: hex.len() });
        }
        if !digest.0.starts_with(hex) {
            return Err(ApprovalError::OtherDigest { given: given.to_owned(), digest: digest.clone() });
        }
        Ok(Self { how: How::Digest, digest: digest.to_string(), at: now })
    }

    /// `--approve DIGEST --reviewed PLAN --unchanged-only`: of the plan with that digest, the part that is still the same.
    ///
    /// # Errors
    /// When the digest is not that of the reviewed plan.
    pub fn of_part(given: &str, reviewed: &Digest, part: &Digest, now: Timestamp) -> Result<Self, ApprovalError> {
        Self::by_digest(given, reviewed, now)?;
        Ok(Self { how: How::PartOfReviewed { reviewed: reviewed.to_string() }, digest: part.to_string(), at: now })
    }

    /// `--auto-approve`
    #[must_use]
    pub fn automatic(digest: &Digest, now: Timestamp) -> Self {
        Self { how: How::AutoApprove, digest: digest.to_string(), at: now }
    }

    /// By the `auto_approve` block, where its condition holds for this plan.
    #[must_use]
    pub fn by_block(plan: &Plan, now: Timestamp) -> Option<Self> {
        let reason = plan.execution.auto_approve.as_ref()?.to_string();
        Some(Self { how: How::AutoApproveBlock { reason }, digest: plan.digest.to_string(), at: now })
    }

    /// Who signed; nobody, for the other ways.
    #[must_use]
    pub fn signers(&self) -> &[Signer] {
        match &self.how {
            How::Signatures { signers } => signers,
            How::Typed | How::Digest | How::PartOfReviewed { .. } | How::AutoApprove | How::AutoApproveBlock { .. } => {
                &[]
            }
        }
    }
}

impl Approval {
    /// Somebody who has signed more than once, under whatever names.
    #[must_use]
    pub fn signs_twice(&self) -> Option<&Signer> {
        let signers = self.signers();
        signers
            .iter()
            .enumerate()
            .find_map(|(place, one)| signers[..place].iter().any(|other| other.is_same_person(one)).then_some(one))
    }
}

/// Why there is no approval.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum ApprovalError {
    /// Something else was typed.
    #[error("not approved: nothing was written")]
    Declined,
    /// Not hexadecimal, or more than 64 digits.
    #[error("`{}` is not a plan digest: it must be 32 to 64 hexadecimal digits, with or without `sha256:` in front", .given.escape_debug())]
    NotADigest {
        /// What was given.
        given: String,
    },
    /// Fewer than [`DIGITS`].
    #[error(
        "the digest `{given}` has {digits} digits: at least {DIGITS} are needed, or another plan can be made that has them too"
    )]
    DigestTooShort {
        /// What was given.
        given: String,
        /// How many digits that is.
        digits: usize,
    },
    /// Another plan's.
    #[error("you approved `{given}`, but this plan's digest is {digest}")]
    OtherDigest {
        /// What was given.
        given: String,
        /// What the plan has.
        digest: Digest,
    },
    /// The plan is refused.
    #[error("the plan is refused: {}", .reasons.join("; "))]
    Refused {
        /// Why.
        reasons: Vec<String>,
        /// What would change that.
        remedies: Vec<String>,
    },
    /// `approvals` is set, and the approval is of another kind.
    #[error(
        "this configuration requires {required} signature(s) (`guardrails {{ approvals }}`); {given} is not accepted"
    )]
    SignaturesNeeded {
        /// How many.
        required: u32,
        /// What was given instead.
        given: &'static str,
    },
    /// Too few.
    #[error("{given} of {required} signatures given")]
    TooFewSignatures {
        /// How many are needed.
        required: u32,
        /// How many were given.
        given: usize,
    },
    /// One that does not count.
    #[error("{file}: {reason}")]
    Signature {
        /// The signature's file.
        file: String,
        /// Why.
        reason: SignatureError,
    },
    /// The run that is gone on with was approved by a signature that does not count any more, or never did.
    #[error("the run's signature of {} does not count: {reason}", .principal.escape_debug())]
    OfRun {
        /// Who is said to have signed.
        principal: String,
        /// Why.
        reason: SignatureError,
    },
    /// The run was signed, and who may sign is not known here.
    #[error("the run was approved by signatures, and nothing at hand says who may sign")]
    NoAllowedSigners,
    /// One signer twice.
    #[error("{file}: {principal} has signed already: {required} different signers are needed")]
    SignedTwice {
        /// The second signature's file.
        file: String,
        /// Who.
        principal: String,
        /// How many are needed.
        required: u32,
    },
    /// Used by another run.
    #[error("{file}: the signature of {principal} was used by run {run}: a signature approves one run")]
    SignatureSpent {
        /// The signature's file.
        file: String,
        /// Who.
        principal: String,
        /// Which run.
        run: RunId,
    },
    /// A user whose present state is unknown is among the changes to apply.
    #[error("the state of {user} is unknown, so no change can be applied to this user")]
    UnknownState {
        /// Who.
        user: String,
    },
}

impl ApprovalError {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::DigestTooShort { .. } | Self::NotADigest { .. } => {
                vec!["give the whole digest, as every view of the plan shows it".to_owned()]
            }
            Self::OtherDigest { digest, .. } => {
                vec![format!("review the plan as it is now; then approve it by `--approve {digest}`")]
            }
            Self::Refused { remedies, .. } => remedies.clone(),
            Self::SignaturesNeeded { .. } | Self::TooFewSignatures { .. } => vec![
                "sign with `mfaplan approve FILE --key KEY` and hand the signatures over by `--signature FILE`"
                    .to_owned(),
            ],
            Self::OfRun { .. } => {
                vec!["let the plan's digest be signed anew, and go on with `--signature FILE`".to_owned()]
            }
            Self::NoAllowedSigners => vec![
                "go on where the configuration or policy has `guardrails { approvals { … } }`, as the run did"
                    .to_owned(),
            ],
            Self::SignatureSpent { .. } => {
                vec![
                    "sign again: `mfaplan approve` writes the time into what it signs, so each signature is new"
                        .to_owned(),
                ]
            }
            _ => Vec::new(),
        }
    }

    /// 3 for a refused plan, 1 for everything else.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { .. } => 3,
            _ => 1,
        }
    }
}
