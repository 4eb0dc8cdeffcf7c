//! `variable`s: what is declared, which value each has, whether it may have that.

mod given;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{parse::expression, raw::RawBlock};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceMap, Span},
    eval::{CompileContext, Expr, Map, Scope, Type, Value, convert},
    tenant::Text,
};

use given::Given;
pub(crate) use given::{FOREIGN_PREFIX, Given as GivenValue, Inputs, Source, Values, foreign_files};

/// What the environment's names of variables start with.
pub(crate) const ENVIRONMENT_PREFIX: &str = "MFAPLAN_VAR_";

/// A value or a file of values from the command line. What stands later there wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// `--var NAME=VALUE`
    Value(String),
    /// `--var-file FILE`
    File(PathBuf),
}

/// A declared variable.
#[derive(Debug)]
struct Declared<'r, 'a> {
    raw: &'r RawBlock<'a>,
    ty: Option<Type>,
    default: Option<Value>,
    sensitive: bool,
    nullable: bool,
    /// The declaration itself is wrong, which has been reported.
    broken: bool,
}

/// All variables, as far as they have values.
pub(crate) struct Resolved<'r, 'a> {
    declared: Vec<Declared<'r, 'a>>,
    places: BTreeMap<Text, Option<Span>>,
    /// `var`: those that have a value.
    pub(crate) var: Value,
    /// Do all have one?
    pub(crate) complete: bool,
}

/// Works out the values of all variables.
pub(crate) fn resolve<'r, 'a>(
    blocks: &[&'r RawBlock<'a>],
    inputs: &Inputs<'_>,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Resolved<'r, 'a> {
    let declared: Vec<Declared<'_, '_>> = blocks.iter().map(|raw| declare(raw, diags)).collect();
    let names: Vec<Text> = declared.iter().map(|one| one.raw.name()).collect();
    let given = given::collect(inputs, &names, sources, diags);
    with_values(declared, given, None, sources, diags)
}

/// Works out the values of the variables of a module: from the inputs of its call, whose header is told where one is
/// missing.
pub(crate) fn called<'r, 'a>(
    blocks: &[&'r RawBlock<'a>],
    given: &Values,
    call: Span,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Resolved<'r, 'a> {
    let declared: Vec<Declared<'_, '_>> = blocks.iter().map(|raw| declare(raw, diags)).collect();
    with_values(declared, given.clone(), Some(call), sources, diags)
}

fn with_values<'r, 'a>(
    declared: Vec<Declared<'r, 'a>>,
    mut given: Values,
    call: Option<Span>,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Resolved<'r, 'a> {
    let mut map = Map::new();
    let mut places: BTreeMap<Text, Option<Span>> = BTreeMap::new();
    let mut complete = true;
    for one in &declared {
        let name = one.raw.name();
        let (value, place) = match value_of(one, given.remove(&name), call, sources, diags) {
            Some(found) => found,
            None => {
                complete = false;
                continue;
            }
        };
        let value = if one.sensitive { value.mark_sensitive() } else { value };
        places.insert(name.clone(), place);
        map.insert(name, value);
    }
    Resolved { declared, places, var: Value::Object(map.into()), complete }
}

impl Resolved<'_, '_> {
    /// Compiles the validations and, where values exist, judges them. They may mention locals and other variables.
    pub(crate) fn validate(&self, names: &CompileContext, scope: Scope<'_>, diags: &mut Diagnostics) {
        for one in &self.declared {
            validate(one, &scope, self.places.get(&one.raw.name()).copied().flatten(), names, diags);
        }
    }
}

/// An expression that refers to nothing.
fn constant(raw: &RawBlock<'_>, name: &str, diags: &mut Diagnostics) -> Option<(Value, Span)> {
    let attribute = raw.attribute(name)?;
    let expr = Expr::compile(attribute.value, attribute.span.file, &CompileContext::default(), diags)?;
    let nothing = Value::Null;
    match expr.eval(&Scope::new(&nothing, &nothing, Path::new(""), Timestamp::UNIX_EPOCH)) {
        Ok(value) => Some((value, attribute.span)),
        Err(error) => {
            diags.push(error.into());
            None
        }
    }
}

fn declare<'r, 'a>(raw: &'r RawBlock<'a>, diags: &mut Diagnostics) -> Declared<'r, 'a> {
    let bool = |name: &str, default: bool, diags: &mut Diagnostics| {
        let Some((value, span)) = constant(raw, name, diags) else { return (default, raw.attribute(name).is_some()) };
        match convert(&value, &Type::Bool).ok().and_then(|value| value.as_bool()) {
            Some(bool) => (bool, false),
            None => {
                diags.push(super::args::wrong_type(name, "a bool is required", span));
                (default, true)
            }
        }
    };
    let (sensitive, bad_sensitive) = bool("sensitive", false, diags);
    let (nullable, bad_nullable) = bool("nullable", true, diags);
    if let Some((value, span)) = constant(raw, "description", diags)
        && value.as_str().is_none()
    {
        diags.push(super::args::wrong_type("description", "a string is required", span));
    }
    let ty = raw.attribute("type").map(|attribute| Type::parse(attribute.value, attribute.span.file, diags));
    let mut broken = bad_sensitive || bad_nullable || matches!(ty, Some(None));
    let ty = ty.flatten();
    let mut default = None;
    if raw.attribute("default").is_some() {
        match constant(raw, "default", diags) {
            None => broken = true,
            Some((value, span)) => match convert(&value, ty.as_ref().unwrap_or(&Type::Any)) {
                Ok(value) if value.is_null() && !nullable => {
                    diags.push(
                        Diagnostic::error(
                            "Invalid default value",
                            format!("`var.{}` is not nullable, so `null` cannot be its default.", raw.name()),
                        )
                        .at(span, ""),
                    );
                    broken = true;
                }
                Ok(value) => default = Some(value),
                Err(message) => {
                    diags.push(
                        Diagnostic::error(
                            "Invalid default value",
                            format!("This default does not fit the type of `var.{}`: {message}.", raw.name()),
                        )
                        .at(span, ""),
                    );
                    broken = true;
                }
            },
        }
    }
    Declared { raw, ty, default, sensitive, nullable, broken }
}

/// The value of one variable and its place.
fn value_of(
    one: &Declared<'_, '_>,
    given: Option<Given>,
    call: Option<Span>,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Option<(Value, Option<Span>)> {
    if one.broken {
        return None;
    }
    let name = one.raw.name();
    let (value, place) = match given {
        None => (None, None),
        Some(Given::Wrong) => return None,
        Some(Given::Value(value, span)) => (Some(value), Some(span)),
        Some(Given::Text(origin, text)) => {
            let shown = format!("{origin} {name}")
                .replace(&format!("{ENVIRONMENT_PREFIX}{name} {name}"), &format!("{ENVIRONMENT_PREFIX}{name}"));
            // Of a sensitive value not even the source may show.
            let file = sources.add(shown, if one.sensitive { "(sensitive)" } else { text.as_str() });
            let span = Span::new(file, 0..if one.sensitive { 11 } else { text.len() });
            (Some(from_text(one, &text, span, diags)?), Some(span))
        }
    };
    let Some(value) = value.filter(|value| !value.is_null() || one.nullable) else {
        if let Some(default) = &one.default {
            return Some((default.clone(), None));
        }
        // What was misspelt in the declaration may be its `default`.
        if !one.raw.faulty {
            diags.push(match call {
                Some(call) => no_input(one.raw, place, call),
                None => no_value(one.raw),
            });
        }
        return None;
    };
    match convert(&value, one.ty.as_ref().unwrap_or(&Type::Any)) {
        Ok(value) => Some((value, place)),
        Err(message) => {
            // The message names types and positions, never values.
            let diagnostic = Diagnostic::error(
                "Invalid value for variable",
                format!("The value given does not fit the type of `var.{name}`: {message}."),
            );
            let diagnostic = match place.filter(|_| !one.sensitive) {
                Some(place) => diagnostic.at(place, "").and(one.raw.header, "declared here"),
                None => diagnostic.at(one.raw.header, "declared here"),
            };
            diags.push(diagnostic);
            None
        }
    }
}

/// Text is itself for strings and where no type is declared, as in Terraform; for other types it is an expression.
fn from_text(one: &Declared<'_, '_>, text: &str, span: Span, diags: &mut Diagnostics) -> Option<Value> {
    if matches!(one.ty, None | Some(Type::String)) {
        return Some(Value::normalised(text));
    }
    // Terraform reads a bool as the text it is, in which "1" says true.
    if one.ty == Some(Type::Bool)
        && let Ok(value) = convert(&Value::string(text.trim()), &Type::Bool)
    {
        return Some(value);
    }
    let mut problems = Diagnostics::default();
    let value = expression(text, span.file, &mut problems)
        .and_then(|expr| Expr::compile(&expr, span.file, &CompileContext::default(), &mut problems))
        .and_then(|expr| {
            let nothing = Value::Null;
            let value = expr.eval(&Scope::new(&nothing, &nothing, Path::new(""), Timestamp::UNIX_EPOCH));
            value.map_err(|error| problems.push(error.into())).ok()
        });
    if value.is_none() {
        let wanted = one.ty.as_ref().map(Type::friendly).unwrap_or_default();
        if one.sensitive {
            diags.push(
                Diagnostic::error(
                    "Invalid value for variable",
                    format!(
                        "The value given for `var.{}` is not an expression (a {wanted} is expected).",
                        one.raw.name()
                    ),
                )
                .at(one.raw.header, "declared here"),
            );
        } else {
            diags.extend(problems.into_sorted().into_iter().map(|problem| {
                problem.hint(format!(
                    "`var.{}` is a {wanted}, so its value is read as an expression; strings in it need quotes",
                    one.raw.name()
                ))
            }));
        }
    }
    value
}

fn no_value(raw: &RawBlock<'_>) -> Diagnostic {
    let name = raw.name();
    Diagnostic::error("No value for variable", format!("`var.{name}` has no default, and no value is given."))
        .at(raw.header, "declared here")
        .hint(format!(
            "give one with `--var {name}=…`, a line `{name} = …` in `mfaplan.mfavars.hcl`, in a `*.auto.mfavars.hcl` file or in a `--var-file`, or the environment variable `{ENVIRONMENT_PREFIX}{name}`; or set `default`"
        ))
}

/// An input that a call leaves out, or gives as `null` where there may be none.
fn no_input(raw: &RawBlock<'_>, place: Option<Span>, call: Span) -> Diagnostic {
    let name = raw.name();
    let (detail, at) = match place {
        Some(place) => (format!("`{name}` of the module is not nullable and has no default, and this is null."), place),
        None => (format!("The module needs `{name}`, and this call does not give it."), call),
    };
    let diagnostic = Diagnostic::error("Missing required argument", detail).at(at, "").and(raw.header, "declared here");
    let diagnostic = if at == call { diagnostic } else { diagnostic.and(call, "in this call") };
    diagnostic.hint(format!("add `{name} = …` to the `module` block, or a `default` to the variable"))
}

/// Judges the validations of one variable.
fn validate(
    one: &Declared<'_, '_>,
    scope: &Scope<'_>,
    place: Option<Span>,
    context: &CompileContext,
    diags: &mut Diagnostics,
) {
    for block in &one.raw.blocks {
        let compile = |name: &str, diags: &mut Diagnostics| {
            let attribute = block.attribute(name)?;
            Expr::compile(attribute.value, attribute.span.file, context, diags)
        };
        let (condition, message) = (compile("condition", diags), compile("error_message", diags));
        let (Some(condition), Some(message)) = (condition, message) else { continue };
        let null = |expr: &Expr| expr.as_constant().is_some_and(Value::is_null);
        for (name, expr) in [("condition", &condition), ("error_message", &message)] {
            if null(expr) {
                diags.push(super::args::required_null(name, expr.span()));
            }
        }
        if null(&condition) || null(&message) {
            continue;
        }
        // A variable without a value has been reported; what refers to it cannot be judged.
        let known = |expr: &Expr| scope.has_values_of(expr.references());
        if scope.var.get(&one.raw.name()).is_none() || !known(&condition) || !known(&message) {
            continue;
        }
        let held = match condition.eval(scope).map(|value| convert(&value, &Type::Bool).map(|value| value.as_bool())) {
            Ok(Ok(Some(held))) => held,
            Ok(Ok(None)) => {
                diags.push(super::args::required_null("condition", condition.span()));
                continue;
            }
            Ok(Err(_)) => {
                diags.push(super::args::wrong_type("condition", "it must be true or false", condition.span()));
                continue;
            }
            Err(error) => {
                diags.push(error.into());
                continue;
            }
        };
        if held {
            continue;
        }
        let text = match message.eval(scope) {
            Ok(value) if value.contains_sensitive() => {
                "The value does not meet the condition. (The message is not shown: it contains a sensitive value.)"
                    .to_owned()
            }
            Ok(value) => match convert(&value, &Type::String).ok().and_then(|value| value.as_text().cloned()) {
                Some(text) => text.to_string(),
                None => "The value does not meet the condition.".to_owned(),
            },
            Err(error) => {
                diags.push(error.into());
                continue;
            }
        };
        let involved = if one.sensitive { String::new() } else { condition.involved(scope).join(", ") };
        let diagnostic = Diagnostic::error("Invalid value for variable", text);
        let diagnostic = match place.filter(|_| !one.sensitive) {
            Some(place) => diagnostic.at(place, "").and(condition.span(), involved),
            None => diagnostic.at(one.raw.header, "").and(condition.span(), involved),
        };
        diags.push(diagnostic);
    }
}
