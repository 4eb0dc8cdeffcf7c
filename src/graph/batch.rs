//! `$batch`: many small reads, 20 a request, each item with its own answer, its own retries and its own time.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::{
    sync::mpsc::UnboundedReceiver,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    client::{Client, Failure, Refusal, refusal_of},
    requests::{BATCH_BETA, BATCH_V1, RequestSpec, Version},
    retry::{self, Spent},
};
use crate::tenant::UserId;

/// Most items of one batch ("Combine multiple HTTP requests using JSON batching").
pub(crate) const MAX_ITEMS: usize = 20;

/// A read of something of one user; `index` is the caller's.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) index: u32,
    pub(crate) user: UserId,
    spent: Spent,
    unauthorized: bool,
}

impl Item {
    pub(crate) fn new(index: u32, user: UserId) -> Self {
        Self { index, user, spent: Spent::default(), unauthorized: false }
    }
}

/// The lasting answer to one item.
pub(crate) enum ItemAnswer<T> {
    Value(T),
    Refused(Refusal),
}

enum Outcome<T> {
    Done(Item, ItemAnswer<T>),
    Again(Item, Duration),
    GaveUp(Failure),
}

/// Reads `spec` of every item that `incoming` brings, with up to `parallelism` batches in flight, and calls `done` with
/// each lasting answer. Ends when `incoming` is closed and everything is answered, at the first item that stays without
/// an answer, or when `done` fails.
pub(crate) async fn read_all<T: Send + 'static>(
    client: &Arc<Client>,
    spec: &'static RequestSpec,
    parallelism: usize,
    mut incoming: UnboundedReceiver<Vec<Item>>,
    parse: fn(&str) -> Result<T, serde_json::Error>,
    mut done: impl FnMut(Item, ItemAnswer<T>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut ready: VecDeque<Item> = VecDeque::new();
    // By time, then by number of arrival: items are not comparable themselves.
    let mut delayed: BinaryHeap<Reverse<(Instant, u64)>> = BinaryHeap::new();
    let mut waiting = std::collections::HashMap::new();
    let mut arrivals = 0;
    let mut open = true;
    let mut flying: JoinSet<Result<Vec<Outcome<T>>, Failure>> = JoinSet::new();
    loop {
        let now = Instant::now();
        while let Some(Reverse((at, number))) = delayed.peek().copied() {
            if at > now {
                break;
            }
            delayed.pop();
            ready.extend(waiting.remove(&number));
        }
        // A batch that is not full waits for company while more may come.
        while flying.len() < parallelism
            && (ready.len() >= MAX_ITEMS || (!ready.is_empty() && !open && (flying.is_empty() || delayed.is_empty())))
        {
            let items: Vec<Item> = ready.drain(..ready.len().min(MAX_ITEMS)).collect();
            let client = Arc::clone(client);
            flying.spawn(async move { send(&client, spec, items, parse).await });
        }
        if !open && ready.is_empty() && delayed.is_empty() && flying.is_empty() {
            return Ok(());
        }
        let next = delayed.peek().map(|Reverse((at, _))| *at);
        tokio::select! {
            more = incoming.recv(), if open => match more {
                Some(items) => ready.extend(items),
                None => open = false,
            },
            Some(joined) = flying.join_next(), if !flying.is_empty() => {
                let outcomes = joined.map_err(|_| Failure::Unusable("a read was cancelled".to_owned()))??;
                for outcome in outcomes {
                    match outcome {
                        Outcome::Done(item, answer) => done(item, answer)?,
                        Outcome::GaveUp(failure) => return Err(failure),
                        Outcome::Again(item, wait) => {
                            arrivals += 1;
                            delayed.push(Reverse((Instant::now() + wait, arrivals)));
                            waiting.insert(arrivals, item);
                        }
                    }
                }
            }
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
        }
    }
}

#[derive(Serialize)]
struct Envelope {
    requests: Vec<Request>,
}

#[derive(Serialize)]
struct Request {
    id: String,
    method: &'static str,
    url: String,
}

#[derive(Deserialize)]
struct Answers<'a> {
    #[serde(borrow)]
    responses: Vec<Response<'a>>,
}

#[derive(Deserialize)]
struct Response<'a> {
    id: std::borrow::Cow<'a, str>,
    status: u16,
    #[serde(default)]
    headers: Option<Headers>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Headers {
    #[serde(rename = "Retry-After", alias = "retry-after")]
    retry_after: Option<TextOrNumber>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(f64),
    Other(serde::de::IgnoredAny),
}

impl Headers {
    fn retry_after(&self) -> Option<Duration> {
        match self.retry_after.as_ref()? {
            TextOrNumber::Text(text) => retry::parse(text, Timestamp::now()),
            TextOrNumber::Number(seconds) => retry::parse(&seconds.to_string(), Timestamp::now()),
            TextOrNumber::Other(_) => None,
        }
    }
}

/// The answers of one batch by item: order is not guaranteed, ids are.
struct Parsed<T> {
    outcomes: Vec<(u16, Option<Duration>, Option<Result<T, Refusal>>)>,
}

async fn send<T: Send>(
    client: &Client,
    spec: &'static RequestSpec,
    items: Vec<Item>,
    parse: fn(&str) -> Result<T, serde_json::Error>,
) -> Result<Vec<Outcome<T>>, Failure> {
    let batch = match spec.version {
        Version::Beta => &BATCH_BETA,
        Version::V1 => &BATCH_V1,
    };
    let requests = items.iter().enumerate().map(|(number, item)| Request {
        id: number.to_string(),
        method: spec.method,
        url: spec.path.replace("{id}", &item.user.to_string()),
    });
    let body = serde_json::to_vec(&Envelope { requests: requests.collect() })
        .map_err(|_| Failure::Unusable("a batch that cannot be written".to_owned()))?;
    let url = client.url(batch, batch.path, "");
    let before = client.tokens.get().await.map_err(Failure::Auth)?;
    let count = items.len();
    let parsed = client
        .read(batch, &url, Some(&body), spec.units * count as u32, |bytes| parse_answers(bytes, count, parse))
        .await?;

    let mut outcomes = Vec::with_capacity(count);
    for (mut item, (status, wait, value)) in items.into_iter().zip(parsed.outcomes) {
        match value {
            Some(Ok(value)) => outcomes.push(Outcome::Done(item, ItemAnswer::Value(value))),
            Some(Err(refusal)) if status == 401 && !item.unauthorized => {
                // One new token, shared, and one repeat, as for a request of its own.
                client.tokens.replace(&before).await.map_err(Failure::Auth)?;
                item.unauthorized = true;
                drop(refusal);
                outcomes.push(Outcome::Again(item, Duration::ZERO));
            }
            Some(Err(refusal)) if !retry::is_transient(status) => {
                outcomes.push(Outcome::Done(item, ItemAnswer::Refused(refusal)));
            }
            // Throttled, unwell, or not answered at all: only this item is asked again, not before its time.
            _ => {
                client.struggled(spec.family, status, wait);
                client.counters.retried.fetch_add(1, Ordering::Relaxed);
                match client.patience.next(&mut item.spent, wait) {
                    Some(wait) => {
                        client.tell_wait(wait, "the tenant is throttling");
                        outcomes.push(Outcome::Again(item, wait));
                    }
                    None => outcomes.push(Outcome::GaveUp(Failure::GaveUp {
                        last: if status == 0 { "the item was not answered".to_owned() } else { status.to_string() },
                        status: Some(status).filter(|status| *status != 0),
                        tries: item.spent.tries + 1,
                    })),
                }
            }
        }
    }
    Ok(outcomes)
}

fn parse_answers<T>(
    bytes: &[u8],
    count: usize,
    parse: fn(&str) -> Result<T, serde_json::Error>,
) -> Result<Parsed<T>, serde_json::Error> {
    let answers: Answers<'_> = serde_json::from_slice(bytes)?;
    let mut outcomes: Vec<_> = std::iter::repeat_with(|| (0, None, None)).take(count).collect();
    for response in answers.responses {
        let Some(slot) = response.id.parse::<usize>().ok().and_then(|number| outcomes.get_mut(number)) else {
            continue;
        };
        let text = response.body.map_or("null", RawValue::get);
        let wait = response.headers.as_ref().and_then(Headers::retry_after);
        let value = if (200..300).contains(&response.status) {
            // A body that does not fit counts as no answer: the item is asked again.
            parse(text).ok().map(Ok)
        } else {
            Some(Err(refusal_of(response.status, text.as_bytes())))
        };
        *slot = (response.status, wait, value);
    }
    Ok(Parsed { outcomes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_matched_by_id_whatever_their_order() {
        let body = br#"{"responses":[
            {"id":"2","status":429,"headers":{"Retry-After":"2.5"},"body":{"error":{"code":"TooManyRequests"}}},
            {"id":"0","status":200,"body":7},
            {"id":"9","status":200,"body":1}]}"#;
        let parsed = parse_answers::<u32>(body, 3, |text| serde_json::from_str(text)).unwrap();
        assert!(matches!(parsed.outcomes[0], (200, None, Some(Ok(7)))));
        assert!(matches!(parsed.outcomes[1], (0, None, None)), "not answered");
        let (status, wait, value) = &parsed.outcomes[2];
        assert_eq!((*status, *wait), (429, Some(Duration::from_millis(2500))));
        assert!(matches!(value, Some(Err(refusal)) if refusal.code == "TooManyRequests"));
    }
}
