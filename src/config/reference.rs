//! `docs/language/reference.md`, written from the schema. `UPDATE_DOCS=1 cargo test --lib config::reference` rewrites
//! it; without that, the test says whether it is up to date.

use std::fmt::Write as _;

use super::{
    load,
    schema::{BlockSchema, TOP_LEVEL, Times},
};
use crate::eval::{CHANGE, Member, TENANT, UserField, WAVE};

const HEAD: &str = "# Language reference

<!-- Written from the schema in src/config/schema.rs; `UPDATE_DOCS=1 cargo test --lib config::reference` rewrites it. -->

A configuration is all `*.mfa.hcl` files of one directory, and of the [modules](modules.md) it calls; other directories are
not read, and neither the names of the files nor their order matter. The language is HCL 2, as Terraform writes it: see [functions](functions.md) for what
expressions can call.

Files are UTF-8 (a byte order mark and Windows line ends are fine) and at most 16 MB each; keep long lists of users in a
CSV file and read it with `csvdecode(file(\"users.csv\"))`. Relative paths start at the directory of the configuration.
Brackets and blocks may be nested 64 deep, and 128 operators may be chained in one expression: instead of a longer
`a == x || a == y || …` write `contains([x, y, …], a)`.

## Selectors

`mfa`, `service_account`, `break_glass`, `accept` and `wave` blocks say who they are about with `users`, `groups`,
`roles` and `where`. Within one block these add up; an `except` block, which takes the same four, takes away. Names are
compared without regard to case. A name that does not exist, or a group name that fits two groups, is an error at its
place. Names may be made of the tenant's own: `users = [\"bg1@${tenant.initial_domain}\"]`. In `accept` and `wave` blocks no selector at all means everybody; a selector whose lists are empty is an error
there, and so is one that is `null`, so that an emptied list never widens a block.

## `null`

A required argument that is `null` is an error; an optional one counts as not set. Where that would say more than nobody
(the selectors of `accept` and `wave`, `days` of a `window`) it is an error, too.

## Sensitive values

`reason`, `owner`, `remediation` and other texts that only people read may be sensitive, and are shown as `(sensitive
value)`; so may the names in selectors. Everything else shows in plans, and a sensitive value there is an error.

## Dates

A date (`\"2026-12-31\"`) is 00:00 UTC of that day where something begins (`from`, `staged.until`), and lasts to the end
of that day, UTC, where something expires (`expires`, `until` of a service account). An RFC 3339 instant
(`\"2026-12-31T18:00:00+01:00\"`) is taken to the second in both cases.

## The policy directory

`--policy DIR` or `MFAPLAN_POLICY` names a second directory, with owners of its own. It may hold ";

const POLICY: &str = ". What it says holds whatever the configuration says:

- of each guardrail the tighter value holds; that of the configuration is reported when it is the looser one;
- `window`s of both directories: one of each must be open; `approvals` of both: the higher number of signers, the shorter
  age, the policy's list of signers;
- `auto_approve` in the configuration is refused where the policy sets `auto_approve` or `approvals`;
- `risk` in the configuration may not lower a severity or switch off a rule that the policy re-grades;
- `accept` in the configuration is refused for the rules in the policy's `not_acceptable`;
- the policy's bounds are waived by `--waive` only where its `waivable` lists them.

Expressions in a policy directory see neither `var` nor `local`: whoever sets variables would otherwise set policy.

## Names in expressions

`var.<name>`, `local.<name>` and `module.<name>.<output>` exist everywhere in the configuration; `each.key` and `each.value` in blocks with
`for_each`. Where the tables below say so there are also:

";

const NAMES: &str = "
A fact about a user that the tenant does not know is `null`. `user.department == null` asks for just that; every other
comparison with `null` is false, and so is what follows from it: unknown is never taken for safe.

## Blocks
";

fn reference() -> String {
    let mut out = HEAD.to_owned();
    let policy: Vec<String> = TOP_LEVEL.iter().filter(|one| one.policy).map(|one| format!("`{}`", one.name)).collect();
    let _ = write!(out, "{} blocks{POLICY}", policy.join(", "));
    let user: Vec<Member> = UserField::ALL.iter().map(|field| field.member()).collect();
    let summary =
        Member { name: "summary", ty: "object", doc: "The numbers of the plan, as in its JSON.", values: &[] };
    let _ = writeln!(out, "| name | type | meaning |\n|---|---|---|");
    for (root, members) in
        [("user", &user[..]), ("change", &CHANGE), ("wave", &WAVE), ("plan", &[summary]), ("tenant", &TENANT)]
    {
        for Member { name, ty, doc, values: _ } in members {
            let _ = writeln!(out, "| `{root}.{name}` | {ty} | {doc} |");
        }
    }
    out.push_str(NAMES);
    for schema in TOP_LEVEL {
        block(schema, 3, None, &mut out);
    }
    out
}

fn block(schema: &BlockSchema, level: usize, times: Option<Times>, out: &mut String) {
    let label = schema.label.as_ref().map_or("", |_| " \"…\"");
    let _ = writeln!(out, "\n{} `{}{label}`\n\n{}", "#".repeat(level), schema.name, schema.doc);
    if let Some(label) = &schema.label {
        let _ = writeln!(out, "\nThe label is {}.", label.what);
    }
    if let Some(times) = times {
        let _ = writeln!(
            out,
            "\n{}",
            match times {
                Times::Optional => "May stand there once.",
                Times::Any => "May stand there any number of times.",
                Times::Some => "Must stand there at least once.",
            }
        );
    }
    if schema.open {
        let _ = writeln!(out, "\nArguments may have any name.");
    }
    if !schema.attributes.is_empty() {
        let _ = writeln!(out, "\n| argument | takes | default | |\n|---|---|---|---|");
        for one in schema.attributes {
            let default = match (one.required, one.default) {
                (true, _) => "required".to_owned(),
                (false, Some(default)) => format!("`{default}`"),
                (false, None) => String::new(),
            };
            let _ = writeln!(
                out,
                "| `{}` | {} | {default} | {} |",
                one.name,
                one.kind.describe().replace('|', "\\|"),
                one.doc.replace('|', "\\|")
            );
        }
    }
    if !schema.example.is_empty() {
        let _ = writeln!(out, "\n```hcl\n{}\n```", schema.example);
    }
    for inner in schema.blocks {
        block(inner.schema, level + 1, Some(inner.times), out);
    }
}

#[test]
fn the_reference_page_is_what_the_schema_says() {
    let page = reference();
    let path = "docs/language/reference.md";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all("docs/language").unwrap();
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap();
    assert!(written == page, "{path} is not up to date: UPDATE_DOCS=1 rewrites it");
}

#[test]
fn every_example_of_the_reference_is_formatted_and_loads() {
    let examples: Vec<&str> = TOP_LEVEL.iter().map(|one| one.example).collect();
    assert!(examples.iter().all(|one| !one.is_empty()));
    let text = format!("{}\n", examples.join("\n\n"));
    assert_eq!(crate::fmt::format(&text).unwrap(), text);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("all.mfa.hcl"), &text).unwrap();
    std::fs::create_dir_all(dir.path().join("modules/msp")).unwrap();
    let module = "variable \"grace\" {}\n\nvariable \"helpdesk\" {}\n\noutput \"x\" {\n  value = var.grace\n}\n";
    std::fs::write(dir.path().join("modules/msp/main.mfa.hcl"), module).unwrap();
    std::fs::write(dir.path().join("pilots.csv"), "user\njdoe@contoso.com\n").unwrap();
    let config = load(super::tests::input(dir.path()));
    if let Err(failure) = config {
        let options = crate::diag::render::RenderOptions::default();
        panic!("{}", crate::diag::render::to_string(&failure.diagnostics, &failure.sources, options));
    }
}
