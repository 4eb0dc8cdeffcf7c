//! One user at a time: the check before a write, the write, and the read-back.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Semaphore, mpsc, oneshot};
use uuid::Uuid;

use super::{
    batch::{self, Item, ItemAnswer, MAX_ITEMS},
    client::{Answer, Client, Failure, Refusal, refusal},
    requests::{Family, STATE, WRITE_STATE},
    retry,
    wire::StateWire,
};
use crate::tenant::{MfaState, ObservedState, ReadError, StateRead, UserId, WriteError, WriteErrorKind};

type Shared = Result<StateRead, Arc<Failed>>;

/// A read that several callers wait for.
#[derive(Debug)]
enum Failed {
    Refused(Refusal),
    Other { message: String, hints: Vec<String>, status: Option<u16>, transient: bool },
}

/// Reads of single states. While few are asked each goes at once by itself; when more are waiting than may be in
/// flight, they travel 20 in a batch. Writes are never in a batch, so a check is always answered before its write is
/// sent.
pub(super) struct StateReads {
    queue: Mutex<VecDeque<(UserId, oneshot::Sender<Shared>)>>,
    slots: Semaphore,
}

impl StateReads {
    pub(super) fn new(parallelism: usize) -> Self {
        Self { queue: Mutex::new(VecDeque::new()), slots: Semaphore::new(parallelism.max(1)) }
    }

    /// The state of one user now.
    pub(super) async fn read(&self, client: &Arc<Client>, user: UserId) -> Result<StateRead, ReadError> {
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
                Ok(answer) => return answer.map_err(|failed| failed.error(user)),
                // The caller that served this was cancelled: ask again.
                Err(_) => continue,
            }
        }
    }

    async fn serve(&self, client: &Arc<Client>) {
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

async fn alone(client: &Client, user: UserId) -> Shared {
    let url = client.url(&STATE, &STATE.path.replace("{id}", &user.to_string()), "");
    let read = client.read(&STATE, &url, None, STATE.units, |bytes| serde_json::from_slice::<StateWire>(bytes)).await;
    match read {
        Ok(wire) => Ok(found(&wire)),
        Err(Failure::Refused(refusal)) => refused(refusal),
        Err(failure) => Err(Arc::new(Failed::of(failure))),
    }
}

async fn together(client: &Arc<Client>, taken: Vec<(UserId, oneshot::Sender<Shared>)>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let items = taken.iter().zip(0..).map(|((user, _), index)| Item::new(index, *user)).collect();
    // The receiver is right here, so the send cannot fail.
    let _ = sender.send(items);
    drop(sender);
    let mut waiting: Vec<Option<oneshot::Sender<Shared>>> = taken.into_iter().map(|(_, sender)| Some(sender)).collect();
    let parse = |text: &str| serde_json::from_str::<StateWire>(text);
    let ended = batch::read_all(client, &STATE, 1, receiver, parse, |item, answer| {
        let answer = match answer {
            ItemAnswer::Value(wire) => Ok(found(&wire)),
            ItemAnswer::Refused(refusal) => refused(refusal),
        };
        if let Some(sender) = waiting.get_mut(item.index as usize).and_then(Option::take) {
            let _ = sender.send(answer);
        }
        Ok(())
    })
    .await;
    if let Err(failure) = ended {
        let failed = Arc::new(Failed::of(failure));
        for sender in waiting.into_iter().flatten() {
            let _ = sender.send(Err(Arc::clone(&failed)));
        }
    }
}

fn found(wire: &StateWire) -> StateRead {
    StateRead::Found(ObservedState::from_wire(wire.per_user_mfa_state.as_deref()))
}

fn refused(refusal: Refusal) -> Shared {
    if refusal.status == 404 { Ok(StateRead::Gone) } else { Err(Arc::new(Failed::Refused(refusal))) }
}

impl Failed {
    fn of(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::Refused(refusal),
            other => {
                let error = other.error(&STATE, "the state");
                Self::Other {
                    message: error.message,
                    hints: error.hints,
                    status: error.status,
                    transient: error.transient,
                }
            }
        }
    }

    fn error(&self, user: UserId) -> ReadError {
        match self {
            Self::Refused(refusal) => {
                Failure::Refused(refusal.clone()).error(&STATE, &format!("the state of user {user}"))
            }
            Self::Other { message, hints, status, transient } => ReadError {
                message: format!("user {user}: {message}"),
                hints: hints.clone(),
                status: *status,
                request_id: None,
                transient: *transient,
            },
        }
    }
}

/// Writes one state, once. The only repeat is after a 401, which says that nothing was done.
pub(super) async fn write(client: &Client, user: UserId, after: MfaState) -> Result<(), WriteError> {
    let spec = &WRITE_STATE;
    let url = client.url(spec, &spec.path.replace("{id}", &user.to_string()), "");
    let body = format!("{{\"perUserMfaState\":\"{after}\"}}");
    let unpermitted = |message: String, status| WriteError {
        kind: WriteErrorKind::Forbidden,
        message,
        status,
        code: None,
        request_id: None,
    };
    let mut old = None;
    loop {
        // A write is charged twice: one write, and one resource unit. Only the write takes a place in flight, so that
        // reads before and after other writes go on beside it.
        drop(client.admit(Family::Identity, spec.units).await);
        let permit = client.admit(spec.family, 1).await;
        let token = match &old {
            Some(old) => client.tokens.replace(old).await,
            None => client.tokens.get().await,
        };
        let token = token.map_err(|error| match error.transient {
            true => {
                WriteError { kind: WriteErrorKind::Retry { after_ms: None }, ..unpermitted(error.to_string(), None) }
            }
            false => unpermitted(error.to_string(), None),
        })?;
        let id = Uuid::new_v4();
        let answer = match client.send(spec, &url, Some(body.clone().into_bytes()), &token, id).await {
            Ok(answer) => answer,
            Err(broken) => {
                let kind = match broken.unsent {
                    true => WriteErrorKind::Retry { after_ms: None },
                    false => WriteErrorKind::NoAnswer,
                };
                let message = format!("the write for user {user}: {}", broken.what);
                let request_id = Some(id.to_string());
                return Err(WriteError { kind, message, status: None, code: None, request_id });
            }
        };
        match answer.status {
            200..=299 => {
                client.succeeded(&permit, &answer.headers);
                return Ok(());
            }
            401 if old.is_none() => old = Some(token),
            status => {
                let wait = retry::of_headers(&answer.headers);
                if retry::is_transient(status) {
                    client.struggled(spec.family, status, wait);
                }
                return Err(write_error(user, &answer, wait, id));
            }
        }
    }
}

fn write_error(user: UserId, answer: &Answer, wait: Option<std::time::Duration>, id: Uuid) -> WriteError {
    let refusal = refusal(answer);
    let kind = match answer.status {
        401 | 403 => WriteErrorKind::Forbidden,
        404 => WriteErrorKind::Gone,
        429 => WriteErrorKind::Retry { after_ms: wait.map(|wait| wait.as_millis() as u64) },
        // An answer of a gateway says nothing about the service behind it: only a read can tell.
        500.. => WriteErrorKind::NoAnswer,
        _ => WriteErrorKind::Rejected,
    };
    WriteError {
        kind,
        message: format!("the write for user {user}: {}", refusal.reason(&WRITE_STATE)),
        status: Some(answer.status),
        code: Some(refusal.code).filter(|code| !code.is_empty()),
        request_id: refusal.request_id.or_else(|| Some(id.to_string())),
    }
}
