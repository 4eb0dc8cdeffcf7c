//! Where values of variables come from. Later sources win: the environment, `mfaplan.mfavars.hcl`, `mfaplan.mfavars.json`,
//! `*.auto.mfavars.hcl` and `*.auto.mfavars.json` by name, then `--var` and `--var-file` in the order of the command line.
//!
//! Terraform's own files and names count for nothing; that is said where they set what is declared here.

use std::{collections::HashMap, path::Path, sync::Arc};

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::ENVIRONMENT_PREFIX;
use crate::{
    config::{
        files::{self, Overlay},
        outline::outline,
        parse::parse,
        raw::span_of,
        scan::scan,
    },
    diag::{Diagnostic, Diagnostics, FileId, SourceMap, Span},
    eval::{self, CompileContext, Expr, Scope, Value},
    tenant::Text,
};

/// What Terraform's names in the environment start with.
pub(crate) const FOREIGN_PREFIX: &str = "TF_VAR_";

/// A value somebody gave.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    /// As text: from the environment or `--var`. The place is that of the text.
    Text(String, String),
    /// Evaluated, from a file.
    Value(Value, Span),
    /// Given, but wrong, which has been reported.
    Wrong,
}

/// Where values come from, besides the declarations.
pub(crate) struct Inputs<'a> {
    /// `MFAPLAN_VAR_<name>` and its value.
    pub(crate) environment: &'a [(String, String)],
    /// Files and arguments in the order in which they count.
    pub(crate) sources: Vec<Source<'a>>,
    /// Files of another tool that lie beside the configuration.
    pub(crate) foreign: Vec<FileId>,
}

/// A file or an argument.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'a> {
    /// A file of values, as an id in the source map.
    File(FileId),
    /// `name=value`
    Argument(&'a str),
}

/// What was given, by the variable's name.
pub(crate) type Values = HashMap<Text, Given>;

/// The values of all sources, the last one of each variable.
pub(super) fn collect(inputs: &Inputs<'_>, names: &[Text], sources: &mut SourceMap, diags: &mut Diagnostics) -> Values {
    let mut given = Values::new();
    for (variable, value) in inputs.environment {
        // Undeclared names are ignored: the environment is shared.
        if let Some(name) = variable.strip_prefix(ENVIRONMENT_PREFIX) {
            given.insert(name.into(), Given::Text(variable.clone(), value.clone()));
        }
    }
    for (variable, _) in inputs.environment {
        if let Some(name) = variable.strip_prefix(FOREIGN_PREFIX)
            && declared(name, names)
            && !given.contains_key(name)
        {
            let detail = format!("`{variable}` sets a variable of Terraform; `var.{name}` does not get its value.");
            let problem = Diagnostic::warning("Value of another tool", detail);
            diags.push(problem.hint(format!("mfaplan reads `{ENVIRONMENT_PREFIX}{name}`")));
        }
    }
    for file in &inputs.foreign {
        foreign(*file, sources, names, diags);
    }
    for source in &inputs.sources {
        match source {
            Source::File(file) if is_json(*file, sources) => from_json(*file, sources, names, &mut given, diags),
            Source::File(file) => from_hcl(*file, sources, names, &mut given, diags),
            Source::Argument(argument) => from_argument(argument, names, &mut given, diags),
        }
    }
    given
}

fn declared(name: &str, names: &[Text]) -> bool {
    names.iter().any(|one| one == name)
}

fn is_json(file: FileId, sources: &SourceMap) -> bool {
    Path::new(&*sources.file(file).name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

fn undeclared(name: &str, span: Span, names: &[Text]) -> Diagnostic {
    Diagnostic::warning("Value for undeclared variable", format!("No variable named `{name}` is declared."))
        .at(span, "")
        .suggest(name, names.iter().map(Text::as_str))
}

/// The values in a file in HCL: arguments with constant values.
fn from_hcl(file: FileId, sources: &SourceMap, names: &[Text], given: &mut Values, diags: &mut Diagnostics) {
    let text = Arc::clone(&sources.file(file).text);
    if text.trim_start().starts_with('{') {
        let problem =
            Diagnostic::error("JSON in a file of HCL", "A file of variable values in JSON is named `*.json`.");
        let at = text.len() - text.trim_start().len();
        diags.push(problem.at(Span::new(file, at..at + 1), "").hint("name it `….mfavars.json`"));
        return;
    }
    let parsed = parse(&text, file, diags);
    for block in parsed.body.blocks() {
        diags.push(
            Diagnostic::error("Unexpected block", "A file of variable values holds `name = value` lines only.")
                .at(span_of(&block.ident, file), "")
                .hint("variables are declared in `*.mfa.hcl` files"),
        );
    }
    for attribute in parsed.body.attributes() {
        let name = attribute.key.as_str();
        if !declared(name, names) {
            diags.push(undeclared(name, span_of(&attribute.key, file), names));
            continue;
        }
        let nothing = Value::Null;
        let value = Expr::compile(&attribute.value, file, &CompileContext::default(), diags)
            .map(|expr| expr.eval(&Scope::new(&nothing, &nothing, Path::new(""), Timestamp::UNIX_EPOCH)));
        let entry = match value {
            Some(Ok(value)) => Given::Value(value, span_of(&attribute.value, file)),
            Some(Err(error)) => {
                diags.push(error.into());
                Given::Wrong
            }
            None => Given::Wrong,
        };
        given.insert(name.into(), entry);
    }
    for item in parsed.broken {
        given.insert(item.name.into(), Given::Wrong);
    }
}

/// The values in a file in JSON: the members of one object. Strings are taken as they stand, as in Terraform.
fn from_json(file: FileId, sources: &SourceMap, names: &[Text], given: &mut Values, diags: &mut Diagnostics) {
    let text = Arc::clone(&sources.file(file).text);
    let members = match serde_json::from_str::<Members<'_>>(&text) {
        Ok(members) => members.0,
        Err(error) => {
            let line = sources.file(file).line_range(u32::try_from(error.line().max(1)).unwrap_or(u32::MAX));
            let at = (line.start + error.column().saturating_sub(1)).min(text.len());
            let at = text.floor_char_boundary(at);
            // Without the reader's own line and column: the place says that.
            let said = error.to_string();
            let said = said.split(" at line ").next().unwrap_or_default();
            let problem = Diagnostic::error("Invalid JSON", format!("This is not a JSON object of values: {said}."));
            diags.push(problem.at(Span::new(file, at..at), "").hint("write `{ \"name\": value }`"));
            // Which variables it would have set is not known, so none is missed.
            given.extend(names.iter().map(|name| (name.clone(), Given::Wrong)));
            return;
        }
    };
    let mut places: HashMap<&str, Span> = HashMap::new();
    for (name, value) in &members {
        // The value is a part of the text: its address says which.
        let at = (value.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let span = Span::new(file, at..at + value.get().len());
        if let Some(first) = places.insert(name, span) {
            let problem = Diagnostic::error("Argument set twice", format!("The variable `{name}` was already set."));
            diags.push(problem.at(span, "set again here").and(first, "first set here"));
            continue;
        }
        if !declared(name, names) {
            diags.push(undeclared(name, span, names));
            continue;
        }
        let entry = match eval::json_value(value) {
            Ok(value) => Given::Value(value, span),
            Err(error) => {
                diags.push(Diagnostic::error("Invalid JSON", format!("{error}.")).at(span, ""));
                Given::Wrong
            }
        };
        given.insert(name.as_str().into(), entry);
    }
}

/// The members of a JSON object in order, those written twice included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn from_argument(argument: &str, names: &[Text], given: &mut Values, diags: &mut Diagnostics) {
    let Some((name, value)) = argument.split_once('=') else {
        diags.push(
            Diagnostic::error("Invalid `--var`", "`--var` takes a name, `=` and a value.").hint("write `--var wave=2`"),
        );
        return;
    };
    let name = name.trim();
    if !declared(name, names) {
        let diagnostic = Diagnostic::error(
            "Value for undeclared variable",
            format!("`--var` sets `{name}`, but no variable of this name is declared."),
        );
        let suggested = diagnostic.suggest(name, names.iter().map(Text::as_str));
        diags.push(suggested.hint(format!("declare it with `variable \"{name}\" {{}}`")));
        return;
    }
    given.insert(name.into(), Given::Text("--var".into(), value.into()));
}

/// Reads the files in which Terraform looks for values and this program does not, where any lie here.
pub(crate) fn foreign_files(dir: &Path, overlay: &Overlay, sources: &mut SourceMap) -> Vec<FileId> {
    let own = [".auto.tfvars", ".auto.tfvars.json", "terraform.tfvars", "terraform.tfvars.json"];
    let found = own.iter().flat_map(|ending| overlay.list(dir, ending).unwrap_or_default());
    // One that cannot be read is not this program's business.
    let mut ignored = Diagnostics::default();
    found
        .filter_map(|path| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            files::read(&path, &name, overlay, sources, &mut ignored).map(|read| read.file)
        })
        .collect()
}

/// Says which variables of this configuration a file of Terraform sets to no effect.
fn foreign(file: FileId, sources: &SourceMap, names: &[Text], diags: &mut Diagnostics) {
    let source = sources.file(file);
    let set: Vec<String> = if is_json(file, sources) {
        let members = serde_json::from_str::<Members<'_>>(&source.text);
        members.map(|members| members.0.into_iter().map(|(name, _)| name).collect()).unwrap_or_default()
    } else {
        outline(&scan(&source.text, file), &source.text).items.into_iter().map(|item| item.name).collect()
    };
    let set: Vec<String> = set.iter().filter(|name| declared(name, names)).map(|name| format!("`{name}`")).collect();
    if set.is_empty() {
        return;
    }
    let detail = format!("`{}` sets {}, and counts for Terraform alone.", source.name, set.join(", "));
    let problem = Diagnostic::warning("Values of another tool", detail);
    diags.push(
        problem.hint("mfaplan reads `mfaplan.mfavars.hcl`, `*.auto.mfavars.hcl` and the files named by `--var-file`"),
    );
}
