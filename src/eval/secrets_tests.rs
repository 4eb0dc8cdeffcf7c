//! No value and no message shows a sensitive value: every function is given one in every place.

use std::path::Path;

use proptest::prelude::*;

use super::{CompileContext, Expr, Scope, Value, format_console, functions::ALL, parse_expression};
use crate::diag::{Diagnostics, SourceMap};

/// What must not be seen, in whatever case a function may turn it.
const CANARY: &str = "pebble-4711";

/// Values that hold the canary: as a whole, in an element, under a key.
const SECRETS: [&str; 6] = [
    "sensitive(\"pebble-4711(\")",
    "sensitive([\"pebble-4711\"])",
    "[sensitive(\"pebble-4711\")]",
    "sensitive({ pebble-4711 = \"x\" })",
    "{ a = sensitive(\"pebble-4711\") }",
    "{ (sensitive(\"pebble-4711\")) = 1 }",
];

const PLAIN: [&str; 5] = ["\"x\"", "1", "[\"x\", \"y\"]", "{ a = 1 }", "null"];

/// The value and all that is said about an expression.
fn outcome(text: &str) -> (Option<Value>, String) {
    let mut sources = SourceMap::default();
    let file = sources.add("test", text);
    let mut diags = Diagnostics::default();
    let expr = parse_expression(text, file, &mut diags)
        .and_then(|expr| Expr::compile(&expr, file, &CompileContext::default(), &mut diags));
    let nothing = Value::object::<&str>([]);
    let scope = Scope::new(&nothing, &nothing, Path::new("/nowhere"), jiff::Timestamp::UNIX_EPOCH);
    let value = expr.and_then(|expr| expr.eval(&scope).map_err(|error| diags.push(error.into())).ok());
    let mut said: String = diags.as_slice().iter().map(|one| format!("{one:?}\n")).collect();
    // The text of the expression itself is the configuration's, and stands in it for all to read.
    said.push_str(&value.as_ref().map(format_console).unwrap_or_default());
    (value, said)
}

fn leaks(said: &str) -> bool {
    said.to_lowercase().contains("pebble")
}

#[test]
fn no_function_shows_what_it_was_given_in_secret() {
    let mut shown = Vec::new();
    let mut calls = 0;
    for function in ALL.iter().filter(|one| one.name != "nonsensitive") {
        let most = function.params.len() + usize::from(function.variadic.is_some());
        for count in function.params.len().max(1)..=most.max(1) {
            for place in 0..count {
                for secret in SECRETS {
                    // The other arguments take the same turn; all combinations would be many and say no more.
                    for turn in 0..PLAIN.len() {
                        let args: Vec<&str> = (0..count)
                            .map(|at| if at == place { secret } else { PLAIN[(turn + at) % PLAIN.len()] })
                            .collect();
                        let text = format!("{}({})", function.name, args.join(", "));
                        calls += 1;
                        if leaks(&outcome(&text).1) {
                            shown.push(text);
                        }
                    }
                }
            }
        }
    }
    assert!(calls > 1_000, "{calls}");
    assert_eq!(shown, Vec::<String>::new());
}

#[test]
fn a_function_of_a_secret_gives_a_secret() {
    // What they say is not the value, or is another's.
    let tell = ["can", "issensitive", "nonsensitive", "try", "coalesce", "lookup"];
    for function in ALL.iter().filter(|one| one.pure && !tell.contains(&one.name) && one.params.len() <= 1) {
        for secret in
            ["sensitive(\"pebble-4711\")", "sensitive([\"1\"])", "sensitive({ a = \"1\" })", "sensitive(\"12\")"]
        {
            let text = format!("{}({secret})", function.name);
            if let (Some(value), _) = outcome(&text) {
                assert!(value.contains_sensitive(), "{text}");
            }
        }
    }
}

#[test]
fn expressions_that_go_wrong_do_not_tell_why_in_secret() {
    for text in [
        "{ a = 1 }[sensitive(\"pebble-4711\")]",
        "sensitive({ pebble-4711 = 1 })[\"pebbel\"]",
        "sensitive({ pebble-4711 = 1 }).pebbel",
        "{ for k in [sensitive(\"pebble-4711\"), sensitive(\"pebble-4711\")] : k => 1 }",
        "{ (sensitive(\"pebble-4711\")) = 1 }",
        "sensitive(\"pebble-4711\") + 1",
        "!sensitive(\"pebble-4711\")",
        "sensitive(\"pebble-4711\") && true",
        "sensitive(\"pebble-4711\") ? 1 : 2",
        "[for x in [1] : x if sensitive(\"pebble-4711\")]",
        "\"%{ if sensitive(\"pebble-4711\") }x%{ endif }\"",
        "try(tonumber(sensitive(\"pebble-4711\")))",
        "upper(tonumber(sensitive(\"pebble-4711\")))",
        "[sensitive(\"pebble-4711\")] == [\"a\"]",
        "tomap({ a = sensitive(\"pebble-4711\"), b = [1] })",
    ] {
        assert!(!leaks(&outcome(text).1), "{text}: {}", outcome(text).1);
    }
}

#[test]
fn marks_stay_with_elements_and_keys_as_in_terraform() {
    for (text, result) in [
        ("length(tolist([sensitive(\"a\")]))", "1"),
        ("keys(tomap({ a = sensitive(1) }))", "tolist([\n  \"a\",\n])"),
        ("{ for k, v in tomap({ a = sensitive(1) }) : k => 1 }", "{\n  \"a\" = 1\n}"),
        ("tolist([sensitive(\"a\"), \"b\"])[1]", "\"b\""),
        ("tolist([sensitive(\"a\"), \"b\"])[0]", "(sensitive value)"),
        ("tomap({ a = sensitive(\"x\"), b = \"y\" })[\"b\"]", "\"y\""),
        ("concat([sensitive(\"a\")], [\"b\"])[1]", "\"b\""),
        ("concat(sensitive([\"a\"]), [\"b\"])", "(sensitive value)"),
        ("merge({ a = sensitive(1) }, { b = 2 }).b", "2"),
        ("reverse([sensitive(1), 2])[0]", "2"),
        ("slice([sensitive(1), 2], 1, 2)", "[\n  2,\n]"),
        ("flatten([[sensitive(1)], [2]])[1]", "2"),
        ("flatten([sensitive([1]), [2]])", "(sensitive value)"),
        ("zipmap([\"a\", \"b\"], [sensitive(1), 2]).b", "2"),
        ("zipmap([sensitive(\"a\")], [1])", "(sensitive value)"),
        ("values({ a = sensitive(1), b = 2 })[1]", "2"),
        ("chunklist([sensitive(1), 2], 1)[1][0]", "2"),
        // A set has no places: with one secret element all of it is.
        ("toset([sensitive(\"a\"), \"b\"])", "(sensitive value)"),
        ("tostring(sensitive(1))", "(sensitive value)"),
        ("nonsensitive(sensitive(tolist([sensitive(\"a\")])))[0]", "(sensitive value)"),
        ("sensitive([1, 2])[*]", "(sensitive value)"),
        ("[sensitive(\"a\")] == [\"a\"]", "(sensitive value)"),
        ("contains([sensitive(\"a\")], \"a\")", "(sensitive value)"),
    ] {
        assert_eq!(outcome(text).1, result, "{text}");
    }
}

proptest! {
    #[test]
    fn counts_are_those_of_a_walk(depth in 0_usize..6, width in 1_usize..4, secret in any::<bool>()) {
        let mut value = if secret { Value::from("x").mark_sensitive() } else { Value::from("x") };
        for _ in 0..depth {
            value = Value::tuple(vec![value; width]);
        }
        fn walked(value: &Value) -> u64 {
            1 + value.as_list().map_or(0, |elements| elements.iter().map(walked).sum())
        }
        prop_assert_eq!(value.size(), walked(&value));
        prop_assert_eq!(value.depth() as usize, depth);
        prop_assert_eq!(value.contains_sensitive(), secret);
        prop_assert!(!secret || !format_console(&value).contains(CANARY));
    }
}
