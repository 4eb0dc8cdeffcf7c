use super::write;
use crate::{
    plan::Plan,
    render::{
        Options,
        testing::{empty, many, refused, sample},
    },
};

pub(super) fn page(plan: &Plan) -> String {
    let mut out = Vec::new();
    write(plan, &Options::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn data(page: &str) -> serde_json::Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn nothing_is_fetched_and_nothing_else_may_run() {
    for plan in [sample(), refused(), empty()] {
        let page = page(&plan);
        assert!(page.contains("default-src 'none'; script-src 'sha256-"));
        for bad in ["http://", "https://", " src=", "url(", "@import", "<link", "<iframe", " style=", " onclick="] {
            assert!(!page.contains(bad), "{bad}");
        }
        assert_eq!(page.matches("<script").count(), 2);
    }
}

#[test]
fn names_are_text() {
    let mut plan = refused();
    plan.tenant.name = "<script>alert(1)</script>".into();
    for change in &mut plan.changes {
        let name = format!("</script><img onerror=alert(1)>\u{2028}<!--{}", change.user.user_principal_name);
        change.user.user_principal_name = name.clone().into();
        for finding in &mut change.findings {
            finding.message = name.clone().into();
            finding.evidence[0].value = name.clone().into();
        }
    }
    let page = page(&plan);
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<img") && !page.contains("<!--"));
    assert!(data(&page)["rows"][0][0].as_str().unwrap().starts_with("</script><img onerror"));
}

#[test]
fn the_page_is_bounded_and_keeps_those_at_risk() {
    let plan = many(1_500);
    let mut out = Vec::new();
    write(&plan, &Options { html_rows: 1_000, ..Options::default() }, &mut out).unwrap();
    let page = String::from_utf8(out).unwrap();
    let data = data(&page);
    let rows = data["rows"].as_array().unwrap();
    assert_eq!((rows.len(), data["total"].as_u64()), (1_000, Some(1_500)));
    let critical = rows.iter().filter(|row| row[12] == 4).count() as u64;
    assert_eq!(critical, plan.summary.findings.critical);
    assert!(rows.is_sorted_by_key(|row| std::cmp::Reverse(row[12].as_i64())));
    assert!(page.contains("1,000 changes at most risk; 500 more"));
    assert!(page.len() < 500_000, "{}", page.len());
}

#[test]
fn every_number_of_the_summary_is_there_without_a_script() {
    let page = page(&refused());
    for part in [
        "<b>4</b> to enforce",
        "<b>3</b> blocked",
        "<b>29</b> unchanged",
        "Fix: <code>--waive",
        "3 users: disabled → enforced",
    ] {
        assert!(page.contains(part), "{part}");
    }
}
