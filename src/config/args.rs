//! Arguments: compiled once per block, read once per instance of the block (`for_each` makes several).

use std::path::{Path, PathBuf};

use hcl_edit::{Span as _, expr::Expression};
use jiff::Timestamp;

use super::{
    Named,
    date::When,
    raw::{RawAttribute, RawBlock},
    schema::{Kind, Over},
};
use crate::{
    diag::{Diagnostic, Diagnostics, Span},
    eval::{CompileContext, Expr, FileReads, Scope, Type, Value, convert},
    tenant::Text,
};

/// What expressions of a directory see while it is loaded.
#[derive(Debug)]
pub(crate) struct Env<'a> {
    pub(crate) names: CompileContext,
    pub(crate) var: &'a Value,
    pub(crate) local: &'a Value,
    pub(crate) dir: &'a Path,
    pub(crate) instant: Timestamp,
    pub(crate) reads: &'a FileReads,
}

/// `each.key` and `each.value`.
pub(crate) type Each = (Value, Value);

impl<'a> Env<'a> {
    /// A path of the configuration: relative to its directory, and shown as it was written where that is the current one.
    pub(crate) fn path(&self, text: &str) -> PathBuf {
        if self.dir == Path::new(".") { PathBuf::from(text) } else { self.dir.join(text) }
    }

    pub(crate) fn scope(&'a self, each: Option<&'a Each>) -> Scope<'a> {
        let mut scope = Scope::new(self.var, self.local, self.dir, self.instant).noting(self.reads);
        scope.each = each.map(|(key, value)| (key, value));
        scope
    }
}

/// A block whose expressions are compiled.
#[derive(Debug)]
pub(crate) struct Block<'r> {
    pub(crate) raw: &'r RawBlock<'r>,
    args: Vec<Arg>,
    pub(crate) blocks: Vec<Block<'r>>,
}

#[derive(Debug)]
struct Arg {
    name: &'static str,
    key: Span,
    span: Span,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// A value.
    Value(Expr),
    /// A list written out, each element with its place.
    Items(Vec<Item>),
    /// An expression that later stages evaluate.
    Kept(Expr),
    /// It did not compile, and that has been reported.
    Broken,
}

#[derive(Debug)]
enum Item {
    Literal(Named),
    Computed(Expr, Span),
}

/// Compiles all arguments of a block and of the blocks in it. With `each`, `each.key` and `each.value` exist.
pub(crate) fn compile<'r>(raw: &'r RawBlock<'r>, env: &Env<'_>, each: bool, diags: &mut Diagnostics) -> Block<'r> {
    let plain = if each { env.names.clone().with_each() } else { env.names.clone() };
    let mut args = Vec::with_capacity(raw.attributes.len());
    for attribute in &raw.attributes {
        let Some(schema) = raw.schema.attribute(attribute.name) else { continue };
        let form = match schema.kind {
            Kind::Expression(over) => {
                let names = plain.clone();
                let names = match over {
                    Over::Variables => names,
                    Over::User => names.with_user(),
                    Over::Change => names.with_user().with_change(),
                    Over::Plan => names.with_plan(),
                    Over::PlanAndTenant => names.with_plan().with_tenant(),
                };
                Expr::compile(attribute.value, attribute.span.file, &names, diags).map_or(Form::Broken, Form::Kept)
            }
            Kind::Texts => items(attribute, &plain, diags),
            // `for_each` itself cannot mention `each`.
            Kind::Any => {
                Expr::compile(attribute.value, attribute.span.file, &env.names, diags).map_or(Form::Broken, Form::Value)
            }
            _ => Expr::compile(attribute.value, attribute.span.file, &plain, diags).map_or(Form::Broken, Form::Value),
        };
        args.push(Arg { name: schema.name, key: attribute.key, span: attribute.span, form });
    }
    let blocks = raw.blocks.iter().map(|inner| compile(inner, env, each, diags)).collect();
    Block { raw, args, blocks }
}

/// A list of strings. Written out, each element keeps its place, and literals (the usual case, and in long lists the
/// only one) need no evaluation.
fn items(attribute: &RawAttribute<'_>, names: &CompileContext, diags: &mut Diagnostics) -> Form {
    let file = attribute.span.file;
    let Expression::Array(array) = attribute.value else {
        return Expr::compile(attribute.value, file, names, diags).map_or(Form::Broken, Form::Value);
    };
    let mut items = Vec::with_capacity(array.len());
    for element in array.iter() {
        let span = Span::new(file, element.span().unwrap_or_else(|| attribute.span.range()));
        match element {
            Expression::String(text) => {
                // Normalised to NFC, as every string of the language is.
                let text = Value::normalised(text.as_str());
                items.extend(text.as_text().map(|text| Item::Literal(Named { text: text.clone(), span })));
            }
            _ => match Expr::compile(element, file, names, diags) {
                Some(expr) => items.push(Item::Computed(expr, span)),
                None => return Form::Broken,
            },
        }
    }
    Form::Items(items)
}

impl<'r> Block<'r> {
    /// The nested block with this name, if there is one.
    pub(crate) fn block(&self, name: &str) -> Option<&Block<'r>> {
        self.blocks.iter().find(|one| one.raw.schema.name == name)
    }

    /// Is this argument written at all?
    pub(crate) fn has(&self, name: &str) -> bool {
        self.args.iter().any(|arg| arg.name == name)
    }

    /// Is this argument written, and did it compile?
    pub(crate) fn compiled(&self, name: &str) -> bool {
        self.args.iter().any(|arg| arg.name == name && !matches!(arg.form, Form::Broken))
    }

    /// Where an argument's name stands, if it is written.
    pub(crate) fn key(&self, name: &str) -> Option<Span> {
        self.args.iter().find(|arg| arg.name == name).map(|arg| arg.key)
    }

    /// Reads it, for one instance.
    pub(crate) fn reader<'b>(&'b self, env: &'b Env<'b>, each: Option<&'b Each>) -> Reader<'b> {
        Reader { args: &self.args, env, each }
    }
}

/// Reads the arguments of one instance of a block. `None` means not set, set to `null`, or wrong and reported.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'b> {
    args: &'b [Arg],
    env: &'b Env<'b>,
    each: Option<&'b Each>,
}

impl<'b> Reader<'b> {
    fn arg(&self, name: &str) -> Option<&'b Arg> {
        self.args.iter().find(|arg| arg.name == name)
    }

    /// The value as it is.
    pub(crate) fn value(&self, name: &str, diags: &mut Diagnostics) -> Option<(Value, Span)> {
        let arg = self.arg(name)?;
        let value = match &arg.form {
            Form::Value(expr) => self.evaluate(expr, diags)?,
            _ => return None,
        };
        (!value.is_null()).then_some((value, arg.span))
    }

    fn evaluate(&self, expr: &Expr, diags: &mut Diagnostics) -> Option<Value> {
        match expr.eval(&self.env.scope(self.each)) {
            Ok(value) => Some(value),
            Err(error) => {
                diags.push(error.into());
                None
            }
        }
    }

    fn converted(&self, name: &str, ty: &Type, diags: &mut Diagnostics) -> Option<(Value, Span)> {
        let (value, span) = self.value(name, diags)?;
        match convert(&value, ty) {
            Ok(value) => Some((value.unmarked().clone(), span)),
            Err(message) => {
                diags.push(wrong_type(name, &message, span));
                None
            }
        }
    }

    /// A string.
    pub(crate) fn text(&self, name: &str, diags: &mut Diagnostics) -> Option<(Text, Span)> {
        let (value, span) = self.converted(name, &Type::String, diags)?;
        value.as_text().map(|text| (text.clone(), span))
    }

    /// A string that says something: blank is an error.
    pub(crate) fn words(&self, name: &str, diags: &mut Diagnostics) -> Option<Text> {
        let (text, span) = self.text(name, diags)?;
        if text.trim().is_empty() {
            diags.push(invalid(name, format!("`{name}` must not be empty."), span));
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub(crate) fn bool(&self, name: &str, diags: &mut Diagnostics) -> Option<bool> {
        self.converted(name, &Type::Bool, diags).and_then(|(value, _)| value.as_bool())
    }

    /// A number within bounds.
    pub(crate) fn number(&self, name: &str, from: f64, to: f64, diags: &mut Diagnostics) -> Option<(f64, Span)> {
        let (value, span) = self.converted(name, &Type::Number, diags)?;
        let number = value.as_number()?.to_f64();
        if number.is_finite() && from <= number && number <= to {
            return Some((number, span));
        }
        let bounds = match (from.is_finite(), to < f64::from(u32::MAX)) {
            (true, true) => format!(" from {from} to {to}"),
            (true, false) => format!(" of {from} or more"),
            _ => String::new(),
        };
        diags.push(invalid(name, format!("`{name}` must be a number{bounds}."), span));
        None
    }

    /// A whole number within bounds.
    pub(crate) fn count(&self, name: &str, from: u32, to: u32, diags: &mut Diagnostics) -> Option<(u32, Span)> {
        let (number, span) = self.number(name, f64::from(from), f64::from(to), diags)?;
        if number.fract() != 0.0 {
            diags.push(invalid(name, format!("`{name}` must be a whole number."), span));
            return None;
        }
        Some((number as u32, span))
    }

    /// A date or instant.
    pub(crate) fn when(&self, name: &str, diags: &mut Diagnostics) -> Option<(When, Text, Span)> {
        let (text, span) = self.text(name, diags)?;
        match When::parse(&text) {
            Some(when) if when.begins().is_some() && when.ends().is_some() => Some((when, text, span)),
            _ => {
                diags.push(
                    invalid(name, format!("`{name}` must be a date or an RFC 3339 instant."), span)
                        .hint("write `\"2026-12-31\"` or `\"2026-12-31T18:00:00Z\"`"),
                );
                None
            }
        }
    }

    /// One of the strings the schema allows.
    pub(crate) fn one_of(
        &self,
        name: &str,
        allowed: &[&'static str],
        diags: &mut Diagnostics,
    ) -> Option<(&'static str, Span)> {
        let sensitive =
            self.value(name, &mut Diagnostics::default()).is_some_and(|(value, _)| value.contains_sensitive());
        let (text, span) = self.text(name, diags)?;
        if let Some(value) = allowed.iter().find(|value| **value == text.as_str()) {
            return Some((value, span));
        }
        let list: Vec<String> = allowed.iter().map(|value| format!("`\"{value}\"`")).collect();
        let shown = if sensitive { "This".to_owned() } else { format!("`\"{text}\"`") };
        let detail = format!("{shown} is not a valid `{name}`; it must be {}.", one_of_list(&list));
        let diagnostic = invalid(name, detail, span);
        diags.push(if sensitive { diagnostic } else { diagnostic.suggest(&text, allowed.iter().copied()) });
        None
    }

    /// A list of strings, each with its place where the list is written out.
    pub(crate) fn texts(&self, name: &str, diags: &mut Diagnostics) -> Option<Vec<Named>> {
        let arg = self.arg(name)?;
        let mut found = Vec::new();
        match &arg.form {
            Form::Items(items) => {
                found.reserve(items.len());
                for item in items {
                    match item {
                        Item::Literal(named) => found.push(named.clone()),
                        Item::Computed(expr, span) => {
                            let value = self.evaluate(expr, diags)?;
                            found.push(text_element(name, &value, *span, diags)?);
                        }
                    }
                }
            }
            Form::Value(expr) => {
                let value = self.evaluate(expr, diags)?;
                if value.is_null() {
                    return None;
                }
                let Some(elements) = value.as_list() else {
                    let diagnostic = wrong_type(name, "a list of strings is required", arg.span);
                    diags.push(if value.as_str().is_some() {
                        diagnostic.hint(format!("write `{name} = [\"…\"]`, in brackets"))
                    } else {
                        diagnostic
                    });
                    return None;
                };
                for element in elements {
                    found.push(text_element(name, element, arg.span, diags)?);
                }
            }
            Form::Kept(_) | Form::Broken => return None,
        }
        if let Some(empty) = found.iter().find(|named| named.text.trim().is_empty()) {
            diags.push(invalid(name, format!("`{name}` contains an empty string."), empty.span));
            return None;
        }
        Some(found)
    }

    /// An expression to keep.
    pub(crate) fn kept(&self, name: &str) -> Option<Expr> {
        match &self.arg(name)?.form {
            Form::Kept(expr) => Some(expr.clone()),
            _ => None,
        }
    }
}

fn text_element(name: &str, value: &Value, span: Span, diags: &mut Diagnostics) -> Option<Named> {
    match convert(value, &Type::String) {
        Ok(value) if !value.is_null() => value.as_text().map(|text| Named { text: text.clone(), span }),
        Ok(_) => {
            diags.push(wrong_type(name, "an element is null", span));
            None
        }
        Err(_) => {
            let message = format!("each element must be a string, this is {}", article(&value.type_name()));
            let diagnostic = wrong_type(name, &message, span);
            diags.push(if value.as_list().is_some() {
                diagnostic.hint("join lists with `concat(a, b)`, or unpack nested ones with `flatten([…])`")
            } else {
                diagnostic
            });
            None
        }
    }
}

fn article(word: &str) -> String {
    let vowel = word.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {word}", if vowel { "an" } else { "a" })
}

/// `a, b or c`
pub(crate) fn one_of_list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} or {last}", start.join(", ")),
    }
}

pub(crate) fn wrong_type(name: &str, message: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "Incorrect value type",
        format!("Inappropriate value for argument `{name}`: {}.", message.trim_end_matches('.')),
    )
    .at(span, "")
}

pub(crate) fn invalid(name: &str, detail: impl Into<String>, span: Span) -> Diagnostic {
    Diagnostic::error(format!("Invalid value for `{name}`"), detail).at(span, "")
}
