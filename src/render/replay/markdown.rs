//! For a comment: a line, and a table.

use std::{fmt::Write as _, io, io::Write};

use super::{
    super::{
        escape::{markdown, markdown_code},
        words,
    },
    tables,
};
use crate::{plan::Plan, replay::Replay};

/// So many rows at most: the rest is counted.
const ROWS: usize = 8;

/// A section of a plan's comment, of bounded length; empty where nothing changes.
#[must_use]
pub(crate) fn section(plan: &Plan) -> String {
    plan.replay.as_ref().map(|replay| body(replay, ROWS)).unwrap_or_default()
}

pub(super) fn write(plan: &Plan, replay: &Replay, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## What sign-ins of {} would have met", markdown(&plan.tenant.name))?;
    out.write_all(body(replay, 100).as_bytes())
}

fn body(replay: &Replay, limit: usize) -> String {
    let mut out = format!("\n**{}**: ", markdown(&tables::title(replay)));
    let sentences: Vec<_> = tables::sentences(replay).iter().map(|one| markdown(one).into_owned()).collect();
    out.push_str(&sentences.join(" "));
    out.push('\n');
    let all = tables::applications(replay);
    if all.is_empty() {
        return out;
    }
    out.push_str("\n| sign-ins | verdict | application | client | users |\n|---:|---|---|---|---:|\n");
    for one in all.iter().take(limit) {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            words::number(one.count),
            one.verdict.as_str().replace('_', " "),
            markdown_code(&short(one.app.name())),
            markdown_code(&short(tables::client(one.client))),
            words::number(one.users)
        );
    }
    match all.len().saturating_sub(limit) {
        0 => {}
        rest => {
            let _ = writeln!(out, "\n… and {} more applications and clients.", words::number(rest as u64));
        }
    }
    out
}

/// A name of bounded length.
fn short(name: &str) -> String {
    match name.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}
