//! Making text that is not the program's own harmless where people and CI runners read it.
//!
//! Names come from the tenant, from files and from the service. [`text`] is for a piece of one line: a name, a reason, a
//! message. [`log`] is the last look at whole lines, whatever they were put together from, before they reach a terminal
//! or the log of a CI job.

pub(crate) mod log;

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
pub(crate) const fn may_be_hostile(byte: u8) -> bool {
    matches!(byte, 0..=0x1f | 0x7f | 0xc2 | 0xd8 | 0xe1 | 0xe2 | 0xef | 0xf3)
}

/// Is there such a byte? Without an early end, which lets the compiler look at many bytes at once.
pub(crate) fn any(raw: &str, special: impl Fn(u8) -> bool) -> bool {
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

pub(crate) fn visible(c: char, out: &mut String) -> bool {
    is_hostile(c) && {
        let _ = write!(out, "\\u{{{:x}}}", c as u32);
        true
    }
}

/// Copies `raw` only if `special` replaces one of its characters.
pub(crate) fn replace(raw: &str, mut special: impl FnMut(char, &mut String) -> bool) -> Cow<'_, str> {
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
