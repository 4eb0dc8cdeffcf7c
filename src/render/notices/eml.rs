//! A letter as a mail program opens it: a draft (`X-Unsent`), without a sender.
//!
//! Headers by RFC 5322, words that are not ASCII by RFC 2047. Names from a tenant are made one line before anything else, so
//! that none of them can add a header.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::one_line;
use crate::readiness::Letter;

/// Columns of an encoded body (RFC 2045, 6.8).
const BODY_LINE: usize = 76;
/// Bytes of text in one encoded word: with its frame at most 75 characters (RFC 2047, 2).
const WORD: usize = 42;
/// A subject that is longer is divided into encoded words: a line has at most 998 characters, better 78 (RFC 5322, 2.1.1).
const SUBJECT: usize = 68;

pub(super) fn letter(letter: &Letter) -> Vec<u8> {
    let Letter { send_on, notice: _, days_before: _, wave: _, user: _, display_name: _, to, subject, body } = letter;
    let mut out = String::with_capacity(512 + body.len() * 3 / 2);
    header("To", &recipient(to), &mut out);
    header("Subject", &unstructured(&one_line(subject)), &mut out);
    header("Date", &format!("{} 08:00:00 +0000", send_on.strftime("%a, %d %b %Y")), &mut out);
    header("MIME-Version", "1.0", &mut out);
    header("Content-Type", "text/plain; charset=utf-8", &mut out);
    header("Content-Transfer-Encoding", "base64", &mut out);
    header("X-Unsent", "1", &mut out);
    out.push_str("\r\n");
    let encoded = STANDARD.encode(lines(body));
    for line in encoded.as_bytes().chunks(BODY_LINE) {
        // Base64 is ASCII, so every chunk is text.
        out.push_str(&String::from_utf8_lossy(line));
        out.push_str("\r\n");
    }
    out.into_bytes()
}

fn header(name: &str, value: &str, out: &mut String) {
    out.push_str(name);
    out.push_str(": ");
    out.push_str(value);
    out.push_str("\r\n");
}

/// The address where it is a plain one. Anything else could be read as two addresses: as an encoded word it is none, and
/// whoever opens the draft sees what the directory holds.
fn recipient(to: &str) -> String {
    let to = one_line(to);
    let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.@".contains(c);
    let is_address = to.matches('@').count() == 1
        && to.chars().all(plain)
        && to.split('@').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.'));
    if is_address { to } else { encoded(&to) }
}

fn unstructured(text: &str) -> String {
    let plain = text.is_ascii() && text.len() <= SUBJECT && !text.contains("=?");
    if plain { text.to_owned() } else { encoded(text) }
}

/// Encoded words, each on a line of its own.
fn encoded(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(WORD);
        // A character must not be divided between two words.
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (head, tail) = rest.split_at(end);
        words.push(format!("=?utf-8?B?{}?=", STANDARD.encode(head)));
        rest = tail;
    }
    words.join("\r\n ")
}

/// Lines end with CRLF; other control characters become spaces.
fn lines(body: &str) -> String {
    let mut out = String::with_capacity(body.len() + 16);
    for line in body.replace("\r\n", "\n").replace('\r', "\n").lines() {
        out.extend(line.chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }));
        out.push_str("\r\n");
    }
    out
}
