//! Test results for CI systems that show them: one case a rule, one a check, one a refusal.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    io::Write,
};

use super::{
    Options,
    causes::{Cause, Which, causes},
    escape::xml,
    words,
};
use crate::{plan::Plan, severity::Severity};

/// So many users are named in a failure.
const NAMED: usize = 100;

enum Outcome {
    Passed(String),
    Failed { summary: String, kind: &'static str, body: String },
    Skipped(String),
}

struct Case {
    class: &'static str,
    name: String,
    outcome: Outcome,
}

/// Writes the report. A rule fails with an unaccepted finding at or above `--fail-on` (else the plan's `block_at`); a
/// rule that lacked facts and found nothing is skipped.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(plan: &Plan, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let found = causes(plan, Which::Unaccepted);
    let cases = cases(plan, &found, options.fail_on.unwrap_or(plan.execution.block_at));
    let cases: Vec<_> = cases.into_iter().chain(passed(plan, &found, options)).collect();
    let failures = cases.iter().filter(|one| matches!(one.outcome, Outcome::Failed { .. })).count();
    let skipped = cases.iter().filter(|one| matches!(one.outcome, Outcome::Skipped(_))).count();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"mfaplan\" tests=\"{}\" failures=\"{failures}\" errors=\"0\">", cases.len())?;
    writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\" time=\"0\" timestamp=\"{}\">",
        xml(&format!("mfaplan {}", plan.tenant.name)),
        cases.len(),
        plan.as_of.strftime("%Y-%m-%dT%H:%M:%S"),
    )?;
    writeln!(out, "    <properties><property name=\"digest\" value=\"{}\"/></properties>", plan.digest)?;
    for case in &cases {
        write_case(case, out)?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn write_case(Case { class, name, outcome }: &Case, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "    <testcase classname=\"mfaplan.{class}\" name=\"{}\" time=\"0\"", xml(name))?;
    match outcome {
        Outcome::Passed(said) if said.is_empty() => writeln!(out, "/>"),
        Outcome::Passed(said) => writeln!(out, "><system-out>{}</system-out></testcase>", lines(said)),
        Outcome::Failed { summary, kind, body } => {
            writeln!(out, "><failure message=\"{}\" type=\"{kind}\">{}</failure></testcase>", xml(summary), lines(body))
        }
        Outcome::Skipped(why) => writeln!(out, "><skipped message=\"{}\"/></testcase>", xml(why)),
    }
}

/// Escapes line by line: the line breaks are ours.
fn lines(body: &str) -> String {
    body.split('\n').map(xml).collect::<Vec<_>>().join("\n")
}

fn cases(plan: &Plan, all: &[Cause<'_>], fail_on: Severity) -> Vec<Case> {
    let refused = plan.refused.iter().map(|one| Case {
        class: "guardrail",
        name: one.rule.to_string(),
        outcome: Outcome::Failed {
            summary: one.reason.to_string(),
            kind: "refused",
            body: format!("Fix: {}", clean(&one.remedy)),
        },
    });
    let mut rules: BTreeMap<&str, Vec<&Cause<'_>>> = BTreeMap::new();
    for cause in all {
        rules.entry(cause.rule).or_default().push(cause);
    }
    let found: Vec<_> = rules.iter().map(|(rule, causes)| of_rule(rule, causes, fail_on)).collect();
    let blind = plan.not_evaluated.iter().filter(|one| !rules.contains_key(&*one.rule)).map(|one| Case {
        class: "rule",
        name: one.rule.to_string(),
        outcome: Outcome::Skipped(format!("not evaluated for {}: no {}", words::unjudged(one.users), one.fact)),
    });
    let checks = plan.checks.iter().map(|one| Case {
        class: "check",
        name: one.name.to_string(),
        outcome: match one.passed {
            true => Outcome::Passed(String::new()),
            // A check that only warns is said and fails nothing; one of severity error has refused the plan.
            false if !plan.refused.iter().any(|refusal| refusal.rule.strip_prefix("check.") == Some(&*one.name)) => {
                Outcome::Passed(format!("Warning: {}", clean(&one.message)))
            }
            false => Outcome::Failed { summary: one.message.to_string(), kind: "check", body: String::new() },
        },
    });
    refused.chain(found).chain(blind).chain(checks).collect()
}

/// Rules that were looked at and found nothing.
fn passed(plan: &Plan, found: &[Cause<'_>], options: &Options) -> Vec<Case> {
    let mut told: BTreeSet<&str> = plan.not_evaluated.iter().map(|one| &*one.rule).collect();
    told.extend(found.iter().map(|cause| cause.rule));
    let quiet = options.rules.iter().filter(|(id, _)| !told.contains(&**id));
    quiet
        .map(|(id, name)| Case { class: "rule", name: format!("{id} {name}"), outcome: Outcome::Passed(String::new()) })
        .collect()
}

fn of_rule(rule: &str, causes: &[&Cause<'_>], fail_on: Severity) -> Case {
    let worst = causes.iter().map(|cause| cause.severity).max().unwrap_or(Severity::Info);
    let name = causes.first().map_or("", |cause| cause.name);
    let count: u64 = causes.iter().map(|cause| cause.count()).sum();
    let summary = format!("{worst}: {}", words::count(count, "finding"));
    let mut body = String::new();
    let mut named = 0;
    for cause in causes {
        if let Some(example) = cause.example() {
            body.push_str(&format!(
                "{}: {}\nFix: {}\n",
                cause.severity,
                clean(&example.message),
                clean(&example.remediation)
            ));
        }
        let subjects = cause.changes.iter().map(|(change, finding)| (Some(&change.user.user_principal_name), *finding));
        let others =
            cause.others.iter().map(|one| (one.user.as_ref().map(|user| &user.user_principal_name), &one.finding));
        for (user, finding) in subjects.chain(others).take(NAMED.saturating_sub(named)) {
            let user = user.map_or("tenant", |name| &**name);
            body.push_str(&format!("- {}: {}\n", clean(user), clean(&words::evidence(finding))));
            named += 1;
        }
    }
    if count > named as u64 {
        body.push_str(&format!("… and {} more\n", words::number(count - named as u64)));
    }
    let outcome =
        if worst >= fail_on { Outcome::Failed { summary, kind: worst.as_str(), body } } else { Outcome::Passed(body) };
    Case { class: "rule", name: format!("{rule} {name}"), outcome }
}

/// Text of a tenant must not bring line breaks of its own into a body.
fn clean(raw: &str) -> std::borrow::Cow<'_, str> {
    super::escape::text(raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::{many, refused};

    fn shown(plan: &Plan, options: &Options) -> String {
        let mut out = Vec::new();
        write(plan, options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn golden() {
        insta::assert_snapshot!("junit", shown(&refused(), &Options::default()));
    }

    #[test]
    fn fail_on_decides_what_fails() {
        let failures = |fail_on| {
            shown(&refused(), &Options { fail_on: Some(fail_on), ..Options::default() }).matches("<failure ").count()
        };
        // Two refusals fail at any rate; the failed check only warns.
        assert_eq!([Severity::Critical, Severity::High, Severity::Info].map(failures), [6, 8, 18]);
    }

    #[test]
    fn quiet_rules_pass_and_long_lists_end_in_a_count() {
        let rules = vec![("MFA001".to_owned(), "sync".to_owned()), ("MFA006".to_owned(), "smtp".to_owned())];
        let text = shown(&many(1_100), &Options { rules, ..Options::default() });
        assert!(text.contains("name=\"MFA001 sync\" time=\"0\"/>"));
        assert_eq!(text.matches("name=\"MFA018").count(), 1);
        assert!(text.contains("… and 10 more") && text.len() < 100_000);
    }
}
