//! What a text looks like: regions to fold, links to files, and what each word is.

use std::{ops::Range, path::Path};

use lsp_types::{FoldingRange, FoldingRangeKind, SemanticTokenType};

use super::context::{Language, Tracker};
use crate::{
    config::scan::{Kind, Token, scan},
    diag::FileId,
    eval::functions,
};

/// Blocks, brackets and heredocs over several lines, and runs of comments.
pub(super) fn folds(text: &str) -> Vec<FoldingRange> {
    let tokens = scan(text, FileId(0)).tokens;
    let mut lines = Lines::of(text);
    let mut open: Vec<u32> = Vec::new();
    let mut comments: Option<(u32, u32)> = None;
    let mut found = Vec::new();
    for token in &tokens {
        let line = lines.at(token.start);
        match token.kind {
            Kind::OpenBrace | Kind::OpenBracket | Kind::OpenParen | Kind::OpenHeredoc => open.push(line),
            Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParen | Kind::CloseHeredoc => {
                // The line with the closing bracket stays to be seen.
                if let Some(start) = open.pop().filter(|start| start + 1 < line) {
                    found.push(fold(start, line - 1, FoldingRangeKind::Region));
                }
            }
            Kind::LineComment => match &mut comments {
                Some((_, last)) if *last + 1 == line => *last = line,
                other => {
                    found.extend(other.take().and_then(comment_fold));
                    *other = Some((line, line));
                }
            },
            Kind::BlockComment => {
                let end = lines.at(token.end);
                found.extend(comment_fold((line, end)));
            }
            _ => {}
        }
    }
    found.extend(comments.and_then(comment_fold));
    found.sort_by_key(|one| one.start_line);
    found
}

fn comment_fold((start, end): (u32, u32)) -> Option<FoldingRange> {
    (start < end).then(|| fold(start, end, FoldingRangeKind::Comment))
}

fn fold(start_line: u32, end_line: u32, kind: FoldingRangeKind) -> FoldingRange {
    FoldingRange { start_line, end_line, kind: Some(kind), ..FoldingRange::default() }
}

/// Lines of ascending bytes, each newline counted once.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: u32,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        Self { text: text.as_bytes(), at: 0, line: 0 }
    }

    fn at(&mut self, byte: u32) -> u32 {
        let to = (byte as usize).min(self.text.len());
        if to > self.at {
            let passed = self.text.get(self.at..to).unwrap_or_default();
            self.line += u32::try_from(passed.iter().filter(|one| **one == b'\n').count()).unwrap_or_default();
            self.at = to;
        }
        self.line
    }
}

/// Arguments that name files, relative to the configuration directory (in scenarios to the file).
const PATHS: [&str; 4] = ["snapshot", "sign_ins", "allowed_signers", "file"];

/// Is the first argument of this function a file that is looked at?
fn reads(function: &str) -> bool {
    (function.starts_with("file") || function == "templatefile") && functions::find(function).is_some()
}

/// The strings that name a file, without quotes. Those with a template in them name nothing that is known here.
pub(super) fn links(text: &str, language: Language) -> Vec<(Range<usize>, String)> {
    let tokens = scan(text, FileId(0)).tokens;
    let mut tracker = Tracker::new(text, language);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
        let whole = before(1).is_some_and(|one| one.kind == Kind::OpenQuote)
            && tokens.get(at + 1).is_some_and(|next| next.kind == Kind::CloseQuote);
        if token.kind == Kind::Text && whole {
            let read = before(2).is_some_and(|one| one.kind == Kind::OpenParen)
                && before(3).is_some_and(|one| reads(one.text(text)));
            let named = tracker.argument().is_some_and(|name| PATHS.contains(&name)) && !tracker.in_call();
            let path = token.text(text);
            if (read || named) && !path.contains('\\') {
                found.push((token.range(), path.to_owned()));
            }
        }
        tracker.step(*token);
    }
    found
}

/// The kinds of words, in the order of the legend.
pub(super) const LEGEND: [SemanticTokenType; 9] = [
    SemanticTokenType::KEYWORD,
    SemanticTokenType::PROPERTY,
    SemanticTokenType::FUNCTION,
    SemanticTokenType::NAMESPACE,
    SemanticTokenType::VARIABLE,
    SemanticTokenType::STRING,
    SemanticTokenType::NUMBER,
    SemanticTokenType::COMMENT,
    SemanticTokenType::OPERATOR,
];

const KEYWORD: u32 = 0;
const PROPERTY: u32 = 1;
const FUNCTION: u32 = 2;
const NAMESPACE: u32 = 3;
const VARIABLE: u32 = 4;
const STRING: u32 = 5;
const NUMBER: u32 = 6;
const COMMENT: u32 = 7;
const OPERATOR: u32 = 8;

/// The names of the language that have attributes.
const ROOTS: [&str; 9] = ["var", "local", "each", "path", "user", "change", "plan", "tenant", "check"];

const WORDS: [&str; 6] = ["true", "false", "null", "for", "in", "if"];

/// What each word is: its bytes, within one line, and the place of its kind in [`LEGEND`].
pub(super) fn words(text: &str, language: Language) -> Vec<(Range<usize>, u32)> {
    let tokens = scan(text, FileId(0)).tokens;
    let mut tracker = Tracker::new(text, language);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let kind = match token.kind {
            Kind::Ident => Some(word(&tokens, at, text, &tracker)),
            Kind::Number => Some(NUMBER),
            Kind::Text | Kind::OpenQuote | Kind::CloseQuote | Kind::OpenHeredoc | Kind::CloseHeredoc => Some(STRING),
            Kind::LineComment | Kind::BlockComment => Some(COMMENT),
            Kind::Operator | Kind::Equal => Some(OPERATOR),
            _ => None,
        };
        if let Some(kind) = kind {
            // A token of the protocol stands on one line.
            let mut start = token.start as usize;
            for line in token.text(text).split_inclusive('\n') {
                let length = line.trim_end_matches(['\n', '\r']).len();
                if length > 0 {
                    found.push((start..start + length, kind));
                }
                start += line.len();
            }
        }
        tracker.step(*token);
    }
    found
}

fn word(tokens: &[Token], at: usize, text: &str, tracker: &Tracker<'_>) -> u32 {
    let kind = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map(|token| token.kind);
    let name = tokens.get(at).map_or("", |token| token.text(text));
    let (before, next) = (kind(at.checked_sub(1)), kind(Some(at + 1)));
    if tracker.in_body() && tracker.argument().is_none() {
        return match (tracker.line_start(), next) {
            (true, Some(Kind::Equal)) => PROPERTY,
            (true, _) => KEYWORD,
            // A label without quotes.
            (false, _) => STRING,
        };
    }
    match (before, next) {
        (Some(Kind::Dot), _) => PROPERTY,
        (_, Some(Kind::OpenParen)) if functions::find(name).is_some() => FUNCTION,
        (_, Some(Kind::Dot | Kind::OpenBracket)) if ROOTS.contains(&name) => NAMESPACE,
        (_, Some(Kind::Equal | Kind::Colon)) => PROPERTY,
        _ if WORDS.contains(&name) => KEYWORD,
        _ => VARIABLE,
    }
}

/// Is there a file of this name beside `path`?
pub(super) fn target(path: &Path, name: &str) -> Option<std::path::PathBuf> {
    let file = path.parent()?.join(name);
    file.is_file().then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# one\n# two\nmfa \"a\" {\n  users = [\n    \"x\",\n    upper(var.y),\n  ]\n  state = \"enforced\"\n}\n/* three\nfour */\n";

    #[test]
    fn what_goes_over_lines_can_be_folded() {
        let lines: Vec<(u32, u32)> = folds(TEXT).iter().map(|one| (one.start_line, one.end_line)).collect();
        assert_eq!(lines, [(0, 1), (2, 7), (3, 5), (9, 10)]);
    }

    #[test]
    fn every_word_is_classified_on_its_own_line() {
        let found = words(TEXT, Language::Configuration);
        let of = |word: &str| {
            let at = TEXT.find(word).unwrap();
            found.iter().find(|(range, _)| range.start == at).map(|(_, kind)| *kind)
        };
        assert_eq!(of("mfa"), Some(KEYWORD));
        assert_eq!(of("users"), Some(PROPERTY));
        assert_eq!(of("upper"), Some(FUNCTION));
        assert_eq!(of("var"), Some(NAMESPACE));
        assert_eq!(of("y)"), Some(PROPERTY));
        assert_eq!(of("/* three"), Some(COMMENT));
        assert_eq!(of("four */"), Some(COMMENT));
        assert!(found.iter().all(|(range, _)| !TEXT[range.clone()].contains('\n')));
        assert!(found.windows(2).all(|pair| pair[0].0.end <= pair[1].0.start), "in order, none over another");
    }

    #[test]
    fn names_of_files_are_links_and_other_strings_are_not() {
        let text = "tenant \"T\" {\n  snapshot = \"tenant.json\"\n  name = \"tenant.json\"\n  sign_ins = [\"a.csv\", { file = \"b.csv\" }, \"${x}.csv\"]\n}\n\
                    locals {\n  rows = csvdecode(file(\"rows.csv\"))\n  t = upper(\"no.csv\")\n  s = filesha256(\"sum.csv\")\n}\n";
        let named: Vec<String> = links(text, Language::Configuration).into_iter().map(|(_, name)| name).collect();
        assert_eq!(named, ["tenant.json", "a.csv", "b.csv", "rows.csv", "sum.csv"]);
    }
}
