//! Groups of Conditional Access policies: what is unknown of them stays unknown.

use std::path::Path;

use mfaplan::testing::{facts::CompiledPolicies, snapshot};

use super::*;

#[tokio::test]
async fn a_policys_group_that_cannot_be_read_leaves_its_members_unknown() {
    let covered = |tenant: &ObservedTenant| CompiledPolicies::new(tenant).covers(user(tenant, 1));
    let fake = start(9, FakeOptions::default()).await;
    assert_eq!(covered(&read(&fake).await), Some(true));
    // The other group is fine: only what the policy excludes is unknown.
    let fake = start(9, FakeOptions::default()).await;
    fake.fail_always("GET", &format!("{EXCLUDED}/transitiveMembers"), Fault::Status(403));
    let tenant = read(&fake).await;
    assert_eq!(covered(&tenant), None, "who is in the excluded group is unknown");
    assert!(unavailable(&tenant)["groups"].contains(EXCLUDED), "{:?}", unavailable(&tenant));
    // A copy does not forget it.
    let mut copy = Vec::new();
    snapshot::write(&tenant, &mut copy).unwrap();
    assert_eq!(covered(&snapshot::from_slice(Path::new("copy"), &copy).unwrap()), None);
}

#[tokio::test]
async fn an_empty_group_that_hides_its_members_is_not_empty() {
    let mut seed: serde_json::Value = serde_json::from_str(&seed(9)).unwrap();
    seed["groups"][1]["visibility"] = "HiddenMembership".into();
    for (denied, covers) in [(&["Member.Read.Hidden"][..], None), (&[], Some(true))] {
        let fake = FakeGraph::start(&seed.to_string(), FakeOptions::default().without(denied)).await;
        let tenant = read(&fake).await;
        assert_eq!(CompiledPolicies::new(&tenant).covers(user(&tenant, 1)), covers, "without {denied:?}");
        assert_eq!(tenant.unread_groups.len(), denied.len());
    }
}
