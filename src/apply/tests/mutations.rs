//! Single members of a journal changed, with every hash made to fit again, as somebody does who knows the format.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};

use super::super::{
    journal::{Journal, close},
    testing::{Bench, enforce},
};
use crate::plan::file::mutation::{Mutator, Random, is_listed};

/// The lines of an interrupted run, and of a finished one.
fn journals() -> [Vec<Value>; 2] {
    let (world, plan) = enforce(3);
    Bench::new(&world).apply(plan);
    let bytes = world.lock().bytes.clone();
    let whole: Vec<Value> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let mut line: Value = serde_json::from_slice(line).unwrap();
            let members = line.as_object_mut().unwrap();
            members.remove("prev");
            members.remove("checksum");
            line
        })
        .collect();
    [whole[..4].to_vec(), whole]
}

/// These lines as a journal whose chain is whole.
fn chained(lines: &[Value]) -> Vec<u8> {
    let (mut bytes, mut tip) = (Vec::new(), None::<String>);
    for line in lines {
        let from = bytes.len();
        serde_json::to_writer(&mut bytes, line).unwrap();
        tip = Some(close(&mut bytes, from, tip.as_deref()));
        bytes.push(b'\n');
    }
    bytes
}

/// What a later command writes by, or judges by.
fn decided(journal: &Journal) -> Value {
    let run = &journal.run;
    let mut changes: Vec<_> = run
        .changes
        .iter()
        .map(|one| json!([one.user.id, one.user.user_principal_name, one.before, one.after, one.effective]).to_string())
        .collect();
    changes.sort_unstable();
    let waivers: Vec<_> = run.waivers.iter().map(|one| json!([one.guardrail, one.bound])).collect();
    json!([
        (&run.run, run.command, run.tenant.id, &run.tenant.cloud, &run.digest, &run.approved),
        (run.canary, run.stop_after_failures, waivers, &run.rolls_back, changes),
    ])
}

#[test]
#[expect(clippy::print_stdout, reason = "the count is to be read")]
fn no_single_change_of_a_journal_is_written_or_judged() {
    let (mut refusals, mut without_effect, mut told) = (0_u32, 0_u32, BTreeMap::<String, u32>::new());
    for (seed, lines) in [11, 12].into_iter().zip(journals()) {
        let read = |lines: &Value| Journal::parse(&chained(lines.as_array().unwrap()), Path::new("j"));
        let lines = Value::Array(lines);
        let genuine = read(&lines).unwrap();
        let (wanted, shown) = (decided(&genuine), format!("{genuine:?}"));
        let without_tip = |text: String, tip: &str| text.replace(tip, "");
        let shown = without_tip(shown, &genuine.tip);
        let mutator = Mutator::new(lines);
        let mut random = Random(seed);
        for _ in 0..3_000 {
            let (path, changed) = mutator.change(&mut random);
            match changed.as_array().map(|_| read(&changed)) {
                None | Some(Err(_)) => refusals += 1,
                // The store holds a journal to the name of its file.
                Some(Ok(read)) if read.run.run != genuine.run.run => refusals += 1,
                Some(Ok(mut read)) => {
                    let judged = decided(&read) != wanted;
                    read.whole = genuine.whole;
                    let tip = read.tip.clone();
                    if without_tip(format!("{read:?}"), &tip) == shown {
                        without_effect += 1;
                    } else {
                        let path = if judged { format!("{path}, which is judged") } else { path };
                        *told.entry(path).or_default() += 1;
                    }
                }
            }
        }
    }
    println!("{refusals} refused, {without_effect} without effect, {} told otherwise", told.values().sum::<u32>());
    let other: Vec<_> = told.keys().filter(|path| !is_listed(path, &TOLD)).collect();
    assert!(other.is_empty(), "{other:#?}");
    assert!(refusals > 3_000, "{refusals}");
}

/// What a journal tells and nothing in it proves; `*` stands for all below.
const TOLD: [&str; 16] = [
    // Whole lines, and whom a line is about: who makes every hash anew can leave something out that was done. Nobody
    // else is written for it, since all stay within the approved document, and nobody whose state has moved.
    "[]",
    "[].user",
    "[].type",
    "[].result",
    "[].verified",
    "[].observed",
    "[].error*",
    // The order of the writes.
    "[].changes[]",
    // Shown by `history`.
    "[].changes[].user.*",
    "[].approval.at",
    "[].by*",
    "[].timestamp",
    "[].tenant.name",
    "[].mfaplan_version",
    // A minor version adds members only.
    "[].format_version",
    // A smaller number of signatures than the configuration and the policy at hand ask for is not believed.
    "[].approvals_required",
];
