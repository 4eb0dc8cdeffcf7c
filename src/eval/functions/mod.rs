//! The functions: Terraform's names, Terraform's results.
//!
//! Each function is one entry of a table: its parameters, what it does, its documentation and an example.
//! `docs/language/functions.md` is written from these tables, and a test runs every example.

mod collections;
mod conversion;
mod csv;
mod datetime;
#[cfg(test)]
pub(crate) mod docs;
mod encoding;
pub(super) mod files;
mod format;
mod hash;
mod network;
mod numeric;
mod paths;
mod pattern;
mod reach;
mod sets;
mod strings;
mod yaml;

use std::{
    borrow::Cow,
    sync::{LazyLock, OnceLock},
};

pub(super) use pattern::check_pattern;

pub(crate) use encoding::json_value;

use super::{Number, Scope, Value, value::Map};
use crate::tenant::Text;

/// A function of the language.
pub(crate) struct Function {
    /// Its name.
    pub name: &'static str,
    /// The chapter it is documented in.
    #[cfg_attr(not(test), expect(dead_code, reason = "the page of functions is made by a test"))]
    pub group: &'static str,
    /// Parameters that must be given.
    pub params: &'static [Param],
    /// The parameter that may be given any number of times after those.
    pub variadic: Option<Param>,
    /// What it does, in Markdown.
    pub doc: &'static str,
    /// A call that shows it.
    pub example: &'static str,
    /// Does the result depend on the arguments alone?
    pub(super) pure: bool,
    /// Does the function look after sensitive arguments itself? Else the result is sensitive if anything in them is.
    pub(super) marks: Marks,
    pub(super) run: fn(&Args<'_, '_>) -> Outcome,
}

/// How a function treats sensitive arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    /// The result is sensitive if anything in the arguments is.
    Spread,
    /// The result is sensitive if an argument itself is; the marks in it stay where they are. For look-ups, which must
    /// not search a long list for marks each time.
    Keep,
    /// The function is about marks.
    Own,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param {
    /// Its name, for messages and documentation.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// May it be `null`?
    pub nullable: bool,
}

/// What a parameter takes; values are converted to it as Terraform does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Anything.
    Any,
    /// A string.
    String,
    /// A number.
    Number,
    /// A list, tuple or set.
    Sequence,
    /// A list of strings.
    Strings,
    /// A list of bools.
    Bools,
    /// A set.
    Set,
    /// A map or object.
    Mapping,
}

#[cfg(test)]
impl Takes {
    /// In words.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::String => "string",
            Self::Number => "number",
            Self::Sequence => "list",
            Self::Strings => "list(string)",
            Self::Bools => "list(bool)",
            Self::Set => "set",
            Self::Mapping => "map",
        }
    }
}

/// The result of a function.
pub(super) type Outcome = Result<Value, Fail>;

/// Why a function has no result. The text is a clause without full stop.
#[derive(Debug)]
pub(super) enum Fail {
    /// An argument (by position) does not fit.
    Argument(usize, String),
    /// The call as a whole.
    Call(String),
    /// A `null` in an argument; an unknown result where nulls are unknown facts.
    Unknown(String),
}

impl From<String> for Fail {
    fn from(message: String) -> Self {
        Self::Call(message)
    }
}

impl From<&str> for Fail {
    fn from(message: &str) -> Self {
        Self::Call(message.into())
    }
}

const fn param(name: &'static str, takes: Takes) -> Param {
    Param { name, takes, nullable: false }
}

const fn nullable(name: &'static str, takes: Takes) -> Param {
    Param { name, takes, nullable: true }
}

/// A table entry.
const fn function(
    name: &'static str,
    group: &'static str,
    params: &'static [Param],
    run: fn(&Args<'_, '_>) -> Outcome,
    doc: &'static str,
    example: &'static str,
) -> Function {
    Function { name, group, params, variadic: None, doc, example, pure: true, marks: Marks::Spread, run }
}

impl Function {
    const fn variadic(mut self, param: Param) -> Self {
        self.variadic = Some(param);
        self
    }

    const fn impure(mut self) -> Self {
        self.pure = false;
        self
    }

    const fn marks(mut self, marks: Marks) -> Self {
        self.marks = marks;
        self
    }

    /// The parameter at a position.
    pub(super) fn param(&self, at: usize) -> Option<&Param> {
        self.params.get(at).or(self.variadic.as_ref())
    }

    /// How it is called: `substr(string, offset, length)`.
    #[must_use]
    pub(crate) fn signature(&self) -> String {
        let mut names: Vec<String> = self.params.iter().map(|param| param.name.to_owned()).collect();
        names.extend(self.variadic.map(|param| format!("{}...", param.name)));
        format!("{}({})", self.name, names.join(", "))
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.signature())
    }
}

/// All functions, by name.
pub(crate) static ALL: LazyLock<Vec<&'static Function>> = LazyLock::new(|| {
    let tables = [
        collections::FUNCTIONS,
        conversion::FUNCTIONS,
        datetime::FUNCTIONS,
        encoding::FUNCTIONS,
        files::FUNCTIONS,
        format::FUNCTIONS,
        hash::FUNCTIONS,
        network::FUNCTIONS,
        numeric::FUNCTIONS,
        paths::FUNCTIONS,
        pattern::FUNCTIONS,
        sets::FUNCTIONS,
        strings::FUNCTIONS,
    ];
    let mut all: Vec<_> = tables.into_iter().flatten().collect();
    all.sort_by_key(|function| function.name);
    all
});

/// The function with this name.
#[must_use]
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    let at = ALL.binary_search_by_key(&name, |function| function.name).ok()?;
    ALL.get(at).copied()
}

/// The arguments of one call, converted to what the parameters take.
pub(super) struct Args<'c, 'e> {
    pub(super) values: &'c [Cow<'e, Value>],
    pub(super) pattern: &'c OnceLock<(Text, regex::Regex)>,
    pub(super) scope: &'c Scope<'c>,
}

static MISSING: Value = Value::Null;

impl Args<'_, '_> {
    fn len(&self) -> usize {
        self.values.len()
    }

    fn value(&self, at: usize) -> &Value {
        self.values.get(at).map_or(&MISSING, |value| value)
    }

    fn text(&self, at: usize) -> Result<&Text, Fail> {
        self.value(at).as_text().ok_or_else(|| Fail::Argument(at, "string required".into()))
    }

    fn str(&self, at: usize) -> Result<&str, Fail> {
        self.text(at).map(Text::as_str)
    }

    fn number(&self, at: usize) -> Result<&Number, Fail> {
        self.value(at).as_number().ok_or_else(|| Fail::Argument(at, "number required".into()))
    }

    /// A whole number.
    fn int(&self, at: usize) -> Result<i64, Fail> {
        self.number(at)?.as_i64().ok_or_else(|| Fail::Argument(at, "a whole number is required".into()))
    }

    fn list(&self, at: usize) -> Result<&[Value], Fail> {
        self.value(at).as_list().ok_or_else(|| Fail::Argument(at, "list required".into()))
    }

    fn map(&self, at: usize) -> Result<&Map, Fail> {
        self.value(at).as_map().ok_or_else(|| Fail::Argument(at, "map required".into()))
    }

    /// The strings of a list of strings, none of them null.
    fn strings(&self, at: usize) -> Result<Vec<&Text>, Fail> {
        let texts = self.list(at)?.iter().enumerate().map(|(element, one)| {
            one.as_text()
                .ok_or_else(|| Fail::Unknown(format!("element {element} is null; cannot use a null value here")))
        });
        texts.collect()
    }
}
