//! Modules, end to end: the blocks of another directory as if they stood here.

use std::{fs, path::Path};

use super::{
    tests::{TENANT, input},
    *,
};
use crate::{
    diag::{Diagnostic, Level},
    severity::Severity,
};

/// A repository whose configuration is in `conf`, with these files beside the tenant block.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join(".git")).unwrap();
    fs::create_dir_all(dir.path().join("conf")).unwrap();
    fs::write(dir.path().join("conf/tenant.mfa.hcl"), TENANT).unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn loaded(dir: &tempfile::TempDir) -> Config {
    load(input(&dir.path().join("conf"))).unwrap_or_else(|failure| {
        let options = crate::diag::render::RenderOptions::default();
        panic!("{}", crate::diag::render::to_string(&failure.diagnostics, &failure.sources, options))
    })
}

fn failed(files: &[(&str, &str)]) -> Box<LoadFailure> {
    let dir = repository(files);
    load(input(&dir.path().join("conf"))).unwrap_err()
}

/// What is wrong, as `file:line summary`, with the other places.
fn told(failure: &LoadFailure) -> Vec<String> {
    let place = |label: &crate::diag::Label| {
        format!("{}:{}", failure.sources.file(label.span.file).name, failure.sources.start(label.span).line)
    };
    let one = |one: &Diagnostic| {
        let mut text = one.primary.as_ref().map(place).unwrap_or_default();
        text.push_str(&format!(" {}", one.summary));
        one.secondary.iter().for_each(|label| text.push_str(&format!(" <- {}", place(label))));
        text
    };
    failure.diagnostics.iter().filter(|one| one.level == Level::Error).map(one).collect()
}

const BASELINE: &str = r#"
variable "staff" {
  type    = list(string)
  default = ["SG-Staff"]
}

variable "owner" {
  type     = string
  nullable = false
}

variable "grace" {
  type    = string
  default = "2027-01-31"

  validation {
    condition     = !startswith(var.grace, "2020")
    error_message = "A grace that ended long ago: ${var.grace}."
  }
}

locals {
  reason = "owned by ${var.owner}"
}

mfa "staff" {
  state   = "enforced"
  groups  = var.staff
  rollout = "slow"
  reason  = local.reason

  staged {
    until = var.grace
  }
}

mfa "team" {
  for_each = toset(var.staff)
  state    = "enforced"
  groups   = [each.value]
  where    = user.department == local.reason && path.module != path.root
  priority = 1
}

rollout "slow" {
  wave "all" {
    from    = "2027-01-11"
    percent = 100
  }
}

check "staffed" {
  assert {
    condition     = length(var.staff) < plan.summary.managed
    error_message = "too few"
  }
}

output "owner" {
  value = upper(var.owner)
}

output "here" {
  value = path.module
}
"#;

#[test]
fn the_blocks_of_a_module_stand_there_with_its_address_in_front() {
    let call = "module \"msp\" {\n  for_each = { eu = \"SG-EU\", us = \"SG-US\" }\n  source   = \"../modules/msp\"\n  owner    = \"it-${each.key}\"\n  staff    = [each.value]\n}\n\nlocals {\n  owners = values(module.msp)[*].owner\n  one    = module.msp[\"eu\"].here\n}\n\noutput \"owners\" {\n  value = [local.owners, local.one]\n}\n";
    let dir = repository(&[("conf/main.mfa.hcl", call), ("modules/msp/main.mfa.hcl", BASELINE)]);
    let config = loaded(&dir);
    let addresses: Vec<&str> = config.mfa.iter().map(|one| one.declared.address.as_str()).collect();
    assert_eq!(
        addresses,
        [
            "module.msp[\"eu\"].mfa.staff",
            "module.msp[\"eu\"].mfa.team[\"SG-EU\"]",
            "module.msp[\"us\"].mfa.staff",
            "module.msp[\"us\"].mfa.team[\"SG-US\"]",
        ]
    );
    assert!(addresses.iter().all(|one| kind_of_address(one) == "mfa"));
    assert_eq!(config.mfa[2].reason.as_deref(), Some("owned by it-us"));
    assert_eq!(config.mfa[2].rollout.as_deref(), Some("module.msp[\"us\"].slow"));
    let rollout = &config.rollouts["module.msp[\"us\"].slow"];
    assert_eq!(
        (rollout.label.as_str(), rollout.waves[0].declared.address.as_str()),
        ("slow", "module.msp[\"us\"].rollout.slow.all")
    );
    assert_eq!(config.checks[0].name, "module.msp[\"eu\"].staffed");
    assert_eq!(config.outputs.len(), 1, "the outputs of a module are its caller's to use");
    assert_eq!(config.local.get("owners").unwrap().to_json(), serde_json::json!(["IT-EU", "IT-US"]));
    assert_eq!(config.local.get("one").unwrap().as_str(), Some("../modules/msp"));
    assert_eq!(config.origin.files, ["../modules/msp/main.mfa.hcl", "main.mfa.hcl", "tenant.mfa.hcl"]);
    let file = &config.sources.file(config.mfa[0].declared.span.file).name;
    assert_eq!(&**file, "../modules/msp/main.mfa.hcl");
    // What decides later sees the names of where it stands.
    let filter = config.mfa[1].selector.filter.as_ref().unwrap();
    let nothing = crate::eval::Value::Null;
    let scope = crate::eval::Scope::new(&nothing, &nothing, Path::new("."), config.instant);
    assert!(filter.expr.eval_facts(&scope).is_ok(), "{:?}", filter.expr.eval_facts(&scope));
}

#[test]
fn inputs_have_the_types_defaults_and_validations_of_the_variables() {
    let with = |inputs: &str| {
        let call = format!("module \"msp\" {{\n  source = \"../msp\"\n{inputs}}}\n");
        told(&failed(&[("conf/main.mfa.hcl", &call), ("msp/main.mfa.hcl", BASELINE)]))
    };
    assert_eq!(with(""), ["main.mfa.hcl:1 Missing required argument <- ../msp/main.mfa.hcl:7"]);
    assert_eq!(
        with("  owner = null\n"),
        ["main.mfa.hcl:3 Missing required argument <- ../msp/main.mfa.hcl:7 <- main.mfa.hcl:1"]
    );
    assert_eq!(with("  owner = \"it\"\n  staf = []\n"), ["main.mfa.hcl:4 Unsupported argument <- main.mfa.hcl:1"]);
    assert_eq!(
        with("  owner = \"it\"\n  staff = { a = 1 }\n"),
        ["main.mfa.hcl:4 Invalid value for variable <- ../msp/main.mfa.hcl:2 <- main.mfa.hcl:1"]
    );
    assert_eq!(
        with("  owner = \"it\"\n  grace = \"2020-01-01\"\n"),
        ["main.mfa.hcl:4 Invalid value for variable <- ../msp/main.mfa.hcl:17 <- main.mfa.hcl:1"]
    );
    // A slip that only this call brings about is told with the call.
    assert_eq!(
        with("  owner = \"it\"\n  grace = \"soon\"\n"),
        ["../msp/main.mfa.hcl:33 Invalid value for `until` <- main.mfa.hcl:1"]
    );
    let hints = |inputs: &str| {
        let call = format!("module \"msp\" {{\n  source = \"../msp\"\n  owner  = \"it\"\n{inputs}}}\n");
        let failure = failed(&[("conf/main.mfa.hcl", &call), ("msp/main.mfa.hcl", BASELINE)]);
        failure.diagnostics.iter().flat_map(|one| one.hints.clone()).collect::<Vec<_>>().join("; ")
    };
    assert!(hints("  staf = []\n").contains("did you mean `staff`?"));
    for (argument, said) in [
        ("count = 2", "`for_each`"),
        ("version = \"1.0\"", "of this repository"),
        ("providers = {}", "`tenant` block"),
        ("depends_on = []", "nothing comes before"),
    ] {
        assert!(hints(&format!("  {argument}\n")).contains(said), "{argument}");
    }
}

#[test]
fn a_slip_in_a_module_is_told_once_with_the_place_of_its_call() {
    let module =
        "mfa \"staff\" {\n  state = \"enforcd\"\n  users = [var.nobody]\n}\n\ntenant \"x\" {\n  id = \"y\"\n}\n";
    let call = "module \"a\" {\n  for_each = toset([\"x\", \"y\"])\n  source   = \"../m\"\n}\n";
    assert_eq!(
        told(&failed(&[("conf/main.mfa.hcl", call), ("m/main.mfa.hcl", module)])),
        [
            "../m/main.mfa.hcl:2 Invalid value for `state` <- main.mfa.hcl:1",
            "../m/main.mfa.hcl:3 Reference to undeclared input variable <- main.mfa.hcl:1",
            "../m/main.mfa.hcl:6 Block not allowed in a module <- main.mfa.hcl:1",
        ]
    );
}

#[test]
fn where_a_module_may_lie() {
    let with = |source: &str, more: &[(&str, &str)]| {
        let call = format!("module \"a\" {{\n  source = {source}\n}}\n");
        let mut files = vec![("conf/main.mfa.hcl", call.as_str())];
        files.extend(more);
        told(&failed(&files))
    };
    for (source, summary) in [
        ("\"../nowhere\"", "Module cannot be read"),
        ("\"../../elsewhere\"", "Module cannot be read"),
        ("\"../../..\"", "Module out of reach"),
        ("\"../.git\"", "Module out of reach"),
        ("\"hashicorp/consul/aws\"", "Invalid `source`"),
        ("\"m\"", "Invalid `source`"),
        ("\"./${\"m\"}\"", "Invalid `source`"),
        ("\"../empty\"", "Empty module"),
        ("\"../conf/main.mfa.hcl\"", "Module cannot be read"),
    ] {
        let said = with(source, &[("empty/readme.md", "")]);
        assert_eq!(said, [format!("main.mfa.hcl:2 {summary}")], "{source}");
    }
}

#[cfg(unix)]
#[test]
fn no_link_leads_out_of_the_work_tree() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("main.mfa.hcl"), "").unwrap();
    let call = "module \"a\" {\n  source = \"../linked\"\n}\n\nmodule \"b\" {\n  source = \"../m\"\n}\n";
    let dir = repository(&[("conf/main.mfa.hcl", call), ("m/own.mfa.hcl", "")]);
    std::os::unix::fs::symlink(outside.path(), dir.path().join("linked")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("main.mfa.hcl"), dir.path().join("m/main.mfa.hcl")).unwrap();
    let failure = load(input(&dir.path().join("conf"))).unwrap_err();
    assert_eq!(told(&failure), ["main.mfa.hcl:2 Module out of reach", "main.mfa.hcl:6 Module out of reach"]);
}

#[test]
fn modules_call_modules_five_deep_and_never_themselves() {
    let call = |to: &str| format!("module \"next\" {{\n  source = \"{to}\"\n}}\n");
    let texts: Vec<String> = (1..=6).map(|at| call(&format!("../m{}", at + 1))).collect();
    let names: Vec<String> = (1..=6).map(|at| format!("m{at}/main.mfa.hcl")).collect();
    let first = call("../m1");
    let mut files = vec![("conf/main.mfa.hcl", first.as_str())];
    files.extend(names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).take(4));
    files.push(("m5/main.mfa.hcl", "output \"x\" {\n  value = 1\n}\n"));
    let dir = repository(&files);
    loaded(&dir);
    files.pop();
    files.push((names[4].as_str(), texts[4].as_str()));
    files.push(("m6/main.mfa.hcl", "locals {}\n"));
    assert_eq!(told(&failed(&files)), ["../m5/main.mfa.hcl:1 Modules too deep <- main.mfa.hcl:1"]);
    let round = [
        ("conf/main.mfa.hcl", first.as_str()),
        ("m1/main.mfa.hcl", &call("../m2")),
        ("m2/main.mfa.hcl", &call("../m1")),
    ];
    let failure = failed(&round);
    assert_eq!(told(&failure), ["../m2/main.mfa.hcl:1 Cycle <- main.mfa.hcl:1"]);
    assert!(failure.diagnostics[0].detail.contains("../m1 → ../m2 → ../m1"), "{:?}", failure.diagnostics);
    // Two calls that need each other's outputs.
    let both = "module \"a\" {\n  source = \"../m\"\n  x      = module.b.x\n}\n\nmodule \"b\" {\n  source = \"../m\"\n  x      = module.a.x\n}\n";
    let module = "variable \"x\" {}\n\noutput \"x\" {\n  value = var.x\n}\n";
    let failure = failed(&[("conf/main.mfa.hcl", both), ("m/main.mfa.hcl", module)]);
    assert_eq!(told(&failure), ["main.mfa.hcl:1 Cycle <- main.mfa.hcl:6"]);
}

#[test]
fn a_module_tightens_and_never_loosens() {
    let module = r#"
guardrails {
  max_changes    = 50
  max_downgrades = 9
  canary         = 2

  window {
    days = ["mon"]
  }
}

risk "MFA006" {
  severity = "critical"
}
"#;
    let own = "guardrails {\n  max_changes    = 100\n  max_downgrades = 3\n\n  window {\n    days = [\"mon\", \"tue\"]\n  }\n}\n\nmodule \"a\" {\n  source = \"../m\"\n}\n\nrisk \"MFA006\" {\n  severity = \"high\"\n}\n";
    let config = loaded(&repository(&[("conf/main.mfa.hcl", own), ("m/main.mfa.hcl", module)]));
    let rails = &config.guardrails;
    assert_eq!((rails.max_changes.unwrap().value, rails.max_downgrades.unwrap().value, rails.canary), (50, 3, 2));
    assert_eq!(config.risks.iter().map(|one| one.severity).collect::<Vec<_>>(), [Some(Severity::Critical)]);
    let warned: Vec<&str> = config.warnings.iter().map(|one| one.summary.as_str()).collect();
    assert_eq!(warned, ["Looser than a module", "Looser than a module"]);
    // Monday and Tuesday here, Monday there: a Tuesday is closed.
    let open = |at: &str| rails.openness(false, at.parse().unwrap()) == window::Openness::Open;
    assert!(open("2026-11-23T12:00:00Z") && !open("2026-11-24T12:00:00Z"));
    let loosening = "guardrails {\n  auto_approve {\n    condition = true\n    reason    = \"x\"\n  }\n}\n\nrisk \"MFA001\" {\n  severity = \"low\"\n}\n\nrisk \"MFA003\" {\n  enabled = false\n}\n";
    let call = "module \"a\" {\n  source = \"../m\"\n}\n";
    let said = told(&failed(&[("conf/main.mfa.hcl", call), ("m/main.mfa.hcl", loosening)]));
    assert_eq!(
        said,
        [
            "../m/main.mfa.hcl:2 Module may not approve",
            "../m/main.mfa.hcl:8 Module may not loosen",
            "../m/main.mfa.hcl:12 Module may not loosen",
        ]
    );
}

#[test]
fn rules_count_for_the_whole_plan_so_their_ids_are_used_once() {
    let module =
        "rule \"OURS-1\" {\n  when     = user.department == \"x\"\n  severity = \"low\"\n  message  = \"m\"\n}\n";
    let call = "module \"a\" {\n  for_each = toset([\"x\", \"y\"])\n  source   = \"../m\"\n}\n\naccept \"OURS-1\" {\n  reason  = \"r\"\n  expires = \"2027-01-01\"\n}\n";
    let said = told(&failed(&[("conf/main.mfa.hcl", call), ("m/main.mfa.hcl", module)]));
    assert_eq!(said, ["../m/main.mfa.hcl:1 Duplicate block <- ../m/main.mfa.hcl:1"]);
    let once = call.replace("[\"x\", \"y\"]", "[\"x\"]");
    let config = loaded(&repository(&[("conf/main.mfa.hcl", &once), ("m/main.mfa.hcl", module)]));
    assert_eq!(config.rules[0].declared.address, "module.a[\"x\"].rule.OURS-1");
    assert_eq!(config.rules[0].id, "OURS-1");
}

#[test]
fn outputs_are_checked_by_name_and_keep_their_marks() {
    let module = "variable \"key\" {\n  sensitive = true\n}\n\noutput \"key\" {\n  value = var.key\n}\n\noutput \"plain\" {\n  value = \"p\"\n}\n";
    let call = "module \"a\" {\n  source = \"../m\"\n  key    = \"hunter2\"\n}\n\nlocals {\n  key = module.a.key\n}\n";
    let config = loaded(&repository(&[("conf/main.mfa.hcl", call), ("m/main.mfa.hcl", module)]));
    assert!(config.local.get("key").unwrap().contains_sensitive());
    let wrong = format!("{call}\nlocals {{\n  a = module.a.plane\n  b = module.b.x\n}}\n");
    assert_eq!(
        told(&failed(&[("conf/main.mfa.hcl", &wrong), ("m/main.mfa.hcl", module)])),
        ["main.mfa.hcl:11 Unsupported attribute", "main.mfa.hcl:12 Reference to undeclared module",]
    );
    let late = "output \"x\" {\n  value = plan.summary.enforce\n}\n";
    let call = "module \"a\" {\n  source = \"../m\"\n}\n";
    assert_eq!(
        told(&failed(&[("conf/main.mfa.hcl", call), ("m/main.mfa.hcl", late)])),
        ["../m/main.mfa.hcl:2 Invalid reference <- main.mfa.hcl:1"]
    );
}

#[test]
fn kinds_of_addresses() {
    for (address, kind) in [
        ("mfa.staff", "mfa"),
        ("mfa.staff[\"a.b\"]", "mfa"),
        ("module.msp.mfa.staff", "mfa"),
        ("module.msp[\"a].mfa.x\"].service_account.x", "service_account"),
        ("module.msp[\"a\\\"].b\"].module.in.accept.MFA006", "accept"),
        ("module.msp", ""),
        ("module.msp[\"eu\"]", ""),
        ("module.msp[\"eu", ""),
    ] {
        assert_eq!(kind_of_address(address), kind, "{address}");
    }
}
