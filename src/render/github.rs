//! Annotations of a GitHub workflow run (GitHub documentation, "Workflow commands for GitHub Actions").
//!
//! GitHub shows ten annotations of each level a step and drops the others without a word, so there is one for each rule,
//! the worst first, and the tenth says how many rules are left.

use std::{io, io::Write};

use super::{
    Options,
    causes::{Cause, Which, causes},
    escape::{github_message, github_property},
    words,
};
use crate::{plan::Plan, risk::Place, severity::Severity};

/// What GitHub shows of each level.
const SHOWN: usize = 10;

struct Annotation {
    place: Option<Place>,
    title: String,
    message: String,
}

/// Writes one workflow command a line.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(plan: &Plan, _options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let (mut errors, mut warnings, mut notices) = (Vec::new(), Vec::new(), Vec::new());
    for refusal in &plan.refused {
        let message = format!("{} Fix: {}", refusal.reason, refusal.remedy);
        errors.push(Annotation { place: None, title: format!("Plan refused: {}", refusal.rule), message });
    }
    for cause in causes(plan, Which::Unaccepted) {
        match cause.severity {
            Severity::Critical | Severity::High => &mut errors,
            Severity::Medium => &mut warnings,
            Severity::Low | Severity::Info => &mut notices,
        }
        .extend(annotation(&cause));
    }
    for (level, annotations) in [("error", errors), ("warning", warnings), ("notice", notices)] {
        let fit = if annotations.len() > SHOWN { SHOWN - 1 } else { SHOWN };
        for one in annotations.iter().take(fit) {
            command(level, one, out)?;
        }
        let rest = annotations.len().saturating_sub(fit);
        if rest > 0 {
            let rules: Vec<_> = annotations.iter().skip(fit).map(|one| one.title.as_str()).collect();
            let title = format!("{} more", words::number(rest as u64));
            command(level, &Annotation { place: None, title, message: rules.join(" · ") }, out)?;
        }
    }
    Ok(())
}

/// Names are given up to so many.
const NAMED: usize = 5;

fn annotation(cause: &Cause<'_>) -> Option<Annotation> {
    let example = cause.example()?;
    let place = cause.changes.iter().find_map(|(change, _)| change.declared_by.as_ref());
    let place = place.or_else(|| cause.others.iter().find_map(|one| one.declared_by.as_ref()));
    let names: Vec<_> = cause
        .changes
        .iter()
        .map(|(change, _)| &*change.user.user_principal_name)
        .chain(cause.others.iter().filter_map(|one| Some(&*one.user.as_ref()?.user_principal_name)))
        .take(NAMED + 1)
        .collect();
    let users = match names.as_slice() {
        [] => String::new(),
        all if all.len() <= NAMED => format!(" ({})", all.join(", ")),
        [some @ .., _] => {
            format!(" ({} and {} more)", some.join(", "), words::number(cause.count().saturating_sub(NAMED as u64)))
        }
    };
    let count = cause.count();
    let count = if count == 1 { String::new() } else { format!(" ×{}", words::number(count)) };
    Some(Annotation {
        place: place.cloned(),
        title: format!("{} {} {}{count}", cause.severity, cause.rule, cause.name),
        message: format!("{}{users} Fix: {}", example.message, example.remediation),
    })
}

fn command(level: &str, annotation: &Annotation, out: &mut dyn Write) -> io::Result<()> {
    let Annotation { place, title, message } = annotation;
    let place = place
        .as_ref()
        .map_or_else(String::new, |place| format!("file={},line={},", github_property(&place.file), place.line));
    writeln!(out, "::{level} {place}title={}::{}", github_property(title), github_message(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        render::testing::{finding, refused, sample},
        risk::PlanFinding,
    };

    fn lines(plan: &Plan) -> Vec<String> {
        let mut out = Vec::new();
        write(plan, &Options::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_worst_come_first_at_their_place_in_the_file() {
        let lines = lines(&refused());
        assert!(
            lines[0].starts_with("::error title=Plan refused%3A max_downgrades::2 users are lowered"),
            "{}",
            lines[0]
        );
        let smtp = lines.iter().find(|line| line.contains("MFA006")).unwrap();
        assert!(
            smtp.starts_with("::error file=staff.mfa.hcl,line=3,title=critical MFA006 smtp-auth-sender::Sends mail")
        );
        assert!(smtp.contains("(scan-hq@contoso.com) Fix: "));
        assert!(lines.iter().any(|line| line.starts_with("::notice ") && line.contains("MFA064")));
        assert!(!lines.iter().any(|line| line.contains("MFA086")), "accepted ones are silent");
    }

    #[test]
    fn ten_of_each_level_and_the_tenth_counts_the_rest() {
        let mut plan = sample();
        plan.findings = (0..14)
            .map(|n| {
                let mut finding = finding("X", "own-rule", Severity::Medium, "Something.", &[], "Nothing.");
                finding.rule = format!("own_{n:02}").into();
                PlanFinding { finding, user: None, declared_by: None }
            })
            .collect();
        plan.changes.clear();
        let lines = lines(&plan);
        assert_eq!(lines.len(), 10);
        assert!(lines[9].starts_with("::warning title=5 more::medium own_09"), "{}", lines[9]);
    }

    #[test]
    fn no_name_can_end_a_command() {
        let mut plan = sample();
        for change in &mut plan.changes {
            change.user.user_principal_name = "x\n::set-output name=a::b%0A::error::".into();
        }
        assert!(
            lines(&plan).iter().all(|line| ["::error ", "::warning ", "::notice "].iter().any(|l| line.starts_with(l)))
        );
        assert!(!lines(&plan).iter().any(|line| line.contains("b%0A")));
    }
}
