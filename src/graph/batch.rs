//! `$batch`: many small reads, 20 a request, each item with its own answer, its own retries and its own time.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::Error as _};
use serde_json::value::RawValue;
use tokio::{
    sync::mpsc::UnboundedReceiver,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    client::{CONTRADICTION, Client, Failure, Passing, Refusal, Trouble, refusal_of},
    credentials::Known,
    requests::{BATCH_BETA, BATCH_V1, RequestSpec, Version},
    retry_after,
};
use crate::tenant::{Spent, UserId};

/// Most items of one batch ("Combine multiple HTTP requests using JSON batching").
pub(crate) const MAX_ITEMS: usize = 20;

/// A read of something of one user; `index` is the caller's.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) index: u32,
    pub(crate) user: UserId,
    spent: Spent,
}

impl Item {
    pub(crate) fn new(index: u32, user: UserId) -> Self {
        Self { index, user, spent: Spent::default() }
    }
}

/// The answer to one item.
#[derive(Debug)]
pub(crate) enum Reply<T> {
    Value(T),
    Refused(Refusal),
    /// Throttled, unwell, or not answered at all.
    Passing(Passing),
}

/// What became of one item of [`read_all`] in the end.
pub(crate) type Ended<T> = Result<T, Failure>;

/// The items of one batch with their answers.
type Answered<T> = Vec<(Item, Reply<T>)>;

/// Reads `spec` of every item that `incoming` brings, with up to `parallelism` batches in flight, and calls `done` with
/// what each came to: a value, a refusal, or the end of patience. One item's bad end is only its own. Ends when
/// `incoming` is closed and everything is answered, when signing in fails, or when `done` fails.
pub(crate) async fn read_all<T: Send + 'static>(
    client: &Arc<Client>,
    spec: &'static RequestSpec,
    parallelism: usize,
    mut incoming: UnboundedReceiver<Vec<Item>>,
    parse: fn(&str) -> Result<T, serde_json::Error>,
    mut done: impl FnMut(Item, Ended<T>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut ready: VecDeque<Item> = VecDeque::new();
    // By time, then by number of arrival: items are not comparable themselves.
    let mut delayed: BinaryHeap<Reverse<(Instant, u64)>> = BinaryHeap::new();
    let mut waiting = HashMap::new();
    let mut arrivals = 0;
    let mut open = true;
    let mut flying: JoinSet<Result<Answered<T>, Failure>> = JoinSet::new();
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
            flying.spawn(async move {
                let users: Vec<UserId> = items.iter().map(|item| item.user).collect();
                let replies = once(&client, spec, &users, parse).await?;
                Ok(items.into_iter().zip(replies).collect())
            });
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
                let replies = joined.map_err(|_| Failure::Unusable("a read was cancelled".to_owned()))??;
                // One chance for all: items that failed together travel together again.
                let chance = retry_after::chance();
                let (now, mut longest) = (Instant::now(), None);
                for (mut item, reply) in replies {
                    let passing = match reply {
                        Reply::Value(value) => {
                            done(item, Ok(value))?;
                            continue;
                        }
                        Reply::Refused(refusal) => {
                            done(item, Err(Failure::Refused(refusal)))?;
                            continue;
                        }
                        Reply::Passing(passing) => passing,
                    };
                    let Some(wait) = client.patience.next(&mut item.spent, passing.wait, chance) else {
                        let tries = item.spent.tries + 1;
                        done(item, Err(Failure::GaveUp { last: passing, tries }))?;
                        continue;
                    };
                    client.counters.retried.fetch_add(1, Ordering::Relaxed);
                    longest = longest.max(Some((wait, passing.why())));
                    arrivals += 1;
                    delayed.push(Reverse((now + wait, arrivals)));
                    waiting.insert(arrivals, item);
                }
                if let Some((wait, why)) = longest {
                    client.tell_wait(wait, why);
                }
            }
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
        }
    }
}

/// Asks for `spec` of these users once, at most [`MAX_ITEMS`]. Items answered 401 are asked once more with a new token,
/// as a request of its own would be. A batch that fails as a whole has failed for each of its items.
pub(crate) async fn once<T: Send>(
    client: &Client,
    spec: &'static RequestSpec,
    users: &[UserId],
    parse: fn(&str) -> Result<T, serde_json::Error>,
) -> Result<Vec<Reply<T>>, Failure> {
    let before = client.tokens.get().await.map_err(Failure::Auth)?;
    let mut replies = send(client, spec, users, parse).await?;
    let unauthorized = |reply: &Reply<T>| matches!(reply, Reply::Refused(refusal) if refusal.status == 401);
    let again: Vec<usize> = (0..users.len()).filter(|at| replies.get(*at).is_some_and(unauthorized)).collect();
    if again.is_empty() {
        return Ok(replies);
    }
    client.tokens.replace(&before).await.map_err(Failure::Auth)?;
    let those: Vec<UserId> = again.iter().filter_map(|at| users.get(*at).copied()).collect();
    for (at, reply) in again.into_iter().zip(send(client, spec, &those, parse).await?) {
        replies[at] = reply;
    }
    Ok(replies)
}

async fn send<T: Send>(
    client: &Client,
    spec: &'static RequestSpec,
    users: &[UserId],
    parse: fn(&str) -> Result<T, serde_json::Error>,
) -> Result<Vec<Reply<T>>, Failure> {
    let batch = match spec.version {
        Version::Beta => &BATCH_BETA,
        Version::V1 => &BATCH_V1,
    };
    let requests = users.iter().enumerate().map(|(number, user)| Request {
        id: number.to_string(),
        method: spec.method,
        url: format!("{}{}", spec.path.replace("{id}", &user.to_string()), spec.query),
    });
    let body = serde_json::to_vec(&Envelope { requests: requests.collect() })
        .map_err(|_| Failure::Unusable("a batch that cannot be written".to_owned()))?;
    let url = client.url(batch, batch.path, "");
    let count = users.len();
    let known = client.tokens.known();
    let mut read = |bytes: &[u8]| parse_answers(bytes, count, parse, known);
    match client.once(batch, &url, Some(&body), spec.units * count as u32, &mut read).await {
        Ok(replies) => {
            for reply in &replies {
                if let Reply::Passing(passing) = reply {
                    client.struggled(spec.family, passing.status.unwrap_or(0), passing.wait);
                }
            }
            Ok(replies)
        }
        Err(Trouble::Lasting(failure)) => Err(failure),
        Err(Trouble::Passing(passing)) => Ok(users.iter().map(|_| Reply::Passing(passing.clone())).collect()),
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
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    status: &'a RawValue,
    #[serde(borrow, default)]
    headers: Option<&'a RawValue>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

impl Response<'_> {
    /// A status that is none counts as no answer: one odd item is no reason to do without the others.
    fn status(&self) -> Option<u16> {
        self.status.get().parse().ok()
    }

    fn retry_after(&self) -> Option<Duration> {
        let headers: HashMap<String, serde_json::Value> = serde_json::from_str(self.headers?.get()).ok()?;
        let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        retry_after::parse(&text, None, Timestamp::now())
    }
}

/// The answers of one batch by item: order is not guaranteed, ids are. An id that was not asked is nobody's; one that is
/// answered twice makes the whole batch worthless, since nobody can tell which answer holds.
fn parse_answers<T>(
    bytes: &[u8],
    count: usize,
    parse: fn(&str) -> Result<T, serde_json::Error>,
    known: &Known,
) -> Result<Vec<Reply<T>>, serde_json::Error> {
    let answers: Answers<'_> = serde_json::from_slice(bytes)?;
    let mut replies: Vec<Option<Reply<T>>> = std::iter::repeat_with(|| None).take(count).collect();
    for response in answers.responses {
        let number = response.id.parse::<usize>().ok().filter(|number| number.to_string() == *response.id);
        let Some(slot) = number.and_then(|number| replies.get_mut(number)) else { continue };
        if slot.is_some() {
            return Err(serde_json::Error::custom(CONTRADICTION));
        }
        let text = response.body.map_or("null", RawValue::get);
        let status = response.status();
        *slot = Some(match status {
            // A body that does not fit counts as no answer: the item is asked again.
            Some(200..300) => parse(text).map_or_else(|_| Reply::Passing(unanswered(status)), Reply::Value),
            Some(status) if !retry_after::is_transient(status) => {
                Reply::Refused(refusal_of(status, text.as_bytes(), known))
            }
            Some(known) => {
                let (last, wait) = (known.to_string(), response.retry_after());
                Reply::Passing(Passing { last, status, wait })
            }
            None => Reply::Passing(unanswered(None)),
        });
    }
    Ok(replies.into_iter().map(|reply| reply.unwrap_or_else(|| Reply::Passing(unanswered(None)))).collect())
}

fn unanswered(status: Option<u16>) -> Passing {
    Passing { last: "the item was not answered".to_owned(), status, wait: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &[u8], count: usize) -> Result<Vec<Reply<u32>>, serde_json::Error> {
        parse_answers::<u32>(body, count, |text| serde_json::from_str(text), &Known::default())
    }

    #[test]
    fn answers_are_matched_by_id_whatever_their_order() {
        let body = br#"{"responses":[
            {"id":"2","status":429,"headers":{"RETRY-AFTER":"2.5"},"body":{"error":{"code":"TooManyRequests"}}},
            {"id":"0","status":200,"body":7},
            {"id":"+1","status":200,"body":1},
            {"id":"9","status":200,"body":1},
            {"id":"3","status":"ok","body":1},
            {"id":"4","status":404,"headers":[],"body":"<html>"}]}"#;
        let replies = parsed(body, 5).unwrap();
        assert!(matches!(replies[0], Reply::Value(7)));
        assert!(matches!(&replies[1], Reply::Passing(one) if one.status.is_none()), "not answered");
        let waits = Some(Duration::from_millis(2500));
        assert!(matches!(&replies[2], Reply::Passing(one) if one.status == Some(429) && one.wait == waits));
        assert!(matches!(&replies[3], Reply::Passing(one) if one.status.is_none()), "a status that is none");
        assert!(matches!(&replies[4], Reply::Refused(one) if one.status == 404));
    }

    #[test]
    fn an_item_that_is_answered_twice_makes_the_batch_worthless() {
        for second in ["8", "7"] {
            let body = format!(
                r#"{{"responses":[{{"id":"0","status":200,"body":7}},{{"id":"0","status":200,"body":{second}}}]}}"#
            );
            assert!(parsed(body.as_bytes(), 1).unwrap_err().is_data());
        }
    }
}
