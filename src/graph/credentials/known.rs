//! What may not be repeated: every secret that was sent, and the one place that takes them out of what a service says.
//!
//! A service may quote what it was sent, whole, cut short or encoded, in a code, a message or a header. Its text becomes
//! words of ours only as [`Said`], and [`Known::said`] is the only way to one: an error, a log line, an event, a journal
//! or a plan cannot carry what was not scrubbed.

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use secrecy::{ExposeSecret, SecretString};

use crate::graph::client::encode;

/// So many characters in a row of a secret are a piece of it; fewer may be chance.
const PIECE: usize = 8;
/// Shorter secrets than this cannot be told from words.
const SHORTEST: usize = 4;
/// Tokens are renewed by the hour, and a service quotes those it was sent lately.
const KEPT: usize = 32;
const MASK: &str = "[secret]";

/// Text of a service, without secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said(String);

impl Deref for Said {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<Said> for String {
    fn from(said: Said) -> Self {
        said.0
    }
}

/// The secrets that were sent, or are about to be.
#[derive(Clone, Default)]
pub(crate) struct Known(Arc<Mutex<VecDeque<SecretString>>>);

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known(…)")
    }
}

impl Known {
    /// Remembers a secret, before it is sent anywhere.
    pub(crate) fn learn(&self, secret: &SecretString) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if secret.expose_secret().len() < SHORTEST
            || known.iter().any(|one| one.expose_secret() == secret.expose_secret())
        {
            return;
        }
        if known.len() >= KEPT {
            known.pop_front();
        }
        known.push_back(secret.clone());
    }

    /// What a service says, for people and files.
    pub(crate) fn said(&self, text: impl Into<String>) -> Said {
        let text = text.into();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let forms: Vec<String> = known.iter().flat_map(|secret| forms(secret.expose_secret())).collect();
        Said(scrubbed(&text, &forms))
    }
}

/// A secret as it may be written: as it is, and in a URL or a form.
fn forms(secret: &str) -> Vec<String> {
    let encoded = encode(secret);
    let form = encoded.replace('-', "%2D").replace('.', "%2E").replace('_', "%5F").replace('~', "%7E");
    // Forms leave `-._` as they are, and write a space as a plus.
    let usual = encoded.replace('~', "%7E").replace("%20", "+");
    let escaped = secret.escape_default().to_string();
    let mut forms = vec![
        secret.to_owned(),
        encoded.to_lowercase(),
        form.to_lowercase(),
        form,
        usual.to_lowercase(),
        usual,
        encoded,
        escaped,
    ];
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn scrubbed(text: &str, forms: &[String]) -> String {
    let bytes = text.as_bytes();
    let mut hidden = vec![false; bytes.len()];
    let mut pieces: HashSet<&[u8]> = HashSet::new();
    for form in forms {
        let form = form.as_bytes();
        if form.len() >= PIECE {
            pieces.extend(form.windows(PIECE));
        } else {
            mark(&mut hidden, bytes.windows(form.len()).enumerate().filter(|(_, part)| part == &form), form.len());
        }
    }
    mark(&mut hidden, bytes.windows(PIECE).enumerate().filter(|(_, part)| pieces.contains(part)), PIECE);
    let mut out = String::with_capacity(text.len());
    let mut masked = false;
    for (at, letter) in text.char_indices() {
        if hidden.get(at) == Some(&true) {
            if !masked {
                out.push_str(MASK);
            }
            masked = true;
        } else {
            out.push(letter);
            masked = false;
        }
    }
    out
}

fn mark<'a>(hidden: &mut [bool], found: impl Iterator<Item = (usize, &'a [u8])>, length: usize) {
    for (at, _) in found {
        if let Some(part) = hidden.get_mut(at..at + length) {
            part.fill(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        let known = Known::default();
        for secret in ["Zq8~7d1f.hunter2/+=", "eyJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiI3ZjNhIn0.c2lnbmF0dXJl", "pin4711", "abc"]
        {
            known.learn(&SecretString::from(secret.to_owned()));
        }
        known.said(text).into()
    }

    #[test]
    fn a_secret_is_taken_out_whole_cut_short_and_encoded() {
        for (text, clean) in [
            ("the secret 'Zq8~7d1f.hunter2/+=' is wrong", "the secret '[secret]' is wrong"),
            ("Zq8~7d1f.hunt…", "[secret]…"),
            ("…d1f.hunter2/+=", "…[secret]"),
            ("client_secret=Zq8~7d1f.hunter2%2F%2B%3D&x", "client_secret=[secret]&x"),
            ("client_secret=zq8", "client_secret=zq8"),
            ("Zq8%7E7d1f", "[secret]"),
            (
                "Bearer eyJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiI3ZjNhIn0 and again eyJ0aWQiOiI3ZjNhIn0.c2lnbmF0dXJl",
                "Bearer [secret] and again [secret]",
            ),
            ("pin4711 is short, abc is a word", "[secret] is short, abc is a word"),
            ("Größe: pin4711é", "Größe: [secret]é"),
            ("", ""),
        ] {
            assert_eq!(said(text), clean);
        }
    }
}
