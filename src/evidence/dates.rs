//! When users last signed in, as the service said it (`signInActivity`). It gives ten pages of 500 users a minute, which is
//! longer than all else that a plan waits for: so these dates are kept with the log, which tells of every later sign-in.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{EvidenceError, Store};
use crate::{
    files::{self, Access},
    tenant::{ObservedTenant, SignInDates, TenantId, UserId},
};

/// The file. It stands by itself, and is replaced as a whole.
const FILE: &str = "last-sign-ins.json";
/// The version of the file. Another one is read by another program.
const FORMAT: u32 = 1;
/// So long they are used: from one night's job to the next one's end.
const FRESH: SignedDuration = SignedDuration::from_hours(36);

/// The dates of everybody there was at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dates {
    /// When they were read.
    pub(crate) read_at: Timestamp,
    /// Of whom. Who is not in it, was not there.
    pub(crate) users: HashMap<UserId, SignInDates>,
}

/// The file's form: any sign-in and the last interactive one, by user.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    tenant: TenantId,
    read_at: Timestamp,
    users: BTreeMap<UserId, [Option<Timestamp>; 2]>,
}

impl Dates {
    /// Are they new enough for a plan at this instant?
    pub(crate) fn is_fresh(&self, as_of: Timestamp) -> bool {
        (SignedDuration::ZERO..=FRESH).contains(&as_of.duration_since(self.read_at))
    }

    /// Those that a tenant has just told; nothing where it was not asked, or did not say.
    pub(crate) fn told_by(observed: &ObservedTenant, read_at: Timestamp) -> Option<Self> {
        let users: HashMap<_, _> =
            observed.users().iter().filter_map(|user| Some((user.id, user.sign_in_dates()?))).collect();
        (!users.is_empty()).then_some(Self { read_at, users })
    }

    /// Tells the tenant's users. Who came later stays unknown.
    pub(crate) fn tell(&self, observed: &mut ObservedTenant) {
        observed.update_users(|users| {
            for user in users {
                if let Some(dates) = self.users.get(&user.id) {
                    user.set_sign_in_dates(*dates);
                }
            }
        });
    }
}

impl Store {
    /// The dates that are kept.
    ///
    /// # Errors
    /// When they cannot be read, or are not what was written.
    pub(crate) fn dates(&self) -> Result<Option<Dates>, EvidenceError> {
        let path = self.dir.join(FILE);
        files::no_link(&[&path]).map_err(|error| EvidenceError::io(&path, error))?;
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(EvidenceError::io(&path, error)),
        };
        let damaged = |what: String| EvidenceError::damaged(&path, what);
        let written: Written = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        let Written { format, tenant, read_at, users } = written;
        if format != FORMAT {
            return Err(damaged(format!("it has format {format}, and this version reads {FORMAT}")));
        }
        if tenant != self.manifest.tenant {
            return Err(damaged(format!("it is of tenant {tenant}")));
        }
        let users = users.into_iter().map(|(user, [any, interactive])| (user, SignInDates { any, interactive }));
        Ok(Some(Dates { read_at, users: users.collect() }))
    }

    /// Keeps these. The caller holds the store's lock.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn keep_dates(&self, dates: Dates) -> Result<(), EvidenceError> {
        let path = self.dir.join(FILE);
        let io = |error| EvidenceError::io(&path, error);
        fs::create_dir_all(&self.dir).map_err(io)?;
        let Dates { read_at, users } = dates;
        let users = users.into_iter().map(|(user, dates)| (user, [dates.any, dates.interactive])).collect();
        let written = Written { format: FORMAT, tenant: self.manifest.tenant, read_at, users };
        files::replace(&path, Access::Private, |out| Ok(serde_json::to_writer(out, &written)?)).map_err(io)
    }

    /// Forgets them.
    pub(super) fn forget_dates(&self) -> Result<(), EvidenceError> {
        let path = self.dir.join(FILE);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(EvidenceError::io(&path, error)),
            _ => Ok(()),
        }
    }

    /// The bytes of their file.
    pub(super) fn bytes_of_dates(&self) -> u64 {
        fs::metadata(self.dir.join(FILE)).map_or(0, |metadata| metadata.len())
    }
}
