//! Guardrails, waivers, the policy directory, summary and digest.

use mfaplan::testing::plan::{Plan, waiver};
use serde_json::json;

use crate::world::*;

fn staff(count: usize) -> Vec<serde_json::Value> {
    (0..count).map(|n| person(&format!("user{n}"))).collect()
}

fn raise(guardrails: &str) -> String {
    format!("mfa \"all\" {{\n state = \"enforced\"\n where = true\n}}\nguardrails {{\n {guardrails}\n}}\n")
}

fn refused(plan: &Plan) -> Vec<&str> {
    plan.refused.iter().map(|one| one.rule.as_str()).collect()
}

#[test]
fn a_bound_allows_its_number_and_refuses_one_more() {
    assert!(refused(&World::new(staff(3), &raise("max_changes = 3")).plan()).is_empty());
    let world = World::new(staff(4), &raise("max_changes = 3"));
    let plan = world.plan();
    assert_eq!(refused(&plan), ["max_changes"]);
    assert!(plan.refused[0].remedy.contains("--waive max_changes=4"), "{}", plan.refused[0].remedy);
    let waived = world.waive("max_changes", "4").plan();
    assert!(refused(&waived).is_empty());
    assert_ne!(plan.digest, waived.digest, "the waiver is part of what is approved");
}

#[test]
fn percent_is_of_the_enabled_users_and_downgrades_are_counted_apart() {
    let mut users = staff(4);
    users[3]["accountEnabled"] = json!(false);
    let one = |state: &str, guardrails: &str| {
        format!(
            "mfa \"one\" {{\n state = \"{state}\"\n users = [\"user0@contoso.com\"]\n}}\nguardrails {{\n {guardrails}\n}}"
        )
    };
    let plan = World::new(users.clone(), &one("enforced", "max_change_percent = 33")).plan();
    assert_eq!(refused(&plan), ["max_change_percent"], "one of three is 33.3 %");
    assert!(refused(&World::new(users.clone(), &one("enforced", "max_change_percent = 34")).plan()).is_empty());

    users[0]["perUserMfaState"] = json!("enforced");
    let plan = World::new(users, &one("disabled", "max_downgrades = 0\n max_changes = 1")).plan();
    assert_eq!(refused(&plan), ["max_downgrades"]);
}

#[test]
fn a_waiver_of_the_configurations_bound_never_lifts_the_policys() {
    let policy = |waivable: &str| format!("guardrails {{\n max_changes = 5\n {waivable}\n}}");
    let world = |count, policy: &str| World::new(staff(count), &raise("max_changes = 2")).policy(policy);
    assert_eq!(refused(&world(4, &policy("")).plan()), ["max_changes"]);
    let four = world(4, &policy("")).waive("max_changes", "9").plan();
    assert!(refused(&four).is_empty(), "the configuration's own 2 may be waived");
    let six = world(6, &policy("")).waive("max_changes", "9").plan();
    assert_eq!(refused(&six), ["max_changes"], "the policy's 5 may not");
    assert!(
        six.refused[0].reason.contains("allows 5") && six.refused[0].remedy.contains("policy"),
        "{:?}",
        six.refused
    );
    let listed = world(6, &policy("waivable = [\"max_changes\"]")).waive("max_changes", "9").plan();
    assert!(refused(&listed).is_empty(), "unless the policy lists it");
}

#[test]
fn a_bound_of_the_policy_alone_cannot_be_waived() {
    let world = World::new(staff(2), &raise("max_downgrades = 9")).policy("guardrails {\n max_changes = 1\n}");
    let config = world.config().unwrap();
    let refused_waiver = waiver(&config.guardrails, "max_changes", "9", "CHG-1").unwrap_err();
    assert!(refused_waiver.contains("policy directory"), "{refused_waiver}");
    assert_eq!(refused(&world.plan()), ["max_changes"]);
}

#[test]
fn the_policy_protects_after_the_configurations_block_is_gone() {
    let hcl = "mfa \"all\" {\n state = \"enforced\"\n where = true\n}\n";
    let own = "break_glass \"mine\" {\n users = [\"emergency@contoso.com\"]\n}\n";
    let policy = "break_glass \"theirs\" {\n users = [\"emergency@contoso.com\"]\n}\n";
    let world = |hcl: &str| World::new([person("anna"), person("emergency")], hcl);
    assert_eq!(world(hcl).plan().summary.protected, 0);
    assert_eq!(world(&format!("{hcl}{own}")).plan().summary.protected, 1);
    let plan = world(hcl).policy(policy).plan();
    assert_eq!((plan.summary.protected, story(&plan, "emergency").as_str()), (1, "no change"));
}

#[test]
fn the_configuration_may_not_loosen_a_risk_or_accept_what_the_policy_keeps() {
    let world =
        |extra: &str, policy: &str| World::new(staff(1), &format!("{}{extra}", raise("canary = 1"))).policy(policy);
    let graded = world("risk \"MFA018\" {\n severity = \"low\"\n}", "risk \"MFA018\" {\n severity = \"high\"\n}");
    assert!(told(&graded.refusal()).contains("MFA018"));
    let accepted = world(
        "accept \"MFA018\" {\n reason = \"x\"\n expires = \"2027-01-01\"\n}",
        "guardrails {\n not_acceptable = [\"MFA018\"]\n}",
    );
    assert!(told(&accepted.refusal()).contains("may not be accepted"));
}

#[test]
fn the_digest_follows_decisions_and_nothing_else() {
    let hcl = "mfa \"all\" {\n state = \"enforced\"\n where = true\n}\nrule \"ORG-1\" {\n when = true\n severity = \"low\"\n message = \"one\"\n}\n";
    let mut world = World::new(staff(3), hcl);
    let first = world.plan();
    world.created_at = "2026-11-21T10:00:00Z";
    world.hcl = format!("# a comment\n{}", hcl.replace("\"one\"", "\"other words\""));
    assert_eq!(world.plan().digest, first.digest, "neither time nor wording nor place");
    world.hcl = hcl.replace("\"low\"", "\"critical\"");
    assert_ne!(world.plan().digest, first.digest, "severities and decisions");
    world.hcl = format!("{hcl}guardrails {{\n max_changes = 1\n}}\n");
    assert_ne!(world.plan().digest, first.digest, "a refusal");
}

/// Of each guardrail that refuses by a number: what is changed, the number that comes of it, and the next lower bound.
#[test]
fn each_bound_refuses_beyond_it_and_nowhere_else() {
    let raised = || World::new(staff(4), "mfa \"all\" {\n state = \"enforced\"\n where = true\n}\n");
    let lowered = || {
        let mut users = staff(4);
        users.iter_mut().for_each(|user| user["perUserMfaState"] = json!("enforced"));
        let hcl = "mfa \"all\" {\n state = \"disabled\"\n where = user.display_name != \"\"\n}\n";
        World::new(users, hcl)
    };
    let rows: [(&str, &dyn Fn() -> World, &str, &str); 3] = [
        ("max_changes", &raised, "4", "3"),
        ("max_change_percent", &raised, "100", "99.9"),
        ("max_downgrades", &lowered, "4", "3"),
    ];
    for (name, world, reached, short) in rows {
        let with = |bound: Option<&str>| {
            let guardrails = bound.map(|bound| format!("guardrails {{\n {name} = {bound}\n}}\n")).unwrap_or_default();
            let mut world = world();
            world.hcl.push_str(&guardrails);
            world
        };
        assert!(refused(&with(None).plan()).is_empty(), "{name}: no bound allows all");
        assert!(refused(&with(Some(reached)).plan()).is_empty(), "{name}: its number is allowed");
        for bound in [short, "0"] {
            let plan = with(Some(bound)).plan();
            assert_eq!(refused(&plan), [name], "{bound}");
            assert!(
                plan.refused[0].reason.contains(name) && plan.refused[0].reason.contains(bound),
                "{:?}",
                plan.refused
            );
            // The remedy is what has to be typed, and it is enough.
            let remedy = &plan.refused[0].remedy;
            let waiver = remedy.strip_prefix("--waive ").and_then(|rest| rest.split_once(' ')).unwrap().0;
            let (waived, enough) = waiver.split_once('=').unwrap();
            assert_eq!(waived, name);
            assert!(refused(&with(Some(bound)).waive(name, enough).plan()).is_empty(), "{remedy}");
        }
        // A plan that changes nobody is refused by no bound.
        let mut idle = raised();
        idle.hcl = raise(&format!("{name} = 0"));
        let users = idle.snapshot["users"].as_array_mut().unwrap();
        users.iter_mut().for_each(|user| user["perUserMfaState"] = json!("enforced"));
        assert!(refused(&idle.plan()).is_empty(), "{name} of nobody");
    }
}

#[test]
fn a_waiver_says_what_it_is_refused_for() {
    let config = World::new(staff(1), &raise("max_changes = 1")).config().unwrap();
    let said =
        |guardrail: &str, bound: &str, reason: &str| waiver(&config.guardrails, guardrail, bound, reason).unwrap_err();
    for (guardrail, bound, reason, says) in [
        ("max_change", "9", "x", "did you mean"),
        ("canary", "9", "x", "not a guardrail that can be waived"),
        ("max_changes", "9", " ", "a waiver needs a reason"),
        ("max_changes", "-1", "x", "write it like max_changes=800"),
        ("max_downgrades", "1.5", "x", "write it like max_downgrades=10"),
        ("max_change_percent", "100.1", "x", "write it like max_change_percent=60"),
        ("max_change_percent", "-0.1", "x", "write it like max_change_percent=60"),
        ("window", "later", "x", "write it like window=now"),
    ] {
        let text = said(guardrail, bound, reason);
        assert!(text.contains(says), "{guardrail}={bound}: {text}");
    }
    for (guardrail, bound) in
        [("max_change_percent", "100"), ("max_change_percent", "0"), ("max_changes", "0"), ("window", "now")]
    {
        assert!(waiver(&config.guardrails, guardrail, bound, "x").is_ok(), "{guardrail}={bound}");
    }
}

/// A closed window refuses no plan; it is said until when apply will refuse, unless a waiver lifts it.
#[test]
fn a_closed_window_is_said_and_lifted_by_a_waiver() {
    let window = "window {\n from = \"20:00\"\n to = \"22:00\"\n}";
    let notes = |world: World| world.plan().notes.into_iter().filter(|one| one.contains("window")).collect::<Vec<_>>();
    let closed = || World::new(staff(1), &raise(window));
    let said = notes(closed());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("the maintenance window is closed: apply will refuse until 20"), "{said:?}");
    assert!(said[0].ends_with("20:00 UTC"), "{said:?}");
    assert!(notes(closed().waive("window", "now")).is_empty());
    assert!(notes(World::new(staff(1), &raise(""))).is_empty());
}
