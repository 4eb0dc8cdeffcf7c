//! Placeholder until the evaluator lands.
use super::{Scope, Value};
use crate::diag::Span;

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Where it stands.
    pub span: Span,
}

/// An evaluation that failed.
#[derive(Clone, Debug)]
pub struct EvalError {
    /// Where.
    pub span: Span,
    /// Why.
    pub message: String,
}

impl Expr {
    /// Evaluates with Terraform's nulls.
    pub fn eval(&self, _scope: &Scope<'_>) -> Result<Value, EvalError> {
        Ok(Value::Null)
    }
    /// Evaluates with contagious nulls.
    pub fn eval_facts(&self, _scope: &Scope<'_>) -> Result<Value, EvalError> {
        Ok(Value::Null)
    }
}
