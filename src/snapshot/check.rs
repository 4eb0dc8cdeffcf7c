//! Says what is wrong with a file that could not be read, and where.
//!
//! Reading is fast because it stops at the first value that does not fit and does not keep track of where it is. Only
//! when it has failed is the file read a second time, here, against a table of what each key holds: that yields every
//! problem at once, each with its path, line and column. A property test holds the two together.

#[cfg(test)]
mod keys;
#[cfg(test)]
mod schema;

use std::{borrow::Cow, collections::HashMap, ops::Range};

use serde::de::IgnoredAny;

use crate::{
    json::walk,
    tenant::{Policy, UserId},
};

use super::{
    cells,
    error::{MAX_PROBLEMS, Problem},
    head,
    sign_ins::{self, Contradiction},
    time,
};

/// What a value may be. Null is allowed wherever a key may be missing.
#[derive(Clone, Copy)]
enum Kind {
    Guid,
    Name,
    Text,
    Flag,
    Count(u64),
    Share,
    Date,
    Day,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The hash of an address.
    Address,
    Version,
    Policy,
    Object(&'static [Member]),
    /// Counts that must not contradict each other.
    SignIns,
    /// A cell, whose instants must be of its day.
    Cell,
    List(&'static Kind),
    /// An object whose keys are data.
    Map(&'static Kind),
}

/// A key of an object.
struct Member {
    key: &'static str,
    kind: Kind,
    required: bool,
}

const fn optional(key: &'static str, kind: Kind) -> Member {
    Member { key, kind, required: false }
}

const fn required(key: &'static str, kind: Kind) -> Member {
    Member { key, kind, required: true }
}

const U16: u64 = u16::MAX as u64;
const U32: u64 = u32::MAX as u64;

const DOCUMENT: &[Member] = &[
    optional("formatVersion", Kind::Version),
    optional("capturedAt", Kind::Date),
    optional("registrationCapturedAt", Kind::Date),
    required("tenant", Kind::Object(TENANT)),
    optional("groups", Kind::List(&Kind::Object(GROUP))),
    optional("conditionalAccessPolicies", Kind::List(&Kind::Policy)),
    optional("unavailable", Kind::List(&Kind::Object(UNAVAILABLE))),
    required("users", Kind::List(&Kind::Object(USER))),
];

const TENANT: &[Member] = &[
    required("id", Kind::Guid),
    optional("displayName", Kind::Text),
    optional("initialDomain", Kind::Name),
    optional("servicePlans", Kind::List(&Kind::Name)),
    optional("securityDefaultsEnabled", Kind::Flag),
    optional("domains", Kind::List(&Kind::Object(DOMAIN))),
    optional("mfaServicePolicy", Kind::Object(SERVICE_POLICY)),
    optional("authenticationMethodsPolicy", Kind::Object(&[optional("policyMigrationState", Kind::Text)])),
    optional("operatorId", Kind::Guid),
    optional("unreadGroups", Kind::List(&Kind::Guid)),
    optional("conditionalAccessRead", Kind::Object(POLICIES_READ)),
];

const POLICIES_READ: &[Member] = &[
    required("version", Kind::Word(&["v1.0", "beta"])),
    required("read", Kind::Count(U32)),
    optional("listed", Kind::Count(U32)),
    optional("plans", Kind::Count(U32)),
];

const DOMAIN: &[Member] = &[
    required("id", Kind::Name),
    required("authenticationType", Kind::Name),
    optional("federatedIdpMfaBehavior", Kind::Text),
];

const SERVICE_POLICY: &[Member] = &[
    optional("allowAppPasswords", Kind::Flag),
    optional("trustedIps", Kind::List(&Kind::Name)),
    optional("skipMfaForFederatedUsers", Kind::Flag),
    optional("rememberMfaDays", Kind::Count(U32)),
];

const GROUP: &[Member] =
    &[required("id", Kind::Guid), optional("displayName", Kind::Text), optional("mail", Kind::Text)];

const UNAVAILABLE: &[Member] = &[required("fact", Kind::Name), optional("reason", Kind::Text)];

const USER: &[Member] = &[
    required("id", Kind::Guid),
    required("userPrincipalName", Kind::Name),
    optional("perUserMfaState", Kind::Text),
    optional("displayName", Kind::Text),
    optional("mail", Kind::Text),
    optional("givenName", Kind::Text),
    optional("surname", Kind::Text),
    optional("department", Kind::Text),
    optional("jobTitle", Kind::Text),
    optional("companyName", Kind::Text),
    optional("country", Kind::Text),
    optional("officeLocation", Kind::Text),
    optional("employeeId", Kind::Text),
    optional("employeeType", Kind::Text),
    optional("userType", Kind::Text),
    optional("accountEnabled", Kind::Flag),
    optional("onPremisesSyncEnabled", Kind::Flag),
    optional("createdDateTime", Kind::Date),
    optional("passwordPolicies", Kind::Text),
    optional("lastPasswordChangeDateTime", Kind::Date),
    optional("licenses", Kind::List(&Kind::Name)),
    optional("onPremisesExtensionAttributes", Kind::Object(EXTENSION)),
    optional("mailboxPurpose", Kind::Text),
    optional("isMfaRegistered", Kind::Flag),
    optional("isMfaCapable", Kind::Flag),
    optional("methodsRegistered", Kind::List(&Kind::Name)),
    optional("@odata.type", Kind::Text),
    optional("identityParentId", Kind::Text),
    optional("deviceCount", Kind::Count(U32)),
    optional("manager", Kind::Object(MANAGER)),
    optional("mobilePhone", Kind::Text),
    optional("businessPhones", Kind::List(&Kind::Name)),
    optional("memberOf", Kind::List(&Kind::Guid)),
    optional("directoryRoles", Kind::List(&Kind::Object(ROLE))),
    optional("lastSignInDateTime", Kind::Date),
    optional("lastInteractiveSignInDateTime", Kind::Date),
    optional("signIns", Kind::SignIns),
];

const MANAGER: &[Member] =
    &[required("id", Kind::Guid), optional("userPrincipalName", Kind::Name), optional("displayName", Kind::Text)];

const ROLE: &[Member] = &[
    required("templateId", Kind::Guid),
    optional("displayName", Kind::Text),
    optional("permanent", Kind::Flag),
    optional("directoryScopeId", Kind::Text),
];

const SIGN_INS: &[Member] = &[
    optional("windowDays", Kind::Count(U16)),
    optional("interactive", Kind::Count(U32)),
    optional("interactiveMfa", Kind::Count(U32)),
    optional("mfaSkipped", Kind::Map(&Kind::Count(U32))),
    optional("nonInteractive", Kind::Count(U32)),
    optional("failed", Kind::Count(U32)),
    optional("failedMfa", Kind::Count(U32)),
    optional("ropc", Kind::Count(U32)),
    optional("appPassword", Kind::Count(U32)),
    optional("distinctIps", Kind::Count(U32)),
    optional("activeHours", Kind::Count(24)),
    optional("weekendShare", Kind::Share),
    optional("legacy", Kind::Map(&Kind::Object(LEGACY))),
    optional("apps", Kind::List(&Kind::Object(APP))),
    optional("clients", Kind::List(&Kind::Name)),
    optional("cells", Kind::List(&Kind::Cell)),
];

const CELL: &[Member] = &[
    required("day", Kind::Day),
    required("app", Kind::Object(&[required("id", Kind::Name), optional("displayName", Kind::Text)])),
    optional("resource", Kind::Object(&[required("id", Kind::Name)])),
    required("client", Kind::Name),
    required("kind", Kind::Word(&["interactive", "nonInteractive", "non_interactive"])),
    optional("protocol", Kind::Word(&["other", "ropc", "deviceCode"])),
    optional("requirement", Kind::Word(&["single", "multi"])),
    optional("mfa", Kind::Word(&cells::MFA)),
    optional("skipped", Kind::Text),
    required("outcome", Kind::Word(&["success", "interrupted", "failure"])),
    optional("errorCode", Kind::Count(U32)),
    optional("askedBy", Kind::List(&Kind::Name)),
    optional("policies", Kind::List(&Kind::Object(&[required("id", Kind::Name), required("result", Kind::Name)]))),
    optional("appPassword", Kind::Flag),
    optional("product", Kind::Text),
    optional("hours", Kind::List(&Kind::Count(23))),
    optional("addresses", Kind::List(&Kind::Address)),
    optional("addressesCut", Kind::Flag),
    required("count", Kind::Count(U32)),
    optional("first", Kind::Date),
    optional("last", Kind::Date),
];

const LEGACY: &[Member] =
    &[required("count", Kind::Count(U32)), optional("last", Kind::Date), optional("distinctIps", Kind::Count(U32))];

const APP: &[Member] =
    &[required("id", Kind::Name), optional("displayName", Kind::Text), required("count", Kind::Count(U32))];

macro_rules! extension {
    ($($number:literal)*) => {
        &[$(optional(concat!("extensionAttribute", $number), Kind::Text),)*]
    };
}

const EXTENSION: &[Member] = extension!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);

/// The problems of a document, in the order of the file.
pub(super) fn problems(text: &[u8]) -> Vec<Problem> {
    let bom = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut check = Check { text, found: Vec::new(), user: None };
    let body = &text[bom..];
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(body) {
        check.syntax(bom, &error);
    } else {
        // White space around the document is the only thing a valid text can have outside its value.
        let start = bom + body.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
        let end = bom + body.trim_ascii_end().len();
        check.value(start..end, Kind::Object(DOCUMENT), &Path::Root, true);
        check.duplicates(start..end);
    }
    check.found.sort_by_key(|(offset, _, _)| *offset);
    let located = check.found.into_iter().take(MAX_PROBLEMS).map(|(offset, path, message)| {
        let (line, column) = walk::line_column(text, offset);
        Problem { line, column, path, message }
    });
    located.collect()
}

struct Check<'a> {
    text: &'a [u8],
    found: Vec<(usize, String, String)>,
    /// The name of the user that is looked at.
    user: Option<String>,
}

/// The way to a value, spelled out only when something is wrong with it.
enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn spell(&self, out: &mut String) {
        match self {
            Self::Root => {}
            Self::Key(parent, key) => {
                parent.spell(out);
                let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                match (plain, out.is_empty()) {
                    (true, true) => out.push_str(key),
                    (true, false) => *out += &format!(".{key}"),
                    (false, _) => *out += &format!("[{key:?}]"),
                }
            }
            Self::Index(parent, index) => {
                parent.spell(out);
                *out += &format!("[{index}]");
            }
        }
    }
}

impl Check<'_> {
    fn add(&mut self, offset: usize, path: &Path<'_>, message: impl Into<String>) {
        let mut spelled = String::new();
        path.spell(&mut spelled);
        self.found.push((offset, spelled, message.into()));
    }

    fn full(&self) -> bool {
        self.found.len() >= MAX_PROBLEMS
    }

    fn syntax(&mut self, bom: usize, error: &serde_json::Error) {
        let lines = self.text[bom..].split_inclusive(|&byte| byte == b'\n');
        let line_start: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
        let offset = bom + line_start + error.column().saturating_sub(1);
        let message = if error.is_eof() {
            "the file ends too early: it is cut off".to_owned()
        } else {
            let text = error.to_string();
            let bare = text.rsplit_once(" at line ").map_or(text.as_str(), |(bare, _)| bare);
            format!("not valid JSON: {bare}")
        };
        self.add(offset, &Path::Root, message);
    }

    /// Checks one value against its kind. Recursion is as deep as the table of kinds, not as the file.
    fn value(&mut self, place: Range<usize>, kind: Kind, path: &Path<'_>, required: bool) {
        let token = &self.text[place.clone()];
        if self.full() || (token == b"null" && !required) {
            return;
        }
        let first = token.first().copied();
        let at = place.start;
        let text = if first == Some(b'"') { walk::string(token) } else { None };
        match (kind, text) {
            (Kind::Object(members), _) if first == Some(b'{') => self.object(place, members, path),
            (Kind::SignIns, _) if first == Some(b'{') => {
                let before = self.found.len();
                self.object(place.clone(), SIGN_INS, path);
                if before == self.found.len()
                    && let Some(Contradiction { key, message }) = sign_ins::contradiction(token)
                {
                    let message = match &self.user {
                        Some(name) => format!("{message} ({})", shown(name)),
                        None => message,
                    };
                    self.add(at, &Path::Key(path, key), message);
                }
            }
            (Kind::Cell, _) if first == Some(b'{') => {
                let before = self.found.len();
                self.object(place.clone(), CELL, path);
                if before == self.found.len()
                    && let Some(message) = cells::contradiction(token)
                {
                    self.add(at, path, message);
                }
            }
            (Kind::Map(kind), _) if first == Some(b'{') => {
                let mut seen = Vec::new();
                for (key, value) in walk::members(self.text, place) {
                    let path = Path::Key(path, &key);
                    if seen.contains(&key) {
                        self.add(value.start, &path, "this key is given twice");
                    }
                    self.value(value, *kind, &path, true);
                    seen.push(key);
                }
            }
            (Kind::List(kind), _) if first == Some(b'[') => {
                for (index, element) in walk::elements(self.text, place).enumerate() {
                    self.value(element, *kind, &Path::Index(path, index), true);
                    if self.full() {
                        break;
                    }
                }
            }
            (Kind::Policy, _) => {
                if let Err(error) = serde_json::from_slice::<Policy>(token) {
                    let text = error.to_string();
                    let bare = text.rsplit_once(" at line ").map_or(text.as_str(), |(bare, _)| bare);
                    self.add(at, path, format!("not a Conditional Access policy as Graph returns it: {bare}"));
                }
            }
            (Kind::Guid, Some(text)) if text.parse::<UserId>().is_ok() => {}
            (Kind::Date, Some(text)) if time::parse(&text).is_some() => {}
            (Kind::Version, Some(text)) if head::readable(&text) => {}
            (Kind::Day, Some(text)) if cells::day(&text).is_some() => {}
            (Kind::Address, Some(text)) if cells::address(&text).is_some() => {}
            (Kind::Word(words), Some(text)) if words.contains(&&*text) => {}
            (Kind::Name | Kind::Text, Some(_)) => {}
            (Kind::Guid, Some(text)) => self.add(at, path, format!("{} is not an object id (a GUID)", shown(&text))),
            (Kind::Date, Some(text)) => {
                self.add(at, path, format!("{} is not a date like 2026-11-20T08:00:00Z", shown(&text)));
            }
            (Kind::Version, Some(text)) => self.add(
                at,
                path,
                format!("this version reads format {}.x, and the file is {}", head::FORMAT_MAJOR, shown(&text)),
            ),
            (Kind::Flag, _) if matches!(token, b"true" | b"false") => {}
            (Kind::Count(limit), _) if serde_json::from_slice::<u64>(token).is_ok_and(|count| count <= limit) => {}
            (Kind::Share, _)
                if serde_json::from_slice::<f32>(token).is_ok_and(|share| (0.0..=1.0).contains(&share)) => {}
            (kind, _) => self.add(at, path, format!("expected {}, found {}", expected(kind), found(token))),
        }
    }

    fn object(&mut self, place: Range<usize>, members: &'static [Member], path: &Path<'_>) {
        if std::ptr::eq(members, USER) {
            self.user = walk::members(self.text, place.clone())
                .find(|(key, _)| key == "userPrincipalName")
                .and_then(|(_, value)| walk::string(&self.text[value]))
                .map(Cow::into_owned);
        }
        let mut seen = vec![false; members.len()];
        for (key, value) in walk::members(self.text, place.clone()) {
            let Some(position) = members.iter().position(|member| member.key == key) else { continue };
            let member = &members[position];
            let path = Path::Key(path, member.key);
            if std::mem::replace(&mut seen[position], true) {
                self.add(value.start, &path, "this key is given twice");
            }
            self.value(value, member.kind, &path, member.required);
        }
        for (member, _) in members.iter().zip(seen).filter(|(member, seen)| member.required && !seen) {
            self.add(place.start, path, format!("{} is missing", member.key));
        }
    }

    /// Two users with one id, or one name: whom would a write be for?
    fn duplicates(&mut self, document: Range<usize>) {
        let text = self.text;
        let Some((_, users)) = walk::members(text, document).find(|(key, _)| key == "users") else { return };
        if text.get(users.start) != Some(&b'[') {
            return;
        }
        let mut ids = HashMap::new();
        let mut names = HashMap::new();
        for (index, user) in walk::elements(text, users).enumerate() {
            if self.full() {
                return;
            }
            if text.get(user.start) != Some(&b'{') {
                continue;
            }
            for (key, value) in walk::members(text, user) {
                let at = value.start;
                let first = match (&*key, walk::string(&text[value])) {
                    ("id", Some(id)) => id.parse::<UserId>().ok().and_then(|id| earlier(&mut ids, id, index)),
                    ("userPrincipalName", Some(name)) => earlier(&mut names, name.to_lowercase(), index),
                    _ => None,
                };
                if let Some(first) = first {
                    let what = if key == "id" { "object id" } else { "name (case does not count)" };
                    let user = Path::Index(&Path::Key(&Path::Root, "users"), index);
                    self.add(at, &Path::Key(&user, &key), format!("users[{first}] has the same {what}"));
                }
            }
        }
    }
}

/// The index under which this key was seen before, if it was.
fn earlier<K: std::hash::Hash + Eq>(seen: &mut HashMap<K, usize>, key: K, index: usize) -> Option<usize> {
    let first = *seen.entry(key).or_insert(index);
    (first != index).then_some(first)
}

fn expected(kind: Kind) -> Cow<'static, str> {
    match kind {
        Kind::Guid => "an object id (a GUID in quotes)".into(),
        Kind::Name | Kind::Text => "text in quotes".into(),
        Kind::Flag => "true or false".into(),
        Kind::Count(limit) => format!("a whole number from 0 to {limit}").into(),
        Kind::Share => "a number from 0 to 1".into(),
        Kind::Day => "a day like \"2026-11-20\"".into(),
        Kind::Address => "16 hexadecimal digits in quotes".into(),
        Kind::Word(words) => format!("one of {}", words.join(", ")).into(),
        Kind::Date => "a date like \"2026-11-20T08:00:00Z\"".into(),
        Kind::Version => format!("a format version like \"{}\"", head::FORMAT_VERSION).into(),
        Kind::Policy | Kind::Object(_) | Kind::SignIns | Kind::Cell | Kind::Map(_) => "an object".into(),
        Kind::List(_) => "a list".into(),
    }
}

fn found(token: &[u8]) -> Cow<'static, str> {
    match token.first() {
        Some(b'{') => "an object".into(),
        Some(b'[') => "a list".into(),
        Some(b'"') => walk::string(token).map_or_else(|| "text that is not UTF-8".into(), |text| shown(&text).into()),
        _ => String::from_utf8_lossy(&token[..token.len().min(40)]).into_owned().into(),
    }
}

/// A value as the operator sees it: quoted, escaped, cut.
fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(40).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("{cut:?}")
}
