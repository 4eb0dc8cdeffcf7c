//! Single members of a JSON document changed at random, from a seed: what somebody tries who wants a plan or a journal to
//! say something else. Files of either kind are held to it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// SplitMix64: the same seed makes the same changes everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len()))
    }
}

/// A document that is changed again and again, each time from the beginning.
pub(crate) struct Mutator {
    genuine: Value,
    /// JSON pointers of all members.
    members: Vec<String>,
    /// Values by the name of their member, anywhere in the document: the likeliest lies.
    words: BTreeMap<String, Vec<Value>>,
}

impl Mutator {
    pub(crate) fn new(genuine: Value) -> Self {
        let (mut members, mut words) = (Vec::new(), BTreeMap::new());
        collect(&genuine, "", &mut members, &mut words);
        Self { genuine, members, words }
    }

    /// One changed member: its path without positions (`changes[].user.id`), and the document.
    pub(crate) fn change(&self, random: &mut Random) -> (String, Value) {
        loop {
            let Some(pointer) = random.of(&self.members) else { continue };
            let mut document = self.genuine.clone();
            if self.edit(&mut document, pointer, random) && document != self.genuine {
                return (pattern(pointer), document);
            }
        }
    }

    fn edit(&self, document: &mut Value, pointer: &str, random: &mut Random) -> bool {
        let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
        let way = random.below(5);
        if way < 2 {
            let Some(parent) = document.pointer_mut(parent) else { return false };
            return match (way, parent) {
                (0, Value::Object(members)) => members.remove(name).is_some(),
                (0, Value::Array(list)) => name.parse().is_ok_and(|at: usize| !list.remove(at).is_null()),
                (_, Value::Array(list)) => {
                    let (at, other) = (name.parse().unwrap_or(0), random.below(list.len()));
                    if random.below(2) == 0 {
                        list.swap(at, other);
                    } else {
                        list.push(list[at].clone());
                    }
                    true
                }
                _ => false,
            };
        }
        let Some(value) = document.pointer_mut(pointer) else { return false };
        if way == 2
            && let Some(members) = value.as_object_mut()
        {
            members.insert("skip_checks".to_owned(), json!(true));
            return true;
        }
        if way == 3
            && let Some(word) = self.words.get(name).and_then(|words| random.of(words))
        {
            *value = word.clone();
            return true;
        }
        *value = other(value, random);
        true
    }
}

/// Something of the same kind, or of none that fits.
fn other(value: &Value, random: &mut Random) -> Value {
    if random.below(6) == 0 {
        return random
            .of(&[json!(null), json!([]), json!({}), json!(""), json!(0), json!(true)])
            .cloned()
            .unwrap_or_default();
    }
    match value {
        Value::Bool(yes) => json!(!yes),
        Value::Number(number) => {
            let number = number.as_u64().unwrap_or_default();
            random
                .of(&[json!(0), json!(number + 1), json!(number.saturating_sub(1)), json!(u32::MAX), json!(-1)])
                .cloned()
                .unwrap_or_default()
        }
        Value::String(text) => {
            let mut letters: Vec<char> = text.chars().collect();
            let at = random.below(letters.len());
            match random.below(4) {
                0 => letters.truncate(at),
                1 => letters.push('x'),
                2 => letters.iter_mut().for_each(|one| *one = one.to_ascii_uppercase()),
                _ => {
                    if let Some(letter) = letters.get_mut(at) {
                        *letter = if *letter == '1' { '2' } else { '1' };
                    }
                }
            }
            json!(letters.into_iter().collect::<String>())
        }
        Value::Null => json!("2026-12-01T00:00:00Z"),
        Value::Array(_) => json!([]),
        Value::Object(_) => json!({}),
    }
}

fn collect(value: &Value, at: &str, members: &mut Vec<String>, words: &mut BTreeMap<String, Vec<Value>>) {
    let mut one = |name: &str, inner: &Value| {
        let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        members.push(pointer.clone());
        let known = words.entry(name.to_owned()).or_default();
        if !inner.is_object() && !inner.is_array() && !known.contains(inner) {
            known.push(inner.clone());
        }
        collect(inner, &pointer, members, words);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, inner)| one(name, inner)),
        Value::Array(list) => list.iter().enumerate().for_each(|(at, inner)| one(&at.to_string(), inner)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Is this path in a list whose entries may end in `*`, for all below?
pub(crate) fn is_listed(path: &str, list: &[&str]) -> bool {
    list.iter().any(|one| one.strip_suffix('*').map_or(path == *one, |above| path.starts_with(above)))
}

fn pattern(pointer: &str) -> String {
    let mut path = String::new();
    for name in pointer.split('/').skip(1) {
        if name.bytes().all(|one| one.is_ascii_digit()) {
            path.push_str("[]");
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
        }
    }
    path
}
