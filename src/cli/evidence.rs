//! The store of sign-in records, for commands.

use std::path::Path;

use jiff::Timestamp;

use crate::{
    apply::lock::{Lock, LockError, ThisMachine},
    config::Config,
    evidence::{Append, BELOW, EvidenceError, Store, Taken, slices},
    graph::{GraphTenant, LogSlice},
    sign_ins::window_start,
    tenant::ReadProgress,
};

use super::{Context, Failure, load::DIRECTORY, progress::Progress, runtime};

/// The store of this configuration, empty where there is none.
///
/// # Errors
/// When it is damaged or another tenant's.
pub(super) fn open(config: &Config) -> Result<Store, Failure> {
    Ok(Store::open(Path::new(DIRECTORY), config.tenant.id)?)
}

/// The store, locked against other writers for as long as the lock is held.
///
/// # Errors
/// When another process writes to it, or it cannot be read.
pub(super) fn open_to_write(config: &Config, command: &str, context: &Context) -> Result<(Lock, Store), Failure> {
    // First the tenant: a store of another one is not to be touched.
    open(config)?;
    let lock = Lock::acquire_below(Path::new(DIRECTORY), &[BELOW], command, context.env.now, &ThisMachine)
        .map_err(lock_failure)?;
    // What another writer did until now counts.
    Ok((lock, open(config)?))
}

fn lock_failure(error: LockError) -> Failure {
    let message = error.to_string().replace("another run is at work in this directory", "the store is being written");
    error.hints().into_iter().fold(Failure::new(message), Failure::hint)
}

impl From<EvidenceError> for Failure {
    fn from(error: EvidenceError) -> Self {
        let failure = Self::new(error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// What a pull has done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pulled {
    pub(super) taken: Taken,
    pub(super) slices: usize,
}

/// Reads what the store lacks of the log, and commits it slice by slice.
///
/// # Errors
/// When the log is refused, or the store cannot be written. What was committed before stays.
pub(super) fn pull(
    store: &mut Store,
    graph: &GraphTenant,
    now: Timestamp,
    window_days: u16,
    progress: &Progress,
) -> Result<Pulled, Failure> {
    let second = |at: Timestamp| Timestamp::from_second(at.as_second()).unwrap_or(at);
    let (mut from, to) = (window_start(now, window_days.clamp(1, 30)), second(now));
    if let Some(mark) = store.pruned_before() {
        from = from.max(crate::evidence::start_of(mark));
    }
    let mut pulled = Pulled::default();
    let mut read = 0;
    for slice in slices(store, from, to) {
        let mut append = Append::begin(store)?;
        let mut broken = None;
        let result = runtime::online()?.block_on(graph.log(
            LogSlice { kind: slice.kind, from: slice.from, to: slice.to },
            progress,
            &mut |page| {
                for entry in page {
                    append.add(&entry);
                    read += 1;
                }
                if append.is_full()
                    && let Err(error) = append.settle()
                {
                    broken = Some(error);
                    return false;
                }
                progress.progress("sign-ins", read, None);
                true
            },
        ));
        if let Some(error) = broken {
            return Err(error.into());
        }
        result?;
        append.covers(slice.kind, slice.from, slice.to);
        pulled.taken.add(&append.commit("graph")?);
        pulled.slices += 1;
    }
    Ok(pulled)
}
