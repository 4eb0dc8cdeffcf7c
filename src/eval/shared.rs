//! What lists and maps hold: shared by all who have the value, and counted once, when it is made.

use std::{ops::Deref, sync::Arc};

use super::{Value, value::Map};
use crate::tenant::Text;

/// Contents of a value, shared by its copies, with what is asked of them often: nobody walks them to know.
///
/// Sharing is what makes the counts necessary: forty locals, each `[local.before, local.before]`, are forty small values
/// of which the last has 2⁴⁰ elements for whoever walks it.
#[derive(Clone, Debug)]
pub struct Shared<T>(Arc<Counted<T>>);

#[derive(Clone, Debug)]
struct Counted<T> {
    content: T,
    count: Count,
}

/// What is in a value, all the way down.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// Elements, those that are shared each time they occur; a long text counts for several.
    size: u64,
    /// How deep lists and maps stand in each other.
    depth: u32,
    /// Is anything in it sensitive?
    marked: bool,
}

impl Count {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Self { size: 1, ..Self::default() },
            // 64 bytes are about what a small value takes in memory.
            Value::String(text) => Self { size: 1 + text.len() as u64 / 64, ..Self::default() },
            Value::Tuple(inner) | Value::List(inner) | Value::Set(inner) => inner.0.count,
            Value::Object(inner) | Value::Map(inner) => inner.0.count,
            Value::Sensitive(inner) => Self { marked: true, ..Self::of(inner) },
        }
    }

    fn around<'v>(values: impl Iterator<Item = &'v Value>) -> Self {
        let mut whole = Self { size: 1, depth: 1, marked: false };
        for value in values {
            whole.add(value);
        }
        whole
    }

    fn add(&mut self, value: &Value) {
        let Self { size, depth, marked } = Self::of(value);
        self.size = self.size.saturating_add(size);
        self.depth = self.depth.max(depth.saturating_add(1));
        self.marked |= marked;
    }
}

impl Value {
    /// How many values are in it, itself and those that are shared counted each time.
    pub(super) fn size(&self) -> u64 {
        Count::of(self).size
    }

    /// How deep lists and maps stand in each other.
    pub(super) fn depth(&self) -> u32 {
        Count::of(self).depth
    }

    /// Is the value or anything in it sensitive?
    #[must_use]
    pub fn contains_sensitive(&self) -> bool {
        Count::of(self).marked
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.content
    }
}

impl<T> Shared<T> {
    /// Are both the same in memory?
    pub(super) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Of two that share everything nothing is compared.
impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.same(other) || self.0.content == other.0.content
    }
}

impl<T: Eq> Eq for Shared<T> {}

impl From<Vec<Value>> for Shared<Box<[Value]>> {
    fn from(elements: Vec<Value>) -> Self {
        let count = Count::around(elements.iter());
        Self(Arc::new(Counted { content: elements.into(), count }))
    }
}

impl FromIterator<Value> for Shared<Box<[Value]>> {
    fn from_iter<I: IntoIterator<Item = Value>>(elements: I) -> Self {
        elements.into_iter().collect::<Vec<_>>().into()
    }
}

impl From<Map> for Shared<Map> {
    fn from(entries: Map) -> Self {
        let count = Count::around(entries.values());
        Self(Arc::new(Counted { content: entries, count }))
    }
}

impl Shared<Map> {
    /// Adds an entry under a key that is new. Copies nothing where nobody else has the value.
    pub(crate) fn insert(&mut self, key: Text, value: Value) {
        let Counted { content, count } = Arc::make_mut(&mut self.0);
        count.add(&value);
        content.insert(key, value);
    }
}
