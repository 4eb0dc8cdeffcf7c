//! What ties the process of a tenant to that of its fleet: its standard input.
//!
//! The fleet's process holds the other end. A byte says that the operator wants to stop, as Ctrl-C would; a second one, at
//! once. The end of the input says that there is no fleet any more, however it ended, so this works after `kill -9` and on
//! every platform, and needs nobody's process id.

use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{Environment, Exit};
use crate::apply::{self, Stop, StopHandle, Urgency};

/// The variable that says to which fleet a process belongs: its value is the file of what the application may still ask.
pub(super) const VARIABLE: &str = "MFAPLAN_FLEET";

/// The tenant's end.
#[derive(Clone, Debug)]
pub(crate) struct Leash {
    pulled: Stop,
    heeded: Arc<AtomicBool>,
}

impl Leash {
    /// The leash of a process that belongs to a fleet.
    pub(crate) fn of_process(env: &Environment) -> Option<Self> {
        env.get(VARIABLE)?;
        let (handle, pulled) = apply::stop();
        let leash = Self { pulled, heeded: Arc::default() };
        let ours = leash.clone();
        std::thread::spawn(move || ours.watch(&mut std::io::stdin(), &handle));
        Some(leash)
    }

    /// From now on somebody finishes what is in flight. Until then nothing was written, and the process simply ends.
    pub(super) fn heed(&self) -> Stop {
        self.heeded.store(true, Ordering::SeqCst);
        self.pulled.clone()
    }

    fn watch(&self, input: &mut dyn Read, handle: &StopHandle) {
        let mut byte = [0];
        loop {
            let ended = !matches!(input.read(&mut byte), Ok(1..));
            if !(ended && self.pulled.urgency() >= Urgency::Drain) {
                handle.signal();
            }
            if !self.heeded.load(Ordering::SeqCst) {
                // Nothing is under way, and nobody is left to read a result.
                std::process::exit(Exit::Stopped.code().into());
            }
            if ended {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urgency_after(input: &[u8]) -> Urgency {
        let (handle, pulled) = apply::stop();
        let leash = Leash { pulled, heeded: Arc::default() };
        let stop = leash.heed();
        leash.watch(&mut &*input, &handle);
        stop.urgency()
    }

    #[test]
    fn an_end_of_the_fleet_is_one_pull_and_none_on_top_of_others() {
        assert_eq!(urgency_after(b""), Urgency::Drain);
        assert_eq!(urgency_after(b"\n"), Urgency::Drain);
        assert_eq!(urgency_after(b"\n\n"), Urgency::Abort);
    }
}
