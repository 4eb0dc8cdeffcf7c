//! One copy of the strings that tenants and plans repeat.

use std::{borrow::Cow, cell::RefCell, fmt, sync::OnceLock};

use serde::{Deserialize, Deserializer, de};

use crate::tenant::Text;

/// Number of slots; a power of two. Departments, titles, licences, methods, applications and first names of a large
/// tenant fit with few collisions, and the table stays in the second-level cache.
const SLOTS: usize = 4096;

/// A direct-mapped cache of strings.
///
/// A hash set would share every repetition, but it would also keep every name that occurs once, grow with the tenant
/// and be quadratic for a file made to collide. This table has a fixed size: a string whose slot holds another one is
/// simply allocated again and takes the slot. Only memory depends on luck, never the result and never the time.
struct Interner(Box<[Text]>);

impl Interner {
    fn new() -> Self {
        Self(vec![Text::default(); SLOTS].into_boxed_slice())
    }

    fn get(&mut self, text: &str) -> Text {
        let slot = &mut self.0[slot(text.as_bytes())];
        if slot.as_str() != text {
            *slot = Text::from(text);
        }
        slot.clone()
    }
}

/// Multiply-and-rotate over eight bytes at a time, the high bits as the slot.
fn slot(bytes: &[u8]) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (chunks, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let hash = chunks.iter().chain([&last]).fold(bytes.len() as u64, |hash, chunk| {
        (hash.rotate_left(23) ^ u64::from_le_bytes(*chunk)).wrapping_mul(FACTOR)
    });
    (hash >> (64 - SLOTS.trailing_zeros())) as usize
}

thread_local! {
    static INTERNER: RefCell<Interner> = RefCell::new(Interner::new());
}

/// The shared copy of a string that is likely to be repeated.
pub(crate) fn shared(text: &str) -> Text {
    INTERNER.with_borrow_mut(|interner| interner.get(text))
}

/// A string of a row that is likely to be repeated: a department, a licence, an application.
///
/// `serde` hands no context to a `Deserialize`, so the table is the thread's. That costs nothing in correctness: the
/// table changes which allocation a string lives in and nothing else.
pub(crate) struct Shared(pub(crate) Text);

impl<'de> Deserialize<'de> for Shared {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Shared;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Shared, E> {
                Ok(Shared(shared(text)))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// The strings of rules that were read: ids, names, messages, remedies. Each slot is filled once and kept to the end of
/// the process: half a megabyte at the very most.
static PHRASES: [OnceLock<Box<str>>; SLOTS] = [const { OnceLock::new() }; SLOTS];

/// Strings longer than this are not kept.
const PHRASE: usize = 128;

/// A string of a finding. A plan that is built borrows these from the program; one that is read borrows them from
/// here, so that a finding of a hundred thousand costs no more memory than it did before it was saved.
///
/// A slot that is taken by another string costs an allocation, as it would without the table.
pub(crate) fn phrase(text: &str) -> Cow<'static, str> {
    if text.len() > PHRASE {
        return Cow::Owned(text.to_owned());
    }
    let known = PHRASES[slot(text.as_bytes())].get_or_init(|| text.into());
    if **known == *text { Cow::Borrowed(known) } else { Cow::Owned(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_string_is_one_allocation() {
        let (first, second) = (shared("Finance"), shared("Finance"));
        assert_eq!(first.as_ptr(), second.as_ptr());
        assert_eq!(shared(""), "");
    }

    #[test]
    fn a_repeated_phrase_is_kept_once() {
        let long = "way out ".repeat(20);
        assert!(matches!(phrase(&long), Cow::Owned(text) if text == long));
        let (first, second) = (phrase("MFA000"), phrase("MFA000"));
        // Another test may have filled the slot before.
        assert!(matches!(first, Cow::Owned(_)) || first.as_ptr() == second.as_ptr());
    }

    #[test]
    fn strings_that_share_a_slot_keep_their_text() {
        for number in 0..20_000 {
            let text = format!("Department {number}");
            assert_eq!(shared(&text), text.as_str());
            assert_eq!(phrase(&text), text);
        }
    }
}
