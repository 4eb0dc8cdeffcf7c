//! The store as a snapshot without names, to be shared.

use std::collections::{BTreeMap, HashMap};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use uuid::Uuid;

use super::{EvidenceError, Store};
use crate::{
    sign_ins::{Aggregator, records::Who},
    tenant::{Cell, ObservedState, ObservedTenant, SignIns, Source, Text, User, UserId},
};

/// Everybody of the store with their cells, under pseudonyms: the same for the same user of the same tenant. Addresses are
/// hashed once more with `salt`, so that they can be told apart and not be guessed.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn pseudonymous(
    store: &Store,
    as_of: Timestamp,
    window_days: u16,
    salt: Uuid,
) -> Result<ObservedTenant, EvidenceError> {
    let tenant = store.manifest.tenant;
    let mut log: Aggregator<Who> = Aggregator::new(tenant);
    let mut again: HashMap<u64, u64> = HashMap::new();
    store.cells(|who, cell| {
        let mut addresses: Vec<u64> =
            cell.addresses.iter().map(|one| *again.entry(*one).or_insert_with(|| hashed(salt, *one))).collect();
        addresses.sort_unstable();
        log.add_cell(who.clone(), Cell { addresses: addresses.into(), ..cell });
    })?;
    let everybody: BTreeMap<Who, Vec<Cell>> = log.drain().into_iter().collect();
    let users = everybody.into_iter().map(|(who, cells)| {
        let id = match who {
            Who::Id(id) => id.to_string(),
            Who::Name(name) => name.to_string(),
        };
        let hash = digest(&SHA256, format!("{id}{tenant}").as_bytes());
        let hex: String = hash.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let pseudonym = Uuid::from_slice(&hash.as_ref()[..16]).unwrap_or_default();
        let mut user =
            User::new(UserId::new(pseudonym), Text::from(format!("user-{hex}")), ObservedState::Unknown(None));
        user.sign_ins = Some(Box::new(SignIns::from_cells(cells.into(), Some(window_days))));
        user
    });
    let users: Vec<User> = users.collect();
    Ok(ObservedTenant::new(tenant, "redacted".into(), Source::Snapshot, as_of, users))
}

fn hashed(salt: Uuid, address: u64) -> u64 {
    let bytes = [&salt.as_bytes()[..], &address.to_be_bytes()].concat();
    crate::sign_ins::records::first_eight(digest(&SHA256, &bytes).as_ref())
}
