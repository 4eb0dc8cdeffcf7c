//! What the scanner reports, in words, and how it goes on afterwards.

use std::ops::Range;

use super::{Frame, Kind, Scanner, Token};
use crate::diag::Diagnostic;

impl Scanner<'_> {
    /// At a `\` in a string that was opened at `open`: is what follows an escape?
    pub(super) fn escape(&mut self, open: usize) {
        let selector = self.text.get(self.at + 1..).and_then(|rest| rest.chars().next()).unwrap_or_default();
        let digits = match selector {
            'n' | 'r' | 't' | '"' | '\\' => return,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let given =
            self.bytes.iter().skip(self.at + 2).take(digits).take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits > 0 && given == digits || self.escape_told == Some(open) {
            return;
        }
        self.escape_told = Some(open);
        let detail = match digits {
            0 => format!("`\\{selector}` is not an escape sequence."),
            _ => format!("The escape `\\{selector}` must be followed by {digits} hexadecimal digits."),
        };
        let span = self.span(self.at..self.at + 1 + selector.len_utf8());
        let problem = Diagnostic::error("Invalid escape sequence", detail).at(span, "");
        self.problem(problem.hint(format!(
            "write `\\\\{selector}` for a backslash; the escapes are \\n, \\r, \\t, \\\", \\\\, \\uNNNN and \\UNNNNNNNN"
        )));
    }

    /// A `${` or `%{` in which the line's last quote opened a string instead of closing one.
    fn unclosed_template(&self, outermost: usize) -> Option<usize> {
        let [.., Frame::Quote(last)] = self.frames.as_slice() else { return None };
        let opened_at_the_end = self.text.get(last + 1..self.at).is_some_and(|rest| rest.trim().is_empty());
        self.frames.iter().skip(outermost).rev().find_map(|frame| match frame {
            Frame::Template(start) if opened_at_the_end => Some(*start),
            _ => None,
        })
    }

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
        if let Some(start) = self.unclosed_template(outermost) {
            let diagnostic = Diagnostic::error(
                "Unclosed interpolation",
                format!(
                    "The `{}` that is opened here is not closed before its string ends.",
                    &self.text[start..start + 2]
                ),
            )
            .at(self.span(start..self.at.min(self.text.len())), "no closing brace")
            .hint("add the `}` it needs");
            self.problem(diagnostic);
            self.close_from(outermost);
            return;
        }
        let end = self.text[open..self.at].trim_end().len() + open;
        let diagnostic = Diagnostic::error(
            "Unterminated string",
            "The string that starts here is not closed on its line; a quoted string cannot run over several lines.",
        )
        .at(self.span(open..end.max(open + 1)), "no closing quote")
        .hint("add the closing `\"`; for a text of several lines use a heredoc (`<<EOT`) or `\\n`");
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        if let Some(length) = closes_later(rest).filter(|_| outermost + 1 >= depth) {
            self.frames.truncate(outermost);
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
        self.close_from(outermost);
    }

    /// Closes what is open from this depth on, so that who counts brackets comes out right.
    fn close_from(&mut self, depth: usize) {
        while self.frames.len() > depth {
            let kind = match self.frames.pop() {
                Some(Frame::Bracket(b'{', _)) => Kind::CloseBrace,
                Some(Frame::Bracket(b'[', _)) => Kind::CloseBracket,
                Some(Frame::Bracket(..)) => Kind::CloseParen,
                Some(Frame::Template(_)) => Kind::CloseTemplate,
                Some(Frame::Heredoc(..)) => Kind::CloseHeredoc,
                Some(Frame::Quote(_)) | None => Kind::CloseQuote,
            };
            self.push(kind, self.at..self.at);
        }
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
            // `[1, 2]]`: behind a value that is complete, in a bracket of an earlier line, one was typed too often.
            Some(Frame::Bracket(_, start))
                if *start < self.line && self.behind_something() && !self.is_open(opener) =>
            {
                self.surplus(byte);
                return;
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
                self.out.unbalanced = true;
                self.surplus(byte);
                return;
            }
        }
        self.take(kind, 1);
    }

    /// Does a token stand before this place on its line?
    fn behind_something(&self) -> bool {
        self.out.tokens.last().is_some_and(|token| token.end as usize > self.line && token.kind != Kind::Newline)
    }

    fn is_open(&self, opener: u8) -> bool {
        self.frames.iter().any(|frame| matches!(frame, Frame::Bracket(open, _) if *open == opener))
    }

    /// A closing bracket without an opening one.
    fn surplus(&mut self, byte: u8) {
        let diagnostic = Diagnostic::error("Unexpected closing bracket", format!("`{}` closes nothing.", byte as char))
            .at(self.span(self.at..self.at + 1), "no such bracket is open here")
            .hint("remove it, or add the opening bracket it belongs to");
        self.problem(diagnostic);
        self.take(Kind::Bad, 1);
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
        let foreign = [("===", "=="), ("!==", "!="), ("<>", "!="), ("**", "pow(a, b)")];
        let here = self.text.get(self.at..).unwrap_or_default();
        if let Some((foreign, instead)) = foreign.iter().find(|(foreign, _)| here.starts_with(foreign)) {
            let problem = Diagnostic::error("Unsupported operator", format!("`{foreign}` is not an operator."));
            self.problem(
                problem.at(self.span(self.at..self.at + foreign.len()), "").hint(format!("write `{instead}`")),
            );
            self.take(Kind::Bad, foreign.len());
            return;
        }
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
