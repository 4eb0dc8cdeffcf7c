//! `init --from-tenant`: a configuration that says what the tenant is already like, so that its plan is empty.
//!
//! ```text
//! tenant ─ guess ──► emergency accounts, workloads          (protected: left out of everything below)
//!        └ cover ──► one base state for everybody else,
//!                    attributes whose members share another  (groups, roles, departments …)
//!                    and names for the rest
//!        └ write ──► HCL with comments ─ prove ──► its plan, which has to be without changes
//! ```
//!
//! Everything written is exact: a block claims only users who have its state now, or takes the others out by `except`.
//! Two priorities are enough then: the base block has 0 and all others 10, and no two of those can disagree.

mod cover;
mod feature;
mod guess;
mod hcl_text;
mod prove;
mod write;

pub use guess::{Guess, GuessKind};
pub use prove::{ProofError, prove};

use crate::{config::CloudName, facts::Facts, tenant::MfaState};

use cover::Cover;
use feature::Features;

/// What the text cannot take from the tenant.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The cloud of the tenant.
    pub cloud: CloudName,
    /// `tenant { snapshot }`: a path relative to the configuration directory, where the facts came from a copy.
    pub snapshot: Option<String>,
}

/// A configuration made from a tenant.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The text of one `.mfa.hcl` file, in canonical style.
    pub text: String,
    /// Accounts that were taken for something else than a person, each with the reason, in the tenant's order of users.
    pub guesses: Vec<Guess>,
    /// How many users the `mfa` blocks claim. Zero in a tenant in which nobody's state is known.
    pub claimed: usize,
    /// How many blocks the text has, those of every kind.
    pub blocks: usize,
}

/// Folds a tenant into few blocks. The work is linear in users and in their memberships.
#[must_use]
pub fn fold(facts: &Facts<'_>, options: &Options) -> Imported {
    let guesses = guess::guess(facts);
    let features = Features::of(facts, &guesses);
    let cover = Cover::of(&features);
    let claimed = features.people.iter().filter(|person| person.state.is_some()).count();
    let document = write::document(facts, options, &guesses, &features, &cover);
    Imported { text: document.text, guesses, claimed, blocks: document.blocks }
}

/// The states in the order in which they are written.
const STATES: [MfaState; 3] = [MfaState::Enforced, MfaState::Enabled, MfaState::Disabled];

#[cfg(test)]
mod tests;
