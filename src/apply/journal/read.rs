//! Reading a journal back. A torn last line is expected: the process was killed while writing it, so the write it would
//! have announced was never sent. Damage anywhere else is an error, for what follows cannot be trusted.

use std::{collections::HashMap, path::Path};

use jiff::Timestamp;

use super::{
    JournalError, chain,
    v1::{End, Line, Report, Resume, Run},
};
use crate::{
    apply::report::{Counts, Outcome, UserOutcome},
    replay::PredictedRow,
    tenant::UserId,
};

/// A journal as read.
#[derive(Clone, Debug)]
pub struct Journal {
    /// The first line.
    pub run: Run,
    /// What is known of each change, in the order of [`Run::changes`].
    pub entries: Vec<Entry>,
    /// What was foretold, in the order of [`Run::changes`]; `None` of whom nothing was.
    pub predicted: Vec<Option<Vec<PredictedRow>>>,
    /// Every resumption.
    pub resumes: Vec<Resume>,
    /// The last `end`, if nothing came after it.
    pub end: Option<End>,
    /// The time of the last line.
    pub last: Timestamp,
    /// Length in bytes of the whole lines: what follows is torn.
    pub whole: u64,
    /// The hash of the last whole line, which the next one names.
    pub tip: String,
}

/// What a journal says of one change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Time of the first intent: a write may have been sent.
    pub intent: Option<Timestamp>,
    /// There is an intent that no result follows.
    pub open: bool,
    /// The last result.
    pub result: Option<Report>,
}

impl Entry {
    /// The outcome: an intent without a result is unknown, and no line at all is not attempted.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match &self.result {
            _ if self.open => Outcome::Unknown,
            Some(report) => report.result,
            None => Outcome::NotAttempted,
        }
    }
}

impl Journal {
    /// Reads the bytes of a journal; `path` is for messages.
    ///
    /// # Errors
    /// When a line that is not the last is damaged, missing, doubled or moved, when lines contradict each other or what
    /// was approved, when the version is another, or when there is no whole first line (then the run wrote nothing).
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, JournalError> {
        match Self::as_far_as_whole(bytes, path)? {
            (journal, None) => Ok(journal),
            (_, Some(damage)) => Err(damage),
        }
    }

    /// As [`Journal::parse`], but what stands before a damaged line is told along with the damage: enough to look at,
    /// nothing to act on.
    ///
    /// # Errors
    /// When not even the first line can be used.
    pub fn as_far_as_whole(bytes: &[u8], path: &Path) -> Result<(Self, Option<JournalError>), JournalError> {
        let damaged = |line: usize, reason: String| JournalError::Damaged { path: path.to_owned(), line, reason };
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let mut lines = bytes[..whole].split_inclusive(|byte| *byte == b'\n').map(|line| &line[..line.len() - 1]);
        let Some(first) = lines.next() else { return Err(JournalError::Empty { path: path.to_owned() }) };
        // The version is looked at before anything else, so that another one is named rather than called damaged.
        if let Ok(Peek { kind, format_version, approved }) = serde_json::from_slice(first) {
            match format_version {
                Some(version) if !version.starts_with("1.") => {
                    return Err(JournalError::Version { path: path.to_owned(), version });
                }
                Some(_) if kind.as_deref() == Some("run") && approved.is_none() => {
                    return Err(JournalError::Older { path: path.to_owned() });
                }
                _ => {}
            }
        }
        let tip = chain::check(first, None).map_err(|reason| damaged(1, reason.to_owned()))?;
        let Line::Run(run) = parse(first).map_err(|reason| damaged(1, reason))? else {
            return Err(damaged(1, "the first line must have type `run`".to_owned()));
        };
        let mut journal = Self {
            entries: vec![Entry::default(); run.changes.len()],
            predicted: vec![None; run.changes.len()],
            resumes: Vec::new(),
            end: None,
            last: run.timestamp,
            whole: whole as u64,
            tip,
            run: *run,
        };
        let places: HashMap<UserId, usize> =
            journal.run.changes.iter().enumerate().map(|(place, change)| (change.user.id, place)).collect();
        if places.len() != journal.run.changes.len() {
            return Err(damaged(1, "a user is named twice".to_owned()));
        }
        journal.run.check().map_err(|reason| damaged(1, reason))?;
        for (number, line) in lines.enumerate() {
            let read = chain::check(line, Some(&journal.tip))
                .map_err(str::to_owned)
                .and_then(|tip| Ok((tip, parse(line)?)))
                .and_then(|(tip, line)| {
                    journal.take(line, &places)?;
                    journal.tip = tip;
                    Ok(())
                });
            if let Err(reason) = read {
                return Ok((journal, Some(damaged(number + 2, reason))));
            }
        }
        Ok((journal, None))
    }

    fn take(&mut self, line: Line, places: &HashMap<UserId, usize>) -> Result<(), String> {
        let place = |user: UserId| places.get(&user).copied().ok_or_else(|| format!("the run has no user {user}"));
        let ended = self.end.take();
        match line {
            Line::Run(_) => return Err("a second line of type `run`".to_owned()),
            Line::Prediction(prediction) => {
                if self.entries.iter().any(|entry| entry.intent.is_some()) {
                    return Err("a line of type `prediction` follows an intent".to_owned());
                }
                let predicted = &mut self.predicted[place(prediction.user)?];
                if predicted.replace(prediction.rows).is_some() {
                    return Err(format!("user {} has two lines of type `prediction`", prediction.user));
                }
            }
            Line::Resume(resume) => {
                self.last = resume.timestamp;
                self.resumes.push(resume);
            }
            Line::Intent(_) | Line::Result(_) if ended.is_some() => {
                return Err("a line follows the end without a `resume`".to_owned());
            }
            Line::Intent(intent) => {
                let place = place(intent.user)?;
                let change = &self.run.changes[place];
                if (intent.before, intent.after) != (change.before, change.after) {
                    return Err(format!("user {} has another change in this run", intent.user));
                }
                let entry = &mut self.entries[place];
                entry.intent.get_or_insert(intent.timestamp);
                entry.open = true;
                self.last = intent.timestamp;
            }
            Line::Result(report) => {
                let place = place(report.user)?;
                let change = &self.run.changes[place];
                if (report.before, report.after) != (change.before, change.after) {
                    return Err(format!("user {} has another change in this run", report.user));
                }
                let entry = &mut self.entries[place];
                entry.open = false;
                self.last = report.timestamp;
                entry.result = Some(report);
            }
            Line::End(end) => {
                // A later session reads anew whom an earlier one has read back, so `verified` may be less than the lines say.
                let counted = Counts { verified: end.counts.verified, ..Counts::of(&self.outcomes()) };
                if end.counts != counted || end.counts.verified > end.counts.done {
                    return Err("the counts are not those of the lines before".to_owned());
                }
                if end.exit_code != end.outcome.exit_code() {
                    return Err(format!("a run that ended `{}` has another exit code", end.outcome.as_str()));
                }
                self.last = end.timestamp;
                self.end = Some(end);
            }
        }
        Ok(())
    }

    /// Every planned user with the outcome the journal gives.
    #[must_use]
    pub fn outcomes(&self) -> Vec<UserOutcome> {
        let pairs = self.run.changes.iter().zip(&self.entries);
        pairs
            .map(|(planned, entry)| {
                let report = entry.result.as_ref().filter(|_| !entry.open);
                UserOutcome {
                    planned: planned.clone(),
                    outcome: entry.outcome(),
                    observed: report.and_then(|report| report.observed),
                    verified: report.is_some_and(|report| report.verified),
                    written: entry.intent.is_some(),
                    error: report.and_then(|report| report.error.clone()),
                }
            })
            .collect()
    }

    /// Is there nothing left to do?
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.counts.is_complete())
    }
}

fn parse(line: &[u8]) -> Result<Line, String> {
    serde_json::from_slice(line).map_err(|error| error.to_string())
}

/// What tells the version of a journal.
#[derive(serde::Deserialize)]
struct Peek {
    #[serde(rename = "type")]
    kind: Option<String>,
    format_version: Option<String>,
    approved: Option<serde::de::IgnoredAny>,
}
