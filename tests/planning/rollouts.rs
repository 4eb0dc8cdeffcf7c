//! Staging and dated waves.

use serde_json::json;

use crate::world::*;

const STAGED: &str = r#"
mfa "staff" {
  state = "enforced"
  where = true
  staged {
    until = "2026-12-01"
  }
}"#;

#[test]
fn staging_asks_the_unregistered_to_register_first() {
    let enabled = |person| with(person, json!({"perUserMfaState": "enabled"}));
    let users = [unregistered("anna"), enabled(unregistered("bo")), person("cy"), enabled(person("di"))];
    let world = World::new(users, STAGED);
    let plan = world.plan();
    assert_eq!(story(&plan, "anna"), "disabled → enabled apply mfa.staff");
    assert!(change(&plan, "anna").decision.hold().is_some(), "and it is said that they stay there");
    assert_eq!(story(&plan, "bo"), "enabled → enforced hold mfa.staff");
    assert_eq!(change(&plan, "bo").decision.hold().unwrap().until, Some("2026-12-01T00:00:00Z".parse().unwrap()));
    assert_eq!(story(&plan, "cy"), "disabled → enforced apply mfa.staff");
    assert_eq!(story(&plan, "di"), "enabled → enforced apply mfa.staff");

    let plan = world.at("2026-12-01T00:00:00Z").plan();
    for name in ["anna", "bo"] {
        assert_eq!(change(&plan, name).after.as_str(), "enforced", "from that instant on");
        assert!(change(&plan, name).decision.hold().is_none());
    }
}

#[test]
fn unknown_registration_counts_as_none_for_staging() {
    let unknown =
        with(person("anna"), json!({"isMfaRegistered": null, "methodsRegistered": null, "isMfaCapable": null}));
    let plan = World::new([unknown], STAGED).plan();
    assert_eq!(story(&plan, "anna"), "disabled → enabled apply mfa.staff");
}

const WAVES: &str = r#"
mfa "staff" {
  state   = "enforced"
  where   = true
  rollout = "winter"
}
rollout "winter" {
  wave "it" {
    from  = "2026-11-20"
    where = user.department == "IT"
  }
  wave "finance" {
    from  = "2026-12-01"
    where = user.department == "Finance"
  }
}"#;

/// By date, not by where they are written: who is in two waves goes with the earlier.
#[test]
fn waves_come_in_the_order_of_their_dates() {
    let early = "wave \"early\" {\n from = \"2026-11-20\"\n where = user.department == \"IT\"\n}";
    let late = "wave \"late\" {\n from = \"2026-12-01\"\n}";
    for waves in [[early, late], [late, early]] {
        let hcl = format!(
            "mfa \"staff\" {{\n state = \"enforced\"\n where = true\n rollout = \"winter\"\n}}\nrollout \"winter\" {{\n{}\n{}\n}}",
            waves[0], waves[1]
        );
        let it = with(person("anna"), json!({"department": "IT"}));
        let plan = World::new([it, person("bo")], &hcl).plan();
        assert_eq!(change(&plan, "anna").wave.as_ref().unwrap().as_str(), "winter.early");
        assert_eq!(story(&plan, "anna"), "disabled → enforced apply mfa.staff");
        assert_eq!(change(&plan, "bo").wave.as_ref().unwrap().as_str(), "winter.late");
    }
}

#[test]
fn a_user_waits_for_the_earliest_wave_that_picks_them() {
    let of = |name, department: &str| with(person(name), json!({"department": department}));
    let world = World::new([of("anna", "IT"), of("bo", "Finance"), of("cy", "Sales")], WAVES);
    let built = world.built().unwrap();
    let plan = &built.plan;
    assert_eq!(story(plan, "anna"), "disabled → enforced apply mfa.staff");
    assert_eq!(story(plan, "bo"), "disabled → enforced hold mfa.staff");
    assert_eq!(change(plan, "bo").decision.hold().unwrap().until, Some("2026-12-01T00:00:00Z".parse().unwrap()));
    let stranded = change(plan, "cy").decision.hold().unwrap();
    assert_eq!((stranded.until, stranded.reason.contains("in no wave")), (None, true));
    assert!(told(&built.warnings).contains("Users in no wave"));
    assert_eq!((plan.summary.enforce, plan.summary.hold), (1, 2));

    let plan = world.at("2026-12-01T00:00:00Z").plan();
    assert_eq!(story(&plan, "bo"), "disabled → enforced apply mfa.staff");
}

#[test]
fn lowering_waits_for_its_wave_too() {
    let raised = with(person("anna"), json!({"perUserMfaState": "enforced", "department": "Finance"}));
    let plan = World::new([raised], &WAVES.replacen("enforced", "disabled", 1)).plan();
    assert_eq!((change(&plan, "anna").after.as_str(), plan.summary.disable), ("disabled", 0));
    assert_ne!(change(&plan, "anna").decision.as_str(), "apply");
}

#[test]
fn a_percentage_only_grows() {
    let picked = |percent: u32| {
        let hcl = format!(
            "mfa \"staff\" {{\n state = \"enforced\"\n where = true\n rollout = \"winter\"\n}}\n\
             rollout \"winter\" {{\n wave \"some\" {{\n from = \"2026-11-01\"\n percent = {percent}\n }}\n \
             wave \"all\" {{\n from = \"2027-01-01\"\n percent = 100\n }}\n}}"
        );
        let plan = World::new((0..200).map(|n| person(&format!("user{n}"))), &hcl).plan();
        let mut open: Vec<_> =
            plan.changes.iter().filter(|one| one.decision.as_str() == "apply").map(|one| one.user.id).collect();
        open.sort();
        open
    };
    let (ten, quarter) = (picked(10), picked(25));
    assert!((5..40).contains(&ten.len()) && (30..75).contains(&quarter.len()), "{} {}", ten.len(), quarter.len());
    assert!(ten.iter().all(|user| quarter.binary_search(user).is_ok()), "who is picked at 10 % is picked at 25 %");
}

#[test]
fn a_critical_risk_blocks_even_a_change_that_waits() {
    let mut script = person("bo");
    script["signIns"]["ropc"] = json!(40);
    let plan = World::new([script], WAVES).plan();
    assert_eq!(change(&plan, "bo").decision.as_str(), "block", "{:?}", rules(change(&plan, "bo")));
    assert!(change(&plan, "bo").decision.hold().is_some(), "both are told");
}

const GATED: &str = r#"
mfa "staff" {
  state   = "enforced"
  where   = true
  rollout = "winter"
}
rollout "winter" {
  wave "everybody" {
    from = "2026-11-20"
    gate {
      registered_percent = 75
    }
  }
}"#;

#[test]
fn a_wave_whose_gate_does_not_hold_waits_with_the_figure() {
    let users = [person("anna"), person("bo"), unregistered("cy")];
    let world = World::new(users, GATED);
    let plan = world.plan();
    for name in ["anna", "bo", "cy"] {
        assert_eq!(story(&plan, name), "disabled → enforced hold mfa.staff");
    }
    let document: serde_json::Value = serde_json::from_slice(&json_of(&plan)).unwrap();
    let hold = &document["changes"][0]["hold"];
    assert_eq!(hold["kind"], "gate");
    assert_eq!(hold["until"], json!(null));
    assert_eq!(hold["reason"], "gate registered_percent: 66.6 of 75");
    assert_eq!(hold["gate"], json!({"name": "registered_percent", "required": 75, "actual": 66.6}));
    let again = World::new([person("anna"), person("bo"), person("cy")], GATED).plan();
    assert_eq!(story(&again, "cy"), "disabled → enforced apply mfa.staff");
    let before = World::new([person("anna"), unregistered("cy")], GATED).at("2026-11-19T09:00:00Z").plan();
    let before: serde_json::Value = serde_json::from_slice(&json_of(&before)).unwrap();
    assert_eq!(before["changes"][0]["hold"]["kind"], "wave", "until its date the date holds");
}

#[test]
fn a_gate_needs_a_condition_and_numbers_that_can_hold() {
    let with = |gate: &str| {
        let hcl = GATED.replace("registered_percent = 75", gate);
        told(&World::new([person("anna")], &hcl).config().unwrap_err())
    };
    assert!(with("").contains("Empty `gate`"));
    assert!(with("registered_percent = 101").contains("registered_percent"));
    assert!(with("unknown_workloads = -1").contains("unknown_workloads"));
    assert!(with("register_percent = 5").contains("registered_percent"), "the nearest name");
}
