use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::{
    render::testing::{digest_of, empty, many, refused, sample},
    tenant::ObservedState,
};

fn saved(plan: &Plan) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(plan, &mut bytes).unwrap();
    bytes
}

fn refusal(bytes: &[u8]) -> String {
    read(bytes, digest_of).unwrap_err().to_string()
}

/// Any content, with a right checksum and the digest `digest_of` gives.
fn sealed(document: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut sealing = checksum::Sealing::new(&mut bytes);
    serde_json::to_writer(&mut sealing, document).unwrap();
    sealing.finish().unwrap();
    bytes
}

fn document(plan: &Plan) -> Value {
    serde_json::to_value(v1::view(plan)).unwrap()
}

#[test]
fn a_saved_plan_is_read_back_as_it_was() {
    for mut plan in [sample(), refused(), empty(), many(50)] {
        let read = read(&saved(&plan), digest_of).unwrap();
        // The raw text of an unknown state is evidence, not state.
        for change in &mut plan.changes {
            if change.before.known().is_none() {
                change.before = ObservedState::Unknown(None);
            }
        }
        assert_eq!(read, plan);
        assert_eq!(saved(&read), saved(&plan));
    }
}

#[test]
fn the_saved_file_is_the_json_document_and_a_checksum() {
    let (mut json, file) = (Vec::new(), saved(&sample()));
    write_json(&sample(), &mut json).unwrap();
    let (mut json, mut file): (Value, Value) =
        (serde_json::from_slice(&json).unwrap(), serde_json::from_slice(&file).unwrap());
    assert!(file.as_object_mut().unwrap().remove("checksum").is_some());
    assert_eq!(json, file);
    assert!(json.as_object_mut().unwrap().remove("checksum").is_none());
}

#[test]
fn members_stand_in_the_documented_order() {
    let text = String::from_utf8(saved(&refused())).unwrap();
    let members = [
        "format_version",
        "mfaplan_version",
        "created_at",
        "as_of",
        "tenant",
        "config",
        "policy",
        "observed",
        "summary",
        "waivers",
        "refused",
        "changes",
        "findings",
        "not_evaluated",
        "checks",
        "outputs",
        "execution",
        "notes",
        "digest",
        "checksum",
    ];
    let mut rest = text.as_str();
    for member in members {
        let (_, after) =
            rest.split_once(&format!("\"{member}\":")).unwrap_or_else(|| panic!("{member} is not in place"));
        rest = after;
    }
    assert!(
        text.starts_with(r#"{"format_version":"1.0","mfaplan_version":"0.1.0","created_at":"2026-11-24T09:30:00Z""#)
    );
}

/// Names of policies stand where there are any, as a serializer writes them.
#[test]
fn policies_that_ask_or_keep_out_stand_beside_the_answers() {
    let mut plan = sample();
    let names = |all: &[&str]| all.iter().map(|one| (*one).into()).collect::<Vec<crate::tenant::Text>>().into();
    plan.changes[0].impact.modern_policies = names(&["MFA for all", "MFA \"for\" guests"]);
    plan.changes[0].impact.legacy_policies = names(&["Block legacy"]);
    let (mut bytes, viewed) = (Vec::new(), document(&plan));
    write_json(&plan, &mut bytes).unwrap();
    let written: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(written, viewed);
    let impact = &written["changes"][0]["impact"];
    assert_eq!(impact["modern_auth"]["policies"], json!(["MFA for all", "MFA \"for\" guests"]));
    assert_eq!(impact["legacy_auth"]["policies"], json!(["Block legacy"]));
    assert!(written["changes"][1]["impact"]["modern_auth"].get("policies").is_none());
}

#[test]
fn one_change_looks_as_specified() {
    let doc = document(&sample());
    let smith = doc["changes"].as_array().unwrap().iter().find(|c| c["user"]["display_name"] == "Kim Smith").unwrap();
    assert_eq!(smith["declared_by"], json!({"address": "mfa.staff", "file": "staff.mfa.hcl", "line": 3}));
    assert_eq!(smith["steps"], json!(["enforced"]));
    assert_eq!(smith["impact"]["legacy_auth"], json!({"before": "blocked", "after": "blocked"}));
    assert_eq!(smith["findings"][0]["accepted"]["approved_by"], "security@contoso.com");
    assert!(smith.get("hold").is_none());
    let unknown =
        doc["changes"].as_array().unwrap().iter().find(|c| c["user"]["display_name"] == "Xen Unknown").unwrap();
    assert_eq!(unknown["before"], "unknown");
    assert_eq!(unknown["blocked_by"], json!(["MFA045"]));
    let unwaved = doc["changes"].as_array().unwrap().iter().find(|c| c["user"]["display_name"] == "Qiang Li").unwrap();
    assert_eq!(unwaved["hold"], json!({"kind": "no_wave", "until": null, "reason": "in no wave"}));
    assert_eq!(doc["outputs"]["secret"], json!({"sensitive": true}));
    assert_eq!(doc["outputs"]["nothing"], json!({"value": null, "sensitive": false}));
}

#[test]
fn a_changed_byte_is_refused_wherever_it_is() {
    let file = saved(&sample());
    for position in (0..file.len() - 1).step_by(41).chain(file.len() - 80..file.len() - 1) {
        let mut changed = file.clone();
        changed[position] ^= 1;
        assert!(read(&changed, digest_of).is_err(), "byte {position} may be changed");
    }
    let text = String::from_utf8(file).unwrap();
    let renamed = text.replace("Jane Doe", "John Doe");
    assert!(refusal(renamed.as_bytes()).starts_with("was changed after it was written"));
}

#[test]
fn a_cut_file_is_called_cut() {
    let file = saved(&sample());
    for length in [1, 10, 60, 400, file.len() / 2, file.len() - 3] {
        let message = refusal(&file[..length]);
        assert!(message.starts_with("is cut off"), "{length}: {message}");
    }
    assert_eq!(refusal(b" \n"), "is empty");
}

#[test]
fn what_is_no_plan_is_called_by_its_name() {
    assert!(refusal(b"{\"formatVersion\": \"1.0\", \"users\": []}").contains("snapshot"));
    assert!(refusal(b"[1]").contains("not a JSON object"));
    assert!(refusal(b"\x7fELF").contains("is not a plan"));
    assert!(refusal(b"{\"a\": 1}").contains("format_version"));
    assert!(refusal("[".repeat(10_000).as_bytes()).contains("is not a plan"));
    let mut json = Vec::new();
    write_json(&sample(), &mut json).unwrap();
    assert!(refusal(&json).contains("--out"));
    assert!(matches!(header::read(&json).unwrap(), header::Header::Plan { .. }));
    let nested = br#"{"x":{"format_version":"1.0"},"formatVersion":"1.0""#;
    assert!(matches!(header::read(nested).unwrap(), header::Header::Snapshot));
}

#[test]
fn newer_minor_versions_are_read_and_newer_major_ones_refused() {
    let mut doc = document(&sample());
    doc["format_version"] = json!("1.7");
    doc["colour"] = json!("blue");
    doc["findings"][0]["mood"] = json!({"a": [1]});
    let file = sealed(&doc);
    assert_eq!(read(&file, digest_of).unwrap().changes.len(), sample().changes.len());
    let bent = String::from_utf8(file).unwrap().replace("blue", "grey");
    assert!(refusal(bent.as_bytes()).contains("checksum"));
    for version in [json!("2.0"), json!("1"), json!(1.0), json!("1.x"), json!("1.")] {
        doc["format_version"] = version;
        assert!(refusal(&sealed(&doc)).contains("format version"), "{}", doc["format_version"]);
    }
}

#[test]
fn a_digest_that_is_not_that_of_the_content_is_refused() {
    let mut doc = document(&sample());
    doc["changes"][0]["decision"] = json!("apply");
    doc["execution"]["canary"] = json!(77);
    assert!(refusal(&sealed(&doc)).contains("states the digest"));
    doc["digest"] = json!("sha256:12");
    assert!(refusal(&sealed(&doc)).contains("not a SHA-256"));
    doc["tenant"]["id"] = json!("contoso");
    assert!(refusal(&sealed(&doc)).contains("tenant.id"));
}

#[test]
fn a_file_with_a_line_break_more_is_the_same_file() {
    let mut file = saved(&sample());
    file.truncate(file.len() - 1);
    file.extend_from_slice(b"\r\n");
    assert!(read(&file, digest_of).is_ok());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("p.mfaplan");
    fs::write(&path, &file).unwrap();
    assert!(read_path(&path, digest_of).is_ok());
    assert!(matches!(read_path(&directory.path().join("none"), digest_of), Err(PlanFileError::Io(_))));
}

#[test]
fn what_was_expected_is_said_in_words() {
    for (member, value, expected) in
        [("changes", json!({}), "expected a list"), ("mfaplan_version", json!(5), "expected a string")]
    {
        let mut doc = document(&sample());
        doc[member] = value;
        let said = refusal(&sealed(&doc));
        assert!(said.contains(expected), "{member}: {said}");
    }
}

#[test]
fn sealing_flushes_what_it_writes_to() {
    #[derive(Default)]
    struct Counting(u32);
    impl io::Write for Counting {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            self.0 += 1;
            Ok(())
        }
    }
    let mut counting = Counting::default();
    let mut sealing = checksum::Sealing::new(&mut counting);
    assert_eq!(format!("{sealing:?}"), "Sealing { .. }");
    sealing.flush().unwrap();
    assert_eq!(counting.0, 1);
}

#[test]
fn sealing_refuses_what_is_no_object() {
    assert!(checksum::Sealing::new(Vec::new()).finish().is_err());
}

#[test]
fn pseudonyms_are_stable_and_show_no_id() {
    let (user, tenant) = (sample().changes[0].user.id, sample().tenant.id);
    let one = pseudonymous_user(user, tenant);
    assert_eq!(one, pseudonymous_user(user, tenant));
    let shown = user_id_text(one);
    assert!(shown.starts_with("user-") && shown.len() == 13, "{shown}");
    assert!(tenant_id_text(pseudonymous_tenant(tenant)).starts_with("tenant-"));
    assert_eq!(user_id_text(user), user.to_string());
}

/// Whatever is done to a file: reading it a window at a time and reading it as a whole say the same.
#[test]
fn both_ways_of_reading_agree() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("p.mfaplan");
    let agree = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let (whole, windows) = (read(bytes, digest_of), read_path(&path, digest_of));
        assert_eq!(whole.map_err(|error| error.to_string()), windows.map_err(|error| error.to_string()));
    };
    let file = saved(&sample());
    let mut long = saved(&many(3_000));
    agree(&long);
    let middle = long.len() / 2;
    long[middle] ^= 1;
    agree(&long);
    agree(&[&file[..], &b" \n".repeat(2_000)].concat());
    agree(&[b"\xef\xbb\xbf", &file[..]].concat());
    agree(&[&file[..], b"x"].concat());
    for position in (0..file.len()).step_by(97).chain(file.len() - 80..file.len()) {
        agree(&file[..position]);
        let mut changed = file.clone();
        changed[position] ^= 4;
        agree(&changed);
    }
    let doc = document(&sample());
    let bent = |bend: &dyn Fn(&mut Value)| {
        let mut doc = doc.clone();
        bend(&mut doc);
        agree(&sealed(&doc));
    };
    bent(&|_| ());
    bent(&|doc| doc["changes"] = json!({}));
    bent(&|doc| doc["changes"][2]["user"]["id"] = json!("nobody"));
    bent(&|doc| doc["changes"][2]["after"] = json!("on"));
    bent(&|doc| doc["changes"][2]["user"]["display_name"] = json!("\u{1b}\"é"));
    bent(&|doc| doc["findings"][0]["user"] = json!({"id": 1}));
    bent(&|doc| doc["format_version"] = json!("2.0"));
    bent(&|doc| doc["colour"] = json!({"changes": []}));
    for member in ["changes", "digest", "notes", "format_version"] {
        bent(&|doc| _ = doc.as_object_mut().unwrap().remove(member));
    }
    // What is right is read a window at a time, and not a second time as a whole.
    fs::write(&path, saved(&sample())).unwrap();
    let genuine = read(&saved(&sample()), digest_of).unwrap();
    assert!(matches!(streamed::read(&path), streamed::Outcome::Plan(plan) if plan == genuine));
    fs::write(&path, b"{\"users\": [], \"formatVersion\": \"1.0\"}").unwrap();
    assert!(matches!(streamed::read(&path), streamed::Outcome::Snapshot));
    for unclear in [&b"{}"[..], b"[]", b"", b"{\"format_version\": \"9.0\"}"] {
        fs::write(&path, unclear).unwrap();
        assert!(matches!(streamed::read(&path), streamed::Outcome::Unclear));
    }
    assert!(matches!(streamed::read(directory.path()), streamed::Outcome::Unclear));
    let twice = String::from_utf8(file).unwrap().replacen("\"changes\":[", "\"changes\":[],\"changes\":[", 1);
    agree(twice.as_bytes());
}

#[test]
fn the_checksum_is_the_same_however_the_file_is_cut() {
    use std::io::Read as _;
    struct Cut<'a>(&'a [u8], usize);
    impl io::Read for Cut<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(self.1);
            self.0.read(&mut buffer[..most])
        }
    }
    let file = saved(&sample());
    for size in [1, 7, 1_000, 1_024, 1_025, file.len() - 1, file.len()] {
        let mut checking = checksum::Checking::new(Cut(&file, size));
        let mut passed = Vec::new();
        checking.read_to_end(&mut passed).unwrap();
        assert!(passed == file && checking.verify().is_ok(), "{size}");
    }
}

/// Any content of this plan with the digest it has, as somebody who knows the format would make it.
fn forged(doc: &Value) -> Vec<u8> {
    let text = doc.to_string();
    let plan = v1::into_plan(serde_json::from_str(&text).unwrap()).unwrap();
    let mut doc = doc.clone();
    doc["digest"] = json!(digest_of(&plan).to_string());
    sealed(&doc)
}

/// Each edit says something else than what the rest of the file makes it; digest and checksum fit. Readers of every kind
/// (`show`, `diff`, `approve`, `apply`) read through this one function.
#[test]
fn a_file_that_does_not_agree_with_itself_is_refused_with_the_member_named() {
    let genuine = document(&sample());
    assert!(read(&forged(&genuine), digest_of).is_ok());
    let place = |decision: &str| {
        let all = genuine["changes"].as_array().unwrap();
        all.iter().position(|one| one["decision"] == decision).unwrap()
    };
    let (apply, hold) = (place("apply"), place("hold"));
    type Edit<'a> = &'a dyn Fn(&mut Value);
    let edits: [(&str, Edit<'_>); 26] = [
        ("changes[].steps", &|doc| doc["changes"][apply]["steps"] = json!([])),
        ("action", &|doc| {
            let now = doc["changes"][apply]["action"].clone();
            doc["changes"][apply]["action"] = if now == "relax" { json!("disable") } else { json!("relax") };
        }),
        ("effective", &|doc| {
            let now = doc["changes"][apply]["effective"].clone();
            doc["changes"][apply]["effective"] = if now == "disabled" { json!("enabled") } else { json!("disabled") };
        }),
        ("effective", &|doc| {
            // Registered, they would be promoted back: nothing is relaxed.
            let all = doc["changes"].as_array_mut().unwrap();
            let relaxed = all.iter_mut().find(|one| one["action"] == "relax").unwrap();
            (relaxed["user"]["registered"], relaxed["effective"]) = (json!(true), json!("enforced"));
        }),
        ("impact", &|doc| doc["changes"][apply]["impact"]["modern_auth"]["before"] = json!("unknown")),
        ("impact", &|doc| doc["changes"][apply]["impact"]["legacy_auth"]["after"] = json!("unknown")),
        ("decision", &|doc| {
            (doc["changes"][apply]["decision"], doc["changes"][apply]["blocked_by"]) =
                (json!("block"), json!(["MFA018"]));
        }),
        ("declared_by", &|doc| _ = doc["changes"][apply].as_object_mut().unwrap().remove("declared_by")),
        ("config.files", &|doc| doc["config"]["files"] = json!([])),
        ("config.files", &|doc| doc["rolls_back"] = json!("20261124T213000000Z-3fa9c1d2")),
        ("hold", &|doc| {
            let why = doc["changes"][hold]["hold"].as_object_mut().unwrap();
            why.remove("until");
            why.insert("reason".to_owned(), json!(" "));
        }),
        ("user", &|doc| {
            let one = doc["changes"][apply].clone();
            doc["changes"].as_array_mut().unwrap().push(one);
        }),
        ("user", &|doc| {
            let mut one = doc["changes"][apply].clone();
            let id = one["user"]["id"].as_str().unwrap().to_uppercase();
            (one["user"]["id"], one["user"]["user_principal_name"]) = (json!(id), json!("zz@contoso.com"));
            doc["changes"].as_array_mut().unwrap().push(one);
        }),
        ("user", &|doc| doc["changes"].as_array_mut().unwrap().reverse()),
        ("findings", &|doc| {
            let with = doc["changes"].as_array_mut().unwrap().iter_mut();
            let list = with.filter_map(|one| one["findings"].as_array_mut()).find(|list| !list.is_empty()).unwrap();
            list.push(list[0].clone());
        }),
        ("findings[1]", &|doc| {
            let list = doc["findings"].as_array_mut().unwrap();
            let worst = list[0].clone();
            (list[0]["severity"], list[0]["rule"]) = (json!("info"), json!("MFA091"));
            list[0]["name"] = json!("evidence-missing");
            list.insert(1, worst);
        }),
        ("summary.enforce", &|doc| doc["summary"]["enforce"] = json!(0)),
        ("summary.managed", &|doc| doc["summary"]["managed"] = json!(0)),
        ("summary.hold", &|doc| doc["summary"]["hold"] = json!(0)),
        ("summary.findings", &|doc| doc["summary"]["findings"]["high"] = json!(0)),
        ("summary.after", &|doc| doc["summary"]["after"]["enforced"] = json!(0)),
        ("summary.users", &|doc| doc["summary"]["users"] = json!(1)),
        ("observed.users", &|doc| doc["observed"]["users"] = json!(1)),
        ("estimated_seconds", &|doc| doc["execution"]["estimated_seconds"] = json!(77)),
        ("refused[0]", &|doc| doc["refused"] = json!([{"rule": "check.none", "reason": "x", "remedy": "y"}])),
        ("waivers", &|doc| {
            let waiver = json!({"guardrail": "max_changes", "bound": "9", "reason": "x"});
            doc["waivers"] = json!([waiver, waiver]);
        }),
    ];
    for (member, edit) in edits {
        let mut doc = genuine.clone();
        edit(&mut doc);
        let bytes = if member == "changes[].steps" { sealed(&doc) } else { forged(&doc) };
        let said = refusal(&bytes);
        let named = if member == "summary.users" { "`summary." } else { member };
        assert!(said.contains("does not agree with itself") && said.contains(named), "{member}: {said}");
    }
}

/// The leaves of a document: their pointers and values.
fn leaves(value: &Value, pointer: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, one)| leaves(one, &format!("{pointer}/{key}"), found)),
        Value::Array(all) => {
            all.iter().enumerate().for_each(|(at, one)| leaves(one, &format!("{pointer}/{at}"), found));
        }
        other => found.push((pointer.to_owned(), other.clone())),
    }
}

/// Whoever adds a counter counts it: in the sample (`render/testing.rs`), and where a file is held to what it says
/// (`difference` in `plan/file/check.rs`).
#[test]
fn every_counter_of_the_summary_is_counted_and_checked() {
    let mut counters = Vec::new();
    let genuine = document(&sample());
    leaves(&genuine["summary"], "/summary", &mut counters);
    for (pointer, count) in counters {
        let count = count.as_u64().unwrap_or_else(|| panic!("{pointer} is no count"));
        assert!(count > 0, "{pointer}: nothing of the sample counts for it");
        for other in [count + 1, count - 1] {
            let mut doc = genuine.clone();
            *doc.pointer_mut(&pointer).unwrap() = json!(other);
            let said = refusal(&forged(&doc));
            assert!(said.contains("does not agree with itself"), "{pointer} may be {other}: {said}");
        }
    }
}

#[test]
fn members_that_a_reader_would_act_on_must_be_known() {
    let (mut with, mut accepted) = (0, 0);
    for (place, change) in document(&sample())["changes"].as_array().unwrap().iter().enumerate() {
        with = if change["findings"][0]["evidence"][0].is_object() { place } else { with };
        accepted = if change["findings"][0]["accepted"].is_object() { place } else { accepted };
    }
    let (finding, accepted) =
        (format!("/changes/{with}/findings/0"), format!("/changes/{accepted}/findings/0/accepted"));
    let evidence = format!("{finding}/evidence/0");
    for path in [
        "/changes/0",
        "/changes/0/user",
        "/changes/0/impact",
        "/changes/0/declared_by",
        &finding,
        &evidence,
        &accepted,
        "/execution",
        "/policy",
    ] {
        let mut doc = document(&sample());
        doc.pointer_mut(path).unwrap()["skip_checks"] = json!(true);
        let said = refusal(&sealed(&doc));
        assert!(said.contains("unknown field `skip_checks`"), "{path}: {said}");
    }
}

#[test]
fn a_plan_of_an_older_version_is_told_as_such() {
    let mut doc = document(&sample());
    _ = doc["config"].as_object_mut().unwrap().remove("parts");
    assert_eq!(refusal(&sealed(&doc)), "was made by an older version of mfaplan; plan again");
}

/// What of a plan is written or judged.
fn decided(plan: &Plan) -> Value {
    let weights = |findings: &[crate::risk::Finding]| -> Vec<Value> {
        findings.iter().map(|one| json!([one.rule, one.severity, one.accepted.is_some()])).collect()
    };
    let changes: Vec<_> = plan
        .changes
        .iter()
        .map(|one| {
            let who = one.decision.is_apply().then_some((one.user.id, &one.user.user_principal_name));
            let states = (one.before.as_str(), one.after, one.effective, one.action);
            json!([who, states, one.decision.as_str(), one.decision.blocked_by(), weights(&one.findings)])
        })
        .collect();
    let mut findings: Vec<_> =
        plan.findings.iter().map(|one| weights(std::slice::from_ref(&one.finding))[0].to_string()).collect();
    findings.sort_unstable();
    json!([
        (plan.tenant.id, &plan.tenant.cloud, digest_of(plan).to_string(), changes, &plan.summary),
        findings,
        plan.refused.iter().map(|one| &one.rule).collect::<std::collections::BTreeSet<_>>(),
        plan.waivers.iter().map(|one| (&one.guardrail, &one.bound)).collect::<Vec<_>>(),
        (plan.execution.block_at, plan.execution.canary, plan.execution.stop_after_failures, &plan.execution.confirm),
    ])
}

/// One member changed and the checksum made to fit, as anybody can: the file is refused, or nothing in it that is written
/// or judged is another. What may be told otherwise is listed: texts that nothing in the file decides, and what `apply`
/// compares with the configuration at hand.
#[test]
#[expect(clippy::print_stdout, reason = "the count is to be read")]
fn no_single_change_of_a_saved_plan_is_written_or_judged() {
    use std::collections::BTreeMap;
    let (mut refusals, mut without_effect, mut told) = (0_u32, 0_u32, BTreeMap::<String, u32>::new());
    for (seed, plan, times) in [(1, sample(), 6_000), (2, refused(), 4_000), (3, empty(), 2_000)] {
        let genuine = read(&saved(&plan), digest_of).unwrap();
        let wanted = decided(&genuine);
        let mutator = mutation::Mutator::new(document(&plan));
        let mut random = mutation::Random(seed);
        for _ in 0..times {
            let (path, changed) = mutator.change(&mut random);
            match read(&sealed(&changed), digest_of) {
                Err(_) => refusals += 1,
                Ok(read) if read == genuine => without_effect += 1,
                Ok(read) => {
                    let judged = decided(&read) != wanted;
                    *told.entry(if judged { format!("{path}, which is judged") } else { path }).or_default() += 1;
                }
            }
        }
    }
    println!("{refusals} refused, {without_effect} without effect, {} told otherwise", told.values().sum::<u32>());
    let other: Vec<_> = told.keys().filter(|path| !mutation::is_listed(path, &TOLD)).collect();
    assert!(other.is_empty(), "{other:#?}");
    assert!(refusals > 8_000, "{refusals}");
}

/// Members that say something which nothing else in the file decides; `*` stands for all below.
const TOLD: [&str; 36] = [
    // `apply` compares these with the configuration and the policy at hand.
    "config.digest",
    "config.files*",
    "config.parts*",
    "policy*",
    "execution.approvals_required",
    "execution.auto_approve",
    // Held against the clock and the tenant by `apply`.
    "as_of",
    "created_at",
    "tenant.name",
    // Whom the digest does not name, since nothing is written of them; of the others id and name are in it.
    "changes[].user*",
    "others[].user*",
    "changes[].hold*",
    // What other policies ask for where the per-user state asks for nothing.
    "changes[].impact*",
    // Words.
    "changes[].findings[].accepted.*",
    "changes[].findings[].evidence*",
    "changes[].findings[].message",
    "changes[].findings[].remediation",
    "findings[]",
    "findings[].accepted.*",
    "findings[].declared_by*",
    "findings[].evidence*",
    "findings[].message",
    "findings[].remediation",
    "findings[].user*",
    "blocks*",
    "checks*",
    "outputs*",
    "notes*",
    "not_evaluated*",
    "observed.captured_at",
    "observed.source",
    "observed.unavailable*",
    "refused[]",
    "refused[].*",
    "waivers[].reason",
    "mfaplan_version",
];
