//! `mfaplan test`

use super::program::Place;

#[test]
fn scenarios_pass_for_people_for_programs_and_for_a_ci_system() {
    let place = Place::copy_of("fixtures/scenarios");
    let said = place.run(&["test"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.contains("staff.mfatest.hcl"), "{}", said.out);
    let said = place.run(&["test", "--json", "--junit", "results.xml"]);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!(json.to_string().contains("staff.mfatest.hcl"), "{json}");
    assert!(place.read("results.xml").contains("<testsuite"));
}

#[test]
fn a_scenario_that_fails_says_what_it_expected_and_ends_in_1() {
    let place = Place::copy_of("fixtures/scenarios");
    place.write(
        "wrong.mfatest.hcl",
        "run \"nobody is raised\" {\n  tenant {\n    file = \"tests/tenant.json\"\n  }\n\n  assert {\n    condition     = \
         plan.summary.enforce == 0\n    error_message = \"${plan.summary.enforce} are raised\"\n  }\n}\n",
    );
    let said = place.run(&["test", "wrong.mfatest.hcl"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("are raised"), "{}", said.out);
}

#[test]
fn no_scenario_is_an_error() {
    let said = Place::copy_of("examples/minimal").run(&["test"]);
    assert_eq!((said.out.as_str(), said.code), ("", 1));
    assert!(said.err.contains("there is no scenario"), "{}", said.err);
}

#[test]
fn a_filter_that_matches_nothing_is_an_error_that_names_the_runs_there_are() {
    let place = Place::copy_of("fixtures/scenarios");
    let said = place.run(&["test", "--filter", "an old scaner is withheld"]);
    assert_eq!((said.out.as_str(), said.code), ("", 1));
    assert!(said.err.contains("did you mean `an old scanner is withheld`?"), "{}", said.err);
    let said = place.run(&["test", "--filter", "xyz"]);
    assert!(said.code == 1 && said.err.contains("there are \"the first wave enforces IT alone\""), "{}", said.err);
}
