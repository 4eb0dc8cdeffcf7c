use serde_json::{Value, json};

use super::{write, *};
use crate::{
    plan::{BlockKind, Bystander, Claimed, Plan, compare::compare},
    render::testing::{many, place, refused, sample, user_id},
    tenant::MfaState,
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

/// So many scanners lose their `service_account` block; the last of them is caught by `mfa.staff` at once.
fn unprotected(scanners: usize) -> (Plan, Plan) {
    let block = |address: &str, kind| PlanBlock {
        place: place(address, 3),
        kind,
        owner: Some("facilities".into()),
        reason: Some("scans to mail".into()),
        until: None,
        replacement: None,
    };
    let mut old = sample();
    old.blocks = vec![block("mfa.staff", BlockKind::Mfa), block("service_account.scanners", BlockKind::ServiceAccount)];
    let scanner = |n: usize| {
        let mut user = old.changes[0].user.clone();
        user.id = user_id(7_000 + n);
        user.user_principal_name = format!("scan{n:05}@contoso.com").into();
        Bystander { user, state: MfaState::Disabled.into(), claim: Claimed::Protected(1) }
    };
    let mut new = old.clone();
    old.others = (0..scanners).map(scanner).collect();
    new.others = old.others.clone();
    new.blocks.pop();
    for (position, one) in new.others.iter_mut().enumerate() {
        let last = position == scanners - 1;
        one.claim = if last { Claimed::Declared(0, MfaState::Enforced) } else { Claimed::Unmanaged };
    }
    (old, new)
}

#[test]
fn protection_that_goes_is_told_in_every_format() {
    let (old, new) = unprotected(3);
    insta::assert_snapshot!("claims_text", shown(&old, &new, DiffFormat::Text, &Options::default()));
    insta::assert_snapshot!("claims_markdown", shown(&old, &new, DiffFormat::Markdown, &Options::default()));
    let page = shown(&old, &new, DiffFormat::Html, &Options::default());
    for expected in ["scan00000@contoso.com", "2 users no longer protected by service_account.scanners", "<th scope"] {
        assert!(page.contains(expected), "{expected} is not in {page}");
    }
    assert!(!page.contains("<script"));
    let document: Value = serde_json::from_str(&shown(&old, &new, DiffFormat::Json, &Options::default())).unwrap();
    let claims = &document["claims"];
    assert_eq!([&claims[0]["kind"], &claims[0]["severity"]], [&json!("unprotected"), &json!("high")]);
    assert_eq!(claims[0]["new"], json!(null));
    assert_eq!(claims[1]["new"]["address"], "mfa.staff");
    assert_eq!(claims[0]["users"][1]["user"]["user_principal_name"], "scan00001@contoso.com");
}

#[test]
fn many_claims_fit_a_comment_and_whoever_loses_protection_is_named_on_a_terminal() {
    let (old, new) = unprotected(30_000);
    let comment = shown(&old, &new, DiffFormat::Markdown, &Options::default());
    assert!(comment.len() <= crate::render::COMMENT, "{}", comment.len());
    assert!(comment.contains("29,999 users no longer protected by service"));
    assert!(comment.contains("1 user no longer protected") && comment.contains("more"));
    let text = shown(&old, &new, DiffFormat::Text, &Options::default());
    assert_eq!(text.matches("@contoso.com (disabled)").count(), 30_000);
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
