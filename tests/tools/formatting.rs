//! `mfaplan fmt`

use super::program::Place;

const MESSY: &str = "locals {\n a = 1 # one\n   long = 2\n}\n";
const NEAT: &str = "locals {\n  a    = 1 # one\n  long = 2\n}\n";

#[test]
fn standard_input_is_formatted_to_standard_output() {
    let place = Place::empty();
    let said = place.pipe(&["fmt", "-"], MESSY);
    assert_eq!((said.out.as_str(), said.err.as_str(), said.code), (NEAT, "", 0));
    let said = place.pipe(&["fmt", "-", "--check"], MESSY);
    assert_eq!((said.out.as_str(), said.code), ("", 3));
    assert_eq!(place.pipe(&["fmt", "--check", "-"], NEAT).code, 0);
    let said = place.pipe(&["fmt", "-", "--diff"], MESSY);
    assert!(said.out.contains("- a = 1 # one\n") && said.out.contains("+  a    = 1 # one\n"), "{}", said.out);
}

#[test]
fn check_changes_nothing_and_a_plain_run_changes_what_it_names() {
    let place = Place::with(&[
        ("main.mfa.hcl", MESSY),
        ("neat.mfa.hcl", NEAT),
        ("x.mfavars.hcl", "a=1\n"),
        ("other.hcl", MESSY),
        ("below/deep.mfatest.hcl", "run \"x\"{\n}\n"),
        (".hidden/no.mfa.hcl", MESSY),
    ]);
    let said = place.run(&["fmt", "--check"]);
    assert_eq!((said.out.as_str(), said.code), ("main.mfa.hcl\nx.mfavars.hcl\n", 3));
    assert_eq!(place.read("main.mfa.hcl"), MESSY);
    let said = place.run(&["fmt", "-r"]);
    assert_eq!((said.out.as_str(), said.code), ("below/deep.mfatest.hcl\nmain.mfa.hcl\nx.mfavars.hcl\n", 0));
    assert_eq!(place.read("main.mfa.hcl"), NEAT);
    assert_eq!((place.read("other.hcl").as_str(), place.read(".hidden/no.mfa.hcl").as_str()), (MESSY, MESSY));
    let said = place.run(&["fmt", "-r", "--check"]);
    assert_eq!((said.out.as_str(), said.code), ("", 0));
}

#[test]
fn a_syntax_error_is_shown_with_its_place_and_the_file_is_left_alone() {
    let broken = "locals {\n a = (1\n}\n";
    let place = Place::with(&[("a.mfa.hcl", broken), ("b.mfa.hcl", MESSY)]);
    let said = place.run(&["fmt"]);
    assert_eq!((said.out.as_str(), said.code), ("b.mfa.hcl\n", 2));
    assert!(said.err.contains("a.mfa.hcl:"), "{}", said.err);
    assert_eq!(place.read("a.mfa.hcl"), broken);
    let said = place.pipe(&["fmt", "-"], broken);
    assert_eq!((said.out.as_str(), said.code), ("", 2));
    assert!(said.err.contains("<stdin>:"), "{}", said.err);
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let said = Place::empty().run(&["fmt", "nowhere.mfa.hcl"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("nowhere.mfa.hcl"), "{}", said.err);
}
