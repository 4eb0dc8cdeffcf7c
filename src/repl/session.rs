//! What names mean in the console, and how a line becomes an answer.

use std::{
    cell::OnceCell,
    path::{Path, PathBuf},
};

use hcl_edit::expr::{Expression, FuncCall};
use jiff::Timestamp;

use crate::{
    config::{Config, parse},
    desired::Desired,
    diag::{Diagnostic, Diagnostics, FileId, SourceMap},
    eval::{CompileContext, Expr, Scope, Type, Value, format_console},
    facts::{Facts, UserKind},
    plan::{Summary, plan_value, tenant_value},
    tenant::{Text, UserIndex},
};

use super::names::Names;

/// What a console session knows. Without a configuration and a tenant there are the functions and literals.
pub(crate) struct Session<'a> {
    pub(super) facts: Option<&'a Facts<'a>>,
    pub(super) desired: Option<&'a Desired>,
    pub(super) var: Value,
    pub(super) local: Value,
    pub(super) modules: Value,
    pub(super) tenant: Option<Value>,
    pub(super) plan: Option<Value>,
    pub(super) context: CompileContext,
    pub(super) users: OnceCell<Value>,
    pub(super) groups: OnceCell<Value>,
    dir: &'a Path,
    allow_files: &'a [PathBuf],
    instant: Timestamp,
}

impl<'a> Session<'a> {
    /// A session without configuration and tenant. `dir` is where relative paths in `file()` start.
    #[must_use]
    pub(crate) fn new(dir: &'a Path, instant: Timestamp) -> Self {
        let nothing = Value::object::<Text>([]);
        Self {
            facts: None,
            desired: None,
            var: nothing.clone(),
            local: nothing.clone(),
            modules: nothing,
            tenant: None,
            plan: None,
            context: CompileContext::default(),
            users: OnceCell::new(),
            groups: OnceCell::new(),
            dir,
            allow_files: &[],
            instant,
        }
    }

    /// … whose expressions may read files of these directories too.
    #[must_use]
    pub(crate) const fn with_files(mut self, allow_files: &'a [PathBuf]) -> Self {
        self.allow_files = allow_files;
        self
    }

    /// … with a configuration: `var`, `local`, and its directory and instant.
    #[must_use]
    pub(crate) fn with_config(mut self, config: &'a Config) -> Self {
        let keys = |value: &Value| value.as_map().into_iter().flat_map(|map| map.keys().cloned()).collect::<Vec<_>>();
        let CompileContext { extra, extra_functions, tenant, plan, .. } = self.context;
        let context = CompileContext::new(keys(&config.var), keys(&config.local)).with_modules(config.module_names());
        self.context = CompileContext { extra, extra_functions, tenant, plan, ..context };
        self.var = config.var.clone();
        self.local = config.local.clone();
        self.modules = config.modules.clone();
        self.dir = &config.dir;
        self.allow_files = &config.allow_files;
        self.instant = config.instant;
        self
    }

    /// … with a tenant: `tenant`, `users`, `groups` and `user(…)`. `desired` says whom the configuration protects, which
    /// is part of `kind`.
    #[must_use]
    pub(crate) fn with_tenant(mut self, config: &Config, facts: &'a Facts<'a>, desired: Option<&'a Desired>) -> Self {
        self.facts = Some(facts);
        self.desired = desired;
        self.tenant = Some(tenant_value(config, facts.tenant));
        self.context.tenant = true;
        self.context.extra = std::sync::Arc::new(["users", "groups"].into_iter().map(Text::from).collect());
        self.context.extra_functions = std::sync::Arc::new(std::iter::once(Text::from("user")).collect());
        self
    }

    /// … with the numbers of a plan: `plan.summary`.
    #[must_use]
    pub(crate) fn with_plan(mut self, summary: &Summary) -> Self {
        self.plan = Some(plan_value(summary));
        self.context.plan = true;
        self
    }

    /// The kind a block declares for this user.
    pub(super) fn declared(&self, index: UserIndex) -> Option<UserKind> {
        self.desired?.claims.get(index.0 as usize)?.kind()
    }
}

/// The source map that the places of a line's diagnostics refer to.
#[must_use]
pub(crate) fn sources(line: &str) -> SourceMap {
    let mut sources = SourceMap::default();
    sources.add("<console>", line);
    sources
}

/// Evaluates one line and formats the value exactly as `terraform console` does.
///
/// # Errors
/// Everything that is wrong with the line; places refer to [`sources`] of the same line.
pub(crate) fn evaluate_line(line: &str, session: &Session<'_>) -> Result<String, Vec<Diagnostic>> {
    let file = FileId(0);
    let mut diags = Diagnostics::default();
    let parsed = parse::expression(line, file, &mut diags);
    let (parsed, of_type) = match parsed {
        Some(Expression::FuncCall(call)) if is_type(&call) => (call.args.iter().next().cloned(), true),
        parsed => (parsed, false),
    };
    let compiled = parsed.and_then(|parsed| Expr::compile(&parsed, file, &session.context, &mut diags));
    let Some(expr) = compiled else {
        return Err(diags.into_sorted().into_iter().map(|one| explain(one, session)).collect());
    };
    let names = Names(session);
    let scope = Scope {
        tenant: session.tenant.as_ref(),
        plan: session.plan.as_ref(),
        extra: Some(&names),
        allow_files: session.allow_files,
        modules: &session.modules,
        ..Scope::new(&session.var, &session.local, session.dir, session.instant)
    };
    match expr.eval(&scope) {
        Ok(value) if of_type => Ok(Type::of(&value).to_console()),
        Ok(value) => Ok(format_console(&value)),
        Err(error) => Err(vec![error.into()]),
    }
}

/// `type(…)`, which Terraform knows in the console alone and as the whole expression alone.
fn is_type(call: &FuncCall) -> bool {
    let one = call.args.iter().count() == 1 && !call.args.expand_final();
    call.name.namespace.is_empty() && call.name.name.as_str() == "type" && one
}

/// A name that exists in other sessions is worth a word: the configuration or the tenant is missing, not the name.
fn explain(mut diagnostic: Diagnostic, session: &Session<'_>) -> Diagnostic {
    let named = |name: &&str| {
        diagnostic.detail.contains(&format!("\"{name}\"")) || diagnostic.detail.contains(&format!("`{name}`"))
    };
    let of_tenant = ["tenant", "users", "groups", "user"].into_iter().filter(|_| session.facts.is_none()).find(named);
    let of_plan = Some("plan").filter(|_| session.plan.is_none()).filter(named);
    let (name, missing, hint) = match (of_tenant, of_plan) {
        (Some("user"), _) => ("user(…)", "tenant", TENANT_HINT),
        (Some(name), _) => (name, "tenant", TENANT_HINT),
        (None, Some(name)) => (name, "plan", "a plan takes a configuration and a tenant it fits"),
        (None, None) => return diagnostic,
    };
    // Where else the name exists, and what else is spelt like it, would lead astray.
    diagnostic.hints.clear();
    diagnostic.detail = format!("`{name}` is not there: there is no {missing} in this session.");
    diagnostic.hint(hint)
}

const TENANT_HINT: &str = "run the console where a configuration names a snapshot, or with --snapshot FILE or --live";
