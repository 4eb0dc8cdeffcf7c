//! `mfaplan test`: scenarios in `*.mfatest.hcl`. Each `run` plans the configuration on a tenant of its own, at an instant
//! of its own, and asserts something about the plan.
//!
//! ```text
//! *.mfatest.hcl ─ read ──► runs ─┐
//! configuration ─ load ──────────┼─ plan ─► asserts, expected failures ─► Report ─► human, JSON, JUnit
//! tenant (file or inline) ───────┘
//! ```
//!
//! Nothing is shared between runs and nothing is written: a scenario never reaches a tenant.

mod expect;
mod judge;
mod model;
mod read;
pub(crate) mod report;
mod run;
mod schema;
mod tenant;
mod value;

pub(crate) use model::{FileResult, Problem, Report, RunResult, Status};
pub(crate) use run::{TestInput, run};

pub(crate) use schema::TOP_LEVEL;

/// What is wrong with the text of a scenario file, without running it. `dir` is the directory it is in.
#[must_use]
pub(crate) fn check(
    name: &str,
    text: &str,
    dir: &std::path::Path,
    now: jiff::Timestamp,
) -> (Vec<crate::diag::Diagnostic>, crate::diag::SourceMap) {
    let (mut sources, mut diags) = (crate::diag::SourceMap::default(), crate::diag::Diagnostics::default());
    let file = sources.add(name, text);
    read::read(text, file, dir, now, &mut diags);
    (diags.into_sorted(), sources)
}

/// The ending of scenario files.
pub(crate) const SUFFIX: &str = ".mfatest.hcl";

#[cfg(test)]
mod tests;
