//! Evaluation: a walk over the compiled form.
//!
//! Values are borrowed from the scope and the tree wherever they can be: the users of a tenant are evaluated by
//! several threads, and counting references to one shared list in all of them would cost more than the comparison.

use std::{borrow::Cow, cell::Cell, path::Path};

use super::{
    EvalError, Scope, Type, Value, call, convert,
    ir::{For, Kind, Node, Part, Root},
    ops, traverse,
    types::unify,
    value::Map,
};
use crate::tenant::Text;

/// How often `for` bodies may run in one evaluation, so that nested loops over long lists end with a sentence.
const MAX_STEPS: u32 = if cfg!(test) { 200_000 } else { 20_000_000 };

/// How long a text one evaluation may build, in bytes.
pub(super) const MAX_TEXT: usize = 64 << 20;

pub(super) type Outcome<'e> = Result<Cow<'e, Value>, EvalError>;

/// What `null` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// A value like others; most operations refuse it. Terraform's meaning.
    Values,
    /// A fact the tenant could not give: whatever is computed from it is unknown too.
    Unknown,
}

/// One evaluation.
pub(super) struct Cx<'s> {
    pub(super) scope: &'s Scope<'s>,
    pub(super) unknown: bool,
    /// Inside `try` or `can`, where nobody reads which values were involved.
    pub(super) quiet: Cell<u32>,
    /// Inside `can`, where nobody reads anything: `can(regex(…))` over all users mostly ends in an error.
    pub(super) silent: Cell<u32>,
    steps: Cell<u32>,
}

/// The variables of a `for`, innermost first.
pub(super) struct Frame<'e> {
    parent: Option<&'e Frame<'e>>,
    key: &'e Value,
    value: &'e Value,
    /// Is the collection sensitive? Then so are its elements.
    sensitive: bool,
}

pub(super) type Frames<'e> = Option<&'e Frame<'e>>;

impl<'s> Cx<'s> {
    pub(super) fn new(scope: &'s Scope<'s>, nulls: Nulls) -> Self {
        Self { scope, unknown: nulls == Nulls::Unknown, quiet: Cell::new(0), silent: Cell::new(0), steps: Cell::new(0) }
    }

    fn step(&self, node: &Node) -> Result<(), EvalError> {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if steps <= MAX_STEPS {
            return Ok(());
        }
        let detail = format!("The loops of this expression run more than {MAX_STEPS} times.");
        Err(EvalError::new(node.span, "Expression too expensive", detail))
    }

    /// A text that is made only where somebody reads it.
    pub(super) fn text(&self, make: impl FnOnce() -> String) -> String {
        if self.silent.get() > 0 { String::new() } else { make() }
    }

    /// An error at a node, with the values of the references in it.
    pub(super) fn fail(&self, node: &Node, frames: Frames<'_>, summary: &str, detail: impl Into<String>) -> EvalError {
        if self.silent.get() > 0 {
            return EvalError::new(node.span, String::new(), String::new());
        }
        let error = EvalError::new(node.span, summary, detail);
        if self.quiet.get() > 0 { error } else { error.with_involved(super::involved::of(node, self, frames)) }
    }
}

/// What stands in the place of a value that must not be shown.
pub(super) const HIDDEN: &str = "(sensitive value)";

pub(super) static NULL: Value = Value::Null;

/// How many values a value may have in it, those that are shared counted each time they occur, and how deep they may
/// stand in each other. Whoever walks a value then ends: 2,000,000 is the rows of a large tenant with a few columns.
const MAX_SIZE: u64 = 2_000_000;
const MAX_DEPTH: u32 = 250;

/// The value of a node.
pub(super) fn eval<'e>(node: &'e Node, cx: &'e Cx<'e>, frames: Frames<'e>) -> Outcome<'e> {
    let value = unbounded(node, cx, frames)?;
    // What was there before is somebody else's to bound, such as all users in the console.
    let made = !matches!(node.kind, Kind::Root(_) | Kind::Loop { .. });
    if let Cow::Owned(value) = &value
        && made
    {
        if value.size() > MAX_SIZE {
            return Err(too_large(node));
        }
        if value.depth() > MAX_DEPTH {
            let detail = format!("Lists and maps stand in each other more than {MAX_DEPTH} deep here.");
            return Err(EvalError::new(node.span, "Value too deep", detail));
        }
    }
    Ok(value)
}

fn too_large(node: &Node) -> EvalError {
    let detail = format!(
        "This value has more than {MAX_SIZE} elements, counting what stands in it several times as often as it does."
    );
    EvalError::new(node.span, "Value too large", detail)
}

fn unbounded<'e>(node: &'e Node, cx: &'e Cx<'e>, frames: Frames<'e>) -> Outcome<'e> {
    match &node.kind {
        Kind::Const(value) => Ok(Cow::Borrowed(value)),
        Kind::Root(root) => self::root(node, root, cx, frames),
        Kind::Loop { up, key, .. } => Ok(variable(frames, *up, *key)),
        Kind::Path(source, steps) => traverse::path(node, source, steps, cx, frames),
        Kind::Tuple(elements) => {
            let elements = elements.iter().map(|one| eval(one, cx, frames).map(Cow::into_owned));
            Ok(Cow::Owned(Value::Tuple(elements.collect::<Result<Vec<_>, _>>()?.into())))
        }
        Kind::Object(entries) => object(entries, cx, frames),
        Kind::Not(inner) => ops::not(node, inner, cx, frames),
        Kind::Negate(inner) => ops::negate(node, inner, cx, frames),
        Kind::Binary(op, pair) => ops::binary(node, *op, pair, cx, frames),
        Kind::And(pair) => ops::logic(node, pair, false, cx, frames),
        Kind::Or(pair) => ops::logic(node, pair, true, cx, frames),
        Kind::Conditional(parts) => conditional(node, parts, cx, frames),
        Kind::Template(parts) => template(parts, cx, frames),
        Kind::For(parts) => for_expr(parts, cx, frames),
        Kind::Call(inner) => call::call(node, inner, cx, frames),
        Kind::ExtraCall(name, args) => call::extra(node, name, args, cx, frames),
        Kind::Try(alternatives) => call::try_in_turn(node, alternatives, cx, frames),
        Kind::Can(inner) => {
            cx.quiet.set(cx.quiet.get() + 1);
            cx.silent.set(cx.silent.get() + 1);
            let worked = eval(inner, cx, frames).is_ok();
            cx.silent.set(cx.silent.get() - 1);
            cx.quiet.set(cx.quiet.get() - 1);
            Ok(Cow::Owned(Value::Bool(worked)))
        }
    }
}

/// Evaluates a node of constants; an error stays for later, when it has a reader.
pub(super) fn fold(node: Node) -> Node {
    let nothing = Value::Null;
    let scope = Scope::new(&nothing, &nothing, Path::new(""), jiff::Timestamp::UNIX_EPOCH);
    let cx = Cx::new(&scope, Nulls::Values);
    cx.quiet.set(1);
    let value = match eval(&node, &cx, None) {
        Ok(value) => value.into_owned(),
        Err(_) => return node,
    };
    Node { span: node.span, kind: Kind::Const(value) }
}

fn variable<'e>(frames: Frames<'e>, up: usize, key: bool) -> Cow<'e, Value> {
    let mut frame = frames;
    for _ in 0..up {
        frame = frame.and_then(|frame| frame.parent);
    }
    match frame {
        Some(frame) => {
            let value = if key { frame.key } else { frame.value };
            if frame.sensitive { Cow::Owned(value.clone().mark_sensitive()) } else { Cow::Borrowed(value) }
        }
        None => Cow::Borrowed(&NULL),
    }
}

fn root<'e>(node: &'e Node, root: &'e Root, cx: &'e Cx<'e>, frames: Frames<'e>) -> Outcome<'e> {
    let scope = cx.scope;
    let found = match root {
        Root::Var(name) => scope.var.get(name),
        Root::Local(name) => scope.local.get(name),
        Root::Module(name) => scope.modules.get(name),
        Root::EachKey => scope.each.map(|(key, _)| key),
        Root::EachValue => scope.each.map(|(_, value)| value),
        Root::Change => scope.change,
        Root::Wave => scope.wave,
        Root::Plan => scope.plan,
        Root::Tenant => scope.tenant,
        Root::User(field) => return Ok(Cow::Owned(scope.user.map_or(Value::Null, |user| user.get(*field)))),
        Root::PathModule => {
            return Ok(Cow::Owned(Value::string(scope.module_dir)));
        }
        Root::PathTop => return Ok(Cow::Owned(Value::string("."))),
        Root::PathCwd => {
            let path = std::path::absolute(scope.base_dir).unwrap_or_else(|_| scope.base_dir.to_path_buf());
            return Ok(Cow::Owned(Value::string(path.to_string_lossy())));
        }
        Root::Extra(name) => {
            if let Some(value) = scope.extra.and_then(|extra| extra.value(name)) {
                return Ok(Cow::Owned(value));
            }
            None
        }
    };
    match found {
        Some(value) => Ok(Cow::Borrowed(value)),
        None => {
            let detail = format!("`{}` has no value here.", root.source());
            Err(cx.fail(node, frames, "Reference without a value", detail))
        }
    }
}

fn object<'e>(entries: &'e [(Node, Node)], cx: &'e Cx<'e>, frames: Frames<'e>) -> Outcome<'e> {
    let mut map = Map::new();
    // Keys have no marks of their own: with a secret one all of the object is secret.
    let mut sensitive = false;
    for (key, value) in entries {
        let (name, marked) = object_key(key, cx, frames)?;
        sensitive |= marked;
        map.insert(name, eval(value, cx, frames)?.into_owned());
    }
    let object = Value::Object(map.into());
    Ok(Cow::Owned(if sensitive { object.mark_sensitive() } else { object }))
}

/// A key, and whether it is sensitive.
fn object_key<'e>(node: &'e Node, cx: &'e Cx<'e>, frames: Frames<'e>) -> Result<(Text, bool), EvalError> {
    let key = eval(node, cx, frames)?;
    if key.is_null() {
        return Err(cx.fail(node, frames, "Null value as key", "Cannot use a null value as a key."));
    }
    convert::to_text(&key).map(|text| (text, key.is_sensitive())).map_err(|_| {
        let detail = format!("Cannot use this value as a key: string required, but it is {}.", key.type_name());
        cx.fail(node, frames, "Incorrect key type", detail)
    })
}

fn conditional<'e>(
    node: &'e Node,
    (condition, yes, no): &'e (Node, Node, Node),
    cx: &'e Cx<'e>,
    frames: Frames<'e>,
) -> Outcome<'e> {
    let test = eval(condition, cx, frames)?;
    if test.is_null() {
        if cx.unknown {
            return Ok(Cow::Borrowed(&NULL));
        }
        let detail = "The condition value is null. Conditions must either be true or false.";
        return Err(cx.fail(condition, frames, "Null condition", detail));
    }
    let Ok(taken) = convert::to_bool(&test) else {
        let detail = format!("The condition expression must be of type bool, but it is {}.", test.type_name());
        return Err(cx.fail(condition, frames, "Incorrect condition type", detail));
    };
    let sensitive = test.is_sensitive();
    let (chosen, other) = if taken { (yes, no) } else { (no, yes) };
    let value = eval(chosen, cx, frames)?;
    let value = consistent(node, value, other, taken, cx, frames)?;
    Ok(if sensitive { Cow::Owned(value.into_owned().mark_sensitive()) } else { value })
}

/// Both results of a conditional have one type: `true ? 1 : "a"` is `"1"`.
fn consistent<'e>(
    node: &'e Node,
    value: Cow<'e, Value>,
    other: &'e Node,
    taken: bool,
    cx: &'e Cx<'e>,
    frames: Frames<'e>,
) -> Outcome<'e> {
    let ours = match value.unmarked() {
        Value::Null => return Ok(value),
        Value::Bool(_) => Type::Bool,
        Value::Number(_) => Type::Number,
        Value::String(_) => Type::String,
        _ => Type::Any,
    };
    let theirs = match &other.kind {
        Kind::Const(Value::Null) => return Ok(value),
        Kind::Template(_) => Type::String,
        Kind::Not(_) | Kind::And(_) | Kind::Or(_) | Kind::Can(_) => Type::Bool,
        Kind::Binary(op, _) => {
            if op.is_comparison() {
                Type::Bool
            } else {
                Type::Number
            }
        }
        // An error in the branch that is not taken does not matter.
        _ => {
            cx.quiet.set(cx.quiet.get() + 1);
            let other = eval(other, cx, frames);
            cx.quiet.set(cx.quiet.get() - 1);
            match other {
                Ok(other) => Type::of(&other),
                Err(_) => return Ok(value),
            }
        }
    };
    if ours == theirs || theirs == Type::Any {
        return Ok(value);
    }
    let ours = if ours == Type::Any { Type::of(&value) } else { ours };
    match unify(&ours, &theirs) {
        Some(ty) if ty == ours => Ok(value),
        Some(ty) => match super::convert(&value, &ty) {
            Ok(value) => Ok(Cow::Owned(value)),
            Err(message) => {
                let detail = format!(
                    "The true and false result expressions must have consistent types. This result cannot be made \
                     {}: {message}.",
                    ty.friendly()
                );
                Err(cx.fail(node, frames, "Inconsistent conditional result types", detail))
            }
        },
        None => {
            let (yes, no) = if taken { (&ours, &theirs) } else { (&theirs, &ours) };
            let detail = format!(
                "The true and false result expressions must have consistent types. The 'true' value is {}, but the \
                 'false' value is {}.",
                yes.friendly(),
                no.friendly()
            );
            Err(cx.fail(node, frames, "Inconsistent conditional result types", detail))
        }
    }
}

/// Runs `body` for each element of a collection: with its index or key, and its value. False if it is null.
fn iterate<'e>(
    node: &Node,
    collection: &Value,
    cx: &'e Cx<'e>,
    frames: Frames<'_>,
    body: &mut dyn FnMut(&Frame<'_>) -> Result<bool, EvalError>,
) -> Result<(), EvalError> {
    let sensitive = collection.is_sensitive();
    match collection.unmarked() {
        Value::Set(elements) => {
            for value in elements.iter() {
                cx.step(node)?;
                if !body(&Frame { parent: frames, key: value, value, sensitive })? {
                    break;
                }
            }
        }
        Value::List(elements) | Value::Tuple(elements) => {
            for (at, value) in elements.iter().enumerate() {
                cx.step(node)?;
                if !body(&Frame { parent: frames, key: &Value::from(at), value, sensitive })? {
                    break;
                }
            }
        }
        Value::Object(map) | Value::Map(map) => {
            for (key, value) in map.iter() {
                cx.step(node)?;
                if !body(&Frame { parent: frames, key: &Value::String(key.clone()), value, sensitive })? {
                    break;
                }
            }
        }
        Value::Null => {
            let detail = "A null value cannot be used as the collection in a 'for' expression.";
            return Err(cx.fail(node, frames, "Iteration over null value", detail));
        }
        other => {
            let detail = format!(
                "A value of type {} cannot be used as the collection in a 'for' expression.",
                other.type_name()
            );
            return Err(cx.fail(node, frames, "Iteration over non-iterable value", detail));
        }
    }
    Ok(())
}

/// What a loop collects.
#[derive(Default)]
struct Collected {
    elements: Vec<Value>,
    entries: Map,
    groups: std::collections::BTreeMap<Text, Vec<Value>>,
    unknown: bool,
    sensitive: bool,
    size: u64,
}

impl Collected {
    /// Counts one more before it is kept, so that a loop ends when its result is too large and not after.
    fn count(&mut self, value: &Value, node: &Node) -> Result<(), EvalError> {
        self.size = self.size.saturating_add(value.size());
        if self.size > MAX_SIZE { Err(too_large(node)) } else { Ok(()) }
    }
}

fn for_expr<'e>(parts: &'e For, cx: &'e Cx<'e>, frames: Frames<'e>) -> Outcome<'e> {
    let collection = eval(&parts.collection, cx, frames)?;
    if cx.unknown && collection.is_null() {
        return Ok(Cow::Borrowed(&NULL));
    }
    let mut out = Collected { sensitive: collection.is_sensitive(), ..Collected::default() };
    iterate(&parts.collection, &collection, cx, frames, &mut |frame| one_round(parts, cx, frame, &mut out))?;
    let value = if out.unknown {
        Value::Null
    } else if parts.key.is_none() {
        Value::Tuple(out.elements.into())
    } else if parts.grouping {
        Value::object(out.groups.into_iter().map(|(key, elements)| (key, Value::tuple(elements))))
    } else {
        Value::Object(out.entries.into())
    };
    Ok(Cow::Owned(if out.sensitive { value.mark_sensitive() } else { value }))
}

fn one_round(parts: &For, cx: &Cx<'_>, frame: &Frame<'_>, out: &mut Collected) -> Result<bool, EvalError> {
    let frames = Some(frame);
    if let Some(condition) = &parts.condition {
        let test = eval(condition, cx, frames)?;
        if test.is_null() {
            if cx.unknown {
                out.unknown = true;
                return Ok(false);
            }
            let detail = "The value of the 'if' clause must not be null.";
            return Err(cx.fail(condition, frames, "Condition is null", detail));
        }
        out.sensitive |= test.is_sensitive();
        match convert::to_bool(&test) {
            Ok(true) => {}
            Ok(false) => return Ok(true),
            Err(_) => {
                let detail =
                    format!("The 'if' clause value is invalid: a bool is required, but it is {}.", test.type_name());
                return Err(cx.fail(condition, frames, "Invalid 'for' condition", detail));
            }
        }
    }
    let Some(key) = &parts.key else {
        let value = eval(&parts.value, cx, frames)?.into_owned();
        out.count(&value, &parts.value)?;
        out.elements.push(value);
        return Ok(true);
    };
    if cx.unknown && eval(key, cx, frames)?.is_null() {
        out.unknown = true;
        return Ok(false);
    }
    let (name, marked) = object_key(key, cx, frames)?;
    out.sensitive |= marked;
    let value = eval(&parts.value, cx, frames)?.into_owned();
    out.count(&value, &parts.value)?;
    if parts.grouping {
        out.groups.entry(name).or_default().push(value);
    } else if out.entries.contains_key(name.as_str()) {
        let shown = if out.sensitive { HIDDEN.to_owned() } else { format!("{:?}", name.as_str()) };
        let detail = format!(
            "Two different items produced the key {shown} in this 'for' expression. If duplicates are expected, use the \
             ellipsis (...) after the value expression to enable grouping by key."
        );
        return Err(cx.fail(key, frames, "Duplicate object key", detail));
    } else {
        out.entries.insert(name, value);
    }
    Ok(true)
}

fn template<'e>(parts: &'e [Part], cx: &'e Cx<'e>, frames: Frames<'e>) -> Outcome<'e> {
    let mut text = Written::default();
    write_parts(parts, cx, frames, &mut text)?;
    let value = match text.unknown {
        true => Value::Null,
        false => Value::string(text.text),
    };
    Ok(Cow::Owned(if text.sensitive { value.mark_sensitive() } else { value }))
}

#[derive(Default)]
struct Written {
    text: String,
    sensitive: bool,
    unknown: bool,
}

fn write_parts(parts: &[Part], cx: &Cx<'_>, frames: Frames<'_>, out: &mut Written) -> Result<(), EvalError> {
    for part in parts {
        match part {
            Part::Literal(text) => out.text.push_str(text),
            Part::Value(node) => write_value(node, cx, frames, out)?,
            Part::If(parts) => {
                let (condition, yes, no) = &**parts;
                let test = eval(condition, cx, frames)?;
                if test.is_null() && cx.unknown {
                    out.unknown = true;
                    continue;
                }
                let Ok(taken) = convert::to_bool(&test) else {
                    let detail = format!("A condition must be true or false, but this is {}.", test.type_name());
                    return Err(cx.fail(condition, frames, "Incorrect condition type", detail));
                };
                out.sensitive |= test.is_sensitive();
                write_parts(if taken { yes } else { no }, cx, frames, out)?;
            }
            Part::For(parts) => {
                let (collection, body) = &**parts;
                let value = eval(collection, cx, frames)?;
                if value.is_null() && cx.unknown {
                    out.unknown = true;
                    continue;
                }
                out.sensitive |= value.is_sensitive();
                iterate(collection, &value, cx, frames, &mut |frame| {
                    write_parts(body, cx, Some(frame), out).map(|()| true)
                })?;
            }
        }
    }
    Ok(())
}

fn write_value(node: &Node, cx: &Cx<'_>, frames: Frames<'_>, out: &mut Written) -> Result<(), EvalError> {
    use std::fmt::Write;
    let value = eval(node, cx, frames)?;
    out.sensitive |= value.is_sensitive();
    match value.unmarked() {
        Value::String(text) => out.text.push_str(text),
        Value::Number(number) => drop(write!(out.text, "{number}")),
        Value::Bool(bool) => drop(write!(out.text, "{bool}")),
        Value::Null if cx.unknown => out.unknown = true,
        Value::Null => {
            let detail = "The expression result is null. Cannot include a null value in a string template.";
            return Err(cx.fail(node, frames, "Invalid template interpolation value", detail));
        }
        other => {
            let detail = format!(
                "Cannot include the given value in a string template: string required, but it is {}.",
                other.type_name()
            );
            return Err(cx.fail(node, frames, "Invalid template interpolation value", detail));
        }
    }
    if out.text.len() > MAX_TEXT {
        let detail = format!("A string may have at most {MAX_TEXT} bytes.");
        return Err(EvalError::new(node.span, "String too long", detail));
    }
    Ok(())
}

/// The variables of the loops around, for messages: name to value.
pub(super) fn loop_value<'e>(frames: Frames<'e>, up: usize, key: bool) -> Cow<'e, Value> {
    variable(frames, up, key)
}
