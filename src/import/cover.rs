//! Greedy covering: which attributes say in one line what would otherwise take many names.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use super::{
    STATES,
    feature::{Axis, Feature, Features},
};
use crate::tenant::MfaState;

/// An attribute must save this many names to be worth a place of its own.
const OVERHEAD: u32 = 4;

/// How many attributes are tried as exceptions of one block: each costs a walk over the block's exceptions.
const MOST_EXCEPTIONS: usize = 40;

/// How the states of all people are said.
pub(super) struct Cover {
    /// What holds for everybody who is not named below; `None` if there is nobody.
    pub(super) base: Option<MfaState>,
    /// Blocks by attribute, one per state and kind of attribute.
    pub(super) by_attribute: Vec<Group>,
    /// The rest, by name: positions in [`Features::people`].
    pub(super) by_name: Vec<(MfaState, Vec<u32>)>,
}

/// A block: everybody with one of these features is in this state, but for the exceptions.
pub(super) struct Group {
    pub(super) state: MfaState,
    pub(super) axis: Axis,
    /// Positions in [`Features::all`], sorted by value.
    pub(super) features: Vec<u32>,
    /// How many people it claims, after exceptions.
    pub(super) claimed: usize,
    /// Exceptions that are features.
    pub(super) except: Vec<u32>,
    /// The other exceptions: positions in [`Features::people`].
    pub(super) except_people: Vec<u32>,
}

impl Cover {
    pub(super) fn of(features: &Features) -> Self {
        let Some(base) = base(features) else {
            return Self { base: None, by_attribute: Vec::new(), by_name: Vec::new() };
        };
        let mut open: Vec<bool> =
            features.people.iter().map(|person| person.state.is_some_and(|state| state != base)).collect();
        let chosen = choose(features, &mut open);
        let by_attribute =
            chosen.into_iter().map(|((_, axis), (state, chosen))| Group::of(features, state, axis, chosen)).collect();
        let mut by_name = Vec::new();
        for state in STATES {
            let named: Vec<u32> = (0..)
                .zip(&features.people)
                .zip(&open)
                .filter(|((_, person), open)| **open && person.state == Some(state))
                .map(|((position, _), _)| position)
                .collect();
            if !named.is_empty() {
                by_name.push((state, named));
            }
        }
        Self { base: Some(base), by_attribute, by_name }
    }
}

/// The commonest state; the weaker of two that are as common, since claiming less is the safer default.
fn base(features: &Features) -> Option<MfaState> {
    let mut counts = [0_u64; 3];
    for state in features.people.iter().filter_map(|person| person.state) {
        counts[usize::from(state.strength())] += 1;
    }
    let best = MfaState::ALL.into_iter().max_by_key(|state| {
        let strength = usize::from(state.strength());
        (counts[strength], Reverse(strength))
    })?;
    (counts[usize::from(best.strength())] > 0).then_some(best)
}

/// A candidate, ordered by what it saves, then by preference of its kind, then by name, so that the same tenant gives
/// the same text.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Candidate<'a> {
    saves: u32,
    preference: Reverse<&'a Feature>,
    feature: u32,
    state: usize,
}

/// Takes the attribute that saves most names, again and again. What a candidate saves only ever falls as others are
/// taken, so an outdated entry of the heap is put back with its present worth instead of updating all of them.
fn choose(features: &Features, open: &mut [bool]) -> BTreeMap<(Reverse<u8>, Axis), (MfaState, Vec<u32>)> {
    let mut worth: Vec<Worth> = features.members.iter().map(|members| Worth::of(features, members, open)).collect();
    let mut heap = BinaryHeap::new();
    for (at, feature) in (0..).zip(&features.all) {
        if feature.axis == Axis::UnknownState {
            continue;
        }
        for (state, _) in STATES.iter().enumerate() {
            if let Some(saves) = worth[at as usize].saves(state) {
                heap.push(Candidate { saves, preference: Reverse(feature), feature: at, state });
            }
        }
    }
    let mut chosen: BTreeMap<_, (MfaState, Vec<u32>)> = BTreeMap::new();
    while let Some(candidate) = heap.pop() {
        let Candidate { saves, feature, state, preference } = candidate;
        match worth[feature as usize].saves(state) {
            None => {}
            Some(now) if now < saves => heap.push(Candidate { saves: now, feature, state, preference }),
            Some(_) => {
                let wanted = STATES[state];
                for position in &features.members[feature as usize] {
                    let person = &features.people[*position as usize];
                    if open[*position as usize] && person.state == Some(wanted) {
                        open[*position as usize] = false;
                        for other in &person.features {
                            worth[*other as usize].open[state] -= 1;
                        }
                    }
                }
                let key = (Reverse(wanted.strength()), features.all[feature as usize].axis);
                chosen.entry(key).or_insert_with(|| (wanted, Vec::new())).1.push(feature);
            }
        }
    }
    chosen
}

/// What a feature is worth for each state of [`STATES`].
struct Worth {
    /// People nobody has named yet.
    open: [u32; 3],
    /// People who would have to be taken out again.
    wrong: [u32; 3],
}

impl Worth {
    fn of(features: &Features, members: &[u32], open: &[bool]) -> Self {
        let mut worth = Self { open: [0; 3], wrong: [0; 3] };
        for position in members {
            for (at, state) in STATES.iter().enumerate() {
                if features.people[*position as usize].state != Some(*state) {
                    worth.wrong[at] += 1;
                } else if open[*position as usize] {
                    worth.open[at] += 1;
                }
            }
        }
        worth
    }

    fn saves(&self, state: usize) -> Option<u32> {
        self.open[state].checked_sub(self.wrong[state] + OVERHEAD).filter(|saves| *saves > 0)
    }
}

impl Group {
    fn of(features: &Features, state: MfaState, axis: Axis, mut chosen: Vec<u32>) -> Self {
        chosen.sort_by_key(|feature| &features.all[*feature as usize]);
        let mut caught: Vec<u32> =
            chosen.iter().flat_map(|feature| &features.members[*feature as usize]).copied().collect();
        caught.sort_unstable();
        caught.dedup();
        let (right, mut wrong): (Vec<u32>, Vec<u32>) =
            caught.into_iter().partition(|position| features.people[*position as usize].state == Some(state));
        let except = exceptions(features, &right, &mut wrong);
        Self { state, axis, features: chosen, claimed: right.len(), except, except_people: wrong }
    }
}

/// Says exceptions by attributes that none of the rightly caught people has; what is left of `wrong` needs names.
fn exceptions(features: &Features, right: &[u32], wrong: &mut Vec<u32>) -> Vec<u32> {
    let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
    for position in wrong.iter() {
        for feature in &features.people[*position as usize].features {
            *counts.entry(*feature).or_default() += 1;
        }
    }
    for position in right {
        for feature in &features.people[*position as usize].features {
            counts.remove(feature);
        }
    }
    let mut candidates: Vec<(u32, u32)> = counts.into_iter().filter(|(_, count)| *count > OVERHEAD).collect();
    candidates.sort_by_key(|(feature, count)| (Reverse(*count), &features.all[*feature as usize]));
    candidates.truncate(MOST_EXCEPTIONS);
    let mut except = Vec::new();
    for (feature, _) in candidates {
        let (has, rest): (Vec<u32>, Vec<u32>) =
            wrong.iter().copied().partition(|position| features.people[*position as usize].features.contains(&feature));
        if has.len() as u32 > OVERHEAD {
            *wrong = rest;
            except.push(feature);
        }
    }
    except.sort_by_key(|feature| &features.all[*feature as usize]);
    except
}
