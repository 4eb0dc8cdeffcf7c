//! What `history` tells of runs.

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Journal, JournalError, RunId, Store,
    v1::{By, Resume, Tenant},
};
use crate::{
    apply::{
        approval::Approval,
        report::{Command, Counts, RunEnd, UserOutcome},
    },
    plan::Waiver,
    severity::Severity,
    tenant::Text,
};

/// The version of `history --json`, named in the published schema; minor = additions only.
#[cfg(test)]
pub(crate) const HISTORY_VERSION: &str = "1.0";

/// A run in `history`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HistoryEntry {
    /// Its id.
    pub run: RunId,
    /// `apply` or `rollback`; none where the journal cannot be read.
    pub command: Option<Command>,
    /// When it began.
    #[cfg_attr(test, schemars(with = "Option<crate::schema::DateTime>"))]
    pub started_at: Option<Timestamp>,
    /// When it ended, if it did.
    #[cfg_attr(test, schemars(with = "Option<crate::schema::DateTime>"))]
    pub finished_at: Option<Timestamp>,
    /// The plan's digest.
    pub digest: Option<String>,
    /// How it was approved.
    pub approval: Option<Approval>,
    /// The run it rolls back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolls_back: Option<RunId>,
    /// The counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// How it stands.
    pub status: HistoryStatus,
    /// What is wrong with the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum HistoryStatus {
    /// Everything done and verified.
    Complete,
    /// Ended, with something left.
    Incomplete,
    /// Stopped by the operator.
    Stopped,
    /// Ended by an error.
    Error,
    /// No orderly end: killed, or still running.
    Interrupted,
    /// The journal cannot be read.
    Damaged,
    /// Interrupted before its first line: nothing was written.
    Empty,
}

impl HistoryStatus {
    /// The word in files and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Stopped => "stopped",
            Self::Error => "error",
            Self::Interrupted => "interrupted",
            Self::Damaged => "damaged",
            Self::Empty => "empty",
        }
    }
}

impl HistoryEntry {
    fn of(run: RunId, journal: Result<Journal, JournalError>) -> Self {
        match journal {
            Ok(journal) => Self {
                run,
                command: Some(journal.run.command),
                started_at: Some(journal.run.timestamp),
                finished_at: journal.end.as_ref().map(|end| end.timestamp),
                digest: Some(journal.run.digest.to_string()),
                approval: Some(journal.run.approval.clone()),
                rolls_back: journal.run.rolls_back.clone(),
                counts: Counts::of(&journal.outcomes()),
                status: match journal.end.as_ref().map(|end| end.outcome) {
                    Some(RunEnd::Complete) => HistoryStatus::Complete,
                    Some(RunEnd::Incomplete | RunEnd::Refused) => HistoryStatus::Incomplete,
                    Some(RunEnd::Stopped) => HistoryStatus::Stopped,
                    Some(RunEnd::Error) => HistoryStatus::Error,
                    None => HistoryStatus::Interrupted,
                },
                error: None,
            },
            Err(error) => Self {
                run,
                command: None,
                started_at: None,
                finished_at: None,
                digest: None,
                approval: None,
                rolls_back: None,
                counts: Counts::default(),
                status: match error {
                    JournalError::Empty { .. } => HistoryStatus::Empty,
                    _ => HistoryStatus::Damaged,
                },
                error: Some(error.to_string()),
            },
        }
    }

    /// As far as its journal can be read: what stands before a damaged line is shown, with the damage.
    fn with_damage(run: RunId, journal: Journal, damage: Option<String>) -> Self {
        let mut entry = Self::of(run, Ok(journal));
        if damage.is_some() {
            (entry.status, entry.finished_at, entry.error) = (HistoryStatus::Damaged, None, damage);
        }
        entry
    }
}

impl Store {
    /// Every run with who approved it and how it ended, oldest first. A damaged journal is listed as such.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn history(&self) -> Result<Vec<HistoryEntry>, JournalError> {
        Ok(self
            .runs()?
            .into_iter()
            .map(|run| match self.read_damaged(&run) {
                Ok((journal, damage)) => HistoryEntry::with_damage(run, journal, damage.map(|one| one.to_string())),
                Err(error) => HistoryEntry::of(run, Err(error)),
            })
            .collect())
    }

    /// One run in full.
    ///
    /// # Errors
    /// When not even the first line of its journal can be used.
    pub fn details(&self, run: &RunId) -> Result<RunDetails, JournalError> {
        let (journal, damage) = self.read_damaged(run)?;
        let mut findings: BTreeMap<(Reverse<Severity>, Text, bool), u64> = BTreeMap::new();
        let approved = &journal.run.approved;
        for weight in approved.findings.iter().chain(approved.changes.iter().flat_map(|one| &one.findings)) {
            *findings.entry((Reverse(weight.severity), weight.rule.clone(), weight.accepted)).or_default() += 1;
        }
        Ok(RunDetails {
            tenant: journal.run.tenant.clone(),
            mfaplan_version: journal.run.mfaplan_version.clone(),
            by: journal.run.by.clone(),
            waivers: journal.run.waivers.clone(),
            resumes: journal.resumes.clone(),
            findings: findings
                .into_iter()
                .map(|((Reverse(severity), rule, accepted), users)| RunFinding { rule, severity, accepted, users })
                .collect(),
            users: journal.outcomes(),
            entry: HistoryEntry::with_damage(run.clone(), journal, damage.map(|one| one.to_string())),
        })
    }

    fn read_damaged(&self, run: &RunId) -> Result<(Journal, Option<JournalError>), JournalError> {
        let (path, bytes) = self.bytes(run)?;
        let (journal, damage) = Journal::as_far_as_whole(&bytes, &path)?;
        if journal.run.run == *run {
            Ok((journal, damage))
        } else {
            Err(JournalError::OtherRun { path, run: journal.run.run })
        }
    }
}

/// One run in full: `history RUN`.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunDetails {
    /// What the list says of it.
    #[serde(flatten)]
    pub entry: HistoryEntry,
    /// Its tenant.
    pub tenant: Tenant,
    /// The version that began it.
    pub mfaplan_version: Text,
    /// Who applied, and where.
    pub by: By,
    /// Waived guardrails.
    pub waivers: Vec<Waiver>,
    /// Every resumption.
    pub resumes: Vec<Resume>,
    /// What was known to be risked, worst first.
    pub findings: Vec<RunFinding>,
    /// What became of each user.
    pub users: Vec<UserOutcome>,
}

/// A rule's findings when a run was approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunFinding {
    /// Which rule.
    pub rule: Text,
    /// How bad.
    pub severity: Severity,
    /// Were they accepted?
    pub accepted: bool,
    /// How many.
    pub users: u64,
}
