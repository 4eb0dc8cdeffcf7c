//! Whom a block is about.

use super::{Layer, args::HIDDEN};
use crate::{
    diag::Span,
    eval::{Expr, Value},
    tenant::Text,
};

/// A name in a selector list, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub text: Text,
    /// Where.
    pub span: Span,
    /// Is it a sensitive value, which no message may show?
    pub sensitive: bool,
}

impl Named {
    /// The name as messages show it.
    #[must_use]
    pub fn shown(&self) -> &str {
        if self.sensitive { HIDDEN } else { &self.text }
    }
}

/// Names of a selector that mention the tenant: `"bg1@${tenant.initial_domain}"`. A text, or a list of texts.
#[derive(Clone, Debug)]
pub struct LateNames {
    /// Which list they belong to.
    pub list: NameList,
    /// The expression.
    pub expr: Expr,
    /// `each.key` and `each.value` of the block instance, if it has `for_each`.
    pub each: Option<(Value, Value)>,
    /// Whose expression it is.
    pub layer: Layer,
}

/// A list of names in a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameList {
    /// `users`
    Users,
    /// `groups`
    Groups,
    /// `roles`
    Roles,
}

/// Who a block is about. Within one block the selectors add up; `except` takes away.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    /// User principal names or object ids.
    pub users: Vec<Named>,
    /// Group display names, mail addresses or object ids.
    pub groups: Vec<Named>,
    /// Directory role names.
    pub roles: Vec<Named>,
    /// `where`.
    pub filter: Option<Predicate>,
    /// Names that are known once the tenant is.
    pub late: Vec<LateNames>,
    /// `except`.
    pub except: Option<Box<Selector>>,
}

impl Selector {
    /// Does it select anybody by itself? (An `except` alone does not.)
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { users, groups, roles, filter, late, except: _ } = self;
        users.is_empty() && groups.is_empty() && roles.is_empty() && filter.is_none() && late.is_empty()
    }

    /// In a block that may do without selectors: is it about everybody? With an `except` alone it is about everybody but
    /// those.
    #[must_use]
    pub fn is_everybody(&self) -> bool {
        self.is_empty() && self.except.is_none()
    }
}

/// A compiled boolean expression over `user` (and `change` in rules).
#[derive(Clone, Debug)]
pub struct Predicate {
    /// The expression.
    pub expr: Expr,
    /// `each.key` and `each.value` of the block instance, if it has `for_each`.
    pub each: Option<(Value, Value)>,
    /// Whose expression it is: paths of files start in its directory.
    pub layer: Layer,
}
