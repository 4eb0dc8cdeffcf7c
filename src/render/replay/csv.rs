//! One line for each user, verdict, application and client, for a spreadsheet.

use std::{io, io::Write};

use super::super::escape;
use crate::replay::Replay;

const COLUMNS: [&str; 8] = ["user_principal_name", "verdict", "app", "client", "kind", "count", "first", "last"];

pub(super) fn write(replay: &Replay, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for one in &replay.changes {
        for row in one.every_row() {
            csv.write_record([
                &*escape::csv(&one.user.user_principal_name),
                row.verdict.as_str(),
                &escape::csv(row.app.name()),
                &escape::csv(&row.client),
                row.kind.snake(),
                &row.count.to_string(),
                &row.first.to_string(),
                &row.last.to_string(),
            ])?;
        }
    }
    csv.flush()
}
