//! What a state that was read means for a planned change.

use super::journal::v1::Planned;
use crate::tenant::{MfaState, ObservedState, StateRead};

/// What a read before a write, or after one without an answer, means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Still as planned for: may be written.
    Before,
    /// Already where they should be.
    Reached,
    /// Somewhere else, or gone: somebody else was there.
    Moved,
}

impl Planned {
    /// May they be written, need they not, or must they not?
    ///
    /// `before` wins: relaxing a registered user leads from enforced, through enabled, back to enforced, and the
    /// state does not tell whether that was done. Writing it (again) is harmless, calling it done might not be true.
    pub(super) fn standing(&self, read: &StateRead) -> Standing {
        match read {
            StateRead::Found(ObservedState::Known(state)) if *state == self.before => Standing::Before,
            StateRead::Found(ObservedState::Known(state)) if self.is_reached_by(*state) => Standing::Reached,
            StateRead::Found(_) | StateRead::Gone => Standing::Moved,
        }
    }

    /// Is this where an answered write leads?
    ///
    /// The service promotes enabled to enforced when the user has registered, at once or later, so a user raised to
    /// enabled is where they should be in either state.
    #[must_use]
    pub fn is_reached_by(&self, state: MfaState) -> bool {
        let promoted =
            self.before == MfaState::Disabled && self.after == MfaState::Enabled && state == MfaState::Enforced;
        state == self.after || state == self.effective || promoted
    }

    pub(super) fn is_reached(&self, read: &StateRead) -> bool {
        matches!(read, StateRead::Found(ObservedState::Known(state)) if self.is_reached_by(*state))
    }
}
