//! Going on with a run that was interrupted: by its journal, without its plan.

use std::collections::HashMap;

use super::{
    Context,
    approval::{Approval, ApprovalError, How, Left, Preflight, PreflightError},
    clock::Clock,
    executor::{Header, Session},
    journal::{
        Journal, JournalWriter, Sink,
        v1::{By, Line, Resume},
    },
    observer::Event,
    report::{Command, Counts, Hint, Outcome, RunEnd, RunReport},
};
use crate::{
    config::Waivable,
    plan::Digest,
    tenant::{TenantRead, TenantWrite, UserId},
};

/// Why a run may not be gone on with.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum ResumeError {
    /// No approval.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// Not now, or not here.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
}

impl ResumeError {
    /// What to do about it.
    #[must_use]
    pub(crate) fn hints(&self) -> Vec<String> {
        match self {
            Self::Approval(error) => error.hints(),
            Self::Preflight(error) => error.hints(),
        }
    }

    /// The exit code.
    #[must_use]
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Approval(error) => error.exit_code(),
            Self::Preflight(error) => error.exit_code(),
        }
    }
}

/// A run that may be gone on with now.
#[derive(Clone, Debug)]
pub(crate) struct FreshResume {
    journal: Journal,
    approval: Approval,
    left: HashMap<UserId, Left>,
    by: By,
}

impl FreshResume {
    /// Checks approval, tenant and window. The plan was approved when the run began, with signatures where those are
    /// required; going on needs somebody's yes to the same digest. `--auto-approve` stays refused where signatures are
    /// required.
    ///
    /// # Errors
    /// See [`ResumeError`].
    pub(crate) fn new(journal: Journal, approval: Approval, preflight: &Preflight<'_>) -> Result<Self, ResumeError> {
        let run = &journal.run;
        if approval.digest != run.digest.as_str() {
            let digest = run.digest.strip_prefix("sha256:").unwrap_or(&run.digest);
            return Err(ApprovalError::OtherDigest { given: approval.digest, digest: Digest(digest.into()) }.into());
        }
        let now = preflight.guardrails.and_then(|one| one.approvals.as_ref()).map_or(0, |approvals| approvals.required);
        let required = run.approvals_required.max(now);
        let given = match &approval.how {
            How::AutoApprove => Some("`--auto-approve`"),
            How::AutoApproveBlock { .. } => Some("an `auto_approve` block"),
            How::Typed | How::Digest | How::PartOfReviewed { .. } | How::Signatures { .. } => None,
        };
        if let Some(given) = given.filter(|_| required > 0) {
            return Err(ApprovalError::SignaturesNeeded { required, given }.into());
        }
        // Signatures asked for since, or never collected: the run's own approval has to have as many, and they must count
        // still. The journal only says so; whoever signed proves it.
        if required as usize > approval.signers().len() {
            let given = run.approval.signers().len();
            if required as usize > given {
                return Err(ApprovalError::TooFewSignatures { required, given }.into());
            }
            let allowed = preflight.signers.ok_or(ApprovalError::NoAllowedSigners)?;
            let max_age =
                preflight.guardrails.and_then(|one| one.approvals.as_ref()).and_then(|one| one.max_age_seconds);
            run.verify_signatures(allowed, max_age, preflight.now)
                .map_err(|(principal, reason)| ApprovalError::OfRun { principal, reason })?;
            if let Some(twice) = run.approval.signs_twice() {
                let principal = twice.principal.clone();
                return Err(ApprovalError::SignedTwice { file: run.run.to_string(), principal, required }.into());
            }
        }
        preflight.check(run.tenant.id, run.waivers.iter().any(|waiver| waiver.guardrail == Waivable::Window))?;
        let left = preflight.of(&run.changes);
        Ok(Self { journal, approval, left, by: preflight.by.clone() })
    }
}

/// Goes on: reads again whom the run has done, settles whom it left in doubt, and does the rest. A finished run is only
/// reported. The counts are those of the whole run.
pub(crate) async fn resume<T, C, S>(
    resume: FreshResume,
    writer: JournalWriter<S>,
    context: Context<'_, T, C>,
) -> RunReport
where
    T: TenantRead + TenantWrite,
    C: Clock,
    S: Sink,
{
    let FreshResume { journal, approval, left, by } = resume;
    let mut users = journal.outcomes();
    if journal.is_finished() {
        return finished(&journal, context);
    }
    // What was read before the interruption is no proof now.
    for user in users.iter_mut().filter(|user| user.outcome == Outcome::Done) {
        (user.verified, user.observed, user.error) = (false, None, None);
    }
    let done: Vec<usize> =
        users.iter().enumerate().filter(|(_, user)| user.outcome == Outcome::Done).map(|(at, _)| at).collect();
    let header = Header {
        run: journal.run.run.clone(),
        command: Command::Resume,
        digest: journal.run.digest.to_string(),
        canary: journal.run.canary,
        stop_after_failures: journal.run.stop_after_failures,
    };
    let mut session = Session::new(context, writer, header, users);
    session.begin(&[Line::Resume(Resume {
        timestamp: context.clock.now(),
        mfaplan_version: env!("CARGO_PKG_VERSION").into(),
        approval,
        by,
    })]);
    session.prove(done).await;
    let proven = session.users().iter().filter(|user| user.written && user.verified).count();
    let queue = session.queue(&left);
    session.run(queue, u32::try_from(proven).unwrap_or(u32::MAX)).await;
    session.finish()
}

fn finished<T, C: Clock>(journal: &Journal, context: Context<'_, T, C>) -> RunReport {
    let users = journal.outcomes();
    let now = context.clock.now();
    let report = RunReport {
        run: journal.run.run.clone(),
        command: Command::Resume,
        digest: journal.run.digest.to_string(),
        started_at: now,
        finished_at: now,
        outcome: RunEnd::Complete,
        exit_code: RunEnd::Complete.exit_code(),
        counts: Counts::of(&users),
        stopped: None,
        hints: vec![Hint::Say(format!("run {} is finished: there is nothing left to do", journal.run.run))],
        users,
    };
    context.observer.observe(now, Event::Finished { report: &report });
    report
}
