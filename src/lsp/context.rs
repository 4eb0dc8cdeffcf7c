//! Where the cursor stands: in which block, in which argument, in a string or behind which word. From tokens alone, since
//! what is being typed does not parse.

use std::{ops::Range, path::Path};

use crate::{
    config::{
        fleet,
        scan::{Kind, Token, scan},
        schema::{self, AttributeSchema, BlockSchema},
    },
    diag::FileId,
    scenario,
};

/// The surroundings of a byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Context {
    /// The blocks around it, outermost first.
    pub(super) blocks: Vec<String>,
    /// The argument whose value it is in.
    pub(super) argument: Option<String>,
    /// The string it is in, from behind the quote to the cursor.
    pub(super) string: Option<Range<usize>>,
    /// In a list, call or other bracket of a value, or in an interpolation.
    pub(super) nested: bool,
    /// The name, dots included, that ends at the cursor.
    pub(super) word: Range<usize>,
    /// Nothing but this name stands on the line: a block or an argument begins here.
    pub(super) line_start: bool,
    /// In a comment.
    pub(super) comment: bool,
    /// The block whose label is being written.
    pub(super) labelled: Option<String>,
    /// The name that the value here is compared with: `user.kind` in `user.kind == "…"`.
    pub(super) compared: Option<String>,
    /// The blocks of the language this file is in.
    pub(super) language: Language,
}

/// Which blocks a file may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Language {
    /// Those of a configuration.
    #[default]
    Configuration,
    /// Those of a scenario file.
    Scenario,
    /// None: a file of values of variables.
    Variables,
    /// Those of a fleet.
    Fleet,
}

impl Language {
    /// By the name of the file.
    pub(super) fn of(path: &Path) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        match &*name {
            name if name.ends_with(scenario::SUFFIX) => Self::Scenario,
            name if name.ends_with(".mfavars.hcl") => Self::Variables,
            name if name.ends_with(fleet::SUFFIX) => Self::Fleet,
            _ => Self::Configuration,
        }
    }

    /// The blocks at the top level.
    pub(super) const fn top_level(self) -> &'static [&'static BlockSchema] {
        match self {
            Self::Configuration => schema::TOP_LEVEL,
            Self::Scenario => scenario::TOP_LEVEL,
            Self::Fleet => schema::fleet::TOP_LEVEL,
            Self::Variables => &[],
        }
    }

    /// Are the names of arguments in these blocks those of variables?
    fn sets_variables(self, blocks: &[&str]) -> bool {
        match self {
            Self::Configuration | Self::Fleet => false,
            Self::Scenario => blocks.last() == Some(&"variables"),
            Self::Variables => blocks.is_empty(),
        }
    }

    /// The block with this name at the top level.
    pub(super) fn block(self, name: &str) -> Option<&'static BlockSchema> {
        self.top_level().iter().copied().find(|one| one.name == name)
    }
}

enum Frame {
    Block(String),
    Quote(usize),
    Template,
    Paren,
    Other,
}

impl Frame {
    /// The name of a block.
    fn block(&self) -> Option<&str> {
        match self {
            Self::Block(name) => Some(name),
            Self::Quote(_) | Self::Template | Self::Paren | Self::Other => None,
        }
    }
}

/// Follows the tokens of a text, and knows before each what is around it.
pub(super) struct Tracker<'t> {
    text: &'t str,
    language: Language,
    frames: Vec<Frame>,
    /// The argument, and how deep it stands.
    argument: Option<(String, usize)>,
    /// The name that a line began with, while it may still become a block.
    header: Option<&'t str>,
    line_start: bool,
}

impl<'t> Tracker<'t> {
    pub(super) fn new(text: &'t str, language: Language) -> Self {
        Self { text, language, frames: Vec::new(), argument: None, header: None, line_start: true }
    }

    /// Does the next token begin a line?
    pub(super) const fn line_start(&self) -> bool {
        self.line_start
    }

    /// Directly in a block or at the top level.
    pub(super) fn in_body(&self) -> bool {
        matches!(self.frames.last(), None | Some(Frame::Block(_)))
    }

    pub(super) fn in_quote(&self) -> bool {
        matches!(self.frames.last(), Some(Frame::Quote(_)))
    }

    /// Between the parentheses of a call.
    pub(super) fn in_call(&self) -> bool {
        self.frames.iter().any(|frame| matches!(frame, Frame::Paren))
    }

    pub(super) fn argument(&self) -> Option<&str> {
        self.argument.as_ref().map(|(name, _)| name.as_str())
    }

    /// The name of the block whose labels stand here.
    pub(super) const fn header(&self) -> Option<&'t str> {
        self.header
    }

    /// The blocks around, outermost first.
    pub(super) fn blocks(&self) -> Vec<&str> {
        self.frames.iter().filter_map(Frame::block).collect()
    }

    /// Are the names here those of variables, which get a value?
    pub(super) fn sets_variables(&self) -> bool {
        self.language.sets_variables(&self.blocks())
    }

    /// What the label of a block names, and whether that declares it. Labels of inner blocks name nothing that could be
    /// referred to.
    pub(super) fn label_of(&self, block: &str) -> Option<(String, bool)> {
        let outer = self.frames.iter().any(|frame| matches!(frame, Frame::Block(_)));
        (!outer && self.language.block(block).is_some()).then(|| super::mentions::label(block))
    }

    /// Goes past a token.
    pub(super) fn step(&mut self, token: Token) {
        let starts = std::mem::replace(&mut self.line_start, token.kind == Kind::Newline);
        let in_body = self.in_body();
        match token.kind {
            Kind::Ident if starts && in_body => self.header = Some(token.text(self.text)),
            Kind::Equal if in_body => {
                self.argument = self.header.take().map(|name| (name.to_owned(), self.frames.len()));
            }
            Kind::OpenBrace => match self.header.take().filter(|_| in_body && self.argument.is_none()) {
                Some(name) => {
                    self.frames.push(Frame::Block(name.to_owned()));
                    self.line_start = true;
                }
                None => self.frames.push(Frame::Other),
            },
            Kind::OpenQuote => self.frames.push(Frame::Quote(token.end as usize)),
            Kind::OpenTemplate => self.frames.push(Frame::Template),
            Kind::OpenParen => self.frames.push(Frame::Paren),
            Kind::OpenBracket | Kind::OpenHeredoc => self.frames.push(Frame::Other),
            Kind::CloseBrace
            | Kind::CloseBracket
            | Kind::CloseParen
            | Kind::CloseQuote
            | Kind::CloseTemplate
            | Kind::CloseHeredoc => drop(self.frames.pop()),
            Kind::Newline => {
                // No string goes over a line end; an unfinished one is the line's own.
                while matches!(self.frames.last(), Some(Frame::Quote(_) | Frame::Template)) {
                    self.frames.pop();
                }
                if self.argument.as_ref().is_some_and(|(_, depth)| self.frames.len() <= *depth) {
                    self.argument = None;
                }
                self.header = None;
            }
            _ => {}
        }
        if self.argument.as_ref().is_some_and(|(_, depth)| self.frames.len() < *depth) {
            self.argument = None;
        }
    }
}

impl Context {
    /// The context of `offset`.
    pub(super) fn at(text: &str, offset: usize, language: Language) -> Self {
        let offset = text.floor_char_boundary(offset.min(text.len()));
        let before = &text[..offset];
        // What stands behind the cursor would only mislead: an unfinished string ends at some later quote.
        let scan = scan(before, FileId(0));
        let mut tracker = Tracker::new(text, language);
        let mut comment = false;
        for token in scan.tokens.iter().take_while(|token| (token.start as usize) < offset) {
            if matches!(token.kind, Kind::LineComment | Kind::BlockComment) {
                comment = offset <= token.end as usize;
            }
            tracker.step(*token);
        }
        let Tracker { frames, argument, header, .. } = tracker;
        let string = match frames.last() {
            Some(Frame::Quote(start)) => Some(*start..offset),
            _ => None,
        };
        let start = before
            .rfind(|char: char| !is_word(char))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let blocks: Vec<String> = frames.iter().filter_map(Frame::block).map(str::to_owned).collect();
        let depth = argument.as_ref().map_or(blocks.len(), |(_, depth)| *depth);
        Self {
            nested: frames.len() > depth + usize::from(string.is_some()),
            labelled: header.filter(|_| string.is_some() && argument.is_none()).map(str::to_owned),
            compared: compared(before, string.as_ref().map_or(start, |string| string.start.saturating_sub(1))),
            blocks,
            argument: argument.map(|(name, _)| name),
            string,
            word: start..offset,
            line_start: text[line..start].trim().is_empty(),
            comment,
            language,
        }
    }

    /// The schema of the block it is in; none at the top level or in a block the language does not have.
    pub(super) fn schema(&self) -> Option<&'static BlockSchema> {
        let (first, rest) = self.blocks.split_first()?;
        rest.iter().try_fold(self.language.block(first)?, |outer, name| outer.block(name).map(|one| one.schema))
    }

    /// The schema of the argument it is in.
    pub(super) fn attribute(&self) -> Option<&'static AttributeSchema> {
        self.schema()?.attribute(self.argument.as_deref()?)
    }

    /// Are the names here those of variables, which get a value?
    pub(super) fn sets_variables(&self) -> bool {
        let blocks: Vec<&str> = self.blocks.iter().map(String::as_str).collect();
        self.language.sets_variables(&blocks)
    }

    /// Does a block or an argument begin here, rather than a value?
    pub(super) fn begins(&self) -> bool {
        self.line_start && self.argument.is_none() && self.string.is_none() && !self.comment
    }
}

/// The name in front of the `==` or `!=` that ends at `end`.
fn compared(text: &str, end: usize) -> Option<String> {
    let before = text.get(..end)?;
    let name_at_the_end = |text: &str| {
        let text = text.trim_end_matches([' ', '\t']);
        let start = text.rfind(|char: char| !is_word(char)).map_or(0, |at| at + 1);
        text.get(start..).filter(|name| name.contains('.')).map(str::to_owned)
    };
    let trimmed = before.trim_end_matches([' ', '\t']);
    trimmed.strip_suffix("==").or_else(|| trimmed.strip_suffix("!=")).and_then(name_at_the_end)
}

/// Names and the dots between them.
pub(super) fn is_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '-' | '.')
}

/// The word around a byte, dots included.
pub(super) fn word_at(text: &str, offset: usize) -> Range<usize> {
    let offset = text.floor_char_boundary(offset.min(text.len()));
    let start = text[..offset]
        .rfind(|char: char| !is_word(char))
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let end = text[offset..].find(|char: char| !is_word(char)).map_or(text.len(), |at| offset + at);
    start..end
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The context at `|`.
    fn at(text: &str) -> Context {
        let offset = text.find('|').unwrap();
        Context::at(&text.replace('|', ""), offset, Language::Configuration)
    }

    #[test]
    fn the_block_the_argument_and_the_string_are_known_while_typing() {
        let context = at("mfa \"a\" {\n  st|\n}\n");
        assert_eq!((context.blocks.as_slice(), context.begins()), (&["mfa".to_owned()][..], true));
        let context = at("mfa \"a\" {\n  except {\n    users = [\"x\", \"jd|\n  }\n}\n");
        assert_eq!(context.blocks, ["mfa", "except"]);
        assert_eq!((context.argument.as_deref(), context.string.is_some()), (Some("users"), true));
        let context = at("mfa \"a\" {\n  where = user.dep|\n  state = \"enforced\"\n}\n");
        assert_eq!((context.argument.as_deref(), context.nested, context.begins()), (Some("where"), false, false));
        let context = at("locals {\n  a = {\n    b = 1\n  }\n  |\n}\n");
        assert_eq!((context.blocks.as_slice(), context.begins()), (&["locals".to_owned()][..], true));
        let context = at("mfa \"a\" {\n  where = user.kind == \"|\n}\n");
        assert_eq!((context.compared.as_deref(), context.string.is_some()), (Some("user.kind"), true));
        assert_eq!(at("accept \"|").labelled.as_deref(), Some("accept"));
        assert_eq!(at("mfa \"a\" {\n  users = [\"|").labelled, None);
        let context = at("mfa \"a\" {\n  reason = \"until ${var.|\n}\n");
        assert_eq!((context.nested, context.string), (true, None));
        assert!(at("# mf|").comment);
        assert_eq!(at("m|").blocks, [""; 0]);
    }
    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Editors ask anywhere in anything.
        #[test]
        fn no_text_and_no_place_is_too_odd(text in r#"([a-z]{1,3}|[ \n"{}=.#\[\]()]|\$\{|<<E\n|é|𝄞){0,60}"#, at in 0..200_usize) {
            for language in [Language::Configuration, Language::Scenario] {
                let context = Context::at(&text, at, language);
                prop_assert!(text.get(context.word.clone()).is_some());
                prop_assert!(context.string.is_none_or(|range| text.get(range).is_some()));
            }
            prop_assert!(text.get(word_at(&text, at)).is_some());
            for one in crate::lsp::outline::declarations(Path::new("a"), &text) {
                prop_assert!(text.get(one.whole).is_some() && text.get(one.header).is_some());
            }
        }
    }
}
