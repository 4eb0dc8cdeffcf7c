//! From checked blocks to the configuration, modules included.
//!
//! A directory is built once for each of its calls: its variables get the call's inputs, its blocks the call's address in
//! front of theirs, and what is wrong in it is told with the place of the call.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use indexmap::IndexMap;

use super::{
    Config, Declared, Layer, LoadInput, Mfa, Origin,
    args::{self, Around, Env},
    blocks::{self, KnownRules, Limits},
    call::{self, Call},
    locals,
    modules::{self, Directory},
    policy,
    raw::{self, RawBlock},
    schema::BlockKind,
    tighten,
    variables::{self, Inputs, Values},
};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceMap, Span},
    eval::{CompileContext, FileReads, Home, Scope, Value},
    tenant::Text,
};

/// How many modules a configuration may call, each key of `for_each` counted.
const MAX_CALLS: usize = 100_000;

/// From checked blocks to the configuration.
pub(super) struct Builder<'t> {
    input: LoadInput<'t>,
    directories: &'t [Directory],
    /// The blocks of each directory.
    blocks: Vec<Vec<RawBlock<'t>>>,
    /// The ids of the organisation's own rules, wherever they stand.
    own: Vec<Text>,
    calls: Cell<usize>,
}

/// One call of a directory.
struct Site<'s> {
    directory: usize,
    /// What its addresses start with.
    prefix: Text,
    inputs: Source<'s>,
}

/// Where the values of its variables come from.
enum Source<'s> {
    /// The command line, the environment and files.
    Given(&'s Inputs<'s>),
    /// The inputs of a call.
    Call(Values, Span),
}

/// What came of a directory.
struct Built {
    home: Arc<Home>,
    /// Of its own blocks, then of the modules it calls, in the order of the calls.
    parts: Parts,
    /// Its outputs, where all have a value.
    outputs: Option<Value>,
    complete: bool,
}

/// What all directories have around them.
#[derive(Clone, Copy)]
struct Reads<'r> {
    configuration: &'r FileReads,
    policy: &'r FileReads,
}

impl<'t> Builder<'t> {
    pub(super) fn new(input: LoadInput<'t>, directories: &'t [Directory], diags: &mut Diagnostics) -> Self {
        let mut blocks = Vec::with_capacity(directories.len());
        for directory in directories {
            let mut own = Diagnostics::default();
            let of_tree = |tree: &'t super::load::Tree| {
                let inside = directory.called.is_some();
                raw::top_level(&tree.body, tree.read.file, tree.layer, inside, &mut own)
            };
            let found: Vec<RawBlock<'t>> = directory.trees.iter().flat_map(of_tree).collect();
            unique(&found, &mut own);
            let own = own.into_sorted().into_iter();
            match directory.called {
                Some(call) => diags.extend(own.map(|one| one.and(call, "in the module called here"))),
                None => diags.extend(own),
            }
            blocks.push(found);
        }
        let broken = directories.iter().flat_map(|one| &one.trees).flat_map(|tree| &tree.broken);
        let broken = broken.filter(|item| item.name == "rule").filter_map(|item| item.label.as_deref()).map(Text::from);
        let rules = blocks.iter().flatten().filter(|one| one.schema.name == "rule").map(RawBlock::name);
        let own = rules.chain(broken).collect();
        Self { input, directories, blocks, own, calls: Cell::new(0) }
    }

    fn of(&self, directory: usize, kind: &'static str) -> impl Iterator<Item = &RawBlock<'t>> {
        self.blocks.get(directory).into_iter().flatten().filter(move |one| one.schema.name == kind)
    }

    /// Is there a block of this kind in the directory that could not be parsed?
    fn broken(&self, directory: usize, kind: &str) -> bool {
        self.directories[directory].trees.iter().flat_map(|tree| &tree.broken).any(|item| item.name == kind)
    }

    pub(super) fn build(
        &self,
        inputs: &Inputs<'_>,
        sources: &mut SourceMap,
        diags: &mut Diagnostics,
    ) -> Option<Config> {
        let (reads, policy_reads) = (FileReads::default(), FileReads::default());
        let all = Reads { configuration: &reads, policy: &policy_reads };
        let site = Site { directory: 0, prefix: Text::default(), inputs: Source::Given(inputs) };
        let built = self.site(&site, all, sources, diags)?;
        if self.of(0, "tenant").next().is_none() && !self.broken(0, "tenant") {
            diags.push(
                Diagnostic::error("No tenant", "No `tenant` block says which tenant this configuration is for.")
                    .hint("add `tenant \"Contoso\" { id = \"…\" }`; the id stands in the Entra portal under Overview"),
            );
        }
        let Built { home, parts, complete, outputs: _ } = built;
        let mut config = self.whole(parts, &home, diags).filter(|_| complete)?;
        let of = |layer| {
            let trees = self.directories.iter().flat_map(|one| &one.trees).filter(move |tree| tree.layer == layer);
            trees.map(|tree| (tree.read.name.as_str(), &*sources.file(tree.read.file).text))
        };
        let LoadInput { dir, policy_dir, .. } = self.input;
        let origin = Origin::new(dir.to_owned(), of(Layer::Configuration)).with_variables(&home.var);
        config.origin = origin.with_reads(reads);
        let called = self.directories.iter().filter_map(|one| Some((one, one.called?)));
        let files = called.flat_map(|(one, call)| one.trees.iter().map(move |tree| (tree.read.file, call)));
        config.calls = files.collect();
        config.policy = policy_dir.map(|dir| Origin::new(dir.to_owned(), of(Layer::Policy)).with_reads(policy_reads));
        Some(config)
    }

    /// Builds one directory for one call. `None` where nothing can be said of what refers to its names.
    fn site(
        &self,
        site: &Site<'_>,
        reads: Reads<'_>,
        sources: &mut SourceMap,
        diags: &mut Diagnostics,
    ) -> Option<Built> {
        let LoadInput { dir, allow_files, instant, .. } = self.input;
        let at = site.directory;
        // What a broken block would have declared is not known, so nothing can be said about references to it.
        let unsure = self.broken(at, "variable") || self.broken(at, "locals") || self.broken(at, modules::BLOCK);
        let declared: Vec<&RawBlock<'_>> = self.of(at, "variable").collect();
        let around = Around { dir, allow_files, instant, reads: reads.configuration };
        let resolved = match &site.inputs {
            Source::Given(inputs) => variables::resolve(&declared, inputs, sources, diags),
            Source::Call(values, call) => variables::called(&declared, values, *call, sources, diags),
        };
        let found = locals::collect(self.of(at, "locals"), diags);
        if unsure {
            return None;
        }
        let called: Vec<&RawBlock<'_>> = self.of(at, modules::BLOCK).collect();
        let names = CompileContext::new(declared.iter().map(|one| one.name()), found.keys().cloned());
        let target = |raw: &RawBlock<'_>| self.directories[at].calls.get(&raw.header).copied();
        let offered =
            called.iter().map(|raw| (raw.name(), call::names(raw, target(raw).map(|to| self.outputs_of(to)))));
        let names = names.with_modules(offered.collect());
        let calls: Vec<Call<'_>> = called.iter().map(|raw| Call::compile(raw, &names, diags)).collect();
        let nothing = Value::object::<Text>([]);
        let shown: Arc<str> = self.directories[at].shown.as_str().into();
        let scope = Scope { module_dir: &shown, ..around.scope(&resolved.var, &nothing) };
        let mut inner: Vec<Parts> = calls.iter().map(|_| Parts::default()).collect();
        let values = locals::evaluate(&found, &calls, &names, scope, diags, &mut |index, scope, diags| {
            let call = calls.get(index)?;
            let (parts, value) = self.call(site, call, target(call.raw), scope, reads, sources, diags);
            if let Some(slot) = inner.get_mut(index) {
                *slot = parts;
            }
            value
        });
        resolved.validate(&names, Scope { local: &values.local, modules: &values.modules, ..scope }, diags);
        // Without all values there is no configuration, but what can be said of the blocks is said.
        let complete = resolved.complete && values.complete;
        let home = Home { var: resolved.var.clone(), local: values.local, modules: values.modules, dir: shown };
        let home = Arc::new(home);
        let configuration = Env { names, home: Arc::clone(&home), prefix: site.prefix.clone(), around };
        // Policy sees no variables: whoever sets those would otherwise set policy.
        let policy_dir = self.input.policy_dir.unwrap_or(dir);
        let policy = Env {
            names: CompileContext::default(),
            home: Arc::new(Home { dir: ".".into(), ..Home::default() }),
            prefix: Text::default(),
            around: Around { dir: policy_dir, allow_files, instant, reads: reads.policy },
        };
        let env = |layer| match layer {
            Layer::Configuration => &configuration,
            Layer::Policy => &policy,
        };
        let compiled: Vec<args::Block<'_>> = self.blocks[at]
            .iter()
            .filter(|raw| !matches!(raw.schema.name, "variable" | "locals" | modules::BLOCK))
            .map(|raw| args::compile(raw, env(raw.layer), raw.attribute("for_each").is_some(), diags))
            .collect();
        let mut parts = self.lower(at, &compiled, &env, diags);
        let outputs = match site.prefix.is_empty() {
            true => None,
            false => call::outputs(&std::mem::take(&mut parts.outputs), &configuration, diags).filter(|_| complete),
        };
        inner.into_iter().for_each(|more| parts.append(more));
        Some(Built { home, parts, outputs, complete })
    }

    /// The names of a directory's outputs, where all its blocks could be parsed.
    fn outputs_of(&self, at: usize) -> Option<std::collections::BTreeSet<Text>> {
        (!self.broken(at, "output")).then(|| self.of(at, "output").map(RawBlock::name).collect())
    }

    /// Builds what a `module` block calls: its parts, and what `module.<name>` is where it has a value.
    #[expect(clippy::too_many_arguments, reason = "the whole of a call: where it stands, where it leads, what it sees")]
    fn call(
        &self,
        site: &Site<'_>,
        call: &Call<'_>,
        target: Option<usize>,
        scope: Scope<'_>,
        reads: Reads<'_>,
        sources: &mut SourceMap,
        diags: &mut Diagnostics,
    ) -> (Parts, Option<Value>) {
        let mut parts = Parts::default();
        let Some(directory) = target else { return (parts, None) };
        let declared: Vec<&RawBlock<'_>> = self.of(directory, "variable").collect();
        if !self.broken(directory, "variable") {
            call.unknown_inputs(&declared, diags);
        }
        let Some(instances) = call.instances(&site.prefix, scope, diags) else { return (parts, None) };
        let repeated = call.repeats();
        let mut outputs = Vec::with_capacity(instances.len());
        let mut complete = true;
        let mut told: HashSet<(Option<Span>, String, String)> = HashSet::new();
        for instance in instances {
            self.calls.set(self.calls.get() + 1);
            if self.calls.get() > MAX_CALLS {
                let detail = format!("The modules of this configuration are called more than {MAX_CALLS} times.");
                diags.push(Diagnostic::error("Too many modules", detail).at(call.raw.header, ""));
                return (parts, None);
            }
            let values = call.inputs(instance.each.as_ref(), scope, diags);
            let inner = Site {
                directory,
                prefix: format!("{}.", instance.address).into(),
                inputs: Source::Call(values, call.raw.header),
            };
            let mut own = Diagnostics::default();
            let built = self.site(&inner, reads, sources, &mut own);
            for one in own.into_sorted() {
                let place = one.primary.as_ref().map(|label| label.span);
                // The same slip in each of a hundred calls is one slip.
                if told.insert((place, one.summary.clone(), one.detail.clone())) {
                    diags.push(call.told(one, &instance.address));
                }
            }
            let Some(built) = built else { return (parts, None) };
            complete &= built.complete;
            parts.append(built.parts);
            match built.outputs {
                Some(value) => outputs.push((instance.key(), value)),
                None => complete = false,
            }
        }
        let value = match repeated {
            true => Some(Value::object(outputs)),
            false => outputs.pop().map(|(_, value)| value),
        };
        (parts, value.filter(|_| complete))
    }

    /// Reads every block. All are read even when one is wrong.
    fn lower<'e>(
        &self,
        at: usize,
        compiled: &[args::Block<'_>],
        env: &dyn Fn(Layer) -> &'e Env<'e>,
        diags: &mut Diagnostics,
    ) -> Parts {
        let rules = KnownRules { builtin: self.input.known_rules };
        let own: Vec<&str> = self.own.iter().map(Text::as_str).collect();
        let mut parts = Parts::default();
        for block in compiled {
            let layer = block.raw.layer;
            let env = env(layer);
            let Some(kind) = BlockKind::named(block.raw.schema.name) else { continue };
            match kind {
                BlockKind::Mfaplan => blocks::settings(block, env, diags),
                BlockKind::Tenant => parts.tenant = parts.tenant.take().or(blocks::tenant(block, env, diags)),
                BlockKind::Mfa => parts.mfa.extend(blocks::mfa(block, env, diags)),
                BlockKind::ServiceAccount => parts.service_accounts.extend(blocks::service_account(block, env, diags)),
                BlockKind::BreakGlass => parts.break_glass.extend(blocks::break_glass(block, env, diags)),
                BlockKind::Accept => parts.accepts.extend(blocks::accept(block, env, rules, &own, diags)),
                BlockKind::Risk => parts.risks.push(blocks::risk(block, env, rules, diags)),
                BlockKind::Rule => parts.rules.extend(blocks::rule(block, env, rules, diags)),
                BlockKind::Rollout => {
                    let rollout = blocks::rollout(block, env, diags);
                    parts.rollouts.insert(rollout.name.clone(), rollout);
                }
                BlockKind::Guardrails => {
                    let limit = blocks::guardrails(block, env, rules, &own, diags);
                    parts.limits.push((layer, limit));
                }
                BlockKind::Notice => parts.notices.extend(blocks::notice(block, env, diags)),
                BlockKind::Check => parts.checks.push(blocks::check(block, env, diags)),
                BlockKind::Output => parts.outputs.extend(blocks::output(block, env, diags)),
                // Read before all others, which refer to them.
                BlockKind::Variable | BlockKind::Locals | BlockKind::Module => {}
            }
        }
        self.rollout_names(at, compiled, &parts.mfa, &parts.rollouts, diags);
        parts
    }

    /// The configuration, of the parts of all directories.
    fn whole(&self, parts: Parts, home: &Home, diags: &mut Diagnostics) -> Option<Config> {
        let Parts {
            tenant,
            mfa,
            service_accounts,
            break_glass,
            accepts,
            risks,
            rules,
            rollouts,
            notices,
            checks,
            outputs,
            limits,
        } = parts;
        names_of_all(rules.iter().map(|one| (&one.id, &one.declared)), "rule", "id", diags);
        names_of_all(notices.iter().map(|one| (&one.name, &one.declared)), "notice", "name", diags);
        let known = KnownRules { builtin: self.input.known_rules };
        let mut layers: BTreeMap<bool, Vec<Limits>> = BTreeMap::new();
        for (layer, limit) in limits {
            layers.entry(layer == Layer::Policy).or_default().push(limit);
        }
        // Of two in one directory, the first; the second has been reported.
        let policys = layers.remove(&true).and_then(|all| all.into_iter().next());
        let configuration = tighten::limits(layers.remove(&false).unwrap_or_default(), diags);
        let header = policys.as_ref().map(|one| one.header);
        let guardrails = policy::merge(configuration, policys, diags);
        policy::check_accepts(&accepts, &guardrails, header, diags);
        policy::check_risks(&risks, &guardrails, &known, header, diags);
        let risks = policy::merge_risks(tighten::risks(risks, &known, diags), diags);
        Some(Config {
            dir: self.input.dir.to_owned(),
            allow_files: self.input.allow_files.to_vec(),
            origin: Origin::default(),
            policy: None,
            sources: SourceMap::default(),
            instant: self.input.instant,
            var: home.var.clone(),
            local: home.local.clone(),
            modules: home.modules.clone(),
            calls: BTreeMap::new(),
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
        at: usize,
        compiled: &[args::Block<'_>],
        mfa: &[Mfa],
        rollouts: &IndexMap<Text, super::Rollout>,
        diags: &mut Diagnostics,
    ) {
        let items = || self.directories[at].trees.iter().flat_map(|tree| &tree.broken);
        let broken = |name: &str| items().any(|item| item.name == "rollout" && item.label.as_deref() == Some(name));
        let places: HashMap<Span, Span> = compiled
            .iter()
            .filter_map(|block| Some((block.raw.header, block.raw.attribute("rollout")?.span)))
            .collect();
        let mut used: std::collections::HashSet<&str> = std::collections::HashSet::new();
        for one in mfa {
            let Some(name) = &one.rollout else { continue };
            used.insert(name);
            // The address says whose rollouts these are; the name is as it is written.
            let written = written(name, &one.declared);
            if !rollouts.contains_key(name) && !broken(written) && !written.trim().is_empty() {
                let place = places.get(&one.declared.span).copied().unwrap_or(one.declared.span);
                diags.push(
                    Diagnostic::error("Unknown rollout", format!("There is no `rollout` block named `{written}`."))
                        .at(place, "")
                        .suggest(written, rollouts.values().map(|one| one.label.as_str())),
                );
            }
        }
        // A block that did not come through may be the one that names it.
        if diags.has_errors() {
            return;
        }
        for (_, rollout) in rollouts.iter().filter(|(name, _)| !used.contains(name.as_str())) {
            let name = &rollout.label;
            diags.push(
                Diagnostic::warning("Unused rollout", format!("No `mfa` block names the rollout `{name}`."))
                    .at(rollout.declared.span, "")
                    .hint(format!("add `rollout = \"{name}\"` to the `mfa` block it is for")),
            );
        }
    }
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

/// A name without the address of its module.
fn written<'n>(name: &'n str, declared: &Declared) -> &'n str {
    let module = declared.address.rsplit_once("mfa.").map_or("", |(module, _)| module);
    name.strip_prefix(module).unwrap_or(name)
}

/// Names that count for the whole plan, wherever they stand. Two in one directory have been reported.
fn names_of_all<'n>(
    all: impl Iterator<Item = (&'n Text, &'n Declared)>,
    kind: &str,
    what: &str,
    diags: &mut Diagnostics,
) {
    let mut seen: HashMap<&Text, &Declared> = HashMap::new();
    for (name, declared) in all {
        let Some(first) = seen.insert(name, declared) else { continue };
        if !first.in_module() && !declared.in_module() {
            continue;
        }
        let detail = format!(
            "`{}` and `{}` have one {what}. A `{kind}` block counts for the whole plan, so each needs {what}s of its own.",
            first.address, declared.address
        );
        diags.push(
            Diagnostic::error("Duplicate block", detail).at(declared.span, "again here").and(first.span, "first here"),
        );
    }
}

/// The parts of a configuration while they are collected.
#[derive(Default)]
struct Parts {
    tenant: Option<super::TenantSettings>,
    mfa: Vec<Mfa>,
    service_accounts: Vec<super::ServiceAccount>,
    break_glass: Vec<super::BreakGlass>,
    accepts: Vec<super::Accept>,
    risks: Vec<super::RiskOverride>,
    rules: Vec<super::OwnRule>,
    rollouts: IndexMap<Text, super::Rollout>,
    notices: Vec<super::Notice>,
    checks: Vec<super::Check>,
    outputs: Vec<super::Output>,
    limits: Vec<(Layer, Limits)>,
}

impl Parts {
    fn append(&mut self, more: Self) {
        let Self {
            tenant: _,
            mfa,
            service_accounts,
            break_glass,
            accepts,
            risks,
            rules,
            rollouts,
            notices,
            checks,
            outputs: _,
            limits,
        } = more;
        self.mfa.extend(mfa);
        self.service_accounts.extend(service_accounts);
        self.break_glass.extend(break_glass);
        self.accepts.extend(accepts);
        self.risks.extend(risks);
        self.rules.extend(rules);
        self.rollouts.extend(rollouts);
        self.notices.extend(notices);
        self.checks.extend(checks);
        self.limits.extend(limits);
    }
}
