//! The fake is as strict as the service, and the pages say what the code does.

use super::*;

/// What the client avoids: the fake punishes it as the service does.
#[tokio::test]
async fn the_fake_refuses_what_the_service_refuses() {
    let fake = start(3, FakeOptions::default()).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let form = [("grant_type", "client_credentials"), ("client_secret", "any"), ("scope", "x/.default")];
    let url = format!("{}/{TENANT}/oauth2/v2.0/token", fake.origin());
    let token: serde_json::Value = http.post(url).form(&form).send().await.unwrap().json().await.unwrap();
    let bearer = token["access_token"].as_str().unwrap();
    let users = format!("{}/v1.0/users?$filter=accountEnabled%20ne%20true&$count=true", fake.origin());
    let plain = http.get(&users).bearer_auth(bearer).send().await.unwrap();
    let eventual = http.get(&users).bearer_auth(bearer).header("ConsistencyLevel", "eventual").send().await.unwrap();
    assert_eq!((plain.status().as_u16(), eventual.status().as_u16()), (400, 200));

    // A `#` that is not encoded cuts the URL: success is said, and nothing is changed.
    let item = serde_json::json!({"id": "1", "method": "PATCH", "url": "/users/a_b#EXT#@contoso.com/authentication/requirements",
        "headers": {"Content-Type": "application/json"}, "body": {"perUserMfaState": "enforced"}});
    let batch = http.post(format!("{}/beta/$batch", fake.origin())).bearer_auth(bearer);
    let batch = batch.body(serde_json::json!({"requests": [item]}).to_string()).send().await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&batch.text().await.unwrap()).unwrap();
    assert_eq!((&answer["responses"][0]["status"], fake.writes()), (&204.into(), Vec::new()));
    assert!(fake.problems().iter().any(|problem| problem.contains("`#` is not encoded")));
}

/// `docs/graph.md` carries the table of the code. `UPDATE_DOCS=1 cargo test --test graph` writes it anew.
#[test]
fn the_documentation_lists_every_request() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/graph.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<!-- requests: generated -->\n").unwrap();
    let (table, after) = rest.split_once("<!-- /requests -->").unwrap();
    let wanted = mfaplan::testing::graph::markdown_table();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let page = format!("{before}<!-- requests: generated -->\n{wanted}<!-- /requests -->{after}");
        std::fs::write(path, page).unwrap();
    } else {
        assert_eq!(table, wanted, "run UPDATE_DOCS=1 cargo test --test graph");
    }
}

/// Each credential variable is explained.
#[test]
fn the_documentation_explains_every_credential_variable() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/credentials.md")).unwrap();
    for (name, _) in mfaplan::testing::graph::credentials::VARIABLES {
        assert!(page.contains(&format!("`{name}`")), "{name} is not in docs/credentials.md");
    }
}
