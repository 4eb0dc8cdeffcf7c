//! What a run did, as the comment that showed its plan becomes after the apply: done, stale, failed, who must register
//! next, and how to go on or back. Bounded as every comment is.

use std::path::{Path, PathBuf};

use crate::{
    apply::{Outcome as UserResult, RunReport, UserOutcome},
    render::{
        COMMENT,
        escape::{markdown_code, markdown_prose},
        words,
    },
    tenant::{MfaState, TenantId},
};

use super::{Context, Failure, report::seen, save};

/// Where the comment goes, and what it needs beside the report.
pub(super) struct RunComment {
    /// The file.
    pub(super) file: PathBuf,
    /// Of which tenant: the mark by which a workflow finds its earlier comment is the plan's.
    pub(super) tenant: TenantId,
    /// The address of the pipeline's run, where there is one.
    pub(super) pipeline: Option<String>,
}

impl RunComment {
    /// Writes it.
    pub(super) fn write(&self, report: &RunReport, context: &Context) -> Result<(), Failure> {
        save::atomically(&self.file, context, |out| out.write_all(text(report, self).as_bytes()))
    }

    /// A comment into this file.
    pub(super) fn new(file: &Path, tenant: TenantId, pipeline: Option<String>) -> Self {
        Self { file: file.to_owned(), tenant, pipeline }
    }
}

/// A list that is filled as far as there is room: those who need somebody first.
struct List<'a> {
    title: &'static str,
    users: Vec<&'a UserOutcome>,
    line: fn(&UserOutcome) -> String,
}

/// Must they be there when the prompt comes: raised, and without a method as far as anybody knows?
fn must_register(user: &UserOutcome) -> bool {
    user.outcome == UserResult::Done
        && user.planned.after != MfaState::Disabled
        && user.planned.user.registered != Some(true)
}

fn text(report: &RunReport, comment: &RunComment) -> String {
    let counts = &report.counts;
    let mut page = format!(
        "{}\n## MFA {}: {}\n\nRun `{}`, {}. Digest: `{}`\n\n",
        crate::render::mark(comment.tenant),
        report.command.as_str(),
        report.outcome.as_str(),
        report.run,
        words::instant(report.finished_at),
        report.digest,
    );
    page.push_str("| done | failed | stale | unknown | not attempted | planned |\n|--:|--:|--:|--:|--:|--:|\n");
    let numbers = [counts.done, counts.failed, counts.stale, counts.unknown, counts.not_attempted, counts.changes];
    let cells: Vec<_> = numbers.into_iter().map(words::number).collect();
    page.push_str(&format!("| {} |\n\n", cells.join(" | ")));
    if let Some(url) = &comment.pipeline {
        page.push_str(&format!("[The pipeline's run]({url})\n\n"));
    }
    let with = |outcome: UserResult| report.users.iter().filter(move |user| user.outcome == outcome);
    let lists = [
        List { title: "Failed", users: with(UserResult::Failed).collect(), line: because },
        List { title: "Unknown: sent, and no answer came", users: with(UserResult::Unknown).collect(), line: because },
        List {
            title: "Stale: in another state than planned, left alone",
            users: with(UserResult::Stale).collect(),
            line: because,
        },
        List {
            title: "Must register at the next sign-in",
            users: report.users.iter().filter(|one| must_register(one)).collect(),
            line: plain,
        },
        List { title: "Not attempted", users: with(UserResult::NotAttempted).collect(), line: plain },
        List { title: "Done", users: with(UserResult::Done).collect(), line: plain },
    ];
    let mut tail = String::new();
    for hint in &report.hints {
        tail.push_str(&format!("- {}\n", markdown_prose(&hint.to_string())));
    }
    let back = format!("- To look again: `mfaplan verify {0}`. To undo: `mfaplan rollback {0}`\n", report.run);
    tail.push_str(&back);
    let mut room = COMMENT.saturating_sub(page.len() + tail.len());
    let filled: Vec<_> = lists.iter().filter(|list| !list.users.is_empty()).collect();
    for (at, list) in filled.iter().enumerate() {
        // Each list has its share of what is left, and gives back what it does not need.
        let share = room / (filled.len() - at);
        let part = section(list, share);
        room = room.saturating_sub(part.len());
        page.push_str(&part);
    }
    page.push_str(&tail);
    page
}

/// A heading with the whole number, and names as many as fit.
fn section(list: &List<'_>, room: usize) -> String {
    let open =
        format!("<details><summary>{}: {}</summary>\n\n", list.title, words::count(words::len(&list.users), "user"));
    let close = "\n</details>\n\n";
    let mut lines = String::new();
    let mut shown = 0;
    for user in &list.users {
        let line = (list.line)(user);
        // 40 bytes: the count of those left out.
        if open.len() + lines.len() + line.len() + close.len() + 40 > room {
            break;
        }
        lines.push_str(&line);
        shown += 1;
    }
    let left = list.users.len() - shown;
    if left > 0 {
        lines.push_str(&format!("- … and {} more\n", words::number(left as u64)));
    }
    format!("{open}{lines}{close}")
}

fn plain(user: &UserOutcome) -> String {
    let planned = &user.planned;
    format!("- {} {} → {}\n", markdown_code(&planned.user.user_principal_name), planned.before, planned.after)
}

fn because(user: &UserOutcome) -> String {
    let why = match (&user.error, user.observed) {
        (Some(error), _) => format!(": {}", markdown_prose(&error.message)),
        (None, Some(state)) => format!(": is {} now", seen(state)),
        (None, None) => String::new(),
    };
    format!("{}{why}\n", plain(user).trim_end())
}
