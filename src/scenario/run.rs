//! Finding the files and running the runs.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    SUFFIX, expect,
    judge::{Judgement, judge},
    model::{FileResult, Problem, Report, RunResult, Status},
    read::{self, Run},
    tenant,
    value::Judged,
};
use crate::{
    config::{Assignment, Config, LoadInput, Overlay, files, load_over},
    diag::{Diagnostic, Diagnostics, FileId, SourceMap},
    facts::Facts,
    plan::{BuildError, BuildInput, build},
    repl::Session,
    sign_ins::merge_files,
    snapshot,
    tenant::ObservedTenant,
};

/// What is tested, and with what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TestInput<'a> {
    /// How the configuration is loaded. The instant is that of runs without `as_of`.
    pub load: LoadInput<'a>,
    /// Only these files (paths, or names relative to the configuration directory); empty = all.
    pub files: &'a [PathBuf],
    /// Only runs whose name contains this.
    pub filter: Option<&'a str>,
}

/// Runs all scenarios: the `*.mfatest.hcl` files of the configuration directory and of `tests/` in it.
///
/// # Errors
/// When a directory cannot be listed. Everything wrong with a file is in the report.
pub(crate) fn run(input: TestInput<'_>) -> std::io::Result<Report> {
    let dir = input.load.dir;
    let mut paths: Vec<PathBuf> = input.files.iter().map(|path| dir.join(path)).collect();
    if paths.is_empty() {
        paths = files::list(dir, SUFFIX)?;
        match files::list(&dir.join("tests"), SUFFIX) {
            Ok(more) => paths.extend(more),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Report { files: paths.iter().map(|path| file(input, path)).collect() })
}

fn file(input: TestInput<'_>, path: &Path) -> FileResult {
    let name = path.strip_prefix(input.load.dir).unwrap_or(path).display().to_string();
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let dir = path.parent().unwrap_or(input.load.dir);
    let mut scenarios = None;
    if let Some(read) = files::read(path, &name, &Overlay::default(), &mut sources, &mut diags) {
        let text = Arc::clone(&sources.file(read.file).text);
        files::lint(read.file, &text, &mut diags);
        scenarios = Some((read::read(&text, read.file, dir, input.load.instant, &mut diags), read.file));
    }
    let sources = Arc::new(sources);
    let problem = |diagnostic| Problem { diagnostic, sources: Arc::clone(&sources) };
    let problems = diags.into_sorted().into_iter().map(problem).collect();
    let (mut runs, mut left_out) = (Vec::new(), Vec::new());
    if let Some((scenarios, file)) = scenarios {
        let wanted = |run: &Run| input.filter.is_none_or(|text| run.name.contains(text));
        for run in &scenarios.runs {
            if !wanted(run) {
                left_out.push(run.name.clone());
                continue;
            }
            let stage = Stage { input, dir, file, sources: &sources };
            let (status, problems) = match stage.perform(run) {
                Ok(Judgement { failed, broken }) if broken.is_empty() => {
                    (if failed.is_empty() { Status::Pass } else { Status::Fail }, failed)
                }
                Ok(Judgement { mut failed, broken }) => {
                    failed.extend(broken);
                    (Status::Error, failed)
                }
                Err(problems) => (Status::Error, problems),
            };
            let line = sources.start(run.header).line;
            runs.push(RunResult { name: run.name.clone(), line, status, problems });
        }
    }
    FileResult { name: name.into(), problems, runs, left_out }
}

struct Stage<'s, 'a> {
    input: TestInput<'a>,
    dir: &'s Path,
    file: FileId,
    sources: &'s Arc<SourceMap>,
}

impl Stage<'_, '_> {
    /// Plans and judges. `Err` where there is no plan to judge.
    fn perform(&self, run: &Run) -> Result<Judgement, Vec<Problem>> {
        let instant = run.as_of.unwrap_or(self.input.load.instant);
        let config = match self.load(run, instant) {
            Ok(config) => config,
            Err(failure) => {
                return match expect::of_load(run, &failure) {
                    Some(met) => Ok(self.only(run, &met)),
                    None => Err(problems(failure.diagnostics, Arc::new(failure.sources))),
                };
            }
        };
        self.undeclared(run, &config)?;
        let tenant = self.tenant(run, &config, instant)?;
        let input = BuildInput {
            config: &config,
            tenant: &tenant,
            targets: &[],
            waivers: &[],
            created_at: instant,
            assumed: None,
        };
        let plan = match build(&input) {
            Ok(built) => built.plan,
            Err(error) => {
                let met: Vec<_> = run.expected.iter().filter(|one| *one.what == *"configuration").collect();
                return if met.is_empty() { Err(unplanned(error, &config)) } else { Ok(self.only(run, &met)) };
            }
        };
        let facts = Facts::of(&tenant, &config.guardrails.signal, instant);
        let session = Session::new(&config.dir, instant).with_config(&config).with_tenant(&config, &facts, None);
        let judged = Judged::new(&plan, &session);
        let mut judgement = judge(run, self.file, &config, &tenant, &judged, self.sources);
        judgement.failed.extend(expect::of_plan(run, &plan, &variables(&config), self.sources));
        Ok(judgement)
    }

    /// The configuration failed as expected, so there is no plan: every other expectation is left unmet.
    fn only(&self, run: &Run, met: &[&read::Expected]) -> Judgement {
        let unmet = run.expected.iter().filter(|one| !met.iter().any(|met| met.what == one.what));
        let failed = unmet.map(|one| Problem {
            diagnostic: Diagnostic::error(
                "Expected failure did not happen",
                format!("There is no plan, so `{}` could not fail.", one.what),
            )
            .at(one.span, "expected to fail"),
            sources: Arc::clone(self.sources),
        });
        Judgement { failed: failed.collect(), broken: Vec::new() }
    }

    /// Loads the configuration with the run's variables, which win over all others.
    fn load(&self, run: &Run, instant: Timestamp) -> Result<Config, Box<crate::config::LoadFailure>> {
        let mut text = String::new();
        for (name, (value, _)) in &run.variables {
            let expression = hcl::to_expression(value.without_marks().to_json());
            let written = expression.and_then(|one| hcl::format::to_string(&one));
            let _ = writeln!(text, "{name} = {}", written.unwrap_or_else(|_| "null".into()));
        }
        let path = self.input.load.dir.join("variables of the run");
        let mut overlay = Overlay::default();
        overlay.insert(&path, text);
        let mut assignments = self.input.load.assignments.to_vec();
        assignments.push(Assignment::File(path));
        load_over(LoadInput { assignments: &assignments, instant, ..self.input.load }, &overlay)
    }

    fn undeclared(&self, run: &Run, config: &Config) -> Result<(), Vec<Problem>> {
        let declared = |name: &str| config.var.get(name).is_some();
        let names = variables(config);
        let wrong = run.variables.iter().filter(|(name, _)| !declared(name)).map(|(name, (_, span))| Problem {
            diagnostic: Diagnostic::error(
                "Value for undeclared variable",
                format!("The configuration declares no variable `{name}`."),
            )
            .at(*span, "")
            .suggest(name, names.iter().copied()),
            sources: Arc::clone(self.sources),
        });
        let wrong: Vec<Problem> = wrong.collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    fn tenant(&self, run: &Run, config: &Config, instant: Timestamp) -> Result<ObservedTenant, Vec<Problem>> {
        let own = |diagnostics| problems(diagnostics, Arc::clone(self.sources));
        if let Some(block) = &run.tenant {
            let window = config.tenant.sign_in_window;
            return tenant::observe(block, self.dir, config.tenant.id, window, instant).map_err(own);
        }
        let Some(path) = &config.tenant.snapshot else {
            let problem = Diagnostic::error(
                "No tenant",
                "The run has no `tenant` block, and the configuration names no snapshot.",
            );
            let hint = "add `tenant { users = [{ user_principal_name = \"jdoe@contoso.com\" }] }`, or `file`";
            return Err(own(vec![problem.at(run.header, "").hint(hint)]));
        };
        let mut observed = snapshot::read(path).map_err(|error| {
            own(vec![Diagnostic::error("Tenant cannot be read", error.to_string()).at(run.header, "")])
        })?;
        // The configuration's own tenant is what a plan of it sees.
        let (files, window) = (&config.tenant.sign_ins, config.tenant.sign_in_window);
        merge_files(files, &config.dir, instant, window, &mut observed)
            .map_err(|error| own(vec![tenant::unreadable(&error, run.header)]))?;
        Ok(observed)
    }
}

/// The names of all variables: of a configuration that loads, each has a value.
fn variables(config: &Config) -> Vec<&str> {
    config.var.as_map().into_iter().flat_map(|map| map.keys()).map(|key| key.as_str()).collect()
}

fn problems(diagnostics: Vec<Diagnostic>, sources: Arc<SourceMap>) -> Vec<Problem> {
    diagnostics.into_iter().map(|diagnostic| Problem { diagnostic, sources: Arc::clone(&sources) }).collect()
}

fn unplanned(error: BuildError, config: &Config) -> Vec<Problem> {
    match error {
        BuildError::Diagnostics(diagnostics) => problems(diagnostics, Arc::new(config.sources.clone())),
        BuildError::Target(wrong) => {
            let diagnostics = wrong.into_iter().map(|one| Diagnostic::error("Wrong target", one.message)).collect();
            problems(diagnostics, Arc::new(config.sources.clone()))
        }
    }
}
