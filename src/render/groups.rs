//! Changes with everything in common but the user: what is shown as one group.

use std::{cmp::Reverse, collections::BTreeMap};

use crate::{
    desired::Hold,
    plan::{Change, Plan},
    risk::Place,
    tenant::Text,
};

/// Changes of one block, with the same decision, hold, transition and effect on sign-ins.
#[derive(Clone, Debug)]
pub(crate) struct Group<'a> {
    /// The declaring block; none in a rollback.
    pub block: Option<&'a Place>,
    /// They wait.
    pub held: bool,
    /// Why they wait, or stay where the change brings them.
    pub hold: Option<&'a Hold>,
    /// Never empty. Risk first; within one severity by name.
    pub changes: Vec<&'a Change>,
    /// Another group differs from this one in nothing but what the change means for sign-ins.
    pub twin: bool,
}

/// Block (file, line, address), decision, hold, action and states, and what it means for sign-ins.
type Key<'a> = ((&'a str, u32, &'a str), bool, Option<(i64, &'a str)>, u8, &'a str, [u8; 6], [&'a [Text]; 2]);

fn key(change: &Change) -> Key<'_> {
    let block = change.declared_by.as_ref().map_or(("", 0, ""), |place| (&*place.file, place.line, &*place.address));
    // A hold without a date comes after those with one.
    let hold = change
        .decision
        .hold()
        .map(|Hold { kind: _, until, reason, gate: _ }| (until.map_or(i64::MAX, |at| at.as_second()), &**reason));
    let (modern, legacy) = (change.impact.modern_auth, change.impact.legacy_auth);
    let effect = [
        change.after.strength(),
        change.effective.strength(),
        modern.0 as u8,
        modern.1 as u8,
        legacy.0 as u8,
        legacy.1 as u8,
    ];
    let policies = [&*change.impact.modern_policies, &*change.impact.legacy_policies];
    (block, change.decision.is_hold(), hold, change.action as u8, change.before.as_str(), effect, policies)
}

/// All changes that are not blocked, by place of their block, then action.
#[must_use]
pub(crate) fn groups(plan: &Plan) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<Key<'_>, Vec<&Change>> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| !change.decision.is_block()) {
        groups.entry(key(change)).or_default().push(change);
    }
    let heads: Vec<_> = groups.keys().map(|key| (key.0, key.1, key.2, key.3, key.4, key.5[0], key.5[1])).collect();
    let is = |head, other: Option<usize>| other.and_then(|other| heads.get(other)) == Some(head);
    let twins: Vec<bool> =
        heads.iter().enumerate().map(|(at, head)| is(head, at.checked_sub(1)) || is(head, Some(at + 1))).collect();
    groups
        .into_values()
        .zip(twins)
        .filter_map(|(mut changes, twin)| {
            changes.sort_by_cached_key(|change| Reverse(change.worst()));
            let first = *changes.first()?;
            Some(Group {
                block: first.declared_by.as_ref(),
                held: first.decision.is_hold(),
                hold: first.decision.hold(),
                changes,
                twin,
            })
        })
        .collect()
}
