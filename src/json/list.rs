//! The elements of a list, parsed on several threads.

use std::borrow::Cow;

use rayon::prelude::*;

use super::{
    walk,
    window::{Fault, skip_space},
};

/// A part of a window is worth a thread from this size on.
const PART: usize = if cfg!(test) { 256 } else { 128 << 10 };
/// Parts a thread gets of a window, where there is enough of it. All wait for the last: whoever is held up in a small part
/// holds up the others less.
const EACH: usize = 4;

/// Into how many parts a text of so many bytes is cut. One thread has nobody to share with.
pub(crate) fn parts(bytes: usize) -> usize {
    match rayon::current_num_threads() {
        1 => 1,
        threads => (threads * EACH).min(bytes / PART).max(1),
    }
}

/// What stands at the start of a text.
pub(crate) enum Element<T> {
    /// An element, of so many bytes.
    Whole(T, usize),
    /// The text ends inside it.
    Cut,
    /// It is none.
    Fault(Fault),
}

/// A stretch of elements, parsed one after the other.
pub(crate) struct Run<T> {
    pub(crate) items: Vec<T>,
    /// Where the next element begins: all before is done with.
    pub(crate) next: usize,
    pub(crate) stop: Stop,
}

/// Why it ends.
pub(crate) enum Stop {
    /// The limit was reached.
    Limit,
    /// The window ends inside the element at `next`.
    More,
    /// The list ended.
    End,
    /// Something is wrong.
    Fault(Fault),
}

/// Parses the elements of a window, on several threads where there is enough of it. `base` is the offset of the text in its
/// file; `parser` makes for a thread what reads one element at the start of a text, given its offset.
///
/// Where an element begins can only be known by parsing all before it. So the places at which the threads start are
/// *guessed*, and a thread's work counts only if the parser before it arrives at exactly that place. A wrong guess (an
/// element that holds the marker twice) costs time and cannot change the result.
pub(crate) fn parse<T: Send, P: FnMut(&str, u64) -> Element<T>>(
    text: &str,
    base: u64,
    parser: impl Fn() -> P + Sync,
) -> Run<T> {
    let parts = parts(text.len());
    if parts == 1 {
        return run(text, 0, text.len(), base, parser());
    }
    let mut starts = vec![0];
    starts.extend((1..parts).filter_map(|part| guess(text.as_bytes(), part * (text.len() / parts))));
    starts.dedup();
    let limit = |part: usize| starts.get(part + 1).copied().unwrap_or(text.len());
    let runs: Vec<_> =
        starts.par_iter().enumerate().map(|(part, &start)| run(text, start, limit(part), base, parser())).collect();
    let mut whole = Run { items: Vec::new(), next: 0, stop: Stop::Limit };
    for (part, guessed) in runs.into_iter().enumerate() {
        if !matches!(whole.stop, Stop::Limit) {
            break;
        }
        let right = starts.get(part) == Some(&whole.next);
        let mut known = if right { guessed } else { run(text, whole.next, limit(part), base, parser()) };
        if whole.items.is_empty() {
            whole.items = known.items;
        } else {
            whole.items.append(&mut known.items);
        }
        (whole.next, whole.stop) = (known.next, known.stop);
    }
    whole
}

/// The first two keys of the object at `at`.
fn opening(text: &[u8], at: usize) -> Option<[Cow<'_, str>; 2]> {
    let mut keys = walk::members(text, at..text.len()).map(|(key, _)| key);
    Some([keys.next()?, keys.next()?])
}

/// A place after `from` where an element probably begins: a brace followed by the keys that open the first element.
/// Programs write the keys of every element in one order, and the objects inside an element have other keys.
fn guess(text: &[u8], from: usize) -> Option<usize> {
    let first = opening(text, skip_space(text, 0))?;
    let near = text.get(..text.len().min(from + (64 << 10)))?;
    let braces = near.iter().enumerate().skip(from).filter(|(_, byte)| **byte == b'{').map(|(at, _)| at);
    braces.into_iter().find(|&brace| opening(near, brace).as_ref() == Some(&first))
}

/// Parses elements from `at` until `limit` is reached, the text or the list ends, or something is wrong.
fn run<T>(
    text: &str,
    mut at: usize,
    limit: usize,
    base: u64,
    mut parser: impl FnMut(&str, u64) -> Element<T>,
) -> Run<T> {
    let mut items = Vec::new();
    let bytes = text.as_bytes();
    let stop = loop {
        at = skip_space(bytes, at);
        if at >= limit {
            break if at < text.len() { Stop::Limit } else { Stop::More };
        }
        // `at` stands behind white space, a comma or a bracket, so never inside a character.
        let (item, length) = match parser(&text[at..], base + at as u64) {
            Element::Whole(item, length) => (item, length),
            Element::Cut => break Stop::More,
            Element::Fault(fault) => break Stop::Fault(fault),
        };
        let after = skip_space(bytes, at + length);
        let last = match bytes.get(after) {
            // Whether the element is whole is known once something follows it.
            None => break Stop::More,
            Some(b',') => false,
            Some(b']') => true,
            Some(_) => break Stop::Fault(Fault::content(base + after as u64, "expected `,` or `]`")),
        };
        if items.is_empty() {
            // About as many as there is room for, if all are as long as the first.
            items.reserve((limit - at) / length.max(1) + 1);
        }
        items.push(item);
        at = after + 1;
        if last {
            break Stop::End;
        }
    };
    Run { items, next: at, stop }
}
