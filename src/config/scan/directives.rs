//! Template directives: `%{ if }` wants its `%{ endif }`, `%{ for }` its `%{ endfor }`, in the same string or heredoc.

use std::ops::Range;

use super::{Kind, Token};
use crate::diag::{Diagnostic, FileId, Span};

/// What stands between `%{` and `}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    If,
    Else,
    For,
}

impl Word {
    const fn opening(self) -> &'static str {
        match self {
            Self::If | Self::Else => "if",
            Self::For => "for",
        }
    }

    const fn closing(self) -> &'static str {
        match self {
            Self::If | Self::Else => "endif",
            Self::For => "endfor",
        }
    }
}

/// Directives that are not closed, not opened or not known. Linear.
pub(super) fn problems(tokens: &[Token], text: &str, file: FileId) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    // The directives open in each string and heredoc around, innermost last.
    let mut open: Vec<Vec<(Word, Range<usize>)>> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::OpenQuote | Kind::OpenHeredoc => open.push(Vec::new()),
            Kind::CloseQuote | Kind::CloseHeredoc => {
                let left = open.pop().unwrap_or_default();
                // A string that its line cuts off has been reported; its end stands further down.
                if token.start < token.end {
                    found.extend(left.last().map(|(word, place)| unclosed(*word, Span::new(file, place.clone()))));
                }
            }
            Kind::OpenTemplate if token.text(text).starts_with('%') => {
                let Some(frame) = open.last_mut() else { continue };
                let Some(word) = tokens.get(at + 1).filter(|next| next.kind == Kind::Ident) else { continue };
                let name = word.text(text);
                let place = token.start as usize..word.end as usize;
                let span = Span::new(file, place.clone());
                let innermost = frame.last().map(|(word, _)| *word);
                match (name, innermost) {
                    ("if", _) => frame.push((Word::If, place)),
                    ("for", _) => frame.push((Word::For, place)),
                    ("else", Some(Word::If)) => {
                        frame.pop();
                        frame.push((Word::Else, place));
                    }
                    ("endif", Some(Word::If | Word::Else)) | ("endfor", Some(Word::For)) => drop(frame.pop()),
                    ("else" | "endif" | "endfor", open) => {
                        found.push(unopened(name, open, span));
                        frame.clear();
                    }
                    _ => {
                        let detail = format!("`{name}` is no template directive.");
                        let problem = Diagnostic::error("Invalid template directive", detail).at(span, "");
                        let instead = if matches!(name, "elif" | "elsif" | "elseif") {
                            problem.hint("write an `%{ if }` inside the `%{ else }`")
                        } else {
                            problem.suggest(name, ["if", "else", "endif", "for", "endfor"])
                        };
                        found.push(instead.hint("for `%{` as text write `%%{`"));
                        frame.clear();
                    }
                }
            }
            _ => {}
        }
    }
    found
}

fn unclosed(word: Word, span: Span) -> Diagnostic {
    let (opening, closing) = (word.opening(), word.closing());
    Diagnostic::error(
        "Unclosed template directive",
        format!("The `{opening}` directive has no `%{{ {closing} }}` before its text ends."),
    )
    .at(span, "opened here")
    .hint(format!("add `%{{ {closing} }}`"))
}

fn unopened(name: &str, open: Option<Word>, span: Span) -> Diagnostic {
    let detail = match (name, open) {
        ("else", Some(Word::Else)) => "This `if` directive has an `else` already.".to_owned(),
        (_, Some(word)) => {
            format!("`{name}` stands in a `{}` directive, which `%{{ {} }}` closes.", word.opening(), word.closing())
        }
        (_, None) => format!("`{name}` belongs to no directive: none is open here."),
    };
    Diagnostic::error("Unexpected template directive", detail).at(span, "")
}
