//! For a terminal, in the shape of `terraform test`.

use std::io::{self, Write};

use crate::{
    diag::render::{self, RenderOptions},
    render::escape,
    scenario::{Problem, Report, Status},
};

/// Writes the report.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(report: &Report, options: RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    for file in &report.files {
        writeln!(out, "{}", escape::text(&file.name))?;
        problems(&file.problems, options, out)?;
        for run in &file.runs {
            writeln!(out, "  run \"{}\"... {}", escape::text(&run.name), run.status.as_str())?;
            problems(&run.problems, options, out)?;
        }
    }
    let [passed, failed, errors] = [Status::Pass, Status::Fail, Status::Error].map(|status| report.count(status));
    let verdict = if report.passed() { "Success!" } else { "Failure!" };
    let errors = if errors > 0 { format!(", {errors} without a plan to judge") } else { String::new() };
    writeln!(out, "\n{verdict} {passed} passed, {failed} failed{errors}.")
}

fn problems(problems: &[Problem], options: RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    for Problem { diagnostic, sources } in problems {
        writeln!(out)?;
        render::write(out, std::slice::from_ref(diagnostic), sources, options)?;
    }
    Ok(())
}
