//! What fuzzing found stays found: every input under `fixtures/fuzz/<target>/` goes through its target again.

use std::fs;

use super::program::repository;

#[path = "../fuzz/targets.rs"]
#[allow(unreachable_pub, missing_docs, reason = "a module here, the library of the fuzzer there")]
mod targets;

#[test]
fn inputs_that_once_failed_pass() {
    let mut walked = 0;
    for (name, target) in targets::TARGETS {
        let mut paths: Vec<_> = fs::read_dir(repository("fixtures/fuzz").join(name))
            .unwrap_or_else(|error| panic!("fixtures/fuzz/{name}: {error}"))
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        assert!(!paths.is_empty(), "fixtures/fuzz/{name} is empty");
        for path in paths {
            let input = fs::read(&path).unwrap();
            std::panic::catch_unwind(|| target(&input)).unwrap_or_else(|_| panic!("{} fails again", path.display()));
            walked += 1;
        }
    }
    assert!(walked >= targets::TARGETS.len());
}
