//! Notices as files: a letter for every user and day, a table for a mail merge, an entry in a calendar for every wave.
//!
//! The same notices make the same bytes. File names are made of dates, labels and object ids, never of names.

mod eml;
mod ics;
mod merge;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::{
    plan::{Plan, file::user_id_text},
    readiness::Notices,
};

/// A file to be written: where, relative to the directory, and what.
pub(crate) struct File {
    /// `2026-11-17/announce/<id>.eml`; parts are divided by `/`.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The files, one at a time: a hundred thousand letters are never in memory together.
pub(crate) fn files<'a>(plan: &'a Plan, notices: &'a Notices) -> impl Iterator<Item = File> + 'a {
    let Notices { letters, waves, without_wave: _, without_address: _ } = notices;
    let letters_as_files = letters.iter().map(|letter| File {
        path: format!("{}/{}/{}.eml", letter.send_on, letter.notice, user_id_text(letter.user)),
        bytes: eml::letter(letter),
    });
    let table = std::iter::once_with(|| File { path: "mail-merge.csv".to_owned(), bytes: merge::table(letters) });
    let mut taken = BTreeSet::new();
    let calendar = waves.iter().map(move |(wave, users)| {
        // `a-b` of `c` and `b` of `c-a` would share a name.
        let harmless = |one: char| if one.is_alphanumeric() || matches!(one, '_' | '-' | '.') { one } else { '_' };
        let mut path: String = format!("{}-{}.ics", wave.rollout, wave.name).chars().map(harmless).collect();
        while !taken.insert(path.to_lowercase()) {
            path.insert(path.len() - ".ics".len(), '_');
        }
        File { path, bytes: ics::entry(plan, wave, *users) }
    });
    letters_as_files.chain(table).chain(calendar)
}

/// One line of a header, or of a calendar: what could end it becomes a space.
fn one_line(text: &str) -> String {
    let harmless = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    text.chars().map(harmless).collect()
}
