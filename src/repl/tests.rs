//! What is typed and what is answered.

use std::path::Path;

use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::{Session, complete, evaluate_line, goes_on, run_piped, sources};
use crate::{
    config::{Config, LoadInput, Overlay, load_over},
    diag::render::{self, RenderOptions},
    facts::Facts,
    plan::Summary,
    tenant::{Group, GroupId, MfaState, ObservedTenant, Source, TenantId, User, UserId},
};

fn instant() -> Timestamp {
    "2026-11-24T08:00:00Z".parse().unwrap()
}

fn config() -> Config {
    let mut overlay = Overlay::alone();
    overlay.insert(
        "dir/main.mfa.hcl",
        r#"
        tenant "Contoso" { id = "00000000-0000-0000-0000-000000000007" }
        variable "wave" { default = 2 }
        variable "secret" {
          default   = "s3cret"
          sensitive = true
        }
        locals { departments = ["Finance", "Sales"] }
        mfa "all" {
          state = "enforced"
          where = true
        }
        "#,
    );
    let dir = Path::new("dir");
    let input = LoadInput {
        dir,
        policy_dir: None,
        assignments: &[],
        environment: &[],
        instant: instant(),
        allow_files: &[],
        known_rules: &[],
    };
    load_over(input, &overlay).unwrap()
}

fn tenant() -> ObservedTenant {
    let user = |number, name: &str, state: MfaState| {
        let mut user = User::new(UserId::new(Uuid::from_u128(number)), name.into(), state.into());
        user.member_of = Some(Box::from([GroupId::new(Uuid::from_u128(9))]));
        user
    };
    let users = vec![user(1, "ann@contoso.com", MfaState::Disabled), user(2, "bo@contoso.com", MfaState::Enforced)];
    let id = TenantId::new(Uuid::from_u128(7));
    let mut tenant = ObservedTenant::new(id, "Contoso".into(), Source::Snapshot, instant(), users);
    tenant.groups = vec![Group { id: GroupId::new(Uuid::from_u128(9)), display_name: "Staff".into(), mail: None }];
    tenant
}

/// Answers to some lines in a full session: standard output, standard error, and whether all had an answer.
fn type_in(lines: &str) -> (String, String, bool) {
    let (config, tenant) = (config(), tenant());
    let facts = Facts::of(&tenant, &config.guardrails.signal, instant());
    let summary = Summary { users: 2, enforce: 1, ..Summary::default() };
    let session = Session::new(Path::new("."), instant())
        .with_config(&config)
        .with_tenant(&config, &facts, None)
        .with_plan(&summary);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let fine = run_piped(&session, &mut lines.as_bytes(), &mut out, &mut err, RenderOptions::default()).unwrap();
    (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap(), fine)
}

#[test]
fn every_name_of_the_language_has_a_value() {
    let (out, err, fine) = type_in(
        "var.wave + 1\nvar.secret\nlocal.departments\ntenant.users\nplan.summary.enforce\n\
         user(\"ANN@contoso.com\").mfa_state\nuser(\"00000000-0000-0000-0000-000000000002\").groups\n\
         [for u in users : u.user_principal_name if u.mfa_state == \"disabled\"]\ngroups[0].members\n",
    );
    assert_eq!(err, "");
    assert!(fine);
    let expected = "3\n(sensitive value)\n[\n  \"Finance\",\n  \"Sales\",\n]\n2\n1\n\"disabled\"\ntolist([\n  \"Staff\",\n])\n\
                    [\n  \"ann@contoso.com\",\n]\n2\n";
    assert_eq!(out, expected);
}

#[test]
fn a_wrong_line_is_told_on_stderr_and_the_next_one_still_runs() {
    let (out, err, fine) =
        type_in("upper(\"a\")\nvar.wav\n\n# a comment\n1 +\nuser(\"anne@contoso.com\")\n2 * 3\nexit\n7\n");
    assert_eq!(out, "\"A\"\n6\n");
    assert!(!fine);
    for part in ["var.wav", "did you mean", "Invalid expression", "you mean \"ann@contoso.com\""] {
        assert!(err.contains(part), "{part} in {err}");
    }
}

#[test]
fn type_says_what_a_value_is_and_stands_alone() {
    let (out, err, fine) =
        type_in("type(\"a\")\ntype({ a = [1], b = null })\ntype(tomap({ a = tolist([1]) }))\ntype([])\n");
    assert!(fine, "{err}");
    let object = "object({\n    a: tuple([\n        number,\n    ]),\n    b: dynamic,\n})";
    assert_eq!(out, format!("string\n{object}\nmap(list(number))\ntuple([])\n"));
    let (_, err, fine) = type_in("[type(1)]\n");
    assert!(!fine && err.contains("no function named"), "{err}");
}

#[test]
fn slips_in_a_line_are_told_as_in_a_file() {
    for (line, said) in [
        ("true and false", "write `&&`"),
        ("not true", "write `!`"),
        ("\"a\\qb\"", "`\\q` is not an escape sequence"),
        ("\"%{ if true }x\"", "no `%{ endif }`"),
        ("\"x ${1\"", "Unclosed interpolation"),
        ("[1, 2]]", "closes nothing"),
        ("1 === 2", "write `==`"),
    ] {
        let (_, err, fine) = type_in(&format!("{line}\n"));
        assert!(!fine && err.contains(said) && err.matches("error:").count() == 1, "{line}: {err}");
    }
}

#[test]
fn an_open_bracket_goes_on_and_an_open_string_does_not() {
    for open in ["[", "upper(", "{ a = [1, 2]", "<<EOT", "<<EOT\nx", "[ # ]", "(\n1 +"] {
        assert!(goes_on(open), "{open:?}");
    }
    for closed in ["", "1 +", "[1]", "\"[\"", "\"a", "[\"a", "# (", "<<EOT\nx\nEOT", "]", "\"${[\""] {
        assert!(!goes_on(closed), "{closed:?}");
    }
    let (_, err, fine) = type_in("[\n1\n");
    assert!(!fine && err.contains("hint: from a pipe, an expression stands on one line"), "{err}");
}

#[test]
fn names_that_are_near_are_offered_and_strangers_are_not() {
    let (_, err, _) = type_in("user(\"zoe@contoso.com\")\n");
    assert!(err.contains("has no user") && !err.contains("did you mean"), "{err}");
    let (_, err, _) = type_in("user(\"ANNE\")\n");
    assert!(err.contains("did you mean") && err.contains("\"ann@contoso.com\"?"), "{err}");
}

#[test]
fn without_configuration_and_tenant_there_are_the_functions() {
    let session = Session::new(Path::new("."), instant());
    assert_eq!(evaluate_line("timestamp()", &session).unwrap(), "\"2026-11-24T08:00:00Z\"");
    let problems = evaluate_line("length(users)", &session).unwrap_err();
    assert!(problems[0].hints.iter().any(|hint| hint.contains("--snapshot FILE")), "{problems:?}");
}

#[test]
fn completion_knows_names_functions_facts_and_users() {
    let (config, tenant) = (config(), tenant());
    let facts = Facts::of(&tenant, &config.guardrails.signal, instant());
    let session = Session::new(Path::new("."), instant()).with_config(&config).with_tenant(&config, &facts, None);
    let words = |line: &str| complete(line, line.len(), &session).words;
    assert_eq!(words("var."), ["var.secret", "var.wave"]);
    assert_eq!(words("1 + local.d"), ["local.departments"]);
    assert_eq!(words("toupp"), [""; 0]);
    assert_eq!(words("upp"), ["upper("]);
    assert_eq!(words("us"), ["user(", "users"]);
    assert_eq!(words("user(\"A"), ["ann@contoso.com"]);
    assert_eq!(words("user(\"ann@contoso.com\").mfa"), [".mfa_state"]);
    assert_eq!(complete("é + va", 7, &session).start, 5, "places are bytes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_line_is_too_odd_to_answer_or_complete(line in r#"([a-z]{1,4}|[ "'{}=.#\[\]()+*!?:,]|\$\{|é|𝄞|[0-9]){0,40}"#, at in 0..80_usize) {
        let session = Session::new(Path::new("."), instant());
        let completion = complete(&line, at, &session);
        prop_assert!(line.is_char_boundary(completion.start));
        if let Err(problems) = evaluate_line(&line, &session) {
            let shown = render::to_string(&problems, &sources(&line), RenderOptions::default());
            prop_assert!(shown.contains("error"));
        }
    }
}
