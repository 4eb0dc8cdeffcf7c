//! The language as its users meet it.

use std::{collections::BTreeMap, path::Path};

use proptest::prelude::*;

use super::{
    CompileContext, Expr, Nulls, Scope, Type, UserFacts, UserField, Value, convert, format_console, parse_expression,
};
use crate::diag::{Diagnostic, Diagnostics, SourceMap};

/// A user of whom some facts are known.
#[derive(Default)]
struct User(BTreeMap<&'static str, Value>);

impl User {
    fn jdoe() -> Self {
        let facts = [
            ("department", Value::from("Finance")),
            ("display_name", Value::from("Jane Doe")),
            ("account_enabled", Value::from(true)),
            ("groups", Value::strings(["SG-Finance", "SG-All"])),
            ("legacy_sign_ins", Value::map([("IMAP4", Value::from(41i64))])),
        ];
        Self(facts.into_iter().collect())
    }
}

impl UserFacts for User {
    fn get(&self, field: UserField) -> Value {
        self.0.get(field.as_str()).cloned().unwrap_or_default()
    }
}

fn context() -> CompileContext {
    CompileContext::new(["wave", "departments", "secret"], ["limit", "admins"]).with_user()
}

fn compile(text: &str) -> Result<Expr, Vec<Diagnostic>> {
    let mut sources = SourceMap::default();
    let file = sources.add("staff.mfa.hcl", text);
    let mut diags = Diagnostics::default();
    let expr = parse_expression(text, file, &mut diags);
    let expr = expr.and_then(|expr| Expr::compile(&expr, file, &context(), &mut diags));
    expr.ok_or_else(|| diags.into_sorted())
}

fn run(text: &str, nulls: Nulls, user: &User) -> Result<Value, String> {
    let expr = compile(text).map_err(|problems| format!("{problems:?}"))?;
    let var = Value::object([
        ("wave", Value::from(7i64)),
        ("departments", Value::strings(["Finance", "Sales"])),
        ("secret", Value::from("hunter2").mark_sensitive()),
    ]);
    let local = Value::object([("limit", Value::from(3i64)), ("admins", Value::tuple(vec![Value::from("a")]))]);
    let scope = Scope::new(&var, &local, Path::new("."), jiff::Timestamp::UNIX_EPOCH).with_user(user);
    expr.eval_with(&scope, nulls).map_err(|error| error.to_string())
}

fn facts(text: &str) -> Value {
    run(text, Nulls::Unknown, &User::jdoe()).unwrap()
}

fn plain(text: &str) -> Result<Value, String> {
    run(text, Nulls::Values, &User::jdoe())
}

/// The marked text of each problem, and what it suggests.
fn problems(text: &str) -> Vec<(String, String)> {
    let found = compile(text).unwrap_err();
    let marked = |problem: &Diagnostic| problem.primary.as_ref().map(|label| text[label.span.range()].to_owned());
    found.iter().map(|one| (marked(one).unwrap_or_default(), one.hints.join(" "))).collect()
}

#[test]
fn a_known_fact_is_compared_and_an_unknown_one_selects_nobody() {
    assert_eq!(facts("user.department == \"Finance\""), Value::from(true));
    assert_eq!(facts("user.job_title == \"Clerk\""), Value::from(false));
    assert_eq!(facts("user.job_title != \"Clerk\""), Value::from(false));
    assert_eq!(facts("user.service_account_score > 40"), Value::from(false));
    assert_eq!(facts("!(user.job_title == \"Clerk\")"), Value::Null);
    assert_eq!(facts("!user.registered"), Value::Null);
    assert_eq!(facts("user.job_title == \"Clerk\" || user.account_enabled"), Value::from(true));
}

#[test]
fn unknown_facts_follow_three_valued_logic() {
    assert_eq!(facts("false && user.registered"), Value::from(false));
    assert_eq!(facts("user.registered && false"), Value::from(false));
    assert_eq!(facts("true && user.registered"), Value::Null);
    assert_eq!(facts("true || user.registered"), Value::from(true));
    assert_eq!(facts("user.registered || true"), Value::from(true));
    assert_eq!(facts("user.registered || false"), Value::Null);
    assert_eq!(facts("user.registered ? 1 : 2"), Value::Null);
}

#[test]
fn a_literal_null_asks_whether_the_fact_is_known() {
    assert_eq!(facts("user.job_title == null"), Value::from(true));
    assert_eq!(facts("null != user.department"), Value::from(true));
    assert_eq!(facts("!(user.job_title == null)"), Value::from(false));
    assert_eq!(facts("user.job_title == null ? \"none\" : user.job_title"), Value::from("none"));
}

#[test]
fn what_is_made_of_an_unknown_fact_is_unknown() {
    for text in [
        "lower(user.job_title)",
        "contains(user.licenses, \"SPE_E3\")",
        "contains(var.departments, user.job_title)",
        "user.extension[\"1\"]",
        "\"x${user.job_title}\"",
        "[for one in user.licenses : one]",
        "user.licenses[*]",
        "length(user.methods) + 1",
        "join(\",\", [user.job_title])",
        "startswith(user.mail, \"svc\") && user.account_enabled",
    ] {
        assert_eq!(facts(text), Value::Null, "{text}");
    }
    assert_eq!(facts("coalesce(user.job_title, \"none\")"), Value::from("none"));
    assert_eq!(facts("try(user.job_title, \"x\")"), Value::Null);
}

#[test]
fn terraform_refuses_null_where_facts_are_not_meant() {
    assert!(plain("lower(null)").unwrap_err().contains("argument must not be null"));
    assert!(plain("null > 1").is_err() && plain("!null").is_err() && plain("\"a${null}\"").is_err());
}

#[test]
fn every_unknown_name_is_reported_at_its_place_with_the_nearest() {
    let text = "contians(var.departmnts, user.departement) && locl.limit > var.limit && each.key == \"a\"";
    let found = problems(text);
    let marks: Vec<&str> = found.iter().map(|(mark, _)| mark.as_str()).collect();
    assert_eq!(marks, ["contians", "departmnts", "departement", "locl", "limit", "each"]);
    let hints: Vec<&str> = found.iter().map(|(_, hint)| hint.as_str()).collect();
    assert_eq!(
        hints[..4],
        [
            "did you mean `contains`?",
            "did you mean `departments`?",
            "did you mean `department`?",
            "did you mean `local`?"
        ]
    );
    assert_eq!(hints[4], "did you mean `local.limit`?");
}

#[test]
fn a_bare_name_is_told_what_it_probably_was() {
    assert_eq!(problems("secret > 3"), [("secret".into(), "did you mean `var.secret`?".into())]);
    assert_eq!(problems("department == \"x\""), [("department".into(), "did you mean `user.department`?".into())]);
    assert_eq!(problems("user.department == Finance")[0].1, "if a string was meant, put it into quotes: `\"Finance\"`");
    assert_eq!(problems("[for group in user.groups : gruop]")[0].1, "did you mean `group`?");
    assert_eq!(problems("user")[0].0, "user");
}

#[test]
fn places_are_exact_inside_templates_and_heredocs() {
    assert_eq!(problems("\"é${nul}\"")[0].0, "nul");
    assert_eq!(problems("<<EOT\nhello ${user.nme}\n%{ if locl.x }a%{ endif }\nEOT\n")[0].0, "nme");
    let expr = compile("1 + (var.wave == \"a\" ? upper(7, 8) : 2)").unwrap_err();
    assert!(expr[0].detail.contains("upper(str)"), "{}", expr[0].detail);
    assert_eq!(problems("\"%{ if true }a\" %{ endif }\"").len(), 1);
    assert_eq!(problems("regex(\"[\", user.mail)")[0].0, "\"[\"");
}

#[test]
fn errors_name_the_values_involved() {
    let error = plain("var.departments[var.wave]").unwrap_err();
    assert!(error.contains("index 7, 2 elements") && error.contains("var.wave is 7"), "{error}");
    let error = plain("user.display_name + local.limit").unwrap_err();
    assert!(error.contains("user.display_name is \"Jane Doe\""), "{error}");
    let error = plain("[for name in var.departments : tonumber(name)]").unwrap_err();
    assert!(error.contains("name is \"Finance\""), "{error}");
    let error = plain("tonumber(var.secret)").unwrap_err();
    assert!(!error.contains("hunter2") || error.contains("var.secret is a sensitive value"), "{error}");
}

#[test]
fn a_failing_part_is_marked_not_the_whole() {
    let text = "true && contains(var.departments, user.department[0])";
    let expr = compile(text).unwrap();
    let var = Value::object([("departments", Value::strings(["a"]))]);
    let (nothing, user) = (Value::Null, User::jdoe());
    let scope = Scope::new(&var, &nothing, Path::new("."), jiff::Timestamp::UNIX_EPOCH).with_user(&user);
    let error = expr.eval(&scope).unwrap_err();
    assert_eq!(&text[error.span().range()], "0");
    assert!(error.detail().contains("string"), "{error}");
}

#[test]
fn only_the_needed_side_is_evaluated() {
    assert_eq!(plain("false && [][0]").unwrap(), Value::from(false));
    assert_eq!(plain("true || [][0]").unwrap(), Value::from(true));
    assert_eq!(plain("true ? 1 : [][0]").unwrap(), Value::from(1i64));
    assert_eq!(plain("try([][0], \"x\")").unwrap(), Value::from("x"));
    assert_eq!(plain("can([][0])").unwrap(), Value::from(false));
}

#[test]
fn what_is_made_of_a_secret_is_secret() {
    for text in [
        "var.secret",
        "upper(var.secret)",
        "\"x${var.secret}\"",
        "var.secret == \"a\"",
        "length(var.secret)",
        "[for one in [var.secret] : one][0]",
        "{ a = var.secret }.a",
        "var.secret == \"a\" ? 1 : 2",
        "jsonencode([var.secret])",
    ] {
        let value = plain(text).unwrap();
        assert_eq!(format_console(&value), "(sensitive value)", "{text}");
    }
    assert!(plain("[var.secret]").unwrap().contains_sensitive());
}

#[test]
fn references_say_what_must_be_read() {
    let expr = compile("contains(user.groups, var.wave) && local.limit > 1 && timestamp() != user.created").unwrap();
    let uses = expr.references();
    assert!(uses.vars.contains("wave") && uses.locals.contains("limit") && uses.timestamp && !uses.each);
    assert_eq!(uses.fields().collect::<Vec<_>>(), [UserField::Created, UserField::Groups]);
    assert!(uses.mentions(UserField::Groups) && !uses.mentions(UserField::Roles));
}

#[test]
fn heredocs_are_dedented_and_stripped_as_terraform_does() {
    let cases = [
        (
            "<<-EOT\n    one\n      two ${\"x\"}\n    %{ for x in [\"a\", \"b\"] }\n      item ${x}\n    %{ endfor }\n    end\n  EOT\n",
            "one\n  two x\n\n  item a\n\n  item b\n\nend\n",
        ),
        (
            "<<-EOT\n    %{ if true ~}\n    yes\n    %{ else ~}\n    no\n    %{ endif ~}\n    tail\n  EOT\n",
            "    yes\n    tail\n",
        ),
        ("<<EOT\n  keep ${~ 1 ~}\n\n     next\nEOT\n", "  keep1\n     next\n"),
        ("<<-EOT\n    a\n  \tb\n\n      c\n    EOT\n", " a\nb\n\n   c\n"),
        ("<<-EOT\n  x \\n \"q\" $${y}\n  EOT\n", "x \\n \"q\" ${y}\n"),
    ];
    for (text, expected) in cases {
        assert_eq!(plain(text).unwrap(), Value::from(expected), "{text}");
    }
}

fn ty(text: &str) -> Result<Type, Vec<Diagnostic>> {
    let mut sources = SourceMap::default();
    let file = sources.add("type", text);
    let mut diags = Diagnostics::default();
    let expr = parse_expression(text, file, &mut diags).unwrap();
    Type::parse(&expr, file, &mut diags).ok_or_else(|| diags.into_sorted())
}

#[test]
fn variables_are_converted_to_their_types() {
    let text = "object({ name = string, wave = optional(number, 1), tags = optional(list(string)) })";
    let object = ty(text).unwrap();
    let value = convert(&Value::object([("name", Value::from(5i64)), ("more", Value::from(true))]), &object).unwrap();
    assert_eq!(format_console(&value), "{\n  \"name\" = \"5\"\n  \"tags\" = null\n  \"wave\" = 1\n}");
    assert_eq!(convert(&Value::object::<&str>([]), &object).unwrap_err(), "attribute \"name\" is required");
    let list = ty("list(number)").unwrap();
    let wrong = Value::tuple(vec![Value::from(1i64), Value::from("x")]);
    assert_eq!(convert(&wrong, &list).unwrap_err(), "element 1: a number is required");
    assert_eq!(convert(&Value::from("yes"), &Type::Bool).unwrap_err(), "a bool is required");
}

#[test]
fn wrong_types_are_explained() {
    assert_eq!(ty("strng").unwrap_err()[0].hints, ["did you mean `string`?"]);
    assert!(ty("list").unwrap_err()[0].detail.contains("list(string)"));
    assert!(ty("object({ a = optional(number, \"x\") })").unwrap_err()[0].detail.contains("does not fit"));
    assert_eq!(ty("tuple([string, lst(number), nmber])").unwrap_err().len(), 2);
}

/// Texts that broke evaluators before, or should try to.
fn nasty() -> Vec<String> {
    let deep = |open: &str, close: &str, count: usize| format!("{}1{}", open.repeat(count), close.repeat(count));
    let mut all: Vec<String> = [
        "",
        " ",
        "\0",
        "\u{feff}1",
        "${",
        "\"${",
        "<<EOT",
        "<<EOT\n",
        "[",
        "{",
        "(",
        "'a'",
        "\"\\",
        "\"\\u12\"",
        "a.",
        "a..b",
        "1e999999",
        "1 % 0",
        "1 / 0",
        "0 / 0",
        "-9223372036854775808 / -1",
        "9223372036854775807 * 9223372036854775807 * 9223372036854775807",
        "range(0, 1e300)",
        "range(1e300, 1e301, 0.1)",
        "range(0, 1, 1e-300)",
        "substr(\"a\", 9223372036854775807, 9223372036854775807)",
        "substr(\"a\", -9223372036854775808, 1)",
        "element([1], 9223372036854775807)",
        "chunklist([1], 1e300)",
        "chunklist([1], -1)",
        "slice([1], 1, 0)",
        "slice([1], -1, 5)",
        "format(\"%999999999d\", 1)",
        "format(\"%.999999999f\", 1)",
        "format(\"%[99999999999999999999]d\", 1)",
        "format(\"%\")",
        "format(\"%[\", 1)",
        "format(\"%[]d\", 1)",
        "format(\"%-+ 0#5.3q\", \"a\")",
        "format(\"%e\", 1e300 * 1e300)",
        "format(\"%x\", -255)",
        "formatdate(\"'\", \"2026-01-01T00:00:00Z\")",
        "formatdate(\"\", \"2026-01-01T00:00:00Z\")",
        "formatdate(\"é日\", \"2026-01-01T00:00:00Z\")",
        "timeadd(\"9999-12-31T23:59:59Z\", \"2000000h\")",
        "timeadd(\"2026-01-01T00:00:00Z\", \"99999999999999999999h\")",
        "timeadd(\"2026-01-01T00:00:00Z\", \"1.1.1h\")",
        "timeadd(\"2026-01-01T00:00:60Z\", \"1h\")",
        "timeadd(\"2026-01-01T00:00:00+29:59\", \"1h\")",
        "timeadd(\"é026-01-01T00:00:00Z\", \"1h\")",
        "regex(\"(\", \"\")",
        "regex(\"\\\\p{Foo}\", \"\")",
        "regex(\"a{1000}{1000}{1000}\", \"\")",
        "regex(\"(a*)*$\", \"aaaaaaaaaaaaaaaaaaaaaaaaaaab\")",
        "replace(\"a\", \"/(/\", \"\")",
        "replace(\"a\", \"/\", \"\")",
        "regex(\"\\\\\", \"a\")",
        "regex(\"[\\\\\", \"a\")",
        "jsondecode(\"\")",
        "jsondecode(\"1e999999999\")",
        "jsondecode(\"{\\\"a\\\":1,\\\"a\\\":2}\")",
        "csvdecode(\"\")",
        "csvdecode(\"\\\"\")",
        "base64decode(\"=\")",
        "parseint(\"\", 10)",
        "parseint(\"_1\", 10)",
        "parseint(\"1\", 0)",
        "parseint(\"é\", 36)",
        "log(0, 0)",
        "pow(1e300, 1e300)",
        "log(-1, 2)",
        "setproduct(range(1000), range(1000), range(1000))",
        "zipmap([null], [1])",
        "transpose({a = [null]})",
        "sort([null])",
        "merge(null)",
        "flatten(null)",
        "[...]",
        "max([]...)",
        "max(null...)",
        "try()",
        "try([]...)",
        "can()",
        "{ (null) = 1 }",
        "{ ([]) = 1 }",
        "[for x in 5 : x]",
        "{ for x in [1] : null => x }",
        "null.a",
        "null[null]",
        "[1][null]",
        "{}[null]",
        "\"a\"[*].b",
        "[1][*][*][*]",
        "templatefile(\"/dev/null\", {})",
        "file(\"/dev/zero\")",
        "file(\"/\")",
        "file(\"\\u0000\")",
        "fileexists(\"\")",
        "1 == 1 == 1",
        "!!!!true",
        "----1",
        "title(\"\u{202e}ß\")",
        "indent(1e9, \"a\\nb\")",
        "indent(-1, \"\")",
        "trim(\"\", \"\")",
        "one(null)",
        "sum([1e300, \"x\"])",
    ]
    .map(String::from)
    .to_vec();
    for count in [20, 60, 64, 70, 10_000] {
        for (open, close) in [
            ("(", ")"),
            ("[", "]"),
            ("{a=", "}"),
            ("upper(", ")"),
            ("\"${", "}\""),
            ("!", ""),
            ("-", ""),
            ("[for x in ", ": x]"),
            ("true ? ", ": 1"),
            ("[0][", "]"),
            ("try(", ")"),
            ("\"%{if true}", "%{endif}\""),
        ] {
            all.push(deep(open, close, count));
        }
    }
    for count in [100, 127, 130, 5_000] {
        all.push(vec!["1"; count].join(" + "));
        all.push(format!("var{}", ".a".repeat(count)));
        all.push(format!("[1]{}", "[*]".repeat(count)));
        all.push(format!("[1]{}", "[0]".repeat(count)));
        all.push(vec!["true"; count].join(" && "));
    }
    all.push(format!("\"{}\" +", "x".repeat(70_000)));
    all.push(format!("[{}]", vec!["1"; 20_000].join(",")));
    all
}

#[test]
fn nothing_panics_or_overflows_a_small_stack() {
    // The smallest stack it runs on: a worker thread's 2 MiB.
    let worker = std::thread::Builder::new().stack_size(2 << 20).spawn(|| {
        for text in nasty() {
            for nulls in [Nulls::Values, Nulls::Unknown] {
                let _ = run(&text, nulls, &User::jdoe());
            }
            let _ = compile(&text).map_err(|problems| problems.iter().for_each(|one| drop(format!("{one:?}"))));
        }
    });
    worker.unwrap().join().unwrap();
}

#[test]
fn loops_that_never_seem_to_end_end_with_a_sentence() {
    let text = "[for a in range(1000) : length([for b in range(1000) : length([for c in range(1000) : c])])]";
    assert!(plain(text).unwrap_err().contains("more than"));
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("1.5".to_owned()),
        Just("-3".to_owned()),
        Just("\"a é\"".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just("var.wave".to_owned()),
        Just("var.departments".to_owned()),
        Just("var.secret".to_owned()),
        Just("local.admins".to_owned()),
        Just("user.department".to_owned()),
        Just("user.job_title".to_owned()),
        Just("user.groups".to_owned()),
        Just("user.legacy_sign_ins".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let names: Vec<&'static str> =
            super::functions::ALL.iter().map(|function| function.name).filter(|name| !name.contains("file")).collect();
        prop_oneof![
            (
                inner.clone(),
                prop::sample::select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||"]),
                inner.clone()
            )
                .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (prop::sample::select(names), prop::collection::vec(inner.clone(), 0..4))
                .prop_map(|(name, args)| format!("{name}({})", args.join(", "))),
            prop::collection::vec(inner.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(", "))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{ a = {a}, (\"b\") = {b} }}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
            inner.clone().prop_map(|a| format!("{a}[*].a")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[for x in {a} : {b} if x != null]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{ for k, x in {a} : k => {b}... }}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("\"<${{{a}}}%{{ if {b} }}y%{{ endif }}>\"")),
            inner.prop_map(|a| format!("!{a}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_expressions_give_a_value_or_an_error_twice_the_same(text in expression()) {
        for nulls in [Nulls::Values, Nulls::Unknown] {
            let first = run(&text, nulls, &User::jdoe());
            prop_assert_eq!(&first, &run(&text, nulls, &User::jdoe()));
            if let Ok(value) = first {
                let _ = format_console(&value);
                let json = value.without_marks().to_json();
                prop_assert_eq!(Value::from_json(&json).to_json(), json);
            }
        }
    }
}
