//! Making text from tenants harmless in every kind of output.
//!
//! A display name is written by whoever may edit a user, a guest's by somebody elsewhere. It may hold escape codes,
//! line breaks, right-to-left overrides, formulas or markup. Every renderer escapes with the function of its format;
//! all of them first make control characters visible with [`text`].

use std::{borrow::Cow, fmt::Write};

/// Characters that change how the text around them is shown, or that cannot be seen at all.
pub(crate) const fn is_hostile(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'      // C0, DEL, C1: escape codes, line breaks
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}'     // zero width space, direction marks; joiners are part of names
        | '\u{2028}'..='\u{202e}'                  // line and paragraph separator, embeddings, overrides
        | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}'                // tags
    )
}

/// Whether a hostile character may begin with this byte of its UTF-8 text. Most bytes begin none, so that most texts need
/// no look at their characters.
const fn may_be_hostile(byte: u8) -> bool {
    matches!(byte, 0..=0x1f | 0x7f | 0xc2 | 0xd8 | 0xe1 | 0xe2 | 0xef | 0xf3)
}

/// Is there such a byte? Without an early end, which lets the compiler look at many bytes at once.
fn any(raw: &str, special: impl Fn(u8) -> bool) -> bool {
    raw.bytes().fold(false, |found, byte| found | special(byte))
}

/// Control and direction characters as `\u{1b}`.
#[must_use]
pub(crate) fn text(raw: &str) -> Cow<'_, str> {
    if !any(raw, may_be_hostile) {
        return Cow::Borrowed(raw);
    }
    // Arrows, dashes and letters of many scripts begin like hostile characters: only there is a look at them needed.
    let mut candidates = raw.bytes().enumerate().filter(|(_, byte)| may_be_hostile(*byte));
    if !candidates.any(|(at, _)| raw.get(at..).and_then(|rest| rest.chars().next()).is_some_and(is_hostile)) {
        return Cow::Borrowed(raw);
    }
    replace(raw, visible)
}

fn visible(c: char, out: &mut String) -> bool {
    is_hostile(c) && {
        let _ = write!(out, "\\u{{{:x}}}", c as u32);
        true
    }
}

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
    is_entity(byte) || matches!(byte, b'!'..=b'%' | b'*' | b'/' | b'@' | b'['..=b'`' | b'|' | b'~')
}

/// For Markdown text, in tables too. Nothing in it is markup, a mention, an issue number or a link any more.
///
/// Numeric character references cannot stand for markup (CommonMark, "Entity and numeric character references").
/// Mentions and issue numbers are found by GitHub and GitLab in the rendered text, so an empty comment splits them.
#[must_use]
pub(crate) fn markdown(raw: &str) -> Cow<'_, str> {
    then(text(raw), |raw| if any(raw, is_markup) { replace(raw, markup()) } else { Cow::Borrowed(raw) })
}

fn markup() -> impl FnMut(char, &mut String) -> bool {
    let mut before = None;
    move |c, out| {
        let previous = before.replace(c);
        let starts_word = !previous.is_some_and(char::is_alphanumeric);
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' | '#' | '!' | '%' if starts_word => {
                let _ = write!(out, "&#{};<!-- -->", c as u32);
            }
            // Inside a word these two are text: an underscore cannot open emphasis there (CommonMark, "Emphasis"),
            // and an address is not a mention.
            '_' | '@' if !starts_word => return false,
            '/' if previous == Some(':') => out.push_str("<!-- -->/"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '#' | '!' | '@' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            _ => return false,
        }
        true
    }
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

/// A message of a GitHub workflow command (Actions toolkit, `escapeData`).
#[must_use]
pub(crate) fn github_message(raw: &str) -> Cow<'_, str> {
    then(text(raw), |raw| replace(raw, |c, out| c == '%' && pushed(out, "%25")))
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
    let formula = raw.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let shown = text(raw);
    if formula { Cow::Owned(format!("'{shown}")) } else { shown }
}

fn pushed(out: &mut String, text: &str) -> bool {
    out.push_str(text);
    true
}

/// Copies `raw` only if `special` replaces one of its characters.
fn replace(raw: &str, mut special: impl FnMut(char, &mut String) -> bool) -> Cow<'_, str> {
    let mut out: Option<String> = None;
    let mut scratch = String::new();
    for (at, c) in raw.char_indices() {
        let target = out.as_mut().unwrap_or(&mut scratch);
        if special(c, target) {
            if out.is_none() {
                let mut begun = String::with_capacity(raw.len() + 16);
                begun.push_str(raw.get(..at).unwrap_or_default());
                begun.push_str(&scratch);
                out = Some(begun);
            }
        } else if let Some(out) = &mut out {
            out.push(c);
        }
    }
    out.map_or(Cow::Borrowed(raw), Cow::Owned)
}

fn then(text: Cow<'_, str>, next: impl FnOnce(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(raw) => next(raw),
        Cow::Owned(raw) => Cow::Owned(next(&raw).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            proptest::prop_assert_eq!(markdown(&raw), replace(&plain, markup()));
        }
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

    #[test]
    fn markdown_renders_as_what_was_meant() {
        for raw in ["*a* _b_ `c` [d](e) <i>", "@team #12 !13", "https://evil.example/x", "a|b\\|c", "1 ~~x~~ $y$"] {
            let source = format!("x {}", markdown(raw));
            let events: Vec<_> = pulldown_cmark::Parser::new_ext(&source, pulldown_cmark::Options::all()).collect();
            let shown: String = events
                .iter()
                .filter_map(|event| match event {
                    pulldown_cmark::Event::Text(text) => Some(text.to_string()),
                    _ => None,
                })
                .collect();
            assert_eq!(shown, format!("x {raw}"), "{events:?}");
        }
        assert!(!markdown("ping @team").contains("@team"));
    }

    #[test]
    fn formulas_are_text() {
        for cell in ["=1+1", "+1", "-1", "@x", "\t=1"] {
            assert!(csv(cell).starts_with('\''), "{cell}");
        }
        assert_eq!(csv("a=1"), "a=1");
    }
}
