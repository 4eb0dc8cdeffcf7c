//! `mfaplan init`

use super::program::{Place, repository};

#[test]
fn the_starting_configuration_validates_as_it_is_and_is_formatted() {
    let place = Place::empty();
    let said = place.run(&["init"]);
    assert_eq!((said.out.as_str(), said.code), ("", 0), "{}", said.err);
    assert!(said.err.contains("Wrote main.mfa.hcl"), "{}", said.err);
    let said = place.run(&["validate"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let said = place.run(&["fmt", "--check"]);
    assert_eq!((said.out.as_str(), said.code), ("", 0));
}

#[test]
fn what_is_there_is_never_overwritten() {
    let place = Place::with(&[("mine.mfa.hcl", "# mine\n")]);
    let said = place.run(&["init"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("mine.mfa.hcl") && said.err.contains("hint:"), "{}", said.err);
    assert_eq!(place.read("mine.mfa.hcl"), "# mine\n");
    assert!(!place.path().join("main.mfa.hcl").exists());
}

#[test]
fn a_tenant_becomes_a_configuration_whose_plan_is_empty() {
    let place = Place::empty();
    std::fs::copy(repository("examples/contoso/tenant.json"), place.path().join("tenant.json")).unwrap();
    let said = place.run(&["init", "--from-tenant", "--snapshot", "tenant.json", "--as-of", "2026-11-24"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(place.run(&["fmt", "--check"]).code, 0, "{}", place.read("main.mfa.hcl"));
    let said = place.run(&["plan", "--as-of", "2026-11-24", "--detailed-exitcode"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
}

#[test]
fn a_snapshot_without_from_tenant_and_one_that_is_not_there_are_errors() {
    let place = Place::empty();
    for line in [&["init", "--snapshot", "x.json"][..], &["init", "--from-tenant", "--snapshot", "x.json"]] {
        let said = place.run(line);
        assert_eq!(said.code, 1, "{}", said.err);
        assert!(!place.path().join("main.mfa.hcl").exists());
    }
}
