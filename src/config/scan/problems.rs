//! What the scanner reports, in words, and how it goes on afterwards.

use std::ops::Range;

use super::{Frame, Kind, Scanner, Token};
use crate::diag::Diagnostic;

impl Scanner<'_> {
    /// A string that its line end (or the file's end) cuts off. Everything opened on this line inside it goes with it:
    /// the reader has one quote to add, not five brackets.
    pub(super) fn unterminated_string(&mut self, open: usize) {
        let outermost = self
            .frames
            .iter()
            .position(|frame| matches!(frame, Frame::Quote(start) if *start >= self.line))
            .unwrap_or(self.frames.len().saturating_sub(1));
        let open = match self.frames.get(outermost) {
            Some(Frame::Quote(start)) => *start,
            _ => open,
        };
        let depth = self.frames.len();
        self.frames.truncate(outermost);
        let end = self.text[open..self.at].trim_end().len() + open;
        let diagnostic = Diagnostic::error(
            "Unterminated string",
            "The string that starts here is not closed on its line; a quoted string cannot run over several lines.",
        )
        .at(self.span(open..end.max(open + 1)), "no closing quote")
        .hint("add the closing `\"`; for a text of several lines use a heredoc (`<<EOT`) or `\\n`");
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        if let Some(length) = closes_later(rest).filter(|_| outermost + 1 >= depth) {
            let end = self.at + 1 + length;
            self.problem(
                Diagnostic::error("String over several lines", "A quoted string may not contain a line break.")
                    .at(self.span(open..self.at), "")
                    .and(self.span(end..end + 1), "it ends here")
                    .hint("write `\\n` for a line break, or use a heredoc (`<<EOT`)"),
            );
            self.push(Kind::Text, self.at..end);
            self.push(Kind::CloseQuote, end..end + 1);
            self.at = end + 1;
            self.line = self.text[..end].rfind('\n').map_or(0, |at| at + 1);
            return;
        }
        self.problem(diagnostic);
        self.push(Kind::CloseQuote, self.at..self.at);
    }

    pub(super) fn close(&mut self, byte: u8) {
        let (kind, opener) = match byte {
            b'}' => (Kind::CloseBrace, b'{'),
            b']' => (Kind::CloseBracket, b'['),
            _ => (Kind::CloseParen, b'('),
        };
        let here = self.span(self.at..self.at + 1);
        match self.frames.last() {
            Some(Frame::Bracket(open, _)) if *open == opener => {
                self.frames.pop();
            }
            Some(Frame::Bracket(open, start)) => {
                let (open, start) = (*open, *start);
                self.out.unbalanced = true;
                let diagnostic = Diagnostic::error(
                    "Mismatched bracket",
                    format!("`{}` does not close the `{}` that is open here.", byte as char, open as char),
                )
                .at(here, "")
                .and(self.span(start..start + 1), "opened here")
                .hint(format!("close it with `{}` first", closer(open)));
                self.problem(diagnostic);
                // Where an opener of the right kind is open further out, the inner ones were forgotten.
                let depth = self.frames.iter().rposition(|frame| match frame {
                    Frame::Bracket(open, _) => *open == opener,
                    _ => true,
                });
                // Where none is, the wrong closer was meant for the innermost.
                match depth {
                    Some(depth) if matches!(self.frames.get(depth), Some(Frame::Bracket(..))) => {
                        self.frames.truncate(depth);
                    }
                    _ => drop(self.frames.pop()),
                }
            }
            Some(Frame::Template(start)) => {
                let start = *start;
                let diagnostic = Diagnostic::error(
                    "Mismatched bracket",
                    format!("`{}` stands inside a template sequence that is still open.", byte as char),
                )
                .at(here, "")
                .and(self.span(start..start + 2), "opened here");
                self.out.unbalanced = true;
                self.problem(diagnostic);
            }
            _ => {
                let diagnostic =
                    Diagnostic::error("Unexpected closing bracket", format!("`{}` closes nothing.", byte as char))
                        .at(here, "no bracket is open here")
                        .hint("remove it, or add the opening bracket it belongs to");
                self.out.unbalanced = true;
                self.problem(diagnostic);
                self.take(Kind::Bad, 1);
                return;
            }
        }
        self.take(kind, 1);
    }

    pub(super) fn single_quotes(&mut self) {
        let rest = &self.bytes[self.at + 1..];
        let line = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let length = rest[..line].iter().position(|byte| *byte == b'\'').map_or(1, |end| end + 2);
        let content = &self.text[self.at + 1..self.at + length.max(2) - 1];
        let mut diagnostic = Diagnostic::error(
            "Invalid character",
            "Single quotes are not valid. Strings are written in double quotes.",
        )
        .at(self.span(self.at..self.at + length), "");
        if length > 1 {
            diagnostic = diagnostic.hint(format!("write `\"{content}\"`"));
        }
        self.problem(diagnostic);
        self.take(Kind::Bad, length);
    }

    pub(super) fn strange(&mut self, character: char) {
        let length = character.len_utf8();
        let code = character as u32;
        let span = self.span(self.at..self.at + length);
        if let Some((content, length)) = typographic(&self.text[self.at..]) {
            let diagnostic = Diagnostic::error(
                "Invalid character",
                "Typographic quotes are not valid. Strings are written in plain double quotes.",
            )
            .at(self.span(self.at..self.at + length), "")
            .hint(format!("write `\"{content}\"`"));
            self.problem(diagnostic);
            self.take(Kind::Bad, length);
            return;
        }
        let diagnostic = match character {
            '“' | '”' | '„' | '‘' | '’' | '«' | '»' => Diagnostic::error(
                "Invalid character",
                format!("`{character}` is a typographic quote. Strings are written in plain double quotes: `\"`."),
            ),
            '\u{a0}' | '\u{2000}'..='\u{200f}' | '\u{202f}' | '\u{3000}' | '\u{feff}' => Diagnostic::error(
                "Invalid character",
                format!("An invisible character (U+{code:04X}) stands here; it often comes with text copied from a web page."),
            )
            .hint("replace it with a plain space"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Diagnostic::error(
                "Invalid character",
                format!("A control character for text direction (U+{code:04X}) stands here; it can make text read differently from what it says."),
            ),
            _ => Diagnostic::error("Invalid character", format!("The character U+{code:04X} has no meaning here.")),
        };
        self.problem(diagnostic.at(span, ""));
        self.take(Kind::Bad, length);
    }

    pub(super) fn operator(&mut self, byte: u8) {
        let (kind, length) = match (byte, self.peek(1)) {
            (b'=', b'=' | b'>') | (b'!' | b'<' | b'>', b'=') | (b'&', b'&') | (b'|', b'|') | (b':', b':') => {
                (Kind::Operator, 2)
            }
            (b'.', b'.') if self.peek(2) == b'.' => (Kind::Operator, 3),
            (b'=', _) => (Kind::Equal, 1),
            (b',', _) => (Kind::Comma, 1),
            (b'.', _) => (Kind::Dot, 1),
            (b':', _) => (Kind::Colon, 1),
            (b'!' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'%' | b'?', _) => (Kind::Operator, 1),
            _ => {
                let span = self.span(self.at..self.at + 1);
                let diagnostic = match byte {
                    b'&' | b'|' => Diagnostic::error(
                        "Unsupported operator",
                        format!("Bitwise operators are not supported. Did you mean `{0}{0}`?", byte as char),
                    ),
                    b';' => Diagnostic::error(
                        "Invalid character",
                        "`;` is not used: each argument stands on a line of its own.",
                    ),
                    b'`' => Diagnostic::error(
                        "Invalid character",
                        "Backticks are not valid. Strings are written in double quotes.",
                    )
                    .hint("for a text of several lines use a heredoc (`<<EOT`)"),
                    0 => Diagnostic::error(
                        "Invalid character",
                        "A NUL byte stands here: this is not a text file, or not in UTF-8.",
                    ),
                    b'\r' => Diagnostic::error(
                        "Invalid character",
                        "A carriage return without a line feed is not a line end.",
                    ),
                    0x01..=0x1f | 0x7f => Diagnostic::error(
                        "Invalid character",
                        format!("A control character (U+{byte:04X}) stands here."),
                    ),
                    _ => Diagnostic::error("Invalid character", format!("`{}` has no meaning here.", byte as char)),
                };
                self.problem(diagnostic.at(span, ""));
                (Kind::Bad, 1)
            }
        };
        self.take(kind, length);
    }

    /// At the end of the file: whatever is still open. The innermost string or heredoc explains the rest; of several
    /// brackets each is named, as each needs its own closer, but no more than three.
    pub(super) fn finish(&mut self) {
        if let Some(Frame::Quote(start)) = self.frames.last() {
            let start = *start;
            self.unterminated_string(start);
        }
        if let Some((open, marker)) = self.frames.iter().find_map(|frame| match frame {
            Frame::Heredoc(open, marker) => Some((*open, marker.clone())),
            _ => None,
        }) {
            let word = &self.text[marker.clone()];
            let diagnostic = Diagnostic::error(
                "Unterminated heredoc",
                format!("The heredoc that starts here is never closed: no line consists of `{word}` alone."),
            )
            .at(self.span(open..marker.end), "opened here");
            self.problem(diagnostic);
            self.out.unbalanced = true;
            return;
        }
        let open: Vec<(u8, usize)> = self
            .frames
            .iter()
            .filter_map(|frame| match frame {
                Frame::Bracket(byte, start) => Some((*byte, *start)),
                Frame::Template(start) => Some((b'{', *start)),
                Frame::Quote(_) | Frame::Heredoc(..) => None,
            })
            .collect();
        if !open.is_empty() {
            self.out.unbalanced = true;
        }
        for (byte, start) in open.iter().rev().take(3) {
            let mut diagnostic = Diagnostic::error(
                "Unclosed bracket",
                format!("The `{}` that is opened here is never closed.", *byte as char),
            )
            .at(self.span(*start..*start + 1), "opened here")
            .hint(format!("add the `{}` it needs", closer(*byte)));
            if let Some(next) = self.next_block_after(*start) {
                diagnostic = diagnostic.and(self.span(next), "still open when this block begins");
            }
            self.problem(diagnostic);
        }
    }

    /// The first line after `offset` that looks like a block's header at the margin: where a forgotten `}` shows.
    fn next_block_after(&self, offset: usize) -> Option<Range<usize>> {
        let from = self.out.tokens.partition_point(|token| token.start as usize <= offset);
        let tail = self.out.tokens.get(from..)?;
        tail.iter()
            .enumerate()
            .find(|(at, _)| block_header_at_margin(tail, *at, self.text))
            .map(|(_, token)| token.range())
    }
}

/// Does the token at `at` start a line, unindented, and read like `name "label" {`?
pub(crate) fn block_header_at_margin(tokens: &[Token], at: usize, text: &str) -> bool {
    let Some(first) = tokens.get(at) else { return false };
    let start = first.start as usize;
    if first.kind != Kind::Ident || (start > 0 && text.as_bytes().get(start - 1) != Some(&b'\n')) {
        return false;
    }
    for token in tokens.iter().skip(at + 1).take(16) {
        match token.kind {
            Kind::OpenBrace => return true,
            Kind::OpenQuote | Kind::Text | Kind::CloseQuote | Kind::Ident => {}
            _ => return false,
        }
    }
    false
}

/// A piece in typographic quotes at the start of `text`, on one line: its content and whole length.
fn typographic(text: &str) -> Option<(&str, usize)> {
    let quotes = ['“', '”', '„', '‘', '’', '«', '»'];
    let content = text.strip_prefix(quotes)?;
    let line = content.lines().next()?;
    let end = line.find(quotes)?;
    let closing = line.get(end..)?.chars().next()?;
    Some((line.get(..end)?, text.len() - content.len() + end + closing.len_utf8()))
}

/// Where a string that its line end cuts off closes after all: on one of the next lines, if those read like the rest
/// of a text rather than like arguments and blocks of their own.
fn closes_later(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n').take(10) {
        match line.matches('"').count() {
            0 if !line.contains(['=', '{', '}', '[', ']']) => at += line.len(),
            1 => return line.find('"').map(|quote| at + quote),
            _ => return None,
        }
    }
    None
}

const fn closer(open: u8) -> char {
    match open {
        b'{' => '}',
        b'[' => ']',
        _ => ')',
    }
}
