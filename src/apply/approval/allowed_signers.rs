//! OpenSSH's `allowed_signers` file: who may sign, with which key, until when (ssh-keygen(1), "ALLOWED SIGNERS").

use jiff::{Timestamp, civil, tz::TimeZone};
use ssh_key::{PublicKey, public::KeyData};

use super::NAMESPACE;

/// The signers a configuration allows.
#[derive(Clone, Debug)]
pub struct AllowedSigners(Vec<Entry>);

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) principals: Vec<String>,
    pub(super) key: KeyData,
    pub(super) line: usize,
    namespaces: Option<Vec<String>>,
    valid_after: Option<Timestamp>,
    valid_before: Option<Timestamp>,
    cert_authority: bool,
}

/// A line that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(crate) struct AllowedSignersError {
    /// Which, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl AllowedSigners {
    /// Reads the text of the file. Times without `Z` are in `zone`, as for OpenSSH.
    ///
    /// # Errors
    /// At the first line that cannot be understood: passing over one could take a restriction away.
    pub(crate) fn parse(text: &str, zone: &TimeZone) -> Result<Self, AllowedSignersError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut entries = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let error = |reason: String| AllowedSignersError { line: index + 1, reason };
            entries.push(entry(line, index + 1, zone).map_err(error)?);
        }
        Ok(Self(entries))
    }

    /// The entry under which this key may approve at all of these instants.
    pub(super) fn find(&self, key: &KeyData, instants: &[Timestamp]) -> Result<&Entry, String> {
        let mut reason = None;
        for entry in self.0.iter().filter(|entry| entry.key == *key) {
            match entry.allows(instants) {
                Ok(()) => return Ok(entry),
                Err(why) => reason = Some(format!("line {} of the allowed signers: {why}", entry.line)),
            }
        }
        Err(reason.unwrap_or_else(|| "its key is not among the allowed signers".to_owned()))
    }
}

impl Entry {
    fn allows(&self, instants: &[Timestamp]) -> Result<(), String> {
        if self.cert_authority {
            return Err("`cert-authority` is not supported: list the signers' own keys".to_owned());
        }
        if let Some(pattern) = self.principals.iter().find(|name| name.contains(['*', '?', '!'])) {
            // Two signers have to be two people, and a pattern names nobody in particular.
            return Err(format!("`{pattern}` is a pattern: an approval needs the name of one person"));
        }
        if self.namespaces.as_ref().is_some_and(|list| !matches_list(list, NAMESPACE)) {
            return Err(format!("the key may not sign in namespace `{NAMESPACE}`"));
        }
        for at in instants {
            if let Some(after) = self.valid_after.filter(|after| at < after) {
                return Err(format!("the key is valid from {after} on"));
            }
            if let Some(before) = self.valid_before.filter(|before| at >= before) {
                return Err(format!("the key was valid until {before}"));
            }
        }
        Ok(())
    }
}

fn entry(line: &str, number: usize, zone: &TimeZone) -> Result<Entry, String> {
    let (principals, rest) = word(line)?;
    let mut entry = Entry {
        principals: unquoted(principals).split(',').map(|name| name.trim().to_owned()).collect(),
        key: KeyData::Ed25519(ssh_key::public::Ed25519PublicKey([0; 32])),
        line: number,
        namespaces: None,
        valid_after: None,
        valid_before: None,
        cert_authority: false,
    };
    if entry.principals.iter().any(String::is_empty) {
        return Err("a name is empty".to_owned());
    }
    let (first, after) = word(rest)?;
    let is_key = ["ssh-", "ecdsa-", "sk-"].iter().any(|prefix| first.starts_with(prefix));
    let key = if is_key {
        rest
    } else {
        options(first, &mut entry, zone)?;
        after
    };
    let public = PublicKey::from_openssh(key.trim()).map_err(|error| format!("the key cannot be read: {error}"))?;
    entry.key = public.key_data().clone();
    Ok(entry)
}

/// The first word and the rest. White space in double quotes does not end a word.
fn word(text: &str) -> Result<(&str, &str), String> {
    let text = text.trim_start();
    let mut quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => return Ok((&text[..at], text[at..].trim_start())),
            _ => {}
        }
    }
    if quoted { Err("a quotation mark is not closed".to_owned()) } else { Ok((text, "")) }
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

fn options(text: &str, entry: &mut Entry, zone: &TimeZone) -> Result<(), String> {
    let mut quoted = false;
    let split = |character: char| {
        quoted ^= character == '"';
        character == ',' && !quoted
    };
    for option in text.split(split) {
        let (name, value) =
            option.split_once('=').map_or((option, None), |(name, value)| (name, Some(unquoted(value))));
        match (name.to_ascii_lowercase().as_str(), value) {
            ("cert-authority", None) => entry.cert_authority = true,
            ("namespaces", Some(value)) => {
                entry.namespaces = Some(value.split(',').map(|one| one.trim().to_owned()).collect());
            }
            ("valid-after", Some(value)) => entry.valid_after = Some(instant(value, zone)?),
            ("valid-before", Some(value)) => entry.valid_before = Some(instant(value, zone)?),
            _ => return Err(format!("unknown option `{}`", option.escape_debug())),
        }
    }
    Ok(())
}

/// `YYYYMMDD[HHMM[SS]][Z]`
fn instant(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let wrong = || format!("`{}` is not a time: YYYYMMDD[HHMM[SS]][Z]", text.escape_debug());
    let (digits, zone) = match text.strip_suffix(['Z', 'z']) {
        Some(digits) => (digits, &TimeZone::UTC),
        None => (text, zone),
    };
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<i8>().ok()).unwrap_or(0);
    let year = digits[..4].parse::<i16>().map_err(|_| wrong())?;
    let wall = civil::DateTime::new(year, part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14), 0);
    zone.to_timestamp(wall.map_err(|_| wrong())?).map_err(|_| wrong())
}

/// OpenSSH's pattern list: any positive match and no negated one.
fn matches_list(patterns: &[String], text: &str) -> bool {
    let mut matched = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(negated) if matches(negated.as_bytes(), text.as_bytes()) => return false,
            Some(_) => {}
            None => matched |= matches(pattern.as_bytes(), text.as_bytes()),
        }
    }
    matched
}

/// `*` is any text, `?` any one character. In the length of both, so a hostile pattern costs nothing.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(one) if *one == b'?' || *one == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|one| *one == b'*')
}
