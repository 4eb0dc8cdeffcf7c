//! Terraform's type conversions.

use super::{Number, Type, Value, types::unify_all, value::Map};
use crate::tenant::Text;

/// Converts a value to a type, as Terraform does: numbers and bools to and from strings, tuples to lists and sets,
/// objects to maps, element by element. Marks stay where they are.
///
/// # Errors
/// What does not fit and where: `element 0: a number is required`, `attribute "name" is required`.
pub(crate) fn convert(value: &Value, ty: &Type) -> Result<Value, String> {
    match value {
        // What does not fit may be told by a key or a text of it.
        Value::Sensitive(value) => match convert(value, ty) {
            Ok(value) => Ok(value.mark_sensitive()),
            Err(_) => Err(format!("{} is required, which this (sensitive value) cannot become", ty.friendly())),
        },
        Value::Null => Ok(Value::Null),
        _ => match ty {
            Type::Any => Ok(value.clone()),
            Type::Bool => to_bool(value).map(Value::Bool),
            Type::Number => to_number(value).map(Value::Number),
            Type::String => to_text(value).map(Value::String),
            Type::List(element) => Ok(Value::List(elements(value, element, "list")?.into())),
            Type::Set(element) => Ok(Value::set(elements(value, element, "set")?)),
            Type::Map(element) => to_map(value, element),
            Type::Tuple(types) => to_tuple(value, types),
            Type::Object(_) => to_object(value, ty),
        },
    }
}

/// `true`, `false` and the strings that say so.
pub(super) fn to_bool(value: &Value) -> Result<bool, String> {
    match value.unmarked() {
        Value::Bool(bool) => Ok(*bool),
        Value::String(text) => match text.as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            "True" | "TRUE" => Err(r#"a bool is required; to convert from string, use lowercase "true""#.into()),
            "False" | "FALSE" => Err(r#"a bool is required; to convert from string, use lowercase "false""#.into()),
            _ => Err("a bool is required".into()),
        },
        _ => Err("bool required".into()),
    }
}

/// Numbers and the strings that write one.
pub(super) fn to_number(value: &Value) -> Result<Number, String> {
    match value.unmarked() {
        Value::Number(number) => Ok(number.clone()),
        Value::String(text) => Number::parse(text).ok_or_else(|| "a number is required".into()),
        _ => Err("number required".into()),
    }
}

/// Strings, numbers and bools, as text.
pub(super) fn to_text(value: &Value) -> Result<Text, String> {
    match value.unmarked() {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string().into()),
        Value::Bool(true) => Ok("true".into()),
        Value::Bool(false) => Ok("false".into()),
        _ => Err("string required".into()),
    }
}

fn elements(value: &Value, element: &Type, kind: &str) -> Result<Vec<Value>, String> {
    let Some(from) = value.as_list() else {
        return Err(format!("{} required", Type::List(Box::new(element.clone())).friendly().replacen("list", kind, 1)));
    };
    let converted = from
        .iter()
        .enumerate()
        .map(|(at, one)| convert(one, element).map_err(|message| format!("element {at}: {message}")))
        .collect::<Result<_, _>>()?;
    of_one_type(converted, element).ok_or_else(|| "all list elements must have the same type".into())
}

/// The elements of a collection of this type. Whatever it leaves open (`any`, however deep) is the same for all elements.
fn of_one_type(elements: Vec<Value>, element: &Type) -> Option<Vec<Value>> {
    if !element.has_any() {
        return Some(elements);
    }
    let types: Vec<Type> = elements.iter().map(Type::of).collect();
    let target = unify_all(&types)?;
    elements.iter().map(|one| convert(one, &target).ok()).collect()
}

fn to_map(value: &Value, element: &Type) -> Result<Value, String> {
    let Some(from) = value.as_map() else {
        return Err(format!("map of {} required", element.friendly()));
    };
    let converted = from
        .iter()
        .map(|(key, one)| convert(one, element).map_err(|message| format!("element {key:?}: {message}")))
        .collect::<Result<_, _>>()?;
    let converted = of_one_type(converted, element).ok_or("all map elements must have the same type")?;
    Ok(Value::Map(from.keys().cloned().zip(converted).collect::<Map>().into()))
}

fn to_tuple(value: &Value, types: &[Type]) -> Result<Value, String> {
    let Some(from) = value.as_list().filter(|_| !matches!(value, Value::Set(_))) else {
        return Err("tuple required".into());
    };
    if from.len() != types.len() {
        return Err(format!("tuple of {} elements required, this has {}", types.len(), from.len()));
    }
    let converted = from.iter().zip(types).enumerate();
    let converted =
        converted.map(|(at, (one, ty))| convert(one, ty).map_err(|message| format!("element {at}: {message}")));
    Ok(Value::Tuple(converted.collect::<Result<Vec<_>, _>>()?.into()))
}

fn to_object(value: &Value, ty: &Type) -> Result<Value, String> {
    let Type::Object(fields) = ty else { return Ok(value.clone()) };
    let Some(from) = value.as_map() else { return Err("object required".into()) };
    let missing: Vec<String> = fields
        .iter()
        .filter(|(name, field)| field.optional.is_none() && !from.contains_key(name.as_str()))
        .map(|(name, _)| format!("{:?}", name.as_str()))
        .collect();
    match &missing[..] {
        [] => {}
        [one] => return Err(format!("attribute {one} is required")),
        [start @ .., last] => return Err(format!("attributes {} and {last} are required", start.join(", "))),
    }
    let attributes = fields.iter().map(|(name, field)| {
        // A `null` is as good as nothing: the default applies to both.
        let value = match (from.get(name.as_str()), &field.optional) {
            (None | Some(Value::Null), Some(default)) => default.clone(),
            (Some(value), _) => {
                convert(value, &field.ty).map_err(|message| format!("attribute {:?}: {message}", name.as_str()))?
            }
            (None, None) => Value::Null,
        };
        Ok((name.clone(), value))
    });
    Ok(Value::Object(attributes.collect::<Result<Map, String>>()?.into()))
}
