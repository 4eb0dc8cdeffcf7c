//! What the store knows, in figures.

use std::{collections::BTreeMap, fs};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{EvidenceError, Store, day_of};
use crate::{
    sign_ins::window_start,
    tenant::{SignInKind, TenantId},
};

/// Records a second that the service gives: 5 requests in 10 s, 1,000 records each ("Microsoft Graph service-specific
/// throttling limits").
pub(crate) const PER_SECOND: u64 = 500;

/// A stretch of time, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Stretch {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// Stretches of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Stretches {
    pub(crate) interactive: Vec<Stretch>,
    pub(crate) non_interactive: Vec<Stretch>,
}

/// The store itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Size {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) records: u64,
    pub(crate) users: u64,
    pub(crate) without_id: u64,
    pub(crate) pruned_before: Option<jiff::civil::Date>,
}

/// Records by where they came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct BySource {
    pub(crate) source: String,
    pub(crate) records: u64,
}

/// How long reading what is missing would take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct FullPull {
    /// How many records there would be; null where no day is known to judge by.
    pub(crate) records: Option<u64>,
    /// How long, at the published rate.
    pub(crate) seconds: Option<u64>,
}

/// `evidence status --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Status {
    pub(crate) tenant: TenantId,
    pub(crate) store: Size,
    pub(crate) coverage: Stretches,
    pub(crate) gaps: Stretches,
    pub(crate) sources: Vec<BySource>,
    pub(crate) fresh: bool,
    pub(crate) full_pull: FullPull,
    pub(crate) last_sign_ins: Option<LastSignIns>,
}

/// The dates of last sign-ins that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LastSignIns {
    /// When they were read.
    pub(crate) read_at: Timestamp,
    /// Of how many users.
    pub(crate) users: usize,
}

/// Looks at the store. The window ends at `as_of`.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn status(store: &Store, as_of: Timestamp, window_days: u16) -> Result<Status, EvidenceError> {
    let manifest = &store.manifest;
    let from = window_start(as_of, window_days);
    let stretches = |all: &[(Timestamp, Timestamp)]| -> Vec<Stretch> {
        all.iter().map(|&(from, to)| Stretch { from, to }).collect()
    };
    let covers: BTreeMap<SignInKind, _> =
        SignInKind::ALL.iter().map(|kind| (*kind, manifest.cover(*kind as usize))).collect();
    let (interactive, non_interactive) = (&covers[&SignInKind::Interactive], &covers[&SignInKind::NonInteractive]);
    let mut bytes = store.bytes_of_dates();
    for name in manifest.files() {
        bytes += fs::metadata(store.dir.join(name)).map_or(0, |metadata| metadata.len());
    }
    Ok(Status {
        tenant: manifest.tenant,
        store: Size {
            path: store.dir.display().to_string().trim_start_matches("./").to_owned(),
            bytes,
            records: store.records(),
            users: store.users()?,
            without_id: manifest.without_id,
            pruned_before: manifest.pruned_before,
        },
        coverage: Stretches {
            interactive: stretches(interactive.stretches()),
            non_interactive: stretches(non_interactive.stretches()),
        },
        gaps: Stretches {
            interactive: stretches(&interactive.gaps(from, as_of)),
            non_interactive: stretches(&non_interactive.gaps(from, as_of)),
        },
        sources: manifest
            .sources
            .iter()
            .map(|(source, records)| BySource { source: source.clone(), records: *records })
            .collect(),
        fresh: store.is_fresh(as_of),
        full_pull: full_pull(store, from, as_of),
        last_sign_ins: store.dates()?.map(|dates| LastSignIns { read_at: dates.read_at, users: dates.users.len() }),
    })
}

/// By the newest day that is covered whole: so many records a day there are.
pub(crate) fn full_pull(store: &Store, from: Timestamp, to: Timestamp) -> FullPull {
    let manifest = &store.manifest;
    let mut records = 0;
    for kind in [0, 1] {
        let cover = manifest.cover(kind);
        let missing: SignedDuration =
            cover.gaps(from, to).iter().fold(SignedDuration::ZERO, |sum, (from, to)| sum + to.duration_since(*from));
        if missing == SignedDuration::ZERO {
            continue;
        }
        let whole = |day: &jiff::civil::Date| {
            let start = super::start_of(*day);
            cover.gaps(start, start + SignedDuration::from_hours(24)).is_empty()
        };
        let last = day_of(to);
        let newest = manifest.days.range(..=last).rev().find(|(day, _)| whole(day));
        let Some((_, files)) = newest else { return FullPull::default() };
        let a_day = *files.records.of(kind) as f64;
        records += (a_day * missing.as_secs_f64() / 86_400.0).round() as u64;
    }
    FullPull { records: Some(records), seconds: Some(records.div_ceil(PER_SECOND)) }
}
