//! The scanner: HCL text → tokens, with every lexical problem of the file and not only the first.
//!
//! The parser behind it reports one error and stops, and for an unclosed quote or bracket it points at the wrong place.
//! So the scanner runs first: it knows where a string, a heredoc or a bracket was opened, says so, and goes on. The
//! formatter works on the same tokens.
//!
//! No recursion anywhere: nesting is a stack of [`Frame`]s, so depth costs memory and never the thread's stack.

mod directives;
mod problems;

use std::ops::Range;

pub(crate) use problems::block_header_at_margin;

use crate::diag::{Diagnostic, FileId, Span};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or keyword.
    Ident,
    /// A number.
    Number,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `(`
    OpenParen,
    /// `)`
    CloseParen,
    /// The `"` that opens a string.
    OpenQuote,
    /// The `"` that closes it.
    CloseQuote,
    /// Literal text inside a string or heredoc.
    Text,
    /// `${` or `%{`, with `~` where there is one.
    OpenTemplate,
    /// The `}` (or `~}`) that closes it.
    CloseTemplate,
    /// `<<EOT` up to and with its line end.
    OpenHeredoc,
    /// The line with the closing marker, without its line end.
    CloseHeredoc,
    /// `#` or `//` to the end of the line, without the line end.
    LineComment,
    /// `/* … */`
    BlockComment,
    /// A line end.
    Newline,
    /// `=`
    Equal,
    /// `,`
    Comma,
    /// `.`
    Dot,
    /// `:`
    Colon,
    /// Any other operator.
    Operator,
    /// Something that is not HCL; a problem names it.
    Bad,
}

impl Kind {
    /// Does it open something that another token closes?
    pub(crate) const fn opens(self) -> bool {
        matches!(
            self,
            Self::OpenBrace
                | Self::OpenBracket
                | Self::OpenParen
                | Self::OpenQuote
                | Self::OpenTemplate
                | Self::OpenHeredoc
        )
    }

    /// Does it close what another token opened?
    pub(crate) const fn closes(self) -> bool {
        matches!(
            self,
            Self::CloseBrace
                | Self::CloseBracket
                | Self::CloseParen
                | Self::CloseQuote
                | Self::CloseTemplate
                | Self::CloseHeredoc
        )
    }
}

/// A token: its kind and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// First byte.
    pub(crate) start: u32,
    /// One past the last byte.
    pub(crate) end: u32,
}

impl Token {
    /// The byte range.
    pub(crate) const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The token's text.
    pub(crate) fn text(self, source: &str) -> &str {
        source.get(self.range()).unwrap_or_default()
    }
}

/// What a scan found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// All tokens; blanks between them are not tokens.
    pub(crate) tokens: Vec<Token>,
    /// All lexical problems.
    pub(crate) problems: Vec<Diagnostic>,
    /// A bracket was closed wrongly or not at all, so that depth cannot be trusted.
    pub(crate) unbalanced: bool,
}

/// What is open at some point of the text.
#[derive(Clone, Debug)]
enum Frame {
    /// A bracket: its character and place.
    Bracket(u8, usize),
    /// A string, opened here.
    Quote(usize),
    /// `${` or `%{`, opened here.
    Template(usize),
    /// A heredoc: where it was opened, and its marker.
    Heredoc(usize, Range<usize>),
}

/// Scans a whole file. Linear in its length.
pub(crate) fn scan(text: &str, file: FileId) -> Scan {
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        file,
        at: 0,
        line: 0,
        frames: Vec::new(),
        escape_told: None,
        out: Scan::default(),
    };
    scanner.run();
    let found = directives::problems(&scanner.out.tokens, text, file);
    scanner.out.problems.extend(found);
    scanner.out
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    file: FileId,
    /// The next byte to look at.
    at: usize,
    /// Where the current line starts.
    line: usize,
    frames: Vec<Frame>,
    /// The string whose first wrong escape was reported: one that holds a path of Windows has many.
    escape_told: Option<usize>,
    out: Scan,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while self.at < self.bytes.len() {
            match self.frames.last() {
                Some(Frame::Quote(start)) => {
                    let start = *start;
                    self.quoted(start);
                }
                Some(Frame::Heredoc(_, marker)) => {
                    let marker = marker.clone();
                    self.heredoc(&marker);
                }
                _ => self.normal(),
            }
        }
        self.finish();
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn push(&mut self, kind: Kind, range: Range<usize>) {
        self.out.tokens.push(Token { kind, start: range.start as u32, end: range.end as u32 });
    }

    /// Emits a token of `length` bytes and moves past it.
    fn take(&mut self, kind: Kind, length: usize) {
        self.push(kind, self.at..self.at + length);
        self.at += length;
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, range)
    }

    fn problem(&mut self, diagnostic: Diagnostic) {
        self.out.problems.push(diagnostic);
    }

    /// Inside `"…"`.
    fn quoted(&mut self, open: usize) {
        let start = self.at;
        loop {
            match self.peek(0) {
                b'"' => {
                    self.text_until(start);
                    self.take(Kind::CloseQuote, 1);
                    self.frames.pop();
                    return;
                }
                b'\\' if self.at + 1 < self.bytes.len() && self.peek(1) != b'\n' && self.peek(1) != b'\r' => {
                    self.escape(open);
                    self.at += 2
                }
                b'$' | b'%' if self.template_opens(start) => return,
                b'\n' => {
                    self.text_until(start);
                    self.unterminated_string(open);
                    return;
                }
                0 if self.at >= self.bytes.len() => {
                    self.text_until(start);
                    self.unterminated_string(open);
                    return;
                }
                _ => self.at += 1,
            }
            // `\` may have stepped into the middle of a character; text never holds one that starts with an ASCII byte.
            while !self.text.is_char_boundary(self.at.min(self.bytes.len())) {
                self.at += 1;
            }
        }
    }

    fn text_until(&mut self, start: usize) {
        let end = self.at.min(self.bytes.len());
        self.at = end;
        if end > start {
            self.push(Kind::Text, start..end);
        }
    }

    /// At `$` or `%` in a template: opens `${`/`%{`, or steps over the escapes `$${`/`%%{`.
    fn template_opens(&mut self, start: usize) -> bool {
        let sigil = self.peek(0);
        if self.peek(1) == sigil && self.peek(2) == b'{' {
            self.at += 2;
            return false;
        }
        if self.peek(1) != b'{' {
            return false;
        }
        self.text_until(start);
        self.frames.push(Frame::Template(self.at));
        let strip = usize::from(self.peek(2) == b'~');
        self.take(Kind::OpenTemplate, 2 + strip);
        true
    }

    /// Inside a heredoc. Called at the start of a line, or after a `}` that closed a template in one.
    fn heredoc(&mut self, marker: &Range<usize>) {
        let start = self.at;
        let mut line_start = self.at == self.line;
        while self.at < self.bytes.len() {
            if line_start {
                let end = self.bytes[self.at..]
                    .iter()
                    .position(|byte| *byte == b'\n')
                    .map_or(self.bytes.len(), |n| self.at + n);
                let line = &self.text[self.at..end];
                if line.trim() == &self.text[marker.clone()] {
                    let opened = self.out.tokens.last().is_some_and(|token| token.kind == Kind::OpenHeredoc);
                    if opened && start == self.at {
                        self.empty_heredoc(marker, end);
                    }
                    self.text_until(start);
                    let length = line.trim_end().len();
                    self.take(Kind::CloseHeredoc, length);
                    self.frames.pop();
                    return;
                }
                line_start = false;
            }
            match self.peek(0) {
                b'$' | b'%' if self.template_opens(start) => return,
                b'\n' => {
                    self.at += 1;
                    self.line = self.at;
                    line_start = true;
                }
                _ => self.at += 1,
            }
        }
        self.text_until(start);
    }

    /// The parser takes an empty heredoc for one that goes on to the next line with its marker, if there is one further
    /// down, and so would swallow what stands between two of them.
    fn empty_heredoc(&mut self, marker: &Range<usize>, end: usize) {
        let marker = &self.text[marker.clone()];
        let closes = |line: &str| {
            let rest = line.trim_start().strip_prefix(marker);
            rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || matches!(next, '_' | '-')))
        };
        if !self.text[end..].lines().skip(1).any(closes) {
            return;
        }
        let open = self.out.tokens.last().map_or(self.at, |token| token.start as usize);
        let detail = format!("There is no text in this heredoc, and its marker `{marker}` closes another one below.");
        let diagnostic = Diagnostic::error("Empty heredoc", detail).at(self.span(open..end), "");
        self.problem(diagnostic.hint("write `\"\"` for an empty text"));
    }

    /// Outside of strings.
    fn normal(&mut self) {
        let byte = self.peek(0);
        match byte {
            b' ' | b'\t' => self.at += 1,
            b'\r' if self.peek(1) == b'\n' => {
                self.take(Kind::Newline, 2);
                self.line = self.at;
            }
            b'\n' => {
                self.take(Kind::Newline, 1);
                self.line = self.at;
            }
            b'#' => self.line_comment(),
            b'/' if self.peek(1) == b'/' => self.line_comment(),
            b'/' if self.peek(1) == b'*' => self.block_comment(),
            b'"' => {
                self.frames.push(Frame::Quote(self.at));
                self.take(Kind::OpenQuote, 1);
                if self.at >= self.bytes.len() {
                    self.unterminated_string(self.at - 1);
                }
            }
            b'<' if self.peek(1) == b'<' => self.open_heredoc(),
            b'{' | b'[' | b'(' => {
                self.frames.push(Frame::Bracket(byte, self.at));
                let kind = match byte {
                    b'{' => Kind::OpenBrace,
                    b'[' => Kind::OpenBracket,
                    _ => Kind::OpenParen,
                };
                self.take(kind, 1);
            }
            b'~' if self.peek(1) == b'}' && matches!(self.frames.last(), Some(Frame::Template(_))) => {
                self.frames.pop();
                self.take(Kind::CloseTemplate, 2);
            }
            b'}' if matches!(self.frames.last(), Some(Frame::Template(_))) => {
                self.frames.pop();
                self.take(Kind::CloseTemplate, 1);
            }
            b'}' | b']' | b')' => self.close(byte),
            b'0'..=b'9' => self.number(),
            b'\'' => self.single_quotes(),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => self.ident(),
            0x80.. => {
                let character = self.text[self.at..].chars().next().unwrap_or('\u{fffd}');
                if character.is_alphabetic() { self.ident() } else { self.strange(character) }
            }
            _ => self.operator(byte),
        }
    }

    fn line_comment(&mut self) {
        let rest = &self.bytes[self.at..];
        let mut length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        if length > 0 && rest.get(length - 1) == Some(&b'\r') {
            length -= 1;
        }
        self.take(Kind::LineComment, length);
    }

    fn block_comment(&mut self) {
        match self.text[self.at + 2..].find("*/") {
            Some(length) => {
                let start = self.at;
                self.take(Kind::BlockComment, length + 4);
                if let Some(last) = self.text[start..self.at].rfind('\n') {
                    self.line = start + last + 1;
                }
            }
            None => {
                let diagnostic =
                    Diagnostic::error("Unterminated comment", "The comment that starts here is never closed.")
                        .at(self.span(self.at..self.at + 2), "no `*/` follows")
                        .hint("close it with `*/`");
                self.problem(diagnostic);
                self.take(Kind::BlockComment, self.bytes.len() - self.at);
            }
        }
    }

    fn ident(&mut self) {
        let length = self.text[self.at..]
            .char_indices()
            .find(|(_, one)| !(one.is_alphanumeric() || *one == '_' || *one == '-' || is_mark(*one)))
            .map_or(self.bytes.len() - self.at, |(at, _)| at);
        self.take(Kind::Ident, length.max(1));
    }

    fn number(&mut self) {
        let mut length = 0;
        let digits = |from: usize, bytes: &[u8]| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        length += digits(self.at, self.bytes);
        if self.peek(length) == b'.' && self.peek(length + 1).is_ascii_digit() {
            length += 1;
            length += digits(self.at + length, self.bytes);
        }
        if matches!(self.peek(length), b'e' | b'E') {
            let sign = usize::from(matches!(self.peek(length + 1), b'+' | b'-'));
            if self.peek(length + 1 + sign).is_ascii_digit() {
                length += 1 + sign;
                length += digits(self.at + length, self.bytes);
            }
        }
        self.take(Kind::Number, length);
    }

    fn open_heredoc(&mut self) {
        let flush = usize::from(self.peek(2) == b'-');
        let from = self.at + 2 + flush;
        let length = self.text[from..]
            .char_indices()
            .find(|(_, one)| !(one.is_alphanumeric() || *one == '_' || *one == '-'))
            .map_or(self.bytes.len() - from, |(at, _)| at);
        let rest = &self.bytes[from + length..];
        let line_end = match rest {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => 0,
        };
        if length == 0 || line_end == 0 {
            let diagnostic = Diagnostic::error(
                "Invalid heredoc",
                "A heredoc starts with `<<` or `<<-`, a marker word and the end of the line.",
            )
            .at(self.span(self.at..from + length), "")
            .hint("write `<<EOT`, the text on the next lines, and `EOT` on a line of its own");
            self.problem(diagnostic);
            self.take(Kind::Bad, from + length - self.at);
            return;
        }
        let open = self.at;
        self.frames.push(Frame::Heredoc(open, from..from + length));
        self.take(Kind::OpenHeredoc, from + length + line_end - open);
        self.line = self.at;
    }
}

/// Combining marks continue a name (Unicode's `ID_Continue`, as far as names in practice need it).
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}')
}
