//! Sets.

use super::{Args, Fail, Function, Outcome, Takes, collections::MAX_ELEMENTS, function, param};
use crate::eval::{Type, Value, convert, types::unify_all};

const GROUP: &str = "Sets";
const FIRST: super::Param = param("first_set", Takes::Set);
const OTHERS: super::Param = param("other_sets", Takes::Set);

pub(super) static FUNCTIONS: &[Function] = &[
    function("setintersection", GROUP, &[FIRST], intersection, "The elements that all sets have.", "setintersection([\"a\", \"b\"], [\"b\", \"c\"])").variadic(OTHERS),
    function("setproduct", GROUP, &[], product, "All combinations of one element of each collection: lists of a list, tuples where the collections differ in type.", "setproduct([\"a\", \"b\"], [\"1\", \"2\"])").variadic(param("sets", Takes::Sequence)).marks(super::Marks::Keep),
    function("setsubtract", GROUP, &[param("a", Takes::Set), param("b", Takes::Set)], subtract, "The elements of the first set that the second has not.", "setsubtract([\"a\", \"b\"], [\"b\"])"),
    function("setunion", GROUP, &[FIRST], union, "The elements that any of the sets has.", "setunion([\"a\", \"b\"], [\"b\", \"c\"])").variadic(OTHERS),
];

/// The sets, all of one element type.
fn unified(args: &Args<'_, '_>) -> Result<Vec<Vec<Value>>, Fail> {
    let types: Vec<Type> = args.values.iter().map(|value| Type::of(value)).collect();
    let Some(ty) = unify_all(&types) else {
        return Err("the given sets must all have compatible element types".into());
    };
    let sets = args.values.iter().map(|value| match convert(value, &ty) {
        Ok(set) => Ok(set.as_list().unwrap_or_default().to_vec()),
        Err(message) => Err(Fail::Call(message)),
    });
    sets.collect()
}

fn has(set: &[Value], value: &Value) -> bool {
    set.binary_search_by(|one| one.order(value)).is_ok()
}

fn intersection(args: &Args<'_, '_>) -> Outcome {
    let mut sets = unified(args)?.into_iter();
    let mut common = sets.next().unwrap_or_default();
    for set in sets {
        common.retain(|one| has(&set, one));
    }
    Ok(Value::set(common))
}

fn subtract(args: &Args<'_, '_>) -> Outcome {
    let mut sets = unified(args)?.into_iter();
    let (mut left, right) = (sets.next().unwrap_or_default(), sets.next().unwrap_or_default());
    left.retain(|one| !has(&right, one));
    Ok(Value::set(left))
}

fn union(args: &Args<'_, '_>) -> Outcome {
    Ok(Value::set(unified(args)?.into_iter().flatten().collect()))
}

fn product(args: &Args<'_, '_>) -> Outcome {
    if args.len() < 2 {
        return Err("at least two arguments are required".into());
    }
    // One set among them makes the result a set, and then the others are taken for sets, too.
    let any_set = (0..args.len()).any(|at| matches!(args.value(at).unmarked(), Value::Set(_)));
    let element = Box::new(Type::Any);
    let ty = if any_set { Type::Set(element) } else { Type::List(element) };
    let mut columns = Vec::new();
    for at in 0..args.len() {
        let column = convert(args.value(at), &ty).map_err(|message| Fail::Argument(at, message))?;
        columns
            .push(column.as_list().map(<[Value]>::to_vec).ok_or_else(|| Fail::Argument(at, "list required".into()))?);
    }
    let count = columns.iter().try_fold(1usize, |count, column| count.checked_mul(column.len()));
    if count.is_none_or(|count| count.saturating_mul(columns.len()) > MAX_ELEMENTS) {
        return Err(format!("the result would have more than {MAX_ELEMENTS} elements").into());
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for column in &columns {
        rows = rows
            .iter()
            .flat_map(|row| column.iter().map(move |one| row.iter().cloned().chain([one.clone()]).collect()))
            .collect();
    }
    let rows = rows.into_iter().map(Value::tuple).collect();
    Ok(if any_set { Value::set(rows) } else { Value::list(rows) })
}
