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

/// How many changes of each decision the table has: apply, hold, block.
fn decisions(page: &str) -> [usize; 3] {
    let data = data(page);
    let rows = data["rows"].as_array().unwrap();
    [0, 1, 2].map(|decision| rows.iter().filter(|row| row[8] == decision).count())
}

#[test]
fn the_page_is_bounded_and_whoever_will_be_written_is_on_it() {
    let plan = many(1_500);
    let written = plan.summary.applied() as usize;
    for rows in [100, 600, 1_000, 1_400] {
        let mut out = Vec::new();
        write(&plan, &Options { html_rows: rows, ..Options::default() }, &mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        let [apply, hold, block] = decisions(&page);
        assert_eq!(apply, written);
        assert_eq!(apply + hold + block, rows.max(written + rows / 4).min(1_500), "{rows}");
        let data = data(&page);
        assert_eq!(data["total"], 1_500);
        let shown = data["rows"].as_array().unwrap();
        assert!(shown.is_sorted_by_key(|row| std::cmp::Reverse(row[12].as_i64())));
        if apply + hold + block < 1_500 {
            let said = format!("All {} changes that will be written", crate::render::words::number(written as u64));
            assert!(page.contains(&said));
        }
        assert!(page.len() < 600_000, "{}", page.len());
    }
}

#[test]
fn what_scrolls_takes_the_focus() {
    let page = page(&refused());
    for part in [
        "<aside id=\"detail\" tabindex=\"0\"",
        "<div class=\"scroll\" tabindex=\"0\"",
        "id=\"grid\" role=\"grid\" tabindex=\"0\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn code_in_messages_is_code() {
    let mut plan = refused();
    for change in &mut plan.changes {
        for finding in &mut change.findings {
            finding.remediation = "Declare a `service_account` for it.".into();
        }
    }
    let page = page(&plan);
    let before_the_script = page.split_once("<script").unwrap().0;
    assert!(before_the_script.contains("a <code>service_account</code> for it"));
    assert!(!before_the_script.split_once("</style>").unwrap().1.contains('`'));
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
