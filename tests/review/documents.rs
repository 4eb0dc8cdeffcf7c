//! Everything the program writes for programs fits its published schema, with no member besides.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{AS_OF, Place, root};

/// The published schema, closed: readers must allow unknown members, but our own output has none.
fn schema(name: &str) -> jsonschema::Validator {
    let path = root().join(format!("docs/schema/{name}.schema.json"));
    let mut schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut open = BTreeSet::new();
    // Definitions that another object is joined with are closed where they are joined. Twice, as they refer to others.
    close(&mut schema, false, &mut open, false);
    close(&mut schema, false, &mut open, false);
    close(&mut schema, false, &mut open, true);
    jsonschema::validator_for(&schema).unwrap()
}

fn close(schema: &mut Value, joined: bool, open: &mut BTreeSet<String>, write: bool) {
    let Value::Object(members) = schema else { return };
    let has = members.contains_key("properties");
    let within = joined || has;
    if within && let Some(reference) = members.get("$ref").and_then(Value::as_str) {
        open.insert(reference.rsplit('/').next().unwrap().to_owned());
    }
    if write && has && !joined && !members.contains_key("additionalProperties") {
        members.insert("unevaluatedProperties".to_owned(), false.into());
    }
    for (key, child) in members.iter_mut() {
        match (key.as_str(), child) {
            ("oneOf" | "anyOf" | "allOf", Value::Array(list)) => {
                list.iter_mut().for_each(|one| close(one, within, open, write));
            }
            ("$defs", Value::Object(all)) => {
                for (name, one) in all {
                    let joined = open.contains(name);
                    close(one, joined, open, write);
                }
            }
            ("properties", Value::Object(all)) => all.values_mut().for_each(|one| close(one, false, open, write)),
            ("items" | "additionalProperties", child) => close(child, false, open, write),
            _ => {}
        }
    }
}

#[track_caller]
fn fits(name: &str, text: &str) {
    let document: Value = serde_json::from_str(text).unwrap();
    let validator = schema(name);
    let errors: Vec<_> = validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{name}: {errors:?}\n{text}");
    // And the check can fail: a member that nobody described.
    let mut grown = document;
    let object = if grown.is_array() { &mut grown[0] } else { &mut grown };
    object["surprise"] = 1.into();
    assert!(!validator.is_valid(&grown), "{name} takes anything");
}

#[track_caller]
fn lines_fit(name: &str, text: &str, types: &[&str]) {
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        fits(name, line);
        let line: Value = serde_json::from_str(line).unwrap();
        seen.insert(line["type"].as_str().unwrap().to_owned());
    }
    for one in types {
        assert!(seen.contains(*one), "no line of type {one}: {seen:?}");
    }
}

#[test]
fn a_run_from_plan_to_history() {
    let place = Place::with("contoso");
    let at = ["--chdir", "mfa", "--as-of", AS_OF];
    let run = |args: &[&str]| place.run(&[args, &at].concat());
    fits("plan", &run(&["plan", "--json", "--events", "../plan.jsonl"]).ends(0).out);
    lines_fit("events", &place.read("plan.jsonl"), &["change", "summary"]);
    run(&["plan", "--out", "../plan.mfaplan"]).ends(0);
    fits("plan", &place.read("plan.mfaplan"));
    let digest = serde_json::from_str::<Value>(&place.read("plan.mfaplan")).unwrap()["digest"].clone();
    run(&["apply", "--approve", digest.as_str().unwrap(), "--events", "../apply.jsonl"]).ends(0);
    lines_fit("events", &place.read("apply.jsonl"), &["start", "phase", "intent", "result", "summary"]);
    let history = place.run(&["history", "--json", "--chdir", "mfa"]).ends(0).out;
    fits("history", &history);
    let id = serde_json::from_str::<Value>(&history).unwrap()[0]["run"].as_str().unwrap().to_owned();
    lines_fit("journal", &place.read(&format!("mfa/.mfaplan/runs/{id}.jsonl")), &["run", "intent", "result", "end"]);
    fits("verify", &run(&["verify", &id, "--json", "--events", "../verify.jsonl"]).ends(0).out);
    lines_fit("events", &place.read("verify.jsonl"), &["verify", "summary"]);
}

#[test]
fn diagnostics_and_differences() {
    let place = Place::with("minimal");
    place.run(&["plan", "--chdir", "mfa", "--as-of", AS_OF, "--out", "../old.mfaplan"]).ends(0);
    let main = place.read("mfa/main.mfa.hcl");
    place.write("mfa/main.mfa.hcl", &main.replace("\"enforced\"", "\"enabled\""));
    place.run(&["plan", "--chdir", "mfa", "--as-of", AS_OF, "--out", "../new.mfaplan"]).ends(0);
    fits("diff", &place.run(&["diff", "old.mfaplan", "new.mfaplan", "--json"]).ends(0).out);
    fits("diagnostics", &place.run(&["validate", "--chdir", "mfa", "--json"]).ends(0).out);
    place.write("mfa/main.mfa.hcl", &main.replace("\"enforced\"", "\"enforce\""));
    let wrong = place.run(&["validate", "--chdir", "mfa", "--json"]).ends(1).out;
    fits("diagnostics", &wrong);
    assert!(wrong.contains("Did you mean `enforced`?"), "{wrong}");
}

#[test]
fn the_plans_of_a_fleet_their_report_and_what_became_of_them() {
    let place = Place::with("msp");
    // Modules lie within the git work tree.
    std::fs::create_dir(place.path("mfa/.git")).unwrap();
    place.write("mfa/tenants/contoso/broken.mfa.hcl", "mfa \"broken\" {}\n");
    let fleet = |line: &[&str]| place.run(&[&["fleet"], line, &["--chdir", "mfa"]].concat());
    // One that has no plan, one that is refused, and two more.
    let planned =
        fleet(&["plan", "--out", "plans", "--json", "--policy", "policy", "--as-of", "2026-11-24"]).ends(1).out;
    fits("fleet", &planned);
    fits("fleet", &place.read("mfa/plans/fleet.json"));
    fits("fleet-report", &fleet(&["report", "plans", "--json"]).ends(0).out);
    let set: serde_json::Value = serde_json::from_str(&planned).unwrap();
    let approved = ["apply", "plans", "--json", "--policy", "policy", "--approve-set", set["digest"].as_str().unwrap()];
    let applied = fleet(&approved).ends(4).out;
    fits("fleet-apply", &applied);
    assert!(applied.contains("\"not_planned\"") && applied.contains("\"done\""), "{applied}");
}
