//! `users`, `groups` and `user(…)`.

use std::collections::HashMap;

use super::Session;
use crate::{
    diag::nearest,
    eval::{ExtraNames, UserFacts, UserField, Value},
    facts::{Facts, UserView},
    tenant::{GroupId, UserIndex},
};

/// The console's own names, over a session.
pub(crate) struct Names<'s, 'a>(pub(crate) &'s Session<'a>);

impl ExtraNames for Names<'_, '_> {
    fn value(&self, name: &str) -> Option<Value> {
        let session = self.0;
        let facts = session.facts?;
        match name {
            // Built when first asked for: a million users with thirty facts each are not for nothing.
            "users" => Some(session.users.get_or_init(|| users(session, facts)).clone()),
            "groups" => Some(session.groups.get_or_init(|| groups(facts)).clone()),
            _ => None,
        }
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String> {
        let session = self.0;
        let (Some(facts), "user") = (session.facts, name) else { return Err("it does not exist here".into()) };
        let [arg] = args else { return Err("it takes one argument, a user principal name or object id".into()) };
        let Some(wanted) = arg.as_str() else {
            return Err(format!("it takes a user principal name or object id, not {}", arg.type_name()));
        };
        let tenant = facts.tenant;
        match tenant.meant(wanted) {
            Some(index) => Ok(user(session, facts, index)),
            None => {
                let names = tenant.users().iter().map(|user| user.user_principal_name.as_str());
                let hint = nearest(wanted, names).map(|name| format!("; did you mean \"{name}\"?"));
                let hint = hint.unwrap_or_default();
                Err(format!("the tenant \"{}\" has no user \"{wanted}\"{hint}", tenant.name))
            }
        }
    }
}

fn user(session: &Session<'_>, facts: &Facts<'_>, index: UserIndex) -> Value {
    let view = UserView::new(facts, index, session.declared(index));
    Value::object(UserField::ALL.iter().map(|field| (field.as_str(), view.get(*field))))
}

fn users(session: &Session<'_>, facts: &Facts<'_>) -> Value {
    Value::tuple(facts.tenant.indexed().map(|(index, _)| user(session, facts, index)).collect())
}

fn groups(facts: &Facts<'_>) -> Value {
    let mut members: HashMap<GroupId, u64> = HashMap::new();
    for id in facts.tenant.users().iter().flat_map(|user| user.member_of.iter().flatten()) {
        *members.entry(*id).or_default() += 1;
    }
    let object = |group: &crate::tenant::Group| {
        Value::object([
            ("id", Value::string(group.id.to_string())),
            ("display_name", Value::String(group.display_name.clone())),
            ("mail", group.mail.clone().map_or(Value::Null, Value::String)),
            ("members", Value::from(members.get(&group.id).copied().unwrap_or(0))),
        ])
    };
    Value::tuple(facts.tenant.groups.iter().map(object).collect())
}
