//! `SECURITY.md` and the supply chain: what they promise is there.

use std::{fs, path::Path};

use crate::support::root;

fn sources(dir: &Path, all: &mut String) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// The last column of the table of attacks: names of tests in backticks.
fn named(page: &str) -> Vec<String> {
    let table = page.split("## Attacks and their tests").nth(1).expect("SECURITY.md has its table of attacks");
    let rows = table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| attack") && !line.starts_with("|---"));
    rows.flat_map(|row| {
        let last = row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap_or_default().to_owned();
        let names: Vec<_> = last.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert!(!names.is_empty(), "an attack without a test: {row}");
        names
    })
    .collect()
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let mut all = String::new();
    sources(&root().join("src"), &mut all);
    sources(&root().join("tests"), &mut all);
    let page = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let names = named(&page);
    assert!(names.len() >= 10, "{names:?}");
    let missing: Vec<_> = names.iter().filter(|name| !all.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

/// `cargo deny` says so too, where it is installed; this holds everywhere.
#[test]
fn no_banned_crate_is_locked() {
    let rules = fs::read_to_string(root().join("deny.toml")).unwrap();
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let list =
        rules.split("deny = [").nth(1).and_then(|rest| rest.split("\n]").next()).expect("a list of banned crates");
    let banned: Vec<_> = list.split("crate = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(banned.contains(&"rsa"), "{banned:?}");
    for name in banned {
        assert!(!lock.contains(&format!("name = \"{name}\"\n")), "{name} is banned and locked");
    }
}
