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
mod pen;
mod prove;
mod start;
mod write;

pub(crate) use guess::{Guess, GuessKind};
pub(crate) use prove::prove;
pub(crate) use start::{Start, first, guesses, start};

use crate::{
    config::{CloudName, files::MAX_FILE},
    facts::Facts,
    tenant::MfaState,
};

use cover::Cover;
use feature::Features;

/// What the text cannot take from the tenant.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The cloud of the tenant.
    pub cloud: CloudName,
    /// `tenant { snapshot }`: a path relative to the configuration directory, where the facts came from a copy.
    pub snapshot: Option<String>,
    /// The most bytes a file may have; longer lists of names are spread over blocks and files.
    pub largest_file: usize,
}

impl Default for Options {
    fn default() -> Self {
        let largest_file = usize::try_from(MAX_FILE).unwrap_or(usize::MAX);
        Self { cloud: CloudName::default(), snapshot: None, largest_file }
    }
}

/// A configuration made from a tenant.
#[derive(Clone, Debug)]
pub(crate) struct Imported {
    /// The text, in canonical style.
    pub text: String,
    /// Where its blocks begin, with the comment above each.
    starts: Vec<usize>,
    largest_file: usize,
    /// Accounts that were taken for, or are only suspected of being, something else than a person, each with the reason, in the tenant's order of users.
    pub guesses: Vec<Guess>,
    /// How many users the `mfa` blocks claim. Zero in a tenant in which nobody's state is known.
    pub claimed: usize,
    /// How many blocks the text has, those of every kind.
    pub blocks: usize,
}

impl Imported {
    /// The files to write: nearly always one, else as few as hold the text. Blocks are never torn apart.
    #[must_use]
    pub(crate) fn files(&self) -> Vec<(String, &str)> {
        let mut texts = Vec::new();
        let mut start = 0;
        let ends = self.starts.iter().skip(1).copied().chain([self.text.len()]);
        for (block, end) in self.starts.iter().copied().zip(ends) {
            if end - start > self.largest_file && block > start {
                texts.push(self.text.get(start..block).unwrap_or_default());
                start = block;
            }
        }
        texts.push(self.text.get(start..).unwrap_or_default());
        let name = |at: usize| if at == 0 { "main.mfa.hcl".to_owned() } else { format!("main-{}.mfa.hcl", at + 1) };
        texts.into_iter().enumerate().map(|(at, text)| (name(at), text.trim_start_matches('\n'))).collect()
    }
}

/// Folds a tenant into few blocks. The work is linear in users and in their memberships.
#[must_use]
pub(crate) fn fold(facts: &Facts<'_>, options: &Options) -> Imported {
    let guesses = guess::guess(facts);
    let features = Features::of(facts, &guesses);
    let cover = Cover::of(&features);
    let claimed = features.people.iter().filter(|person| person.state.is_some()).count();
    let document = write::document(facts, options, &guesses, &features, &cover);
    let pen::Document { text, starts } = document;
    Imported { text, blocks: starts.len(), starts, largest_file: options.largest_file, guesses, claimed }
}

/// The states in the order in which they are written.
const STATES: [MfaState; 3] = [MfaState::Enforced, MfaState::Enabled, MfaState::Disabled];

#[cfg(test)]
mod tests;
