//! Selectors: `users`, `groups`, `roles`, `where` and `except`.

use super::{
    LateNames, NameList, Predicate, Selector,
    args::{self, Block, Each, Env, Given},
    schema::SELECTORS,
};
use crate::diag::{Diagnostic, Diagnostics, Span};

/// What a block without selectors means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Empty {
    /// An error: it would be about nobody.
    Refused,
    /// Everybody: then selectors that are written but select nobody are an error, lest an emptied list widen it.
    Everybody,
}

/// Reads the selectors of a block.
pub(crate) fn read(
    block: &Block<'_>,
    env: &Env<'_>,
    each: Option<&Each>,
    empty: Empty,
    diags: &mut Diagnostics,
) -> Selector {
    let (mut selector, states) = plain(block, env, each, diags);
    let name = block.raw.schema.name;
    let null = states.iter().find_map(|(_, state)| if let State::Null(span) = state { Some(*span) } else { None });
    let set: Vec<&str> = states.iter().filter(|(_, state)| *state == State::Set).map(|(name, _)| *name).collect();
    // A list that could not be read is not an empty one.
    let wrong = states.iter().any(|(_, state)| *state == State::Wrong);
    match (empty, null) {
        // Absent it would hold for everybody, which a list that came out null must not bring about.
        (Empty::Everybody, Some(span)) => diags.push(
            Diagnostic::error(
                "Null selector",
                format!("This selector is null. Without selectors the `{name}` block would hold for everybody."),
            )
            .at(span, "null")
            .hint("name somebody, or remove the argument if everybody is meant"),
        ),
        _ if wrong => {}
        (Empty::Refused, _) if set.is_empty() && !block.raw.faulty => {
            let why = if null.is_some() { ": what is `null` counts as not set" } else { "" };
            diags.push(
                Diagnostic::error("Missing selector", format!("This `{name}` block selects nobody{why}."))
                    .at(null.unwrap_or(block.raw.header), "")
                    .hint("add at least one of `users`, `groups`, `roles` and `where`"),
            );
        }
        _ if !set.is_empty() && selector.is_empty() => {
            let place = set.first().and_then(|first| block.key(first)).unwrap_or(block.raw.header);
            diags.push(match empty {
                Empty::Refused => Diagnostic::warning(
                    "Empty selector",
                    format!("This `{name}` block selects nobody: its lists are empty."),
                )
                .at(place, "an empty list"),
                Empty::Everybody => Diagnostic::error(
                    "Empty selector",
                    format!(
                        "The lists of this `{name}` block are empty. Without selectors it would hold for everybody, which an emptied list must not bring about."
                    ),
                )
                .at(place, "an empty list")
                .hint("name somebody, or remove the argument if everybody is meant"),
            });
        }
        _ => {}
    }
    if let Some(except) = block.block("except") {
        let (inner, states) = plain(except, env, each, diags);
        if !except.raw.faulty && states.iter().all(|(_, state)| matches!(state, State::Absent | State::Null(_))) {
            diags.push(
                Diagnostic::error("Missing selector", "This `except` block takes nobody away.")
                    .at(except.raw.header, "")
                    .hint("add at least one of `users`, `groups`, `roles` and `where`, or remove the block"),
            );
        }
        selector.except = Some(Box::new(inner));
    }
    selector
}

/// How a selector stands there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Null(Span),
    Set,
    Wrong,
}

/// What came of it, and how it stands there.
fn taken<T: Default>(given: Given<T>) -> (T, State) {
    match given {
        Given::Absent => (T::default(), State::Absent),
        Given::Null(span) => (T::default(), State::Null(span)),
        Given::Value(value) => (value, State::Set),
        Given::Wrong => (T::default(), State::Wrong),
    }
}

fn plain(
    block: &Block<'_>,
    env: &Env<'_>,
    each: Option<&Each>,
    diags: &mut Diagnostics,
) -> (Selector, [(&'static str, State); 4]) {
    let reader = block.reader(env, each);
    let mut late = Vec::new();
    let mut names = |list: NameList, name: &str, diags: &mut Diagnostics| {
        let (args::Names { known, late: exprs }, state) = taken(reader.names(name, diags));
        let named = |expr| LateNames { list, expr, each: each.cloned(), layer: block.raw.layer };
        late.extend(exprs.into_iter().map(named));
        (known, state)
    };
    let (users, users_state) = names(NameList::Users, "users", diags);
    let (groups, groups_state) = names(NameList::Groups, "groups", diags);
    let (roles, roles_state) = names(NameList::Roles, "roles", diags);
    let (filter, filter_state) = taken(reader.kept("where", diags).map(Some));
    if let Some(filter) = &filter
        && let Some(constant) = filter.as_constant()
        && constant.as_bool().is_none()
    {
        diags.push(not_a_condition(filter.span(), &constant.type_name()));
    }
    let filter = filter.map(|expr| Predicate { expr, each: each.cloned(), layer: block.raw.layer });
    let states = SELECTORS.into_iter().zip([users_state, groups_state, roles_state, filter_state]);
    let mut out = [("", State::Absent); 4];
    out.iter_mut().zip(states).for_each(|(slot, state)| *slot = state);
    (Selector { users, groups, roles, filter, late, except: None }, out)
}

fn not_a_condition(span: Span, found: &str) -> Diagnostic {
    Diagnostic::error(
        "Incorrect value type",
        format!("`where` must be a condition that is true or false; this is a {found}."),
    )
    .at(span, "")
    .hint("for example `where = user.department == \"Finance\"`")
}
