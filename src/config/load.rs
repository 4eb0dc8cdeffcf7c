//! Files → [`Config`], or all their problems at once.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use hcl_edit::structure::Body;
use jiff::Timestamp;
use rayon::prelude::*;

use super::{
    Config, Layer,
    build::Builder,
    files::{self, Overlay, Read, SUFFIX},
    modules, outline, parse,
    variables::{self, Assignment, Inputs, Source},
};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceMap},
    severity::Severity,
};

/// What a configuration is loaded from. Nothing is taken from the process itself.
#[derive(Clone, Copy, Debug)]
pub struct LoadInput<'a> {
    /// The configuration directory.
    pub dir: &'a Path,
    /// The policy directory, if there is one.
    pub policy_dir: Option<&'a Path>,
    /// `--var` and `--var-file`, in their order.
    pub assignments: &'a [Assignment],
    /// `--allow-files`: directories that expressions may read files from, besides those reviewed with the configuration.
    pub allow_files: &'a [PathBuf],
    /// The environment's `MFAPLAN_VAR_<name>` with their values, and Terraform's `TF_VAR_<name>`, which are only told;
    /// other names are ignored.
    pub environment: &'a [(String, String)],
    /// The plan's one instant.
    pub instant: Timestamp,
    /// Id, name and worst severity of every built-in rule.
    pub known_rules: &'a [KnownRule<'a>],
}

/// Id, name and worst severity of a built-in rule.
pub(crate) type KnownRule<'a> = (&'a str, &'a str, Severity);

/// A configuration that cannot be used, and why.
#[derive(Debug)]
pub struct LoadFailure {
    /// The files, as far as they could be read.
    pub sources: SourceMap,
    /// All problems, warnings included, by place; at least one is an error.
    pub diagnostics: Vec<Diagnostic>,
}

/// A file with its tree.
pub(super) struct Tree {
    pub(super) read: Read,
    pub(super) layer: Layer,
    pub(super) body: Body,
    pub(super) broken: Vec<outline::Item>,
}

/// Loads a configuration.
///
/// # Errors
/// All problems of all files.
pub fn load(input: LoadInput<'_>) -> Result<Config, Box<LoadFailure>> {
    load_over(input, &Overlay::default())
}

/// Loads a configuration of which some files count as they are open in an editor, not as they are on the disk.
///
/// # Errors
/// All problems of all files.
pub fn load_over(input: LoadInput<'_>, overlay: &Overlay) -> Result<Config, Box<LoadFailure>> {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let config = read_and_build(input, overlay, &mut sources, &mut diags);
    if config.is_none() && !diags.has_errors() {
        // What cannot be used and why is told where it is found; this is for what forgot to.
        diags.push(
            Diagnostic::error("Configuration cannot be used", "It could not be read, and what is wrong was not told.")
                .hint("this is a mistake in mfaplan itself: please report it with the configuration"),
        );
    }
    let mut diagnostics = diags.into_sorted();
    diagnostics.dedup();
    match config {
        Some(config) if !diagnostics.iter().any(|one| one.level == crate::diag::Level::Error) => {
            Ok(Config { sources, warnings: diagnostics, ..config })
        }
        _ => Err(Box::new(LoadFailure { sources, diagnostics })),
    }
}

fn read_and_build(
    input: LoadInput<'_>,
    overlay: &Overlay,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Option<Config> {
    let mut reads = read_directory(input.dir, Layer::Configuration, overlay, sources, diags);
    if reads.is_empty() {
        return None;
    }
    if let Some(dir) = input.policy_dir {
        reads.extend(read_directory(dir, Layer::Policy, overlay, sources, diags));
    }
    let values = read_values(input, overlay, sources, diags);
    let foreign = variables::foreign_files(input.dir, overlay, sources);
    let root = parse_all(reads, sources, diags);
    let directories = modules::survey(input.dir, root, overlay, sources, diags);
    let inputs = Inputs { environment: input.environment, sources: values, foreign };
    Builder::new(input, &directories, diags).build(&inputs, sources, diags)
}

/// Reads the files of a directory. Empty when there is none to go on with, which has then been reported.
fn read_directory(
    dir: &Path,
    layer: Layer,
    overlay: &Overlay,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Vec<(Read, Layer)> {
    let what = match layer {
        Layer::Configuration => "configuration directory",
        Layer::Policy => "policy directory",
    };
    let paths = match overlay.list(dir, SUFFIX) {
        Ok(paths) => paths,
        Err(error) => {
            diags.push(files::directory_error(dir, what, &error));
            return Vec::new();
        }
    };
    if paths.is_empty() {
        let diagnostic = Diagnostic::error(
            "No configuration files",
            format!("The {what} `{}` holds no `*{SUFFIX}` file.", dir.display()),
        );
        diags.push(match layer {
            Layer::Configuration => {
                diagnostic.hint("`mfaplan init` writes one to start from; another directory is named with `--chdir`")
            }
            Layer::Policy => diagnostic.hint("name another directory with `--policy`, or leave it out"),
        });
    }
    let mut found = Vec::with_capacity(paths.len());
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let shown = match layer {
            Layer::Configuration => name,
            Layer::Policy => path.display().to_string(),
        };
        found.extend(files::read(&path, &shown, overlay, sources, diags).map(|read| (read, layer)));
    }
    found
}

/// Reads the files of variable values. What stands later counts.
fn read_values<'a>(
    input: LoadInput<'a>,
    overlay: &Overlay,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Vec<Source<'a>> {
    let mut paths: Vec<PathBuf> =
        ["mfaplan.mfavars.hcl", "mfaplan.mfavars.json"].map(|name| input.dir.join(name)).into();
    paths.retain(|path| overlay.exists(path));
    let listed = [".auto.mfavars.hcl", ".auto.mfavars.json"].map(|suffix| overlay.list(input.dir, suffix));
    let mut automatic: Vec<PathBuf> = listed.into_iter().flat_map(Result::unwrap_or_default).collect();
    automatic.sort();
    paths.append(&mut automatic);
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut read = |path: &Path, shown: &str| {
        files::read(path, shown, overlay, sources, diags).map(|read| Source::File(read.file))
    };
    let mut found: Vec<Source<'_>> = paths.iter().filter_map(|path| read(path, &name(path))).collect();
    found.extend(input.assignments.iter().filter_map(|one| match one {
        Assignment::Value(argument) => Some(Source::Argument(argument.as_str())),
        Assignment::File(path) => read(path, &path.display().to_string()),
    }));
    found
}

/// Parses all files, in parallel; diagnostics stay in the files' order.
pub(super) fn parse_all(reads: Vec<(Read, Layer)>, sources: &SourceMap, diags: &mut Diagnostics) -> Vec<Tree> {
    let parsed: Vec<(Tree, Diagnostics)> = reads
        .into_par_iter()
        .map(|(read, layer)| {
            let mut diags = Diagnostics::default();
            let text = Arc::clone(&sources.file(read.file).text);
            files::lint(read.file, &text, &mut diags);
            let parsed = parse::parse(&text, read.file, &mut diags);
            (Tree { read, layer, body: parsed.body, broken: parsed.broken }, diags)
        })
        .collect();
    let mut trees = Vec::with_capacity(parsed.len());
    for (tree, found) in parsed {
        diags.extend(found.into_sorted());
        trees.push(tree);
    }
    trees
}
