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

/// What an expression made of a name is a name to whoever can read it.
#[test]
fn no_format_has_a_name_in_another_form() {
    let place = Place::with("minimal");
    place.write(
        "mfa/own.mfa.hcl",
        r#"
rule "OWN-1" {
  when     = true
  severity = "low"
  message  = "${base64encode(user.user_principal_name)} ${replace(user.user_principal_name, "@", " at ")} ${strrev(user.display_name)}"
}

check "named" {
  severity = "warning"

  assert {
    condition     = false
    error_message = base64encode(tenant.name)
  }
}

output "named" {
  value = { (base64encode(tenant.name)) = [strrev(tenant.name), 7] }
}
"#,
    );
    let forms = ["amRvZUBjb250b3NvLmNvbQ", "jdoe at contoso", "eoD enaJ", "Q29udG9zbw", "osotnoC"];
    for format in FORMATS {
        let open = place.run(&["plan", "--chdir", "mfa", "--as-of", AS_OF, "--format", format, "-v"]).ends(0).out;
        let redacted =
            place.run(&["plan", "--chdir", "mfa", "--as-of", AS_OF, "--format", format, "-v", "--redact"]).ends(0);
        let sees = ["gitlab", "csv"].contains(&format) || forms.iter().any(|form| open.contains(form));
        assert!(sees, "{format}: the test sees nothing");
        for form in forms {
            assert!(!redacted.out.contains(form) && !redacted.err.contains(form), "{format} has {form}");
        }
    }
}
