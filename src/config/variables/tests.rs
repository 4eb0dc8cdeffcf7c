//! Types × ways: whichever way a value comes, a variable gets the same one.

use std::{fs, path::Path};

use crate::{
    config::{Assignment, Config, LoadFailure, LoadInput, load},
    eval::Value,
};

const TENANT: &str = "tenant \"Contoso\" {\n  id = \"6f1c0c0e-3f0a-4b52-9f4e-0d2f5a1b7c11\"\n}\n";

fn loaded(
    dir: &Path,
    assignments: &[Assignment],
    environment: &[(String, String)],
) -> Result<Config, Box<LoadFailure>> {
    load(LoadInput {
        dir,
        policy_dir: None,
        assignments,
        environment,
        instant: "2026-11-24T12:00:00Z".parse().unwrap(),
        allow_files: &[],
        known_rules: &[],
    })
}

fn directory(variable: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("main.mfa.hcl"), format!("{TENANT}\n{variable}\n")).unwrap();
    dir
}

/// Type, the value as HCL, as JSON and as the text of a command line.
const VALUES: [(&str, &str, &str, &str); 12] = [
    ("string", "\"a b\"", "\"a b\"", "a b"),
    ("string", "null", "null", "null"),
    ("number", "2.5", "2.5", "2.5"),
    ("number", "2", "\"2\"", "1 + 1"),
    ("bool", "true", "true", "true"),
    ("bool", "true", "\"1\"", "1"),
    ("bool", "false", "\"0\"", "0"),
    ("bool", "false", "false", " false "),
    ("list(string)", "[\"a\", \"b\"]", "[\"a\", \"b\"]", "[\"a\", \"b\"]"),
    ("map(number)", "{ a = 1 }", "{\"a\": 1}", "{ a = 1 }"),
    ("object({ a = string, b = optional(bool, true) })", "{ a = \"x\" }", "{\"a\": \"x\"}", "{ a = \"x\" }"),
    ("set(string)", "[\"b\", \"a\"]", "[\"b\", \"a\", \"a\"]", "[\"a\", \"b\"]"),
];

#[test]
fn whichever_way_a_value_comes_it_is_the_same() {
    for (ty, hcl, json, text) in VALUES {
        let dir = directory(&format!("variable \"x\" {{\n  type = {ty}\n}}"));
        let at = |name: &str| dir.path().join(name);
        let value = |assignments: &[Assignment], environment: &[(String, String)]| match loaded(
            dir.path(),
            assignments,
            environment,
        ) {
            Ok(config) => config.var.get("x").cloned().unwrap_or(Value::Null),
            Err(failure) => panic!("{ty}: {hcl}: {:#?}", failure.diagnostics),
        };
        fs::write(at("value.mfavars.hcl"), format!("x = {hcl}\n")).unwrap();
        fs::write(at("value.mfavars.json"), format!("{{\"x\": {json}}}\n")).unwrap();
        let from_file = value(&[Assignment::File(at("value.mfavars.hcl"))], &[]);
        assert_eq!(value(&[Assignment::File(at("value.mfavars.json"))], &[]), from_file, "{ty}: {json}");
        // Text for a string is itself: `null` can only be said in a file.
        if !(ty == "string" && hcl == "null") {
            let named = format!(" x ={text}");
            assert_eq!(value(&[Assignment::Value(named)], &[]), from_file, "{ty}: --var {text}");
            let environment = [("MFAPLAN_VAR_x".to_owned(), text.to_owned())];
            assert_eq!(value(&[], &environment), from_file, "{ty}: environment {text}");
        }
        for name in ["mfaplan.mfavars.hcl", "mfaplan.mfavars.json", "a.auto.mfavars.hcl", "a.auto.mfavars.json"] {
            let written = if name.ends_with("json") { format!("{{\"x\": {json}}}") } else { format!("x = {hcl}\n") };
            fs::write(at(name), written).unwrap();
            assert_eq!(value(&[], &[]), from_file, "{ty}: {name}");
            fs::remove_file(at(name)).unwrap();
        }
    }
}

#[test]
fn what_is_no_bool_is_told_whichever_way_it_comes() {
    let dir = directory("variable \"x\" {\n  type = bool\n}");
    for text in ["yes", "2", "\"maybe\"", "on"] {
        assert!(loaded(dir.path(), &[Assignment::Value(format!("x={text}"))], &[]).is_err(), "{text}");
        assert!(loaded(dir.path(), &[], &[("MFAPLAN_VAR_x".into(), text.into())]).is_err(), "{text}");
    }
}

#[test]
fn files_count_by_their_name_and_json_like_hcl() {
    let dir = directory("variable \"x\" {\n  default = \"none\"\n}");
    let value = || loaded(dir.path(), &[], &[]).unwrap().var.get("x").unwrap().as_str().unwrap().to_owned();
    for (name, written) in [
        ("mfaplan.mfavars.hcl", "x = \"1\""),
        ("mfaplan.mfavars.json", "{\"x\": \"2\"}"),
        ("a.auto.mfavars.json", "{\"x\": \"3\"}"),
        ("b.auto.mfavars.hcl", "x = \"4\""),
        ("c.auto.mfavars.json", "{\"x\": \"5\"}"),
    ] {
        fs::write(dir.path().join(name), written).unwrap();
        assert!(written.contains(&value()), "{name}");
    }
}

/// Strings of JSON are text, not templates: what stands in them runs nothing.
#[test]
fn a_string_of_json_is_taken_as_it_stands() {
    let dir = directory("variable \"x\" {}");
    fs::write(dir.path().join("mfaplan.mfavars.json"), r#"{"x": "${1 + 1} %{ if"}"#).unwrap();
    let config = loaded(dir.path(), &[], &[]).unwrap();
    assert_eq!(config.var.get("x").unwrap().as_str(), Some("${1 + 1} %{ if"));
}

/// A slip in one block hides nothing of the others, not even behind a function that does not exist.
#[test]
fn every_problem_is_told_behind_an_unknown_function() {
    let dir = directory(
        "locals {\n  a = uper(\"x\")\n}\n\nmfa \"a\" {\n  state = \"enforcd\"\n  users = [lowr(\"A@contoso.com\")]\n}\n\n\
         accept \"MFA999\" {\n  reason = \"r\"\n  expires = \"2026-13-01\"\n}\n",
    );
    let failure = loaded(dir.path(), &[], &[]).unwrap_err();
    let said: Vec<String> = failure.diagnostics.iter().map(|one| format!("{} {}", one.summary, one.detail)).collect();
    for about in ["uper", "lowr", "enforcd", "MFA999", "expires"] {
        assert!(said.iter().any(|one| one.contains(about)), "{about}: {said:#?}");
    }
}
