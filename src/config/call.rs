//! `module "<name>" { … }`: the call of a module, with its inputs.

use std::collections::BTreeSet;

use super::{
    args::Each,
    blocks,
    raw::{RawAttribute, RawBlock},
    variables::{GivenValue, Values},
};
use crate::{
    diag::{Diagnostic, Diagnostics, Span},
    eval::{CompileContext, Expr, ModuleNames, Scope, Value},
    tenant::Text,
};

/// Terraform's arguments of a call that there are none of here, and what there is instead.
pub(super) const FOREIGN: [(&str, &str); 4] = [
    ("count", "a module is called once, or once for each key of `for_each`: `for_each = toset([\"a\", \"b\"])`"),
    ("providers", "there are no providers; the tenant is named in the `tenant` block of the configuration"),
    ("version", "a module is a directory of this repository, so its version is that of the repository"),
    ("depends_on", "nothing is created, so nothing comes before anything else; refer to an output where one is needed"),
];

/// A call whose expressions are compiled.
pub(super) struct Call<'r> {
    pub(super) raw: &'r RawBlock<'r>,
    /// `for_each`, if it is written; without an expression it did not compile.
    for_each: Option<(Option<Expr>, Span)>,
    inputs: Vec<Input<'r>>,
}

struct Input<'r> {
    attribute: &'r RawAttribute<'r>,
    /// None: it did not compile, which has been reported.
    expr: Option<Expr>,
}

/// What a call gives to expressions beside it.
pub(super) fn names(raw: &RawBlock<'_>, outputs: Option<Option<BTreeSet<Text>>>) -> ModuleNames {
    ModuleNames { outputs: outputs.flatten(), each: raw.attribute("for_each").is_some() }
}

impl<'r> Call<'r> {
    pub(super) fn compile(raw: &'r RawBlock<'r>, names: &CompileContext, diags: &mut Diagnostics) -> Self {
        let compile = |attribute: &RawAttribute<'_>, names: &CompileContext, diags: &mut Diagnostics| {
            Expr::compile(attribute.value, attribute.span.file, names, diags)
        };
        let for_each = raw.attribute("for_each").map(|one| (compile(one, names, diags), one.span));
        let each = if for_each.is_some() { names.clone().with_each() } else { names.clone() };
        let mut inputs = Vec::with_capacity(raw.attributes.len());
        for attribute in raw.attributes.iter().filter(|one| raw.schema.attribute(one.name).is_none()) {
            if let Some((_, instead)) = FOREIGN.iter().find(|(name, _)| *name == attribute.name) {
                diags.push(
                    Diagnostic::error(
                        "Unsupported argument",
                        format!("`{}` has no meaning in a `module` block.", attribute.name),
                    )
                    .at(attribute.key, "")
                    .hint(format!("this is not Terraform: {instead}")),
                );
                continue;
            }
            inputs.push(Input { attribute, expr: compile(attribute, &each, diags) });
        }
        Self { raw, for_each, inputs }
    }

    /// The expressions of it.
    pub(super) fn exprs(&self) -> impl Iterator<Item = &Expr> {
        let for_each = self.for_each.iter().filter_map(|(expr, _)| expr.as_ref());
        for_each.chain(self.inputs.iter().filter_map(|input| input.expr.as_ref()))
    }

    /// Has it `for_each`?
    pub(super) fn repeats(&self) -> bool {
        self.for_each.is_some()
    }

    /// Reports inputs that the module declares no variable for.
    pub(super) fn unknown_inputs(&self, declared: &[&RawBlock<'_>], diags: &mut Diagnostics) {
        let names: Vec<Text> = declared.iter().map(|one| one.name()).collect();
        for Input { attribute, .. } in &self.inputs {
            if names.iter().any(|name| name == attribute.name) {
                continue;
            }
            let diagnostic = Diagnostic::error(
                "Unsupported argument",
                format!("The module declares no variable named `{}`.", attribute.name),
            )
            .at(attribute.key, "")
            .and(self.raw.header, "in this call");
            let own = self.raw.schema.attributes.iter().map(|one| one.name);
            let suggested = diagnostic.suggest(attribute.name, names.iter().map(Text::as_str).chain(own));
            diags.push(match names.as_slice() {
                [] => suggested.hint("it declares no variables at all"),
                _ if suggested.fix.is_some() => suggested,
                names => {
                    let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                    suggested.hint(format!("it takes {}", list.join(", ")))
                }
            });
        }
    }

    /// The modules that the call stands for: one, or one per element of its `for_each`. `None` where that is not known,
    /// which has been reported.
    pub(super) fn instances(&self, prefix: &str, scope: Scope<'_>, diags: &mut Diagnostics) -> Option<Vec<Called>> {
        let address = format!("{prefix}module.{}", self.raw.name());
        let Some((expr, span)) = &self.for_each else { return Some(vec![Called { address, each: None }]) };
        let expr = expr.as_ref().filter(|expr| scope.has_values_of(expr.references()))?;
        let value = match expr.eval(&scope) {
            Ok(value) => value,
            Err(error) => {
                diags.push(error.into());
                return None;
            }
        };
        let elements = blocks::elements(&value, *span, diags)?;
        let called = |each: Each| {
            let key = each.0.as_str().unwrap_or_default();
            Called { address: format!("{address}[\"{}\"]", key.escape_debug()), each: Some(each) }
        };
        Some(elements.into_iter().map(called).collect())
    }

    /// The values of the inputs, for one instance.
    pub(super) fn inputs(&self, each: Option<&Each>, scope: Scope<'_>, diags: &mut Diagnostics) -> Values {
        let scope = Scope { each: each.map(|(key, value)| (key, value)), ..scope };
        let mut values = Values::new();
        for Input { attribute, expr } in &self.inputs {
            let known = expr.as_ref().filter(|expr| scope.has_values_of(expr.references()));
            let given = match known.map(|expr| expr.eval(&scope)) {
                Some(Ok(value)) => GivenValue::Value(value, attribute.span),
                Some(Err(error)) => {
                    diags.push(error.into());
                    GivenValue::Wrong
                }
                None => GivenValue::Wrong,
            };
            values.insert(attribute.name.into(), given);
        }
        values
    }

    /// What is wrong in the module, with the place of the call.
    pub(super) fn told(&self, diagnostic: Diagnostic, address: &str) -> Diagnostic {
        let header = self.raw.header;
        let shown = diagnostic.primary.iter().chain(&diagnostic.secondary).any(|label| label.span == header);
        if shown { diagnostic } else { diagnostic.and(header, format!("called here as {address}")) }
    }
}

/// One of the modules that a call stands for.
pub(super) struct Called {
    /// `module.msp["eu"]`
    pub(super) address: String,
    pub(super) each: Option<Each>,
}

impl Called {
    /// The key, where there is one.
    pub(super) fn key(&self) -> Text {
        self.each.as_ref().and_then(|(key, _)| key.as_text().cloned()).unwrap_or_default()
    }
}

/// What a module gives to its caller. `None` where one of them has no value.
pub(super) fn outputs(outputs: &[super::Output], env: &super::args::Env<'_>, diags: &mut Diagnostics) -> Option<Value> {
    let mut values = Vec::with_capacity(outputs.len());
    let mut complete = true;
    let scope = env.scope(None);
    for output in outputs {
        let expr = &output.value;
        let references = expr.references();
        if references.plan || references.tenant {
            let name = if references.plan { "plan" } else { "tenant" };
            diags.push(
                Diagnostic::error(
                    "Invalid reference",
                    format!(
                        "What a module gives is read while the configuration is loaded, when `{name}` is not known yet."
                    ),
                )
                .at(expr.span(), "")
                .hint(format!("write an `output` over `{name}` in the configuration itself")),
            );
            complete = false;
            continue;
        }
        if !scope.has_values_of(references) {
            complete = false;
            continue;
        }
        match expr.eval(&scope) {
            Ok(value) if output.sensitive => values.push((output.name.clone(), value.mark_sensitive())),
            Ok(value) => values.push((output.name.clone(), value)),
            Err(error) => {
                diags.push(error.into());
                complete = false;
            }
        }
    }
    complete.then(|| Value::object(values))
}
