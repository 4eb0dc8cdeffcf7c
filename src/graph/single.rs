//! One user at a time: the check before a write, the write, and the read-back.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use tokio::sync::{Semaphore, oneshot};
use uuid::Uuid;

use super::{
    batch::{self, MAX_ITEMS, Reply},
    client::{Answer, Client, Failure, Trouble, refusal},
    credentials::{Known, Said},
    requests::{Family, STATE, WRITE_STATE},
    retry_after,
    wire::StateWire,
};
use crate::tenant::{MfaState, ObservedState, ReadError, StateRead, UserId, WriteError, WriteErrorKind};

/// What a caller waits for: every failure is told at once, since the patience is the caller's.
type Told = Result<StateRead, ReadError>;

/// Reads of single states. While few are asked each goes at once by itself; when more are waiting than may be in
/// flight, they travel 20 in a batch. Writes are never in a batch, so a check is always answered before its write is
/// sent.
pub(super) struct StateReads {
    queue: Mutex<VecDeque<(UserId, oneshot::Sender<Told>)>>,
    slots: Semaphore,
}

impl StateReads {
    pub(super) fn new(parallelism: usize) -> Self {
        Self { queue: Mutex::new(VecDeque::new()), slots: Semaphore::new(parallelism.max(1)) }
    }

    /// The state of one user now.
    pub(super) async fn read(&self, client: &Client, user: UserId) -> Told {
        loop {
            let (sender, mut receiver) = oneshot::channel();
            self.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back((user, sender));
            // Either a slot comes free and this caller serves the head of the queue, or another has served it already.
            let answered = tokio::select! {
                biased;
                answer = &mut receiver => Some(answer),
                slot = self.slots.acquire() => {
                    let _slot = slot.map_err(|_| ReadError::new("reading was stopped"))?;
                    self.serve(client).await;
                    None
                }
            };
            let answered = match answered {
                Some(answer) => answer,
                None => receiver.await,
            };
            match answered {
                Ok(answer) => return answer,
                // The caller that served this was cancelled: ask again.
                Err(_) => continue,
            }
        }
    }

    async fn serve(&self, client: &Client) {
        let taken: Vec<_> = {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            // Callers that have gone away need no answer.
            queue.retain(|(_, sender)| !sender.is_closed());
            let count = queue.len().min(MAX_ITEMS);
            queue.drain(..count).collect()
        };
        match taken.len() {
            0 => {}
            1 => {
                for (user, sender) in taken {
                    let _ = sender.send(alone(client, user).await);
                }
            }
            _ => together(client, taken).await,
        }
    }
}

async fn alone(client: &Client, user: UserId) -> Told {
    let url = client.url(&STATE, &STATE.path.replace("{id}", &user.to_string()), "");
    let mut parse = |bytes: &[u8]| serde_json::from_slice::<StateWire>(bytes);
    match client.once(&STATE, &url, None, STATE.units, &mut parse).await {
        Ok(wire) => Ok(found(&wire)),
        Err(Trouble::Lasting(failure)) => refused(user, failure),
        Err(Trouble::Passing(last)) => refused(user, Failure::GaveUp { last, tries: 1 }),
    }
}

async fn together(client: &Client, taken: Vec<(UserId, oneshot::Sender<Told>)>) {
    let users: Vec<UserId> = taken.iter().map(|(user, _)| *user).collect();
    let parse = |text: &str| serde_json::from_str::<StateWire>(text);
    let mut failed = None;
    let replies = batch::once(client, &STATE, &users, parse).await.unwrap_or_else(|failure| {
        failed = Some(failure.error(&STATE, "the states"));
        Vec::new()
    });
    let mut replies = replies.into_iter();
    for (user, sender) in taken {
        let answer = match replies.next() {
            Some(Reply::Value(wire)) => Ok(found(&wire)),
            Some(Reply::Refused(refusal)) => refused(user, Failure::Refused(refusal)),
            Some(Reply::Passing(last)) => refused(user, Failure::GaveUp { last, tries: 1 }),
            None => Err(failed.clone().unwrap_or_else(|| ReadError::new(format!("user {user} was not answered")))),
        };
        // Callers that have gone away need no answer.
        let _ = sender.send(answer);
    }
}

fn found(wire: &StateWire) -> StateRead {
    StateRead::Found(ObservedState::from_wire(wire.per_user_mfa_state.as_deref()))
}

fn refused(user: UserId, failure: Failure) -> Told {
    match failure {
        Failure::Refused(refusal) if refusal.status == 404 => Ok(StateRead::Gone),
        failure => Err(failure.error(&STATE, &format!("the state of user {user}"))),
    }
}

/// Writes one state, once. The only repeat is after a 401, which says that nothing was done.
///
/// Until the request is sent, every wait (for the limits, for a place in flight, for a token) ends with `leave`.
pub(super) async fn write(
    client: &Client,
    user: UserId,
    after: MfaState,
    leave: impl Future<Output = ()> + Send,
) -> Result<(), WriteError> {
    let spec = &WRITE_STATE;
    let url = client.url(spec, &spec.path.replace("{id}", &user.to_string()), "");
    let body = format!("{{\"perUserMfaState\":\"{after}\"}}");
    let error = |kind, message: String| WriteError { kind, message, status: None, code: None, request_id: None };
    let mut leave = std::pin::pin!(leave);
    let mut old = None;
    loop {
        let ready = async {
            // A write is charged twice: one write, and one resource unit. Only the write takes a place in flight, so
            // that reads before and after other writes go on beside it.
            drop(client.admit(Family::Identity, spec.units).await);
            let token = match &old {
                Some(old) => client.tokens.replace(old).await,
                None => client.tokens.get().await,
            };
            // The token first: nobody holds the writes' turn while signing in.
            (token, client.admit(spec.family, 1).await)
        };
        let (token, admission) = tokio::select! {
            biased;
            () = &mut leave => {
                return Err(error(WriteErrorKind::Unsent, format!("the write for user {user}: stopped before it was sent")));
            }
            ready = ready => ready,
        };
        // Signing in has had its own patience: this user's write fails, and the next may find the service well.
        let token = token.map_err(|failed| match failed.transient {
            true => error(WriteErrorKind::Rejected, failed.to_string()),
            false => error(WriteErrorKind::Forbidden, failed.to_string()),
        })?;
        let id = Uuid::new_v4();
        let answer = match client.send(spec, &url, Some(body.clone().into_bytes()), &token, id).await {
            Ok(answer) => answer,
            Err(broken) => {
                let kind = match broken.unsent {
                    true => WriteErrorKind::Retry { after: None },
                    false => WriteErrorKind::NoAnswer { after: None },
                };
                let request_id = Some(id.to_string());
                return Err(WriteError {
                    request_id,
                    ..error(kind, format!("the write for user {user}: {}", broken.what))
                });
            }
        };
        match answer.status {
            200..=299 => {
                client.succeeded(&admission.permit, &answer.headers);
                return Ok(());
            }
            401 if old.is_none() => old = Some(token),
            status => {
                let wait = retry_after::of_headers(&answer.headers);
                if retry_after::is_transient(status) {
                    client.struggled(spec.family, status, wait);
                }
                return Err(write_error(user, &answer, wait, id, client.tokens.known()));
            }
        }
    }
}

fn write_error(
    user: UserId,
    answer: &Answer,
    after: Option<std::time::Duration>,
    id: Uuid,
    known: &Known,
) -> WriteError {
    let refusal = refusal(answer, known);
    let kind = match answer.status {
        401 | 403 => WriteErrorKind::Forbidden,
        404 => WriteErrorKind::Gone,
        429 => WriteErrorKind::Retry { after },
        // An answer of a gateway says nothing about the service behind it: only a read can tell.
        500.. => WriteErrorKind::NoAnswer { after },
        _ => WriteErrorKind::Rejected,
    };
    WriteError {
        kind,
        message: format!("the write for user {user}: {}", refusal.reason(&WRITE_STATE)),
        status: Some(answer.status),
        code: Some(refusal.code).filter(|code| !code.is_empty()).map(String::from),
        request_id: refusal.request_id.map(|said: Said| said.into()).or_else(|| Some(id.to_string())),
    }
}
