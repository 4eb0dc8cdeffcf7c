//! The schema of the language as data: every block, its labels, arguments and nested blocks.
//!
//! One source for three readers: the checker (unknown names, missing arguments), the reference page, and editors.

pub(crate) mod fleet;
mod tables;

pub(crate) use tables::FOREIGN;
pub use tables::TOP_LEVEL;
pub(crate) use tables::{BlockKind, SELECTORS, SEVERITIES};

/// A kind of block.
#[derive(Debug)]
pub struct BlockSchema {
    /// Its name: `mfa`.
    pub name: &'static str,
    /// Its label, where it has one.
    pub label: Option<LabelSchema>,
    /// What it is for, in Markdown.
    pub doc: &'static str,
    /// Its arguments.
    pub attributes: &'static [AttributeSchema],
    /// Blocks inside it.
    pub blocks: &'static [NestedSchema],
    /// Are any other argument names allowed (`locals`)?
    pub open: bool,
    /// May it stand in a policy directory?
    pub policy: bool,
    /// An example for the reference page; none for blocks that are shown inside another's.
    pub example: &'static str,
}

/// The label of a block.
#[derive(Debug)]
pub struct LabelSchema {
    /// What it names, for messages and the reference.
    pub what: &'static str,
    /// Must it be an identifier (letters, digits, `_`, `-`)?
    pub identifier: bool,
}

/// An argument.
#[derive(Clone, Copy, Debug)]
pub struct AttributeSchema {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Must it be set?
    pub required: bool,
    /// What it says, in Markdown.
    pub doc: &'static str,
    /// What holds if it is not set.
    pub default: Option<&'static str>,
}

/// A block inside a block.
#[derive(Debug)]
pub struct NestedSchema {
    /// Its schema.
    pub schema: &'static BlockSchema,
    /// How often it may or must stand there.
    pub times: Times,
}

/// How often a nested block may stand in its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// At most once.
    Optional,
    /// Any number of times.
    Any,
    /// At least once.
    Some,
}

/// What an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A list of strings.
    Texts,
    /// A list of strings, which are these.
    AnyOf(&'static [&'static str]),
    /// A date or RFC 3339 instant, as a string.
    Date,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// An expression kept as such, over names that exist later.
    Expression(Over),
    /// A type: `string`, `list(string)`, …
    Type,
    /// Any value.
    Any,
}

/// What an expression that is kept may mention besides `var` and `local`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Nothing else: a variable's validation, which sees `var` alone.
    Variables,
    /// `user` and `tenant`
    User,
    /// `user`, `change` and `tenant`
    Change,
    /// `user`, `change`, `wave` and `tenant`
    Notice,
    /// `plan` and `tenant`: the condition of `auto_approve`
    Plan,
    /// `plan` and `tenant`
    PlanAndTenant,
}

impl Over {
    /// The names, in Markdown.
    #[must_use]
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Variables => "`var`",
            Self::User => "`user`, `tenant`",
            Self::Change => "`user`, `change`, `tenant`",
            Self::Notice => "`user`, `change`, `wave`, `tenant`",
            Self::Plan | Self::PlanAndTenant => "`plan`, `tenant`",
        }
    }
}

impl Kind {
    /// In words, for the reference page.
    #[must_use]
    pub(crate) fn describe(self) -> String {
        match self {
            Self::Text => "string".into(),
            Self::Bool => "bool".into(),
            Self::Number => "number".into(),
            Self::Texts => "list of strings".into(),
            Self::AnyOf(values) => {
                format!(
                    "list of {}",
                    values.iter().map(|value| format!("`\"{value}\"`")).collect::<Vec<_>>().join(" · ")
                )
            }
            Self::Date => "date (`2026-12-31`) or RFC 3339 instant".into(),
            Self::OneOf(values) => values.iter().map(|value| format!("`\"{value}\"`")).collect::<Vec<_>>().join(" · "),
            Self::Expression(over) => format!("expression over {}", over.describe()),
            Self::Type => "type".into(),
            Self::Any => "any value".into(),
        }
    }
}

impl BlockSchema {
    /// "an `mfa` block"
    #[must_use]
    pub(crate) fn phrase(&self) -> String {
        // `mfa` is spoken letter by letter.
        let vowel = self.name.starts_with(['a', 'e', 'i', 'o', 'u']) || self.name.starts_with("mfa");
        format!("{} `{}` block", if vowel { "an" } else { "a" }, self.name)
    }

    /// The argument with this name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'static AttributeSchema> {
        self.attributes.iter().find(|one| one.name == name)
    }

    /// The nested block with this name.
    #[must_use]
    pub(crate) fn block(&self, name: &str) -> Option<&'static NestedSchema> {
        self.blocks.iter().find(|one| one.schema.name == name)
    }
}

/// The block with this name at the top level.
#[must_use]
pub(crate) fn top_level(name: &str) -> Option<&'static BlockSchema> {
    TOP_LEVEL.iter().copied().find(|one| one.name == name)
}
