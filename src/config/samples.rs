//! Configurations made from the schema table, one argument at a time: for tests that hold every block to something.

use std::fmt::Write;

use super::{
    LoadInput, Overlay,
    golden::RULES,
    load_over,
    schema::{AttributeSchema, BlockSchema, Kind, SELECTORS, TOP_LEVEL, Times},
};
use crate::diag::Diagnostic;

const DIR: &str = "dir";

/// A value that this argument takes.
pub(super) fn sample(block: &BlockSchema, attribute: &AttributeSchema) -> String {
    match (block.name, attribute.name, attribute.kind) {
        ("tenant", "id", _) => "\"00000000-0000-0000-0000-000000000007\"".into(),
        ("mfaplan", "required_version", _) => "\">= 0.1\"".into(),
        ("service_account_signal", "certain", _) => "90".into(),
        ("approvals", "max_age", _) => "\"24h\"".into(),
        ("window", "from" | "to", _) => "\"10:00\"".into(),
        ("window", "timezone", _) => "\"UTC\"".into(),
        ("window", "days", _) => "[\"mon\"]".into(),
        ("mfa", "rollout", _) => "\"sample\"".into(),
        ("guardrails", "not_acceptable", _) => "[\"MFA006\"]".into(),
        ("guardrails", "waivable", _) => "[\"window\"]".into(),
        ("notice", "days_before", _) => "[7]".into(),
        ("module", "source", _) => "\"./sample\"".into(),
        ("tenant", "sign_ins", _) => "[\"log.csv\"]".into(),
        (_, "for_each", _) => "{ one = 1 }".into(),
        (_, _, Kind::Text) => "\"words\"".into(),
        (_, _, Kind::Bool) => "true".into(),
        (_, _, Kind::Number) => "1".into(),
        (_, _, Kind::Texts) => "[\"jo@contoso.com\"]".into(),
        (_, _, Kind::AnyOf(values)) => format!("[\"{}\"]", values[0]),
        (_, _, Kind::Date) => "\"2027-01-01\"".into(),
        (_, _, Kind::OneOf(values)) => format!("{:?}", values[0]),
        (_, "message" | "error_message", _) => "\"words\"".into(),
        (_, _, Kind::Expression(_)) => "true".into(),
        (_, _, Kind::Type) => "string".into(),
        (_, _, Kind::Any) => "\"words\"".into(),
    }
}

/// A block with what it must have, and with this argument of the block at `path` (names from the top) set to a text.
pub(super) fn written(block: &BlockSchema, path: &[&str], argument: Option<(&str, &str)>, out: &mut String) {
    let label = match (&block.label, block.name) {
        (None, _) => "",
        (Some(_), "accept" | "risk") => " \"MFA006\"",
        (Some(_), _) => " \"sample\"",
    };
    let _ = writeln!(out, "{}{label} {{", block.name);
    let here = argument.filter(|_| path.is_empty());
    for one in block.attributes {
        let set = here.filter(|(name, _)| *name == one.name).map(|(_, text)| text.to_owned());
        // A block of selectors needs one of them; `where` where another one is under test.
        let under_test = here.map_or("", |(name, _)| name);
        let stand_in = if under_test == "users" { "groups" } else { "users" };
        let selector = one.name == stand_in && SELECTORS.iter().all(|name| block.attribute(name).is_some());
        if let Some(text) = set.or_else(|| (one.required || selector).then(|| sample(block, one))) {
            let _ = writeln!(out, "{} = {text}", one.name);
        }
    }
    for inner in block.blocks {
        let inside = path.first() == Some(&inner.schema.name);
        if inside || inner.times == Times::Some {
            let rest = if inside { path.get(1..).unwrap_or_default() } else { &["elsewhere"][..] };
            written(inner.schema, rest, argument, out);
        }
    }
    out.push_str("}\n");
}

/// What loading says of a directory with this block, in the configuration or in the policy directory.
pub(super) fn said(
    block: &BlockSchema,
    path: &[&str],
    argument: Option<(&str, &str)>,
    policy: bool,
) -> Vec<Diagnostic> {
    let mut rest = String::from("variable \"nothing\" {\ndefault = null\n}\n");
    for (name, text) in [
        ("tenant", "tenant \"t\" {\nid = \"00000000-0000-0000-0000-000000000007\"\n}\n"),
        ("rollout", "rollout \"sample\" {\nwave \"w\" {\nfrom = \"2027-01-01\"\n}\n}\n"),
    ] {
        rest.push_str(if policy || name != block.name { text } else { "" });
    }
    let mut text = String::new();
    written(block, path, argument, &mut text);
    let mut overlay = Overlay::alone();
    overlay.insert(format!("{DIR}/rest.mfa.hcl"), rest);
    overlay.insert(format!("{DIR}/sample/main.mfa.hcl"), "");
    overlay.insert(format!("{}/block.mfa.hcl", if policy { "policy" } else { DIR }), text);
    let input = LoadInput {
        dir: std::path::Path::new(DIR),
        policy_dir: policy.then_some(std::path::Path::new("policy")),
        assignments: &[],
        environment: &[],
        instant: "2026-11-24T12:00:00Z".parse().unwrap(),
        allow_files: &[],
        known_rules: &RULES,
    };
    told(input, &overlay)
}

/// Every argument with the blocks it stands in, from the top.
pub(super) fn arguments()
-> Vec<(&'static BlockSchema, Vec<&'static str>, &'static BlockSchema, &'static AttributeSchema)> {
    fn into(
        top: &'static BlockSchema,
        path: &[&'static str],
        block: &'static BlockSchema,
        out: &mut Vec<(&'static BlockSchema, Vec<&'static str>, &'static BlockSchema, &'static AttributeSchema)>,
    ) {
        out.extend(block.attributes.iter().map(|one| (top, path.to_vec(), block, one)));
        for inner in block.blocks {
            into(top, &[path, &[inner.schema.name]].concat(), inner.schema, out);
        }
    }
    let mut out = Vec::new();
    for block in TOP_LEVEL {
        into(block, &[], block, &mut out);
    }
    out
}

pub(super) fn errors(said: &[Diagnostic]) -> Vec<String> {
    let errors = said.iter().filter(|one| one.level == crate::diag::Level::Error);
    errors.map(|one| format!("{}: {}", one.summary, one.detail)).collect()
}

pub(super) fn said_of(text: &str) -> Vec<Diagnostic> {
    let mut overlay = Overlay::alone();
    let rest = "tenant \"t\" {\nid = \"00000000-0000-0000-0000-000000000007\"\n}\n";
    overlay.insert(format!("{DIR}/rest.mfa.hcl"), rest);
    overlay.insert(format!("{DIR}/sample/main.mfa.hcl"), "");
    overlay.insert(format!("{DIR}/block.mfa.hcl"), text);
    let input = super::tests::input(std::path::Path::new(DIR));
    told(input, &overlay)
}

fn told(input: LoadInput<'_>, overlay: &Overlay) -> Vec<Diagnostic> {
    match load_over(input, overlay) {
        Ok(config) => config.warnings,
        Err(failure) => failure.diagnostics,
    }
}
