//! What the configuration of a sample plan claims: its blocks, and everybody without a change.

use super::{place, user_id};
use crate::{
    facts::UserKind,
    plan::{BlockKind, Bystander, Change, ChangeUser, Claimed, PlanBlock},
    risk::Place,
    tenant::MfaState::{Disabled, Enforced},
};

/// The blocks of these changes, behind the one that everybody else is claimed by.
pub(super) fn blocks(changes: &[Change]) -> Vec<PlanBlock> {
    let block =
        |place: Place, kind| PlanBlock { place, kind, owner: None, reason: None, until: None, replacement: None };
    let mut places = vec![place("mfa.staff", 3)];
    for place in changes.iter().filter_map(|change| change.declared_by.as_ref()) {
        if !places.contains(place) {
            places.push(place.clone());
        }
    }
    let mut blocks: Vec<_> = places.into_iter().map(|place| block(place, BlockKind::Mfa)).collect();
    blocks.insert(1, block(place("break_glass.keys", 40), BlockKind::BreakGlass));
    blocks
}

/// Everybody without a change.
pub(super) fn others(unmanaged: u64, protected: u64, unchanged: u64) -> Vec<Bystander> {
    let kinds = [
        (unmanaged, Claimed::Unmanaged, Disabled, UserKind::Person),
        (protected, Claimed::Protected(1), Disabled, UserKind::BreakGlass),
        (unchanged, Claimed::Declared(0, Enforced), Enforced, UserKind::Person),
    ];
    let each = kinds.into_iter().flat_map(|(count, claim, state, kind)| (0..count).map(move |_| (claim, state, kind)));
    each.enumerate()
        .map(|(n, (claim, state, kind))| Bystander {
            user: ChangeUser {
                id: user_id(1_000_000 + n),
                user_principal_name: format!("other{n:06}@contoso.com").into(),
                display_name: Some("Somebody Else".into()),
                kind,
                registered: Some(true),
            },
            state: state.into(),
            claim,
        })
        .collect()
}
