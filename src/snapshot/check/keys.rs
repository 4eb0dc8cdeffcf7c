//! Every key of the file, one by one: changed, seen in the reading, written, and read again as it was.
//!
//! The walk goes by the table that problems are found with. A key of the table that no example holds, a key that is
//! written and not in the table, and a fact that no example sets fail here by their names.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::{Value, json};

use super::{CELL, DOCUMENT, Kind, Member, SIGN_INS};
use crate::{
    snapshot::{from_slice, tests, write},
    tenant::ObservedTenant,
};

/// Keys of which the reading keeps nothing: what is missing or other there says nothing of the tenant.
const NOT_KEPT: [&str; 1] = ["formatVersion"];

/// Facts that no file holds: they come from where the file is, and from the records beside it.
const NOT_IN_A_FILE: [&str; 2] = ["evidence", "enabled_users"];

fn examples() -> [Value; 2] {
    [tests::full(), tests::celled()].map(|text| serde_json::from_str(&text).unwrap())
}

fn read(document: &Value) -> Option<ObservedTenant> {
    from_slice(Path::new("tenant.json"), document.to_string().as_bytes()).ok()
}

fn written(tenant: &ObservedTenant) -> Value {
    let mut bytes = Vec::new();
    write(tenant, &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// What is known of a tenant. Its users are looked up by nobody here, so that both ways of asking are the same.
fn known(tenant: &ObservedTenant) -> String {
    format!("{tenant:?}")
}

/// The members of an object of this kind.
fn members(kind: Kind) -> Option<&'static [Member]> {
    match kind {
        Kind::Object(members) => Some(members),
        Kind::SignIns => Some(SIGN_INS),
        Kind::Cell => Some(CELL),
        _ => None,
    }
}

/// A place in a document: its pointer, its path without positions, and what it may hold.
struct Place {
    pointer: String,
    path: String,
    kind: Kind,
    required: bool,
}

/// Every place of the table in a document that holds it, and what the document holds beside the table.
fn places(
    kind: Kind,
    value: &Value,
    pointer: &str,
    path: &str,
    found: &mut Vec<Place>,
    strange: &mut BTreeSet<String>,
) {
    if let (Some(members), Some(object)) = (members(kind), value.as_object()) {
        for (key, value) in object {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            match members.iter().find(|member| member.key == key) {
                Some(Member { key: _, kind, required }) => {
                    places(*kind, value, &pointer, &path, found, strange);
                    found.push(Place { pointer, path, kind: *kind, required: *required });
                }
                None => _ = strange.insert(path),
            }
        }
    }
    match (kind, value) {
        (Kind::List(entry), Value::Array(all)) => {
            for (at, one) in all.iter().enumerate() {
                places(*entry, one, &format!("{pointer}/{at}"), &format!("{path}[]"), found, strange);
            }
        }
        (Kind::Map(entry), Value::Object(all)) => {
            for (key, one) in all {
                places(*entry, one, &format!("{pointer}/{key}"), &format!("{path}.*"), found, strange);
            }
        }
        _ => {}
    }
}

/// Every path of the table.
fn table(kind: Kind, path: &str, all: &mut BTreeSet<String>) {
    for member in members(kind).into_iter().flatten() {
        let path = if path.is_empty() { member.key.to_owned() } else { format!("{path}.{}", member.key) };
        table(member.kind, &path, all);
        all.insert(path);
    }
    match kind {
        Kind::List(entry) => table(*entry, &format!("{path}[]"), all),
        Kind::Map(entry) => table(*entry, &format!("{path}.*"), all),
        _ => {}
    }
}

/// Other values that this place may hold, the likeliest to fit the rest of the document first.
fn others(kind: Kind, value: &Value) -> Vec<Value> {
    let text = value.as_str().unwrap_or_default();
    match kind {
        Kind::Guid => vec![json!("77777777-7777-4777-8777-777777777777")],
        // Words that the program knows, and one that it does not.
        Kind::Name | Kind::Text => {
            ["enforced", "Guest", "room", "None", "Managed", "roles", "other", ""].map(Value::from).into()
        }
        Kind::Flag => vec![json!(value != &json!(true))],
        Kind::Count(_) => {
            let count = value.as_u64().unwrap();
            [count.checked_add(1), count.checked_sub(1)].into_iter().flatten().map(Value::from).collect()
        }
        Kind::Share => vec![json!(0.75)],
        Kind::Date => vec![json!(text.replace(":00Z", ":07Z")), json!(text.replace(":00.123Z", ":07Z"))],
        Kind::Day => vec![json!("2026-11-05")],
        Kind::Word(words) => words.iter().map(|word| json!(word)).collect(),
        Kind::Address => vec![json!("00000000000000ff")],
        Kind::Version => vec![json!("1.9")],
        Kind::Policy => {
            let mut other = value.clone();
            other["displayName"] = json!("other");
            vec![other]
        }
        Kind::List(_) => vec![json!([])],
        Kind::Map(_) => vec![json!({})],
        Kind::Object(_) | Kind::SignIns | Kind::Cell => Vec::new(),
    }
}

/// A document of which this reading is another than `before`, and which is the same written and read again.
fn seen_and_kept(document: &Value, before: &str, path: &str) -> bool {
    let Some(tenant) = read(document) else { return false };
    let after = known(&tenant);
    let again = read(&written(&tenant)).unwrap_or_else(|| panic!("{path}: what was written cannot be read"));
    assert_eq!(known(&again), after, "{path}: written and read again it is another");
    after != before
}

#[test]
fn every_key_is_seen_written_and_read_again() {
    let (mut seen, mut never) = (BTreeSet::new(), BTreeSet::new());
    for example in examples() {
        let before = known(&read(&example).expect("an example is valid"));
        let mut found = Vec::new();
        places(Kind::Object(DOCUMENT), &example, "", "", &mut found, &mut BTreeSet::new());
        for Place { pointer, path, kind, required } in found {
            let now = example.pointer(&pointer).unwrap();
            let mut changed = others(kind, now).into_iter().filter(|other| other != now).map(|other| {
                let mut document = example.clone();
                *document.pointer_mut(&pointer).unwrap() = other;
                document
            });
            let is_seen = changed.any(|document| seen_and_kept(&document, &before, &path)) || members(kind).is_some();
            let without = |document: &mut Value| {
                let (parent, key) = pointer.rsplit_once('/').unwrap();
                document.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
            };
            let mut missing = example.clone();
            without(&mut missing);
            let is_missed = required || seen_and_kept(&missing, &before, &path);
            if is_seen && is_missed {
                seen.insert(path)
            } else {
                never.insert(path)
            };
        }
    }
    let never: Vec<_> = never.difference(&seen).filter(|path| !NOT_KEPT.contains(&path.as_str())).collect();
    assert!(never.is_empty(), "changed or left out, nobody sees it: {never:?}");
    let mut all = BTreeSet::new();
    table(Kind::Object(DOCUMENT), "", &mut all);
    let absent: Vec<_> = all.difference(&seen).filter(|path| !NOT_KEPT.contains(&path.as_str())).collect();
    assert!(absent.is_empty(), "no example in `snapshot/tests.rs` holds {absent:?}");
}

#[test]
fn what_is_written_is_in_the_table() {
    for example in examples() {
        let mut strange = BTreeSet::new();
        let written = written(&read(&example).unwrap());
        places(Kind::Object(DOCUMENT), &written, "", "", &mut Vec::new(), &mut strange);
        assert!(strange.is_empty(), "`snapshot/write.rs` writes what `snapshot/check.rs` does not list: {strange:?}");
    }
}

/// A field of the model that is unknown in every example is one that nobody reads from a file.
#[test]
fn every_fact_of_the_model_is_known_in_an_example() {
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    for example in examples() {
        let text = known(&read(&example).unwrap());
        let fields = [": None", ": Unknown"].into_iter().flat_map(|nothing| {
            text.match_indices(nothing).map(|(at, _)| {
                let name = text[..at].rsplit(|one: char| !(one.is_alphanumeric() || one == '_')).next().unwrap();
                name.to_owned()
            })
        });
        let users = read(&example).unwrap().users().len();
        let mut here: BTreeMap<String, usize> = BTreeMap::new();
        fields.for_each(|field| *here.entry(field).or_default() += 1);
        // Of several users one knows it.
        for (field, _) in here.into_iter().filter(|(field, times)| *times >= users || NOT_IN_A_FILE.contains(&&**field))
        {
            *unknown.entry(field).or_default() += 1;
        }
    }
    let nobody: Vec<_> =
        unknown.into_iter().filter(|(_, times)| *times == examples().len()).map(|(field, _)| field).collect();
    assert_eq!(
        nobody,
        NOT_IN_A_FILE.map(str::to_owned).into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    );
}
