//! What a few pages of the log decide: who uses a legacy protocol, and how the users who look like workloads sign in.
//!
//! Everything else stays unknown. In particular nobody's silence is known but of those whose log was read to its end.

use std::collections::{BTreeSet, HashSet};

use super::{Aggregator, aggregate, join, records::Entry};
use crate::tenant::{ObservedTenant, SignInDates, SignInKind, SignIns, TenantId, UserId};

/// Records of a few pages, and what their pages say of the rest.
pub(crate) struct Decided {
    log: Aggregator<UserId>,
    ids: HashSet<u64>,
    /// Kinds whose log was read to its end.
    pub(crate) whole: [bool; 2],
    /// Kinds of which all legacy sign-ins were read.
    pub(crate) legacy: [bool; 2],
    /// Users whose log of a kind was read to its end.
    users: [BTreeSet<UserId>; 2],
    /// About how many records there are of what was not known before.
    pub(crate) estimate: u64,
}

impl Decided {
    /// Nothing read yet. Records with these ids are counted already.
    pub(crate) fn new(tenant: TenantId, counted: HashSet<u64>) -> Self {
        Self {
            log: Aggregator::new(tenant),
            ids: counted,
            whole: [false; 2],
            legacy: [false; 2],
            users: Default::default(),
            estimate: 0,
        }
    }

    /// Takes a record, once: the same one may be found by several questions.
    pub(crate) fn add(&mut self, entry: &Entry<'_>) {
        let Ok(user) = entry.user_id.parse() else { return };
        if entry.id().is_none_or(|id| self.ids.insert(id)) {
            self.log.add(user, &entry.record);
        }
    }

    /// All records of this user and kind were read.
    pub(crate) fn knows(&mut self, user: UserId, kind: SignInKind) {
        self.users[kind as usize].insert(user);
    }

    /// How many records were read.
    pub(crate) fn records(&self) -> u64 {
        self.log.records()
    }

    /// How many of these users are known whole.
    pub(crate) fn known_users(&self, of: &[UserId]) -> usize {
        let known = |user: &&UserId| (0..2).all(|kind| self.whole[kind] || self.users[kind].contains(user));
        of.iter().filter(known).count()
    }

    /// Adds what is decided to what is known of each user.
    pub(crate) fn merge_into(mut self, observed: &mut ObservedTenant, days: u16) {
        observed.update_users(|users| {
            for user in users {
                let known = [0, 1].map(|kind| self.whole[kind] || self.users[kind].contains(&user.id));
                let legacy = [0, 1].iter().all(|kind| known[*kind] || self.legacy[*kind]);
                let before = user.sign_ins.as_deref().filter(|before| before.cells.is_some());
                for cell in before.and_then(|before| before.cells.as_deref()).unwrap_or_default() {
                    self.log.add_cell(user.id, cell.clone());
                }
                let (found, seen) = match self.log.take(&user.id, days) {
                    Some(found) => found,
                    None => (aggregate::nothing(days), SignInDates::default()),
                };
                let told = match before {
                    Some(before) => Some(grown(before, found, known)),
                    None => told(found, known, legacy),
                };
                user.seen(seen);
                let Some(told) = told else { continue };
                let joined = match user.sign_ins.take() {
                    Some(before) => join::stronger(*before, told),
                    None => told,
                };
                user.sign_ins = Some(Box::new(joined));
            }
        });
    }
}

/// What a store knew of a user, and what is newer: what it did not count is only counted where all of it was read.
fn grown(before: &SignIns, found: SignIns, known: [bool; 2]) -> SignIns {
    let interactive = known[0] || before.interactive.is_some();
    SignIns {
        window_days: if known == [true, true] { found.window_days } else { before.window_days },
        interactive: found.interactive.filter(|_| interactive),
        interactive_mfa: found.interactive_mfa.filter(|_| interactive),
        non_interactive: found.non_interactive.filter(|_| known[1] || before.non_interactive.is_some()),
        ..found
    }
}

/// What may be said of a user: a count of records that were only partly read is none.
fn told(found: SignIns, known: [bool; 2], legacy: bool) -> Option<SignIns> {
    if known == [true, true] {
        return Some(found);
    }
    if !legacy && known == [false, false] {
        return None;
    }
    Some(SignIns {
        window_days: found.window_days,
        interactive: found.interactive.filter(|_| known[0]),
        interactive_mfa: found.interactive_mfa.filter(|_| known[0]),
        non_interactive: found.non_interactive.filter(|_| known[1]),
        legacy: found.legacy.filter(|_| legacy),
        ..SignIns::default()
    })
}
