//! `expect_failures`: what was expected to fail, did it, and did anything else?

use std::sync::Arc;

use super::{
    model::Problem,
    read::{Expected, Run},
};
use crate::{
    config::{LoadFailure, Waivable},
    diag::{Diagnostic, Level, SourceMap, Span, did_you_mean},
    plan::Plan,
    risk,
};

/// Does a configuration that does not load fail as expected? Returns the expectations met, or `None` where a failure is
/// left that nobody expected. Once a variable has a value it may not have, everything else may be its consequence.
pub(super) fn of_load<'r>(run: &'r Run, failure: &LoadFailure) -> Option<Vec<&'r Expected>> {
    let errors = || failure.diagnostics.iter().filter(|one| one.level == Level::Error);
    let mut met: Vec<&Expected> = run.expected.iter().filter(|one| *one.what == *"configuration").collect();
    let variable = |problem: &Diagnostic| {
        let about = |expected: &&Expected| {
            let name = expected.what.strip_prefix("var.");
            name.is_some_and(|name| is_about_variable(problem, name, &failure.sources))
        };
        run.expected.iter().find(about)
    };
    for problem in errors().filter(|problem| problem.summary == INVALID_VALUE) {
        match variable(problem) {
            Some(expected) => met.push(expected),
            None if met.is_empty() => return None,
            None => {}
        }
    }
    (!met.is_empty()).then_some(met)
}

/// What the loader says of a value that a variable may not have.
const INVALID_VALUE: &str = "Invalid value for variable";

/// Refused values of variables point at the line that sets them or at the declaration.
fn is_about_variable(problem: &Diagnostic, name: &str, sources: &SourceMap) -> bool {
    let line = |span: Span| {
        let file = sources.file(span.file);
        file.text.get(file.line_range(file.place(span.start).line)).unwrap_or_default()
    };
    let about = |span: Span| {
        let line = line(span);
        let set = line.trim_start().strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='));
        set || line.contains(&format!("variable \"{name}\""))
    };
    problem.summary == INVALID_VALUE && problem.primary.iter().chain(&problem.secondary).any(|label| about(label.span))
}

/// Compares what failed in a plan with what was expected to.
pub(super) fn of_plan(run: &Run, plan: &Plan, variables: &[&str], sources: &Arc<SourceMap>) -> Vec<Problem> {
    let expected = |what: &str| run.expected.iter().any(|one| one.what.eq_ignore_ascii_case(what));
    let mut problems = Vec::new();
    let mut say = |diagnostic| problems.push(Problem { diagnostic, sources: Arc::clone(sources) });
    for check in plan.checks.iter().filter(|check| !check.passed) {
        if !expected(&format!("check.{}", check.name)) {
            let detail = format!("`check.{}` does not hold: {}.", check.name, check.message.trim_end_matches('.'));
            let hint = format!("if that is what the run shows, add `expect_failures = [check.{}]`", check.name);
            say(Diagnostic::error("Check failed", detail).at(run.header, "in this run").hint(hint));
        }
    }
    for refusal in plan.refused.iter().filter(|one| !one.rule.starts_with("check.")) {
        if !expected(&refusal.rule) {
            let hint = format!("if that is what the run shows, add `expect_failures = [\"{}\"]`", refusal.rule);
            say(Diagnostic::error("Plan refused", refusal.reason.to_string()).at(run.header, "in this run").hint(hint));
        }
    }
    for one in &run.expected {
        if let Some(diagnostic) = unmet(one, plan, variables) {
            say(diagnostic);
        }
    }
    problems
}

/// What is wrong with an expectation: it held, or it names nothing.
fn unmet(expected: &Expected, plan: &Plan, variables: &[&str]) -> Option<Diagnostic> {
    let what = expected.what.as_str();
    let held = |detail: String| {
        Some(Diagnostic::error("Expected failure did not happen", detail).at(expected.span, "expected to fail"))
    };
    if let Some(name) = what.strip_prefix("check.") {
        return match plan.checks.iter().find(|check| *check.name == *name) {
            Some(check) if check.passed => held(format!("`check.{name}` holds.")),
            Some(_) => None,
            None => {
                let names = plan.checks.iter().map(|check| check.name.as_str());
                let problem =
                    Diagnostic::error("Unknown check", format!("The configuration has no `check \"{name}\"`."));
                Some(problem.at(expected.span, "").suggest(name, names))
            }
        };
    }
    if let Some(name) = what.strip_prefix("var.") {
        if !variables.contains(&name) {
            let problem =
                Diagnostic::error("Unknown variable", format!("The configuration declares no variable `{name}`."));
            return Some(problem.at(expected.span, "").suggest(name, variables.iter().copied()));
        }
        return held(format!("The value of `var.{name}` is accepted."));
    }
    if what == "configuration" {
        return held("The configuration loads and fits the tenant.".into());
    }
    if Waivable::named(what).is_some() || plan.refused.iter().any(|one| *one.rule == *what) {
        let refused = plan.refused.iter().any(|one| *one.rule == *what);
        return if refused { None } else { held(format!("The plan is not refused by `{what}`.")) };
    }
    let found = |finding: &risk::Finding| finding.rule.eq_ignore_ascii_case(what) && finding.accepted.is_none();
    let of_changes = plan.changes.iter().flat_map(|change| &change.findings);
    if of_changes.chain(plan.findings.iter().map(|one| &one.finding)).any(found) {
        return None;
    }
    match risk::rule(what) {
        Some(rule) => held(format!("Rule {} ({}) finds nothing that is not accepted.", rule.id, rule.name)),
        None if what.chars().any(|char| char.is_ascii_lowercase()) => {
            let mut problem = Diagnostic::error("Unknown expectation", format!("Nothing called `{what}` can fail."));
            problem.hints.extend(did_you_mean(what, Waivable::NAMES.iter().copied().chain(["configuration"])));
            Some(problem.at(expected.span, ""))
        }
        // Perhaps a rule of the organisation's own: it did not fire either.
        None => held(format!("Rule {what} finds nothing.")),
    }
}
