//! "Did you mean …?"

use crate::escape;

/// How alike two names must be (Jaro–Winkler, 0–1) for one to be offered. Measured on the usual slips (a letter
/// missing, doubled, swapped, singular for plural): all of those score above, unrelated names below.
const ALIKE: f64 = 0.80;

/// The name nearest to `wrong`, ignoring case, if one is near enough.
#[must_use]
pub(crate) fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let mut best: Option<(f64, &'a str)> = None;
    for name in names {
        let score = likeness(&wrong, &name.to_lowercase());
        if score > ALIKE && best.is_none_or(|(top, _)| score > top) {
            best = Some((score, name));
        }
    }
    best.map(|(_, name)| name)
}

/// Of two addresses in one domain the names before it count: the domain alone makes nobody alike. Who leaves the domain
/// out is understood.
fn likeness(wrong: &str, name: &str) -> f64 {
    match (wrong.split_once('@'), name.split_once('@')) {
        (Some((wrong, wrong_domain)), Some((name, domain))) if wrong_domain == domain => {
            strsim::jaro_winkler(wrong, name)
        }
        (None, Some((short, _))) => strsim::jaro_winkler(wrong, short).max(strsim::jaro_winkler(wrong, name)),
        _ => strsim::jaro_winkler(wrong, name),
    }
}

/// "did you mean `name`?", if a name is near enough.
#[must_use]
pub(crate) fn did_you_mean<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(wrong, names).map(did_you)
}

/// The question itself.
pub(super) fn did_you(name: &str) -> String {
    format!("did you mean `{}`?", escape::text(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_slips_are_caught_and_strangers_are_not() {
        let states = ["disabled", "enabled", "enforced"];
        assert_eq!(nearest("enforce", states), Some("enforced"));
        assert_eq!(nearest("Enforced", states), Some("enforced"));
        assert_eq!(nearest("disable", states), Some("disabled"));
        assert_eq!(nearest("xyz", states), None);
        let people = ["ann.lee@contoso.com", "bo.berg@contoso.com", "ann.lee@fabrikam.com"];
        assert_eq!(nearest("bo.brg@contoso.com", people), Some("bo.berg@contoso.com"));
        assert_eq!(nearest("zoe@contoso.com", people), None, "a domain makes nobody alike");
        assert_eq!(nearest("ann.lee@contso.com", people), Some("ann.lee@contoso.com"));
        assert_eq!(nearest("bo.berg", people), Some("bo.berg@contoso.com"));
        assert_eq!(nearest("user", ["users", "groups", "roles", "where"]), Some("users"));
    }
}
