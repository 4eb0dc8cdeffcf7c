//! Who is asked about: the users that may be written, and nobody else; and whom a name means.

use crate::{
    desk::{Desk, PLANNED, USERS, id, seed},
    support::fake_graph::{FakeOptions, Logged},
    table::{COMMANDS, Command},
};

/// What a command asks, after what comes before it.
fn asked(desk: &Desk, command: &Command) -> Vec<Logged> {
    let line = (command.prepare)(desk);
    desk.fake.clear_log();
    let said = desk.run(&line.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(said.code, 0, "{}: {said:?}", command.name);
    assert_eq!(desk.fake.problems(), Vec::<String>::new(), "{}", command.name);
    desk.fake.log()
}

/// Commands that perform what was decided earlier.
fn decided() -> impl Iterator<Item = &'static Command> {
    COMMANDS.iter().filter(|command| ["apply FILE", "resume", "rollback"].contains(&command.name))
}

fn strangers() -> impl Iterator<Item = usize> {
    (0..USERS).filter(|n| !PLANNED.contains(n))
}

#[test]
fn what_was_decided_is_performed_without_reading_the_tenant() {
    for command in decided() {
        let desk = Desk::with(FakeOptions::default());
        for one in asked(&desk, command) {
            let (name, path) = (command.name, &one.path);
            assert!(path != "/users" || one.query.contains("$top=1"), "{name} lists everybody");
            assert!(!path.starts_with("/reports") && !path.starts_with("/auditLogs"), "{name} waits for {path}");
            assert!(!strangers().any(|n| path.contains(&id(n))), "{name} asks about somebody else: {path}");
        }
    }
}

/// `max_change_percent` is of all users who may sign in: where they cannot be counted, they are listed, and no state is read
/// for it.
#[test]
fn a_service_that_does_not_count_is_asked_for_the_list() {
    for command in decided() {
        let desk = Desk::with(FakeOptions { uncounted: true, ..FakeOptions::default() });
        let log = asked(&desk, command);
        assert!(log.iter().any(|one| one.path == "/users" && !one.query.contains("$top=1")), "{}", command.name);
        assert!(!log.iter().any(|one| strangers().any(|n| one.path.contains(&id(n)))), "{}", command.name);
    }
}

/// Two live users may have one sign-in name for a while; a block that names it would mean one of them.
#[test]
fn two_users_of_one_name_are_an_error_where_the_configuration_names_it() {
    let twice = seed().replace("user05@contoso.com", "user00@contoso.com");
    let desk = Desk::of(FakeOptions::default(), &twice);
    let said = desk.run(&["plan"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains(&id(0)) && said.err.contains(&id(5)), "{said:?}");
    drop(desk);
    // Nobody names user07: that two have it is not in the way.
    let twice = seed().replace("user07@contoso.com", "user08@contoso.com");
    let desk = Desk::of(FakeOptions::default(), &twice);
    assert_eq!(desk.run(&["plan"]).code, 0);
}
