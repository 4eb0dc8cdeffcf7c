//! The store into a tenant that was read: the same as if its records had been given in files.

use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, civil::Date};

use super::{EvidenceError, Store, codec, day_of, ids::Ids, pull::LATE};
use crate::{
    sign_ins::{FileError, SignInFiles, cover::Cover},
    tenant::{ObservedTenant, SignInFile, SignInKind},
};

/// What the store said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stored {
    /// The stretches of the window that are covered, by kind.
    pub(crate) covered: [Vec<(Timestamp, Timestamp)>; 2],
    /// Records counted.
    pub(crate) records: u64,
}

impl Stored {
    /// From where on not everything of a kind is known: from the first gap, or from the end of what is covered. Records come
    /// late there too.
    pub(crate) fn unknown_since(&self, kind: SignInKind, from: Timestamp, to: Timestamp) -> Timestamp {
        let known = match self.gaps(kind, from, to).first() {
            Some((gap, _)) => Some(*gap),
            None => self.covered[kind as usize].iter().map(|(_, end)| *end).max(),
        };
        known.map_or(from, |known| (known - LATE).max(from))
    }

    /// What of a stretch is not covered.
    pub(crate) fn gaps(&self, kind: SignInKind, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let mut cover = Cover::default();
        for &(from, to) in &self.covered[kind as usize] {
            cover.add(from, to);
        }
        cover.gaps(from, to)
    }
}

/// Adds what the store and these files say to the tenant. `now` is the plan's instant, at which the window ends. Paths are
/// shown relative to `base`.
///
/// # Errors
/// The first file that cannot be read or is none; a store that cannot be read.
pub(crate) fn merge(
    store: Option<&Store>,
    files: &[SignInFile],
    base: &Path,
    now: Timestamp,
    window_days: u16,
    observed: &mut ObservedTenant,
) -> Result<Option<Stored>, EvidenceError> {
    let store = store.filter(|store| store.exists());
    if store.is_none() && files.is_empty() {
        return Ok(None);
    }
    let mut all = SignInFiles::new(observed, now, window_days);
    let stored = store.map(|store| read(store, !files.is_empty(), &mut all)).transpose()?;
    for one in files {
        let name = one.path.strip_prefix(base).unwrap_or(&one.path).display().to_string();
        let file = File::open(&one.path).map_err(|error| {
            EvidenceError::File(FileError {
                file: name.clone(),
                line: None,
                message: format!("cannot be read: {error}"),
                hint: Some("`sign_ins` in the `tenant` block names it".into()),
            })
        })?;
        all.read(one, &name, file).map_err(EvidenceError::File)?;
    }
    all.finish().merge_into(observed);
    Ok(stored)
}

/// A file of the store, open: a writer may remove its name meanwhile.
struct Open {
    path: PathBuf,
    file: File,
}

/// The files of one day.
struct Day {
    cells: Vec<Open>,
    ids: Vec<Open>,
}

impl Store {
    fn open_file(&self, name: &str) -> Result<Open, EvidenceError> {
        let path = self.dir.join(name);
        let file = File::open(&path).map_err(|error| EvidenceError::io(&path, error))?;
        Ok(Open { path, file })
    }

    /// Opens the days of a window.
    fn days(&self, from: Date, to: Date, with_ids: bool) -> Result<BTreeMap<Date, Day>, EvidenceError> {
        let open = |day: &super::manifest::Day| {
            let cells = day.cells.iter().map(|name| self.open_file(name)).collect::<Result<_, _>>()?;
            let ids = [&day.ids.interactive, &day.ids.non_interactive].into_iter().flatten().filter(|_| with_ids);
            let ids = ids.map(|one| self.open_file(&one.name)).collect::<Result<_, _>>()?;
            Ok(Day { cells, ids })
        };
        self.manifest.days.range(from..=to).map(|(day, files)| Ok((*day, open(files)?))).collect()
    }

    /// The ids of the records of these days: what was counted is recognised by them.
    ///
    /// # Errors
    /// When a file of the store cannot be read.
    pub(crate) fn counted_since(&self, from: Timestamp) -> Result<HashSet<u64>, EvidenceError> {
        let mut all = HashSet::new();
        for (_, day) in self.days(day_of(from), Date::MAX, true)? {
            for open in day.ids {
                for id in Ids::of(open.file) {
                    all.insert(id.map_err(|error| EvidenceError::io(&open.path, error))?);
                }
            }
        }
        Ok(all)
    }

    /// Calls `each` with all cells.
    pub(super) fn cells(
        &self,
        mut each: impl FnMut(&crate::sign_ins::records::Who, crate::tenant::Cell),
    ) -> Result<(), EvidenceError> {
        for (_, day) in self.days(Date::MIN, Date::MAX, false)? {
            for open in day.cells {
                let bytes = open.bytes()?;
                codec::decode(&bytes, &mut each).map_err(|what| EvidenceError::damaged(&open.path, what))?;
            }
        }
        Ok(())
    }

    /// How many users have records.
    pub(super) fn users(&self) -> Result<u64, EvidenceError> {
        let mut all = HashSet::new();
        for (_, day) in self.days(Date::MIN, Date::MAX, false)? {
            for open in day.cells {
                let bytes = open.bytes()?;
                let users = codec::users(&bytes);
                all.extend(users.ok_or_else(|| EvidenceError::damaged(&open.path, "it cannot be read"))?);
            }
        }
        Ok(all.len() as u64)
    }
}

impl Open {
    fn bytes(&self) -> Result<Vec<u8>, EvidenceError> {
        let mut bytes = Vec::new();
        (&self.file).read_to_end(&mut bytes).map_err(|error| EvidenceError::io(&self.path, error))?;
        Ok(bytes)
    }
}

fn read(store: &Store, with_ids: bool, all: &mut SignInFiles<'_>) -> Result<Stored, EvidenceError> {
    let (since, now) = all.window();
    let mut stored = Stored::default();
    // Of each day and kind: records there are, and records of this tenant's users.
    let mut seen: BTreeMap<(Date, usize), [u64; 2]> = BTreeMap::new();
    for (day, files) in store.days(day_of(since), day_of(now), with_ids)? {
        for open in &files.cells {
            let bytes = open.bytes()?;
            codec::decode(&bytes, |who, cell| {
                let (kind, count) = (cell.shape.kind as usize, u64::from(cell.count));
                if cell.first > now {
                    return;
                }
                let ours = all.cell(who, cell);
                let [records, known] = seen.entry((day, kind)).or_default();
                *records += count;
                *known += if ours { count } else { 0 };
            })
            .map_err(|what| EvidenceError::damaged(&open.path, what))?;
        }
        for open in files.ids {
            let io = |error| EvidenceError::io(&open.path, error);
            let ids: Vec<u64> = Ids::of(open.file).collect::<Result<_, _>>().map_err(io)?;
            all.counted_before(day, ids.into_iter()).map_err(io)?;
        }
    }
    stored.records = seen.values().map(|[_, known]| known).sum();
    for kind in SignInKind::ALL {
        let cover = store.manifest.cover(*kind as usize).within(since, now);
        for &(from, to) in cover.stretches() {
            let days = seen.range((day_of(from), 0)..=(day_of(to), 1)).filter(|((_, one), _)| *one == *kind as usize);
            let (records, known) =
                days.fold((0, 0), |(all, ours), (_, [records, known])| (all + records, ours + known));
            // Where all records are of other people, it may be another tenant's log.
            if records == 0 || known > 0 {
                all.covers(*kind, from, to);
                stored.covered[*kind as usize].push((from, to));
            }
        }
    }
    for sender in store.senders_of(&store.manifest)? {
        all.sender(&sender);
    }
    all.name_source(".mfaplan/evidence");
    Ok(stored)
}
