//! Which request fails how: by chance and seed, or because a test said so.

use std::{
    collections::{HashMap, VecDeque, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use super::options::{Fault, Faults};

#[derive(Default)]
pub struct FaultPlan {
    chances: Faults,
    tries: HashMap<u64, u32>,
    scripted: VecDeque<(String, String, Fault)>,
}

impl FaultPlan {
    pub fn new(chances: Faults) -> Self {
        Self { chances, ..Self::default() }
    }

    /// The next request with this method whose path contains `path` gets `fault`.
    pub fn script(&mut self, method: &str, path: &str, fault: Fault) {
        self.scripted.push_back((method.to_owned(), path.to_owned(), fault));
    }

    /// The fault of this request, or of this item of a batch. `key` tells requests apart; each try is drawn anew.
    pub fn draw(&mut self, method: &str, path: &str, key: &str, in_batch: bool) -> Option<Fault> {
        let hit = self.scripted.iter().position(|(wanted, part, _)| wanted == method && path.contains(part.as_str()));
        if let Some(index) = hit {
            return self.scripted.remove(index).map(|(_, _, fault)| fault);
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
