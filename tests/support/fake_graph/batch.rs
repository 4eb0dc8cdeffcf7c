//! `$batch`: items metered and answered one by one, in another order.

use std::{collections::HashMap, time::Duration};

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Inner, Mutable,
    errors::Reply,
    find_spec,
    log::Logged,
    metered,
    options::Fault,
    routes::Call,
    urls::{decode, joined, parameters},
};

/// What tells one thing that is asked from another, in a batch or by itself.
pub fn key(method: &str, path: &str, query: &HashMap<String, String>) -> String {
    format!("{method} {path}?{}", joined(query))
}

/// The keys of a batch's items.
pub fn keys(body: &Bytes) -> Vec<String> {
    let items: Value = serde_json::from_slice(body).unwrap_or_default();
    let item = |item: &Value| {
        let (path, query) = taken_apart(item["url"].as_str()?);
        Some(key(item["method"].as_str()?, &path, &query))
    };
    items["requests"].as_array().into_iter().flatten().filter_map(item).collect()
}

fn taken_apart(url: &str) -> (String, HashMap<String, String>) {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    (format!("/{}", decode(path).trim_start_matches('/')), parameters(query))
}

pub fn answer(inner: &Inner, state: &mut Mutable, version: &str, body: &Bytes) -> (Reply, f64) {
    #[derive(serde::Deserialize)]
    struct Envelope {
        requests: Vec<Item>,
    }
    #[derive(serde::Deserialize)]
    struct Item {
        id: String,
        method: String,
        url: String,
        #[serde(default)]
        body: Option<Value>,
    }
    let Ok(envelope) = serde_json::from_slice::<Envelope>(body) else {
        return (Reply::error(400, "BadRequest", "Invalid batch payload format."), 0.0);
    };
    if envelope.requests.is_empty() || envelope.requests.len() > 20 {
        return (
            Reply::error(400, "BadRequest", "Number of batch request steps exceeds the maximum value of 20."),
            0.0,
        );
    }
    let (reads, writes): (Vec<_>, Vec<_>) =
        envelope.requests.iter().map(|item| item.method != "PATCH").partition(|read| *read);
    if !reads.is_empty() && !writes.is_empty() {
        state.problems.push("a batch holds reads and writes".to_owned());
    }
    let mut answers = Vec::with_capacity(envelope.requests.len());
    let mut spent = 0.0;
    for item in &envelope.requests {
        // A `#` that is not encoded cuts the URL: the service then acts on something else, and says that all is well.
        let url = match item.url.split_once('#') {
            Some((cut, _)) => {
                state.problems.push(format!("batch item {}: `#` is not encoded", item.url));
                cut
            }
            None => &item.url,
        };
        let (path, query) = taken_apart(url);
        let asked = key(&item.method, &path, &query);
        let problem = state.faults.arrives(&asked);
        state.problems.extend(problem);
        let spec = find_spec(&item.method, version, &path, &query);
        let truncated = item.url.contains('#');
        let family = spec.map(|spec| spec.family);
        let fault = state.faults.draw(&item.method, &path, family, "item", true);
        let (reply, wrote) = match fault {
            Some(Fault::Status(status)) => (inner.broken(status), None),
            Some(Fault::Throttled) => (inner.throttled(Duration::from_millis(50)), None),
            Some(Fault::Unauthorized) => (super::unauthorized(), None),
            Some(Fault::Truncated | Fault::Html) => (Reply::ok("<html>".into()), None),
            // A batch is answered without the item.
            Some(Fault::ResetBefore | Fault::ResetAfter | Fault::Silent) => {
                (Reply { status: 0, ..Reply::no_content() }, None)
            }
            None if truncated && item.method == "PATCH" => (Reply::no_content(), None),
            None => {
                if spec.is_none_or(|spec| !spec.batched) {
                    state.problems.push(format!("batch item {} /{version}{path} is not in REQUESTS", item.method));
                }
                let call = Call {
                    method: &item.method,
                    version,
                    path: &path,
                    query: &query,
                    body: item.body.as_ref(),
                    eventual: false,
                    origin: &inner.origin,
                };
                let (reply, wrote, cost) = metered(inner, state, &call, spec);
                spent += cost;
                (reply, wrote)
            }
        };
        let whole = !matches!(fault, Some(Fault::Truncated | Fault::Html)) && reply.status != 0;
        state.faults.answered(&asked, !whole || super::faults::passes(reply.status), reply.until);
        state.log.push(Logged {
            at: Instant::now(),
            method: item.method.clone(),
            version: version.to_owned(),
            path,
            query: joined(&query),
            status: reply.status,
            in_batch: true,
            wrote,
            client_request_id: None,
        });
        if reply.status == 0 {
            continue;
        }
        let mut answer = json!({"id": item.id, "status": reply.status});
        let named = reply.headers.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.clone())));
        answer["headers"] =
            Value::Object(named.chain([("Content-Type".to_owned(), json!("application/json"))]).collect());
        if let Some(body) = reply.body {
            answer["body"] = body;
        }
        answers.push(answer);
    }
    if inner.options.shuffle && !answers.is_empty() {
        state.shuffles = state.shuffles.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let by = (state.shuffles >> 33) as usize % answers.len();
        answers.rotate_left(by);
        answers.reverse();
    }
    (Reply::ok(json!({"responses": answers})), spent)
}
