//! Scenario files → runs, or all that is wrong with them.

use std::{collections::BTreeMap, path::Path};

use hcl_edit::{
    expr::{Expression, TraversalOperator},
    structure::Structure,
};
use jiff::Timestamp;

use super::schema::TOP_LEVEL;
use crate::{
    config::{
        Layer,
        date::When,
        parse::parse,
        raw::{self, RawAttribute, RawBlock, span_of},
    },
    diag::{Diagnostic, Diagnostics, FileId, Span},
    eval::{CompileContext, Expr, Scope, Value},
    tenant::Text,
};

/// A file that was read.
#[derive(Debug)]
pub(super) struct Scenarios {
    pub(super) runs: Vec<Run>,
}

/// A `run` block.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) name: Text,
    pub(super) header: Span,
    pub(super) as_of: Option<Timestamp>,
    /// By name; those of the file included.
    pub(super) variables: BTreeMap<Text, (Value, Span)>,
    pub(super) tenant: Option<TenantBlock>,
    pub(super) asserts: Vec<Assert>,
    pub(super) expected: Vec<Expected>,
}

/// A `tenant` block, evaluated.
#[derive(Debug)]
pub(super) struct TenantBlock {
    pub(super) header: Span,
    pub(super) file: Option<(Text, Span)>,
    pub(super) users: Option<(Value, Span)>,
    pub(super) sign_ins: Option<(Value, Span)>,
    pub(super) security_defaults_enabled: Option<bool>,
    pub(super) service_plans: Option<Value>,
}

/// An `assert` block. It is compiled when the names of the configuration are known.
#[derive(Debug)]
pub(super) struct Assert {
    pub(super) condition: Expression,
    pub(super) error_message: Expression,
}

/// An entry of `expect_failures`: `check.canary`, `var.wave`, `max_changes`, `MFA005`, `configuration`.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) what: Text,
    pub(super) span: Span,
}

/// Reads a file. Runs that are wrong are left out; why is in `diags`.
pub(super) fn read(text: &str, file: FileId, dir: &Path, now: Timestamp, diags: &mut Diagnostics) -> Scenarios {
    let parsed = parse(text, file, diags);
    let mut blocks = Vec::new();
    for structure in parsed.body.iter() {
        match structure {
            Structure::Attribute(attribute) => diags.push(
                Diagnostic::error("Unsupported argument", "Arguments stand in blocks.")
                    .at(span_of(&attribute.key, file), "")
                    .hint("values of variables stand in `variables { … }`"),
            ),
            Structure::Block(block) => match TOP_LEVEL.iter().copied().find(|one| one.name == block.ident.as_str()) {
                Some(schema) => {
                    let mut own = Diagnostics::default();
                    let checked = raw::check(block, schema, file, Layer::Configuration, &mut own);
                    // A run with a mistyped block would test something else than its author meant.
                    blocks.extend(checked.filter(|_| !own.has_errors()));
                    diags.extend(own.into_sorted());
                }
                None => {
                    let name = block.ident.as_str();
                    let detail = format!("Blocks of type `{name}` are not expected in a scenario file.");
                    let problem =
                        Diagnostic::error("Unsupported block type", detail).at(span_of(&block.ident, file), "");
                    diags.push(problem.suggest(name, TOP_LEVEL.iter().map(|one| one.name)));
                }
            },
        }
    }
    let reader = Reader { file, dir, now };
    let mut shared = BTreeMap::new();
    for block in blocks.iter().filter(|block| block.schema.name == "variables") {
        reader.variables(block, &mut shared, diags);
    }
    let mut runs: Vec<Run> = Vec::new();
    for block in blocks.iter().filter(|block| block.schema.name == "run") {
        let Some(run) = reader.run(block, &shared, diags) else { continue };
        if let Some(first) = runs.iter().find(|one| one.name == run.name) {
            diags.push(
                Diagnostic::error("Duplicate block", format!("There is already a run \"{}\".", run.name))
                    .at(run.header, "again here")
                    .and(first.header, "first here"),
            );
            continue;
        }
        runs.push(run);
    }
    Scenarios { runs }
}

struct Reader<'a> {
    file: FileId,
    dir: &'a Path,
    now: Timestamp,
}

impl Reader<'_> {
    /// An expression over nothing but functions.
    fn value(&self, attribute: &RawAttribute<'_>, diags: &mut Diagnostics) -> Option<(Value, Span)> {
        let expr = Expr::compile(attribute.value, self.file, &CompileContext::default(), diags)?;
        let nothing = Value::Null;
        match expr.eval(&Scope::new(&nothing, &nothing, self.dir, self.now)) {
            Ok(value) => Some((value, attribute.span)),
            Err(error) => {
                diags.push(error.into());
                None
            }
        }
    }

    fn variables(&self, block: &RawBlock<'_>, found: &mut BTreeMap<Text, (Value, Span)>, diags: &mut Diagnostics) {
        for attribute in &block.attributes {
            if let Some((value, _)) = self.value(attribute, diags) {
                found.insert(attribute.name.into(), (value, attribute.key));
            }
        }
    }

    fn run(
        &self,
        block: &RawBlock<'_>,
        shared: &BTreeMap<Text, (Value, Span)>,
        diags: &mut Diagnostics,
    ) -> Option<Run> {
        let mut own = Diagnostics::default();
        let mut variables = shared.clone();
        let mut tenant = None;
        let mut asserts = Vec::new();
        for inner in &block.blocks {
            match inner.schema.name {
                "variables" => self.variables(inner, &mut variables, &mut own),
                "tenant" => tenant = Some(self.tenant(inner, &mut own)),
                _ => {
                    let (condition, message) = (inner.attribute("condition"), inner.attribute("error_message"));
                    if let (Some(condition), Some(message)) = (condition, message) {
                        asserts
                            .push(Assert { condition: condition.value.clone(), error_message: message.value.clone() });
                    }
                }
            }
        }
        let as_of = block.attribute("as_of").and_then(|attribute| self.instant(attribute, &mut own));
        let expected = block.attribute("expect_failures").map(|one| self.expected(one, &mut own)).unwrap_or_default();
        if asserts.is_empty() && block.attribute("expect_failures").is_none() {
            own.push(
                Diagnostic::warning("Run without a test", "This run asserts nothing and expects no failure.")
                    .at(block.header, "")
                    .hint("it still fails when there is no plan, when the plan is refused or when a `check` fails"),
            );
        }
        let sound = !own.has_errors();
        diags.extend(own.into_sorted());
        sound.then(|| Run { name: block.name(), header: block.header, as_of, variables, tenant, asserts, expected })
    }

    fn instant(&self, attribute: &RawAttribute<'_>, diags: &mut Diagnostics) -> Option<Timestamp> {
        let (value, span) = self.value(attribute, diags)?;
        let when = value.as_str().and_then(When::parse).and_then(When::begins);
        if when.is_none() {
            let detail = "`as_of` must be a date (`2026-12-31`) or an RFC 3339 instant (`2026-12-31T12:00:00Z`).";
            diags.push(Diagnostic::error("Invalid value", detail).at(span, ""));
        }
        when
    }

    fn tenant(&self, block: &RawBlock<'_>, diags: &mut Diagnostics) -> TenantBlock {
        let mut read = |name: &str| block.attribute(name).and_then(|one| self.value(one, diags));
        let (file, users, sign_ins) = (read("file"), read("users"), read("sign_ins"));
        let (defaults, plans) = (read("security_defaults_enabled"), read("service_plans"));
        let mut wrong = |name: &str, wanted: &str, value: &Value, span: Span| {
            let detail = format!("`{name}` must be {wanted}, not {}.", value.type_name());
            diags.push(Diagnostic::error("Incorrect value type", detail).at(span, ""));
        };
        let file = file.and_then(|(value, span)| match value.as_text() {
            Some(text) => Some((text.clone(), span)),
            None => {
                wrong("file", "a string", &value, span);
                None
            }
        });
        let security_defaults_enabled = defaults.and_then(|(value, span)| {
            if value.as_bool().is_none() {
                wrong("security_defaults_enabled", "true or false", &value, span);
            }
            value.as_bool()
        });
        let service_plans = plans.and_then(|(value, span)| {
            let strings = value.as_list().is_some_and(|all| all.iter().all(|one| one.as_str().is_some()));
            if !strings {
                wrong("service_plans", "a list of strings", &value, span);
            }
            strings.then_some(value)
        });
        if block.attribute("file").is_none() && block.attribute("users").is_none() {
            let detail = "A `tenant` block names a `file` or lists `users`.";
            diags.push(Diagnostic::error("Empty tenant", detail).at(block.header, ""));
        }
        TenantBlock { header: block.header, file, users, sign_ins, security_defaults_enabled, service_plans }
    }

    /// References are taken as names: what they refer to is looked up when the plan is there.
    fn expected(&self, attribute: &RawAttribute<'_>, diags: &mut Diagnostics) -> Vec<Expected> {
        let mut found = Vec::new();
        let elements: Vec<&Expression> = match attribute.value {
            Expression::Array(array) => array.iter().collect(),
            one => vec![one],
        };
        for element in elements {
            let span = span_of(element, self.file);
            let what = match element {
                Expression::String(text) => Some(Text::from(text.as_str())),
                Expression::Variable(name) => Some(Text::from(name.as_str())),
                Expression::Traversal(traversal) => match (&traversal.expr, traversal.operators.as_slice()) {
                    (Expression::Variable(root), [operator]) => match operator.value() {
                        TraversalOperator::GetAttr(name) => {
                            Some(Text::from(format!("{}.{}", root.as_str(), name.as_str())))
                        }
                        _ => None,
                    },
                    _ => None,
                },
                _ => None,
            };
            match what {
                Some(what) => found.push(Expected { what, span }),
                None => diags.push(
                    Diagnostic::error("Invalid expectation", "This names nothing that can fail.")
                        .at(span, "")
                        .hint("write `check.<name>`, `var.<name>`, a rule id, a guardrail such as `max_changes`, or `configuration`"),
                ),
            }
        }
        found
    }
}
