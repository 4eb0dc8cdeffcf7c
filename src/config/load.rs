//! Files → [`Config`], or all their problems at once.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use hcl_edit::structure::Body;
use indexmap::IndexMap;
use jiff::Timestamp;
use rayon::prelude::*;

use super::{
    Config, Layer, Mfa, Origin,
    args::{self, Around, Env},
    blocks::{self, KnownRules, Limits},
    files::{self, Overlay, Read, SUFFIX},
    locals, outline, parse, policy,
    raw::{self, RawBlock},
    schema::BlockKind,
    variables::{self, Assignment, Inputs, Source},
};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceMap, Span},
    eval::{CompileContext, FileReads, Scope, Value},
    severity::Severity,
    tenant::Text,
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
struct Tree {
    read: Read,
    layer: Layer,
    body: Body,
    broken: Vec<outline::Item>,
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
    let trees = parse_all(reads, sources, diags);
    let blocks: Vec<RawBlock<'_>> =
        trees.iter().flat_map(|tree| raw::top_level(&tree.body, tree.read.file, tree.layer, diags)).collect();
    let broken: Vec<&outline::Item> = trees.iter().flat_map(|tree| &tree.broken).collect();
    unique(&blocks, diags);
    let inputs = Inputs { environment: input.environment, sources: values, foreign };
    Builder { input, blocks: &blocks, broken: &broken }.build(&trees, &inputs, sources, diags)
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
fn parse_all(reads: Vec<(Read, Layer)>, sources: &SourceMap, diags: &mut Diagnostics) -> Vec<Tree> {
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

/// Blocks with the same name, and second blocks of what there is one of.
fn unique(blocks: &[RawBlock<'_>], diags: &mut Diagnostics) {
    let mut seen: HashMap<(&str, Text, Layer), Span> = HashMap::new();
    for block in blocks {
        let kind = block.schema.name;
        let name = match kind {
            // Several of these are fine: more settings, more values, another waiver of the same rule.
            "mfaplan" | "locals" | "accept" => continue,
            // One each, whatever the label.
            "tenant" | "guardrails" => Text::default(),
            _ => block.name(),
        };
        let Some(first) = seen.insert((kind, name.clone(), block.layer), block.header) else { continue };
        seen.insert((kind, name.clone(), block.layer), first);
        let diagnostic = match kind {
            "tenant" => {
                Diagnostic::error("Second tenant", "A configuration is for one tenant; there are two `tenant` blocks.")
                    .hint("keep each tenant in a directory of its own")
            }
            "guardrails" => Diagnostic::error("Second guardrails", "There may be one `guardrails` block.")
                .hint("move its arguments into the first"),
            "risk" => Diagnostic::error("Duplicate block", format!("The rule {name} is already re-graded.")),
            _ => Diagnostic::error(
                "Duplicate block",
                format!("There is already {} named `{name}`.", block.schema.phrase()),
            )
            .hint(format!("every `{kind}` block needs a name of its own")),
        };
        diags.push(diagnostic.at(block.header, "again here").and(first, "first here"));
    }
}

/// From checked blocks to the configuration.
struct Builder<'b, 'a> {
    input: LoadInput<'b>,
    blocks: &'b [RawBlock<'a>],
    broken: &'b [&'b outline::Item],
}

impl<'b, 'a> Builder<'b, 'a> {
    fn of(&self, kind: &'static str) -> impl Iterator<Item = &'b RawBlock<'a>> {
        self.blocks.iter().filter(move |one| one.schema.name == kind)
    }

    /// Is there a block of this kind that could not be parsed?
    fn broken(&self, kind: &str) -> bool {
        self.broken.iter().any(|item| item.name == kind)
    }

    fn build(
        &self,
        trees: &[Tree],
        inputs: &Inputs<'_>,
        sources: &mut SourceMap,
        diags: &mut Diagnostics,
    ) -> Option<Config> {
        let LoadInput { dir, allow_files, instant, .. } = self.input;
        // What a broken block would have declared is not known, so nothing can be said about references to it.
        let unsure = self.broken("variable") || self.broken("locals");
        let declared: Vec<&RawBlock<'_>> = self.of("variable").collect();
        let (reads, policy_reads) = (FileReads::default(), FileReads::default());
        let around = Around { dir, allow_files, instant, reads: &reads };
        let resolved = variables::resolve(&declared, inputs, sources, diags);
        let found = locals::collect(self.of("locals"), diags);
        if unsure {
            return None;
        }
        let names = CompileContext::new(declared.iter().map(|one| one.name()), found.keys().cloned());
        let nothing = Value::object::<Text>([]);
        let var = resolved.var.clone();
        let scope = around.scope(&var, &nothing);
        let (local, complete) = locals::evaluate(&found, &names, scope, diags);
        resolved.validate(&names, Scope { local: &local, ..scope }, diags);
        // Without all values there is no configuration, but what can be said of the blocks is said.
        let ready = resolved.complete && complete;
        let configuration = Env { names, var: &var, local: &local, around };
        // Policy sees no variables: whoever sets those would otherwise set policy.
        let policy_dir = self.input.policy_dir.unwrap_or(dir);
        let policy = Env {
            names: CompileContext::default(),
            var: &nothing,
            local: &nothing,
            around: Around { dir: policy_dir, allow_files, instant, reads: &policy_reads },
        };
        let env = |layer| match layer {
            Layer::Configuration => &configuration,
            Layer::Policy => &policy,
        };
        let compiled: Vec<args::Block<'_>> = self
            .blocks
            .iter()
            .filter(|raw| !matches!(raw.schema.name, "variable" | "locals"))
            .map(|raw| args::compile(raw, env(raw.layer), raw.attribute("for_each").is_some(), diags))
            .collect();
        if self.of("tenant").next().is_none() && !self.broken("tenant") {
            diags.push(
                Diagnostic::error("No tenant", "No `tenant` block says which tenant this configuration is for.")
                    .hint("add `tenant \"Contoso\" { id = \"…\" }`; the id stands in the Entra portal under Overview"),
            );
        }
        let mut config = self.lower(&compiled, &env, diags).filter(|_| ready)?;
        let of = |layer| {
            let trees = trees.iter().filter(move |tree| tree.layer == layer);
            trees.map(|tree| (tree.read.name.as_str(), &*sources.file(tree.read.file).text))
        };
        let origin = Origin::new(dir.to_owned(), of(Layer::Configuration)).with_variables(&var);
        config.origin = origin.with_reads(reads);
        config.policy =
            self.input.policy_dir.map(|dir| Origin::new(dir.to_owned(), of(Layer::Policy)).with_reads(policy_reads));
        config.var = var.clone();
        config.local = local.clone();
        Some(config)
    }

    /// Reads every block. All are read even when one is wrong.
    fn lower<'e>(
        &self,
        compiled: &[args::Block<'_>],
        env: &dyn Fn(Layer) -> &'e Env<'e>,
        diags: &mut Diagnostics,
    ) -> Option<Config> {
        let rules = KnownRules { builtin: self.input.known_rules };
        let own_names: Vec<Text> = self.of("rule").map(RawBlock::name).collect();
        let broken_rules =
            self.broken.iter().filter(|item| item.name == "rule").filter_map(|item| item.label.as_deref());
        let own: Vec<&str> = own_names.iter().map(Text::as_str).chain(broken_rules).collect();
        let mut tenant = None;
        let mut limits: BTreeMap<bool, Limits> = BTreeMap::new();
        let mut risks = Vec::new();
        let mut config = Parts::default();
        for block in compiled {
            let layer = block.raw.layer;
            let env = env(layer);
            let Some(kind) = BlockKind::named(block.raw.schema.name) else { continue };
            match kind {
                BlockKind::Mfaplan => blocks::settings(block, env, diags),
                BlockKind::Tenant => tenant = tenant.or(blocks::tenant(block, env, diags)),
                BlockKind::Mfa => config.mfa.extend(blocks::mfa(block, env, diags)),
                BlockKind::ServiceAccount => config.service_accounts.extend(blocks::service_account(block, env, diags)),
                BlockKind::BreakGlass => config.break_glass.extend(blocks::break_glass(block, env, diags)),
                BlockKind::Accept => config.accepts.extend(blocks::accept(block, env, rules, &own, diags)),
                BlockKind::Risk => risks.push(blocks::risk(block, env, rules, diags)),
                BlockKind::Rule => config.rules.extend(blocks::rule(block, env, rules, diags)),
                BlockKind::Rollout => {
                    let rollout = blocks::rollout(block, env, diags);
                    config.rollouts.insert(rollout.name.clone(), rollout);
                }
                BlockKind::Guardrails => {
                    let limit = blocks::guardrails(block, env, rules, &own, diags);
                    limits.entry(layer == Layer::Policy).or_insert(limit);
                }
                BlockKind::Notice => config.notices.extend(blocks::notice(block, env, diags)),
                BlockKind::Check => config.checks.push(blocks::check(block, env, diags)),
                BlockKind::Output => config.outputs.extend(blocks::output(block, env, diags)),
                // Read before all others, which refer to them.
                BlockKind::Variable | BlockKind::Locals => {}
            }
        }
        self.rollout_names(compiled, &config.mfa, &config.rollouts, diags);
        let header = limits.get(&true).map(|one| one.header);
        let guardrails = policy::merge(limits.remove(&false), limits.remove(&true), diags);
        policy::check_accepts(&config.accepts, &guardrails, header, diags);
        policy::check_risks(&risks, &guardrails, &rules, &config.rules, header, diags);
        let risks = policy::merge_risks(risks, diags);
        let Parts { mfa, service_accounts, break_glass, accepts, rules, rollouts, notices, checks, outputs } = config;
        Some(Config {
            dir: self.input.dir.to_owned(),
            allow_files: self.input.allow_files.to_vec(),
            origin: Origin::default(),
            policy: None,
            sources: SourceMap::default(),
            instant: self.input.instant,
            var: Value::Null,
            local: Value::Null,
            tenant: tenant?,
            mfa,
            service_accounts,
            break_glass,
            accepts,
            risks,
            rules,
            rollouts,
            notices,
            guardrails,
            checks,
            outputs,
            warnings: Vec::new(),
        })
    }

    /// Names of rollouts that do not exist, and rollouts that nobody names.
    fn rollout_names(
        &self,
        compiled: &[args::Block<'_>],
        mfa: &[Mfa],
        rollouts: &IndexMap<Text, super::Rollout>,
        diags: &mut Diagnostics,
    ) {
        let broken =
            |name: &str| self.broken.iter().any(|item| item.name == "rollout" && item.label.as_deref() == Some(name));
        let places: HashMap<Span, Span> = compiled
            .iter()
            .filter_map(|block| Some((block.raw.header, block.raw.attribute("rollout")?.span)))
            .collect();
        let mut used: std::collections::HashSet<&str> = std::collections::HashSet::new();
        for one in mfa {
            let Some(name) = &one.rollout else { continue };
            used.insert(name);
            if !rollouts.contains_key(name) && !broken(name) && !name.trim().is_empty() {
                let place = places.get(&one.declared.span).copied().unwrap_or(one.declared.span);
                diags.push(
                    Diagnostic::error("Unknown rollout", format!("There is no `rollout` block named `{name}`."))
                        .at(place, "")
                        .suggest(name, rollouts.keys().map(Text::as_str)),
                );
            }
        }
        // A block that did not come through may be the one that names it.
        if diags.has_errors() {
            return;
        }
        for (name, rollout) in rollouts.iter().filter(|(name, _)| !used.contains(name.as_str())) {
            diags.push(
                Diagnostic::warning("Unused rollout", format!("No `mfa` block names the rollout `{name}`."))
                    .at(rollout.declared.span, "")
                    .hint(format!("add `rollout = \"{name}\"` to the `mfa` block it is for")),
            );
        }
    }
}

/// The parts of a configuration while they are collected.
#[derive(Default)]
struct Parts {
    mfa: Vec<Mfa>,
    service_accounts: Vec<super::ServiceAccount>,
    break_glass: Vec<super::BreakGlass>,
    accepts: Vec<super::Accept>,
    rules: Vec<super::OwnRule>,
    rollouts: IndexMap<Text, super::Rollout>,
    notices: Vec<super::Notice>,
    checks: Vec<super::Check>,
    outputs: Vec<super::Output>,
}
