//! For programs: one JSON document.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::{
    diag,
    scenario::{Problem, Report, Status},
};

/// Writes the report. Diagnostics have the shape of `validate --json`. `format_version` "1.0": minor = additions only.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let files: Vec<Value> = report
        .files
        .iter()
        .map(|file| {
            let runs: Vec<Value> = file
                .runs
                .iter()
                .map(|run| {
                    json!({
                        "name": run.name.as_str(), "line": run.line, "status": run.status.as_str(),
                        "diagnostics": diagnostics(&run.problems),
                    })
                })
                .collect();
            json!({
                "name": file.name.as_str(), "status": file.status().as_str(),
                "diagnostics": diagnostics(&file.problems), "runs": runs,
            })
        })
        .collect();
    let document = json!({
        "format_version": "1.0",
        "status": report.status().as_str(),
        "summary": {
            "passed": report.count(Status::Pass), "failed": report.count(Status::Fail), "errors": report.count(Status::Error),
        },
        "files": files,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn diagnostics(problems: &[Problem]) -> Vec<Value> {
    let one = |Problem { diagnostic, sources }: &Problem| {
        let document: Value =
            serde_json::from_str(&diag::json::to_json(std::slice::from_ref(diagnostic), sources)).ok()?;
        document.get("diagnostics")?.get(0).cloned()
    };
    problems.iter().filter_map(one).collect()
}
