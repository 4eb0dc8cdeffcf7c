//! Re-grading, switching off, suppression, waivers, and that the result does not depend on how work is shared.

use crate::{
    config::{Layer, RiskOverride},
    risk::testing::*,
};

fn risk(rule: &str, severity: Option<Severity>, enabled: bool, layer: Layer) -> RiskOverride {
    let mut declared = declared("risk");
    declared.layer = layer;
    RiskOverride { declared, rule: rule.into(), severity, enabled }
}

fn with_risks(risks: Vec<RiskOverride>) -> World {
    let mut world = World::new();
    world.user().registered = Some(false);
    world.config.risks = risks;
    world
}

#[test]
fn a_risk_block_regrades_or_switches_off() {
    assert_eq!(with_risks(vec![]).run().of("MFA018"), Fires(High));
    assert_eq!(with_risks(vec![risk("MFA018", Some(Low), true, Layer::Configuration)]).run().of("MFA018"), Fires(Low));
    assert_eq!(with_risks(vec![risk("MFA018", None, false, Layer::Configuration)]).run().of("MFA018"), Silent);
}

#[test]
fn the_configuration_may_only_tighten_what_the_policy_sets() {
    let policy = || risk("MFA018", Some(Critical), true, Layer::Policy);
    let lower = risk("MFA018", Some(Low), true, Layer::Configuration);
    let off = risk("MFA018", None, false, Layer::Configuration);
    assert_eq!(with_risks(vec![lower, policy()]).run().of("MFA018"), Fires(Critical));
    assert_eq!(with_risks(vec![off, policy()]).run().of("MFA018"), Fires(Critical));
}

/// The policy's word that a rule is on stands against every other; of grades the configuration's last one counts, where it
/// is no lower than the policy's.
#[test]
fn risk_blocks_of_both_directories_are_merged() {
    use Layer::{Configuration, Policy};
    type Block = (Layer, bool, Option<Severity>);
    let rows: [(&[Block], Expect); 14] = [
        (&[(Policy, false, None)], Silent),
        (&[(Policy, true, None)], Fires(High)),
        (&[(Policy, false, None), (Policy, true, None)], Fires(High)),
        (&[(Policy, true, None), (Configuration, false, None)], Fires(High)),
        (&[(Policy, false, None), (Configuration, true, None)], Silent),
        (&[(Configuration, true, None), (Configuration, false, None)], Silent),
        (&[(Configuration, false, None), (Configuration, true, None)], Silent),
        (&[(Configuration, true, Some(Low)), (Configuration, true, Some(Medium))], Fires(Medium)),
        (&[(Configuration, true, Some(Medium)), (Configuration, true, None)], Fires(Medium)),
        (&[(Policy, true, Some(Low)), (Policy, true, Some(Medium))], Fires(Medium)),
        (&[(Policy, true, Some(Medium)), (Policy, true, None)], Fires(Medium)),
        (&[(Policy, true, Some(Low)), (Configuration, true, Some(Critical))], Fires(Critical)),
        (&[(Policy, true, Some(Medium)), (Configuration, true, Some(Low))], Fires(Medium)),
        (&[(Policy, true, Some(Low))], Fires(Low)),
    ];
    for (blocks, expect) in rows {
        let risks = blocks.iter().map(|(layer, on, severity)| risk("MFA018", *severity, *on, *layer)).collect();
        assert_eq!(with_risks(risks).run().of("MFA018"), expect, "{blocks:?}");
    }
}

#[test]
fn an_unknown_state_can_be_neither_switched_off_nor_accepted() {
    let mut world = World::new();
    world.unknown_state(Some("suspended"));
    world.accept("MFA045", days_ago(-30));
    world.config.risks = vec![risk("MFA045", Some(Info), false, Layer::Policy)];
    let outcome = world.run();
    assert_eq!(outcome.of("MFA045"), Fires(High));
    assert!(outcome.changes.findings[0].iter().all(|one| one.accepted.is_none()));
}

#[test]
fn the_specific_rule_wins_over_the_signal() {
    let mut world = World::new();
    world.workload();
    world.user().user_principal_name = "mtr-oslo@contoso.com".into();
    let outcome = world.run();
    assert_eq!(outcome.of("MFA012"), Fires(Critical));
    assert_eq!(outcome.of("MFA008"), Silent);
}

/// Where the signal speaks, the name is one of its lines, and is not said a second time.
#[test]
fn the_signal_wins_over_the_name_alone() {
    let world = || {
        let mut world = World::new();
        let user = world.user();
        (user.user_principal_name, user.sign_ins) = ("svc-crm@contoso.com".into(), None);
        world
    };
    let by_name = world().run();
    assert_eq!((by_name.of("MFA009"), by_name.of("MFA010")), (Blind, Fires(Medium)));
    let mut more = world();
    more.config.guardrails.signal.tags = vec!["robot".into()];
    more.user().employee_type = Some("robot".into());
    let signal = more.run();
    assert_eq!((signal.of("MFA009"), signal.of("MFA010")), (Fires(Medium), Silent));
}

#[test]
fn findings_are_worst_first_then_by_rule() {
    let mut world = World::new();
    world.workload();
    world.user().registered = Some(false);
    world.legacy("IMAP4", 3);
    let outcome = world.run();
    let order: Vec<_> = outcome.changes.findings[0].iter().map(|one| (one.severity, one.rule.to_string())).collect();
    let mut sorted = order.clone();
    sorted.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    assert_eq!(order, sorted);
    assert!(order.len() > 4, "{order:?}");
}

#[test]
fn a_waiver_counts_for_its_users_until_its_day_is_over() {
    let accepted = |users: Option<Vec<_>>, expired_from| {
        let mut world = World::new();
        world.user().registered = Some(false);
        world.accept("MFA018", expired_from);
        if users.is_some() {
            world.config.accepts[0].selector.users.push(crate::config::Named {
                text: "jo@contoso.com".into(),
                span: crate::diag::Span::new(crate::diag::FileId(0), 0..1),
                sensitive: false,
            });
        }
        world.accepted[0] = users;
        let outcome = world.run();
        let finding = outcome.changes.findings[0].iter().find(|one| one.rule == "MFA018").unwrap().clone();
        finding.accepted.is_some()
    };
    let (jo, ada) = (person(1, "jo").id, person(2, "ada").id);
    assert!(accepted(None, days_ago(-1)));
    assert!(accepted(Some(vec![jo]), days_ago(-1)));
    assert!(!accepted(Some(vec![ada]), days_ago(-1)));
    assert!(!accepted(Some(vec![jo]), days_ago(0)), "the instant it expires it no longer counts");
}

#[test]
fn a_tenant_wide_waiver_accepts_a_finding_of_the_plan() {
    let mut world = World::new();
    world.security_defaults = Some(true);
    world.accept("MFA080", days_ago(-1));
    let outcome = world.run();
    let finding = outcome.plan.iter().find(|one| one.finding.rule == "MFA080").unwrap();
    assert_eq!(finding.finding.accepted.as_ref().map(|one| one.reason.as_str()), Some("agreed"));
    assert_eq!(outcome.of("MFA094"), Silent, "it accepted something");
}

#[test]
fn the_result_does_not_depend_on_how_work_is_shared() {
    let world = || {
        let mut world = World::new();
        world.staff(5000);
        world.change_all(5000, Disabled, Enforced);
        for (number, user) in world.users.iter_mut().enumerate().skip(4) {
            user.registered = Some(number % 3 != 0);
            user.licenses = (number % 7 != 0).then(|| ["SPE_F3".into()].into());
        }
        world
    };
    let shared = world().run();
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| world().run());
    assert_eq!(shared.changes.findings, alone.changes.findings);
    assert_eq!(shared.not_evaluated, alone.not_evaluated);
    assert_eq!(shared.plan, alone.plan);
    let blind: u64 = shared.changes.not_evaluated.iter().filter(|one| one.rule == "MFA027").map(|one| one.users).sum();
    assert_eq!(blind, (4..5004).filter(|number| number % 7 == 0).count() as u64);
}
