//! What it costs to chain the lines of a journal, beside the apply that writes them: an apply of everybody in a generated
//! snapshot, as the program performs it, and the chain of the very lines that it wrote, made once more.
//!
//! `cargo bench --bench journal` (or `-- USERS`)
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, dead_code, reason = "a benchmark")]

#[path = "../tests/support/generator/mod.rs"]
mod generator;
#[path = "support/process.rs"]
mod process;
#[path = "support/workspace.rs"]
mod workspace;

use std::{fs, hint::black_box, path::Path, process::Command, time::Instant};

use mfaplan::testing::apply::journal::close;

/// The better of so many runs counts, for both alike.
const RUNS: usize = 5;

fn main() {
    let users = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(12_700);
    let (mut applied, mut chained, mut size) = (f64::INFINITY, f64::INFINITY, (0, 0));
    for _ in 0..RUNS {
        let dir = tempfile::tempdir().unwrap();
        workspace::prepare(dir.path(), users, false).unwrap();
        let mut apply = Command::new(env!("CARGO_BIN_EXE_mfaplan"));
        apply.current_dir(dir.path()).args(["apply", "--auto-approve", "--json", "--as-of", workspace::AS_OF]);
        applied = applied.min(process::run(&mut apply).unwrap().seconds);
        let lines = unchained(&dir.path().join(".mfaplan/runs"));
        size = (lines.len(), lines.iter().map(Vec::len).sum::<usize>());
        let start = Instant::now();
        let mut tip = None;
        for mut line in lines {
            tip = Some(close(&mut line, 0, tip.as_deref()));
            black_box(&line);
        }
        chained = chained.min(start.elapsed().as_secs_f64());
        black_box(tip);
    }
    let (lines, bytes) = size;
    println!("apply     {applied:>9.4} s  {lines} lines, {:.1} MB of journal", bytes as f64 / 1e6);
    println!("chain     {chained:>9.4} s  {:.2} % of the apply", chained / applied * 100.0);
}

/// The lines of the only journal, as they were before they were chained.
fn unchained(runs: &Path) -> Vec<Vec<u8>> {
    let journal = fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(journal).unwrap();
    let bare = |line: &str| {
        let (content, _) = line.rsplit_once(",\"prev\":").unwrap();
        // `close` takes the brace that ends the object away again.
        format!("{content}}}").into_bytes()
    };
    text.lines().map(bare).collect()
}
