//! What can be wrong with a plan file.

use crate::plan::Digest;

/// Why a plan file is refused. Each reads as a sentence after the file's name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanFileError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[source] std::io::Error),
    /// Nothing in it.
    #[error("is empty")]
    Empty,
    /// It stops in the middle.
    #[error("is cut off: it ends in the middle of the document (line {line}, column {column})")]
    Truncated {
        /// One-based.
        line: usize,
        /// One-based.
        column: usize,
    },
    /// Not JSON.
    #[error("is not a plan: {0}")]
    NotJson(String),
    /// Some other JSON.
    #[error("is not a plan: it has no \"format_version\"")]
    NoVersion,
    /// An offline copy of a tenant.
    #[error("is a snapshot of a tenant, not a saved plan")]
    Snapshot,
    /// A version this program does not know.
    #[error(
        "has format version {found}; this mfaplan reads version {known}. Use the mfaplan that wrote it, or plan again"
    )]
    Version {
        /// What it says.
        found: String,
        /// What is understood.
        known: &'static str,
    },
    /// `--json` output, or the end is missing.
    #[error("has no checksum at its end, so it cannot be trusted. Plans are saved with --out; --json is for reading")]
    NoChecksum,
    /// Changed since it was written.
    #[error("was changed after it was written: its checksum does not match its content. Plan again")]
    Checksum,
    /// A value that does not belong there.
    #[error("is not a plan this mfaplan can read: {0}")]
    Shape(String),
    /// Without what every plan says today.
    #[error("was made by an older version of mfaplan; plan again")]
    Older,
    /// A member says something else than what the content makes it.
    #[error("does not agree with itself: `{member}` {what}. It was changed after it was made; plan again")]
    Disagrees {
        /// The JSON path.
        member: String,
        /// What is wrong with it.
        what: String,
    },
    /// The digest is not that of the content.
    #[error("states the digest {stated}, but its content has the digest {computed}. Plan again")]
    Digest {
        /// In the file.
        stated: Digest,
        /// Of the content.
        computed: Digest,
    },
}

impl PlanFileError {
    pub(super) fn syntax(error: &serde_json::Error) -> Self {
        if error.is_eof() {
            Self::Truncated { line: error.line(), column: error.column() }
        } else {
            Self::NotJson(error.to_string())
        }
    }
}
