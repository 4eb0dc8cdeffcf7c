//! Whole lines on their way to a terminal or into the log of a CI job.
//!
//! The runners of GitHub and Azure read commands out of what a job prints: GitHub those that begin a line with `::`
//! (after blanks) and, from an older form, `##[` anywhere in it; Azure `##vso[` anywhere; TeamCity `##teamcity[`. A name
//! that holds one must not become a command, also where wrapping put it at a line's start, so lines are looked at when
//! they are finished (GitHub, "Workflow commands for GitHub Actions",
//! <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>; Microsoft, "Logging commands",
//! <https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands>).

use std::{borrow::Cow, fmt::Write};

use super::{any, is_hostile, may_be_hostile};

/// What is known of a piece of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    /// Nothing of the line was written before, except blanks.
    pub starts: bool,
    /// The line ends with this piece. Otherwise what follows is not known, and half a command counts as a whole one.
    pub ends: bool,
    /// The program's own colours (`ESC [ … m`) pass.
    pub colors: bool,
}

impl Piece {
    /// A whole line without colours.
    pub(crate) const LINE: Self = Self { starts: true, ends: true, colors: false };
}

/// Control and direction characters as `\u{1b}`, and the beginning of a runner's command broken the same way. Tabs stay.
#[must_use]
pub(crate) fn line(raw: &str, piece: Piece) -> Cow<'_, str> {
    let suspicious = any(raw, |byte| matches!(byte, b'#' | b':') || (may_be_hostile(byte) && byte != b'\t'));
    if !suspicious {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len() + 16);
    let mut starts = piece.starts;
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        if piece.colors
            && let Some(length) = color(rest)
        {
            out.push_str(rest.get(..length).unwrap_or_default());
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let command = match c {
            ':' => starts && follows(after, piece, |next| next.starts_with(':')),
            '#' => follows(after, piece, |next| {
                next.strip_prefix('#').is_some_and(|next| {
                    let word = next.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
                    word.starts_with('[') || (word.is_empty() && !piece.ends)
                })
            }),
            _ => false,
        };
        if command || (is_hostile(c) && c != '\t') {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
            starts = false;
        } else {
            starts &= c.is_whitespace();
            out.push(c);
        }
        rest = after;
    }
    Cow::Owned(out)
}

/// Whether what is wanted follows, or may still follow.
fn follows(after: &str, piece: Piece, wanted: impl FnOnce(&str) -> bool) -> bool {
    if after.is_empty() { !piece.ends } else { wanted(after) }
}

/// The length of a colour code that `text` begins with.
fn color(text: &str) -> Option<usize> {
    let codes = text.strip_prefix("\u{1b}[")?;
    let end = codes.find(|c: char| !(c.is_ascii_digit() || c == ';'))?;
    codes.get(end..)?.starts_with('m').then_some(end + 3)
}

/// Whether a runner would read a command in this line, or a terminal obey it. For tests, written apart from [`line`].
#[cfg(test)]
pub(crate) fn is_dangerous(line: &str) -> bool {
    let runner = line.trim_start().starts_with("::")
        || line.match_indices("##").any(|(at, _)| {
            let word: String = line[at + 2..].chars().take_while(|c| *c != '[').collect();
            line[at + 2 + word.len()..].starts_with('[') && word.bytes().all(|byte| byte.is_ascii_alphabetic())
        });
    runner || line.chars().any(|c| is_hostile(c) && c != '\t')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_of_runners_become_text() {
        let table = [
            ("::error::x", "\\u{3a}:error::x"),
            ("  \u{a0}\t::add-mask::e", "  \u{a0}\t\\u{3a}:add-mask::e"),
            ("a ::error::x", "a ::error::x"),
            ("a ##vso[task.complete result=Succeeded;]", "a \\u{23}#vso[task.complete result=Succeeded;]"),
            ("##[add-mask]x", "\\u{23}#[add-mask]x"),
            ("###[error]", "#\\u{23}#[error]"),
            ("##teamcity[x]", "\\u{23}#teamcity[x]"),
            ("## a heading [with brackets]", "## a heading [with brackets]"),
            ("2001:db8::1 at 10:00", "2001:db8::1 at 10:00"),
            ("a\u{1b}[31mb\rc\u{9b}d\u{202e}", "a\\u{1b}[31mb\\u{d}c\\u{9b}d\\u{202e}"),
        ];
        for (raw, shown) in table {
            assert_eq!(line(raw, Piece::LINE), shown);
        }
    }

    #[test]
    fn colours_pass_where_the_program_colours_and_hide_no_command() {
        let piece = Piece { colors: true, ..Piece::LINE };
        assert_eq!(line("\u{1b}[1;31merror:\u{1b}[0m x\u{1b}[2J", piece), "\u{1b}[1;31merror:\u{1b}[0m x\\u{1b}[2J");
        assert_eq!(line("\u{1b}[31m::error::x", piece), "\u{1b}[31m\\u{3a}:error::x");
    }

    proptest! {
        #[test]
        fn no_line_is_dangerous_however_it_is_cut(
            raw in "[ \t:#\\[\\]va\u{1b}\u{9b}\u{202e}m0é\u{a0}\r]{0,14}",
            cut in 0_usize..14,
        ) {
            prop_assert!(!is_dangerous(&line(&raw, Piece::LINE)), "{raw:?}");
            let at = raw.ceil_char_boundary(cut.min(raw.len()));
            let (head, tail) = raw.split_at(at);
            let shown_head = line(head, Piece { ends: false, ..Piece::LINE });
            let starts = shown_head.chars().all(char::is_whitespace);
            let shown = format!("{shown_head}{}", line(tail, Piece { starts, ..Piece::LINE }));
            prop_assert!(!is_dangerous(&shown), "{raw:?} cut at {at}: {shown:?}");
        }
    }
}
