//! `--redact`: no format lets a name, an address or an id of anybody through.

use serde_json::Value;

use crate::support::{AS_OF, Place};

const FORMATS: [&str; 10] =
    ["text", "json", "markdown", "summary", "html", "sarif", "github", "gitlab", "junit", "csv"];

/// Everything the tenant says of its users that names them. Texts that are everyday words cannot be told from
/// the page's own; the example has none.
fn secrets(place: &Place) -> Vec<String> {
    let tenant: Value = serde_json::from_str(&place.read("mfa/tenant.json")).unwrap();
    let mut secrets = Vec::new();
    for user in tenant["users"].as_array().unwrap() {
        for key in ["id", "userPrincipalName", "displayName", "mail"] {
            secrets.extend(user[key].as_str().filter(|text| !text.is_empty()).map(str::to_lowercase));
        }
    }
    assert!(secrets.len() > 150);
    secrets
}

#[test]
fn no_format_names_anybody() {
    let place = Place::with("contoso");
    let secrets = secrets(&place);
    place.run(&["plan", "--chdir", "mfa", "--as-of", AS_OF, "--out", "../plan.mfaplan"]).ends(0);
    for format in FORMATS {
        let open = place.run(&["show", "plan.mfaplan", "--format", format, "-v"]).ends(0).out.to_lowercase();
        let from_file = place.run(&["show", "plan.mfaplan", "--format", format, "--redact", "-v"]).ends(0).out;
        let planned =
            place.run(&["plan", "--chdir", "mfa", "--as-of", AS_OF, "--format", format, "--redact", "-v"]).ends(0);
        assert!(format == "gitlab" || secrets.iter().any(|one| open.contains(one)), "{format}: the test sees nothing");
        for (what, text) in [("show", &from_file), ("plan", &planned.out), ("stderr", &planned.err)] {
            let text = text.to_lowercase();
            let found: Vec<_> = secrets.iter().filter(|one| text.contains(*one)).collect();
            assert!(found.is_empty(), "{what} --format {format}: {found:?}");
        }
    }
}

#[test]
fn a_redacted_plan_is_not_for_applying() {
    let place = Place::with("minimal");
    let refused = place.run(&["plan", "--chdir", "mfa", "--as-of", AS_OF, "--redact", "--out", "plan.mfaplan"]);
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(!place.path("mfa/plan.mfaplan").exists());
}
