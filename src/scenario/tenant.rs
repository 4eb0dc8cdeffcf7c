//! The tenant of a run: a snapshot, users written in the scenario, or a snapshot with some users changed.
//!
//! Everything goes through the snapshot reader: inline users are written as JSON first, so that they are checked like
//! the real thing and mean the same.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value as Json, json};

use super::read::TenantBlock;
use crate::{
    config::sign_in_files,
    diag::{Diagnostic, Diagnostics, Span},
    eval::Value,
    sign_ins::{FileError, merge_files},
    snapshot,
    tenant::{ObservedTenant, TenantId, User, role},
};

/// Attributes of `user`, and of a snapshot's users in snake_case, with the key of the snapshot.
const KEYS: &[(&str, &str)] = &[
    ("id", "id"),
    ("user_principal_name", "userPrincipalName"),
    ("display_name", "displayName"),
    ("given_name", "givenName"),
    ("surname", "surname"),
    ("mail", "mail"),
    ("department", "department"),
    ("job_title", "jobTitle"),
    ("company_name", "companyName"),
    ("country", "country"),
    ("office_location", "officeLocation"),
    ("employee_id", "employeeId"),
    ("employee_type", "employeeType"),
    ("user_type", "userType"),
    ("account_enabled", "accountEnabled"),
    ("on_premises_sync_enabled", "onPremisesSyncEnabled"),
    ("created", "createdDateTime"),
    ("licenses", "licenses"),
    ("mfa_state", "perUserMfaState"),
    ("registered", "isMfaRegistered"),
    ("capable", "isMfaCapable"),
    ("methods", "methodsRegistered"),
    ("last_sign_in", "lastSignInDateTime"),
    ("last_interactive_sign_in", "lastInteractiveSignInDateTime"),
    ("last_password_change", "lastPasswordChangeDateTime"),
    ("mailbox_purpose", "mailboxPurpose"),
    ("device_count", "deviceCount"),
];

/// Attributes that need more than another name.
const SHAPED: [&str; 6] = ["password_never_expires", "groups", "roles", "legacy_sign_ins", "sign_ins", "extension"];

/// Attributes of `user` that follow from others.
const DERIVED: [&str; 3] = ["kind", "service_account_score", "domain"];

/// Reads or builds the tenant. `dir` is the directory of the scenario file.
pub(super) fn observe(
    block: &TenantBlock,
    dir: &Path,
    id: TenantId,
    window_days: u16,
    now: jiff::Timestamp,
) -> Result<ObservedTenant, Vec<Diagnostic>> {
    let mut document = match &block.file {
        Some((name, span)) => file(&dir.join(name.as_str()), name, *span)?,
        None => json!({
            "formatVersion": "1.0", "capturedAt": now.to_string(),
            "tenant": {"id": id.to_string(), "displayName": "Scenario"}, "groups": [], "users": [],
        }),
    };
    if let Some(enabled) = block.security_defaults_enabled {
        document["tenant"]["securityDefaultsEnabled"] = enabled.into();
    }
    if let Some(plans) = &block.service_plans {
        document["tenant"]["servicePlans"] = plans.to_json();
    }
    if let Some((users, span)) = &block.users {
        inline(&mut document, users, *span)?;
    }
    let name = block.file.as_ref().map_or("tenant", |(name, _)| name.as_str());
    let text = document.to_string();
    let mut observed = snapshot::from_slice(Path::new(name), text.as_bytes()).map_err(|error| {
        let span = block.users.as_ref().map(|(_, span)| *span).or(block.file.as_ref().map(|(_, span)| *span));
        vec![Diagnostic::error("Invalid tenant", error.to_string()).at(span.unwrap_or(block.header), "")]
    })?;
    if let Some((files, span)) = &block.sign_ins {
        let mut diags = Diagnostics::default();
        let files = sign_in_files("sign_ins", files, *span, &|file| dir.join(file), &mut diags);
        if diags.has_errors() {
            return Err(diags.into_sorted());
        }
        let written = own_sign_ins(block, &observed);
        merge_files(&files, dir, now, window_days, &mut observed).map_err(|error| vec![unreadable(&error, *span)])?;
        // What the scenario itself writes of a user wins over the files, as it does over the snapshot.
        observed.update_users(|users| {
            for user in users {
                if let Some(own) = written.iter().find(|own| own.id == user.id) {
                    user.sign_ins.clone_from(&own.sign_ins);
                    (user.last_sign_in, user.last_interactive_sign_in) =
                        (own.last_sign_in, own.last_interactive_sign_in);
                }
            }
        });
    }
    Ok(observed)
}

/// The users of whom the scenario writes sign-ins.
fn own_sign_ins(block: &TenantBlock, observed: &ObservedTenant) -> Vec<User> {
    const ABOUT: [&str; 4] = ["sign_ins", "legacy_sign_ins", "last_sign_in", "last_interactive_sign_in"];
    let users = block.users.iter().flat_map(|(users, _)| users.as_list().unwrap_or_default());
    let written = users.filter_map(Value::as_map).filter(|user| ABOUT.iter().any(|name| user.contains_key(*name)));
    let names = written.filter_map(|user| user.get("user_principal_name")?.as_str());
    names.filter_map(|name| observed.by_name(name)).map(|index| observed.user(index).clone()).collect()
}

/// A file of sign-ins that cannot be used, at the argument that names it.
pub(super) fn unreadable(error: &FileError, span: Span) -> Diagnostic {
    let problem = Diagnostic::error("Sign-ins cannot be read", format!("{error}.")).at(span, "");
    match &error.hint {
        Some(hint) if error.line.is_some() => problem.hint(hint.clone()),
        _ => problem,
    }
}

fn file(path: &Path, name: &str, span: Span) -> Result<Json, Vec<Diagnostic>> {
    let wrong = |detail: String| vec![Diagnostic::error("Tenant cannot be read", detail).at(span, "")];
    let bytes = std::fs::read(path).map_err(|error| wrong(format!("`{name}` cannot be read: {error}.")))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let document: Json =
        serde_json::from_slice(bytes).map_err(|error| wrong(format!("`{name}` is not a snapshot: {error}.")))?;
    if document.get("users").is_some_and(Json::is_array) && document.get("tenant").is_some_and(Json::is_object) {
        Ok(document)
    } else {
        Err(wrong(format!("`{name}` is not a snapshot: it has no `tenant` or no `users`.")))
    }
}

/// Adds the users of the scenario to the document, or changes those that are in it.
fn inline(document: &mut Json, users: &Value, span: Span) -> Result<(), Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut wrong = |detail: String| problems.push(Diagnostic::error("Invalid user", detail).at(span, ""));
    let Some(users) = users.as_list() else {
        wrong(format!("`users` must be a list of objects, not {}.", users.type_name()));
        return Err(problems);
    };
    for (position, user) in users.iter().enumerate() {
        let Some(attributes) = user.as_map() else {
            wrong(format!("users[{position}] must be an object, not {}.", user.type_name()));
            continue;
        };
        let Some(upn) = attributes.get("user_principal_name").and_then(Value::as_str) else {
            wrong(format!("users[{position}] has no `user_principal_name`."));
            continue;
        };
        let mut entry = Map::new();
        for (name, value) in attributes {
            if let Some((_, key)) = KEYS.iter().find(|(known, _)| *known == name.as_str()) {
                entry.insert((*key).into(), value.to_json());
            } else if let Err(problem) = shaped(document, &mut entry, name, value) {
                wrong(format!("{upn}: {problem}"));
            }
        }
        merge(document, upn, entry);
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// One attribute whose snapshot form differs from the language's.
fn shaped(document: &mut Json, entry: &mut Map<String, Json>, name: &str, value: &Value) -> Result<(), String> {
    let strings = || -> Result<Vec<&str>, String> {
        let all = value.as_list().map(|all| all.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
        all.flatten().ok_or_else(|| format!("`{name}` must be a list of strings, not {}", value.type_name()))
    };
    match name {
        "password_never_expires" => {
            let never = value.as_bool().ok_or_else(|| format!("`{name}` must be true or false"))?;
            entry.insert("passwordPolicies".into(), if never { "DisablePasswordExpiration" } else { "None" }.into());
        }
        "groups" => {
            let ids = strings()?.into_iter().map(|group| group_id(document, group)).collect::<Vec<_>>();
            entry.insert("memberOf".into(), ids.into());
        }
        "roles" => {
            let role = |name: &str| json!({"templateId": role_id(name), "displayName": name, "permanent": true});
            entry.insert("directoryRoles".into(), strings()?.into_iter().map(role).collect());
        }
        "extension" => {
            let values = value.as_map().ok_or_else(|| format!("`{name}` must be a map from \"1\" … \"15\""))?;
            let keyed = values.iter().map(|(number, value)| (format!("extensionAttribute{number}"), value.to_json()));
            entry.insert("onPremisesExtensionAttributes".into(), Json::Object(keyed.collect()));
        }
        "legacy_sign_ins" => {
            let counts = value.as_map().ok_or_else(|| format!("`{name}` must be a map from protocol to count"))?;
            let legacy =
                counts.iter().map(|(protocol, count)| (protocol.to_string(), json!({"count": count.to_json()})));
            let legacy = Json::Object(legacy.collect());
            let sign_ins = entry.entry("signIns").or_insert_with(|| json!({}));
            sign_ins["legacy"] = legacy;
        }
        "sign_ins" => {
            let counts = value.as_map().ok_or_else(|| format!("`{name}` must be an object"))?;
            let sign_ins = entry.entry("signIns").or_insert_with(|| json!({}));
            for (key, value) in counts {
                sign_ins[camel_case(key)] = value.to_json();
            }
        }
        _ if DERIVED.contains(&name) => return Err(format!("`{name}` follows from other facts and cannot be set")),
        _ => {
            let known = KEYS.iter().map(|(known, _)| *known).chain(SHAPED);
            let hint = crate::diag::did_you_mean(name, known).map(|hint| format!("; {hint}")).unwrap_or_default();
            return Err(format!("a user has no attribute `{name}`{hint}"));
        }
    }
    Ok(())
}

fn merge(document: &mut Json, upn: &str, mut entry: Map<String, Json>) {
    let Some(users) = document.get_mut("users").and_then(Json::as_array_mut) else { return };
    let same = |user: &&mut Json| {
        let name = user.get("userPrincipalName").and_then(Json::as_str);
        name.is_some_and(|name| name.to_lowercase() == upn.to_lowercase())
    };
    if let Some(Json::Object(found)) = users.iter_mut().find(same) {
        found.extend(entry);
        return;
    }
    entry.entry("id").or_insert_with(|| invented("user", upn).into());
    entry.entry("perUserMfaState").or_insert_with(|| "disabled".into());
    entry.entry("accountEnabled").or_insert(Json::Bool(true));
    entry.entry("userType").or_insert_with(|| "Member".into());
    // A user of whom no groups and roles are written is in none: a scenario says all that matters.
    entry.entry("memberOf").or_insert_with(|| json!([]));
    entry.entry("directoryRoles").or_insert_with(|| json!([]));
    users.push(Json::Object(entry));
}

/// The id of a group by its name; the tenant gets the group if it has none of this name.
fn group_id(document: &mut Json, name: &str) -> String {
    let named = |group: &&Json| {
        group.get("displayName").and_then(Json::as_str).is_some_and(|one| one.eq_ignore_ascii_case(name))
    };
    let found = document.get("groups").and_then(Json::as_array).and_then(|all| all.iter().find(named));
    if let Some(id) = found.and_then(|group| group.get("id")).and_then(Json::as_str) {
        return id.to_owned();
    }
    let id = invented("group", name);
    let group = json!({"id": id, "displayName": name, "mail": null});
    match document.get_mut("groups").and_then(Json::as_array_mut) {
        Some(groups) => groups.push(group),
        None => document["groups"] = json!([group]),
    }
    id
}

/// The template id of a role: the real one where rules look at it, else one made from the name.
fn role_id(name: &str) -> String {
    let known = [
        ("Global Administrator", role::GLOBAL_ADMINISTRATOR),
        ("Directory Synchronization Accounts", role::DIRECTORY_SYNCHRONIZATION_ACCOUNTS),
        ("On Premises Directory Sync Account", role::ON_PREMISES_DIRECTORY_SYNC_ACCOUNT),
        ("Directory Readers", role::DIRECTORY_READERS),
        ("Guest Inviter", role::GUEST_INVITER),
        ("Message Center Reader", role::MESSAGE_CENTER_READER),
        ("Reports Reader", role::REPORTS_READER),
    ];
    let found = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map_or_else(|| invented("role", &name.to_lowercase()), |(_, id)| id.to_string())
}

/// An id that is always the same for the same name.
fn invented(kind: &str, name: &str) -> String {
    let hash = digest(&SHA256, format!("{kind}\0{}", name.to_lowercase()).as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash.as_ref()).for_each(|(byte, hashed)| *byte = *hashed);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

fn camel_case(name: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for char in name.chars() {
        match char {
            '_' => upper = true,
            _ if upper => {
                out.extend(char.to_uppercase());
                upper = false;
            }
            _ => out.push(char),
        }
    }
    out
}
