//! The store of sign-in records: `.mfaplan/evidence`.
//!
//! Records are counted in cells ([`crate::tenant::Cell`]) by day and kept there, so that a plan need not read a month of the
//! log again, and so that what a tenant's retention forgets is still known. Beside the cells of a day lie eight bytes of a
//! hash for each record's request id, sorted: a record that comes again, from whatever source, is recognised.
//!
//! ```text
//! store.json                          what is valid: tenant, days and their files, stretches covered, prune mark
//! 2026-11-20.17.cells                 cells of one day
//! 2026-11-20.interactive.17.ids       ids of one day and kind, sorted
//! last-sign-ins.json                  when each user last signed in, as the service said
//! lock
//! ```
//!
//! Architecture invariant: `store.json` is the commit. Files are written under new names and flushed, then `store.json` is
//! replaced in one step; a file that it does not name does not exist. Whatever instant a process is killed at, the store is
//! what it was before or what it was to become. Readers take no lock.

mod append;
mod codec;
mod dates;
mod error;
mod export;
mod ids;
mod import;
mod manifest;
mod merge;
mod pull;
mod status;
#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

pub(crate) use append::{Append, Taken};
pub(crate) use dates::Dates;
pub(crate) use error::EvidenceError;
pub(crate) use export::pseudonymous;
pub(crate) use import::{ImportedFile, collect, import_file};
pub(crate) use merge::{Stored, merge};
pub(crate) use pull::slices;
pub(crate) use status::{FullPull, LastSignIns, PER_SECOND, Status, Stretch, full_pull, status};

use crate::{
    files::{self, Access, DIRECTORY},
    tenant::TenantId,
};
use manifest::Manifest;

/// The directory below [`DIRECTORY`].
pub(crate) const BELOW: &str = "evidence";
const MANIFEST: &str = "store.json";

/// A store as it was at one instant.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    dir: PathBuf,
    manifest: Manifest,
    /// Is there anything on the disk?
    exists: bool,
}

impl Store {
    /// The store of this configuration directory, empty where there is none.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or is another tenant's.
    pub(crate) fn open(configuration: &Path, tenant: TenantId) -> Result<Self, EvidenceError> {
        let own = configuration.join(DIRECTORY);
        let dir = own.join(BELOW);
        let path = dir.join(MANIFEST);
        files::no_link(&[&own, &dir, &path]).map_err(|error| EvidenceError::io(&path, error))?;
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { dir, manifest: Manifest::new(tenant), exists: false });
            }
            Err(error) => return Err(EvidenceError::io(&path, error)),
        };
        let manifest = Manifest::parse(&text).map_err(|what| EvidenceError::damaged(&path, what))?;
        if manifest.tenant != tenant {
            return Err(EvidenceError::OtherTenant { path: dir, found: manifest.tenant, wanted: tenant });
        }
        Ok(Self { dir, manifest, exists: true })
    }

    /// Is there a store?
    pub(crate) fn exists(&self) -> bool {
        self.exists
    }

    /// Where it is.
    #[cfg(test)]
    fn dir(&self) -> &Path {
        &self.dir
    }

    /// How many records it has counted.
    pub(crate) fn records(&self) -> u64 {
        self.manifest.records()
    }

    /// Records before this day are not taken any more.
    pub(crate) fn pruned_before(&self) -> Option<Date> {
        self.manifest.pruned_before
    }

    /// The latest instant up to which both kinds are covered, where both are at all.
    pub(crate) fn known_until(&self) -> Option<Timestamp> {
        let ends = [0, 1].map(|kind| self.manifest.cover(kind).stretches().last().map(|(_, to)| *to));
        Some(ends[0]?.min(ends[1]?))
    }

    /// Is the log of both kinds covered up to a day before this instant?
    pub(crate) fn is_fresh(&self, as_of: Timestamp) -> bool {
        let bound = as_of - SignedDuration::from_hours(24);
        let latest = |kind: usize| {
            let cover = self.manifest.cover(kind);
            cover.stretches().iter().filter(|one| one.0 <= as_of).map(|one| one.1).max()
        };
        [0, 1].into_iter().all(|kind| latest(kind).is_some_and(|to| to >= bound))
    }

    /// Forgets everything before this day; how many records that were. From now on older ones are refused.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn prune(&mut self, before: Date) -> Result<u64, EvidenceError> {
        let mut manifest = self.manifest.clone();
        let count = manifest.prune(before);
        self.replace(manifest)?;
        Ok(count)
    }

    /// Forgets everything, the prune mark too; how many records that were.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn empty(&mut self) -> Result<u64, EvidenceError> {
        let count = self.records();
        self.forget_dates()?;
        if self.exists {
            let tenant = self.manifest.tenant;
            let next = self.manifest.next;
            self.replace(Manifest { next, ..Manifest::new(tenant) })?;
        }
        Ok(count)
    }

    /// Makes this the valid state, and removes the files that are valid no more.
    fn replace(&mut self, manifest: Manifest) -> Result<(), EvidenceError> {
        let path = self.dir.join(MANIFEST);
        let io = |error| EvidenceError::io(&path, error);
        step(&path)?;
        // Names of new files must be on the disk before something refers to them.
        #[cfg(unix)]
        fs::File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(io)?;
        files::replace(&path, Access::Private, |out| out.write_all(&manifest.to_json())).map_err(io)?;
        self.manifest = manifest;
        self.exists = true;
        step(&path)?;
        self.sweep();
        Ok(())
    }

    /// Removes files that nothing refers to: leftovers of writers that were killed, and what was just replaced. A reader
    /// has opened what it reads; should one not go away, the next writer removes it.
    pub(crate) fn sweep(&self) {
        let valid = self.manifest.files();
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours =
                [".cells", ".ids", ".senders"].iter().any(|end| name.ends_with(end)) || name.starts_with(".mfaplan-");
            if ours && !valid.contains(name.as_str()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// The day of an instant, in UTC.
pub(crate) fn day_of(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// The first instant of a day.
pub(crate) fn start_of(day: Date) -> Timestamp {
    TimeZone::UTC.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).unwrap_or(Timestamp::MIN)
}

/// A point at which the process may be killed.
#[cfg(not(test))]
const fn step(_: &Path) -> Result<(), EvidenceError> {
    Ok(())
}

#[cfg(test)]
use tests::kill::step;
