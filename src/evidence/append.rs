//! Adding records. Nothing is kept of a record but what its cell counts: ids are compared with those of its day a slice at a
//! time, and cells go to the disk when there are many. Until [`Append::commit`] the store is what it was.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::PathBuf,
    sync::Arc,
};

use jiff::{Timestamp, civil::Date};

use super::{
    EvidenceError, Store, codec, day_of,
    ids::{Ids, merged},
    manifest::{IdFile, Manifest},
    step,
};
use crate::{
    files,
    sign_ins::{
        Aggregator,
        records::{Entry, Kept, Register, Who},
        requests::find,
        smtp::Sender,
    },
    tenant::{Cell, SignInKind, SignInShape},
};

/// Records looked at together: six megabytes.
const SLICE: usize = 100_000;
/// Cells in memory: forty megabytes.
const CELLS: usize = 100_000;
/// Files of cells a day; with more they become one.
const FILES: usize = 8;

/// What became of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Counted now.
    pub(crate) counted: u64,
    /// Counted before: the same request id.
    pub(crate) duplicates: u64,
    /// Before the prune mark.
    pub(crate) pruned: u64,
    /// Of another tenant.
    pub(crate) other_tenant: u64,
    /// Of nobody: no id and no name.
    pub(crate) nobody: u64,
    /// Counted without an id: they cannot be recognised if they come again.
    pub(crate) without_id: u64,
}

impl Taken {
    /// Adds what became of others.
    pub(crate) const fn add(&mut self, other: &Self) {
        let Self { counted, duplicates, pruned, other_tenant, nobody, without_id } = other;
        self.counted += *counted;
        self.duplicates += *duplicates;
        self.pruned += *pruned;
        self.other_tenant += *other_tenant;
        self.nobody += *nobody;
        self.without_id += *without_id;
    }
}

/// Records being added to a store.
pub(crate) struct Append<'s> {
    store: &'s mut Store,
    manifest: Manifest,
    /// Files written so far, valid once committed.
    written: Vec<PathBuf>,
    log: Aggregator<u32>,
    register: Arc<Register>,
    /// The users and shapes of the register, as far as they have been asked for.
    users: Vec<Who>,
    shapes: Vec<Arc<SignInShape>>,
    /// Records on their way, and the number of their user: are they counted already?
    pending: Vec<(u32, Kept)>,
    taken: Taken,
}

impl<'s> Append<'s> {
    /// Begins. The caller holds the store's lock.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub(crate) fn begin(store: &'s mut Store) -> Result<Self, EvidenceError> {
        fs::create_dir_all(&store.dir).map_err(|error| EvidenceError::io(&store.dir, error))?;
        store.sweep();
        let tenant = store.manifest.tenant;
        Ok(Self {
            manifest: store.manifest.clone(),
            log: Aggregator::new(tenant),
            store,
            written: Vec::new(),
            register: Arc::new(Register::new(tenant)),
            users: Vec::new(),
            shapes: Vec::new(),
            pending: Vec::new(),
            taken: Taken::default(),
        })
    }

    /// What became of the records so far; those under way are not among them.
    pub(crate) fn taken(&self) -> Taken {
        self.taken
    }

    /// The numbers of the users and shapes of what is added.
    pub(crate) fn register(&self) -> Arc<Register> {
        Arc::clone(&self.register)
    }

    /// Takes a record. There is always room for one more, but see [`Self::settle`].
    pub(crate) fn add(&mut self, entry: &Entry<'_>) {
        let record = self.register.clerk().keep(entry);
        self.take(record);
    }

    /// Takes a record with the numbers of [`Self::register`].
    pub(crate) fn take(&mut self, record: Kept) {
        if record.foreign {
            self.taken.other_tenant += 1;
            return;
        }
        let Some(user) = record.user else {
            self.taken.nobody += 1;
            return;
        };
        if self.manifest.pruned_before.is_some_and(|mark| day_of(record.at) < mark) {
            self.taken.pruned += 1;
            return;
        }
        self.pending.push((user, record));
    }

    /// Is it time for [`Self::settle`]?
    pub(crate) fn is_full(&self) -> bool {
        self.pending.len() >= SLICE
    }

    /// Counts the records taken, each once.
    ///
    /// # Errors
    /// Those of the store's files.
    pub(crate) fn settle(&mut self) -> Result<(), EvidenceError> {
        self.users.extend(self.register.users_from(self.users.len()));
        self.shapes.extend(self.register.shapes_from(self.shapes.len()));
        let mut groups: BTreeMap<(Date, usize), Vec<(u32, Kept)>> = BTreeMap::new();
        for (user, one) in self.pending.drain(..) {
            groups.entry((day_of(one.at), one.kind as usize)).or_default().push((user, one));
        }
        for ((day, kind), group) in groups {
            self.group(day, kind, group)?;
            if self.log.cells() >= CELLS {
                self.spill()?;
            }
        }
        Ok(())
    }

    /// Has the register begin its shapes anew.
    ///
    /// # Errors
    /// As of [`Self::settle`].
    pub(crate) fn forget_shapes(&mut self) -> Result<(), EvidenceError> {
        self.settle()?;
        self.log.forget_numbers();
        self.shapes.clear();
        self.register.forget_shapes();
        Ok(())
    }

    fn group(&mut self, day: Date, kind: usize, mut group: Vec<(u32, Kept)>) -> Result<(), EvidenceError> {
        group.sort_by_key(|(_, one)| one.request);
        let without = group.partition_point(|(_, one)| one.request.is_none());
        let all: Vec<u64> = group.iter().filter_map(|(_, one)| one.request).collect();
        let before = self.manifest.days.entry(day).or_default().ids.of(kind).clone();
        let mut again: Vec<bool> = all.iter().enumerate().map(|(at, id)| at > 0 && all[at - 1] == *id).collect();
        if let Some(before) = &before {
            let (path, ids) = self.ids(before)?;
            find(&all, ids, |at| again[at] = true).map_err(|error| EvidenceError::io(&path, error))?;
        }
        let new: Vec<u64> = all.iter().zip(&again).filter(|(_, again)| !**again).map(|(id, _)| *id).collect();
        if !new.is_empty() {
            let word = SignInKind::ALL[kind].snake();
            let name = self.manifest.name(&format!("{day}.{word}"), "ids");
            let path = self.store.dir.join(&name);
            let io = |error| EvidenceError::io(&path, error);
            let mut out = files::new(&path).map_err(io)?;
            self.written.push(path.clone());
            step(&path)?;
            let count = match &before {
                Some(before) => merged(&new, self.ids(before)?.1, &mut out),
                None => merged(&new, std::iter::empty(), &mut out),
            }
            .map_err(io)?;
            let expected = before.as_ref().map_or(0, |one| one.count) + new.len() as u64;
            if count != expected {
                return Err(EvidenceError::damaged(&path, format!("{count} ids, and {expected} were expected")));
            }
            *self.manifest.days.entry(day).or_default().ids.of_mut(kind) = Some(IdFile { name, count });
        }
        let mut again = again.into_iter();
        group.retain(|(_, one)| one.request.is_none() || again.next() == Some(false));
        let counted = group.len() as u64;
        self.taken.duplicates += (all.len() + without) as u64 - counted;
        self.taken.without_id += without as u64;
        self.log.count(&group, &self.shapes);
        self.taken.counted += counted;
        *self.manifest.days.entry(day).or_default().records.of_mut(kind) += counted;
        Ok(())
    }

    fn ids(&self, file: &IdFile) -> Result<(PathBuf, Ids), EvidenceError> {
        let path = self.store.dir.join(&file.name);
        let ids = File::open(&path).map_err(|error| EvidenceError::io(&path, error))?;
        Ok((path, Ids::of(ids)))
    }

    /// Writes the cells that are in memory to the files of their days.
    fn spill(&mut self) -> Result<(), EvidenceError> {
        let mut days: BTreeMap<Date, Vec<(Who, Cell)>> = BTreeMap::new();
        for (user, cells) in self.log.drain() {
            for cell in cells {
                days.entry(cell.day).or_default().push((self.users[user as usize].clone(), cell));
            }
        }
        for (day, mut cells) in days {
            let old = self.manifest.days.entry(day).or_default().cells.clone();
            let whole = old.len() + 1 > FILES;
            if whole {
                cells = self.together(&old, cells)?;
            }
            let name = self.manifest.name(&day.to_string(), "cells");
            let path = self.store.dir.join(&name);
            let io = |error| EvidenceError::io(&path, error);
            let mut out = files::new(&path).map_err(io)?;
            self.written.push(path.clone());
            step(&path)?;
            out.write_all(&codec::encode(day, cells)).map_err(io)?;
            let files = &mut self.manifest.days.entry(day).or_default().cells;
            if whole {
                files.clear();
            }
            files.push(name);
        }
        Ok(())
    }

    /// The cells of these files and these, of which equal ones are one.
    fn together(&self, files: &[String], cells: Vec<(Who, Cell)>) -> Result<Vec<(Who, Cell)>, EvidenceError> {
        let mut log: Aggregator<Who> = Aggregator::new(self.manifest.tenant);
        for name in files {
            let path = self.store.dir.join(name);
            let bytes = fs::read(&path).map_err(|error| EvidenceError::io(&path, error))?;
            codec::decode(&bytes, |who, cell| log.add_cell(who.clone(), cell))
                .map_err(|what| EvidenceError::damaged(&path, what))?;
        }
        for (who, cell) in cells {
            log.add_cell(who, cell);
        }
        Ok(log
            .drain()
            .into_iter()
            .flat_map(|(who, cells)| cells.into_iter().map(move |cell| (who.clone(), cell)))
            .collect())
    }

    /// Says that the log of this kind is known whole for this stretch.
    pub(crate) fn covers(&mut self, kind: SignInKind, from: Timestamp, to: Timestamp) {
        let from = match self.manifest.pruned_before {
            Some(mark) => from.max(super::start_of(mark)),
            None => from,
        };
        if from <= to {
            self.manifest.covers(kind, from, to);
        }
    }

    /// Adds senders of a report; one that is known for the same time is replaced.
    ///
    /// # Errors
    /// Those of the store's files.
    pub(crate) fn senders(&mut self, new: &[Sender]) -> Result<(), EvidenceError> {
        let mut all = self.store.senders_of(&self.manifest)?;
        for sender in new {
            let same = |one: &&mut Sender| {
                one.address.eq_ignore_ascii_case(&sender.address) && (one.from, one.to) == (sender.from, sender.to)
            };
            match all.iter_mut().find(same) {
                Some(known) => known.messages = known.messages.max(sender.messages),
                None => all.push(sender.clone()),
            }
        }
        let name = self.manifest.name("smtp", "senders");
        let path = self.store.dir.join(&name);
        let io = |error| EvidenceError::io(&path, error);
        let mut out = files::new(&path).map_err(io)?;
        self.written.push(path.clone());
        out.write_all(&serde_json::to_vec(&all).unwrap_or_default()).map_err(io)?;
        self.manifest.senders = Some(name);
        Ok(())
    }

    /// Makes everything valid in one step.
    ///
    /// # Errors
    /// Those of the store's files; then it is what it was.
    pub(crate) fn commit(mut self, source: &str) -> Result<Taken, EvidenceError> {
        self.settle()?;
        self.spill()?;
        let taken = self.taken;
        *self.manifest.sources.entry(source.to_owned()).or_default() += taken.counted;
        self.manifest.without_id += taken.without_id;
        self.manifest.days.retain(|_, day| !day.cells.is_empty());
        let mut manifest = std::mem::replace(&mut self.manifest, Manifest::new(self.store.manifest.tenant));
        manifest.next = manifest.next.max(self.store.manifest.next);
        let valid = manifest.files();
        for path in &self.written {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // What was replaced within this run need not be flushed.
            if valid.contains(name) {
                let flushed = File::open(path).and_then(|file| file.sync_all());
                flushed.map_err(|error| EvidenceError::io(path, error))?;
            }
        }
        self.store.replace(manifest)?;
        self.written.clear();
        Ok(taken)
    }
}

impl Drop for Append<'_> {
    fn drop(&mut self) {
        #[cfg(test)]
        if super::tests::kill::dead() {
            return;
        }
        // Not committed: nothing of it is valid. What cannot be removed now, the next writer removes.
        for path in &self.written {
            let _ = fs::remove_file(path);
        }
    }
}

impl Store {
    /// The senders that reports named.
    pub(super) fn senders_of(&self, manifest: &Manifest) -> Result<Vec<Sender>, EvidenceError> {
        let Some(name) = &manifest.senders else { return Ok(Vec::new()) };
        let path = self.dir.join(name);
        let text = fs::read(&path).map_err(|error| EvidenceError::io(&path, error))?;
        serde_json::from_slice(&text).map_err(|error| EvidenceError::damaged(&path, error.to_string()))
    }
}
