//! Every recorded expression gives what `terraform console` gave, or the difference is explained in the documentation.

use std::{collections::BTreeMap, fs, path::Path};

use super::functions::docs::{example_result, page};
use super::{CompileContext, Expr, Scope, Value, format_console, parse_expression};
use crate::diag::{Diagnostics, SourceMap};

fn root(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What the console would print for an expression, or `error`.
fn ours(text: &str) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add("console", text);
    let mut diags = Diagnostics::default();
    let expr = parse_expression(text, file, &mut diags);
    let expr = expr.and_then(|expr| Expr::compile(&expr, file, &CompileContext::default(), &mut diags));
    let nothing = Value::object::<&str>([]);
    let scope = Scope::new(&nothing, &nothing, Path::new("/nowhere"), jiff::Timestamp::UNIX_EPOCH);
    match expr.map(|expr| expr.eval(&scope)) {
        Some(Ok(value)) => format_console(&value),
        _ => "error".into(),
    }
}

/// `> expression` and the lines after it.
fn pairs(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    // Not `lines`: a carriage return in a result counts.
    for line in text.split_terminator('\n') {
        match (line.strip_prefix("> "), found.last_mut()) {
            (Some(expression), _) => found.push((expression.into(), String::new())),
            (None, Some((_, result))) => {
                result.push_str(if result.is_empty() { "" } else { "\n" });
                result.push_str(line);
            }
            (None, None) => {}
        }
    }
    found
}

/// The differences the documentation explains: expression to our result.
fn explained() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root("docs/language/differences.md")).unwrap_or_default();
    let mut inside = false;
    let mut lines = String::new();
    for line in text.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            line if inside => lines.push_str(&format!("{line}\n")),
            _ => {}
        }
    }
    pairs(&lines).into_iter().collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "compare.sh shows the rate")]
fn recorded_expressions_agree_or_are_explained() {
    let expected = pairs(&fs::read_to_string(root("tests/terraform/expected.txt")).unwrap());
    let explained = explained();
    let mut unexplained = Vec::new();
    let mut stale = Vec::new();
    let mut agreeing = 0;
    for (expression, theirs) in &expected {
        let ours = ours(expression);
        match (ours == *theirs, explained.get(expression)) {
            (true, None) => agreeing += 1,
            (true, Some(_)) => stale.push(expression.clone()),
            (false, Some(written)) if *written == ours => {}
            (false, _) => unexplained.push(format!("> {expression}\nterraform: {theirs}\nmfaplan:   {ours}")),
        }
    }
    println!(
        "{agreeing} of {} expressions agree with Terraform, {} differences are explained",
        expected.len(),
        explained.len()
    );
    assert!(expected.len() >= 300);
    assert!(unexplained.is_empty(), "{} unexplained:\n{}", unexplained.len(), unexplained.join("\n"));
    assert!(stale.is_empty(), "explained but equal: {stale:?}");
}

/// Heredocs, comments and line breaks, which do not fit on a line: expression and result.
fn multiline() -> Vec<(String, String)> {
    let text = fs::read_to_string(root("tests/terraform/multiline.expected.txt")).unwrap();
    let cases = text.split("=====\n").filter(|case| !case.is_empty());
    cases.map(|case| case.split_once("-----\n").unwrap()).map(|(a, b)| (a.into(), b.into())).collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "compare.sh shows the rate")]
fn recorded_expressions_of_several_lines_agree() {
    let all = multiline();
    let list = fs::read_to_string(root("tests/terraform/multiline.txt")).unwrap();
    assert!(list.split("=====\n").eq(all.iter().map(|(expression, _)| expression.as_str())));
    let mut different = Vec::new();
    for (expression, theirs) in &all {
        let ours = ours(expression) + "\n";
        if ours != *theirs {
            different.push(format!("{expression}terraform:\n{theirs}mfaplan:\n{ours}"));
        }
    }
    println!("{} of {} expressions of several lines agree", all.len() - different.len(), all.len());
    assert!(different.is_empty(), "{}", different.join("=====\n"));
}

#[test]
fn the_recorded_expressions_are_those_of_the_list() {
    let list = fs::read_to_string(root("tests/terraform/expressions.txt")).unwrap();
    let wanted: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    let expected = pairs(&fs::read_to_string(root("tests/terraform/expected.txt")).unwrap());
    assert_eq!(wanted, expected.iter().map(|(expression, _)| expression.as_str()).collect::<Vec<_>>());
    for function in super::functions::ALL.iter() {
        let times = |call: &str| wanted.iter().filter(|line| line.contains(call)).count();
        let skipped = ["timestamp", "plantimestamp", "templatefile"].contains(&function.name);
        assert!(skipped || times(&format!("{}(", function.name)) >= 3, "{}", function.name);
    }
}

#[test]
fn functions_page_matches_the_code() {
    let path = root("docs/language/functions.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), page, "run UPDATE_DOCS=1 cargo test functions_page");
}

#[test]
fn every_example_works() {
    for function in super::functions::ALL.iter() {
        let result = example_result(function.example);
        assert!(!result.contains("rror"), "{}: {result}", function.example);
        assert!(function.example.contains(&format!("{}(", function.name)));
    }
}
