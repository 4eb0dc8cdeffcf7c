//! Each command through each fault.
//!
//! What holds for all of them is asserted for all: nobody outside the plan is touched, every planned user is accounted
//! for and stands where the report says, nothing is asked a tenth time nor before its time. What differs is the table.

use std::collections::{BTreeMap, BTreeSet};

use mfaplan::testing::{cli::Said, graph::Family};
use serde_json::Value;

use crate::{
    desk::{Desk, PLANNED, id},
    support::fake_graph::{Fault, RetryAfter},
};

/// A planned user who has bad luck, and somebody of no block.
const VICTIM: usize = 7;
const STRANGER: usize = 28;

/// What fails. The paths are parts of URLs below the version.
struct Row {
    name: &'static str,
    retry_after: RetryAfter,
    install: fn(&Desk),
    /// Exit codes in the order of [`COMMANDS`]; of those that write, with the users who are not done.
    expected: &'static str,
}

fn state_of(n: usize) -> String {
    format!("{}/authentication/requirements", id(n))
}

const MINUTES: RetryAfter = RetryAfter::Seconds(20);

const ROWS: &[Row] = &[
    Row {
        name: "nothing",
        retry_after: RetryAfter::Missing,
        install: |_| {},
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 withheld 23",
    },
    Row {
        name: "one state, 500 once",
        retry_after: RetryAfter::Fraction(2.4),
        install: |desk| desk.fake.fail_next("GET", &state_of(VICTIM), Fault::Status(500)),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 withheld 23",
    },
    Row {
        name: "one state, 500 for ever",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_always("GET", &state_of(VICTIM), Fault::Status(500)),
        expected: "0 | 0 | 0 | 2 | 2 | 0 | 0 | 0 | 0 | 0 | 1 | 0 withheld 1 | 4 failed 1 | 4 failed 1 | 4 withheld 1 | 0 | 0 | 0 | 3",
    },
    Row {
        name: "one state, 503 with long waits",
        retry_after: MINUTES,
        install: |desk| desk.fake.fail_always("GET", &state_of(VICTIM), Fault::Status(503)),
        expected: "0 | 0 | 0 | 2 | 2 | 0 | 0 | 0 | 0 | 0 | 1 | 0 withheld 1 | 4 failed 1 | 4 failed 1 | 4 withheld 1 | 0 | 0 | 0 | 3",
    },
    Row {
        name: "one state, 400 for ever",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_always("GET", &state_of(VICTIM), Fault::Status(400)),
        expected: "0 | 0 | 0 | 2 | 2 | 0 | 0 | 0 | 0 | 0 | 1 | 0 withheld 1 | 4 failed 1 | 4 failed 1 | 4 withheld 1 | 0 | 0 | 0 | 3",
    },
    Row {
        name: "one state, 403 for ever",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_always("GET", &state_of(VICTIM), Fault::Status(403)),
        expected: "0 | 0 | 0 | 2 | 2 | 0 | 0 | 0 | 0 | 0 | 1 | 0 withheld 1 | 4 failed 1 | 4 failed 1 | 4 withheld 1 | 0 | 0 | 0 | 3",
    },
    Row {
        name: "one state, throttled for ever",
        retry_after: RetryAfter::Date(3),
        install: |desk| desk.fake.fail_always("GET", &state_of(VICTIM), Fault::Throttled),
        expected: "0 | 0 | 0 | 2 | 2 | 0 | 0 | 0 | 0 | 0 | 1 | 0 withheld 1 | 4 failed 1 | 4 failed 1 | 4 withheld 1 | 0 | 0 | 0 | 3",
    },
    Row {
        name: "one state, never answered",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_always("GET", &state_of(VICTIM), Fault::Silent),
        expected: "0 | 0 | 0 | 2 | 2 | 0 | 0 | 0 | 0 | 0 | 1 | 0 withheld 1 | 4 failed 1 | 4 failed 1 | 4 withheld 1 | 0 | 0 | 0 | 3",
    },
    Row {
        name: "one state, no JSON",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_always("GET", &state_of(VICTIM), Fault::Html),
        expected: "0 | 0 | 0 | 2 | 2 | 0 | 0 | 0 | 0 | 0 | 1 | 0 withheld 1 | 4 failed 1 | 4 failed 1 | 4 withheld 1 | 0 | 0 | 0 | 3",
    },
    Row {
        name: "a stranger's state, 500 for ever",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_always("GET", &state_of(STRANGER), Fault::Status(500)),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 withheld 23",
    },
    Row {
        name: "one user, 500 for ever",
        retry_after: RetryAfter::Decimal(0.2),
        install: |desk| desk.fake.fail_always("GET", &id(VICTIM), Fault::Status(500)),
        expected: "0 | 0 | 0 | 2 | 2 | 0 | 0 | 0 | 0 | 0 | 1 | 0 withheld 1 | 4 failed 1 | 4 failed 1 | 4 withheld 1 | 0 | 0 | 0 | 3",
    },
    Row {
        name: "all states, 503 for ever",
        retry_after: RetryAfter::Fraction(1.7),
        install: |desk| desk.fake.fail_always("GET", "/authentication/requirements", Fault::Status(503)),
        expected: "1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1",
    },
    Row {
        name: "batches, reset once",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_next("POST", "$batch", Fault::ResetAfter),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 withheld 23",
    },
    Row {
        name: "batches, cut off once",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_next("POST", "$batch", Fault::Truncated),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 withheld 23",
    },
    Row {
        name: "batches, 503 for ever",
        retry_after: RetryAfter::Decimal(0.5),
        install: |desk| desk.fake.fail_always("POST", "$batch", Fault::Status(503)),
        expected: "1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1",
    },
    Row {
        name: "the list, throttled once",
        retry_after: RetryAfter::Date(5),
        install: |desk| desk.fake.fail_next("GET", "/users", Fault::Throttled),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 withheld 23",
    },
    Row {
        name: "members, 503 for ever",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_always("GET", "transitiveMembers", Fault::Status(503)),
        expected: "1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 0 | 0 | 0 | 1 | 1 | 1 | 1",
    },
    Row {
        name: "reports, throttled for ever",
        retry_after: RetryAfter::Seconds(3),
        install: |desk| desk.fake.fail_family(Family::Reporting, Fault::Throttled),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 withheld 23",
    },
    Row {
        name: "Conditional Access, 503 for ever",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_family(Family::ConditionalAccess, Fault::Status(503)),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 withheld 23",
    },
    Row {
        name: "one write, 500 for ever",
        retry_after: RetryAfter::Decimal(0.2),
        install: |desk| desk.fake.fail_always("PATCH", &state_of(VICTIM), Fault::Status(500)),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 4 unknown 1 | 4 unknown 1 | 4 unknown 1 | 4 unknown 1 | 0 | 0 | 0 | 4 unknown 1 withheld 23",
    },
    Row {
        name: "one write, 503 once",
        retry_after: RetryAfter::Fraction(3.25),
        install: |desk| desk.fake.fail_next("PATCH", &state_of(VICTIM), Fault::Status(503)),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 withheld 23",
    },
    Row {
        name: "one write, 400",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_always("PATCH", &state_of(VICTIM), Fault::Status(400)),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 4 failed 1 | 4 failed 1 | 4 failed 1 | 4 failed 1 | 0 | 0 | 0 | 4 failed 1 withheld 23",
    },
    Row {
        name: "one write, throttled for ever",
        retry_after: RetryAfter::Date(2),
        install: |desk| desk.fake.fail_always("PATCH", &state_of(VICTIM), Fault::Throttled),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 4 failed 1 | 4 failed 1 | 4 failed 1 | 4 failed 1 | 0 | 0 | 0 | 4 failed 1 withheld 23",
    },
    Row {
        name: "one write, reset before",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_next("PATCH", &state_of(VICTIM), Fault::ResetBefore),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 withheld 23",
    },
    Row {
        name: "one write, reset after",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_next("PATCH", &state_of(VICTIM), Fault::ResetAfter),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 withheld 23",
    },
    Row {
        name: "one write, never answered",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_always("PATCH", &state_of(VICTIM), Fault::Silent),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 4 unknown 1 | 4 unknown 1 | 4 unknown 1 | 4 unknown 1 | 0 | 0 | 0 | 4 unknown 1 withheld 23",
    },
    Row {
        name: "writes, 403",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_family(Family::Write, Fault::Status(403)),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 4 failed 1 not_attempted 23 | 4 failed 1 not_attempted 23 | 4 failed 1 not_attempted 23 | 4 failed 1 not_attempted 23 | 0 | 0 | 0 | 4 failed 1 withheld 23",
    },
    Row {
        name: "writes, 503 with long waits",
        retry_after: MINUTES,
        install: |desk| desk.fake.fail_family(Family::Write, Fault::Status(503)),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 4 not_attempted 20 unknown 4 | 4 not_attempted 20 unknown 4 | 4 not_attempted 20 unknown 4 | 4 not_attempted 20 unknown 4 | 0 | 0 | 0 | 4 unknown 1 withheld 23",
    },
    Row {
        name: "the token, ended",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_next("GET", "/users", Fault::Unauthorized),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 withheld 23",
    },
    Row {
        name: "signing in, 503 once",
        retry_after: RetryAfter::Fraction(1.1),
        install: |desk| desk.fake.fail_next("POST", "/oauth2/v2.0/token", Fault::Status(503)),
        expected: "0 | 0 | 0 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 withheld 23",
    },
    Row {
        name: "signing in, 503 for ever",
        retry_after: RetryAfter::Missing,
        install: |desk| desk.fake.fail_always("POST", "/oauth2/v2.0/token", Fault::Status(503)),
        expected: "1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1",
    },
];

/// A command with what has to be done before it, while the service is well.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// Does what comes before, and says what to type.
    pub(crate) prepare: fn(&Desk) -> Vec<String>,
    /// What planned users have before and what it writes; nothing where it reads only.
    pub(crate) writes: Option<(&'static str, &'static str)>,
}

fn typed(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn well(said: &Said, code: u8) {
    assert_eq!(said.code, code, "{}{}", said.out, said.err);
}

pub(crate) const COMMANDS: &[Command] = &[
    Command { name: "plan", prepare: |_| typed("plan --json"), writes: None },
    Command { name: "snapshot", prepare: |_| typed("snapshot --out copy.json"), writes: None },
    Command { name: "explain", prepare: |_| typed("explain user07@contoso.com"), writes: None },
    Command { name: "verify", prepare: |_| typed("verify"), writes: None },
    Command {
        name: "verify RUN",
        prepare: |desk| {
            well(&desk.run(&["apply", "--auto-approve"]), 0);
            typed(&format!("verify {}", desk.last_run()))
        },
        writes: None,
    },
    Command {
        name: "init",
        prepare: |desk| {
            std::fs::remove_file(desk.path("main.mfa.hcl")).unwrap();
            typed("init --from-tenant")
        },
        writes: None,
    },
    Command { name: "plan --timeline", prepare: |_| typed("plan --timeline"), writes: None },
    Command { name: "readiness", prepare: |_| typed("readiness"), writes: None },
    Command { name: "propose-waves", prepare: |_| typed("propose-waves"), writes: None },
    Command { name: "replay", prepare: |_| typed("replay"), writes: None },
    // This tenant's log may not be read, which is said whatever else fails; the pull has stories of its own.
    Command { name: "evidence pull", prepare: |_| typed("evidence pull"), writes: None },
    Command {
        name: "apply",
        prepare: |_| typed("apply --auto-approve --json"),
        writes: Some(("disabled", "enforced")),
    },
    Command {
        name: "apply FILE",
        prepare: |desk| {
            well(&desk.run(&["plan", "--out", "staff.mfaplan"]), 0);
            typed("apply staff.mfaplan --auto-approve --json")
        },
        writes: Some(("disabled", "enforced")),
    },
    Command {
        name: "resume",
        prepare: |desk| {
            // The first write is refused, so the run ends with nothing done.
            desk.fake.fail_next("PATCH", "/authentication/requirements", Fault::Status(403));
            well(&desk.run(&["apply", "--auto-approve"]), 4);
            typed(&format!("apply --resume {} --auto-approve --json", desk.last_run()))
        },
        writes: Some(("disabled", "enforced")),
    },
    Command {
        name: "rollback",
        prepare: |desk| {
            well(&desk.run(&["apply", "--auto-approve"]), 0);
            typed(&format!("rollback {} --auto-approve --json", desk.last_run()))
        },
        writes: Some(("enforced", "disabled")),
    },
    Command { name: "migrate", prepare: |_| typed("migrate --out way"), writes: None },
    Command { name: "exceptions", prepare: |_| typed("exceptions"), writes: None },
    Command {
        name: "start",
        prepare: |desk| {
            std::fs::remove_file(desk.path("main.mfa.hcl")).unwrap();
            typed("start --yes")
        },
        writes: None,
    },
    Command {
        name: "set",
        prepare: |_| typed("set user07@contoso.com enforced --reason INC-4711 --auto-approve --json"),
        writes: Some(("disabled", "enforced")),
    },
];

/// Runs a command through a fault and says how it ended, after all that must hold of every such run.
fn cell(command: &Command, row: &Row) -> String {
    let desk = Desk::new(row.retry_after);
    let line = (command.prepare)(&desk);
    desk.fake.clear_log();
    let before = desk.states();
    (row.install)(&desk);
    let said = desk.run(&line.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(desk.fake.problems(), Vec::<String>::new(), "{}", command.name);
    // Whatever keeps a command from its work is said.
    assert!(said.code != 1 || said.err.contains("error: "), "{said:?}");
    match command.writes {
        Some(way) => accounted(&desk, &before, &said, way),
        None => {
            assert!(desk.fake.writes().is_empty() && before == desk.states(), "{} writes", command.name);
            said.code.to_string()
        }
    }
}

/// Every planned user is where the report says they are, and nobody else has been touched. Says who is not done.
pub(crate) fn accounted(
    desk: &Desk,
    before: &BTreeMap<String, String>,
    said: &Said,
    (from, to): (&str, &str),
) -> String {
    let after = desk.states();
    let planned: Vec<String> = PLANNED.map(id).collect();
    for (user, state) in &after {
        assert!(planned.contains(user) || before[user] == *state, "{user} was touched: {said:?}");
    }
    let Ok(report) = serde_json::from_str::<Value>(&said.out) else {
        // No run at all: nothing was sent.
        assert!(desk.fake.writes().is_empty() && *before == after && said.code != 0, "{said:?}");
        return said.code.to_string();
    };
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for user in report["users"].as_array().unwrap() {
        let (id, outcome) = (user["user"]["id"].as_str().unwrap(), user["result"].as_str().unwrap());
        assert!(seen.insert(id.to_owned()), "{id} has two outcomes: {said:?}");
        match outcome {
            "done" => assert_eq!(after[id], to, "{user}"),
            "not_attempted" | "failed" => assert_eq!(after[id], from, "{user}"),
            _ => assert!([from, to].contains(&&*after[id]), "{user}"),
        }
        if outcome != "done" {
            *left.entry(outcome.to_owned()).or_default() += 1;
        }
    }
    // Whose state nobody knew was not planned for: they are withheld, and untouched.
    let missing: Vec<_> = planned.iter().filter(|user| !seen.contains(*user)).collect();
    assert!(missing.iter().all(|user| before[*user] == after[*user]), "{said:?}");
    let withheld = if missing.is_empty() { String::new() } else { format!(" withheld {}", missing.len()) };
    let left: String = left.iter().map(|(outcome, count)| format!(" {outcome} {count}")).collect();
    // Of a way back nobody is forgotten: it has not restored the states from before.
    let whole = left.is_empty() && (missing.is_empty() || from == "disabled");
    assert_eq!(said.code == 0, whole, "{said:?}");
    format!("{}{left}{withheld}", said.code)
}

/// `MFAPLAN_FAULT` names a row, to look at that one alone.
#[test]
fn every_command_through_every_fault() {
    let only = std::env::var("MFAPLAN_FAULT").unwrap_or_default();
    let mut wrong = Vec::new();
    for row in ROWS.iter().filter(|row| row.name.contains(&only)) {
        let cells: Vec<String> = COMMANDS
            .iter()
            .map(|command| match std::panic::catch_unwind(|| cell(command, row)) {
                Ok(found) => found,
                Err(why) => why.downcast_ref::<String>().cloned().unwrap_or_default(),
            })
            .collect();
        let found = cells.join(" | ");
        if found != row.expected {
            wrong.push(format!("{}\n  expected {}\n  found    {found}", row.name, row.expected));
        }
    }
    let names: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
    assert!(wrong.is_empty(), "{}\n{}", names.join(" | "), wrong.join("\n"));
}

/// Every command that reads a tenant is in the table; the console is not, since it reads what is typed.
#[test]
fn every_command_that_reads_a_tenant_is_in_the_table() {
    let page = include_str!("../../docs/cli.md");
    let sections = page.split("\n## mfaplan ").skip(1).map(|section| section.split_once('\n').unwrap());
    let reading = sections.filter(|(_, text)| text.contains("--parallelism")).map(|(name, _)| name.trim());
    let missing: Vec<_> = reading
        .filter(|name| *name != "console")
        .filter(|name| !COMMANDS.iter().any(|one| one.name == *name || one.name.split(' ').next() == Some(name)))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
