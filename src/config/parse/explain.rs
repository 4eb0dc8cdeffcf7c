//! What the parser complains about, in words that say what is meant.

use crate::{
    config::{
        outline::{Item, brace_below},
        scan::{Kind, Token},
    },
    diag::{Diagnostic, FileId, Span},
};

/// Puts the parser's complaint into words.
pub(super) fn explain(
    text: &str,
    file: FileId,
    tokens: &[Token],
    item: &Item,
    message: &str,
    offset: usize,
) -> Diagnostic {
    let offset = text.floor_char_boundary(offset.min(item.range.end));
    let from = tokens.partition_point(|token| (token.start as usize) < item.range.start);
    let at = tokens.partition_point(|token| (token.end as usize) <= offset).max(from);
    let found = tokens.get(at).filter(|token| (token.start as usize) < item.range.end || token.kind == Kind::Newline);
    let span = found.map_or(offset..(offset + 1).min(text.len().max(offset)), |token| token.range());
    let span = if found.is_some_and(|token| token.kind == Kind::Newline) { offset..offset } else { span };
    let place = Span::new(file, span);
    if message.contains("nesting depth") {
        return Diagnostic::error(
            "Nesting too deep",
            "Blocks, brackets and templates may be nested at most 64 levels deep.",
        )
        .at(place, "one level too many");
    }
    if message.contains("binary operation") {
        return Diagnostic::error("Expression too long", "At most 128 operators may be chained in one expression.")
            .at(place, "one operator too many")
            .hint("write a long `a == x || a == y || …` as `contains([x, y, …], a)`");
    }
    if let Some(problem) = brace(text, file, tokens, from, offset).or_else(|| word(text, file, tokens, at)) {
        return problem;
    }
    let before = at.checked_sub(1).filter(|at| *at >= from).and_then(|at| tokens.get(at));
    let innermost = innermost_bracket(tokens.get(from..at).unwrap_or_default());
    let same_line = before.is_some_and(|token| token.kind != Kind::Newline);
    let what = found.map_or_else(|| "the end of the file".into(), |token| describe(*token, text));
    match (innermost, found.map(|token| token.kind)) {
        (Some(Kind::OpenBracket), Some(_)) if message.contains("`]`") => Diagnostic::error(
            "Missing item separator",
            format!("Expected a comma or `]` after this item of the list, found {what}."),
        )
        .at(place, "")
        .hint("put a comma between the items"),
        (Some(Kind::OpenParen), Some(_)) if message.contains("`)`") => {
            Diagnostic::error("Missing argument separator", format!("Expected a comma or `)`, found {what}."))
                .at(place, "")
                .hint("put a comma between the arguments")
        }
        (_, Some(Kind::Colon)) if before.is_some_and(|token| token.kind == Kind::Ident) => {
            Diagnostic::error("Invalid argument", "An argument is set with `=`, not with `:`.")
                .at(place, "")
                .hint("write `name = value`")
        }
        (_, Some(Kind::Newline) | None) if same_line && before.is_some_and(|token| token.kind == Kind::Equal) => {
            Diagnostic::error("Missing value", "A value is expected after `=`.").at(place, "")
        }
        (_, Some(Kind::Newline))
            if before.is_some_and(|token| matches!(token.kind, Kind::Ident | Kind::CloseQuote)) =>
        {
            Diagnostic::error(
                "Invalid block or argument",
                "A name is followed by `=` and a value (an argument) or by labels and `{` (a block).",
            )
            .at(place, "the line ends here")
        }
        (_, Some(Kind::Ident)) if same_line && begins_another(tokens, at) => Diagnostic::error(
            "Several arguments on one line",
            format!("Each argument stands on its own line; {what} is another one."),
        )
        .at(place, "")
        .hint("start a new line here; a block on one line holds one argument"),
        (_, Some(_)) if same_line && message.contains("newline") => Diagnostic::error(
            "Missing newline",
            format!("An argument or block ends with its line; {what} stands behind it."),
        )
        .at(place, "")
        .hint("start a new line here"),
        _ => {
            let expected = message.split_once("expected ").map(|(_, expected)| expected);
            let detail = match expected {
                Some(expected) => format!("Expected {expected}, found {what}."),
                None => format!("{} is not expected here.", capitalised(&what)),
            };
            Diagnostic::error("Invalid syntax", detail).at(place, "")
        }
    }
}

/// What is wrong with an expression around `offset`, where that is known better than the parser says it.
pub(super) fn in_expression(text: &str, file: FileId, tokens: &[Token], offset: usize) -> Option<Diagnostic> {
    word(text, file, tokens, tokens.partition_point(|token| (token.end as usize) <= offset))
}

/// The `{` of a block on the line below its header.
fn brace(text: &str, file: FileId, tokens: &[Token], from: usize, offset: usize) -> Option<Diagnostic> {
    let line = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let start = tokens.partition_point(|token| (token.start as usize) < line).max(from);
    let start = start + tokens.iter().skip(start).take_while(|token| token.kind == Kind::Newline).count();
    let end = start + tokens.iter().skip(start).take_while(|token| token.kind != Kind::Newline).count();
    if !brace_below(tokens, start, end) {
        return None;
    }
    let open = tokens.iter().skip(end).find(|token| token.kind == Kind::OpenBrace)?;
    let header = tokens.get(start)?.start as usize..tokens.get(end.checked_sub(1)?)?.end as usize;
    Some(
        Diagnostic::error("Brace on the next line", "The `{` of a block stands on the same line as its name.")
            .at(Span::new(file, open.range()), "")
            .and(Span::new(file, header.clone()), "the block's name and labels")
            .hint(format!("write `{} {{`", text.get(header)?)),
    )
}

/// Operators of other languages, written as words or doubled signs.
fn word(text: &str, file: FileId, tokens: &[Token], at: usize) -> Option<Diagnostic> {
    // The parser stops before, at or behind the word.
    let near = at.saturating_sub(1)..at + 2;
    let (index, token) =
        tokens.iter().enumerate().skip(near.start).take(near.len()).find(|(_, token)| {
            token.kind == Kind::Ident && OPERATORS.iter().any(|(word, _)| *word == token.text(text))
        })?;
    let name = token.text(text);
    let (_, instead) = OPERATORS.iter().find(|(word, _)| *word == name)?;
    // `and = 1`, `var.not`, `in` of a `for`: names like any other.
    let beside = |step: isize| index.checked_add_signed(step).and_then(|at| tokens.get(at)).map(|token| token.kind);
    let operand = |kind| {
        matches!(
            kind,
            Kind::Ident | Kind::Number | Kind::OpenQuote | Kind::OpenParen | Kind::OpenBracket | Kind::Operator
        )
    };
    let value =
        |kind| matches!(kind, Kind::Ident | Kind::Number | Kind::CloseQuote | Kind::CloseParen | Kind::CloseBracket);
    let reads_as_operator = beside(1).is_some_and(operand) && (name == "not" || beside(-1).is_some_and(value));
    reads_as_operator.then(|| {
        Diagnostic::error("Unsupported operator", format!("`{name}` is not an operator."))
            .at(Span::new(file, token.range()), "")
            .hint(format!("write {instead}"))
            .fix(name, instead.trim_matches('`'))
    })
}

/// Words that are operators elsewhere, and what is written here.
const OPERATORS: [(&str, &str); 8] = [
    ("and", "`&&`"),
    ("AND", "`&&`"),
    ("or", "`||`"),
    ("OR", "`||`"),
    ("not", "`!`"),
    ("NOT", "`!`"),
    ("is", "`==`"),
    ("in", "`contains(list, value)`"),
];

/// Does `name =` or the header of a block begin at this token?
fn begins_another(tokens: &[Token], at: usize) -> bool {
    let mut rest = tokens.iter().skip(at + 1);
    rest.next().is_some_and(|next| matches!(next.kind, Kind::Equal | Kind::OpenBrace | Kind::OpenQuote))
}

/// The innermost bracket open after these tokens.
fn innermost_bracket(tokens: &[Token]) -> Option<Kind> {
    let mut open = Vec::new();
    for token in tokens {
        match token.kind {
            Kind::OpenBrace | Kind::OpenBracket | Kind::OpenParen | Kind::OpenQuote | Kind::OpenTemplate => {
                open.push(token.kind);
            }
            Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParen | Kind::CloseQuote | Kind::CloseTemplate => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}

fn describe(token: Token, text: &str) -> String {
    match token.kind {
        Kind::Newline => "the end of the line".into(),
        Kind::OpenQuote | Kind::Text | Kind::CloseQuote => "a string".into(),
        Kind::OpenHeredoc | Kind::CloseHeredoc => "a heredoc".into(),
        Kind::LineComment | Kind::BlockComment => "a comment".into(),
        _ => format!("`{}`", token.text(text).chars().take(40).collect::<String>()),
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
