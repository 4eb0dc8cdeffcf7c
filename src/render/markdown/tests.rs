use proptest::prelude::*;
use pulldown_cmark::{Event, HeadingLevel, Options as Extensions, Parser, Tag, TagEnd};

use super::{marker, write};
use crate::{
    desired::{Hold, HoldKind},
    diff::Decision,
    plan::{Change, LegacyAuth, Plan},
    render::{
        COMMENT, Options, STEP_SUMMARY,
        causes::{Which, causes},
        escape,
        groups::groups,
        testing::{empty, finding, many, refused, sample},
        words,
    },
    risk::Finding,
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

/// Of one block, from one state to one state: what differs is what it means for sign-ins, so that is what the line says.
#[test]
fn no_two_groups_read_alike_at_any_size() {
    for users in [40, 400, 30_000] {
        let mut plan = many(users);
        for (at, change) in plan.changes.iter_mut().enumerate() {
            change.impact.legacy_auth.1 = if at % 2 == 0 { LegacyAuth::Blocked } else { LegacyAuth::AppPasswordOnly };
        }
        let shown = shown(&plan);
        let heads: Vec<&str> =
            shown.lines().filter(|line| line.contains("<code>mfa.") && line.contains(" → ")).collect();
        let distinct: std::collections::BTreeSet<&&str> = heads.iter().collect();
        assert_eq!(heads.len(), distinct.len(), "{users} users: {heads:#?}");
        assert!(groups(&plan).iter().any(|group| group.twin), "{users} users");
    }
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
fn who_will_be_written_is_named_before_who_will_not_and_the_rest_is_counted() {
    let plan = many(2_000);
    let text = shown(&plan);
    for change in plan.changes.iter().filter(|change| change.worst() == Some(Severity::Critical)) {
        assert!(text.contains(&format!("- `{}`", change.user.user_principal_name)), "few are blocked: all are named");
    }
    let plan = many(50_000);
    let text = shown(&plan);
    let (written, withheld): (Vec<_>, Vec<_>) = plan.changes.iter().partition(|change| change.decision.is_apply());
    let named = |changes: &[&Change]| {
        changes.iter().filter(|one| text.contains(&format!("`{}`", one.user.user_principal_name))).count()
    };
    assert!(named(&written) > named(&withheld), "{} {}", named(&written), named(&withheld));
    assert!(text.contains("not listed here") && text.len() > COMMENT * 9 / 10);
}

/// A plan of any size, with any mix of decisions, rules and blocks.
fn mixed() -> impl Strategy<Value = Plan> {
    let sizes = prop_oneof![Just(1_usize), Just(40), Just(700), Just(3_000)];
    (sizes, 1_usize..60, 1_usize..150, 0_usize..=100, any::<u64>()).prop_map(|(n, rules, blocks, blocked, seed)| {
        let mut plan = many(n);
        let mut state = seed | 1;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for change in &mut plan.changes {
            if let Some(place) = &mut change.declared_by {
                place.address = format!("mfa.block_{}", random(blocks)).into();
            }
            change.findings.clear();
            for _ in 0..random(4) {
                let rule = format!("OWN{:03}", random(rules));
                let severity = Severity::WORST_FIRST[random(5)];
                if !change.findings.iter().any(|one| *one.rule == *rule) {
                    change.findings.push(Finding {
                        rule: rule.into(),
                        ..finding("OWN", "some-rule", severity, "A sentence.", &[], "A remedy.")
                    });
                }
            }
            change.findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.rule.cmp(&b.rule)));
            change.decision = match change.findings.first() {
                Some(worst) if random(100) < blocked => Decision::Block { by: vec![worst.rule.clone()], hold: None },
                _ if random(4) == 0 => Decision::Hold(Hold {
                    kind: HoldKind::NoWave,
                    until: None,
                    reason: "in no wave".into(),
                    gate: None,
                }),
                _ => Decision::Apply { then: None },
            };
        }
        plan
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_cause_and_every_group_is_there_whatever_the_mix(plan in mixed()) {
        let text = shown(&plan);
        prop_assert!(text.len() <= COMMENT, "{}", text.len());
        check_structure(&text);
        for cause in causes(&plan, Which::Unaccepted) {
            prop_assert!(text.contains(cause.rule), "{} is missing", cause.rule);
        }
        let lists = text.split("<summary>Risks by rule").next().unwrap_or_default();
        for group in groups(&plan) {
            let users = words::count(words::len(&group.changes), "user");
            let address = escape::markdown(&group.block.unwrap().address).into_owned();
            let there = lists.lines().any(|line| line.contains(&address) && line.contains(&users));
            prop_assert!(there, "{address} with {users} is missing");
        }
        for change in &plan.changes {
            let times = lists.matches(&format!("`{}`", change.user.user_principal_name)).count();
            let most = if change.decision.is_block() { 1 } else { 2 };
            prop_assert!(times <= most, "{} stands there {times} times", change.user.user_principal_name);
        }
    }
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
