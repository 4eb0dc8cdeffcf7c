//! Two configurations compared offline, as a pull request from a fork is.

use serde_json::Value;

use crate::support::{AS_OF, Place};

/// The example, and a branch of it in which nobody is enforced who was only caught by the administrators' block.
fn branch() -> Place {
    let place = Place::with("minimal");
    let main = place.read("mfa/main.mfa.hcl");
    std::fs::create_dir(place.path("branch")).unwrap();
    std::fs::copy(place.path("mfa/tenant.json"), place.path("branch/tenant.json")).unwrap();
    place.write("branch/main.mfa.hcl", &main.replace("\"enforced\"", "\"enabled\""));
    place
}

#[test]
fn a_branch_is_compared_without_any_credential() {
    let place = branch();
    let diff = |more: &[&str]| {
        let mut args = vec!["diff", "mfa", "branch", "--snapshot", "mfa/tenant.json", "--as-of", AS_OF];
        args.extend(more);
        place.run(&args)
    };
    let text = diff(&[]).ends(0).out;
    assert!(text.contains("1 changed") && text.contains("jdoe@contoso.com"), "{text}");
    diff(&["--detailed-exitcode"]).ends(2);
    let markdown = diff(&["--format", "markdown"]).ends(0).out;
    assert!(markdown.starts_with("<!-- mfaplan:diff -->"), "{markdown}");
    assert!(markdown.contains("`jdoe@contoso.com`") && markdown.contains("enforced → enabled"), "{markdown}");
    let json: Value = serde_json::from_str(&diff(&["--json"]).ends(0).out).unwrap();
    assert_eq!(json["changed"][0]["user"]["user_principal_name"], "jdoe@contoso.com");
    let redacted = diff(&["--format", "markdown", "--redact"]).ends(0).out;
    assert!(redacted.contains("user-") && !redacted.contains("jdoe"), "{redacted}");
}

#[test]
fn nothing_differs_from_itself_and_plans_compare_alike() {
    let place = branch();
    let same = place.run(&["diff", "mfa", "mfa", "--as-of", AS_OF, "--detailed-exitcode"]).ends(0);
    assert!(same.out.starts_with("No difference"), "{}", same.out);
    for name in ["mfa", "branch"] {
        let out = format!("../{name}.mfaplan");
        place.run(&["plan", "--chdir", name, "--as-of", AS_OF, "--out", &out]).ends(0);
    }
    let plans = place.run(&["diff", "mfa.mfaplan", "branch.mfaplan"]).ends(0).out;
    let directories = place.run(&["diff", "mfa", "branch", "--as-of", AS_OF]).ends(0).out;
    assert_eq!(plans, directories);
}
