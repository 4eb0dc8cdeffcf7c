//! Where the cursor stands: in which block, in which argument, in a string or behind which word. From tokens alone, since
//! what is being typed does not parse.

use std::{ops::Range, path::Path};

use crate::{
    config::{
        scan::{Kind, scan},
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
}

impl Language {
    /// By the name of the file.
    pub(super) fn of(path: &Path) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        match &*name {
            name if name.ends_with(scenario::SUFFIX) => Self::Scenario,
            name if name.ends_with(".mfavars.hcl") => Self::Variables,
            _ => Self::Configuration,
        }
    }

    /// The blocks at the top level.
    pub(super) const fn top_level(self) -> &'static [&'static BlockSchema] {
        match self {
            Self::Configuration => schema::TOP_LEVEL,
            Self::Scenario => scenario::TOP_LEVEL,
            Self::Variables => &[],
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
    Other,
}

impl Context {
    /// The context of `offset`.
    pub(super) fn at(text: &str, offset: usize, language: Language) -> Self {
        let offset = text.floor_char_boundary(offset.min(text.len()));
        let before = &text[..offset];
        // What stands behind the cursor would only mislead: an unfinished string ends at some later quote.
        let scan = scan(before, FileId(0));
        let mut frames: Vec<Frame> = Vec::new();
        let mut argument: Option<(String, usize)> = None;
        let mut header: Option<&str> = None;
        let mut line_start = true;
        let mut comment = false;
        for token in scan.tokens.iter().take_while(|token| (token.start as usize) < offset) {
            let starts = std::mem::replace(&mut line_start, token.kind == Kind::Newline);
            let in_body = matches!(frames.last(), None | Some(Frame::Block(_)));
            match token.kind {
                Kind::Ident if starts && in_body => header = Some(token.text(text)),
                Kind::Equal if in_body => {
                    argument = header.take().map(|name| (name.to_owned(), frames.len()));
                }
                Kind::OpenBrace => match header.take().filter(|_| in_body && argument.is_none()) {
                    Some(name) => {
                        frames.push(Frame::Block(name.to_owned()));
                        line_start = true;
                    }
                    None => frames.push(Frame::Other),
                },
                Kind::OpenQuote => frames.push(Frame::Quote(token.end as usize)),
                Kind::OpenTemplate => frames.push(Frame::Template),
                Kind::OpenBracket | Kind::OpenParen | Kind::OpenHeredoc => frames.push(Frame::Other),
                Kind::CloseBrace
                | Kind::CloseBracket
                | Kind::CloseParen
                | Kind::CloseQuote
                | Kind::CloseTemplate
                | Kind::CloseHeredoc => drop(frames.pop()),
                Kind::Newline => {
                    // No string goes over a line end; an unfinished one is the line's own.
                    while matches!(frames.last(), Some(Frame::Quote(_) | Frame::Template)) {
                        frames.pop();
                    }
                    if argument.as_ref().is_some_and(|(_, depth)| frames.len() <= *depth) {
                        argument = None;
                    }
                    header = None;
                }
                Kind::LineComment | Kind::BlockComment => comment = offset <= token.end as usize,
                _ => {}
            }
            if argument.as_ref().is_some_and(|(_, depth)| frames.len() < *depth) {
                argument = None;
            }
        }
        let string = match frames.last() {
            Some(Frame::Quote(start)) => Some(*start..offset),
            _ => None,
        };
        let start = before
            .rfind(|char: char| !is_word(char))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let blocks: Vec<String> = frames
            .iter()
            .filter_map(|frame| if let Frame::Block(name) = frame { Some(name.clone()) } else { None })
            .collect();
        let depth = argument.as_ref().map_or(blocks.len(), |(_, depth)| *depth);
        Self {
            nested: frames.len() > depth + usize::from(string.is_some()),
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
        match self.language {
            Language::Configuration => false,
            Language::Scenario => self.blocks.last().is_some_and(|one| one == "variables"),
            Language::Variables => self.blocks.is_empty(),
        }
    }

    /// Does a block or an argument begin here, rather than a value?
    pub(super) fn begins(&self) -> bool {
        self.line_start && self.argument.is_none() && self.string.is_none() && !self.comment
    }
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
