//! Ctrl-C while something is waited for: the run ends within five seconds, whatever it waits for, and the report is true.

use std::{sync::Arc, time::Duration};

use mfaplan::testing::graph::Family;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, sleep},
};

use crate::{
    desk::{Desk, PLANNED, id, runtime},
    support::fake_graph::{FakeGraph, FakeOptions, Fault, RetryAfter},
    table::{COMMANDS, Command, accounted},
};

/// The limit of the promise.
const SOON: Duration = Duration::from_secs(5);

/// Something a run waits for.
struct Wait {
    name: &'static str,
    options: fn() -> FakeOptions,
    install: fn(&FakeGraph),
    /// Does the run wait for it by now?
    begun: fn(&FakeGraph) -> bool,
}

fn met(fake: &FakeGraph) -> bool {
    fake.faults_met() > 0
}

fn asks(seconds: u64) -> FakeOptions {
    FakeOptions { retry_after: RetryAfter::Seconds(seconds), ..FakeOptions::default() }
}

fn says_nothing_of_waits() -> FakeOptions {
    FakeOptions { retry_after: RetryAfter::Missing, ..FakeOptions::default() }
}

/// The state of the last planned user: others are written by then.
fn state() -> String {
    format!("{}/authentication/requirements", id(PLANNED.end - 1))
}

const WAITS: &[Wait] = &[
    Wait {
        name: "a state that is asked for again",
        options: || asks(60),
        install: |fake| fake.fail_later("GET", &state(), 1, Fault::Status(503)),
        begun: met,
    },
    Wait {
        name: "a state that is never answered",
        options: says_nothing_of_waits,
        install: |fake| fake.fail_later("GET", &state(), 1, Fault::Silent),
        begun: met,
    },
    Wait {
        name: "a write that is sent again",
        options: || asks(60),
        install: |fake| fake.fail_always("PATCH", &state(), Fault::Status(503)),
        begun: met,
    },
    Wait {
        name: "a write that doubles its own waits",
        options: says_nothing_of_waits,
        install: |fake| fake.fail_always("PATCH", &state(), Fault::Status(500)),
        begun: |fake| fake.faults_met() > 4,
    },
    Wait {
        name: "a write that is never answered",
        options: says_nothing_of_waits,
        install: |fake| fake.fail_always("PATCH", &state(), Fault::Silent),
        begun: met,
    },
    Wait {
        name: "every write, throttled",
        options: || asks(120),
        install: |fake| fake.fail_family(Family::Write, Fault::Throttled),
        begun: met,
    },
    Wait {
        name: "canaries that do not show",
        options: says_nothing_of_waits,
        install: |fake| fake.show_late(1_000),
        begun: |fake| !fake.writes().is_empty(),
    },
    Wait {
        name: "a new token that is refused for now",
        options: || asks(20),
        install: |fake| {
            fake.fail_next("PATCH", "/authentication/requirements", Fault::Unauthorized);
            fake.fail_later("POST", "/oauth2/v2.0/token", 1, Fault::Status(503));
        },
        begun: |fake| fake.faults_met() > 1,
    },
];

/// Runs a command, and signals one second after it has begun to wait. Returns how long it took from there.
fn stopped(command: &Command, wait: &Wait) -> (Duration, String) {
    let desk = Desk::with((wait.options)());
    let line = (command.prepare)(&desk);
    desk.fake.clear_log();
    let before = desk.states();
    (wait.install)(&desk.fake);
    let fake = Arc::clone(&desk.fake);
    let begun = wait.begun;
    let _on_its_clock = runtime().enter();
    let operator = runtime().spawn(async move {
        let mut heard = signal(SignalKind::interrupt()).unwrap();
        while !begun(&fake) {
            sleep(Duration::from_millis(20)).await;
        }
        sleep(Duration::from_secs(1)).await;
        let me = std::process::id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &me]).status().unwrap().success());
        // Nothing is idle until the signal has been heard, so that the clock stands still until then.
        let heard = tokio::spawn(async move { heard.recv().await });
        while !heard.is_finished() {
            tokio::task::yield_now().await;
        }
        Instant::now()
    });
    let said = desk.run(&line.iter().map(String::as_str).collect::<Vec<_>>());
    let ended = Instant::now();
    assert!(operator.is_finished(), "{}: {} was never waited for: {said:?}", command.name, wait.name);
    let at = runtime().block_on(operator).unwrap();
    let way = command.writes.unwrap();
    (ended - at, accounted(&desk, &before, &said, way))
}

#[test]
fn the_first_ctrl_c_ends_every_kind_of_wait_within_five_seconds() {
    let mut wrong = Vec::new();
    for wait in WAITS {
        // `set` writes one user, who is not the one that is waited for here; it is performed as `apply` is.
        for command in COMMANDS.iter().filter(|command| command.writes.is_some() && command.name != "set") {
            let (took, left) = stopped(command, wait);
            if took > SOON || !left.starts_with("130") {
                wrong.push(format!("{}, {}: {took:?}, {left}", wait.name, command.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
