//! What the server knows: open files, the directories they lie in, and the snapshots those name.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    rc::Rc,
    time::SystemTime,
};

use jiff::Timestamp;
use lsp_types::Uri;

use super::{
    context::Language,
    outline::{Declared, declarations},
};
use crate::{
    config::{KnownRule, LoadInput, Overlay, files, normalised},
    eval::Value,
    scenario, snapshot,
    tenant::ObservedTenant,
};

/// A snapshot larger than this is not read for completion and resolving: reading it would be felt while typing.
const LARGEST_SNAPSHOT: u64 = 64 * 1024 * 1024;

/// Open files and what was learned from them.
pub(super) struct Workspace {
    overlay: Overlay,
    open: BTreeMap<PathBuf, Uri>,
    policy_dir: Option<PathBuf>,
    environment: Vec<(String, String)>,
    known_rules: Vec<KnownRule<'static>>,
    snapshots: BTreeMap<PathBuf, Snapshot>,
    /// The values of variables and locals of a directory that has loaded, as of then.
    values: BTreeMap<PathBuf, (Value, Value)>,
    /// What files on the disk declare, as of their last change: a directory of many files is not read at every key.
    known: RefCell<BTreeMap<PathBuf, OnDisk>>,
    /// The directories of the modules that a directory called when it last loaded.
    modules: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
    /// The snapshot that a directory named when it last loaded; completion needs it most while nothing loads.
    named: BTreeMap<PathBuf, PathBuf>,
}

/// A file as it was when it was last read.
struct OnDisk {
    modified: Option<SystemTime>,
    declared: Vec<Declared>,
}

struct Snapshot {
    modified: Option<SystemTime>,
    tenant: Option<Rc<ObservedTenant>>,
}

impl Workspace {
    pub(super) fn new(policy_dir: Option<PathBuf>, environment: Vec<(String, String)>) -> Self {
        Self {
            overlay: Overlay::default(),
            open: BTreeMap::new(),
            // Places in it are told by its path, which has to mean the same in every directory.
            policy_dir: policy_dir.map(|dir| std::path::absolute(&dir).unwrap_or(dir)),
            environment,
            known_rules: crate::risk::known_rules(),
            snapshots: BTreeMap::new(),
            named: BTreeMap::new(),
            modules: BTreeMap::new(),
            values: BTreeMap::new(),
            known: RefCell::default(),
        }
    }

    pub(super) fn set(&mut self, path: &Path, uri: &Uri, text: String) {
        self.overlay.insert(path, text);
        self.open.insert(path.to_owned(), uri.clone());
    }

    pub(super) fn close(&mut self, path: &Path) {
        self.overlay.remove(path);
        self.open.remove(path);
    }

    /// The text of an open file.
    pub(super) fn text(&self, path: &Path) -> Option<&str> {
        self.overlay.get(path)
    }

    /// The open files of a directory.
    pub(super) fn open_in(&self, dir: &Path) -> Vec<PathBuf> {
        self.open.keys().filter(|path| path.parent() == Some(dir)).cloned().collect()
    }

    /// The directories of all open files.
    pub(super) fn directories(&self) -> BTreeSet<PathBuf> {
        self.open.keys().filter_map(|path| path.parent()).map(Path::to_owned).collect()
    }

    /// The client's own spelling of a file's URI, where it has the file open.
    pub(super) fn uri(&self, path: &Path) -> Option<Uri> {
        self.open.get(path).cloned().or_else(|| super::text::uri_of(path))
    }

    pub(super) fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    pub(super) fn input<'a>(&'a self, dir: &'a Path, instant: Timestamp) -> LoadInput<'a> {
        LoadInput {
            dir,
            policy_dir: self.policy_dir.as_deref(),
            assignments: &[],
            environment: &self.environment,
            instant,
            allow_files: &[],
            known_rules: &self.known_rules,
        }
    }

    /// Remembers from which directories a directory takes files.
    pub(super) fn takes_from(&mut self, dir: &Path, files: impl Iterator<Item = PathBuf>) {
        let mut modules: BTreeSet<PathBuf> = files.filter_map(|file| file.parent().map(Path::to_owned)).collect();
        modules.remove(dir);
        self.modules.insert(dir.to_owned(), modules);
    }

    /// The directories with open files that take in this one as a module.
    pub(super) fn callers(&self, dir: &Path) -> Vec<PathBuf> {
        let open = self.directories();
        let callers = self.modules.iter().filter(|(caller, modules)| modules.contains(dir) && open.contains(*caller));
        callers.map(|(caller, _)| caller.clone()).collect()
    }

    /// Is this directory a module rather than a configuration? Nothing in it says for which tenant it is.
    pub(super) fn is_module(&self, dir: &Path) -> bool {
        !self.declarations(dir).iter().any(|one| one.kind == "tenant")
    }

    /// What the module declares that a `module` block of this directory calls.
    pub(super) fn declarations_of_module(&self, module: &Declared) -> Vec<Declared> {
        let source = self.any_text(&module.path).and_then(|text| {
            let block = text.get(module.whole.clone())?;
            let source = super::attributes::argument(block, "source")?;
            Some(source.trim().trim_matches('"').to_owned())
        });
        let dir = module.path.parent().zip(source).map(|(dir, source)| normalised(&dir.join(source)));
        dir.map(|dir| self.declarations(&dir)).unwrap_or_default()
    }

    /// Remembers which snapshot a directory names.
    pub(super) fn names_snapshot(&mut self, dir: &Path, snapshot: Option<&Path>) {
        match snapshot {
            Some(snapshot) => self.named.insert(dir.to_owned(), snapshot.to_owned()),
            None => self.named.remove(dir),
        };
    }

    /// Where a directory does not load, and never has, its snapshot is the one that the `tenant` block names in plain
    /// words: a file that is opened with a slip in it needs completion no less.
    pub(super) fn guess_snapshot(&mut self, dir: &Path) {
        if self.named.contains_key(dir) {
            return;
        }
        let tenants = self.declarations(dir).into_iter().filter(|one| one.kind == "tenant");
        let mut found = tenants.filter_map(|one| {
            let text = self.any_text(&one.path)?;
            Some(dir.join(snapshot_in(text.get(one.whole)?)?))
        });
        if let Some(path) = found.next_back() {
            self.named.insert(dir.to_owned(), path);
        }
    }

    /// The tenant of a directory's snapshot. It is read again when the file has changed.
    pub(super) fn tenant(&mut self, dir: &Path) -> Option<Rc<ObservedTenant>> {
        let path = self.named.get(dir)?;
        let metadata = std::fs::metadata(path).ok().filter(|file| file.len() <= LARGEST_SNAPSHOT)?;
        let modified = metadata.modified().ok();
        if let Some(known) = self.snapshots.get(path)
            && known.modified == modified
        {
            return known.tenant.clone();
        }
        // A snapshot that cannot be read is the plan's to report.
        let tenant = snapshot::read(path).ok().map(Rc::new);
        self.snapshots.insert(path.clone(), Snapshot { modified, tenant: tenant.clone() });
        tenant
    }

    /// The tenant of a directory's snapshot, read anew.
    pub(super) fn read_tenant(&self, dir: &Path) -> Option<ObservedTenant> {
        let path = self.named.get(dir)?;
        std::fs::metadata(path).ok().filter(|file| file.len() <= LARGEST_SNAPSHOT)?;
        snapshot::read(path).ok()
    }

    /// What the files of a directory declare.
    pub(super) fn declarations(&self, dir: &Path) -> Vec<Declared> {
        let paths = self.overlay.list(dir, files::SUFFIX).unwrap_or_default();
        paths.iter().flat_map(|path| self.declared_in(path)).collect()
    }

    fn declared_in(&self, path: &Path) -> Vec<Declared> {
        if let Some(text) = self.overlay.get(path) {
            return declarations(path, text);
        }
        let modified = std::fs::metadata(path).and_then(|file| file.modified()).ok();
        let mut known = self.known.borrow_mut();
        if let Some(then) = known.get(path)
            && then.modified == modified
            && modified.is_some()
        {
            return then.declared.clone();
        }
        let declared = std::fs::read_to_string(path).map(|text| declarations(path, &text)).unwrap_or_default();
        known.insert(path.to_owned(), OnDisk { modified, declared: declared.clone() });
        declared
    }

    /// Remembers what the names of a directory that loads stand for.
    pub(super) fn set_values(&mut self, dir: &Path, var: &Value, local: &Value) {
        self.values.insert(dir.to_owned(), (var.clone(), local.clone()));
    }

    /// The values of variables and locals, as of the last time the directory loaded.
    pub(super) fn values(&self, dir: &Path) -> Option<(&Value, &Value)> {
        self.values.get(dir).map(|(var, local)| (var, local))
    }

    /// The files that belong to the same configuration: its own, values of variables, scenarios here and in `tests/`.
    pub(super) fn files_beside(&self, path: &Path) -> Vec<PathBuf> {
        let Some(dir) = home_of(path) else { return Vec::new() };
        let list = |dir: &Path, suffix: &str| self.overlay.list(dir, suffix).unwrap_or_default();
        let mut found = list(&dir, files::SUFFIX);
        found.extend(list(&dir, ".mfavars.hcl"));
        found.extend(list(&dir, scenario::SUFFIX));
        found.extend(list(&dir.join("tests"), scenario::SUFFIX));
        found
    }

    /// What the configuration declares that this file belongs to: scenarios may stand in `tests/` below it.
    pub(super) fn declarations_for(&self, path: &Path) -> Vec<Declared> {
        home_of(path).map(|dir| self.declarations(&dir)).unwrap_or_default()
    }

    /// The text of any file of a directory, open or on the disk.
    pub(super) fn any_text(&self, path: &Path) -> Option<String> {
        self.overlay.get(path).map(str::to_owned).or_else(|| std::fs::read_to_string(path).ok())
    }
}

/// The directory of the configuration that a file belongs to: scenarios may stand in `tests/` below it.
pub(super) fn home_of(path: &Path) -> Option<PathBuf> {
    let dir = path.parent()?;
    let below = Language::of(path) == Language::Scenario && dir.file_name().is_some_and(|name| name == "tests");
    Some(dir.parent().filter(|_| below).unwrap_or(dir).to_owned())
}

/// The literal value of `snapshot` in the text of a block.
fn snapshot_in(block: &str) -> Option<&str> {
    block.lines().find_map(|line| {
        let value = line.trim_start().strip_prefix("snapshot")?.trim_start().strip_prefix('=')?.trim_start();
        let (name, _) = value.strip_prefix('"')?.split_once('"')?;
        (!name.contains(['$', '%', '\\'])).then_some(name)
    })
}
