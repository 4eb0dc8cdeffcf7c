//! `mfaplan console`

use super::program::Place;

#[test]
fn without_a_configuration_there_are_the_functions_one_answer_a_line() {
    let said =
        Place::empty().pipe(&["console"], "upper(\"a\")\n[1, 2]\n\nformatdate(\"YYYY\", \"2026-11-24T00:00:00Z\")\n");
    assert_eq!((said.out.as_str(), said.code), ("\"A\"\n[\n  1,\n  2,\n]\n\"2026\"\n", 0), "{}", said.err);
}

#[test]
fn a_wrong_line_is_told_on_standard_error_and_the_next_ones_still_run() {
    let said = Place::empty().pipe(&["console"], "1 +\nupperr(\"a\")\nuser(\"a\")\n1 + 1\n");
    assert_eq!((said.out.as_str(), said.code), ("2\n", 1));
    assert!(said.err.contains("did you mean `upper`?"), "{}", said.err);
    assert!(said.err.contains("there is no tenant in this session"), "{}", said.err);
}

#[test]
fn the_tenant_the_plan_and_people_can_be_asked_about() {
    let place = Place::copy_of("examples/minimal");
    let lines = "user(\"JDOE@contoso.com\").mfa_state\nlength(users)\nplan.summary.enforce\ntenant.name\n\
                 user(\"emergency1@contoso.onmicrosoft.com\").kind\n";
    let said = place.pipe(&["console"], lines);
    assert_eq!(
        (said.out.as_str(), said.code),
        ("\"disabled\"\n3\n1\n\"Contoso\"\n\"break_glass\"\n", 0),
        "{}",
        said.err
    );
}

#[test]
fn sensitive_values_are_not_printed() {
    let place = Place::with(&[(
        "main.mfa.hcl",
        "tenant \"t\" {\n  id = \"00000000-0000-0000-0000-000000000007\"\n}\n\nvariable \"key\" {\n  sensitive = true\n}\n",
    )]);
    let said = place.pipe(&["console", "--var", "key=hunter2"], "var.key\n\"a${var.key}\"\n[var.key]\n");
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(!said.out.contains("hunter2") && said.out.starts_with("(sensitive value)\n"), "{}", said.out);
}
