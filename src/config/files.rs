//! Reading the files of a configuration: which, how large, in which encoding.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap, Span};

/// How large one file may be. The syntax tree takes 25 to 70 times the size of its text, so this is what a laptop
/// bears; long lists of users belong in a CSV file, which has no such factor.
pub(crate) const MAX_FILE: u64 = 16 * 1024 * 1024;

/// The ending of configuration files.
pub(crate) const SUFFIX: &str = ".mfa.hcl";

/// Files as somebody has them open: they count instead of what is on the disk, which may not have them at all yet.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    texts: BTreeMap<PathBuf, String>,
    alone: bool,
}

impl Overlay {
    /// Nothing on the disk counts: the configuration is what is put in here.
    #[must_use]
    pub fn alone() -> Self {
        Self { texts: BTreeMap::new(), alone: true }
    }

    /// Puts a text in place of a file. The path is the directory's, as it is given to [`super::load_over`], and a name.
    pub fn insert(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) {
        self.texts.insert(path.into(), text.into());
    }

    /// Lets the file on the disk count again.
    pub fn remove(&mut self, path: &Path) {
        self.texts.remove(path);
    }

    /// The text that stands in place of a file.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Does this file exist, open or on the disk?
    pub(crate) fn exists(&self, path: &Path) -> bool {
        self.texts.contains_key(path) || !self.alone && path.exists()
    }

    /// The files of a directory that end in `suffix`, by name: those on the disk and those that are only open.
    pub(crate) fn list(&self, dir: &Path, suffix: &str) -> io::Result<Vec<PathBuf>> {
        let fits = |path: &Path| {
            let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            path.parent() == Some(dir) && name.ends_with(suffix) && !name.starts_with('.')
        };
        let open: Vec<&PathBuf> = self.texts.keys().filter(|path| fits(path)).collect();
        let mut found = match list(dir, suffix) {
            _ if self.alone => Vec::new(),
            // A directory of which something is open need not exist.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !open.is_empty() => Vec::new(),
            listed => listed?,
        };
        found.extend(open.into_iter().cloned());
        found.sort();
        found.dedup();
        Ok(found)
    }
}

/// A file that was read.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) file: FileId,
    /// Its name without a directory.
    pub(crate) name: String,
}

/// Lists the files of a directory that end in `suffix`, by name. Hidden files are editors' business.
pub(crate) fn list(dir: &Path, suffix: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // `is_file` follows links; a broken link is reported when it is read.
        if name.ends_with(suffix) && !name.starts_with('.') && !path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Puts a failure to list a directory into words.
pub(crate) fn directory_error(dir: &Path, what: &str, error: &io::Error) -> Diagnostic {
    let shown = dir.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            Diagnostic::error("No such directory", format!("The {what} `{shown}` does not exist."))
        }
        io::ErrorKind::NotADirectory => {
            Diagnostic::error("Not a directory", format!("The {what} `{shown}` is a file."))
                .hint("name the directory that holds it")
        }
        io::ErrorKind::PermissionDenied => Diagnostic::error(
            "Directory cannot be read",
            format!("There is no permission to read the {what} `{shown}`."),
        ),
        _ => Diagnostic::error("Directory cannot be read", format!("The {what} `{shown}` cannot be read: {error}.")),
    }
}

/// Reads a file into `sources`. `shown` is the name diagnostics use.
pub(crate) fn read(
    path: &Path,
    shown: &str,
    overlay: &Overlay,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Option<Read> {
    let name = path.file_name().map_or_else(|| shown.to_owned(), |name| name.to_string_lossy().into_owned());
    if let Some(text) = overlay.get(path) {
        return decode(text.as_bytes().to_vec(), shown, sources, diags).map(|file| Read { file, name });
    }
    let unreadable = |error: &io::Error| {
        let why = match error.kind() {
            io::ErrorKind::PermissionDenied => "there is no permission to read it".to_owned(),
            io::ErrorKind::NotFound => "it does not exist".to_owned(),
            _ => error.to_string(),
        };
        Diagnostic::error("File cannot be read", format!("`{shown}` cannot be read: {why}."))
    };
    let length = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            diags.push(Diagnostic::error("File cannot be read", format!("`{shown}` is a directory.")));
            return None;
        }
        Ok(metadata) => metadata.len(),
        Err(error) => {
            diags.push(unreadable(&error));
            return None;
        }
    };
    if length > MAX_FILE {
        diags.push(
            Diagnostic::error(
                "File too large",
                format!("`{shown}` has {} MB; a configuration file may have {} MB.", length / 1_048_576, MAX_FILE / 1_048_576),
            )
            .hint("keep long lists of users in a CSV file: `users = [for row in csvdecode(file(\"users.csv\")) : row.upn]`"),
        );
        return None;
    }
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            diags.push(unreadable(&error));
            return None;
        }
    };
    decode(bytes, shown, sources, diags).map(|file| Read { file, name })
}

/// Bytes → text. A UTF-8 byte order mark is dropped, anything that is not UTF-8 is reported with its place.
fn decode(bytes: Vec<u8>, shown: &str, sources: &mut SourceMap, diags: &mut Diagnostics) -> Option<FileId> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        diags.push(
            Diagnostic::error("Wrong encoding", format!("`{shown}` is in UTF-16; configurations are in UTF-8."))
                .hint("save it as UTF-8 (in PowerShell: `Set-Content -Encoding utf8`)"),
        );
        return None;
    }
    let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => rest.to_vec(),
        None => bytes,
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let byte = error.as_bytes().get(at).copied().unwrap_or_default();
            let shown_text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let file = sources.add(shown, shown_text);
            diags.push(
                Diagnostic::error("Invalid UTF-8", format!("The byte 0x{byte:02x} at offset {at} is not UTF-8."))
                    .at(Span::new(file, at..at + 3), "")
                    .hint("save the file as UTF-8"),
            );
            return None;
        }
    };
    let nul = text.find('\0');
    let file = sources.add(shown, text);
    if let Some(at) = nul {
        diags.push(
            Diagnostic::error(
                "Invalid character",
                format!("A NUL byte stands at offset {at}: this is not a text file."),
            )
            .at(Span::new(file, at..at + 1), ""),
        );
        return None;
    }
    Some(file)
}

/// Text that reads differently from what it says: direction controls anywhere in a file are worth a look.
pub(crate) fn lint(file: FileId, text: &str, diags: &mut Diagnostics) {
    let hidden = |one: char| matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{1b}');
    if text.is_ascii() && !text.contains('\u{1b}') {
        return;
    }
    if let Some((at, one)) = text.char_indices().find(|(_, one)| hidden(*one)) {
        diags.push(
            Diagnostic::warning(
                "Invisible control character",
                format!("U+{:04X} changes how the text is shown, not what it says.", one as u32),
            )
            .at(Span::new(file, at..at + one.len_utf8()), "")
            .hint("remove it, unless you know why it is there"),
        );
    }
}
