//! A plan on policies that do not stand: it says so, and is applied only once they do.

use serde_json::{Value, json};

use crate::binary::Sandbox;

const AS_OF: [&str; 2] = ["--as-of", "2026-11-21"];

/// The example with its gap closed on paper: the policy that only reports is on, one more is for everybody.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::example("migrate-to-conditional-access");
    let snapshot: Value = serde_json::from_str(&sandbox.read("tenant.json")).unwrap();
    let policies = snapshot["conditionalAccessPolicies"].as_array().unwrap();
    let mut on = policies.iter().find(|one| one["displayName"].as_str().unwrap().starts_with("CA003")).unwrap().clone();
    on["state"] = "enabled".into();
    let new = json!({"displayName": "CA004 Require MFA", "state": "enabled", "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        "conditions": {"users": {"includeUsers": ["All"], "excludeUsers": []}, "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"]}});
    sandbox.write("ca.json", &json!([on, new]).to_string());
    sandbox
}

/// Puts a policy into the tenant, in the place of the one of its name.
fn stands(sandbox: &Sandbox, policy: &Value) {
    let mut snapshot: Value = serde_json::from_str(&sandbox.read("tenant.json")).unwrap();
    let policies = snapshot["conditionalAccessPolicies"].as_array_mut().unwrap();
    policies.retain(|one| one["displayName"] != policy["displayName"]);
    let mut policy = policy.clone();
    if policy["id"].is_null() {
        policy["id"] = "5ac1e3f0-0000-4000-8000-000000000004".into();
    }
    policies.push(policy);
    sandbox.write("tenant.json", &snapshot.to_string());
}

#[test]
fn a_plan_on_assumed_policies_says_so_first_and_last() {
    let sandbox = sandbox();
    let assume = ["--assume-policies", "ca.json", AS_OF[0], AS_OF[1]];
    let sentence = "assumes 2 policies of ca.json that the tenant does not have";
    let text = sandbox.run(&[&["plan"], assume.as_slice()].concat());
    text.exits(0).says(sentence).says("Next   create the policies");
    let comment = sandbox.run(&[&["plan", "--format", "markdown"], assume.as_slice()].concat());
    let verdict = comment.exits(0).stdout.lines().find(|line| line.starts_with("**Plan:")).unwrap();
    assert!(verdict.contains(sentence), "{verdict}");
    sandbox
        .run(&[&["plan", "--format", "html"], assume.as_slice()].concat())
        .exits(0)
        .says("only once the policies it assumes stand");
    let plan = sandbox.plan(&assume);
    assert_eq!(plan["notes"][0], sentence);
    let policies = plan["assumed_policies"]["policies"].as_array().unwrap();
    let in_tenant: Vec<_> = policies
        .iter()
        .map(|one| (one["display_name"].as_str().unwrap(), one["in_tenant"].as_str().unwrap()))
        .collect();
    assert_eq!(in_tenant, [("CA003 Require MFA for administrators", "different"), ("CA004 Require MFA", "missing")]);
    let before = sandbox.plan(&AS_OF);
    assert!(before.get("assumed_policies").is_none());
    assert_ne!(plan["digest"], before["digest"]);
    let blocked = |plan: &Value| plan["summary"]["block"].as_u64().unwrap();
    assert_eq!((blocked(&before), blocked(&plan)), (4, 0));
    assert!(plan.to_string().contains("CA004 Require MFA (assumed)"));
    sandbox.run(&["apply", "--assume-policies", "ca.json"]).exits(1).says("--assume-policies");
    sandbox.run(&["plan", "--assume-policies", "tenant.json"]).exits(1).says("is neither Conditional Access policies");
}

#[test]
fn it_is_applied_only_once_the_policies_stand_as_assumed() {
    let sandbox = sandbox();
    let late = ["--as-of", "2027-01-12"];
    sandbox.replace("main.mfa.hcl", "max_downgrades = 10", "max_downgrades = 20");
    sandbox.run(&[&["plan", "--assume-policies", "ca.json", "--out", "p.mfaplan"], late.as_slice()].concat()).exits(0);
    let digest = sandbox.run(&["show", "p.mfaplan", "--json"]).exits(0).json()["digest"].as_str().unwrap().to_owned();
    let apply = || sandbox.run(&["apply", "p.mfaplan", "--approve", &digest, late[0], late[1]]);
    let states = sandbox.states();
    let assumed: Value = serde_json::from_str(&sandbox.read("ca.json")).unwrap();
    apply()
        .exits(3)
        .says("policy \"CA003 Require MFA for administrators\" differs in `state`")
        .says("policy \"CA004 Require MFA\" is not there");
    stands(&sandbox, &assumed[0]);
    let mut other = assumed[1].clone();
    other["conditions"]["users"]["excludeGroups"] = json!(["7f4ff80c-f3ea-5c9e-8001-035185f8f64a"]);
    stands(&sandbox, &other);
    apply().exits(3).says("policy \"CA004 Require MFA\" differs in `conditions.users.excludeGroups`");
    let mut blind: Value = serde_json::from_str(&sandbox.read("tenant.json")).unwrap();
    let policies = blind.as_object_mut().unwrap().remove("conditionalAccessPolicies").unwrap();
    sandbox.write("tenant.json", &blind.to_string());
    apply().exits(3).says("the tenant's cannot be read");
    assert_eq!(sandbox.states(), states, "nothing was written");
    blind["conditionalAccessPolicies"] = policies;
    sandbox.write("tenant.json", &blind.to_string());
    stands(&sandbox, &assumed[1]);
    apply().exits(0);
    assert!(sandbox.states().values().all(|state| state == "disabled"));
}

/// The plan's policies stand, but others were changed meanwhile: whoever is lowered is judged on what is there.
#[test]
fn everybody_who_is_lowered_is_judged_again_on_the_policies_that_are_there() {
    let sandbox = sandbox();
    let assumed: Value = serde_json::from_str(&sandbox.read("ca.json")).unwrap();
    sandbox.write("only.json", &json!([assumed[0]]).to_string());
    sandbox
        .run(&[&["plan", "--assume-policies", "only.json", "--out", "p.mfaplan"], AS_OF.as_slice()].concat())
        .exits(0);
    let digest = sandbox.run(&["show", "p.mfaplan", "--json"]).exits(0).json()["digest"].as_str().unwrap().to_owned();
    stands(&sandbox, &assumed[0]);
    let mut snapshot: Value = serde_json::from_str(&sandbox.read("tenant.json")).unwrap();
    for policy in snapshot["conditionalAccessPolicies"].as_array_mut().unwrap() {
        if policy["displayName"].as_str().unwrap().starts_with("CA001") {
            policy["state"] = "disabled".into();
        }
    }
    sandbox.write("tenant.json", &snapshot.to_string());
    sandbox
        .run(&["apply", "p.mfaplan", "--approve", &digest, AS_OF[0], AS_OF[1]])
        .exits(3)
        .says("judged otherwise than in the plan");
}
