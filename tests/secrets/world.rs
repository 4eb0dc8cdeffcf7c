//! A directory whose configuration holds a secret in one argument, and a tenant for it to be about.

use std::{fmt::Write, fs};

use mfaplan::testing::{
    cli,
    config::schema::{AttributeSchema, BlockSchema, Kind, Times},
    render::Format,
};
use tempfile::TempDir;

use super::{said, written};

pub(crate) const NOW: &str = "2026-11-24T12:00:00Z";

/// What must not be seen, in whatever case: as a text, a number, a date.
const CANARY: [(&str, &str); 4] =
    [("word", "pebble-471100471"), ("number", "471100471"), ("date", "2047-11-13"), ("flag", "true")];

/// A secret that comes through `for_each`.
pub(crate) const EACH: &str = "each.value";

pub(crate) fn leaks(text: &str) -> bool {
    let text = text.to_lowercase();
    ["pebble", "471100471", "2047-11"].iter().any(|one| text.contains(one))
}

pub(crate) fn variables() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> =
        CANARY.iter().map(|(name, value)| (format!("MFAPLAN_VAR_{name}"), (*value).to_owned())).collect();
    all.push(("HOME".into(), "/nowhere".into()));
    all
}

pub(crate) const TENANT: &str = r#"{"formatVersion": "1.0", "capturedAt": "2026-11-24T08:00:00Z",
 "tenant": {"id": "00000000-0000-0000-0000-000000000007", "displayName": "Contoso", "servicePlans": ["AAD_PREMIUM"]},
 "groups": [{"id": "00000000-0000-0000-0000-000000000009", "displayName": "SG-Finance", "mail": null}],
 "conditionalAccessPolicies": [],
 "users": [
  {"id": "00000000-0000-0000-0000-000000000001", "userPrincipalName": "jo@contoso.com", "perUserMfaState": "disabled",
   "userType": "Member", "accountEnabled": true, "department": "Finance", "isMfaRegistered": false, "methodsRegistered": [],
   "memberOf": ["00000000-0000-0000-0000-000000000009"],
   "signIns": {"windowDays": 30, "legacy": {"Authenticated SMTP": {"count": 41}}}},
  {"id": "00000000-0000-0000-0000-000000000002", "userPrincipalName": "ann@contoso.com", "perUserMfaState": "disabled",
   "userType": "Member", "accountEnabled": true, "isMfaRegistered": true, "isMfaCapable": true,
   "methodsRegistered": ["microsoftAuthenticatorPush"]}]}"#;

/// What stands beside the block under test: one of each that commands have something to say of.
const BESIDE: [(&str, &str); 5] = [
    ("tenant", "tenant \"t\" {\n  id = \"00000000-0000-0000-0000-000000000007\"\n  snapshot = \"tenant.json\"\n}\n"),
    ("mfa", "mfa \"staff\" {\n  state = \"enabled\"\n  users = [\"jo@contoso.com\", \"ann@contoso.com\"]\n}\n"),
    ("rollout", "rollout \"sample\" {\n  wave \"w\" {\n    from = \"2027-01-01\"\n  }\n}\n"),
    ("guardrails", "guardrails {\n  max_change_percent = 100\n  block_at = \"critical\"\n}\n"),
    (
        "rule",
        "rule \"ORG1\" {\n  when = true\n  severity = \"low\"\n  message = \"about ${user.user_principal_name}\"\n}\n",
    ),
];

pub(crate) fn rest(under_test: &str) -> String {
    let mut text = String::new();
    for (name, _) in CANARY {
        let _ = writeln!(text, "variable \"{name}\" {{\n  sensitive = true\n}}");
    }
    // A tenant under test names the snapshot itself, unless that is what is tested.
    text.extend(BESIDE.iter().filter(|(name, _)| *name != under_test).map(|(_, text)| *text));
    text
}

/// A value for an argument that must be there and is not under test.
fn sample(block: &BlockSchema, argument: &AttributeSchema) -> &'static str {
    match (block.name, argument.name, argument.kind) {
        ("tenant", "id", _) => "\"00000000-0000-0000-0000-000000000007\"",
        ("mfaplan", ..) => "\">= 0.1\"",
        (_, "message" | "error_message", _) => "\"words\"",
        (_, _, Kind::Text | Kind::Any) => "\"words\"",
        (_, "severity", _) => "\"medium\"",
        (_, "state", _) => "\"enabled\"",
        (_, "condition", _) => "plan.summary.users < 0",
        (_, _, Kind::OneOf(values) | Kind::AnyOf(values)) => values.first().copied().unwrap_or_default(),
        (_, _, Kind::Bool | Kind::Expression(_)) => "true",
        (_, _, Kind::Number) => "1",
        (_, _, Kind::Texts) => "[\"jo@contoso.com\"]",
        (_, _, Kind::Date) => "\"2027-01-01\"",
        (_, _, Kind::Type) => "string",
    }
}

/// A block with what it must have, and with this argument of the block at `path` set.
fn block(schema: &BlockSchema, path: &[&str], argument: Option<(&str, &str)>, top: bool, out: &mut String) {
    let label = match (&schema.label, schema.name) {
        (None, _) => "",
        (Some(_), "accept" | "risk") => " \"MFA006\"",
        (Some(_), _) => " \"sample\"",
    };
    let _ = writeln!(out, "{}{label} {{", schema.name);
    let here = argument.filter(|_| path.is_empty());
    let set = |name: &str| here.filter(|(one, _)| *one == name).map(|(_, text)| text);
    if top && argument.is_some_and(|(_, text)| text == EACH) {
        out.push_str("  for_each = { a = var.word }\n");
    }
    let selects = ["users", "groups", "roles", "where"].iter().all(|name| schema.attribute(name).is_some());
    for one in schema.attributes {
        let selector = selects && one.name == "users";
        let snapshot = schema.name == "tenant" && one.name == "snapshot";
        let text = set(one.name).or_else(|| (one.required || selector).then(|| sample(schema, one)));
        if let Some(text) = text.or(snapshot.then_some("\"tenant.json\"")) {
            let _ = writeln!(out, "  {} = {text}", one.name);
        }
    }
    for inner in schema.blocks {
        let inside = path.first() == Some(&inner.schema.name);
        if inside || inner.times == Times::Some {
            let rest = if inside { path.get(1..).unwrap_or_default() } else { &["elsewhere"][..] };
            block(inner.schema, rest, argument, false, out);
        }
    }
    out.push_str("}\n");
}

/// The directory, in which the process stands from now on.
pub(crate) struct World {
    dir: TempDir,
}

/// What [`World::perform`] performs.
pub(crate) const WALKED: [&str; 17] = [
    "apply",
    "console",
    "diff",
    "exceptions",
    "explain",
    "history",
    "migrate",
    "plan",
    "propose-waves",
    "readiness",
    "replay",
    "rollback",
    "set",
    "show",
    "test",
    "validate",
    "verify",
];

const SCENARIO: &str = "run \"all\" {\n  expect {\n    summary = { enable = 47 }\n  }\n}\n";

impl World {
    pub(crate) fn new(top: &BlockSchema, path: &[&str], argument: &str, form: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut text = rest(top.name);
        block(top, path, Some((argument, form)), true, &mut text);
        fs::write(dir.path().join("main.mfa.hcl"), text).unwrap();
        fs::write(dir.path().join("tenant.json"), TENANT).unwrap();
        fs::write(dir.path().join("all.mfatest.hcl"), SCENARIO).unwrap();
        std::env::set_current_dir(dir.path()).unwrap();
        Self { dir }
    }

    /// Is the configuration valid? What is said of it is checked.
    pub(crate) fn valid(&self, check: &mut dyn FnMut(&str, &str)) -> bool {
        let valid = self.tell(&["validate"], check).code == 0;
        self.tell(&["validate", "--json"], check);
        if !valid {
            self.tell(&["plan"], check);
            self.tell(&["plan", "--json"], check);
            self.tell(&["test"], check);
        }
        valid
    }

    fn tell(&self, line: &[&str], check: &mut dyn FnMut(&str, &str)) -> cli::Said {
        let said = said(line);
        let what = line.join(" ");
        check(&format!("{what} (stdout)"), &said.out);
        check(&format!("{what} (stderr)"), &said.err);
        said
    }

    /// The plan alone; what it says.
    pub(crate) fn plan(&self, check: &mut dyn FnMut(&str, &str)) -> String {
        let text = self.tell(&["plan", "-v"], check);
        let json = self.tell(&["plan", "--json"], check);
        [text.out, text.err, json.out, json.err].concat()
    }

    /// Everything that can be done with a valid configuration; what the plan says.
    pub(crate) fn perform(&self, check: &mut dyn FnMut(&str, &str)) -> String {
        let plan = self.plan(check);
        let mut tell = |line: &[&str]| self.tell(line, check);
        tell(&["plan", "--out", "saved.mfaplan"]);
        tell(&["plan", "--timeline", "-v"]);
        for format in Format::ALL.iter().map(|one| one.as_str()) {
            tell(&["plan", "--format", format, "-v"]);
            tell(&["show", "saved.mfaplan", "--format", format]);
        }
        tell(&["show", "saved.mfaplan", "--redact"]);
        tell(&["diff", "saved.mfaplan", "saved.mfaplan"]);
        tell(&["explain", "jo@contoso.com"]);
        tell(&["explain", "ORG1"]);
        tell(&["readiness"]);
        tell(&["readiness", "--notices", "letters"]);
        tell(&["propose-waves"]);
        tell(&["migrate", "--out", "way-off", "--json"]);
        tell(&["replay"]);
        tell(&["test", "-v"]);
        tell(&["test", "--junit", "junit.xml"]);
        let shown: serde_json::Value =
            serde_json::from_str(&tell(&["show", "saved.mfaplan", "--json"]).out).unwrap_or_default();
        let digest = shown["digest"].as_str().unwrap_or_default().to_owned();
        tell(&["apply", "saved.mfaplan", "--approve", &digest, "--events", "events.jsonl"]);
        tell(&["apply", "--auto-approve", "--json"]);
        tell(&["verify"]);
        tell(&["verify", "--json"]);
        tell(&["history"]);
        tell(&["history", "--verify"]);
        let runs = fs::read_dir(".mfaplan/runs").into_iter().flatten().flatten();
        let runs: Vec<String> =
            runs.filter_map(|one| Some(one.path().file_stem()?.to_string_lossy().into_owned())).collect();
        for run in &runs {
            tell(&["history", run]);
            tell(&["verify", run]);
            tell(&["rollback", run, "--out", "back.mfaplan"]);
        }
        for format in ["text", "json", "csv", "html"] {
            tell(&["exceptions", "--format", format]);
        }
        tell(&["set", "jo@contoso.com", "enforced", "--reason", "INC-4711", "--auto-approve"]);
        let mut files = Vec::new();
        written(self.dir.path(), &mut files);
        for (name, text) in files {
            check(&name, &text);
        }
        plan
    }
}
