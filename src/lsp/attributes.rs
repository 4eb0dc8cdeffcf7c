//! The attributes of named values: from the values themselves where the configuration has loaded, else from the text.

use std::path::Path;

use super::{context::Language, outline::Declared, workspace::Workspace};
use crate::{
    config::scan::{Kind, Token, scan},
    diag::FileId,
    eval::Value,
};

/// The names that may follow `root.`: those of `local.team`, `var.settings.limits`, `each.value`.
pub(super) fn of(workspace: &Workspace, path: &Path, offset: usize, root: &str, declared: &[Declared]) -> Vec<String> {
    let steps: Vec<&str> = root.split('.').collect();
    match steps.as_slice() {
        [kind @ ("var" | "local"), name, rest @ ..] => named(workspace, path, kind, name, rest, declared),
        ["each", "value", rest @ ..] => {
            let Some(text) = workspace.text(path) else { return Vec::new() };
            let Some(repeated) = for_each(text, offset) else { return Vec::new() };
            // Whichever element: they are alike.
            let mut inner = vec![ANY];
            inner.extend_from_slice(rest);
            let steps: Vec<&str> = repeated.trim().split('.').collect();
            match steps.as_slice() {
                [kind @ ("var" | "local"), name] => named(workspace, path, kind, name, &inner, declared),
                _ => in_text(&repeated, &inner),
            }
        }
        _ => Vec::new(),
    }
}

/// Stands for any key or index.
const ANY: &str = "*";

fn named(
    workspace: &Workspace,
    path: &Path,
    kind: &str,
    name: &str,
    rest: &[&str],
    declared: &[Declared],
) -> Vec<String> {
    let dir = super::workspace::home_of(path);
    let found = dir.and_then(|dir| workspace.values(&dir)).and_then(|(var, local)| {
        let root = if kind == "var" { var } else { local };
        rest.iter().try_fold(root.get(name)?.clone(), |value, step| inner(&value, step))
    });
    if let Some(value) = found.filter(|value| !matches!(value, Value::Sensitive(_)))
        && let Some(map) = value.as_map()
    {
        return map.keys().map(|key| key.to_string()).collect();
    }
    let kind = if kind == "var" { "variable" } else { kind };
    let Some(one) = declared.iter().find(|one| one.kind == kind && one.name == name) else { return Vec::new() };
    let Some(text) = workspace.any_text(&one.path) else { return Vec::new() };
    let Some(whole) = text.get(one.whole.clone()) else { return Vec::new() };
    if kind == "local" {
        let value = whole.split_once('=').map_or("", |(_, value)| value);
        return in_text(value, rest);
    }
    // A variable's attributes are those of its default.
    match argument(whole, "default") {
        Some(value) => in_text(&value, rest),
        None => Vec::new(),
    }
}

fn inner(value: &Value, step: &str) -> Option<Value> {
    if step != ANY {
        return value.get(step).cloned();
    }
    match (value.as_map(), value.as_list()) {
        (Some(map), _) => map.values().next().cloned(),
        (None, Some(list)) => list.first().cloned(),
        (None, None) => None,
    }
}

/// The value of an argument of a block, as text.
pub(super) fn argument(block: &str, name: &str) -> Option<String> {
    let tokens = scan(block, FileId(0)).tokens;
    let mut depth = 0_i32;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            kind if kind.opens() => depth += 1,
            kind if kind.closes() => depth -= 1,
            Kind::Ident if depth == 1 && token.text(block) == name => {
                let equal = tokens.get(at + 1).filter(|next| next.kind == Kind::Equal)?;
                let start = equal.end as usize;
                let mut inner = 0_i32;
                let end = tokens.iter().skip(at + 2).find(|token| {
                    inner += i32::from(token.kind.opens()) - i32::from(token.kind.closes());
                    inner < 0 || inner == 0 && token.kind == Kind::Newline
                });
                return block.get(start..end.map_or(block.len(), |token| token.start as usize)).map(str::to_owned);
            }
            _ => {}
        }
    }
    None
}

/// The `for_each` of the block at the top level around a byte.
fn for_each(text: &str, offset: usize) -> Option<String> {
    let all = super::outline::declarations(Path::new(""), text);
    let block = all.into_iter().rfind(|one| one.kind != "local" && one.header.start <= offset)?;
    argument(text.get(block.header.start..)?, "for_each")
}

/// The keys of an object that is written out, behind some steps into it.
fn in_text(text: &str, steps: &[&str]) -> Vec<String> {
    let tokens: Vec<Token> = scan(text, FileId(0)).tokens;
    let mut members = members(&tokens, text);
    for step in steps {
        let next = members.into_iter().find(|(key, _)| *step == ANY || key == step);
        let Some((_, value)) = next else { return Vec::new() };
        members = self::members(value, text);
    }
    members.into_iter().map(|(key, _)| key).collect()
}

/// Keys and values of the object that begins these tokens; of a list, the elements.
fn members<'t>(tokens: &'t [Token], text: &str) -> Vec<(String, &'t [Token])> {
    let blank = |token: &&Token| matches!(token.kind, Kind::Newline | Kind::LineComment | Kind::BlockComment);
    let start = tokens.iter().take_while(blank).count();
    let list = match tokens.get(start).map(|token| token.kind) {
        Some(Kind::OpenBrace) => false,
        Some(Kind::OpenBracket) => true,
        _ => return Vec::new(),
    };
    let mut found: Vec<(String, &[Token])> = Vec::new();
    let mut depth = 0_i32;
    let mut key: Option<String> = None;
    let body = tokens.get(start + 1..).unwrap_or_default();
    for (at, token) in body.iter().enumerate() {
        if depth == 0 && list && !blank(&token) && token.kind != Kind::Comma && found.is_empty() {
            found.push((String::new(), body.get(at..).unwrap_or_default()));
        }
        match token.kind {
            kind if kind.opens() => depth += 1,
            kind if kind.closes() => depth -= 1,
            _ => {}
        }
        match token.kind {
            _ if depth < 0 => break,
            Kind::Ident if depth == 0 => key = Some(token.text(text).to_owned()),
            // A quoted key: the quotes count as brackets.
            Kind::Text if depth == 1 && key.is_none() => key = Some(token.text(text).to_owned()),
            Kind::Equal | Kind::Colon if depth == 0 && !list => {
                if let Some(key) = key.take() {
                    found.push((key, body.get(at + 1..).unwrap_or_default()));
                }
            }
            Kind::Comma | Kind::Newline if depth == 0 => key = None,
            _ => {}
        }
    }
    found
}

/// The names of arguments and single blocks that the block around a byte has already, apart from the one being written.
pub(super) fn set_beside(text: &str, offset: usize, language: Language) -> Vec<String> {
    let tokens = scan(text, FileId(0)).tokens;
    let mut tracker = super::context::Tracker::new(text, language);
    // Where each block around begins, and what it has.
    let mut open: Vec<(usize, Vec<String>)> = vec![(0, Vec::new())];
    for token in &tokens {
        let depth = tracker.blocks().len();
        let touched = (token.start as usize) <= offset && offset <= token.end as usize;
        if token.kind == Kind::Ident
            && tracker.line_start()
            && tracker.in_body()
            && !touched
            && let Some((_, names)) = open.last_mut()
        {
            names.push(token.text(text).to_owned());
        }
        tracker.step(*token);
        let now = tracker.blocks().len();
        if now > depth {
            open.push((token.end as usize, Vec::new()));
        } else if now < depth
            && let Some((start, names)) = open.pop()
            && start <= offset
            && offset <= token.start as usize
        {
            return names;
        }
    }
    open.into_iter().rev().find(|(start, _)| *start <= offset).map(|(_, names)| names).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_that_are_written_out_have_attributes() {
        let text = "{ lead = \"a\", \"deputy\" = { upn = 1, name = [2] },\n other = f({ x = 1 }) }";
        assert_eq!(in_text(text, &[]), ["lead", "deputy", "other"]);
        assert_eq!(in_text(text, &["deputy"]), ["upn", "name"]);
        assert_eq!(in_text("[{ a = 1, b = 2 }, { c = 3 }]", &[ANY]), ["a", "b"]);
        assert_eq!(in_text("{ x = { upn = 1 }, y = { z = 1 } }", &[ANY]), ["upn"]);
        assert_eq!(in_text("merge({ a = 1 })", &[]), [""; 0]);
    }

    #[test]
    fn what_a_block_has_already_is_known_from_both_sides() {
        let text = "mfa \"x\" {\n  state = \"enforced\"\n  \n  users = []\n  except {\n    groups = []\n  }\n}\nmfa \"y\" {\n  roles = []\n}\n";
        let at = text.find("  \n").unwrap() + 2;
        assert_eq!(set_beside(text, at, Language::Configuration), ["state", "users", "except"]);
        let inner = text.find("    groups").unwrap();
        assert_eq!(set_beside(text, inner, Language::Configuration), ["groups"]);
    }
}
