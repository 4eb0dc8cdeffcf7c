//! Who is lowered when.

use jiff::civil::Date;

use super::Migration;
use crate::{
    calendar,
    facts::recognise,
    tenant::{ObservedTenant, UserIndex},
};

/// A wave of the migration.
#[derive(Clone, Debug)]
pub(crate) struct Wave {
    /// `w01-first`
    pub(crate) name: String,
    /// Its day.
    pub(crate) from: Date,
    /// Its users, in the tenant's order.
    pub(crate) users: Vec<UserIndex>,
}

/// Into so many waves everybody goes between the first few and the administrators.
const PARTS: usize = 4;

/// No wave between these has fewer, unless there are no more.
const LEAST: usize = 10;

/// A few people first, then everybody else in equal parts, and whoever is privileged, or may be, last: what goes wrong is
/// noticed by people whom an administrator can still help. One wave a working day, from `first` on.
#[must_use]
pub(crate) fn waves(migration: &Migration, tenant: &ObservedTenant, canary: usize, first: Date) -> Vec<Wave> {
    let (privileged, people): (Vec<_>, Vec<_>) =
        migration.lowered.iter().copied().partition(|index| recognise::privileged(tenant.user(*index)) != Some(false));
    let (canaries, rest) = people.split_at(canary.min(people.len()));
    let part = rest.len().div_ceil(PARTS).max(LEAST);
    let parts = rest.chunks(part).map(|users| ("users", users));
    let all = std::iter::once(("first", canaries)).chain(parts).chain([("administrators", privileged.as_slice())]);
    let mut day = calendar::working(first);
    let mut waves = Vec::new();
    for (word, users) in all.filter(|(_, users)| !users.is_empty()) {
        let number = waves.len() + 1;
        waves.push(Wave { name: format!("w{number:02}-{word}"), from: day, users: users.to_vec() });
        day = calendar::working(calendar::next(day));
    }
    waves
}
