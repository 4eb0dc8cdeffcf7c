//! `examples/msp`, as its page tells it.

use std::path::Path;

use serde_json::Value;

use crate::{
    binary::Sandbox,
    world::{set_digest, statuses},
};

const AS_OF: [&str; 2] = ["--as-of", "2026-11-24"];

fn example() -> Sandbox {
    let mut sandbox = Sandbox::example("msp");
    // In the repository it lies in a git work tree, within which modules are found.
    std::fs::create_dir(sandbox.path(".git")).unwrap();
    sandbox.set("MFAPLAN_POLICY", "policy");
    sandbox
}

fn with<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &AS_OF[..]].concat()
}

#[test]
fn four_customers_from_the_list_to_the_end() {
    let sandbox = example();
    sandbox.run(&["fmt", "--check", "-r"]).exits(0);
    sandbox.run(&with(&["fleet", "list"])).exits(0).says("fabrikam-retail (rest)");
    sandbox.run(&with(&["fleet", "plan", "--out", "plans"])).exits(3);
    let report = sandbox.run(&["fleet", "report", "plans", "--json"]).exits(0).json();
    let row =
        |name: &str| report["tenants"].as_array().unwrap().iter().find(|one| one["tenant"] == name).unwrap().clone();
    // Without any sign-in record: what looks like a workload waits, and the table says why.
    assert_eq!((&row("contoso")["held"], &row("contoso")["blind"]), (&1.into(), &serde_json::json!(["sign_ins"])));
    assert_eq!((&row("fabrikam")["refused"], &row("fabrikam")["enforce"]), (&1.into(), &6.into()));
    assert_eq!((&row("contoso-north")["enforce"], &row("contoso-north")["blind"]), (&3.into(), &serde_json::json!([])));
    assert_eq!((&row("fabrikam-retail")["enforce"], &row("fabrikam-retail")["held"]), (&0.into(), &0.into()));
    let comment = sandbox.run(&["fleet", "report", "plans", "--format", "markdown"]).exits(0).stdout.clone();
    assert!(comment.contains("6 users would be written in 2 tenants"), "{comment}");

    let digest = set_digest(&sandbox, "plans");
    let result = sandbox.run(&["fleet", "apply", "plans", "--approve-set", &digest, "--json"]).exits(4).json();
    let expected =
        [("contoso", "done"), ("contoso-north", "done"), ("fabrikam", "refused"), ("fabrikam-retail", "done")];
    assert_eq!(statuses(&result), expected.map(|(name, status)| (name.to_owned(), status.to_owned())));
    // The emergency accounts of each customer stand as they stood, by one file of the policy.
    for (name, _) in expected {
        let copy: Value = serde_json::from_str(&sandbox.read(&format!("tenants/{name}/tenant.json"))).unwrap();
        let users = copy["users"].as_array().unwrap();
        let emergency: Vec<_> =
            users.iter().filter(|one| one["userPrincipalName"].as_str().unwrap().starts_with("bg")).collect();
        assert_eq!(emergency.len(), 2);
        assert!(emergency.iter().all(|one| one["perUserMfaState"] == "disabled"), "{name}");
    }
    let verified = sandbox.run(&with(&["fleet", "verify", "--json"])).exits(2).json();
    let standing: Vec<_> = verified.as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(standing, ["as_declared", "as_declared", "different", "as_declared"]);
}

/// What the page prints is what there is to type.
#[test]
fn the_page_of_the_example_names_what_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/msp");
    let page = std::fs::read_to_string(root.join("README.md")).unwrap();
    for name in ["contoso", "contoso-north", "fabrikam", "fabrikam-retail"] {
        assert!(page.contains(&format!("tenants/{name}/")) && root.join("tenants").join(name).is_dir(), "{name}");
    }
}
