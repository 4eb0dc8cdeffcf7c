//! The ports on a snapshot file.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use tokio::sync::oneshot;

use crate::{
    json::stream::Fault,
    tenant::{
        MfaState, ObservedState, ObservedTenant, ReadError, ReadProgress, ReadRequest, StateRead, TenantId, TenantRead,
        TenantWrite, UserId, WriteError, WriteErrorKind,
    },
};

use super::{
    commit::{self, Change, Outcome},
    error::SnapshotError,
    read,
    states::States,
};

/// How often a rewrite starts afresh because somebody else changed the file meanwhile.
const ATTEMPTS: usize = 5;

/// A tenant in a snapshot file.
///
/// Reading gives everything the file has, of the users that are asked for. The state of a user is that of the file *now*, so a
/// change from outside is seen. A write is answered once it is on the disk.
///
/// # Many writes
/// A write rewrites the whole file, and applying changes thousands of users. So writes are committed in groups, as
/// databases do with their log: a writer queues its change and waits for its turn; who gets the turn writes all that is
/// queued by then, in one rewrite, and answers everybody. While one rewrite runs, the next group gathers. With `p`
/// writers at work, `n` writes cost about `n / p` rewrites, each linear in the file, and none is answered before its
/// bytes are flushed.
#[derive(Clone, Debug)]
pub struct SnapshotTenant {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// The states of the file, as of the version last seen.
    states: Mutex<Option<Arc<States>>>,
    queue: Mutex<Vec<Queued>>,
    /// The tenant that the file was of when it was first read: another one's states are none of ours.
    tenant: OnceLock<TenantId>,
    /// Held by whoever rewrites the file.
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct Queued {
    user: UserId,
    after: MfaState,
    answer: oneshot::Sender<Result<(), WriteError>>,
}

impl SnapshotTenant {
    /// The tenant in this file. The file is opened, to fail early, but not read yet.
    ///
    /// # Errors
    /// When the file is missing, is a directory or cannot be opened.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, SnapshotError> {
        let path = path.into();
        // A pipe must not be opened twice: its writer would be gone.
        if !fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
            read::open(&path)?;
        }
        let turn = Arc::new(tokio::sync::Mutex::new(()));
        let (states, queue) = (Mutex::new(None), Mutex::new(Vec::new()));
        Ok(Self { shared: Arc::new(Shared { path, states, queue, tenant: OnceLock::new(), turn }) })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Reads the file, without an async runtime: [`TenantRead::read`] does the same.
    ///
    /// # Errors
    /// When the file cannot be read or is no valid snapshot.
    pub fn observe(&self) -> Result<ObservedTenant, SnapshotError> {
        let observed = read::read(&self.shared.path)?;
        self.shared.is_of(Some(observed.id))?;
        Ok(observed)
    }

    /// Is the file still of the tenant that was read?
    ///
    /// # Errors
    /// When it is another's by now, or cannot be read.
    pub fn check_tenant(&self) -> Result<(), SnapshotError> {
        self.shared.states().map(|_| ())
    }
}

impl TenantRead for SnapshotTenant {
    async fn read(&self, request: &ReadRequest, progress: &dyn ReadProgress) -> Result<ObservedTenant, ReadError> {
        let mut tenant = self.observe()?;
        if let Some(users) = &request.users {
            tenant.retain_users(|user| users.contains(&user.id));
        }
        let users = tenant.users().len() as u64;
        progress.progress("users", users, Some(users));
        Ok(tenant)
    }

    async fn state(&self, user: UserId) -> Result<StateRead, ReadError> {
        let states = match self.shared.known() {
            Some(states) => states,
            // Reading a large file takes a while; other work of the run must not stand still meanwhile.
            None => {
                let shared = Arc::clone(&self.shared);
                tokio::task::spawn_blocking(move || shared.states())
                    .await
                    .map_err(|error| ReadError::new(format!("reading the snapshot was interrupted: {error}")))??
            }
        };
        Ok(states.get(user).map_or(StateRead::Gone, |slot| StateRead::Found(slot.state.clone())))
    }
}

impl TenantWrite for SnapshotTenant {
    // A write waits for a rewrite of one file only, which is over sooner than anybody leaves.
    async fn write(&self, user: UserId, after: MfaState, _: impl Future<Output = ()> + Send) -> Result<(), WriteError> {
        let (answer, mut answered) = oneshot::channel();
        lock(&self.shared.queue).push(Queued { user, after, answer });
        // Every waiter that a rewrite answered resumes immediately, and does not wait for another's turn.
        let turn = tokio::select! {
            biased;
            result = &mut answered => return result.unwrap_or_else(|_| Err(interrupted())),
            turn = Arc::clone(&self.shared.turn).lock_owned() => turn,
        };
        if let Ok(result) = answered.try_recv() {
            return result;
        }
        self.shared.gather().await;
        let shared = Arc::clone(&self.shared);
        // The turn goes along: if this future is dropped, the rewrite still ends before the next one begins.
        let _ = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            shared.commit();
        })
        .await;
        answered.await.unwrap_or_else(|_| Err(interrupted()))
    }
}

fn interrupted() -> WriteError {
    error(WriteErrorKind::NoAnswer { after: None }, "the write was interrupted")
}

impl Shared {
    /// Lets the writers that are about to queue do so, until no more come.
    async fn gather(&self) {
        let mut queued = 0;
        loop {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            let now = lock(&self.queue).len();
            if now <= queued {
                return;
            }
            queued = now;
        }
    }

    /// The states, if the file is certainly still the one they were read from.
    fn known(&self) -> Option<Arc<States>> {
        let metadata = fs::metadata(&self.path).ok()?;
        lock(&self.states).as_ref().filter(|states| states.version.is(&metadata)).map(Arc::clone)
    }

    /// The states of the file as it is now.
    fn states(&self) -> Result<Arc<States>, SnapshotError> {
        let mut cached = lock(&self.states);
        let file = read::open(&self.path)?;
        let metadata = file.metadata().map_err(|error| SnapshotError::io(&self.path, "cannot read", error))?;
        if let Some(states) = cached.as_ref().filter(|states| states.version.is(&metadata)) {
            return Ok(Arc::clone(states));
        }
        let states = States::read(&file).map_err(|fault| match fault {
            Fault::Io(error) => SnapshotError::io(&self.path, "cannot read", error),
            // The full reader finds the same fault, and can say what it is.
            fault @ Fault::Content { .. } => match read::read(&self.path) {
                Err(error) => error,
                Ok(_) => SnapshotError::io(&self.path, "cannot read", fault.into()),
            },
        })?;
        self.is_of(states.tenant)?;
        Ok(Arc::clone(cached.insert(Arc::new(states))))
    }

    /// The first tenant that is seen is the one; a file of another must not be written, whoever put it there.
    fn is_of(&self, tenant: Option<TenantId>) -> Result<(), SnapshotError> {
        let Some(tenant) = tenant else { return Ok(()) };
        let first = *self.tenant.get_or_init(|| tenant);
        if first == tenant {
            return Ok(());
        }
        let what = format!("it is a copy of tenant {tenant} now, and was one of {first}");
        Err(SnapshotError::io(&self.path, "cannot use", io::Error::other(what)))
    }

    /// Writes everything that is queued and answers it.
    fn commit(&self) {
        let queued = std::mem::take(&mut *lock(&self.queue));
        let mut overtaken = 0;
        let result = loop {
            let states = match self.states() {
                Ok(states) => states,
                Err(failed) => break Err(error(WriteErrorKind::Rejected, &failed.to_string())),
            };
            match self.rewrite(&states, &queued) {
                Outcome::Done(_) => break Ok(states),
                Outcome::Overtaken if overtaken < ATTEMPTS => overtaken += 1,
                Outcome::Overtaken => {
                    break Err(error(WriteErrorKind::Retry { after: None }, "the snapshot is being changed by others"));
                }
                Outcome::Failed(failed) => break Err(self.refused(&failed)),
                Outcome::Uncertain(failed) => {
                    break Err(error(WriteErrorKind::NoAnswer { after: None }, &failed.to_string()));
                }
            }
        };
        for Queued { user, after: _, answer } in queued {
            let result = match &result {
                Ok(states) if states.get(user).is_some() => Ok(()),
                Ok(_) => Err(error(WriteErrorKind::Gone, "the user is not in the snapshot any more")),
                Err(error) => Err(error.clone()),
            };
            // A writer that was dropped has no use for the answer.
            let _ = answer.send(result);
        }
    }

    fn rewrite(&self, states: &States, queued: &[Queued]) -> Outcome {
        let mut changes: Vec<Change> = Vec::new();
        // Of two writes for one user the later counts.
        let mut seen = std::collections::HashSet::new();
        for Queued { user, after, answer: _ } in queued.iter().rev() {
            let Some(slot) = states.get(*user).filter(|_| seen.insert(*user)) else { continue };
            // The service promotes a registered user at once; so does the copy, or the plan's summary would be wrong.
            let state = after.effective(slot.registered);
            if slot.state != ObservedState::Known(state) {
                changes.push((*user, slot.clone(), slot.replacement(state.as_str())));
            }
        }
        if changes.is_empty() {
            return Outcome::Done(None);
        }
        changes.sort_by_key(|(_, slot, _)| slot.place.start);
        let source = match fs::File::open(&self.path).and_then(|file| Ok((file.metadata()?, file))) {
            Ok((metadata, _)) if states.version.differs(&metadata) => return Outcome::Overtaken,
            Ok((_, source)) => source,
            Err(error) => return Outcome::Failed(error),
        };
        // Another process that rewrites the same file is waited for, and its version is then noticed: between the look
        // at the file and the rename nobody else who asks for the lock can come in.
        match commit::lock(&source, &self.path) {
            Ok(true) => {}
            Ok(false) => return Outcome::Overtaken,
            Err(error) => return Outcome::Failed(error),
        }
        let prepared = match commit::prepare(&self.path, &source, &changes) {
            Ok(prepared) => prepared,
            Err(error) => return Outcome::Failed(error),
        };
        let _held = commit::until_replaced(source);
        // Whoever asks for a state meanwhile waits for the rename and finds the new states, instead of reading a file
        // whose content is known.
        let mut cached = lock(&self.states);
        match prepared.install(states, &changes) {
            Outcome::Done(Some(known)) => {
                *cached = Some(Arc::new(known));
                Outcome::Done(None)
            }
            outcome => outcome,
        }
    }

    fn refused(&self, failed: &io::Error) -> WriteError {
        let kind = match failed.kind() {
            // No later write can succeed where this one was not allowed.
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => WriteErrorKind::ReadOnly,
            _ => WriteErrorKind::Rejected,
        };
        error(kind, &format!("cannot write {}: {failed}", self.path.display()))
    }
}

fn error(kind: WriteErrorKind, message: &str) -> WriteError {
    WriteError { kind, message: message.to_owned(), status: None, code: None, request_id: None }
}

/// The data behind these locks is replaced as a whole, so a panic of another holder cannot have left it half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
