//! The asynchronous runtime: made only where something waits. Offline plans never start one.

use std::{io, sync::OnceLock};

use tokio::runtime::{Builder, Runtime};

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// The runtime of commands that talk HTTP or apply changes.
pub(super) fn online() -> io::Result<&'static Runtime> {
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    Ok(RUNTIME.get_or_init(|| runtime))
}

/// The runtime of all commands, made by `make` where no command has made one yet.
pub(super) fn or_made_by(make: impl FnOnce() -> Runtime) -> &'static Runtime {
    RUNTIME.get_or_init(make)
}
