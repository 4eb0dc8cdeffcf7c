//! What stands in a plan beside its changes: numbers, whom it leaves alone, notes, outputs, how it is to be applied.

use super::*;
use crate::{
    assumed::{AssumedPolicies, Assumption},
    config::Waivable,
    facts::UserKind,
    plan::{BlockKind, Claimed, PlanOrigin, StateCounts, enabled_users, execution_now},
    tenant::MfaState,
};

/// Ten people: raised, unchanged, enabled, of another block, emergency accounts, workloads, and one whom nobody claims.
const EVERYBODY: &str = r#"
mfa "one" {
  state  = "enforced"
  users  = ["anna@contoso.com"]
  reason = "the board decided so"
}
mfa "two" {
  state = "enforced"
  users = ["bo@contoso.com", "cy@contoso.com"]
}
mfa "three" {
  state = "disabled"
  users = ["dee@contoso.com"]
}
break_glass "first" {
  users  = ["key1@contoso.com"]
  reason = "kept in a safe"
}
break_glass "second" {
  users = ["key2@contoso.com"]
}
service_account "mail" {
  users       = ["mail@contoso.com"]
  owner       = "it@contoso.com"
  reason      = "relay"
  replacement = "app_registration"
  until       = "2027-03-31"
}
service_account "scripts" {
  users  = ["script@contoso.com"]
  owner  = "ops@contoso.com"
  reason = "nightly"
}
service_account "lowered" {
  users  = ["lower@contoso.com"]
  state  = "disabled"
  owner  = "ops@contoso.com"
  reason = "a program"
}
"#;

fn everybody() -> Case {
    let users = [
        person(1, "anna", json!({})),
        person(2, "bo", state("enforced")),
        person(3, "cy", state("enabled")),
        person(4, "dee", json!({})),
        person(5, "key1", json!({})),
        person(6, "key2", state("enforced")),
        person(7, "mail", json!({})),
        person(8, "script", state("enforced")),
        person(9, "lower", state("enforced")),
        person(10, "zoe", state("enabled")),
    ];
    Case::new(&users, EVERYBODY)
}

#[test]
fn everybody_is_counted_once_by_claim_and_by_state() {
    let plan = everybody().plan();
    assert_eq!(changing(&plan), ["anna", "cy", "lower"]);
    assert!(plan.changes.iter().all(|one| one.decision.is_apply()));
    let kinds: Vec<UserKind> = plan.changes.iter().map(|one| one.user.kind).collect();
    assert_eq!(kinds, [UserKind::Person, UserKind::Person, UserKind::ServiceAccount], "as the blocks declare them");
    let said = plan.summary;
    assert_eq!((said.users, said.managed, said.unmanaged, said.protected), (10, 4, 1, 5));
    assert_eq!(said.unchanged, 2, "a lowered workload is protected, and no change of a managed user");
    assert_eq!((said.enable, said.enforce, said.relax, said.disable, said.hold, said.block), (0, 2, 0, 1, 0, 0));
    assert_eq!(said.before, StateCounts { disabled: 4, enabled: 2, enforced: 4, unknown: 0 });
    assert_eq!(said.after, StateCounts { disabled: 4, enabled: 1, enforced: 5, unknown: 0 });
    let open = plan.changes.iter().flat_map(|one| &one.findings).chain(plan.findings.iter().map(|one| &one.finding));
    let counts = said.findings;
    assert_eq!(counts.info + counts.low + counts.medium + counts.high + counts.critical, open.count() as u64);
}

#[test]
fn blocks_carry_what_they_say_of_themselves_and_everybody_without_a_change_names_theirs() {
    let plan = everybody().plan();
    let said = |at: usize| {
        let one = &plan.blocks[at];
        let texts = [&one.owner, &one.reason, &one.until, &one.replacement].map(|text| text.as_deref().unwrap_or("-"));
        (one.place.address.as_str(), one.kind, texts)
    };
    let expected = [
        ("mfa.one", BlockKind::Mfa, ["-", "the board decided so", "-", "-"]),
        ("mfa.two", BlockKind::Mfa, ["-"; 4]),
        ("mfa.three", BlockKind::Mfa, ["-"; 4]),
        ("break_glass.first", BlockKind::BreakGlass, ["-", "kept in a safe", "-", "-"]),
        ("break_glass.second", BlockKind::BreakGlass, ["-"; 4]),
        (
            "service_account.mail",
            BlockKind::ServiceAccount,
            ["it@contoso.com", "relay", "2027-03-31", "app_registration"],
        ),
        ("service_account.scripts", BlockKind::ServiceAccount, ["ops@contoso.com", "nightly", "-", "-"]),
        ("service_account.lowered", BlockKind::ServiceAccount, ["ops@contoso.com", "a program", "-", "-"]),
    ];
    assert_eq!((0..plan.blocks.len()).map(said).collect::<Vec<_>>(), expected);
    let others: Vec<_> = plan
        .others
        .iter()
        .map(|one| {
            let by = one.claim.block().map_or("nobody", |at| plan.blocks[at as usize].place.address.as_str());
            (one.user.user_principal_name.split('@').next().unwrap(), one.state.as_str(), by)
        })
        .collect();
    assert_eq!(
        others,
        [
            ("bo", "enforced", "mfa.two"),
            ("dee", "disabled", "mfa.three"),
            ("key1", "disabled", "break_glass.first"),
            ("key2", "enforced", "break_glass.second"),
            ("mail", "disabled", "service_account.mail"),
            ("script", "enforced", "service_account.scripts"),
            ("zoe", "enabled", "nobody"),
        ]
    );
    assert_eq!(plan.others[0].claim, Claimed::Declared(1, MfaState::Enforced));
    assert!(everybody().targeted(&["mfa.one"]).unwrap().others.is_empty());
}

#[test]
fn changes_are_replayed_and_a_plan_without_changes_is_not() {
    let replay = everybody().plan().replay.expect("three users change");
    assert_eq!(replay.not_replayed.users, 3, "no single sign-ins are known of them");
    assert_eq!(Case::new(&[person(1, "anna", json!({}))], &block("all", "disabled", &["anna"])).plan().replay, None);
}

/// `created_at` is noon; the two windows of the last row are never open on the same day.
#[test]
fn a_closed_window_is_said_with_its_opening_and_only_its_own_waiver_silences_it() {
    let window = |words: &str| format!("guardrails {{\n  window {{\n    {words}\n  }}\n}}\n");
    let evening = window("from = \"20:00\"\n    to = \"22:00\"");
    let monday = window("days = [\"mon\"]");
    let noted = |config: &str, policy: Option<&str>, waived: Option<Waivable>| -> Vec<String> {
        let main = format!("{}{config}", block("all", "enforced", &["anna"]));
        let mut files = vec![("config/main.mfa.hcl", main.as_str())];
        files.extend(policy.map(|text| ("policy/p.mfa.hcl", text)));
        let case = Case::of(&[person(1, "anna", json!({}))], &json!({}), &files);
        let waiver = |guardrail| Waiver { guardrail, bound: "now".into(), reason: "CHG-7".into() };
        let waivers: Vec<Waiver> = waived.map(waiver).into_iter().collect();
        case.waived(&waivers).notes.into_iter().filter(|note| note.contains("window")).collect()
    };
    let closed = "the maintenance window is closed: apply will refuse until 2026-11-24 20:00 UTC";
    assert_eq!(noted(&evening, None, None), [closed]);
    assert_eq!(noted(&evening, None, Some(Waivable::MaxChanges)), [closed]);
    assert_eq!(noted(&evening, None, Some(Waivable::Window)), [""; 0]);
    assert_eq!(noted(&window("from = \"11:00\"\n    to = \"13:00\""), None, None), [""; 0]);
    assert_eq!(
        noted(&monday, Some(&window("days = [\"wed\"]")), None),
        ["the maintenance windows are closed, and never open together in the next 60 days"]
    );
}

#[test]
fn the_share_is_of_those_who_can_sign_in_and_who_may() {
    let users = [
        person(1, "anna", json!({})),
        person(2, "bo", json!({"accountEnabled": null})),
        person(3, "cy", json!({"accountEnabled": false})),
    ];
    let bound = "guardrails {\n  max_change_percent = 49\n}\n";
    let mut case = Case::new(&users, &format!("{}{bound}", block("all", "enforced", &["anna"])));
    assert_eq!(enabled_users(&case.tenant), 2);
    let refused = case.plan().refused;
    assert!(refused[0].reason.starts_with("1 of the 2 enabled users change, 50.0 %"), "{refused:?}");
    case.tenant.enabled_users = Some(40);
    assert_eq!(enabled_users(&case.tenant), 40, "a part of the tenant was read, and the whole was counted");
    assert_eq!(case.plan().refused, []);
}

/// A sign-in can only break where something changes: whoever is there needs no record of theirs.
#[test]
fn a_gate_asks_nothing_of_who_is_where_their_block_wants_them() {
    let rollout = "rollout \"winter\" {\n  wave \"all\" {\n    from = \"2026-11-20\"\n    gate {\n      \
                   predicted_breaks = 0\n    }\n  }\n}\n";
    let open = |is: &str, declared: &str| {
        let users = [person(1, "anna", state(is)), person(2, "bo", state("enforced"))];
        let claim = block("all", declared, &["anna"]).replace("}\n", "  rollout = \"winter\"\n}\n");
        let built = Case::new(&users, &format!("{claim}{rollout}")).built();
        let waits = built.plan.changes.iter().any(|one| one.decision.hold().is_some());
        (built.desired.waves[0].closed.is_none(), waits)
    };
    assert_eq!(open("enforced", "enforced"), (true, false));
    assert_eq!(open("enabled", "enabled"), (true, false), "not yet promoted, though registered");
    assert_eq!(open("enforced", "enabled"), (true, false), "promoted since");
    assert_eq!(open("disabled", "enforced"), (false, true), "nobody knows how they sign in");
}

/// What a plan assumes it says first, and gates still go by the policies that stand.
#[test]
fn assumed_policies_are_said_first_and_open_no_gate() {
    let rollout = "rollout \"winter\" {\n  wave \"all\" {\n    from = \"2026-11-20\"\n    gate {\n      \
                   covered_percent = 100\n    }\n  }\n}\n";
    let claim = block("all", "disabled", &["anna"]).replace("}\n", "  rollout = \"winter\"\n}\n");
    let mut case = Case::new(&[person(1, "anna", state("enforced"))], &format!("{claim}{rollout}"));
    case.tenant.conditional_access = Some(vec![crate::risk::testing_policies::policy("MFA for all")]);
    let opened = |assumed: Option<&Assumption>| {
        let built = build(&BuildInput { assumed, ..case.input(&[], &[]) }).unwrap_or_else(|error| panic!("{error:?}"));
        (built.desired.waves[0].closed.is_none(), built.plan.notes)
    };
    assert_eq!(opened(None), (true, Vec::new()));
    let record = AssumedPolicies {
        digest: "sha256:00".into(),
        files: vec!["policies.tf.json".into()],
        policies: Vec::new(),
        removed: vec!["MFA for some".into()],
    };
    let sentence = record.sentence().expect("a policy is taken away");
    let notes = vec!["one policy could not be read".to_owned()];
    let (open, said) = opened(Some(&Assumption { record, real: Vec::new(), notes: notes.clone() }));
    assert!(!open, "no policy covers anybody yet");
    assert_eq!(said, [sentence, notes[0].clone()]);
}

#[test]
fn a_rule_that_fails_is_named_at_its_own_place() {
    let rule = |id: &str, when: &str| {
        format!("rule \"{id}\" {{\n  when = {when}\n  severity = \"low\"\n  message = \"x\"\n}}\n")
    };
    let (fine, fails) =
        (rule("ORG-1", "user.job_title == \"Director\""), rule("ORG-2", "tonumber(user.employee_id) > 5"));
    let claim = block("all", "enforced", &["anna"]);
    let case = Case::new(&[person(1, "anna", json!({}))], &format!("{claim}{fine}{fails}"));
    let built = case.built();
    let warning = built.warnings.iter().find(|one| one.summary == "Rule failed").expect("it fails");
    assert!(warning.detail.starts_with("`rule \"ORG-2\"` could not be evaluated for every change: "), "{warning:?}");
    assert_eq!(warning.hints, ["wrap the expression in `try(…, true)` if an error shall count as a finding"]);
    let span = warning.primary.as_ref().expect("it has a place").span;
    assert_eq!(case.config.sources.start(span).line, 11, "of the second rule");
}

#[test]
fn checks_and_outputs_are_told_and_what_is_secret_is_not() {
    let more = r#"
variable "ticket" {
  default   = "CHG-secret"
  sensitive = true
}
check "few" {
  assert {
    condition     = plan.summary.enforce < 1
    error_message = "${plan.summary.enforce} users are enforced"
  }
}
check "quiet" {
  assert {
    condition     = plan.summary.enforce < 1
    error_message = "not with ${var.ticket}"
  }
}
check "holds" {
  assert {
    condition     = plan.summary.enforce == 1
    error_message = "none"
  }
}
output "raised" {
  value       = plan.summary.enforce
  description = "how many"
}
output "ticket" {
  value     = var.ticket
  sensitive = true
}
"#;
    let all = block("all", "enforced", &["anna"]);
    let case = Case::new(&[person(1, "anna", json!({}))], &format!("{all}{more}"));
    let plan = case.plan();
    let said: Vec<_> = plan.checks.iter().map(|one| (one.name.as_str(), one.passed, one.message.as_str())).collect();
    assert_eq!(
        said,
        [("few", false, "1 users are enforced"), ("quiet", false, "(sensitive value)"), ("holds", true, "")]
    );
    let outputs: Vec<_> = plan
        .outputs
        .iter()
        .map(|(name, one)| (name.as_str(), one.value.clone(), one.sensitive, one.description.as_deref()))
        .collect();
    assert_eq!(outputs, [("raised", Some(json!(1)), false, Some("how many")), ("ticket", None, true, None)]);
    let open = format!("{all}{}", more.replace("value     = var.ticket\n  sensitive = true", "value = var.ticket"));
    let Err(BuildError::Diagnostics(told)) = build(&Case::new(&[person(1, "anna", json!({}))], &open).input(&[], &[]))
    else {
        panic!("the value would be shown")
    };
    assert_eq!(told.iter().map(|one| one.summary.as_str()).collect::<Vec<_>>(), ["Output refers to a sensitive value"]);
}

/// What a saved plan is applied under is what the configuration says by then, by the same condition.
#[test]
fn a_plan_approves_itself_only_where_the_condition_is_plainly_true() {
    let auto = |condition: &str| {
        format!("guardrails {{\n  auto_approve {{\n    condition = {condition}\n    reason = \"small\"\n  }}\n}}\n")
    };
    let all = block("all", "enforced", &["anna"]);
    let anna = [person(1, "anna", json!({}))];
    for (condition, approved) in [
        ("plan.summary.enforce == 1", true),
        ("plan.summary.enforce == 2", false),
        ("tenant.name == \"Contoso\"", true),
    ] {
        let case = Case::new(&anna, &format!("{all}{}", auto(condition)));
        let plan = case.plan();
        let reason = approved.then_some("small");
        assert_eq!(plan.execution.auto_approve.as_deref(), reason, "{condition}");
        assert_eq!(execution_now(&case.config, &plan.summary, &case.tenant).unwrap(), plan.execution, "{condition}");
    }
    // The policy directory's condition reads the policy directory's files.
    let files = [("config/main.mfa.hcl", all.as_str()), ("policy/p.mfa.hcl", &auto("file(\"word.txt\") == \"yes\""))];
    let mut case = Case::of(&anna, &json!({}), &files);
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("word.txt"), "yes").unwrap();
    case.config.policy.as_mut().unwrap().dir = directory.path().to_owned();
    let plan = case.plan();
    assert_eq!(plan.execution.auto_approve.as_deref(), Some("small"));
    let reads = |origin: &PlanOrigin| origin.parts.keys().any(|part| part.contains("word.txt"));
    assert_eq!((plan.policy.as_ref().map(reads), reads(&plan.config)), (Some(true), false), "and is made of them");
    let case = Case::new(&anna, &format!("{all}{}", auto("tonumber(\"x\") == 1")));
    assert!(matches!(build(&case.input(&[], &[])), Err(BuildError::Diagnostics(told)) if told.len() == 1));
    let summary = crate::plan::Summary::default();
    assert_eq!(execution_now(&case.config, &summary, &case.tenant).unwrap_err().len(), 1);
}

/// An own rule sees each change as it is; of a state that is not known it sees null.
#[test]
fn own_rules_see_before_after_and_action() {
    let users = [
        person(1, "a", state("disabled")),
        person(2, "b", state("disabled")),
        person(3, "c", state("enabled")),
        person(4, "d", state("enabled")),
        person(5, "e", state("enforced")),
        person(6, "f", json!({"perUserMfaState": null})),
        person(7, "g", json!({"perUserMfaState": "enforced", "isMfaRegistered": false})),
    ];
    let blocks = [
        block("enforced", "enforced", &["a", "c"]),
        block("enabled", "enabled", &["b"]),
        block("disabled", "disabled", &["d", "e", "f"]),
        block("relaxed", "enabled", &["g"]).replace("}\n", "  allow_downgrade = true\n}\n"),
    ];
    let rule = "rule \"ORG-1\" {\n  when = change.after != \"x\"\n  severity = \"low\"\n  \
                message = \"${change.before} ${change.after} ${change.action}\"\n}\n";
    let plan = Case::new(&users, &format!("{}{rule}", blocks.concat())).plan();
    let told: Vec<(&str, &str)> = changing(&plan)
        .into_iter()
        .zip(&plan.changes)
        .map(|(name, one)| (name, &*one.findings.iter().find(|one| one.rule == "ORG-1").expect("it fires").message))
        .collect();
    assert_eq!(
        told,
        [
            ("a", "disabled enforced enforce"),
            ("b", "disabled enabled enable"),
            ("c", "enabled enforced enforce"),
            ("d", "enabled disabled disable"),
            ("e", "enforced disabled disable"),
            ("f", "Rule ORG-1 applies to this change."),
            ("g", "enforced enabled relax"),
        ]
    );
}

/// So many changes that they are judged in parts: what is said of the whole is the sum of them.
#[test]
fn what_is_said_of_parts_adds_up() {
    const MANY: u32 = 4_200;
    let of = |number: u32| {
        let mut facts = json!({});
        if number % 1_000 == 5 {
            facts["jobTitle"] = Value::Null;
        }
        if number == 4_100 {
            facts["employeeId"] = json!("none");
        } else {
            facts["employeeId"] = json!(number.to_string());
        }
        if number == 4_199 {
            merge(&mut facts, json!({"isMfaRegistered": false, "isMfaCapable": false, "methodsRegistered": []}));
        }
        person(number + 1, &format!("user{number:05}"), facts)
    };
    let users: Vec<Value> = (0..MANY).map(of).collect();
    let hcl = r#"
mfa "all" {
  state = "enforced"
  where = true
}
rule "ORG-BLIND" {
  when     = user.job_title == "Director" && change.after == "enforced"
  severity = "low"
  message  = "x"
}
rule "ORG-FAILS" {
  when     = tonumber(user.employee_id) < 0
  severity = "low"
  message  = "x"
}
rule "ORG-FINE" {
  when     = change.action == "disable"
  severity = "low"
  message  = "x"
}
accept "MFA018" {
  reason  = "the last one"
  expires = "2026-12-31"
}
"#;
    let built = Case::new(&users, hcl).built();
    let own: Vec<(&str, u64, &str)> = built
        .plan
        .not_evaluated
        .iter()
        .filter(|one| one.rule.starts_with("ORG"))
        .map(|one| (&*one.rule, one.users, &*one.fact))
        .collect();
    assert_eq!(own, [("ORG-BLIND", 5, "when"), ("ORG-FAILS", 1, "when")]);
    let failed: Vec<&str> =
        built.warnings.iter().filter(|one| one.summary == "Rule failed").map(|one| one.detail.as_str()).collect();
    assert!(matches!(failed[..], [one] if one.starts_with("`rule \"ORG-FAILS\"`")), "{failed:?}");
    assert!(!built.plan.findings.iter().any(|one| one.finding.rule == "MFA094"), "the waiver accepts something");
    assert_eq!(built.plan.changes.len(), MANY as usize);
    assert_eq!(built.plan.summary.accepted, 1);
}

/// Users of a rollout change in their waves; those of other blocks, and workloads that are lowered, change at once.
#[test]
fn only_who_is_in_no_rollout_changes_on_one_morning() {
    let users: Vec<Value> = (1..=24)
        .map(|number| {
            person(number, &format!("user{number:02}"), state(if number == 24 { "enforced" } else { "disabled" }))
        })
        .collect();
    let names: Vec<String> = (2..=23).map(|number| format!("user{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let slow = block("slow", "enforced", &["user01"]).replace("}\n", "  rollout = \"winter\"\n}\n");
    let more = "rollout \"winter\" {\n  wave \"all\" {\n    from = \"2026-11-20\"\n  }\n}\n\
                service_account \"low\" {\n  users = [\"user24@contoso.com\"]\n  state = \"disabled\"\n  \
                owner = \"it@contoso.com\"\n  reason = \"a program\"\n}\n";
    let plan = Case::new(&users, &format!("{slow}{}{more}", block("all", "enforced", &names))).plan();
    let found = plan.findings.iter().find(|one| one.finding.rule == "MFA089").expect("it fires");
    assert_eq!(found.finding.message, "23 of 24 enabled users change in one apply, without a rollout.");
}
