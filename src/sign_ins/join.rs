//! Two accounts of the same user's sign-ins, joined: the stronger of both, count by count. A zero never beats a count, and
//! nothing known is lost: a file adds to what the tenant says.

use std::collections::BTreeMap;

use crate::tenant::{AppSignIns, Cell, LegacySignIns, SignIns, Skipped, Text};

/// What is known by either.
pub(super) fn stronger(one: SignIns, other: SignIns) -> SignIns {
    let window_days = window(&one, &other);
    let SignIns {
        window_days: _,
        interactive,
        interactive_mfa,
        mfa_skipped,
        non_interactive,
        failed,
        failed_mfa,
        ropc,
        app_password,
        distinct_ips,
        active_hours,
        weekend_share,
        legacy,
        apps,
        clients,
        cells,
    } = one;
    let mut joined = SignIns {
        window_days,
        interactive: interactive.max(other.interactive),
        interactive_mfa: interactive_mfa.max(other.interactive_mfa),
        mfa_skipped: either(mfa_skipped, other.mfa_skipped, skipped),
        non_interactive: non_interactive.max(other.non_interactive),
        failed: failed.max(other.failed),
        failed_mfa: failed_mfa.max(other.failed_mfa),
        ropc: ropc.max(other.ropc),
        app_password: app_password.max(other.app_password),
        distinct_ips: distinct_ips.max(other.distinct_ips),
        active_hours: active_hours.max(other.active_hours),
        weekend_share: either(weekend_share, other.weekend_share, f32::max),
        legacy: either(legacy, other.legacy, protocols),
        apps: either(apps, other.apps, applications),
        clients: either(clients, other.clients, |one, other| {
            let mut all: Vec<Text> = one.into_iter().chain(other).collect();
            all.sort_unstable();
            all.dedup();
            all.into()
        }),
        cells: either(cells, other.cells, records),
    };
    // Records that are only a part of what is known would replay as if they were all.
    if joined.cells.as_ref().is_some_and(|cells| !told_by(&joined, cells)) {
        joined.cells = None;
    }
    joined
}

/// Do the counts say no more than these records?
fn told_by(sign_ins: &SignIns, cells: &[Cell]) -> bool {
    let of_cells = SignIns::from_cells(cells.into(), sign_ins.window_days);
    of_cells.disagreement(sign_ins).is_none()
}

/// A shorter look that alone knows a count bounds what is said of absence.
fn window(one: &SignIns, other: &SignIns) -> Option<u16> {
    let (longer, shorter) = if one.window_days >= other.window_days { (one, other) } else { (other, one) };
    let complete = longer.interactive.is_some() && longer.non_interactive.is_some();
    if complete || shorter.window_days.is_none() { longer.window_days } else { shorter.window_days }
}

fn either<T>(one: Option<T>, other: Option<T>, both: impl FnOnce(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(both(one, other)),
        (one, other) => one.or(other),
    }
}

fn skipped(one: Box<[Skipped]>, other: Box<[Skipped]>) -> Box<[Skipped]> {
    let mut all = BTreeMap::new();
    for Skipped { reason, count } in one.into_iter().chain(other) {
        let most = all.entry(reason).or_insert(0);
        *most = count.max(*most);
    }
    all.into_iter().map(|(reason, count)| Skipped { reason, count }).collect()
}

fn protocols(one: Box<[LegacySignIns]>, other: Box<[LegacySignIns]>) -> Box<[LegacySignIns]> {
    let mut all: Vec<LegacySignIns> = one.into_vec();
    for new in other {
        match all.iter_mut().find(|known| known.protocol == new.protocol) {
            Some(known) => {
                known.count = known.count.max(new.count);
                known.last = known.last.max(new.last);
                known.distinct_ips = known.distinct_ips.max(new.distinct_ips);
            }
            None => all.push(new),
        }
    }
    all.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.protocol.cmp(&b.protocol)));
    all.into()
}

fn applications(one: Box<[AppSignIns]>, other: Box<[AppSignIns]>) -> Box<[AppSignIns]> {
    let mut all: Vec<AppSignIns> = one.into_vec();
    for new in other {
        match all.iter_mut().find(|known| known.id == new.id) {
            Some(known) => {
                known.count = known.count.max(new.count);
                known.display_name = known.display_name.take().or(new.display_name);
            }
            None => all.push(new),
        }
    }
    all.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.id.cmp(&b.id)));
    all.into()
}

/// Records of two sources, where ids no longer tell which are the same: of equal days and shapes, the larger count.
fn records(one: Box<[Cell]>, other: Box<[Cell]>) -> Box<[Cell]> {
    let mut all = one.into_vec();
    all.extend(other);
    all.sort_by(|a, b| a.order(b).then_with(|| b.count.cmp(&a.count)));
    all.dedup_by(|later, kept| later.day == kept.day && later.shape == kept.shape);
    all.into()
}
