//! What can go wrong while an expression is evaluated.

use std::fmt;

use crate::diag::{Diagnostic, Span};

/// An expression could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalError(Box<Parts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    span: Span,
    summary: String,
    detail: String,
    involved: Vec<String>,
    hints: Vec<String>,
}

impl EvalError {
    /// An error at a place.
    pub(super) fn new(span: Span, summary: impl Into<String>, detail: impl Into<String>) -> Self {
        let (summary, detail) = (summary.into(), detail.into());
        Self(Box::new(Parts { span, summary, detail, involved: Vec::new(), hints: Vec::new() }))
    }

    pub(super) fn with_involved(mut self, involved: Vec<String>) -> Self {
        self.0.involved = involved;
        self
    }

    pub(super) fn with_hint(mut self, hint: Option<String>) -> Self {
        self.0.hints.extend(hint);
        self
    }

    /// The part of the expression that failed.
    #[must_use]
    pub fn span(&self) -> Span {
        self.0.span
    }

    /// What failed, in a few words.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.0.summary
    }

    /// What exactly, in a sentence or two.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The values that took part: `var.wave is 7`.
    #[must_use]
    pub fn involved(&self) -> &[String] {
        &self.0.involved
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.summary, self.0.detail)?;
        if !self.0.involved.is_empty() {
            write!(f, " ({})", self.0.involved.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for EvalError {}

impl From<EvalError> for Diagnostic {
    fn from(error: EvalError) -> Self {
        let Parts { span, summary, detail, involved, hints } = *error.0;
        let mut diagnostic = Self::error(summary, detail).at(span, involved.join(", "));
        for hint in hints {
            diagnostic = diagnostic.hint(hint);
        }
        diagnostic
    }
}
