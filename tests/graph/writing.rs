//! Writes: one request a user, never repeated by itself.

use super::*;

#[tokio::test]
async fn a_write_that_has_not_been_sent_is_not_sent_once_the_caller_leaves() {
    let fake = start(3, FakeOptions { retry_after: RetryAfter::Seconds(60), ..FakeOptions::default() }).await;
    let graph = connect(&fake).await;
    fake.fail_next("PATCH", "/requirements", Fault::Throttled);
    graph.write(id(0), MfaState::Enforced, std::future::pending()).await.unwrap_err();
    // The lane of writes is closed for a minute.
    let error = graph.write(id(0), MfaState::Enforced, tokio::task::yield_now()).await.unwrap_err();
    assert_eq!(error.kind, WriteErrorKind::Unsent);
    assert_eq!(fake.writes(), []);
}

#[tokio::test]
async fn a_write_sets_the_state_and_the_service_may_promote_it() {
    let fake = start(9, FakeOptions::default()).await;
    let graph = connect(&fake).await;
    graph.write(id(3), MfaState::Enforced, std::future::pending()).await.unwrap();
    assert_eq!(graph.state(id(3)).await.unwrap(), StateRead::Found(MfaState::Enforced.into()));
    graph.write(id(0), MfaState::Enabled, std::future::pending()).await.unwrap();
    assert_eq!(graph.state(id(0)).await.unwrap(), StateRead::Found(MfaState::Enforced.into()), "registered already");
    assert_eq!(fake.writes(), [(id(3).to_string(), "enforced".to_owned()), (id(0).to_string(), "enabled".to_owned())]);
    assert_eq!(fake.problems(), Vec::<String>::new());
}

#[tokio::test]
async fn a_write_says_what_its_failure_means_and_never_repeats_itself() {
    let fake = start(9, FakeOptions::default()).await;
    let graph = connect(&fake).await;
    // What the service asks to wait is told to the part of a millisecond, on 5xx as on 429.
    let after = Some(Duration::from_millis(50));
    for (fault, kind, written) in [
        (Fault::Throttled, WriteErrorKind::Retry { after }, false),
        (Fault::Status(500), WriteErrorKind::NoAnswer { after }, false),
        (Fault::Status(503), WriteErrorKind::NoAnswer { after }, false),
        (Fault::Status(400), WriteErrorKind::Rejected, false),
        (Fault::ResetBefore, WriteErrorKind::NoAnswer { after: None }, false),
        (Fault::ResetAfter, WriteErrorKind::NoAnswer { after: None }, true),
    ] {
        fake.clear_log();
        fake.fail_next("PATCH", "/requirements", fault);
        let error = graph.write(id(3), MfaState::Enforced, std::future::pending()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{fault:?}: {error}");
        assert_eq!((fake.writes().len() == 1, fake.stats().requests), (written, 1), "{fault:?}");
        fake.set_state(&id(3).to_string(), "disabled");
    }
    fake.delete(&id(5).to_string());
    assert_eq!(
        graph.write(id(5), MfaState::Enforced, std::future::pending()).await.unwrap_err().kind,
        WriteErrorKind::Gone
    );
    assert_eq!(graph.state(id(5)).await.unwrap(), StateRead::Gone);
    fake.expire_tokens();
    graph.write(id(3), MfaState::Enforced, std::future::pending()).await.unwrap();

    let fake = start(9, FakeOptions::default().without(&["Policy.ReadWrite.AuthenticationMethod"])).await;
    let error = connect(&fake).await.write(id(3), MfaState::Enforced, std::future::pending()).await.unwrap_err();
    assert_eq!(error.kind, WriteErrorKind::Forbidden);
    assert!(error.to_string().contains("Policy.ReadWrite.AuthenticationMethod"), "{error}");
}
