//! Words in account names that speak of a workload.
//!
//! Only whole words count, and digits end a word: `svc01` and `scan-2` match, Scanlon, Botha, Backus, Printz and Svcevic
//! are people. Nothing is allocated per user: a word is folded into a small buffer and compared.

use crate::tenant::{Text, User};

/// The longest built-in word, `automation`.
const LONGEST: usize = 10;

/// Built-in words. Singular only: `jobs` and `apps` also occur in the names of teams.
const WORDS: &[&str] = &[
    "svc",
    "service",
    "sa",
    "app",
    "api",
    "sql",
    "batch",
    "job",
    "noreply",
    "scan",
    "scanner",
    "copier",
    "printer",
    "mfp",
    "smtp",
    "relay",
    "backup",
    "monitor",
    "sync",
    "automation",
    "bot",
    "kiosk",
];

/// Finds workload words in names: the built-in ones and the organisation's.
#[derive(Clone, Debug, Default)]
pub struct NameMatcher {
    own: Vec<Text>,
}

impl NameMatcher {
    /// With the organisation's own words (`service_account_signal { patterns }`), matched without case.
    #[must_use]
    pub fn new(patterns: &[Text]) -> Self {
        Self { own: patterns.iter().filter(|one| !one.trim().is_empty()).map(|one| Text::from(one.trim())).collect() }
    }

    /// The first workload word in the sign-in name (before the `@`) or the display name.
    ///
    /// The domain is left out: `jane@app.contoso.com` says nothing of Jane. So is the home domain that an invited
    /// guest's name carries (`jane_service.example#EXT#@…`).
    #[must_use]
    pub fn find<'a>(&'a self, user: &User) -> Option<&'a str> {
        let upn = user.user_principal_name.as_str();
        let local = upn.rsplit_once('@').map_or(upn, |(local, _)| local);
        let local = match local.split_once("#EXT#") {
            Some((invited, _)) => invited.rsplit_once('_').map_or(invited, |(name, _)| name),
            None => local,
        };
        self.find_in(local).or_else(|| user.display_name.as_deref().and_then(|name| self.find_in(name)))
    }

    /// The first workload word in this text.
    #[must_use]
    pub fn find_in<'a>(&'a self, text: &str) -> Option<&'a str> {
        words(text)
            .find_map(built_in)
            .or_else(|| self.own.iter().map(Text::as_str).find(|pattern| contains_word(text, pattern)))
    }
}

/// Maximal runs of letters.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty())
}

fn built_in(word: &str) -> Option<&'static str> {
    let bytes = word.as_bytes();
    if bytes.len() < 2 || bytes.len() > LONGEST || !word.is_ascii() {
        return None;
    }
    let mut buffer = [0_u8; LONGEST];
    let folded = &mut buffer[..bytes.len()];
    folded.copy_from_slice(bytes);
    folded.make_ascii_lowercase();
    WORDS.iter().copied().find(|one| one.as_bytes() == &*folded)
}

/// Does `pattern` stand in `text`, without case, with no letter on either side of it?
fn contains_word(text: &str, pattern: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    text.char_indices().any(|(start, _)| {
        let Some(end) = match_len(&text[start..], pattern) else { return false };
        let before = text[..start].chars().next_back();
        let after = text[start + end..].chars().next();
        let joined = |neighbour, edge| letter(neighbour) && letter(edge);
        !joined(before, pattern.chars().next()) && !joined(after, pattern.chars().next_back())
    })
}

/// How many bytes of `text` the whole of `pattern` matches at its start, without case.
fn match_len(text: &str, pattern: &str) -> Option<usize> {
    let mut rest = text.char_indices();
    for wanted in pattern.chars() {
        let (_, found) = rest.next()?;
        if found != wanted && !found.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    Some(rest.next().map_or(text.len(), |(at, _)| at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_with_workload_like_names_are_people() {
        let names = NameMatcher::default();
        for person in
            ["Sean Scanlon", "Piet Botha", "John Backus", "Anna Printz", "Goran Svcevic", "Sara Appleby", "Jobst"]
        {
            assert_eq!(names.find_in(person), None, "{person}");
        }
    }

    #[test]
    fn digits_and_punctuation_end_a_word_and_case_does_not_matter() {
        let names = NameMatcher::default();
        for (name, word) in [("svc01", "svc"), ("scan2", "scan"), ("SQL_reporting", "sql"), ("HR-Bot", "bot")] {
            assert_eq!(names.find_in(name), Some(word), "{name}");
        }
        for near in ["svcmailer", "printsrv", "jobs", "apps", "robots"] {
            assert_eq!(names.find_in(near), None, "{near}");
        }
    }

    #[test]
    fn every_built_in_word_is_found_the_longest_and_the_shortest_too() {
        let names = NameMatcher::default();
        for word in WORDS {
            assert_eq!(names.find_in(&format!("prod-{}", word.to_uppercase())), Some(*word));
        }
        assert_eq!(WORDS.iter().map(|word| word.len()).max(), Some(LONGEST));
    }

    #[test]
    fn own_patterns_may_hold_digits_and_delimiters() {
        let names = NameMatcher::new(&["x-wl".into(), "Größe".into(), " ".into()]);
        assert_eq!(names.find_in("prod_X-WL_7"), Some("x-wl"));
        assert_eq!(names.find_in("GRÖSSE größe7"), Some("Größe"));
        assert_eq!(names.find_in("max-wlan"), None);
        assert_eq!(names.find_in("nothing here"), None);
    }

    #[test]
    fn domains_do_not_name_accounts() {
        let names = NameMatcher::default();
        let user = |upn: &str| {
            User::new(
                crate::tenant::UserId::new(uuid::Uuid::nil()),
                upn.into(),
                crate::tenant::MfaState::Disabled.into(),
            )
        };
        assert_eq!(names.find(&user("jane@app.contoso.com")), None);
        assert_eq!(names.find(&user("jane_service.example#EXT#@contoso.onmicrosoft.com")), None);
        assert_eq!(names.find(&user("backup@contoso.com")), Some("backup"));
    }
}
