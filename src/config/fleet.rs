//! `*.mfafleet.hcl`: which tenants belong together, each with a directory of its own, and in which order they are taken.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use indexmap::IndexMap;
use jiff::Timestamp;

use super::{
    LoadFailure,
    args::{self, Around, Env, Given, invalid},
    blocks,
    files::{self, Overlay},
    locals, parse,
    raw::{self, RawBlock},
    schema::fleet::TOP_LEVEL,
};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceMap, Span},
    eval::{CompileContext, FileReads, Home, Value},
    tenant::Text,
};

/// The ending of these files.
pub(crate) const SUFFIX: &str = ".mfafleet.hcl";

/// The fleets of a directory.
#[derive(Debug)]
pub(crate) struct FleetFile {
    /// Names of the files.
    pub(crate) files: Vec<Text>,
    pub(crate) sources: SourceMap,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) fleets: Vec<Fleet>,
    /// Files that its expressions read.
    pub(crate) reads: Vec<PathBuf>,
}

/// `fleet "<name>" { … }`
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) name: Text,
    /// In the order written.
    pub(crate) tenants: Vec<Member>,
    /// In the order in which they are taken. Tenants of none come last.
    pub(crate) rings: IndexMap<Text, Ring>,
}

/// `tenant "<name>" { … }`: one of the fleet.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: Text,
    /// Its configuration, seen from the fleet's directory.
    pub(crate) directory: PathBuf,
    pub(crate) ring: Option<Text>,
    pub(crate) credentials: Option<Credentials>,
}

/// `credentials { … }`: names of environment variables, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) client_id: Option<Text>,
    pub(crate) prefix: Text,
}

/// `ring "<name>" { … }`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ring {
    /// After so many tenants that did not come through no other begins.
    pub(crate) stop_after_failed: Option<u32>,
}

/// Loads the fleets of a directory.
///
/// # Errors
/// All problems of all files.
pub(crate) fn load(dir: &Path, allow_files: &[PathBuf], instant: Timestamp) -> Result<FleetFile, Box<LoadFailure>> {
    load_over(dir, allow_files, instant, &Overlay::default())
}

/// The same, of which some files count as they are open in an editor.
///
/// # Errors
/// All problems of all files.
pub(crate) fn load_over(
    dir: &Path,
    allow_files: &[PathBuf],
    instant: Timestamp,
    overlay: &Overlay,
) -> Result<FleetFile, Box<LoadFailure>> {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let found = read(dir, allow_files, instant, overlay, &mut sources, &mut diags);
    let diagnostics = diags.into_sorted();
    let failed = diagnostics.iter().any(|one| one.level == crate::diag::Level::Error);
    match found {
        Some(found) if !failed => Ok(FleetFile { sources, warnings: diagnostics, ..found }),
        _ => Err(Box::new(LoadFailure { sources, diagnostics })),
    }
}

fn read(
    dir: &Path,
    allow_files: &[PathBuf],
    instant: Timestamp,
    overlay: &Overlay,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Option<FleetFile> {
    let paths = match overlay.list(dir, SUFFIX) {
        Ok(paths) => paths,
        Err(error) => {
            diags.push(files::directory_error(dir, "directory of the fleet", &error));
            return None;
        }
    };
    if paths.is_empty() {
        let detail = format!("The directory `{}` holds no `*{SUFFIX}` file.", dir.display());
        diags.push(
            Diagnostic::error("No fleet", detail)
                .hint("write one: `fleet \"customers\" { tenant \"fabrikam\" { directory = \"tenants/fabrikam\" } }`"),
        );
        return None;
    }
    let (mut bodies, mut names) = (Vec::new(), Vec::new());
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(read) = files::read(&path, &name, overlay, sources, diags) else { continue };
        let text = Arc::clone(&sources.file(read.file).text);
        files::lint(read.file, &text, diags);
        bodies.push((parse::parse(&text, read.file, diags).body, read.file));
        names.push(Text::from(name));
    }
    let blocks: Vec<RawBlock<'_>> =
        bodies.iter().flat_map(|(body, file)| raw::of(body, *file, TOP_LEVEL, diags)).collect();
    let of = |name: &'static str| blocks.iter().filter(move |one| one.schema.name == name);
    let reads = FileReads::default();
    let around = Around { dir, allow_files, instant, reads: &reads };
    let values = locals::collect(of("locals"), diags);
    let context = CompileContext::new(Vec::<Text>::new(), values.keys().cloned());
    let nothing = Value::object::<Text>([]);
    let scope = around.scope(&nothing, &nothing);
    let values = locals::evaluate(&values, &[], &context, scope, diags, &mut |_, _, _| None);
    let home = Home { var: nothing.clone(), local: values.local, modules: Value::Null, dir: ".".into() };
    let env = Env { names: context, home: Arc::new(home), prefix: Text::default(), around };
    let mut fleets: Vec<(Fleet, Span)> = Vec::new();
    let mut seen: HashMap<Text, Span> = HashMap::new();
    let mut places: HashMap<PathBuf, (Text, Span)> = HashMap::new();
    for raw in of("fleet") {
        if let Some((_, first)) = fleets.iter().find(|(one, _)| one.name == raw.name()) {
            diags.push(again("fleet", &raw.name(), raw.header, *first));
        }
        let rings = rings(raw, &env, diags);
        let mut tenants = Vec::new();
        for inner in raw.blocks.iter().filter(|one| one.schema.name == "tenant") {
            for member in members(inner, &env, diags) {
                let span = inner.header;
                if let Some(first) = seen.insert(member.name.clone(), span) {
                    diags.push(again("tenant", &member.name, span, first));
                }
                let place = super::normalised(&dir.join(&member.directory));
                if place == super::normalised(dir) {
                    let detail = "This is the fleet's own directory: the two would share a journal and a lock.";
                    let diagnostic = Diagnostic::error("Directory of the fleet", detail).at(span, "");
                    diags.push(diagnostic.hint("move the tenant's files into a directory of their own"));
                }
                if let Some((other, first)) = places.insert(place, (member.name.clone(), span))
                    && other != member.name
                {
                    let detail = format!(
                        "`{other}` and `{}` share the directory `{}`: they would share a journal and a lock.",
                        member.name,
                        member.directory.display()
                    );
                    let diagnostic = Diagnostic::error("Directory of two tenants", detail);
                    diags.push(diagnostic.at(span, "again here").and(first, "first here"));
                }
                if let Some(ring) = &member.ring
                    && !rings.contains_key(ring)
                {
                    let place = inner.attribute("ring").map_or(span, |one| one.span);
                    let diagnostic =
                        Diagnostic::error("Unknown ring", format!("There is no `ring` block named `{ring}`."));
                    diags.push(diagnostic.at(place, "").suggest(ring, rings.keys().map(Text::as_str)));
                }
                tenants.push(member);
            }
        }
        fleets.push((Fleet { name: raw.name(), tenants, rings }, raw.header));
    }
    if fleets.is_empty() && !diags.has_errors() {
        diags.push(Diagnostic::error("No fleet", "No `fleet` block says which tenants belong together."));
    }
    let fleets = fleets.into_iter().map(|(fleet, _)| fleet).collect();
    let reads = reads.paths(dir);
    Some(FleetFile { files: names, sources: SourceMap::default(), warnings: Vec::new(), fleets, reads })
}

fn again(kind: &str, name: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::error("Duplicate block", format!("There is already a {kind} named `{name}`."))
        .at(span, "again here")
        .and(first, "first here")
}

fn rings(raw: &RawBlock<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> IndexMap<Text, Ring> {
    let mut rings: IndexMap<Text, Ring> = IndexMap::new();
    let mut seen: HashMap<Text, Span> = HashMap::new();
    for inner in raw.blocks.iter().filter(|one| one.schema.name == "ring") {
        if let Some(first) = seen.insert(inner.name(), inner.header) {
            diags.push(again("ring", &inner.name(), inner.header, first));
        }
        let block = args::compile(inner, env, false, diags);
        let stop = block.reader(env, None).count("stop_after_failed", 1, u32::MAX, diags).value();
        rings.insert(inner.name(), Ring { stop_after_failed: stop.map(|(count, _)| count) });
    }
    rings
}

fn members(raw: &RawBlock<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Vec<Member> {
    let repeated = raw.attribute("for_each").is_some();
    let block = args::compile(raw, env, repeated, diags);
    let mut members = Vec::new();
    for instance in blocks::instances(&block, env, diags) {
        let each = instance.each.as_ref();
        let reader = block.reader(env, each);
        let directory = reader.words("directory", diags);
        let ring = reader.words("ring", diags).value();
        let credentials = block.block("credentials").map(|inner| {
            let reader = inner.reader(env, each);
            let (client, prefix) = (reader.text("client_id", diags), reader.words("prefix", diags).value());
            (client, prefix)
        });
        // With `for_each` the key names the tenant.
        let name = each.and_then(|(key, _)| key.as_text().cloned()).unwrap_or_else(|| raw.name());
        if !is_name(&name) {
            let detail = format!(
                "`{name}` names a tenant, and with it a file: it begins with a letter or digit, and holds letters, digits, `.`, `_` and `-` alone."
            );
            diags.push(Diagnostic::error("Invalid name", detail).at(raw.header, ""));
            continue;
        }
        let credentials = match credentials {
            None => None,
            Some((client, Some(prefix))) => {
                let client_id = match client {
                    Given::Value((id, span)) if !is_guid(&id) => {
                        diags.push(invalid("client_id", "`client_id` is the application's id, a GUID.", span));
                        continue;
                    }
                    given => given.value().map(|(id, _)| id),
                };
                let variable = |one: char| one.is_ascii_uppercase() || one.is_ascii_digit() || one == '_';
                if !prefix.chars().all(variable) {
                    let place = block.block("credentials").and_then(|one| one.key("prefix")).unwrap_or(raw.header);
                    let detail = "`prefix` begins the names of environment variables: capital letters, digits and `_`.";
                    diags.push(invalid("prefix", detail, place).hint("for example `prefix = \"FABRIKAM_\"`"));
                    continue;
                }
                Some(Credentials { client_id, prefix })
            }
            Some((_, None)) => continue,
        };
        if let Given::Value(directory) = directory {
            members.push(Member { name, directory: PathBuf::from(&*directory), ring, credentials });
        }
    }
    members
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && text.parse::<crate::tenant::UserId>().is_ok()
}

/// A name that can be a file's, on every system.
fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|one| one.is_ascii_alphanumeric())
        && characters.all(|one| one.is_ascii_alphanumeric() || matches!(one, '.' | '_' | '-'))
        && name.len() <= 100
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(text: &str) -> Result<FleetFile, Vec<String>> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("all.mfafleet.hcl"), text).unwrap();
        std::fs::write(dir.path().join("t.csv"), "name,ring\nfabrikam,pilot\nlitware,\n").unwrap();
        load(dir.path(), &[], "2026-11-24T12:00:00Z".parse().unwrap()).map_err(|failure| {
            failure.diagnostics.into_iter().map(|one| format!("{}: {}", one.summary, one.detail)).collect()
        })
    }

    #[test]
    fn tenants_come_one_by_one_or_from_a_table() {
        let text = r#"
locals {
  rows = { for row in csvdecode(file("t.csv")) : row.name => row }
}

fleet "customers" {
  ring "pilot" {
    stop_after_failed = 1
  }

  ring "rest" {}

  tenant "contoso" {
    directory = "tenants/contoso"
    ring      = "rest"

    credentials {
      client_id = "00000000-0000-4000-8000-0000000000aa"
      prefix    = "CONTOSO_"
    }
  }

  tenant "each" {
    for_each  = local.rows
    directory = "tenants/${each.key}"
    ring      = each.value.ring == "" ? null : each.value.ring
  }
}
"#;
        let file = loaded(text).unwrap();
        let fleet = &file.fleets[0];
        let names: Vec<_> = fleet.tenants.iter().map(|one| (one.name.as_str(), one.ring.as_deref())).collect();
        assert_eq!(names, [("contoso", Some("rest")), ("fabrikam", Some("pilot")), ("litware", None)]);
        assert_eq!(fleet.tenants[1].directory, Path::new("tenants/fabrikam"));
        assert_eq!(fleet.tenants[0].credentials.as_ref().unwrap().prefix, "CONTOSO_");
        assert_eq!(fleet.rings.keys().map(Text::as_str).collect::<Vec<_>>(), ["pilot", "rest"]);
        assert_eq!(fleet.rings["pilot"].stop_after_failed, Some(1));
        assert_eq!(file.reads.len(), 1);
    }

    #[test]
    fn the_example_of_the_schema_is_formatted_and_loads() {
        let text = format!("{}\n", TOP_LEVEL[0].example);
        assert_eq!(loaded(&text).unwrap().fleets[0].tenants.len(), 1);
    }

    #[test]
    fn what_cannot_be_a_fleet_is_told() {
        let with = |inner: &str| loaded(&format!("fleet \"f\" {{\n{inner}\n}}\n")).unwrap_err().join("; ");
        let tenant = |name: &str, more: &str| format!("tenant \"{name}\" {{\n  directory = \"{name}\"\n{more}}}\n");
        for (inner, said) in [
            (tenant("a", "  ring = \"pilto\"\n") + "ring \"pilot\" {}\n", "no `ring` block named `pilto`"),
            (tenant("a", "") + &tenant("a", ""), "already a tenant named `a`"),
            (tenant("a/b", ""), "names a tenant, and with it a file"),
            (tenant("a", "  credentials {\n    prefix = \"x-\"\n  }\n"), "capital letters"),
            (tenant("a", "  credentials {\n    client_id = \"x\"\n    prefix = \"X_\"\n  }\n"), "a GUID"),
            (tenant("a", "  dir = 1\n"), "not expected in"),
            ("ring \"x\" {\n  stop_after_failed = 0\n}\n".to_owned(), "1 or more"),
            ("tenant \"b\" {\n  directory = \"./x/..\"\n}\n".to_owned(), "fleet's own directory"),
            (tenant("a", "") + "tenant \"b\" {\n  directory = \"./a\"\n}\n", "share the directory"),
        ] {
            let found = with(&inner);
            assert!(found.contains(said), "{inner}: {found}");
        }
        assert!(loaded("mfa \"x\" {}\n").unwrap_err()[0].contains("Blocks of type `mfa`"));
    }
}
