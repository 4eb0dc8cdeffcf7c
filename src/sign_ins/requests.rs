//! Which requests were counted already, by eight bytes of a hash of each id.
//!
//! A request is of one instant, so an id can come again only among those of its day. Records are looked at many at a time:
//! their ids are sorted and compared with the sorted ids of their day, a run after the other. Runs are only ever added. The
//! last ones are in memory; once these are too many they go to a temporary file that has no name and ends with the process,
//! so that memory does not grow with records.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    ops::Range,
};

use jiff::civil::Date;

/// Ids in memory: sixteen megabytes.
const MEMORY: usize = 2 << 20;

/// Ids of requests that were counted.
#[derive(Default)]
pub(crate) struct Requests {
    /// The runs of each day: places among all ids.
    days: HashMap<Date, Vec<Range<u64>>>,
    /// The first ids, as many as `filed`.
    file: Option<File>,
    filed: u64,
    /// Those after them.
    memory: Vec<u64>,
    /// For tests: fewer of them than usual.
    #[cfg(test)]
    pub(crate) at_most: Option<usize>,
}

impl Requests {
    /// Which of these come for the first time, in the order given: of equal ones, the first. They are known from then on.
    ///
    /// # Errors
    /// When the temporary file cannot be written or read.
    pub(crate) fn take(&mut self, all: &[(Date, u64)]) -> io::Result<Vec<bool>> {
        let mut new = vec![false; all.len()];
        // By place last, so that the first of equal ones stays first.
        let mut order: Vec<(Date, u64, usize)> =
            all.iter().enumerate().map(|(place, &(day, id))| (day, id, place)).collect();
        order.sort_unstable();
        order.dedup_by_key(|(day, id, _)| (*day, *id));
        for group in order.chunk_by(|one, other| one.0 == other.0) {
            let day = group[0].0;
            let ids: Vec<u64> = group.iter().map(|(_, id, _)| *id).collect();
            let mut known = vec![false; ids.len()];
            for run in self.days.get(&day).cloned().unwrap_or_default() {
                self.find(&ids, run, &mut known)?;
            }
            for ((_, _, place), known) in group.iter().zip(&known) {
                new[*place] = !known;
            }
            let fresh = ids.into_iter().zip(known).filter(|(_, known)| !known).map(|(id, _)| id);
            self.add_run(day, fresh)?;
        }
        Ok(new)
    }

    /// Adds ids of a day, which are sorted and not known.
    ///
    /// # Errors
    /// When the temporary file cannot be written.
    pub(crate) fn add_run(&mut self, day: Date, ids: impl Iterator<Item = u64>) -> io::Result<()> {
        let start = self.filed + self.memory.len() as u64;
        self.memory.extend(ids);
        let end = self.filed + self.memory.len() as u64;
        if start < end {
            self.days.entry(day).or_default().push(start..end);
        }
        if self.memory.len() >= self.at_most() { self.put_away() } else { Ok(()) }
    }

    fn at_most(&self) -> usize {
        #[cfg(test)]
        if let Some(at_most) = self.at_most {
            return at_most;
        }
        MEMORY
    }

    /// Writes what is in memory to the file.
    fn put_away(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::End(0))?;
        let mut out = BufWriter::with_capacity(1 << 16, file);
        for id in &self.memory {
            out.write_all(&id.to_ne_bytes())?;
        }
        out.flush()?;
        self.filed += self.memory.len() as u64;
        self.memory.clear();
        Ok(())
    }

    /// Marks those of these sorted ids that are in a run.
    fn find(&self, ids: &[u64], run: Range<u64>, known: &mut [bool]) -> io::Result<()> {
        match (&self.file, run.start.checked_sub(self.filed)) {
            (_, Some(start)) => {
                let length = (run.end - run.start) as usize;
                let run = self.memory.iter().skip(start as usize).take(length);
                find(ids, run.map(|id| Ok(*id)), |at| known[at] = true)
            }
            (None, None) => Ok(()),
            (Some(file), None) => {
                let mut file: &File = file;
                file.seek(SeekFrom::Start(run.start * 8))?;
                let mut input = BufReader::with_capacity(1 << 16, file.take((run.end - run.start) * 8));
                let ids_of_run = (run.start..run.end).map(|_| {
                    let mut bytes = [0; 8];
                    input.read_exact(&mut bytes).map(|()| u64::from_ne_bytes(bytes))
                });
                find(ids, ids_of_run, |at| known[at] = true)
            }
        }
    }
}

/// Which of these sorted ids are known: calls `known` with their positions.
pub(crate) fn find(
    new: &[u64],
    ids: impl Iterator<Item = io::Result<u64>>,
    mut known: impl FnMut(usize),
) -> io::Result<()> {
    let mut at = 0;
    for id in ids {
        let id = id?;
        while new.get(at).is_some_and(|one| *one < id) {
            at += 1;
        }
        let mut same = at;
        while new.get(same) == Some(&id) {
            known(same);
            same += 1;
        }
        if at >= new.len() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A set in memory says the same, however few ids are in memory and however many are looked at together.
        #[test]
        fn an_id_is_new_once_a_day(
            all in prop::collection::vec((1..4_i8, 0..40_u64), 0..200),
            at_most in 1..50_usize,
            together in 1..60_usize,
        ) {
            let all: Vec<(Date, u64)> =
                all.into_iter().map(|(day, id)| (jiff::civil::date(2026, 11, day), id)).collect();
            let mut requests = Requests { at_most: Some(at_most), ..Requests::default() };
            let mut set = HashSet::new();
            for slice in all.chunks(together) {
                let new = requests.take(slice).unwrap();
                let wanted: Vec<bool> = slice.iter().map(|one| set.insert(*one)).collect();
                prop_assert_eq!(new, wanted);
            }
        }
    }
}
