//! A whole file → [`ObservedTenant`].

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::{
    json::{
        mistaken,
        stream::{self, Fault, Rows},
        walk,
    },
    tenant::{ObservedTenant, User},
};

use super::{
    check,
    error::{Problem, SnapshotError, SnapshotErrorKind},
    head,
    row::{Object, Parsed},
};

struct Users;

impl Rows for Users {
    const LIST: &'static str = "users";
    const HEAD: &'static [&'static str] = &head::KEYS;
    type Row<'a> = Object<Parsed>;
    type Item = User;
    fn keep(Object(Parsed(user)): Object<Parsed>, _: &[u8], _: u64) -> User {
        user
    }
}

/// Reads a snapshot file.
///
/// # Errors
/// When the file cannot be read or is no valid snapshot; the error names every problem found and its place.
pub fn read(path: &Path) -> Result<ObservedTenant, SnapshotError> {
    let file = open(path)?;
    // A pipe can be read once only, and telling what is wrong needs a second look.
    if file.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return from_slice(path, &all(file, path)?);
    }
    parse(file).map_err(|fault| match fault {
        Fault::Io(error) => SnapshotError::io(path, "cannot read", error),
        Fault::Content { offset, message } => match open(path).and_then(|file| all(file, path)) {
            Ok(text) => explain(path, &text, offset, message),
            Err(error) => error,
        },
    })
}

/// Reads a snapshot that is in memory; `path` is what messages call it.
///
/// # Errors
/// As [`read`].
pub fn from_slice(path: &Path, text: &[u8]) -> Result<ObservedTenant, SnapshotError> {
    parse(text).map_err(|fault| match fault {
        Fault::Io(error) => SnapshotError::io(path, "cannot read", error),
        Fault::Content { offset, message } => explain(path, text, offset, message),
    })
}

pub(super) fn open(path: &Path) -> Result<File, SnapshotError> {
    let file = File::open(path).map_err(|error| SnapshotError::io(path, "cannot read", error))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        let error = io::Error::new(io::ErrorKind::IsADirectory, "it is a directory, not a file");
        return Err(SnapshotError::io(path, "cannot read", error));
    }
    Ok(file)
}

fn all(mut file: File, path: &Path) -> Result<Vec<u8>, SnapshotError> {
    let mut text = Vec::new();
    file.read_to_end(&mut text).map_err(|error| SnapshotError::io(path, "cannot read", error))?;
    Ok(text)
}

fn parse(input: impl Read + Send) -> Result<ObservedTenant, Fault> {
    let wrong = |message: String| Fault::Content { offset: 0, message };
    let document = stream::read::<Users>(input)?;
    let users = document.list.ok_or_else(|| wrong("users is missing".to_owned()))?;
    let tenant = head::tenant(&document.head, users).map_err(wrong)?;
    if has_duplicates(tenant.users()) {
        return Err(wrong("two users share an id or a name".to_owned()));
    }
    Ok(tenant)
}

/// Do two users share an object id or a name? Users come sorted by name, so equal names are neighbours.
fn has_duplicates(users: &[User]) -> bool {
    let same_name = |pair: &[User]| match pair {
        [a, b] => {
            let (a, b) = (&a.user_principal_name, &b.user_principal_name);
            a.len() == b.len() && a.eq_ignore_ascii_case(b) || !a.is_ascii() && a.to_lowercase() == b.to_lowercase()
        }
        _ => false,
    };
    let mut ids: Vec<u128> = users.iter().map(|user| user.id.as_uuid().as_u128()).collect();
    ids.sort_unstable();
    users.windows(2).any(same_name) || ids.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
}

/// The error for a file that could not be parsed: all that [`check`] finds, else what the parser said.
pub(super) fn explain(path: &Path, text: &[u8], offset: u64, message: String) -> SnapshotError {
    if let Some((what, hint)) = mistaken(text) {
        let kind = SnapshotErrorKind::NotASnapshot(format!("not a snapshot: {what}"));
        let hint = hint.unwrap_or("take it again: `mfaplan snapshot --out FILE`");
        return SnapshotError { path: path.into(), kind, hints: vec![hint.to_owned()] };
    }
    let mut problems = check::problems(text);
    if problems.is_empty() {
        let (line, column) = walk::line_column(text, usize::try_from(offset).unwrap_or(usize::MAX));
        problems.push(Problem { line, column, path: String::new(), message });
    }
    let hint = if problems.iter().any(|problem| problem.message.contains("cut off")) {
        "take it again: `mfaplan snapshot --out FILE`"
    } else {
        "correct the file at these places, or take it again: `mfaplan snapshot --out FILE`"
    };
    SnapshotError { path: path.into(), kind: SnapshotErrorKind::Content(problems), hints: vec![hint.to_owned()] }
}
