//! Values of the language.

use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::{Number, shared::Shared};
use crate::tenant::Text;

/// The entries of a map or object, in the order of their keys.
pub(crate) type Map = BTreeMap<Text, Value>;

/// The elements of a list, tuple or set.
pub(crate) type Elements = Shared<Box<[Value]>>;

/// The entries of a map or object, shared.
pub(crate) type Entries = Shared<BTreeMap<Text, Value>>;

/// A value: Terraform's, as far as the language has them. Cloning counts a reference, it never copies.
///
/// Terraform distinguishes what a constructor gives (tuples, objects: each element its own type) from what a
/// conversion gives (lists, sets, maps: one element type), and so does this: it decides what `==`, `concat` and the
/// console say. The element type itself is not stored: it is the type of the elements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// `null`: also a fact the tenant could not give.
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Text),
    /// `[a, b]`: elements of any types.
    Tuple(Elements),
    /// Elements of one type, in order.
    List(Elements),
    /// Distinct elements of one type, sorted.
    Set(Elements),
    /// `{a = b}`: attributes of any types.
    Object(Entries),
    /// Values of one type by key.
    Map(Entries),
    /// A value that must not be shown. What is computed from it is sensitive too.
    Sensitive(Arc<Value>),
}

impl Value {
    /// A string.
    pub fn string(text: impl Into<Text>) -> Self {
        Self::String(text.into())
    }

    /// A string in Unicode normal form C, as Terraform keeps all strings. Use it for text that comes from outside.
    #[must_use]
    pub fn normalised(text: &str) -> Self {
        if is_nfc_quick(text.chars()) == IsNormalized::Yes {
            Self::string(text)
        } else {
            Self::String(text.nfc().collect::<String>().into())
        }
    }

    /// A list of values of one type.
    #[must_use]
    pub fn list(elements: Vec<Self>) -> Self {
        Self::List(elements.into())
    }

    /// A list of strings.
    pub fn strings<T: Into<Text>>(elements: impl IntoIterator<Item = T>) -> Self {
        Self::List(elements.into_iter().map(|one| Self::String(one.into())).collect())
    }

    /// A tuple: values of any types.
    #[must_use]
    pub fn tuple(elements: Vec<Self>) -> Self {
        Self::Tuple(elements.into())
    }

    /// A set: sorted, each element once.
    ///
    /// A set has no places of which one could be secret: with a sensitive element all of it is.
    #[must_use]
    pub fn set(mut elements: Vec<Self>) -> Self {
        if elements.iter().any(Self::contains_sensitive) {
            return Self::set(elements.iter().map(Self::without_marks).collect()).mark_sensitive();
        }
        elements.sort_by(Self::order);
        elements.dedup();
        Self::Set(elements.into())
    }

    /// An object.
    pub fn object<K: Into<Text>>(attributes: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Object(attributes.into_iter().map(|(key, value)| (key.into(), value)).collect::<Map>().into())
    }

    /// A map: values of one type.
    pub fn map<K: Into<Text>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect::<Map>().into())
    }

    /// Is it `null`?
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.unmarked(), Self::Null)
    }

    /// `true` or `false`, if it is a bool.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(bool) = self.unmarked() { Some(*bool) } else { None }
    }

    /// The text, if it is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.as_text().map(Text::as_str)
    }

    /// The shared text, if it is a string.
    #[must_use]
    pub fn as_text(&self) -> Option<&Text> {
        if let Self::String(text) = self.unmarked() { Some(text) } else { None }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self.unmarked() { Some(number) } else { None }
    }

    /// The elements of a list, tuple or set.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self.unmarked() {
            Self::Tuple(elements) | Self::List(elements) | Self::Set(elements) => Some(elements),
            _ => None,
        }
    }

    /// The entries of a map or object.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match self.unmarked() {
            Self::Object(map) | Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// An attribute of an object or an entry of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    /// Is the value itself marked as sensitive?
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        matches!(self, Self::Sensitive(_))
    }

    /// The same, marked as sensitive.
    #[must_use]
    pub fn mark_sensitive(self) -> Self {
        if self.is_sensitive() { self } else { Self::Sensitive(Arc::new(self)) }
    }

    /// The same, without the mark on the value itself.
    #[must_use]
    pub fn unmarked(&self) -> &Self {
        if let Self::Sensitive(value) = self { value } else { self }
    }

    /// The same, without any mark in it.
    #[must_use]
    pub fn without_marks(&self) -> Self {
        if !self.contains_sensitive() {
            return self.clone();
        }
        let each = |elements: &[Self]| elements.iter().map(Self::without_marks).collect::<Vec<_>>();
        let every = |map: &Map| map.iter().map(|(key, value)| (key.clone(), value.without_marks())).collect::<Map>();
        match self {
            Self::Sensitive(value) => value.without_marks(),
            Self::Tuple(elements) => Self::Tuple(each(elements).into()),
            Self::List(elements) => Self::List(each(elements).into()),
            Self::Set(elements) => Self::set(each(elements)),
            Self::Object(map) => Self::Object(every(map).into()),
            Self::Map(map) => Self::Map(every(map).into()),
            plain => plain.clone(),
        }
    }

    /// The type in a word: `string`, `list of string`, `object`.
    #[must_use]
    pub fn type_name(&self) -> String {
        super::Type::of(self).friendly()
    }

    /// A total order: what sets are sorted by. Strings by their bytes, numbers by size, as Terraform sorts them;
    /// for everything else Terraform has no order that could be relied on.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        let rank = |value: &Self| match value {
            Self::Null => 9,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::String(_) => 3,
            Self::Tuple(_) => 4,
            Self::List(_) => 5,
            Self::Set(_) => 6,
            Self::Object(_) => 7,
            Self::Map(_) => 8,
            Self::Sensitive(_) => 10,
        };
        match (self, other) {
            (Self::Sensitive(a), b) => a.order(b),
            (a, Self::Sensitive(b)) => a.order(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::Tuple(a), Self::Tuple(b)) | (Self::List(a), Self::List(b)) | (Self::Set(a), Self::Set(b)) => {
                if a.same(b) {
                    return Ordering::Equal;
                }
                let differing = a.iter().zip(b.iter()).map(|(a, b)| a.order(b)).find(|order| order.is_ne());
                differing.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Self::Object(a), Self::Object(b)) | (Self::Map(a), Self::Map(b)) => {
                if a.same(b) {
                    return Ordering::Equal;
                }
                let pairs = a.iter().zip(b.iter());
                let differing = pairs.map(|((ka, a), (kb, b))| ka.cmp(kb).then_with(|| a.order(b)));
                differing.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }

    /// From JSON: arrays are tuples, objects are objects, as `jsondecode` gives them.
    #[must_use]
    pub fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(bool) => Self::Bool(*bool),
            serde_json::Value::Number(number) => Number::parse(&number.to_string()).map_or(Self::Null, Self::Number),
            serde_json::Value::String(text) => Self::normalised(text),
            serde_json::Value::Array(elements) => Self::Tuple(elements.iter().map(Self::from_json).collect()),
            serde_json::Value::Object(map) => {
                Self::object(map.iter().map(|(key, value)| (key.as_str(), Self::from_json(value))))
            }
        }
    }

    /// As JSON, keys sorted, marks ignored: whoever shows it asks [`Value::contains_sensitive`] first. Integers are
    /// exact up to 64 bits; other numbers become the nearest double, which is what JSON readers take them for.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(bool) => (*bool).into(),
            Self::Number(Number::Int(int)) => (*int).into(),
            Self::Number(number) => match number.to_string().parse::<u64>() {
                Ok(int) => int.into(),
                Err(_) => number.to_f64().into(),
            },
            Self::String(text) => text.as_str().into(),
            Self::Tuple(elements) | Self::List(elements) | Self::Set(elements) => {
                elements.iter().map(Self::to_json).collect()
            }
            Self::Object(map) | Self::Map(map) => {
                serde_json::Value::Object(map.iter().map(|(key, value)| (key.to_string(), value.to_json())).collect())
            }
            Self::Sensitive(value) => value.to_json(),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Number(value.into())
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Number(value.into())
    }
}

impl From<f64> for Value {
    /// The number with the float's shortest decimal form; infinities and NaN, which are no numbers, become `null`.
    fn from(value: f64) -> Self {
        Number::from_f64(value).map_or(Self::Null, Self::Number)
    }
}

impl From<Number> for Value {
    fn from(value: Number) -> Self {
        Self::Number(value)
    }
}

impl From<Text> for Value {
    fn from(value: Text) -> Self {
        Self::String(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::string(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::string(value)
    }
}
