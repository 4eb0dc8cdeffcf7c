//! Tokens: how they are got, renewed, and kept to themselves.

use super::*;

#[tokio::test]
async fn the_wrong_tenant_is_refused_before_anything_else_is_asked() {
    let other = Some("00000000-1111-4222-8333-444444444444".to_owned());
    let fake = start(3, FakeOptions { organization_id: other, ..FakeOptions::default() }).await;
    let error = GraphTenant::connect(options(&fake)).await.unwrap_err();
    assert!(error.to_string().contains("is for tenant 00000000-1111"), "{error}");
    assert_eq!(fake.stats().requests, 1, "nothing but the organization");
}

#[tokio::test]
async fn a_next_page_elsewhere_gets_no_token() {
    let trap = FakeGraph::start(&seed(1), FakeOptions::default()).await;
    let lure = FakeOptions { page_size: 2, foreign_next_link: Some(trap.origin()), ..FakeOptions::default() };
    let fake = start(5, lure).await;
    let error = connect(&fake).await.read(&states_only(), &Heard::default()).await.unwrap_err();
    assert!(error.to_string().contains("it was not followed"), "{error}");
    assert!(trap.log().is_empty());
}

#[tokio::test]
async fn every_way_to_sign_in_gets_a_token() {
    let fake = start(2, FakeOptions::default()).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), support::fake_graph::FEDERATED_TOKEN).unwrap();
    let (app, path) = (("AZURE_CLIENT_ID", "app"), file.path().to_str().unwrap());
    let (github, azure) = (format!("{}/oidc/github?x=1", fake.origin()), format!("{}/oidc/azure", fake.origin()));
    let service = format!("{}/metadata/identity/oauth2/token", fake.origin());
    let origin = fake.origin();
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("client secret", &[app, ("ARM_CLIENT_SECRET", "canary-secret")]),
        ("federated token", &[app, ("AZURE_FEDERATED_TOKEN_FILE", path)]),
        (
            "GitHub Actions OIDC",
            &[app, ("ACTIONS_ID_TOKEN_REQUEST_URL", &github), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t")],
        ),
        (
            "Azure Pipelines OIDC",
            &[
                app,
                ("SYSTEM_OIDCREQUESTURI", &azure),
                ("SYSTEM_ACCESSTOKEN", "t"),
                ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "c"),
            ],
        ),
        ("managed identity", &[("IDENTITY_ENDPOINT", &service), ("IDENTITY_HEADER", "canary-header")]),
        ("managed identity", &[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &origin)]),
    ];
    for (method, variables) in cases {
        let who = GraphTenant::connect(options_with(&fake, variables)).await.unwrap().signed_in().await.unwrap();
        assert_eq!((who.method, who.tenant_name.as_str()), (*method, "Contoso"));
        assert!(who.claims.permissions().contains(&"Policy.Read.All"));
    }
}

#[tokio::test]
async fn a_device_code_is_shown_and_waited_for_and_names_the_operator() {
    let operator = id(1).to_string();
    let fake = start(2, FakeOptions { operator: Some(operator), ..FakeOptions::default() }).await;
    let shown = Arc::new(Mutex::new(String::new()));
    let mut options = options(&fake);
    options.credential = Credential::of(vec![Method::DeviceCode("client".into())]);
    let screen = Arc::clone(&shown);
    options.prompt = Some(Arc::new(move |prompt| *screen.lock().unwrap() = prompt.message.clone()));
    let graph = GraphTenant::connect(options).await.unwrap();
    assert!(shown.lock().unwrap().contains("ABCD-EFGH"));
    let who = graph.signed_in().await.unwrap();
    assert_eq!((who.method, who.claims.upn.as_deref()), ("device code", Some("operator@contoso.com")));
    let tenant = graph.read(&states_only(), &Heard::default()).await.unwrap();
    assert_eq!(tenant.operator_id, Some(id(1)));
}

#[tokio::test]
async fn an_operator_is_asked_for_the_write_permission_only_by_runs_that_write() {
    for writes in [false, true] {
        let fake = start(1, FakeOptions::default()).await;
        let credential = Credential::of(vec![Method::DeviceCode("client".into())]);
        let prompt: mfaplan::testing::graph::credentials::Prompt = Arc::new(|_| {});
        let options = Options { credential, prompt: Some(prompt), writes, ..options(&fake) };
        GraphTenant::connect(options).await.unwrap();
        let scopes = fake.log().into_iter().find(|one| one.path.ends_with("/devicecode")).unwrap().query;
        assert!(scopes.contains("Policy.Read.All"), "{scopes}");
        assert_eq!(scopes.contains("Policy.ReadWrite.AuthenticationMethod"), writes, "{scopes}");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_explained_and_not_repeated() {
    let fake = start(2, FakeOptions::default()).await;
    for (secret, words) in
        [("wrong", "the client secret is wrong (AADSTS7000215)"), ("expired", "has expired (AADSTS7000222)")]
    {
        let options = options_with(&fake, &[("AZURE_CLIENT_ID", "app"), ("AZURE_CLIENT_SECRET", secret)]);
        let error = GraphTenant::connect(options).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.hints.is_empty());
    }
    assert_eq!(fake.stats().sign_ins, 2, "an error that lasts is not tried again");
}

#[tokio::test]
async fn tokens_that_end_are_renewed_once_for_all() {
    let fake = start(100, FakeOptions { page_size: 10, ..FakeOptions::default() }).await;
    let graph = connect(&fake).await;
    fake.expire_tokens();
    let tenant = graph.read(&request(), &Heard::default()).await.unwrap();
    assert_eq!((tenant.users().len(), fake.stats().sign_ins), (100, 2));

    // One that never is accepted ends in an error instead of a loop.
    let fake = start(3, FakeOptions::default()).await;
    let graph = connect(&fake).await;
    for _ in 0..2 {
        fake.fail_next("GET", "/requirements", Fault::Unauthorized);
    }
    let error = graph.state(id(0)).await.unwrap_err();
    assert!(error.to_string().contains("does not accept the token"), "{error}");
}

#[tokio::test]
async fn no_secret_is_in_any_error_or_debug_text() {
    let fake = start(3, FakeOptions::default()).await;
    let graph = connect(&fake).await;
    let mut texts = vec![format!("{:?} {:?}", options(&fake).credential, graph)];
    for fault in [Fault::Status(400), Fault::Status(401), Fault::Html, Fault::ResetBefore, Fault::Truncated] {
        // A 401 is forgiven once, with a new token.
        for _ in 0..2 {
            fake.fail_next("GET", &id(0).to_string(), fault);
        }
        let error = graph.state(id(0)).await.unwrap_err();
        texts.push(format!("{error} {error:?}"));
        while graph.state(id(0)).await.is_err() {}
    }
    for fault in [Fault::Status(400), Fault::ResetAfter] {
        fake.fail_next("PATCH", "", fault);
        texts.push(format!("{:?}", graph.write(id(0), MfaState::Enabled, std::future::pending()).await.unwrap_err()));
    }
    drop(fake);
    texts.push(format!("{:?}", graph.write(id(0), MfaState::Enabled, std::future::pending()).await.unwrap_err()));
    for text in texts {
        assert!(!text.contains("canary") && !text.contains("Bearer"), "{text}");
    }
}

/// Answers of the sign-in endpoint as nobody should send them: each is taken for what it can mean, or is an error; none makes
/// the program ask without end.
#[tokio::test]
async fn odd_token_answers_are_bounded_or_an_error() {
    use serde_json::json;
    for lifetime in
        [json!(0), json!(-5), json!(i64::MAX), json!(i64::MIN), json!("3599"), json!("soon"), json!(1.5), json!(null)]
    {
        let odd = json!({"expires_in": lifetime, "expires_on": lifetime});
        let fake = start(30, FakeOptions { token_answer: odd.clone(), ..FakeOptions::default() }).await;
        let service = format!("{}/metadata/identity/oauth2/token", fake.origin());
        let secret = options(&fake);
        let managed = options_with(&fake, &[("IDENTITY_ENDPOINT", &service), ("IDENTITY_HEADER", "canary-header")]);
        for options in [secret, managed] {
            if let Ok(graph) = GraphTenant::connect(options).await {
                graph.read(&states_only(), &Heard::default()).await.unwrap();
            }
        }
        let tokens = fake.log().iter().filter(|one| one.version == "login").count();
        assert!((2..=40).contains(&tokens), "{odd}: {tokens} tokens");
    }
    for token in [json!(""), json!("a\r\nb"), json!(["x"]), json!(null), json!(7)] {
        let fake =
            start(3, FakeOptions { token_answer: json!({"access_token": token}), ..FakeOptions::default() }).await;
        let error = GraphTenant::connect(options(&fake)).await.expect_err("no token").to_string();
        assert!(!error.contains("canary-"), "{error}");
    }
}

#[tokio::test]
async fn a_list_that_leads_back_to_itself_is_an_error() {
    let fake = start(5, FakeOptions { page_size: 2, circular: true, ..FakeOptions::default() }).await;
    let error = match GraphTenant::connect(options(&fake)).await {
        Ok(graph) => graph.read(&states_only(), &Heard::default()).await.unwrap_err(),
        Err(error) => error,
    };
    assert!(error.to_string().contains("the same next page twice"), "{error}");
    assert!(fake.stats().requests < 20, "{:?}", fake.stats());
}
