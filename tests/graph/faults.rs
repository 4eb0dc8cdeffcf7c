//! Answers that fail: what is tried again, when, and how often.

use super::*;

#[tokio::test]
async fn a_fifth_of_all_answers_are_faults_and_the_tenant_is_still_read_right() {
    for seed in 1..=2 {
        let fake =
            start(120, FakeOptions { faults: Faults::mixed(seed, 0.2), page_size: 40, ..FakeOptions::default() }).await;
        let graph = loop {
            if let Ok(graph) = GraphTenant::connect(options(&fake)).await {
                break graph;
            }
        };
        let tenant = graph.read(&request(), &Heard::default()).await.unwrap();
        assert_eq!(states(&tenant), expected(120), "seed {seed}");
        assert_eq!(unavailable(&tenant), BTreeMap::new(), "seed {seed}");
        let log = user(&tenant, 8).sign_ins.as_ref().unwrap();
        assert_eq!((log.interactive, log.non_interactive), (Some(3), Some(4)), "a page read twice counts once");
        assert!(graph.usage().retried > 0 && fake.writes().is_empty());
        assert_eq!(fake.problems(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_item_is_never_asked_again_before_its_time() {
    for retry_after in [RetryAfter::Decimal(0.06), RetryAfter::Date(2), RetryAfter::Missing] {
        let fake = start(40, FakeOptions { retry_after, ..FakeOptions::default() }).await;
        let graph = connect(&fake).await;
        fake.fail_next("GET", &id(7).to_string(), Fault::Throttled);
        let tenant = graph.read(&states_only(), &Heard::default()).await.unwrap();
        assert_eq!(states(&tenant), expected(40));
        let tries: Vec<_> = fake.log().into_iter().filter(|one| one.path.contains(&id(7).to_string())).collect();
        assert_eq!(tries.iter().map(|one| one.status).collect::<Vec<_>>(), [429, 200], "{retry_after:?}");
        assert_eq!(fake.problems(), Vec::<String>::new(), "{retry_after:?}: not before its time");
        let others = fake.log().iter().filter(|one| one.in_batch && !one.path.contains(&id(7).to_string())).count();
        assert_eq!(others, 39, "only the item that failed is asked again");
    }
}

#[tokio::test]
async fn waits_are_told() {
    let fake = start(3, FakeOptions { retry_after: RetryAfter::Seconds(1), ..FakeOptions::default() }).await;
    let graph = connect(&fake).await;
    fake.fail_next("GET", "/users", Fault::Throttled);
    let heard = Heard::default();
    graph.read(&states_only(), &heard).await.unwrap();
    assert!(heard.1.lock().unwrap().contains(&"1 s: the tenant is throttling".to_owned()), "{:?}", heard.1);
    assert_eq!(heard.0.lock().unwrap()["states"], 3);
}

#[tokio::test]
async fn a_single_read_is_tried_once_and_tells_how_long_to_wait() {
    let fake = start(3, FakeOptions { retry_after: RetryAfter::Decimal(1.5), ..FakeOptions::default() }).await;
    let graph = connect(&fake).await;
    fake.clear_log();
    fake.fail_always("GET", &id(0).to_string(), Fault::Status(500));
    let error = graph.state(id(0)).await.unwrap_err();
    assert!(error.to_string().ends_with("no answer: 500"), "{error}");
    assert_eq!((error.transient, error.retry_after), (true, Some(Duration::from_millis(1500))));
    assert_eq!(fake.stats().requests, 1, "the patience is the executor's: two of nine tries each would be 81");
    assert_eq!(graph.state(id(1)).await.unwrap(), StateRead::Found(MfaState::Enabled.into()));
}

#[tokio::test]
async fn one_users_bad_answers_are_only_theirs() {
    for fault in [Fault::Status(500), Fault::Status(503), Fault::Status(400), Fault::Status(403), Fault::Throttled] {
        let fake = start(45, FakeOptions { premium: Some(false), ..FakeOptions::default() }).await;
        let graph = connect(&fake).await;
        fake.clear_log();
        let bad = id(7).to_string();
        fake.fail_always("GET", &bad, fault);
        let tenant = graph.read(&request(), &Heard::default()).await.unwrap();
        for n in 0..45 {
            let (user, good) = (user(&tenant, n), n != 7);
            assert_eq!(user.mfa_state.known().is_some(), good, "{fault:?}: user {n}");
            assert_eq!(user.registered.is_some(), good, "{fault:?}: user {n}: methods are read one by one without P1");
            assert_eq!(user.mailbox_purpose.is_some(), good, "{fault:?}: user {n}");
        }
        let [unread] = &tenant.unread[..] else { panic!("{:?}", tenant.unread) };
        assert_eq!(unread.user, id(7));
        assert!(unread.reason.contains("no answer after 9 tries") || unread.reason.contains('4'), "{}", unread.reason);
        assert_eq!(fake.problems(), Vec::<String>::new(), "{fault:?}: never a tenth try, never one before its time");
    }
}

#[tokio::test]
async fn a_batch_that_fails_as_a_whole_counts_for_each_of_its_items() {
    let fake = start(45, FakeOptions::default()).await;
    let graph = connect(&fake).await;
    fake.fail_always("POST", "$batch", Fault::Status(503));
    let error = graph.read(&states_only(), &Heard::default()).await.unwrap_err();
    assert!(error.to_string().contains("no answer after 9 tries; the last one: 503"), "{error}");
    assert_eq!(fake.problems(), Vec::<String>::new());
    let batches = fake.log().iter().filter(|one| one.path == "/$batch").count();
    assert!(batches <= 27, "three batches of nine tries each, not nine times nine: {batches}");
}
