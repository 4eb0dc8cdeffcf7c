//! The whole plan beside its floor and the other programs that could do the work.
//!
//!     cargo bench --bench plan                       the table of ratios: 1,000, 10,000 and 100,000 users
//!     cargo bench --bench plan -- 1000000            another size
//!     cargo bench --bench plan -- phases 100000      where the time goes, in one process
//!     cargo bench --bench plan -- scaling            what grows how, in users, blocks, groups, waves, accepts, findings
//!     cargo bench --bench plan -- prepare DIR 10000  the tenant and the configuration, to look at
//!
//! Each measurement of the table is a process of its own, the runs of all rows interleaved, the best of some counts: on
//! a shared machine only ratios of one run mean something. See `benches/README.md`.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

use std::path::Path;

#[path = "support/floor.rs"]
mod floor;
#[path = "../tests/support/generator/mod.rs"]
mod generator;
#[path = "support/instructions.rs"]
mod instructions;
#[path = "support/phases.rs"]
mod phases;
#[path = "support/process.rs"]
mod process;
#[path = "support/scaling.rs"]
mod scaling;
#[path = "support/table.rs"]
mod table;
#[path = "support/workspace.rs"]
mod workspace;

/// The program that is measured: Cargo builds it with the profile of the benchmark.
pub(crate) const MFAPLAN: &str = env!("CARGO_BIN_EXE_mfaplan");

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["floor", file] => {
            floor::parse(&std::fs::read(file).unwrap()).unwrap();
        }
        ["prepare", directory, users] => {
            workspace::prepare(Path::new(directory), number(users), true).unwrap();
        }
        ["phases", users] => phases::print(number(users)),
        ["scaling"] => scaling::print(),
        ["instructions"] => instructions::compare(),
        ["instructions", "--save"] => instructions::save(),
        [] => [1_000, 10_000, 100_000].into_iter().for_each(table::print),
        [users] => table::print(number(users)),
        _ => panic!("what is that? See the top of benches/plan.rs"),
    }
}

fn number(text: &str) -> usize {
    text.replace([',', '_'], "").parse().unwrap()
}
