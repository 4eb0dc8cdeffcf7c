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

/// What goes wrong is told to the same public place as the plan.
#[test]
fn no_error_names_anybody() {
    let place = Place::with("contoso");
    let secrets = secrets(&place);
    let user = secrets.iter().find(|one| one.starts_with("jdoe") || one.ends_with("@contoso.com")).unwrap().clone();
    let near = format!("x{user}");
    let named = |text: &str| place.write("mfa/extra.mfa.hcl", text);
    let wrong = [
        // A value in a form that nobody would find.
        "check \"odd\" {\n  assert {\n    condition     = tonumber(base64encode(tenant.name)) > 1\n    error_message = \"no\"\n  }\n}\n"
            .to_owned(),
        // A name that is nearly right, and the line that has it.
        format!("mfa \"near\" {{\n  state = \"enforced\"\n  users = [\"{near}\"] # for {user}\n}}\n"),
        format!("mfa \"broken\" {{\n  state = \"{user}\"\n  users = [\"{user}\"]\n}}\n"),
        format!("mfa \"{user}\" {{\n  state = nothing.{}\n}}\n", user.split('@').next().unwrap().replace('.', "_")),
    ];
    let mut lines: Vec<(String, Vec<&str>)> = vec![
        (String::new(), vec!["--target", &user, "--target", &near]),
        (String::new(), vec!["--target", &near]),
        (String::new(), vec!["--snapshot", "../other.json"]),
    ];
    lines.extend(wrong.into_iter().map(|text| (text, Vec::new())));
    // Another tenant, whose name only it knows.
    let other =
        place.read("mfa/tenant.json").replace("6f1c2d3e-4a5b", "8f1c2d3e-4a5b").replace("\"Contoso\"", "\"Woodgrove\"");
    place.write("other.json", &other);
    for (text, arguments) in lines {
        named(&text);
        let line = [&["plan", "--chdir", "mfa", "--as-of", AS_OF, "--redact"], &arguments[..]].concat();
        let said = place.run(&line);
        assert_ne!(said.err, "", "{line:?}: the test sees nothing");
        let all = format!("{}{}", said.out, said.err).to_lowercase();
        let found: Vec<_> = secrets.iter().filter(|one| all.contains(*one)).collect();
        assert!(found.is_empty(), "{text} {line:?}: {found:?} in {}", said.err);
        for form in ["woodgrove", "q29udg9zbw", "# for"] {
            assert!(!all.contains(form), "{text} {line:?}: {form} in {}", said.err);
        }
    }
}
