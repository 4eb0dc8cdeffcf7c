//! Conditional Access: whether the policies that were read are all there are.

use super::*;
use mfaplan::testing::tenant::PoliciesRead;

/// Three policies, one of them with a setting that only beta shows.
fn policies() -> String {
    let mut seed: serde_json::Value = serde_json::from_str(&seed(3)).unwrap();
    let all = seed["conditionalAccessPolicies"].as_array_mut().unwrap();
    let mut preview = all[0].clone();
    preview["id"] = "c2".into();
    preview["conditions"]["agentIdRiskLevels"] = serde_json::json!(["high"]);
    all.push(preview);
    let mut third = all[0].clone();
    third["id"] = "c3".into();
    all.push(third);
    seed.to_string()
}

async fn read_of(fake: &FakeGraph) -> (Vec<String>, Option<PoliciesRead>) {
    let tenant = read(fake).await;
    assert_eq!(fake.problems(), Vec::<String>::new());
    let ids = tenant.conditional_access.iter().flatten().map(|policy| policy.id.to_string()).collect();
    (ids, tenant.conditional_access_read)
}

#[tokio::test]
async fn policies_with_preview_settings_are_read_too_over_pages() {
    let fake = FakeGraph::start(&policies(), FakeOptions { page_size: 2, ..FakeOptions::default() }).await;
    let (ids, how) = read_of(&fake).await;
    assert_eq!(ids, ["c1", "c2", "c3"]);
    assert_eq!(how, Some(PoliciesRead { beta: true, read: 3, listed: Some(3), plans: Some(0) }));
    let asked = fake.log().into_iter().filter(|one| one.path.ends_with("/policies")).count();
    assert_eq!(asked, 2, "two pages, and no second list");
}

#[tokio::test]
async fn a_cloud_without_the_beta_list_is_read_from_v1_and_that_is_known() {
    let fake = FakeGraph::start(&policies(), FakeOptions::default()).await;
    fake.fail_next("GET", "conditionalAccess/policies", Fault::Status(404));
    let (ids, how) = read_of(&fake).await;
    assert_eq!(ids, ["c1", "c3"]);
    assert_eq!(how, Some(PoliciesRead { beta: false, read: 2, listed: Some(2), plans: Some(0) }));
}

#[tokio::test]
async fn plans_are_counted_or_none_or_unknown() {
    for (plans, fault, expected) in [
        (2, None, Some(2)),
        // The service knows no such collection.
        (0, Some(Fault::Status(404)), Some(0)),
        (2, Some(Fault::Status(403)), None),
        (2, Some(Fault::Status(400)), None),
    ] {
        let fake = FakeGraph::start(&policies(), FakeOptions { plans, ..FakeOptions::default() }).await;
        if let Some(fault) = fault {
            fake.fail_always("GET", "conditionalAccess/plans", fault);
        }
        let (ids, how) = read_of(&fake).await;
        assert_eq!((ids.len(), how.unwrap().plans), (3, expected), "{plans} {fault:?}");
    }
}

#[tokio::test]
async fn a_service_that_does_not_count_says_nothing_of_what_is_missing() {
    let fake = FakeGraph::start(&policies(), FakeOptions { uncounted: true, ..FakeOptions::default() }).await;
    assert_eq!(read_of(&fake).await.1.unwrap().listed, None);
}

#[tokio::test]
async fn whoever_may_not_read_policies_learns_nothing_of_their_number() {
    let fake = FakeGraph::start(&policies(), FakeOptions::default().without(&["Policy.Read.All"])).await;
    let tenant = read(&fake).await;
    assert!(tenant.conditional_access.is_none() && tenant.conditional_access_read.is_none());
    assert!(unavailable(&tenant)["conditional_access"].contains("Policy.Read.All (403"));
}
