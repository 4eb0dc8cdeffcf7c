//! `module` blocks, as far as files go: which directories belong to a configuration.
//!
//! Which files these are is known before anything is evaluated: a source is a literal, and a directory that is reviewed
//! with the configuration. Each directory is read and parsed once, however often it is called.

#![expect(clippy::result_large_err, reason = "a diagnostic is made once a call, and told")]

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Component, Path, PathBuf},
};

use hcl_edit::{expr::Expression, structure::Block};

use super::{
    Layer,
    args::required_null,
    files::{self, Overlay, Read, SUFFIX},
    load::{Tree, parse_all},
    raw::{header_span, span_of},
};
use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap, Span};

/// How deep modules may call each other; the configuration itself is level 0.
pub(super) const MAX_DEPTH: usize = 5;

/// The name of the block.
pub(super) const BLOCK: &str = "module";

/// A directory of a configuration: its own, or a module's.
pub(super) struct Directory {
    /// Seen from the configuration directory: `.`, `modules/msp`, `../shared`.
    pub(super) shown: String,
    pub(super) trees: Vec<Tree>,
    /// The first call of it; none of the configuration's own.
    pub(super) called: Option<Span>,
    /// Where each call in it leads, by the call's header. What leads nowhere has been reported.
    pub(super) calls: HashMap<Span, usize>,
}

/// The configuration's own directory, which comes first, and those of all modules that are called.
pub(super) fn survey(
    dir: &Path,
    root: Vec<Tree>,
    overlay: &Overlay,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Vec<Directory> {
    let root = Directory { shown: ".".to_owned(), trees: root, called: None, calls: HashMap::new() };
    let reach = Reach::of(dir);
    let own = reach.real(dir, overlay).unwrap_or_else(|_| dir.to_owned());
    let mut survey = Survey { dir, reach, overlay, directories: vec![root], known: HashMap::from([(own, 0)]) };
    // Breadth first: what is called is looked at when all that calls it on this level has been.
    let mut at = 0;
    while at < survey.directories.len() {
        survey.calls_of(at, sources, diags);
        at += 1;
    }
    survey.circles(0, &mut vec![0], &mut HashSet::new(), diags);
    survey.directories
}

struct Survey<'a> {
    dir: &'a Path,
    reach: Reach,
    overlay: &'a Overlay,
    directories: Vec<Directory>,
    known: HashMap<PathBuf, usize>,
}

impl Survey<'_> {
    /// Finds, and where they are new reads, the directories that the blocks of this one call.
    fn calls_of(&mut self, at: usize, sources: &mut SourceMap, diags: &mut Diagnostics) {
        let directory = &self.directories[at];
        let mut found: Vec<Call> = Vec::new();
        for tree in directory.trees.iter().filter(|tree| tree.layer == Layer::Configuration) {
            found.extend(tree.body.blocks().filter_map(|block| call(block, tree.read.file, diags)));
        }
        let (shown, outer) = (directory.shown.clone(), directory.called);
        for Call { header, source, place } in found {
            match self.enter(&shown, &source, header, sources, diags) {
                Ok(Some(target)) => drop(self.directories[at].calls.insert(header, target)),
                Ok(None) => {}
                Err(diagnostic) => {
                    let diagnostic = diagnostic.at(place, "");
                    diags.push(match outer {
                        Some(outer) => diagnostic.and(outer, "in the module called here"),
                        None => diagnostic,
                    });
                }
            }
        }
    }

    /// The directory of a source. `None` where its files are wrong, which has been reported.
    fn enter(
        &mut self,
        from: &str,
        source: &str,
        header: Span,
        sources: &mut SourceMap,
        diags: &mut Diagnostics,
    ) -> Result<Option<usize>, Diagnostic> {
        let shown = relative(from, source)?;
        let path = normalised(&self.dir.join(&shown));
        let real = self.reach.real(&path, self.overlay).map_err(|error| unreadable(&shown, &error))?;
        self.reach.allows(&real, source)?;
        if let Some(known) = self.known.get(&real) {
            return Ok(Some(*known));
        }
        let paths = self.overlay.list(&path, SUFFIX).map_err(|error| unreadable(&shown, &error))?;
        if paths.is_empty() {
            return Err(Diagnostic::error(
                "Empty module",
                format!("The directory `{shown}` holds no `*{SUFFIX}` file, so there is no module in it."),
            ));
        }
        let mut own = Diagnostics::default();
        let mut reads: Vec<(Read, Layer)> = Vec::with_capacity(paths.len());
        for path in paths {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let shown = format!("{shown}/{name}");
            if let Ok(real) = fs::canonicalize(&path) {
                self.reach.allows(&real, &shown)?;
            }
            let read = files::read(&path, &shown, self.overlay, sources, &mut own);
            reads.extend(read.map(|read| (Read { name: shown, ..read }, Layer::Configuration)));
        }
        let trees = parse_all(reads, sources, &mut own);
        diags.extend(own.into_sorted().into_iter().map(|one| one.and(header, "in the module called here")));
        let at = self.directories.len();
        self.directories.push(Directory { shown, trees, called: Some(header), calls: HashMap::new() });
        self.known.insert(real, at);
        Ok(Some(at))
    }

    /// Reports calls that lead back to where they come from, or too deep, and forgets where they lead.
    fn circles(
        &mut self,
        at: usize,
        path: &mut Vec<usize>,
        done: &mut HashSet<(usize, usize)>,
        diags: &mut Diagnostics,
    ) {
        if !done.insert((at, path.len())) {
            return;
        }
        let mut calls: Vec<(Span, usize)> = self.directories[at].calls.iter().map(|(span, to)| (*span, *to)).collect();
        calls.sort_unstable();
        for (header, to) in calls {
            let problem = if path.contains(&to) {
                let from = path.iter().position(|one| *one == to).unwrap_or(0);
                let names: Vec<&str> =
                    path[from..].iter().chain([&to]).map(|one| self.directories[*one].shown.as_str()).collect();
                Some(
                    Diagnostic::error("Cycle", format!("This module calls itself: {}.", names.join(" → ")))
                        .hint("what both need belongs into a third module"),
                )
            } else if path.len() > MAX_DEPTH {
                Some(Diagnostic::error(
                    "Modules too deep",
                    format!("Modules may call each other {MAX_DEPTH} deep; this would be one more."),
                ))
            } else {
                None
            };
            match problem {
                Some(problem) => {
                    let first =
                        path.get(1).and_then(|one| self.directories[*one].called).filter(|call| *call != header);
                    let problem = problem.at(header, "");
                    diags.push(match first {
                        Some(first) => problem.and(first, "in the module called here"),
                        None => problem,
                    });
                    self.directories[at].calls.remove(&header);
                }
                None => {
                    path.push(to);
                    self.circles(to, path, done, diags);
                    path.pop();
                }
            }
        }
    }
}

/// A call as it is written.
struct Call {
    header: Span,
    source: String,
    /// Where the source stands.
    place: Span,
}

/// A `module` block with a source that may be one. Labels and other arguments are the schema's business.
fn call(block: &Block, file: FileId, diags: &mut Diagnostics) -> Option<Call> {
    if block.ident.as_str() != BLOCK {
        return None;
    }
    let header = header_span(block, file);
    let attribute = block.body.attributes().find(|one| one.key.as_str() == "source")?;
    let place = span_of(&attribute.value, file);
    if matches!(attribute.value, Expression::Null(_)) {
        diags.push(required_null("source", place));
        return None;
    }
    let Expression::String(source) = &attribute.value else {
        diags.push(
            Diagnostic::error(
                "Invalid `source`",
                "The source of a module is a literal path: which files a configuration is made of must be known before anything is evaluated.",
            )
            .at(place, "")
            .hint("write `source = \"./modules/msp\"`; what differs from call to call is an input of the module"),
        );
        return None;
    };
    Some(Call { header, source: source.value().clone(), place })
}

/// A source, seen from the configuration directory.
fn relative(from: &str, source: &str) -> Result<String, Diagnostic> {
    let invalid = |detail: String| Diagnostic::error("Invalid `source`", detail);
    let local = source.starts_with("./") || source.starts_with("../") || source == "." || source == "..";
    if !local {
        if Path::new(source).is_absolute() || source.starts_with('\\') {
            return Err(invalid(format!("`{source}` is an absolute path, which means nothing on another machine."))
                .hint("write it from this file's directory on: `\"../modules/msp\"`"));
        }
        let remote = source.contains("::") || source.contains("://") || source.contains('@');
        let registry = source.split('/').count() >= 3 || source.starts_with("github.com/");
        if remote || registry {
            return Err(invalid(format!(
                "`{source}` lies elsewhere. A module is a directory that is reviewed with the configuration: there is no registry, and nothing is downloaded."
            ))
            .hint("take it into this repository, for example as a git subtree, and write `source = \"./modules/msp\"`"));
        }
        return Err(invalid(format!("`{source}` does not say that it is a local directory."))
            .hint(format!("write `source = \"./{source}\"`")));
    }
    let path = normalised(&Path::new(from).join(source));
    let parts: Vec<String> = path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

fn unreadable(shown: &str, error: &io::Error) -> Diagnostic {
    let detail = match error.kind() {
        io::ErrorKind::NotFound => format!("There is no directory `{shown}`."),
        io::ErrorKind::NotADirectory => format!("`{shown}` is a file; the source of a module is its directory."),
        _ => format!("The directory `{shown}` cannot be read: {error}."),
    };
    Diagnostic::error("Module cannot be read", detail)
}

/// The path without `.` and, as far as they undo a name, `..`.
pub(crate) fn normalised(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// Which directories may be read: the git work tree around the configuration, else the configuration directory. Links are
/// resolved first, so that none leads out.
struct Reach {
    base: PathBuf,
    in_tree: bool,
}

impl Reach {
    fn of(dir: &Path) -> Self {
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        let lexical = || std::path::absolute(dir).map_or_else(|_| dir.to_owned(), |path| normalised(&path));
        let base = fs::canonicalize(dir).unwrap_or_else(|_| lexical());
        match base.ancestors().find(|dir| dir.join(".git").exists()) {
            Some(tree) => Self { base: tree.to_owned(), in_tree: true },
            None => Self { base, in_tree: false },
        }
    }

    /// The directory with all links resolved. One that is only open in an editor is where it says that it is.
    fn real(&self, path: &Path, overlay: &Overlay) -> io::Result<PathBuf> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        match fs::canonicalize(path) {
            Ok(real) => Ok(real),
            Err(_) if overlay.list(path, SUFFIX).is_ok_and(|open| !open.is_empty()) => {
                std::path::absolute(path).map(|path| normalised(&path))
            }
            Err(error) => Err(error),
        }
    }

    fn allows(&self, real: &Path, shown: &str) -> Result<(), Diagnostic> {
        let inside = real.strip_prefix(&self.base).is_ok_and(|rest| !rest.iter().any(|part| part == ".git"));
        if inside {
            return Ok(());
        }
        let around = if self.in_tree {
            "the git work tree around the configuration"
        } else {
            "the configuration directory (there is no git work tree around it)"
        };
        Err(Diagnostic::error(
            "Module out of reach",
            format!(
                "`{shown}` lies outside of {around}, links resolved: it would not be reviewed with the configuration."
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_seen_from_the_configuration_directory() {
        let shown = |from: &str, source: &str| relative(from, source).map_err(|one| one.detail);
        assert_eq!(shown(".", "./modules/msp").as_deref(), Ok("modules/msp"));
        assert_eq!(shown(".", "../shared").as_deref(), Ok("../shared"));
        assert_eq!(shown("modules/msp", "../base/./x").as_deref(), Ok("modules/base/x"));
        assert_eq!(shown("modules/msp", "../../../shared").as_deref(), Ok("../shared"));
        assert_eq!(shown("../shared", "..").as_deref(), Ok(".."));
        for remote in ["hashicorp/consul/aws", "git::https://example.com/x.git", "https://example.com/x.zip"] {
            assert!(shown(".", remote).is_err_and(|detail| detail.contains("no registry")), "{remote}");
        }
        assert!(shown(".", "modules").is_err_and(|detail| detail.contains("local directory")));
        assert!(shown(".", "/etc").is_err_and(|detail| detail.contains("absolute")));
    }
}
