//! Plans of every kind are read back from their files; one that says something else than its content is not.

use std::collections::HashSet;

use super::*;
use crate::{
    plan::{Claimed, RollbackInput, build_rollback, digest, file},
    tenant::{MfaState, ObservedState},
};

/// Saves and reads; what the reader says against it.
fn reread(plan: &Plan, change: impl FnOnce(&mut Plan)) -> Option<String> {
    let mut plan = plan.clone();
    change(&mut plan);
    plan.digest = digest::compute(&plan);
    let mut bytes = Vec::new();
    file::write(&plan, &mut bytes).unwrap();
    file::read(&bytes, digest::compute).err().map(|error| error.to_string())
}

/// Somebody is raised, somebody was promoted, workloads are protected and lowered, somebody is nobody's.
fn case() -> Case {
    let users = [
        person(1, "anna", json!({})),
        person(2, "bo", state("enforced")),
        person(3, "cy", json!({})),
        person(4, "key", json!({})),
        person(5, "low1", state("enforced")),
        person(6, "low2", state("enforced")),
        person(7, "zoe", state("enabled")),
    ];
    let accounts = "service_account \"low\" {\n  users = [\"low1@contoso.com\", \"low2@contoso.com\"]\n  state = \
                    \"disabled\"\n  owner = \"it@contoso.com\"\n  reason = \"programs\"\n}\n\
                    break_glass \"keys\" {\n  users = [\"key@contoso.com\"]\n}\n";
    let (all, stops) = (block("all", "enforced", &["anna"]), block("stops", "enabled", &["bo", "cy"]));
    Case::new(&users, &format!("{all}{stops}{accounts}"))
}

fn way_back(case: &Case) -> Plan {
    let user = case.tenant.users()[1].id;
    build_rollback(&RollbackInput {
        config: &case.config,
        tenant: &case.tenant,
        changes: &[(user, ObservedState::from(MfaState::Enforced), MfaState::Disabled)],
        protected: &HashSet::new(),
        waivers: &[],
        run: "20261124T093000000Z-3fa9c1d2",
        created_at: NOON.parse().unwrap(),
    })
}

#[test]
fn a_plan_of_every_kind_is_read_back() {
    let case = case();
    let whole = case.plan();
    assert_eq!(changing(&whole), ["anna", "cy", "low1", "low2"]);
    assert!(whole.others.iter().any(|one| one.claim == Claimed::Declared(1, MfaState::Enabled)), "bo was promoted");
    let part = case.targeted(&["mfa.all", "low1@contoso.com"]).unwrap();
    let none = Case::new(&[person(1, "anna", json!({}))], &block("all", "disabled", &["anna"])).plan();
    for plan in [whole, part, way_back(&case), none] {
        assert_eq!(reread(&plan, |_| ()), None);
    }
}

/// Checksum and digest fit; the member is named.
#[test]
fn who_is_left_as_they_are_follows_from_the_blocks_and_nobody_is_forgotten() {
    let case = case();
    let whole = case.plan();
    let part = case.targeted(&["mfa.all", "low1@contoso.com"]).unwrap();
    let back = way_back(&case);
    let said = |plan: &Plan, member: &str, change: &dyn Fn(&mut Plan)| {
        let told = reread(plan, change).unwrap_or_else(|| panic!("{member} may be told otherwise"));
        assert!(told.contains(&format!("`{member}`")), "{member}: {told}");
    };
    let other = |plan: &Plan, name: &str| {
        plan.others.iter().position(|one| one.user.user_principal_name.starts_with(name)).unwrap()
    };
    let (bo, key) = (other(&whole, "bo@"), other(&whole, "key@"));
    let others = |at: usize| format!("others[{at}]");
    // In another state than the declared one, and not promoted from it.
    said(&whole, &others(bo), &|plan| plan.others[bo].state = MfaState::Disabled.into());
    said(&whole, &others(bo), &|plan| plan.others[bo].state = ObservedState::Unknown(None));
    said(&whole, &others(bo), &|plan| plan.others[bo].claim = Claimed::Declared(0, MfaState::Disabled));
    said(&whole, &others(key), &|plan| plan.others[key].claim = Claimed::Declared(0, MfaState::Enabled));
    said(&whole, &others(1), &|plan| plan.others[1].user.id = plan.others[0].user.id);
    said(&whole, &others(0), &|plan| plan.others[0].user.id = plan.changes[0].user.id);
    said(&whole, &others(1), &|plan| plan.others.swap(0, 1));
    // Two of one name stand by id.
    said(&whole, &others(1), &|plan| {
        let (low, high) = (plan.others[0].user.id, plan.others[1].user.id);
        let (low, high) = (low.min(high), low.max(high));
        plan.others[1].user.user_principal_name = plan.others[0].user.user_principal_name.clone();
        (plan.others[0].user.id, plan.others[1].user.id) = (high, low);
    });
    said(&whole, "changes[0].declared_by", &|plan| {
        plan.changes[0].declared_by.as_mut().unwrap().address = "mfa.nobody".into();
    });
    said(&whole, "changes[0].declared_by", &|plan| {
        let keys = plan.blocks.iter().find(|one| one.place.address == "break_glass.keys").unwrap().place.clone();
        plan.changes[0].declared_by = Some(keys);
    });
    said(&whole, "changes[0].declared_by", &|plan| plan.changes[0].declared_by = None);
    said(&back, "changes[0].declared_by", &|plan| plan.changes[0].declared_by = whole.changes[0].declared_by.clone());
    said(&back, "config.files", &|plan| plan.config.files = whole.config.files.clone());
    said(&back, "blocks", &|plan| plan.blocks = whole.blocks.clone());
    said(&back, "others", &|plan| {
        plan.others = whole.others.iter().filter(|one| one.claim == Claimed::Unmanaged).cloned().collect();
    });
    said(&part, "others", &|plan| plan.others = whole.others.clone());
    said(&whole, "summary.users", &|plan| _ = plan.others.pop());
    said(&whole, "summary.unmanaged", &|plan| {
        (plan.summary.unmanaged, plan.summary.protected) = (plan.summary.unmanaged + 1, plan.summary.protected - 1);
    });
    said(&whole, "summary.managed", &|plan| {
        (plan.summary.managed, plan.summary.protected) = (plan.summary.managed + 1, plan.summary.protected - 1);
    });
    said(&whole, "summary.unchanged", &|plan| plan.summary.unchanged -= 1);
    said(&whole, "summary.before", &|plan| {
        for counts in [&mut plan.summary.before, &mut plan.summary.after] {
            (counts.disabled, counts.enabled) = (counts.disabled - 1, counts.enabled + 1);
        }
    });
    // Of a part it is known at least that the numbers leave room for each other.
    let full = |plan: &mut Plan| {
        let (managed, changing) = (plan.summary.managed, 1);
        plan.summary.unchanged = managed - changing;
    };
    assert_eq!(reread(&part, full), None, "a workload that is lowered is none of the managed users");
    said(&part, "summary.managed", &|plan| {
        full(plan);
        plan.summary.unchanged += 1;
    });
    said(&part, "summary.managed", &|plan| plan.summary.unmanaged += 1);
    said(&part, "observed.users", &|plan| plan.observed.users += 1);
    said(&part, "execution.estimated_seconds", &|plan| plan.execution.estimated_seconds += 1);
}

#[test]
fn what_is_said_of_a_change_follows_from_it() {
    let whole = case().plan();
    let said = |member: &str, change: &dyn Fn(&mut Plan)| {
        let told = reread(&whole, change).unwrap_or_else(|| panic!("{member} may be told otherwise"));
        assert!(told.contains(&format!("`{member}`")), "{member}: {told}");
    };
    let finding =
        || crate::render::testing::sample().changes.iter().flat_map(|one| one.findings.clone()).collect::<Vec<_>>();
    let of = |rule: &str| finding().into_iter().find(|one| one.rule == rule).unwrap();
    let (low, medium) = (of("MFA023"), of("MFA024"));
    let with = |all: &[&crate::risk::Finding]| {
        let findings: Vec<_> = all.iter().map(|one| (*one).clone()).collect();
        reread(&whole, move |plan| {
            plan.changes[0].findings = findings;
            plan.summary = crate::plan::recounted(&plan.summary, &plan.changes, &plan.findings);
        })
    };
    let mut lower = medium.clone();
    (lower.rule, lower.name) = ("MFA014".into(), "shared-mailbox".into());
    assert_eq!(with(&[&medium, &low]), None);
    assert_eq!(with(&[&lower, &medium, &low]), None);
    for wrong in [&[&low, &medium][..], &[&medium, &lower], &[&medium, &medium]] {
        let told = with(wrong).expect("out of order");
        assert!(told.contains("`changes[0].findings`"), "{told}");
    }
    said("changes[1].user", &|plan| plan.changes.swap(0, 1));
    said("changes[1].user", &|plan| plan.changes[1].user.id = plan.changes[0].user.id);
    said("changes[0].after", &|plan| plan.changes[0].before = plan.changes[0].after.into());
    said("changes[0].action", &|plan| plan.changes[0].action = crate::diff::Action::Enable);
    said("changes[0].effective", &|plan| plan.changes[0].effective = MfaState::Enabled);
    said("changes[0].effective", &|plan| {
        plan.changes[0].before = MfaState::Enforced.into();
        plan.changes[0].after = MfaState::Enabled;
        plan.changes[0].action = crate::diff::Action::Relax;
    });
    said("changes[0].decision", &|plan| {
        plan.changes[0].decision = crate::diff::Decision::Block { by: vec!["MFA006".into()], hold: None };
    });
    said("assumed_policies.digest", &|plan| {
        plan.assumed = Some(crate::assumed::AssumedPolicies {
            digest: "sha256:00".into(),
            files: vec!["policies.tf.json".into()],
            policies: Vec::new(),
            removed: Vec::new(),
        });
    });
    let refused_by = |passed: bool| {
        move |plan: &mut Plan| {
            plan.checks = vec![crate::plan::CheckResult { name: "few".into(), passed, message: "".into() }];
            let texts = ("check.few".into(), "it failed".into(), "meet it".into());
            plan.refused = vec![crate::plan::Refusal { rule: texts.0, reason: texts.1, remedy: texts.2 }];
        }
    };
    assert_eq!(reread(&whole, refused_by(false)), None);
    said("refused[0].rule", &refused_by(true));
    said("findings[0].name", &|plan| plan.findings[0].finding.name = "another".into());
}
