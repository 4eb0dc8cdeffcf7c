//! Replay: what the sign-ins of the last weeks would have met, had the plan been in force. Conditional Access has a
//! report-only mode; this is the same for per-user MFA.
//!
//! Every sign-in that is known one by one (a [`crate::tenant::Cell`]) is run through the state a user has and the state
//! they would have, as if the one or the other had held all along. It is a model: what it assumes, and where it is known
//! to be wrong, is on the page "Replay" of the documentation.

mod model;
mod prediction;
mod run;
#[cfg(test)]
mod tests;
mod verdict;

pub(crate) use model::{NotReplayed, Replay, ReplayDay, ReplayWindow, Replayed, ReplayedUser, Row, RowApp, Verdicts};
pub(crate) use prediction::PredictedRow;
pub(crate) use run::{Forecast, Subject, replay};
pub(crate) use verdict::Verdict;
