//! Diagnostics: problems of the configuration, each with its place, the source, what is wrong and what would be right.
//!
//! A *diagnostic* is a problem in a file the operator wrote; an *error* is an operation that failed; a *finding* is a
//! risk of a plan. Only the first lives here.

pub mod json;
pub mod render;
mod suggest;

pub(crate) use suggest::{did_you_mean, nearest};

use std::{ops::Range, sync::Arc};

/// Which file of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A byte range in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range `range` of `file`.
    #[must_use]
    pub fn new(file: FileId, range: Range<usize>) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: clamp(range.start), end: clamp(range.end) }
    }

    /// The byte range.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A source file, as read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The name to show: relative to the configuration directory.
    pub name: Arc<str>,
    /// The text, without a byte order mark.
    pub text: Arc<str>,
    /// Byte offsets at which lines start.
    line_starts: Arc<[u32]>,
}

/// The files of a configuration.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

/// A place for people: one-based line and column (in characters).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// One-based line.
    pub line: u32,
    /// One-based column, counted in characters.
    pub column: u32,
    /// Byte offset.
    pub byte: u32,
}

impl SourceMap {
    /// Adds a file.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let text = text.into();
        let starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1))
            .collect();
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile { name: name.into(), text, line_starts: starts });
        id
    }

    /// The file with this id. Ids come from this map, so the lookup cannot miss.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// All files, in the order they were added.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// Line and column of a byte offset; an offset inside a character counts as its start.
    #[must_use]
    pub fn place(&self, file: FileId, offset: u32) -> Place {
        self.file(file).place(offset)
    }

    /// Line and column at which a span starts.
    #[must_use]
    pub fn start(&self, span: Span) -> Place {
        self.place(span.file, span.start)
    }
}

impl SourceFile {
    /// Line and column of a byte offset; an offset inside a character counts as its start.
    #[must_use]
    pub fn place(&self, offset: u32) -> Place {
        let offset = self.text.floor_char_boundary(offset as usize);
        let line = self.line_starts.partition_point(|start| *start as usize <= offset).max(1);
        let start = self.line_starts[line - 1] as usize;
        let column = self.text[start..offset].chars().count();
        Place { line: line as u32, column: column as u32 + 1, byte: offset as u32 }
    }

    /// The byte range of a one-based line, without its line end.
    #[must_use]
    pub fn line_range(&self, line: u32) -> Range<usize> {
        let index = (line.max(1) as usize - 1).min(self.line_starts.len() - 1);
        let start = self.line_starts[index] as usize;
        let end = self.line_starts.get(index + 1).map_or(self.text.len(), |next| *next as usize - 1);
        start..end.max(start)
    }

    /// How many lines.
    #[must_use]
    pub fn lines(&self) -> u32 {
        self.line_starts.len() as u32
    }
}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The configuration cannot be used.
    Error,
    /// It can, but probably says something else than was meant.
    Warning,
}

/// A marked piece of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What to say beside the mark.
    pub text: String,
}

/// A problem of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub level: Level,
    /// What is wrong, in a few words and without full stop: "Unsupported argument".
    pub summary: String,
    /// What exactly, in a sentence or two, with the values involved.
    pub detail: String,
    /// The place; none for problems of the whole configuration.
    pub primary: Option<Label>,
    /// Other places that belong to it, such as the first of two conflicting blocks.
    pub secondary: Vec<Label>,
    /// What would be right, one suggestion each: "did you mean `enforced`?"
    pub hints: Vec<String>,
    /// A word at the place and what to write instead, for editors.
    pub fix: Option<(String, String)>,
}

impl Diagnostic {
    /// An error.
    #[must_use]
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            summary: summary.into(),
            detail: detail.into(),
            primary: None,
            secondary: Vec::new(),
            hints: Vec::new(),
            fix: None,
        }
    }

    /// A warning.
    #[must_use]
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(summary, detail) }
    }

    /// Marks the place, with the words to show beside the mark (may be empty).
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.primary = Some(Label { span, text: text.into() });
        self
    }

    /// Marks another place.
    #[must_use]
    pub fn and(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds "did you mean …?" when one of the names is near.
    #[must_use]
    pub fn suggest<'a>(self, wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(wrong, names) {
            Some(name) => self.hint(suggest::did_you(name)).fix(wrong, name),
            None => self,
        }
    }

    /// Says which word at the place could be written instead of which.
    #[must_use]
    pub fn fix(mut self, wrong: &str, right: &str) -> Self {
        self.fix = Some((wrong.to_owned(), right.to_owned()));
        self
    }
}

/// Diagnostics as they are found: all problems at once, not the first.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds many.
    pub fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(diagnostics);
    }

    /// Is one of them an error?
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|one| one.level == Level::Error)
    }

    /// All of them, in the order found.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }

    /// All of them, sorted by place (file, offset), those without a place first.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.0.sort_by_key(|one| one.primary.as_ref().map(|label| label.span));
        self.0
    }
}
