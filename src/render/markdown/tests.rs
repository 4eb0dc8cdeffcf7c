use pulldown_cmark::{Event, HeadingLevel, Options as Extensions, Parser, Tag, TagEnd};

use super::{marker, write};
use crate::{
    plan::Plan,
    render::{
        COMMENT, Options, STEP_SUMMARY,
        testing::{empty, many, refused, sample},
    },
    severity::Severity,
};

fn shown_with(plan: &Plan, markdown_budget: usize) -> String {
    let mut out = Vec::new();
    write(plan, &Options { markdown_budget, ..Options::default() }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn shown(plan: &Plan) -> String {
    shown_with(plan, COMMENT)
}

/// Everything opened is closed, tables have the columns of their head, nothing is an unfinished fence.
fn check_structure(source: &str) {
    let mut details = 0_i32;
    let (mut row, mut columns) = (0, 0);
    for event in Parser::new_ext(source, Extensions::ENABLE_TABLES) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                details += i32::try_from(html.matches("<details>").count()).unwrap();
                details -= i32::try_from(html.matches("</details>").count()).unwrap();
                assert!((0..=1).contains(&details), "details are nested or closed twice: {html}");
            }
            Event::Start(Tag::CodeBlock(kind)) => panic!("a code block: {kind:?}"),
            Event::Start(Tag::Table(alignments)) => columns = alignments.len(),
            Event::Start(Tag::TableRow | Tag::TableHead) => row = 0,
            Event::Start(Tag::TableCell) => row += 1,
            Event::End(TagEnd::TableRow | TagEnd::TableHead) => assert_eq!(row, columns),
            _ => {}
        }
    }
    assert_eq!(details, 0, "details stay open");
    assert_eq!(source.matches("<code>").count(), source.matches("</code>").count());
}

#[test]
fn golden() {
    insta::assert_snapshot!("refused", shown(&refused()));
    insta::assert_snapshot!("empty", shown(&empty()));
}

#[test]
fn every_size_keeps_its_limit_and_its_structure() {
    for n in [1, 40, 2_000, 50_000] {
        let plan = many(n);
        let budgets: &[usize] = if n > 2_000 { &[COMMENT] } else { &[COMMENT, STEP_SUMMARY, 9_000] };
        for &budget in budgets {
            let text = shown_with(&plan, budget);
            assert!(text.len() <= budget, "{n} changes take {} of {budget} bytes", text.len());
            check_structure(&text);
            assert!(text.starts_with(&marker(&plan)) && text.contains(&plan.digest.to_string()));
            assert!(text.contains("| from \\ to |"));
        }
    }
    check_structure(&shown(&sample()));
    check_structure(&shown(&refused()));
}

#[test]
fn critical_findings_come_first_and_the_rest_is_counted() {
    let plan = many(2_000);
    let text = shown(&plan);
    let critical = plan.changes.iter().filter(|change| change.worst() == Some(Severity::Critical));
    for change in critical {
        assert!(text.contains(&format!("- `{}`", change.user.user_principal_name)));
    }
    let plan = many(50_000);
    let text = shown(&plan);
    let named = text.lines().filter(|line| line.starts_with("- `user") && line.contains("Authenticated SMTP")).count();
    assert!(named > 300, "{named}");
    assert!(text.contains(&format!("… and {} more with MFA006", 500 - named)) || named == 500);
    assert!(text.contains("not listed here"));
}

#[test]
fn hostile_names_stay_text() {
    let mut plan = sample();
    plan.tenant.name = "</details> **Contoso** @admins <img src=x> #1".into();
    for (at, change) in plan.changes.iter_mut().enumerate() {
        let evil = ["`</code></details>`|", "<!-- ", "\n\n```\n", "![x](https://evil.example/p)"][at % 4];
        change.user.user_principal_name = format!("{evil}{}", change.user.user_principal_name).into();
        for finding in &mut change.findings {
            finding.message = format!("{} {evil} @contoso/admins", finding.message).into();
        }
    }
    let text = shown(&plan);
    check_structure(&text);
    assert!(!text.contains("@contoso/admins") && !text.contains("<img"));
    let headings =
        Parser::new(&text).filter(|e| matches!(e, Event::Start(Tag::Heading { level: HeadingLevel::H2, .. })));
    assert_eq!(headings.count(), 1);
    for event in Parser::new(&text) {
        assert!(!matches!(event, Event::Start(Tag::Image { .. } | Tag::Link { .. })), "{event:?}");
    }
}

#[test]
fn the_marker_is_the_same_for_every_plan_of_a_tenant() {
    assert_eq!(marker(&sample()), marker(&many(10)));
    assert_eq!(marker(&sample()), "<!-- mfaplan:plan:5d1f3c1e-8b1a-4c43-9c2d-6a0a3b7e9f10 -->");
}
