//! Expressions: compiled once from the syntax tree, evaluated as often as needed.
//!
//! [`Expr::compile`] resolves every name it can and reports every one it cannot; [`Expr::eval`] is then a walk over a
//! small tree without look-ups by text. A `where` runs once per user, so `user.department` is a field number, not a map
//! access. Results are Terraform's, with one addition: see [`Nulls`].

mod call;
mod compile;
#[cfg(test)]
mod conformance;
mod console;
mod context;
mod convert;
mod error;
pub(crate) mod functions;
mod involved;
mod ir;
mod number;
mod ops;
mod parse;
mod reads;
mod run;
mod scope;
#[cfg(test)]
mod secrets_tests;
mod shared;
mod syntax;
mod template;
#[cfg(test)]
mod tests;
mod traverse;
pub(crate) mod types;
mod value;

use std::sync::Arc;

use hcl_edit::expr::Expression;

pub(crate) use console::format_console;
pub use context::CompileContext;
pub(crate) use context::{ModuleNames, References};
pub(crate) use convert::convert;
pub(crate) use error::EvalError;
pub(crate) use functions::json_value;
pub(crate) use number::Number;
pub use parse::parse_expression;
pub(crate) use reads::{FileReads, hash};
pub(crate) use run::Nulls;
pub(crate) use scope::Home;
pub(crate) use scope::{CHANGE, TENANT, WAVE};
pub(crate) use scope::{ExtraNames, Member};
pub use scope::{Scope, UserFacts, UserField};
pub(crate) use types::Type;
pub(crate) use value::Map;
pub use value::Value;

use parse::constant;

use crate::diag::{Diagnostics, FileId, Span};

/// Compiles a text as a template: what a template file holds. Names are those of `cx`.
pub(crate) fn compile_template(text: &str, file: FileId, cx: &CompileContext, diags: &mut Diagnostics) -> Option<Expr> {
    let template = match hcl_edit::parser::parse_template(text) {
        Ok(template) => template,
        Err(error) => {
            diags.push(syntax::problem("Invalid template", "This is not a template", &error, text, file));
            return None;
        }
    };
    let mut compiler = compile::Compiler { file, cx, diags, references: References::default(), loops: Vec::new() };
    let root = compiler.template_node(&template)?;
    Some(Expr { root: Arc::new(root), references: Arc::new(compiler.references), home: None })
}

/// A compiled expression. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Expr {
    root: Arc<ir::Node>,
    references: Arc<References>,
    /// What its names mean, where it is evaluated far from where it stands.
    home: Option<Arc<Home>>,
}

impl Expr {
    /// Compiles an expression of the syntax tree. All unknown names, attributes and functions and all wrong numbers of
    /// arguments go to `diags`, each at its own place; with any of them there is no result.
    pub fn compile(expr: &Expression, file: FileId, cx: &CompileContext, diags: &mut Diagnostics) -> Option<Self> {
        let mut compiler = compile::Compiler { file, cx, diags, references: References::default(), loops: Vec::new() };
        let root = compiler.node(expr)?;
        Some(Self { root: Arc::new(root), references: Arc::new(compiler.references), home: None })
    }

    /// A constant.
    #[must_use]
    pub fn constant(value: Value, span: Span) -> Self {
        let root = ir::Node { span, kind: ir::Kind::Const(value) };
        Self { root: Arc::new(root), references: Arc::default(), home: None }
    }

    /// The same, with what `var`, `local`, `module` and `path.module` mean where it stands: they mean that wherever it is
    /// evaluated.
    #[must_use]
    pub(crate) fn at_home(self, home: &Arc<Home>) -> Self {
        Self { home: Some(Arc::clone(home)), ..self }
    }

    fn scope<'s>(&'s self, scope: &Scope<'s>) -> Scope<'s> {
        self.home.as_ref().map_or(*scope, |home| scope.at(home))
    }

    /// Evaluates as Terraform does: most operations refuse `null`.
    ///
    /// # Errors
    /// What failed, where, and the values that took part.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        self.eval_with(scope, Nulls::Values)
    }

    /// Evaluates over facts: `null` is a fact nobody knows, and so is what depends on it. `user.department == null`
    /// asks whether it is known; any other comparison with it is unknown, as are its negation and every function of it.
    /// At the top a comparison with an unknown fact is `false`; other unknown results are `null`, which selects nobody.
    ///
    /// # Errors
    /// As [`Expr::eval`].
    pub fn eval_facts(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        self.eval_with(scope, Nulls::Unknown)
    }

    /// Evaluates with this meaning of `null`.
    ///
    /// # Errors
    /// As [`Expr::eval`].
    pub fn eval_with(&self, scope: &Scope<'_>, nulls: Nulls) -> Result<Value, EvalError> {
        let scope = self.scope(scope);
        let cx = run::Cx::new(&scope, nulls);
        let value = run::eval(&self.root, &cx, None)?.into_owned();
        if nulls == Nulls::Unknown
            && matches!(value, Value::Null)
            && matches!(&self.root.kind, ir::Kind::Binary(op, _) if op.is_comparison())
        {
            return Ok(Value::Bool(false));
        }
        Ok(value)
    }

    /// Is this user selected: is the result `true`?
    ///
    /// # Errors
    /// As [`Expr::eval`], and when the result is neither a bool nor unknown.
    pub fn selects(&self, scope: &Scope<'_>) -> Result<bool, EvalError> {
        let scope = self.scope(scope);
        let cx = run::Cx::new(&scope, Nulls::Unknown);
        let value = run::eval(&self.root, &cx, None)?;
        match value.unmarked() {
            Value::Bool(bool) => Ok(*bool),
            Value::Null => Ok(false),
            other => convert::to_bool(other).map_err(|message| {
                let detail = format!("This must be true or false: {message}, but it is {}.", other.type_name());
                cx.fail(&self.root, None, "Incorrect value type", detail)
            }),
        }
    }

    /// The values of the references in it, for messages: `var.wave is 7`.
    #[must_use]
    pub fn involved(&self, scope: &Scope<'_>) -> Vec<String> {
        let scope = self.scope(scope);
        involved::of(&self.root, &run::Cx::new(&scope, Nulls::Values), None)
    }

    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.root.span
    }

    /// What it uses.
    #[must_use]
    pub fn references(&self) -> &References {
        &self.references
    }

    /// Its value, if it is known without evaluation: a literal or computed from literals.
    #[must_use]
    pub fn as_constant(&self) -> Option<&Value> {
        if let ir::Kind::Const(value) = &self.root.kind { Some(value) } else { None }
    }
}
