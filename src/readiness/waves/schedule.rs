//! Users into waves: fewest waves, and as many as possible in the early ones.
//!
//! Within one kind of users two bounds hold for every wave: so many users of a team, and, for some kinds, so many users at
//! all. A team of `n` with at most `c` a wave needs `⌈n/c⌉` waves; `⌈all/bound⌉` are needed for all. The larger of these
//! is reached by always taking users of the teams that still need most waves (as in Hu's schedule of a forest): a team never
//! has to wait for a place that a less pressing one took, and no place stays free while somebody could take it.
//!
//! Every user is taken out of the queue once, so the work grows with users times the logarithm of teams.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

/// A team: a department, or the reports of a manager.
pub(super) type Team = u32;

/// How many users of each team may be in one wave.
#[derive(Clone, Debug, Default)]
pub(super) struct Caps(BTreeMap<Team, usize>);

impl Caps {
    /// `percent` of each team, but at least one user: a team of one cannot be divided.
    pub(super) fn new(sizes: &BTreeMap<Team, usize>, percent: u8) -> Self {
        Self(sizes.iter().map(|(team, size)| (*team, (size * usize::from(percent) / 100).max(1))).collect())
    }

    /// Users without a team are bound by nothing.
    fn of(&self, team: Option<Team>) -> usize {
        team.and_then(|team| self.0.get(&team)).copied().unwrap_or(usize::MAX)
    }
}

/// The users of a team that still wait, the last of the list to be taken first.
struct Queue<T> {
    cap: usize,
    waiting: Vec<T>,
    taken: usize,
}

impl<T> Queue<T> {
    /// How many waves the team still needs.
    fn level(&self) -> usize {
        self.waiting.len().div_ceil(self.cap)
    }

    /// How many users have to go before it needs one wave less.
    fn top(&self) -> usize {
        self.waiting.len() - (self.level() - 1).saturating_mul(self.cap)
    }
}

/// Users of one kind, waiting team by team.
pub(super) struct Queues<T>(Vec<Queue<T>>);

impl<T> Queues<T> {
    /// `users` in the order in which those of one team are to go.
    pub(super) fn new(users: impl IntoIterator<Item = (Option<Team>, T)>, caps: &Caps) -> Self {
        let mut by_team: BTreeMap<Option<Team>, Vec<T>> = BTreeMap::new();
        for (team, user) in users {
            by_team.entry(team).or_default().push(user);
        }
        let queue = |(team, mut waiting): (_, Vec<T>)| {
            waiting.reverse();
            Queue { cap: caps.of(team), waiting, taken: 0 }
        };
        Self(by_team.into_iter().map(queue).collect())
    }

    /// The waves; each has at most `bound` users.
    pub(super) fn waves(mut self, bound: usize) -> Vec<Vec<T>> {
        let entry = |at: usize, queue: &Queue<T>| (queue.level(), Reverse(at));
        let mut heap: BinaryHeap<_> = self.0.iter().enumerate().map(|(at, queue)| entry(at, queue)).collect();
        let mut waves = Vec::new();
        while !heap.is_empty() {
            let (mut wave, mut later, mut touched) = (Vec::new(), Vec::new(), Vec::new());
            while wave.len() < bound
                && let Some((_, Reverse(at))) = heap.pop()
            {
                let queue = &mut self.0[at];
                let take = queue.top().min(queue.cap - queue.taken).min(bound - wave.len());
                queue.taken += take;
                touched.push(at);
                wave.extend(queue.waiting.drain(queue.waiting.len() - take..).rev());
                match (queue.waiting.is_empty(), queue.taken < queue.cap) {
                    (true, _) => {}
                    (false, true) => heap.push(entry(at, queue)),
                    (false, false) => later.push(at),
                }
            }
            for at in touched {
                self.0[at].taken = 0;
            }
            for at in later {
                heap.push(entry(at, &self.0[at]));
            }
            waves.push(wave);
        }
        waves
    }

    /// Takes at most `bound` users out of the teams that need most waves, those only whom `fits` lets go, and no more of a
    /// team than one wave may have. What stays goes on waiting.
    pub(super) fn pick(&mut self, bound: usize, fits: impl Fn(&T) -> bool) -> Vec<T> {
        let entry = |at: usize, queue: &Queue<T>| (queue.level(), Reverse(at));
        let mut heap: BinaryHeap<_> = self.0.iter().enumerate().map(|(at, queue)| entry(at, queue)).collect();
        let mut picked = Vec::new();
        while picked.len() < bound
            && let Some((_, Reverse(at))) = heap.pop()
        {
            let queue = &mut self.0[at];
            let Some(place) = queue.waiting.iter().rposition(&fits) else { continue };
            picked.push(queue.waiting.remove(place));
            queue.taken += 1;
            if queue.taken < queue.cap && !queue.waiting.is_empty() {
                heap.push(entry(at, queue));
            }
        }
        self.0.retain(|queue| !queue.waiting.is_empty());
        for queue in &mut self.0 {
            queue.taken = 0;
        }
        picked
    }
}
