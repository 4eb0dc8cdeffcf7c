//! Making text from tenants harmless in every kind of output.
//!
//! A display name is written by whoever may edit a user, a guest's by somebody elsewhere. It may hold escape codes,
//! line breaks, right-to-left overrides, formulas or markup. Every renderer escapes with the function of its format;
//! all of them first make control characters visible with [`text`].

use std::{borrow::Cow, fmt::Write};

pub(crate) use crate::escape::text;
use crate::escape::{
    any,
    log::{self, Piece},
    replace,
};

/// For HTML text and attributes in double quotes.
#[must_use]
pub(crate) fn html(raw: &str) -> Cow<'_, str> {
    then(text(raw), |raw| if any(raw, is_entity) { replace(raw, entity) } else { Cow::Borrowed(raw) })
}

/// For XML text and attributes.
#[must_use]
pub(crate) fn xml(raw: &str) -> Cow<'_, str> {
    then(text(raw), |raw| {
        replace(raw, |c, out| {
            // XML 1.0 has no way to write these two at all.
            if matches!(c, '\u{fffe}' | '\u{ffff}') {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
                return true;
            }
            entity(c, out)
        })
    })
}

/// The characters that [`entity`] replaces.
const fn is_entity(byte: u8) -> bool {
    matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'')
}

fn entity(c: char, out: &mut String) -> bool {
    out.push_str(match c {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '"' => "&quot;",
        '\'' => "&#39;",
        _ => return false,
    });
    true
}

/// The characters that [`markdown`] may replace.
const fn is_markup(byte: u8) -> bool {
    is_entity(byte) || matches!(byte, b'!'..=b'+' | b'-'..=b'/' | b':'..=b'@' | b'['..=b'`' | b'|' | b'~')
}

/// For Markdown text, in tables too. Nothing in it is markup, a mention, a reference, an emoji or a link any more.
///
/// Numeric character references cannot stand for markup (CommonMark, "Entity and numeric character references").
/// Links, mentions and references are found by GitHub and GitLab in the rendered text, whatever it was written like, so
/// an empty comment splits what they look for (GitHub, "Autolinked references and URLs",
/// <https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls>;
/// GitLab, "GitLab-specific references", <https://docs.gitlab.com/user/markdown/#gitlab-specific-references>).
#[must_use]
pub(crate) fn markdown(raw: &str) -> Cow<'_, str> {
    then(text(raw), |raw| {
        let plain = !any(raw, is_markup) && !raw.starts_with(' ') && !has_commit_id(raw);
        if plain { Cow::Borrowed(raw) } else { Cow::Owned(marked_down(raw)) }
    })
}

/// Splits a word for whoever looks for references in the rendered text, and shows nothing.
const SPLIT: &str = "<!-- -->";

fn marked_down(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() + 32);
    // The letters and digits right before, where a word was not begun by something else.
    let mut word = 0;
    for (at, c) in raw.char_indices() {
        let before = raw.get(word..at).unwrap_or_default();
        let after = raw.get(at + c.len_utf8()..).unwrap_or_default();
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Inside a word an underscore cannot open emphasis (CommonMark, "Emphasis and strong emphasis").
            '_' if !before.is_empty() => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '#' | '!' | '@' | '%' => reference(c, &mut out),
            ' ' if at == 0 => reference(c, &mut out),
            // The mark of a list, and the line below a heading or between two parts.
            '-' | '+' | '='
                if at == 0 && (after.starts_with(' ') || after.chars().all(|next| next == c || next == ' ')) =>
            {
                reference(c, &mut out);
            }
            '.' | ')' if word == 0 && at > 0 && before.bytes().all(|byte| byte.is_ascii_digit()) => {
                reference(c, &mut out);
            }
            '/' if out.ends_with(':') => {
                out.push_str(SPLIT);
                out.push('/');
            }
            '.' if before.eq_ignore_ascii_case("www") => {
                out.push_str(SPLIT);
                out.push('.');
            }
            '-' if splits_key(before, after) => {
                out.push_str(SPLIT);
                out.push('-');
            }
            _ => out.push(c),
        }
        let splits = match c {
            '@' | '#' | '!' | '%' | '$' | '~' | '&' | '[' | '*' => true,
            ':' => is_emoji(after),
            _ => is_commit_id(raw, word, at),
        };
        if splits {
            out.push_str(SPLIT);
        }
        if !c.is_alphanumeric() {
            word = at + c.len_utf8();
        }
    }
    out
}

fn reference(c: char, out: &mut String) {
    let _ = write!(out, "&#{};", c as u32);
}

/// `GH-12`, `CVE-2026-1`, keys of other trackers, and `GHSA-…`: a word of letters, a hyphen, a number.
fn splits_key(before: &str, after: &str) -> bool {
    let letters = before.ends_with(|c: char| c.is_ascii_alphabetic());
    (letters && after.starts_with(|c: char| c.is_ascii_digit())) || before.eq_ignore_ascii_case("GHSA")
}

/// Whether a colon begins an emoji's name: `:octocat:` is a picture.
fn is_emoji(after: &str) -> bool {
    let rest = after.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '+' | '-'));
    let name = after.get(..after.len() - rest.len()).unwrap_or_default();
    // `:04:` of an instant is none, but these two are.
    let named = !name.bytes().all(|byte| byte.is_ascii_digit()) || matches!(name, "100" | "1234");
    named && rest.starts_with(':')
}

/// As many hexadecimal digits as a shortened commit id has.
const COMMIT_ID: usize = 7;

fn is_commit_digit(c: char) -> bool {
    c.is_ascii_hexdigit()
}

/// Whether to split behind `at`: the word that began at `word` begins with the digits of a commit id, and here are as many
/// as are none yet.
fn is_commit_id(raw: &str, word: usize, at: usize) -> bool {
    (at + 1 - word).is_multiple_of(COMMIT_ID - 1) && {
        let rest = raw.get(word..).unwrap_or_default();
        let length = rest.find(|c: char| !is_commit_digit(c)).unwrap_or(rest.len());
        length >= COMMIT_ID && at < word + length
    }
}

fn has_commit_id(raw: &str) -> bool {
    raw.split(|c: char| !is_commit_digit(c)).any(|digits| digits.len() >= COMMIT_ID)
}

/// A code span for Markdown, in tables too: for names and ids, which people copy.
#[must_use]
pub(crate) fn markdown_code(raw: &str) -> String {
    let shown = text(raw);
    if shown.is_empty() {
        String::new()
    } else if shown.contains(['`', '|', '\\']) || shown.starts_with(' ') || shown.ends_with(' ') {
        format!("<code>{}</code>", markdown(raw))
    } else {
        format!("`{shown}`")
    }
}

/// Our own prose for Markdown, in which names of commands and arguments stand in backticks: those become code spans, and
/// everything else is as harmless as [`markdown`] makes it. A name from the tenant that holds backticks gets a code span
/// at the wrong place, and nothing worse.
#[must_use]
pub(crate) fn markdown_prose(raw: &str) -> Cow<'_, str> {
    // A tag in a code span is only text; whoever looks for tags in the source should not have to know that.
    prose(raw, markdown, |code| {
        if code.contains(['<', '>']) { format!("<code>{}</code>", markdown(code)) } else { markdown_code(code) }
    })
}

/// As [`markdown_prose`], for HTML.
#[must_use]
pub(crate) fn html_prose(raw: &str) -> Cow<'_, str> {
    prose(raw, html, |code| format!("<code>{}</code>", html(code)))
}

/// Text outside of pairs of backticks one way, text between them another.
fn prose(raw: &str, plain: fn(&str) -> Cow<'_, str>, code: fn(&str) -> String) -> Cow<'_, str> {
    if !raw.contains('`') {
        return plain(raw);
    }
    let mut out = String::with_capacity(raw.len() + 32);
    let mut rest = raw;
    // A space after a code span is a space between words, not the indentation that it would be at the start of a text.
    let push = |out: &mut String, text: &str| match text.strip_prefix(' ') {
        Some(rest) if !out.is_empty() => {
            out.push(' ');
            out.push_str(&plain(rest));
        }
        _ => out.push_str(&plain(text)),
    };
    while let Some((before, opened)) = rest.split_once('`') {
        match opened.split_once('`') {
            Some((inside, after)) if !inside.trim().is_empty() => {
                push(&mut out, before);
                out.push_str(&code(inside));
                rest = after;
            }
            // One without a partner, or two with nothing between them: they are what they look like.
            _ => break,
        }
    }
    push(&mut out, rest);
    Cow::Owned(out)
}

/// A message of a GitHub workflow command (Actions toolkit, `escapeData`).
#[must_use]
pub(crate) fn github_message(raw: &str) -> Cow<'_, str> {
    let escaped = then(text(raw), |raw| replace(raw, |c, out| c == '%' && pushed(out, "%25")));
    then(escaped, |raw| log::line(raw, Piece { starts: false, ..Piece::LINE }))
}

/// A property of a GitHub workflow command (Actions toolkit, `escapeProperty`).
#[must_use]
pub(crate) fn github_property(raw: &str) -> Cow<'_, str> {
    then(github_message(raw), |raw| {
        replace(raw, |c, out| match c {
            ':' => pushed(out, "%3A"),
            ',' => pushed(out, "%2C"),
            _ => false,
        })
    })
}

/// A cell of a CSV file that a spreadsheet will not take for a formula (OWASP, "CSV Injection"). Quoting is the CSV
/// writer's.
#[must_use]
pub(crate) fn csv(raw: &str) -> Cow<'_, str> {
    let formula = raw.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠']);
    let shown = text(raw);
    if formula { Cow::Owned(format!("'{shown}")) } else { shown }
}

fn pushed(out: &mut String, text: &str) -> bool {
    out.push_str(text);
    true
}

fn then(text: Cow<'_, str>, next: impl FnOnce(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(raw) => next(raw),
        Cow::Owned(raw) => Cow::Owned(next(&raw).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::escape::{is_hostile, may_be_hostile, visible};

    const NASTY: &str = "a\u{1b}[31m\n\u{202e}<b>&\"'`|*_=@x #1";

    #[test]
    fn control_and_direction_characters_become_visible() {
        assert_eq!(text("a\u{1b}[31m\r\n\u{202e}é"), "a\\u{1b}[31m\\u{d}\\u{a}\\u{202e}é");
        assert!(matches!(text("Zoë 👩‍💻 किताब"), Cow::Borrowed(_)));
    }

    #[test]
    fn no_hostile_character_is_passed_over_for_its_first_byte() {
        let mut buffer = [0; 4];
        for c in ('\0'..=char::MAX).filter(|c| is_hostile(*c)) {
            assert!(may_be_hostile(c.encode_utf8(&mut buffer).as_bytes()[0]), "{c:?}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        /// Looking at bytes first says the same as looking at every character.
        #[test]
        fn the_quick_look_changes_nothing(raw in "[ -~éß→\u{1b}\u{202e}\u{ad}漢😀]{0,12}") {
            let plain = replace(&raw, visible).into_owned();
            proptest::prop_assert_eq!(text(&raw), plain.as_str());
            proptest::prop_assert_eq!(html(&raw), replace(&plain, entity));
            proptest::prop_assert_eq!(markdown(&raw), marked_down(&plain));
        }
    }

    #[test]
    fn backticks_of_our_prose_are_code_and_nothing_else_gets_through() {
        assert_eq!(markdown_prose("declare `service_account` for it"), "declare `service_account` for it");
        assert_eq!(html_prose("a < b: `x < y`"), "a &lt; b: <code>x &lt; y</code>");
        assert_eq!(html_prose("no code"), "no code");
        assert_eq!(markdown_prose("one ` alone"), markdown("one ` alone"));
        assert_eq!(html_prose("``"), "``");
        let planted = "`a|b` <img> `@everyone` [x](http://y)";
        let shown = markdown_prose(planted);
        assert!(!shown.contains("<img") && !shown.contains('|') && !shown.contains("[x]"), "{shown}");
    }

    #[test]
    fn no_format_lets_them_through() {
        for escaped in [
            html(NASTY),
            xml(NASTY),
            markdown(NASTY),
            markdown_code(NASTY).into(),
            github_message(NASTY),
            github_property(NASTY),
            csv(NASTY),
        ] {
            assert!(!escaped.chars().any(is_hostile), "{escaped}");
        }
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(html("<a href=\"x\">'&"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
        assert_eq!(xml("\u{ffff}<"), "\\u{ffff}&lt;");
        assert_eq!(github_property("a:b,c%"), "a%3Ab%2Cc%25");
        assert_eq!(markdown_code("svc_a@contoso.com"), "`svc_a@contoso.com`");
        assert_eq!(markdown_code("a`|b"), "<code>a&#96;&#124;b</code>");
    }

    /// What a reader sees, and the stretches of it in which a site could find a link or a reference.
    fn rendered(raw: &str) -> (String, Vec<String>) {
        use pulldown_cmark::{Event, Options};
        let source = format!("- {}", markdown(raw));
        let (mut shown, mut stretches) = (String::new(), vec![String::new()]);
        // What GitHub and GitLab have beside CommonMark. Neither makes one dash of two.
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_MATH
            | Options::ENABLE_GFM
            | Options::ENABLE_WIKILINKS
            | Options::ENABLE_DEFINITION_LIST;
        for event in pulldown_cmark::Parser::new_ext(&source, options) {
            match event {
                Event::Text(text) => {
                    shown.push_str(&text);
                    stretches.last_mut().unwrap().push_str(&text);
                }
                Event::InlineHtml(comment) if &*comment == SPLIT => stretches.push(String::new()),
                Event::Html(comment) if comment.trim() == SPLIT => stretches.push(String::new()),
                Event::Start(tag) => assert!(
                    matches!(
                        tag,
                        pulldown_cmark::Tag::List(None) | pulldown_cmark::Tag::Item | pulldown_cmark::Tag::Paragraph
                    ) || matches!(tag, pulldown_cmark::Tag::HtmlBlock),
                    "{source}: {tag:?}"
                ),
                Event::End(_) => {}
                other => panic!("{source}: {other:?}"),
            }
        }
        (shown, stretches)
    }

    /// What GitHub and GitLab look for in rendered text.
    static REFERENCES: LazyLock<regex::Regex> = LazyLock::new(|| {
        regex::Regex::new(r"(?i)\bwww\.|[a-z]:/|\w@\w|@\w|[#!~$%&]\w|\b[0-9a-f]{7,64}\b|[a-z]-\d|ghsa-|:[\w+-]*[a-z+_-][\w+-]*:|:100:|:1234:|\[\w+:|\*\w").unwrap()
    });

    #[test]
    fn no_name_is_a_link_a_mention_or_a_reference_in_a_comment() {
        for raw in [
            "*a* _b_ `c` [d](e) <i>",
            "a|b\\|c",
            "1 ~~x~~ $y$ 5 & 6 &12",
            "Mara www.login-contoso.example",
            "WWW.contoso.example (www.a.example)",
            "https://evil.example/x ftp://evil.example irc://x",
            "mailto:mara@contoso.com mara@contoso.com",
            "@team @org/team #12 !13 %14 ~label $15",
            "owner/repo#12 group/project!12 group/project~label project@abcdef1",
            "GH-12 JIRA-7 CVE-2026-1234 GHSA-abcd-efgh-ijkl",
            "a5c3785ed8d6a35868bc169f07e40e889087fd2e deadbee",
            ":octocat: :+1: :100: at 10:00:00",
            "[vulnerability:1] [[_TOC_]] *iteration:1",
            "- x",
            "+ x",
            "1. x",
            "12) x",
            "=== x",
            "    code",
            "# heading",
            "> quote",
        ] {
            let (shown, stretches) = rendered(raw);
            assert_eq!(shown.trim_end(), raw, "{}", markdown(raw));
            for stretch in stretches {
                assert!(!REFERENCES.is_match(&stretch), "{raw:?}: {stretch:?} in {}", markdown(raw));
            }
        }
        assert_eq!(markdown("Zoë Berg, third wave: 3 of 12"), "Zoë Berg, third wave: 3 of 12");
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_name_is_it_is_text_in_a_comment(raw in r"[w.@#!~$%&:/\[\]*<>a-f0-9GHSA _|\\`+=-]{1,20}x") {
            let (shown, stretches) = rendered(&raw);
            proptest::prop_assert_eq!(shown.as_str(), raw.as_str());
            for stretch in stretches {
                proptest::prop_assert!(!REFERENCES.is_match(&stretch), "{:?} in {}", stretch, markdown(&raw));
            }
        }
    }

    #[test]
    fn formulas_are_text() {
        for cell in ["=1+1", "+1", "-1", "@x", "\t=1"] {
            assert!(csv(cell).starts_with('\''), "{cell}");
        }
        assert_eq!(csv("a=1"), "a=1");
    }
}
