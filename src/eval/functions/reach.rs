//! Which files expressions may look at.
//!
//! Configurations come from pull requests, and what they read ends up in plans and comments. So they read what is
//! reviewed with them: the git work tree around the configuration directory, or that directory where there is none;
//! `--allow-files` opens one more directory. Links are resolved first, so that none leads out.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use crate::eval::Scope;

/// Below these stand no files but what the system and its processes tell of themselves: the environment too.
const SYSTEM: [&str; 3] = ["/proc", "/dev", "/sys"];

/// Where a path of an expression leads, links resolved. The file itself need not exist.
///
/// # Errors
/// That it leads out of what may be read, or cannot be followed; in a clause.
pub(super) fn resolve(name: &str, scope: &Scope<'_>) -> Result<PathBuf, String> {
    let path = followed(&scope.base_dir.join(name)).map_err(|error| format!("cannot look at {name:?}: {error}"))?;
    if SYSTEM.iter().any(|dir| path.starts_with(dir)) {
        return Err(format!("{name:?} is no file but a part of the system, which cannot be read"));
    }
    let base = fs::canonicalize(current(scope.base_dir)).unwrap_or_else(|_| scope.base_dir.to_path_buf());
    let tree = base.ancestors().find(|dir| dir.join(".git").exists());
    // Git's own files are not reviewed, and may hold credentials.
    let reviewed = |dir: &Path| path.strip_prefix(dir).is_ok_and(|rest| !rest.iter().any(|part| part == ".git"));
    let allowed = scope.allow_files.iter().filter_map(|dir| fs::canonicalize(current(dir)).ok());
    if reviewed(tree.unwrap_or(&base)) || allowed.into_iter().any(|dir| path.starts_with(dir)) {
        return Ok(path);
    }
    let around =
        if tree.is_some() { "the git work tree around the configuration" } else { "the configuration directory" };
    Err(format!("{name:?} lies outside of {around}; `--allow-files DIR` lets expressions read one more directory"))
}

/// An empty path is the current directory.
fn current(dir: &Path) -> &Path {
    if dir.as_os_str().is_empty() { Path::new(".") } else { dir }
}

/// The path with all links resolved. Where it ends in what does not exist, the part that does is resolved.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut rest = Vec::new();
    let mut start = path;
    loop {
        match fs::canonicalize(current(start)) {
            Ok(found) => {
                let mut whole = found;
                for part in rest.into_iter().rev() {
                    match part {
                        Component::ParentDir => drop(whole.pop()),
                        other => whole.push(other),
                    }
                }
                return Ok(whole);
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                // A link that leads to nothing is a way out all the same.
                if start.is_symlink() {
                    return Err(error);
                }
                let mut parts = start.components();
                let Some(last) = parts.next_back() else { return Err(error) };
                rest.push(last);
                start = parts.as_path();
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::PathBuf};

    use super::*;
    use crate::eval::Value;

    #[test]
    fn expressions_read_what_is_reviewed_with_them_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        fs::create_dir_all(at("repo/.git")).unwrap();
        fs::create_dir_all(at("repo/mfa")).unwrap();
        fs::create_dir_all(at("elsewhere")).unwrap();
        for file in ["repo/.git/config", "repo/list.csv", "repo/mfa/list.csv", "elsewhere/list.csv"] {
            fs::write(at(file), "user\n").unwrap();
        }
        symlink(at("elsewhere/list.csv"), at("repo/mfa/link.csv")).unwrap();
        symlink(at("elsewhere"), at("repo/mfa/dir")).unwrap();
        symlink(at("elsewhere/missing"), at("repo/mfa/dangling")).unwrap();
        symlink(at("repo/list.csv"), at("repo/mfa/inside.csv")).unwrap();
        let reads = |dir: &str, name: &str, allow: &[PathBuf]| {
            let (nothing, dir) = (Value::Null, at(dir));
            let scope =
                Scope { allow_files: allow, ..Scope::new(&nothing, &nothing, &dir, jiff::Timestamp::UNIX_EPOCH) };
            resolve(name, &scope).is_ok()
        };
        for name in ["list.csv", "../list.csv", "missing.csv", "no/such/../dir.csv", "inside.csv"] {
            assert!(reads("repo/mfa", name, &[]), "{name}");
        }
        let absolute = at("elsewhere/list.csv").display().to_string();
        for name in [
            "../../elsewhere/list.csv",
            "../../elsewhere/missing.csv",
            "missing/../../../elsewhere/list.csv",
            "link.csv",
            "dir/list.csv",
            "dangling",
            "../.git/config",
            "/etc/passwd",
            "/proc/self/environ",
            "/dev/stdin",
            &absolute,
        ] {
            assert!(!reads("repo/mfa", name, &[]), "{name}");
        }
        // Without a work tree it is the directory alone.
        assert!(reads("elsewhere", "list.csv", &[]) && !reads("elsewhere", "../repo/list.csv", &[]));
        let allow = [at("elsewhere")];
        assert!(reads("repo/mfa", &absolute, &allow) && reads("repo/mfa", "link.csv", &allow));
        assert!(!reads("repo/mfa", "/proc/self/environ", &[PathBuf::from("/")]), "the system is never a file");
    }
}
