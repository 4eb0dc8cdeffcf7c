//! Diagnostics of a directory: those of loading, and those of resolving against the snapshot.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use lsp_types::{Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location};

use super::{context::Language, fixes::Fix, text::Encoding, workspace::Workspace};
use crate::{
    config::{Config, fleet, load_over, normalised},
    desired,
    diag::{self, Level, SourceMap},
    facts::{Facts, UserKind, UserView},
    plan::tenant_value,
    scenario,
    tenant::ObservedTenant,
};

/// What is said about one file.
#[derive(Default)]
pub(super) struct OfFile {
    pub(super) shown: Vec<Diagnostic>,
    /// The better words that some of it proposes.
    pub(super) fixes: Vec<Fix>,
}

fn fix(diagnostic: &diag::Diagnostic) -> Option<Fix> {
    let (wrong, right) = diagnostic.fix.clone()?;
    Some(Fix { about: diagnostic.primary.as_ref()?.span.range(), wrong, right })
}

/// What a module alone lacks, as its caller has the word.
const CALLERS_WORD: [&str; 2] = ["No tenant", "No value for variable"];

/// The diagnostics of every file of `dir`, open or not. Problems of the configuration as a whole stand at the top of
/// the first open file.
pub(super) fn of_directory(
    workspace: &mut Workspace,
    dir: &Path,
    instant: Timestamp,
    encoding: Encoding,
) -> BTreeMap<PathBuf, OfFile> {
    let fleets = of_fleets(workspace, dir, instant, encoding);
    // A directory of a fleet alone is no configuration.
    let configured = workspace.overlay().list(dir, crate::config::files::SUFFIX).is_ok_and(|files| !files.is_empty());
    if !fleets.is_empty() && !configured {
        return fleets;
    }
    // Whoever calls it says what is wrong in it, values included.
    if !workspace.callers(dir).is_empty() && workspace.is_module(dir) {
        return BTreeMap::new();
    }
    let loaded = load_over(workspace.input(dir, instant), workspace.overlay());
    let (found, sources) = match loaded {
        Err(mut failure) => {
            workspace.guess_snapshot(dir);
            if workspace.is_module(dir) {
                failure.diagnostics.retain(|one| !CALLERS_WORD.contains(&one.summary.as_str()));
            }
            (failure.diagnostics, failure.sources)
        }
        Ok(config) => {
            workspace.names_snapshot(dir, config.tenant.snapshot.as_deref());
            workspace.set_values(dir, &config.var, &config.local);
            let mut found = config.warnings.clone();
            if let Some(tenant) = workspace.tenant(dir) {
                found.extend(resolved(&config, &tenant));
            }
            (found, config.sources)
        }
    };
    let mut files: BTreeMap<PathBuf, OfFile> = BTreeMap::new();
    let at = |name: &str| normalised(&dir.join(name));
    for (_, source) in sources.files() {
        files.insert(at(&source.name), OfFile::default());
    }
    workspace.takes_from(dir, files.keys().cloned());
    let own = files.keys().find(|path| path.parent() == Some(dir)).cloned();
    let first = own.filter(|_| workspace.directories().contains(dir));
    for diagnostic in &found {
        let place = diagnostic.primary.as_ref().map(|label| at(&sources.file(label.span.file).name));
        let Some(path) = place.or_else(|| first.clone()) else { continue };
        let file = files.entry(path).or_default();
        file.fixes.extend(fix(diagnostic));
        file.shown.extend(shown(workspace, dir, diagnostic, &sources, encoding));
    }
    files.extend(fleets);
    for path in workspace.open_in(dir) {
        if Language::of(&path) == Language::Scenario {
            let found = of_scenario(workspace, dir, &path, instant, encoding);
            files.insert(path, found);
        }
    }
    files
}

/// The diagnostics of the fleets of a directory, where one of their files is open.
fn of_fleets(workspace: &Workspace, dir: &Path, instant: Timestamp, encoding: Encoding) -> BTreeMap<PathBuf, OfFile> {
    let mut files: BTreeMap<PathBuf, OfFile> = BTreeMap::new();
    if !workspace.open_in(dir).iter().any(|path| Language::of(path) == Language::Fleet) {
        return files;
    }
    let (found, sources) = match fleet::load_over(dir, &[], instant, workspace.overlay()) {
        Ok(fleet) => (fleet.warnings, fleet.sources),
        Err(failure) => (failure.diagnostics, failure.sources),
    };
    for (_, source) in sources.files() {
        files.insert(dir.join(&*source.name), OfFile::default());
    }
    for diagnostic in &found {
        let Some(label) = &diagnostic.primary else { continue };
        let file = files.entry(dir.join(&*sources.file(label.span.file).name)).or_default();
        file.fixes.extend(fix(diagnostic));
        file.shown.extend(shown(workspace, dir, diagnostic, &sources, encoding));
    }
    files
}

/// The diagnostics of an open scenario file, without running it.
fn of_scenario(workspace: &Workspace, dir: &Path, path: &Path, instant: Timestamp, encoding: Encoding) -> OfFile {
    let Some(text) = workspace.text(path) else { return OfFile::default() };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (found, sources) = scenario::check(&name, text, dir, instant);
    OfFile {
        shown: found.iter().filter_map(|one| shown(workspace, dir, one, &sources, encoding)).collect(),
        fixes: found.iter().filter_map(fix).collect(),
    }
}

/// What resolving says: unknown users and groups, conflicts, selectors that match nobody.
fn resolved(config: &Config, tenant: &ObservedTenant) -> Vec<diag::Diagnostic> {
    let facts = Facts::of(tenant, &config.guardrails.signal, config.instant);
    let view = |index, protection: Option<desired::ProtectionKind>| {
        UserView::new(&facts, index, protection.map(UserKind::from))
    };
    match desired::resolve(config, tenant, tenant_value(config, tenant), view) {
        Ok((_, warnings)) => warnings,
        Err(all) => all,
    }
}

fn shown(
    workspace: &Workspace,
    dir: &Path,
    diagnostic: &diag::Diagnostic,
    sources: &SourceMap,
    encoding: Encoding,
) -> Option<Diagnostic> {
    let range = |span: diag::Span| encoding.range_in(sources.file(span.file), span.range());
    let related: Vec<_> = diagnostic
        .secondary
        .iter()
        .filter_map(|label| {
            let uri = workspace.uri(&normalised(&dir.join(&*sources.file(label.span.file).name)))?;
            let location = Location::new(uri, range(label.span));
            Some(DiagnosticRelatedInformation { location, message: label.text.clone() })
        })
        .collect();
    let mut message = format!("{}: {}", diagnostic.summary, diagnostic.detail);
    for hint in &diagnostic.hints {
        message.push_str("\nhint: ");
        message.push_str(hint);
    }
    Some(Diagnostic {
        range: diagnostic.primary.as_ref().map(|label| range(label.span)).unwrap_or_default(),
        severity: Some(match diagnostic.level {
            Level::Error => DiagnosticSeverity::ERROR,
            Level::Warning => DiagnosticSeverity::WARNING,
        }),
        source: Some("mfaplan".into()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    })
}
