//! Who must be where: precedence, conflicts, protection, selectors, targets.

use serde_json::json;

use crate::world::*;

#[test]
fn the_higher_priority_wins_and_of_equals_that_agree_the_first_declares() {
    let mut world = World::new(
        [person("anna"), person("bo")],
        r#"
        mfa "all"   {
          state = "enforced"
          where = true
        }
        mfa "again" {
          state = "enforced"
          users = ["BO@contoso.com"]
        }
        mfa "late"  {
          state    = "enabled"
          users    = ["anna@contoso.com"]
          priority = 5
        }"#,
    );
    let plan = world.plan();
    assert_eq!(story(&plan, "anna"), "disabled → enabled apply mfa.late");
    assert_eq!(story(&plan, "bo"), "disabled → enforced apply mfa.all");

    world.hcl = world.hcl.replace("priority = 5", "priority = 0");
    let told = world.refusal();
    let conflict = told.iter().find(|one| one.summary == "Conflicting states").unwrap();
    assert!(conflict.detail.contains("mfa.all") && conflict.detail.contains("anna@contoso.com"), "{conflict:?}");
    let (first, second) = (conflict.primary.as_ref().unwrap().span, conflict.secondary[0].span);
    assert_ne!(first.start, second.start, "both places are shown");
}

#[test]
fn a_protected_user_is_an_error_when_listed_and_counted_when_caught() {
    let mut world = World::new(
        [person("anna"), person("emergency")],
        r#"
        mfa "all" {
          state = "enforced"
          where = true
        }
        break_glass "emergency" {
          users = ["emergency@contoso.com"]
        }"#,
    );
    let plan = world.plan();
    assert_eq!(story(&plan, "emergency"), "no change");
    assert_eq!((plan.summary.protected, plan.summary.managed, plan.summary.unmanaged), (1, 1, 0));

    world.hcl = world.hcl.replace("where = true", "users = [\"Emergency@contoso.com\", \"anna@contoso.com\"]");
    let told = world.refusal();
    assert_eq!(told[0].summary, "Protected user listed");
    assert_eq!(told[0].secondary.len(), 1, "the protecting block is shown too");

    let id = world.snapshot["users"][1]["id"].as_str().unwrap().to_owned();
    world.hcl = world.hcl.replace("[\"Emergency@contoso.com\"", &format!("[\"{id}\""));
    assert_eq!(world.refusal()[0].summary, "Protected user listed", "by object id as well");
}

#[test]
fn a_service_account_is_left_alone_unless_it_is_to_be_lowered() {
    let raised = with(person("svc-backup"), json!({"perUserMfaState": "enforced"}));
    let hcl = r#"
        mfa "all" {
          state = "disabled"
          where = true
        }
        service_account "backup" {
          users  = ["svc-backup@contoso.com"]
          owner  = "it@contoso.com"
          reason = "nightly backup"
        }"#;
    let mut world = World::new([person("anna"), raised], hcl);
    assert_eq!(story(&world.plan(), "svc-backup"), "no change", "never lowered by an mfa block either");
    world.hcl = hcl.replace("owner  =", "state  = \"disabled\"\n owner  =");
    let plan = world.plan();
    let change = change(&plan, "svc-backup");
    assert_eq!(
        (change.after.as_str(), change.declared_by.as_ref().unwrap().address.as_str()),
        ("disabled", "service_account.backup")
    );
}

#[test]
fn for_each_makes_a_block_per_element_and_except_takes_away() {
    let team = |name: &str, group: &str| with(person(name), json!({"memberOf": [group]}));
    let (emea, apac) = ("00000000-0000-4000-8000-0000000000a1", "00000000-0000-4000-8000-0000000000a2");
    let world = World::new(
        [team("anna", emea), team("bo", apac), team("cy", apac)],
        r#"
        mfa "teams" {
          for_each = { emea = "enforced", apac = "enabled" }
          state    = each.value
          groups   = ["SG-${each.key}"]
          except {
            users = ["cy@contoso.com"]
          }
        }"#,
    )
    .groups(json!([{"id": emea, "displayName": "SG-EMEA"}, {"id": apac, "displayName": "SG-APAC"}]));
    let plan = world.plan();
    assert_eq!(story(&plan, "anna"), "disabled → enforced apply mfa.teams[\"emea\"]");
    assert_eq!(story(&plan, "bo"), "disabled → enabled apply mfa.teams[\"apac\"]");
    assert_eq!((story(&plan, "cy").as_str(), plan.summary.unmanaged), ("no change", 1));
}

#[test]
fn a_promoted_user_is_satisfied_until_the_block_allows_a_downgrade() {
    let hcl = "mfa \"all\" {\n state = \"enabled\"\n where = true\n}";
    let mut world = World::new([with(person("anna"), json!({"perUserMfaState": "enforced"}))], hcl);
    let plan = world.plan();
    assert_eq!((story(&plan, "anna").as_str(), plan.summary.unchanged), ("no change", 1));
    assert!(plan.findings.iter().any(|one| one.finding.rule == "MFA043"));
    // The service would promote back who has registered, and may promote back of whom that is unknown: they stay.
    let lowering = hcl.replace("where", "allow_downgrade = true\n where");
    let enforced =
        |name: &str, more: serde_json::Value| with(with(person(name), json!({"perUserMfaState": "enforced"})), more);
    let unknown = json!({"isMfaRegistered": null, "isMfaCapable": null, "methodsRegistered": null});
    let none = json!({"isMfaRegistered": false, "isMfaCapable": false, "methodsRegistered": []});
    world = World::new([enforced("anna", json!({})), enforced("bo", unknown), enforced("cy", none)], &lowering);
    let plan = world.plan();
    assert_eq!([story(&plan, "anna"), story(&plan, "bo")], ["no change", "no change"]);
    assert_eq!(story(&plan, "cy"), "enforced → enabled apply mfa.all");
    assert!(rules(change(&plan, "cy")).contains(&"MFA063"));
    let stay: Vec<_> = plan.findings.iter().filter(|one| one.finding.rule == "MFA063").collect();
    let names: Vec<_> = stay.iter().map(|one| one.user.as_ref().unwrap().user_principal_name.as_str()).collect();
    assert_eq!(names, ["anna@contoso.com", "bo@contoso.com"]);
    assert!(stay.iter().all(|one| one.finding.severity.as_str() == "info" && one.declared_by.is_some()));
    assert!(plan.not_evaluated.iter().any(|one| (&*one.rule, one.users) == ("MFA063", 1)), "bo's registration");
}

#[test]
fn null_is_neither_equal_nor_different_but_can_be_asked_for() {
    let world = |filter: &str| {
        let users = [person("anna"), with(person("bo"), json!({"department": null}))];
        World::new(users, &format!("mfa \"all\" {{\n state = \"enforced\"\n where = {filter}\n}}"))
    };
    let claimed = |filter: &str| world(filter).plan().summary.managed;
    assert_eq!(claimed("user.department != \"Sales\""), 1, "an unknown department is not different from Sales");
    assert_eq!(claimed("!(user.department == \"Finance\") || user.employee_id == \"C1\""), 2);
    let plan = world("user.department == null").plan();
    assert_eq!((story(&plan, "anna").as_str(), plan.summary.managed), ("no change", 1));
}

#[test]
fn a_configuration_that_claims_nobody_is_an_error_and_a_selector_without_match_a_warning() {
    let group = "00000000-0000-4000-8000-0000000000a1";
    let groups = json!([{"id": group, "displayName": "SG-Empty"}]);
    let hcl = "mfa \"all\" {\n state = \"enforced\"\n groups = [\"sg-empty\"]\n}";
    let mut world = World::new([person("anna")], hcl).groups(groups);
    assert!(told(&world.refusal()).contains("The configuration matches no users"), "{}", told(&world.refusal()));
    world.hcl = hcl.replace("groups", "users = [\"anna@contoso.com\"]\n groups");
    let warnings = told(&world.warnings());
    assert!(warnings.contains("SG-Empty") || warnings.contains("sg-empty"), "{warnings}");

    world.hcl = "mfa \"all\" {\n state = \"enforced\"\n where = user.department == \"Fiance\"\n}".to_owned();
    assert!(told(&world.refusal()).contains("matches no users"));
}

#[test]
fn unknown_and_ambiguous_names_are_errors_with_the_nearest_name() {
    let groups = json!([
        {"id": "00000000-0000-4000-8000-0000000000a1", "displayName": "SG-Sales"},
        {"id": "00000000-0000-4000-8000-0000000000a2", "displayName": "sg-sales"}
    ]);
    let hcl = "mfa \"all\" {\n state = \"enforced\"\n users = [\"ana@contoso.com\"]\n groups = [\"SG-Sales\", \"SG-Sale\"]\n}";
    let told = told(&World::new([person("anna")], hcl).groups(groups).refusal());
    assert!(told.contains("ana@contoso.com") && told.contains("anna@contoso.com"), "{told}");
    assert!(told.contains("00000000-0000-4000-8000-0000000000a1"), "both groups are offered: {told}");
    assert!(told.contains("SG-Sale\"") || told.contains("SG-Sale`"), "all problems at once: {told}");
}

#[test]
fn a_user_whose_state_is_unknown_is_withheld_whatever_is_accepted() {
    let mut world = World::new(
        [with(person("anna"), json!({"perUserMfaState": "paused"})), person("bo")],
        "mfa \"all\" {\n state = \"enforced\"\n where = true\n}\nguardrails {\n block_at = \"critical\"\n}",
    );
    let plan = world.plan();
    assert_eq!(story(&plan, "anna"), "unknown → enforced block mfa.all");
    assert!(rules(change(&plan, "anna")).contains(&"MFA045"));
    assert_eq!((plan.summary.before.unknown, plan.summary.after.unknown, plan.summary.block), (1, 1, 1));
    assert!(!plan.is_refused());
    world.hcl += "\naccept \"MFA045\" {\n reason = \"x\"\n expires = \"2027-01-01\"\n}";
    assert!(told(&world.refusal()).contains("cannot be accepted"));
}

#[test]
fn a_target_limits_the_changes_and_the_digest_but_not_the_head_count() {
    let hcl = "mfa \"all\" {\n state = \"enforced\"\n users = [\"anna@contoso.com\"]\n}\nmfa \"rest\" {\n state = \"enabled\"\n where = user.user_principal_name != \"anna@contoso.com\"\n}";
    let mut world = World::new([person("anna"), person("bo")], hcl);
    let whole = world.plan();
    world.targets = vec!["Anna@contoso.com".to_owned()];
    let by_user = world.plan();
    assert_eq!((by_user.summary.managed, by_user.summary.enforce, by_user.summary.enable), (2, 1, 0));
    assert_ne!(whole.digest, by_user.digest);
    world.targets = vec!["mfa.all".to_owned()];
    assert_eq!(world.plan().digest, by_user.digest, "the same change by its block");
    world.targets = vec!["mfa.al".to_owned()];
    assert!(told(&world.refusal()).contains("mfa.all"), "{}", told(&world.refusal()));
}

#[test]
fn an_accept_with_only_an_except_leaves_the_excepted_out() {
    let legacy =
        json!({"legacy": {"Authenticated SMTP": {"count": 4, "last": "2026-11-12T08:00:00Z", "distinctIps": 1}}});
    let sends = |name: &str| {
        let mut one = person(name);
        one["signIns"]["legacy"] = legacy["legacy"].clone();
        one
    };
    let mut world = World::new(
        [sends("anna"), sends("bo")],
        r#"
        mfa "all" {
          state = "enforced"
          where = true
        }
        accept "MFA006" {
          reason  = "Moves to OAuth"
          expires = "2026-12-31"
          except { users = ["bo@contoso.com"] }
        }"#,
    );
    let accepted = |world: &World| -> Vec<bool> {
        let plan = world.plan();
        let found = |name: &str| {
            let change = plan.changes.iter().find(|one| one.user.user_principal_name.starts_with(name)).unwrap();
            change.findings.iter().filter(|one| &*one.rule == "MFA006").all(|one| one.accepted.is_some())
        };
        ["anna", "bo"].map(found).into()
    };
    assert_eq!(accepted(&world), [true, false], "the exception must not be lost together with the selectors");
    world.hcl = world.hcl.replace("except { users = [\"bo@contoso.com\"] }", "");
    assert_eq!(accepted(&world), [true, true]);
}

#[test]
fn what_has_the_form_of_an_id_is_an_id() {
    const ROOMS: &str = "b0000000-0000-4000-8000-000000000001";
    const OTHER: &str = "b0000000-0000-4000-8000-000000000002";
    let mut world = World::new(
        [with(person("anna"), json!({"memberOf": [ROOMS]})), with(person("bo"), json!({"memberOf": [OTHER]}))],
        &format!(
            r#"
        mfa "all" {{
          state = "enforced"
          where = true
        }}
        service_account "rooms" {{
          owner  = "team@contoso.com"
          reason = "Rooms"
          until  = "2026-12-31"
          groups = ["{ROOMS}"]
        }}"#
        ),
    );
    let other = json!({"id": OTHER, "displayName": ROOMS});
    world.snapshot["groups"] = json!([{"id": ROOMS, "displayName": "Rooms"}, other]);
    let plan = world.plan();
    assert_eq!((plan.summary.protected, story(&plan, "anna").as_str()), (1, "no change"));
    world.snapshot["groups"] = json!([other]);
    assert_eq!(world.refusal()[0].summary, "Unknown group", "another group is called so, but is not it");
}

#[test]
fn a_group_that_was_not_read_whole_selects_nobody_in_silence() {
    const GROUP: &str = "b0000000-0000-4000-8000-000000000001";
    for (selector, summary) in [
        ("groups = [\"SG-Tier0\"]", "Group not read"),
        ("where = contains(user.groups, \"SG-Other\")", "Groups not read"),
        ("where = true\n except { groups = [\"SG-Tier0\"] }", "Group not read"),
    ] {
        let hcl = format!("mfa \"all\" {{\n state = \"enforced\"\n {selector}\n }}");
        let mut world = World::new([with(person("anna"), json!({"memberOf": [GROUP]})), person("bo")], &hcl);
        world.snapshot["groups"] = json!([{"id": GROUP, "displayName": "SG-Tier0"}]);
        world.snapshot["tenant"]["unreadGroups"] = json!([GROUP]);
        let told = world.refusal();
        assert!(told.iter().any(|one| one.summary == summary), "{told:?}");
    }
}

#[test]
fn emergency_access_that_protects_nobody_is_an_error() {
    const GROUP: &str = "b0000000-0000-4000-8000-000000000001";
    for (selector, summary) in [
        ("groups = [\"Emergency\"]", "Empty emergency group"),
        ("where = user.department == \"none\"", "Empty break_glass"),
    ] {
        let mut world = World::new(
            [person("anna")],
            &format!(
                r#"
            mfa "all" {{
              state = "enforced"
              where = true
            }}
            break_glass "emergency" {{
              {selector}
            }}"#
            ),
        );
        world.snapshot["groups"] = json!([{"id": GROUP, "displayName": "Emergency"}]);
        let told = world.refusal();
        assert!(told.iter().any(|one| one.summary == summary), "{told:?}");
    }
}
