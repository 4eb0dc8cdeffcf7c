//! Lists and maps.

use std::{cmp::Ordering, collections::BTreeSet};

use unicode_segmentation::UnicodeSegmentation;

use super::{Args, Fail, Function, Map, Marks, Outcome, Takes, function, nullable, param};
use crate::{
    eval::{Number, Type, Value, convert, ops::equal, types::unify_all},
    tenant::Text,
};

const GROUP: &str = "Collections";
const LIST: super::Param = param("list", Takes::Sequence);

/// Terraform's limit of `range`.
const MAX_RANGE: usize = 1024;
/// How many elements a function may make of its arguments.
pub(super) const MAX_ELEMENTS: usize = 1_000_000;

pub(super) static FUNCTIONS: &[Function] = &[
    function("alltrue", GROUP, &[param("list", Takes::Bools)], alltrue, "Are all elements true? An empty list is.", "alltrue([true, false])"),
    function("anytrue", GROUP, &[param("list", Takes::Bools)], anytrue, "Is any element true? None of an empty list is.", "anytrue([true, false])"),
    function("chunklist", GROUP, &[LIST, param("size", Takes::Number)], chunklist, "The list in pieces of `size` elements.", "chunklist([\"a\", \"b\", \"c\"], 2)").marks(Marks::Keep),
    function("coalesce", GROUP, &[], coalesce, "The first argument that is neither `null` nor an empty string.", "coalesce(\"\", null, \"none\")").variadic(nullable("vals", Takes::Any)),
    function("coalescelist", GROUP, &[], coalescelist, "The first list that is not empty.", "coalescelist([], [\"a\"])").variadic(param("vals", Takes::Sequence)),
    function("compact", GROUP, &[param("list", Takes::Strings)], compact, "The list without empty strings and `null`.", "compact([\"a\", \"\", null, \"b\"])"),
    function("concat", GROUP, &[], concat, "The lists one after the other.", "concat([\"a\"], [\"b\", \"c\"])").variadic(param("seqs", Takes::Sequence)).marks(Marks::Keep),
    function("contains", GROUP, &[LIST, param("value", Takes::Any)], contains, "Is the value an element of the list? Nothing is converted: `contains([\"1\"], 1)` is false.", "contains([\"Finance\", \"Sales\"], \"Sales\")"),
    function("distinct", GROUP, &[LIST], distinct, "The list with each element once, where it stands first.", "distinct([\"a\", \"b\", \"a\"])"),
    function("element", GROUP, &[LIST, param("index", Takes::Number)], element, "The element at an index; past the end it starts over, and -1 is the last.", "element([\"a\", \"b\", \"c\"], 4)").marks(Marks::Keep),
    function("flatten", GROUP, &[LIST], flatten, "Lists in the list are replaced by their elements, however deep.", "flatten([[\"a\"], [], [\"b\", [\"c\"]]])").marks(Marks::Keep),
    function("index", GROUP, &[LIST, param("value", Takes::Any)], index, "The index of the first element that equals the value.", "index([\"a\", \"b\"], \"b\")"),
    function("keys", GROUP, &[param("inputMap", Takes::Mapping)], keys, "The keys of a map, sorted.", "keys({ b = 1, a = 2 })").marks(Marks::Keep),
    function("length", GROUP, &[param("value", Takes::Any)], length, "The number of elements of a list or map, or of characters of a string.", "length(\"hello\")").marks(Marks::Keep),
    function("lookup", GROUP, &[param("inputMap", Takes::Mapping), param("key", Takes::String)], lookup, "The value of a key, or the default where the key is missing. Without a default a missing key is an error.", "lookup({ IMAP4 = 41 }, \"POP3\", 0)").variadic(nullable("default", Takes::Any)).marks(Marks::Keep),
    function("matchkeys", GROUP, &[param("values", Takes::Sequence), param("keys", Takes::Sequence), param("searchset", Takes::Sequence)], matchkeys, "The elements of `values` whose counterpart in `keys` is in `searchset`.", "matchkeys([\"a\", \"b\"], [\"x\", \"y\"], [\"y\"])"),
    function("merge", GROUP, &[], merge, "The entries of all maps; of equal keys the last wins.", "merge({ a = 1, b = 2 }, { b = 3 })").variadic(nullable("maps", Takes::Mapping)).marks(Marks::Keep),
    function("one", GROUP, &[LIST], one, "The only element of a list with one element, `null` of an empty one; more are an error.", "one([\"a\"])"),
    function("range", GROUP, &[], range, "Numbers from `start` (0) up to but without `limit`, by `step` (1, or -1 when `limit` is below `start`); at most 1024.", "range(1, 8, 2)").variadic(param("params", Takes::Number)),
    function("reverse", GROUP, &[LIST], reverse, "The list in reverse order.", "reverse([1, 2, 3])").marks(Marks::Keep),
    function("slice", GROUP, &[LIST, param("start_index", Takes::Number), param("end_index", Takes::Number)], slice, "The elements from `start_index` up to but without `end_index`.", "slice([\"a\", \"b\", \"c\"], 1, 3)").marks(Marks::Keep),
    function("sort", GROUP, &[param("list", Takes::Strings)], sort, "The strings in the order of their Unicode characters.", "sort([\"b\", \"a\"])"),
    function("sum", GROUP, &[param("list", Takes::Sequence)], sum, "The sum of the numbers.", "sum([10, 13, 6, 4.5])"),
    function("transpose", GROUP, &[param("values", Takes::Mapping)], transpose, "A map from keys to lists of strings, turned around: from each string to the keys that had it.", "transpose({ a = [\"1\", \"2\"], b = [\"2\"] })"),
    function("values", GROUP, &[param("mapping", Takes::Mapping)], values, "The values of a map, in the order of its keys.", "values({ b = 1, a = 2 })").marks(Marks::Keep),
    function("zipmap", GROUP, &[param("keys", Takes::Strings), param("values", Takes::Sequence)], zipmap, "A map from the keys to the values at the same positions.", "zipmap([\"a\", \"b\"], [1, 2])").marks(Marks::Keep),
];

/// A list of the elements converted to their common type, or a tuple where there is none.
fn uniform(elements: Vec<Value>) -> Value {
    let types: Vec<Type> = elements.iter().map(Type::of).collect();
    let Some(ty) = unify_all(&types) else { return Value::tuple(elements) };
    let converted: Result<Vec<_>, _> = elements.iter().map(|one| convert(one, &ty)).collect();
    converted.map_or_else(|_| Value::tuple(elements), Value::list)
}

/// The argument as a list of one type.
fn as_list(args: &Args<'_, '_>, at: usize) -> Result<Vec<Value>, Fail> {
    match convert(args.value(at), &Type::List(Box::new(Type::Any))) {
        Ok(list) => Ok(list.as_list().unwrap_or_default().to_vec()),
        Err(message) => Err(Fail::Argument(at, message)),
    }
}

fn alltrue(args: &Args<'_, '_>) -> Outcome {
    // Terraform takes null for false here.
    Ok(args.list(0)?.iter().all(|one| one.as_bool() == Some(true)).into())
}

fn anytrue(args: &Args<'_, '_>) -> Outcome {
    Ok(args.list(0)?.iter().any(|one| one.as_bool() == Some(true)).into())
}

fn chunklist(args: &Args<'_, '_>) -> Outcome {
    let list = as_list(args, 0)?;
    let size = args.int(1)?;
    let Ok(size) = usize::try_from(size) else {
        return Err(Fail::Argument(1, "the size argument must be positive".into()));
    };
    if list.is_empty() {
        return Ok(Value::list(Vec::new()));
    }
    let size = if size == 0 { list.len() } else { size };
    Ok(Value::list(list.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect()))
}

fn coalesce(args: &Args<'_, '_>) -> Outcome {
    let types: Vec<Type> = args.values.iter().map(|value| Type::of(value)).collect();
    let Some(ty) = unify_all(&types) else { return Err("all arguments must have the same type".into()) };
    for value in args.values {
        if !value.is_null() && value.as_str() != Some("") {
            return convert(value, &ty).map_err(Fail::Call);
        }
    }
    Err(Fail::Unknown("no non-null, non-empty-string arguments".into()))
}

fn coalescelist(args: &Args<'_, '_>) -> Outcome {
    if args.len() == 0 {
        return Err("at least one argument is required".into());
    }
    for at in 0..args.len() {
        if !args.list(at)?.is_empty() {
            return Ok(args.value(at).clone());
        }
    }
    Err("no non-null arguments".into())
}

fn compact(args: &Args<'_, '_>) -> Outcome {
    let kept = args.list(0)?.iter().filter(|one| one.as_str().is_some_and(|text| !text.is_empty()));
    Ok(Value::list(kept.cloned().collect()))
}

fn concat(args: &Args<'_, '_>) -> Outcome {
    if args.len() == 0 {
        return Err("at least one argument is required".into());
    }
    let mut all = Vec::new();
    let mut typed = true;
    for at in 0..args.len() {
        if matches!(args.value(at).unmarked(), Value::Set(_)) {
            return Err(Fail::Argument(at, "a list is required, not a set; `tolist` makes one of it".into()));
        }
        typed &= matches!(args.value(at).unmarked(), Value::List(_));
        all.extend(args.list(at)?.iter().cloned());
    }
    Ok(if typed { uniform(all) } else { Value::tuple(all) })
}

fn contains(args: &Args<'_, '_>) -> Outcome {
    let wanted = args.value(1);
    Ok(args.list(0)?.iter().any(|one| equal(one, wanted)).into())
}

fn distinct(args: &Args<'_, '_>) -> Outcome {
    let list = as_list(args, 0)?;
    let mut seen = BTreeSet::new();
    let kept = list.into_iter().filter(|one| seen.insert(Sorted(one.clone())));
    Ok(Value::list(kept.collect()))
}

/// A value in [`Value::order`].
struct Sorted(Value);

impl PartialEq for Sorted {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Sorted {}

impl PartialOrd for Sorted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sorted {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.order(&other.0)
    }
}

fn element(args: &Args<'_, '_>) -> Outcome {
    if matches!(args.value(0).unmarked(), Value::Set(_)) {
        return Err(Fail::Argument(0, "cannot read elements from a set by index; convert it with `tolist`".into()));
    }
    let (list, index) = (args.list(0)?, args.int(1)?);
    if list.is_empty() {
        return Err("cannot use element function with an empty list".into());
    }
    let at = index.rem_euclid(list.len() as i64);
    Ok(list.get(at as usize).cloned().unwrap_or_default())
}

fn flatten(args: &Args<'_, '_>) -> Outcome {
    fn into(list: &[Value], out: &mut Vec<Value>, depth: usize, secret: &mut bool) -> Result<(), Fail> {
        for one in list {
            match one.as_list() {
                Some(inner) if depth < 100 => {
                    // What the list hid, its elements no longer can.
                    *secret |= one.is_sensitive();
                    into(inner, out, depth + 1, secret)?;
                }
                Some(_) => return Err("the lists are nested more than 100 deep".into()),
                None => out.push(one.clone()),
            }
        }
        Ok(())
    }
    let mut out = Vec::new();
    let mut secret = false;
    into(args.list(0)?, &mut out, 0, &mut secret)?;
    let flat = Value::tuple(out);
    Ok(if secret { flat.mark_sensitive() } else { flat })
}

fn index(args: &Args<'_, '_>) -> Outcome {
    if matches!(args.value(0).unmarked(), Value::Set(_)) {
        return Err(Fail::Argument(0, "argument must be a list or tuple; the elements of a set have no index".into()));
    }
    let (list, wanted) = (args.list(0)?, args.value(1));
    if list.is_empty() {
        return Err("cannot search an empty list".into());
    }
    match list.iter().position(|one| equal(one, wanted)) {
        Some(at) => Ok(at.into()),
        None => Err("item not found".into()),
    }
}

fn keys(args: &Args<'_, '_>) -> Outcome {
    let keys = args.map(0)?.keys().map(|key| Value::String(key.clone())).collect();
    Ok(if matches!(args.value(0).unmarked(), Value::Map(_)) { Value::list(keys) } else { Value::tuple(keys) })
}

fn length(args: &Args<'_, '_>) -> Outcome {
    match args.value(0).unmarked() {
        Value::String(text) => Ok(text.graphemes(true).count().into()),
        Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) => Ok(elements.len().into()),
        Value::Object(map) | Value::Map(map) => Ok(map.len().into()),
        _ => Err(Fail::Argument(0, "argument must be a string, a collection type, or a structural type".into())),
    }
}

fn lookup(args: &Args<'_, '_>) -> Outcome {
    if args.len() > 3 {
        return Err(format!("lookup() takes two or three arguments, got {}", args.len()).into());
    }
    let (map, key) = (args.map(0)?, args.str(1)?);
    // The default takes the type of the map's values, and must be able to where the key is there, too: otherwise it is a
    // mistake that waits for the day on which the key is gone.
    let ty =
        matches!(args.value(0).unmarked(), Value::Map(_)).then(|| map.values().find(|one| !one.is_null())).flatten();
    let default = args.values.get(2).map(|default| match ty.map(Type::of) {
        Some(ty) => convert(default, &ty)
            .map_err(|_| Fail::Argument(2, "the default value must have the same type as the map elements".into())),
        None => Ok((**default).clone()),
    });
    match (map.get(key), default.transpose()?) {
        (Some(value), _) => Ok(value.clone()),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(format!("lookup failed to find key {key:?}").into()),
    }
}

fn matchkeys(args: &Args<'_, '_>) -> Outcome {
    let (values, keys, wanted) = (as_list(args, 0)?, as_list(args, 1)?, as_list(args, 2)?);
    let (Some(keys), Some(wanted)) = one_type(&keys, &wanted) else {
        return Err("`keys` and `searchset` must have elements of the same type".into());
    };
    if values.len() != keys.len() {
        return Err("length of keys and values should be equal".into());
    }
    let wanted: BTreeSet<Sorted> = wanted.iter().cloned().map(Sorted).collect();
    let kept = values.into_iter().zip(keys).filter(|(_, key)| wanted.contains(&Sorted(key.clone())));
    Ok(Value::list(kept.map(|(value, _)| value).collect()))
}

/// Two lists with elements of one type.
fn one_type(a: &[Value], b: &[Value]) -> (Option<Vec<Value>>, Option<Vec<Value>>) {
    let types: Vec<Type> = a.iter().chain(b).map(Type::of).collect();
    let Some(ty) = unify_all(&types) else { return (None, None) };
    let converted = |list: &[Value]| list.iter().map(|one| convert(one, &ty).ok()).collect();
    (converted(a), converted(b))
}

fn merge(args: &Args<'_, '_>) -> Outcome {
    let mut merged = Map::new();
    // Maps of one type make a map. Anything else makes an object, a `null` among them included.
    let mut typed = args.len() > 0;
    let mut element = Type::Any;
    for at in 0..args.len() {
        let value = args.value(at);
        match Type::of(value) {
            Type::Map(ty) if element == Type::Any => element = *ty,
            Type::Map(ty) => typed &= *ty == Type::Any || *ty == element,
            _ => typed = false,
        }
        if value.is_null() {
            continue;
        }
        merged.extend(args.map(at)?.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    let merged = merged.into();
    Ok(if typed { Value::Map(merged) } else { Value::Object(merged) })
}

fn one(args: &Args<'_, '_>) -> Outcome {
    match args.list(0)? {
        [] => Ok(Value::Null),
        [only] => Ok(only.clone()),
        _ => Err(Fail::Argument(0, "must be a list, set, or tuple value with either zero or one elements".into())),
    }
}

fn range(args: &Args<'_, '_>) -> Outcome {
    let (zero, one) = (Number::ZERO, Number::ONE);
    let (start, limit, step) = match args.len() {
        1 => (zero, args.number(0)?.clone(), None),
        2 => (args.number(0)?.clone(), args.number(1)?.clone(), None),
        3 => (args.number(0)?.clone(), args.number(1)?.clone(), Some(args.number(2)?.clone())),
        _ => return Err("must have one, two, or three arguments".into()),
    };
    let down = limit < start;
    let step = step.unwrap_or(if down { one.neg() } else { one });
    if step.is_zero() {
        return Err("step must not be zero".into());
    }
    if down != step.is_negative() && limit != start {
        let word = if down { "less" } else { "greater" };
        let word_step = if down { "negative" } else { "positive" };
        return Err(format!("when \"to\" is {word} than \"from\", \"step\" must be {word_step}").into());
    }
    let mut numbers = Vec::new();
    let mut next = start;
    while if down { next > limit } else { next < limit } {
        if numbers.len() >= MAX_RANGE {
            return Err(format!("more than {MAX_RANGE} values were generated; either decrease the difference between start and end or use a smaller step").into());
        }
        let after = next.add(&step).ok_or("the numbers are out of range")?;
        numbers.push(Value::Number(next));
        next = after;
    }
    Ok(Value::list(numbers))
}

fn reverse(args: &Args<'_, '_>) -> Outcome {
    let reversed: Vec<Value> = args.list(0)?.iter().rev().cloned().collect();
    Ok(if matches!(args.value(0).unmarked(), Value::Tuple(_)) { Value::tuple(reversed) } else { Value::list(reversed) })
}

fn slice(args: &Args<'_, '_>) -> Outcome {
    if matches!(args.value(0).unmarked(), Value::Set(_)) {
        return Err(Fail::Argument(
            0,
            "cannot slice a set, because its elements do not have indices; convert it with `tolist`".into(),
        ));
    }
    let (list, start, end) = (args.list(0)?, args.int(1)?, args.int(2)?);
    let bound = |at: usize, name: &str, value: i64| match usize::try_from(value) {
        Ok(value) if value <= list.len() => Ok(value),
        Ok(_) => Err(Fail::Argument(at, format!("{name} must not be greater than the length of the list"))),
        Err(_) => Err(Fail::Argument(at, format!("{name} must not be less than zero"))),
    };
    let (start, end) = (bound(1, "start index", start)?, bound(2, "end index", end)?);
    let Some(part) = list.get(start..end) else {
        return Err(Fail::Argument(1, "start index must not be greater than end index".into()));
    };
    Ok(if matches!(args.value(0).unmarked(), Value::Tuple(_)) {
        Value::tuple(part.to_vec())
    } else {
        Value::list(part.to_vec())
    })
}

fn sort(args: &Args<'_, '_>) -> Outcome {
    let mut strings: Vec<Text> = args.strings(0)?.into_iter().cloned().collect();
    strings.sort();
    Ok(Value::strings(strings))
}

fn sum(args: &Args<'_, '_>) -> Outcome {
    let list = args.list(0)?;
    if list.is_empty() {
        return Err("cannot sum an empty list".into());
    }
    let mut total = Number::ZERO;
    for one in list {
        if one.is_null() {
            return Err(Fail::Unknown("argument must be list, set, or tuple of number values".into()));
        }
        let number = crate::eval::convert::to_number(one)
            .map_err(|_| Fail::Argument(0, "argument must be list, set, or tuple of number values".into()))?;
        total = total.add(&number).ok_or("the sum is out of range")?;
    }
    Ok(total.into())
}

fn transpose(args: &Args<'_, '_>) -> Outcome {
    let lists = convert(args.value(0), &Type::Map(Box::new(Type::List(Box::new(Type::String)))));
    let lists = lists.map_err(|message| Fail::Argument(0, message))?;
    let mut turned: std::collections::BTreeMap<Text, Vec<Value>> = std::collections::BTreeMap::new();
    for (key, list) in lists.as_map().into_iter().flatten() {
        let Some(list) = list.as_list() else {
            return Err(Fail::Unknown("input must not contain null list".into()));
        };
        for one in list {
            let Some(text) = one.as_text() else {
                return Err(Fail::Unknown("input list must not contain null string".into()));
            };
            turned.entry(text.clone()).or_default().push(Value::String(key.clone()));
        }
    }
    Ok(Value::map(turned.into_iter().map(|(key, list)| (key, Value::list(list)))))
}

fn values(args: &Args<'_, '_>) -> Outcome {
    let values = args.map(0)?.values().cloned().collect();
    Ok(if matches!(args.value(0).unmarked(), Value::Map(_)) { Value::list(values) } else { Value::tuple(values) })
}

fn zipmap(args: &Args<'_, '_>) -> Outcome {
    let (keys, values) = (args.strings(0)?, args.list(1)?);
    if keys.len() != values.len() {
        return Err(
            format!("number of keys ({}) does not match number of values ({})", keys.len(), values.len()).into()
        );
    }
    let entries = keys.into_iter().cloned().zip(values.iter().cloned());
    let zipped =
        if matches!(args.value(1).unmarked(), Value::List(_)) { Value::map(entries) } else { Value::object(entries) };
    // Keys have no marks of their own.
    Ok(if args.value(0).contains_sensitive() { zipped.mark_sensitive() } else { zipped })
}
