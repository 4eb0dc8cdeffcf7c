//! The difference of two plans, for a terminal, a comment and a program.

use std::{fmt::Write as _, io, io::Write};

use similar::{ChangeTag, TextDiff};

use super::{
    Options, escape,
    style::{Label, Painter},
    words,
};
use crate::plan::{
    Change, Refusal,
    compare::{ChangedUser, PlanDiff, Reason},
    file::v1,
};

/// How a difference is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiffFormat {
    /// For a terminal.
    Text,
    /// For a comment.
    Markdown,
    /// For a program.
    Json,
}

/// Writes a difference.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(diff: &PlanDiff<'_>, format: DiffFormat, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    match format {
        DiffFormat::Text => lines(diff, options, out),
        DiffFormat::Markdown => comment(diff, options, out),
        DiffFormat::Json => {
            serde_json::to_writer(&mut *out, &document(diff))?;
            out.write_all(b"\n")
        }
    }
}

/// `3 users added, 1 removed, 2 changed`
fn verdict(diff: &PlanDiff<'_>) -> String {
    if diff.is_empty() {
        return "No difference: both plans do the same.".to_owned();
    }
    let added = words::count(words::len(&diff.added), "user");
    let (removed, changed) = (diff.removed.len() as u64, diff.changed.len() as u64);
    format!("{added} added, {} removed, {} changed.", words::number(removed), words::number(changed))
}

/// A change on one line: what two plans are compared by.
fn line(change: &Change) -> String {
    let mut line = format!("{}  {}", change.user.user_principal_name, words::transition(change));
    let _ = write!(line, "  {}", change.decision.as_str());
    for finding in &change.findings {
        let accepted = if finding.accepted.is_some() { " accepted" } else { "" };
        let _ = write!(line, "  {} {}{accepted}", finding.rule, finding.severity);
    }
    escape::text(&line).into_owned()
}

/// So many users of each kind are listed; `--verbose` lists all. Those that get worse are never cut.
const SHOWN: usize = 40;

/// What is withheld or at risk now needs eyes.
fn is_grave(change: &Change) -> bool {
    change.decision.is_block() || change.worst() >= Some(crate::severity::Severity::High)
}

fn lines(diff: &PlanDiff<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let painter = Painter::new(options.color);
    let mut out = io::BufWriter::new(out);
    writeln!(out, "{}", painter.paint(Label::Heading, &verdict(diff)))?;
    if diff.digests.0 == diff.digests.1 {
        writeln!(out, "Digest {}", diff.digests.0)?;
    } else {
        writeln!(out, "Digest {}\n    →  {}", diff.digests.0, diff.digests.1)?;
    }
    for one in &diff.refused {
        let sign = painter.paint(Label::Stop, "refused now:");
        writeln!(out, "{sign} {}", escape::text(&format!("{}: {} Way out: {}", one.rule, one.reason, one.remedy)))?;
    }
    for one in &diff.no_longer_refused {
        writeln!(out, "no longer refused: {}", escape::text(&format!("{}: {}", one.rule, one.reason)))?;
    }
    for term in &diff.terms {
        writeln!(out, "{}", escape::text(term))?;
    }
    for reason in &diff.findings {
        writeln!(out, "tenant: {}", escape::text(&reason.to_string()))?;
    }
    let sides = [("Added", '+', Label::Good, &diff.added), ("Removed", '-', Label::Hold, &diff.removed)];
    for (title, sign, label, changes) in sides {
        if changes.is_empty() {
            continue;
        }
        writeln!(out, "\n{}", painter.paint(Label::Heading, title))?;
        let (shown, cut) = fold(changes, |change| is_grave(change), options.verbose);
        for change in shown {
            writeln!(out, "  {} {}", painter.paint(label, &sign.to_string()), line(change))?;
        }
        more(cut, &mut out)?;
    }
    if !diff.changed.is_empty() {
        writeln!(out, "\n{}", painter.paint(Label::Heading, "Changed"))?;
        let (shown, cut) = fold(&diff.changed, |one| is_grave(one.new), options.verbose);
        for one in shown {
            changed(one, painter, &mut out)?;
        }
        more(cut, &mut out)?;
    }
    out.flush()
}

fn more(cut: usize, out: &mut dyn Write) -> io::Result<()> {
    if cut == 0 { Ok(()) } else { writeln!(out, "  … and {} more (--verbose lists them)", words::number(cut as u64)) }
}

/// All grave ones and the first of the others; how many are left out.
fn fold<T>(all: &[T], grave: impl Fn(&T) -> bool, verbose: bool) -> (Vec<&T>, usize) {
    let mut room = if verbose { usize::MAX } else { SHOWN };
    let shown: Vec<_> = all
        .iter()
        .filter(|one| {
            grave(one) || {
                let fits = room > 0;
                room = room.saturating_sub(1);
                fits
            }
        })
        .collect();
    let cut = all.len() - shown.len();
    (shown, cut)
}

/// The old line and the new one, with the words that differ marked, and the reasons.
fn changed(one: &ChangedUser<'_>, painter: Painter, out: &mut dyn Write) -> io::Result<()> {
    let (old, new) = (line(one.old), line(one.new));
    let words = TextDiff::from_words(&*old, &*new);
    for (sign, tag, label) in [('-', ChangeTag::Delete, Label::Hold), ('+', ChangeTag::Insert, Label::Good)] {
        let mut shown = String::new();
        for change in words.iter_all_changes() {
            if change.tag() == ChangeTag::Equal {
                shown.push_str(change.value());
            } else if change.tag() == tag {
                shown.push_str(&painter.paint(label, change.value()));
            }
        }
        writeln!(out, "  {} {shown}", painter.paint(label, &sign.to_string()))?;
    }
    let reasons: Vec<_> = one.reasons.iter().map(ToString::to_string).collect();
    writeln!(out, "      {}", painter.paint(Label::Quiet, &escape::text(&reasons.join("; "))))
}

/// What has a line in a comment. Lines are made only of what is shown.
enum Entry<'a> {
    Refused(&'a Refusal),
    NoLongerRefused(&'a Refusal),
    Term(&'a str),
    Tenant(&'a Reason),
    /// `added` or `removed`.
    Change(&'static str, &'a Change),
    Changed(&'a ChangedUser<'a>),
}

impl Entry<'_> {
    fn is_grave(&self) -> bool {
        match self {
            Self::Refused(_) | Self::NoLongerRefused(_) | Self::Term(_) | Self::Tenant(_) => true,
            Self::Change(_, change) => is_grave(change),
            Self::Changed(one) => is_grave(one.new),
        }
    }

    fn line(&self) -> String {
        let user = |change: &Change| escape::markdown_code(&change.user.user_principal_name);
        match self {
            Self::Refused(one) => {
                let text = format!("{}: {} Way out: {}", one.rule, one.reason, one.remedy);
                format!("- **Refused now**: {}\n", escape::markdown(&text))
            }
            Self::NoLongerRefused(one) => format!("- No longer refused: {}\n", escape::markdown(&one.rule)),
            Self::Term(term) => format!("- {}\n", escape::markdown(term)),
            Self::Tenant(reason) => format!("- Tenant: {}\n", escape::markdown(&reason.to_string())),
            Self::Change(word, change) => {
                let rest = format!("{}, {}", words::transition(change), change.decision.as_str());
                let risk = change.worst().map_or_else(String::new, |severity| format!(", {severity} risk"));
                format!("- {word}: {} {rest}{risk}\n", user(change))
            }
            Self::Changed(one) => {
                let reasons: Vec<_> = one.reasons.iter().map(ToString::to_string).collect();
                format!("- changed: {} {}\n", user(one.new), escape::markdown(&reasons.join("; ")))
            }
        }
    }
}

/// A comment of at most the budget: whole lines, the grave ones first, then a count.
fn comment<'a>(diff: &'a PlanDiff<'a>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = format!("<!-- mfaplan:diff -->\n## What changes: {}\n\n", verdict(diff));
    let _ = writeln!(page, "Digest: `{}` → `{}`\n", diff.digests.0, diff.digests.1);
    let changes = |word, list: &'a [&'a Change]| list.iter().map(move |one| Entry::Change(word, one));
    let mut entries: Vec<_> = diff.refused.iter().map(|one| Entry::Refused(one)).collect();
    entries.extend(diff.no_longer_refused.iter().map(|one| Entry::NoLongerRefused(one)));
    entries.extend(diff.terms.iter().map(|term| Entry::Term(term)));
    entries.extend(diff.findings.iter().map(Entry::Tenant));
    entries.extend(changes("added", &diff.added));
    entries.extend(changes("removed", &diff.removed));
    entries.extend(diff.changed.iter().map(Entry::Changed));
    entries.sort_by_cached_key(|entry| !entry.is_grave());
    let mut shown = 0;
    for entry in &entries {
        let line = entry.line();
        // Room for the closing count.
        if page.len() + line.len() + 80 > options.markdown_budget {
            break;
        }
        page.push_str(&line);
        shown += 1;
    }
    if shown < entries.len() {
        let _ = writeln!(page, "\n… and {} more.", words::number((entries.len() - shown) as u64));
    }
    out.write_all(page.as_bytes())
}

/// The version of the document; minor = additions only.
const FORMAT_VERSION: &str = "1.0";

/// `diff --json`: `added`, `removed` and `changed`, and what differs besides.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PlanDiff"))]
struct DocumentV1<'a> {
    /// "1.0"; a minor version only adds members.
    format_version: &'static str,
    /// The old plan.
    old: SideV1<'a>,
    /// The new plan.
    new: SideV1<'a>,
    /// Users that only the new plan changes, by name.
    #[serde(serialize_with = "changes")]
    #[cfg_attr(test, schemars(with = "Vec<v1::ChangeV1<'a>>"))]
    added: &'a [&'a Change],
    /// Users that only the old plan changed, by name.
    #[serde(serialize_with = "changes")]
    #[cfg_attr(test, schemars(with = "Vec<v1::ChangeV1<'a>>"))]
    removed: &'a [&'a Change],
    /// Users whose change is another one, by name.
    #[serde(serialize_with = "changed_users")]
    #[cfg_attr(test, schemars(with = "Vec<ChangedV1<'a>>"))]
    changed: &'a [ChangedUser<'a>],
    /// Why a plan is refused: reasons that are new and that are gone.
    refused: RefusedV1<'a>,
    /// Findings of the tenant and of blocks: which differ, and how.
    findings: Vec<String>,
    /// Other things that apply differently.
    terms: &'a [String],
}

/// One of the two plans.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Side"))]
struct SideV1<'a> {
    /// Its digest.
    digest: String,
    /// Its numbers.
    summary: &'a crate::plan::Summary,
}

/// A user whose change is another one.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Changed"))]
struct ChangedV1<'a> {
    /// Who.
    user: v1::ChangeUserV1<'a>,
    /// His change in the old plan.
    old: v1::ChangeV1<'a>,
    /// And in the new one.
    new: v1::ChangeV1<'a>,
    /// What differs, in words; never empty.
    reasons: Vec<String>,
}

/// Reasons to refuse a plan.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Refused"))]
struct RefusedV1<'a> {
    /// That are new.
    added: &'a [&'a crate::plan::Refusal],
    /// That are gone.
    removed: &'a [&'a crate::plan::Refusal],
}

fn document<'a>(diff: &'a PlanDiff<'a>) -> DocumentV1<'a> {
    let PlanDiff { digests, summaries, added, removed, changed, refused, no_longer_refused, findings, terms } = diff;
    DocumentV1 {
        format_version: FORMAT_VERSION,
        old: SideV1 { digest: digests.0.to_string(), summary: summaries.0 },
        new: SideV1 { digest: digests.1.to_string(), summary: summaries.1 },
        added,
        removed,
        changed,
        refused: RefusedV1 { added: refused, removed: no_longer_refused },
        findings: reasons(findings),
        terms,
    }
}

fn reasons(list: &[Reason]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn changes<S: serde::Serializer>(list: &[&Change], serializer: S) -> Result<S::Ok, S::Error> {
    v1::in_order(list, serializer, |one| v1::change(one))
}

fn changed_users<S: serde::Serializer>(list: &[ChangedUser<'_>], serializer: S) -> Result<S::Ok, S::Error> {
    v1::in_order(list, serializer, |one| {
        let (old, new) = (v1::change(one.old), v1::change(one.new));
        ChangedV1 { user: new.user.clone(), old, new, reasons: reasons(&one.reasons) }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{write, *};
    use crate::{
        plan::{Plan, compare::compare},
        render::testing::{many, refused, sample},
    };

    fn shown(old: &Plan, new: &Plan, format: DiffFormat, options: &Options) -> String {
        let mut out = Vec::new();
        write(&compare(old, new), format, options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn morning() -> (Plan, Plan) {
        let (old, mut new) = (sample(), refused());
        new.changes.remove(0);
        new.changes[0].decision = crate::diff::Decision::Block { by: vec!["MFA002".into()], hold: None };
        new.changes[3].findings.pop();
        new.changes.push(many(1).changes.remove(0));
        new.changes.last_mut().unwrap().user.id = crate::render::testing::user_id(4_000);
        (old, new)
    }

    #[test]
    fn the_published_schema_is_that_of_the_types() {
        let schema = crate::schema::of::<DocumentV1<'_>>();
        crate::schema::check("diff", "mfaplan diff --json", FORMAT_VERSION, schema);
    }

    #[test]
    fn golden() {
        let (old, new) = morning();
        insta::assert_snapshot!("text", shown(&old, &new, DiffFormat::Text, &Options::default()));
        insta::assert_snapshot!("markdown", shown(&old, &new, DiffFormat::Markdown, &Options::default()));
    }

    #[test]
    fn json_has_the_three_lists() {
        let (old, new) = morning();
        let document: Value = serde_json::from_str(&shown(&old, &new, DiffFormat::Json, &Options::default())).unwrap();
        assert_eq!(document["added"][0]["user"]["user_principal_name"], "user000000@contoso.com");
        assert_eq!(document["removed"][0]["user"]["user_principal_name"], "anna.keller@contoso.com");
        assert_eq!(document["changed"][0]["reasons"][0], "decision: apply → block");
        assert_eq!(document["refused"]["added"][0]["rule"], "max_downgrades");
    }

    #[test]
    fn equal_plans_have_no_difference() {
        let text = shown(&sample(), &sample(), DiffFormat::Text, &Options::default());
        assert!(text.starts_with("No difference"), "{text}");
        let document: Value =
            serde_json::from_str(&shown(&sample(), &sample(), DiffFormat::Json, &Options::default())).unwrap();
        assert_eq!((document["added"].clone(), document["changed"].clone()), (json!([]), json!([])));
    }

    #[test]
    fn long_differences_are_cut_but_not_where_it_hurts() {
        let (old, new) = (sample(), many(2_000));
        let text = shown(&old, &new, DiffFormat::Text, &Options::default());
        assert!(text.contains("more (--verbose lists them)"));
        assert!(new.changes.iter().filter(|c| is_grave(c)).all(|c| text.contains(&*c.user.user_principal_name)));
        let comment = shown(&old, &many(20_000), DiffFormat::Markdown, &Options::default());
        assert!(comment.len() <= crate::render::COMMENT && comment.contains("… and "));
    }

    #[test]
    fn colour_only_adds() {
        let (old, new) = morning();
        let colored = shown(&old, &new, DiffFormat::Text, &Options { color: true, ..Options::default() });
        assert!(colored.contains("\u{1b}["));
        let plain = shown(&old, &new, DiffFormat::Text, &Options::default());
        assert_eq!(console::strip_ansi_codes(&colored), plain);
    }
}
