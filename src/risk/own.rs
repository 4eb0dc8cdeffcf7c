//! The organisation's own rules (`rule` blocks), evaluated over every change.

use super::{Finding, case::Case};
use crate::{
    config::{Config, OwnRule},
    diff::Action,
    eval::{Scope, Value},
    facts::{UserView, tenant_value},
    tenant::{MfaState, ObservedState, ObservedTenant},
};

/// `change` for every combination of before, after and action, made once: cloning one is a reference count.
pub(super) struct ChangeValues {
    changes: Vec<Value>,
    tenant: Value,
}

impl ChangeValues {
    pub(super) fn new(config: &Config, tenant: &ObservedTenant) -> Self {
        let befores = [None, Some(MfaState::Disabled), Some(MfaState::Enabled), Some(MfaState::Enforced)];
        let mut values = Vec::with_capacity(befores.len() * MfaState::ALL.len() * Action::ALL.len());
        for before in befores {
            for after in MfaState::ALL {
                for action in Action::ALL {
                    values.push(change_value(before, after, action));
                }
            }
        }
        Self { changes: values, tenant: tenant_value(config, tenant) }
    }

    fn get(&self, before: &ObservedState, after: MfaState, action: Action) -> &Value {
        let before = before.known().map_or(0, |state| 1 + usize::from(state.strength()));
        &self.changes[(before * 3 + usize::from(after.strength())) * 4 + action as usize]
    }
}

/// An unknown state is null, as everywhere in expressions.
fn change_value(before: Option<MfaState>, after: MfaState, action: Action) -> Value {
    let text = |text: &str| Value::String(text.into());
    Value::object::<&str>([
        ("before", before.map_or(Value::Null, |state| text(state.as_str()))),
        ("after", text(after.as_str())),
        ("action", text(action.as_str())),
    ])
}

/// What an own rule says of one change.
pub(super) enum OwnVerdict {
    Clear,
    /// `when` is null: a fact it needs is missing.
    Blind,
    Fires(Finding),
    /// The expression failed.
    Failed(String),
}

pub(super) fn evaluate(rule: &OwnRule, config: &Config, changes: &ChangeValues, case: &Case<'_>) -> OwnVerdict {
    let transition = case.transition;
    let declared = case.context.declared_kind(transition.user);
    let view = UserView::new(case.context.facts, transition.user, declared);
    let origin = config.origin_of(rule.when.layer);
    let scope = Scope {
        var: &config.var,
        local: &config.local,
        modules: &config.modules,
        module_dir: ".",
        each: rule.when.each.as_ref().map(|(key, value)| (key, value)),
        user: Some(&view),
        change: Some(changes.get(&transition.before, transition.after, transition.action)),
        wave: None,
        plan: None,
        tenant: Some(&changes.tenant),
        base_dir: &origin.dir,
        reads: Some(&origin.reads),
        allow_files: &config.allow_files,
        instant: config.instant,
        extra: None,
    };
    match rule.when.expr.eval_facts(&scope) {
        Ok(Value::Bool(true)) => {}
        Ok(Value::Bool(false)) => return OwnVerdict::Clear,
        Ok(Value::Null) => return OwnVerdict::Blind,
        Ok(_) => return OwnVerdict::Failed("`when` must be true or false".into()),
        Err(error) => return OwnVerdict::Failed(error.detail().to_owned()),
    }
    // A message over an unknown fact must not hide the finding: the rule's name says enough.
    let message = match rule.message.eval(&scope) {
        Ok(Value::String(text)) => text.to_string(),
        Ok(_) | Err(_) => format!("Rule {} applies to this change.", rule.id),
    };
    OwnVerdict::Fires(Finding {
        rule: rule.id.to_string().into(),
        name: rule.id.to_string().into(),
        severity: rule.severity,
        message: message.into(),
        evidence: Vec::new(),
        remediation: rule.remediation.as_ref().map_or("".into(), |text| text.to_string().into()),
        accepted: None,
    })
}
