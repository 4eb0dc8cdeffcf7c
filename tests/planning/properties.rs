//! Where two routes must agree.

use mfaplan::testing::plan::{Plan, compare};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::*;

const HCL: &str = r#"
mfa "finance" {
  state = "enforced"
  where = user.department == "Finance"
  staged {
    until = "2026-12-01"
  }
}
mfa "sales" {
  state   = "enabled"
  where   = user.department == "Sales"
  rollout = "winter"
}
mfa "leavers" {
  state = "disabled"
  where = user.department == "Leavers"
}
mfa "eased" {
  state           = "enabled"
  allow_downgrade = true
  where           = user.department == "Eased"
}
service_account "scripts" {
  where  = user.job_title == "Script"
  owner  = "it@contoso.com"
  reason = "scripts"
}
mfa "anchor" {
  state    = "enforced"
  users    = ["anchor@contoso.com"]
  priority = 9
}
rollout "winter" {
  wave "half" {
    from    = "2026-11-01"
    percent = 50
  }
  wave "all" {
    from    = "2027-01-01"
    percent = 100
  }
}
accept "MFA018" {
  where   = user.company_name == "A"
  reason  = "x"
  expires = "2027-01-01"
}
"#;

fn user() -> impl Strategy<Value = Value> {
    let department = prop::sample::select(vec!["Finance", "Sales", "Leavers", "Eased", "Other"]);
    let state = prop::sample::select(vec!["disabled", "enabled", "enforced", "paused"]);
    let title = prop::sample::select(vec!["Clerk", "Clerk", "Clerk", "Script"]);
    let company = prop::sample::select(vec!["A", "B"]);
    (department, state, title, company, any::<Option<bool>>(), prop::sample::select(vec![0, 0, 0, 30]), any::<bool>())
        .prop_map(|(department, state, title, company, registered, ropc, sign_ins)| {
            let mut user = with(
                person("x"),
                json!({"department": department, "perUserMfaState": state, "jobTitle": title, "companyName": company,
                       "isMfaRegistered": registered, "isMfaCapable": registered}),
            );
            if registered != Some(true) {
                user["methodsRegistered"] = registered.map_or(Value::Null, |_| json!([]));
            }
            user["signIns"]["ropc"] = json!(ropc);
            if !sign_ins {
                user["signIns"] = Value::Null;
            }
            user
        })
}

fn users() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(user(), 0..24).prop_map(|users| {
        let named = |(at, user): (usize, Value)| {
            let identity = person(&format!("user{at}"));
            with(user, json!({"id": identity["id"], "userPrincipalName": identity["userPrincipalName"]}))
        };
        users.into_iter().enumerate().map(named).chain([person("anchor")]).collect()
    })
}

/// What the tenant looks like once everything that is decided `apply` has been done. Those of whom nobody knows whether
/// they have registered may have: then the service promotes them.
fn applied(world: &World, plan: &Plan, promotes: bool) -> World {
    let mut users = world.snapshot["users"].as_array().unwrap().clone();
    for change in plan.changes.iter().filter(|change| change.decision.is_apply()) {
        let id = change.user.id.to_string();
        let user = users.iter_mut().find(|user| user["id"] == json!(id)).unwrap();
        let promoted = promotes && change.user.registered.is_none() && change.effective.as_str() == "enabled";
        user["perUserMfaState"] = json!(if promoted { "enforced" } else { change.effective.as_str() });
    }
    World::new(users, &world.hcl)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_numbers_add_up(users in users()) {
        let plan = World::new(users, HCL).plan();
        let s = &plan.summary;
        prop_assert_eq!(s.users, s.managed + s.unmanaged + s.protected);
        prop_assert_eq!(s.managed, s.unchanged + s.enable + s.enforce + s.relax + s.disable + s.hold + s.block);
        for counts in [&s.before, &s.after] {
            prop_assert_eq!(s.users, counts.disabled + counts.enabled + counts.enforced + counts.unknown);
        }
        prop_assert_eq!(s.enable + s.enforce + s.relax + s.disable + s.hold + s.block, plan.changes.len() as u64);
        let findings = plan.changes.iter().flat_map(|one| &one.findings).chain(plan.findings.iter().map(|one| &one.finding));
        let f = &s.findings;
        prop_assert_eq!(f.critical + f.high + f.medium + f.low + f.info + s.accepted, findings.count() as u64);
    }

    #[test]
    fn after_apply_only_what_waits_or_is_withheld_is_left(users in users(), promotes in any::<bool>()) {
        let world = World::new(users, HCL);
        let plan = world.plan();
        let next = applied(&world, &plan, promotes).plan();
        if !promotes {
            prop_assert_eq!(next.summary.before, plan.summary.after);
        }
        for change in &next.changes {
            let planned = plan.changes.iter().find(|one| one.user.id == change.user.id);
            prop_assert!(planned.is_some(), "{:?} was not planned before", change.user);
            // A staged user who was enabled now waits for their registration; nothing else moves a second time.
            prop_assert!(!change.decision.is_apply());
        }
    }

    #[test]
    fn the_order_of_users_in_the_file_changes_no_byte(users in users(), seed in any::<u64>()) {
        let plan = World::new(users.clone(), HCL).plan();
        let mut shuffled = users;
        shuffled.sort_by_key(|user| {
            user["id"].as_str().unwrap().bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        });
        let again = World::new(shuffled, HCL).plan();
        prop_assert_eq!(json_of(&plan), json_of(&again));
        prop_assert!(compare(&plan, &again).is_empty());
    }
}

#[test]
fn ten_plans_of_the_same_are_the_same_bytes() {
    let users: Vec<Value> =
        (0..300).map(|n| if n % 3 == 0 { unregistered(&format!("u{n}")) } else { person(&format!("u{n}")) }).collect();
    let world = World::new(users.into_iter().chain([person("anchor")]), HCL);
    let first = json_of(&world.plan());
    for _ in 0..9 {
        assert!(json_of(&world.plan()) == first, "the bytes differ");
    }
}
