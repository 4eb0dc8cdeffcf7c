//! Loading, end to end: files in a directory → a valid configuration, or what is said about it.

use std::{fs, path::Path};

use super::{bounds::Bounds, golden::RULES, *};
use crate::{diag::Diagnostic, eval::Value, severity::Severity, tenant::MfaState};

pub(super) const TENANT: &str = "tenant \"Contoso\" {\n  id = \"6f1c0c0e-3f0a-4b52-9f4e-0d2f5a1b7c11\"\n}\n";

/// What is loaded in tests where nothing else matters: a directory, at the instant of all goldens.
pub(super) fn input(dir: &Path) -> LoadInput<'_> {
    LoadInput {
        dir,
        policy_dir: None,
        assignments: &[],
        environment: &[],
        instant: "2026-11-24T12:00:00Z".parse().unwrap(),
        allow_files: &[],
        known_rules: &RULES,
    }
}

/// A directory with these files, and the tenant block in a file of its own.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("tenant.mfa.hcl"), TENANT).unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn loaded(input: LoadInput<'_>) -> Config {
    load(input).unwrap_or_else(|failure| {
        let options = crate::diag::render::RenderOptions::default();
        panic!("{}", crate::diag::render::to_string(&failure.diagnostics, &failure.sources, options))
    })
}

fn refused(input: LoadInput<'_>) -> Vec<Diagnostic> {
    load(input).unwrap_err().diagnostics
}

fn summaries(diagnostics: &[Diagnostic]) -> Vec<&str> {
    diagnostics.iter().map(|one| one.summary.as_str()).collect()
}

#[test]
fn blocks_become_the_valid_configuration() {
    let dir = directory(&[
        (
            "staff.mfa.hcl",
            r#"
locals {
  teams = { emea = "SG-EMEA", apac = "SG-APAC" }
}

mfa "teams" {
  for_each = local.teams
  state    = "enforced"
  groups   = [each.value, "SG-All"]
  where    = user.department == each.key
  priority = 5
  rollout  = "q1"

  except {
    users = ["scan@contoso.com"]
  }

  staged {
    until = "2027-01-31"
  }
}

rollout "q1" {
  wave "all" {
    from    = "2027-02-01"
    percent = 25
  }
}
"#,
        ),
        (
            "rest.mfa.hcl",
            r#"
service_account "scanners" {
  users  = ["scan@contoso.com"]
  owner  = "it@contoso.com"
  reason = "SMTP AUTH"
  until  = "2027-06-30"
}

break_glass "bg" {
  users = ["bg1@contoso.com"]
}

accept "MFA201" {
  roles   = ["Global Administrator"]
  reason  = "x"
  expires = "2027-03-31"
}

guardrails {
  max_changes = 10
  block_at    = "high"

  window {
    days     = ["Mon", "friday"]
    from     = "22:00"
    to       = "02:00"
    timezone = "Europe/Berlin"
  }
}

output "n" {
  value = plan.summary.enforce
}
"#,
        ),
    ]);
    let config = loaded(input(dir.path()));
    assert_eq!(config.origin.files, ["rest.mfa.hcl", "staff.mfa.hcl", "tenant.mfa.hcl"]);
    let addresses: Vec<&str> = config.mfa.iter().map(|one| one.declared.address.as_str()).collect();
    assert_eq!(addresses, ["mfa.teams[\"apac\"]", "mfa.teams[\"emea\"]"]);
    let apac = &config.mfa[0];
    assert_eq!((apac.state, apac.priority, apac.rollout.as_deref()), (MfaState::Enforced, 5.0, Some("q1")));
    assert_eq!(apac.selector.groups[0].text, "SG-APAC");
    assert_eq!(config.sources.start(apac.selector.groups[1].span).line, 9);
    assert_eq!(apac.selector.filter.as_ref().unwrap().each.as_ref().unwrap().0, Value::from("apac"));
    assert_eq!(apac.selector.except.as_ref().unwrap().users[0].text, "scan@contoso.com");
    assert_eq!(apac.staged_until.unwrap().to_string(), "2027-01-31T00:00:00Z");
    assert_eq!(config.service_accounts[0].expires.unwrap().to_string(), "2027-07-01T00:00:00Z");
    assert_eq!(config.accepts[0].expired_from.to_string(), "2027-04-01T00:00:00Z");
    assert_eq!(config.rollouts["q1"].waves[0].percent, Some(25.0));
    assert_eq!(config.rollouts["q1"].waves[0].declared.address, "rollout.q1.all");
    let guardrails = &config.guardrails;
    assert_eq!(guardrails.max_changes.unwrap().value, 10);
    assert_eq!((guardrails.block_at, guardrails.canary), (Severity::High, 5));
    let window = &guardrails.windows[0];
    assert_eq!(window.days, [true, false, false, false, true, false, false]);
    assert_eq!((window.from, window.to), (22 * 60, 2 * 60));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let reads = config.reads();
    assert_eq!(reads.groups.len(), 3);
    assert!(reads.roles_required && !reads.all_groups);
    assert_eq!(reads.sign_in_window_days, 30);
}

#[test]
fn later_sources_of_a_variable_win() {
    let text = "variable \"n\" {\n  type    = number\n  default = 0\n}\n\nmfa \"a\" {\n  state    = \"enforced\"\n  users    = [\"a@contoso.com\"]\n  priority = var.n\n}\n";
    let dir = directory(&[("a.mfa.hcl", text)]);
    let at = dir.path();
    let priority = |input: LoadInput<'_>| loaded(input).mfa[0].priority;
    assert_eq!(priority(input(at)), 0.0);
    let environment = [("MFAPLAN_VAR_n".to_owned(), "1 + 1 - 1".to_owned()), ("MFAPLAN_VAR_other".into(), "x".into())];
    let environment = LoadInput { environment: &environment, ..input(at) };
    assert_eq!(priority(environment), 1.0);
    fs::write(at.join("mfaplan.mfavars.hcl"), "n = 2\n").unwrap();
    assert_eq!(priority(environment), 2.0);
    fs::write(at.join("b.auto.mfavars.hcl"), "n = 4\n").unwrap();
    fs::write(at.join("a.auto.mfavars.hcl"), "n = 3\n").unwrap();
    assert_eq!(priority(environment), 4.0);
    fs::write(at.join("prod.mfavars.hcl"), "n = 5\n").unwrap();
    let file = Assignment::File(at.join("prod.mfavars.hcl"));
    let (six, seven) = (Assignment::Value("n=6".into()), Assignment::Value("n=7".into()));
    let given = |assignments: &[Assignment]| priority(LoadInput { assignments, ..environment });
    assert_eq!(given(std::slice::from_ref(&file)), 5.0);
    assert_eq!(given(&[file.clone(), six.clone(), seven.clone()]), 7.0);
    assert_eq!(given(&[six, seven, file]), 5.0, "the last one on the command line, whichever kind it is");
}

#[test]
fn text_for_a_string_is_itself_and_for_anything_else_an_expression() {
    let text = "variable \"s\" { type = string }\nvariable \"l\" { type = list(string) }\nvariable \"u\" {}\n";
    let dir = directory(&[("a.mfa.hcl", text)]);
    let vars = ["s=a b\"c", "l=[\"x\", \"y\"]", "u=1"].map(|one| Assignment::Value(one.into()));
    let config = loaded(LoadInput { assignments: &vars, ..input(dir.path()) });
    assert_eq!(config.var.get("s").unwrap().as_str(), Some("a b\"c"));
    assert_eq!(config.var.get("l").unwrap().as_list().unwrap().len(), 2);
    assert_eq!(config.var.get("u").unwrap().as_str(), Some("1"));
}

#[test]
fn an_unsaved_buffer_stands_for_the_file() {
    let dir = directory(&[("a.mfa.hcl", "broken {")]);
    assert!(load(input(dir.path())).is_err());
    let text = "mfa \"a\" {\n  state = \"enforced\"\n  users = [\"a@contoso.com\"]\n}\n";
    let mut overlay = Overlay::default();
    overlay.insert(dir.path().join("a.mfa.hcl"), text);
    assert_eq!(load_over(input(dir.path()), &overlay).unwrap().mfa.len(), 1);
}

#[test]
fn the_digest_follows_files_and_variables_and_nothing_else() {
    let text = "variable \"s\" {}\n";
    let dir = directory(&[("a.mfa.hcl", text)]);
    let digest = |value: &str| {
        let vars = [Assignment::Value(format!("s={value}"))];
        let origin = loaded(LoadInput { assignments: &vars, ..input(dir.path()) }).origin;
        origin.digest(&origin.parts())
    };
    let one = digest("1");
    assert!(one.starts_with("sha256:") && one.len() == 71);
    assert_eq!(one, digest("1"));
    assert_ne!(one, digest("2"));
    fs::write(dir.path().join("unrelated.txt"), "x").unwrap();
    assert_eq!(one, digest("1"));
    fs::write(dir.path().join("a.mfa.hcl"), format!("{text}# a comment\n")).unwrap();
    assert_ne!(one, digest("1"));
}

#[test]
fn the_tighter_guardrail_holds_and_policy_survives() {
    let dir = directory(&[
        ("a.mfa.hcl", "guardrails {\n  max_changes    = 50\n  max_downgrades = 9\n  canary         = 3\n}\n"),
        (
            "policy/p.mfa.hcl",
            "guardrails {\n  max_changes    = 100\n  max_downgrades = 5\n  block_at       = \"high\"\n  waivable       = [\"max_changes\"]\n}\n\nbreak_glass \"bg\" {\n  users = [\"bg@contoso.com\"]\n}\n",
        ),
    ]);
    let policy = dir.path().join("policy");
    let config = loaded(LoadInput { policy_dir: Some(&policy), ..input(dir.path()) });
    let guardrails = &config.guardrails;
    let bound = |bound: Option<Bound<u64>>| bound.map(|bound| (bound.value, bound.layer));
    assert_eq!(bound(guardrails.max_changes), Some((50, Layer::Configuration)));
    assert_eq!(bound(guardrails.max_downgrades), Some((5, Layer::Policy)));
    assert_eq!((guardrails.block_at, guardrails.canary), (Severity::High, 3));
    assert_eq!(guardrails.waivable, [Waivable::MaxChanges]);
    assert_eq!(config.break_glass[0].declared.layer, Layer::Policy);
    assert_eq!(summaries(&config.warnings), ["Looser than the policy"]);
    assert_eq!(config.origin.files, ["a.mfa.hcl", "tenant.mfa.hcl"]);
}

/// Of each bound its values, the tightest first: whichever directory says which, the tighter holds, and equal is not looser.
/// No canary at all (0) is the loosest, wherever it stands. Where neither says one, the default of the schema holds.
#[test]
fn of_two_values_of_a_bound_the_tighter_holds_whoever_says_it() {
    type Look = fn(&Guardrails) -> String;
    let rows: [(&str, &[&str], Look); 10] = [
        ("max_changes = {}", &["0", "5", "90"], |one| format!("{:?}", one.max_changes.map(|bound| bound.value))),
        ("max_change_percent = {}", &["0", "2.5", "100"], |one| {
            format!("{:?}", one.max_change_percent.map(|bound| bound.value))
        }),
        ("max_downgrades = {}", &["0", "1", "7"], |one| format!("{:?}", one.max_downgrades.map(|bound| bound.value))),
        ("block_at = \"{}\"", &["low", "high", "critical"], |one| one.block_at.to_string()),
        ("canary = {}", &["1", "3", "50", "0"], |one| one.canary.to_string()),
        ("stop_after_failures = {}", &["0", "3", "40"], |one| one.stop_after_failures.to_string()),
        ("hold_unknown_workloads = {}", &["true", "false"], |one| one.hold_unknown_workloads.to_string()),
        ("confirm = \"{}\"", &["tenant", "yes"], |one| format!("{:?}", one.confirm)),
        ("service_account_signal {\n  certain = {}\n}", &["40", "95"], |one| one.signal.certain.to_string()),
        ("service_account_signal {\n  possible = {}\n}", &["10", "35"], |one| one.signal.possible.to_string()),
    ];
    let looked = |configuration: Option<&str>, policy: Option<&str>, template: &str, look: Look| {
        let text = |value: Option<&str>| match value {
            Some(value) => format!("guardrails {{\n  {}\n}}\n", template.replace("{}", value)),
            None => "locals {\n}\n".to_owned(),
        };
        let dir = directory(&[("a.mfa.hcl", &text(configuration))]);
        let policy_dir = dir.path().join("policy");
        let Some(policy) = policy else { return look(&loaded(input(dir.path())).guardrails) };
        fs::create_dir(&policy_dir).unwrap();
        fs::write(policy_dir.join("p.mfa.hcl"), text(Some(policy))).unwrap();
        look(&loaded(LoadInput { policy_dir: Some(&policy_dir), ..input(dir.path()) }).guardrails)
    };
    for (template, values, look) in rows {
        let name = Bounds::NAMES.iter().find(|name| template.contains(**name)).unwrap();
        let block = if template.starts_with(name) { "guardrails" } else { "service_account_signal" };
        let default = default_of(block, name).map(|text| text.trim_matches('"'));
        let said = default.map(|text| looked(Some(text), None, template, look));
        assert_eq!(looked(None, None, template, look), said.unwrap_or("None".to_owned()), "{name} of nobody");
        let alone: Vec<String> = values.iter().map(|one| looked(Some(one), None, template, look)).collect();
        for (a, configuration) in values.iter().enumerate() {
            assert_eq!(looked(None, Some(configuration), template, look), alone[a], "{template} of the policy alone");
            for (b, policy) in values.iter().enumerate() {
                let both = looked(Some(configuration), Some(policy), template, look);
                assert_eq!(both, alone[a.min(b)], "{template}: {configuration}, and {policy} of the policy");
            }
        }
    }
    // Whoever adds a bound says here which of its values is the tighter, and on the page what it does.
    let page = include_str!("../../docs/guardrails.md");
    for bound in Bounds::NAMES {
        assert!(rows.iter().any(|(template, ..)| template.contains(bound)), "{bound} is not in the table");
        assert!(page.contains(&format!("`{bound}`")), "{bound} is not on the page on guardrails");
    }
}

/// What holds of an argument of `guardrails`, or of a block in it, that is not set.
fn default_of(block: &str, name: &str) -> Option<&'static str> {
    let guardrails = crate::config::schema::top_level("guardrails").unwrap();
    let inner = guardrails.blocks.iter().map(|one| one.schema);
    let block = std::iter::once(guardrails).chain(inner).find(|one| one.name == block).unwrap();
    block.attribute(name).unwrap().default
}

#[test]
fn hostile_files_end_in_a_diagnostic() {
    let nested = format!("locals {{\n  a = {}{}\n}}\n", "[".repeat(10_000), "]".repeat(10_000));
    let unclosed = "x {\n".repeat(10_000);
    let long = format!("locals {{\n  a = \"{}\n}}\n", "x".repeat(100_000));
    let cases: [(&[u8], &str); 12] = [
        (nested.as_bytes(), "Nesting too deep"),
        (unclosed.as_bytes(), "Unclosed bracket"),
        (long.as_bytes(), "Unterminated string"),
        (b"mfa \"x\" {\n  # \xff\n}\n", "Invalid UTF-8"),
        (b"locals {\n  a = \"\0\"\n}\n", "Invalid character"),
        (b"\xff\xfem\0f\0a\0", "Wrong encoding"),
        (b"{", "Unclosed bracket"),
        (b"=", "Invalid syntax"),
        (b"\"", "Unterminated string"),
        (b"<<", "Invalid heredoc"),
        (b"a = <<EOT", "Invalid heredoc"),
        (b"a \"\xc3\xa9", "Unterminated string"),
    ];
    for (bytes, expected) in cases {
        let dir = directory(&[]);
        fs::write(dir.path().join("x.mfa.hcl"), bytes).unwrap();
        let found = refused(input(dir.path()));
        assert!(summaries(&found).contains(&expected), "{expected}: {found:?}");
        assert!(found.iter().all(|one| one.detail.len() < 1_000), "{expected}: too long");
    }
}

#[test]
fn a_file_of_fifty_megabytes_is_refused_unread() {
    let dir = directory(&[]);
    let file = fs::File::create(dir.path().join("x.mfa.hcl")).unwrap();
    file.set_len(50 * 1024 * 1024).unwrap();
    let found = refused(input(dir.path()));
    assert!(summaries(&found).contains(&"File too large"), "{found:?}");
    assert!(found[0].hints[0].contains("csvdecode"));
}

#[test]
fn the_place_of_a_byte_that_is_not_utf_8_is_told() {
    let dir = directory(&[]);
    fs::write(dir.path().join("x.mfa.hcl"), b"a {\n  # \xc3\xa9\xff\n}\n").unwrap();
    let failure = load(input(dir.path())).unwrap_err();
    let label = failure.diagnostics[0].primary.as_ref().unwrap();
    let place = failure.sources.start(label.span);
    assert_eq!((place.line, place.column, place.byte), (2, 6, 10));
}

#[test]
fn byte_order_marks_and_windows_line_ends_are_fine() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("\u{feff}{TENANT}\nmfa \"a\" {{\n  state = \"enforced\"\n  users = [\"a@contoso.com\"]\n}}\n");
    fs::write(dir.path().join("x.mfa.hcl"), text.replace('\n', "\r\n")).unwrap();
    let config = loaded(input(dir.path()));
    assert_eq!(config.mfa[0].selector.users[0].text, "a@contoso.com");
}

#[test]
fn directories_that_cannot_be_read() {
    let dir = directory(&[]);
    assert_eq!(summaries(&refused(input(&dir.path().join("none")))), ["No such directory"]);
    assert_eq!(summaries(&refused(input(&dir.path().join("tenant.mfa.hcl")))), ["Not a directory"]);
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let said = files::directory_error(dir.path(), "configuration directory", &denied);
    assert!(said.detail.contains("no permission"), "{said:?}");
}

#[test]
fn a_long_list_keeps_the_place_of_every_name() {
    let names: Vec<String> = (0..20_000).map(|n| format!("    \"user{n}@contoso.com\",\n")).collect();
    let text = format!("mfa \"a\" {{\n  state = \"enforced\"\n  users = [\n{}  ]\n}}\n", names.concat());
    let dir = directory(&[("a.mfa.hcl", &text)]);
    let config = loaded(input(dir.path()));
    let last = config.mfa[0].selector.users.last().unwrap();
    assert_eq!(last.text, "user19999@contoso.com");
    assert_eq!(config.sources.start(last.span).line, 20_003);
}

#[test]
fn a_broken_declaration_does_not_make_its_uses_wrong() {
    let dir = directory(&[
        ("a.mfa.hcl", "variable \"x\" {\n  default = 'y'\n}\n"),
        ("b.mfa.hcl", "mfa \"a\" {\n  state = var.x\n  user  = []\n}\n"),
        ("c.mfa.hcl", "rollout \"q1\" {\n  wave \"a\" {\n    from = 'x'\n  }\n}\n"),
    ]);
    assert_eq!(
        summaries(&refused(input(dir.path()))),
        ["Invalid character", "Unsupported argument", "Invalid character"]
    );
}

mod scanning {
    use proptest::prelude::*;

    use super::super::{parse::parse, scan::scan};
    use crate::diag::{Diagnostics, SourceMap};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_text_is_scanned_and_parsed_without_panic(text in "[a-c={}\\[\\]()\"$%~<>!#/*+\\-.,:?1'éE“ \r\n]{0,60}") {
            let mut sources = SourceMap::default();
            let file = sources.add("x", text.as_str());
            let scan = scan(&text, file);
            let mut end = 0;
            for token in &scan.tokens {
                prop_assert!(token.start >= end && token.end as usize <= text.len());
                prop_assert!(text.is_char_boundary(token.start as usize) && text.is_char_boundary(token.end as usize));
                end = token.end;
            }
            let mut diags = Diagnostics::default();
            let parsed = parse(&text, file, &mut diags);
            // What the parser refuses never goes unreported.
            prop_assert!(diags.has_errors() || hcl_edit::parser::parse_body(&text).is_ok());
            prop_assert!(diags.has_errors() || parsed.broken.is_empty());
            let options = crate::diag::render::RenderOptions::default();
            let _ = crate::diag::render::to_string(diags.as_slice(), &sources, options);
            let _ = crate::diag::json::to_json(diags.as_slice(), &sources);
        }
    }
}
