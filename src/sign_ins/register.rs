//! Numbers for what records repeat.
//!
//! Millions of records are of a few thousand users and look like a few hundred others. Each thread that parses them looks
//! users and shapes up in a list of its own, by what is borrowed from the record; what the list lacks, it asks the
//! register, which makes the text once and numbers it. What then goes on its way to be counted is a few numbers.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::{
    Map, Set,
    aggregate::hashed,
    records::{Entry, Who},
    shape,
};
use crate::tenant::{SignInKind, SignInShape, TenantId, Text};

/// Each list of a thread begins anew with so many: a few megabytes.
const OWN: usize = 1 << 16;
/// The register's list of shapes begins anew with so many. The shapes of a tenant are hundreds.
const SHAPES: usize = 1 << 16;

/// A record as it waits to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// When.
    pub(crate) at: Timestamp,
    /// Interactive or not.
    pub(crate) kind: SignInKind,
    /// Eight bytes of a hash of the request's id, where it has one.
    pub(crate) request: Option<u64>,
    /// Eight bytes of a hash of the address.
    pub(crate) address: Option<u64>,
    /// The number of the user; `None` where the record has neither id nor name.
    pub(crate) user: Option<u32>,
    /// The number of the shape.
    pub(crate) shape: u32,
    /// It is another tenant's.
    pub(crate) foreign: bool,
}

/// The users and shapes of the records of any number of files, by number.
pub(crate) struct Register {
    tenant: TenantId,
    known: Mutex<Known>,
    /// The lists of threads that are not at work.
    idle: Mutex<Vec<Own>>,
}

#[derive(Default)]
struct Known {
    users: Vec<Who>,
    user_numbers: Map<Who, u32>,
    shapes: Vec<Arc<SignInShape>>,
    shape_numbers: Map<Box<[u8]>, u32>,
    texts: Set<Text>,
    /// How often the shapes began anew.
    age: u64,
}

/// What one thread knows by itself.
#[derive(Default)]
struct Own {
    users: Map<Who, u32>,
    shapes: Map<Box<[u8]>, u32>,
    /// Hashes of addresses.
    addresses: Map<Box<str>, u64>,
    age: u64,
    /// The shape at hand, spelled.
    spelled: Vec<u8>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds these locks leaves a list half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Register {
    /// For records of this tenant's log.
    pub(crate) fn new(tenant: TenantId) -> Self {
        Self { tenant, known: Mutex::default(), idle: Mutex::default() }
    }

    /// What a thread needs to take records down.
    pub(crate) fn clerk(&self) -> Clerk<'_> {
        let mut own = locked(&self.idle).pop().unwrap_or_default();
        let age = locked(&self.known).age;
        if own.age != age {
            own.shapes.clear();
            own.age = age;
        }
        Clerk { register: self, own }
    }

    /// The users from this number on.
    pub(crate) fn users_from(&self, number: usize) -> Vec<Who> {
        locked(&self.known).users.get(number..).unwrap_or_default().to_vec()
    }

    /// The shapes from this number on.
    pub(crate) fn shapes_from(&self, number: usize) -> Vec<Arc<SignInShape>> {
        locked(&self.known).shapes.get(number..).unwrap_or_default().to_vec()
    }

    /// Are there so many shapes that they should begin anew? A log of which every record looks different would else be kept
    /// whole.
    pub(crate) fn is_crowded(&self) -> bool {
        locked(&self.known).shapes.len() >= SHAPES
    }

    /// Begins the shapes anew. No clerk may be at work, and no record may wait to be counted.
    pub(crate) fn forget_shapes(&self) {
        let mut known = locked(&self.known);
        known.shapes.clear();
        known.shape_numbers.clear();
        known.texts.clear();
        known.age += 1;
    }
}

/// Takes records down, for one thread.
pub(crate) struct Clerk<'r> {
    register: &'r Register,
    own: Own,
}

impl Clerk<'_> {
    /// Cuts a record down to what is counted of it.
    pub(crate) fn keep(&mut self, entry: &Entry<'_>) -> Kept {
        let record = &entry.record;
        Kept {
            at: record.at,
            kind: record.kind,
            request: entry.id(),
            address: (!record.address.is_empty()).then(|| self.address(record.address)),
            user: entry.who().map(|who| self.user(who)),
            shape: self.shape(record),
            foreign: entry.tenants.foreign(self.register.tenant),
        }
    }

    fn address(&mut self, address: &str) -> u64 {
        if let Some(hash) = self.own.addresses.get(address) {
            return *hash;
        }
        let hash = hashed(self.register.tenant, address);
        remember(&mut self.own.addresses, address.into(), hash);
        hash
    }

    fn user(&mut self, who: Who) -> u32 {
        if let Some(number) = self.own.users.get(&who) {
            return *number;
        }
        let mut known = locked(&self.register.known);
        let Known { users, user_numbers, .. } = &mut *known;
        let number = *user_numbers.entry(who.clone()).or_insert_with(|| {
            users.push(who.clone());
            number(users.len() - 1)
        });
        drop(known);
        remember(&mut self.own.users, who, number);
        number
    }

    fn shape(&mut self, record: &super::Record<'_>) -> u32 {
        shape::spell(record, &mut self.own.spelled);
        if let Some(number) = self.own.shapes.get(&*self.own.spelled) {
            return *number;
        }
        let mut known = locked(&self.register.known);
        let number = match known.shape_numbers.get(&*self.own.spelled) {
            Some(number) => *number,
            None => {
                let new = Arc::new(shape::of(record, &mut known.texts));
                known.shapes.push(new);
                let number = number(known.shapes.len() - 1);
                known.shape_numbers.insert(self.own.spelled.as_slice().into(), number);
                number
            }
        };
        drop(known);
        remember(&mut self.own.shapes, self.own.spelled.as_slice().into(), number);
        number
    }
}

impl Drop for Clerk<'_> {
    fn drop(&mut self) {
        locked(&self.register.idle).push(mem::take(&mut self.own));
    }
}

fn remember<K: Eq + std::hash::Hash, V>(list: &mut Map<K, V>, key: K, value: V) {
    if list.len() >= OWN {
        list.clear();
    }
    list.insert(key, value);
}

/// A place in a list as a number. Four billion users or shapes do not fit in memory.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
