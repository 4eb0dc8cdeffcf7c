//! The compiled form of an expression: every name is resolved, every literal is a value.

use std::sync::OnceLock;

use super::{UserField, Value, functions::Function};
use crate::{diag::Span, tenant::Text};

/// A part of a compiled expression and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Const(Value),
    Root(Root),
    /// A variable of a `for`: how many scopes out, and whether it is the key.
    Loop {
        up: usize,
        key: bool,
        name: Text,
    },
    /// `source.attr[index]…`: a list, so that a long one needs no recursion.
    Path(Box<Node>, Vec<Step>),
    Tuple(Vec<Node>),
    Object(Vec<(Node, Node)>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary(Op, Box<(Node, Node)>),
    And(Box<(Node, Node)>),
    Or(Box<(Node, Node)>),
    Conditional(Box<(Node, Node, Node)>),
    Template(Vec<Part>),
    For(Box<For>),
    Call(Box<Call>),
    ExtraCall(Text, Vec<Node>),
    Try(Vec<Node>),
    Can(Box<Node>),
}

/// What a reference starts from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Root {
    Var(Text),
    Local(Text),
    Module(Text),
    EachKey,
    EachValue,
    User(UserField),
    Change,
    Wave,
    Plan,
    Tenant,
    /// `path.module`.
    PathModule,
    /// `path.root`.
    PathTop,
    /// `path.cwd`.
    PathCwd,
    Extra(Text),
}

impl Root {
    /// As it is written.
    pub(super) fn source(&self) -> String {
        match self {
            Self::Var(name) => format!("var.{name}"),
            Self::Local(name) => format!("local.{name}"),
            Self::Module(name) => format!("module.{name}"),
            Self::EachKey => "each.key".into(),
            Self::EachValue => "each.value".into(),
            Self::User(field) => format!("user.{}", field.as_str()),
            Self::Change => "change".into(),
            Self::Wave => "wave".into(),
            Self::Plan => "plan".into(),
            Self::Tenant => "tenant".into(),
            Self::PathModule => "path.module".into(),
            Self::PathTop => "path.root".into(),
            Self::PathCwd => "path.cwd".into(),
            Self::Extra(name) => name.to_string(),
        }
    }
}

#[derive(Debug)]
pub(super) enum Step {
    Attr(Text, Span),
    Index(Node),
    /// `[*]` or `.*`, with the steps taken into each element.
    Splat(Vec<Step>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Op {
    pub(super) fn is_comparison(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual | Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual)
    }
}

#[derive(Debug)]
pub(super) enum Part {
    Literal(Text),
    Value(Node),
    If(Box<(Node, Vec<Part>, Vec<Part>)>),
    For(Box<(Node, Vec<Part>)>),
}

#[derive(Debug)]
pub(super) struct For {
    pub(super) collection: Node,
    pub(super) condition: Option<Node>,
    pub(super) key: Option<Node>,
    pub(super) value: Node,
    pub(super) grouping: bool,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) function: &'static Function,
    pub(super) args: Vec<Node>,
    /// `f(list...)`
    pub(super) expand: bool,
    /// The pattern this call compiled last. Nearly always it is the only one it will ever see.
    pub(super) pattern: OnceLock<(Text, regex::Regex)>,
}

impl Node {
    /// Is it written as `null`?
    pub(super) fn is_null_literal(&self) -> bool {
        matches!(self.kind, Kind::Const(Value::Null))
    }
}
