//! What a configuration was made of: its files, the values of its variables and the files its expressions read. A plan
//! keeps this, so that `apply` can tell whether the configuration at hand is the one that was reviewed, and what differs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use crate::{
    eval::{FileReads, Value, hash},
    tenant::Text,
};

/// Of which parts a directory's configuration was made.
#[derive(Debug, Default)]
pub struct Origin {
    /// The directory.
    pub dir: PathBuf,
    /// Names of the files, relative to it, sorted.
    pub files: Vec<Text>,
    /// Files that expressions read, while loading and later.
    pub reads: FileReads,
    /// Hash by file and by variable (`var.NAME`).
    parts: BTreeMap<Text, Text>,
    /// The values of sensitive variables, as JSON. They enter the digest together and get no hash of their own, by which
    /// a short secret could be guessed.
    sensitive: BTreeMap<Text, serde_json::Value>,
}

/// What stands for a sensitive variable among the parts.
const SENSITIVE: &str = "sensitive";

impl Origin {
    /// A directory with these files: name and text.
    pub(super) fn new<'a>(dir: PathBuf, files: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut origin = Self { dir, ..Self::default() };
        for (name, text) in files {
            origin.files.push(name.into());
            origin.parts.insert(name.into(), hash(text.as_bytes()));
        }
        origin.files.sort_unstable();
        origin
    }

    /// The same, with the files that expressions have read.
    pub(super) fn with_reads(self, reads: FileReads) -> Self {
        Self { reads, ..self }
    }

    /// The same with these variables, an object.
    pub(super) fn with_variables(mut self, var: &Value) -> Self {
        if let Value::Object(map) = var {
            for (name, value) in map.iter() {
                let part = if value.contains_sensitive() {
                    self.sensitive.insert(name.clone(), value.to_json());
                    Text::from(SENSITIVE)
                } else {
                    hash(value.to_json().to_string().as_bytes())
                };
                self.parts.insert(format!("var.{name}").into(), part);
            }
        }
        self
    }

    /// Every part with its hash, the files read so far included.
    #[must_use]
    pub fn parts(&self) -> BTreeMap<Text, Text> {
        let mut parts = self.parts.clone();
        parts.extend(self.reads.so_far());
        parts
    }

    /// `sha256:…` over these parts and the values of sensitive variables. Each piece is preceded by its length, so that
    /// no two configurations write the same bytes.
    #[must_use]
    pub fn digest(&self, parts: &BTreeMap<Text, Text>) -> Text {
        let mut bytes = Vec::new();
        let mut add = |piece: &str| {
            bytes.extend_from_slice(&(piece.len() as u64).to_be_bytes());
            bytes.extend_from_slice(piece.as_bytes());
        };
        for (name, hash) in parts {
            add(name);
            add(hash);
        }
        for (name, value) in &self.sensitive {
            add(name);
            add(&value.to_string());
        }
        format!("sha256:{}", hash(&bytes)).into()
    }

    /// What differs from the configuration that had this digest and these parts; empty where it is the same. Files that
    /// its expressions read are read again, as far as `allow_files` and the configuration's own surroundings allow.
    #[must_use]
    pub fn differences(&self, digest: &str, then: &BTreeMap<Text, Text>, allow_files: &[PathBuf]) -> Vec<String> {
        let mut now = self.parts();
        for call in then.keys().filter(|name| !self.parts.contains_key(*name)) {
            now.extend(FileReads::now(call, &self.dir, allow_files).map(|found| (call.clone(), found)));
        }
        if self.digest(&now) == digest {
            return Vec::new();
        }
        let names: BTreeSet<&Text> = now.keys().chain(then.keys()).collect();
        let different: Vec<String> = names
            .into_iter()
            .filter_map(|name| match (then.get(name), now.get(name)) {
                (Some(then), Some(now)) if then == now => None,
                (Some(_), Some(_)) => Some(name.to_string()),
                (Some(_), None) => Some(format!("{name} (is gone)")),
                (None, _) => Some(format!("{name} (is new)")),
            })
            .collect();
        if !different.is_empty() {
            return different;
        }
        if self.sensitive.is_empty() {
            return vec!["its digest".to_owned()];
        }
        self.sensitive.keys().map(|name| format!("var.{name} (sensitive)")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str, wave: f64, secret: &str) -> Origin {
        let var = Value::object([
            ("wave", Value::Number((wave as i64).into())),
            ("secret", Value::string(secret).mark_sensitive()),
        ]);
        Origin::new(PathBuf::from("."), [("main.mfa.hcl", text)].into_iter()).with_variables(&var)
    }

    #[test]
    fn what_differs_is_named_and_a_secret_has_no_hash() {
        let then = origin("a", 1.0, "pebble");
        let (digest, parts) = (then.digest(&then.parts()), then.parts());
        assert_eq!(parts["var.secret"], SENSITIVE);
        let told = |now: Origin| now.differences(&digest, &parts, &[]);
        assert_eq!(told(origin("a", 1.0, "pebble")), Vec::<String>::new());
        assert_eq!(told(origin("b", 1.0, "pebble")), ["main.mfa.hcl"]);
        assert_eq!(told(origin("b", 2.0, "pebble")), ["main.mfa.hcl", "var.wave"]);
        assert_eq!(told(origin("a", 1.0, "gravel")), ["var.secret (sensitive)"]);
        let files = [("main.mfa.hcl", "a"), ("more.mfa.hcl", "")];
        let more = Origin::new(PathBuf::from("."), files.into_iter()).with_variables(&Value::object::<&str>([]));
        assert_eq!(told(more), ["more.mfa.hcl (is new)", "var.secret (is gone)", "var.wave (is gone)"]);
    }

    #[test]
    fn a_file_that_an_expression_read_counts_as_it_is_now() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("users.csv");
        std::fs::write(&path, "upn\n").unwrap();
        let made = || Origin::new(dir.path().to_owned(), [("main.mfa.hcl", "a")].into_iter());
        let then = made();
        then.reads.content("users.csv", Some(b"upn\n"));
        let (digest, parts) = (then.digest(&then.parts()), then.parts());
        // Another process: nothing was evaluated yet, and the file is looked at for the plan's sake.
        assert_eq!(made().differences(&digest, &parts, &[]), Vec::<String>::new());
        std::fs::write(&path, "upn\nmara@contoso.com\n").unwrap();
        assert_eq!(made().differences(&digest, &parts, &[]), ["file(\"users.csv\")"]);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(made().differences(&digest, &parts, &[]), ["file(\"users.csv\")"]);
    }
}
