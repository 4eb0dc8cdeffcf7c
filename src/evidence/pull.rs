//! What is still to be read of the log, in slices that are committed one by one.

use jiff::{SignedDuration, Timestamp};

use super::Store;
use crate::tenant::SignInKind;

/// Records come late: the last hour before what is covered is read again ("How long does it take for sign-in logs to
/// appear": minutes, mostly).
pub(super) const LATE: SignedDuration = SignedDuration::from_hours(1);
/// The longest slice: a day of a large tenant is twelve minutes of reading, and all that a kill can cost.
const LONGEST: SignedDuration = SignedDuration::from_hours(6);

/// A slice of the log; both ends are in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// Of which kind.
    pub(crate) kind: SignInKind,
    /// From here.
    pub(crate) from: Timestamp,
    /// To here.
    pub(crate) to: Timestamp,
}

/// What is not covered between these instants, newest first, so that a plan made while the rest is being read knows the
/// last days of both kinds.
#[must_use]
pub(crate) fn slices(store: &Store, from: Timestamp, to: Timestamp) -> Vec<Slice> {
    let mut all = Vec::new();
    for kind in SignInKind::ALL {
        let cover = store.manifest.cover(*kind as usize);
        let mut known = crate::sign_ins::cover::Cover::default();
        for &(start, end) in cover.stretches() {
            // A stretch that reaches into the last hour before the end is newest: its own end may lack late records.
            let end = end - LATE;
            if start <= end {
                known.add(start, end);
            }
        }
        for (start, end) in missing(&known, from, to) {
            let mut at = start;
            while at < end {
                let next = (at + LONGEST).min(end);
                all.push(Slice { kind: *kind, from: at, to: next });
                at = next;
            }
        }
    }
    all.sort_by_key(|slice| (std::cmp::Reverse(slice.to), slice.kind));
    all
}

/// The complement of a cover, however short.
fn missing(cover: &crate::sign_ins::cover::Cover, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut gaps = Vec::new();
    let mut at = from;
    for &(start, end) in cover.within(from, to).stretches() {
        if start > at {
            gaps.push((at, start));
        }
        at = at.max(end);
    }
    if at < to {
        gaps.push((at, to));
    }
    gaps
}
