//! All letters as one table, for a mail merge.

use crate::{readiness::Letter, render::escape};

/// The columns.
const COLUMNS: [&str; 9] =
    ["send_on", "notice", "days_before", "wave", "wave_from", "to", "display_name", "subject", "body"];

pub(super) fn table(letters: &[Letter]) -> Vec<u8> {
    // A spreadsheet takes a file without this mark for one in its own legacy encoding.
    let mut csv = ::csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    // Writing to memory fails for want of memory only.
    let mut write = |record: [&str; 9]| csv.write_record(record).is_ok();
    write(COLUMNS);
    for letter in letters {
        let Letter { send_on, notice, days_before, wave, user: _, display_name, to, subject, body } = letter;
        write([
            &send_on.to_string(),
            notice,
            &days_before.to_string(),
            &wave.name,
            &wave.from.to_string(),
            &escape::csv(to),
            &escape::csv(display_name.as_deref().unwrap_or_default()),
            &escape::csv(subject),
            &paragraphs(body),
        ]);
    }
    csv.into_inner().unwrap_or_default()
}

/// A body keeps its line breaks; only what the cell begins with makes it a formula, but a line that a spreadsheet cuts out
/// begins one too.
fn paragraphs(body: &str) -> String {
    let body = body.replace("\r\n", "\n");
    body.split('\n').map(escape::csv).collect::<Vec<_>>().join("\n")
}
