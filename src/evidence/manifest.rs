//! `store.json`: what is valid.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{day_of, start_of};
use crate::{
    sign_ins::cover::Cover,
    tenant::{SignInKind, TenantId},
};

/// The version of the files. Another one is read by another program.
const FORMAT: u32 = 1;

/// Something for each kind of sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kinds<T> {
    pub(super) interactive: T,
    pub(super) non_interactive: T,
}

impl<T> Kinds<T> {
    pub(super) fn of(&self, kind: usize) -> &T {
        if kind == SignInKind::Interactive as usize { &self.interactive } else { &self.non_interactive }
    }

    pub(super) fn of_mut(&mut self, kind: usize) -> &mut T {
        if kind == SignInKind::Interactive as usize { &mut self.interactive } else { &mut self.non_interactive }
    }
}

/// A stretch of time, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Interval {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// Ids of one day and kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdFile {
    pub(super) name: String,
    pub(super) count: u64,
}

/// The files of one day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Day {
    pub(super) cells: Vec<String>,
    pub(super) ids: Kinds<Option<IdFile>>,
    pub(super) records: Kinds<u64>,
}

/// The whole of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: u32,
    pub(super) tenant: TenantId,
    /// The number of the next file.
    pub(super) next: u64,
    pub(super) pruned_before: Option<Date>,
    pub(super) covered: Kinds<Vec<Interval>>,
    pub(super) sources: BTreeMap<String, u64>,
    pub(super) without_id: u64,
    pub(super) senders: Option<String>,
    pub(super) days: BTreeMap<Date, Day>,
}

impl Manifest {
    pub(super) fn new(tenant: TenantId) -> Self {
        Self {
            format: FORMAT,
            tenant,
            next: 1,
            pruned_before: None,
            covered: Kinds::default(),
            sources: BTreeMap::new(),
            without_id: 0,
            senders: None,
            days: BTreeMap::new(),
        }
    }

    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let Head { format } = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if format != FORMAT {
            return Err(format!("it has format {format}, and this version reads {FORMAT}"));
        }
        let manifest: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        // Names of files, and nothing that leads elsewhere.
        let odd = |name: &&str| name.contains(['/', '\\']) || name.starts_with('.') || name.is_empty();
        if let Some(name) = manifest.files().into_iter().find(odd) {
            return Err(format!("{name:?} is no name of a file"));
        }
        Ok(manifest)
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// A name that no file has.
    pub(super) fn name(&mut self, what: &str, end: &str) -> String {
        let name = format!("{what}.{}.{end}", self.next);
        self.next += 1;
        name
    }

    pub(super) fn files(&self) -> BTreeSet<&str> {
        let mut all = BTreeSet::new();
        for Day { cells, ids, records: _ } in self.days.values() {
            all.extend(cells.iter().map(String::as_str));
            all.extend([&ids.interactive, &ids.non_interactive].into_iter().flatten().map(|one| one.name.as_str()));
        }
        all.extend(self.senders.as_deref());
        all
    }

    pub(super) fn records(&self) -> u64 {
        self.days.values().map(|day| day.records.interactive + day.records.non_interactive).sum()
    }

    pub(super) fn cover(&self, kind: usize) -> Cover {
        let mut cover = Cover::default();
        for Interval { from, to } in self.covered.of(kind) {
            cover.add(*from, *to);
        }
        cover
    }

    pub(super) fn covers(&mut self, kind: SignInKind, from: Timestamp, to: Timestamp) {
        let mut cover = self.cover(kind as usize);
        cover.add(from, to);
        *self.covered.of_mut(kind as usize) =
            cover.stretches().iter().map(|&(from, to)| Interval { from, to }).collect();
    }

    /// Forgets the days before this one; how many records that were.
    pub(super) fn prune(&mut self, before: Date) -> u64 {
        let kept = self.days.split_off(&before);
        let gone = std::mem::replace(&mut self.days, kept);
        self.pruned_before = self.pruned_before.max(Some(before));
        let start = start_of(before);
        for kind in [0, 1] {
            let intervals = self.covered.of_mut(kind);
            intervals.retain(|one| day_of(one.to) >= before);
            intervals.iter_mut().for_each(|one| one.from = one.from.max(start));
        }
        gone.values().map(|day| day.records.interactive + day.records.non_interactive).sum()
    }
}
