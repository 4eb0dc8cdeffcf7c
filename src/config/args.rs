//! Arguments: compiled once per block, read once per instance of the block (`for_each` makes several).

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use hcl_edit::{Span as _, expr::Expression};
use jiff::Timestamp;

use super::{
    Named,
    date::When,
    raw::{RawAttribute, RawBlock},
    schema::{Kind, Over, SELECTORS},
};
use crate::{
    diag::{Diagnostic, Diagnostics, Span},
    eval::{CompileContext, Expr, FileReads, Home, References, Scope, Type, Value, convert},
    tenant::Text,
};

/// What every expression of a directory has around it while it is loaded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around<'a> {
    pub(crate) dir: &'a Path,
    /// What files may be read besides those reviewed with the directory.
    pub(crate) allow_files: &'a [PathBuf],
    pub(crate) instant: Timestamp,
    /// Where the files that are read are noted.
    pub(crate) reads: &'a FileReads,
}

impl<'a> Around<'a> {
    pub(crate) fn scope(self, var: &'a Value, local: &'a Value) -> Scope<'a> {
        let scope = Scope::new(var, local, self.dir, self.instant).noting(self.reads);
        Scope { allow_files: self.allow_files, ..scope }
    }

    /// The same, as names mean there.
    fn at(self, home: &'a Home) -> Scope<'a> {
        let Home { var, local, modules, dir } = home;
        Scope { modules, module_dir: dir, ..self.scope(var, local) }
    }
}

/// What expressions of a directory see while it is loaded.
#[derive(Debug)]
pub(crate) struct Env<'a> {
    pub(crate) names: CompileContext,
    /// What the names mean, here and wherever an expression of it is evaluated later.
    pub(crate) home: Arc<Home>,
    /// What addresses start with: nothing in the configuration itself, `module.msp.` in a module.
    pub(crate) prefix: Text,
    pub(crate) around: Around<'a>,
}

/// `each.key` and `each.value`.
pub(crate) type Each = (Value, Value);

impl<'a> Env<'a> {
    /// A path of the configuration: relative to its directory, and shown as it was written where that is the current one.
    pub(crate) fn path(&self, text: &str) -> PathBuf {
        if self.around.dir == Path::new(".") { PathBuf::from(text) } else { self.around.dir.join(text) }
    }

    pub(crate) fn scope(&'a self, each: Option<&'a Each>) -> Scope<'a> {
        let mut scope = self.around.at(&self.home);
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
    required: bool,
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
                    Over::User => names.with_user().with_tenant(),
                    Over::Change => names.with_user().with_change().with_tenant(),
                    Over::Notice => names.with_user().with_change().with_wave().with_tenant(),
                    Over::Plan => names.with_plan().with_tenant(),
                    Over::PlanAndTenant => names.with_plan().with_tenant(),
                };
                Expr::compile(attribute.value, attribute.span.file, &names, diags).map_or(Form::Broken, Form::Kept)
            }
            // Who is meant can depend on the tenant.
            Kind::Texts if SELECTORS.contains(&schema.name) => items(attribute, &plain.clone().with_tenant(), diags),
            Kind::Texts | Kind::AnyOf(_) => items(attribute, &plain, diags),
            // `for_each` itself cannot mention `each`.
            Kind::Any => {
                Expr::compile(attribute.value, attribute.span.file, &env.names, diags).map_or(Form::Broken, Form::Value)
            }
            _ => Expr::compile(attribute.value, attribute.span.file, &plain, diags).map_or(Form::Broken, Form::Value),
        };
        args.push(Arg { name: schema.name, required: schema.required, key: attribute.key, span: attribute.span, form });
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
                items.extend(
                    text.as_text().map(|text| Item::Literal(Named { text: text.clone(), span, sensitive: false })),
                );
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

    /// Where an argument's name stands, if it is written.
    pub(crate) fn key(&self, name: &str) -> Option<Span> {
        self.args.iter().find(|arg| arg.name == name).map(|arg| arg.key)
    }

    /// Reads it, for one instance.
    pub(crate) fn reader<'b>(&'b self, env: &'b Env<'b>, each: Option<&'b Each>) -> Reader<'b> {
        Reader { args: &self.args, env, each }
    }
}

/// What came of an argument, for one instance of its block. Four different things, which an `Option` would take for two:
/// a service account whose `owner` is `null` must not vanish as if nobody had written it.
#[derive(Clone, Debug)]
pub(crate) enum Given<T> {
    /// It is not written. Where it is required that has been reported.
    Absent,
    /// It is written and `null`, at this place. Only optional arguments are: of a required one that is an error.
    Null(Span),
    /// It is this.
    Value(T),
    /// It is wrong, or `null` though required, and that has been reported.
    Wrong,
}

impl<T> Given<T> {
    /// What it is, if it is anything: `null` counts as not set, and what is wrong has been reported.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null(_) | Self::Wrong => None,
        }
    }

    pub(crate) fn map<U>(self, make: impl FnOnce(T) -> U) -> Given<U> {
        match self {
            Self::Absent => Given::Absent,
            Self::Null(span) => Given::Null(span),
            Self::Value(value) => Given::Value(make(value)),
            Self::Wrong => Given::Wrong,
        }
    }

    /// The same of what is made of it; `None` says that it is wrong, which has been reported.
    fn check<U>(self, make: impl FnOnce(T) -> Option<U>) -> Given<U> {
        match self {
            Self::Absent => Given::Absent,
            Self::Null(span) => Given::Null(span),
            Self::Value(value) => make(value).map_or(Given::Wrong, Given::Value),
            Self::Wrong => Given::Wrong,
        }
    }
}

/// Reads the arguments of one instance of a block.
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

    /// The value as it is, marks included.
    pub(crate) fn value(&self, name: &str, diags: &mut Diagnostics) -> Given<(Value, Span)> {
        let Some(arg) = self.arg(name) else { return Given::Absent };
        let Form::Value(expr) = &arg.form else { return Given::Wrong };
        match self.evaluate(expr, diags) {
            Some(value) if value.is_null() => arg.null(diags),
            Some(value) => Given::Value((value, arg.span)),
            None => Given::Wrong,
        }
    }

    fn evaluate(&self, expr: &Expr, diags: &mut Diagnostics) -> Option<Value> {
        let scope = self.env.scope(self.each);
        // What has no value has been reported where it is declared.
        if !scope.has_values_of(expr.references()) {
            return None;
        }
        match expr.eval(&scope) {
            Ok(value) => Some(value),
            Err(error) => {
                diags.push(error.into());
                None
            }
        }
    }

    /// A value of this type that is not sensitive: what it says stands in plans, in their digest and in messages.
    fn converted(&self, name: &str, ty: &Type, diags: &mut Diagnostics) -> Given<(Value, Span)> {
        self.value(name, diags).check(|(value, span)| {
            if value.contains_sensitive() {
                diags.push(sensitive(name, span));
                return None;
            }
            match convert(&value, ty) {
                Ok(value) => Some((value, span)),
                Err(message) => {
                    diags.push(wrong_type(name, &message, span));
                    None
                }
            }
        })
    }

    /// A string.
    pub(crate) fn text(&self, name: &str, diags: &mut Diagnostics) -> Given<(Text, Span)> {
        let given = self.converted(name, &Type::String, diags);
        given.check(|(value, span)| value.as_text().map(|text| (text.clone(), span)))
    }

    /// A string that says something: blank is an error.
    pub(crate) fn words(&self, name: &str, diags: &mut Diagnostics) -> Given<Text> {
        self.text(name, diags).check(|(text, span)| says_something(name, text, span, diags))
    }

    /// A string that says something and that only people read: a sensitive one is told as such.
    pub(crate) fn prose(&self, name: &str, diags: &mut Diagnostics) -> Given<Text> {
        self.value(name, diags).check(|(value, span)| match convert(&value, &Type::String) {
            Ok(value) if value.contains_sensitive() => Some(HIDDEN.into()),
            Ok(value) => value.as_text().and_then(|text| says_something(name, text.clone(), span, diags)),
            Err(message) => {
                diags.push(wrong_type(name, &message, span));
                None
            }
        })
    }

    /// `true` or `false`.
    pub(crate) fn bool(&self, name: &str, diags: &mut Diagnostics) -> Given<bool> {
        self.flag(name, diags).map(|(value, _)| value)
    }

    /// `true` or `false`, and where.
    pub(crate) fn flag(&self, name: &str, diags: &mut Diagnostics) -> Given<(bool, Span)> {
        self.converted(name, &Type::Bool, diags).check(|(value, span)| Some((value.as_bool()?, span)))
    }

    /// A number within bounds.
    pub(crate) fn number(&self, name: &str, from: f64, to: f64, diags: &mut Diagnostics) -> Given<(f64, Span)> {
        self.converted(name, &Type::Number, diags).check(|(value, span)| {
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
        })
    }

    /// A whole number within bounds.
    pub(crate) fn count(&self, name: &str, from: u32, to: u32, diags: &mut Diagnostics) -> Given<(u32, Span)> {
        self.number(name, f64::from(from), f64::from(to), diags).check(|(number, span)| {
            if number.fract() != 0.0 {
                diags.push(invalid(name, format!("`{name}` must be a whole number."), span));
                return None;
            }
            Some((number as u32, span))
        })
    }

    /// A date or instant.
    pub(crate) fn when(&self, name: &str, diags: &mut Diagnostics) -> Given<(When, Text, Span)> {
        self.text(name, diags).check(|(text, span)| match When::parse(&text) {
            Some(when) if when.begins().is_some() && when.ends().is_some() => Some((when, text, span)),
            _ => {
                diags.push(
                    invalid(name, format!("`{name}` must be a date or an RFC 3339 instant."), span)
                        .hint("write `\"2026-12-31\"` or `\"2026-12-31T18:00:00Z\"`"),
                );
                None
            }
        })
    }

    /// One of the strings the schema allows.
    pub(crate) fn one_of(
        &self,
        name: &str,
        allowed: &[&'static str],
        diags: &mut Diagnostics,
    ) -> Given<(&'static str, Span)> {
        self.text(name, diags).check(|(text, span)| {
            if let Some(value) = allowed.iter().find(|value| **value == text.as_str()) {
                return Some((*value, span));
            }
            let list: Vec<String> = allowed.iter().map(|value| format!("`\"{value}\"`")).collect();
            let detail = format!("`\"{text}\"` is not a valid `{name}`; it must be {}.", one_of_list(&list));
            diags.push(invalid(name, detail, span).suggest(&text, allowed.iter().copied()));
            None
        })
    }

    /// A list of strings, each with its place where the list is written out.
    pub(crate) fn texts(&self, name: &str, diags: &mut Diagnostics) -> Given<Vec<Named>> {
        let Some(arg) = self.arg(name) else { return Given::Absent };
        let found = match &arg.form {
            Form::Items(items) => self.items(name, items, diags),
            Form::Value(expr) => match self.evaluate(expr, diags) {
                Some(value) if value.is_null() => return arg.null(diags),
                Some(value) => listed(name, &value, arg.span, diags),
                None => None,
            },
            Form::Kept(_) | Form::Broken => None,
        };
        let Some(found) = found else { return Given::Wrong };
        if let Some(empty) = found.iter().find(|named| named.text.trim().is_empty()) {
            diags.push(invalid(name, format!("`{name}` contains an empty string."), empty.span));
            return Given::Wrong;
        }
        Given::Value(found)
    }

    /// Names of a selector: those that are known, and those that mention the tenant.
    pub(crate) fn names(&self, name: &str, diags: &mut Diagnostics) -> Given<Names> {
        let Some(arg) = self.arg(name) else { return Given::Absent };
        let late = |expr: &Expr| expr.references().tenant;
        let home = |expr: &Expr| expr.clone().at_home(&self.env.home);
        match &arg.form {
            Form::Value(expr) if late(expr) => Given::Value(Names { known: Vec::new(), late: vec![home(expr)] }),
            Form::Items(items) if items.iter().any(|item| matches!(item, Item::Computed(expr, _) if late(expr))) => {
                let mut names = Names::default();
                for item in items {
                    match item {
                        Item::Computed(expr, _) if late(expr) => names.late.push(home(expr)),
                        item => match self.items(name, std::slice::from_ref(item), diags) {
                            Some(known) => names.known.extend(known),
                            None => return Given::Wrong,
                        },
                    }
                }
                Given::Value(names)
            }
            _ => self.texts(name, diags).map(|known| Names { known, late: Vec::new() }),
        }
    }

    fn items(&self, name: &str, items: &[Item], diags: &mut Diagnostics) -> Option<Vec<Named>> {
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Item::Literal(named) => found.push(named.clone()),
                Item::Computed(expr, span) => {
                    let value = self.evaluate(expr, diags)?;
                    found.push(text_element(name, &value, false, *span, diags)?);
                }
            }
        }
        Some(found)
    }

    /// An expression to keep. One whose value is known here already, and is `null`, says as much as any other `null`.
    pub(crate) fn kept(&self, name: &str, diags: &mut Diagnostics) -> Given<Expr> {
        let Some(arg) = self.arg(name) else { return Given::Absent };
        let Form::Kept(expr) = &arg.form else { return Given::Wrong };
        let References { user, change, wave, plan, tenant, .. } = expr.references();
        let scope = self.env.scope(self.each);
        if !(*user || *change || *wave || *plan || *tenant)
            && scope.has_values_of(expr.references())
            && expr.eval_facts(&scope).is_ok_and(|value| value.is_null())
        {
            return arg.null(diags);
        }
        Given::Value(expr.clone().at_home(&self.env.home))
    }
}

/// The names of a selector.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) known: Vec<Named>,
    /// Texts and lists of texts that mention the tenant.
    pub(crate) late: Vec<Expr>,
}

/// What an expression of late names came to.
///
/// # Errors
/// That it is no text and no list of texts.
pub(crate) fn late_names(name: &str, value: &Value, span: Span) -> Result<Vec<Named>, Vec<Diagnostic>> {
    let mut diags = Diagnostics::default();
    let found = match value.as_list() {
        Some(_) => listed(name, value, span, &mut diags),
        None => text_element(name, value, false, span, &mut diags).map(|one| vec![one]),
    };
    found.ok_or_else(|| diags.into_sorted())
}

impl Arg {
    /// What it means that this one is `null`.
    fn null<T>(&self, diags: &mut Diagnostics) -> Given<T> {
        if self.required {
            diags.push(required_null(self.name, self.span));
            return Given::Wrong;
        }
        Given::Null(self.span)
    }
}

/// A required argument that is `null`.
pub(crate) fn required_null(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("Missing required argument", format!("`{name}` is required and this is null.")).at(span, "null")
}

/// What stands in the place of a value that must not be shown.
pub(crate) const HIDDEN: &str = "(sensitive value)";

pub(crate) fn sensitive(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "Sensitive value",
        format!("`{name}` cannot be a sensitive value: what it says shows in plans and messages."),
    )
    .at(span, "sensitive")
    .hint("`nonsensitive(…)` takes the mark off a value that is not secret")
}

fn says_something(name: &str, text: Text, span: Span, diags: &mut Diagnostics) -> Option<Text> {
    if text.trim().is_empty() {
        diags.push(invalid(name, format!("`{name}` must not be empty."), span));
        return None;
    }
    Some(text)
}

/// The elements of a list that was computed.
fn listed(name: &str, value: &Value, span: Span, diags: &mut Diagnostics) -> Option<Vec<Named>> {
    let Some(elements) = value.as_list() else {
        let diagnostic = wrong_type(name, "a list of strings is required", span);
        diags.push(if value.as_str().is_some() {
            diagnostic.hint(format!("write `{name} = [\"…\"]`, in brackets"))
        } else {
            diagnostic
        });
        return None;
    };
    let sensitive = value.is_sensitive();
    elements.iter().map(|element| text_element(name, element, sensitive, span, diags)).collect()
}

fn text_element(name: &str, value: &Value, sensitive: bool, span: Span, diags: &mut Diagnostics) -> Option<Named> {
    match convert(value, &Type::String) {
        Ok(text) if !text.is_null() => {
            let sensitive = sensitive || text.is_sensitive();
            text.as_text().map(|text| Named { text: text.clone(), span, sensitive })
        }
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
