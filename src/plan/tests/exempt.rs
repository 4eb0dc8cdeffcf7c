//! Who is exempt, and what of it is told: every column, and the order.

use super::*;
use crate::{
    diff::Decision,
    plan::{
        Change, Claimed,
        exceptions::{Exception, exceptions},
    },
    render::testing::{at, place, sample, user_id},
    risk::Accepted,
    severity::Severity,
};

/// Who, kind, block, owner, reason, replacement, approved by, until, days left, state, rules, risk.
fn told(one: &Exception<'_>) -> String {
    let who = one.user.map_or("-", |user| user.user_principal_name.split('@').next().unwrap());
    let place = one.place.as_ref().map_or_else(|| "-".to_owned(), |place| format!("{}:{}", place.address, place.line));
    let days = one.days_left.map_or_else(|| "-".to_owned(), |days| days.to_string());
    let risk: Vec<String> = one.risk.iter().map(|(rule, severity)| format!("{rule} {severity}")).collect();
    let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let columns = [
        who.to_owned(),
        one.kind.as_str().to_owned(),
        place,
        text(one.owner),
        one.reason.clone(),
        text(one.replacement),
        text(one.approved_by.as_deref()),
        text(one.until.as_deref()),
        days,
        text(one.state),
        one.rules.join(","),
        risk.join(","),
    ];
    columns.join(" | ")
}

fn of(plan: &Plan, config: Option<&Config>, unmanaged: bool) -> Vec<String> {
    exceptions(plan, config, unmanaged).iter().map(told).collect()
}

const PROTECTED: &str = r#"
mfa "all" {
  state = "enforced"
  users = ["anna@contoso.com", "bo@contoso.com"]
}
break_glass "keys" {
  users  = ["key@contoso.com"]
  reason = "kept in a safe"
}
service_account "mail" {
  users       = ["mail@contoso.com"]
  owner       = "it@contoso.com"
  reason      = "relay"
  replacement = "app_registration"
  until       = "2026-11-26"
}
service_account "lowered" {
  users  = ["lower@contoso.com"]
  state  = "disabled"
  owner  = "ops@contoso.com"
  reason = "a program"
  until  = "2026-11-23"
}
accept "MFA019" {
  users       = ["bo@contoso.com"]
  reason      = "registers on Friday"
  expires     = "2026-11-24"
  approved_by = "ciso@contoso.com"
}
accept "MFA018" {
  users   = ["bo@contoso.com"]
  reason  = "registers on Friday"
  expires = "2026-11-27"
}
accept "MFA007" {
  reason      = "nobody has this any more"
  expires     = "2026-12-31"
  approved_by = "ciso@contoso.com"
}
accept "MFA029" {
  reason  = "long over"
  expires = "2026-11-20"
}
"#;

fn protected() -> Case {
    let unregistered = json!({"isMfaRegistered": false, "isMfaCapable": false, "methodsRegistered": []});
    let users = [
        person(1, "anna", state("enforced")),
        person(2, "bo", unregistered),
        person(3, "key", json!({})),
        person(4, "mail", json!({})),
        person(5, "lower", state("enforced")),
        person(6, "zoe", state("enabled")),
    ];
    Case::new(&users, PROTECTED)
}

/// What ends first stands first, what has no end last; then by name.
#[test]
fn every_exception_is_told_whole_and_the_next_to_end_stands_first() {
    let case = protected();
    let plan = case.plan();
    let shown = of(&plan, Some(&case.config), true);
    let line = |start: &str| {
        shown.iter().position(|one| one.starts_with(start)).unwrap_or_else(|| panic!("{start}: {shown:#?}"))
    };
    let order = [
        "- | accept | accept.MFA029:",
        "lower | service_account | service_account.lowered:",
        "bo | accept | accept.MFA019:",
        "mail | service_account | service_account.mail:",
        "bo | accept | accept.MFA018:",
        "- | accept | accept.MFA007:",
        "key | break_glass | break_glass.keys:",
        "zoe | unmanaged | - |",
    ];
    assert_eq!(order.map(line), [0, 1, 2, 3, 4, 5, 6, 7], "{shown:#?}");
    assert_eq!(shown.len(), order.len(), "{shown:#?}");
    let holds = |at: usize, words: &str| assert!(shown[at].contains(words), "{}", shown[at]);
    holds(0, " | - | long over | - | - | 2026-11-20 | -4 | - | MFA029 | ");
    holds(1, " | ops@contoso.com | a program | - | - | 2026-11-23 | -1 | enforced |  | ");
    holds(2, " | - | registers on Friday | - | ciso@contoso.com | 2026-11-24 | 0 | disabled | MFA019 | MFA019 medium");
    holds(3, " | it@contoso.com | relay | app_registration | - | 2026-11-26 | 2 | disabled |  | ");
    holds(4, " | - | registers on Friday | - | - | 2026-11-27 | 3 | disabled | MFA018 | MFA018 high");
    holds(5, " | - | nobody has this any more | - | ciso@contoso.com | 2026-12-31 | 37 | - | MFA007 | ");
    holds(6, " | - | kept in a safe | - | - | - | - | disabled |  | ");
    holds(7, " | - | no block claims them | - | - | - | - | enabled |  | ");
    assert_eq!(of(&plan, Some(&case.config), false).len(), 7, "whom nobody claims only when asked for");
    // Without the configuration only what accepts something is known, and not where it stands.
    let bare = of(&plan, None, false);
    assert!(bare.iter().any(|one| one.starts_with("bo | accept | accept.MFA018:0 ")), "{bare:#?}");
    assert!(!bare.iter().any(|one| one.contains("MFA007")), "{bare:#?}");
}

#[test]
fn a_day_counts_to_its_end() {
    let case = protected();
    let plan = case.plan();
    let over: Vec<(Option<i64>, bool)> =
        exceptions(&plan, Some(&case.config), false).iter().map(|one| (one.days_left, one.expired())).collect();
    let expected = [(-4, true), (-1, true), (0, false), (2, false), (3, false), (37, false)];
    assert_eq!(over[..6], expected.map(|(days, over)| (Some(days), over)));
    assert_eq!(over[6], (None, false), "what has no end is never over");
}

#[test]
fn who_waits_and_who_is_withheld_is_told_with_why_and_at_what_risk() {
    let plan = sample();
    let shown = of(&plan, None, false);
    let lines = |kind: &str| -> Vec<&str> {
        let of_kind = |one: &&str| one.split(" | ").nth(1) == Some(kind);
        shown.iter().map(String::as_str).filter(of_kind).collect()
    };
    assert_eq!(
        lines("hold"),
        [
            "p.novak | hold | mfa.staff:3 | - | wave \"second\" of rollout.staff | - | - | 2026-12-01 | 7 | disabled |  | ",
            "m.rossi | hold | mfa.staff:3 | - | staged: not registered yet | - | - | 2026-12-15 | 21 | disabled |  | \
             MFA019 medium",
            "q.li | hold | mfa.staff:3 | - | in no wave | - | - | - | - | disabled |  | ",
        ]
    );
    let blocked = lines("block");
    assert_eq!(blocked.len(), 3, "{blocked:#?}");
    assert!(
        blocked[1].ends_with(" | - | - | - | - | disabled | MFA005,MFA008 | MFA005 critical,MFA008 critical"),
        "{blocked:#?}"
    );
    assert!(blocked[1].starts_with("svc-backup | block | mfa.staff:3 | - | Signs in by ROPC"), "{blocked:#?}");
    assert!(blocked[2].contains(" | unknown | MFA045 | MFA045 high"), "{blocked:#?}");
    assert_eq!(
        lines("accept"),
        [
            "kim.smith | accept | accept.MFA007:0 | - | kim.smith@contoso.com moves to Outlook mobile, CHG-1188 | - | \
             security@contoso.com | 2026-12-31 | 37 | enabled | MFA007 | MFA007 high",
            "- | accept | accept.MFA086:0 | - | planned for January | - | - | 2027-01-31 | 68 | - | MFA086 | MFA086 medium",
        ]
    );
}

/// One waiver may accept several findings of one user; each rule is told once, and what is accepted is no open risk.
#[test]
fn a_waiver_of_two_rules_is_one_exception_and_what_it_accepts_is_not_open() {
    let mut plan = sample();
    let waiver = std::sync::Arc::new(Accepted {
        address: "accept.both".into(),
        reason: "agreed".into(),
        expires: "2026-11-25".into(),
        approved_by: None,
    });
    let withheld = plan.changes.iter_mut().find(|one| one.findings.len() == 2 && one.decision.is_block()).unwrap();
    let twice = withheld.findings[0].clone();
    withheld.findings.push(twice);
    for finding in &mut withheld.findings {
        finding.accepted = Some(waiver.clone());
    }
    withheld.findings.push(sample().changes.iter().flat_map(|one| one.findings.clone()).next().unwrap());
    withheld.decision = Decision::Apply { then: None };
    let shown = of(&plan, None, false);
    let both: Vec<&String> = shown.iter().filter(|one| one.contains("accept.both")).collect();
    assert_eq!(both.len(), 1, "{shown:#?}");
    assert!(both[0].ends_with("MFA005,MFA008 | MFA005 critical,MFA008 critical"), "{both:?}");
}

/// Findings of the plan about users who do not change stand at the block that protects them, once each, worst first.
#[test]
fn what_is_found_of_somebody_without_a_change_is_the_risk_of_their_exception() {
    let mut plan = sample();
    let other = plan.others.iter().find(|one| matches!(one.claim, Claimed::Protected(_))).unwrap().user.clone();
    let mut found = plan.findings.iter().find(|one| one.user.is_some()).unwrap().clone();
    found.user.as_mut().unwrap().id = other.id;
    for (rule, severity) in [("MFA096", Severity::Medium), ("MFA099", Severity::High), ("MFA099", Severity::High)] {
        (found.finding.rule, found.finding.severity) = (rule.into(), severity);
        plan.findings.push(found.clone());
    }
    found.finding.rule = "MFA090".into();
    found.finding.accepted = Some(std::sync::Arc::new(Accepted {
        address: "accept.MFA090".into(),
        reason: "agreed".into(),
        expires: "2026-11-30".into(),
        approved_by: None,
    }));
    plan.findings.push(found);
    let shown = of(&plan, None, false);
    let name = other.user_principal_name.split('@').next().unwrap();
    let of_other: Vec<&String> = shown.iter().filter(|one| one.starts_with(name)).collect();
    assert_eq!(of_other.len(), 2, "{of_other:#?}");
    assert!(
        of_other[0].contains("accept.MFA090:0 | - | agreed | - | - | 2026-11-30 | 6 | disabled | MFA090 | MFA090 high")
    );
    assert!(
        of_other[1].ends_with("| break_glass.keys:40 | - |  | - | - | - | - | disabled |  | MFA099 high,MFA096 medium")
    );
}

#[test]
fn a_workload_that_is_lowered_is_still_one() {
    let mut plan = sample();
    let mut lowered: Change =
        plan.changes.iter().find(|one| one.action == crate::diff::Action::Disable).unwrap().clone();
    lowered.declared_by = Some(place("service_account.crm", 9));
    lowered.user.id = user_id(77);
    lowered.user.user_principal_name = "crm@contoso.com".into();
    let mut block = plan.blocks[1].clone();
    (block.place, block.kind) = (place("service_account.crm", 9), crate::plan::BlockKind::ServiceAccount);
    (block.owner, block.until) = (Some("it@contoso.com".into()), Some("2026-11-24".into()));
    plan.blocks.push(block);
    plan.changes.push(lowered);
    plan.as_of = at("2026-11-24T23:59:59Z");
    let shown = of(&plan, None, false);
    assert!(
        shown[0].starts_with(
            "crm | service_account | service_account.crm:9 | it@contoso.com |  | - | - | 2026-11-24 | 0 | enforced"
        ),
        "{shown:#?}"
    );
}
