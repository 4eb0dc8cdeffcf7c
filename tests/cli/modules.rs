//! Modules, through the real binary.

use crate::{
    binary::Sandbox,
    tenant::{AS_OF, people},
};

const MODULE: &str = "variable \"who\" {\n  type = list(string)\n}\n\nmfa \"staff\" {\n  state = \"enforced\"\n  users = var.who\n}\n\noutput \"who\" {\n  value = var.who\n}\n";
const CALL: &str = "\nmodule \"baseline\" {\n  source = \"./modules/baseline\"\n  who    = [\"user001@contoso.com\", \"user002@contoso.com\"]\n}\n";

/// Three people, of whom a module claims two; by the configuration alone nobody is.
fn called() -> Sandbox {
    let sandbox = people(3);
    let text = sandbox.read("main.mfa.hcl");
    let tenant = text.find("mfa \"").map_or(text.as_str(), |at| &text[..at]);
    std::fs::create_dir_all(sandbox.path("modules/baseline")).unwrap();
    sandbox.write("main.mfa.hcl", &format!("{}{CALL}", tenant.trim_end().to_owned() + "\n"));
    sandbox.write("modules/baseline/main.mfa.hcl", MODULE);
    sandbox
}

fn with<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &AS_OF[..]].concat()
}

#[test]
fn every_command_knows_the_blocks_of_a_module() {
    let sandbox = called();
    sandbox.run(&with(&["validate"])).exits(0).says("1 `mfa` block in 2 files");
    let plan = sandbox.run(&with(&["plan", "--json"])).exits(0).json();
    assert_eq!(plan["changes"].as_array().unwrap().len(), 2);
    let place = &plan["changes"][0]["declared_by"];
    assert_eq!(
        (&place["address"], &place["file"]),
        (&"module.baseline.mfa.staff".into(), &"modules/baseline/main.mfa.hcl".into())
    );
    assert_eq!(plan["config"]["files"], serde_json::json!(["main.mfa.hcl", "modules/baseline/main.mfa.hcl"]));
    let all = sandbox.run(&with(&["plan", "--target", "module.baseline"]));
    all.exits(0).says("module.baseline.mfa.staff");
    sandbox.run(&with(&["explain", "user001@contoso.com"])).exits(0).says("module.baseline.mfa.staff");
    sandbox.run_with_input(&with(&["console"]), "module.baseline.who[1]\n").exits(0).says("user002@contoso.com");
    sandbox.run(&["fmt", "-r"]).exits(0);
    sandbox.run(&["fmt", "--check", "modules/baseline"]).exits(0);
    sandbox.write("m.mfatest.hcl", "run \"two\" {\n  assert {\n    condition     = length(module.baseline.who) == plan.summary.enforce\n    error_message = \"${plan.summary.enforce}\"\n  }\n}\n");
    sandbox.run(&with(&["test"])).exits(0).says("1 passed");
    // Somebody who is not there is missed in the module, for the sake of its caller.
    sandbox.replace("main.mfa.hcl", "user002", "user009");
    sandbox.run(&with(&["plan"])).exits(1).says("user009@contoso.com").says("in the module called here");
    sandbox.replace("main.mfa.hcl", "user009", "user002");
    // One that is broken is told with both places, in text and in JSON.
    sandbox.replace("main.mfa.hcl", "  who ", "  whom");
    let said = sandbox.run(&with(&["validate"]));
    said.exits(1).says("did you mean `who`?").says("this call does not give it");
    sandbox.replace("main.mfa.hcl", "  whom", "  who ");
    sandbox.replace("modules/baseline/main.mfa.hcl", "enforced", "enforcd");
    sandbox
        .run(&with(&["validate"]))
        .exits(1)
        .says("modules/baseline/main.mfa.hcl:6:11")
        .says("called here as module.baseline");
}

#[test]
fn a_saved_plan_is_refused_once_a_module_has_changed() {
    let sandbox = called();
    sandbox.run(&with(&["plan", "--out", "p.mfaplan"])).exits(0);
    let digest = sandbox.run(&["show", "p.mfaplan", "--json"]).json()["digest"].as_str().unwrap().to_owned();
    sandbox.replace("modules/baseline/main.mfa.hcl", "\"enforced\"", "\"enabled\"");
    let said = sandbox.run(&["apply", "p.mfaplan", "--approve", &digest]);
    said.exits(3).says("modules/baseline/main.mfa.hcl");
    sandbox.replace("modules/baseline/main.mfa.hcl", "\"enabled\"", "\"enforced\"");
    sandbox.run(&["apply", "p.mfaplan", "--approve", &digest]).exits(0);
    sandbox.run(&with(&["plan", "--detailed-exitcode"])).exits(0);
    // No result takes the place of a file of the module.
    sandbox.run(&with(&["plan", "--out", "modules/baseline/main.mfa.hcl"])).exits(1);
}

#[test]
fn a_policy_directory_calls_no_modules() {
    let sandbox = called();
    std::fs::create_dir_all(sandbox.path("policy")).unwrap();
    sandbox.write("policy/main.mfa.hcl", "module \"x\" {\n  source = \"../modules/baseline\"\n}\n");
    sandbox.run(&with(&["validate", "--policy", "policy"])).exits(1).says("Block not allowed in a policy directory");
}
