//! Where in the file each user's state stands: what a write has to replace.

use std::{
    collections::HashMap,
    fs::{File, Metadata},
    io,
    ops::Range,
    time::{Duration, SystemTime},
};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    json::{
        stream::{self, Fault, Rows},
        walk,
    },
    tenant::{ObservedState, TenantId, UserId},
};

use super::{head, row::Field};

/// The states of a file's users, as of one version of the file.
#[derive(Debug)]
pub(super) struct States {
    pub(super) version: Version,
    /// The tenant's id, as the file says it.
    pub(super) tenant: Option<TenantId>,
    slots: HashMap<UserId, Slot>,
}

/// One user's state in the file.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) state: ObservedState,
    pub(super) registered: Option<bool>,
    /// Where the value stands; an empty range after the opening brace where the key is missing.
    pub(super) place: Range<u64>,
}

impl Slot {
    /// The text that puts `value` in this slot's place.
    pub(super) fn replacement(&self, value: &str) -> String {
        if self.place.is_empty() { format!("\"perUserMfaState\": \"{value}\", ") } else { format!("\"{value}\"") }
    }

    /// Where the value stands once `replacement` has been put at `start`.
    pub(super) fn after(&self, replacement: &str, start: u64) -> Range<u64> {
        let value = match replacement.split_once(": ") {
            Some((key, value)) => key.len() as u64 + 2..(key.len() + value.len()) as u64,
            None => 0..replacement.len() as u64,
        };
        start + value.start..start + value.end
    }
}

impl States {
    /// Reads the states of an open file.
    pub(super) fn read(file: &File) -> Result<Self, Fault> {
        let version = Version::of(&file.metadata().map_err(Fault::Io)?, SystemTime::now());
        let document = stream::read::<Places>(file)?;
        let tenant = document.head.iter().find(|(key, _)| *key == "tenant");
        let tenant = tenant.and_then(|(_, value)| serde_json::from_slice::<TenantRow>(value).ok()).map(|one| one.id);
        Ok(Self { version, tenant, slots: document.list.unwrap_or_default().into_iter().collect() })
    }

    pub(super) fn get(&self, user: UserId) -> Option<&Slot> {
        self.slots.get(&user)
    }

    /// The states after these changes (sorted by place), in the new version of the file.
    pub(super) fn changed(&self, changes: &[(UserId, Slot, String)], version: Version) -> Self {
        // How far each place moves: the sum of what the changes before it added or took.
        let mut shifts = vec![(0, 0_i64)];
        let mut shift = 0;
        for (_, before, text) in changes {
            shift += text.len() as i64 - (before.place.end - before.place.start) as i64;
            shifts.push((before.place.end, shift));
        }
        let moved = |at: u64| {
            let before = shifts.partition_point(|(end, _)| *end <= at);
            let shift = shifts.get(before.saturating_sub(1)).map_or(0, |(_, shift)| *shift);
            at.saturating_add_signed(shift)
        };
        let mut slots: HashMap<_, _> = self
            .slots
            .iter()
            .map(|(id, slot)| (*id, Slot { place: moved(slot.place.start)..moved(slot.place.end), ..slot.clone() }))
            .collect();
        let mut shift = 0;
        for (id, before, text) in changes {
            let place = before.after(text, before.place.start.saturating_add_signed(shift));
            shift += text.len() as i64 - (before.place.end - before.place.start) as i64;
            let value = text.rsplit('"').nth(1);
            slots.insert(*id, Slot { state: ObservedState::from_wire(value), place, registered: before.registered });
        }
        Self { version, tenant: self.tenant, slots }
    }
}

/// Which tenant a copy is of.
#[derive(Deserialize)]
struct TenantRow {
    id: TenantId,
}

/// Reads what a write needs of each user, and where it stands.
struct Places;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlaceRow<'a> {
    id: UserId,
    #[serde(default, borrow)]
    per_user_mfa_state: Option<&'a RawValue>,
    #[serde(default)]
    is_mfa_registered: Field<bool>,
}

impl Rows for Places {
    const LIST: &'static str = "users";
    const HEAD: &'static [&'static str] = &head::KEYS;
    type Row<'a> = PlaceRow<'a>;
    type Item = (UserId, Slot);
    fn keep<'a>(row: PlaceRow<'a>, text: &'a [u8], offset: u64) -> (UserId, Slot) {
        let registered = match row.is_mfa_registered {
            Field::Value(registered) => Some(registered),
            Field::Missing | Field::Null => None,
        };
        // The raw value is a part of the element's text, so the distance of their addresses is its place there.
        let (place, raw) = match row.per_user_mfa_state.map(RawValue::get) {
            Some(raw) => {
                let start = raw.as_ptr().addr() - text.as_ptr().addr();
                (offset + start as u64..offset + (start + raw.len()) as u64, Some(raw))
            }
            // `null` for an `Option` leaves no raw value behind: find it by walking, as it is rare.
            None => match walk::members(text, 0..text.len()).find(|(key, _)| key == "perUserMfaState") {
                Some((_, null)) => (offset + null.start as u64..offset + null.end as u64, None),
                None => (offset + 1..offset + 1, None),
            },
        };
        let value = raw.and_then(|raw| walk::string(raw.as_bytes()));
        (row.id, Slot { state: ObservedState::from_wire(value.as_deref()), registered, place })
    }
}

/// What tells one version of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    file: (u64, u64),
    length: u64,
    modified: Option<SystemTime>,
    changed: (i64, i64),
    /// The clock when the content was looked at.
    seen: SystemTime,
}

impl Version {
    pub(super) fn of(metadata: &Metadata, seen: SystemTime) -> Self {
        Self {
            file: identity::file(metadata),
            length: metadata.len(),
            modified: metadata.modified().ok(),
            changed: identity::changed(metadata),
            seen,
        }
    }

    /// Is the file with this metadata certainly still this version?
    ///
    /// Time stamps are coarse: a change in the same tick as the one before leaves them as they are. So a version counts
    /// as known only if it was looked at a while after its time stamp, as git does for its index ("racy git"). The
    /// kernel's tick is at most 10 ms; a stamp without a fraction comes from a file system that counts seconds.
    pub(super) fn is(&self, metadata: &Metadata) -> bool {
        let now = Self::of(metadata, self.seen);
        let settled = self.modified.is_some_and(|modified| {
            let whole = modified.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since.subsec_nanos() == 0);
            let tick = if whole { Duration::from_secs(2) } else { Duration::from_millis(20) };
            self.seen.duration_since(modified).is_ok_and(|age| age >= tick)
        });
        settled && now == *self
    }

    /// Has the file with this metadata visibly changed since?
    pub(super) fn differs(&self, metadata: &Metadata) -> bool {
        Self::of(metadata, self.seen) != *self
    }
}

#[cfg(unix)]
mod identity {
    use std::{fs::Metadata, os::unix::fs::MetadataExt};

    pub(super) fn file(metadata: &Metadata) -> (u64, u64) {
        (metadata.dev(), metadata.ino())
    }

    pub(super) fn changed(metadata: &Metadata) -> (i64, i64) {
        (metadata.ctime(), metadata.ctime_nsec())
    }
}

#[cfg(not(unix))]
mod identity {
    use std::{fs::Metadata, time::SystemTime};

    pub(super) fn file(metadata: &Metadata) -> (u64, u64) {
        let created = metadata.created().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        created.map_or((0, 0), |since| (since.as_secs(), u64::from(since.subsec_nanos())))
    }

    pub(super) fn changed(_: &Metadata) -> (i64, i64) {
        (0, 0)
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Io(error) => error,
            Fault::Content { offset, message } => Self::new(
                io::ErrorKind::InvalidData,
                format!("it is no valid snapshot any more, at byte {offset}: {message}"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A change in the same tick of the clock leaves no trace in the time stamps: until the tick is over, nobody may say
    /// that the file is the one that was read.
    #[test]
    fn a_time_stamp_counts_once_its_tick_is_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tenant.json");
        fs::write(&path, "{}").unwrap();
        let whole = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let fraction = whole + Duration::from_millis(500);
        for (modified, tick) in [(whole, 2_000), (fraction, 20)] {
            fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
            let metadata = fs::metadata(&path).unwrap();
            let is = |age: u64| Version::of(&metadata, modified + Duration::from_millis(age)).is(&metadata);
            assert_eq!([is(0), is(tick - 1), is(tick), is(tick + 1)], [false, false, true, true], "{tick} ms");
            // Looked at before it was written: the clock was set, and nothing is certain.
            assert!(!Version::of(&metadata, modified - Duration::from_secs(1)).is(&metadata));
            let seen = Version::of(&metadata, modified + Duration::from_secs(60));
            assert!(!seen.differs(&metadata));
            fs::write(&path, format!("{{ \"tick\": {tick} }}")).unwrap();
            let after = fs::metadata(&path).unwrap();
            assert!(seen.differs(&after) && !seen.is(&after));
        }
    }
}
