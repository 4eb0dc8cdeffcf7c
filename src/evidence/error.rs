//! What can be wrong with a store.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{sign_ins::FileError, tenant::TenantId};

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EvidenceError {
    /// The file system.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of ours that is not what was written.
    #[error("{}: the store is damaged: {what}", .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// How that shows.
        what: String,
    },
    /// The store of another tenant.
    #[error("{} holds sign-ins of tenant {found}, and the configuration names {wanted}", .path.display())]
    OtherTenant {
        /// The store.
        path: PathBuf,
        /// Whose it is.
        found: TenantId,
        /// Whose it should be.
        wanted: TenantId,
    },
    /// A file that was to be read into it.
    #[error("{0}")]
    File(FileError),
}

impl EvidenceError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }

    /// What to do about it.
    #[must_use]
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Io { .. } => None,
            Self::Damaged { path, .. } => {
                let dir = path.parent().unwrap_or(path);
                Some(format!("remove the store (rm -r {}) and pull or import again", dir.display()))
            }
            Self::OtherTenant { path, .. } => {
                Some(format!("one directory is one tenant: correct `tenant.id`, or remove {}", path.display()))
            }
            Self::File(error) => error.hint.clone(),
        }
    }
}
