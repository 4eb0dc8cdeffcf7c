//! Types: what values have, and what `variable { type = … }` asks for.

use std::collections::BTreeMap;

use hcl_edit::{
    Span as _,
    expr::{Expression, FuncCall, ObjectKey},
};

use super::Value;
use crate::{
    diag::{Diagnostic, Diagnostics, FileId, Span},
    tenant::Text,
};

/// A type or type constraint.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    /// `any`: whatever it is.
    Any,
    /// `bool`
    Bool,
    /// `number`
    Number,
    /// `string`
    String,
    /// `list(T)`
    List(Box<Type>),
    /// `set(T)`
    Set(Box<Type>),
    /// `map(T)`
    Map(Box<Type>),
    /// `tuple([T, …])`
    Tuple(Vec<Type>),
    /// `object({name = T, …})`
    Object(BTreeMap<Text, Field>),
}

/// An attribute of an object type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    /// Its type.
    pub ty: Type,
    /// May it be left out? Then this is the value it gets (`null` without a default).
    pub optional: Option<Value>,
}

impl Type {
    /// The type of a value. Of lists, sets and maps the elements have one type, so the first that is known decides.
    #[must_use]
    pub(crate) fn of(value: &Value) -> Self {
        let first = |mut types: &mut dyn Iterator<Item = Self>| {
            let mut found = Self::Any;
            for ty in &mut types {
                found = unify(&found, &ty).unwrap_or(Self::Any);
                if found.is_concrete() {
                    break;
                }
            }
            Box::new(found)
        };
        match value {
            Value::Null => Self::Any,
            Value::Bool(_) => Self::Bool,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::List(elements) => Self::List(first(&mut elements.iter().map(Self::of))),
            Value::Set(elements) => Self::Set(first(&mut elements.iter().map(Self::of))),
            Value::Map(map) => Self::Map(first(&mut map.values().map(Self::of))),
            Value::Tuple(elements) => Self::Tuple(elements.iter().map(Self::of).collect()),
            Value::Object(map) => Self::Object(
                map.iter().map(|(name, value)| (name.clone(), Field { ty: Self::of(value), optional: None })).collect(),
            ),
            Value::Sensitive(value) => Self::of(value),
        }
    }

    /// Has it no [`Type::Any`] in it?
    #[must_use]
    pub(crate) fn is_concrete(&self) -> bool {
        match self {
            Self::Any => false,
            Self::Bool | Self::Number | Self::String => true,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.is_concrete(),
            Self::Tuple(elements) => elements.iter().all(Self::is_concrete),
            Self::Object(fields) => fields.values().all(|field| field.ty.is_concrete()),
        }
    }

    /// The types of the elements of a list or tuple.
    fn element_types(&self) -> Option<&[Self]> {
        match self {
            Self::List(element) => Some(std::slice::from_ref(element)),
            Self::Tuple(elements) => Some(elements),
            _ => None,
        }
    }

    /// Does it leave anything open?
    pub(super) fn has_any(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Bool | Self::Number | Self::String => false,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.has_any(),
            Self::Tuple(elements) => elements.iter().any(Self::has_any),
            Self::Object(fields) => fields.values().any(|field| field.ty.has_any()),
        }
    }

    /// Is it a bool, number or string?
    #[must_use]
    pub(crate) fn is_primitive(&self) -> bool {
        matches!(self, Self::Bool | Self::Number | Self::String)
    }

    /// The type in words, as messages say it.
    #[must_use]
    pub(crate) fn friendly(&self) -> String {
        match self {
            Self::Any => "dynamic".into(),
            Self::Bool => "bool".into(),
            Self::Number => "number".into(),
            Self::String => "string".into(),
            Self::List(element) => format!("list of {}", element.friendly()),
            Self::Set(element) => format!("set of {}", element.friendly()),
            Self::Map(element) => format!("map of {}", element.friendly()),
            Self::Tuple(_) => "tuple".into(),
            Self::Object(_) => "object".into(),
        }
    }

    /// As `type(…)` in Terraform's console shows it.
    pub(crate) fn to_console(&self) -> String {
        let mut out = String::new();
        self.write_console(0, &mut out);
        out
    }

    fn write_console(&self, depth: usize, out: &mut String) {
        let mut lines = |open: &str, close: &str, members: &mut dyn Iterator<Item = (Option<&Text>, &Self)>| {
            out.push_str(open);
            let mut any = false;
            for (name, ty) in members {
                out.push_str(if any { "" } else { "\n" });
                any = true;
                out.push_str(&"    ".repeat(depth + 1));
                if let Some(name) = name {
                    out.push_str(name);
                    out.push_str(": ");
                }
                ty.write_console(depth + 1, out);
                out.push_str(",\n");
            }
            if any {
                out.push_str(&"    ".repeat(depth));
            }
            out.push_str(close);
        };
        let (name, element) = match self {
            Self::Tuple(elements) => return lines("tuple([", "])", &mut elements.iter().map(|ty| (None, ty))),
            Self::Object(fields) => {
                return lines("object({", "})", &mut fields.iter().map(|(name, field)| (Some(name), &field.ty)));
            }
            Self::List(element) => ("list", element),
            Self::Set(element) => ("set", element),
            Self::Map(element) => ("map", element),
            Self::Any | Self::Bool | Self::Number | Self::String => return out.push_str(&self.friendly()),
        };
        out.push_str(name);
        out.push('(');
        element.write_console(depth, out);
        out.push(')');
    }

    /// Reads a type constraint as written in `type = …`. Problems go to `diags`, with their places.
    pub(crate) fn parse(expr: &Expression, file: FileId, diags: &mut Diagnostics) -> Option<Self> {
        Parser { file, diags }.ty(expr)
    }
}

/// The type both can be converted to, if there is one.
#[must_use]
pub(crate) fn unify(a: &Type, b: &Type) -> Option<Type> {
    use Type::{Any, Bool, List, Map, Number, Object, Set, String, Tuple};
    let boxed = |a: &Type, b: &Type| unify(a, b).map(Box::new);
    Some(match (a, b) {
        (a, b) if a == b => a.clone(),
        (Any, other) | (other, Any) => other.clone(),
        (String, other) | (other, String) if other.is_primitive() => String,
        (Bool, Number) | (Number, Bool) => return None,
        (List(a), List(b)) => List(boxed(a, b)?),
        (Set(a), Set(b)) => Set(boxed(a, b)?),
        // The list decides, if it has elements at all: those of the set are converted, if they can be.
        (List(list), Set(set)) | (Set(set), List(list)) => match **list {
            Any => List(set.clone()),
            _ => unify(list, set).map(|_| List(list.clone()))?,
        },
        (Map(a), Map(b)) => Map(boxed(a, b)?),
        (Tuple(a), Tuple(b)) if a.len() == b.len() => {
            Tuple(a.iter().zip(b).map(|(a, b)| unify(a, b)).collect::<Option<_>>()?)
        }
        (Tuple(a), Tuple(b)) => List(Box::new(unify_all(a.iter().chain(b))?)),
        (List(element), Tuple(types)) | (Tuple(types), List(element)) => {
            List(Box::new(unify_all(types.iter().chain([&**element]))?))
        }
        // The same of a set, but for an empty one.
        (Set(element), Tuple(types)) | (Tuple(types), Set(element)) => match **element {
            Any => Set(Box::new(unify_all(types)?)),
            _ => types.iter().all(|ty| unify(element, ty).is_some()).then(|| Set(element.clone()))?,
        },
        (Object(a), Object(b)) if a.len() == b.len() && a.keys().eq(b.keys()) => Object(
            a.iter()
                .zip(b.values())
                .map(|((name, a), b)| Some((name.clone(), Field { ty: unify(&a.ty, &b.ty)?, optional: None })))
                .collect::<Option<_>>()?,
        ),
        (Object(a), Object(b)) => Map(Box::new(unify_all(a.values().chain(b.values()).map(|field| &field.ty))?)),
        (Map(element), Object(fields)) | (Object(fields), Map(element)) => {
            Map(Box::new(unify_all(fields.values().map(|field| &field.ty).chain([&**element]))?))
        }
        _ => return None,
    })
}

/// The type all can be converted to, if there is one: found over all at once, since pair by pair `true` and `1` have
/// none, though with a string beside them all three are strings.
pub(crate) fn unify_all<'a>(types: impl IntoIterator<Item = &'a Type>) -> Option<Type> {
    common(&mut types.into_iter())
}

/// The fields of an object type, where it is one, and the types of the values of an object or map.
type Keyed<'t> = (Option<&'t BTreeMap<Text, Field>>, Vec<&'t Type>);

/// One function for all iterators: it calls itself for the types of elements.
fn common(types: &mut dyn Iterator<Item = &Type>) -> Option<Type> {
    // Of a long list nearly all have the same type.
    let mut kinds: Vec<&Type> = Vec::new();
    for ty in types {
        if *ty != Type::Any && kinds.last() != Some(&ty) && !kinds.contains(&ty) {
            kinds.push(ty);
        }
    }
    match kinds[..] {
        [] => return Some(Type::Any),
        [only] => return Some(only.clone()),
        [a, b] => return unify(a, b),
        _ => {}
    }
    if kinds.iter().all(|ty| ty.is_primitive()) {
        return kinds.contains(&&Type::String).then_some(Type::String);
    }
    let elements: Option<Vec<&[Type]>> = kinds.iter().map(|ty| ty.element_types()).collect();
    if let Some(elements) = elements {
        let [first, rest @ ..] = &elements[..] else { return None };
        if kinds.iter().all(|ty| matches!(ty, Type::Tuple(_))) && rest.iter().all(|one| one.len() == first.len()) {
            let columns = (0..first.len()).map(|at| common(&mut elements.iter().filter_map(|row| row.get(at))));
            return columns.collect::<Option<_>>().map(Type::Tuple);
        }
        return common(&mut elements.into_iter().flatten()).map(|element| Type::List(Box::new(element)));
    }
    if kinds.iter().all(|ty| matches!(ty, Type::Set(_))) {
        let mut elements =
            kinds.iter().filter_map(|ty| if let Type::Set(element) = ty { Some(&**element) } else { None });
        return common(&mut elements).map(|element| Type::Set(Box::new(element)));
    }
    let keyed: Option<Vec<Keyed<'_>>> = kinds
        .iter()
        .map(|ty| match ty {
            Type::Map(element) => Some((None, vec![&**element])),
            Type::Object(fields) => Some((Some(fields), fields.values().map(|field| &field.ty).collect())),
            _ => None,
        })
        .collect();
    if let Some(keyed) = keyed {
        if let Some(Some(first)) = keyed.first().map(|(fields, _)| *fields)
            && keyed.iter().all(|(fields, _)| fields.is_some_and(|fields| fields.keys().eq(first.keys())))
        {
            let fields = first.keys().enumerate().map(|(at, name)| {
                let ty = common(&mut keyed.iter().filter_map(|(_, types)| types.get(at).copied()))?;
                Some((name.clone(), Field { ty, optional: None }))
            });
            return fields.collect::<Option<_>>().map(Type::Object);
        }
        return common(&mut keyed.into_iter().flat_map(|(_, types)| types)).map(|element| Type::Map(Box::new(element)));
    }
    let [first, rest @ ..] = &kinds[..] else { return None };
    rest.iter().try_fold((*first).clone(), |found, ty| unify(&found, ty))
}

struct Parser<'a> {
    file: FileId,
    diags: &'a mut Diagnostics,
}

impl Parser<'_> {
    fn refuse(&mut self, expr: &Expression, detail: impl Into<String>) -> Option<Type> {
        let problem = Diagnostic::error("Invalid type specification", detail);
        self.diags.push(match expr.span() {
            Some(span) => problem.at(Span::new(self.file, span), ""),
            None => problem,
        });
        None
    }

    fn ty(&mut self, expr: &Expression) -> Option<Type> {
        match expr {
            Expression::Parenthesis(inner) => self.ty(inner.inner()),
            Expression::Variable(name) => match name.as_str() {
                "any" => Some(Type::Any),
                "bool" => Some(Type::Bool),
                "number" => Some(Type::Number),
                "string" => Some(Type::String),
                "list" | "set" | "map" => {
                    let name = name.as_str();
                    let detail = format!("The {name} type constructor requires one argument specifying the element type: `{name}(string)`.");
                    self.refuse(expr, detail)
                }
                "object" => self.refuse(expr, "The object type constructor requires one argument specifying the attribute types: `object({ name = string })`."),
                "tuple" => self.refuse(expr, "The tuple type constructor requires one argument specifying the element types: `tuple([string, number])`."),
                other => self.unknown(expr, other),
            },
            // Terraform 0.11 wrote types as strings; people still do.
            Expression::String(text) if ["string", "number", "bool", "list", "map"].contains(&text.as_str()) => {
                let detail = format!("Write the type without quotes: `{}`.", text.as_str());
                self.refuse(expr, detail)
            }
            Expression::FuncCall(call) => self.call(expr, call),
            _ => self.refuse(expr, "A type is a keyword such as `string` or a constructor call such as `list(string)`."),
        }
    }

    fn unknown(&mut self, expr: &Expression, name: &str) -> Option<Type> {
        const NAMES: [&str; 9] = ["any", "bool", "number", "string", "list", "set", "map", "object", "tuple"];
        let detail = format!("`{name}` is not a type.");
        let problem = Diagnostic::error("Invalid type specification", detail).suggest(name, NAMES);
        self.diags.push(match expr.span() {
            Some(span) => problem.at(Span::new(self.file, span), ""),
            None => problem,
        });
        None
    }

    fn call(&mut self, expr: &Expression, call: &FuncCall) -> Option<Type> {
        let name = call.name.name.as_str();
        if name == "optional" {
            return self.refuse(expr, "`optional` is for attributes of an object type only.");
        }
        if !["list", "set", "map", "object", "tuple"].contains(&name) || call.name.is_namespaced() {
            return self.unknown(expr, name);
        }
        let (Some(argument), 1) = (call.args.get(0), call.args.len()) else {
            let detail = format!("The {name} type constructor requires exactly one argument.");
            return self.refuse(expr, detail);
        };
        match (name, argument) {
            ("list", element) => Some(Type::List(Box::new(self.ty(element)?))),
            ("set", element) => Some(Type::Set(Box::new(self.ty(element)?))),
            ("map", element) => Some(Type::Map(Box::new(self.ty(element)?))),
            ("tuple", Expression::Array(elements)) => {
                let types: Vec<_> = elements.iter().map(|element| self.ty(element)).collect();
                types.into_iter().collect::<Option<_>>().map(Type::Tuple)
            }
            ("tuple", _) => {
                self.refuse(argument, "The tuple type constructor takes a list of types: `tuple([string, number])`.")
            }
            (_, Expression::Object(object)) => {
                let mut fields = BTreeMap::new();
                let mut complete = true;
                for (key, value) in object.iter() {
                    let name = match key {
                        ObjectKey::Ident(name) => name.as_str(),
                        ObjectKey::Expression(Expression::String(name)) => name.as_str(),
                        ObjectKey::Expression(other) => {
                            self.refuse(other, "An attribute name of an object type is a plain word.");
                            complete = false;
                            continue;
                        }
                    };
                    match self.field(value.expr()) {
                        Some(field) => drop(fields.insert(Text::from(name), field)),
                        None => complete = false,
                    }
                }
                complete.then_some(Type::Object(fields))
            }
            _ => self.refuse(
                argument,
                "The object type constructor takes attribute types in braces: `object({ name = string })`.",
            ),
        }
    }

    fn field(&mut self, expr: &Expression) -> Option<Field> {
        let Expression::FuncCall(call) = expr else {
            return Some(Field { ty: self.ty(expr)?, optional: None });
        };
        if call.name.name.as_str() != "optional" {
            return Some(Field { ty: self.ty(expr)?, optional: None });
        }
        let (Some(ty), 1..=2) = (call.args.get(0), call.args.len()) else {
            self.refuse(expr, "`optional` takes the attribute's type and, if wanted, a default value.");
            return None;
        };
        let ty = self.ty(ty)?;
        let Some(default) = call.args.get(1) else {
            return Some(Field { ty, optional: Some(Value::Null) });
        };
        let value = super::constant(default, self.file, self.diags)?;
        match super::convert(&value, &ty) {
            Ok(value) => Some(Field { ty, optional: Some(value) }),
            Err(message) => {
                let detail = format!("This default value does not fit the attribute's type: {message}.");
                self.refuse(default, detail);
                None
            }
        }
    }
}
