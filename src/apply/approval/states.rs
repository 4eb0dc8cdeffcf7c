//! The states of a plan on its way to the executor.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{AllowedSigners, Approval, ApprovalError, How};
use crate::{
    apply::journal::{
        RunId,
        v1::{By, Planned, PlannedUser},
    },
    config::{Guardrails, Waivable, window::Openness},
    plan::{
        Change, ChangeUser, Plan,
        digest::{self, Document},
    },
    tenant::{TenantId, Text, UserId},
};

/// What an approval must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// How many signatures; 0 = none.
    pub signatures: u32,
}

impl Requirements {
    /// The stricter of what the plan says and what the configuration (with its policy) says now: a saved plan must not
    /// get around signatures that were introduced after it was made.
    #[must_use]
    pub fn of(plan: &Plan, guardrails: Option<&Guardrails>) -> Self {
        let now = guardrails.and_then(|one| one.approvals.as_ref()).map_or(0, |approvals| approvals.required);
        Self { signatures: plan.execution.approvals_required.max(now) }
    }

    /// Does this kind of approval satisfy them?
    ///
    /// # Errors
    /// When signatures are needed and there are none, or too few.
    pub fn check(self, approval: &Approval) -> Result<(), ApprovalError> {
        if self.signatures == 0 {
            return Ok(());
        }
        let given = match &approval.how {
            How::Signatures { signers } if signers.len() >= self.signatures as usize => return Ok(()),
            How::Signatures { signers } => {
                return Err(ApprovalError::TooFewSignatures { required: self.signatures, given: signers.len() });
            }
            How::Typed => "a typed answer",
            How::Digest | How::PartOfReviewed { .. } => "`--approve`",
            How::AutoApprove => "`--auto-approve`",
            How::AutoApproveBlock { .. } => "an `auto_approve` block",
        };
        Err(ApprovalError::SignaturesNeeded { required: self.signatures, given })
    }
}

/// A plan that may be applied and to which somebody said yes.
#[derive(Clone, Debug)]
pub struct ApprovedPlan {
    pub(super) plan: Plan,
    pub(super) approval: Approval,
    pub(super) required: Requirements,
    pub(super) changes: Vec<Planned>,
    pub(super) document: Document,
}

impl ApprovedPlan {
    /// Joins a plan and its approval.
    ///
    /// # Errors
    /// When the plan is refused, when the approval is of another digest or of a kind that does not suffice, and when a
    /// change to apply starts from an unknown state.
    pub fn new(plan: Plan, approval: Approval, required: Requirements) -> Result<Self, ApprovalError> {
        if plan.is_refused() {
            return Err(ApprovalError::Refused {
                reasons: plan.refused.iter().map(|one| one.reason.to_string()).collect(),
                remedies: plan.refused.iter().map(|one| one.remedy.to_string()).collect(),
            });
        }
        if approval.digest != plan.digest.to_string() {
            return Err(ApprovalError::OtherDigest { given: approval.digest, digest: plan.digest });
        }
        required.check(&approval)?;
        let unknown = |name: Text| ApprovalError::UnknownState { user: name.escape_debug().to_string() };
        let document = digest::approved(&plan).map_err(unknown)?;
        if document.digest() != plan.digest {
            return Err(ApprovalError::OtherDigest { given: plan.digest.to_string(), digest: document.digest() });
        }
        let changes = plan.applicable().map(planned).collect::<Result<_, _>>()?;
        Ok(Self { plan, approval, required, changes, document })
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }
}

fn planned(change: &Change) -> Result<Planned, ApprovalError> {
    let ChangeUser { id, user_principal_name, display_name, kind, registered } = &change.user;
    let before = change
        .before
        .known()
        .ok_or_else(|| ApprovalError::UnknownState { user: user_principal_name.escape_debug().to_string() })?;
    Ok(Planned {
        user: PlannedUser {
            id: *id,
            user_principal_name: user_principal_name.clone(),
            display_name: display_name.clone(),
            kind: *kind,
            registered: *registered,
        },
        before,
        after: change.after,
        effective: change.effective,
    })
}

/// What is looked at right before a run.
#[derive(Clone, Copy, Debug)]
pub struct Preflight<'a> {
    /// The tenant that answers: of the token, or of the snapshot.
    pub tenant: TenantId,
    /// The real clock, whatever instant the plan is for.
    pub now: Timestamp,
    /// The guardrails as they are now, policy included; none where there is no configuration.
    pub guardrails: Option<&'a Guardrails>,
    /// Users who are left alone, whatever the plan says.
    pub left: &'a HashMap<UserId, Left>,
    /// Who may sign, where signatures are asked for.
    pub signers: Option<&'a AllowedSigners>,
    /// Who applies, and where.
    pub by: &'a By,
}

/// Why a user of an approved plan is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// Protected now, by a block of the configuration or the policy.
    Protected,
    /// Under another sign-in name now than the one that was reviewed.
    Renamed {
        /// The name now.
        now: Text,
    },
    /// Who cannot be read: whoever tried has had the patience that there is for one user.
    Unread {
        /// Why.
        reason: Text,
    },
}

/// Why a run may not begin now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PreflightError {
    /// Another tenant.
    #[error("the plan is for tenant {plan}, but the tenant at hand is {actual}: nothing was written")]
    OtherTenant {
        /// The plan's.
        plan: TenantId,
        /// The one that answers.
        actual: TenantId,
    },
    /// No write now.
    #[error("the maintenance window is closed{}", opens(*.opens_at))]
    WindowClosed {
        /// When it opens.
        opens_at: Option<Timestamp>,
    },
}

fn opens(at: Option<Timestamp>) -> String {
    at.map_or_else(|| " and does not open within 60 days".to_owned(), |at| format!("; it opens at {at}"))
}

impl PreflightError {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::OtherTenant { .. } => vec!["plan again with the credentials of the right tenant".to_owned()],
            Self::WindowClosed { .. } => {
                vec![
                    "`mfaplan plan --waive window=now --reason \"…\"` makes a plan that may be applied outside it"
                        .to_owned(),
                ]
            }
        }
    }

    /// 1 for another tenant, 3 for a closed window: that one is a guardrail.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::OtherTenant { .. } => 1,
            Self::WindowClosed { .. } => 3,
        }
    }
}

impl Preflight<'_> {
    /// Those of these users who are left alone.
    pub(in crate::apply) fn of(&self, changes: &[Planned]) -> HashMap<UserId, Left> {
        let ids = changes.iter().map(|one| one.user.id);
        ids.filter_map(|id| Some((id, self.left.get(&id)?.clone()))).collect()
    }

    /// Is this the tenant, and are writes allowed now?
    ///
    /// # Errors
    /// See [`PreflightError`].
    pub(in crate::apply) fn check(&self, planned: TenantId, window_waived: bool) -> Result<(), PreflightError> {
        if self.tenant != planned {
            return Err(PreflightError::OtherTenant { plan: planned, actual: self.tenant });
        }
        let Some(guardrails) = self.guardrails else { return Ok(()) };
        match guardrails.openness(window_waived, self.now) {
            Openness::Open => Ok(()),
            Openness::Closed { opens_at } => Err(PreflightError::WindowClosed { opens_at }),
        }
    }
}

/// An approved plan that may be applied now, to the tenant at hand. All that the executor takes.
#[derive(Clone, Debug)]
pub struct FreshPlan {
    pub(in crate::apply) approved: ApprovedPlan,
    pub(in crate::apply) left: HashMap<UserId, Left>,
    pub(in crate::apply) rolls_back: Option<RunId>,
    pub(in crate::apply) by: By,
    notes: Vec<String>,
}

impl FreshPlan {
    /// Checks what has to hold when a run begins. Each user's state is checked later, right before their write.
    ///
    /// # Errors
    /// See [`PreflightError`].
    pub fn new(approved: ApprovedPlan, preflight: &Preflight<'_>) -> Result<Self, PreflightError> {
        let plan = &approved.plan;
        preflight.check(plan.tenant.id, plan.waivers.iter().any(|waiver| waiver.guardrail == Waivable::Window))?;
        let left = preflight.of(&approved.changes);
        let mut notes = Vec::new();
        let hours = preflight.now.duration_since(plan.created_at).as_hours();
        if hours >= 24 {
            notes.push(format!("the plan is {hours} hours old; users who changed since are left alone as stale"));
        }
        let [mut protected, mut renamed, mut unread] = [0_usize; 3];
        for left in left.values() {
            *match left {
                Left::Protected => &mut protected,
                Left::Renamed { .. } => &mut renamed,
                Left::Unread { .. } => &mut unread,
            } += 1;
        }
        for (count, what) in [
            (protected, "are protected by the policy now and are left out"),
            (renamed, "have another name now and are left alone as stale"),
            (unread, "cannot be read now and are left alone"),
        ] {
            if count > 0 {
                notes.push(format!("{count} user(s) of the plan {what}"));
            }
        }
        Ok(Self { approved, left, rolls_back: None, by: preflight.by.clone(), notes })
    }

    /// Marks the run as a rollback of this run.
    #[must_use]
    pub fn rolling_back(mut self, run: RunId) -> Self {
        self.rolls_back = Some(run);
        self
    }

    /// Things worth saying that refuse nothing.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.approved.plan
    }
    /// The approval.
    #[must_use]
    pub const fn approval(&self) -> &Approval {
        &self.approved.approval
    }

    pub(in crate::apply) const fn required(&self) -> Requirements {
        self.approved.required
    }

    pub(in crate::apply) const fn document(&self) -> &Document {
        &self.approved.document
    }

    pub(in crate::apply) fn changes(&self) -> &[Planned] {
        &self.approved.changes
    }
}
