//! What a command reads, so that nothing it writes replaces that.
//!
//! `plan --out tenant.json` would put a plan where the snapshot was, and the configuration, the key or the journal could
//! go the same way. Every result file passes [`Inputs::refuse`], and what counts as read is found in two places only: the
//! command line, whatever its flags are called, and the configuration with all that it names.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use clap::ArgMatches;

use super::Failure;
use crate::{config::Config, diag::SourceMap};

/// The arguments that name a file to write. What any other names is read.
pub(super) const OUTPUTS: [&str; 4] = ["out", "events", "junit", "report"];

/// Endings of files that people write: no result goes there.
const SOURCES: [&str; 4] = [".mfa.hcl", ".mfavars.hcl", ".mfatest.hcl", ".mfafleet.hcl"];

/// Where journals and the lock are.
const OWN: &str = ".mfaplan";

/// What is read. Shared with the events, which are written from other threads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    paths: Vec<PathBuf>,
    /// Texts of configurations, each with its directory: files that an expression names literally are read sooner or later.
    texts: Vec<(PathBuf, Arc<str>)>,
}

impl Known {
    /// Is this file one of them?
    fn has(&self, path: &Path) -> bool {
        if !path.exists() {
            return false;
        }
        let real = fs::canonicalize(path).unwrap_or_default();
        let names = [path.file_name(), real.file_name()];
        // Long lists of users are literals too: only what has the file's name is looked at.
        let named = |(dir, text): &(PathBuf, Arc<str>)| {
            let literals = text.split('"').filter(|one| names.contains(&Path::new(one).file_name()));
            literals.into_iter().any(|one| same(&dir.join(one), path))
        };
        self.paths.iter().any(|one| same(one, path)) || self.texts.iter().any(named)
    }
}

impl Inputs {
    /// What the command line names.
    pub(super) fn of_line(matches: &ArgMatches) -> Self {
        let inputs = Self::default();
        inputs.add(named(matches));
        inputs
    }

    fn add(&self, paths: impl IntoIterator<Item = PathBuf>) {
        self.known().paths.extend(paths);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The files of a configuration, named as diagnostics name them: those of the directory without it.
    pub(super) fn add_sources(&self, dir: &Path, sources: &SourceMap) {
        self.add(sources.files().flat_map(|(_, file)| [dir.join(&*file.name), PathBuf::from(&*file.name)]));
        self.known().texts.extend(sources.files().map(|(_, file)| (dir.to_owned(), Arc::clone(&file.text))));
    }

    /// Everything that a configuration is made of and names. Its expressions may read more as they are evaluated.
    pub(super) fn add_configuration(&self, config: &Config) {
        self.add_sources(&config.dir, &config.sources);
        self.add([&config.origin].into_iter().chain(&config.policy).flat_map(|origin| origin.reads.paths(&origin.dir)));
        if let Some(policy) = &config.policy {
            let texts = config.sources.files().map(|(_, file)| (policy.dir.clone(), Arc::clone(&file.text)));
            self.known().texts.extend(texts);
        }
        self.add(config.tenant.snapshot.clone());
        self.add(config.tenant.sign_ins.iter().map(|file| file.path.clone()));
        self.add(config.guardrails.approvals.iter().map(|approvals| approvals.allowed_signers.clone()));
    }

    /// Refuses to write a result to a file that is read, or to one that is somebody's source or the program's own.
    ///
    /// # Errors
    /// One sentence that says which file it is.
    pub(super) fn refuse(&self, path: &Path) -> Result<(), Failure> {
        let shown = path.display();
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        if path.components().any(|part| part.as_os_str() == OWN) {
            return Err(Failure::new(format!(
                "{shown}: {OWN} holds the journals and the lock; no result is written there"
            ))
            .hint("give the result another place"));
        }
        if self.known().has(path) || path.exists() && SOURCES.iter().any(|suffix| name.ends_with(suffix)) {
            return Err(Failure::new(format!(
                "{shown}: this command reads that file, so its result does not replace it"
            ))
            .hint("give the result another name"));
        }
        Ok(())
    }
}

/// Every value of the command line that is not the name of a result; those that are no files match none.
fn named(matches: &ArgMatches) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for id in matches.ids().filter(|id| !OUTPUTS.contains(&id.as_str())) {
        // Groups are named too, and have no values of their own.
        let Ok(Some(values)) = matches.try_get_raw(id.as_str()) else { continue };
        paths.extend(values.filter(|value| !value.is_empty()).map(PathBuf::from));
    }
    if let Some((_, matches)) = matches.subcommand() {
        paths.extend(named(matches));
    }
    paths
}

/// Do both lead to one file, by links of either kind? Never, where one does not exist.
fn same(a: &Path, b: &Path) -> bool {
    let (Ok(first), Ok(second)) = (fs::canonicalize(a), fs::canonicalize(b)) else { return false };
    if first == second {
        return true;
    }
    #[cfg(unix)]
    if let (Ok(first), Ok(second)) = (fs::metadata(&first), fs::metadata(&second)) {
        use std::os::unix::fs::MetadataExt;
        return first.is_file() && (first.dev(), first.ino()) == (second.dev(), second.ino());
    }
    false
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    /// Whoever adds a flag that names a file to write has to say so here; any other is taken for something that is read.
    #[test]
    fn every_flag_that_writes_a_file_is_known() {
        let mut writing = std::collections::BTreeSet::new();
        for command in Cli::command().get_subcommands() {
            for argument in command.get_arguments() {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                let words = ["Save ", "Write the signature to", "The file to write", "to this file"];
                if words.iter().any(|word| help.contains(word)) {
                    writing.insert(argument.get_id().to_string());
                }
            }
        }
        assert_eq!(writing.into_iter().collect::<Vec<_>>(), ["events", "junit", "out", "report"]);
    }

    #[test]
    fn a_file_is_the_same_by_any_path_that_leads_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("sub")).unwrap();
        fs::write(at("tenant.json"), "{}").unwrap();
        fs::write(at("other.json"), "{}").unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("tenant.json"), at("link")).unwrap();
            fs::hard_link(at("tenant.json"), at("hard")).unwrap();
            assert!(same(&at("tenant.json"), &at("link")) && same(&at("hard"), &at("tenant.json")));
        }
        assert!(same(&at("tenant.json"), &at("sub/../tenant.json")));
        assert!(!same(&at("tenant.json"), &at("other.json")) && !same(&at("none"), &at("none")));
    }
}
