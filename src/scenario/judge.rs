//! `assert` blocks over a plan.

use std::sync::Arc;

use super::{model::Problem, read::Run, value::Judged};
use crate::{
    config::Config,
    diag::{Diagnostic, Diagnostics, FileId, SourceMap},
    eval::{CompileContext, Expr, Scope, Value},
    plan::tenant_value,
    tenant::{ObservedTenant, Text},
};

/// Whether a problem means that something did not hold, or that it could not be judged.
pub(super) struct Judgement {
    pub(super) failed: Vec<Problem>,
    pub(super) broken: Vec<Problem>,
}

/// Evaluates every assertion of a run.
pub(super) fn judge(
    run: &Run,
    file: FileId,
    config: &Config,
    tenant: &ObservedTenant,
    judged: &Judged<'_, '_>,
    sources: &Arc<SourceMap>,
) -> Judgement {
    let keys = |value: &Value| value.as_map().into_iter().flat_map(|map| map.keys().cloned()).collect::<Vec<_>>();
    let mut context =
        CompileContext::new(keys(&config.var), keys(&config.local)).with_modules(config.module_names()).with_tenant();
    context.extra = Arc::new(["plan", "users", "groups"].into_iter().map(Text::from).collect());
    context.extra_functions = Arc::new(std::iter::once(Text::from("user")).collect());
    let tenant = tenant_value(config, tenant);
    let scope = Scope {
        tenant: Some(&tenant),
        extra: Some(judged),
        allow_files: &config.allow_files,
        modules: &config.modules,
        ..Scope::new(&config.var, &config.local, &config.dir, config.instant)
    };
    let (mut failed, mut broken) = (Vec::new(), Diagnostics::default());
    for assert in &run.asserts {
        let condition = Expr::compile(&assert.condition, file, &context, &mut broken);
        let message = Expr::compile(&assert.error_message, file, &context, &mut broken);
        let (Some(condition), Some(message)) = (condition, message) else { continue };
        match condition.eval(&scope) {
            Ok(value) if value.as_bool() == Some(true) => {}
            // An assertion over something unknown does not hold.
            Ok(value) if value.is_null() || value.as_bool().is_some() => match message.eval(&scope) {
                Ok(text) => failed.push(Problem {
                    diagnostic: Diagnostic::error(
                        "Assertion failed",
                        text.as_str().unwrap_or("The condition does not hold.").to_owned(),
                    )
                    .at(condition.span(), involved(&condition, &scope)),
                    sources: Arc::clone(sources),
                }),
                Err(error) => broken.push(error.into()),
            },
            Ok(value) => broken.push(
                Diagnostic::error(
                    "Incorrect value type",
                    format!("A condition must be true or false, but this is {}.", value.type_name()),
                )
                .at(condition.span(), ""),
            ),
            Err(error) => broken.push(error.into()),
        }
    }
    let problem = |diagnostic| Problem { diagnostic, sources: Arc::clone(sources) };
    Judgement { failed, broken: broken.into_sorted().into_iter().map(problem).collect() }
}

/// The values that took part, where they fit beside the mark.
fn involved(condition: &Expr, scope: &Scope<'_>) -> String {
    let values = condition.involved(scope).join(", ");
    if values.chars().count() > 200 { String::new() } else { values }
}
