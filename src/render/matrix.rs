//! The matrix of states: how many users go from which state to which.

use crate::{plan::Plan, tenant::MfaState};

/// All users of a tenant by state before (rows) and after (columns), after the `apply` changes, as it will effectively
/// be. Indices follow [`MfaState::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Matrix {
    /// `cells[before][after]`.
    pub cells: [[u64; 3]; 3],
    /// Users whose state is not known; they are never changed.
    pub unknown: u64,
}

impl Matrix {
    /// Counts a plan.
    #[must_use]
    pub(crate) fn of(plan: &Plan) -> Self {
        let before = plan.summary.before;
        let mut matrix = Self { cells: [[0; 3]; 3], unknown: before.unknown };
        for (row, total) in [before.disabled, before.enabled, before.enforced].into_iter().enumerate() {
            matrix.cells[row][row] = total;
        }
        for change in plan.changes.iter().filter(|change| change.decision.is_apply()) {
            if let Some(from) = change.before.known() {
                let (row, column) = (usize::from(from.strength()), usize::from(change.effective.strength()));
                matrix.cells[row][row] = matrix.cells[row][row].saturating_sub(1);
                matrix.cells[row][column] += 1;
            }
        }
        matrix
    }

    /// The users in a state before.
    #[must_use]
    pub(crate) fn before(&self, state: MfaState) -> u64 {
        self.cells[usize::from(state.strength())].iter().sum()
    }

    /// The users in a state after.
    #[must_use]
    pub(crate) fn after(&self, state: MfaState) -> u64 {
        self.cells.iter().map(|row| row[usize::from(state.strength())]).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::{empty, many, sample};

    #[test]
    fn sums_are_those_of_the_summary() {
        for plan in [sample(), empty(), many(2_000)] {
            let (matrix, summary) = (Matrix::of(&plan), plan.summary);
            for (state, before, after) in [
                (MfaState::Disabled, summary.before.disabled, summary.after.disabled),
                (MfaState::Enabled, summary.before.enabled, summary.after.enabled),
                (MfaState::Enforced, summary.before.enforced, summary.after.enforced),
            ] {
                assert_eq!((matrix.before(state), matrix.after(state)), (before, after));
            }
            assert_eq!(
                matrix.unknown + MfaState::ALL.map(|state| matrix.after(state)).iter().sum::<u64>(),
                summary.users
            );
        }
    }
}
