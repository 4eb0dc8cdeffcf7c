//! `docs/cli.md` is what every command says of itself. `UPDATE_DOCS=1` writes it.

use crate::support::{Place, root};

const COMMANDS: &str = "Commands:\n";

/// The commands, as the overview lists them.
fn commands(overview: &str) -> Vec<&str> {
    let (_, list) = overview.split_once(COMMANDS).unwrap();
    list.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next()).collect()
}

/// The commands of a command, where it has some.
fn inner(help: &str) -> Vec<&str> {
    if help.contains(COMMANDS) { commands(help) } else { Vec::new() }
}

#[test]
fn the_page_is_what_the_program_says() {
    let place = Place::with("minimal");
    let overview = place.run(&["--help"]).ends(0).out;
    let mut page = format!(
        "# Commands\n\nGenerated from the program's own help: `mfaplan COMMAND --help` says the same. `mfaplan man` writes a \
         manual page, `mfaplan completions SHELL` a completion script.\n\n## mfaplan\n\n```text\n{}\n```\n",
        overview.trim_end()
    );
    for command in commands(&overview) {
        let help = place.run(&[command, "--help"]).ends(0).out;
        page += &format!("\n## mfaplan {command}\n\n```text\n{}\n```\n", help.trim_end());
        for inner in inner(&help) {
            let help = place.run(&[command, inner, "--help"]).ends(0).out;
            page += &format!("\n### mfaplan {command} {inner}\n\n```text\n{}\n```\n", help.trim_end());
        }
    }
    let path = root().join("docs/cli.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == page, "docs/cli.md is not what the program says: run the tests with UPDATE_DOCS=1");
}

#[test]
fn every_help_teaches_by_examples_that_fit_the_page() {
    let place = Place::with("minimal");
    let overview = place.run(&["--help"]).ends(0).out;
    assert!(commands(&overview).len() > 15, "{overview}");
    let mut all: Vec<Vec<&str>> = commands(&overview).into_iter().map(|one| vec![one]).collect();
    let evidence = place.run(&["evidence", "--help"]).ends(0).out;
    all.extend(inner(&evidence).into_iter().map(|one| vec!["evidence", one]));
    for line in all {
        let command = line.join(" ");
        let help = place.run(&[&line[..], &["--help"]].concat()).ends(0).out;
        let (_, examples) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{command} has no examples"));
        for line in examples.lines().take_while(|line| !line.is_empty()) {
            // A line that was broken stands without the name: the example was too long.
            assert!(line.starts_with("  ") && line.contains("mfaplan "), "{command}: {line:?}");
        }
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{command}");
    }
}
