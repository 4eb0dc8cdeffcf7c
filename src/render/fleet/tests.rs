//! Hundreds of tenants, and names that would like to be more than names.

use super::*;
use crate::fleet::{PlannedStatus, Row};

fn row(name: &str, error: Option<&str>) -> Row {
    Row {
        tenant: name.into(),
        tenant_id: Some("00000000-0000-4000-8000-000000000001".into()),
        ring: Some("pilot".into()),
        status: if error.is_some() { PlannedStatus::Error } else { PlannedStatus::Planned },
        digest: Some(format!("sha256:{}", "a".repeat(64))),
        enforce: 3,
        enable: 1,
        relax: 0,
        disable: 2,
        held: 4,
        blocked: 0,
        refused: 0,
        blind: vec!["sign_ins".into()],
        expiring: 1,
        error: error.map(str::to_owned),
    }
}

fn shown(rows: Vec<Row>, format: FleetFormat) -> String {
    let report = Report::new("customers".into(), format!("sha256:{}", "b".repeat(64)), rows);
    let mut out = Vec::new();
    write(&report, format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_comment_over_five_thousand_tenants_keeps_its_limit_and_names_what_is_broken() {
    let mut rows: Vec<Row> = (0..5_000).map(|at| row(&format!("customer-{at:04}"), None)).collect();
    rows.push(row("zz-last", Some(&"forbidden: the application has no consent ".repeat(50))));
    let text = shown(rows, FleetFormat::Markdown);
    assert!(text.chars().count() <= 65_000 && text.len() <= 65_000, "{}", text.len());
    assert!(text.starts_with("<!-- mfaplan fleet -->"));
    assert!(text.contains("| zz-last |") && text.contains("more; `mfaplan fleet report DIR`"));
    assert!(text.contains(&format!("--approve-set sha256:{}", "b".repeat(64))));
}

#[test]
fn no_name_and_no_error_becomes_anything_else() {
    let hostile = row("x", Some("</td><script>alert(1)</script> | @everyone \u{1b}[31m\n::error::x"));
    for format in FleetFormat::ALL {
        let text = shown(vec![hostile.clone()], format);
        if format == FleetFormat::Html || format == FleetFormat::Markdown {
            assert!(!text.contains("<script>"), "{text}");
        }
        if format != FleetFormat::Json {
            assert!(!text.contains('\u{1b}'), "{format:?}: {text}");
        }
    }
    let formula = Row { error: Some("=cmd|'/c calc'!A1".into()), ..row("x", None) };
    assert!(shown(vec![formula], FleetFormat::Csv).contains(",'=cmd"));
}

#[test]
fn a_terminal_shows_a_line_a_tenant() {
    let text = shown(vec![row("fabrikam", None), row("litware", Some("no such directory"))], FleetFormat::Text);
    let line = text.lines().find(|line| line.contains("fabrikam")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words, ["fabrikam", "pilot", "3", "1", "2", "4", "·", "·", "1", "changes", "(blind:", "sign_ins)"]);
    assert!(text.contains("error: no such directory") && text.contains("1 tenant could not be planned"));
}
