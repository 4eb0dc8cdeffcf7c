//! How much is under way at a time, and how fast.

use super::*;

#[tokio::test]
async fn no_more_requests_are_under_way_than_parallelism_says() {
    let fake = start(400, FakeOptions { latency: Duration::from_millis(4), ..FakeOptions::default() }).await;
    let graph = GraphTenant::connect(Options { parallelism: 3, ..options(&fake) }).await.unwrap();
    graph.read(&request(), &Heard::default()).await.unwrap();
    assert_eq!(fake.most_in_flight(), 3, "over all kinds of requests together");
}

#[tokio::test]
async fn many_single_reads_travel_together_and_each_gets_its_own_answer() {
    let fake = start(200, FakeOptions { latency: Duration::from_millis(5), ..FakeOptions::default() }).await;
    let graph = Arc::new(connect(&fake).await);
    fake.clear_log();
    let mut reads = tokio::task::JoinSet::new();
    for n in 0..200 {
        let graph = Arc::clone(&graph);
        reads.spawn(async move { (n, graph.state(id(n)).await.unwrap()) });
    }
    let mut answered = 0;
    while let Some(joined) = reads.join_next().await {
        let (n, state) = joined.unwrap();
        assert_eq!(state, StateRead::Found(expected(200)[n as usize].unwrap().into()), "user {n}");
        answered += 1;
    }
    let stats = fake.stats();
    assert_eq!((answered, stats.calls), (200, 200));
    assert!(stats.requests < 40, "{stats:?}");
    assert_eq!(fake.problems(), Vec::<String>::new());
}

#[tokio::test]
async fn within_the_published_limits_nothing_is_throttled() {
    let fake = start(600, FakeOptions { throttle: Throttle::published(600), ..FakeOptions::default() }).await;
    let graph = GraphTenant::connect(Options { pacing: Pacing::Published, ..options(&fake) }).await.unwrap();
    graph.read(&states_only(), &Heard::default()).await.unwrap();
    for n in 0..40 {
        graph.write(id(n), MfaState::Enforced, std::future::pending()).await.unwrap();
    }
    assert_eq!((fake.stats().throttled, graph.usage().throttled), (0, 0));
}
