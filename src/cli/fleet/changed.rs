//! What has changed since a revision, as git says it: committed, not committed and not known to git yet.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use crate::cli::{Context, Failure, load::DIRECTORY};

/// The files that differ from a revision, as absolute paths.
///
/// # Errors
/// When there is no git, no work tree, or no such revision.
pub(crate) fn since(revision: &str, context: &Context) -> Result<BTreeSet<PathBuf>, Failure> {
    if revision.starts_with('-') {
        return Err(Failure::new(format!("--changed-since {revision}: this is no revision")));
    }
    let git = Git::find(context)?;
    let top = git.ask(&["rev-parse", "--show-toplevel"])?;
    let top = std::fs::canonicalize(top.trim_end_matches(['\n', '\r']))?;
    let commit = format!("{revision}^{{commit}}");
    git.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])
        .map_err(|_| Failure::new(format!("--changed-since {revision}: git knows no such revision")))?;
    // A rename is two files: the one that is gone was part of something, too.
    let tracked = git.ask(&["diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", revision, "--"])?;
    let untracked = git.ask(&["ls-files", "--others", "--exclude-standard", "--full-name", "-z", ":/"])?;
    let names = tracked.split('\0').chain(untracked.split('\0')).filter(|name| !name.is_empty());
    Ok(names.map(|name| top.join(name)).collect())
}

struct Git {
    program: PathBuf,
    home: Option<String>,
}

impl Git {
    /// By absolute entries of `PATH` only: the directory often comes out of a pull request.
    fn find(context: &Context) -> Result<Self, Failure> {
        let name = if cfg!(windows) { "git.exe" } else { "git" };
        let path = context.env.get("PATH").unwrap_or_default();
        let entries = std::env::split_paths(&path).filter(|entry| entry.is_absolute());
        let program = entries.map(|entry| entry.join(name)).find(|file| file.is_file());
        match program {
            Some(program) => Ok(Self { program, home: context.env.get("HOME") }),
            None => Err(Failure::new("--changed-since: there is no git in PATH")),
        }
    }

    fn ask(&self, arguments: &[&str]) -> Result<String, Failure> {
        // What a repository configures to be run (a pager, a file system monitor) is not run.
        let output = Command::new(&self.program)
            .args(["--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"])
            .args(arguments)
            .current_dir(DIRECTORY)
            .env_clear()
            .envs(self.home.iter().map(|home| ("HOME", home)))
            .env("GIT_OPTIONAL_LOCKS", "0")
            .output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let line = said.lines().next().unwrap_or("it failed").to_owned();
            return Err(Failure::new(format!("git {}: {line}", arguments.first().unwrap_or(&""))));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// The path as git would say it.
pub(crate) fn real(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    let mut start = path.to_owned();
    // What does not exist is looked for below what does.
    loop {
        if let Ok(real) = std::fs::canonicalize(&start) {
            return rest.iter().rev().fold(real, |path, part| path.join(part));
        }
        match (start.file_name().map(ToOwned::to_owned), start.parent().map(ToOwned::to_owned)) {
            (Some(name), Some(parent)) => {
                rest.push(name);
                start = if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent };
            }
            _ => return path.to_owned(),
        }
    }
}
