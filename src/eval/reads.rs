//! What expressions read beside their own text: files. A plan rests on them as on the configuration itself.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;

use super::{Scope, Value, functions::files};
use crate::tenant::Text;

/// The files that expressions have read, each by the call that read it, with what was found. Kept behind a lock because
/// expressions are evaluated for many users at once; whoever reads a file can afford it.
#[derive(Debug, Default)]
pub struct FileReads(Mutex<BTreeMap<Text, Text>>);

/// What stands for a file that is not there.
const ABSENT: &str = "absent";
const PRESENT: &str = "present";
const UNREADABLE: &str = "unreadable";

impl FileReads {
    /// Notes the content that `file` or `templatefile` found; none where there is no such file.
    pub(crate) fn content(&self, name: &str, bytes: Option<&[u8]>) {
        self.note(call("file", name), bytes.map_or_else(|| ABSENT.into(), hash));
    }

    /// Notes what `fileexists` found.
    pub(crate) fn existence(&self, name: &str, exists: bool) {
        self.note(call("fileexists", name), if exists { PRESENT } else { ABSENT }.into());
    }

    fn note(&self, call: String, found: Text) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(call.into(), found);
    }

    /// Every call so far, with the SHA-256 of what it read.
    #[must_use]
    pub fn so_far(&self) -> BTreeMap<Text, Text> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The files of these calls, seen from the configuration directory.
    #[must_use]
    pub(crate) fn paths(&self, dir: &Path) -> Vec<PathBuf> {
        let name = |call: &Text| {
            let (_, rest) = call.split_once('(')?;
            Some(dir.join(serde_json::from_str::<String>(rest.strip_suffix(')')?).ok()?))
        };
        self.so_far().keys().filter_map(name).collect()
    }

    /// What a call, as [`FileReads::so_far`] names it, would find now; none where it is no such call. A plan file says
    /// which calls these are, so they reach no further than an expression of the configuration does.
    #[must_use]
    pub fn now(call: &str, dir: &Path, allow_files: &[PathBuf]) -> Option<Text> {
        let (function, rest) = call.split_once('(')?;
        let name: String = serde_json::from_str(rest.strip_suffix(')')?).ok()?;
        let scope = Scope { allow_files, ..Scope::new(&Value::Null, &Value::Null, dir, Timestamp::UNIX_EPOCH) };
        let found = match function {
            "file" => {
                files::bytes(&name, &scope).map(|bytes| bytes.map_or_else(|| ABSENT.into(), |bytes| hash(&bytes)))
            }
            "fileexists" => files::exists(&name, &scope).map(|exists| if exists { PRESENT } else { ABSENT }.into()),
            _ => return None,
        };
        Some(found.unwrap_or_else(|_| UNREADABLE.into()))
    }
}

/// How a call is named: as it is written in a configuration.
fn call(function: &str, name: &str) -> String {
    format!("{function}({})", serde_json::Value::from(name))
}

/// The SHA-256 of these bytes, in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> Text {
    use std::fmt::Write;
    let mut text = String::with_capacity(64);
    for byte in digest(&SHA256, bytes).as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text.into()
}
