//! A count with its first names: evidence that stays small whatever the size of the tenant.

use serde_json::{Value, json};

use crate::tenant::User;

/// How many names evidence carries.
const SHOWN: usize = 10;

/// Counts users and keeps the first names.
#[derive(Debug, Default)]
pub(super) struct Names {
    count: u64,
    first: Vec<Value>,
}

impl Names {
    pub(super) fn add(&mut self, user: &User) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(json!(user.user_principal_name));
        }
    }

    pub(super) fn of<'a>(users: impl Iterator<Item = &'a User>) -> Self {
        let mut names = Self::default();
        users.for_each(|user| names.add(user));
        names
    }

    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first names.
    pub(super) fn first(&self) -> Value {
        Value::Array(self.first.clone())
    }
}

/// `1 user`, `2 users`.
pub(super) fn users(count: u64) -> String {
    plural(count, "user")
}

/// `1 thing`, `2 things`.
pub(super) fn plural(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
