//! SARIF 2.1.0 (OASIS standard), for code scanning: every finding at the line of the configuration that causes it.

use std::{borrow::Cow, collections::HashMap, io, io::Write};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{
    Options,
    causes::{Cause, causes_of},
    escape, words,
};
use crate::{
    diff::{Action, DecisionKind},
    plan::{
        Change, Plan,
        file::{checksum::hex, tenant_id_text, user_id_text},
    },
    risk::{Finding, Place, PlanFinding},
    severity::Severity,
};

/// GitHub shows the first 5,000 results of a run (GitHub documentation, "SARIF support for code scanning").
pub(crate) const LIMIT: usize = 5_000;

/// Writes the log: one run, results by severity.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(plan: &Plan, _options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let causes = causes_of(plan, |_, _| true);
    let (rules, index) = rules(&causes);
    let total: usize = causes.iter().map(|cause| cause.changes.len() + cause.others.len()).sum();
    let left = total.saturating_sub(LIMIT);
    let mut notifications = Vec::new();
    if left > 0 {
        let text = format!("{} of {total} findings are not listed here, the worst being listed first.", left);
        notifications.push(json!({"level": "warning", "message": {"text": text}}));
    }
    for refusal in &plan.refused {
        let text = format!("Plan refused ({}): {} Way out: {}", refusal.rule, refusal.reason, refusal.remedy);
        notifications.push(json!({"level": "error", "message": {"text": plain(&text)}}));
    }
    let tenant = tenant_id_text(plan.tenant.id);
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        runs: [Run {
            automation_details: json!({"id": format!("mfaplan/{tenant}/")}),
            column_kind: "unicodeCodePoints",
            invocations: json!([{"executionSuccessful": true, "toolExecutionNotifications": notifications}]),
            properties: json!({"digest": plan.digest.to_string()}),
            results: Results { plan, tenant, causes: &causes, index: &index },
            tool: json!({"driver": {
                "name": "mfaplan",
                "version": &*plan.mfaplan_version,
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }}),
        }],
        version: "2.1.0",
    };
    serde_json::to_writer(&mut *out, &log)?;
    out.write_all(b"\n")
}

/// The rules that found something, and their positions. A rule with two grades is listed at its worse one.
fn rules<'a>(causes: &[Cause<'a>]) -> (Vec<Value>, HashMap<&'a str, usize>) {
    let mut index = HashMap::new();
    let mut rules = Vec::new();
    for cause in causes {
        let Some(example) = cause.example().filter(|_| !index.contains_key(cause.rule)) else { continue };
        index.insert(cause.rule, rules.len());
        rules.push(json!({
            "id": plain(cause.rule),
            "name": plain(cause.name),
            "shortDescription": {"text": plain(cause.name)},
            "fullDescription": {"text": plain(&example.message)},
            "help": {"text": plain(&example.remediation)},
            "defaultConfiguration": {"level": level(cause.severity)},
            "properties": {"tags": ["security", "mfa"], "security-severity": score(cause.severity)},
        }));
    }
    (rules, index)
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// In the middle of GitHub's bands: above 9.0 critical, from 7.0 high, from 4.0 medium, from 0.1 low.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
        Severity::Info => "0.0",
    }
}

/// The log. Members are in alphabetical order, as those of a JSON value are.
#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    runs: [Run<'a>; 1],
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    automation_details: Value,
    column_kind: &'static str,
    invocations: Value,
    properties: Value,
    results: Results<'a>,
    tool: Value,
}

/// The first results, made one after the other while they are written.
struct Results<'a> {
    plan: &'a Plan,
    tenant: String,
    causes: &'a [Cause<'a>],
    index: &'a HashMap<&'a str, usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    locations: Option<[Location<'a>; 1]>,
    message: Message,
    partial_fingerprints: Fingerprints,
    properties: Properties<'a>,
    rule_id: Cow<'a, str>,
    rule_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<[Suppression; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_locations: Option<[LogicalLocation<'a>; 1]>,
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation<'a> {
    fully_qualified_name: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "mfaplan/v1")]
    v1: String,
}

#[derive(Serialize)]
struct Properties<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionKind>,
    severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct Suppression {
    justification: String,
    kind: &'static str,
    status: &'static str,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = self.causes.iter().flat_map(|cause| {
            let rule = self.index.get(cause.rule).copied().unwrap_or_default();
            let others = cause.others.iter().map(move |one| About::Plan(one, rule));
            others.chain(cause.changes.iter().map(move |(change, finding)| About::Change(change, finding, rule)))
        });
        serializer.collect_seq(all.take(LIMIT).map(|one| match one {
            About::Plan(one, rule) => self.of_plan(one, rule),
            About::Change(change, finding, rule) => self.of_change(change, finding, rule),
        }))
    }
}

/// What a result is about, and the position of its rule.
enum About<'a> {
    Plan(&'a PlanFinding, usize),
    Change(&'a Change, &'a Finding, usize),
}

impl<'a> Results<'a> {
    fn of_change(&self, change: &'a Change, finding: &'a Finding, rule: usize) -> Outcome<'a> {
        let user = &change.user.user_principal_name;
        let subject = format!("{user} ({}): ", words::transition(change));
        let mut result =
            self.result(finding, rule, subject, change.declared_by.as_ref(), &user_id_text(change.user.id));
        result.properties.user = Some(plain(user));
        result.properties.action = Some(change.action);
        result.properties.decision = Some(change.decision.kind());
        result
    }

    fn of_plan(&self, one: &'a PlanFinding, rule: usize) -> Outcome<'a> {
        let subject = one.user.as_ref().map_or_else(String::new, |user| format!("{}: ", user.user_principal_name));
        let id = one.user.as_ref().map_or_else(String::new, |user| user_id_text(user.id));
        self.result(&one.finding, rule, subject, one.declared_by.as_ref(), &id)
    }

    fn result(
        &self,
        finding: &'a Finding,
        rule: usize,
        subject: String,
        place: Option<&'a Place>,
        id: &str,
    ) -> Outcome<'a> {
        let mut text = subject;
        text.push_str(&finding.message);
        if !finding.evidence.is_empty() {
            text.push_str(" Evidence: ");
            words::push_evidence(&mut text, finding);
            text.push('.');
        }
        text.push_str(" Way out: ");
        text.push_str(&finding.remediation);
        let address = place.map_or("", |place| &place.address);
        // What it is about, and not how it is worded or where the block stands in its file: an alert survives both.
        let identity = digest(&SHA256, format!("{}\n{}\n{id}\n{address}", self.tenant, finding.rule).as_bytes());
        Outcome {
            level: level(finding.severity),
            locations: self.location(place).map(|location| [location]),
            message: Message { text: plain_owned(text) },
            partial_fingerprints: Fingerprints { v1: hex(identity.as_ref()) },
            properties: Properties { action: None, decision: None, severity: finding.severity, user: None },
            rule_id: plain(&finding.rule),
            rule_index: rule,
            suppressions: finding.accepted.as_deref().map(|accepted| {
                let why = format!("{} (until {}, {})", accepted.reason, accepted.expires, accepted.address);
                [Suppression { justification: plain(&why).into_owned(), kind: "external", status: "accepted" }]
            }),
        }
    }

    /// The block; for findings of the tenant the first line of the configuration, as code scanning drops results without
    /// a place. A rollback has no configuration.
    fn location(&self, place: Option<&'a Place>) -> Option<Location<'a>> {
        let (file, line) = match place {
            Some(place) => (&place.file, place.line.max(1)),
            None => (self.plan.config.files.first()?, 1),
        };
        Some(Location {
            logical_locations: place.map(|place| [LogicalLocation { fully_qualified_name: plain(&place.address) }]),
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri: uri(file) },
                region: Region { start_line: line },
            },
        })
    }
}

/// A relative path as a URI reference (RFC 3986).
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'\\' => out.push('/'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Text in which nothing is taken for a link (SARIF 2.1.0, "Messages with embedded links").
fn plain(raw: &str) -> Cow<'_, str> {
    let text = escape::text(raw);
    if text.contains("](") { text.replace("](", "] (").into() } else { text }
}

/// As [`plain`], without a copy where nothing changes.
fn plain_owned(raw: String) -> String {
    match plain(&raw) {
        Cow::Borrowed(_) => raw,
        Cow::Owned(text) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::{empty, many, refused, sample};

    fn log(plan: &Plan) -> Value {
        let mut out = Vec::new();
        write(plan, &Options::default(), &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn findings_stand_at_the_line_that_causes_them() {
        let log = log(&sample());
        let results = log["runs"][0]["results"].as_array().unwrap();
        let of = |rule: &str| results.iter().find(|one| one["ruleId"] == rule).unwrap();
        let place = &of("MFA006")["locations"][0]["physicalLocation"];
        assert_eq!(place, &json!({"artifactLocation": {"uri": "staff.mfa.hcl"}, "region": {"startLine": 3}}));
        assert_eq!(of("MFA006")["level"], "error");
        assert!(of("MFA006").get("suppressions").is_none());
        assert_eq!(of("MFA007")["suppressions"][0]["kind"], "external");
        assert_eq!(of("MFA082")["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "main.mfa.hcl");
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
        }
        assert_eq!(results.len() as u64, 16 + 2 - 1);
    }

    #[test]
    fn fingerprints_are_stable_and_distinct() {
        let prints = |plan: &Plan| {
            let log = log(plan);
            let results = log["runs"][0]["results"].as_array().unwrap().clone();
            results.iter().map(|one| one["partialFingerprints"]["mfaplan/v1"].to_string()).collect::<Vec<_>>()
        };
        let mut moved = sample();
        moved.as_of += jiff::SignedDuration::from_hours(30);
        for change in &mut moved.changes {
            change.declared_by.as_mut().unwrap().line += 7;
        }
        let mut all = prints(&sample());
        assert_eq!(all, prints(&moved));
        let length = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), length);
    }

    #[test]
    fn at_most_five_thousand_and_the_worst_of_them() {
        let plan = many(9_000);
        let log = log(&plan);
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), LIMIT);
        let critical = results.iter().filter(|one| one["properties"]["severity"] == "critical").count() as u64;
        assert_eq!(critical, plan.summary.findings.critical);
        let told = log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].to_string();
        assert!(told.contains("not listed here"), "{told}");
    }

    #[test]
    fn it_validates_against_the_official_schema() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemas/sarif-schema-2.1.0.json");
        let schema = std::fs::read_to_string(path).unwrap();
        // The schema's pattern for `language`, which we do not write, has a bracket that the validator refuses.
        let schema = schema.replace("^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$", "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$");
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        for plan in [sample(), refused(), empty(), many(500)] {
            let log = log(&plan);
            let errors: Vec<_> = validator.iter_errors(&log).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(errors.is_empty(), "{errors:?}");
        }
        let mut broken = log(&sample());
        broken["runs"][0]["results"][0]["level"] = json!("fatal");
        assert!(!validator.is_valid(&broken));
    }

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("a b\\ü.mfa.hcl"), "a%20b/%C3%BC.mfa.hcl");
    }
}
