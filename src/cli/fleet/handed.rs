//! What the processes of tenants are given of what was typed for the fleet.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::cli::{Context, args::Global};

/// The flags that every process of a run is given. Paths are absolute: each process has a directory of its own.
#[derive(Clone, Debug)]
pub(crate) struct Handed {
    flags: Vec<OsString>,
}

impl Handed {
    /// Those of this command line.
    pub(crate) fn of(allow_files: &[PathBuf], context: &Context) -> Self {
        // Where the fleet is, and how its own output looks, is no tenant's business.
        let Global { chdir: _, no_color: _, quiet: _, verbose: _, as_of, policy: _ } = &context.global;
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut flags: Vec<OsString> = Vec::new();
        if let Some(policy) = context.policy() {
            flags.extend(["--policy".into(), absolute(&policy).into()]);
        }
        if let Some(as_of) = as_of {
            flags.extend(["--as-of".into(), as_of.to_string().into()]);
        }
        for dir in allow_files {
            flags.extend(["--allow-files".into(), absolute(dir).into()]);
        }
        Self { flags }
    }

    /// The arguments of a command in a tenant's directory.
    pub(crate) fn arguments(&self, directory: &Path, command: &[&str]) -> Vec<OsString> {
        let mut arguments: Vec<OsString> =
            vec!["--chdir".into(), directory.into(), "--no-color".into(), "--quiet".into()];
        arguments.extend(command.iter().map(Into::into));
        arguments.extend(self.flags.iter().cloned());
        arguments
    }
}
