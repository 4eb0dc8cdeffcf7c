//! Which request fails how: by chance and seed, or because a test said so.

use std::{
    collections::{HashMap, VecDeque, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    time::Duration,
};

use tokio::time::Instant;

use mfaplan::testing::graph::Family;

use super::options::{Fault, Faults};

#[derive(Default)]
pub struct FaultPlan {
    chances: Faults,
    tries: HashMap<u64, u32>,
    scripted: VecDeque<(String, String, Fault)>,
    standing: Vec<(String, String, u32, Fault)>,
    families: Vec<(Family, Fault)>,
    /// How many faults that were ordered have been met.
    pub met: usize,
    asked: HashMap<String, Asked>,
    deaf: bool,
}

/// What the service said last to one request, and how often in a row it could not answer.
#[derive(Default)]
struct Asked {
    failures: u32,
    not_before: Option<Due>,
}

/// Until when a client is to wait, and, where a date said so, when that was said by the machine's own clock.
#[derive(Clone, Copy)]
pub struct Due(pub Instant, pub Option<std::time::Instant>);

impl Due {
    /// A date is read off the machine's clock. A test whose own clock stands still while there is anything to do does not
    /// see what passes on the machine's until the client has read the date: so much less it then waits.
    fn is_early(self, by: Duration) -> bool {
        self.1.is_none_or(|said| by > said.elapsed().min(Duration::from_millis(500)))
    }
}

/// Is this a status that may pass?
pub const fn passes(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

/// The most tries of one thing.
const MOST_TRIES: u32 = 9;

impl FaultPlan {
    pub fn new(chances: Faults) -> Self {
        Self { chances, ..Self::default() }
    }

    /// The next request with this method whose path contains `path` gets `fault`.
    pub fn script(&mut self, method: &str, path: &str, fault: Fault) {
        self.scripted.push_back((method.to_owned(), path.to_owned(), fault));
    }

    /// Every request with this method whose path contains `path` gets `fault`, for ever.
    pub fn stand(&mut self, method: &str, path: &str, fault: Fault) {
        self.stand_after(method, path, 0, fault);
    }

    /// As [`Self::stand`], after so many requests were answered.
    pub fn stand_after(&mut self, method: &str, path: &str, after: u32, fault: Fault) {
        self.standing.push((method.to_owned(), path.to_owned(), after, fault));
    }

    /// Every request of this family of limits gets `fault`, for ever.
    pub fn stand_for(&mut self, family: Family, fault: Fault) {
        self.families.push((family, fault));
    }

    /// A request arrives: is it early, or once too often?
    pub fn arrives(&mut self, key: &str) -> Option<String> {
        let asked = self.asked.get(key).filter(|_| !self.deaf)?;
        if let Some(early) = asked.not_before.and_then(|due| due.0.checked_duration_since(Instant::now()))
            && asked.not_before.is_some_and(|due| due.is_early(early))
        {
            return Some(format!("{key}: asked again {early:?} before its time"));
        }
        (asked.failures >= MOST_TRIES).then(|| format!("{key}: tried {} times", asked.failures + 1))
    }

    /// What it was answered: a failure that may pass counts, with the wait that was asked for.
    pub fn answered(&mut self, key: &str, failed: bool, until: Option<Due>) {
        if self.deaf {
            return;
        }
        let asked = self.asked.entry(key.to_owned()).or_default();
        asked.failures = if failed { asked.failures + 1 } else { 0 };
        asked.not_before = until;
    }

    /// Is the next request one of this run? What a run before it is told, nobody hears.
    pub fn hear(&mut self, of_this_run: bool) {
        self.deaf = !of_this_run;
    }

    /// What fails for ever works again.
    pub fn mend(&mut self) {
        self.standing.clear();
    }

    /// Another run begins.
    pub fn forget(&mut self) {
        self.asked.clear();
    }

    /// The fault that a test has ordered for this request.
    pub fn ordered(&mut self, method: &str, path: &str, family: Option<Family>) -> Option<Fault> {
        let fault = self.order(method, path, family);
        self.met += usize::from(fault.is_some());
        fault
    }

    fn order(&mut self, method: &str, path: &str, family: Option<Family>) -> Option<Fault> {
        let hit = self.scripted.iter().position(|(wanted, part, _)| wanted == method && path.contains(part.as_str()));
        if let Some(index) = hit {
            return self.scripted.remove(index).map(|(_, _, fault)| fault);
        }
        for (wanted, part, after, fault) in &mut self.standing {
            if wanted == method && path.contains(part.as_str()) {
                if *after == 0 {
                    return Some(*fault);
                }
                *after -= 1;
            }
        }
        self.families.iter().find(|(one, _)| Some(*one) == family).map(|(_, fault)| *fault)
    }

    /// The fault of this request, or of this item of a batch: one that was ordered, or one by chance. `key` tells requests
    /// apart; each try is drawn anew.
    pub fn draw(
        &mut self,
        method: &str,
        path: &str,
        family: Option<Family>,
        key: &str,
        in_batch: bool,
    ) -> Option<Fault> {
        if let Some(fault) = self.ordered(method, path, family) {
            return Some(fault);
        }
        let mut hasher = DefaultHasher::new();
        (self.chances.seed, method, path, key).hash(&mut hasher);
        let identity = hasher.finish();
        let tries = self.tries.entry(identity).or_insert(0);
        *tries += 1;
        (identity, *tries).hash(&mut hasher);
        let mixed = hasher.finish();
        let mut dice = (mixed >> 11) as f64 / (1u64 << 53) as f64;
        let chances = &self.chances;
        let read = method == "GET" || path.ends_with("$batch");
        let status = [500, 502, 503, 504][(mixed & 3) as usize];
        let table: &[(f64, Fault)] = if in_batch {
            &[(chances.item_throttled, Fault::Throttled)]
        } else {
            &[
                (chances.throttled, Fault::Throttled),
                (chances.server_error, Fault::Status(status)),
                (chances.reset_before, Fault::ResetBefore),
                (chances.reset_after, Fault::ResetAfter),
                (if read { chances.truncated } else { 0.0 }, Fault::Truncated),
                (if read { chances.html } else { 0.0 }, Fault::Html),
                (chances.unauthorized, Fault::Unauthorized),
            ]
        };
        for (chance, fault) in table {
            if dice < *chance {
                return Some(*fault);
            }
            dice -= chance;
        }
        None
    }
}
