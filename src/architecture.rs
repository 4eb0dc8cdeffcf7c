//! The arrows between modules: what `docs/architecture.md` allows, against what the code uses.
//!
//! The table of that page is the only list. A `use` that it does not allow fails here, with the file: either the code goes
//! another way, or the arrow is argued for and written into the table.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Per module: which others it may use.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Reads the table below `## Modules`: names in the first column, what they know in the last.
fn arrows(page: &str) -> Arrows {
    let named = |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let rows = page.lines().skip_while(|line| *line != "## Modules").skip_while(|line| !line.starts_with('|')).skip(2);
    let rows: Vec<(Vec<String>, &str)> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            (named(cells[0]), cells[2])
        })
        .collect();
    let all: BTreeSet<String> = rows.iter().flat_map(|(modules, _)| modules.clone()).collect();
    let known = |cell: &str| if cell == "everything" { all.clone() } else { named(cell).into_iter().collect() };
    rows.iter().flat_map(|(modules, cell)| modules.iter().map(|module| (module.clone(), known(cell)))).collect()
}

/// What a file says about modules.
#[derive(Default)]
struct Found {
    /// Modules of the crate that it uses.
    uses: BTreeSet<String>,
    /// Modules that it declares in files of their own, tests left out.
    children: Vec<String>,
}

/// Reads a file as the module `path`. What only tests see is left out: tests may join what the program keeps apart.
fn scan(tokens: TokenStream, path: &[String], found: &mut Found) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Punct(sign) if sign.as_char() == '#' && is_for_tests(tokens.get(at + 1)) => {
                at = end_of_item(&tokens, at);
            }
            TokenTree::Ident(word) if word == "mod" => {
                let name = tokens.get(at + 1).map(ToString::to_string).unwrap_or_default();
                match tokens.get(at + 2) {
                    Some(TokenTree::Group(body)) => {
                        scan(body.stream(), &[path, std::slice::from_ref(&name)].concat(), found);
                    }
                    Some(TokenTree::Punct(_)) => found.children.push(name),
                    _ => {}
                }
                at += 3;
            }
            TokenTree::Ident(word) if word == "crate" => {
                at += 1;
                root(&tokens[at..], found);
            }
            TokenTree::Ident(word) if word == "super" => {
                at += climb(&tokens[at..], path.len(), found);
            }
            TokenTree::Group(group) => {
                scan(group.stream(), path, found);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// `[cfg(test)]`, and `all(test, …)` of it.
fn is_for_tests(attribute: Option<&TokenTree>) -> bool {
    attribute.is_some_and(|one| {
        let text: String = one.to_string().split_whitespace().collect();
        text == "[cfg(test)]" || text.starts_with("[cfg(all(test,")
    })
}

/// Behind an item with its attributes: behind its block, or its semicolon.
fn end_of_item(tokens: &[TokenTree], from: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Punct(sign) => sign.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    };
    tokens[from..].iter().position(ends).map_or(tokens.len(), |length| from + length + 1)
}

/// `super::super::x` in a module so deep; returns how many tokens that is.
fn climb(tokens: &[TokenTree], depth: usize, found: &mut Found) -> usize {
    let mut at = 1;
    let mut left = depth.saturating_sub(1);
    while matches!(tokens.get(at + 2), Some(TokenTree::Ident(word)) if word == "super") {
        left = left.saturating_sub(1);
        at += 3;
    }
    if left == 0 {
        root(&tokens[at..], found);
    } else if let Some(TokenTree::Group(group)) = tokens.get(at + 2) {
        for part in parts(group.stream()) {
            if matches!(part.first(), Some(TokenTree::Ident(word)) if word == "super") {
                climb(&part, left, found);
            }
        }
    }
    at
}

/// What follows the root of the crate: `::x…` or `::{x, y::…}`.
fn root(tokens: &[TokenTree], found: &mut Found) {
    let paths = match tokens.get(2) {
        Some(TokenTree::Group(group)) => parts(group.stream()),
        Some(word) => vec![vec![word.clone()]],
        None => Vec::new(),
    };
    found.uses.extend(paths.iter().filter_map(|path| path.first()).map(ToString::to_string));
}

fn parts(list: TokenStream) -> Vec<Vec<TokenTree>> {
    let tokens: Vec<TokenTree> = list.into_iter().collect();
    let comma = |token: &TokenTree| matches!(token, TokenTree::Punct(sign) if sign.as_char() == ',');
    tokens.split(comma).map(<[TokenTree]>::to_vec).collect()
}

/// What a file of the module `path` uses against the arrows, one line each.
fn violations(arrows: &Arrows, path: &[String], uses: &BTreeSet<String>) -> Vec<String> {
    let Some(own) = path.first() else { return Vec::new() };
    let Some(known) = arrows.get(own) else { return vec![format!("`{own}` has no row in the table")] };
    let strange = uses.iter().filter(|used| *used != own && arrows.contains_key(*used) && !known.contains(*used));
    strange.map(|used| format!("{}: `{own}` may not use `{used}`", path.join("::"))).collect()
}

fn walk(directory: &Path, path: &[String], arrows: &Arrows, wrong: &mut Vec<String>) {
    let place = path.iter().fold(directory.to_owned(), |place, name| place.join(name));
    let files = [place.join("lib.rs"), place.join("mod.rs"), place.with_extension("rs")];
    let file = files.iter().find(|file| file.is_file()).unwrap_or_else(|| panic!("no file of `{}`", path.join("::")));
    let mut found = Found::default();
    scan(fs::read_to_string(file).unwrap().parse().unwrap(), path, &mut found);
    wrong.extend(violations(arrows, path, &found.uses));
    for child in found.children {
        if path.is_empty() && child == "testing" {
            continue;
        }
        walk(directory, &[path, &[child]].concat(), arrows, wrong);
    }
}

#[test]
fn modules_use_only_what_the_table_of_the_architecture_allows() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let arrows = arrows(&fs::read_to_string(home.join("docs/architecture.md")).unwrap());
    let mut wrong = Vec::new();
    walk(&home.join("src"), &[], &arrows, &mut wrong);
    assert!(wrong.is_empty(), "against the table of docs/architecture.md:\n{}", wrong.join("\n"));
}

#[test]
fn arrows_go_one_way() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut left = arrows(&fs::read_to_string(home.join("docs/architecture.md")).unwrap());
    while let Some(module) = left.iter().find(|(module, known)| known.iter().all(|one| one == *module)).map(|one| one.0)
    {
        let module = module.clone();
        left.remove(&module);
        for known in left.values_mut() {
            known.remove(&module);
        }
    }
    assert!(left.is_empty(), "a circle: {left:?}");
}

/// The public fields of the structs of a file, as `Struct.field`.
fn fields(tokens: TokenStream, found: &mut Vec<(String, String)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let (TokenTree::Ident(word), Some(TokenTree::Ident(name))) = (token, tokens.get(at + 1)) else { continue };
        let body = tokens[at..].iter().find_map(|one| match one {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
            _ => None,
        });
        let Some(body) = body.filter(|_| word == "struct") else { continue };
        let body: Vec<TokenTree> = body.into_iter().collect();
        for field in body.windows(3) {
            if let [TokenTree::Ident(public), TokenTree::Ident(field), TokenTree::Punct(_)] = field
                && public == "pub"
            {
                found.push((name.to_string(), field.to_string()));
            }
        }
    }
}

/// Which fields a file reads, tests left out: `.field`, and `Struct { field, … }` taken apart.
fn reads(tokens: TokenStream, all: &[(String, String)], found: &mut BTreeSet<(String, String)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is =
        |token: Option<&TokenTree>, sign: char| matches!(token, Some(TokenTree::Punct(one)) if one.as_char() == sign);
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Punct(sign) if sign.as_char() == '#' && is_for_tests(tokens.get(at + 1)) => {
                at = end_of_item(&tokens, at);
                continue;
            }
            TokenTree::Punct(sign) if sign.as_char() == '.' && !is(tokens.get(at + 1), '.') => {
                let name = tokens.get(at + 1).map(ToString::to_string).unwrap_or_default();
                let call = matches!(tokens.get(at + 2), Some(TokenTree::Group(one)) if one.delimiter() == Delimiter::Parenthesis);
                found.extend(all.iter().filter(|(_, field)| !call && *field == name).cloned());
            }
            TokenTree::Group(group) => {
                let before =
                    at.checked_sub(1).and_then(|at| tokens.get(at)).map(ToString::to_string).unwrap_or_default();
                let members: Vec<TokenTree> = group.stream().into_iter().collect();
                for (place, member) in members.iter().enumerate() {
                    let ignored = is(members.get(place + 1), ':')
                        && matches!(members.get(place + 2), Some(TokenTree::Ident(word)) if word == "_");
                    let named = |(own, field): &&(String, String)| *own == before && *field == member.to_string();
                    found.extend(all.iter().filter(|one| !ignored && named(one)).cloned());
                }
                reads(group.stream(), all, found);
            }
            _ => {}
        }
        at += 1;
    }
}

/// What is written in a configuration and read by nobody would be a promise that is not kept.
#[test]
fn every_field_of_the_configuration_is_read_outside_of_it() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    fields(fs::read_to_string(home.join("config/model.rs")).unwrap().parse().unwrap(), &mut all);
    assert!(all.len() > 80, "{}", all.len());
    let mut found = BTreeSet::new();
    let mut left = vec![home.clone()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let for_tests =
                ["tests", "testing", "architecture"].iter().any(|one| name == *one) || name.ends_with("_tests");
            if for_tests || path == home.join("config") {
                continue;
            }
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|one| one == "rs") {
                reads(fs::read_to_string(&path).unwrap().parse().unwrap(), &all, &mut found);
            }
        }
    }
    let unread: Vec<_> =
        all.iter().filter(|one| !found.contains(*one)).map(|(name, field)| format!("{name}.{field}")).collect();
    let expected: Vec<_> = READ_WITHIN.iter().map(|(field, _)| (*field).to_owned()).collect();
    assert_eq!(unread, expected, "fields of src/config/model.rs that nothing outside of `config` reads");
}

/// Fields that `config` itself answers questions by, and which.
const READ_WITHIN: [(&str, &str); 3] = [
    ("Config.calls", "where a module is called, for its diagnostics: `Config::told`"),
    ("Window.timezone", "may be written now? `Guardrails::openness`"),
    ("Window.module", "the same, for windows of several modules"),
];

#[test]
fn a_field_counts_as_read_where_it_is_used_and_not_where_it_is_passed_over() {
    let all = vec![("Mfa".to_owned(), "reason".to_owned()), ("Mfa".to_owned(), "state".to_owned())];
    let read = |source: &str| {
        let mut found = BTreeSet::new();
        reads(source.parse().unwrap(), &all, &mut found);
        found.into_iter().map(|(_, field)| field).collect::<Vec<_>>()
    };
    assert_eq!(read("fn f() { one.reason; let Mfa { state, reason: _ } = two; }"), ["reason", "state"]);
    assert_eq!(read("fn f() { g(mfa.state) }"), ["state"]);
    for nothing in [
        "one.reason()",
        "let Mfa { reason: _, .. } = one;",
        "Other { reason }",
        "reason",
        "#[cfg(test)] fn f() { one.reason }",
    ] {
        assert_eq!(read(nothing), [""; 0], "{nothing}");
    }
    let mut found = Vec::new();
    fields("pub struct Mfa { pub reason: Option<Text>, own: u8, pub state: State }".parse().unwrap(), &mut found);
    assert_eq!(found, all);
}

/// The test of the test.
#[test]
fn a_forbidden_use_is_found_however_it_is_written() {
    let page = "## Modules\n\n| module | does | knows |\n|---|---|---|\n| `plan` | … | nothing else |\n\
                | `render` | … | `plan` |\n| `apply` | … | `plan` |\n";
    let judged = |path: &[&str], source: &str| {
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        let mut found = Found::default();
        scan(source.parse().unwrap(), &path, &mut found);
        violations(&arrows(page), &path, &found.uses)
    };
    let text = ["render", "text"];
    let found = ["render::text: `render` may not use `apply`"];
    assert_eq!(judged(&text, "use crate::apply::Report;"), found);
    assert_eq!(judged(&text, "use crate::{plan::{Plan, Change}, apply::{self, Report}};"), found);
    assert_eq!(judged(&text, "fn f() { let x = vec![crate::apply::report()]; }"), found);
    assert_eq!(judged(&text, "use super::super::apply;"), found);
    assert_eq!(judged(&text, "use super::{super::apply, words};"), found);
    assert_eq!(judged(&text, "mod inner { use super::super::super::apply; }"), found);
    for harmless in [
        "use crate::plan::Plan; use super::apply;",
        "// crate::apply\nconst TEXT: &str = \"crate::apply\";",
        "#[cfg(test)] mod tests { use crate::apply::Report; }",
        "#[cfg(test)]\nuse crate::apply::Report;",
    ] {
        assert_eq!(judged(&text, harmless), [""; 0], "{harmless}");
    }
    assert_eq!(judged(&["lsp"], "use crate::plan;"), ["`lsp` has no row in the table"]);
}
