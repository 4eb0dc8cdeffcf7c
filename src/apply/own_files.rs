//! The files below `.mfaplan`: opened as themselves or not at all. Through a link that somebody put there, an apply would
//! empty, cut or overwrite a file elsewhere.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

pub(crate) use crate::files::DIRECTORY;

pub(super) use crate::files::no_link;

/// Opens a file, but no link: not even one that is put there between the look and the opening.
///
/// # Errors
/// Those of opening.
pub(super) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    no_link(&[path])?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options.open(path)
}

/// A file that is open, to be found again under its name.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    path: PathBuf,
    #[cfg(unix)]
    file: (u64, u64),
}

impl Identity {
    /// Of this open file, which is at this path.
    ///
    /// # Errors
    /// Those of looking at it.
    pub(super) fn of(file: &File, path: &Path) -> io::Result<Self> {
        #[cfg(unix)]
        return Ok(Self { path: path.to_owned(), file: unix_identity(&file.metadata()?) });
        #[cfg(not(unix))]
        {
            let _ = file;
            Ok(Self { path: path.to_owned() })
        }
    }

    /// Is it still there? Elsewhere than on Unix a file that is open cannot be removed.
    ///
    /// # Errors
    /// When it was removed or replaced.
    pub(super) fn check(&self) -> io::Result<()> {
        let gone =
            || io::Error::other(format!("{} was removed or replaced while the run was at work", self.path.display()));
        let metadata = fs::symlink_metadata(&self.path).map_err(|_| gone())?;
        #[cfg(unix)]
        if unix_identity(&metadata) != self.file {
            return Err(gone());
        }
        let _ = metadata;
        Ok(())
    }
}

#[cfg(unix)]
fn unix_identity(metadata: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}
