//! A module behaves as its blocks would, written by hand where it is called.

use mfaplan::testing::plan::{Plan, digest, file};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::*;

/// A kind of block over one department: as it is written by hand, and in a module, where the department is an input.
#[derive(Clone, Copy, Debug)]
struct Piece {
    template: &'static str,
}

const PIECES: [Piece; 8] = [
    Piece {
        template: "mfa \"NAME\" {\n  state = \"enforced\"\n  where = user.department == DEPARTMENT\n  staged {\n    until = \"2026-12-01\"\n  }\n}\n",
    },
    Piece {
        template: "mfa \"NAME\" {\n  state    = \"enforced\"\n  where    = user.department == DEPARTMENT\n  priority = 3\n  rollout  = \"ROLLOUT\"\n}\nrollout \"ROLLOUT\" {\n  wave \"half\" {\n    from    = \"2026-11-01\"\n    percent = 50\n  }\n  wave \"all\" {\n    from    = \"2027-01-01\"\n    percent = 100\n  }\n}\n",
    },
    Piece {
        template: "mfa \"NAME\" {\n  for_each = toset([\"A\", \"B\"])\n  state    = \"enforced\"\n  where    = user.department == DEPARTMENT && user.company_name == each.value\n  priority = 2\n}\n",
    },
    Piece {
        template: "mfa \"NAME\" {\n  state    = \"disabled\"\n  where    = user.department == DEPARTMENT && user.job_title == \"Clerk\"\n  priority = 1\n}\n",
    },
    Piece {
        template: "service_account \"NAME\" {\n  where  = user.department == DEPARTMENT && user.job_title == \"Script\"\n  owner  = \"it@contoso.com\"\n  reason = \"scripts\"\n}\n",
    },
    Piece {
        template: "accept \"MFA018\" {\n  where   = user.department == DEPARTMENT\n  reason  = \"x\"\n  expires = \"2027-01-01\"\n}\n",
    },
    Piece {
        template: "rule \"RULE-NAME\" {\n  when     = user.department == DEPARTMENT && change.action == \"enforce\"\n  severity = \"high\"\n  message  = \"${user.display_name} of ${DEPARTMENT}\"\n}\n",
    },
    Piece { template: "guardrails {\n  block_at       = \"high\"\n  max_downgrades = 1\n}\n" },
];

impl Piece {
    fn written(self, at: usize, department: &str) -> String {
        self.template
            .replace("DEPARTMENT", department)
            .replace("RULE-NAME", &format!("OURS-{at}"))
            .replace("ROLLOUT", &format!("slow{at}"))
            .replace("NAME", &format!("block{at}"))
    }
}

const ANCHOR: &str =
    "mfa \"anchor\" {\n  state    = \"enforced\"\n  users    = [\"anchor@contoso.com\"]\n  priority = 9\n}\n";

fn user() -> impl Strategy<Value = Value> {
    let department = prop::sample::select(vec!["Finance", "Sales", "Leavers"]);
    let state = prop::sample::select(vec!["disabled", "enabled", "enforced"]);
    let title = prop::sample::select(vec!["Clerk", "Clerk", "Script"]);
    let company = prop::sample::select(vec!["A", "B"]);
    (department, state, title, company, any::<bool>()).prop_map(|(department, state, title, company, registered)| {
        let facts =
            json!({"department": department, "perUserMfaState": state, "jobTitle": title, "companyName": company});
        with(if registered { person("x") } else { unregistered("x") }, facts)
    })
}

fn users() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(user(), 4..20).prop_map(|users| {
        let named = |(at, user): (usize, Value)| {
            let identity = person(&format!("user{at}"));
            with(user, json!({"id": identity["id"], "userPrincipalName": identity["userPrincipalName"]}))
        };
        users.into_iter().enumerate().map(named).chain([person("anchor")]).collect()
    })
}

/// Which blocks, each over which department, and whether it stands in the module.
fn blocks() -> impl Strategy<Value = Vec<(usize, &'static str, bool)>> {
    let department = prop::sample::select(vec!["Finance", "Sales"]);
    prop::collection::vec((0..PIECES.len(), department, any::<bool>()), 1..7).prop_map(|mut blocks| {
        // One `guardrails` block a directory: by hand there is one directory.
        let mut seen = false;
        blocks.retain(|(piece, ..)| *piece + 1 != PIECES.len() || !std::mem::replace(&mut seen, true));
        blocks
    })
}

/// What the digest covers, and what people read.
fn facts(plan: &Plan) -> Value {
    let document: Value = serde_json::from_slice(&json_of(plan)).unwrap();
    let changes: Vec<Value> = document["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let findings: Vec<_> = one["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| (it["rule"].clone(), it["severity"].clone(), it["message"].clone()))
                .collect();
            json!([one["user"]["id"], one["before"], one["after"], one["decision"], one["hold"]["until"], findings])
        })
        .collect();
    json!([document["digest"], document["summary"], changes, document["refused"]])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_module_behaves_as_its_blocks_by_hand(users in users(), blocks in blocks(), repeated in any::<bool>(), nested in any::<bool>()) {
        let quoted = |department: &str| format!("\"{department}\"");
        let (mut own, mut moved, mut inside) = (ANCHOR.to_owned(), String::new(), String::new());
        for (at, (piece, department, in_module)) in blocks.iter().enumerate() {
            let piece = PIECES[*piece];
            if *in_module {
                moved.push_str(&piece.written(at, &quoted(department)));
                inside.push_str(&piece.written(at, &format!("local.names[{at}]")));
            } else {
                own.push_str(&piece.written(at, &quoted(department)));
            }
        }
        let by_hand = World::new(users.clone(), &format!("{own}{moved}"));
        let names: Vec<String> = blocks.iter().map(|(_, department, _)| quoted(department)).collect();
        let names = format!("[{}]", names.join(", "));
        let module = format!("variable \"of\" {{\n  type = list(string)\n}}\n\nlocals {{\n  names = var.of\n}}\n\n{inside}");
        let call = |to: &str, value: &str| if repeated {
            format!("module \"m\" {{\n  for_each = toset([\"one\"])\n  source   = \"{to}\"\n  of       = {value}\n}}\n")
        } else {
            format!("module \"m\" {{\n  source = \"{to}\"\n  of     = {value}\n}}\n")
        };
        let mut by_module = World::new(users, &format!("{own}{}", call("./m", &names)));
        if nested {
            let outer = format!("variable \"of\" {{\n  type = list(string)\n}}\n\n{}", call("../inner", "var.of"));
            by_module = by_module.file("m/main.mfa.hcl", &outer).file("inner/main.mfa.hcl", &module);
        } else {
            by_module = by_module.file("m/main.mfa.hcl", &module);
        }
        match (by_hand.built(), by_module.built()) {
            (Ok(hand), Ok(module)) => prop_assert_eq!(facts(&hand.plan), facts(&module.plan)),
            (Err(hand), Err(module)) => {
                let summaries = |all: &[mfaplan::testing::diag::Diagnostic]| {
                    let mut said: Vec<_> = all.iter().map(|one| one.summary.clone()).collect();
                    said.sort();
                    said
                };
                prop_assert_eq!(summaries(&hand), summaries(&module));
            }
            (hand, module) => prop_assert!(false, "{:?} / {:?}", hand.map(|_| ()), module.map(|_| ())),
        }
    }
}

const CALL: &str = "module \"m\" {\n  for_each = { a = \"Finance\", b = \"Sales\" }\n  source   = \"./m\"\n  of       = each.value\n}\n\nmfa \"anchor\" {\n  state    = \"enforced\"\n  users    = [\"anchor@contoso.com\"]\n  priority = 9\n}\n";
const MODULE: &str = "variable \"of\" {}\n\nmfa \"staff\" {\n  state = \"enforced\"\n  where = user.department == var.of\n}\n\ncheck \"small\" {\n  severity = \"error\"\n\n  assert {\n    condition     = plan.summary.users < 3 || var.of != \"Sales\"\n    error_message = \"${var.of}: too many\"\n  }\n}\n";

fn two() -> World {
    let sales = with(person("sam"), json!({"department": "Sales"}));
    World::new([person("fin"), sales, person("anchor")], CALL).file("m/main.mfa.hcl", MODULE)
}

#[test]
fn every_instance_judges_with_its_own_values() {
    let plan = two().plan();
    assert_eq!(story(&plan, "fin"), "disabled → enforced apply module.m[\"a\"].mfa.staff");
    assert_eq!(story(&plan, "sam"), "disabled → enforced apply module.m[\"b\"].mfa.staff");
    let place = change(&plan, "sam").declared_by.as_ref().unwrap();
    assert_eq!((place.file.as_str(), place.line), ("m/main.mfa.hcl", 3));
    let refused: Vec<_> = plan.refused.iter().map(|one| (one.rule.to_string(), one.reason.to_string())).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].0, "check.module.m[\"b\"].small");
    assert!(refused[0].1.contains("Sales: too many"), "{refused:?}");
    // What is saved reads back: its places are those of a module.
    let mut saved = Vec::new();
    file::write(&plan, &mut saved).unwrap();
    if let Err(error) = file::read(&saved, digest::compute) {
        panic!("{error}");
    }
}

#[test]
fn a_module_an_instance_and_a_block_of_it_can_be_targeted() {
    let planned = |target: &str| {
        let mut world = two();
        world.targets = vec![target.to_owned()];
        let plan = world.plan();
        ["fin", "sam", "anchor"].into_iter().filter(|name| find(&plan, name).is_some()).collect::<Vec<_>>()
    };
    assert_eq!(planned("module.m"), ["fin", "sam"]);
    assert_eq!(planned("module.m[\"b\"]"), ["sam"]);
    assert_eq!(planned("module.m[\"a\"].mfa.staff"), ["fin"]);
    let mut world = two();
    world.targets = vec!["module.x".to_owned()];
    assert!(told(&world.refusal()).contains("no such block"));
}
