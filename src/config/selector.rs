//! Selectors: `users`, `groups`, `roles`, `where` and `except`.

use super::{
    Predicate, Selector,
    args::{Block, Each, Env},
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
    let problems = diags.as_slice().len();
    let mut selector = plain(block, env, each, diags);
    // A list that could not be read is not an empty one.
    let written: Vec<&str> = SELECTORS.into_iter().filter(|name| block.has(name)).collect();
    let sound = diags.as_slice().len() == problems && written.iter().all(|name| block.compiled(name));
    let name = block.raw.schema.name;
    if written.is_empty() && empty == Empty::Refused && !block.raw.faulty {
        diags.push(
            Diagnostic::error("Missing selector", format!("This `{name}` block selects nobody."))
                .at(block.raw.header, "")
                .hint("add at least one of `users`, `groups`, `roles` and `where`"),
        );
    } else if !written.is_empty() && selector.is_empty() && sound {
        let place = written.first().and_then(|first| block.key(first)).unwrap_or(block.raw.header);
        diags.push(match empty {
            Empty::Refused => {
                Diagnostic::warning("Empty selector", format!("This `{name}` block selects nobody: its lists are empty."))
                    .at(place, "an empty list")
            }
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
    if let Some(except) = block.block("except") {
        let inner = plain(except, env, each, diags);
        if !except.raw.faulty && !SELECTORS.into_iter().any(|name| except.has(name)) {
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

fn plain(block: &Block<'_>, env: &Env<'_>, each: Option<&Each>, diags: &mut Diagnostics) -> Selector {
    let reader = block.reader(env, each);
    let filter = reader.kept("where");
    if let Some(filter) = &filter
        && let Some(constant) = filter.as_constant()
        && constant.as_bool().is_none()
        && !constant.is_null()
    {
        diags.push(not_a_condition(filter.span(), &constant.type_name()));
    }
    Selector {
        users: reader.texts("users", diags).unwrap_or_default(),
        groups: reader.texts("groups", diags).unwrap_or_default(),
        roles: reader.texts("roles", diags).unwrap_or_default(),
        filter: filter.map(|expr| Predicate { expr, each: each.cloned() }),
        except: None,
    }
}

fn not_a_condition(span: Span, found: &str) -> Diagnostic {
    Diagnostic::error(
        "Incorrect value type",
        format!("`where` must be a condition that is true or false; this is a {found}."),
    )
    .at(span, "")
    .hint("for example `where = user.department == \"Finance\"`")
}
