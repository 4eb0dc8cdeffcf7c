//! Apply: approval → preflight → executor → journal → verify and rollback; through the ports only.
//!
//! - [`approval`]: who said yes to what; the states [`ApprovedPlan`] and [`FreshPlan`] that cannot be skipped.
//! - [`journal`]: `.mfaplan/runs/<RUN>.jsonl`, on the disk before each write it announces.
//! - [`lock`]: one apply at a time per configuration directory, `.mfaplan/lock`.
//! - [`apply`] and [`resume`]: canary users first, then the rest; every user ends in exactly one [`Outcome`].
//! - [`rollback`] and [`verify`]: what a run did, and what became of it since; [`calibration`]: how true the replay was.
//! - [`events`]: newline-delimited JSON for pipelines.
//! - Maintenance windows ([`crate::config::Window`]) are judged at the moment of the write.
//!
//! Text for people is made elsewhere: everything here is data.

pub(crate) mod approval;
pub(crate) mod calibration;
mod clock;
pub(crate) mod events;
mod executor;
mod in_flight;
pub(crate) mod journal;
mod judge;
pub(crate) mod lock;
pub(crate) mod observer;
pub(crate) mod own_files;
mod perform;
pub(crate) mod report;
mod resume;
pub(crate) mod rollback;
mod stop;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod verify;

pub(crate) use approval::Left;
pub use approval::{Approval, ApprovedPlan, FreshPlan, Preflight, Requirements};
pub use clock::Clock;
pub(crate) use clock::SystemClock;
pub use executor::{Context, apply};
pub(crate) use observer::Observer;
pub(crate) use report::UserOutcome;
pub use report::{Outcome, RunReport};
pub(crate) use resume::{FreshResume, resume};
pub use stop::stop;
pub(crate) use stop::{Stop, StopHandle, Urgency};
