//! Wishes to stop: signals of the process, and the fleet that holds its leash.

use std::io;

use super::{leash::Leash, runtime};
use crate::apply::{Stop, Urgency};

/// The wishes to stop, from its making on: none is lost between two.
pub(super) struct Signals {
    own: Own,
    leash: Option<Stop>,
    /// How many of its own it has seen.
    seen: u8,
    /// How many wishes it has told: a Ctrl-C reaches a fleet and the processes of its tenants alike, and is one.
    told: u8,
}

impl Signals {
    pub(super) fn new(leash: Option<&Leash>) -> io::Result<Self> {
        let _runtime = runtime::online()?.enter();
        Ok(Self { own: Own::new()?, leash: leash.map(Leash::heed), seen: 0, told: 0 })
    }

    /// Returns when there is another one.
    pub(super) async fn next(&mut self) {
        loop {
            let further = if self.told == 0 { Urgency::Drain } else { Urgency::Abort };
            tokio::select! {
                () = self.own.next() => {
                    self.seen = self.seen.saturating_add(1);
                    if self.seen > self.told {
                        self.told = self.seen;
                        return;
                    }
                }
                () = pulled(self.leash.as_ref(), further), if self.told < 2 => {
                    self.told += 1;
                    return;
                }
            }
        }
    }
}

async fn pulled(leash: Option<&Stop>, urgency: Urgency) {
    match leash {
        Some(stop) => stop.reached(urgency).await,
        None => std::future::pending().await,
    }
}

/// Ctrl-C, SIGTERM, or the terminal gone.
#[cfg(unix)]
struct Own([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Own {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let [interrupt, terminate, hangup] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        Ok(Self([interrupt?, terminate?, hangup?]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// Ctrl-C or Ctrl-Break. Windows leaves no time for more when a console is closed.
#[cfg(windows)]
struct Own(tokio::signal::windows::CtrlC, tokio::signal::windows::CtrlBreak);

#[cfg(windows)]
impl Own {
    fn new() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c};
        Ok(Self(ctrl_c()?, ctrl_break()?))
    }

    async fn next(&mut self) {
        let Self(interrupt, ended) = self;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = ended.recv() => {}
        }
    }
}
