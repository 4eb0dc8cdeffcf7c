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

#[test]
fn a_named_tenant_is_in_the_file_with_its_cloud_and_dates_that_lie_ahead() {
    let place = Place::empty();
    let id = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890";
    let said = place.run(&["init", "--tenant", id, "--cloud", "usgov", "--as-of", "2030-05-01"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let text = place.read("main.mfa.hcl");
    assert!(text.contains(id) && text.contains("\"usgov\"") && text.contains("\"2030-05-08\""), "{text}");
    assert!(!text.contains("\"2026-") && !text.contains("\"2027-"), "{text}");
    assert_eq!(place.run(&["validate"]).code, 0);
    assert_eq!(place.run(&["fmt", "--check"]).code, 0);
    let place = Place::empty();
    let said = place.run(&["init", "--tenant", "not a domain"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("neither a tenant id") && !place.path().join("main.mfa.hcl").exists(), "{}", said.err);
}

/// The waves and the bound that are proposed together fit together: applied one after the other, none is refused.
#[test]
fn the_proposed_waves_fit_into_the_proposed_bound() {
    let place = Place::empty();
    let id = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890";
    assert_eq!(place.run(&["init", "--tenant", id, "--as-of", "2026-11-24"]).code, 0);
    let text = place.read("main.mfa.hcl").replace("# snapshot =", "snapshot =");
    let text = text.replace("emergency-1@contoso.onmicrosoft.com", "u1@contoso.com");
    place.write("main.mfa.hcl", &text.replace("emergency-2@contoso.onmicrosoft.com", "u2@contoso.com"));
    let users: Vec<_> = (0..400)
        .map(|n| {
            serde_json::json!({
                "id": format!("00000000-0000-4000-8000-{n:012}"), "userPrincipalName": format!("u{n}@contoso.com"),
                "userType": "Member", "accountEnabled": true, "perUserMfaState": "disabled", "isMfaRegistered": true,
                "isMfaCapable": true, "methodsRegistered": ["microsoftAuthenticatorPush", "windowsHelloForBusiness"],
                "directoryRoles": [], "memberOf": [], "createdDateTime": "2024-01-02T03:04:05Z",
            })
        })
        .collect();
    let tenant = serde_json::json!({
        "formatVersion": "1.0", "capturedAt": "2026-11-20T08:00:00Z",
        "tenant": {"id": id, "displayName": "Contoso"}, "users": users,
    });
    place.write("tenant.json", &tenant.to_string());
    let said = place.run(&["plan", "--timeline", "--as-of", "2026-11-24"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(said.out.matches("staff.").count(), 5, "{}", said.out);
    assert!(!said.out.contains("refused"), "{}", said.out);
}
