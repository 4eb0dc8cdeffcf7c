//! Every member of the document, one by one: it occurs, it is read, and what is read of it is written.
//!
//! The list is the schema, which is made of the types. A member that no example holds fails by its name, and so does one
//! that is read and forgotten, or written and not read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{into_plan, schema, view};
use crate::{plan::Plan, render::testing::refused};

/// A document with every member of the schema.
fn whole() -> Value {
    let mut document = serde_json::to_value(view(&refused())).unwrap();
    let at = "2026-11-20T08:00:00Z";
    let stretch = json!([{"from": "2026-10-21T08:00:00Z", "to": at}]);
    document["observed"]["evidence"] =
        json!({"mode": "full", "covered": {"interactive": stretch, "non_interactive": stretch}, "records": 7});
    document["targets"] = json!(["mfa.staff"]);
    document["rolls_back"] = json!("20261124T213000000Z-3fa9c1d2");
    let digest = format!("sha256:{}", "12".repeat(32));
    document["assumed_policies"] = json!({
        "digest": digest, "files": ["policies.json"], "removed": ["Old"],
        "policies": [{
            "id": "p", "display_name": "MFA for all", "state": "enabled", "in_tenant": "missing", "meaning": {"state": "enabled"},
        }],
    });
    let verdicts = json!({
        "breaks": 1, "blocked": 0, "must_register": 0, "challenged": 2, "asked_once": 0, "loses_mfa": 0, "mfa_already": 0,
        "failed_already": 0, "unchanged": 0,
    });
    let mut by_user = verdicts.clone();
    by_user["challenged"] = json!(1);
    let replayed = |decision: &str| {
        json!({
            "user": {"id": "11111111-1111-4111-8111-111111111111", "user_principal_name": "jo@contoso.com"},
            "decision": decision, "before": "disabled", "after": "enforced", "sign_ins": 3, "verdicts": verdicts,
            "skipped": {"IP address": 4},
            "rows": [{
                "verdict": "breaks", "app": {"id": "a", "display_name": "Office"}, "client": "IMAP4", "kind": "interactive",
                "count": 1, "first": "2026-11-01T08:00:00Z", "last": at, "assumed": ["registration"],
            }],
            "further": [{
                "verdict": "challenged", "app": {"id": "a", "display_name": "Office"}, "client": "Browser",
                "kind": "interactive", "count": 2, "first": "2026-11-01T08:00:00Z", "last": at, "assumed": [],
            }],
        })
    };
    // One change that is applied, and one that waits, which counts as withheld.
    document["replay"] = json!({
        "window": {"from": "2026-10-21T08:00:00Z", "to": at, "days": 30},
        "users": 2, "sign_ins": 6, "not_replayed": {"users": 2, "reason": "their state is unknown"},
        "verdicts": verdicts, "withheld": verdicts, "users_by_verdict": by_user, "skipped": {"IP address": 4},
        "days": [{"day": "2026-11-19", "verdicts": verdicts}],
        "changes": [replayed("apply"), replayed("hold")],
    });
    let change = &mut document["changes"][0];
    change["wave"] = json!("q1.pilot");
    for side in ["modern_auth", "legacy_auth"] {
        change["impact"][side]["policies"] = json!(["MFA for all"]);
    }
    let holds = document["changes"].as_array_mut().unwrap().iter_mut().filter_map(|one| one.get_mut("hold"));
    for hold in holds {
        hold["gate"] = json!({"name": "registered_percent", "required": 80.5, "actual": 70.5});
    }
    let blocks = document["blocks"].as_array_mut().unwrap();
    for member in ["owner", "reason", "until", "replacement"] {
        blocks[0][member] = json!("2027-01-01");
    }
    document["outputs"]["told"] = json!({"value": 7, "sensitive": false, "description": "what it is"});
    document["policy"]["files"] = json!(["policy.mfa.hcl"]);
    document["execution"]["auto_approve"] = json!("small");
    document
}

fn read(document: &Value) -> Result<Plan, String> {
    let text = document.to_string();
    let document = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    into_plan(document).map_err(|error| error.to_string())
}

/// Members of types that a document holds: `Type.member`.
fn occurring(all: &Value, schema: &Value, name: &str, value: &Value, found: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        return occurring(all, &all["$defs"][name], name, value, found);
    }
    for one in ["anyOf", "oneOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten() {
        occurring(all, one, name, value, found);
    }
    match value {
        Value::Object(members) => {
            for (key, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                match schema["properties"].get(key) {
                    Some(schema) => {
                        found.insert(format!("{name}.{key}"));
                        occurring(all, schema, name, value, found);
                    }
                    None => occurring(all, &schema["additionalProperties"], name, value, found),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|one| occurring(all, &schema["items"], name, one, found)),
        _ => {}
    }
}

#[test]
fn an_example_holds_every_member_of_the_schema() {
    let schema = schema::published();
    let named = schema["$defs"].as_object().unwrap().iter().map(|(name, schema)| (name.as_str(), schema));
    let all: BTreeSet<String> = named
        .chain([("Plan", &schema)])
        .flat_map(|(name, schema)| {
            let members = schema["properties"].as_object().into_iter().flatten();
            members.map(move |(member, _)| format!("{name}.{member}"))
        })
        .collect();
    let mut found = BTreeSet::new();
    occurring(&schema, &schema, "Plan", &whole(), &mut found);
    // A checksum is of a saved file, and no member of what is saved.
    let absent: Vec<_> = all.difference(&found).filter(|member| *member != "Plan.checksum").collect();
    assert!(absent.is_empty(), "no example holds {absent:?}");
}

#[test]
fn what_is_read_is_what_is_written() {
    let document = whole();
    let plan = read(&document).expect("every member together makes a plan");
    assert_eq!(serde_json::to_value(view(&plan)).unwrap(), document);
}

/// Pointers of all leaves.
fn leaves(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(key, one)| leaves(one, &format!("{pointer}/{}", key.replace('/', "~1")), found));
        }
        Value::Array(all) if !all.is_empty() => {
            all.iter().enumerate().for_each(|(at, one)| leaves(one, &format!("{pointer}/{at}"), found));
        }
        _ => found.push(pointer.to_owned()),
    }
}

/// Members that are not kept as they are: a state that this version does not know is read as just that, and the version is
/// the writer's own.
const NOT_KEPT: [&str; 2] = ["assumed_policies.policies.state", "format_version"];

#[test]
fn each_member_that_is_changed_is_refused_or_read_and_written_so() {
    let document = whole();
    let mut all = Vec::new();
    leaves(&document, "", &mut all);
    let mut forgotten = BTreeSet::new();
    for pointer in all {
        let now = document.pointer(&pointer).unwrap();
        let others = match now {
            Value::String(text) => {
                vec![json!(format!("{text}x")), json!("2027-02-02"), json!("2026-11-22T08:00:00Z"), json!("high")]
            }
            Value::Number(number) => vec![number.as_u64().map_or(json!(1.5), |number| json!(number + 1))],
            Value::Bool(one) => vec![json!(!one)],
            Value::Null => vec![json!("x")],
            _ => Vec::new(),
        };
        for other in others {
            let mut changed = document.clone();
            *changed.pointer_mut(&pointer).unwrap() = other;
            let Ok(plan) = read(&changed) else { continue };
            let written = serde_json::to_value(view(&plan)).unwrap();
            if written.pointer(&pointer) != changed.pointer(&pointer) {
                let path = pointer.split('/').filter(|one| one.parse::<usize>().is_err());
                forgotten.insert(path.collect::<Vec<_>>().join("."));
            }
        }
    }
    assert_eq!(forgotten.iter().map(|path| path.trim_start_matches('.')).collect::<Vec<_>>(), NOT_KEPT);
}
