//! `sign_ins = ["InteractiveSignIns.csv", { file = "week47.csv", kind = "non_interactive", from = …, to = … }]`

use std::path::PathBuf;

use super::super::{
    args::{invalid, sensitive, wrong_type},
    date::When,
};
use crate::{
    diag::{Diagnostics, Span},
    eval::Value,
    tenant::{SignInFile, SignInFileKind},
};

const KEYS: [&str; 4] = ["file", "kind", "from", "to"];

/// Reads the list. `path` resolves what is written.
pub(crate) fn sign_in_files(
    name: &str,
    value: &Value,
    span: Span,
    path: &dyn Fn(&str) -> PathBuf,
    diags: &mut Diagnostics,
) -> Vec<SignInFile> {
    // Names of files stand in notes and errors.
    if value.contains_sensitive() {
        diags.push(sensitive(name, span));
        return Vec::new();
    }
    let Some(elements) = value.as_list() else {
        diags.push(
            wrong_type(name, "a list of files is required", span)
                .hint(format!("write `{name} = [\"…\"]`, in brackets")),
        );
        return Vec::new();
    };
    let mut files = Vec::with_capacity(elements.len());
    for element in elements {
        match one(element, path) {
            Ok(file) => files.push(file),
            Err(Wrong { detail, key }) => {
                let diagnostic = invalid(name, format!("`{name}`: {detail}."), span);
                diags.push(match key {
                    Some(key) => diagnostic.suggest(&key, KEYS),
                    None => diagnostic.hint(
                        "a file is a path, or `{ file = \"week47.csv\", kind = \"non_interactive\" }`, with `from` and \
                         `to` where it must be said which time it covers",
                    ),
                });
            }
        }
    }
    files
}

/// What is wrong with an element, and the key that is none.
struct Wrong {
    detail: String,
    key: Option<String>,
}

impl From<String> for Wrong {
    fn from(detail: String) -> Self {
        Self { detail, key: None }
    }
}

fn one(element: &Value, path: &dyn Fn(&str) -> PathBuf) -> Result<SignInFile, Wrong> {
    if let Some(text) = element.as_str() {
        return Ok(SignInFile::from(path(named(text)?)));
    }
    let Some(members) = element.as_map() else {
        return Err(format!("each element must be a file, this is {}", element.type_name()).into());
    };
    if let Some(key) = members.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let detail = format!("a file has no `{key}`; it has `file`, `kind`, `from` and `to`");
        return Err(Wrong { detail, key: Some(key.to_string()) });
    }
    let text = |key: &str| match members.get(key) {
        None => Ok(None),
        Some(value) if value.is_null() => Ok(None),
        Some(value) => match value.as_str() {
            Some(text) => Ok(Some(text)),
            None => Err(format!("`{key}` must be a string, not {}", value.type_name())),
        },
    };
    let file = text("file")?.ok_or_else(|| "an element does not name its `file`".to_owned())?;
    let kind = match text("kind")? {
        None => None,
        Some(word) => Some(SignInFileKind::parse(word).ok_or_else(|| {
            format!("`{word}` is not a kind of file; it must be one of {}", SignInFileKind::WORDS.join(", "))
        })?),
    };
    let when = |key: &str| match text(key)? {
        None => Ok(None),
        Some(text) => match When::parse(text) {
            Some(when) => Ok(Some(when)),
            None => Err(format!("`{key}` must be a date or an RFC 3339 instant, not `{text}`")),
        },
    };
    let span = match (when("from")?, when("to")?) {
        (None, None) => None,
        (Some(from), Some(to)) => match (from.begins(), to.ends()) {
            (Some(from), Some(to)) if from <= to => Some((from, to)),
            _ => return Err("`from` must not be later than `to`".to_owned().into()),
        },
        _ => return Err("`from` and `to` belong together".to_owned().into()),
    };
    if span.is_some() && kind.is_none() {
        return Err("`from` and `to` need a `kind`: they say which time of which log the file covers"
            .to_owned()
            .into());
    }
    Ok(SignInFile { path: path(named(file)?), kind, span })
}

fn named(text: &str) -> Result<&str, String> {
    if text.trim().is_empty() { Err("a file's name is empty".to_owned()) } else { Ok(text) }
}
