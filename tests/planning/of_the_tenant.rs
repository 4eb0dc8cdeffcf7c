//! `tenant.*` in selectors and rules: one policy protects the emergency accounts of every tenant.

use serde_json::json;

use crate::world::*;

const POLICY: &str = "break_glass \"emergency\" {\n  users = [\"bg1@${tenant.initial_domain}\", \"bg2@${tenant.initial_domain}\"]\n}\n\nrule \"OURS-1\" {\n  when     = user.domain != tenant.initial_domain\n  severity = \"low\"\n  message  = \"${user.display_name} is not of ${tenant.initial_domain}\"\n}\n";
const STAFF: &str = "mfa \"all\" {\n  state = \"enforced\"\n  where = user.domain != \"nowhere\"\n}\n";

/// A tenant with two emergency accounts at this domain, and somebody else.
fn of(domain: &str) -> World {
    let at = |name: &str| with(person(name), json!({"userPrincipalName": format!("{name}@{domain}")}));
    let mut world = World::new([at("bg1"), at("bg2"), person("mara")], STAFF).policy(POLICY);
    world.snapshot["tenant"]["initialDomain"] = json!(domain);
    world
}

#[test]
fn one_policy_protects_the_emergency_accounts_of_every_tenant() {
    for domain in ["contoso.onmicrosoft.com", "fabrikam.onmicrosoft.com"] {
        let plan = of(domain).plan();
        assert_eq!((plan.summary.protected, plan.changes.len()), (2, 1), "{domain}");
        let said: Vec<_> = plan.changes[0].findings.iter().filter(|one| *one.rule == *"OURS-1").collect();
        assert_eq!(said[0].message, format!("mara Example is not of {domain}"));
    }
    // Where they are not, that is an error and no silence.
    let mut elsewhere = of("contoso.onmicrosoft.com");
    elsewhere.snapshot["tenant"]["initialDomain"] = json!("fabrikam.onmicrosoft.com");
    let said = told(&elsewhere.refusal());
    assert!(said.contains("Unknown user") && said.contains("bg1@fabrikam.onmicrosoft.com"), "{said}");
}

#[test]
fn an_initial_domain_that_nobody_told_is_found_or_missed_aloud() {
    let mut world = of("contoso.onmicrosoft.com");
    world.snapshot["tenant"].as_object_mut().unwrap().remove("initialDomain");
    let said = told(&world.refusal());
    assert!(said.contains("`initialDomain` of `tenant`"), "{said}");
    let domain = |name: &str| json!({"id": name, "authenticationType": "Managed"});
    let others = [domain("contoso.com"), domain("contoso.mail.onmicrosoft.com")];
    world.snapshot["tenant"]["domains"] = json!([domain("contoso.onmicrosoft.com"), others[0], others[1]]);
    assert_eq!(world.plan().summary.protected, 2);
    world.snapshot["tenant"]["domains"] =
        json!([domain("contoso.onmicrosoft.com"), domain("contosoeu.onmicrosoft.com")]);
    assert!(told(&world.refusal()).contains("`initialDomain` of `tenant`"), "two may be it");
}

#[test]
fn groups_and_lists_may_depend_on_the_tenant_and_protected_names_are_found_among_them() {
    let group = json!([{"id": "00000000-0000-4000-8000-0000000000aa", "displayName": "SG-Contoso", "mail": null}]);
    let member = with(person("mara"), json!({"memberOf": ["00000000-0000-4000-8000-0000000000aa"]}));
    let hcl = "mfa \"of_group\" {\n  state  = \"enforced\"\n  groups = [\"SG-${tenant.name}\"]\n}\n\nmfa \"of_list\" {\n  state = \"enforced\"\n  users = [for name in [\"otto\"] : \"${name}@${lower(tenant.name)}.com\"]\n}\n";
    let world = World::new([member.clone(), person("otto")], hcl).groups(group.clone());
    let plan = world.plan();
    assert_eq!(story(&plan, "mara"), "disabled → enforced apply mfa.of_group");
    assert_eq!(story(&plan, "otto"), "disabled → enforced apply mfa.of_list");
    let glass = "break_glass \"otto\" {\n  users = [\"otto@contoso.com\"]\n}\n";
    let said = told(&World::new([member, person("otto")], &format!("{hcl}{glass}")).groups(group).refusal());
    assert!(said.contains("Protected user listed"), "{said}");
}

#[test]
fn where_the_tenant_is_not_known_yet_that_is_said() {
    for hcl in [
        "locals {\n  domain = tenant.initial_domain\n}\n",
        "mfa \"x\" {\n  state  = \"enforced\"\n  users  = [\"a@contoso.com\"]\n  reason = tenant.name\n}\n",
        "mfa \"x\" {\n  for_each = toset([tenant.name])\n  state = \"enforced\"\n  users = [\"a@contoso.com\"]\n}\n",
        "module \"m\" {\n  source = \"./m\"\n  domain = tenant.initial_domain\n}\n",
    ] {
        let said = told(&World::new([person("a")], hcl).refusal());
        assert_eq!(said.matches("`tenant` exists only where the tenant has been read").count(), 1, "{hcl}{said}");
    }
}
