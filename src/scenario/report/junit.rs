//! For CI systems that show test results: one suite a file, one case a run.

use std::io::{self, Write};

use crate::{
    diag::render::{self, RenderOptions},
    render::escape::xml,
    scenario::{FileResult, Problem, Report, RunResult, Status},
};

/// Writes the report.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let total = |count: fn(&FileResult) -> usize| report.files.iter().map(count).sum::<usize>();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"mfaplan test\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        total(tests),
        total(failures),
        total(errors),
    )?;
    for file in &report.files {
        suite(file, out)?;
    }
    writeln!(out, "</testsuites>")
}

/// A file that could not be read is a case of its own: a suite without cases would look like success.
fn tests(file: &FileResult) -> usize {
    file.runs.len() + usize::from(is_broken(file))
}

fn failures(file: &FileResult) -> usize {
    file.runs.iter().filter(|run| run.status == Status::Fail).count()
}

fn errors(file: &FileResult) -> usize {
    file.runs.iter().filter(|run| run.status == Status::Error).count() + usize::from(is_broken(file))
}

fn is_broken(file: &FileResult) -> bool {
    file.problems.iter().any(|one| one.diagnostic.level == crate::diag::Level::Error)
}

fn suite(file: &FileResult, out: &mut dyn Write) -> io::Result<()> {
    let name = xml(&file.name);
    writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        tests(file),
        failures(file),
        errors(file),
    )?;
    if is_broken(file) {
        write!(out, "    <testcase classname=\"{name}\" name=\"the file itself\">")?;
        outcome("error", &file.problems, out)?;
    }
    for RunResult { name: run, line: _, status, problems } in &file.runs {
        write!(out, "    <testcase classname=\"{name}\" name=\"{}\"", xml(run))?;
        match status {
            Status::Pass => writeln!(out, "/>")?,
            Status::Fail => {
                write!(out, ">")?;
                outcome("failure", problems, out)?;
            }
            Status::Error => {
                write!(out, ">")?;
                outcome("error", problems, out)?;
            }
        }
    }
    writeln!(out, "  </testsuite>")
}

fn outcome(element: &str, problems: &[Problem], out: &mut dyn Write) -> io::Result<()> {
    let first = problems.first().map(|one| format!("{}: {}", one.diagnostic.summary, one.diagnostic.detail));
    let body: Vec<String> = problems
        .iter()
        .flat_map(|one| {
            let shown =
                render::to_string(std::slice::from_ref(&one.diagnostic), &one.sources, RenderOptions::default());
            // Line by line: the line breaks are ours, anything else is escaped.
            shown.lines().map(|line| xml(line).into_owned()).collect::<Vec<_>>()
        })
        .collect();
    writeln!(
        out,
        "<{element} message=\"{}\">{}</{element}></testcase>",
        xml(&first.unwrap_or_default()),
        body.join("\n").trim_end()
    )
}
