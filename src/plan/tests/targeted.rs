//! `--target`: what a plan is limited to, and what is said of a target of which nothing can be planned.

use super::*;
use crate::plan::TargetProblem;

const BLOCKS: &str = r#"
mfa "staff" {
  state = "enforced"
  users = ["anna@contoso.com"]
}
mfa "staff2" {
  state = "enforced"
  users = ["bo@contoso.com"]
}
mfa "each" {
  for_each = { one = "cy@contoso.com", two = "dee@contoso.com" }
  state    = "enforced"
  users    = [each.value]
}
break_glass "keys" {
  users = ["key@contoso.com"]
}
service_account "mail" {
  users  = ["mail@contoso.com"]
  owner  = "it@contoso.com"
  reason = "relay"
}
service_account "low" {
  users  = ["low@contoso.com"]
  state  = "disabled"
  owner  = "it@contoso.com"
  reason = "a program"
}
accept "MFA018" {
  reason  = "x"
  expires = "2026-12-31"
}
module "msp" {
  source = "../msp"
}
module "msp2" {
  source = "../msp2"
}
"#;

fn case() -> Case {
    let users = [
        person(1, "anna", json!({})),
        person(2, "bo", json!({})),
        person(3, "cy", json!({})),
        person(4, "dee", json!({})),
        person(5, "key", json!({})),
        person(6, "mail", json!({})),
        person(7, "low", state("enforced")),
        person(8, "eve", json!({})),
        person(9, "fay", json!({})),
        person(10, "o'hara-3", json!({})),
        person(11, "3com", json!({})),
    ];
    let files = [
        ("config/main.mfa.hcl", BLOCKS),
        ("msp/main.mfa.hcl", &block("all", "enforced", &["eve"])),
        ("msp2/main.mfa.hcl", &block("all", "enforced", &["fay"])),
    ];
    Case::of(&users, &json!({}), &files)
}

#[test]
fn a_target_is_a_user_a_block_its_instances_or_a_module() {
    let case = case();
    let everybody = ["anna", "bo", "cy", "dee", "eve", "fay", "low"];
    assert_eq!(changing(&case.targeted(&[]).unwrap()), everybody);
    let rows: [(&[&str], &[&str]); 10] = [
        (&["Anna@contoso.com"], &["anna"]),
        (&["00000000-0000-4000-8000-000000000002"], &["bo"]),
        (&["mfa.staff"], &["anna"]),
        (&["mfa.each"], &["cy", "dee"]),
        (&["mfa.each[\"two\"]"], &["dee"]),
        (&["service_account.low"], &["low"]),
        (&["low@contoso.com"], &["low"]),
        (&["module.msp"], &["eve"]),
        (&["module.msp.mfa.all"], &["eve"]),
        (&["mfa.staff2", "dee@contoso.com"], &["bo", "dee"]),
    ];
    for (targets, expected) in rows {
        let plan = case.targeted(targets).unwrap_or_else(|error| panic!("{targets:?}: {error:?}"));
        assert_eq!(changing(&plan), expected, "{targets:?}");
        assert_eq!(plan.targets, targets.iter().map(|one| (*one).into()).collect::<Vec<crate::tenant::Text>>());
        let note =
            format!("partial plan: limited to --target {}; nobody else was planned or judged", targets.join(", "));
        assert_eq!(plan.notes[0], note);
    }
}

#[test]
fn a_target_of_which_nothing_can_be_planned_is_told_why_all_at_once() {
    let case = case();
    let problems = |targets: &[&str]| -> Vec<TargetProblem> {
        let Err(BuildError::Target(problems)) = case.targeted(targets) else { panic!("{targets:?} is planned") };
        problems
    };
    let one = |target: &str| {
        let [problem]: [TargetProblem; 1] = problems(&[target]).try_into().unwrap();
        (problem.message, problem.hint.unwrap_or_default(), problem.undeclared)
    };
    let block = |label: &str, name: &str| {
        format!(
            "add a block to the configuration, or add the user to one:\n\
             mfa \"{label}\" {{\n  state = \"enforced\"\n  users = [\"{name}\"]\n}}"
        )
    };
    let (hara, three) = (block("o_hara_3", "o'hara-3@contoso.com"), block("user_3com", "3com@contoso.com"));
    let instead = "target an `mfa` block, or a user whom one claims";
    for (target, message, hint, undeclared) in [
        (
            "key@contoso.com",
            "--target key@contoso.com: key@contoso.com is protected by break_glass.keys (main.mfa.hcl:15), so no plan \
             changes them",
            "to manage key@contoso.com, take the user out of break_glass.keys",
            true,
        ),
        (
            "mail@contoso.com",
            "--target mail@contoso.com: mail@contoso.com is protected by service_account.mail (main.mfa.hcl:18), so no \
             plan changes them",
            "to manage mail@contoso.com, take the user out of service_account.mail",
            true,
        ),
        (
            "o'hara-3@contoso.com",
            "--target o'hara-3@contoso.com: no block claims o'hara-3@contoso.com, so nothing is declared and nothing is \
             planned",
            hara.as_str(),
            true,
        ),
        (
            "3com@contoso.com",
            "--target 3com@contoso.com: no block claims 3com@contoso.com, so nothing is declared and nothing is planned",
            three.as_str(),
            true,
        ),
        (
            "break_glass.keys",
            "--target break_glass.keys: break_glass.keys (main.mfa.hcl:15) protects its users, so no plan changes them",
            instead,
            true,
        ),
        (
            "service_account.mail",
            "--target service_account.mail: service_account.mail (main.mfa.hcl:18) protects its users, so no plan \
             changes them",
            instead,
            true,
        ),
        (
            "accept.MFA018",
            "--target accept.MFA018: accept.MFA018 declares no state, so nothing is planned for it",
            instead,
            true,
        ),
        (
            "mfa.staf",
            "--target mfa.staf: the tenant has no such user and the configuration no such block",
            "did you mean `mfa.staff`?",
            false,
        ),
        (
            "module.msp.mfa",
            "--target module.msp.mfa: the tenant has no such user and the configuration no such block",
            "did you mean `module.msp.mfa.all`?",
            false,
        ),
        (
            "module",
            "--target module: the tenant has no such user and the configuration no such block",
            "did you mean `module.msp.mfa.all`?",
            false,
        ),
        (
            "mfa",
            "--target mfa: the tenant has no such user and the configuration no such block",
            "did you mean `mfa.staff`?",
            false,
        ),
    ] {
        assert_eq!(one(target), (message.to_owned(), hint.to_owned(), undeclared), "{target}");
    }
    assert_eq!(problems(&["anna@contoso.com", "key@contoso.com", "mfa.staff", "mfa.nobody"]).len(), 2);
}
