//! `tenant` in expressions.

use crate::{config::Config, eval::Value, tenant::ObservedTenant};

/// `tenant` in expressions.
#[must_use]
pub fn tenant_value(config: &Config, tenant: &ObservedTenant) -> Value {
    let known = |fact: Option<bool>| fact.map_or(Value::Null, Value::from);
    Value::object([
        ("id", Value::string(tenant.id.to_string())),
        ("name", Value::string(tenant.name.clone())),
        ("initial_domain", tenant.initial_domain().map_or(Value::Null, |name| Value::string(name.clone()))),
        ("cloud", Value::string(config.tenant.cloud.as_str())),
        ("licensed_for_conditional_access", known(tenant.licensed_for_conditional_access())),
        ("security_defaults_enabled", known(tenant.security_defaults_enabled)),
        ("users", Value::from(tenant.users().len() as u64)),
    ])
}
